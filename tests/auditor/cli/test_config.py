"""`config`: exit codes, which firewall it is, what is demanded of a file, and where results go."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from auditor.export.json import schema
from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]
ST_AUDIT = Path(sys.executable).with_name("st-audit")
AS_OF = ("--as-of", "2026-11-24")
TWO_FIREWALLS = """
  inner:
    platform: cisco_asa
    sides: {outside: [internet], dmz: [edge, edge_vip], inside: [server, trusted]}
"""


@pytest.mark.parametrize(
    ("case", "code", "status"),
    [
        ("compliant", 0, "compliant"),
        ("http-open-while-off", 1, "findings"),
        ("required-shadowed-by-deny", 1, "findings"),
        ("fqdn-object", 3, "not-assessable"),
        ("unknown-keyword-after-tuple", 3, "not-assessable"),
        ("truncated", 3, "not-assessable"),
        ("refused-pix", 3, "not-assessable"),
    ],
)
def test_exit_codes(run: Run, asa: Path, case: str, code: int, status: str) -> None:
    """The exit code and the report say the same, and the report obeys its schema."""
    folder = asa / case
    ran = run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", "-f", "json", *AS_OF)
    document = json.loads(ran.out)
    jsonschema.validate(document, schema(), cls=jsonschema.Draft202012Validator)

    assert (ran.code, document["exit_code"], document["status"]) == (code, code, status)
    assert len(document["firewalls"]) == 1


def test_terminal_report(run: Run, asa: Path) -> None:
    """By default the terminal report comes, with the line that opens the port."""
    folder = asa / "http-open-while-off"
    ran = run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF)

    assert ran.code == 1
    assert "FINDINGS" in ran.out
    assert "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq www" in ran.out
    assert "\x1b" not in ran.out


def test_same_input_same_bytes(run: Run, asa: Path) -> None:
    """Identical input and time give identical bytes."""
    folder = asa / "http-in-range"
    words = ("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", "-f", "json", *AS_OF)

    assert run(*words).out == run(*words).out


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 0), ("low", 1), ("never", 0)])
def test_fail_on(run: Run, asa: Path, fail_on: str, code: int) -> None:
    """--fail-on decides which findings end the run in 1."""
    folder = asa / "http-open-while-off"
    ran = run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", "--fail-on", fail_on, *AS_OF)

    assert ran.code == code


def test_assume_complete(run: Run, asa: Path) -> None:
    """A file without proof is judged when the user answers for it, and the report says so."""
    folder = asa / "truncated"
    words = ("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", "-f", "json", *AS_OF)
    refused, accepted = json.loads(run(*words).out), json.loads(run(*words, "--assume-complete").out)

    assert refused["firewalls"][0]["error"]["kind"] == "incomplete"
    assert accepted["firewalls"][0]["error"] is None
    assert [item for item in accepted["firewalls"][0]["assumptions"] if item["why"] == "--assume-complete"]


def test_incomplete_says_what_to_do(run: Run, asa: Path) -> None:
    """The refusal of an unproven file is on stderr too, and names the way out."""
    folder = asa / "truncated"
    ran = run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF)

    assert "no proof that the configuration is complete" in ran.err
    assert "--assume-complete" in ran.out


def test_firewall_must_be_named_among_several(run: Run, asa: Path, tmp_path: Path) -> None:
    """With two firewalls of the platform the run ends in 2 and lists them; --firewall decides."""
    deployment = tmp_path / "deployment.yaml"
    deployment.write_text((asa / "compliant" / "deployment.yaml").read_text("utf-8").rstrip() + TWO_FIREWALLS, "utf-8")
    words = ("config", asa / "compliant" / "config.txt", "--deployment", deployment, "-f", "json", *AS_OF)
    asked, chosen, wrong = run(*words), run(*words, "--firewall", "inner"), run(*words, "--firewall", "outer")

    assert asked.code == wrong.code == 2
    assert "--firewall perimeter | inner" in asked.err
    assert "perimeter (cisco_asa), inner (cisco_asa)" in wrong.err
    assert json.loads(chosen.out)["firewalls"][0]["name"] == "inner"


def test_default_deployment(run: Run, asa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """./deployment.yaml is taken when no other is named; without any the run ends in 2 and says what to do."""
    monkeypatch.chdir(tmp_path)
    config = asa / "compliant" / "config.txt"
    without = run("config", config)
    shutil.copy(asa / "compliant" / "deployment.yaml", tmp_path)

    assert without.code == 2
    assert "st-audit init" in without.err
    assert run("config", config, *AS_OF).code == 0


def test_deployment_from_the_environment(run: Run, asa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ST_AUDIT_DEPLOYMENT names the deployment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ST_AUDIT_DEPLOYMENT", str(asa / "compliant" / "deployment.yaml"))

    assert run("config", asa / "compliant" / "config.txt", *AS_OF).code == 0


def test_site_from_options(run: Run, asa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site without a file is given by options, and comes to the same verdicts as the file."""
    monkeypatch.chdir(tmp_path)
    folder = asa / "compliant"
    options = [
        *("--edge", "192.0.2.11", "--edge", "192.0.2.12", "--edge-vip", "192.0.2.10"),
        *("--server", "10.20.0.11", "--trusted", "10.20.0.0/24"),
        *("--side", "outside=internet", "--side", "dmz=edge,edge_vip", "--side", "inside=server,trusted"),
        *("--service", "https", "--service", "ssh=on", "--set", "services.internal_users.access=none"),
        *("--set", "topology.edge=load-balanced", "--baseline", "securetransport-5.5"),
    ]
    by_options = run("config", folder / "config.txt", *options, "-f", "json", *AS_OF)
    by_file = run(
        "config", folder / "config.txt", "--deployment", folder / "deployment.yaml", "-f", "json", *AS_OF,
        "--baseline", "securetransport-5.5",
    )  # fmt: skip

    def verdicts(ran: Ran) -> dict[str, str]:
        return {row["id"]: row["verdict"] for row in json.loads(ran.out)["firewalls"][0]["rows"]}

    assert by_options.code == 0, by_options.err
    assert verdicts(by_options) == verdicts(by_file)


def test_files_in_several_formats(run: Run, asa: Path, tmp_path: Path) -> None:
    """-o writes each format of one audit, whatever goes to stdout."""
    folder = asa / "http-open-while-off"
    names = {"json": "report.json", "csv": "report.csv", "sarif": "report.sarif", "junit": "report.xml"}
    options = [word for name, file in names.items() for word in ("-o", f"{name}={tmp_path / file}")]
    ran = run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF, *options)

    assert ran.code == 1
    assert {item.name for item in tmp_path.iterdir()} == set(names.values())
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["exit_code"] == 1


@pytest.mark.parametrize(
    "options",
    [
        ("-f", "docx"),
        ("-o", "docx=x"),
        ("-o", "json"),
        ("-o", "json=same", "-o", "csv=same"),
        ("--as-of", "24.11.2026"),
        ("--fail-on", "info"),
        ("--platform", "nokia"),
        ("--baseline", "no-such-baseline"),
        ("--set", "services.htpp=on"),
        ("--service", "ssh=maybe"),
        ("--side", "dmz"),
        ("-o", "json=/nowhere/at/all.json"),
    ],
)
def test_usage_errors(run: Run, asa: Path, options: tuple[str, ...]) -> None:
    """A wrong option ends in 2 with a message and without a report."""
    folder = asa / "compliant"
    ran = run("config", folder / "config.txt", "--deployment", folder / "deployment.yaml", *AS_OF, *options)

    assert ran.code == 2
    assert ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("services: {htpp: true}\n", "http"),
        ("services:\n  http: on\n", "on"),
        ("name: a\nname: b\n", "name"),
    ],
)
def test_broken_deployment(run: Run, asa: Path, tmp_path: Path, text: str, message: str) -> None:
    """A wrong deployment ends in 2 with file and line, before the configuration is looked at."""
    file = tmp_path / "deployment.yaml"
    file.write_text(f"version: 1\n{text}", "utf-8")
    ran = run("config", asa / "truncated" / "config.txt", "--deployment", file)

    assert ran.code == 2
    assert f"{file}:" in ran.err
    assert message in ran.err


def test_offline_audit_stays_offline(asa: Path) -> None:
    """An audit of a file imports neither netmiko nor paramiko nor the emulator's library."""
    folder = asa / "compliant"
    code = (
        "import sys; from auditor.cli.main import main;"
        f"code = main(['config', {str(folder / 'config.txt')!r},"
        f" '--deployment', {str(folder / 'deployment.yaml')!r}, '-f', 'json']);"
        "print(code, [n for n in ('netmiko', 'paramiko', 'asyncssh') if n in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines()[-1] == "0 []"


def test_standard_input(asa: Path) -> None:
    """The installed program takes a configuration from standard input."""
    folder = asa / "compliant"
    with (folder / "config.txt").open("rb") as stream:
        done = subprocess.run(
            [ST_AUDIT, "config", "-", "--deployment", folder / "deployment.yaml", *AS_OF],
            stdin=stream,
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert "COMPLIANT" in done.stdout
