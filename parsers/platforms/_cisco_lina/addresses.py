"""Addresses, masks and ports as an ASA configuration writes them."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from array import array
from itertools import compress
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY4, V6, AddressSet
from parsers.text.cisco_names import port_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from parsers.model.interned import Pair

__all__ = [
    "DOTTED", "LITERAL", "NETMASK", "PortRanges", "address", "are_literal", "literals", "masked", "network",
    "take_ports",
]  # fmt: skip

PortRanges = tuple[tuple[int, int], ...]
_DOTTED = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})").fullmatch
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_MASKED = r"(?:255|254|252|248|240|224|192|128|0)"
DOTTED = rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}"
"""An IPv4 address."""
NETMASK = rf"(?:255\.(?:255\.(?:255\.{_MASKED}|{_MASKED}\.0)|{_MASKED}\.0\.0)|{_MASKED}\.0\.0\.0)"
"""A netmask without holes."""
LITERAL = rf"host {DOTTED}|{DOTTED} {NETMASK}"
"""Address words that are one IPv4 address or network, whatever the configuration says elsewhere."""
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


def literals(specs: Sequence[str]) -> list[Pair | None]:
    """Give the bounds of the address words that LITERAL matches, None for those that `are_literal` tells apart."""
    chosen = list(compress(specs, are_literal(specs)))
    hosts = [spec for spec in chosen if spec[0] == "h"]
    networks = [spec for spec in chosen if spec[0] != "h"]
    lows = _numbers([host.removeprefix("host ") for host in hosts])
    found = dict(zip(hosts, zip(lows, lows, strict=True), strict=True))
    both = _numbers(networks)
    bounds = [(base & mask, base | mask ^ _V4_TOP) for base, mask in zip(both[0::2], both[1::2], strict=True)]
    found.update(zip(networks, bounds, strict=True))
    return list(map(found.get, specs))


def are_literal(specs: Iterable[str]) -> bytearray:
    """Tell, one byte each, which of some address words of access lists (`entries`) LITERAL matches; made for bulk."""
    return bytearray(["." in spec and spec[0] != "o" and ":" not in spec for spec in specs])


def _numbers(words: Sequence[str]) -> array[int]:
    """Give the numbers of addresses that DOTTED matches, one or more in each text with a blank between them."""
    if not words:
        return array("I")
    # The scanner of JSON reads a list of octets several times as fast as anything that looks at each address.
    octets = json.loads(f"[{' '.join(words).replace('.', ',').replace(' ', ',')}]")
    numbers = array("I", bytes(octets))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


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
