"""One line of an access list, read word by word: its five-tuple and the conditions that it depends on.

Source: Cisco ASA Series Command Reference, `access-list extended`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY4, ANY6, AddressSet
from parsers.model.conditions import Axis, Bounds, Condition, ConditionKind
from parsers.model.rules import Match
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, ServiceSet
from parsers.platforms._cisco_lina.addresses import address, masked, network, take_ports
from parsers.platforms._cisco_lina.objects import unknown_addresses
from parsers.platforms._cisco_lina.services import EVERY_PORT, icmp_service, ported_services, protocol_numbers
from parsers.text.cisco_names import PORTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from parsers.platforms._cisco_lina.addresses import PortRanges
    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.objects import AddressBounds, Objects, ServiceBounds

__all__ = ["Ace", "StrangeError", "Surroundings", "read_ace", "take_address"]

_LEVELS = frozenset({
    "0", "1", "2", "3", "4", "5", "6", "7", "alerts", "critical", "debugging", "emergencies", "errors",
    "informational", "notifications", "warnings",
})  # fmt: skip
_USERS = frozenset({"user", "user-group", "object-group-user"})
_GROUP_KINDS = {"object-group-user": "user", "object-group-security": "security"}


class StrangeError(Exception):
    """A word that is not understood, before the line's five-tuple is complete."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a line's words refer to.

    `every` is what `any` means, `interfaces` the addresses that `interface NAME` stands for.
    """

    text: Configuration
    objects: Objects
    every: AddressSet
    interfaces: Mapping[str, AddressBounds]
    schedules: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ace:
    """One line: what it matches, and on what that depends."""

    source: AddressBounds
    destination: AddressBounds
    services: ServiceBounds
    conditions: tuple[Condition, ...]
    address_objects: tuple[str, ...]
    service_objects: tuple[str, ...]
    inactive: bool
    understood: bool

    @property
    def is_exact(self) -> bool:
        """Tell whether the line matches its five-tuple and nothing else."""
        return not (self.conditions or self.source.why or self.destination.why or self.services.why)

    def possible(self) -> Match:
        """Give all that the line may match."""
        return Match(
            source=self.source.possible,
            destination=self.destination.possible,
            services=self.services.possible,
            objects=self.address_objects + self.service_objects,
        )

    def sure(self) -> Match | None:
        """Give what the line matches whatever its names stand for."""
        if self.conditions or not (self.source.sure and self.destination.sure and self.services.sure):
            return None
        return Match(
            source=self.source.sure,
            destination=self.destination.sure,
            services=self.services.sure,
            objects=self.address_objects + self.service_objects,
        )

    def why(self) -> tuple[Condition, ...]:
        """Give every condition, each with the part of the match that it concerns."""
        parts = (
            (self.source.why, Axis.SOURCE),
            (self.destination.why, Axis.DESTINATION),
            (self.services.why, Axis.SERVICE),
        )
        named = [replace(item, axis=axis) for why, axis in parts for item in why]
        return tuple(dict.fromkeys((*self.conditions, *named)))


def read_ace(around: Surroundings, words: Sequence[str], number: int) -> Ace:
    """Read the words behind `permit` or `deny`; raises StrangeError for a word within the five-tuple."""
    return _Reader(around, words, number).read()


def take_address(
    around: Surroundings, words: Sequence[str], at: int, number: int
) -> tuple[AddressBounds, tuple[str, ...], int]:
    """Read an address at a place, with the objects it names and the place behind it; raises StrangeError."""
    names = around.text.names
    word = words[at] if at < len(words) else ""
    following = words[at + 1] if at + 1 < len(words) else ""
    every = {"any": around.every, "any4": ANY4, "any6": ANY6}.get(word)
    if every is not None:
        return Bounds.exact(every), (), at + 1
    if word in {"object", "object-group"} and following:
        return around.objects.addresses(word, following, number), (following,), at + 2
    if word == "object-group-network-service" and following:
        around.objects.is_defined("object-group", following, "network-service", number)
        return unknown_addresses(f"{word} {following}"), (following,), at + 2
    if word == "interface" and following:
        known = around.interfaces.get(following)
        return (known or unknown_addresses(f"interface {following}")), (), at + 2
    found: AddressSet | None = None
    if word == "host":
        value = address(following, names)
        found = AddressSet.span(value, value) if value is not None else None
    elif "/" in word:
        found = network((word,), names)
    else:
        value = address(word, names)
        found = masked(value, following) if value is not None else None
    if found is None:
        raise StrangeError
    return Bounds.exact(found), (), at + (1 if "/" in word else 2)


class _Reader:
    """Reads one line from left to right."""

    def __init__(self, around: Surroundings, words: Sequence[str], number: int) -> None:
        self._around = around
        self._words = words
        self._number = number
        self._at = 0
        self._protocols: tuple[int, ...] = ()
        self._conditions: list[Condition] = []
        self._address_objects: tuple[str, ...] = ()
        self._service_objects: tuple[str, ...] = ()
        self._inactive = False
        self._understood = True

    def read(self) -> Ace:
        """Read the whole line."""
        services = self._take_protocol()
        self._take_users()
        self._take_security_group(Axis.SOURCE)
        source = self._take_address()
        source_ports = self._take_source_ports()
        self._take_security_group(Axis.DESTINATION)
        destination = self._take_address()
        services = services if services is not None else self._take_services(source_ports)
        self._take_options()
        return Ace(
            source=source,
            destination=destination,
            services=services,
            conditions=tuple(self._conditions),
            address_objects=self._address_objects,
            service_objects=self._service_objects,
            inactive=self._inactive,
            understood=self._understood,
        )

    def _word(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def _take_protocol(self) -> ServiceBounds | None:
        """Read the protocol (no numbers: `ip`), or give the services of an object that stands in its place."""
        keyword, name = self._word(), self._word(1)
        if keyword not in {"object", "object-group"}:
            numbers = protocol_numbers(keyword)
            if numbers is None:
                raise StrangeError
            self._protocols = numbers
            self._at += 1
            return None
        if not name:
            raise StrangeError
        self._at += 2
        self._service_objects = (name,)
        bounds = self._around.objects.services(keyword, name, self._number)
        if self._around.objects.kind(keyword, name) == "protocol" and not bounds.why and bounds.sure != ANY_SERVICE:
            ranges = sorted({box.protocols for box in bounds.sure.boxes})
            numbers = tuple(value for low, high in ranges for value in range(low, high + 1))
            if PORTED.issuperset(numbers):  # ports may follow the addresses
                self._protocols = numbers
                return None
        return bounds

    def _take_users(self) -> None:
        if self._word() in _USERS and self._word(1):
            self._depend(ConditionKind.USER, 2, Axis.SOURCE)

    def _take_security_group(self, axis: Axis) -> None:
        if self._word() == "security-group" and self._word(1) in {"name", "tag"} and self._word(2):
            self._depend(ConditionKind.SECURITY_GROUP, 3, axis)
        elif self._word() == "object-group-security" and self._word(1):
            self._depend(ConditionKind.SECURITY_GROUP, 2, axis)

    def _depend(self, kind: ConditionKind, count: int, axis: Axis) -> None:
        """Take so many words, the last of them a name, as a condition."""
        words = self._words[self._at : self._at + count]
        self._at += count
        wanted = _GROUP_KINDS.get(words[0])
        values: tuple[str, ...] = (words[-1],)
        if wanted is not None:
            if self._around.objects.is_defined("object-group", words[-1], wanted, self._number):
                values += self._around.objects.named(words[-1], self._number)
            else:
                kind = ConditionKind.UNKNOWN
        self._conditions.append(Condition(kind=kind, values=values, text=" ".join(words), axis=axis))

    def _take_address(self) -> AddressBounds:
        bounds, names, self._at = take_address(self._around, self._words, self._at, self._number)
        self._address_objects += names
        return bounds

    def _take_source_ports(self) -> PortRanges | ServiceBounds:
        """Read source ports if there are any: ranges, or the bounds of a port group."""
        if not self._protocols or not PORTED.issuperset(self._protocols):
            return EVERY_PORT
        taken = take_ports(self._words, self._at)
        if taken is not None:
            ranges, self._at = taken
            return ranges
        name = self._word(1)
        if self._word() == "object-group" and self._around.objects.kind("object-group", name) == "service":
            return self._take_group()
        return EVERY_PORT

    def _take_group(self) -> ServiceBounds:
        name = self._word(1)
        self._at += 2
        self._service_objects += (name,)
        return self._around.objects.services("object-group", name, self._number)

    def _take_services(self, source: PortRanges | ServiceBounds) -> ServiceBounds:
        """Read what follows the destination: ports, an ICMP type, or a group of either."""
        protocols = self._protocols
        if not protocols:
            return Bounds.exact(ANY_SERVICE)
        group: ServiceBounds | None = None
        ports = EVERY_PORT
        if self._word() == "object-group" and self._word(1):
            group = self._take_group()
        elif PORTED.issuperset(protocols):
            taken = take_ports(self._words, self._at)
            if taken is not None:
                ports, self._at = taken
        elif protocols[0] in {ICMP, ICMP6}:
            return self._take_icmp(protocols[0])
        base = _services(protocols, source, ports)
        if group is None:
            return base
        why, sure = base.why + group.why, base.sure & group.sure
        return Bounds(sure=sure, possible=base.possible & group.possible if why else sure, why=why)

    def _take_icmp(self, protocol: int) -> ServiceBounds:
        for count in (2, 1):
            words = self._words[self._at : self._at + count]
            found = icmp_service(protocol, words) if len(words) == count else None
            if found is not None:
                self._at += count
                return Bounds.exact(found)
        return Bounds.exact(ServiceSet.protocol(protocol))

    def _take_options(self) -> None:
        """Read what may follow the five-tuple; a strange word leaves the five-tuple as an upper bound."""
        while self._at < len(self._words):
            word, name = self._word(), self._word(1)
            if word == "log":
                self._at += 1
                self._skip_log()
            elif word == "inactive":
                self._inactive = True
                self._at += 1
            elif word == "time-range" and name:
                kind = ConditionKind.SCHEDULE
                if name not in self._around.schedules:
                    kind = ConditionKind.UNKNOWN
                    self._around.text.remark(RemarkKind.UNDEFINED, f"time-range {name} is not defined", self._number)
                self._conditions.append(Condition(kind=kind, values=(name,), text=f"time-range {name}"))
                self._at += 2
            else:
                self._understood = False
                self._conditions.append(Condition(kind=ConditionKind.UNKNOWN, text=" ".join(self._words[self._at :])))
                return

    def _skip_log(self) -> None:
        if self._word() in _LEVELS or self._word() in {"default", "disable"}:
            self._at += 1
        if self._word() == "interval" and self._word(1).isdecimal():
            self._at += 2


def _services(protocols: tuple[int, ...], source: PortRanges | ServiceBounds, ports: PortRanges) -> ServiceBounds:
    if isinstance(source, Bounds):
        sure, possible = (_from_ports(side, protocols, ports) for side in (source.sure, source.possible))
        return Bounds(sure=sure, possible=possible, why=source.why)
    if PORTED.issuperset(protocols):
        return Bounds.exact(ported_services(protocols, source, ports))
    return Bounds.exact(ServiceSet.join(ServiceSet.protocol(value) for value in protocols))


def _from_ports(group: ServiceSet, protocols: tuple[int, ...], ports: PortRanges) -> ServiceSet:
    """Give the services whose source ports are a group's ports."""
    return ServiceSet.join(
        ported_services((number,), tuple(box.ports for box in (group & ServiceSet.protocol(number)).boxes), ports)
        for number in protocols
    )
