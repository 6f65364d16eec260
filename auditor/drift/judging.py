"""What a drift comes to, and the exit code that says so: a pure function of the drift."""

from __future__ import annotations

from auditor.drift.values import Change, ChangeKind, Drift, Standing
from auditor.report.status import SEVERITIES, FailOn
from auditor.report.values import Confidence, Finding, Severity

__all__ = ["exit_code", "worse"]


def exit_code(drift: Drift, fail_on: FailOn = FailOn.LOW) -> int:
    """Give 3 where a firewall of the later run could not be compared, 1 where something became worse, else 0.

    Worse is traffic that was added, or a finding that was judged anew as worse, at or above `fail_on` and not waived;
    under `never` nothing is. What is gone or shrank is no reason to fail.
    """
    if any(item.standing is Standing.NOT_ASSESSED for item in drift.firewalls):
        return 3
    if fail_on is FailOn.NEVER:
        return 0
    return int(any(worse(change, fail_on) for item in drift.firewalls for change in item.changes))


def worse(change: Change, fail_on: FailOn = FailOn.LOW) -> bool:
    """Tell whether a change is for the worse at or above a severity."""
    if change.kind in {ChangeKind.NEW, ChangeKind.GROWN, ChangeKind.MOVED, ChangeKind.RETRANSLATED}:
        found = [part.finding for part in change.added] or list(change.after)
    elif change.kind is ChangeKind.REJUDGED:
        found = [item for item in change.after if _grade(item) < min(map(_grade, change.before))]
    else:
        found = []
    return any(_counts(finding, fail_on) for finding in found)


def _grade(finding: Finding) -> tuple[bool, int, bool]:
    """Give what worse findings have less of."""
    return (
        finding.waived is not None,
        SEVERITIES.index(finding.severity),
        finding.confidence is not Confidence.SURE,
    )


def _counts(finding: Finding, fail_on: FailOn) -> bool:
    threshold = Severity.LOW if fail_on is FailOn.NEVER else Severity(fail_on.value)
    return finding.waived is None and SEVERITIES.index(finding.severity) <= SEVERITIES.index(threshold)
