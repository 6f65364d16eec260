"""One firewall held against one question: every row's verdict and every finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.baseline.rows import Requirement
from auditor.engine.assume import Stated, state
from auditor.engine.cells import intersect
from auditor.engine.cite import Citer
from auditor.engine.findings import Findings
from auditor.engine.holdings import hold
from auditor.engine.question import BudgetError, Mode
from auditor.engine.restrictions import blocked, deciding_rule
from auditor.engine.surplus import Surplus, find_surplus
from auditor.engine.survey import Survey
from auditor.engine.unreachable import MOST, Unreachable, find_unreachable
from auditor.engine.verdicts import Judged, judge_rows
from auditor.engine.witness import served
from auditor.report.values import (
    Confidence,
    Cut,
    Finding,
    Kind,
    Line,
    LineRole,
    PacketView,
    RowVerdict,
    RowVerdictKind,
    UnderstoodNot,
)
from parsers.contract import RemarkKind
from parsers.model.addresses import ANY6
from parsers.model.conditions import ConditionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.deployment.site import Question
    from auditor.engine.flows import Decision, Flow
    from parsers.contract import Remark
    from parsers.model.capture import Capture, Span
    from parsers.model.firewall import Firewall

__all__ = ["Examined", "examine"]

_ALSO = "which further rules would open the same traffic: looked for in the first findings only, there are too many"
_DEAD = f"rules that can never match, beyond the first {MOST} or past the work that looking for them may take"
_LINES = 24
"""So many lines are cited for one row at the most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What the engine says of one firewall."""

    rows: tuple[RowVerdict, ...]
    findings: tuple[Finding, ...]
    not_understood: tuple[UnderstoodNot, ...]
    not_judged: tuple[str, ...]
    assumptions: tuple[tuple[str, str], ...] = ()


def examine(
    firewall: Firewall,
    question: Question,
    capture: Capture,
    remarks: tuple[Remark, ...] = (),
    *,
    work: int | None = None,
) -> Examined:
    """Judge a firewall.

    `remarks` are the parser's, so that what it did not understand is weighed. Raises EngineError where engine and
    interpreter disagree. Past the work budget every required row is not assessable, with that reason.
    """
    stated = state(firewall, question)
    firewall = stated.firewall
    survey = Survey.of(firewall, question) if work is None else Survey.of(firewall, question, work)
    citer = Citer(survey=survey, capture=capture)
    findings = Findings(survey=survey, citer=citer, name=question.firewall.name)
    try:
        holdings = hold(survey)
        judged = judge_rows(survey, holdings)
        surplus = find_surplus(survey, holdings, judged)
        found = [item for row in judged for item in findings.of_row(row)]
        found += [findings.of_surplus(item) for item in surplus]
        found += findings.of_restrictions(judged)
        dead, all_dead = _dead(survey)
        found += [findings.of_unreachable(item) for item in dead]
        suspects = _suspects(survey, judged, surplus)
    except BudgetError:
        return _given_up(survey, question)
    found += _management(findings, firewall)
    found += _assumptions(findings, stated)
    found += _notes(findings, survey, judged)
    rows = tuple(_row(survey, citer, item) for item in judged)
    return Examined(
        rows=rows,
        findings=tuple(found),
        not_understood=_not_understood(citer, remarks, suspects),
        assumptions=tuple(_stated(question, stated)),
        not_judged=(
            *_not_judged(question),
            *([_ALSO] if findings.also.left <= 0 else []),
            *([] if all_dead else [_DEAD]),
        ),
    )


def _dead(survey: Survey) -> tuple[list[Unreachable], bool]:
    """Give the lines that can never match, and whether all were found: looking for them may take too long."""
    try:
        return find_unreachable(survey)
    except BudgetError:
        return [], False


def _given_up(survey: Survey, question: Question) -> Examined:
    why = "the work budget was used up before the rules were decided"
    rows = tuple(
        RowVerdict(
            id=row.id,
            title=row.title,
            source=row.source,
            destination=row.destination,
            protocol=row.protocol,
            ports=row.ports,
            verdict=RowVerdictKind.NOT_ASSESSABLE
            if row.requirement is Requirement.REQUIRED
            else RowVerdictKind.NOT_REQUIRED,
            confidence=Confidence.POSSIBLE,
            because=why if row.requirement is Requirement.REQUIRED else row.because,
            citation=row.citation,
        )
        for row in question.rows
        if row.requirement is not Requirement.FORBIDDEN
    )
    line = Line(file=survey.firewall.platform, line=None, end_line=None, text=why, role=LineRole.DEFAULT)
    blocking = UnderstoodNot(line=line, reason=why, blocks=True)
    return Examined(rows=rows, findings=(), not_understood=(blocking,), not_judged=tuple(_not_judged(question)))


# -- rows ---------------------------------------------------------------------------------------------------------


def _row(survey: Survey, citer: Citer, judged: Judged) -> RowVerdict:
    row = judged.row
    lines: list[Line] = []
    witness = None
    if judged.helper is not None:
        lines.append(citer.line(judged.helper.span, judged.helper.name, LineRole.PERMITS))
    elif judged.verdict is RowVerdictKind.PRESENT:
        flows = [part.crossing.flow for part in judged.served]
        lines += [citer.decision(item, LineRole.PERMITS) for item in _deciders(flows)]
        lines += citer.translations(flows)
        witness = _served(survey, judged)
    elif judged.holes and judged.verdict is not RowVerdictKind.NOT_ASSESSABLE:
        dropped = blocked(survey, judged.holes, Mode.POSSIBLE)
        lines += [citer.decision(item, LineRole.DENIES) for item in dict.fromkeys(d for _, d, _ in dropped)]
    return RowVerdict(
        id=row.id,
        title=row.title,
        source=row.source,
        destination=row.destination,
        protocol=row.protocol,
        ports=row.ports,
        verdict=judged.verdict,
        confidence=judged.confidence,
        because="; ".join((judged.because, *row.notes)) if judged.because or row.notes else "",
        blocked_direction=judged.blocked_direction,
        cuts=tuple(
            Cut(source_side=pair.source, destination_side=pair.destination, verdict=verdict)
            for pair, verdict in judged.cuts
        ),
        decided_by=tuple(dict.fromkeys(lines))[:_LINES],
        witness=witness,
        citation=row.citation,
    )


def _deciders(flows: list[Flow]) -> list[Decision]:
    """Give the rules that let flows pass; an implicit permit only where no rule did."""
    found: dict[Decision, None] = {}
    for flow in flows:
        explicit = [item for item in flow.trail if item.index is not None]
        found.update(dict.fromkeys(explicit or flow.trail[-1:]))
    return list(found)


def _served(survey: Survey, judged: Judged) -> PacketView | None:
    for part in judged.served:
        cells = intersect(part.own, judged.required.get(part.crossing.pair, []))
        if cells:
            flow = survey.narrowed(part.crossing.flow, cells[0])
            return served(survey, part.crossing.pair, part.crossing.ingress, flow, judged.confidence)
    return None


# -- what was not understood --------------------------------------------------------------------------------------


def _suspects(survey: Survey, judged: list[Judged], surplus: list[Surplus]) -> dict[Decision, set[str]]:
    """Give the rules with a word that was not understood that could change a row (by id) or the surplus (none)."""
    found: dict[Decision, set[str]] = {}
    for item in judged:
        if item.verdict is not RowVerdictKind.NOT_ASSESSABLE or item.undecided:
            continue
        for decision in _undecided(survey, item):
            found.setdefault(decision, set()).add(item.row.id)
    for extra in surplus:
        for part in extra.parts:
            for decision in part.flow.trail:
                if _unknown(survey, decision):
                    found.setdefault(decision, set())
        if extra.confidence is Confidence.POSSIBLE:
            cells = {extra.pair: [part.flow.own for part in extra.parts]}
            for _, decision, _ in blocked(survey, cells, Mode.SURE):
                if _unknown(survey, decision):
                    found.setdefault(decision, set())
    return found


def _undecided(survey: Survey, item: Judged) -> Iterator[Decision]:
    for part in item.served:
        if intersect([part.forward], item.holes.get(part.crossing.pair, [])):
            yield from (decision for decision in part.crossing.flow.trail if _unknown(survey, decision))
    for _, decision, _ in blocked(survey, item.holes, Mode.SURE):
        if _unknown(survey, decision):
            yield decision


def _unknown(survey: Survey, decision: Decision) -> bool:
    rule = deciding_rule(survey, decision)
    return (
        rule is not None
        and not decision.sure
        and any(condition.kind is ConditionKind.UNKNOWN for condition in rule.conditions)
    )


def _not_understood(
    citer: Citer, remarks: tuple[Remark, ...], suspects: dict[Decision, set[str]]
) -> tuple[UnderstoodNot, ...]:
    """Weigh the parser's remarks: which could change a row or the surplus of this audit."""
    by_span: dict[Span, tuple[str, set[str]]] = {}
    for decision, rows in suspects.items():
        rule = deciding_rule(citer.survey, decision)
        if rule is not None and rule.span is not None:
            why = next(item.text for item in rule.conditions if item.kind is ConditionKind.UNKNOWN)
            by_span.setdefault(rule.span, (why, set()))[1].update(rows)
    out: list[UnderstoodNot] = []
    for remark in remarks:
        if remark.kind in {RemarkKind.NOTE, RemarkKind.UNBOUND}:
            continue
        suspect = by_span.pop(remark.span, None) if remark.span is not None else None
        out.append(
            UnderstoodNot(
                line=citer.line(remark.span, remark.text, LineRole.DEFAULT),
                reason=remark.text,
                affects=tuple(sorted(suspect[1])) if suspect else (),
                blocks=remark.decides or suspect is not None,
            )
        )
    out += [
        UnderstoodNot(
            line=citer.line(span, why, LineRole.DEFAULT),
            reason=why or "not understood",
            affects=tuple(sorted(rows)),
            blocks=True,
        )
        for span, (why, rows) in by_span.items()
    ]
    return tuple(out)


# -- notes --------------------------------------------------------------------------------------------------------


def _stated(question: Question, stated: Stated) -> Iterator[tuple[str, str]]:
    """Give what the site accepts and states, where it was used."""
    for kind in sorted(question.accept):
        yield f"a permit's condition of kind {kind.value} counts as met", "accept in the deployment"
    for item in stated.used:
        content = "Internet senders and none of our groups" if item.addresses is None else str(item.addresses)
        yield f"the list {item.name} holds {content}", "assume in the deployment"


def _assumptions(findings: Findings, stated: Stated) -> list[Finding]:
    """Tell of denies of a blocklist, which restrict rows, and of statements that no rule uses."""
    out = [
        findings.plain(
            Kind.RESTRICTED,
            f"The blocklist {name} keeps a part of the Internet out",
            [findings.citer.line(span, name, LineRole.DENIES)],
            key=f"blocklist {name} {number}",
        )
        for number, (name, span) in enumerate(stated.blocklists)
    ]
    out += [
        findings.plain(Kind.NOTE, f"assume: no rule of this firewall names the list {name}", key=f"assume {name}")
        for name in stated.unused
    ]
    return out


def _management(findings: Findings, firewall: Firewall) -> list[Finding]:
    return [
        findings.plain(
            Kind.MANAGEMENT, note.text, [findings.citer.line(note.span, note.text, LineRole.PERMITS)], key=note.text
        )
        for note in firewall.management
    ]


def _notes(findings: Findings, survey: Survey, judged: list[Judged]) -> list[Finding]:
    out = list(_ipv6(findings, survey))
    static = [item.row for item in judged if item.row.helper and not item.row.opened_by_inspection]
    for helper in survey.firewall.helpers:
        if any(row.helper == helper.protocol and row.requirement is Requirement.REQUIRED for row in static):
            line = findings.citer.line(helper.span, helper.name, LineRole.PERMITS)
            title = f"An active {helper.protocol} helper opens data connections of unencrypted sessions by itself"
            out.append(findings.plain(Kind.NOTE, title, [line], key=f"helper {helper.name}"))
    return out


def _ipv6(findings: Findings, survey: Survey) -> Iterator[Finding]:
    """Note sides with IPv6 whose groups list none, and whether the Internet may reach them (semantics: section 11)."""
    question = survey.question
    if question.ipv6 == "none" or question.protected & ANY6:
        return
    for side in question.sides:
        networks = survey.networks6(side)
        if not networks or not side.groups & question.protected:
            continue
        opened = survey.opens6(side, networks)
        lines = [findings.citer.decision(decision, LineRole.PERMITS) for decision in opened]
        title = f"IPv6 to the hosts on {side.name} was not judged: their groups list no IPv6 address"
        if opened:
            title += ", and the Internet may reach them by IPv6"
        yield findings.plain(Kind.NOTE, title, lines, from_internet=bool(opened), key=f"ipv6 {side.name}")


def _not_judged(question: Question) -> Iterator[str]:
    yield "management access to the firewall itself"
    for name in question.firewall.ignore_interfaces:
        yield f"interface {name} (ignore_interfaces)"
    for side in question.sides:
        if side.internet and side.addresses & question.unreal_sources:
            yield f"senders on {side.name} that cannot be real there (private, multicast and reserved addresses)"
    if question.local:
        yield "loopback traffic"
    if question.ipv6 == "none":
        yield "IPv6 (ipv6: none)"
