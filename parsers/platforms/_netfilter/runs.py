"""Rules of one box each as columns of numbers: what long rulesets are mostly made of.

A rule that is a plain conjunction of a source, a destination, services and what few rules differ in (interfaces,
states) costs some numbers, and no objects of its own.
"""

from __future__ import annotations

from array import array
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY, AddressSet
from parsers.model.capture import Span
from parsers.model.interned import Interned
from parsers.model.rules import ANYTHING, Match, RulesBuilder
from parsers.model.services import ANY_SERVICE, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.model.rules import Do

__all__ = ["Run", "Tables"]


class Tables:
    """What the columns of the runs of one document number; 0 is anything.

    `dos` are decisions; `frames` are matches of any source and destination, and of the services that their rules name.
    """

    def __init__(self, addresses: int, services: int) -> None:
        """Make room for so many sets of addresses and of services."""
        self.addresses = Interned(AddressSet, [ANY, *([None] * (addresses - 1))])
        self.services: Interned[ServiceSet] = Interned(ServiceSet.from_axis, [ANY_SERVICE, *([None] * (services - 1))])
        self.dos: list[Do] = []
        self.frames: list[Match] = [ANYTHING]
        self._dos: dict[Do, int] = {}
        self._frames: dict[Match, int] = {ANYTHING: 0}

    def number_do(self, do: Do) -> int:
        """Give the number of a decision."""
        if do not in self._dos:
            self._dos[do] = len(self.dos)
            self.dos.append(do)
        return self._dos[do]

    def number_frame(self, match: Match) -> int:
        """Give the number of what a match says beside its addresses and services."""
        frame = replace(match, source=ANY, destination=ANY, services=ANY_SERVICE, objects=())
        if frame not in self._frames:
            self._frames[frame] = len(self.frames)
            self.frames.append(frame)
        return self._frames[frame]


class Run:
    """Rules of one chain that follow one another, each of one exact box, on one line and of one decision."""

    __slots__ = ("_destinations", "_document", "_dos", "_frames", "_lines", "_services", "_sources", "tables")

    def __init__(self, tables: Tables, document: int) -> None:
        """Start empty."""
        self.tables = tables
        self._document = document
        self._lines = array("i")
        self._dos = array("i")
        self._frames = array("i")
        self._sources = array("i")
        self._destinations = array("i")
        self._services = array("i")

    def append(self, line: int, do: int, frame: int, source: int, destination: int, services: int) -> None:  # noqa: PLR0917 - one row
        """Add a rule by its line and numbers."""
        self._lines.append(line)
        self._dos.append(do)
        self._frames.append(frame)
        self._sources.append(source)
        self._destinations.append(destination)
        self._services.append(services)

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._lines)

    @property
    def decisions(self) -> list[Do]:
        """Give each decision that some rule takes, in no order that matters."""
        return [self.tables.dos[number] for number in sorted(set(self._dos))]

    def rows(self) -> Iterator[tuple[Match, Do, Span]]:
        """Give each rule's box, decision and place."""
        for row, line in enumerate(self._lines):
            span = Span(document=self._document, first=line, last=line)
            yield self._match(row), self.tables.dos[self._dos[row]], span

    def builder(self) -> RulesBuilder:
        """Give a builder that `put_in` can fill with the runs of the same tables."""
        return RulesBuilder(self.tables.addresses, self.tables.services)

    def put_in(self, builder: RulesBuilder) -> None:
        """Append the rules to a chain."""
        numbers = {number: builder.intern_decision(self.tables.dos[number]) for number in sorted(set(self._dos))}
        decisions = array("i", map(numbers.__getitem__, self._dos))
        known: dict[tuple[int, int, int, int], int] = {}
        start = 0
        for framed, rows in groupby(self._frames, bool):
            end = start + sum(1 for _ in rows)
            if not framed:
                part = slice(start, end)
                columns = self._sources[part], self._destinations[part], self._services[part]
                builder.extend(decisions[part], columns, self._document, self._lines[part])
            else:
                for row in range(start, end):
                    key = self._frames[row], self._sources[row], self._destinations[row], self._services[row]
                    if key not in known:
                        known[key] = builder.put(self._match(row))
                    builder.add(decisions[row], known[key], self._document, self._lines[row], self._lines[row])
            start = end

    def _match(self, row: int) -> Match:
        frame = self.tables.frames[self._frames[row]]
        return Match(
            source=self.tables.addresses[self._sources[row]],
            destination=self.tables.addresses[self._destinations[row]],
            services=self.tables.services[self._services[row]],
            ingress=frame.ingress,
            egress=frame.egress,
            states=frame.states,
            tags=frame.tags,
        )
