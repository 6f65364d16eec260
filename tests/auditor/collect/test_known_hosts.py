"""Host keys against known_hosts: unknown, changed and revoked told apart, and pinning."""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
import subprocess
from pathlib import Path

import pytest

from auditor.collect.known_hosts import HostKey, HostKeys, default_file, pin
from auditor.collect.target import Hop
from auditor.errors import CollectionError, FailureKind, UsageError


def _key(seed: int, algorithm: str = "ssh-ed25519") -> HostKey:
    name = algorithm.encode()
    return HostKey(
        algorithm=algorithm, blob=len(name).to_bytes(4, "big") + name + bytes([0, 0, 0, 32]) + bytes([seed]) * 32
    )


def _line(hosts: str, key: HostKey, marker: str = "") -> str:
    return f"{marker} {hosts} {key.algorithm} {base64.b64encode(key.blob).decode()} comment".strip() + "\n"


def _hashed(name: str) -> str:
    salt = bytes(range(20))
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


A, B = _key(1), _key(2)
FW = Hop(host="fw1.example.net")
ALTERNATIVE = Hop(host="fw1.example.net", port=2222)


def _judge(tmp_path: Path, text: str, hop: Hop = FW, key: HostKey = A) -> FailureKind | None:
    file = tmp_path / "known_hosts"
    file.write_text(text, encoding="utf-8")
    try:
        HostKeys(own=file).check(hop, key)
    except CollectionError as exc:
        return exc.kind
    return None


@pytest.mark.parametrize(
    ("text", "hop", "expected"),
    [
        (_line("fw1.example.net", A), FW, None),
        (_line("FW1.example.net,192.0.2.1", A), FW, None),
        (_line(_hashed("fw1.example.net"), A), FW, None),
        (_line("*.example.net", A), FW, None),
        (_line("fw?.example.net", A), FW, None),
        (_line("[fw1.example.net]:2222", A), ALTERNATIVE, None),
        (_line(_hashed("[fw1.example.net]:2222"), A), ALTERNATIVE, None),
        ("# a comment\n\n" + _line("fw1.example.net", B) + _line("fw1.example.net", A), FW, None),
        ("", FW, FailureKind.HOST_KEY_UNKNOWN),
        (_line("fw2.example.net", A), FW, FailureKind.HOST_KEY_UNKNOWN),
        (_line("fw1.example.net", A), ALTERNATIVE, FailureKind.HOST_KEY_UNKNOWN),
        (_line("[fw1.example.net]:2222", A), FW, FailureKind.HOST_KEY_UNKNOWN),
        (_line("*.example.net,!fw1.example.net", A), FW, FailureKind.HOST_KEY_UNKNOWN),
        (_line("*", A, "@cert-authority"), FW, FailureKind.HOST_KEY_UNKNOWN),
        (_line("fw1.example.net", B), FW, FailureKind.HOST_KEY_CHANGED),
        (_line(_hashed("fw1.example.net"), B), FW, FailureKind.HOST_KEY_CHANGED),
        (_line("fw1.example.net", _key(1, "ssh-rsa")), FW, FailureKind.HOST_KEY_CHANGED),
        (_line("fw1.example.net", A) + _line("*", A, "@revoked"), FW, FailureKind.HOST_KEY_REVOKED),
        (_line("fw1.example.net", A) + _line("*", B, "@revoked"), FW, None),
        (_line("*", A, "@revoked"), FW, FailureKind.HOST_KEY_REVOKED),
    ],
)
def test_a_key_is_judged_by_the_file(tmp_path: Path, text: str, hop: Hop, expected: FailureKind | None) -> None:
    """Plain, hashed, wildcard, negated and revoked entries mean what sshd(8) says."""
    assert _judge(tmp_path, text, hop) is expected


def test_a_pinned_fingerprint_decides_alone_but_for_revocation(tmp_path: Path) -> None:
    """The pin stands above known entries; a revoked key is refused even if pinned."""
    pinned = Hop(host="fw1.example.net", fingerprint=A.fingerprint)

    assert _judge(tmp_path, _line("fw1.example.net", B), pinned) is None
    assert _judge(tmp_path, "", pinned, B) is FailureKind.HOST_KEY_CHANGED
    assert _judge(tmp_path, _line("*", A, "@revoked"), pinned) is FailureKind.HOST_KEY_REVOKED


@pytest.mark.parametrize("line", ["fw1.example.net\n", "fw1.example.net ssh-ed25519 AAAA\n", "fw1 ssh-rsa @@@\n"])
def test_a_damaged_line_of_our_own_file_is_an_error_with_its_place(tmp_path: Path, line: str) -> None:
    """Our file is kept whole: a line that cannot be read is not passed over."""
    file = tmp_path / "known_hosts"
    file.write_text(_line("fw1.example.net", A) + line, encoding="utf-8")
    with pytest.raises(UsageError, match="not a known_hosts line") as caught:
        HostKeys(own=file).check(FW, A)
    assert (caught.value.file, caught.value.line) == (str(file), 2)


def test_a_damaged_line_of_the_systems_file_is_skipped_unless_it_revokes(tmp_path: Path) -> None:
    """What others keep there is not ours to judge, but a revocation is never lost."""
    system = tmp_path / "system"
    system.write_text("fw1.example.net unknown-type\n" + _line("fw1.example.net", A), encoding="utf-8")
    keys = HostKeys(own=tmp_path / "absent", system=(system,))
    keys.check(FW, A)

    system.write_text("@revoked * ssh-ed25519 damaged\n" + _line("fw1.example.net", A), encoding="utf-8")
    with pytest.raises(UsageError, match="not a known_hosts line"):
        keys.check(FW, A)


def test_messages_say_what_to_compare_and_what_to_run(tmp_path: Path) -> None:
    """Unknown and changed keys come with both fingerprints and the command."""
    keys = HostKeys(own=tmp_path / "known_hosts")
    with pytest.raises(CollectionError, match="unknown") as unknown:
        keys.check(ALTERNATIVE, A)
    pin(keys.own, ALTERNATIVE, B)
    with pytest.raises(CollectionError, match="has changed") as changed:
        keys.check(ALTERNATIVE, A)

    assert A.fingerprint in unknown.value.message
    assert "st-audit trust fw1.example.net --port 2222" in unknown.value.hint
    assert A.fingerprint in changed.value.message
    assert f"{B.fingerprint} in {keys.own}:1" in changed.value.message


def test_pinning_writes_a_private_file_once(tmp_path: Path) -> None:
    """The first key makes the file (0600 in a folder 0700); the same key again changes nothing."""
    file = tmp_path / "data" / "st-audit" / "known_hosts"
    pin(file, FW, A)
    pin(file, FW, A)
    pin(file, ALTERNATIVE, B)

    assert file.read_text(encoding="utf-8").count("\n") == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["known_hosts"]
    HostKeys(own=file).check(ALTERNATIVE, B)


def test_another_key_is_pinned_only_in_the_old_ones_place(tmp_path: Path) -> None:
    """A second key for a known host is refused unless it is said to replace the first."""
    file = tmp_path / "known_hosts"
    pin(file, FW, A)
    with pytest.raises(CollectionError, match="has changed"):
        pin(file, FW, B)
    pin(file, FW, B, replace=True)

    keys = HostKeys(own=file)
    keys.check(FW, B)
    with pytest.raises(CollectionError, match="has changed"):
        keys.check(FW, A)


def test_a_revoked_key_is_never_pinned(tmp_path: Path) -> None:
    """Not even `replace` brings a revoked key back."""
    file = tmp_path / "known_hosts"
    file.write_text(_line("*", A, "@revoked"), encoding="utf-8")
    with pytest.raises(CollectionError, match="revoked"):
        pin(file, FW, A, replace=True)


def test_ssh_keygen_agrees_on_fingerprint_and_hashing(tmp_path: Path) -> None:
    """OpenSSH's own tool prints the same fingerprint, and its hashed file is read."""
    if subprocess.run(["which", "ssh-keygen"], capture_output=True, check=False).returncode:
        pytest.skip("ssh-keygen is not installed (tests/setup.sh)")
    private = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(private)], check=True)
    algorithm, blob = (tmp_path / "id.pub").read_text(encoding="utf-8").split()[:2]
    key = HostKey(algorithm=algorithm, blob=base64.b64decode(blob))
    printed = subprocess.run(["ssh-keygen", "-lf", str(private)], capture_output=True, text=True, check=True).stdout
    file = tmp_path / "known_hosts"
    file.write_text(_line("[fw1.example.net]:2222", key), encoding="utf-8")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, capture_output=True)

    assert printed.split()[1] == key.fingerprint
    assert "fw1" not in file.read_text(encoding="utf-8")
    HostKeys(own=file).check(ALTERNATIVE, key)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_DATA_HOME": "/data"}, "/data/st-audit/known_hosts"),
        ({"XDG_DATA_HOME": "relative", "HOME": "/home/a"}, "/home/a/.local/share/st-audit/known_hosts"),
        ({"HOME": "/home/a"}, "/home/a/.local/share/st-audit/known_hosts"),
    ],
)
def test_our_file_lies_in_the_data_folder(environ: dict[str, str], expected: str) -> None:
    """The XDG base directory decides, a relative one is ignored."""
    assert default_file(environ) == Path(expected)
