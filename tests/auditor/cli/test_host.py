"""`host`, `trust`, `demo` and --host: against the emulated ASA, over SSH on loopback."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.demo.asa import Asa
from auditor.demo.run import configuration
from auditor.demo.server import serve
from auditor.demo.terminal import Faults
from auditor.export.json import schema
from tests.auditor.canaries import planted
from tests.auditor.cli.bed import AS_OF, DEVICE, ENABLE, PASSWORD, Bed, document
from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]


def _without_place(document: Any) -> Any:
    """Take out what must differ between a device and a file: where the text came from, and what its file is called."""
    if isinstance(document, list):
        return [_without_place(item) for item in document]
    if isinstance(document, dict):
        return {key: _without_place(value) for key, value in document.items() if key not in {"source", "file"}}
    return document


def test_live_equals_saved(bed: Bed, run: Run, tmp_path: Path) -> None:
    """An audit over SSH equals the audit of the same text from a file, but for `source` and the lines' `file`.

    The device counts no hits, which a file cannot either.
    """
    saved = tmp_path / "asa.cfg"
    saved.write_text(configuration(), "utf-8")
    with serve(Asa, replace(DEVICE, faults=Faults(refused=("show access-list",)))) as other:
        uncounted = replace(bed, emulator=other)
        uncounted.pin()
        live = document(run(*uncounted.words("host", "-f", "json", *AS_OF)))
    file = document(run("config", saved, "--deployment", bed.deployment, "-f", "json", *AS_OF))
    sources = [found["firewalls"][0]["source"] for found in (live, file)]

    assert (live["status"], live["exit_code"]) == ("findings", 1)
    assert _without_place(live) == _without_place(file)
    assert [source["kind"] for source in sources] == ["ssh", "file"]
    assert sources[0]["documents"][0]["sha256"] == sources[1]["documents"][0]["sha256"]
    assert f'"file": "{saved}"' in json.dumps(file)
    assert '"file": "running-config"' in json.dumps(live)


def _nonceless(lines: list[str]) -> list[str]:
    return [re.sub(r"^show (?:[0-9a-f]{12}|<nonce>)$", "show NONCE", line) for line in lines]


def test_every_line_sent_is_in_the_report(trusted: Bed, run: Run) -> None:
    """What the device logged is what the report lists, the secret as `<secret>`, whether the audit succeeds or not."""
    reports = [document(run(*trusted.words("host", "-f", "json")))]
    logs = [list(trusted.emulator.record.commands)]
    trusted.emulator.record.commands.clear()
    faulty = replace(DEVICE, faults=Faults(stop=20))
    with serve(Asa, faulty) as other:
        bed = replace(trusted, emulator=other)
        assert run(*bed.words("trust", "--fingerprint", other.key.fingerprint)).code == 0
        reports.append(document(run(*bed.words("host", "-f", "json"))))
        logs.append(list(other.record.commands))

    for found, log in zip(reports, logs, strict=True):
        sent = found["firewalls"][0]["source"]["commands"]
        assert _nonceless([line for line in sent if line != "<secret>"]) == _nonceless(log)
        assert sent.count("<secret>") == 1
        assert "show running-config" in log
    assert [found["exit_code"] for found in reports] == [1, 3]


def _contents(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give the text of every file of a folder, those inside archives too."""
    for file in folder.rglob("*"):
        if file.is_file():
            data = [file.read_bytes()]
            if zipfile.is_zipfile(file):
                with zipfile.ZipFile(file) as archive:
                    data += [archive.read(name) for name in archive.namelist()]
            yield file, "\n".join(item.decode("utf-8", "replace") for item in data)


@pytest.mark.parametrize("wrong", ["", "ST_AUDIT_PASSWORD", "ST_AUDIT_ENABLE_SECRET"])
def test_nothing_is_written_and_no_secret_shown(
    bed: Bed, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """No secret of configuration, environment or key is in any output, message, temporary file or artefact."""
    kept = tmp_path / "kept"
    for name in ("temporary", "home", "out"):
        (kept / name).mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(kept / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("HOME", str(kept / "home"))
    subprocess.run(
        ["ssh-keygen", "-q", "-a", "1", "-t", "ed25519", "-N", "Canary-passphrase", "-f", str(tmp_path / "id")],
        check=True,
    )
    monkeypatch.setenv("ST_AUDIT_KEY_FILE", str(tmp_path / "id"))
    monkeypatch.setenv("ST_AUDIT_KEY_PASSPHRASE", "Canary-passphrase")
    if wrong:
        monkeypatch.setenv(wrong, "Canary-wrong")
    formats = ("text", "json", "csv", "markdown", "junit", "sarif", "oscal", "ocsf", "xlsx", "html", "bundle")
    outputs = [word for name in formats for word in ("-o", f"{name}={kept / 'out' / name}")]
    device = replace(DEVICE, configuration=planted("cisco_asa", configuration()), methods=("publickey", "password"))
    with serve(Asa, device) as emulator:
        own = replace(bed, emulator=emulator)
        own.pin()
        ran = run(*own.words("host", "-v", "--log-format", "json", "--save-config", kept / "saved", *outputs))
        assert emulator.record.changes == []

    assert ran.code == (3 if wrong else 1)
    files = dict(_contents(kept))
    assert len(files) > (10 if wrong else 14)
    key = (tmp_path / "id").read_text("ascii").splitlines()[1:-1]
    for secret in (PASSWORD, ENABLE, "Canary", "$sha512$5000$", *key):
        assert secret not in ran.out + ran.err
        assert [file for file, text in files.items() if secret in text] == []


def test_saved_capture_is_audited_alike(trusted: Bed, run: Run, tmp_path: Path) -> None:
    """What --save-config keeps is private, and `config` judges it as `host` did, naming the firewall by itself."""
    live = document(run(*trusted.words("host", "-f", "json", "--save-config", tmp_path / "saved", *AS_OF)))
    folder = tmp_path / "saved" / "perimeter"
    saved = document(run("config", folder, "--deployment", trusted.deployment, "-f", "json", *AS_OF))

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    sources = [found["firewalls"][0].pop("source") for found in (live, saved)]
    assert saved == live
    assert [source.pop("kind") for source in sources] == ["ssh", "file"]
    assert sources[0] == sources[1]


def test_unknown_key(bed: Bed, run: Run) -> None:
    """A host whose key is not pinned gets no password: exit 3, told apart, with the command that pins it."""
    ran = run(*bed.words("host", "-f", "json"))

    assert ran.code == 3
    assert document(ran)["firewalls"][0]["error"]["kind"] == "host-key-unknown"
    assert "st-audit trust 127.0.0.1" in ran.err
    assert bed.emulator.record.authentications == []


def test_changed_key(trusted: Bed, run: Run) -> None:
    """Another key than the pinned one is refused before any login."""
    with serve(Asa, DEVICE) as other:
        line = trusted.known_hosts.read_text("utf-8").replace(str(trusted.emulator.port), str(other.port))
        trusted.known_hosts.write_text(line, "utf-8")
        ran = run(*replace(trusted, emulator=other).words("host", "-f", "json"))

        assert ran.code == 3
        assert document(ran)["firewalls"][0]["error"]["kind"] == "host-key-changed"
        assert other.record.authentications == []


def test_wrong_password(trusted: Bed, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login is told apart, and the password is not."""
    monkeypatch.setenv("ST_AUDIT_PASSWORD", "canary-wrong")
    ran = run(*trusted.words("host", "-f", "json"))

    assert ran.code == 3
    assert document(ran)["firewalls"][0]["error"]["kind"] == "authentication"
    assert "canary-wrong" not in ran.out + ran.err


def test_unreachable(trusted: Bed, run: Run) -> None:
    """A device that does not answer is told apart."""
    trusted.emulator.record.commands.clear()
    words = trusted.words("host", "-f", "json")
    ran = run(*words, "--port", "1", "--timeout", "3")

    assert ran.code == 3
    assert document(ran)["firewalls"][0]["error"]["kind"] == "unreachable"


def test_host_errors(trusted: Bed, run: Run) -> None:
    """A firewall that the deployment does not have, and a host named twice, end in 2."""
    unknown = run("host", "perimetre", "--deployment", trusted.deployment)

    assert unknown.code == 2
    assert "perimeter (cisco_asa)" in unknown.err
    assert "HOST: " in unknown.err
    assert run("host", "perimeter", "perimeter", "--deployment", trusted.deployment).code == 2


def test_address_of_the_deployment(trusted: Bed, run: Run) -> None:
    """A firewall may be named by its address."""
    words = trusted.words("host", "-f", "json", *AS_OF)
    words[1] = "127.0.0.1"

    assert document(run(*words))["firewalls"][0]["name"] == "perimeter"


def test_address_beside_the_deployment(bed: Bed, run: Run) -> None:
    """An address that the file does not have is audited as its platform, beside the file's firewalls."""
    text = bed.deployment.read_text("utf-8").replace("127.0.0.1", "198.51.100.7")
    bed.deployment.write_text(text, "utf-8")
    words = bed.words("host", "--platform", "cisco_asa", "-f", "json", *AS_OF)
    words[1] = "127.0.0.1"
    pin = bed.words("trust", "--fingerprint", bed.emulator.key.fingerprint)
    pin[1] = "127.0.0.1"
    assert run(*pin).code == 0
    ran = run(*words, *("--side", "outside=internet,partners", "--side", "dmz=edge,edge_vip,mail"),
              *("--side", "inside=server,trusted"))  # fmt: skip
    (firewall,) = document(ran)["firewalls"]

    assert (ran.code, firewall["name"], firewall["error"]) == (1, "127.0.0.1", None)
    assert {row["id"]: row["verdict"] for row in firewall["rows"]}["27"] == "missing"


def test_flow_and_show_collect_first(trusted: Bed, run: Run) -> None:
    """The commands flow and show take --host in place of a file."""
    words = trusted.words("show")
    shown = run("show", "--host", *words[1:])
    flow = run("flow", "203.0.113.10", "192.0.2.10", "tcp/443", "--host", *words[1:])

    assert shown.out.startswith("firewall cisco_asa\n")
    assert (flow.code, flow.out.splitlines()[-1]) == (0, "PERMIT")


def test_trust_shows_the_fingerprint_and_pins_nothing_unasked(bed: Bed, run: Run) -> None:
    """Without a terminal and without --fingerprint the key is shown, not pinned: exit 3."""
    ran = run(*bed.words("trust"))

    assert ran.code == 3
    assert bed.emulator.key.fingerprint in ran.out
    assert bed.known_hosts.read_text("utf-8") == ""


def test_trust_refuses_another_fingerprint(bed: Bed, run: Run) -> None:
    """A fingerprint that is not the key's pins nothing: exit 3."""
    ran = run(*bed.words("trust", "--fingerprint", "SHA256:" + "A" * 43))

    assert ran.code == 3
    assert bed.known_hosts.read_text("utf-8") == ""


def test_trust_by_address(bed: Bed, run: Run) -> None:
    """An address needs no deployment."""
    reach = ("--port", str(bed.emulator.port), "--known-hosts", bed.known_hosts)
    ran = run("trust", "127.0.0.1", *reach, "--fingerprint", bed.emulator.key.fingerprint)

    assert ran.code == 0
    assert f"[127.0.0.1]:{bed.emulator.port} " in bed.known_hosts.read_text("utf-8")


def test_demo(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demonstration ends in 0, shows its mistakes with their lines, and says what the audit would have ended in."""
    monkeypatch.chdir(tmp_path)
    ran = run("demo", *AS_OF)
    found = json.loads((tmp_path / "st-audit-demo" / "report.json").read_text("utf-8"))
    jsonschema.validate(found, schema(), cls=jsonschema.Draft202012Validator)

    assert ran.code == 0, ran.err
    assert found["exit_code"] == 1
    assert "exit code 1.\n" in ran.out
    assert "permit tcp any object ST-VIP eq" in ran.out
    assert {"extra", "over-broad", "unreachable", "missing"} <= {
        finding["kind"] for finding in found["firewalls"][0]["findings"]
    }


def test_demo_touches_nothing_of_the_user(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither keys nor known hosts of whoever runs it are read or written."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    ran = run("demo", "--json", tmp_path / "report.json")

    assert ran.code == 0
    assert list(home.rglob("*")) == []


def test_demo_that_cannot_write(run: Run, tmp_path: Path) -> None:
    """A folder that cannot be made is the user's error, told before anything is collected."""
    (tmp_path / "file").touch()
    ran = run("demo", "--json", tmp_path / "file" / "report.json")

    assert (ran.code, ran.out) == (2, "")
    assert "--json: cannot be made" in ran.err


def test_site_without_a_file(bed: Bed, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address, its platform and who is who as options are enough; without the platform the run ends in 2."""
    monkeypatch.chdir(tmp_path / "known")
    reach = ("--port", str(bed.emulator.port), "--known-hosts", bed.known_hosts)
    run("trust", "127.0.0.1", *reach, "--fingerprint", bed.emulator.key.fingerprint)
    site = (
        *("--edge", "192.0.2.11", "--edge-vip", "192.0.2.10", "--server", "10.20.0.11", "--trusted", "10.20.0.0/16"),
        *("--side", "outside=internet", "--side", "dmz=edge,edge_vip", "--side", "inside=server,trusted"),
    )
    ran = run("host", "127.0.0.1", *reach, *site, "--service", "https", "--platform", "cisco_asa", "-f", "json")
    unnamed = run("host", "127.0.0.1", *reach, *site, "--service", "https")
    rows = {row["id"]: row["verdict"] for row in document(ran)["firewalls"][0]["rows"]}

    assert (ran.code, rows["5"], rows["27"]) == (1, "present", "missing")
    assert unnamed.code == 2
    assert "--platform" in unnamed.err
