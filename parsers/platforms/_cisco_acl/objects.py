"""Object groups: what each name surely and possibly stands for.

Source: Cisco IOS Security Command Reference, `object-group`; NX-OS Security Command Reference, `object-group ip
address`, `object-group ip port`; IOS XR IP Addresses Command Reference, `object-group network`, `object-group port`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from parsers.contract import RemarkKind
from parsers.model.addresses import AddressSet
from parsers.model.conditions import Bounds
from parsers.model.firewall import NamedObject
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, TCP, UDP, ServiceSet
from parsers.platforms._cisco_acl.addresses import (
    AddressBounds,
    address,
    every,
    is_mask,
    masked,
    take_plain,
    unknown_addresses,
)
from parsers.platforms._cisco_acl.services import (
    EVERY_PORT,
    ServiceBounds,
    icmp_services,
    operators,
    ported,
    take_ports,
    unknown_services,
)
from parsers.text.cisco_names import PORTED
from parsers.text.cisco_router_names import EVERY_PROTOCOL, port_number, protocol_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration, Group

__all__ = ["Objects"]

_S = TypeVar("_S", AddressSet, ServiceSet)
_DEEPEST = 60
"""Groups nested deeper than this are not followed."""
_NESTED = frozenset({"group-object", "object-group"})
_BOTH = {"tcp-udp": (TCP, UDP)}


class Objects:
    """Resolves groups, each one once; notes what is undefined, refers to itself, or was not understood."""

    def __init__(self, text: Configuration, *, masks: bool | None) -> None:
        """Take the definitions of a configuration, and what a mask in an address group is (Dialect.group_masks)."""
        self._text = text
        self._masks = masks
        self._addresses: dict[str, AddressBounds] = {}
        self._services: dict[tuple[str, str], ServiceBounds] = {}
        self._members: list[NamedObject] = []
        self._open: list[tuple[str, str]] = []
        self._missing: set[tuple[str, str]] = set()

    def addresses(self, name: str, version: int, number: int) -> AddressBounds:
        """Give the addresses of a group that a line of an IP version names."""
        found = self._known(name, number)
        if not found.why and not found.possible & every(version):
            what = f"group {name} holds no IPv{version} address"
            self._text.remark(RemarkKind.NOTE, what, number)
        return Bounds(sure=found.sure & every(version), possible=found.possible & every(version), why=found.why)

    def _known(self, name: str, number: int) -> AddressBounds:
        known = self._addresses.get(name)
        if known is not None:
            return known
        group = self._text.groups.get(("address", name))
        if group is None:
            return unknown_addresses(self._undefined("address", name, number))
        if self._loops(("address", name), number):
            return unknown_addresses(f"group {name}")
        self._open.append(("address", name))
        members = self._read(group, self._address_member, unknown_addresses)
        self._open.pop()
        known = self._addresses[name] = _whole(name, members, unknown_addresses, AddressSet.join)
        return known

    def services(self, kind: str, name: str, number: int) -> ServiceBounds:
        """Give the services of a group of kind service or port; a port group stands for its ports of TCP and UDP."""
        key = (kind, name)
        known = self._services.get(key)
        if known is not None:
            return known
        group = self._text.groups.get(key)
        if group is None:
            return unknown_services(self._undefined(kind, name, number))
        if self._loops(key, number):
            return unknown_services(f"group {name}")
        self._open.append(key)
        member = self._service_member if kind == "service" else self._port_member
        members = self._read(group, member, unknown_services)
        self._open.pop()
        known = self._services[key] = _whole(name, members, unknown_services, ServiceSet.join)
        return known

    def resolve_all(self) -> tuple[NamedObject, ...]:
        """Give every group, and account for the lines of every definition."""
        for (kind, name), group in self._text.groups.items():
            self._text.ledger.modelled(group.headers)
            if kind == "address":
                self._known(name, group.headers[0])
            else:
                self.services(kind, name, group.headers[0])
        return tuple(self._members)

    def _undefined(self, kind: str, name: str, number: int) -> str:
        """Note, once, that a name is not defined as what it is used for."""
        text = f"object-group {name} is not defined as a group of kind {kind}"
        if (kind, name) not in self._missing:
            self._missing.add((kind, name))
            self._text.remark(RemarkKind.UNDEFINED, text, number)
        return text

    def _loops(self, key: tuple[str, str], number: int) -> bool:
        if key in self._open:
            self._text.remark(RemarkKind.LOOP, f"object-group {key[1]} refers to itself", number)
            return True
        if len(self._open) > _DEEPEST:
            self._text.remark(RemarkKind.LOOP, f"object-group {key[1]} is nested too deeply to be followed", number)
            return True
        return False

    def _read(
        self,
        group: Group,
        member: Callable[[Group, list[str], int], Bounds[_S] | None],
        unknown: Callable[[str], Bounds[_S]],
    ) -> list[Bounds[_S]]:
        text = self._text
        name = group.header.name
        members: list[tuple[Bounds[_S], int]] = []
        for number in group.members:
            words = text.words(number)
            if words[0] == "description":
                text.ledger.irrelevant((number,))
                continue
            if words[0].isdecimal() and len(words) > 1:
                words = words[1:]
            bounds = member(group, words, number)
            if bounds is None:
                bounds = unknown(f"object-group {name}: {' '.join(words)}")
                text.strange(f"object-group {name}: {' '.join(words)}", number)
            else:
                text.ledger.modelled((number,))
            members.append((bounds, number))
        if not members:
            text.remark(RemarkKind.UNDEFINED, f"object-group {name} has no members", group.headers[0])
        spanned = tuple((bounds, text.span(number)) for bounds, number in members)
        self._members.append(NamedObject(name=name, members=spanned, span=text.span(group.headers[0])))
        return [bounds for bounds, _ in members]

    def _address_member(self, group: Group, words: list[str], number: int) -> AddressBounds | None:
        head, rest = words[0], words[1:]
        version = group.header.version
        if head in _NESTED:
            return self._known(rest[0], number) if len(rest) == 1 else None
        if head == "network-object":
            return self._address_member(group, rest, number) if rest else None
        if head == "range" and len(rest) == 2:
            low, high = address(rest[0]), address(rest[1])
            if low is None or high is None or low > high:
                return None
            found = AddressSet.span(low, high)
            return Bounds.exact(found) if found <= every(version) else None
        netmask = len(words) == 2 and (self._masks is True or (self._masks is None and is_mask(words[1])))
        if netmask and head != "host":
            network = masked(head, words[1])
            return Bounds.exact(network) if network is not None else None
        taken = take_plain(words, 0, version)
        return taken[0] if taken is not None and taken[1] == len(words) else None

    def _port_member(self, _: Group, words: list[str], number: int) -> ServiceBounds | None:
        if words[0] in _NESTED:
            return self.services("port", words[1], number) if len(words) == 2 else None
        taken = take_ports(words, 0, several=False)
        if taken is None or taken[1] != len(words):
            return None
        return Bounds.exact(ported((TCP, UDP), EVERY_PORT, taken[0]))

    def _service_member(self, group: Group, words: list[str], number: int) -> ServiceBounds | None:
        if words[0] in _NESTED:
            return self.services("service", words[1], number) if len(words) == 2 else None
        found = _service(words, group.header.version)
        return Bounds.exact(found) if found is not None else None


def _service(words: Sequence[str], version: int) -> ServiceSet | None:
    """Read `PROTOCOL [source OP PORT] [OP PORT]` or `icmp [MESSAGE]`; `tcp PORT` is short for `tcp eq PORT`."""
    if words[0] in EVERY_PROTOCOL:
        return ANY_SERVICE if len(words) == 1 else None
    number = protocol_number(words[0], version=version or 4)
    numbers = _BOTH.get(words[0]) or (() if number is None else (number,))
    if not numbers:
        return None
    if numbers[0] in {ICMP, ICMP6} and len(words) > 1:
        taken = icmp_services(words[1:], version or 4)
        return taken[0] if taken is not None and taken[1] == len(words) - 1 else None
    if len(words) == 1:
        return ServiceSet.join(ServiceSet.protocol(value) for value in numbers)
    if not PORTED.issuperset(numbers):
        return None
    ends = {"source": EVERY_PORT, "destination": EVERY_PORT}
    at = 1
    while at < len(words):
        end = words[at] if words[at] in ends else "destination"
        at += words[at] in ends
        short = at < len(words) and words[at] not in operators and port_number(words[at]) is not None
        read = ["eq", words[at]] if short else list(words[at:])
        ports = take_ports(read, 0, several=False)
        if ports is None:
            return None
        ends[end] = ports[0]
        at += 1 if short else ports[1]
    return ported(numbers, ends["source"], ends["destination"])


def _whole(
    name: str,
    members: list[Bounds[_S]],
    unknown: Callable[[str], Bounds[_S]],
    join: Callable[[Iterable[_S]], _S],
) -> Bounds[_S]:
    """Give the union of the members."""
    if not members:
        return unknown(f"object-group {name} has no members")
    why = tuple(dict.fromkeys(item for bounds in members for item in bounds.why))
    sure = join(bounds.sure for bounds in members)
    return Bounds(sure=sure, possible=join(bounds.possible for bounds in members) if why else sure, why=why)
