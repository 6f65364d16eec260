"""The values of an inventory."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.deployment.site import FirewallEntry

__all__ = ["Inventory", "LeftOut", "Listed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One firewall; `tags` are the words besides its name by which --limit finds it."""

    entry: FirewallEntry
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A host of the inventory that is not audited, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The firewalls of a file, and what else it lists."""

    listed: tuple[Listed, ...]
    left_out: tuple[LeftOut, ...] = ()
    kind: str = "st-audit"
    file: str = ""
