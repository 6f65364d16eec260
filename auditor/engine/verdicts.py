"""The verdict of each row on one firewall (semantics: sections 1, 2, 7 and 8)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from auditor.baseline.rows import Requirement
from auditor.engine.cells import Cell, intersect, size, subtract
from auditor.engine.holdings import Holdings, Part, conditional, hold
from auditor.engine.restrictions import Restriction, restrictions
from auditor.engine.survey import Pair, Survey, cells_of
from auditor.report.values import Confidence, RowVerdictKind
from parsers.model.addresses import ANY, AddressSet
from parsers.model.conditions import ConditionKind
from parsers.model.services import ANY_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.baseline.rows import Region, ResolvedRow
    from parsers.model.conditions import Facts
    from parsers.model.firewall import Helper

__all__ = ["Judged", "judge_rows"]

_ORDER = (
    RowVerdictKind.PRESENT,
    RowVerdictKind.NOT_ASSESSABLE,
    RowVerdictKind.PARTIAL,
    RowVerdictKind.MISSING,
    RowVerdictKind.NOT_APPLICABLE,
)
"""Best first: of alternatives the best counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row's verdict with the traffic that it rests on, per pair of sides.

    `holes` is required traffic that surely does not pass (for not-assessable: that may not), `served` the parts that
    carry the rest, `unanswered` those whose replies are dropped.
    """

    row: ResolvedRow
    verdict: RowVerdictKind
    confidence: Confidence = Confidence.SURE
    because: str = ""
    blocked_direction: str | None = None
    cuts: tuple[tuple[Pair, RowVerdictKind], ...] = ()
    required: dict[Pair, list[Cell]] = field(default_factory=dict)
    holes: dict[Pair, list[Cell]] = field(default_factory=dict)
    served: tuple[Part, ...] = ()
    unanswered: tuple[Part, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    helper: Helper | None = None
    undecided: bool = False


def judge_rows(survey: Survey, holdings: Holdings) -> list[Judged]:
    """Judge every row of the question, in the baseline's order."""
    judged = {
        row.id: _judge(survey, holdings, row)
        for row in survey.question.rows
        if row.requirement is not Requirement.FORBIDDEN
    }
    out = []
    for row in survey.question.rows:
        if row.id not in judged:
            continue
        found = judged[row.id]
        if row.opened_by_inspection and found.verdict not in {RowVerdictKind.PRESENT, RowVerdictKind.NOT_REQUIRED}:
            found = _inspected(survey, found, judged.get(row.control_row))
        out.append(found)
    return out


def _judge(survey: Survey, holdings: Holdings, row: ResolvedRow) -> Judged:
    if row.undecided:
        return Judged(row=row, verdict=RowVerdictKind.NOT_ASSESSABLE, because=row.because, undecided=True)
    if row.requirement is not Requirement.REQUIRED:
        return Judged(row=row, verdict=RowVerdictKind.NOT_REQUIRED, because=row.because)
    options = row.alternatives or (row.required,)
    answers = [_option(survey, holdings, row, option) for option in options]
    return min(answers, key=lambda answer: _ORDER.index(answer.verdict))


def _option(survey: Survey, holdings: Holdings, row: ResolvedRow, option: tuple[Region, ...]) -> Judged:
    """Judge one way of satisfying a row: the union over its cuts."""
    cuts = dict(survey.cuts(option))
    if not cuts:
        return Judged(
            row=row,
            verdict=RowVerdictKind.NOT_APPLICABLE,
            because=f"{row.source} and {row.destination} do not stand on different sides of this firewall",
        )
    judged = _against(survey, holdings, row, cuts)
    facts = _facts(survey, row, option)
    if facts and judged.verdict is not RowVerdictKind.PRESENT and conditional(survey):
        asked: dict[str, list[Cell]] = {}
        for side in survey.question.sides:
            cells = [cell for pair, items in cuts.items() if pair.source == side.name for cell in items]
            if cells:
                asked[side.name] = [survey.arrival(cell) for cell in cells]
        again = _against(survey, hold(survey, asked, facts), row, cuts)
        named = any(region.names for region in option)
        if again.verdict is RowVerdictKind.PRESENT:
            judged = replace(again, confidence=Confidence.SURE if named else Confidence.POSSIBLE)
    if judged.verdict is RowVerdictKind.PRESENT:
        return judged
    found = restrictions(survey, row, judged.holes)
    if found:
        rest = {
            pair: subtract(cells, [cell for item in found for cell in item.taken.get(pair, [])])
            for pair, cells in cuts.items()
        }
        if _mostly(survey, row, cuts, rest):
            again = _against(survey, holdings, row, {pair: cells for pair, cells in rest.items() if cells})
            if again.verdict is RowVerdictKind.PRESENT:
                return replace(again, required=cuts, restrictions=tuple(found), cuts=again.cuts)
    return judged


def _mostly(survey: Survey, row: ResolvedRow, cuts: dict[Pair, list[Cell]], rest: dict[Pair, list[Cell]]) -> bool:
    """Tell whether more than half of the Internet is left to each host of a row, by each of its addresses.

    All packets counted together would let IPv4 be closed behind the size of IPv6, and one host behind the others.
    """
    inbound = any(survey.question.internet & region.source for region in row.required)
    for pair, cells in cuts.items():
        left = rest.get(pair, [])
        for host in _hosts([*cells, *left], inbound=inbound):
            window = Cell(ANY, host, ANY_SERVICE) if inbound else Cell(host, ANY, ANY_SERVICE)
            wanted = size(intersect(cells, [window]))
            if wanted and wanted >= 2 * size(intersect(left, [window])):
                return False
    return True


def _hosts(cells: list[Cell], *, inbound: bool) -> Iterator[AddressSet]:
    """Give the pieces of our end of cells that no cell divides."""
    ends = [interval for cell in cells for interval in (cell.destination if inbound else cell.source).intervals]
    starts = sorted({cut for low, high in ends for cut in (low, high + 1)})
    for low, behind in pairwise(starts):
        if any(first <= low <= last for first, last in ends):
            yield AddressSet.span(low, behind - 1)


def _facts(survey: Survey, row: ResolvedRow, option: tuple[Region, ...]) -> Facts:
    facts = dict(row.facts_on(survey.firewall.platform))
    names = frozenset(name for region in option for name in region.names)
    if names:
        facts[ConditionKind.FQDN] = names
    return facts


def _against(survey: Survey, holdings: Holdings, row: ResolvedRow, cuts: dict[Pair, list[Cell]]) -> Judged:
    """Hold required traffic against what is permitted."""
    holes: dict[Pair, list[Cell]] = {}
    unsure: dict[Pair, list[Cell]] = {}
    unaccepted: dict[Pair, list[Cell]] = {}
    forward: dict[Pair, list[Cell]] = {}
    some = False
    served: list[Part] = []
    unanswered: list[Part] = []
    verdicts: list[tuple[Pair, RowVerdictKind]] = []
    for pair, cells in cuts.items():
        possible = holdings.possible.get(pair, [])
        sure = holdings.sure.get(pair, [])
        meets: list[Part] = []
        others: list[Part] = []
        for part in possible:
            (meets if intersect(part.own, cells) else others).append(part)
        some = some or bool(meets)
        served += meets
        unanswered += [part for part in others if intersect([part.forward], cells)]
        ways = _ways_in(survey, pair)
        holes[pair] = _unserved(ways, cells, possible)
        unsure[pair] = _unserved(ways, cells, sure, sure=True)
        unaccepted[pair] = _unserved(ways, unsure[pair], holdings.accepted.get(pair, []), sure=True)
        forward[pair] = _unserved(ways, cells, possible, forward=True)
        verdicts.append((pair, _verdict(holes[pair], unsure[pair], unaccepted[pair], some=bool(meets))))
    verdict = _verdict(
        [cell for cells in holes.values() for cell in cells],
        [cell for cells in unsure.values() for cell in cells],
        [cell for cells in unaccepted.values() for cell in cells],
        some=some,
    )
    open_holes = unsure if verdict is RowVerdictKind.NOT_ASSESSABLE else holes
    direction = None
    if verdict in {RowVerdictKind.MISSING, RowVerdictKind.PARTIAL}:
        direction = "forward" if any(forward.values()) else "return"
    confidence = Confidence.SURE
    if verdict is RowVerdictKind.PRESENT and any(unsure.values()):
        confidence = Confidence.POSSIBLE
    return Judged(
        row=row,
        verdict=verdict,
        confidence=confidence,
        because=row.because,
        blocked_direction=direction,
        cuts=tuple(verdicts),
        required=cuts,
        holes={} if verdict is RowVerdictKind.PRESENT else {pair: cells for pair, cells in open_holes.items() if cells},
        served=tuple(served),
        unanswered=tuple(unanswered),
    )


def _ways_in(survey: Survey, pair: Pair) -> dict[str, AddressSet]:
    """Give, where a side has several interfaces, the senders that each is the way to, as far as the routes tell.

    Where they are not all known, the networks that the interfaces are in still are.
    """
    side = next((item for item in survey.question.sides if item.name == pair.source), None)
    if side is None or len(side.interfaces) < 2:
        return {}
    firewall = survey.firewall
    table = survey.table if firewall.routes_complete else [(item.networks, item.name) for item in firewall.interfaces]
    return {name: AddressSet.join(addresses for addresses, other in table if other == name) for name in side.interfaces}


def _unserved(
    ways: dict[str, AddressSet], cells: list[Cell], parts: list[Part], *, sure: bool = False, forward: bool = False
) -> list[Cell]:
    """Give what of some traffic no part carries; a sender comes in by the interface that is the way to it.

    Where no route tells by which, it is sure only to get through where all of them carry it.
    """
    left: list[Cell] = []
    routed = [Cell(addresses, ANY, ANY_SERVICE) for addresses in ways.values()]
    elsewhere = subtract(cells, routed)
    for name, addresses in ways.items():
        mine = intersect(cells, [Cell(addresses, ANY, ANY_SERVICE)]) + (elsewhere if sure else [])
        carried = _carried([part for part in parts if part.crossing.ingress == name], forward=forward)
        left += subtract(subtract(mine, carried), left)
    if ways and sure:
        return left
    return left + subtract(elsewhere, _carried(parts, forward=forward))


def _carried(parts: list[Part], *, forward: bool) -> list[Cell]:
    return [cell for part in parts for cell in ((part.forward,) if forward else part.own)]


def _verdict(holes: list[Cell], unsure: list[Cell], unaccepted: list[Cell], *, some: bool) -> RowVerdictKind:
    if not unsure or not unaccepted:
        return RowVerdictKind.PRESENT
    if holes:
        return RowVerdictKind.PARTIAL if some else RowVerdictKind.MISSING
    return RowVerdictKind.NOT_ASSESSABLE


def _inspected(survey: Survey, judged: Judged, control: Judged | None) -> Judged:
    """Let a helper open the data connections of a control connection that is present (semantics: section 7)."""
    if control is None or control.verdict is not RowVerdictKind.PRESENT:
        return judged
    ports = cells_of(region for region in control.row.required)
    for helper in survey.firewall.helpers:
        if helper.protocol != judged.row.helper:
            continue
        applies = all(_applies(survey, helper, pair) for pair in control.required)
        serves = all(cell.services <= helper.services for cell in ports) if ports else False
        if applies and serves:
            return replace(
                judged,
                verdict=RowVerdictKind.PRESENT,
                because="opened by inspection",
                blocked_direction=None,
                holes={},
                helper=helper,
                cuts=tuple((pair, RowVerdictKind.PRESENT) for pair, _ in judged.cuts),
            )
    return judged


def _applies(survey: Survey, helper: Helper, pair: Pair) -> bool:
    if helper.interfaces is None:
        return True
    sides = [side for side in survey.question.sides if side.name in {pair.source, pair.destination}]
    return any(helper.interfaces & set(side.interfaces) for side in sides)
