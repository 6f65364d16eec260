"""Addresses, masks and ports as an ASA configuration writes them."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY4, V6, AddressSet
from parsers.text.cisco_names import port_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PortRanges", "address", "literal", "masked", "network", "take_ports"]

PortRanges = tuple[tuple[int, int], ...]
_DOTTED = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})").fullmatch
_LITERAL = re.compile(r"host ([0-9.]+)|([0-9.]+) ([0-9.]+)").fullmatch
_V4_TOP = 0xFFFFFFFF
_PORT_TOP = 65535
_MOST_INTERVALS = 65536


def address(word: str, names: Mapping[str, str]) -> int | None:
    """Give the number on the axis of an address or of a name defined by `name`, None for neither."""
    number = _dotted(word)
    if number is not None:
        return number
    if ":" in word:
        try:
            return V6 + int(ipaddress.IPv6Address(word))
        except ValueError:
            return None
    named = names.get(word)
    return _dotted(named) if named is not None else None


def _dotted(word: str) -> int | None:
    found = _DOTTED(word)
    if found is None:
        return None
    first, second, third, fourth = map(int, found.groups())
    if first > 255 or second > 255 or third > 255 or fourth > 255:
        return None
    return first << 24 | second << 16 | third << 8 | fourth


def literal(spec: str) -> AddressSet | None:
    """Give what `host A` or `A M` with plain IPv4 numbers stands for, None for everything else; made for bulk."""
    found = _LITERAL(spec)
    if found is None:
        return None
    host, base, mask = found.groups()
    low = _dotted(host or base)
    if low is None:
        return None
    if host:
        return AddressSet(((low, low),))
    bits = _dotted(mask)
    if bits is None or (wild := bits ^ _V4_TOP) & (wild + 1):
        return None
    low &= bits
    return AddressSet(((low, low | wild),))


def masked(base: int, mask_word: str) -> AddressSet | None:
    """Give the addresses that agree with an IPv4 base under a netmask, None for no mask.

    A netmask with holes gives one interval per value of its inner zero bits; more than 65,536 give None.
    """
    mask = _dotted(mask_word)
    if mask is None or base >= V6:
        return None
    wild = ~mask & _V4_TOP
    low = base & mask
    if wild & (wild + 1) == 0:
        return AddressSet(((low, low | wild),))
    tail = (wild ^ (wild + 1)) >> 1  # the run of ones at the low end
    inner = wild & ~tail
    if 1 << inner.bit_count() > _MOST_INTERVALS:
        return None
    pairs = []
    part = inner
    while True:  # each subset of the inner bits
        pairs.append((low | part, low | part | tail))
        if not part:
            break
        part = (part - 1) & inner
    return AddressSet(tuple(reversed(pairs)))


def network(words: Sequence[str], names: Mapping[str, str]) -> AddressSet | None:
    """Give what `A M`, `A` or an IPv6 `prefix/length` stands for, None for anything else."""
    if len(words) == 1 and "/" in words[0]:
        try:
            prefix = ipaddress.IPv6Network(words[0], strict=False)
        except ValueError:
            return None
        return AddressSet.span(V6 + int(prefix.network_address), V6 + int(prefix.broadcast_address))
    if not words or len(words) > 2:
        return None
    if words == ["0", "0"] or tuple(words) == ("0", "0"):
        return ANY4
    base = address(words[0], names)
    if base is None:
        return None
    return masked(base, words[1]) if len(words) == 2 else AddressSet.span(base, base)


def take_ports(words: Sequence[str], at: int) -> tuple[PortRanges, int] | None:
    """Read `eq|neq|lt|gt PORT` or `range PORT PORT` at a place, with the place behind it; None for anything else."""
    operator = words[at] if at < len(words) else ""
    if operator not in {"eq", "neq", "lt", "gt", "range"} or at + 1 >= len(words):
        return None
    port = port_number(words[at + 1])
    if port is None:
        return None
    if operator == "range":
        top = port_number(words[at + 2]) if at + 2 < len(words) else None
        if top is None:
            return None
        return ((min(port, top), max(port, top)),), at + 3
    ranges = {
        "eq": ((port, port),),
        "neq": ((0, port - 1), (port + 1, _PORT_TOP)),
        "lt": ((0, port - 1),),
        "gt": ((port + 1, _PORT_TOP),),
    }[operator]
    return tuple(pair for pair in ranges if pair[0] <= pair[1]), at + 2
