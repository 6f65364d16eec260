"""Which rules can decide any of some traffic: judged once per match, not per rule.

Traffic is a handful of windows (cells). A set of addresses or services gets one bit per window that it meets, kept per
object, since parsers intern them; a match is relevant where one bit stands on all three axes.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.model import intervals as iv
from parsers.model.addresses import AddressSet
from parsers.model.rules import Chain
from parsers.model.services import ANY_SERVICE, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.engine.cells import Cell
    from parsers.model.interned import Interned, Pair
    from parsers.model.rules import Match, Matches, Stage

__all__ = ["Scope", "Windows", "cover"]

_MOST = 24
"""More windows than this are joined into one, which only costs speed."""


class _Axis:
    """The windows' addresses on one axis, cut into segments with one bit per window that holds them."""

    def __init__(self, windows: Sequence[iv.Intervals]) -> None:
        cuts = sorted({0, *(cut for window in windows for low, high in window for cut in (low, high + 1))})
        self._starts = cuts
        self._segments = [
            sum(1 << number for number, window in enumerate(windows) if iv.contains(window, cut)) for cut in cuts
        ]
        self.known: dict[int, tuple[int, AddressSet]] = {}
        self._tables: dict[int, tuple[list[int], Interned[AddressSet]]] = {}

    def bits(self, addresses: AddressSet) -> int:
        """Give the windows that a set meets; the set is kept beside its bits, so that its id stays its own."""
        known = self.known.get(id(addresses))
        if known is not None:
            return known[0]
        bits = self._of(addresses.intervals)
        self.known[id(addresses)] = (bits, addresses)
        return bits

    def _of(self, intervals: iv.Intervals) -> int:
        bits = 0
        starts, segments = self._starts, self._segments
        top = len(starts)
        for low, high in intervals:
            place = bisect_right(starts, low)
            bits |= segments[place - 1]
            while place < top and starts[place] <= high:
                bits |= segments[place]
                place += 1
        return bits

    def table(self, interned: Interned[AddressSet]) -> list[int]:
        """Give the windows that each of a parser's sets meets, by number, and nothing behind the last."""
        known = self._tables.get(id(interned))
        if known is None:
            known = self._tables[id(interned)] = ([*map(self._part, interned.parts), 0], interned)
        return known[0]

    def _part(self, part: AddressSet | Pair | None) -> int:
        if isinstance(part, tuple):
            starts = self._starts
            place = bisect_right(starts, part[0])
            if place < len(starts) and starts[place] <= part[1]:
                return self._of((part,))
            return self._segments[place - 1]
        return 0 if part is None else self.bits(part)


class Windows:
    """Some traffic, and whether matches meet it."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        """Take the cells whose traffic is asked about."""
        unique = list(dict.fromkeys(cell for cell in cells if cell))
        if len(unique) > _MOST:
            unique = _fewer(unique)
        self.sources = _Axis([cell.source.intervals for cell in unique])
        self.destinations = _Axis([cell.destination.intervals for cell in unique])
        self._services = [cell.services.slabs for cell in unique]
        self._all = (1 << len(unique)) - 1
        self._any = all(cell.services == ANY_SERVICE for cell in unique)
        self._service_bits: dict[int, tuple[int, ServiceSet]] = {}

    def meet(self, match: Match) -> bool:
        """Tell whether a match takes any of the traffic."""
        bits = self.destinations.bits(match.destination)
        if not bits:
            return False
        bits &= self.sources.bits(match.source)
        if not bits or self._any:
            return bool(bits and match.services)
        return bool(bits & self._service(match.services))

    def meets(self, matches: Matches) -> list[bool]:
        """Tell it of all matches of a chain, by number."""
        sources, destinations = (axis.table(matches.addresses) for axis in (self.sources, self.destinations))
        services = matches.service_sets
        found = []
        for number, (source, destination, service) in enumerate(
            zip(matches.sources, matches.destinations, matches.services, strict=True)
        ):
            if service < 0:
                found.append(self.meet(matches.given[number]))
                continue
            bits = sources[source] & destinations[destination]
            found.append(bool(bits) and bool(bits & self._service(services[service])))
        return found

    def _service(self, services: ServiceSet) -> int:
        if services is ANY_SERVICE:
            return self._all
        found = self._service_bits.get(id(services))
        if found is None:
            bits = 0
            for number, window in enumerate(self._services):
                if any(
                    low <= last and first <= high and iv.overlap(axis, other)
                    for low, high, axis in services.slabs
                    for first, last, other in window
                ):
                    bits |= 1 << number
            found = self._service_bits[id(services)] = (bits, services)
        return found[0]


def _fewer(cells: list[Cell]) -> list[Cell]:
    """Join cells into few that cover them: by destination and services first, and all into one if need be."""
    groups: dict[tuple[AddressSet, ServiceSet], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.destination, cell.services), []).append(cell)
    joined = [cover(group) for group in groups.values()]
    return joined if len(joined) <= _MOST else [cover(joined)]


def cover(cells: list[Cell]) -> Cell:
    """Give the smallest cell that holds some cells."""
    return type(cells[0])(
        AddressSet.join(cell.source for cell in cells),
        AddressSet.join(cell.destination for cell in cells),
        ServiceSet.join(cell.services for cell in cells),
    )


class Scope:
    """The rules of a firewall that can decide anything an audit asks about, by stage and chain."""

    def __init__(self, stages: Sequence[Stage], cells: Iterable[Cell]) -> None:
        """Find them once; every later question only looks at these."""
        windows = Windows(cells)
        self._stages: dict[int, dict[str, list[int]]] = {}
        for number, stage in enumerate(stages):
            here = self._stages.setdefault(number, {})
            for chain in stage.chains:
                rules = chain.rules
                conditional = rules.conditional()
                meets = windows.meets(rules.matches)
                here[chain.name] = [
                    index
                    for index, match in enumerate(rules.match_ids)
                    if meets[match] or (index in conditional and _sure(windows, conditional[index][0]))
                ]

    def stages(self, stages: Sequence[Stage]) -> tuple[Stage, ...]:
        """Give the stages with only the rules that matter: the same verdicts for the traffic asked about."""
        return tuple(
            replace(
                stage,
                chains=tuple(
                    Chain(name=chain.name, rules=chain.rules.select(self._stages[number][chain.name]))
                    for chain in stage.chains
                ),
            )
            for number, stage in enumerate(stages)
        )

    def of(self, stage: int) -> dict[str, list[int]]:
        """Give, by chain, the indices of a stage's rules that matter, in order."""
        return self._stages[stage]

    def indices(self, stage: int, chain: str) -> list[int]:
        """Give the indices of a chain's rules that matter, in order."""
        return self._stages[stage][chain]


def _sure(windows: Windows, match: Match | None) -> bool:
    return match is not None and windows.meet(match)
