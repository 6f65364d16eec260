"""A target from the user's OpenSSH client configuration (ssh_config(5)): as much as can be honoured, no less.

Honoured: Host, HostName, Port, User, IdentityFile, ProxyJump (several, each looked up in turn). Whatever would lead
somewhere else unseen (Include, Match, CanonicalizeHostname, ProxyCommand) is an error. Host keys are ours to judge:
StrictHostKeyChecking and the files of known hosts named there change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from auditor.collect.target import Hop, Target
from auditor.errors import UsageError

if TYPE_CHECKING:
    import paramiko

__all__ = ["Resolved", "resolve"]

_DEEPEST: Final = 8
_NOT_FOLLOWED: Final = {"include": "Include", "match": "Match", "canonicalizehostname": "CanonicalizeHostname"}
_JUMP: Final = re.compile(
    r"(?:ssh://)?(?:(?P<user>[^@\s]+)@)?(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\s]+))(?::(?P<port>\d{1,5}))?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What a host stands for: where to connect, over which jump hosts, and the private keys that are named for them.

    `jump_key_files` holds one entry for each of the target's jump hosts.
    """

    target: Target
    key_file: Path | None = None
    jump_key_files: tuple[Path | None, ...] = ()


def resolve(target: Target, file: Path) -> Resolved:
    """Look a target's host up in an OpenSSH configuration; a port, user or jump host it has already is kept.

    Jump hosts, named there or by the target, are looked up in their turn. Raises UsageError for a missing file, what is
    not honoured, and jump hosts that lead in a circle.
    """
    config = _read(file)
    entry = _lookup(config, target.host, file)
    named = [_Jump(hop.host, hop.port if hop.port != 22 else None, hop.user, hop.fingerprint) for hop in target.jumps]
    way = _way(config, named or _jumps(entry, file), file, 1)
    return Resolved(
        target=replace(
            target,
            host=str(entry.get("hostname", target.host)),
            port=_port(entry, file) if target.port == 22 else target.port,
            user=target.user or entry.get("user"),
            jumps=tuple(hop for hop, _ in way),
        ),
        key_file=_key_file(entry),
        jump_key_files=tuple(key for _, key in way),
    )


@dataclass(frozen=True, slots=True)
class _Jump:
    """A jump host as it is named, before it is looked up."""

    name: str
    port: int | None
    user: str | None
    fingerprint: str | None = None


def _read(file: Path) -> paramiko.SSHConfig:
    import paramiko

    try:
        text = file.expanduser().read_text(encoding="utf-8")
    except FileNotFoundError as exc:
        # To go on without it could mean to connect directly, past a jump host.
        raise UsageError("no such file", file=file, hint="name an existing OpenSSH configuration") from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError("cannot be read as text", file=file, hint="check the file") from exc
    for number, line in enumerate(text.splitlines(), 1):
        word = re.split(r"[\s=]", line.strip(), maxsplit=1)[0].lower()
        if word in _NOT_FOLLOWED:
            raise UsageError(
                f"{_NOT_FOLLOWED[word]} is not followed, so the file may mean something else than what is read of it",
                file=file,
                line=number,
                hint="keep the firewalls' hosts in a file without it and name that one",
            )
    try:
        return paramiko.SSHConfig.from_text(text)
    except paramiko.ConfigParseError as exc:
        raise UsageError(f"not an OpenSSH configuration: {exc}", file=file, hint="check it with: ssh -G HOST") from exc


def _lookup(config: paramiko.SSHConfig, host: str, file: Path) -> Mapping[str, Any]:
    entry: Mapping[str, Any] = config.lookup(host)
    command = str(entry.get("proxycommand", "none"))
    if command.lower() != "none":
        raise UsageError(
            f"ProxyCommand for {host} is not run", file=file, hint="write ProxyJump in its place, or `ssh: {jump: ...}`"
        )
    return entry


def _jumps(entry: Mapping[str, Any], file: Path) -> list[_Jump]:
    text = str(entry.get("proxyjump", "none"))
    found: list[_Jump] = []
    for word in [] if text.lower() == "none" else [part.strip() for part in text.split(",")]:
        match = _JUMP.fullmatch(word)
        if match is None:
            raise UsageError(f"{word!r} is no jump host", file=file, key="ProxyJump", hint="write USER@HOST:PORT")
        port = int(match["port"]) if match["port"] else None
        found.append(_Jump(match["v6"] or match["host"], port, match["user"]))
    return found


def _way(config: paramiko.SSHConfig, jumps: list[_Jump], file: Path, depth: int) -> list[tuple[Hop, Path | None]]:
    """Give each jump host with its private key, in the order in which they are passed."""
    if depth > _DEEPEST:
        names = ", ".join(jump.name for jump in jumps)
        raise UsageError(f"ProxyJump leads in a circle: {names}", file=file, hint="a jump host must not need itself")
    way: list[tuple[Hop, Path | None]] = []
    for index, jump in enumerate(jumps):
        entry = _lookup(config, jump.name, file)
        # Only the first jump host may need others to be reached: the next ones are reached through it.
        further = _jumps(entry, file) if index == 0 else []
        if further:
            way.extend(_way(config, further, file, depth + 1))
        hop = Hop(
            host=str(entry.get("hostname", jump.name)),
            port=jump.port if jump.port is not None else _port(entry, file),
            user=jump.user or entry.get("user"),
            fingerprint=jump.fingerprint,
        )
        way.append((hop, _key_file(entry)))
    return way


def _key_file(entry: Mapping[str, Any]) -> Path | None:
    paths = (Path(text).expanduser() for text in entry.get("identityfile", ()))
    return next((path for path in paths if path.is_file()), None)


def _port(entry: Mapping[str, Any], file: Path) -> int:
    text = str(entry.get("port", "22"))
    if not text.isdecimal():
        raise UsageError(f"{text!r} is not a port", file=file, key="Port", hint="write a number")
    return int(text)
