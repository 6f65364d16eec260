"""Sets held as masks are sets like any others: the same elements, equal to and hashed as the plain ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.atoms import AddressAtoms, ServiceAtoms
from auditor.engine.masked import MaskedAddresses, MaskedServices
from parsers.model.addresses import AddressSet
from parsers.model.services import ServiceSet
from tests.strategies import address_sets, service_sets


@given(sets=st.lists(address_sets, min_size=2, max_size=4), universe=address_sets, other=address_sets)
def test_masked_addresses(sets: list[AddressSet], universe: AddressSet, other: AddressSet) -> None:
    """Every operation gives what it gives for plain sets, with sets of the same axis and with any others."""
    atoms = AddressAtoms(sets, universe)
    masked = [atoms.addresses(atoms.mask(item)) for item in sets]
    plain = [item & universe for item in sets]
    foreign = AddressAtoms([other], universe)

    assert all(isinstance(item, MaskedAddresses) for item in masked)
    partners = [
        *zip(masked, plain, strict=True),
        (other, other),
        (universe, universe),
        (foreign.addresses(foreign.mask(other)), other & universe),
    ]
    for one, same in zip(masked, plain, strict=True):
        assert (one == same, same == one, hash(one), bool(one)) == (True, True, hash(same), bool(same))
        assert (one.size, str(one), ~one, one.shift(7)) == (same.size, str(same), ~same, same.shift(7))
        for held, value in partners:
            assert (one & held, one | held, one - held) == (same & value, same | value, same - value)
            assert (held & one, held | one, held - one) == (value & same, value | same, value - same)
            assert (one <= held, held <= one, one == held) == (same <= value, value <= same, same == value)


@given(sets=st.lists(service_sets, min_size=2, max_size=4), universe=service_sets, other=service_sets)
def test_masked_services(sets: list[ServiceSet], universe: ServiceSet, other: ServiceSet) -> None:
    """So it is for services."""
    atoms = ServiceAtoms(sets, universe)
    masked = [atoms.services(atoms.mask(item)) for item in sets]
    plain = [item & universe for item in sets]
    foreign = ServiceAtoms([other], universe)

    assert all(isinstance(item, MaskedServices) for item in masked)
    partners = [
        *zip(masked, plain, strict=True),
        (other, other),
        (universe, universe),
        (foreign.services(foreign.mask(other)), other & universe),
    ]
    for one, same in zip(masked, plain, strict=True):
        assert (one == same, same == one, hash(one), bool(one)) == (True, True, hash(same), bool(same))
        assert (one.size, one.boxes, ~one) == (same.size, same.boxes, ~same)
        for held, value in partners:
            assert (one & held, one | held, one - held) == (same & value, same | value, same - value)
            assert (held & one, held | one, held - one) == (value & same, value | same, value - same)
            assert (one <= held, held <= one, one == held) == (same <= value, value <= same, same == value)
