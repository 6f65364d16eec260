"""First match over a plain list of rules, for large lists: exact, and nearly linear where most rules do not matter.

Traffic has one axis of few hosts (the audited ones) and one of many peers. Hosts that every rule treats alike form a
group; within a group what remains is a partition of the service atoms into classes, each with one set of peers as an
integer. A rule takes the product of its services and its peers from the classes that it meets; the smaller part of a
class that splits gets the new number (Hopcroft's rule). Rules are taken in chunks: the atoms of a chunk are cut by its
own rules, clipped to what remains, so that rules behind a wide one cost next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from auditor.engine.atoms import AddressAtoms, ServiceAtoms, bits
from auditor.engine.cells import Cell
from auditor.engine.entries import Entries, Entry
from auditor.engine.question import NO_GRID
from auditor.engine.relevance import Windows, cover
from parsers.model.addresses import AddressSet
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from auditor.engine.question import Grid
__all__ = ["Taken", "decide"]

_FIRST_LOOK = 32
"""So many rules are looked at before the others: what comes first often takes everything."""
_FIRST_CHUNK = 256
_GROWTH = 32
_LAST_CHUNK = 8192
_LIMB = 2048
"""Masks of up to so many atoms together cost about the same: as much as finding and looking at them."""
_NARROW = 16
"""A rule of at most so many service atoms finds its classes by atom."""


class Taken(NamedTuple):
    """A part of the traffic and the entry that it met."""

    entry: Entry
    cell: Cell


@dataclass(slots=True)
class _Chunk:
    """The atoms of one chunk, with the axis of hosts named."""

    sources: AddressAtoms
    destinations: AddressAtoms
    services: ServiceAtoms
    hosts_are_sources: bool

    def masks(self, source: AddressSet, destination: AddressSet, services: ServiceSet) -> tuple[int, int, int]:
        """Give the masks of hosts, peers and services."""
        a, b = self.sources.mask(source), self.destinations.mask(destination)
        v = self.services.mask(services)
        return (a, b, v) if self.hosts_are_sources else (b, a, v)

    def cell(self, hosts: int, peers: int, services: int) -> Cell:
        """Give the cell of masks."""
        if self.hosts_are_sources:
            return Cell(
                self.sources.addresses(hosts), self.destinations.addresses(peers), self.services.services(services)
            )
        return Cell(self.sources.addresses(peers), self.destinations.addresses(hosts), self.services.services(services))


def decide(
    entries: Sequence[Entry],
    cell: Cell,
    spend: Callable[[int], None],
    met: set[tuple[str, int]] | None = None,
    *,
    tags: frozenset[str] = frozenset(),
    left_out: Callable[[Entry], bool] | None = None,
    layers: bool = False,
    grid: Grid = NO_GRID,
) -> tuple[list[Taken], list[Cell]]:
    """Give which entry takes which part of a cell with some tags, in order, and what none takes.

    `spend` is called with the work done and may raise. With `met`, the rules that take anything are only collected
    there, which saves making the parts. Entries that are `left_out` take nothing; with `layers` permits are told of
    but take nothing. What comes out is cut so that the sets of a grid are cheap to hold against it.
    """
    rules = entries if isinstance(entries, Entries) else Entries(entries, len(entries))
    taken: list[Taken] = []
    rest = [cell]
    start, length = 0, _FIRST_CHUNK
    while start < rules.most and rest:
        stop = rules.most if start or rules.numbered else min(_FIRST_LOOK, rules.most)
        chunk: list[Entry] = []
        for place in rules.fitting(rules.meeting(Windows(rest), start, stop), tags):
            entry = rules.at(place)
            if left_out is not None and left_out(entry):
                continue
            if len(chunk) == length:
                stop = place
                break
            chunk.append(entry._replace(takes=False) if layers and entry.permits else entry)
        start = stop
        spend(len(chunk))
        if chunk:
            found, rest = _chunk(chunk, rest, spend, met, grid)
            taken += found
        if start > _FIRST_LOOK:
            length = min(length * _GROWTH, _LAST_CHUNK)
    return taken, rest


def _chunk(
    entries: Sequence[Entry],
    cells: list[Cell],
    spend: Callable[[int], None],
    met: set[tuple[str, int]] | None,
    grid: Grid,
) -> tuple[list[Taken], list[Cell]]:
    universe = cover(cells)
    chunk = _Chunk(
        AddressAtoms(
            chain((e.match.source for e in entries), (cell.source for cell in cells), grid.addresses), universe.source
        ),
        AddressAtoms(
            chain((e.match.destination for e in entries), (cell.destination for cell in cells), grid.addresses),
            universe.destination,
        ),
        ServiceAtoms(
            chain((e.match.services for e in entries), (cell.services for cell in cells), grid.services),
            universe.services,
        ),
        hosts_are_sources=universe.source.size < universe.destination.size,
    )
    products = [chunk.masks(e.match.source, e.match.destination, e.match.services) for e in entries]
    remains = [chunk.masks(cell.source, cell.destination, cell.services) for cell in cells]
    weight = 1 + (chunk.sources.width + chunk.destinations.width + chunk.services.width) // _LIMB
    hits: dict[tuple[int, int, int], int] = {}
    left: dict[tuple[int, int], int] = {}
    for hosts in _groups([product[0] for product in (*products, *remains)]):
        low = hosts & -hosts
        start = _partition([(services, peers) for mask, peers, services in remains if mask & low])
        if not start:
            continue
        group = _Group(start, lambda looks: spend(looks * weight))
        seen: set[tuple[int, int]] = set()
        for number, (mask, peers, services) in enumerate(products):
            if not mask & low or not group.alive:
                continue
            entry = entries[number]
            if (peers, services) in seen:
                continue
            if entry.takes:
                seen.add((peers, services))
            parts = group.take(peers, services, takes=entry.takes)
            if met is not None:
                if parts and entry.records:
                    met.add((entry.chain, entry.rule))
                continue
            for part, common in parts:
                if entry.records:
                    key = (number, part, common)
                    hits[key] = hits.get(key, 0) | hosts
        for services, peers in group.rest():
            left[services, peers] = left.get((services, peers), 0) | hosts
    taken = [
        Taken(entries[number], chunk.cell(hosts, peers, services)) for number, hosts, peers, services in _joined(hits)
    ]
    return taken, [chunk.cell(hosts, peers, services) for hosts, peers, services in _fused(left)]


def _fused(parts: dict[tuple[int, int], int]) -> Iterator[tuple[int, int, int]]:
    """Give (hosts, peers, services) for (services, peers) -> hosts, fewer where they differ in one of them only."""
    by_peers: dict[tuple[int, int], int] = {}
    for (services, peers), hosts in parts.items():
        by_peers[hosts, services] = by_peers.get((hosts, services), 0) | peers
    by_services: dict[tuple[int, int], int] = {}
    for (hosts, services), peers in by_peers.items():
        by_services[hosts, peers] = by_services.get((hosts, peers), 0) | services
    yield from ((hosts, peers, services) for (hosts, peers), services in by_services.items())


def _groups(masks: list[int]) -> Iterator[int]:
    """Give groups of host atoms that no mask tells apart."""
    groups = [0]
    for mask in dict.fromkeys(masks):
        groups[0] |= mask
    for mask in dict.fromkeys(masks):
        groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
    yield from groups


def _partition(products: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give (services, peers) with disjoint services for products that may overlap in services."""
    parts: list[tuple[int, int]] = []
    for services, peers in products:
        fresh, rest = [], services
        for known, members in parts:
            common = known & services
            if common:
                fresh.append((common, members | peers))
            if known & ~common:
                fresh.append((known & ~common, members))
            rest &= ~common
        parts = [*fresh, *([(rest, peers)] if rest else [])]
    return parts


class _Group:
    """What remains for one group of hosts: classes of services, each with the peers that are left."""

    def __init__(self, parts: list[tuple[int, int]], spend: Callable[[int], None]) -> None:
        self._spend = spend
        by_peers: dict[int, int] = {}
        for services, peers in parts:
            by_peers[peers] = by_peers.get(peers, 0) | services
        self.services = list(by_peers.values())
        self.peers = list(by_peers)
        self.alive = set(range(len(self.peers)))
        self.where = {atom: number for number, mask in enumerate(self.services) for atom in bits(mask)}
        self._narrow: dict[int, list[int] | None] = {}

    def take(self, peers: int, services: int, *, takes: bool) -> list[tuple[int, int]]:
        """Give the parts (peers, services) of a product that are left, and take them away."""
        hits: dict[int, int] = {}
        whole = 0
        services_of, peers_of = self.services, self.peers
        if services not in self._narrow:
            self._narrow[services] = bits(services) if services.bit_count() <= _NARROW else None
        atoms = self._narrow[services]
        if atoms is not None and len(atoms) <= len(self.alive):
            numbers = {self.where[atom] for atom in atoms if atom in self.where}
            self._spend(1 + len(atoms))
        else:
            self._spend(1 + len(self.alive))
            numbers = {number for number in self.alive if services_of[number] & services}
        for number in numbers:
            met = peers_of[number] & peers
            if not met:
                continue
            common = services_of[number] & services
            if met == peers:  # mostly, and long numbers are slow to hash
                whole |= common
            else:
                hits[met] = hits.get(met, 0) | common
            if takes:
                self._shrink(number, common, met)
        if whole:
            hits[peers] = whole
        return list(hits.items())

    def _shrink(self, number: int, common: int, met: int) -> None:
        mine, rest = self.services[number], self.peers[number] ^ met
        other = mine ^ common
        if not other:
            self._keep(number, mine, rest)
        elif common.bit_count() <= other.bit_count():
            self.services[number] = other
            self._fresh(common, rest)
        else:
            self._fresh(other, self.peers[number])
            self._keep(number, common, rest)

    def _keep(self, number: int, services: int, peers: int) -> None:
        self.services[number], self.peers[number] = services, peers
        if not peers:
            self.alive.discard(number)

    def _fresh(self, services: int, peers: int) -> None:
        number = len(self.peers)
        self.services.append(services)
        self.peers.append(peers)
        if peers:
            self.alive.add(number)
        for atom in bits(services):
            self.where[atom] = number

    def rest(self) -> Iterator[tuple[int, int]]:
        """Give (services, peers) of what is left, classes with equal peers joined."""
        joined: dict[int, int] = {}
        for number in self.alive:
            peers = self.peers[number]
            joined[peers] = joined.get(peers, 0) | self.services[number]
        yield from ((services, peers) for peers, services in joined.items())


def _joined(hits: dict[tuple[int, int, int], int]) -> Iterator[tuple[int, int, int, int]]:
    """Join hits (entry, peers, services -> hosts) that differ in services only."""
    joined: dict[tuple[int, int, int], int] = {}
    for (number, peers, services), hosts in hits.items():
        key = (number, peers, hosts)
        joined[key] = joined.get(key, 0) | services
    for (number, peers, hosts), services in joined.items():
        yield number, hosts, peers, services
