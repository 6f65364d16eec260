"""Host keys on the wire: no attempt to log in before the key is accepted, each refusal by its name, pinning."""

from __future__ import annotations

import base64
import re
import socket
from pathlib import Path

import pytest

from auditor.collect.known_hosts import HostKey, HostKeys, pin
from auditor.collect.target import Budget, Hop, Target
from auditor.collect.trust import fetch_key, trust
from auditor.demo.asa import Asa
from auditor.demo.server import Emulator, Options, serve
from auditor.demo.terminal import Device
from auditor.errors import CollectionError, FailureKind
from tests.auditor.collect.bed import QUICK, configuration, fetch

DEVICE = Device(configuration=configuration(5))
NONE = HostKeys(own=Path("/nonexistent"))


def _hop(emulator: Emulator, fingerprint: str | None = None) -> Hop:
    return Hop(host=emulator.host, port=emulator.port, fingerprint=fingerprint)


def _other_key() -> HostKey:
    name = b"ssh-ed25519"
    return HostKey(algorithm="ssh-ed25519", blob=len(name).to_bytes(4, "big") + name + b"\0\0\0\x20" + b"\7" * 32)


def _revoked(key: HostKey) -> str:
    return f"@revoked * {key.algorithm} {base64.b64encode(key.blob).decode()}\n"


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        ("unknown", FailureKind.HOST_KEY_UNKNOWN),
        ("changed", FailureKind.HOST_KEY_CHANGED),
        ("revoked", FailureKind.HOST_KEY_REVOKED),
        ("pin differs", FailureKind.HOST_KEY_CHANGED),
    ],
)
def test_no_login_is_attempted_before_the_key_is_accepted(tmp_path: Path, case: str, kind: FailureKind) -> None:
    """The server sees the key exchange and the end of the connection, and no authentication at all."""
    own = tmp_path / "known_hosts"
    with serve(Asa, DEVICE) as emulator:
        target = None
        if case == "changed":
            pin(own, _hop(emulator), _other_key())
        elif case == "revoked":
            pin(own, _hop(emulator), emulator.key)
            own.write_text(own.read_text(encoding="utf-8") + _revoked(emulator.key), encoding="utf-8")
        elif case == "pin differs":
            target = Target(host=emulator.host, port=emulator.port, fingerprint=_other_key().fingerprint)
        with pytest.raises(CollectionError) as caught:
            fetch(emulator, DEVICE, own=own, target=target)

    assert caught.value.kind is kind
    assert emulator.key.fingerprint in str(caught.value)
    assert emulator.record.connections == 1
    assert emulator.record.authentications == []


def test_a_trusted_key_is_accepted_from_the_file(tmp_path: Path) -> None:
    """`trust` and then collect: the `[host]:port` entry that was written is found."""
    own = tmp_path / "known_hosts"
    with serve(Asa, DEVICE) as emulator:
        key = fetch_key(_hop(emulator), host_keys=NONE, budget=QUICK)
        assert emulator.record.authentications == []
        trust(_hop(emulator), key, own)
        collected = fetch(emulator, DEVICE, own=own)

    assert key == emulator.key
    assert re.match(rf"\[127\.0\.0\.1\]:{emulator.port} ssh-ed25519 \S+\n\Z", own.read_text(encoding="utf-8"))
    assert collected.host_key == key.fingerprint


def test_trust_compares_a_given_fingerprint(tmp_path: Path) -> None:
    """With the wrong fingerprint nothing is pinned."""
    own = tmp_path / "known_hosts"
    with serve(Asa, DEVICE) as emulator:
        hop = _hop(emulator, _other_key().fingerprint)
        key = fetch_key(hop, host_keys=NONE, budget=QUICK)
        with pytest.raises(CollectionError, match="not SHA256:") as caught:
            trust(hop, key, own)

    assert caught.value.kind is FailureKind.HOST_KEY_CHANGED
    assert not own.exists()


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_every_usual_kind_of_host_key_is_checked(tmp_path: Path, algorithm: str) -> None:
    """Ed25519, ECDSA and RSA keys (signed with SHA-2) are pinned and found again."""
    own = tmp_path / "known_hosts"
    with serve(Asa, DEVICE, options=Options(key=algorithm)) as emulator:
        trust(_hop(emulator), fetch_key(_hop(emulator), host_keys=NONE, budget=QUICK), own)

        assert fetch(emulator, DEVICE, own=own).host_key == emulator.key.fingerprint


def test_a_closed_port_is_unreachable() -> None:
    """Nobody listening is told from every other failure."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        hop = Hop(host="127.0.0.1", port=unused.getsockname()[1])
        with pytest.raises(CollectionError, match="Connection refused") as caught:
            fetch_key(hop, host_keys=NONE, budget=QUICK)
    assert caught.value.kind is FailureKind.UNREACHABLE


def test_a_port_that_says_nothing_is_unreachable() -> None:
    """A server that accepts and stays silent is given up at the handshake's limit."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hop = Hop(host="127.0.0.1", port=silent.getsockname()[1])
        with pytest.raises(CollectionError, match="handshake failed") as caught:
            fetch_key(hop, host_keys=NONE, budget=Budget(connect=1, handshake=0.3))
    assert caught.value.kind is FailureKind.UNREACHABLE


def test_a_name_that_cannot_be_resolved_is_unreachable() -> None:
    """The resolver's failure is said as such."""

    def no_such_name(_host: str, _port: int, _timeout: float) -> socket.socket:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(CollectionError, match=r"cannot be resolved: Name or service not known") as caught:
        fetch_key(Hop(host="fw1.example.net"), host_keys=NONE, budget=QUICK, dial=no_such_name)
    assert caught.value.kind is FailureKind.UNREACHABLE
