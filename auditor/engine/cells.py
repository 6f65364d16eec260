"""Products of an address set, an address set and a service set: the engine's unit of traffic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.model import services
from parsers.model.addresses import ANY, AddressSet
from parsers.model.services import ANY_SERVICE, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["EVERYTHING", "PORTED", "Cell", "intersect", "merge", "reversed_services", "size", "subtract"]

PORTED = tuple(sorted(services.PORTED))
"""Protocols with ports, in order."""


@dataclass(frozen=True, slots=True)
class Cell:
    """All packets from `source` to `destination` with `services`."""

    source: AddressSet
    destination: AddressSet
    services: ServiceSet

    def __bool__(self) -> bool:
        """Tell whether there is any packet in it."""
        return bool(self.source) and bool(self.destination) and bool(self.services)

    def __and__(self, other: Cell) -> Cell:
        """Give the common packets (an empty cell is false)."""
        return Cell(self.source & other.source, self.destination & other.destination, self.services & other.services)

    def meets(self, other: Cell) -> bool:
        """Tell whether there is any common packet."""
        return bool(
            self.destination & other.destination and self.services & other.services and self.source & other.source
        )

    def minus(self, other: Cell) -> list[Cell]:
        """Give up to three disjoint cells that make up what of this is not in the other."""
        destination = self.destination & other.destination
        if not destination:
            return [self]
        services = self.services & other.services
        if not services:
            return [self]
        source = self.source & other.source
        if not source:
            return [self]
        parts = (
            Cell(self.source - source, self.destination, self.services),
            Cell(source, self.destination - destination, self.services),
            Cell(source, destination, self.services - services),
        )
        return [part for part in parts if part]

    @property
    def size(self) -> int:
        """Count source, destination and service combinations, exactly."""
        return self.source.size * self.destination.size * self.services.size


EVERYTHING = Cell(ANY, ANY, ANY_SERVICE)


def subtract(cells: Iterable[Cell], holes: Iterable[Cell]) -> list[Cell]:
    """Give what of the cells lies in none of the holes; disjoint cells stay disjoint."""
    rest = [cell for cell in cells if cell]
    for hole in holes:
        if not rest:
            break
        rest = [part for cell in rest for part in cell.minus(hole)]
    return rest


def intersect(cells: Iterable[Cell], others: Iterable[Cell]) -> list[Cell]:
    """Give the pairwise common parts; disjoint where both sides are."""
    right = list(others)
    return [common for cell in cells for other in right if (common := cell & other)]


def size(cells: Iterable[Cell]) -> int:
    """Count the packets of disjoint cells."""
    return sum(cell.size for cell in cells)


def merge(cells: Iterable[Cell]) -> list[Cell]:
    """Give few cells with the same packets, in a canonical order; they stay disjoint where they were."""
    current = list(dict.fromkeys(cell for cell in cells if cell))
    while True:
        before = len(current)
        for fuse in (_fuse_services, _fuse_sources, _fuse_destinations):
            current = fuse(current)
        if len(current) == before:
            break
    return sorted(current, key=lambda cell: (cell.destination.intervals, cell.services.slabs, cell.source.intervals))


def _fuse_sources(cells: list[Cell]) -> list[Cell]:
    groups: dict[tuple[AddressSet, ServiceSet], list[AddressSet]] = {}
    for cell in cells:
        groups.setdefault((cell.destination, cell.services), []).append(cell.source)
    return [Cell(AddressSet.join(parts), *key) for key, parts in groups.items()]


def _fuse_destinations(cells: list[Cell]) -> list[Cell]:
    groups: dict[tuple[AddressSet, ServiceSet], list[AddressSet]] = {}
    for cell in cells:
        groups.setdefault((cell.source, cell.services), []).append(cell.destination)
    return [Cell(source, AddressSet.join(parts), services) for (source, services), parts in groups.items()]


def _fuse_services(cells: list[Cell]) -> list[Cell]:
    groups: dict[tuple[AddressSet, AddressSet], list[ServiceSet]] = {}
    for cell in cells:
        groups.setdefault((cell.source, cell.destination), []).append(cell.services)
    return [Cell(*key, ServiceSet.join(parts)) for key, parts in groups.items()]


def reversed_services(forward: ServiceSet) -> ServiceSet:
    """Give the services of the replies: ports swapped for protocols that have them, else unchanged."""
    parts = []
    for box in forward.boxes:
        low, high = box.protocols
        for number in range(low, high + 1):
            if number in PORTED:
                parts.append(ServiceSet.protocol(number, box.source_ports, source_ports=box.ports))
            else:
                parts.append(ServiceSet.protocol(number, box.ports))
    return ServiceSet.join(parts)
