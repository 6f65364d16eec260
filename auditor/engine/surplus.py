"""What is open and in no row: cut once, no packet twice (semantics: section 3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.baseline.rows import Requirement
from auditor.engine.cells import Cell, intersect, subtract
from auditor.engine.restrictions import deciding_rule, line_of
from auditor.engine.survey import ROUTABLE, families
from auditor.engine.walk import BYPASS
from auditor.report.values import Confidence, Kind
from parsers.model.addresses import ANY4, ANY6, NONE, AddressSet
from parsers.model.conditions import ConditionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.baseline.rows import Region, ResolvedRow
    from auditor.deployment.site import SideSpec
    from auditor.engine.flows import Decision, Flow
    from auditor.engine.holdings import Holdings, Part
    from auditor.engine.survey import Crossing, Pair, Survey
    from auditor.engine.verdicts import Judged
    from parsers.model.capture import Span

__all__ = ["Surplus", "find_surplus", "owner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """One kind of surplus that one line opens between two sides; `rows` names the row that it would belong to.

    `owner` is the line's first rule that opens any of it, `owners` are all of them.
    """

    kind: Kind
    pair: Pair
    owner: Decision
    owners: tuple[Decision, ...]
    rows: tuple[str, ...]
    confidence: Confidence
    parts: tuple[Crossing, ...]
    row: ResolvedRow | None = None


def owner(flow: Flow) -> Decision:
    """Give the decision that lets a flow pass: the first rule of a filter, else the first implicit permit."""
    explicit = next((item for item in flow.trail if item.index is not None), None)
    return explicit or flow.trail[0]


def find_surplus(survey: Survey, holdings: Holdings, judged: list[Judged]) -> list[Surplus]:
    """Give all surplus on the audited sides, grouped by kind, line, row and pair of sides."""
    serving = _serving(survey, judged)
    found: dict[tuple[Kind, Span | Decision, str, Pair], list[tuple[Crossing, bool]]] = {}
    named = {row.id: row for row in survey.question.rows}
    for pair, parts in holdings.possible.items():
        allowed = list(_allowed(survey, pair))
        windows = list(_windows(survey, pair))
        same = holdings.sure is holdings.possible
        sure = [] if same else [part.forward for part in holdings.sure.get(pair, [])]
        for part in parts:
            if not part.crossing.flow.trail:
                continue
            line = line_of(survey, owner(part.crossing.flow))
            for crossing in _beyond(survey, part, allowed):
                for kind, row, piece in _sorted_out(survey, windows, crossing, served=line in serving):
                    key = (kind, line, row, pair)
                    certain = same or any(piece.flow.own & cell for cell in sure)
                    found.setdefault(key, []).append((piece, certain))
    return [
        _surplus(kind, pair, pieces, rows=(row,) if row else tuple(serving.get(line, ())), row=named.get(row))
        for (kind, line, row, pair), pieces in found.items()
    ]


def _surplus(
    kind: Kind, pair: Pair, pieces: list[tuple[Crossing, bool]], *, rows: tuple[str, ...], row: ResolvedRow | None
) -> Surplus:
    owners = dict.fromkeys(owner(piece.flow) for piece, _ in pieces)
    first = min(owners, key=lambda item: (item.stage, item.chain, -1 if item.index is None else item.index))
    return Surplus(
        kind=kind,
        pair=pair,
        owner=first,
        owners=tuple(owners),
        rows=rows,
        confidence=Confidence.SURE if any(certain for _, certain in pieces) else Confidence.POSSIBLE,
        parts=tuple(piece for piece, _ in pieces),
        row=row,
    )


def _serving(survey: Survey, judged: list[Judged]) -> dict[Span | Decision, list[str]]:
    """Give, per line, the rows whose required traffic it owns."""
    serving: dict[Span | Decision, list[str]] = {}
    for item in judged:
        for part in item.served:
            if part.crossing.flow.trail:
                rows = serving.setdefault(line_of(survey, owner(part.crossing.flow)), [])
                if item.row.id not in rows:
                    rows.append(item.row.id)
    return serving


def _beyond(survey: Survey, part: Part, allowed: list[tuple[Cell, frozenset[str]]]) -> Iterator[Crossing]:
    """Give what of a permitted part concerns a protected host and is in no row's allowed region."""
    question = survey.question
    flow = part.crossing.flow
    side = _side(survey, part.crossing.pair.source)
    own = flow.own
    bypass = any(item.stage == BYPASS for item in flow.trail)
    source = own.source if bypass or not side.internet else own.source - question.unreal_sources
    windows = [
        Cell(source & question.protected, own.destination, own.services),
        Cell(source - question.protected, own.destination & question.protected, own.services),
    ]
    names = _names(survey, flow)
    holes = [cell for cell, only in allowed if not only or only & names]
    for cell in subtract((piece for window in windows for piece in families(window)), holes):
        yield replace(part.crossing, flow=survey.narrowed(flow, cell))


def _names(survey: Survey, flow: Flow) -> frozenset[str]:
    """Give the FQDNs that the rule which opens a flow is limited to."""
    rule = deciding_rule(survey, owner(flow))
    conditions = rule.conditions if rule is not None else ()
    return frozenset(value for item in conditions if item.kind is ConditionKind.FQDN for value in item.values)


def _allowed(survey: Survey, pair: Pair) -> Iterator[tuple[Cell, frozenset[str]]]:
    """Give the allowed cells between two sides; a row that names the Internet takes all that can stand on its side."""
    for row in survey.question.rows:
        if row.requirement is Requirement.FORBIDDEN:
            continue
        for region in row.allowed:
            cell = Cell(
                _anyone(survey, pair.source, region.source),
                _anyone(survey, pair.destination, region.destination),
                region.services,
            )
            for part in families(cell):
                yield part, region.names


def _names_internet(survey: Survey, addresses: AddressSet) -> bool:
    """Tell whether a set is meant to be the whole Internet, in one address family at least."""
    parts = (survey.question.internet & ANY4, survey.question.internet & ANY6)
    return any(part and part <= addresses for part in parts)


def _anyone(survey: Survey, side: str, addresses: AddressSet) -> AddressSet:
    question = survey.question
    if _names_internet(survey, addresses):
        spec = _side(survey, side)
        here = (spec.addresses - question.protected) if spec.internet else NONE
        return addresses | here
    return addresses


def _windows(survey: Survey, pair: Pair) -> Iterator[tuple[Kind, str, list[Cell]]]:
    """Give what is prohibited between two sides, then what belongs to a row that is off."""
    for requirement, kind in ((Requirement.FORBIDDEN, Kind.FORBIDDEN), (None, Kind.EXTRA)):
        for row in survey.question.rows:
            if (row.requirement is Requirement.FORBIDDEN) is (requirement is None):
                continue
            window = [Cell(*_widened(survey, pair, region), region.services) for region in row.off]
            if window:
                yield kind, row.id, window


def _sorted_out(
    survey: Survey, windows: list[tuple[Kind, str, list[Cell]]], crossing: Crossing, *, served: bool
) -> Iterator[tuple[Kind, str, Crossing]]:
    """Part surplus into prohibited, belonging to a row that is off, and the rest."""
    rest = [crossing]
    for kind, row, window in windows:
        left: list[Crossing] = []
        for piece in rest:
            inside = intersect([piece.flow.own], window)
            if not inside:
                left.append(piece)
                continue
            for cell in _apart(inside):
                yield kind, row, replace(piece, flow=survey.narrowed(piece.flow, cell))
            left += [
                replace(piece, flow=survey.narrowed(piece.flow, cell)) for cell in subtract([piece.flow.own], inside)
            ]
        rest = left
    for piece in rest:
        yield (Kind.OVER_BROAD if served else Kind.EXTRA), "", piece


def _widened(survey: Survey, pair: Pair, region: Region) -> tuple[AddressSet, AddressSet]:
    """Give the ends of a region that is off or prohibited: where it names the Internet, all that is routable there."""
    ends = ((pair.source, region.source), (pair.destination, region.destination))
    source, destination = (
        _anyone(survey, side, addresses) & ROUTABLE if _names_internet(survey, addresses) else addresses
        for side, addresses in ends
    )
    return source, destination


def _apart(cells: list[Cell]) -> list[Cell]:
    out: list[Cell] = []
    for cell in cells:
        out += subtract([cell], out)
    return out


def _side(survey: Survey, name: str) -> SideSpec:
    return next(side for side in survey.question.sides if side.name == name)
