"""What to connect to: addresses that cannot be mistaken for anything else, and the limits of a collection."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from auditor.errors import CollectionError, FailureKind, UsageError

__all__ = ["Budget", "Deadline", "Hop", "Target", "describe"]

_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One SSH server on the way; `fingerprint` (`SHA256:...`) pins its key, else the known_hosts files decide.

    Raises UsageError for a host that is neither a host name nor an IP address: such text (a leading hyphen, blanks,
    a shell's or ssh's options) is refused wherever it comes from.
    """

    host: str
    port: int = 22
    user: str | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is not a host, a port or a fingerprint."""
        if not _is_host(self.host):
            raise UsageError(
                f"{self.host!r} is neither a host name nor an IP address",
                hint="write a name such as fw1.example.net or an address such as 192.0.2.1; the port goes into --port",
            )
        if not 1 <= self.port <= 65535:
            raise UsageError(f"{self.port} is not a TCP port", hint="ports are 1 to 65535; SSH's own is 22")
        if self.fingerprint is not None and re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}", self.fingerprint) is None:
            raise UsageError(
                f"{self.fingerprint!r} is not a SHA-256 host key fingerprint",
                hint="write it as ssh-keygen -lf prints it: SHA256: and 43 characters",
            )

    @property
    def name(self) -> str:
        """The host as known_hosts spells it: `host`, or `[host]:port` on another port than 22."""
        host = self.host.rstrip(".").lower()
        return host if self.port == 22 else f"[{host}]:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Hop):
    """A firewall to collect from, and the jump hosts on the way, nearest first.

    `legacy` offers algorithms that are broken or near it (SHA-1 MACs, CBC), for devices that know no other; `encoding`
    is how the device writes its configuration.
    """

    jumps: tuple[Hop, ...] = ()
    legacy: bool = False
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long (seconds) and how much (bytes) one collection may take; `idle` is the longest silence."""

    connect: float = 10.0
    handshake: float = 15.0
    authentication: float = 30.0
    idle: float = 30.0
    total: float = 300.0
    size: int = 64 * 1024 * 1024


class Deadline:
    """The moment at which a collection is given up, whatever it is doing."""

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Start counting now."""
        self._seconds = seconds
        self._monotonic = monotonic
        self._end = monotonic() + seconds

    def remaining(self, limit: float) -> float:
        """Give the seconds left, at most `limit`; raises CollectionError (incomplete) when there are none."""
        left = self._end - self._monotonic()
        if left <= 0:
            raise CollectionError(
                f"the collection took longer than {self._seconds:g} s and was given up",
                kind=FailureKind.INCOMPLETE,
                hint="raise --timeout if the device is slow rather than stuck",
            )
        return min(left, limit)


def describe(error: Exception) -> str:
    """Say what an error says, or what it is where it says nothing (EOFError does not)."""
    return str(error) or type(error).__name__


def _is_host(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        # A name of digits only would be an address to the resolver (127.1, 0x7f.1), and not the one that is shown.
        return (
            len(text) <= 253
            and _HOST_NAME.fullmatch(text) is not None
            and re.fullmatch(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?", text) is None
        )
    return "%" not in text
