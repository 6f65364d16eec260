"""What a drift ends in: worse is 1, not comparable 3, better or the same 0."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.drift.compare import compare
from auditor.drift.judging import exit_code
from auditor.report.status import FailOn
from auditor.report.values import Box, Confidence, Coverage, Finding, Severity, UnderstoodNot
from tests.auditor.sample_report import HTTP_LINE, failed, finding, firewall, not_understood, report

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


def part(ports: str, severity: Severity = Severity.MEDIUM, *, waived: bool = False) -> Finding:
    """Make a finding about some ports."""
    box = Box(source="any4", destination="192.0.2.10", protocol="tcp", source_ports="any", ports=ports)
    return replace(finding(severity=severity, waived=waived), id=f"extra-{ports}", traffic=(box,))


@pytest.mark.parametrize("ports", ["80-85", "80-95", "85-95"])
def test_judged_worse_while_it_shrank_or_grew(ports: str) -> None:
    """What is left of a finding counts where it became worse, however its edges moved meanwhile."""
    assert code((part("80-90", waived=True),), (part(ports),)) == 1
    assert code((part("80-90"),), (part(ports, Severity.CRITICAL),), FailOn.CRITICAL) == 1


def test_the_rest_of_a_finding_became_worse() -> None:
    """What was waived or mild beside a worse finding, and is now one with it, became worse."""
    assert code((part("80"), part("81", waived=True)), (part("80-81"),)) == 1
    assert code((part("80", Severity.CRITICAL), part("81")), (part("80-81", Severity.CRITICAL),), FailOn.CRITICAL) == 1
    assert code((part("80-81", Severity.CRITICAL),), (part("80", Severity.CRITICAL), part("81"))) == 0


def test_lines_that_nobody_understands_any_more() -> None:
    """A new line that could change the surplus leaves nobody knowing; one that was there before is no drift."""
    blind = not_understood(affects=())
    (item,) = blind.not_understood
    moved = replace(item, line=replace(HTTP_LINE, text=item.line.text, line=3, end_line=3))
    other = UnderstoodNot(line=replace(HTTP_LINE, text="policy-route other"), reason="unknown", blocks=True)

    def ends(before: Coverage, after: Coverage) -> int:
        return exit_code(compare(report(firewall(coverage=before)), report(firewall(coverage=after))))

    assert ends(Coverage(), blind) == 3
    assert ends(blind, replace(blind, not_understood=(other,))) == 3
    assert ends(blind, replace(blind, not_understood=(moved,))) == ends(blind, Coverage()) == 0
    assert ends(Coverage(), not_understood(affects=(), blocks=False)) == 0
