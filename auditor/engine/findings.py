"""Findings: each difference with its lines, its exact traffic and a packet that the interpreter confirms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.engine.cells import Cell, intersect, size, subtract
from auditor.engine.cite import Citer, boxes_of, cell_boxes
from auditor.engine.holdings import traffic_of
from auditor.engine.question import Budget, Mode
from auditor.engine.restrictions import blocked, deciding_rule, line_of
from auditor.engine.surplus import Surplus, owner
from auditor.engine.survey import Pair, Survey
from auditor.engine.witness import absent, opened
from auditor.report.severity import severity
from auditor.report.values import Confidence, Finding, Kind, Line, LineRole, RowVerdictKind
from parsers.model.addresses import AddressSet
from parsers.model.rules import Deny
from parsers.model.services import ANY_SERVICE, PORTS, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.engine.flows import Decision
    from auditor.engine.unreachable import Unreachable
    from auditor.engine.verdicts import Judged
    from parsers.model.capture import Span
    from parsers.model.rules import Rule

__all__ = ["Findings"]

_ALSO = 12
"""So many further rules that would open the same traffic are looked for at the most."""
ALSO_WORK = 1_000_000
"""The work of looking for them over all findings, in rules looked at: about half a second."""
_SERVICES = 4
"""So many services are named in a title."""
_TELNET = 23


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Turns what the engine found into findings of one firewall."""

    survey: Survey
    citer: Citer
    name: str
    also: Budget = field(default_factory=lambda: Budget(ALSO_WORK))

    # -- rows -----------------------------------------------------------------------------------------------------

    def of_row(self, judged: Judged) -> list[Finding]:
        """Give the findings of a row that is missing, partial or not assessable: one a pair of sides."""
        kinds = {
            RowVerdictKind.MISSING: Kind.MISSING,
            RowVerdictKind.PARTIAL: Kind.PARTIAL,
            RowVerdictKind.NOT_ASSESSABLE: Kind.NOT_ASSESSABLE,
        }
        kind = kinds.get(judged.verdict)
        if kind is None:
            return []
        return [self._row(judged, kind, pair, cells) for pair, cells in judged.holes.items()]

    def _row(self, judged: Judged, kind: Kind, pair: Pair, cells: list[Cell]) -> Finding:
        row = judged.row
        mode = Mode.SURE if kind is Kind.NOT_ASSESSABLE else Mode.POSSIBLE
        dropped = blocked(self.survey, {pair: cells}, mode)
        lines = self._undecided(judged, pair, cells, dropped) if mode is Mode.SURE else self._blockers(dropped)
        if judged.blocked_direction == "return":
            lines += self._reply_blockers(judged, pair)
        words = {
            Kind.MISSING: "is not permitted",
            Kind.PARTIAL: "is permitted in part only",
            Kind.NOT_ASSESSABLE: "cannot be assessed",
        }
        why = ""
        if kind is Kind.MISSING and not dropped and judged.blocked_direction == "forward":
            why = f": nothing publishes {row.destination} to {row.source}, so that no packet can be sent to it"
        if judged.blocked_direction == "return":
            why = ": the replies are dropped"
        remedy = None
        if row.opened_by_inspection and kind is not Kind.NOT_ASSESSABLE:
            why = f": no {row.helper} helper that opens it surely applies"
            remedy = f"let a {row.helper} helper follow the connections of row {row.control_row}"
        return Finding(
            id=self._id(kind, pair, (row.id,), ""),
            kind=kind,
            severity=severity(kind),
            confidence=Confidence.SURE if kind is not Kind.NOT_ASSESSABLE else Confidence.POSSIBLE,
            title=f"Row {row.id} ({row.title}) {words[kind]}{why}",
            rows=(row.id,),
            source_side=pair.source,
            destination_side=pair.destination,
            lines=tuple(dict.fromkeys(lines)),
            traffic=cell_boxes(cells),
            size=size(cells),
            witness=absent(self.survey, pair, cells, kind),
            remedy=remedy,
        )

    def _blockers(self, dropped: list[tuple[Pair, Decision, Cell]]) -> list[Line]:
        found = dict.fromkeys(decision for _, decision, _ in dropped)
        return [self.citer.decision(decision, LineRole.DENIES) for decision in found]

    def _reply_blockers(self, judged: Judged, pair: Pair) -> list[Line]:
        """Cite what lets the first packets pass, and what drops the replies to them."""
        lines: list[Line] = []
        for part in judged.unanswered:
            if part.crossing.pair == pair:
                walk = replace(self.survey.walk(Mode.POSSIBLE), traffic=traffic_of(pair))
                denies = walk.reply_denies(part.crossing.ingress, part.crossing.flow)
                lines += [self.citer.decision(item, LineRole.DENIES) for item in denies]
                lines.append(self.citer.decision(owner(part.crossing.flow), LineRole.PERMITS))
        return lines

    def _undecided(
        self, judged: Judged, pair: Pair, cells: list[Cell], dropped: list[tuple[Pair, Decision, Cell]]
    ) -> list[Line]:
        """Cite the rules whose conditions leave required traffic open."""
        lines = [self.citer.decision(decision, LineRole.DENIES) for _, decision, _ in dropped if not decision.sure]
        for part in judged.served:
            if part.crossing.pair == pair and intersect([part.forward], cells):
                lines += [
                    self.citer.decision(decision, LineRole.PERMITS)
                    for decision in part.crossing.flow.trail
                    if not decision.sure
                ]
        return lines

    # -- surplus --------------------------------------------------------------------------------------------------

    def of_surplus(self, surplus: Surplus) -> Finding:
        """Give the finding of one surplus."""
        flows = [part.flow for part in surplus.parts]
        arrivals = [flow.arrival for flow in flows]
        owns = [flow.own for flow in flows]
        trail = dict.fromkeys(decision for flow in flows for decision in flow.trail)
        lines = [self.citer.decision(surplus.owner, LineRole.PERMITS)]
        lines += [
            self.citer.decision(item, LineRole.PERMITS)
            for item in trail
            if item != surplus.owner and item.index is not None
        ]
        for item in [surplus.owner, *trail]:
            lines += self.citer.objects(item, owns + arrivals)
        lines += self.citer.translations(flows)
        lines += [self.citer.decision(item, LineRole.ALSO) for item in self._also(surplus)]
        sources = AddressSet.join(cell.source for cell in owns)
        services = ServiceSet.join(cell.services for cell in owns)
        return Finding(
            id=self._id(surplus.kind, surplus.pair, surplus.rows if surplus.row else (), self._said(surplus.owners)),
            kind=surplus.kind,
            severity=severity(
                surplus.kind,
                from_internet=bool(sources & self.survey.question.internet),
                cleartext_or_admin=self._sensitive(surplus, services),
                any_port=any(
                    box.ports == PORTS and box.source_ports == PORTS for box in services.boxes if box.protocols[0] != 1
                ),
            ),
            confidence=surplus.confidence,
            title=self._title(surplus, services),
            rows=surplus.rows,
            source_side=surplus.pair.source,
            destination_side=surplus.pair.destination,
            lines=tuple(dict.fromkeys(lines)),
            traffic=boxes_of(surplus.parts),
            size=size(_apart(arrivals)),
            witness=opened(self.survey, surplus),
        )

    def _title(self, surplus: Surplus, services: ServiceSet) -> str:
        ports = _named(services)
        between = f"from {surplus.pair.source} to {surplus.pair.destination}"
        if surplus.kind is Kind.FORBIDDEN and surplus.row is not None:
            return f"{ports} {between} is prohibited: {surplus.row.title}"
        if surplus.row is not None:
            return f"{ports} {between} is open although row {surplus.row.id} ({surplus.row.title}) is off"
        if surplus.kind is Kind.OVER_BROAD:
            needs = "rows {} need" if len(surplus.rows) > 1 else "row {} needs"
            return (
                f"{ports} {between} is open {self._beyond(surplus, services)} {needs.format(', '.join(surplus.rows))}"
            )
        return f"{ports} {between} is open and no row needs it"

    def _beyond(self, surplus: Surplus, services: ServiceSet) -> str:
        """Say in which respect a line opens more than its rows need: another service, else other ends of the same."""
        allowed = [region for row in self.survey.question.rows if row.id in surplus.rows for region in row.allowed]
        if services - ServiceSet.join(region.services for region in allowed):
            return "beside what"
        senders = AddressSet.join(region.source for region in allowed)
        if any(part.flow.own.source - senders for part in surplus.parts):
            return "to more senders than"
        return "to more hosts than"

    def _sensitive(self, surplus: Surplus, services: ServiceSet) -> bool:
        if surplus.row is not None and (surplus.row.cleartext or surplus.row.administration):
            return True
        marked = [
            region.services
            for row in self.survey.question.rows
            if row.cleartext or row.administration
            for region in (*row.off, *row.allowed)
        ]
        marked.append(ServiceSet.protocol(6, (_TELNET, _TELNET)))
        return any(services & item for item in marked)

    def _also(self, surplus: Surplus) -> list[Decision]:
        """Give the rules that would still open some of the traffic if those before them were gone."""
        if surplus.owner.stage < 0 or surplus.owner.index is None or self.also.left <= 0:
            return []
        number = surplus.owner.stage
        stage = self.survey.firewall.stages[number]
        self.also.left -= sum(len(indices) for indices in self.survey.scope_of(number, stage).values())
        again = replace(self.survey.layered(self.survey.walk(Mode.POSSIBLE), number), traffic=traffic_of(surplus.pair))
        by_ingress: dict[str, list[Cell]] = {}
        for part in surplus.parts:
            by_ingress.setdefault(part.ingress, []).append(part.flow.arrival)
        owns = [part.flow.own for part in surplus.parts]
        known = set(surplus.owners)
        found: list[Decision] = []
        for ingress, cells in by_ingress.items():
            for decision, flows in again.permitting(ingress, cells, number).items():
                if len(found) == _ALSO:
                    return found
                if decision not in known and any(
                    out.own.meets(own) for flow in flows for out in again.onwards(ingress, flow, number) for own in owns
                ):
                    known.add(decision)
                    found.append(decision)
        return found

    # -- the rest -------------------------------------------------------------------------------------------------

    def of_restrictions(self, judged: list[Judged]) -> list[Finding]:
        """Give one info finding per deny line that keeps a part of the Internet from rows that are present."""
        taken: dict[tuple[Span | Decision, Pair], list[Cell]] = {}
        rows: dict[tuple[Span | Decision, Pair], dict[str, None]] = {}
        denies: dict[Span | Decision, dict[Decision, None]] = {}
        for item in judged:
            for restriction in item.restrictions:
                line = line_of(self.survey, restriction.decision)
                denies.setdefault(line, {})[restriction.decision] = None
                for pair, cells in restriction.taken.items():
                    taken.setdefault((line, pair), []).extend(cells)
                    rows.setdefault((line, pair), {})[item.row.id] = None
        return [
            Finding(
                id=self._id(Kind.RESTRICTED, pair, (), self._said(tuple(denies[line]))),
                kind=Kind.RESTRICTED,
                severity=severity(Kind.RESTRICTED),
                confidence=Confidence.SURE,
                title=f"A deny keeps a part of the Internet out of rows {', '.join(rows[line, pair])}",
                rows=tuple(rows[line, pair]),
                source_side=pair.source,
                destination_side=pair.destination,
                lines=(self.citer.decision(next(iter(denies[line])), LineRole.DENIES),),
                traffic=cell_boxes(cells),
                size=size(_apart(cells)),
            )
            for (line, pair), cells in taken.items()
        ]

    def of_unreachable(self, found: Unreachable) -> Finding:
        """Give the finding of a rule that can never match."""
        # A line may hold rules of both kinds, in whatever order: it is a deny if that is all that it says.
        rules = [deciding_rule(self.survey, item) for item in found.rules]
        denies = all(rule is not None and isinstance(rule.do, Deny) for rule in rules)
        role = LineRole.DENIES if denies else LineRole.PERMITS
        lines = [self.citer.decision(found.dead, role)]
        lines += [self.citer.decision(item, LineRole.SHADOWS) for item in found.shadows]
        word = "deny" if role is LineRole.DENIES else "permit"
        return Finding(
            id=self._id(Kind.UNREACHABLE, found.pair, (), self._said(found.rules)),
            kind=Kind.UNREACHABLE,
            severity=severity(Kind.UNREACHABLE),
            confidence=Confidence.SURE,
            title=f"This {word} can never match: the rules before it take all its traffic",
            source_side=found.pair.source if found.pair else None,
            destination_side=found.pair.destination if found.pair else None,
            lines=tuple(dict.fromkeys(lines)),
            traffic=cell_boxes(found.cells),
            size=size(_apart(list(found.cells))),
        )

    def plain(
        self, kind: Kind, title: str, lines: Iterable[Line] = (), *, from_internet: bool = False, key: str = ""
    ) -> Finding:
        """Give a finding without traffic: a note, or a weakness of the management plane."""
        return Finding(
            id=self._id(kind, None, (), key or title),
            kind=kind,
            severity=severity(kind, from_internet=from_internet),
            confidence=Confidence.SURE,
            title=title,
            lines=tuple(lines),
        )

    def _said(self, rules: tuple[Decision, ...]) -> str:
        """Give what rules of one line say, in whatever order they stand there."""
        return "&".join(sorted({_normal(deciding_rule(self.survey, item)) for item in rules}))

    def _id(self, kind: Kind, pair: Pair | None, rows: tuple[str, ...], rule: str) -> str:
        """Make an id that renumbering and re-collection leave alone."""
        between = f"{pair.source}>{pair.destination}" if pair else ""
        text = "\x1f".join((self.name, kind.value, between, ",".join(rows), rule))
        return f"{kind.value}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _named(services: ServiceSet) -> str:
    """Give services in few words, for a title."""
    if 2 * services.size > ANY_SERVICE.size:
        return "any service" if services == ANY_SERVICE else "nearly any service"
    nowhere = AddressSet(((0, 0),))
    words = []
    for box in cell_boxes([Cell(nowhere, nowhere, services)]):
        name = f"protocol {box.protocol}" if box.protocol[0].isdigit() else box.protocol
        words.append(name if box.ports == "any" or box.icmp else f"{name}/{box.ports}")
    short = list(dict.fromkeys(words))
    return ", ".join(short) if len(short) <= _SERVICES else f"{', '.join(short[:_SERVICES])} and more"


def _normal(rule: Rule | None) -> str:
    """Give a rule's own name, match and decision as text that does not depend on its place."""
    if rule is None:
        return "implicit"
    possible = rule.possible
    services = ";".join(f"{box.protocols}{box.source_ports}{box.ports}" for box in possible.services.boxes)
    # A number is a place, which renumbering changes.
    name = "" if rule.name.isdigit() else rule.name
    text = f"{type(rule.do).__name__}|{possible.source}|{possible.destination}|{services}"
    return f"{text}|{name}" if name else text


def _apart(cells: list[Cell]) -> list[Cell]:
    out: list[Cell] = []
    for cell in cells:
        out += subtract([cell], out)
    return out
