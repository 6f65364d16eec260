"""`history`, `drift` and `waivers` from the command line: recorded runs, what changed, what was accepted."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from auditor.export.json import schema
from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]
HTTP = "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq www"
SSH = "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq ssh"
APPROVED = ("--reason", "until spring", "--owner", "mft-team", "--approver", "ciso", "--ticket", "SEC-1")


@pytest.fixture
def site(asa: Path, tmp_path: Path) -> Callable[..., tuple[str | Path, ...]]:
    """Give a function that gives the words of `config` for the fixture with HTTP open, its lines changed."""
    folder = asa / "http-open-while-off"

    def words(*changes: tuple[str, str], day: str = "2027-01-01") -> tuple[str | Path, ...]:
        text = (folder / "config.txt").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        # The checksum of an edited configuration is no longer its own.
        file = tmp_path / "config.txt"
        file.write_text(re.sub(r"(?m)^Cryptochecksum:.*\n", "", text), "utf-8")
        deployment = folder / "deployment.yaml"
        return ("config", file, "--deployment", deployment, "--assume-complete", "--as-of", day)

    return words


def findings(ran: Ran) -> list[dict[str, object]]:
    """Give the findings of a JSON report."""
    document = json.loads(ran.out)
    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)
    found: list[dict[str, object]] = document["firewalls"][0]["findings"]
    return found


# -- history --------------------------------------------------------------------------------------------------------


def test_nothing_is_recorded_unasked(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """`config` records only with --record, and does not even make the file without."""
    assert run(*site()).code == run(*site(), "--no-record").code == 1
    assert not (tmp_path / "history.sqlite").exists()
    assert run("history").out == "no runs are stored\n"


def test_record_list_show(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """A recorded run is listed, and shown again to the byte with the exit code that it had."""
    first = run(*site(), "--record", "-f", "json")
    listed = run("history")
    shown = run("history", "show", "-f", "json")

    assert first.code == 1
    assert "recorded as run 1 in " in first.err
    assert re.search(r"1 +2027-01-01 .*findings \(1\) +1 high +perimeter", listed.out)
    assert (shown.code, shown.out) == (1, first.out)


def test_configuration_comes_back(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """The configuration that a run judged is given back, redacted, for another audit."""
    words = site()
    run(*words, "--record")
    back = run("history", "config", "last", "perimeter", tmp_path / "back")
    again = run("config", tmp_path / "back", *words[2:])

    assert back.code == 0
    assert again.code == 1
    assert HTTP in again.out


def test_keep_prune_release(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """Old runs go, kept ones stay until they are released."""
    for day in ("2027-01-01", "2027-01-02", "2027-01-20"):
        run(*site(day=day), "--record")
    prune = ("history", "prune", "--older-than", "10", "--as-of", "2027-01-21")
    kept = run("history", "keep", "1", "approved")
    dry, wet = run(*prune, "--dry-run"), run(*prune)
    release = run("history", "release", "approved")
    last = run(*prune)

    assert "run 1 is kept as approved" in kept.err
    assert (dry.out, wet.out) == ("would go: 1 run (2)\n", "gone: 1 run (2)\n")
    assert release.code == 0
    assert last.out == "gone: 1 run (1)\n"
    assert run("history", "prune").code == 2


def test_trend(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """The course of findings is drawn oldest first."""
    run(*site((HTTP + " \n", ""), day="2027-01-01"), "--record")
    run(*site(day="2027-01-02"), "--record")
    ran = run("history", "trend")

    assert re.search(r"2027-01-01 +0 +0 .*\n2027-01-02 +0 +1 ", ran.out)
    assert re.search(r"high +·█ +0 +1", ran.out)
    assert "2027-01-01: 0; 2027-01-02: 1" in run("history", "show", "2", "-f", "html").out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("show", "7"), "`st-audit history` lists them"),
        (("keep", "7", "x"), "`st-audit history` lists them"),
        (("config", "last", "perimeter", "d"), "holds no run yet"),
        (("show",), "`host` and `config` do with --record"),
    ],
)
def test_no_such_run(run: Run, words: tuple[str, ...], hint: str) -> None:
    """What means no run ends in 2 and says how to find one, or how the first comes to be stored."""
    ran = run("history", *words)

    assert ran.code == 2
    assert hint in ran.err


def test_runs_of_a_firewall_that_has_none(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """A filter that nothing fits is named: it is not said that the history is empty."""
    run(*site(), "--record")

    assert run("history", "--firewall", "perimetre").out == "no run with firewall perimetre is stored\n"
    assert run("history", "trend", "--deployment-name", "b").out == "no run of deployment b is stored\n"


def test_history_that_fails(
    run: Run, site: Callable[..., tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A history that cannot be written ends the run in 2, after the report was delivered."""
    (tmp_path / "notes.txt").write_text("no database, but long enough to look like one\n" * 30, "utf-8")
    monkeypatch.setenv("ST_AUDIT_HISTORY", str(tmp_path / "notes.txt"))
    ran = run(*site(), "--record")

    assert ran.code == 2
    assert "FINDINGS" in ran.out
    assert "ST_AUDIT_HISTORY" in ran.err


def test_two_processes_at_once(site: Callable[..., tuple[str, ...]], run: Run) -> None:
    """Two real processes that record into a history that is not there yet are both found in it."""
    words = [str(Path(sys.executable).with_name("st-audit")), *map(str, site()), "--record", "--quiet"]
    both = [subprocess.Popen(words, stdout=subprocess.DEVNULL, env=os.environ.copy()) for _ in range(2)]

    assert [process.wait(timeout=60) for process in both] == [1, 1]
    assert run("history").out.count("perimeter") == 2


# -- drift ----------------------------------------------------------------------------------------------------------


def test_drift_names_what_changed(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """A rule added between two runs is named by its traffic and its line."""
    before = site((HTTP + " \n", ""), day="2027-01-01")
    run(*before, "--record")
    telnet = f"{SSH} \naccess-list OUTSIDE_IN extended permit tcp 203.0.113.0 255.255.255.0 host 192.0.2.10 eq telnet"
    run(*site((HTTP + " \n", ""), (SSH, telnet), day="2027-01-04"), "--record")
    ran = run("drift")

    assert ran.code == 1
    assert "since Friday 2027-01-01 203.0.113.0/24 may reach 192.0.2.10 on tcp/23, line 33" in ran.out
    assert run("drift", "2", "1").code == 0


def test_renumbering_drifts_by_nothing(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """An access list with the same meaning in another order, moved down by remarks, has not drifted."""
    run(*site(), "--record")
    remark = "access-list OUTSIDE_IN remark moved\n"
    moved = site((HTTP + " \n", ""), (SSH, f"{remark * 5}{HTTP} \n{SSH}"), day="2027-01-04")
    run(*moved, "--record")
    ran = run("drift")

    assert (ran.code, "nothing changed" in ran.out) == (0, True)


def test_drift_says_that_the_deployment_changed(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """Without a named run too, a reader hears that the audits were held against different files."""
    words = list(site())
    run(*words, "--record")
    changed = tmp_path / "deployment.yaml"
    changed.write_text(Path(words[3]).read_text("utf-8") + "# a word more\n", "utf-8")
    words[3] = str(changed)
    run(*words, "--record")

    for ran in (run("drift"), run("drift", "1", "2")):
        assert (ran.code, "the deployment file changed" in ran.out) == (0, True)


def test_drift_of_files(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """Reports in files are compared without any history, with each other or with a stored run."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    run(*site((HTTP + " \n", "")), "-o", f"json={old}")
    run(*site(day="2027-01-02"), "-o", f"json={new}", "--record")
    ran = run("drift", old, new, "-f", "json")

    assert ran.code == 1
    assert json.loads(ran.out)["firewalls"][0]["changes"][0]["kind"] == "new"
    assert run("drift", old).code == 1
    assert run("drift", "last", new).code == 0


def test_drift_since_a_day_or_a_name(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """Before stands what was at the end of a day, or the run that was kept."""
    run(*site((HTTP + " \n", ""), day="2027-01-01"), "--record")
    run(*site(day="2027-01-02"), "--record")
    run(*site(day="2027-01-03"), "--record")
    run("history", "keep", "1", "approved")

    assert run("drift").code == 0
    assert run("drift", "2027-01-01").code == run("drift", "approved").code == run("drift", "1", "2").code == 1
    assert "seen for the first time" in run("drift", "2026-12-31").out


def test_drift_firewalls(run: Run, site: Callable[..., tuple[str, ...]]) -> None:
    """One firewall can be picked; one that is not there is an error."""
    run(*site(), "--record")

    assert run("drift", "last", "last", "--firewall", "perimeter").code == 0
    assert run("drift", "last", "last", "--firewall", "inner").code == 2


def test_drift_of_peers(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """Peers of one run are compared with each other; any difference counts."""
    file = tmp_path / "pair.json"
    document = json.loads(run(*site(), "-f", "json").out)
    (one,) = document["firewalls"]
    document["firewalls"] = [one | {"name": "fw-a"}, one | {"name": "fw-b"}, one | {"name": "fw-c", "findings": []}]
    file.write_text(json.dumps(document), "utf-8")

    assert run("drift", file, "--peers", "fw-a", "fw-b").code == 0
    apart = run("drift", file, "--peers", "fw-a", "fw-c")
    assert (apart.code, "gone" in apart.out) == (1, True)
    assert run("drift", file, "--peers", "fw-a", "fw-d").code == 2
    assert run("drift", file, file, "--peers", "fw-a", "fw-b").code == 2


# -- waivers --------------------------------------------------------------------------------------------------------


@pytest.fixture
def accepted(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> Path:
    """Give a waivers file with the entry that `waivers new` writes for HTTP, to the end of January."""
    report, file = tmp_path / "report.json", tmp_path / "waivers.yaml"
    ran = run(*site(), "-f", "json")
    report.write_text(ran.out, "utf-8")
    (found,) = findings(ran)
    words = ("waivers", "new", str(found["id"]), "--report", report, "--expires", "2027-01-31", "--append", file)
    assert run(*words, *APPROVED).code == 0
    return file


def test_accepted_finding(run: Run, site: Callable[..., tuple[str, ...]], accepted: Path) -> None:
    """A finding that an entry of `waivers new` accepts stays in the report and does not count."""
    ran = run(*site(), "--waivers", accepted, "-f", "json")
    (found,) = findings(ran)

    assert ran.code == 0
    assert found["waived"] == {
        "reason": "until spring", "owner": "mft-team", "approver": "ciso", "ticket": "SEC-1", "expires": "2027-01-31",
    }  # fmt: skip
    assert json.loads(ran.out)["summary"]["waived"] == 1


def test_expired_waiver(run: Run, site: Callable[..., tuple[str, ...]], accepted: Path) -> None:
    """On its last day it holds, the day after it counts again and is told on stderr and in the report."""
    assert run(*site(day="2027-01-31T23:59:59Z"), "--waivers", accepted).code == 0
    ran = run(*site(day="2027-02-01"), "--waivers", accepted)

    assert ran.code == 1
    assert "expired with 2027-01-31 (UTC), 1 day ago: 1 finding counts again" in ran.err
    assert "waivers.yaml" in ran.err
    assert "expired with 2027-01-31" in " ".join(ran.out.split())


def test_another_finding_beside_the_accepted_one(
    run: Run, site: Callable[..., tuple[str, ...]], accepted: Path
) -> None:
    """A line that opens more than what was accepted has the rest in a finding of its own, which counts."""
    grown = site((HTTP, HTTP.replace("eq www", "range 80 81")))
    ran = run(*grown, "--waivers", accepted, "-f", "json")

    # Row 4 is about port 80; port 81 is no row's.
    assert ran.code == 1
    assert [item["waived"] is not None for item in findings(ran)] == [True, False]


def test_grown_finding_voids_its_waiver(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """A waiver of a narrow source is void once the rule lets everybody in; the warning counts what was added."""
    narrow = site((HTTP, HTTP.replace("tcp any", "tcp 203.0.113.0 255.255.255.0")))
    run(*narrow, "--record")
    (found,) = findings(run("history", "show", "-f", "json"))
    entry = run("waivers", "new", str(found["id"]), "--expires", "2029-01-31", *APPROVED)
    file = tmp_path / "w.yaml"
    file.write_text(entry.out, "utf-8")

    assert run(*narrow, "--waivers", file).code == 0
    ran = run(*site(), "--waivers", file, "-f", "json")
    (warning,) = json.loads(ran.out)["waivers"]["warnings"]
    (whole,) = findings(ran)
    assert (ran.code, warning["kind"], whole["waived"]) == (1, "grown", None)
    assert int(warning["size"]) == int(str(whole["size"])) - 256 * 65536
    assert f"{int(warning['size']):,} combinations" in ran.err


def test_check(run: Run, site: Callable[..., tuple[str, ...]], accepted: Path, tmp_path: Path) -> None:
    """`waivers check` ends in 0 where there is nothing to say, 1 where there is, 2 for a wrong file."""
    clean = tmp_path / "clean.json"
    clean.write_text(run(*site((HTTP + " \n", "")), "-f", "json").out, "utf-8")
    well = run("waivers", "check", accepted, "--as-of", "2026-12-01", "--report", tmp_path / "report.json")
    soon = run("waivers", "check", accepted, "--as-of", "2027-01-30")
    idle = run("waivers", "check", accepted, "--as-of", "2026-12-01", "--report", clean)
    accepted.write_text(accepted.read_text("utf-8").replace("owner: mft-team", "owner:"), "utf-8")
    wrong = run("waivers", "check", accepted)

    assert (well.code, soon.code, idle.code, wrong.code) == (0, 1, 1, 2)
    assert "waivers.yaml:3: expiring: SEC-1 (perimeter) expires in 1 day" in soon.out
    assert "unused: SEC-1 (perimeter) no finding needs it" in idle.out
    assert re.search(r"waivers\.yaml:\d+: waivers\[0\]\.owner: nothing is not a text", wrong.err)


def test_expiring_within(run: Run, accepted: Path) -> None:
    """How early the end is told is the caller's choice."""
    words = ("waivers", "check", accepted, "--as-of", "2026-12-31")

    assert run(*words, "--expiring-within", "30").code == 0
    assert run(*words, "--expiring-within", "31").code == 1


def test_list(run: Run, accepted: Path) -> None:
    """`waivers list` says what is accepted, by whom, and how many days are left."""
    ran = run("waivers", "list", accepted, "--as-of", "2027-01-30")
    later = run("waivers", "list", accepted, "--as-of", "2027-02-01")

    assert re.search(r"2027-01-31 +1 +SEC-1 +perimeter", ran.out)
    assert "mft-team" in ran.out
    assert re.search(r"2027-01-31 +expired", later.out)


def test_append_twice(run: Run, accepted: Path, tmp_path: Path) -> None:
    """A second entry is added below the first, and the file stays right."""
    document = json.loads((tmp_path / "report.json").read_text("utf-8"))
    name = document["firewalls"][0]["findings"][0]["id"]
    words = ("waivers", "new", name, "--report", tmp_path / "report.json", "--expires", "2028-02-29", *APPROVED)
    assert run(*words, "--append", accepted).code == 0
    entries = YAML(typ="safe", pure=True).load(accepted)["waivers"]

    assert [str(entry["expires"]) for entry in entries] == ["2027-01-31", "2028-02-29"]
    assert run("waivers", "check", accepted, "--as-of", "2026-01-01").out.count("overlapping") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--expires", "soon"), "is no date such as 2027-01-31"),
        (("--expires", "2027-02-29"), "is no date such as 2027-01-31"),
        (("--expires", "2027-01-31T10:00Z"), "is no date such as 2027-01-31"),
        ((), "Missing option"),
    ],
)
def test_new_needs_a_day(run: Run, accepted: Path, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    """An entry without a last day is not written."""
    ran = run("waivers", "new", "extra-1", "--report", tmp_path / "report.json", *APPROVED, *words)

    assert accepted.exists()
    assert ran.code == 2
    assert message in " ".join(ran.err.split())


def test_new_of_no_finding(run: Run, accepted: Path, tmp_path: Path) -> None:
    """An id that the report does not have is the user's error."""
    words = ("waivers", "new", "extra-0", "--report", tmp_path / "report.json", "--expires", "2027-01-31", *APPROVED)

    assert accepted.exists()
    assert "the report has no finding 'extra-0'" in run(*words).err


def test_wrong_waivers_end_the_run_early(run: Run, site: Callable[..., tuple[str, ...]], tmp_path: Path) -> None:
    """A waivers file in error ends an audit in 2 before anything is judged, naming file, line and key."""
    file = tmp_path / "w.yaml"
    file.write_text("version: 1\nwaivers:\n  - {firewall: perimeter}\n", "utf-8")
    ran = run(*site(), "--waivers", file)

    assert (ran.code, ran.out) == (2, "")
    assert f"{file}:3: waivers[0]: the key reason is missing here" in ran.err


def test_schema(run: Run) -> None:
    """The JSON Schema of the waivers file is printed."""
    document = json.loads(run("schema", "waivers").out)

    jsonschema.Draft202012Validator.check_schema(document)
    assert document["title"] == "st-audit waivers file, version 1"
