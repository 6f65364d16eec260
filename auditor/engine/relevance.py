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
    from parsers.model.rules import Match, Stage

__all__ = ["Scope", "Windows", "cover"]

_MOST = 24
"""More windows than this are joined into one, which only costs speed."""


class _Axis:
    """The windows' addresses on one axis, cut into segments with one bit per window that holds them."""

    def __init__(self, windows: Sequence[iv.Intervals]) -> None:
        cuts = sorted({0, *(cut for window in windows for low, high in window for cut in (low, high + 1))})
        self.starts = cuts
        self.bits = [
            sum(1 << number for number, window in enumerate(windows) if iv.contains(window, cut)) for cut in cuts
        ]
        self.known: dict[int, tuple[int, AddressSet]] = {}

    def meets(self, addresses: AddressSet) -> int:
        """Give the windows that a set meets; the set is kept beside its bits, so that its id stays its own."""
        bits = 0
        starts, segments = self.starts, self.bits
        for low, high in addresses.intervals:
            place = bisect_right(starts, low)
            bits |= segments[place - 1]
            while place < len(starts) and starts[place] <= high:
                bits |= segments[place]
                place += 1
        self.known[id(addresses)] = (bits, addresses)
        return bits


class Windows:
    """Some traffic, and whether matches meet it."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        """Take the cells whose traffic is asked about."""
        unique = list(dict.fromkeys(cell for cell in cells if cell))
        if len(unique) > _MOST:
            unique = _fewer(unique)
        self._sources = _Axis([cell.source.intervals for cell in unique])
        self._destinations = _Axis([cell.destination.intervals for cell in unique])
        self._services = [cell.services for cell in unique]
        self._all = (1 << len(unique)) - 1
        self._any = all(services == ANY_SERVICE for services in self._services)
        self._service_bits: dict[int, tuple[int, ServiceSet]] = {}

    def meet(self, match: Match) -> bool:
        """Tell whether a match takes any of the traffic."""
        source, destination = match.source, match.destination
        known = self._sources.known.get(id(source))
        bits = known[0] if known is not None else self._sources.meets(source)
        if not bits:
            return False
        known = self._destinations.known.get(id(destination))
        bits &= known[0] if known is not None else self._destinations.meets(destination)
        if not bits or self._any:
            return bool(bits and match.services)
        return bool(bits & self._service(match.services))

    def _service(self, services: ServiceSet) -> int:
        if services is ANY_SERVICE:
            return self._all
        found = self._service_bits.get(id(services))
        if found is None:
            bits = 0
            for number, window in enumerate(self._services):
                if services & window:
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
        self._indices: dict[tuple[int, str], list[int]] = {}
        for number, stage in enumerate(stages):
            for chain in stage.chains:
                rules = chain.rules
                conditional = rules.conditional()
                meets = [windows.meet(match) for match in rules.matches]
                self._indices[number, chain.name] = [
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
                    Chain(name=chain.name, rules=chain.rules.select(self._indices[number, chain.name]))
                    for chain in stage.chains
                ),
            )
            for number, stage in enumerate(stages)
        )

    def indices(self, stage: int, chain: str) -> list[int]:
        """Give the indices of a chain's rules that matter, in order."""
        return self._indices[stage, chain]


def _sure(windows: Windows, match: Match | None) -> bool:
    return match is not None and windows.meet(match)
