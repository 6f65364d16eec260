"""The values of a comparison of two reports."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from auditor.report.values import Box, Finding, RowVerdictKind

__all__ = ["Change", "ChangeKind", "Drift", "FirewallDrift", "Part", "RowChange", "Standing"]


class ChangeKind(StrEnum):
    """What became of findings that are about the same traffic."""

    NEW = "new"
    GONE = "gone"
    GROWN = "grown"
    SHRUNK = "shrunk"
    MOVED = "moved"
    """It grew in one place and shrank in another."""
    RETRANSLATED = "retranslated"
    """The same packets arrive, but they reach other hosts."""
    REJUDGED = "rejudged"
    """The same traffic, with another severity, confidence, kind or waiver."""


class Standing(StrEnum):
    """Whether two audits of a firewall can be compared."""

    COMPARED = "compared"
    FIRST_SEEN = "first-seen"
    NOT_SEEN = "not-seen"
    NOT_ASSESSED = "not-assessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A finding and what of it is new, or gone: few canonical boxes, and their exact count of combinations."""

    finding: Finding
    traffic: tuple[Box, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Findings before and after that are about overlapping traffic, and what of it was added and taken away.

    `added` and `removed` are cut once: their parts share no packet.
    """

    kind: ChangeKind
    before: tuple[Finding, ...]
    after: tuple[Finding, ...]
    added: tuple[Part, ...] = ()
    removed: tuple[Part, ...] = ()

    @property
    def finding(self) -> Finding:
        """Give the finding that speaks for the change: the first one after it, or before it where none is left."""
        return (self.after or self.before)[0]

    @property
    def grown_by(self) -> int:
        """Count the combinations that were added."""
        return sum(part.size for part in self.added)

    @property
    def shrunk_by(self) -> int:
        """Count the combinations that were taken away."""
        return sum(part.size for part in self.removed)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """A row whose verdict changed; None on the side where the row did not exist."""

    id: str
    title: str
    before: RowVerdictKind | None
    after: RowVerdictKind | None
    before_possible: bool = False
    after_possible: bool = False
    """Whether the verdict held only under conditions (confidence `possible`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallDrift:
    """What changed on one firewall between two moments (ISO 8601, empty where there is none)."""

    name: str
    context: str = ""
    standing: Standing
    before_as_of: str = ""
    after_as_of: str = ""
    reason: str = ""
    """Why the two could not be compared."""
    rows: tuple[RowChange, ...] = ()
    changes: tuple[Change, ...] = ()
    undecided: tuple[str, ...] = ()
    """What the later audit did not understand and the earlier one did not meet, and could change a row or the surplus:
    of what it does to the traffic nothing is known."""
    facts: tuple[str, ...] = ()
    """What else a reader must know to read the rest: another version, deployment or baseline."""

    @property
    def changed(self) -> bool:
        """Tell whether a verdict, traffic, or what is known of them changed."""
        return bool(self.rows or self.changes or self.undecided)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed between two runs, firewall by firewall."""

    firewalls: tuple[FirewallDrift, ...]

    @property
    def changed(self) -> bool:
        """Tell whether anything that was compared changed."""
        return any(item.changed for item in self.firewalls)
