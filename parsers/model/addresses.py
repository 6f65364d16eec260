"""Sets of IP addresses on one axis: IPv4 address n is n, IPv6 address n is 2**32 + n."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.model import intervals as iv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ANY", "ANY4", "ANY6", "NONE", "V6", "AddressSet", "address_number", "address_text"]

V6 = 1 << 32
"""Where IPv6 begins on the axis."""
TOP = V6 + (1 << 128) - 1
_V4_BITS = 32
_V6_BITS = 128


def address_number(text: str) -> int:
    """Give an address's number on the axis; raises ValueError for what is no address."""
    address = ipaddress.ip_address(text)
    return int(address) + (V6 if address.version == 6 else 0)


def address_text(number: int) -> str:
    """Give the address of a number on the axis as text."""
    if number < V6:
        return str(ipaddress.IPv4Address(number))
    return str(ipaddress.IPv6Address(number - V6))


def _bounds(text: str) -> tuple[int, int]:
    if "/" in text:
        network = ipaddress.ip_network(text, strict=False)
        base = V6 if network.version == 6 else 0
        return base + int(network.network_address), base + int(network.broadcast_address)
    low, dash, high = text.partition("-")
    first = address_number(low.strip())
    last = address_number(high.strip()) if dash else first
    if last < first or (first < V6) != (last < V6):
        message = f"{text!r} is not a range of addresses"
        raise ValueError(message)
    return first, last


@dataclass(frozen=True, slots=True)
class AddressSet:
    """A set of addresses; equal sets are equal values (canonical intervals on the common axis)."""

    intervals: iv.Intervals

    @classmethod
    def of(cls, *texts: str) -> AddressSet:
        """Make a set of addresses, prefixes (`10.0.0.0/8`) and ranges (`a-b`); raises ValueError."""
        return cls(iv.normalise(_bounds(text) for text in texts))

    @classmethod
    def span(cls, low: int, high: int) -> AddressSet:
        """Make the set of all numbers from low to high on the axis."""
        return cls(((low, high),) if low <= high else ())

    @classmethod
    def join(cls, sets: Iterable[AddressSet]) -> AddressSet:
        """Give the union of any number of sets."""
        return cls(iv.normalise(pair for item in sets for pair in item.intervals))

    def __contains__(self, number: object) -> bool:
        """Tell whether a number on the axis is in the set."""
        return isinstance(number, int) and iv.contains(self.intervals, number)

    def __bool__(self) -> bool:
        """Tell whether the set has any address."""
        return bool(self.intervals)

    def __or__(self, other: AddressSet) -> AddressSet:
        """Give the union."""
        return AddressSet(iv.union(self.intervals, other.intervals))

    def __and__(self, other: AddressSet) -> AddressSet:
        """Give the intersection."""
        return AddressSet(iv.intersection(self.intervals, other.intervals))

    def __sub__(self, other: AddressSet) -> AddressSet:
        """Give the difference."""
        return AddressSet(iv.difference(self.intervals, other.intervals))

    def __invert__(self) -> AddressSet:
        """Give every other address, IPv4 and IPv6."""
        return AddressSet(iv.complement(self.intervals, 0, TOP))

    def __le__(self, other: AddressSet) -> bool:
        """Tell whether this is a subset of the other."""
        return iv.subset(self.intervals, other.intervals)

    @property
    def size(self) -> int:
        """Count the addresses, exactly."""
        return iv.size(self.intervals)

    def shift(self, offset: int) -> AddressSet:
        """Move every address by an offset (one-to-one translation of networks)."""
        return AddressSet(tuple((low + offset, high + offset) for low, high in self.intervals))

    def texts(self) -> Iterator[str]:
        """Give each interval as the shortest of: an address, a prefix, `a-b`; `any` only by `str`."""
        for low, high in self.intervals:
            if low < V6 <= high:
                yield from AddressSet(((low, V6 - 1),)).texts()
                yield from AddressSet(((V6, high),)).texts()
            else:
                yield _interval_text(low, high)

    def __str__(self) -> str:
        """Give `any`, `any4`, `any6`, `none`, or the intervals joined by commas."""
        named = {ANY.intervals: "any", ANY4.intervals: "any4", ANY6.intervals: "any6", (): "none"}
        return named.get(self.intervals) or ",".join(self.texts())


def _interval_text(low: int, high: int) -> str:
    bits = _V4_BITS if low < V6 else _V6_BITS
    base = 0 if low < V6 else V6
    if low == high:
        return address_text(low)
    count = high - low + 1
    if count & (count - 1) == 0 and (low - base) % count == 0:
        return f"{address_text(low)}/{bits - count.bit_length() + 1}"
    return f"{address_text(low)}-{address_text(high)}"


ANY = AddressSet(((0, TOP),))
ANY4 = AddressSet(((0, V6 - 1),))
ANY6 = AddressSet(((V6, TOP),))
NONE = AddressSet(())
