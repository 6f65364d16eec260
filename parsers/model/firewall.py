"""A firewall as a whole: who it is, its interfaces, routes, pipeline, objects and what can skip the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING, overload

from parsers.model import intervals as iv
from parsers.model.addresses import ANY, NONE, AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Bounds
from parsers.model.services import ANY_SERVICE, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.model.interned import Pair
    from parsers.model.rules import Stage

    Member = tuple[Bounds[AddressSet] | Bounds[ServiceSet], Span]

__all__ = [
    "Assumption", "Bypass", "Device", "Firewall", "HaRole", "Helper", "Interface", "ManagementNote", "Members",
    "NamedObject", "Route",
]  # fmt: skip


class HaRole(StrEnum):
    """A device's part in a high-availability pair."""

    NONE = "none"
    ACTIVE = "active"
    STANDBY = "standby"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Who the device says it is; empty where it does not say."""

    hostname: str = ""
    model: str = ""
    version: str = ""
    serial: str = ""
    ha_role: HaRole = HaRole.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """An interface by the name that rules use (ASA: nameif); `hardware` is the physical or logical port.

    `addresses` are the device's own; `networks` what is directly connected. `zone` is empty without zones.
    """

    name: str
    hardware: str = ""
    zone: str = ""
    addresses: AddressSet = NONE
    networks: AddressSet = NONE
    enabled: bool = True
    security_level: int | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route: the prefix as a set, the interface it leaves by, the metric that breaks ties (lower wins)."""

    destination: AddressSet
    interface: str
    metric: int = 0
    span: Span | None = field(default=None, compare=False)


class Members(Sequence["Member"]):
    """The member lines of an object, one line each, packed; equal to a tuple of the same bounds and places.

    A member that is one interval of addresses may be given as that.
    """

    __slots__ = ("_document", "_lines", "_values")

    def __init__(
        self,
        document: int,
        lines: Sequence[int],
        values: Sequence[Pair | Bounds[AddressSet]] | Sequence[Bounds[ServiceSet]],
    ) -> None:
        """Take the number of the document, and the number of the line and the value of each member."""
        self._document = document
        self._lines = lines
        self._values = values

    def __len__(self) -> int:
        """Count the members."""
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Member: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Member, ...]: ...

    def __getitem__(self, index: int | slice) -> Member | tuple[Member, ...]:
        """Make a member, or those of a slice."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        line, value = self._lines[index], self._values[index]
        bounds = Bounds.exact(AddressSet((value,))) if isinstance(value, tuple) else value
        return bounds, Span(document=self._document, first=line, last=line)

    def __eq__(self, other: object) -> bool:
        """Members are equal where each of them is, in order."""
        return isinstance(other, tuple | Members) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """Hash by content, consistent with equality."""
        return hash(tuple(self))

    def __repr__(self) -> str:
        """Show the members as a tuple does."""
        return repr(tuple(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedObject:
    """An object or group with the bounds of each member line, so that a report can name the line that opens a port."""

    name: str
    members: tuple[Member, ...] | Members
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Helper:
    """An application helper that opens data connections (FTP): where it applies, None for every interface."""

    protocol: str
    services: ServiceSet
    interfaces: frozenset[str] | None = None
    name: str = ""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bypass:
    """Traffic that may skip the filters (VPN with permit-vpn, fastpath); widens what is possible.

    `ingress` None means every interface; addresses are as seen before translation.
    """

    text: str
    source: AddressSet = ANY
    destination: AddressSet = ANY
    services: ServiceSet = ANY_SERVICE
    ingress: frozenset[str] | None = None
    egress: frozenset[str] | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A default that the configuration does not print but the model rests on."""

    text: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementNote:
    """A weakness of the management plane that the configuration itself shows (telnet, SSH version 1, SNMP public)."""

    text: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firewall:
    """One firewall (context, VDOM, vsys): one ordered pipeline of stages.

    `routes_complete` is False where routes can be in force that were not collected (dynamic routing, VRFs).
    """

    platform: str
    context: str = ""
    device: Device = field(default_factory=Device)
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    routes_complete: bool = True
    stages: tuple[Stage, ...] = ()
    objects: tuple[NamedObject, ...] = ()
    helpers: tuple[Helper, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    bypasses: tuple[Bypass, ...] = ()
    management: tuple[ManagementNote, ...] = ()

    def interface(self, name: str) -> Interface:
        """Give the interface of a name; raises KeyError."""
        for interface in self.interfaces:
            if interface.name == name:
                return interface
        raise KeyError(name)

    def labels(self, name: str) -> frozenset[str]:
        """Give every name by which a rule may mean an interface: its own and its zone's."""
        zone = next((item.zone for item in self.interfaces if item.name == name), "")
        return frozenset({name, zone} if zone else {name})

    def egress_table(self) -> tuple[tuple[AddressSet, str], ...]:
        """Give, disjoint and by longest prefix, which destinations leave by which interface.

        Connected networks come before routes of the same length; of routes to one prefix the lowest metric wins.
        Neither counts on an interface that is disabled.
        """
        down = {interface.name for interface in self.interfaces if not interface.enabled}
        entries = [
            (AddressSet((pair,)), interface.name, -1)
            for interface in self.interfaces
            if interface.enabled
            for pair in interface.networks.intervals
        ]
        entries += [
            (item.destination, item.interface, item.metric) for item in self.routes if item.interface not in down
        ]
        entries.sort(key=lambda item: (item[0].size, item[2]))
        starts = sorted(
            (low, high, rank) for rank, (destination, _, _) in enumerate(entries) for low, high in destination.intervals
        )
        parts: dict[str, list[tuple[int, int]]] = {}
        for low, high, rank in _best(starts):
            parts.setdefault(entries[rank][1], []).append((low, high))
        order = dict.fromkeys(name for _, name, _ in entries if name in parts)
        return tuple((AddressSet(iv.normalise(parts[name])), name) for name in order)


def _best(starts: list[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Give, for each piece of the axis, the lowest rank of the intervals (by their start) that cover it."""
    cuts = sorted({cut for low, high, _ in starts for cut in (low, high + 1)})
    covering: list[tuple[int, int]] = []
    coming = 0
    for low, after in pairwise(cuts):
        while coming < len(starts) and starts[coming][0] == low:
            heappush(covering, (starts[coming][2], starts[coming][1]))
            coming += 1
        while covering and covering[0][1] < low:
            heappop(covering)
        if covering:
            yield low, after - 1, covering[0][0]
