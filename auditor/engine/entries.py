"""A plain list of rules as one way of asking sees it, held so that the few rules that meet some traffic are soon found.

Parsers intern sets of addresses and services, so that many rules share one. The list keeps, beside the rules, the
numbers of their sets, and each different set is held against the traffic once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.engine.relevance import Windows
    from parsers.model.addresses import AddressSet
    from parsers.model.rules import Match

__all__ = ["Entries", "Entry"]


class Entry(NamedTuple):
    """One rule as a mode sees it: what it matches, and whether it takes that away, is told of, and decides for sure.

    `permits` and `denies` tell that it lets pass, or drops, what it takes; a translation does neither.
    """

    match: Match
    chain: str
    rule: int
    sure: bool
    takes: bool
    records: bool
    permits: bool = False
    denies: bool = False


class Entries(Sequence[Entry]):
    """The rules of a list, in order."""

    __slots__ = ("_destination_numbers", "_destinations", "_items", "_source_numbers", "_sources", "_tagged")

    def __init__(self, items: Iterable[Entry]) -> None:
        """Take the rules, and number their sets of addresses."""
        self._items = list(items)
        self._sources, self._source_numbers = _numbered(item.match.source for item in self._items)
        self._destinations, self._destination_numbers = _numbered(item.match.destination for item in self._items)
        self._tagged = any(item.match.tags is not None for item in self._items)

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        """Give a rule."""
        return self._items[index]

    def meeting(self, windows: Windows, start: int) -> list[int]:
        """Give the places from start on of rules that take any of some traffic."""
        sources, destinations = windows.sources, windows.destinations
        places: Iterable[int] = range(start, len(self._items))
        if len(self._destinations) <= len(self._sources):
            places = _met(places, self._destination_numbers, [destinations.bits(item) for item in self._destinations])
        else:
            places = _met(places, self._source_numbers, [sources.bits(item) for item in self._sources])
        items = self._items
        return [place for place in places if windows.meet(items[place].match)]

    def fitting(self, places: list[int], tags: frozenset[str]) -> list[int]:
        """Give those of some places whose rules take traffic with some tags."""
        if not self._tagged:
            return places
        items = self._items
        return [
            place
            for place in places
            if (wanted := items[place].match.tags) is None or (bool(wanted & tags) if wanted else not tags)
        ]


def _numbered(sets: Iterable[AddressSet]) -> tuple[list[AddressSet], list[int]]:
    numbers: dict[int, int] = {}
    unique: list[AddressSet] = []
    column = []
    for item in sets:
        number = numbers.setdefault(id(item), len(unique))
        if number == len(unique):
            unique.append(item)
        column.append(number)
    return unique, column


def _met(places: Iterable[int], numbers: list[int], bits: list[int]) -> list[int]:
    return [place for place in places if bits[numbers[place]]]
