"""Sets as integers: each axis is cut into elementary intervals (atoms), one bit each.

All sets that a stage can tell apart are unions of its atoms, so that intersection, difference and emptiness are
single operations on Python integers, exactly.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import compress, count
from typing import TYPE_CHECKING

from auditor.engine.masked import MaskedAddresses, MaskedServices
from parsers.model import intervals as iv
from parsers.model.addresses import AddressSet
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.intervals import Intervals

__all__ = ["AddressAtoms", "ServiceAtoms", "bits"]

_KEPT = 10_000
"""So many sets are kept beside their bits at the most."""
_BITS = bytes.maketrans(b"01", b"\0\1")


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


def _runs(mask: int, cuts: list[int], tops: list[int]) -> Intervals:
    """Give the intervals of some bits; canonical, since an atom that is left out stands between any two runs."""
    if not mask:
        return ()
    skip = (mask & -mask).bit_length() - 1
    mask >>= skip
    begins, ends = mask & ~(mask << 1), mask & ~(mask >> 1)
    if begins == 1:
        return ((cuts[skip], tops[skip + ends.bit_length() - 1]),)
    width = skip + mask.bit_length()
    lows = compress(cuts[skip:width], _digits(begins))
    return tuple(zip(lows, compress(tops[skip:width], _digits(ends)), strict=True))


def _digits(mask: int) -> bytes:
    """Give the bits from the lowest on, one byte each."""
    return f"{mask:b}".encode().translate(_BITS)[::-1]


def bits(mask: int) -> list[int]:
    """Give the numbers of the bits of a mask, from the lowest on."""
    skip = (mask & -mask).bit_length() - 1 if mask else 0
    return list(compress(count(skip), _digits(mask >> skip))) if mask else []


def _weigh(mask: int, weights: list[int]) -> int:
    skip = (mask & -mask).bit_length() - 1 if mask else 0
    return sum(compress(weights[skip:], _digits(mask >> skip)))


def _tops(cuts: list[int]) -> list[int]:
    return [cut - 1 for cut in cuts[1:]]


class AddressAtoms:
    """One address axis within a universe, cut at every edge of some sets."""

    def __init__(self, sets: Iterable[AddressSet], universe: AddressSet) -> None:
        """Cut the universe at the edges of the sets."""
        self._universe = universe.intervals
        self._cuts = _cuts((item.intervals for item in sets), self._universe)
        self._tops = _tops(self._cuts)
        self._weights: list[int] = []
        self._masks: dict[AddressSet, int] = {}
        self._sets: dict[int, MaskedAddresses] = {}
        self._exact: dict[int, tuple[AddressSet, int | None]] = {}

    @property
    def width(self) -> int:
        """Count the atoms."""
        return len(self._cuts)

    def mask(self, addresses: AddressSet) -> int:
        """Give the bits of a set that the axis was cut for, within the universe."""
        mask = self._masks.get(addresses)
        if mask is None:
            mask = _mask(iv.intersection(addresses.intervals, self._universe), self._cuts)
            self._masks[addresses] = mask
        return mask

    def exactly(self, addresses: AddressSet) -> int | None:
        """Give the bits of any set within the universe; None where it tells packets of one atom apart."""
        known = self._exact.get(id(addresses))
        if known is None:
            if len(self._exact) >= _KEPT:
                self._exact.clear()
            within = iv.intersection(addresses.intervals, self._universe)
            mask = _mask(within, self._cuts)
            known = self._exact[id(addresses)] = (addresses, mask if self.intervals(mask) == within else None)
        return known[1]

    def addresses(self, mask: int) -> AddressSet:
        """Give the set of some bits."""
        found = self._sets.get(mask)
        if found is None:
            found = self._sets[mask] = MaskedAddresses(self, mask)
        return found

    def intervals(self, mask: int) -> Intervals:
        """Give the intervals of some bits."""
        return _runs(mask, self._cuts, self._tops)

    def size(self, mask: int) -> int:
        """Count the addresses of some bits."""
        if not self._weights:
            self._weights = [top - cut + 1 for cut, top in zip(self._cuts, self._tops, strict=False)]
        return _weigh(mask, self._weights)


class ServiceAtoms:
    """Protocol and port, times source port where some set restricts it: bit = source-port atom * width + axis atom."""

    def __init__(self, sets: Iterable[ServiceSet], universe: ServiceSet) -> None:
        """Cut the universe at the edges of the sets."""
        self.universe = ServiceSet(universe.slabs)
        items = [item & self.universe for item in sets]
        items.append(self.universe)
        self._ports = sorted({cut for item in items for low, high, _ in item.slabs for cut in (low, high + 1)})
        self._whole = iv.normalise(pair for _, _, axis in universe.slabs for pair in axis)
        self._cuts = _cuts((axis for item in items for _, _, axis in item.slabs), self._whole)
        self._tops = _tops(self._cuts)
        self._width = len(self._cuts)
        self._masks: dict[ServiceSet, int] = {}
        self._sets: dict[int, MaskedServices] = {}
        self._exact: dict[int, tuple[ServiceSet, int | None]] = {}
        self._rows: dict[Intervals, ServiceSet] = {}

    @property
    def width(self) -> int:
        """Count the atoms."""
        return self._width * max(len(self._ports) - 1, 1)

    def mask(self, services: ServiceSet) -> int:
        """Give the bits of a set that the axes were cut for, within the universe."""
        mask = self._masks.get(services)
        if mask is None:
            mask = self._masks[services] = self._mask(services & self.universe)
        return mask

    def _mask(self, services: ServiceSet) -> int:
        mask = 0
        for low, high, axis in services.slabs:
            row = _mask(axis, self._cuts)
            for atom in range(bisect_left(self._ports, low), bisect_left(self._ports, high + 1)):
                mask |= row << (atom * self._width)
        return mask

    def exactly(self, services: ServiceSet) -> int | None:
        """Give the bits of any set within the universe; None where it tells packets of one atom apart."""
        known = self._exact.get(id(services))
        if known is None:
            if len(self._exact) >= _KEPT:
                self._exact.clear()
            within = ServiceSet(services.slabs) & self.universe
            mask = self._mask(within)
            known = self._exact[id(services)] = (services, mask if self.slabs(mask) == within.slabs else None)
        return known[1]

    def across(self, mask: int, other: ServiceSet) -> ServiceSet:
        """Give what some bits and a set have in common that tells packets of one atom apart: by source port, mostly."""
        parts = []
        for low, high, axis in other.slabs:
            within = self.exactly(self._rows.setdefault(axis, ServiceSet.from_axis(axis)))
            part = ServiceSet(self.slabs(mask if within is None else mask & within))
            parts.append(part & ServiceSet(((low, high, axis),)))
        return ServiceSet.join(parts)

    def services(self, mask: int) -> ServiceSet:
        """Give the set of some bits."""
        found = self._sets.get(mask)
        if found is None:
            found = self._sets[mask] = MaskedServices(self, mask)
        return found

    def slabs(self, mask: int) -> tuple[tuple[int, int, Intervals], ...]:
        """Give the slabs of some bits."""
        slabs = []
        rest, atom, full = mask, 0, (1 << self._width) - 1
        while rest:
            row = rest & full
            if row:
                ports = (self._ports[atom], self._ports[atom + 1] - 1)
                slabs.append(ServiceSet.from_axis(_runs(row, self._cuts, self._tops), ports))
            rest >>= self._width
            atom += 1
        return slabs[0].slabs if len(slabs) == 1 else ServiceSet.join(slabs).slabs
