"""OpenSSH's configuration: honoured as far as it goes, an error where it would mean more."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.collect.openssh_config import resolve
from auditor.collect.target import Hop, Target
from auditor.errors import UsageError

CONFIG = """
Host fw1
    HostName 192.0.2.1
    Port 2222
    User audit
    ProxyJump ops@bastion:2022,inner
    StrictHostKeyChecking no
    UserKnownHostsFile /dev/null

Host bastion
    HostName bastion.example.net
    ProxyJump outer

Host inner
    HostName 10.0.0.5
    User inner-user

Host outer
    HostName 203.0.113.9
    Port 443

Host direct
    ProxyJump none

Host *
    User everyone
"""


def _file(tmp_path: Path, text: str = CONFIG) -> Path:
    file = tmp_path / "config"
    file.write_text(text, encoding="utf-8")
    return file


def test_host_port_user_and_the_way_there_are_taken(tmp_path: Path) -> None:
    """Names are resolved, jump hosts each by their own entry, the first one's own jump host before it."""
    resolved = resolve(Target(host="fw1"), _file(tmp_path))

    assert resolved.target == Target(
        host="192.0.2.1",
        port=2222,
        user="audit",
        jumps=(
            Hop(host="203.0.113.9", port=443, user="everyone"),
            Hop(host="bastion.example.net", port=2022, user="ops"),
            Hop(host="10.0.0.5", user="inner-user"),
        ),
    )
    assert resolved.key_file is None


def test_what_was_said_before_wins(tmp_path: Path) -> None:
    """Options stand above the file; a pinned fingerprint and the rest are kept."""
    jump = Hop(host="other", port=2022, user="ops", fingerprint="SHA256:" + "B" * 43)
    target = Target(host="fw1", port=830, user="me", jumps=(jump,), legacy=True, fingerprint="SHA256:" + "A" * 43)
    resolved = resolve(target, _file(tmp_path)).target

    assert (resolved.host, resolved.port, resolved.user, resolved.jumps) == ("192.0.2.1", 830, "me", (jump,))
    assert (resolved.legacy, resolved.fingerprint) == (True, target.fingerprint)


def test_a_host_that_is_not_listed_is_itself(tmp_path: Path) -> None:
    """Only what holds for every host is added."""
    assert resolve(Target(host="fw9"), _file(tmp_path)).target == Target(host="fw9", user="everyone")
    assert resolve(Target(host="direct"), _file(tmp_path)).target.jumps == ()


def test_the_first_private_key_that_exists_is_named(tmp_path: Path) -> None:
    """IdentityFile leads to the key file."""
    (tmp_path / "id").write_text("key", encoding="utf-8")
    text = f"Host fw1\n IdentityFile {tmp_path / 'absent'}\n IdentityFile {tmp_path / 'id'}\n"

    assert resolve(Target(host="fw1"), _file(tmp_path, text)).key_file == tmp_path / "id"


def test_a_jump_host_that_is_named_by_hand_is_looked_up(tmp_path: Path) -> None:
    """As `ssh -J` does it: name, port, user, key and its own jump host come from its entry."""
    (tmp_path / "id").write_text("key", encoding="utf-8")
    text = CONFIG.replace("Host inner", f"Host bastion\n    IdentityFile {tmp_path / 'id'}\n\nHost inner")
    resolved = resolve(Target(host="direct", jumps=(Hop(host="bastion"),)), _file(tmp_path, text))

    assert [hop.name for hop in resolved.target.jumps] == ["[203.0.113.9]:443", "bastion.example.net"]
    assert resolved.jump_key_files == (None, tmp_path / "id")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("Host a\n  User b\nMatch exec true\n  HostName evil\n", "Match is not followed", 3),
        ("Include other\n", "Include is not followed", 1),
        ("  include=other\n", "Include is not followed", 1),
        ("Host fw1\n  ProxyCommand nc %h %p\n", "ProxyCommand for fw1 is not run", None),
        ("Host fw1\n  ProxyJump fw1\n", "leads in a circle", None),
        ("Host fw1\n  ProxyJump a b\n", "no jump host", None),
        ("Host fw1\n  Port ssh\n", "'ssh' is not a port", None),
        ("Host fw1\n  HostName -oProxyCommand=id\n", "neither a host name nor an IP address", None),
        ("Host fw1\n  ProxyJump -oProxyCommand=id\n", "neither a host name nor an IP address", None),
    ],
)
def test_what_is_not_honoured_is_an_error(tmp_path: Path, text: str, message: str, line: int | None) -> None:
    """Nothing that could lead elsewhere is passed over."""
    with pytest.raises(UsageError, match=message) as caught:
        resolve(Target(host="fw1"), _file(tmp_path, text))
    assert caught.value.line == line


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    """To go on without it would be to connect past the jump host."""
    with pytest.raises(UsageError, match="no such file"):
        resolve(Target(host="fw1"), tmp_path / "absent")
