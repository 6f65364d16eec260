"""Metrics: what an alert needs, read back by Prometheus' own parser; and the summary line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from auditor.errors import UsageError
from auditor.fleet.metrics import Run, write, write_failure
from auditor.fleet.summary import fields, line
from auditor.report.status import FailOn
from auditor.report.values import ProblemKind, Report, Severity, WaiverWarningKind
from tests.auditor import sample_report
from tests.auditor.fleet.samples import bad, extra, good, outcomes, report, with_warning

Values = dict[tuple[str, tuple[str, ...]], float]


def run_of(found: Report, *, ended: float, exit_code: int = 1) -> Run:
    """Make a run of a report."""
    return Run(
        report=found, outcomes=outcomes(found), fail_on=FailOn.LOW, exit_code=exit_code, seconds=12.5, ended=ended,
        left_out=3,
    )  # fmt: skip


def values(file: Path) -> Values:
    """Read metrics by name (without the common prefix) and label values."""
    return {
        (
            sample.name.removeprefix("st_audit_"),
            tuple(sample.labels[key] for key in sorted(sample.labels)),
        ): sample.value
        for family in text_string_to_metric_families(file.read_text("utf-8"))
        for sample in family.samples
    }


def test_a_run(tmp_path: Path) -> None:
    """Findings by firewall and severity, waived ones apart; states, problems, seconds and tries; when it succeeded."""
    waived = replace(extra("81"), waived=sample_report.WAIVED)
    found = with_warning(
        report(good("a", extra("80"), extra("21", Severity.CRITICAL), waived), good("b")),
        WaiverWarningKind.EXPIRING, "expires in 3 days",
    )  # fmt: skip
    write(tmp_path / "fleet.prom", run_of(found, ended=1000.0))
    told = values(tmp_path / "fleet.prom")

    assert told["findings", ("a", "high")] == 1
    assert told["findings", ("a", "critical")] == 1
    assert told["findings", ("b", "critical")] == 0
    assert told["findings_waived", ("a",)] == 1
    assert told["rows", ("b", "present")] == 1
    assert told["waiver_warnings", ("expiring",)] == 1
    assert told["collection_seconds", ("a",)] == 1.5
    assert told["collection_attempts", ("a",)] == 2
    assert told["assessed_timestamp_seconds", ("b",)] == 1000
    assert told["last_success_timestamp_seconds", ()] == told["last_run_timestamp_seconds", ()] == 1000
    assert (told["exit_code", ()], told["run_seconds", ()], told["left_out", ()]) == (1, 12.5, 3)
    assert (tmp_path / "fleet.prom").stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.prom"]


def test_failures_keep_what_was_true_before(tmp_path: Path) -> None:
    """A firewall that fails keeps the moment of its last audit and counts no findings, which would read as clean."""
    file = tmp_path / "fleet.prom"
    write(file, run_of(report(good("a", extra()), good("b")), ended=1000.0))
    write(file, run_of(report(good("a", extra()), bad("b")), ended=2000.0, exit_code=3))
    told = values(file)

    assert told["last_success_timestamp_seconds", ()] == 1000
    assert told["last_run_timestamp_seconds", ()] == 2000
    assert told["assessed_timestamp_seconds", ("a",)] == 2000
    assert told["assessed_timestamp_seconds", ("b",)] == 1000
    assert (told["assessed", ("a",)], told["assessed", ("b",)]) == (1, 0)
    assert ("findings", ("b", "high")) not in told
    assert told["not_assessable", ("unreachable",)] == 1
    assert told["firewalls_by_status", ("not-assessable",)] == 1


def test_what_is_not_understood_is_no_assessment(tmp_path: Path) -> None:
    """A firewall with a line that could open anything was not assessed whole, and nothing of it reads as clean."""
    file = tmp_path / "fleet.prom"
    write(file, run_of(report(good("a"), good("b")), ended=1000.0))
    blind = replace(good("a", extra()), coverage=sample_report.not_understood(affects=()))
    write(file, run_of(report(blind, good("b")), ended=2000.0, exit_code=3))
    told = values(file)

    assert (told["assessed", ("a",)], told["assessed", ("b",)]) == (0, 1)
    assert told["assessed_timestamp_seconds", ("a",)] == 1000
    assert told["findings", ("a", "high")] == 1
    assert ("findings", ("a", "critical")) not in told


def test_undelivered_is_no_success(tmp_path: Path) -> None:
    """A run that assessed everything and could not tell it has not succeeded."""
    file = tmp_path / "fleet.prom"
    write(file, run_of(report(good("a")), ended=1000.0, exit_code=2))

    assert ("last_success_timestamp_seconds", ()) not in values(file)


def test_run_that_could_not_begin(tmp_path: Path) -> None:
    """It says when and with what it ended; all else stands."""
    file = tmp_path / "fleet.prom"
    write(file, run_of(report(good("a", extra())), ended=1000.0))
    before = values(file)
    write_failure(file, exit_code=2, ended=2000.0)
    changed = {key: value for key, value in values(file).items() if before.get(key) != value}

    assert changed == {("last_run_timestamp_seconds", ()): 2000, ("exit_code", ()): 2}
    assert values(file).keys() == before.keys()


@pytest.mark.parametrize("text", ["", "not { prometheus\n", "\x00", "st_audit_exit_code"])
def test_damaged_file_is_replaced(tmp_path: Path, text: str) -> None:
    """What cannot be read is not carried over."""
    file = tmp_path / "fleet.prom"
    file.write_text(text, "utf-8")
    write(file, run_of(report(good("a")), ended=1000.0))

    assert values(file)["exit_code", ()] == 1


def test_hostile_names_stay_one_value(tmp_path: Path) -> None:
    """A name with quotes, backslashes and line breaks is one label, and no line of its own."""
    name = 'x"} 1\nst_audit_exit_code 99\\'
    write(tmp_path / "fleet.prom", run_of(report(good(name)), ended=1.0))
    told = values(tmp_path / "fleet.prom")

    assert told["assessed", (name,)] == 1
    assert told["exit_code", ()] == 1


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    """A place that takes no file is the user's error."""
    with pytest.raises(UsageError, match="metrics"):
        write(tmp_path / "none" / "fleet.prom", run_of(report(good("a")), ended=1.0))


def test_summary_line() -> None:
    """What became of the firewalls, why some could not be assessed, findings by severity, seconds and exit code."""
    found = report(good("a", extra(), extra("21")), good("b"), bad("c"), bad("d", ProblemKind.AUTHENTICATION), bad("e"))

    assert line(found, outcomes(found), FailOn.LOW, exit_code=3, seconds=4.21) == (
        "acme-mft: 5 firewalls: 1 compliant, 1 with findings, 3 not assessable (1 authentication, 2 unreachable); "
        "findings: 2 high; 4.2 s; exit code 3"
    )
    values = fields(found, outcomes(found), FailOn.LOW, exit_code=3, seconds=4.2)
    assert values["problems"] == {"authentication": 1, "unreachable": 2}
    assert values["findings"] == {"critical": 0, "high": 2, "medium": 0, "low": 0, "info": 0}


def test_summary_of_nothing() -> None:
    """An empty shard has a summary too."""
    empty = report()

    assert line(empty, (), FailOn.LOW, exit_code=0, seconds=0) == (
        "acme-mft: 0 firewalls; findings: none; 0.0 s; exit code 0"
    )
