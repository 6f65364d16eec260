"""Addresses, masks, wildcards and prefixes as routers and switches write them."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY, ANY4, ANY6, NONE, V6, AddressSet
from parsers.model.conditions import Bounds, Condition, ConditionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AddressBounds", "address", "every", "interval", "is_mask", "masked", "prefix", "single", "take_plain",
    "unknown_addresses", "wildcard",
]  # fmt: skip

AddressBounds = Bounds[AddressSet]
_TOP = 0xFFFFFFFF
_MOST_INTERVALS = 65536


def unknown_addresses(text: str, version: int = 0) -> AddressBounds:
    """Give the bounds of something of which nothing is known: possibly every address of a version."""
    return Bounds(sure=NONE, possible=every(version), why=(Condition(kind=ConditionKind.UNKNOWN, text=text),))


def every(version: int) -> AddressSet:
    """Give every address of a version, of both for 0."""
    return {4: ANY4, 6: ANY6}.get(version, ANY)


def address(word: str) -> int | None:
    """Give the number on the axis of an IPv4 or IPv6 address, None for anything else."""
    if ":" in word:
        try:
            return V6 + int(ipaddress.IPv6Address(word))
        except ValueError:
            return None
    parts = word.split(".")
    if len(parts) != 4 or not word.isascii():
        return None
    number = 0
    for part in parts:
        if not part.isdecimal() or len(part) > 3 or int(part) > 255:
            return None
        number = number << 8 | int(part)
    return number


def single(word: str) -> AddressSet | None:
    """Give one address as a set, None for what is none."""
    number = address(word)
    return AddressSet.span(number, number) if number is not None else None


def prefix(word: str) -> AddressSet | None:
    """Give what `address/length` stands for, None for anything else."""
    base, slash, length = word.partition("/")
    number = address(base)
    if number is None or not slash or not (length.isascii() and length.isdecimal() and len(length) <= 3):
        return None
    size = 128 if number >= V6 else 32
    if int(length) > size:
        return None
    low = number & ~((1 << (size - int(length))) - 1)
    if number >= V6:  # the axis begins at 2**32, which a short prefix must not clear
        low = V6 + ((number - V6) & ~((1 << (size - int(length))) - 1))
    return AddressSet.span(low, low + (1 << (size - int(length))) - 1)


def interval(spec: str) -> tuple[int, int] | None:
    """Give the ends of an IPv4 `host A`, `A/length` or `A WILDCARD` without holes, in its common form alone.

    What it gives is what `take_plain` gives, at a small part of its cost.
    """
    if spec.startswith("host "):
        number = _dotted(spec[5:])
        return None if number is None else (number, number)
    base, slash, length = spec.partition("/")
    if slash:
        wild = _WILDCARDS.get(length)
    else:
        base, _, word = spec.partition(" ")
        wild = _dotted(word)
    number = _dotted(base)
    if number is None or wild is None or wild & (wild + 1):
        return None
    return number & ~wild, number | wild


_WILDCARDS = {str(length): (1 << (32 - length)) - 1 for length in range(33)}


def _dotted(word: str) -> int | None:
    try:
        return int(ipaddress.IPv4Address(word))
    except ValueError:
        return None


def is_mask(word: str) -> bool:
    """Tell whether a word is a netmask without holes that is not also a wildcard such as 0.0.0.0."""
    mask = address(word)
    if mask is None or mask >= V6:
        return False
    wild = ~mask & _TOP
    return mask != 0 and wild & (wild + 1) == 0


def masked(base: str, mask: str) -> AddressSet | None:
    """Give the network of an IPv4 address under a netmask without holes, None for anything else."""
    number, bits = address(base), address(mask)
    if number is None or number >= V6 or bits is None or not (is_mask(mask) or bits == 0):
        return None
    wild = ~bits & _TOP
    return AddressSet.span(number & bits, number & bits | wild)


def wildcard(base: str, wild_word: str) -> AddressBounds | None:
    """Give the addresses that agree with an IPv4 base wherever the wildcard has a 0, None for no wildcard.

    A wildcard with holes gives one interval per value of its inner bits; of more than 65,536 only bounds are given.
    """
    number, wild = address(base), address(wild_word)
    if number is None or number >= V6 or wild is None or wild >= V6:
        return None
    low = number & ~wild & _TOP
    if wild & (wild + 1) == 0:
        return Bounds.exact(AddressSet.span(low, low | wild))
    tail = (wild ^ (wild + 1)) >> 1  # the run of ones at the low end
    inner = wild & ~tail
    if inner.bit_count() > 16:
        text = f"{base} {wild_word}: more than {_MOST_INTERVALS} separate ranges"
        why = (Condition(kind=ConditionKind.UNKNOWN, text=text),)
        return Bounds(sure=NONE, possible=AddressSet.span(low, low | wild), why=why)
    pairs = []
    part = inner
    while True:  # each subset of the inner bits, from the highest down
        pairs.append((low | part, low | part | tail))
        if not part:
            break
        part = (part - 1) & inner
    return Bounds.exact(AddressSet(tuple(reversed(pairs))))


def take_plain(words: Sequence[str], at: int, version: int) -> tuple[AddressBounds, int] | None:
    """Read `any`, `host A`, `A/length`, `A WILDCARD` or (IPv6) `A` at a place, with the place behind it."""
    word = words[at] if at < len(words) else ""
    following = words[at + 1] if at + 1 < len(words) else ""
    found: AddressBounds | None = None
    length = 1
    if word == "any":
        return Bounds.exact(every(version)), at + 1
    if word == "host":
        found, length = _exact(single(following)), 2
    elif "/" in word:
        found = _exact(prefix(word))
    elif ":" in word:
        found = _exact(single(word))
    else:
        found, length = wildcard(word, following), 2
    if found is None or not found.possible <= every(version):
        return None
    return found, at + length


def _exact(found: AddressSet | None) -> AddressBounds | None:
    return Bounds.exact(found) if found is not None else None
