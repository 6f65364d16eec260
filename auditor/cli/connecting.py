"""From options, environment and the deployment's entry to a target, credentials, host keys and limits."""

from __future__ import annotations

import codecs
import os
import re
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.options import Collecting
    from auditor.collect.credentials import Credentials
    from auditor.collect.known_hosts import HostKeys
    from auditor.collect.login import Login
    from auditor.collect.openssh_config import Resolved
    from auditor.collect.target import Budget, Hop, Target
    from auditor.deployment.site import FirewallEntry

__all__ = ["Reach", "budget", "hop", "host_keys", "known_hosts_file", "login", "reach", "resolved"]

_ASKING: Final = threading.Lock()
_JUMP: Final = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\s]+))(?::(?P<port>\d{1,5}))?")
_SYSTEM: Final = (Path("~/.ssh/known_hosts"), Path("/etc/ssh/ssh_known_hosts"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What to connect to and with what: the target, who logs in there, and who on each of its jump hosts."""

    target: Target
    credentials: Credentials | None
    jump_credentials: tuple[Credentials, ...]


def reach(
    name: str,
    entry: FirewallEntry | None,
    options: Collecting,
    *,
    encoding: str = "utf-8",
    log_in: bool = True,
) -> Reach:
    """Give how a firewall is reached: the deployment's entry, or `name` as an address; options win over the entry.

    Without `log_in` only the jump hosts are logged in to, so that nobody has to be named without them. Raises
    UsageError for an entry without an address, text that is no host, and files that are missing or wrong.
    """
    found = resolved(name, entry, options, encoding=encoding)
    if not log_in and not found.target.jumps:
        return Reach(target=found.target, credentials=None, jump_credentials=())
    if options.key_file is not None and not options.key_file.expanduser().is_file():
        raise UsageError("no such private key", file=options.key_file, key="--key-file", hint="check the path")
    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    own, jumps = login(options).credentials(entry.name if entry is not None else name, found, os.environ, ask)
    return Reach(target=found.target, credentials=own, jump_credentials=jumps)


def resolved(name: str, entry: FirewallEntry | None, options: Collecting, *, encoding: str = "utf-8") -> Resolved:
    """Give where a firewall is and by which way, without looking for credentials; raises as `reach` does."""
    from auditor.collect.openssh_config import Resolved, resolve

    given = _target(name, entry, options, encoding)
    if options.ssh_config is not None:
        return resolve(given, options.ssh_config)
    return Resolved(target=given, jump_key_files=(None,) * len(given.jumps))


def login(options: Collecting) -> Login:
    """Give where credentials are to be found."""
    from auditor.collect.login import Login

    return Login(
        user=options.user,
        key_file=options.key_file,
        agent=options.agent,
        file=options.credentials,
        keyring=options.keyring,
    )


def _target(name: str, entry: FirewallEntry | None, options: Collecting, encoding: str) -> Target:
    from auditor.collect.target import Target

    ssh = entry.ssh if entry is not None else None
    if entry is not None and not entry.address:
        raise UsageError(
            f"there is no address for {entry.name}",
            key=f"firewalls.{entry.name}.address",
            hint="add `address:` there, or name the address itself and --platform",
        )
    try:
        codecs.lookup(encoding)
    except LookupError:
        raise UsageError(f"{encoding!r} is no encoding", key="--encoding", hint="write utf-8 or latin-1") from None
    jumps = options.jump or (tuple(ssh.jump.split(",")) if ssh is not None and ssh.jump else ())
    return Target(
        host=entry.address if entry is not None else name,
        port=options.port or (ssh.port if ssh is not None else 22),
        user=options.user or (ssh.user or None if ssh is not None else None),
        fingerprint=(ssh.fingerprint or None) if ssh is not None else None,
        legacy=ssh.legacy if ssh is not None else False,
        jumps=tuple(hop(text.strip()) for text in jumps),
        encoding=encoding,
    )


def hop(text: str) -> Hop:
    """Give a jump host from `[USER@]HOST[:PORT]`, an IPv6 address in brackets; raises UsageError."""
    from auditor.collect.target import Hop

    found = _JUMP.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no jump host", key="--jump", hint="write [USER@]HOST[:PORT], IPv6 in brackets")
    return Hop(host=found["v6"] or found["host"], port=int(found["port"] or 22), user=found["user"])


def _ask(question: str) -> str:
    # Of several collections at once one asks at a time.
    with _ASKING:
        return str(click.prompt(question, default="", hide_input=True, show_default=False, err=True))


def known_hosts_file(options: Collecting) -> Path:
    """Give the file of pinned host keys."""
    from auditor.collect.known_hosts import default_file

    return options.known_hosts or default_file(os.environ)


def host_keys(options: Collecting, *, pinning: bool = False) -> HostKeys:
    """Give the keys to trust; raises UsageError where a file is named that does not exist, unless it may be made."""
    from auditor.collect.known_hosts import HostKeys

    if options.known_hosts is not None and not (pinning or options.known_hosts.exists()):
        raise UsageError("no such file", file=options.known_hosts, key="--known-hosts", hint="check the path")
    system = tuple(file.expanduser() for file in _SYSTEM) if options.system_known_hosts else ()
    return HostKeys(own=known_hosts_file(options), system=system, named=options.known_hosts is not None)


def budget(options: Collecting) -> Budget:
    """Give the limits of one collection; --timeout bounds the whole and each wait within it."""
    from auditor.collect.target import Budget

    usual = Budget()
    if options.timeout is None:
        return usual
    seconds = options.timeout
    return replace(
        usual,
        total=seconds,
        connect=min(usual.connect, seconds),
        handshake=min(usual.handshake, seconds),
        authentication=min(usual.authentication, seconds),
        idle=min(usual.idle, seconds),
    )
