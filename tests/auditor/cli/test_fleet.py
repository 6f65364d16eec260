"""`fleet` over emulated firewalls: the same report whoever collects, failures that are values, news told once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.demo.terminal import Faults
from auditor.export.json import schema
from tests.auditor.cli.conftest import Ran
from tests.auditor.fleet import bed
from tests.auditor.fleet.bed import Box, Site, boxes, timeless

Run = Callable[..., Ran]
AS_OF = "2026-11-24"


@pytest.fixture
def home(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001 - cleans first
    """Give a job's home, with its login in the environment."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name, value in bed.environment(folder).items():
        monkeypatch.setenv(name, value)
    return folder


MIXED = [
    Box(name="fw-b"),
    Box(name="fw-a", configuration=bed.COMPLIANT),
    Box(name="fw-d", password="another"),
    Box(name="fw-c", configuration=bed.COMPLIANT.replace(" eq https", " eq 8443")),
    Box(name="fw-f", down=True),
    Box(name="fw-e", fingerprint="SHA256:" + "A" * 43),
    Box(name="fw-g", faults=Faults(stop=40)),
]
"""One of each: findings, compliant, missing; a refused login, a device that is down, a changed key, a cut output."""


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[Site]:  # noqa: ARG001 - sets the environment
    """Run the mixed fleet."""
    with bed.fleet(MIXED, tmp_path) as running:
        yield running


def audit(run: Run, site: Site, *more: str | Path, code: int | None = None) -> dict[str, Any]:
    """Run `fleet` without recording and give its JSON report, which must obey the schema."""
    ran = run(
        "fleet", "--deployment", site.deployment, "--as-of", AS_OF, "--no-record", "--retry-wait", "0.05",
        "-f", "json", *more,
    )  # fmt: skip
    assert code is None or ran.code == code, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    jsonschema.validate(found, schema(), cls=jsonschema.Draft202012Validator)
    return found


def test_report_does_not_depend_on_workers_or_shards(run: Run, site: Site, tmp_path: Path) -> None:
    """One worker, fifty, and three shards merged by `export` give the same report but for collection times."""
    one = audit(run, site, "-j", "1", code=3)
    fifty = audit(run, site, "-j", "50", code=3)
    parts = []
    for index in range(3):
        part = tmp_path / f"part-{index}.json"
        audit(run, site, "--shard", f"{index}/3", "-o", f"json={part}")
        parts.append(part)
    merged = json.loads(run("export", *reversed(parts), "-f", "json").out)

    assert [item["name"] for item in one["firewalls"]] == ["fw-a", "fw-b", "fw-c", "fw-d", "fw-e", "fw-f", "fw-g"]
    assert [item["status"] for item in one["firewalls"]] == ["compliant", "findings", "findings"] + 4 * [
        "not-assessable"
    ]
    assert timeless(one) == timeless(fifty) == timeless(merged)
    assert sorted(len(bed.read(part)["firewalls"]) for part in parts) == [2, 2, 3]
    lost = run("export", *parts[1:], "-f", "json")
    assert (lost.code, "part 3/3 is not there" in lost.err) == (2, True)
    assert "this is part 1/3 of a fleet" in run("export", parts[1], "-f", "json").err


def test_one_failure_is_a_value(run: Run, site: Site) -> None:
    """Each kind of failure is told apart; only what may pass is tried again, a refused login or key never."""
    found = audit(run, site, "--retries", "1", code=3)
    kinds = {item["name"]: item["error"] and item["error"]["kind"] for item in found["firewalls"]}

    assert kinds == {
        "fw-a": None,
        "fw-b": None,
        "fw-c": None,
        "fw-d": "authentication",
        "fw-e": "host-key-changed",
        "fw-f": "unreachable",
        "fw-g": "incomplete",
    }
    assert {name: emulator.record.connections for name, emulator in site.emulators.items()} == {
        "fw-a": 1,
        "fw-b": 1,
        "fw-c": 1,
        "fw-d": 1,  # a second try would lock the account
        "fw-e": 1,
        "fw-g": 1,  # it ends in good order each time
    }
    assert site.emulators["fw-e"].record.authentications == []
    assert all(not emulator.record.changes for emulator in site.emulators.values())


def test_what_hangs_up_is_tried_again(run: Run, home: Path, tmp_path: Path) -> None:  # noqa: ARG001 - environment
    """A connection that breaks is tried as often as --retries says, and its last failure stands."""
    with bed.fleet([Box(name="fw", faults=Faults(abort=20))], tmp_path) as site:
        found = audit(run, site, "--retries", "2", code=3)

        assert found["firewalls"][0]["error"]["kind"] == "incomplete"
        assert site.emulators["fw"].record.connections == 3


def test_deadline_of_a_device(run: Run, home: Path, tmp_path: Path) -> None:  # noqa: ARG001 - environment
    """A device that stops within its output is given up when its time is up, and holds nobody else up."""
    slow = Box(name="fw-slow", faults=Faults(pause=(20, 60.0)))
    with bed.fleet([slow, Box(name="fw-ok")], tmp_path) as site:
        found = audit(run, site, "--timeout", "2", "--retries", "0", code=3)

    assert [item["error"] and item["error"]["kind"] for item in found["firewalls"]] == [None, "incomplete"]


@pytest.mark.slow
def test_two_hundred_firewalls(run: Run, home: Path, tmp_path: Path) -> None:
    """200 emulated firewalls, 50 workers, one process: each is asked once, whole, and nothing is changed."""
    with bed.fleet(boxes(200), tmp_path) as site:
        ran = run(
            "fleet", "--deployment", site.deployment, "--as-of", AS_OF, "-j", "50", "-f", "json",
            "--metrics", home / "fleet.prom",
        )  # fmt: skip
        records = [emulator.record for emulator in site.emulators.values()]
    found = json.loads(ran.out)

    assert ran.code == 1, ran.err
    assert [item["name"] for item in found["firewalls"]] == [f"fw-{number:03}" for number in range(200)]
    assert {item["status"] for item in found["firewalls"]} == {"findings"}
    assert {record.connections for record in records} == {1}
    assert not any(record.changes for record in records)
    assert "recorded as run 1" in ran.err
    assert re.search(r"200 firewalls: 200 with findings; findings: 200 high; \d+\.\d s; exit code 1$", ran.err.strip())
    assert "st_audit_firewalls 200.0" in (home / "fleet.prom").read_text("utf-8")


def test_empty_shard(run: Run, site: Site, home: Path) -> None:
    """A part without firewalls ends in 0, with a report that says so, and tells nobody anything."""
    found = audit(run, site, "--shard", "8/9", code=0)

    assert (found["firewalls"], found["status"]) == ([], "compliant")
    assert list((home / "state" / "st-audit").glob("*.json")) == []


@pytest.mark.parametrize("shard", ["3/2", "1/0", "x", "1", "-1/2"])
def test_wrong_shard(run: Run, shard: str) -> None:
    """A part that cannot be is the user's error."""
    assert run("fleet", "--shard", shard).code == 2


def test_limit(run: Run, site: Site) -> None:
    """Patterns choose, those with ! take away, and one that fits nothing is an error and not an empty run."""
    found = audit(run, site, "--limit", "fw-[abc]", "--limit", "!fw-b", code=1)

    assert [item["name"] for item in found["firewalls"]] == ["fw-a", "fw-c"]
    ran = run("fleet", "--deployment", site.deployment, "--limit", "fv-a")
    assert (ran.code, "fw-a" in ran.err) == (2, True)


def test_plain_lines_and_json_logs(run: Run, site: Site) -> None:
    """Without a terminal each firewall is a line; as JSON it is an object with its values, and so is the summary."""
    words = ("fleet", "--deployment", site.deployment, "--as-of", AS_OF, "--no-record", "--limit", "fw-[af]",
             "--retries", "0", "-f", "json")  # fmt: skip
    plain = run(*words)
    logged = run(*words, "--log-format", "json")
    entries = [json.loads(line) for line in logged.err.splitlines()]
    events = {entry["event"]: entry for entry in entries if "event" in entry and entry.get("firewall") != "fw-f"}

    assert re.search(r"^\[[12]/2\] fw-a: compliant \(no findings\), \d+\.\d s$", plain.err, re.MULTILINE)
    assert re.search(r"^error: \[[12]/2\] fw-f: unreachable: ", plain.err, re.MULTILINE)
    assert events["firewall"]["status"] == "compliant"
    assert events["firewall"]["total"] == 2
    summary = events["summary"]
    assert summary["exit_code"] == 3
    assert summary["status"] == {"compliant": 1, "not-assessable": 1}
    assert summary["problems"] == {"unreachable": 1}
    assert bed.PASSWORD not in plain.err + plain.out + logged.err + logged.out


def test_quiet_says_failures_alone(run: Run, site: Site) -> None:
    """With --quiet stderr holds what failed and nothing else."""
    ran = run("fleet", "--deployment", site.deployment, "--no-record", "--limit", "fw-[af]", "--retries", "0",
              "--quiet", "-f", "json")  # fmt: skip

    assert [line.split("] ")[1].split(":")[0] for line in ran.err.splitlines() if line.startswith("error")] == ["fw-f"]


def test_credentials_file_by_firewall(run: Run, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each firewall has a login of its own where the file says so."""
    monkeypatch.delenv("ST_AUDIT_PASSWORD")
    file = tmp_path / "credentials.toml"
    file.write_text(f'password = "{bed.PASSWORD}"\n[firewall.fw-d]\npassword = "another"\n', "utf-8")
    file.chmod(0o600)
    found = audit(run, site, "--credentials", file, "--limit", "fw-[ad]")

    assert [item["error"] for item in found["firewalls"]] == [None, None]


def test_address_is_missing(run: Run, site: Site) -> None:
    """A firewall that the site's files do not say how to reach is that firewall's failure, and the run's exit is 2."""
    text = site.deployment.read_text("utf-8").replace(
        "  fw-f:\n    platform: cisco_asa\n    address: 127.0.0.1\n", "  fw-f:\n    platform: cisco_asa\n"
    )
    site.deployment.write_text(text, "utf-8")
    found = audit(run, site, "--limit", "fw-[af]", code=2)

    assert [item["status"] for item in found["firewalls"]] == ["compliant", "not-assessable"]
    assert "no address" in found["firewalls"][1]["error"]["message"]


def test_saved_configurations_are_audited_alike(run: Run, site: Site, tmp_path: Path) -> None:
    """What --save-config keeps, `config` judges as `fleet` did."""
    live = audit(run, site, "--limit", "fw-b", "--save-config", tmp_path / "saved")
    ran = run("config", tmp_path / "saved" / "fw-b", "--deployment", site.deployment, "--as-of", AS_OF, "-f", "json")
    saved = json.loads(ran.out)

    for report in (live, saved):
        report["firewalls"][0]["source"] = None
    assert saved["firewalls"] == live["firewalls"]


def test_bundle_of_a_fleet_is_replayed(run: Run, site: Site, tmp_path: Path) -> None:
    """The evidence of a fleet holds: `verify` comes to the same bytes."""
    audit(run, site, "--limit", "fw-[abf]", "-o", f"bundle={tmp_path / 'fleet.bundle'}")

    assert run("verify", tmp_path / "fleet.bundle").code == 0


def test_paths_are_judged_together(run: Run, home: Path, tmp_path: Path) -> None:  # noqa: ARG001 - environment
    """Firewalls of one path stay in one shard, and the report is that of a run without shards."""
    devices = [Box(name="inner"), Box(name="outer"), Box(name="other", configuration=bed.COMPLIANT)]
    with bed.fleet(devices, tmp_path, more="paths: [[outer, inner]]\n") as site:
        whole = audit(run, site, code=1)
        parts = []
        for index in (1, 2):
            part = tmp_path / f"part-{index}.json"
            found = audit(run, site, "--shard", f"{index}/2", "-o", f"json={part}")
            parts.append((part, {item["name"] for item in found["firewalls"]}))
    merged = json.loads(run("export", *[part for part, _ in parts], "-f", "json").out)

    assert {"inner", "outer"} in [names for _, names in parts]
    assert timeless(merged) == timeless(whole)
    assert any(len(row["hops"]) == 2 for row in whole["rows"])


def test_waivers_over_shards(run: Run, home: Path, tmp_path: Path) -> None:  # noqa: ARG001 - environment
    """What no part can say of a waiver over all of them the merged report says, from the file or from bundles."""
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text(
        "version: 1\nwaivers:\n"
        "  - firewall: [fw-a, fw-b]\n"
        "    traffic: [{source: any4, destination: 192.0.2.10, protocol: tcp, ports: 8099}]\n"
        "    reason: a test\n    owner: mft\n    approver: ciso\n    ticket: SEC-1\n    expires: 2099-12-31\n",
        "utf-8",
    )
    parts, bundles = [tmp_path / "1.json", tmp_path / "2.json"], [tmp_path / "1.zip", tmp_path / "2.zip"]
    with bed.fleet([Box(name="fw-a"), Box(name="fw-b")], tmp_path) as site:
        whole = audit(run, site, "--waivers", waivers)
        for index, (part, bundle) in enumerate(zip(parts, bundles, strict=True), start=1):
            outputs = ("-o", f"json={part}", "-o", f"bundle={bundle}")
            audit(run, site, "--waivers", waivers, "--shard", f"{index}/2", *outputs)
    named = run("export", *parts, "--waivers", waivers, "-f", "json")
    bundled = run("export", *bundles, "-f", "json", "--bundle", tmp_path / "all.zip")
    silent = run("export", *parts, "-f", "json")
    other = tmp_path / "other.yaml"
    other.write_text(waivers.read_text("utf-8").replace("SEC-1", "SEC-2"), "utf-8")

    assert [item["kind"] for item in whole["waivers"]["warnings"]] == ["unused"]
    assert timeless(json.loads(named.out)) == timeless(whole)
    assert timeless(json.loads(bundled.out)) == timeless(whole)
    assert run("verify", tmp_path / "all.zip").code == 0
    assert json.loads(silent.out)["waivers"]["warnings"] == []
    assert "--waivers FILE only" in silent.err
    assert run("export", *parts, "--waivers", other).code == 2


def test_another_run_is_at_it(run: Run, site: Site, home: Path) -> None:
    """Two runs of one job never overlap: the second ends in 3, says who holds the lock, and counts nothing."""
    from auditor.fleet.lock import exclusive

    audit(run, site, "--limit", "fw-a")
    lock = next((home / "state" / "st-audit").glob("*.lock"))
    metrics = home / "fleet.prom"
    with exclusive(lock):
        ran = run("fleet", "--deployment", site.deployment, "--no-record", "--limit", "fw-a", "--metrics", metrics)

    assert ran.code == 3
    assert "another run is at it: process" in ran.err
    assert not metrics.exists()
    # Another part of the fleet is another job.
    with exclusive(lock):
        assert audit(run, site, "--limit", "fw-b")["status"] == "findings"


def test_usage_errors_are_counted(run: Run, home: Path, tmp_path: Path) -> None:
    """A run that could not begin says so in the metrics and keeps what they said of success."""
    metrics = home / "fleet.prom"
    metrics.write_text("st_audit_last_success_timestamp_seconds 1.0e+09\nst_audit_exit_code 0\n", "utf-8")
    broken = tmp_path / "deployment.yaml"
    broken.write_text("version: 1\ngroups: [\n", "utf-8")
    ran = run("fleet", "--deployment", broken, "--metrics", metrics)
    text = metrics.read_text("utf-8")

    assert ran.code == 2
    assert "st_audit_exit_code 2.0" in text
    assert "st_audit_last_success_timestamp_seconds 1e+09" in text


def test_dask_options_go_together(run: Run, site: Site) -> None:
    """Options of a cluster without one, and a cluster without TLS, are the user's errors."""
    words = ("fleet", "--deployment", site.deployment, "--no-record")
    file = site.deployment

    assert run(*words, "--scheduler", "tls://127.0.0.1:1").code == 2
    assert run(*words, "--executor", "dask", "--scheduler", "tls://127.0.0.1:1").code == 2
    certificates = ("--dask-ca", file, "--dask-cert", file, "--dask-key", file)
    clear = run(*words, "--executor", "dask", "--scheduler", "tcp://127.0.0.1:1", *certificates)
    assert (clear.code, "TLS" in clear.err) == (2, True)


def test_inventory_in_place_of_the_deployments_list(run: Run, site: Site, tmp_path: Path) -> None:
    """An inventory says which firewalls and where; sides are the deployment's, or derived where it knows none."""
    port = site.emulators["fw-b"].port
    key = site.emulators["fw-b"].key.fingerprint
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(
        "all:\n  vars:\n    ansible_network_os: cisco.asa.asa\n    ansible_host: 127.0.0.1\n"
        f'    ansible_port: {port}\n    st_audit_fingerprint: "{key}"\n'
        "  children:\n    firewalls:\n      hosts:\n        fw-b:\n        unlisted:\n"
        "    servers:\n      vars: {ansible_network_os: arista.eos.eos}\n      hosts: {switch1: }\n",
        "utf-8",
    )
    ran = run("fleet", "--deployment", site.deployment, "--as-of", AS_OF, "--no-record", "--inventory", inventory,
              "-f", "json")  # fmt: skip
    found = {item["name"]: item for item in json.loads(ran.out)["firewalls"]}

    assert set(found) == {"fw-b", "unlisted"}
    assert "1 of " in ran.err
    assert "switch1" in ran.err
    assert found["fw-b"]["status"] == "findings"
    assert found["unlisted"]["error"] is None
    assert {side["name"] for side in found["unlisted"]["sides"]} >= {"outside", "dmz", "inside"}


def test_news_are_told_once(run: Run, home: Path, tmp_path: Path) -> None:
    """The first run tells all, the same again nothing, a change just that; a failure is told once, and its end."""
    state = home / "state" / "st-audit"

    def said(*devices: Box) -> tuple[str, bool]:
        with bed.fleet(devices, tmp_path) as site:
            # The ports differ from run to run: the job is the same as long as its files' paths are.
            ran = run("fleet", "--deployment", site.deployment, "--no-record", "--retries", "0", "--as-of", AS_OF)
        lines = [line for line in ran.err.splitlines() if line.startswith("st-audit http-open-while-off: ")]
        return lines[0].partition(": ")[2] if lines else "", any(state.glob("*.json"))

    good = Box(name="fw", configuration=bed.COMPLIANT)
    worse = Box(name="fw")
    down = replace(good, down=True)

    assert said(good) == ("first run, 1 firewall assessed", True)
    assert said(good) == ("", True)
    assert said(worse)[0] == "1 new or grown"
    assert said(down)[0] == "1 not assessable"
    assert said(down)[0] == ""
    # It is back, and what it lost meanwhile is told as well.
    assert said(good)[0] == "1 gone or shrunk, 1 assessable again"
    assert said(good, Box(name="second", configuration=bed.COMPLIANT))[0] == "1 added"
    assert said(good)[0] == "1 no longer audited"
