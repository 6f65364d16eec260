"""`export` and `verify`: stored reports in any format, bundles that replay, and words about one that does not."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.demo.asa import Asa
from auditor.demo.run import configuration, deployment
from auditor.demo.server import serve
from auditor.demo.terminal import Device
from auditor.export.bundle.archive import MANIFEST, pack
from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]
AS_OF = ("--as-of", "2026-11-24")


@pytest.fixture
def bundle(run: Run, asa: Path, tmp_path: Path) -> Path:
    """Write the bundle of a firewall with a finding, and its report beside it."""
    folder = asa / "http-open-while-off"
    file = tmp_path / "run.zip"
    ran = run(
        "config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF,
        "-o", f"bundle={file}", "-o", f"json={tmp_path / 'report.json'}",
    )  # fmt: skip
    assert ran.code == 1, ran.err
    return file


def entries(file: Path) -> dict[str, bytes]:
    """Give the files of a bundle."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(file: Path, changed: dict[str, bytes], **manifest: Any) -> Path:
    """Write a bundle anew with some files changed and a manifest that fits them: what a forger would do."""
    files = entries(file)
    values = json.loads(files.pop(MANIFEST))
    goal = file.with_name("forged.zip")
    goal.write_bytes(pack(values | manifest, files | changed))
    return goal


@pytest.mark.parametrize(
    "case",
    ["production-perimeter", "http-in-range", "truncated", "refused-pix", "fqdn-object", "time-range-accepted"],
)
def test_a_bundle_replays_to_the_same_bytes(run: Run, asa: Path, tmp_path: Path, case: str) -> None:
    """Whatever an audit came to, its bundle gives the same report again, also from another folder."""
    folder = asa / case
    config = folder / "config.txt" if (folder / "config.txt").exists() else asa / "time-range" / "config.txt"
    file = tmp_path / "run.zip"
    run("config", config, "--deployment", folder / "deployment.yaml", *AS_OF, "-o", f"bundle={file}")
    ran = run("verify", file)

    assert ran.code == 0, ran.out
    assert ran.out.splitlines()[-1] == "SAME: the files are unharmed and the same report comes out"


def test_two_runs_write_the_same_bundle(run: Run, asa: Path, bundle: Path, tmp_path: Path) -> None:
    """The archive depends on what it holds alone, not on clock, folder or order."""
    folder = asa / "http-open-while-off"
    again = tmp_path / "again.zip"
    run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF, "-o", f"bundle={again}")

    assert again.read_bytes() == bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {"report.json", "captures/perimeter/config.txt", "site/deployment.yaml"} <= set(names)


def test_a_bundle_of_options_alone(run: Run, asa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that only options describe replays as well."""
    monkeypatch.chdir(tmp_path)
    words = ["--edge", "192.0.2.11", "--edge-vip", "192.0.2.10", "--server", "10.20.0.11", "--trusted", "10.20.0.0/24"]
    words += ["--side", "outside=internet", "--side", "dmz=edge,edge_vip", "--side", "inside=server,trusted"]
    run("config", asa / "compliant" / "config.txt", *words, *AS_OF, "-o", "bundle=run.zip")

    assert run("verify", "run.zip").code == 0


def test_a_bundle_of_a_live_firewall(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was collected over SSH is kept with the commands sent and the host key, without a secret, and replays."""
    password, enable = "canary-login-4711", "canary-enable-0815"
    monkeypatch.setenv("ST_AUDIT_USER", "audit")
    monkeypatch.setenv("ST_AUDIT_PASSWORD", password)
    monkeypatch.setenv("ST_AUDIT_ENABLE_SECRET", enable)
    site = tmp_path / "deployment.yaml"
    site.write_text(deployment().replace("198.51.100.1", "127.0.0.1"), "utf-8")
    known = tmp_path / "known_hosts"
    known.touch()
    device = Device(
        hostname="acme-fw1", user="audit", password=password, enable_secret=enable, configuration=configuration()
    )
    file = tmp_path / "run.zip"
    with serve(Asa, device) as emulator:
        reach = ("--deployment", site, "--port", str(emulator.port), "--known-hosts", known)
        run("trust", "perimeter", *reach, "--fingerprint", emulator.key.fingerprint)
        ran = run("host", "perimeter", *reach, "-o", f"bundle={file}")
    assert ran.code == 1, ran.err
    files = entries(file)
    origin = json.loads(files["captures/perimeter/manifest.json"])["origin"]

    assert (origin["host_key"], "show running-config" in origin["commands"]) == (emulator.key.fingerprint, True)
    assert not any(secret.encode() in content for secret in (password, enable) for content in files.values())
    assert run("verify", file).code == 0


def test_a_changed_report_differs(run: Run, bundle: Path) -> None:
    """A verdict that was made nicer, manifest and all, comes out as it is; the place is named."""
    report = entries(bundle)["report.json"].decode()
    forged = repacked(bundle, {"report.json": report.replace('"severity": "high"', '"severity": "low"').encode()})
    ran = run("verify", forged)

    assert ran.code == 1
    assert "differs: firewalls.perimeter.findings." in ran.out
    assert ran.out.splitlines()[-1] == "DIFFERENT"
    document = json.loads(run("verify", forged, "-f", "json").out)
    assert (document["same"], document["damage"]) == (False, [])
    assert {(item["stored"], item["replayed"]) for item in document["differences"]} == {('"low"', '"high"')}


def test_a_changed_configuration_differs(run: Run, bundle: Path) -> None:
    """A configuration that was changed afterwards, with fitting hashes, no longer gives the report."""
    name = "captures/perimeter/config.txt"
    text = entries(bundle)[name].decode()
    line = next(line for line in text.splitlines(keepends=True) if "eq www" in line)
    ran = run("verify", repacked(bundle, {name: text.replace(line, "").encode()}))

    assert ran.code == 1
    assert "differs: firewalls.perimeter" in ran.out


def test_damage_is_told(run: Run, bundle: Path) -> None:
    """A file that is not what the manifest says, one that is missing and one that was added are named."""
    files = entries(bundle)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            if name != "README.txt":
                archive.writestr(name, content + b"\n# later" if name == "site/deployment.yaml" else content)
        archive.writestr("site/more.txt", b"x")
    harmed = bundle.with_name("harmed.zip")
    harmed.write_bytes(out.getvalue())
    ran = run("verify", harmed)

    assert ran.code == 1
    for words in ("README.txt is missing", "site/more.txt was added", "site/deployment.yaml was changed"):
        assert f"damaged: {words}" in ran.out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no archive", "no archive that can be read"),
        (b"PK\x03\x04 but not really", "no archive that can be read"),
    ],
)
def test_what_is_no_bundle(run: Run, tmp_path: Path, content: bytes, message: str) -> None:
    """Another file is the user's error."""
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    ran = run("verify", file)

    assert (ran.code, message in ran.err) == (2, True)


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "a/../../evil", "a\\b", "a//b", "./a"])
def test_an_archive_cannot_lead_out_of_its_folder(run: Run, tmp_path: Path, name: str) -> None:
    """A name that is no plain path is refused before anything is read."""
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    ran = run("verify", file)

    assert ran.code == 2
    assert "strange name" in ran.err


def test_a_bundle_whose_manifest_lies(run: Run, bundle: Path) -> None:
    """A manifest that does not fit its files is the user's error, never a bug."""
    changes: tuple[dict[str, Any], ...] = ({"firewalls": [{}]}, {"site": None}, {"firewalls": 3}, {"groups": [1]})
    for change in changes:
        ran = run("verify", repacked(bundle, {}, **change))
        assert ran.code == 2, (change, ran.err)


def test_exporting_a_stored_report(run: Run, bundle: Path, tmp_path: Path) -> None:
    """A stored report in another format is what the run itself would have written."""
    ran = run("export", tmp_path / "report.json", "-f", "markdown")

    assert ran.code == 0
    assert ran.out == run("export", bundle, "-f", "markdown").out
    assert run("export", tmp_path / "report.json", "-f", "json").out == (tmp_path / "report.json").read_text("utf-8")


def test_exporting_again_gives_the_same_bundle(run: Run, bundle: Path, tmp_path: Path) -> None:
    """A bundle written from a bundle, or from the folder that one was unpacked into, is the same to the byte."""
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    for place in (bundle, folder):
        again = tmp_path / "again.zip"
        assert run("export", place, "--bundle", again).code == 0
        assert again.read_bytes() == bundle.read_bytes()


def test_a_report_alone_makes_no_bundle(run: Run, bundle: Path, tmp_path: Path) -> None:  # noqa: ARG001 - writes it
    """A stored report has no configuration, so a bundle of it is refused with what to do."""
    ran = run("export", tmp_path / "report.json", "--bundle", tmp_path / "x.zip")

    assert (ran.code, "a bundle needs bundles" in ran.err, (tmp_path / "x.zip").exists()) == (2, True, False)


def test_lines_in_context(run: Run, bundle: Path, tmp_path: Path) -> None:
    """From a bundle HTML shows what stands around a cited line, from a report the line alone."""
    run("export", bundle, "-o", f"html={tmp_path / 'full.html'}", "--quiet")
    run("export", tmp_path / "report.json", "-o", f"html={tmp_path / 'plain.html'}", "--quiet")

    assert '<tr class="context">' in (tmp_path / "full.html").read_text("utf-8")
    assert '<tr class="context">' not in (tmp_path / "plain.html").read_text("utf-8")


def test_the_course_of_runs(run: Run, bundle: Path, tmp_path: Path) -> None:
    """Earlier runs become a chart."""
    report = tmp_path / "report.json"
    older = tmp_path / "older.json"
    older.write_text(report.read_text("utf-8").replace("2026-11-24", "2026-10-24"), "utf-8")
    ran = run("export", bundle, "--trend", older, "-f", "html")

    assert ran.code == 0
    assert "Findings per run: 2026-10-24: 1; 2026-11-24: 1" in ran.out


def test_parts_of_a_run_become_one(run: Run, bundle: Path, tmp_path: Path) -> None:  # noqa: ARG001 - writes it
    """Reports of different firewalls of one run are merged; the same firewall twice, or another site, is refused."""
    report = tmp_path / "report.json"
    other = tmp_path / "other.json"
    other.write_text(report.read_text("utf-8").replace('"name": "perimeter"', '"name": "inner"'), "utf-8")
    alien = tmp_path / "alien.json"
    alien.write_text(report.read_text("utf-8").replace('"name": "http-open-while-off"', '"name": "else"'), "utf-8")
    document = json.loads(run("export", report, other, "-f", "json").out)

    assert [firewall["name"] for firewall in document["firewalls"]] == ["inner", "perimeter"]
    assert document["exit_code"] == 1
    ran = run("export", report, report)
    assert (ran.code, "is in" in ran.err) == (2, True)
    ran = run("export", report, alien)
    assert (ran.code, "another deployment" in ran.err) == (2, True)


def test_a_report_from_nowhere(run: Run, tmp_path: Path) -> None:
    """What cannot be read or is neither is the user's error."""
    assert run("export", tmp_path / "none.json").code == 2
    (tmp_path / "x.json").write_bytes(b"\xff\xfe")
    assert "neither a report nor a bundle" in run("export", tmp_path / "x.json").err


def test_a_bundle_of_a_stored_run(run: Run, asa: Path, tmp_path: Path) -> None:
    """A run of the history and the files that it was judged by make the bundle that the run itself would have made."""
    folder, wrong = asa / "http-open-while-off", asa / "http-in-range"
    direct, later = tmp_path / "direct.zip", tmp_path / "later.zip"
    site = ("--deployment", folder / "deployment.yaml")
    run("config", folder / "config.txt", *site, *AS_OF, "--record", "-o", f"bundle={direct}")
    ran = run("export", "last", *site, "--bundle", later)
    other = run("export", "last", "--deployment", wrong / "deployment.yaml", "--bundle", tmp_path / "x.zip")

    assert ran.code == 0, ran.err
    assert run("verify", later).code == 0
    assert later.read_bytes() == direct.read_bytes()
    assert (other.code, "judged by other deployment" in other.err) == (2, True)


def test_a_run_that_options_changed_makes_no_bundle_later(run: Run, asa: Path, tmp_path: Path) -> None:
    """Where options stood over the deployment file, its files alone do not give the run again, and that is said."""
    folder = asa / "http-open-while-off"
    site = ("--deployment", folder / "deployment.yaml")
    run("config", folder / "config.txt", *site, *AS_OF, "--record", "--service", "http=on")
    ran = run("export", "last", *site, "--bundle", tmp_path / "x.zip")

    assert ran.code == 2
    assert "does not come out again" in ran.err
    assert not (tmp_path / "x.zip").exists()


def test_a_run_shows_lines_in_context(run: Run, asa: Path) -> None:
    """A stored run has its configurations, so HTML shows what stands around a cited line."""
    folder = asa / "http-open-while-off"
    run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF, "--record")

    assert '<tr class="context">' in run("export", "last", "-f", "html").out


@pytest.mark.parametrize("word", [b"permit tcp", b'"verdict": "present"', b"\nversion: 1", b'"completeness"'])
def test_a_flipped_byte(run: Run, bundle: Path, word: bytes) -> None:
    """Whatever byte of a bundle's files is changed in place, `verify` ends in 1 and names the file."""
    content = bytearray(bundle.read_bytes())
    at = content.find(word)
    assert at >= 0
    content[at] ^= 1
    bundle.write_bytes(content)
    ran = run("verify", bundle)

    assert ran.code == 1, ran.err
    assert "damaged: " in ran.out
    assert ran.out.endswith("DIFFERENT\n")
    assert run("export", bundle).code == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"as_of": "2027-01-01"}, "as_of"),
        ({"fail_on": "never"}, "fail_on"),
        ({"tool": {"name": "st-audit", "version": "9.9"}}, "tool"),
        ({"approved_by": "ciso"}, "approved_by"),
        ({"groups": [["edge", ["198.51.100.66"]]]}, "groups"),
    ],
)
def test_what_a_manifest_claims_is_verified_too(run: Run, bundle: Path, change: dict[str, Any], words: str) -> None:
    """What no hash covers and no audit needs is held against the report and the site all the same."""
    ran = run("verify", repacked(bundle, {}, **change))

    assert (ran.code, ran.out.splitlines()[-1]) == (1, "DIFFERENT")
    assert "damaged: manifest.json was changed" in ran.out
    assert words in ran.out


def test_what_a_capture_claims_is_verified_too(run: Run, bundle: Path) -> None:
    """Whether a capture was complete, and what its documents were, is what the capture itself says."""
    name = "captures/perimeter/manifest.json"
    claims = json.loads(entries(bundle)[name])
    claims["completeness"]["complete"] = not claims["completeness"]["complete"]
    ran = run("verify", repacked(bundle, {name: json.dumps(claims).encode()}))

    assert (ran.code, f"damaged: {name} is not what an audit writes" in ran.out) == (1, True)


def test_a_report_without_its_configuration_proves_nothing(run: Run, bundle: Path) -> None:
    """A verdict whose configuration was taken away cannot be audited again: that is no sameness."""
    files = entries(bundle)
    values = json.loads(files.pop(MANIFEST))
    values["firewalls"][0]["capture"] = None
    forged = bundle.with_name("forged.zip")
    forged.write_bytes(pack(values, {name: text for name, text in files.items() if not name.startswith("captures/")}))
    ran = run("verify", forged)

    assert (ran.code, ran.out.splitlines()[-1]) == (1, "DIFFERENT")
    assert "damaged: the configuration of perimeter is missing, although the report judges it" in ran.out


@pytest.mark.parametrize("place", ["directory", "name", "comment", "between", "end"])
def test_a_flipped_byte_of_the_archive(run: Run, bundle: Path, place: str) -> None:
    """The archive's own bytes are evidence too: no change of them goes through, and none is a bug."""
    content = bytearray(bundle.read_bytes())
    end = content.rindex(b"PK\x05\x06")
    if place == "directory":
        content[content.index(b"PK\x01\x02") + 12] ^= 1
    elif place == "name":
        content[content.index(b"README.txt")] ^= 1
    elif place == "comment":
        content[-2:] = b"\x03\x00yes"
    elif place == "between":
        content = bytearray(b"before" + content)
    else:
        content[end + 16] ^= 1
    bundle.write_bytes(content)
    ran = run("verify", bundle)

    assert ran.code in {1, 2}, ran.err
    assert "SAME" not in ran.out


def test_options_that_only_a_bundle_uses(run: Run, bundle: Path, tmp_path: Path) -> None:
    """A deployment that nothing would be done with is not swallowed in silence."""
    ran = run("export", bundle, "--deployment", tmp_path / "deployment.yaml")

    assert ran.code == 2
    assert "say --bundle too" in ran.err


def test_what_is_neither_a_file_nor_a_run(run: Run) -> None:
    """A mistyped path is told from a run that is not there."""
    assert "reprot is no file, and the history" in run("export", "reprot").err


def test_waived_findings_replay(run: Run, asa: Path, tmp_path: Path) -> None:
    """The waivers file is evidence too: a bundle replays with what was accepted."""
    folder = asa / "http-open-while-off"
    site = ("--deployment", folder / "deployment.yaml")
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text(
        "version: 1\nwaivers:\n"
        "  - traffic: [{source: any4, destination: 192.0.2.10, protocol: tcp, ports: '80'}]\n"
        "    firewall: perimeter\n"
        "    reason: migration until spring\n    owner: mft\n    approver: ciso\n    ticket: SEC-1\n"
        "    expires: 2027-03-31\n",
        "utf-8",
    )
    file = tmp_path / "run.zip"
    ran = run(
        "config", folder / "config.txt", *site, *AS_OF, "--waivers", waivers, "-o", f"bundle={file}", "-f", "json"
    )

    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["summary"]["waived"] == 1
    assert "site/waivers.yaml" in entries(file)
    assert run("verify", file).code == 0
