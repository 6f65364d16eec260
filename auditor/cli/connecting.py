"""From options, environment and the deployment's entry to a target, credentials, host keys and limits."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.options import Collecting
    from auditor.collect.credentials import Credentials
    from auditor.collect.known_hosts import HostKeys
    from auditor.collect.target import Budget, Hop, Target
    from auditor.deployment.site import FirewallEntry

__all__ = ["budget", "credentials", "hop", "host_keys", "known_hosts_file", "target"]

_JUMP: Final = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\s]+))(?::(?P<port>\d{1,5}))?")


def target(name: str, entry: FirewallEntry | None, options: Collecting) -> Target:
    """Give what to connect to: the deployment's entry, or `name` as an address; options win over the entry.

    Raises UsageError for an entry without an address and for text that is no host.
    """
    from auditor.collect.target import Target

    ssh = entry.ssh if entry is not None else None
    if entry is not None and not entry.address:
        raise UsageError(
            f"the deployment gives no address for {entry.name}",
            line=entry.line,
            key=f"firewalls.{entry.name}.address",
            hint="add `address:` there, or name the address and --platform",
        )
    jumps = options.jump or ((ssh.jump,) if ssh is not None and ssh.jump else ())
    return Target(
        host=entry.address if entry is not None else name,
        port=options.port or (ssh.port if ssh is not None else 22),
        user=(ssh.user or None) if ssh is not None else None,
        fingerprint=(ssh.fingerprint or None) if ssh is not None else None,
        legacy=ssh.legacy if ssh is not None else False,
        jumps=tuple(hop(text) for text in jumps),
    )


def hop(text: str) -> Hop:
    """Give a jump host from `[USER@]HOST[:PORT]`, an IPv6 address in brackets; raises UsageError."""
    from auditor.collect.target import Hop

    found = _JUMP.fullmatch(text)
    if found is None:
        raise UsageError(f"{text!r} is no jump host", key="--jump", hint="write [USER@]HOST[:PORT], IPv6 in brackets")
    return Hop(host=found["v6"] or found["host"], port=int(found["port"] or 22), user=found["user"])


def credentials(options: Collecting, goal: Target) -> Credentials:
    """Give who logs in: options, then the deployment's user, then the environment; asks only on a terminal."""
    from auditor.collect.credentials import from_environment

    return from_environment(
        os.environ,
        user=options.user or goal.user,
        key_file=options.key_file,
        agent=options.agent,
        ask=_ask if sys.stdin.isatty() and sys.stderr.isatty() else None,
    )


def _ask(question: str) -> str:
    return str(click.prompt(question, default="", hide_input=True, show_default=False, err=True))


def known_hosts_file(options: Collecting) -> Path:
    """Give the file of pinned host keys."""
    from auditor.collect.known_hosts import default_file

    return options.known_hosts or default_file(os.environ)


def host_keys(options: Collecting) -> HostKeys:
    """Give the keys to trust; raises UsageError where a file is named that does not exist."""
    from auditor.collect.known_hosts import HostKeys

    if options.known_hosts is not None and not options.known_hosts.exists():
        raise UsageError("no such file", file=options.known_hosts, key="--known-hosts", hint="check the path")
    return HostKeys(own=known_hosts_file(options))


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
