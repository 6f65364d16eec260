"""The values of a waivers file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from auditor.report.values import Box, Kind

__all__ = ["OPEN_KINDS", "WITHOUT_TRAFFIC", "Waiver", "Waivers"]

OPEN_KINDS = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.OVER_BROAD})
"""What a waiver that names no kind is about: traffic that is open. That something is closed is another matter."""
WITHOUT_TRAFFIC = frozenset({Kind.NOTE, Kind.MANAGEMENT})
"""Kinds whose findings a waiver names by their id, since they have no traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """What one entry of the file accepts, and until the end of which day (UTC).

    It is bound to firewalls and to traffic (or, where a finding has none, to the finding's id), never to a line of a
    configuration. `line` is the entry's own place in the waivers file.
    """

    firewalls: tuple[str, ...]
    context: str | None = None
    kinds: frozenset[Kind] = OPEN_KINDS
    rows: frozenset[str] | None = None
    traffic: tuple[Box, ...] = ()
    finding: str | None = None
    reason: str
    owner: str
    approver: str
    ticket: str
    expires: date
    line: int | None = None

    def days_left(self, today: date) -> int:
        """Give the days until the last day on which it holds: 0 on that day, negative once it has expired."""
        return (self.expires - today).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Waivers:
    """A waivers file; `sha256` is of its text."""

    entries: tuple[Waiver, ...]
    file: str = ""
    sha256: str = ""
