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
    """What a host stands for: where to connect, over which jump hosts, and the private key for it, if one is named."""

    target: Target
    key_file: Path | None = None


def resolve(target: Target, file: Path) -> Resolved:
    """Look a target's host up in an OpenSSH configuration; a port, user or jump host it has already is kept.

    Raises UsageError for a missing file, what is not honoured, and jump hosts that lead in a circle.
    """
    config = _read(file)
    entry = _lookup(config, target.host, file)
    key = next((path for text in entry.get("identityfile", ()) if (path := Path(text).expanduser()).is_file()), None)
    jumps = target.jumps or _jumps(config, entry, file, 1)
    host = Target(
        host=str(entry.get("hostname", target.host)),
        port=_port(entry, file) if target.port == 22 else target.port,
        user=target.user or entry.get("user"),
    )
    return Resolved(target=replace(target, host=host.host, port=host.port, user=host.user, jumps=jumps), key_file=key)


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


def _jumps(config: paramiko.SSHConfig, entry: Mapping[str, Any], file: Path, depth: int) -> tuple[Hop, ...]:
    text = str(entry.get("proxyjump", "none"))
    if text.lower() == "none":
        return ()
    if depth > _DEEPEST:
        raise UsageError(f"ProxyJump leads in a circle: {text}", file=file, hint="a jump host must not need itself")
    hops: list[Hop] = []
    for index, word in enumerate(part.strip() for part in text.split(",")):
        found = _JUMP.fullmatch(word)
        if found is None:
            raise UsageError(f"{word!r} is no jump host", file=file, key="ProxyJump", hint="write USER@HOST:PORT")
        name = found["v6"] or found["host"]
        own = _lookup(config, name, file)
        # Only the first jump host may need others to be reached: the next ones are reached through it.
        if index == 0:
            hops.extend(_jumps(config, own, file, depth + 1))
        hops.append(
            Hop(
                host=str(own.get("hostname", name)),
                port=int(found["port"]) if found["port"] else _port(own, file),
                user=found["user"] or own.get("user"),
            )
        )
    return tuple(hops)


def _port(entry: Mapping[str, Any], file: Path) -> int:
    text = str(entry.get("port", "22"))
    if not text.isdecimal():
        raise UsageError(f"{text!r} is not a port", file=file, key="Port", hint="write a number")
    return int(text)
