"""Stored runs, on SQLite and on a real PostgreSQL: the same promises."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from auditor.errors import UsageError
from auditor.export.evidence import Audited
from auditor.history.database import VARIABLE
from auditor.history.store import History, open_history
from auditor.report.status import FailOn
from auditor.report.values import FirewallReport, Report, Severity, Status
from parsers.model.capture import Capture, Document
from tests.auditor.report_strategies import reports
from tests.auditor.sample_report import failed, finding, firewall, report, row, sample

pytestmark = pytest.mark.xdist_group("history")

CONFIG = Document(
    name="running-config.txt",
    command="show running-config",
    text="hostname asa1\nusername admin password ***** pbkdf2\n: end\n",
    stderr="\x00odd\n",
    exit_status=0,
)
AUDITED = Audited(firewall="perimeter", platform="cisco_asa", capture=Capture(documents=(CONFIG,)))
NOW = "2027-01-01T00:00:00Z"


def day(number: int, *firewalls: FirewallReport) -> Report:
    """Make a report of a day in January 2027."""
    return replace(report(*(firewalls or (firewall(rows=(row(),)),))), as_of=f"2027-01-{number:02}T10:00:00Z")


def recorded(history: History, value: Report, *audited: Audited) -> int:
    """Record a report."""
    return history.record(value, audited, command="config", recorded_at=NOW)


def numbers(history: History) -> list[int]:
    """Give the numbers of all runs, newest first."""
    return [run.number for run in history.runs()]


# -- records --------------------------------------------------------------------------------------------------------


def test_empty(history: History) -> None:
    """A new history has no runs, and says so when asked for one."""
    assert history.runs() == ()
    with pytest.raises(UsageError, match="holds no run yet"):
        history.find("last")


def test_record(history: History) -> None:
    """A run is found again with all that is asked of it without its report."""
    number = history.record(sample(), (AUDITED,), command="host", recorded_at=NOW, fail_on=FailOn.HIGH)
    (run,) = history.runs()

    assert (run.number, run.recorded_at, run.as_of, run.command) == (number, NOW, "2026-11-24T10:00:00Z", "host")
    assert (run.deployment, run.tool_version, run.name) == ("acme-mft", "0.1.0", None)
    assert (run.status, run.exit_code, run.worst_finding, run.fail_on) == (
        Status.NOT_ASSESSABLE, 3, Severity.HIGH, FailOn.HIGH,
    )  # fmt: skip
    assert run.firewalls == ("perimeter", "inner")
    assert dict(run.findings) == {
        Severity.CRITICAL: 0,
        Severity.HIGH: 2,
        Severity.MEDIUM: 0,
        Severity.LOW: 0,
        Severity.INFO: 1,
    }
    assert run.waived == 1


@given(reports)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_report_is_kept_whole(history: History, value: Report) -> None:
    """Whatever a report holds, NUL and all, it is read back as it was."""
    value = replace(value, as_of="2027-01-01")

    assert history.report(recorded(history, value)) == value


def test_survives_closing(opened: Callable[[], History]) -> None:
    """What one process recorded another finds."""
    number = recorded(opened(), day(1))

    assert opened().report(number) == day(1)


def test_capture(history: History) -> None:
    """The capture that a run rests on comes back to the byte, and is kept once for many runs."""
    first, second = recorded(history, day(1), AUDITED), recorded(history, day(2), AUDITED)

    assert history.capture(first, "perimeter").documents == history.capture(second, "perimeter").documents == (CONFIG,)
    assert history.capture(first, "perimeter").platform == "cisco_asa"
    pruned = history.prune(date(2027, 1, 3), keep=1)
    assert (pruned.runs, pruned.texts) == ((first,), 0)
    assert history.capture(second, "perimeter").documents == (CONFIG,)


def test_capture_is_redacted(history: History) -> None:
    """A secret that reached the history's door does not come in, and so cannot come out."""
    planted = replace(CONFIG, text="hostname asa1\nenable password Canary-17 encrypted\n: end\n")
    number = recorded(history, day(1), replace(AUDITED, capture=Capture(documents=(planted,))))

    assert "Canary-17" not in history.capture(number, "perimeter").documents[0].text


def test_no_capture(history: History) -> None:
    """A firewall that was not collected has no configuration, and a wrong number no report."""
    number = recorded(history, day(1))

    with pytest.raises(UsageError, match="no configuration of perimeter"):
        history.capture(number, "perimeter")
    with pytest.raises(UsageError, match="there is no run 4711"):
        history.report(4711)


def test_failed_record_leaves_nothing(history: History) -> None:
    """A record that breaks off half way leaves no part of itself."""
    broken = replace(AUDITED, platform="no_such_platform")

    with pytest.raises(Exception, match="no_such_platform"):
        recorded(history, day(1), broken)
    assert history.runs() == ()


# -- finding again --------------------------------------------------------------------------------------------------


def test_order_is_of_what_was_judged(history: History) -> None:
    """Runs are in the order of the moments that they judge, not in that of recording."""
    later, earlier = recorded(history, day(9)), recorded(history, day(3))

    assert numbers(history) == [later, earlier]
    assert history.find("last").number == later


def test_find(history: History) -> None:
    """A run is a number, a name, the last one, or the last one of a day and before, to its end in UTC."""
    first = recorded(history, day(3))
    night = recorded(history, replace(day(3), as_of="2027-01-03T23:59:59Z"))
    dated = recorded(history, replace(day(5), as_of="2027-01-05"))
    history.keep(first, "approved")

    assert history.find(str(first)).number == history.find("approved").number == first
    assert history.find("2027-01-03").number == history.find("2027-01-04").number == night
    assert history.find("2027-01-05").number == history.find("last").number == dated


@pytest.mark.parametrize("text", ["2027-01-02", "99", "nobody", "2027-02-30"])
def test_find_nothing(history: History, text: str) -> None:
    """What means no run is the user's error."""
    recorded(history, day(3))

    with pytest.raises(UsageError):
        history.find(text)


def test_runs_of_a_firewall_or_deployment(history: History) -> None:
    """Runs can be asked for by firewall and by deployment."""
    one = recorded(history, day(1))
    other = recorded(history, replace(day(2, replace(firewall(), name="inner")), deployment=("other", "4" * 64)))

    assert [run.number for run in history.runs(firewall="inner")] == [other]
    assert [run.number for run in history.runs(deployment="acme-mft")] == [one]
    assert [run.number for run in history.runs(limit=1)] == [other]


def test_earlier(history: History) -> None:
    """Before a run stands the last one of the same deployment that saw the firewall."""
    seen = recorded(history, day(1, replace(firewall(), version="9.1")))
    recorded(history, day(2, replace(failed(), name="perimeter")))
    recorded(history, day(3, replace(firewall(), name="inner")))
    recorded(history, replace(day(4), deployment=("other", "4" * 64)))
    last = history.find(str(recorded(history, day(5))))
    recorded(history, day(6))
    found = history.earlier("perimeter", "", last)

    assert found is not None
    assert (found.run.number, found.firewall.version) == (seen, "9.1")
    assert history.earlier("perimeter", "other", last) is None
    assert history.earlier("perimeter", "", found.run) is None


def test_earlier_until_a_day(history: History) -> None:
    """With a date, what stood at the end of that day."""
    runs = [recorded(history, day(number)) for number in (1, 3, 5)]
    last = history.find(str(runs[2]))

    def before(until: str) -> int | None:
        found = history.earlier("perimeter", "", last, until)
        return None if found is None else found.run.number

    assert [before(f"2027-01-{number:02}") for number in (1, 2, 3, 5)] == [runs[0], runs[0], runs[1], runs[1]]
    assert history.earlier("perimeter", "", last, "2026-12-31") is None


def test_names(history: History) -> None:
    """A name is of one run: given again it moves, and it can be taken away."""
    one, two = recorded(history, day(1)), recorded(history, day(2))
    history.keep(one, "approved")
    history.keep(two, "approved")

    assert [(run.number, run.name) for run in history.runs()] == [(two, "approved"), (one, None)]
    history.keep(two, None)
    assert [run.name for run in history.runs()] == [None, None]


@pytest.mark.parametrize("name", ["last", "7", "2027-01-01", "", "a b", "x" * 65])
def test_no_name(history: History, name: str) -> None:
    """What could be taken for something else is no name."""
    number = recorded(history, day(1))

    with pytest.raises(UsageError, match="is no name for a run"):
        history.keep(number, name)


def test_name_of_no_run(history: History) -> None:
    """Only a run can be named."""
    with pytest.raises(UsageError, match="there is no run 5"):
        history.keep(5, "approved")


def test_trend(history: History) -> None:
    """The course is oldest first, without waived findings, and of one firewall alone where that is asked."""
    other = replace(firewall(), name="inner")
    recorded(history, day(1, firewall(findings=(finding(), finding(waived=True))), other))
    worse = firewall(findings=(finding(severity=Severity.CRITICAL),))
    recorded(history, day(2, worse, replace(other, findings=(finding(),))))
    whole, inner = history.trend(limit=10), history.trend(limit=10, firewall="inner")

    assert [(dict(item.findings)["critical"], dict(item.findings)["high"], item.waived) for item in whole] == [
        (0, 1, 1),
        (1, 1, 0),
    ]
    assert [dict(item.findings)["high"] for item in inner] == [0, 1]
    assert [item.as_of[:10] for item in history.trend(limit=1)] == ["2027-01-02"]


# -- retention ------------------------------------------------------------------------------------------------------


def test_prune_by_age(history: History) -> None:
    """Runs that judge a day before the limit go, with texts that nobody else needs; named ones stay."""
    other = replace(CONFIG, text="hostname other\n: end\n")
    old = recorded(history, day(1), replace(AUDITED, capture=Capture(documents=(other,))))
    kept, edge, new = (recorded(history, day(number), AUDITED) for number in (2, 11, 20))
    history.keep(kept, "approved")
    dry = history.prune(date(2027, 1, 21), days=10, dry=True)

    assert (dry.runs, dry.texts, len(numbers(history))) == ((old,), 0, 4)
    pruned = history.prune(date(2027, 1, 21), days=10)
    assert (pruned.runs, pruned.texts) == ((old,), 1)
    assert numbers(history) == [new, edge, kept]


def test_prune_by_number(history: History) -> None:
    """Of each deployment the newest so many stay."""
    mine = [recorded(history, day(number)) for number in (1, 2, 3)]
    theirs = [recorded(history, replace(day(number), deployment=("other", "4" * 64))) for number in (1, 2)]
    history.prune(date(2027, 2, 1), keep=2)

    assert sorted(numbers(history)) == sorted(mine[1:] + theirs)


def test_prune_by_both(history: History) -> None:
    """With both limits a run goes only when it is beyond both."""
    runs = [recorded(history, day(number)) for number in (1, 2, 3)]
    history.prune(date(2027, 2, 20), days=10, keep=2)

    assert numbers(history) == [runs[2], runs[1]]


def test_numbers_never_come_again(history: History) -> None:
    """The number of a run that was taken away is not given to another."""
    first = recorded(history, day(1))
    history.prune(date(2027, 2, 1))

    assert recorded(history, day(2)) > first


# -- two at once ----------------------------------------------------------------------------------------------------


def test_two_writers_lose_nothing(environ: dict[str, str]) -> None:
    """Two that open a history that is not there yet, record, read and prune at once lose nothing."""
    each = 8
    barrier = threading.Barrier(2)
    problems: list[BaseException] = []

    def write(name: str) -> None:
        try:
            barrier.wait(timeout=30)
            with open_history(environ) as history:
                for number in range(1, each + 1):
                    audit = replace(firewall(findings=(finding(),)), hostname=f"{name}{number}")
                    value = day(number, replace(audit, status=Status.FINDINGS))
                    value = replace(value, deployment=(name, "5" * 64))
                    text = replace(CONFIG, text=f"hostname {number}\n: end\n")
                    run = recorded(history, value, replace(AUDITED, capture=Capture(documents=(text, CONFIG))))
                    assert history.report(run) == value
                    history.prune(date(2027, 1, 1), days=1)
        except BaseException as exc:  # noqa: BLE001 - it is raised again where it is seen
            problems.append(exc)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert problems == []
    with open_history(environ) as history:
        for name in ("one", "two"):
            runs = history.runs(deployment=name)
            found = [history.report(run.number).firewalls[0].hostname for run in runs]
            assert found == [f"{name}{number}" for number in range(each, 0, -1)]
            assert [history.capture(run.number, "perimeter").documents[1] for run in runs] == [CONFIG] * each


def test_writer_that_dies(environ: dict[str, str], history: History) -> None:
    """A writer that goes away in the midst of its turn leaves the others theirs."""
    number = recorded(history, day(1))
    other = open_history(environ)

    with pytest.raises(KeyboardInterrupt), other._database.writing():  # noqa: SLF001 - no other way to stop in the midst
        raise KeyboardInterrupt
    assert numbers(history) == [number]
    assert recorded(history, day(2)) > number
    assert VARIABLE in environ
