"""Waivers applied to a report: which findings they take out of the count, and what is to be said about them.

A waiver holds to the end of its last day in UTC. A finding is waived when waivers that hold take all of its traffic;
one that reaches beyond what was accepted counts, whole, and the warning says by how much. What nobody could assess
(an incomplete collection, a context not read) is no finding, so that no waiver reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from auditor.engine.boxes import apart, arriving
from auditor.engine.cells import Cell, intersect, size, subtract
from auditor.engine.cite import cell_boxes
from auditor.report.status import firewall_status
from auditor.report.values import (
    Finding,
    FirewallReport,
    Kind,
    Report,
    Waived,
    WaiverUse,
    WaiverWarning,
    WaiverWarningKind,
)
from auditor.waivers.coverage import Accepting, accepting, concerns
from auditor.waivers.values import Waiver, Waivers

__all__ = ["SOON", "apply", "day_of"]

SOON = 30
"""Days before its end from which on a waiver is said to expire soon."""


def day_of(as_of: str) -> date:
    """Give the UTC day of an ISO 8601 date or date-time."""
    if len(as_of) == len("2027-01-31"):
        return date.fromisoformat(as_of)
    moment = datetime.fromisoformat(as_of)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()


def apply(report: Report, waivers: Waivers, *, soon: int = SOON) -> Report:
    """Give the report with what the waivers accept marked, and with the warnings about them.

    The day is the report's own (`as_of`). Raises UsageError for a report whose traffic is none.
    """
    run = _Run(today=day_of(report.as_of), soon=soon, uses=[_Use(accepting(entry)) for entry in waivers.entries])
    firewalls = tuple(run.firewall(firewall) for firewall in report.firewalls)
    warnings = sorted(
        run.warnings(report), key=lambda item: (item.line or 0, list(WaiverWarningKind).index(item.kind), item.text)
    )
    return replace(report, firewalls=firewalls, waivers=WaiverUse(sha256=waivers.sha256, warnings=tuple(warnings)))


@dataclass(slots=True)
class _Use:
    """A waiver, and what was found of it."""

    accepting: Accepting
    met: list[Cell] = field(default_factory=list)
    """All the traffic of the findings that it touches."""
    findings: int = 0
    grown: list[WaiverWarning] = field(default_factory=list)

    @property
    def waiver(self) -> Waiver:
        return self.accepting.waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    today: date
    soon: int
    uses: list[_Use]

    def firewall(self, firewall: FirewallReport) -> FirewallReport:
        # What an earlier application of another file said does not count.
        findings = tuple(self._judged(firewall, replace(finding, waived=None)) for finding in firewall.findings)
        if findings == firewall.findings:
            return firewall
        changed = replace(firewall, findings=findings)
        return replace(changed, status=firewall_status(changed))

    def _judged(self, firewall: FirewallReport, finding: Finding) -> Finding:
        found = [use for use in self.uses if concerns(use.waiver, firewall, finding)]
        if not found:
            return finding
        whole = arriving(finding.traffic)
        taken: list[tuple[_Use, list[Cell]]] = []
        for use in found:
            cells = use.accepting.takes(finding)
            if not cells and use.waiver.finding is None:
                continue
            use.findings += 1
            use.met += whole
            if use.waiver.days_left(self.today) >= 0:
                taken.append((use, cells))
        if not taken:
            return finding
        rest = subtract(whole, [cell for _, cells in taken for cell in cells])
        if not rest:
            return replace(finding, waived=_waived(_needed(whole, taken)))
        for use, _ in taken:
            use.grown.append(self._grown(firewall, finding, use.waiver, rest))
        return finding

    def _grown(self, firewall: FirewallReport, finding: Finding, waiver: Waiver, rest: list[Cell]) -> WaiverWarning:
        beyond = apart(rest)
        by = size(beyond)
        return WaiverWarning(
            kind=WaiverWarningKind.GROWN,
            waiver=waiver.ticket,
            line=waiver.line,
            firewall=firewall.name,
            text=f"{finding.id} ({finding.title}) reaches beyond what was accepted by {by:,} combinations of addresses "
            "and services: it counts again",
            traffic=cell_boxes(beyond),
            size=by,
        )

    # -- warnings ------------------------------------------------------------------------------------------------

    def warnings(self, report: Report) -> Iterator[WaiverWarning]:
        """Give what is to be said, once every finding was looked at."""
        for use in self.uses:
            yield from use.grown
            left = use.waiver.days_left(self.today)
            if left < 0:
                yield self._expired(use, -left)
                continue
            if left <= self.soon:
                yield self._expiring(use, left)
            yield from self._refused(use.waiver, report)
            if self._all_seen(use.waiver, report):
                yield from self._too_much(use)
        yield from self._overlapping()

    def _warning(
        self, kind: WaiverWarningKind, waiver: Waiver, text: str, cells: list[Cell] | None = None
    ) -> WaiverWarning:
        return WaiverWarning(
            kind=kind, waiver=waiver.ticket, line=waiver.line, firewall=", ".join(waiver.firewalls), text=text,
            traffic=cell_boxes(cells or ()), size=size(cells or ()),
        )  # fmt: skip

    def _expired(self, use: _Use, days: int) -> WaiverWarning:
        ended = f"expired with {use.waiver.expires} (UTC), {_days(days)} ago"
        if use.findings:
            again = "1 finding counts" if use.findings == 1 else f"{use.findings} findings count"
            text = f"{ended}: {again} again; ask {use.waiver.owner} or {use.waiver.approver}"
        else:
            text = f"{ended}, and nothing needs it any more: take it out"
        return self._warning(WaiverWarningKind.EXPIRED, use.waiver, text)

    def _expiring(self, use: _Use, days: int) -> WaiverWarning:
        when = "today" if days == 0 else f"in {_days(days)}"
        text = f"expires {when}, with the end of {use.waiver.expires} (UTC); ask {use.waiver.owner}"
        return self._warning(WaiverWarningKind.EXPIRING, use.waiver, text)

    def _refused(self, waiver: Waiver, report: Report) -> Iterator[WaiverWarning]:
        if Kind.NOT_ASSESSABLE not in waiver.kinds:
            return
        for firewall in report.firewalls:
            if firewall.name not in waiver.firewalls or waiver.context not in {None, firewall.context}:
                continue
            unread = [item for item in firewall.coverage.not_understood if item.blocks and not item.affects]
            why = firewall.error.message if firewall.error is not None else unread[0].reason if unread else ""
            if why:
                text = f"what was not collected or not read cannot be waived: {why}"
                yield replace(self._warning(WaiverWarningKind.REFUSED, waiver, text), firewall=firewall.name)

    def _all_seen(self, waiver: Waiver, report: Report) -> bool:
        """Tell whether the run assessed every firewall of a waiver, so that what it does not meet is not there."""
        seen = {
            firewall.name
            for firewall in report.firewalls
            if firewall.error is None and waiver.context in {None, firewall.context}
        }
        return seen.issuperset(waiver.firewalls)

    def _too_much(self, use: _Use) -> Iterator[WaiverWarning]:
        if not use.findings:
            yield self._warning(WaiverWarningKind.UNUSED, use.waiver, "no finding needs it: take it out")
            return
        beyond = apart(subtract(use.accepting.cells, use.met))
        if beyond:
            text = (
                f"is wider than what it covers by {size(beyond):,} combinations of addresses and services: "
                "whatever opens these will be waived unseen"
            )
            yield self._warning(WaiverWarningKind.WIDER, use.waiver, text, beyond)

    def _overlapping(self) -> Iterator[WaiverWarning]:
        holding = [use for use in self.uses if use.waiver.days_left(self.today) >= 0]
        for number, use in enumerate(holding):
            for other in holding[:number]:
                one, two = use.waiver, other.waiver
                if not (set(one.firewalls) & set(two.firewalls) and one.kinds & two.kinds):
                    continue
                if one.rows is not None and two.rows is not None and not one.rows & two.rows:
                    continue
                if one.context is not None and two.context is not None and one.context != two.context:
                    continue
                common = apart(intersect(use.accepting.cells, other.accepting.cells))
                if common or (one.finding is not None and one.finding == two.finding):
                    where = f" (line {two.line})" if two.line else ""
                    text = f"accepts some of what {two.ticket}{where} accepts: when one ends, the other still holds"
                    yield self._warning(WaiverWarningKind.OVERLAPPING, one, text, common)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _needed(whole: list[Cell], taken: list[tuple[_Use, list[Cell]]]) -> list[Waiver]:
    """Give the waivers that a finding is waived by: one that takes it whole and holds longest, else all that help."""
    alone = [use.waiver for use, cells in taken if not subtract(whole, cells)]
    if alone:
        return [max(alone, key=lambda waiver: waiver.expires)]
    out: list[Waiver] = []
    rest = whole
    for use, cells in sorted(taken, key=lambda item: item[0].waiver.expires, reverse=True):
        left = subtract(rest, cells)
        if size(left) < size(rest):
            out.append(use.waiver)
            rest = left
    return out


def _waived(waivers: list[Waiver]) -> Waived:
    """Give what the report shows of one waiver, or of several that are needed together; the first to end ends it."""
    return Waived(
        reason="; ".join(dict.fromkeys(waiver.reason for waiver in waivers)),
        owner=", ".join(dict.fromkeys(waiver.owner for waiver in waivers)),
        approver=", ".join(dict.fromkeys(waiver.approver for waiver in waivers)),
        ticket=", ".join(dict.fromkeys(waiver.ticket for waiver in waivers)),
        expires=min(waiver.expires for waiver in waivers).isoformat(),
    )
