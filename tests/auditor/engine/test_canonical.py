"""The same packets are always written as the same cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.canonical import canonical
from auditor.engine.cells import Cell, intersect, size, subtract
from parsers.model.addresses import AddressSet
from parsers.model.services import ServiceSet
from tests.strategies import address_sets, service_sets

regions = st.lists(st.builds(Cell, address_sets, address_sets, service_sets), max_size=5)


def _tcp(*ports: tuple[int, int]) -> ServiceSet:
    return ServiceSet.protocol(6, *ports)


@given(cells=regions)
def test_same_packets_in_disjoint_cells(cells: list[Cell]) -> None:
    """What comes out are disjoint cells with the packets that went in."""
    found = canonical(cells)

    assert subtract(cells, found) == []
    assert subtract(found, cells) == []
    assert sum(size(intersect([cell], found)) for cell in found) == size(found)


@given(cells=regions, knife=st.builds(Cell, address_sets, address_sets, service_sets), order=st.randoms())
def test_same_packets_give_the_same_cells(cells: list[Cell], knife: Cell, order: object) -> None:
    """However a region is cut, overlaid and ordered, it comes out as the same cells."""
    pieces = [*subtract(cells, [knife]), *intersect(cells, [knife]), *cells[:1]]
    order.shuffle(pieces)  # type: ignore[attr-defined]  # hypothesis' random

    assert canonical(pieces) == canonical(cells)


def test_few_cells() -> None:
    """Of two hosts with one port in common and one of their own each, three cells are left at the most."""
    peer = AddressSet.of("203.0.113.0/24")
    one, two = AddressSet.of("192.0.2.10"), AddressSet.of("192.0.2.20")
    cells = [Cell(peer, one, _tcp((80, 80), (443, 443))), Cell(peer, two, _tcp((443, 443), (22, 22)))]

    assert canonical(cells) == [
        Cell(peer, one, _tcp((80, 80), (443, 443))),
        Cell(peer, two, _tcp((22, 22), (443, 443))),
    ]


def test_ranges_that_meet_are_one() -> None:
    """Parts of one range of ports, found apart and out of order, are one cell."""
    peer, host = AddressSet.of("203.0.113.0/24"), AddressSet.of("192.0.2.10")
    cells = [Cell(peer, host, _tcp((100, 442))), Cell(peer, host, _tcp((81, 90))), Cell(peer, host, _tcp((91, 99)))]

    assert canonical(cells) == [Cell(peer, host, _tcp((81, 442)))]
