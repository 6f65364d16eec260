"""Sets as integers: masks and sets are each other's inverse, and mean the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.atoms import AddressAtoms, ServiceAtoms
from parsers.model.addresses import ANY, AddressSet
from parsers.model.services import ANY_SERVICE, NO_SERVICE, TCP, UDP, ServiceSet
from tests.strategies import address_sets, service_sets


def test_bits_of_addresses() -> None:
    """The axis is cut at each edge; the lowest atom is the lowest bit."""
    low, both = AddressSet.of("192.0.2.0-192.0.2.3"), AddressSet.of("192.0.2.2-192.0.2.9")
    atoms = AddressAtoms([low, both], AddressSet.of("192.0.2.0/24"))

    # Atoms: .0-.1, .2-.3, .4-.9, .10-.255
    assert [atoms.mask(item) for item in (low, both, ANY)] == [0b0011, 0b0110, 0b1111]
    assert atoms.addresses(0b1001) == AddressSet.of("192.0.2.0/31", "192.0.2.10-192.0.2.255")


def test_what_lies_outside_the_universe_has_no_bit() -> None:
    """A set is seen within the universe only."""
    inside = AddressSet.of("192.0.2.0/25")
    atoms = AddressAtoms([AddressSet.of("192.0.0.0/16")], inside)

    assert atoms.mask(AddressSet.of("192.0.0.0/16")) == 0b1
    assert atoms.mask(AddressSet.of("198.51.100.0/24")) == 0
    assert atoms.addresses(0b1) == inside


def test_bits_of_services() -> None:
    """Each range of source ports that some set tells apart has a row of atoms of its own."""
    web = ServiceSet.protocol(TCP, (80, 80))
    active = ServiceSet.protocol(TCP, (80, 80), source_ports=(20, 20))
    atoms = ServiceAtoms([web, active], ServiceSet.protocol(TCP))

    # Source ports 0-19, 20, 21-65535; each has tcp 0-79, 80, 81-65535 and the cut behind it: four bits a row.
    assert atoms.mask(active) == 0b0010 << 4
    assert atoms.mask(web) == 0b0010_0010_0010
    assert atoms.services(0b0001_0000_0001) == ServiceSet.join(
        ServiceSet.protocol(TCP, (0, 79), source_ports=pair) for pair in ((0, 19), (21, 65535))
    )


def test_without_source_ports_there_is_one_row() -> None:
    """Source ports cost nothing where no set restricts them."""
    sets = [ServiceSet.protocol(TCP, (80, 80)), ServiceSet.protocol(UDP, (53, 53))]
    atoms = ServiceAtoms(sets, ANY_SERVICE)

    assert atoms.mask(ANY_SERVICE).bit_length() == 5  # before 80, 80, between, 53, after
    assert atoms.services(0) == NO_SERVICE


@given(sets=st.lists(address_sets, min_size=1, max_size=5), universe=address_sets)
def test_address_masks_are_exact(sets: list[AddressSet], universe: AddressSet) -> None:
    """Masks of sets combine as the sets do, within the universe."""
    atoms = AddressAtoms(sets, universe)

    for item in sets:
        assert atoms.addresses(atoms.mask(item)) == item & universe
        for other in sets:
            assert atoms.addresses(atoms.mask(item) & atoms.mask(other)) == item & other & universe
            assert atoms.addresses(atoms.mask(item) & ~atoms.mask(other)) == (item - other) & universe


@given(sets=st.lists(service_sets, min_size=1, max_size=5), universe=service_sets)
def test_service_masks_are_exact(sets: list[ServiceSet], universe: ServiceSet) -> None:
    """So do those of services, source ports included."""
    atoms = ServiceAtoms(sets, universe)

    for item in sets:
        assert atoms.services(atoms.mask(item)) == item & universe
        for other in sets:
            assert atoms.services(atoms.mask(item) & atoms.mask(other)) == item & other & universe
            assert atoms.services(atoms.mask(item) & ~atoms.mask(other)) == (item - other) & universe
