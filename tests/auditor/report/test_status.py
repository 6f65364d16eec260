"""Status and exit code as a table: what a report holds, and what the run ends with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.report.status import FailOn, exit_code, firewall_status, status, worst_exit_code, worst_finding
from auditor.report.values import FirewallReport, Kind, ProblemKind, RowVerdictKind, Severity, Status
from tests.auditor.sample_report import failed, finding, firewall, not_understood, report, row

GOOD = firewall(rows=(row(),))
NOTHING = firewall(rows=(row("4", RowVerdictKind.NOT_REQUIRED), row("28", RowVerdictKind.NOT_APPLICABLE)))
FOUND = firewall(rows=(row(),), findings=(finding(),))
OPEN = firewall(rows=(row("5", RowVerdictKind.NOT_ASSESSABLE),))
BROKEN = replace(GOOD, status=Status.ERROR)


def with_finding(kind: Kind, severity: Severity, *, waived: bool = False) -> FirewallReport:
    """Make a firewall with one present row and one finding."""
    return firewall(rows=(row(),), findings=(finding(kind, severity, waived=waived, rows=("5",)),))


ACCEPTED = with_finding(Kind.EXTRA, Severity.HIGH, waived=True)


@pytest.mark.parametrize(
    ("entry", "fail_on", "expected", "code"),
    [
        pytest.param(GOOD, FailOn.LOW, Status.COMPLIANT, 0, id="every row present"),
        pytest.param(NOTHING, FailOn.LOW, Status.NOTHING_AUDITED, 4, id="no row to judge"),
        pytest.param(firewall(), FailOn.LOW, Status.NOTHING_AUDITED, 4, id="no row at all"),
        pytest.param(FOUND, FailOn.LOW, Status.FINDINGS, 1, id="a finding"),
        pytest.param(FOUND, FailOn.HIGH, Status.FINDINGS, 1, id="a finding at the threshold"),
        pytest.param(FOUND, FailOn.CRITICAL, Status.COMPLIANT, 0, id="a finding below the threshold"),
        pytest.param(FOUND, FailOn.NEVER, Status.FINDINGS, 0, id="never silences code 1, not the status"),
        pytest.param(with_finding(Kind.NOTE, Severity.INFO), FailOn.LOW, Status.COMPLIANT, 0, id="info"),
        pytest.param(with_finding(Kind.UNREACHABLE, Severity.LOW), FailOn.LOW, Status.FINDINGS, 1, id="low fails"),
        pytest.param(ACCEPTED, FailOn.LOW, Status.COMPLIANT, 0, id="waived"),
        pytest.param(
            replace(NOTHING, findings=(finding(),)), FailOn.LOW, Status.FINDINGS, 1, id="1 before 4"
        ),
        pytest.param(
            replace(NOTHING, findings=(finding(),)), FailOn.NEVER, Status.FINDINGS, 4, id="never, and no row to judge"
        ),
        pytest.param(failed(), FailOn.LOW, Status.NOT_ASSESSABLE, 3, id="not collected"),
        pytest.param(failed(ProblemKind.INCOMPLETE), FailOn.NEVER, Status.NOT_ASSESSABLE, 3, id="incomplete, never"),
        pytest.param(OPEN, FailOn.LOW, Status.NOT_ASSESSABLE, 3, id="a row not assessable"),
        pytest.param(OPEN, FailOn.NEVER, Status.NOT_ASSESSABLE, 3, id="a row not assessable, never"),
        pytest.param(
            with_finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM), FailOn.CRITICAL, Status.NOT_ASSESSABLE, 3,
            id="not assessable whatever the threshold",
        ),
        pytest.param(
            replace(OPEN, findings=(finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM, waived=True, rows=("5",)),)),
            FailOn.LOW, Status.COMPLIANT, 0, id="a waived row not assessable",
        ),
        pytest.param(
            replace(OPEN, findings=(finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM, waived=True, rows=("6",)),)),
            FailOn.LOW, Status.NOT_ASSESSABLE, 3, id="another row is waived",
        ),
        pytest.param(
            firewall(rows=(row(),), coverage=not_understood()), FailOn.LOW, Status.NOT_ASSESSABLE, 3,
            id="a line that could change a row",
        ),
        pytest.param(
            firewall(rows=(row(),), coverage=not_understood(blocks=False)), FailOn.LOW, Status.COMPLIANT, 0,
            id="a line that could not",
        ),
        pytest.param(
            firewall(
                rows=(row("5", RowVerdictKind.NOT_ASSESSABLE),),
                findings=(finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM, waived=True, rows=("5",)),),
                coverage=not_understood(affects=("5",)),
            ),
            FailOn.LOW, Status.COMPLIANT, 0, id="a line whose only row is waived",
        ),
        pytest.param(
            firewall(
                rows=(row(),),
                findings=(finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM, waived=True, rows=("5",)),),
                coverage=not_understood(affects=()),
            ),
            FailOn.LOW, Status.NOT_ASSESSABLE, 3, id="no waiver reaches an unread context",
        ),
        pytest.param(replace(FOUND, error=failed().error), FailOn.LOW, Status.NOT_ASSESSABLE, 3, id="3 before 1"),
        pytest.param(BROKEN, FailOn.NEVER, Status.ERROR, 70, id="a bug"),
    ],
)  # fmt: skip
def test_one_firewall(entry: FirewallReport, fail_on: FailOn, expected: Status, code: int) -> None:
    """One firewall's status, and the exit code of a run over it alone."""
    assert (firewall_status(entry, fail_on), status(report(entry), fail_on), exit_code(report(entry), fail_on)) == (
        expected,
        expected,
        code,
    )


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        pytest.param((), 0, id="an empty shard"),
        pytest.param((GOOD, NOTHING), 0, id="one had rows"),
        pytest.param((NOTHING, NOTHING), 4, id="none had rows"),
        pytest.param((NOTHING, FOUND), 1, id="1 before 4"),
        pytest.param((GOOD, FOUND, OPEN), 3, id="3 before 1"),
        pytest.param((NOTHING, failed()), 3, id="3 before 4"),
        pytest.param((BROKEN, OPEN, FOUND, NOTHING, GOOD), 70, id="70 before all"),
    ],
)
def test_several_firewalls(entries: tuple[FirewallReport, ...], code: int) -> None:
    """The worst wins, in the order 70, 2, 3, 1, 4, 0, whatever the order of the firewalls."""
    assert exit_code(report(*entries)) == exit_code(report(*reversed(entries))) == code


@pytest.mark.parametrize(
    ("codes", "expected"),
    [([], 0), ([0, 4], 4), ([4, 1], 1), ([1, 3], 3), ([3, 2], 2), ([2, 70], 70), ([1, 130], 130), ([0, 0], 0)],
)
def test_worst_exit_code(codes: list[int], expected: int) -> None:
    """Of several codes the worst wins; a signal is worse than any."""
    assert worst_exit_code(codes) == expected


def test_worst_finding_leaves_waived_ones_out() -> None:
    """The worst finding is the worst that nobody accepted; a report without any has none."""
    medium = with_finding(Kind.PARTIAL, Severity.MEDIUM)
    waived = with_finding(Kind.FORBIDDEN, Severity.CRITICAL, waived=True)

    assert worst_finding(report(medium, waived)) is Severity.MEDIUM
    assert worst_finding(waived) is None
