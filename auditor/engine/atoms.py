"""Sets as integers: each axis is cut into elementary intervals (atoms), one bit each.

All sets that a stage can tell apart are unions of its atoms, so that intersection, difference and emptiness are
single operations on Python integers, exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from parsers.model import intervals as iv
from parsers.model.addresses import AddressSet
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.intervals import Intervals

__all__ = ["AddressAtoms", "ServiceAtoms"]


def _cuts(sets: Iterable[Intervals], universe: Intervals) -> list[int]:
    cuts = {edge for low, high in universe for edge in (low, high + 1)}
    for intervals in sets:
        for low, high in iv.intersection(intervals, universe):
            cuts.add(low)
            cuts.add(high + 1)
    return sorted(cuts)


def _mask(intervals: Intervals, cuts: list[int]) -> int:
    mask = 0
    for low, high in intervals:
        mask |= (1 << bisect_left(cuts, high + 1)) - (1 << bisect_left(cuts, low))
    return mask


def _runs(mask: int, cuts: list[int]) -> Intervals:
    runs: list[tuple[int, int]] = []
    position = 0
    while mask:
        skip = (mask & -mask).bit_length() - 1
        mask >>= skip
        position += skip
        length = (~mask & (mask + 1)).bit_length() - 1
        runs.append((cuts[position], cuts[position + length] - 1))
        mask >>= length
        position += length
    return tuple(runs)  # canonical: an atom that is left out stands between any two runs


class AddressAtoms:
    """One address axis within a universe, cut at every edge of some sets."""

    def __init__(self, sets: Iterable[AddressSet], universe: AddressSet) -> None:
        """Cut the universe at the edges of the sets."""
        self._universe = universe.intervals
        self._cuts = _cuts((item.intervals for item in sets), self._universe)
        self._masks: dict[AddressSet, int] = {}
        self._sets: dict[int, AddressSet] = {}

    def mask(self, addresses: AddressSet) -> int:
        """Give the bits of a set that the axis was cut for, within the universe."""
        mask = self._masks.get(addresses)
        if mask is None:
            mask = _mask(iv.intersection(addresses.intervals, self._universe), self._cuts)
            self._masks[addresses] = mask
        return mask

    def addresses(self, mask: int) -> AddressSet:
        """Give the set of some bits."""
        found = self._sets.get(mask)
        if found is None:
            found = self._sets[mask] = AddressSet(_runs(mask, self._cuts))
        return found


class ServiceAtoms:
    """Protocol and port, times source port where some set restricts it: bit = source-port atom * width + axis atom."""

    def __init__(self, sets: Iterable[ServiceSet], universe: ServiceSet) -> None:
        """Cut the universe at the edges of the sets."""
        self._universe = universe
        items = [item & universe for item in sets]
        items.append(universe)
        self._ports = sorted({cut for item in items for low, high, _ in item.slabs for cut in (low, high + 1)})
        self._whole = iv.normalise(pair for _, _, axis in universe.slabs for pair in axis)
        self._cuts = _cuts((axis for item in items for _, _, axis in item.slabs), self._whole)
        self._width = len(self._cuts)
        self._masks: dict[ServiceSet, int] = {}
        self._sets: dict[int, ServiceSet] = {}

    def mask(self, services: ServiceSet) -> int:
        """Give the bits of a set that the axes were cut for, within the universe."""
        mask = self._masks.get(services)
        if mask is None:
            mask = 0
            for low, high, axis in (services & self._universe).slabs:
                row = _mask(axis, self._cuts)
                for atom in range(bisect_left(self._ports, low), bisect_left(self._ports, high + 1)):
                    mask |= row << (atom * self._width)
            self._masks[services] = mask
        return mask

    def services(self, mask: int) -> ServiceSet:
        """Give the set of some bits."""
        found = self._sets.get(mask)
        if found is None:
            slabs = []
            rest, atom, full = mask, 0, (1 << self._width) - 1
            while rest:
                row = rest & full
                if row:
                    ports = (self._ports[atom], self._ports[atom + 1] - 1)
                    slabs.append(ServiceSet.from_axis(_runs(row, self._cuts), ports))
                rest >>= self._width
                atom += 1
            found = self._sets[mask] = ServiceSet.join(slabs)
        return found
