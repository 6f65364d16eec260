"""What a drift comes to, and the exit code that says so: a pure function of the drift."""

from __future__ import annotations

from auditor.drift.pairing import share
from auditor.drift.values import Change, ChangeKind, Drift, Standing
from auditor.report.status import SEVERITIES, FailOn
from auditor.report.values import Confidence, Finding, Severity

__all__ = ["exit_code", "worse"]


def exit_code(drift: Drift, fail_on: FailOn = FailOn.LOW) -> int:
    """Give 3 where a firewall of the later run could not be compared, 1 where something became worse, else 0.

    A later audit that met what it does not understand could not be compared either. Worse is traffic that was added,
    or a finding that was judged anew as worse, at or above `fail_on` and not waived; under `never` nothing is. What is
    gone or shrank is no reason to fail.
    """
    if any(item.standing is Standing.NOT_ASSESSED or item.undecided for item in drift.firewalls):
        return 3
    if fail_on is FailOn.NEVER:
        return 0
    return int(any(worse(change, fail_on) for item in drift.firewalls for change in item.changes))


def worse(change: Change, fail_on: FailOn = FailOn.LOW) -> bool:
    """Tell whether a change is for the worse at or above a severity."""
    found = [part.finding for part in change.added]
    if not found and change.kind in {ChangeKind.NEW, ChangeKind.RETRANSLATED}:
        found = list(change.after)
    # What stayed may have become worse beside what came and went: each packet is held against its own past.
    found += [
        item
        for item in change.after
        if any(_grade(item) < _grade(old) and _about_the_same(change, item, old) for old in change.before)
    ]
    return any(_counts(finding, fail_on) for finding in found)


def _about_the_same(change: Change, item: Finding, old: Finding) -> bool:
    # Two that were paired by their rule's own words need share no packet.
    return len(change.before) == len(change.after) == 1 or share(item, old)


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
