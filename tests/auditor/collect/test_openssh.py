"""Against a real OpenSSH server: keys, host keys, exec channels, jump hosts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import Collected, collect
from auditor.collect.target import Budget, Hop, Target
from auditor.collect.trust import fetch_key, trust
from auditor.demo.asa import Asa
from auditor.demo.server import serve
from auditor.demo.terminal import Device
from auditor.errors import CollectionError, FailureKind, UsageError
from parsers.contract import Channel, Command, Completeness, Parsed, Platform, Recipe
from parsers.model.capture import Capture
from tests.auditor.collect.bed import IMPATIENT, QUICK, asa_platform, configuration, credentials
from tests.auditor.collect.openssh import Sshd, generate, sshd

PASSPHRASE = "Canary-passphrase-4711"
NONE = HostKeys(own=Path("/nonexistent"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One sshd for the module; each test authorises its own key."""
    with sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def _no_parse(_: Capture) -> Parsed:
    raise NotImplementedError


def _platform(command: str, *, optional: bool = False) -> Platform:
    recipe = Recipe(
        channel=Channel.EXEC, commands=(Command(text=command, name="output", optional=optional),), allowed=(".*",)
    )
    return Platform(
        id="linux",
        title="Linux",
        recognises=lambda _: True,
        parse=_no_parse,
        prove=lambda _: Completeness(complete=True),
        recipe=recipe,
    )


def _fetch(server: Sshd, command: str, given: Credentials, *, budget: Budget = QUICK) -> Collected:
    return collect(
        Target(host=server.host, port=server.port, fingerprint=server.key.fingerprint),
        given,
        platform=_platform(command),
        host_keys=HostKeys(own=Path("/nonexistent")),
        budget=budget,
    )


@pytest.mark.parametrize(
    ("kind", "passphrase", "form"),
    [
        ("ed25519", "", "RFC4716"),
        ("ed25519", PASSPHRASE, "RFC4716"),
        ("ecdsa", PASSPHRASE, "RFC4716"),
        ("rsa", PASSPHRASE, "RFC4716"),
        ("rsa", "", "PEM"),
        ("rsa", PASSPHRASE, "PEM"),
        ("ecdsa", PASSPHRASE, "PEM"),
    ],
)
def test_a_key_file_opens_the_door(server: Sshd, tmp_path: Path, kind: str, passphrase: str, form: str) -> None:
    """Every usual kind of key works, with and without a passphrase, in OpenSSH's own and in PEM form."""
    server.authorize(generate(tmp_path / "id", kind=kind, passphrase=passphrase, form=form))
    given = Credentials(
        user=server.user,
        key_file=tmp_path / "id",
        key_passphrase=SecretText(passphrase) if passphrase else None,
    )

    assert _fetch(server, "echo in", given).capture.documents[0].text == "in\n"


def test_a_passphrase_is_asked_for_once(server: Sshd, tmp_path: Path) -> None:
    """A locked key without its passphrase leads to one question."""
    server.authorize(generate(tmp_path / "id", passphrase=PASSPHRASE))
    questions: list[str] = []

    def ask(question: str) -> str:
        questions.append(question)
        return PASSPHRASE

    _fetch(server, "true", Credentials(user=server.user, key_file=tmp_path / "id", ask=ask))

    assert questions == [f"Passphrase of {tmp_path / 'id'}: "]


@pytest.mark.parametrize(
    ("passphrase", "message"),
    [(None, "needs a passphrase"), (SecretText("wrong-4711"), "does not open the private key")],
)
def test_a_locked_key_is_a_usage_error(
    server: Sshd, tmp_path: Path, passphrase: SecretText | None, message: str
) -> None:
    """A missing or wrong passphrase names the key file, and the password never stands in for it."""
    server.authorize(generate(tmp_path / "id", passphrase=PASSPHRASE))
    given = Credentials(
        user=server.user, password=SecretText(PASSPHRASE), key_file=tmp_path / "id", key_passphrase=passphrase
    )
    with pytest.raises(UsageError, match=message) as caught:
        _fetch(server, "true", given)
    assert caught.value.file == str(tmp_path / "id")


@pytest.mark.parametrize(("content", "message"), [(None, "no such private key"), ("junk", "not a private key")])
def test_a_wrong_key_file_is_a_usage_error(server: Sshd, tmp_path: Path, content: str | None, message: str) -> None:
    """A missing file and a file that is no key are told apart."""
    if content is not None:
        (tmp_path / "id").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        _fetch(server, "true", Credentials(user=server.user, key_file=tmp_path / "id"))


def test_an_unauthorised_key_is_refused(server: Sshd, tmp_path: Path) -> None:
    """The server's no is an authentication failure that says what was tried."""
    server.authorize(generate(tmp_path / "other"))
    generate(tmp_path / "id")
    with pytest.raises(CollectionError, match=r"tried key .*/id") as caught:
        _fetch(server, "true", Credentials(user=server.user, key_file=tmp_path / "id"))
    assert caught.value.kind is FailureKind.AUTHENTICATION


def test_the_agent_is_used_only_on_request(server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent's key opens the door with `agent`, and is not offered without."""
    server.authorize(generate(tmp_path / "id"))
    with _agent(tmp_path / "agent", tmp_path / "id"):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))

        assert _fetch(server, "echo in", Credentials(user=server.user, agent=True)).capture.documents[0].text == "in\n"
        with pytest.raises(CollectionError, match="tried nothing"):
            _fetch(server, "true", Credentials(user=server.user))


@contextmanager
def _agent(address: Path, key: Path) -> Iterator[None]:
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(address)], stdout=subprocess.DEVNULL)
    try:
        while not address.exists():
            assert process.poll() is None
        subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, "SSH_AUTH_SOCK": str(address)}, check=True)
        yield
    finally:
        process.terminate()
        process.wait(5)


def test_an_unknown_key_ends_before_authentication(server: Sshd, tmp_path: Path) -> None:
    """The server's log holds no attempt to log in."""
    server.authorize(generate(tmp_path / "id"))
    before = len(server.log())
    with pytest.raises(CollectionError, match="is unknown") as caught:
        collect(
            Target(host=server.host, port=server.port),
            Credentials(user=server.user, password=SecretText("never-sent"), key_file=tmp_path / "id"),
            platform=_platform("true"),
            host_keys=HostKeys(own=tmp_path / "known_hosts"),
            budget=QUICK,
        )

    assert caught.value.kind is FailureKind.HOST_KEY_UNKNOWN
    assert "userauth-request" not in server.log()[before:]


def test_trust_and_then_collect(server: Sshd, tmp_path: Path) -> None:
    """A key fetched and pinned is accepted."""
    server.authorize(generate(tmp_path / "id"))
    own = tmp_path / "known_hosts"
    hop = Hop(host=server.host, port=server.port)
    trust(hop, fetch_key(hop, host_keys=NONE), own)

    collected = collect(
        Target(host=server.host, port=server.port),
        Credentials(user=server.user, key_file=tmp_path / "id"),
        platform=_platform("echo in"),
        host_keys=HostKeys(own=own),
        budget=QUICK,
    )
    assert collected.host_key == server.key.fingerprint


def test_ten_thousand_lines_with_prompts_come_whole_every_time(server: Sshd, tmp_path: Path) -> None:
    """A ruleset with a shell prompt in a comment and characters of several bytes is equal five times of five."""
    server.authorize(generate(tmp_path / "id"))
    lines = [f'ip saddr 192.0.2.{n % 250} tcp dport {n} accept comment "root@vm:~# é€漢字 {n}"' for n in range(10_100)]
    text = "\n".join(lines) + "\n"
    (tmp_path / "ruleset").write_text(text, encoding="utf-8")
    given = Credentials(user=server.user, key_file=tmp_path / "id")

    for _ in range(5):
        assert _fetch(server, f"cat {tmp_path / 'ruleset'}", given).capture.documents[0].text == text


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ("head -c 100000 /dev/zero | tr '\\0' x; kill -9 $$", "no exit status"),
        ("printf 'a\\n\\377'", "not utf-8 in line 2"),
        ("echo denied >&2; exit 1", "ended with status 1: denied"),
        ("printf half; sleep 5", "fell silent after 4 bytes"),
    ],
)
def test_a_cut_output_is_refused(server: Sshd, tmp_path: Path, command: str, cause: str) -> None:
    """What a real shell does when it is killed, fails or hangs is incomplete, by its cause."""
    server.authorize(generate(tmp_path / "id"))
    with pytest.raises(CollectionError, match=cause) as caught:
        _fetch(server, command, Credentials(user=server.user, key_file=tmp_path / "id"), budget=IMPATIENT)
    assert caught.value.kind is FailureKind.INCOMPLETE


def test_a_forced_command_is_enough(server: Sshd, tmp_path: Path) -> None:
    """A key that is restricted to one wrapper (docs/accounts.md) collects what the wrapper lets through."""
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(
        '#!/bin/sh\ncase "$SSH_ORIGINAL_COMMAND" in\n"echo in") exec echo in ;;\n*) exit 126 ;;\nesac\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    server.authorize(generate(tmp_path / "id"), f'restrict,command="{wrapper}"')
    given = Credentials(user=server.user, key_file=tmp_path / "id")

    assert _fetch(server, "echo in", given).capture.documents[0].text == "in\n"
    with pytest.raises(CollectionError, match="status 126"):
        _fetch(server, "echo out", given)


def test_a_jump_host_leads_to_the_firewall(server: Sshd, tmp_path: Path) -> None:
    """The connection goes through the jump host; it gets the key only, the firewall the password."""
    server.authorize(generate(tmp_path / "id"))
    device = Device(configuration=configuration(5))
    own = tmp_path / "known_hosts"
    with serve(Asa, device) as emulator:
        jump = Hop(host=server.host, port=server.port, user=server.user)
        trust(Hop(host=emulator.host, port=emulator.port), emulator.key, own)
        target = Target(host=emulator.host, port=emulator.port, jumps=(jump,))
        given = credentials(device, key_file=tmp_path / "id")
        with pytest.raises(CollectionError, match=rf"\[127.0.0.1\]:{server.port} is unknown") as caught:
            collect(target, given, platform=asa_platform(), host_keys=HostKeys(own=own), budget=QUICK)
        assert caught.value.kind is FailureKind.HOST_KEY_UNKNOWN
        assert emulator.record.connections == 0

        trust(jump, server.key, own)
        collected = collect(target, given, platform=asa_platform(), host_keys=HostKeys(own=own), budget=QUICK)

    assert collected.capture.documents[0].text == device.configuration
    assert collected.host_key == emulator.key.fingerprint
    assert "direct-tcpip" in server.log()


def test_the_firewalls_own_key_is_checked_behind_a_jump_host(server: Sshd, tmp_path: Path) -> None:
    """Trusting the jump host is not trusting what stands behind it."""
    server.authorize(generate(tmp_path / "id"))
    device = Device(configuration=configuration(5))
    jump = Hop(host=server.host, port=server.port, user=server.user, fingerprint=server.key.fingerprint)
    with serve(Asa, device) as emulator, pytest.raises(CollectionError, match="is unknown") as caught:
        collect(
            Target(host=emulator.host, port=emulator.port, jumps=(jump,)),
            credentials(device, key_file=tmp_path / "id"),
            platform=asa_platform(),
            host_keys=HostKeys(own=tmp_path / "known_hosts"),
            budget=QUICK,
        )

    assert caught.value.kind is FailureKind.HOST_KEY_UNKNOWN
    assert emulator.key.fingerprint in caught.value.message
    assert emulator.record.authentications == []


def test_a_jump_host_that_cannot_reach_the_firewall_says_so(server: Sshd, tmp_path: Path) -> None:
    """A refused forwarding is unreachable, by way of the jump host."""
    server.authorize(generate(tmp_path / "id"))
    jump = Hop(host=server.host, port=server.port, user=server.user, fingerprint=server.key.fingerprint)
    with pytest.raises(CollectionError, match="jump host cannot reach") as caught:
        collect(
            Target(host="127.0.0.1", port=1, jumps=(jump,)),
            Credentials(user=server.user, key_file=tmp_path / "id"),
            platform=asa_platform(),
            host_keys=HostKeys(own=tmp_path / "known_hosts"),
            budget=QUICK,
        )
    assert caught.value.kind is FailureKind.UNREACHABLE
