"""What a job tells: changes since what was told last, once, and nothing is lost while a firewall fails."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.drift.values import ChangeKind
from auditor.errors import UsageError
from auditor.fleet import state
from auditor.fleet.news import Known, learn, news
from auditor.fleet.notice import notice
from auditor.fleet.state import place
from auditor.report.status import FailOn
from auditor.report.values import ProblemKind, Report, WaiverWarningKind
from tests.auditor.fleet.samples import bad, extra, good, report, with_warning
from tests.auditor.sample_report import not_understood


def known(*runs: Report) -> Known | None:
    """Give what is known after these reports."""
    found: Known | None = None
    for run in runs:
        found = learn(found, run)
    return found


def test_first_run_is_all_new() -> None:
    """Where nothing was told yet, everything is told."""
    found = news(None, report(good("a", extra()), bad("b")))

    assert found.first
    assert found.any
    assert (found.appeared, [item.firewall for item in found.failing]) == (("a",), ["b"])


def test_same_again_is_no_news() -> None:
    """Two equal runs, and one that fails as before, tell nothing."""
    first = report(good("a", extra()), bad("b"))

    assert not news(known(first), report(good("a", extra()), bad("b"), as_of="2026-11-25T02:00:00Z")).any


def test_change_of_traffic() -> None:
    """A finding that grew is told by what was added, one that is gone too."""
    found = news(known(report(good("a", extra("80"), extra("21")))), report(good("a", extra("80-81"))))

    changes = {change.kind: change for change in found.drift[0].changes}
    assert set(changes) == {ChangeKind.GROWN, ChangeKind.GONE}
    # 256 sources, one destination, one port, from any of 65,536 source ports.
    assert changes[ChangeKind.GROWN].grown_by == 256 * 65536


def test_what_changes_while_a_firewall_fails_is_told_when_it_is_back() -> None:
    """Its last good audit is what it is compared with, however many nights it failed."""
    runs = [report(good("a")), report(bad("a")), report(bad("a"))]
    found = news(known(*runs), report(good("a", extra())))

    assert found.recovered == ("a",)
    assert [change.kind for change in found.drift[0].changes] == [ChangeKind.NEW]
    assert not found.appeared


def test_failure_is_told_once_per_reason() -> None:
    """The same failure is no news, another one is."""
    after = known(report(good("a")), report(bad("a")))

    assert not news(after, report(bad("a"))).failing
    assert [item.kind for item in news(after, report(bad("a", ProblemKind.HOST_KEY_CHANGED))).failing] == [
        "host-key-changed"
    ]


def test_firewall_that_never_succeeded() -> None:
    """One that failed from the beginning has recovered when it is assessed, and is not gone while it fails."""
    after = known(report(good("a"), bad("b")))

    assert not news(after, report(good("a"), bad("b"))).any
    found = news(after, report(good("a"), good("b", extra())))
    assert (found.recovered, found.appeared, found.gone) == (("b",), (), ())


def test_firewalls_come_and_go() -> None:
    """One that is new, and one that is not audited any more."""
    found = news(known(report(good("a"), good("b"))), report(good("b"), good("c")))

    assert (found.appeared, found.gone) == (("c",), ("a",))
    # Told once: it is forgotten then.
    after = known(report(good("a"), good("b")), report(good("b"), good("c")))
    assert not news(after, report(good("b"), good("c"))).any


def test_waivers_are_told_by_kind_not_by_days() -> None:
    """That a waiver expires is told once, not each night with one day less; that it has expired is told anew."""
    first = with_warning(report(good("a")), WaiverWarningKind.EXPIRING, "expires in 30 days")
    later = with_warning(report(good("a")), WaiverWarningKind.EXPIRING, "expires in 29 days")
    over = with_warning(report(good("a")), WaiverWarningKind.EXPIRED, "expired")

    assert not news(known(first), later).any
    assert [item.kind for item in news(known(first, later), over).warnings] == [WaiverWarningKind.EXPIRED]


def test_one_ticket_on_two_firewalls() -> None:
    """A finding that outgrows its waiver is told although another one under the same ticket was."""
    first = with_warning(report(good("a"), good("b")), WaiverWarningKind.GROWN, "grew")
    assert first.waivers is not None
    (warning,) = first.waivers.warnings
    both = replace(first, waivers=replace(first.waivers, warnings=(warning, replace(warning, firewall="b"))))

    assert [item.firewall for item in news(known(first), both).warnings] == ["b"]


def test_what_is_not_understood_any_more_is_told() -> None:
    """A line that could hide anything is news although no finding is."""
    blind = replace(good("a"), coverage=not_understood(affects=()))
    found = news(known(report(good("a"))), report(blind))
    told = notice(report(blind), found, summary="", exit_code=3, fail_on=FailOn.LOW)

    assert "1 line no longer understood" in told.subject
    assert "a: not understood any more: line 77, policy-route frobnicate: unknown word: frobnicate" in told.text


class TestState:
    """What is remembered, and what becomes of it when it is not what was written."""

    def test_round_trip(self, tmp_path: Path) -> None:
        """What was remembered is what is known."""
        file = tmp_path / "state" / "job.json"
        remembered = known(report(good("a", extra()), bad("b")))
        assert remembered is not None
        state.save(file, remembered)

        assert state.load(file) == remembered
        assert file.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in file.parent.iterdir()] == ["job.json"]

    def test_nothing_yet(self, tmp_path: Path) -> None:
        """Without a file nothing is known."""
        assert state.load(tmp_path / "job.json") is None

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "st-audit/fleet-state/9"}', "\x00\x01"])
    def test_damaged(self, tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
        """A damaged file is said, and everything counts as new: better told twice than never."""
        file = tmp_path / "job.json"
        file.write_text(text, "utf-8")

        assert state.load(file) is None
        assert "everything counts as new" in caplog.text

    def test_half_written_file_of_a_killed_run_is_taken_away(self, tmp_path: Path) -> None:
        """A temporary file that nobody writes any more goes; what was known stands."""
        file = tmp_path / "job.json"
        remembered = known(report(good("a")))
        assert remembered is not None
        state.save(file, remembered)
        (tmp_path / ".job.json.abc123.st-audit-tmp").write_text("{", "utf-8")

        assert state.load(file) == remembered
        assert [path.name for path in tmp_path.iterdir()] == ["job.json"]

    def test_cannot_be_written(self, tmp_path: Path) -> None:
        """A place that takes no file is the user's error, and says that the same will be told again."""
        (tmp_path / "file").touch()
        remembered = known(report(good("a")))
        assert remembered is not None
        with pytest.raises(UsageError, match="told again"):
            state.save(tmp_path / "file" / "job.json", remembered)

    def test_job_is_its_site_and_part(self, tmp_path: Path) -> None:
        """The same site, inventory, limit and part are the same job; whichever differs makes another."""
        site = tmp_path / "deployment.yaml"
        one = place(tmp_path, deployment=site, inventory=None, limit=("a", "b"), part="1/2")

        assert place(tmp_path, deployment=site, inventory=None, limit=("b", "a"), part="1/2").memory == one.memory
        others = [
            place(tmp_path, deployment=site, inventory=None, limit=("a", "b"), part="2/2"),
            place(tmp_path, deployment=site, inventory=None, limit=(), part="1/2"),
            place(tmp_path, deployment=site, inventory=site, limit=("a", "b"), part="1/2"),
        ]
        assert len({item.lock for item in (one, *others)}) == 4


class TestNotice:
    """A message about news."""

    def test_text_and_values(self) -> None:
        """The subject counts, the text names firewall, finding, line and traffic, the JSON holds the same as values."""
        before = report(good("a", extra("80"), extra("21")), good("b"))
        after = report(good("a", extra("80-81")), bad("b"), as_of="2026-11-25T02:00:00Z")
        told = notice(
            after, news(known(before), after), summary="acme-mft: 2 firewalls", exit_code=3, fail_on=FailOn.LOW
        )
        document = json.loads(told.json)

        assert told.subject == "st-audit acme-mft: 1 new or grown, 1 gone or shrunk, 1 not assessable"
        assert told.text == (
            "acme-mft: 2 firewalls\n"
            "as of 2026-11-25T02:00:00Z, since 2026-11-24T02:00:00Z\n"
            "\n"
            "b: not assessable (unreachable): unreachable it is\n"
            "a: grown: high: HTTP is open although http is off, running-config.txt:41\n"
            "    + 203.0.113.0/24 -> 192.0.2.10 tcp/81\n"
            "a: gone: high: HTTP is open although http is off, running-config.txt:41\n"
            "    - 203.0.113.0/24 -> 192.0.2.10 tcp/21\n"
        )
        assert document["schema"] == "st-audit/notice/1"
        assert (document["exit_code"], document["status"]) == (3, "not-assessable")
        assert {change["kind"] for change in document["firewalls"][0]["changes"]} == {"gone", "grown"}
        assert document["failing"][0]["hint"] == "look at it"

    def test_same_news_have_the_same_id(self) -> None:
        """Told again because it could not be delivered, a message keeps its name; other news have another."""
        first = report(good("a"))
        one = notice(first, news(None, first), summary="1.0 s", exit_code=0, fail_on=FailOn.LOW)
        later = report(good("a"), as_of="2026-11-26T02:00:00Z")
        again = notice(later, news(None, later), summary="2.0 s", exit_code=0, fail_on=FailOn.LOW)
        other = notice(later, news(known(first), report(bad("a"))), summary="", exit_code=3, fail_on=FailOn.LOW)

        assert one.id == again.id != other.id

    def test_hostile_words_are_harmless_and_short(self) -> None:
        """Control characters of a device's words reach no mail, and thousands of lines become fifty."""
        evil = report(*(bad(f"fw-{number}\x1b[31m\r\nBcc: x") for number in range(200)))
        told = notice(evil, news(None, evil), summary="x", exit_code=3, fail_on=FailOn.LOW)

        assert "\x1b" not in told.text + told.subject
        assert "\nBcc" not in told.text
        assert len(told.text.splitlines()) < 60
        assert "150 lines more" in told.text
