"""Sets of addresses and services against brute force: what the algebra says holds for each point."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.model import intervals as iv
from parsers.model.addresses import ANY, ANY4, ANY6, NONE, TOP, V6, AddressSet, address_number, address_text
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.services import ANY_SERVICE, NO_SERVICE, PORTS, TCP, UDP, Service, ServiceSet

EDGES = (0, 1, 2, 3, 5, 8, V6 - 2, V6 - 1, V6, V6 + 1, V6 + 5, TOP - 1, TOP)
POINTS = sorted({point for edge in EDGES for point in (edge - 1, edge, edge + 1) if 0 <= point <= TOP})
address_sets = st.lists(st.tuples(st.sampled_from(EDGES), st.sampled_from(EDGES)), max_size=4).map(
    lambda pairs: AddressSet(iv.normalise(pairs))
)

NUMBERS = (0, 20, 65535)
PROTOCOLS = (0, TCP, UDP, 255)


def _range(values: tuple[int, int]) -> tuple[int, int]:
    return min(values), max(values)


def _ranges(of: tuple[int, ...]) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.sampled_from(of), st.sampled_from(of)).map(_range)


boxes = st.builds(
    Service,
    protocols=_ranges(PROTOCOLS),
    source_ports=st.just(PORTS) | _ranges(NUMBERS),
    ports=st.just(PORTS) | _ranges(NUMBERS),
)
service_sets = st.lists(boxes, max_size=3).map(lambda items: ServiceSet.of(*items))
PORT_POINTS = sorted({point for edge in NUMBERS for point in (edge - 1, edge, edge + 1) if 0 <= point <= 65535})
PROTOCOL_POINTS = (0, 1, 5, TCP, 7, 16, UDP, 18, 254, 255)
SERVICES = list(product(PROTOCOL_POINTS, PORT_POINTS, PORT_POINTS))


def addresses_in(values: AddressSet) -> set[int]:
    """Give the points that a set of addresses holds."""
    return {point for point in POINTS if point in values}


def services_in(values: ServiceSet) -> set[tuple[int, int, int]]:
    """Give the points that a set of services holds, by its boxes, which must be disjoint."""
    found = [
        point
        for box in values.boxes
        for point in product(
            [item for item in PROTOCOL_POINTS if box.protocols[0] <= item <= box.protocols[1]],
            [item for item in PORT_POINTS if box.source_ports[0] <= item <= box.source_ports[1]],
            [item for item in PORT_POINTS if box.ports[0] <= item <= box.ports[1]],
        )
    ]
    assert len(found) == len(set(found))
    return set(found)


@given(address_sets, address_sets)
def test_address_algebra(a: AddressSet, b: AddressSet) -> None:
    """Union, intersection, difference and complement hold the points that they should, in canonical form."""
    in_a, in_b = addresses_in(a), addresses_in(b)
    assert addresses_in(a | b) == in_a | in_b
    assert addresses_in(a & b) == in_a & in_b
    assert addresses_in(a - b) == in_a - in_b
    assert addresses_in(~a) == set(POINTS) - in_a
    assert (a <= b) == (in_a <= in_b)
    assert bool(a) == bool(in_a)
    assert AddressSet.join([a, b]) == a | b
    assert a.size + b.size == (a | b).size + (a & b).size
    for values in (a | b, a & b, a - b, ~a):
        assert all(low <= high for low, high in values.intervals)
        assert all(left[1] + 1 < right[0] for left, right in pairwise(values.intervals))


@given(address_sets)
def test_address_laws(a: AddressSet) -> None:
    """A complement undoes itself, and equal sets are equal values with equal hashes and texts."""
    assert ~~a == a
    assert a | ~a == ANY
    assert a & ~a == NONE
    assert hash(a - NONE) == hash(a)
    assert AddressSet.of(*a.texts()) == a


@settings(max_examples=30)
@given(service_sets, service_sets)
def test_service_algebra(a: ServiceSet, b: ServiceSet) -> None:
    """Services with source ports obey the same algebra, and their boxes are disjoint."""
    in_a, in_b = services_in(a), services_in(b)
    assert services_in(a | b) == in_a | in_b
    assert services_in(a & b) == in_a & in_b
    assert services_in(a - b) == in_a - in_b
    assert services_in(~a) == set(SERVICES) - in_a
    assert (a <= b) == (in_a <= in_b)
    assert ServiceSet.join([a, b]) == a | b
    assert a.size + b.size == (a | b).size + (a & b).size


@settings(max_examples=50)
@given(service_sets)
def test_service_laws(a: ServiceSet) -> None:
    """A set is the union of its boxes whatever they were made of, and contains what its boxes contain."""
    assert ServiceSet.of(*a.boxes) == a
    assert ~~a == a
    assert a | ~a == ANY_SERVICE
    assert a & ~a == NO_SERVICE
    assert {point for point in SERVICES if a.contains(*point)} == services_in(a)


@given(
    st.builds(Bounds, sure=address_sets, possible=address_sets),
    st.builds(Bounds, sure=address_sets, possible=address_sets),
)
def test_negation_swaps_bounds(a: Bounds[AddressSet], b: Bounds[AddressSet]) -> None:
    """What is possibly in a set is not surely outside it; unions keep each side."""
    a = Bounds(sure=a.sure & a.possible, possible=a.possible)
    assert ((~a).sure, (~a).possible) == (~a.possible, ~a.sure)
    assert (~a).sure <= (~a).possible
    assert ((a | b).sure, (a | b).possible) == (a.sure | b.sure, a.possible | b.possible)
    assert ~~a == a
    assert Bounds.exact(a.sure).is_exact


def test_bounds_remember_why() -> None:
    """A union names each reason once."""
    one = Condition(kind=ConditionKind.FQDN, values=("a.example.com",))
    two = Condition(kind=ConditionKind.USER, values=("staff",))
    left = Bounds(sure=NONE, possible=ANY, why=(one,))
    right = Bounds(sure=NONE, possible=ANY4, why=(two, one))
    assert (left | right).why == (one, two)
    assert (~left).why == (one,)


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (["192.0.2.1"], "192.0.2.1"),
        (["192.0.2.0/25", "192.0.2.128/25"], "192.0.2.0/24"),
        (["192.0.2.1-192.0.2.2"], "192.0.2.1-192.0.2.2"),
        (["192.0.2.9/24"], "192.0.2.0/24"),
        (["2001:db8::/32", "192.0.2.1"], "192.0.2.1,2001:db8::/32"),
        (["0.0.0.0/0"], "any4"),
        (["::/0"], "any6"),
        (["0.0.0.0/0", "::/0"], "any"),
        ([], "none"),
    ],
)
def test_address_text(texts: list[str], shown: str) -> None:
    """A set shows as the shortest of address, prefix and range."""
    assert str(AddressSet.of(*texts)) == shown


@pytest.mark.parametrize("text", ["192.0.2.256", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "x", "", "1/33"])
def test_no_address(text: str) -> None:
    """What is no address, prefix or range is refused."""
    with pytest.raises(ValueError, match=r".+"):
        AddressSet.of(text)


def test_axis() -> None:
    """IPv4 and IPv6 share one axis, on which every number is one address."""
    assert address_number("0.0.0.1") == 1
    assert address_number("::1") == V6 + 1
    assert address_text(V6 + 1) == "::1"
    assert (ANY4 | ANY6, ANY4 & ANY6) == (ANY, NONE)
    assert AddressSet.of("192.0.2.0/30").shift(256) == AddressSet.of("192.0.3.0/30")


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5), st.integers(0, 20), st.integers(0, 20))
def test_interval_complement(pairs: list[tuple[int, int]], low: int, high: int) -> None:
    """The complement within bounds holds each number of the bounds that the set does not, and no other."""
    values = iv.normalise(pairs)
    inside = {n for first, last in pairs for n in range(first, last + 1)}
    found = {n for first, last in iv.complement(values, low, high) for n in range(first, last + 1)}
    assert found == set(range(low, high + 1)) - inside
    assert {n for n in range(21) if iv.contains(values, n)} == inside
    assert iv.size(values) == len(inside)
