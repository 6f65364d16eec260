"""How a firewall is reached from the command line: each option and variable, over SSH, and what it must not do."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import keyring
import pytest

from auditor.cli.main import COMMANDS, cli
from auditor.demo.asa import Asa
from auditor.demo.run import configuration
from auditor.demo.server import Emulator, Options, serve
from auditor.demo.terminal import Device
from tests.auditor.cli.bed import AS_OF, DEVICE, ENABLE, PASSWORD, Bed, document
from tests.auditor.cli.conftest import Ran
from tests.auditor.collect.memory_keyring import MemoryKeyring

Run = Callable[..., Ran]
ROOT = Path(__file__).resolve().parents[3]
JUMP_PASSWORD = "canary-jump-4242"
JUMP = Device(user="ops", password=JUMP_PASSWORD)


@contextmanager
def _jump_host() -> Iterator[Emulator]:
    with serve(Asa, JUMP, options=Options(forwarding=True)) as emulator:
        yield emulator


def _first(ran: Ran) -> Any:
    return document(ran)["firewalls"][0]


# -- jump hosts ---------------------------------------------------------------------------------------------------


def test_a_key_is_fetched_and_the_firewall_collected_through_a_jump_host(
    bed: Bed, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each hint is a command that works; the jump host has a login of its own and never sees the firewall's."""
    monkeypatch.setenv("ST_AUDIT_JUMP_PASSWORD", JUMP_PASSWORD)
    with _jump_host() as jump:
        way = ("--jump", f"ops@{jump.host}:{jump.port}")
        unknown = run(*bed.words("host", "-f", "json", *way))
        assert _first(unknown)["error"]["kind"] == "host-key-unknown"
        assert f"st-audit trust {jump.host} --port {jump.port} --known-hosts {bed.known_hosts}\n" in unknown.err
        assert jump.record.authentications == []
        bed.pin(jump)

        behind = run(*bed.words("host", "-f", "json", *way))
        command = behind.err.partition("then run: ")[2].split("\n")[0]
        expected = f"st-audit trust 127.0.0.1 --port {bed.emulator.port} --jump ops@{jump.host}:{jump.port}"
        assert command == f"{expected} --known-hosts {bed.known_hosts}"
        pinned = run(*command.split()[1:], "--fingerprint", bed.emulator.key.fingerprint)
        assert (pinned.code, bed.emulator.record.authentications) == (0, [])

        found = document(run(*bed.words("host", "-f", "json", *way, *AS_OF)))
        accepted = [method for method, good in jump.record.authentications if good]

    assert found["exit_code"] == 1
    assert jump.record.forwarded == [("127.0.0.1", bed.emulator.port)] * 3
    assert [method for method, good in jump.record.authentications if method == "password"] == ["password"] * 3
    assert accepted.count("password") == 3
    assert {method for method, good in bed.emulator.record.authentications if good} == {"password", "completed"}


def test_jump_hosts_of_the_deployment(trusted: Bed, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ssh: {jump: ...}` names the way for one firewall; without a password of its own a jump host gets keys only."""
    with _jump_host() as jump:
        trusted.pin(jump)
        trusted.describe(f"ssh: {{jump: 'ops@{jump.host}:{jump.port}'}}")
        refused = run(*trusted.words("host", "-f", "json"))
        monkeypatch.setenv("ST_AUDIT_JUMP_PASSWORD", JUMP_PASSWORD)
        found = document(run(*trusted.words("host", "-f", "json", *AS_OF)))

    assert _first(refused)["error"]["kind"] == "authentication"
    assert ("password", False) not in jump.record.authentications
    assert found["exit_code"] == 1


def test_an_openssh_configuration_names_the_way(trusted: Bed, run: Run, tmp_path: Path) -> None:
    """Names, ports and jump hosts come from the file; a jump host's password from its table in the credentials file."""
    with _jump_host() as jump:
        trusted.pin(jump)
        config = tmp_path / "ssh_config"
        config.write_text(
            f"Host bastion\n  HostName {jump.host}\n  Port {jump.port}\n  User ops\n"
            f"Host 127.0.0.1\n  ProxyJump bastion\n",
            "utf-8",
        )
        secrets = tmp_path / "credentials.toml"
        secrets.write_text(f'[jump."{jump.host}"]\npassword = "{JUMP_PASSWORD}"\n', "utf-8")
        secrets.chmod(0o600)
        words = trusted.words("host", "-f", "json", "--ssh-config", config, "--credentials", secrets, *AS_OF)
        found = document(run(*words))

    assert found["exit_code"] == 1
    assert jump.record.forwarded == [("127.0.0.1", trusted.emulator.port)]


def test_a_missing_key_file_connects_to_nothing(trusted: Bed, run: Run, tmp_path: Path) -> None:
    """A mistyped --key-file ends in 2 before anything is connected to, whether or not the device is reached."""
    before = len(trusted.emulator.record.authentications)
    ran = run(*trusted.words("host", "--key-file", tmp_path / "id_nobody"))

    assert ran.code == 2
    assert f"{tmp_path / 'id_nobody'}: --key-file: no such private key" in ran.err
    assert len(trusted.emulator.record.authentications) == before


def test_a_missing_openssh_configuration_connects_to_nothing(trusted: Bed, run: Run, tmp_path: Path) -> None:
    """To go on without it could mean to connect past the jump host: exit 2."""
    before = trusted.emulator.record.connections
    ran = run(*trusted.words("host", "--ssh-config", tmp_path / "absent"))

    assert ran.code == 2
    assert str(tmp_path / "absent") in ran.err
    assert trusted.emulator.record.connections == before


@pytest.mark.parametrize("host", ["-oProxyCommand=id", "fw1 -oProxyCommand=id", "fw1;id", "127.1", "0x7f000001"])
def test_a_hostile_host_is_no_host(run: Run, host: str, tmp_path: Path) -> None:
    """Text that something else could take for an option, a command or another address is refused: exit 2."""
    site = ("--edge", "192.0.2.11", "--server", "10.20.0.11", "--side", "outside=internet")
    assert run("host", *site, "--platform", "cisco_asa", "--user", "audit", "--", host).code == 2
    assert run("trust", "--known-hosts", tmp_path / "known_hosts", "--", host).code == 2


# -- credentials and host keys ------------------------------------------------------------------------------------


def test_a_credentials_file_gives_each_firewall_its_own(
    trusted: Bed, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A private file is enough to log in; one that others may read ends in 2."""
    for name in ("USER", "PASSWORD", "ENABLE_SECRET"):
        monkeypatch.delenv(f"ST_AUDIT_{name}")
    secrets = tmp_path / "credentials.toml"
    own = f'password = "{PASSWORD}"\nenable_secret = "{ENABLE}"\n'
    secrets.write_text(f'user = "audit"\npassword = "another"\n[firewall.perimeter]\n{own}', "utf-8")
    secrets.chmod(0o600)
    words = trusted.words("host", "-f", "json", "--credentials", secrets, *AS_OF)
    assert run(*words).code == 1

    secrets.chmod(0o640)
    shared = run(*words)
    assert shared.code == 2
    assert "chmod 600" in shared.err


def test_the_keyring_gives_what_is_missing(trusted: Bed, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --keyring, and only then, it is asked."""
    for name in ("PASSWORD", "ENABLE_SECRET"):
        monkeypatch.delenv(f"ST_AUDIT_{name}")
    entries = {("st-audit", "audit@127.0.0.1"): PASSWORD, ("st-audit-enable", "audit@127.0.0.1"): ENABLE}
    before = keyring.get_keyring()
    keyring.set_keyring(MemoryKeyring(entries))
    try:
        without = run(*trusted.words("host", "-f", "json"))
        with_it = run(*trusted.words("host", "-f", "json", "--keyring", *AS_OF))
    finally:
        keyring.set_keyring(before)

    assert _first(without)["error"]["kind"] == "authentication"
    assert with_it.code == 1


def test_the_systems_known_hosts_are_trusted_on_request(
    trusted: Bed, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that only ~/.ssh/known_hosts holds is unknown, unless that file is asked for."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "known_hosts").write_text(trusted.known_hosts.read_text("utf-8"), "utf-8")
    trusted.known_hosts.write_text("", "utf-8")
    monkeypatch.setenv("HOME", str(home))

    assert _first(run(*trusted.words("host", "-f", "json")))["error"]["kind"] == "host-key-unknown"
    assert run(*trusted.words("host", "-f", "json", "--system-known-hosts", *AS_OF)).code == 1


# -- what the device is -------------------------------------------------------------------------------------------


def test_another_encoding_is_said_not_guessed(bed: Bed, run: Run) -> None:
    """A Latin-1 device is incomplete and the hint's option cures it; an encoding that does not exist ends in 2."""
    text = configuration().replace("description Internet", "description Übergang")
    with serve(Asa, replace(DEVICE, configuration=text.encode("latin-1"))) as other:
        latin = replace(bed, emulator=other)
        latin.pin()
        plain = run(*latin.words("host", "-f", "json"))
        said = run(*latin.words("host", "-f", "json", "--encoding", "latin-1", *AS_OF))

    assert _first(plain)["error"]["kind"] == "incomplete"
    assert "--encoding latin-1" in plain.err
    assert said.code == 1
    assert run(*bed.words("host", "--encoding", "latin-9000")).code == 2


def test_weak_ssh_is_opted_into_for_one_firewall_and_stays_in_the_report(bed: Bed, run: Run) -> None:
    """Refused with the switch that allows it; allowed, each broken algorithm is a finding and the switch is listed."""
    weak = Options(algorithms=(("encryption_algs", ("aes256-cbc",)), ("mac_algs", ("hmac-sha1",))))
    with serve(Asa, DEVICE, options=weak) as other:
        old = replace(bed, emulator=other)
        old.pin()
        refused = run(*old.words("host", "-f", "json"))
        old.describe("ssh: {legacy: true}")
        found = _first(run(*old.words("host", "-f", "json", *AS_OF)))

    assert _first(refused)["error"]["kind"] == "unsupported"
    assert "legacy: true" in refused.err
    titles = [item["title"] for item in found["findings"] if item["kind"] == "management"]
    assert [title for title in titles if "SSH server" in title] == [
        "The device's SSH server offers nothing better than aes256-cbc",
        "The device's SSH server offers nothing better than hmac-sha1",
    ]
    assert "ssh: {legacy: true}" in [item["why"] for item in found["assumptions"]]


def test_a_device_of_another_name_is_not_judged(trusted: Bed, run: Run, tmp_path: Path) -> None:
    """`hostname:` in the deployment is compared with what the configuration says, live and saved: exit 3."""
    saved = tmp_path / "asa.cfg"
    saved.write_text(configuration(), "utf-8")
    trusted.describe("hostname: ACME-FW1")
    assert run(*trusted.words("host", "-f", "json", *AS_OF)).code == 1

    trusted.deployment.write_text(trusted.deployment.read_text("utf-8").replace("ACME-FW1", "acme-fw2"), "utf-8")
    for ran in (
        run(*trusted.words("host", "-f", "json")),
        run("config", saved, "--deployment", trusted.deployment, "-f", "json"),
    ):
        assert ran.code == 3
        assert "of 'acme-fw1', not of 'acme-fw2'" in _first(ran)["error"]["message"]


def test_a_standby_unit_is_said(bed: Bed, run: Run) -> None:
    """Its configuration is judged, since it is the pair's; that it passes no traffic is in the report."""
    with serve(Asa, replace(DEVICE, failover="Primary - Standby Ready")) as other:
        standby = replace(bed, emulator=other)
        standby.pin()
        found = _first(run(*standby.words("host", "-f", "json", *AS_OF)))

    assert found["device"]["ha_role"] == "standby"
    assert any("Standby Ready" in item["why"] for item in found["assumptions"])
    assert found["status"] == "findings"


# -- contexts -----------------------------------------------------------------------------------------------------

SYSTEM = """\
: Saved

: Serial Number: JAD0000DEMO
:
ASA Version 9.16(4) <system>
!
hostname acme-fw1
!
interface GigabitEthernet1/1
!
admin-context admin
context admin
  allocate-interface Management1/1
  config-url disk0:/admin.cfg
!

context mft
  allocate-interface GigabitEthernet1/1
  config-url disk0:/mft.cfg
!

prompt hostname context
Cryptochecksum:0123456789abcdef0123456789abcdef
: end
"""
ADMIN = """\
: Saved

:
ASA Version 9.16(4) <context>
!
hostname admin
interface Management1/1
 nameif management
 security-level 100
 ip address 10.99.0.1 255.255.255.0
!
Cryptochecksum:0123456789abcdef0123456789abcdef
: end
"""
MFT = configuration().replace("ASA Version 9.16(4) ", "ASA Version 9.16(4) <context>")


@contextmanager
def _divided(bed: Bed, **changes: Any) -> Iterator[Bed]:
    device = replace(DEVICE, configuration=SYSTEM, contexts=(("admin", ADMIN), ("mft", MFT)), **changes)
    with serve(Asa, device) as other:
        divided = replace(bed, emulator=other)
        divided.pin()
        yield divided


def test_every_context_is_collected(bed: Bed, run: Run, tmp_path: Path) -> None:
    """From the admin context the system space is entered, and from there each context; nothing is changed."""
    bed.describe("context: mft")
    with _divided(bed) as divided:
        words = divided.words("host", "-f", "json", "--save-config", tmp_path / "saved", *AS_OF)
        found = _first(run(*words))
        record = divided.emulator.record
    saved = _first(
        run("config", tmp_path / "saved" / "perimeter", "--deployment", bed.deployment, "-f", "json", *AS_OF)
    )

    assert (found["status"], found["context"]) == ("findings", "mft")
    assert record.changes == []
    assert [line for line in record.commands if line.startswith("changeto")] == [
        "changeto system", "changeto context admin", "changeto context mft",
    ]  # fmt: skip
    names = [item["name"] for item in found["source"]["documents"] if item["command"] == "show running-config"]
    assert names == ["running-config", "running-config/admin", "running-config/mft"]
    assert "other contexts of the same device, each a firewall of its own: admin" in found["not_judged"]
    assert {**saved, "source": None} == {**found, "source": None}


def test_a_context_that_may_not_be_read_makes_the_device_not_assessable(bed: Bed, run: Run) -> None:
    """It is named, and the exit code is 3: what it lets pass, nobody has seen."""
    bed.describe("context: mft")
    with _divided(bed, faults=replace(DEVICE.faults, unauthorized=("changeto context admin",))) as divided:
        ran = run(*divided.words("host", "-f", "json", *AS_OF))

    assert ran.code == 3
    reasons = [item["reason"] for item in _first(ran)["coverage"]["not_understood"]]
    assert any("context admin is not in the capture" in reason for reason in reasons)
    assert "context admin could not be entered" in ran.err


def test_a_login_that_leads_into_a_context_of_its_own_reads_that_one(bed: Bed, run: Run) -> None:
    """Where the system space may not be entered, the context is the device, by the name in its prompt."""
    with _divided(bed, context="mft") as divided:
        found = _first(run(*divided.words("host", "-f", "json", *AS_OF)))

    assert (found["status"], found["context"]) == ("findings", "mft")
    assert found["source"]["documents"][0]["name"] == "running-config/mft"


def test_several_contexts_and_none_named_is_a_usage_error(bed: Bed, run: Run) -> None:
    """Which context a firewall of the deployment is must be said: exit 2 lists them."""
    with _divided(bed) as divided:
        ran = run(*divided.words("host", "-f", "json"))

    assert ran.code == 2
    assert "admin, mft" in ran.err


# -- hints --------------------------------------------------------------------------------------------------------


def _options() -> set[str]:
    found = {"--help", "--version"}
    waiting: list[click.Command] = [
        command for name in COMMANDS if (command := cli.get_command(click.Context(cli), name)) is not None
    ]
    while waiting:
        command = waiting.pop()
        found |= {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
        if isinstance(command, click.Group):
            waiting.extend(command.commands.values())
    return found


OTHER_PROGRAMS = re.compile(r"\b(?:ansible-inventory|dask|scheduler runs|ssh-keygen|ssh|pip) [^;,`]*")


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the texts of an expression with their lines, X in the place of what is put in."""
    if isinstance(node, ast.JoinedStr):
        yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _hints(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Give the texts that are handed on as a hint, without what they say of other programs."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.keyword) and node.arg == "hint") or (
            isinstance(node, ast.Assign) and any("hint" in ast.unparse(target).lower() for target in node.targets)
        ):
            for line, text in _texts(node.value):
                yield line, OTHER_PROGRAMS.sub("", text)


def test_every_option_that_a_hint_names_exists() -> None:
    """Hints lead to options that there are, and to pages that are there."""
    options = _options()
    found, wrong = 0, []
    for file in [*(ROOT / "auditor").rglob("*.py"), *(ROOT / "parsers").rglob("*.py")]:
        for line, text in _hints(ast.parse(file.read_text("utf-8"))):
            named = re.findall(r"(?<![\w-])--[a-z][a-z-]+[a-z](?![\w-])", text)
            pages = re.findall(r"\bdocs/[\w./-]+\.md\b", text)
            found += len(named) + len(pages)
            wrong += [f"{file.relative_to(ROOT)}:{line} {word}" for word in named if word not in options]
            wrong += [f"{file.relative_to(ROOT)}:{line} {page}" for page in pages if not (ROOT / page).is_file()]
    assert wrong == []
    assert found > 20
