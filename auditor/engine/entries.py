"""A plain list of rules as one way of asking sees it, held so that the few rules that meet some traffic are soon found.

Parsers intern sets of addresses and services, so that many rules share one. The list keeps, beside the rules, the
numbers of their sets, and each different set is held against the traffic once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.engine.relevance import Windows
    from parsers.model.addresses import AddressSet
    from parsers.model.rules import Match, Stage

__all__ = ["Entries", "Entry", "Lists"]

_MOST = 256
"""So many lists are kept."""


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
    """The rules of a list, in order, made as far as somebody looks."""

    __slots__ = ("_axes", "_items", "_more", "_tagged", "most")

    def __init__(self, items: Iterable[Entry], most: int) -> None:
        """Take the rules, and a bound of how many there are."""
        self.most = most
        self._items: list[Entry] = []
        self._more = iter(items)
        self._axes: tuple[_Column, _Column] | None = None
        self._tagged = False

    def _make(self, stop: int) -> None:
        found = list(self._more) if stop >= self.most else list(islice(self._more, max(stop - len(self._items), 0)))
        self._tagged = self._tagged or any(item.match.tags is not None for item in found)
        self._items += found

    def __len__(self) -> int:
        """Count the rules."""
        self._make(self.most)
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...

    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        """Give a rule."""
        self._make(self.most)
        return self._items[index]

    @property
    def numbered(self) -> bool:
        """Tell whether the whole list has been looked at before, so that looking again costs little."""
        return self._axes is not None

    def at(self, place: int) -> Entry:
        """Give the rule of a place that `meeting` gave."""
        return self._items[place]

    def meeting(self, windows: Windows, start: int, stop: int) -> list[int]:
        """Give the places from start on, before stop, of rules that take any of some traffic."""
        self._make(stop)
        items = self._items
        places: Iterable[int] = range(start, min(stop, len(items)))
        if stop == self.most:
            if self._axes is None:
                self._axes = (
                    _Column(item.match.destination for item in items),
                    _Column(item.match.source for item in items),
                )
            destinations, sources = self._axes
            axis, column = (
                (windows.destinations, destinations)
                if len(destinations.sets) <= len(sources.sets)
                else (windows.sources, sources)
            )
            bits = [axis.bits(item) for item in column.sets]
            numbers = column.numbers
            places = [place for place in places if bits[numbers[place]]]
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


class Lists:
    """The lists that were made of stages, for the next question of the same kind; a limited number of them."""

    __slots__ = ("_lists", "_ways")

    def __init__(self) -> None:
        """Start without any."""
        self._lists: dict[tuple[object, ...], tuple[object, Entries | None]] = {}
        self._ways: dict[int, tuple[Stage, bool]] = {}

    def get(
        self, key: tuple[object, ...], owners: tuple[object, ...], make: Callable[[], Entries | None]
    ) -> Entries | None:
        """Give the list of a key, made where there is none; the owners are kept, so that ids in the key stay theirs."""
        found = self._lists.get(key)
        if found is None:
            if len(self._lists) >= _MOST:
                self._lists.clear()
            found = self._lists[key] = (owners, make())
        return found[1]

    def asks_ways(self, stage: Stage) -> bool:
        """Tell whether any rule of a stage asks for an interface."""
        known = self._ways.get(id(stage))
        if known is None:
            matches = (match for chain in stage.chains for match in chain.rules.matches.given.values())
            asks = any(match.ingress is not None or match.egress is not None for match in matches)
            known = self._ways[id(stage)] = (stage, asks)
        return known[1]


class _Column:
    """The sets of one axis, by rule, as numbers of the different ones."""

    __slots__ = ("numbers", "sets")

    def __init__(self, column: Iterable[AddressSet]) -> None:
        known: dict[AddressSet, int] = {}
        self.sets: list[AddressSet] = []
        self.numbers: list[int] = []
        for item in column:
            number = known.setdefault(item, len(self.sets))
            if number == len(self.sets):
                self.sets.append(item)
            self.numbers.append(number)
