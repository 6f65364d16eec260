"""Sets that are held as masks of atoms, and become intervals only where somebody looks at those.

They are sets like any others. What two of one axis, or one and a set that the axis was cut for, have in common is one
operation on integers; anything else is worked out on intervals. A list of many thousand rules leaves masks of as many
bits behind, and most of them are never looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.model import intervals as iv
from parsers.model.addresses import AddressSet
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from auditor.engine.atoms import AddressAtoms, ServiceAtoms
    from parsers.model.intervals import Intervals

    Slabs = tuple[tuple[int, int, Intervals], ...]

__all__ = ["MaskedAddresses", "MaskedServices"]

_put = object.__setattr__  # these sets are as frozen as their bases


class MaskedAddresses(AddressSet):
    """Addresses as bits of an axis; made by the axis only."""

    __slots__ = ("_found", "atoms", "mask")

    mask: int
    atoms: AddressAtoms
    _found: Intervals | None

    def __init__(self, atoms: AddressAtoms, mask: int) -> None:
        """Take the axis and the bits."""
        _put(self, "atoms", atoms)
        _put(self, "mask", mask)
        _put(self, "_found", None)

    @property
    def intervals(self) -> Intervals:  # a field that is worked out when it is asked for
        """Give the canonical intervals."""
        found = self._found
        if found is None:
            found = self.atoms.intervals(self.mask)
            _put(self, "_found", found)
        return found

    def _bits(self, other: AddressSet) -> int | None:
        if isinstance(other, MaskedAddresses) and other.atoms is self.atoms:
            return other.mask
        return self.atoms.exactly(other)

    def __bool__(self) -> bool:
        """Tell whether the set has any address."""
        return self.mask != 0

    def __eq__(self, other: object) -> bool:
        """Sets are equal where they hold the same addresses, however they are held."""
        if isinstance(other, MaskedAddresses) and other.atoms is self.atoms:
            return self.mask == other.mask
        if not isinstance(other, AddressSet):
            return NotImplemented
        return self.atoms.exactly(other) == self.mask and self.size == other.size

    def __hash__(self) -> int:
        """Hash as the base does."""
        return hash((self.intervals,))

    def __and__(self, other: AddressSet) -> AddressSet:
        """Give the intersection."""
        bits = self._bits(other)
        if bits is None:
            return AddressSet(iv.intersection(self.intervals, other.intervals))
        return self.atoms.addresses(self.mask & bits)

    __rand__ = __and__

    def __or__(self, other: AddressSet) -> AddressSet:
        """Give the union."""
        if isinstance(other, MaskedAddresses) and other.atoms is self.atoms:
            return self.atoms.addresses(self.mask | other.mask)
        return AddressSet(iv.union(self.intervals, other.intervals))

    __ror__ = __or__

    def __sub__(self, other: AddressSet) -> AddressSet:
        """Give the difference."""
        bits = self._bits(other)
        if bits is None:
            return AddressSet(iv.difference(self.intervals, other.intervals))
        return self.atoms.addresses(self.mask & ~bits)

    def __rsub__(self, other: AddressSet) -> AddressSet:
        """Give what of another set is not in this one."""
        return AddressSet(iv.difference(other.intervals, self.intervals))

    def __le__(self, other: AddressSet) -> bool:
        """Tell whether this is a subset of the other."""
        bits = self._bits(other)
        return iv.subset(self.intervals, other.intervals) if bits is None else not self.mask & ~bits

    def __ge__(self, other: AddressSet) -> bool:
        """Tell whether the other is a subset of this."""
        return iv.subset(other.intervals, self.intervals)

    @property
    def size(self) -> int:
        """Count the addresses, exactly."""
        return self.atoms.size(self.mask)


class MaskedServices(ServiceSet):
    """Services as bits of the two axes of services; made by these only."""

    __slots__ = ("_found", "atoms", "mask")

    mask: int
    atoms: ServiceAtoms
    _found: Slabs | None

    def __init__(self, atoms: ServiceAtoms, mask: int) -> None:
        """Take the axes and the bits."""
        _put(self, "atoms", atoms)
        _put(self, "mask", mask)
        _put(self, "_found", None)

    @property
    def slabs(self) -> Slabs:  # a field that is worked out when it is asked for
        """Give the canonical slabs."""
        found = self._found
        if found is None:
            found = self.atoms.slabs(self.mask)
            _put(self, "_found", found)
        return found

    def _bits(self, other: ServiceSet) -> int | None:
        if isinstance(other, MaskedServices) and other.atoms is self.atoms:
            return other.mask
        return self.atoms.exactly(other)

    def __bool__(self) -> bool:
        """Tell whether the set has any service."""
        return self.mask != 0

    def __eq__(self, other: object) -> bool:
        """Sets are equal where they hold the same services, however they are held."""
        if isinstance(other, MaskedServices) and other.atoms is self.atoms:
            return self.mask == other.mask
        if not isinstance(other, ServiceSet):
            return NotImplemented
        return self.atoms.exactly(other) == self.mask and not ServiceSet(other.slabs) - self.atoms.universe

    def __hash__(self) -> int:
        """Hash as the base does."""
        return hash((self.slabs,))

    def __and__(self, other: ServiceSet) -> ServiceSet:
        """Give the intersection."""
        bits = self._bits(other)
        return self.atoms.across(self.mask, other) if bits is None else self.atoms.services(self.mask & bits)

    __rand__ = __and__

    def __or__(self, other: ServiceSet) -> ServiceSet:
        """Give the union."""
        if isinstance(other, MaskedServices) and other.atoms is self.atoms:
            return self.atoms.services(self.mask | other.mask)
        return ServiceSet(self.slabs) | ServiceSet(other.slabs)

    __ror__ = __or__

    def __sub__(self, other: ServiceSet) -> ServiceSet:
        """Give the difference."""
        bits = self._bits(other)
        if bits is not None:
            return self.atoms.services(self.mask & ~bits)
        return ServiceSet(self.slabs) - ServiceSet(other.slabs) if self & other else self

    def __rsub__(self, other: ServiceSet) -> ServiceSet:
        """Give what of another set is not in this one."""
        return other - ServiceSet(self.slabs)

    def __le__(self, other: ServiceSet) -> bool:
        """Tell whether this is a subset of the other."""
        return not self - other

    def __ge__(self, other: ServiceSet) -> bool:
        """Tell whether the other is a subset of this."""
        return not other - ServiceSet(self.slabs)
