"""One way of writing a region as products: the same packets give the same cells, however they were found.

The packets are cut along one axis where what lies across it changes, then along a second, then the third; parts with
equal cross-sections are one. Of the orders of the axes the one with the fewest cells is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.engine.atoms import AddressAtoms, ServiceAtoms
from auditor.engine.cells import Cell, merge
from auditor.engine.relevance import cover

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["canonical"]

_ORDERS = ((1, 2, 0), (2, 1, 0), (0, 2, 1), (0, 1, 2), (1, 0, 2), (2, 0, 1))
"""Axes by position in (source, destination, services); the first of equally good orders counts."""
_MANY = 24
"""A region of more cells than this in the first order is not tried in the others, which are seldom much better."""

Product = tuple[int, int, int]
"""Masks of source, destination and services."""


def canonical(cells: Iterable[Cell]) -> list[Cell]:
    """Give few disjoint cells with the same packets: the same ones, in the same order, for the same packets."""
    given = merge(cells)
    if len(given) < 2:
        return given
    whole = cover(given)
    sources = AddressAtoms((cell.source for cell in given), whole.source)
    destinations = AddressAtoms((cell.destination for cell in given), whole.destination)
    services = ServiceAtoms((cell.services for cell in given), whole.services)
    products = [
        (sources.mask(cell.source), destinations.mask(cell.destination), services.mask(cell.services)) for cell in given
    ]
    best = _cut(products, _ORDERS[0])
    if len(best) <= _MANY:
        best = min((_cut(products, order) for order in _ORDERS), key=len)
    found = [Cell(sources.addresses(a), destinations.addresses(b), services.services(c)) for a, b, c in best]
    return sorted(found, key=lambda cell: (cell.destination.intervals, cell.services.slabs, cell.source.intervals))


def _cut(products: Sequence[Product], order: tuple[int, int, int]) -> list[Product]:
    """Cut products along the axes in an order."""
    first, second, third = order
    joined: dict[tuple[tuple[int, int], ...], int] = {}
    for part in _groups([product[first] for product in products]):
        low = part & -part
        section = _section([(product[second], product[third]) for product in products if product[first] & low])
        joined[section] = joined.get(section, 0) | part
    out: list[Product] = []
    for section, mask in joined.items():
        for across, along in section:
            found = {first: mask, second: across, third: along}
            out.append((found[0], found[1], found[2]))
    return out


def _groups(masks: Iterable[int]) -> list[int]:
    """Give groups of atoms that no mask tells apart; atoms in no mask are in none."""
    distinct = list(dict.fromkeys(masks))
    groups = [0]
    for mask in distinct:
        groups[0] |= mask
    for mask in distinct:
        groups = [part for group in groups for part in (group & mask, group & ~mask) if part]
    return groups


def _section(pairs: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Give a plane's canonical parts: each set of the second axis once, with all of the first axis that has just it."""
    joined: dict[int, int] = {}
    for part in _groups([across for across, _ in pairs]):
        low = part & -part
        along = 0
        for across, mask in pairs:
            if across & low:
                along |= mask
        joined[along] = joined.get(along, 0) | part
    return tuple(sorted((across, along) for along, across in joined.items()))
