"""Sets of services: protocol, source port and destination port (or ICMP type and code).

One axis holds protocol and port together: protocol * 65536 + port. ICMP and ICMPv6 put type * 256 + code where a port
would stand (RFC 792, RFC 4443). Source ports are a second axis, which almost no rule restricts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from parsers.model import intervals as iv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = [
    "ANY_SERVICE", "ICMP", "ICMP6", "NO_SERVICE", "PORTED", "PORTS", "PROTOCOL_NAMES", "PROTOCOL_NUMBERS", "TCP",
    "UDP", "Service", "ServiceSet", "protocol_name",
]  # fmt: skip

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
PORTS = (0, 65535)
"""Every port."""
PORTED = frozenset({TCP, UDP, 33, 132, 136})
"""Protocols that have ports: TCP, UDP, DCCP, SCTP, UDP-Lite."""
_PROTOCOL_TOP = 255
_AXIS_TOP = _PROTOCOL_TOP * 65536 + 65535

PROTOCOL_NUMBERS = {
    "icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "igrp": 9, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "icmp6": 58,
    "eigrp": 88, "ospf": 89, "nos": 94, "pim": 103, "pcp": 108, "vrrp": 112, "sctp": 132, "udplite": 136, "dccp": 33,
}  # fmt: skip
"""IANA protocol numbers by the names that firewalls use."""
PROTOCOL_NAMES = {number: name for name, number in PROTOCOL_NUMBERS.items()}


def protocol_name(number: int) -> str:
    """Give a protocol's name, or its number as text where it has none here."""
    return PROTOCOL_NAMES.get(number, str(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One box of services: closed ranges of protocols, source ports and ports (ICMP: type * 256 + code)."""

    protocols: tuple[int, int]
    source_ports: tuple[int, int] = PORTS
    ports: tuple[int, int] = PORTS


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """A set of services; equal sets are equal values.

    `slabs` is canonical: disjoint, ordered source port ranges, each with the protocol-and-port intervals that it
    admits; neighbours with equal intervals are one slab, empty slabs are left out.
    """

    slabs: tuple[tuple[int, int, iv.Intervals], ...] = field(default=())

    @classmethod
    def of(cls, *boxes: Service) -> ServiceSet:
        """Make the union of boxes."""
        return cls(_canonical((box.source_ports, _axis(box)) for box in boxes))

    @classmethod
    def protocol(cls, number: int, *ports: tuple[int, int], source_ports: tuple[int, int] = PORTS) -> ServiceSet:
        """Make a set of one protocol and any number of port ranges (none given: every port)."""
        return cls.of(
            *(
                Service(protocols=(number, number), source_ports=source_ports, ports=pair)
                for pair in (ports or (PORTS,))
            )
        )

    @classmethod
    def from_axis(cls, axis: iv.Intervals, source_ports: tuple[int, int] = PORTS) -> ServiceSet:
        """Make a set from intervals on the protocol-and-port axis."""
        return cls(((*source_ports, axis),) if axis else ())

    @classmethod
    def join(cls, sets: Iterable[ServiceSet]) -> ServiceSet:
        """Give the union of any number of sets."""
        return cls(_canonical(((low, high), axis) for item in sets for low, high, axis in item.slabs))

    def contains(self, protocol: int, source_port: int, port: int) -> bool:
        """Tell whether one packet's protocol, source port and port (or ICMP type * 256 + code) are in the set."""
        key = protocol * 65536 + port
        return any(low <= source_port <= high and iv.contains(axis, key) for low, high, axis in self.slabs)

    def __bool__(self) -> bool:
        """Tell whether the set has any service."""
        return bool(self.slabs)

    def __or__(self, other: ServiceSet) -> ServiceSet:
        """Give the union."""
        return _combine(self, other, iv.union)

    def __and__(self, other: ServiceSet) -> ServiceSet:
        """Give the intersection."""
        return _combine(self, other, iv.intersection)

    def __sub__(self, other: ServiceSet) -> ServiceSet:
        """Give the difference."""
        return _combine(self, other, iv.difference)

    def __invert__(self) -> ServiceSet:
        """Give every other service."""
        return _combine(ANY_SERVICE, self, iv.difference)

    def __le__(self, other: ServiceSet) -> bool:
        """Tell whether this is a subset of the other."""
        return not self - other

    @property
    def size(self) -> int:
        """Count protocol, port and source port combinations, exactly."""
        return sum((high - low + 1) * iv.size(axis) for low, high, axis in self.slabs)

    @property
    def boxes(self) -> tuple[Service, ...]:
        """Give few disjoint boxes that make up the set, in order."""
        return tuple(
            Service(protocols=protocols, source_ports=(low, high), ports=ports)
            for low, high, axis in self.slabs
            for protocols, ports in _axis_boxes(axis)
        )


def _axis(box: Service) -> iv.Intervals:
    first, last = box.protocols
    if box.ports == PORTS:
        return ((first * 65536, last * 65536 + 65535),)
    return tuple((number * 65536 + box.ports[0], number * 65536 + box.ports[1]) for number in range(first, last + 1))


def _canonical(parts: Iterable[tuple[tuple[int, int], iv.Intervals]]) -> tuple[tuple[int, int, iv.Intervals], ...]:
    items = [(low, high, axis) for (low, high), axis in parts if axis]
    if all(low == 0 and high == PORTS[1] for low, high, _ in items):
        axis = iv.normalise(pair for _, _, axis in items for pair in axis)
        return ((*PORTS, axis),) if axis else ()
    cuts = sorted({cut for low, high, _ in items for cut in (low, high + 1)})
    slabs: list[tuple[int, int, iv.Intervals]] = []
    for start, stop in pairwise(cuts):
        axis = iv.normalise(pair for low, high, axis in items if low <= start <= high for pair in axis)
        _push(slabs, start, stop - 1, axis)
    return tuple(slabs)


def _push(slabs: list[tuple[int, int, iv.Intervals]], low: int, high: int, axis: iv.Intervals) -> None:
    if not axis:
        return
    if slabs and slabs[-1][1] + 1 == low and slabs[-1][2] == axis:
        slabs[-1] = (slabs[-1][0], high, axis)
    else:
        slabs.append((low, high, axis))


def _combine(left: ServiceSet, right: ServiceSet, operation: _Operation) -> ServiceSet:
    a, b = left.slabs, right.slabs
    if len(a) == 1 and len(b) == 1 and a[0][:2] == b[0][:2]:
        axis = operation(a[0][2], b[0][2])
        return ServiceSet(((a[0][0], a[0][1], axis),) if axis else ())
    cuts = sorted({cut for low, high, _ in (*a, *b) for cut in (low, high + 1)})
    slabs: list[tuple[int, int, iv.Intervals]] = []
    for start, stop in pairwise(cuts):
        _push(slabs, start, stop - 1, operation(_at(a, start), _at(b, start)))
    return ServiceSet(tuple(slabs))


def _at(slabs: tuple[tuple[int, int, iv.Intervals], ...], port: int) -> iv.Intervals:
    return next((axis for low, high, axis in slabs if low <= port <= high), ())


def _axis_boxes(axis: iv.Intervals) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for low, high in axis:
        first, start = divmod(low, 65536)
        last, stop = divmod(high, 65536)
        if first == last:
            yield (first, first), (start, stop)
            continue
        if start:
            yield (first, first), (start, PORTS[1])
            first += 1
        whole = last if stop == PORTS[1] else last - 1
        if first <= whole:
            yield (first, whole), PORTS
        if whole < last:
            yield (last, last), (0, stop)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Operation = Callable[[iv.Intervals, iv.Intervals], iv.Intervals]

ANY_SERVICE = ServiceSet(((*PORTS, ((0, _AXIS_TOP),)),))
NO_SERVICE = ServiceSet(())
