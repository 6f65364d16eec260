"""A part of a fleet for one of several machines: `--shard I/N`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.deployment.site import FirewallEntry
from auditor.errors import UsageError

__all__ = ["WHOLE", "Shard", "parse", "together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part `index` of `count`; `index` counts modulo `count`, so that 1 to N and 0 to N-1 both cover the fleet once."""

    index: int
    count: int

    def take(self, entries: Iterable[FirewallEntry], paths: Sequence[Sequence[str]] = ()) -> tuple[FirewallEntry, ...]:
        """Give this part's firewalls, sorted by name.

        The parts are disjoint and together are the whole; firewalls of one path stay together, since each is asked
        what the one before sends.
        """
        ordered = sorted(entries, key=lambda entry: (entry.name, entry.context))
        first_of = {entry.name: entry.name for entry in ordered}
        for group in together(paths, first_of):
            first_of |= dict.fromkeys(group, min(group))
        firsts = dict.fromkeys(first_of[entry.name] for entry in ordered)
        mine = {name for number, name in enumerate(firsts, 1) if number % self.count == self.index % self.count}
        return tuple(entry for entry in ordered if first_of[entry.name] in mine)

    def __str__(self) -> str:
        """Give it as it is written."""
        return f"{self.index}/{self.count}"


WHOLE = Shard(index=1, count=1)


def parse(text: str) -> Shard:
    """Read `I/N`; raises UsageError."""
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    index, count = (int(found[1]), int(found[2])) if found is not None else (0, 0)
    if not count or index > count:
        raise UsageError(
            f"{text!r} is no part of a fleet",
            key="--shard",
            hint="write I/N: 1/4 to 4/4, or 0/4 to 3/4 where a job's index counts from 0",
        )
    return Shard(index=index, count=count)


def together(paths: Sequence[Sequence[str]], names: Iterable[str]) -> tuple[frozenset[str], ...]:
    """Give the sets of firewalls that hang together by paths, without those that stand alone."""
    left = set(names)
    groups: list[frozenset[str]] = []
    for path in paths:
        group = frozenset(path) & left
        touching = [item for item in groups if item & group]
        groups = [item for item in groups if not item & group] + [group.union(*touching)]
    return tuple(group for group in groups if len(group) > 1)
