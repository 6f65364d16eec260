"""What an audit came to, and the exit code that says so: pure functions of the report.

Of several firewalls the worst wins, in the order of exit codes 70, 2, 3, 1, 4, 0. Codes 70 and 2 end a run before
there is a report, save where one firewall of many met them: its status is then `error`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from auditor.report.values import FirewallReport, Kind, RowVerdictKind, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.report.values import Finding, Report, UnderstoodNot

__all__ = [
    "JUDGED",
    "SEVERITIES",
    "FailOn",
    "exit_code",
    "firewall_status",
    "status",
    "worst_exit_code",
    "worst_finding",
]

SEVERITIES: Final = tuple(Severity)
"""Worst first."""

JUDGED: Final = frozenset(
    {RowVerdictKind.PRESENT, RowVerdictKind.MISSING, RowVerdictKind.PARTIAL, RowVerdictKind.NOT_ASSESSABLE}
)
"""The verdicts of a row that there was something to judge about."""

_ORDER: Final = (70, 2, 3, 1, 4, 0)
_CODES: Final = {
    Status.ERROR: 70,
    Status.NOT_ASSESSABLE: 3,
    Status.FINDINGS: 1,
    Status.NOTHING_AUDITED: 4,
    Status.COMPLIANT: 0,
}


class FailOn(StrEnum):
    """The least severity that makes a run end in 1; `never` keeps code 1 away, and no other."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


def firewall_status(report: FirewallReport, fail_on: FailOn = FailOn.LOW) -> Status:
    """Give what the audit of one firewall came to; under `never`, findings from `low` up still say `findings`."""
    if report.status is Status.ERROR:
        return Status.ERROR
    if report.error is not None or _undecided(report):
        return Status.NOT_ASSESSABLE
    if any(_counts(finding, fail_on) for finding in report.findings):
        return Status.FINDINGS
    if not any(row.verdict in JUDGED for row in report.rows):
        return Status.NOTHING_AUDITED
    return Status.COMPLIANT


def status(report: Report, fail_on: FailOn = FailOn.LOW) -> Status:
    """Give what the whole run came to; a run over no firewall at all (an empty shard) is compliant."""
    found = {firewall_status(firewall, fail_on) for firewall in report.firewalls}
    return _worst(found) if found else Status.COMPLIANT


def exit_code(report: Report, fail_on: FailOn = FailOn.LOW) -> int:
    """Give the exit code of a run."""
    came_to = status(report, fail_on)
    if came_to is Status.FINDINGS and fail_on is FailOn.NEVER:
        judged = any(row.verdict in JUDGED for firewall in report.firewalls for row in firewall.rows)
        return 0 if judged else 4
    return _CODES[came_to]


def worst_exit_code(codes: Iterable[int]) -> int:
    """Give the worst of several exit codes, 0 of none; a code outside the table (a signal) is worse than any."""
    found = set(codes)
    outside = sorted(found.difference(_ORDER))
    return outside[-1] if outside else next((code for code in _ORDER if code in found), 0)


def worst_finding(report: Report | FirewallReport) -> Severity | None:
    """Give the worst severity among the findings that no waiver accepts, None without any."""
    firewalls = (report,) if isinstance(report, FirewallReport) else report.firewalls
    found = {finding.severity for firewall in firewalls for finding in firewall.findings if finding.waived is None}
    return next((severity for severity in SEVERITIES if severity in found), None)


def _worst(found: set[Status]) -> Status:
    # Nothing audited is the run's word only where no firewall had a row: beside a compliant one it is no news.
    if found == {Status.NOTHING_AUDITED, Status.COMPLIANT}:
        return Status.COMPLIANT
    return next(status for status in _CODES if status in found)


def _counts(finding: Finding, fail_on: FailOn) -> bool:
    threshold = FailOn.LOW if fail_on is FailOn.NEVER else fail_on
    reaches = SEVERITIES.index(finding.severity) <= SEVERITIES.index(Severity(threshold.value))
    return reaches and finding.waived is None and finding.kind is not Kind.NOT_ASSESSABLE


def _undecided(report: FirewallReport) -> bool:
    """Tell whether something that nobody accepted leaves a row or the surplus open."""
    accepted = {
        row
        for finding in report.findings
        if finding.kind is Kind.NOT_ASSESSABLE and finding.waived is not None
        for row in finding.rows
    }
    return (
        any(row.verdict is RowVerdictKind.NOT_ASSESSABLE and row.id not in accepted for row in report.rows)
        or any(finding.kind is Kind.NOT_ASSESSABLE and finding.waived is None for finding in report.findings)
        or any(_blocks(item, accepted) for item in report.coverage.not_understood)
    )


def _blocks(item: UnderstoodNot, accepted: set[str]) -> bool:
    # Without rows it bears on the surplus or is an unread context: no waiver reaches that.
    return item.blocks and not (item.affects and accepted.issuperset(item.affects))
