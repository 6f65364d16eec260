"""Routes, and the names by which rules mean an interface."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.model.addresses import V6, AddressSet
from parsers.model.firewall import Firewall, Interface, Route

BITS = 4
blocks = st.integers(0, BITS).flatmap(
    lambda length: st.integers(0, 2**length - 1).map(
        lambda n: AddressSet.span(n << (BITS - length), ((n + 1) << (BITS - length)) - 1)
    )
)
routes = st.builds(Route, destination=blocks, interface=st.sampled_from(("a", "b", "c")), metric=st.integers(0, 2))
interfaces = st.tuples(
    *(
        st.builds(Interface, name=st.just(name), networks=blocks | st.just(AddressSet(())), enabled=st.booleans())
        for name in "abc"
    )
)


def looked_up(firewall: Firewall, address: int) -> str | None:
    """Give the interface for an address by trying every route: the longest prefix, then the lowest metric."""
    best: tuple[int, int] | None = None
    chosen = None
    candidates = [(item.networks, item.name, -1) for item in firewall.interfaces]
    candidates += [(item.destination, item.interface, item.metric) for item in firewall.routes]
    enabled = {item.name for item in firewall.interfaces if item.enabled}
    for destination, name, metric in candidates:
        key = (destination.size, metric)
        if name in enabled and address in destination and (best is None or key < best):
            best, chosen = key, name
    return chosen


@given(interfaces, st.lists(routes, max_size=6))
def test_egress_table_is_the_longest_prefix(some: tuple[Interface, ...], more: list[Route]) -> None:
    """The table sends each address where a plain look-up of the longest prefix does, and is disjoint."""
    firewall = Firewall(platform="test", interfaces=some, routes=tuple(more))
    table = firewall.egress_table()
    for address in range(2**BITS):
        found = [name for part, name in table if address in part]
        assert found == ([name] if (name := looked_up(firewall, address)) is not None else [])
    assert len({name for _, name in table}) == len(table)


def test_default_routes_of_both_families() -> None:
    """A default route of one family says nothing about the other."""
    firewall = Firewall(
        platform="test",
        interfaces=(Interface(name="inside", networks=AddressSet.of("10.0.0.0/24", "2001:db8::/64")),),
        routes=(Route(destination=AddressSet.of("0.0.0.0/0"), interface="outside"),),
    )
    table = {name: part for part, name in firewall.egress_table()}
    assert table["outside"] == AddressSet.of("0.0.0.0/0") - AddressSet.of("10.0.0.0/24")
    assert V6 + 1 not in table["inside"]


def test_many_routes() -> None:
    """A full table of thousands of routes is made in one sweep."""
    more = tuple(
        Route(destination=AddressSet.span(n * 512, n * 512 + 255), interface=f"eth{n % 7}") for n in range(20_000)
    )
    table = Firewall(platform="test", routes=more).egress_table()
    assert sorted(name for _, name in table) == [f"eth{n}" for n in range(7)]
    assert sum(part.size for part, _ in table) == 20_000 * 256


def test_labels() -> None:
    """An interface answers to its own name and to its zone's; one that is not listed to its own."""
    firewall = Firewall(platform="test", interfaces=(Interface(name="eth0", zone="dmz"), Interface(name="eth1")))
    assert firewall.labels("eth0") == {"eth0", "dmz"}
    assert firewall.labels("eth1") == {"eth1"}
    assert firewall.labels("eth9") == {"eth9"}
    assert firewall.interface("eth1").name == "eth1"
    with pytest.raises(KeyError):
        firewall.interface("eth9")
