"""What a drift ends in: worse is 1, not comparable 3, better or the same 0."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.drift.compare import compare
from auditor.drift.judging import exit_code
from auditor.report.status import FailOn
from auditor.report.values import Confidence, Finding, Severity
from tests.auditor.sample_report import failed, finding, firewall, report

FINDING = replace(finding(), severity=Severity.MEDIUM)


def code(before: tuple[Finding, ...], after: tuple[Finding, ...], fail_on: FailOn = FailOn.LOW) -> int:
    """Give the exit code of a drift between two audits with these findings."""
    return exit_code(compare(report(firewall(findings=before)), report(firewall(findings=after))), fail_on)


def test_same_and_better() -> None:
    """What stayed or went is no reason to fail."""
    assert code((FINDING,), (FINDING,)) == code((FINDING,), ()) == 0


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [(FailOn.LOW, 1), (FailOn.MEDIUM, 1), (FailOn.HIGH, 0), (FailOn.NEVER, 0)],
)
def test_new(fail_on: FailOn, expected: int) -> None:
    """A new finding counts from the threshold up."""
    assert code((), (FINDING,), fail_on) == expected


def test_accepted() -> None:
    """A new finding that somebody accepted does not count; one that is accepted no more does."""
    waived = replace(FINDING, waived=finding(waived=True).waived)

    assert code((), (waived,)) == code((FINDING,), (waived,)) == 0
    assert code((waived,), (FINDING,)) == 1


def test_judged_worse() -> None:
    """The same traffic that became sure or more severe counts; the other way round it does not."""
    unsure, grave = replace(FINDING, confidence=Confidence.POSSIBLE), replace(FINDING, severity=Severity.HIGH)

    assert code((unsure,), (FINDING,)) == code((FINDING,), (grave,)) == 1
    assert code((FINDING,), (unsure,)) == code((grave,), (FINDING,)) == 0


def test_not_compared() -> None:
    """A firewall that was not assessed makes the comparison unknown, whatever else became worse."""
    drift = compare(report(firewall(), failed()), report(firewall(findings=(FINDING,)), failed()))

    assert exit_code(drift) == exit_code(drift, FailOn.NEVER) == 3


def test_seen_for_the_first_time() -> None:
    """A firewall without an earlier audit has not drifted."""
    assert exit_code(compare(report(), report(firewall(findings=(FINDING,))))) == 0
