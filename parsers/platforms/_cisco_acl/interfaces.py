"""Interfaces with their addresses, their table of routes (VRF) and the access lists bound to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import V6, AddressSet
from parsers.model.firewall import Interface
from parsers.platforms._cisco_acl.addresses import address, masked, prefix, single
from parsers.platforms._cisco_acl.configuration import INTERFACE_LINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.text.cisco_tree import Node

__all__ = ["SWITCH", "Binding", "Port", "bound", "interface_name", "ports"]

SWITCH, TRUNK, VLAN = "switch", "trunk", "vlan"
"""Keys under which `facts` says that an interface is a switch port, a trunk, and of which VLAN."""
_SWITCHING = frozenset({SWITCH, TRUNK, VLAN})
_ADDRESS = frozenset({"ip", "ipv4", "ipv6"})
_NEGATED = _ADDRESS | {"passive-interface", "switchport"}
_FILTERS = frozenset({"access-group", "traffic-filter"})
_DIRECTIONS = {"in": "in", "out": "out", "ingress": "in", "egress": "out"}
_BUNDLES = {"channel-group": "port-channel", "bundle": "bundle-ether"}
"""How an interface says that it is a member of a bundle, and how that is called, in lower case."""
_TAKEN_AWAY = frozenset(
    (version, word)
    for version in _ADDRESS
    for word in ("access-group", "inspect", "nat", "policy", "port", "traffic-filter", "unnumbered")
)
_OF_INSTANCE = ("mac", "access-group")
"""Below a service instance, where it filters IP too."""
_LEASED = frozenset({"dhcp", "negotiated", "autoconfig", "pool", "slip"})
_KINDS = frozenset({"breakout", "l2transport", "multipoint", "point-to-point", "preconfigure", "type"})
"""Words beside an interface's name."""
_VLANS = frozenset(map(str, range(1, 4095)))
_MODES = frozenset({
    "access", "dot1q-tunnel", "dynamic", "fabricpath", "fex-fabric", "monitor", "private-vlan", "tap", "tap-tool",
    "tool", "trunk",
})  # fmt: skip
_SWITCHPORT = frozenset({
    "autostate", "backup", "block", "dot1q", "encapsulation", "fabricpath", "host", "isolated", "mac", "monitor",
    "negotiate", "nonegotiate", "port-security", "priority", "private-vlan", "protected", "tap", "tool", "trunk",
    "vlan", "voice",
})  # fmt: skip
"""What follows `switchport` and says neither whether the port is a trunk nor of which VLAN it is."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One access list at an interface: `lists` are asked in turn (IOS XR: the common one first)."""

    version: int
    direction: str
    lists: tuple[str, ...]
    number: int


@dataclass(slots=True)
class Port:
    """An interface as it is read; `words` keeps lines that only some platforms have, by their first words."""

    name: str
    node: Node
    vrf: str = ""
    zone: str = ""
    enabled: bool = True
    raised: bool = False
    bundle: str = ""
    leased: bool = False
    unnumbered: str = ""
    addresses: list[AddressSet] = field(default_factory=list)
    networks: list[AddressSet] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    facts: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def routed(self) -> bool:
        """Tell whether packets can be routed by it."""
        return bool(self.addresses or self.networks or self.leased or self.unnumbered)

    @property
    def counts(self) -> bool:
        """Tell whether anything about it concerns packets."""
        return bool(self.routed or self.bindings or self.zone or self.vrf or self.facts.keys() - _SWITCHING)

    @property
    def vlan(self) -> str:
        """Give the VLAN of a switch port in access mode, empty for every other interface."""
        if self.routed or self.trunk or not self.facts.keys() & {SWITCH, VLAN}:
            return ""
        return self.facts.get(VLAN, ("1", 0))[0]

    @property
    def trunk(self) -> bool:
        """Tell whether it carries several VLANs: its own list filters, but no packet is said to come by it alone."""
        return TRUNK in self.facts and not self.routed

    def interface(self, text: Configuration, *, networks: bool = True) -> Interface:
        """Give the model's interface; without `networks` its own table of routes is not the one that is modelled."""
        return Interface(
            name=self.name,
            hardware=self.name,
            zone=self.zone,
            addresses=AddressSet.join(self.addresses),
            networks=AddressSet.join(self.networks if networks else ()),
            enabled=self.enabled,
            span=text.span(self.node.number, self.node.last),
        )


def ports(
    text: Configuration,
    others: Callable[[Port, Sequence[str], int], bool],
    irrelevant: Callable[[Sequence[str]], bool],
    shut: Callable[[str], bool] = lambda _: False,
) -> tuple[Port, ...]:
    """Give every interface that concerns packets, in the order of the configuration.

    `others` takes a line that only one platform has and tells whether it did; `irrelevant` knows lines that decide
    nothing; `shut` tells by its name whether an interface is down unless it says `no shutdown`.
    """
    found: dict[str, Port] = {}
    for node in text.find("interface"):
        if len(node.words) < 2:
            continue
        name = interface_name(node.words[1:])
        plain = name.lower().endswith(node.words[-1].lower()) and name[-1].isdecimal()
        if not plain and not _KINDS.intersection(node.words):
            text.strange(f"the name of an interface: {node.text}", node.number, decides=True)
        reader = _Reader(text, found.setdefault(name, Port(name, node)), others, irrelevant)
        text.ledger.modelled((node.number,))
        for line in node.children:
            reader.read(line)
        if "preconfigure" in node.words:  # of IOS XR: the hardware is not there
            found[name].enabled = False
    for port in found.values():
        if port.unnumbered in found:
            port.addresses += found[port.unnumbered].addresses
        port.enabled = port.enabled and (port.raised or not shut(port.name))
    _take_down(found)
    return tuple(port for port in found.values() if port.counts)


def _take_down(found: Mapping[str, Port]) -> None:
    """Take down bundles whose members are all shut, and the subinterfaces of what is shut."""
    members: dict[str, list[Port]] = {}
    for port in found.values():
        members.setdefault(port.bundle, []).append(port)
    for name, port in found.items():
        mine = members.get(name.lower(), [])
        port.enabled = port.enabled and (not mine or any(member.enabled for member in mine))
    for name, port in found.items():
        parent = found.get(name.partition(".")[0], port)
        port.enabled = port.enabled and parent.enabled


def interface_name(words: Sequence[str]) -> str:
    """Give an interface's name; `point-to-point`, `l2transport` and the like say only of what kind it is."""
    if len(words) > 1 and words[0] == "preconfigure":
        words = words[1:]
    name = words[0] + words[1] if len(words) > 1 and words[1][0].isdecimal() else words[0]
    return name.capitalize() if name[:4].lower() == "vlan" else name  # the name by which others refer to it


class _Reader:
    """Reads the lines of one interface."""

    def __init__(
        self,
        text: Configuration,
        port: Port,
        others: Callable[[Port, Sequence[str], int], bool],
        irrelevant: Callable[[Sequence[str]], bool],
    ) -> None:
        self._text = text
        self._port = port
        self._others = others
        self._irrelevant = irrelevant
        self._primary = False

    def read(self, line: Node) -> None:
        """Take one line, and account for it and what is below it."""
        words = line.words
        taken = self._take(words, line.number)
        if taken is None:
            self._text.strange(f"interface {self._port.name}: {line.text}", line.number, decides=True)
        elif taken:
            self._text.ledger.modelled((line.number,))
        else:
            self._text.ledger.irrelevant((line.number,))
        for below in line.children:
            self._nested(below)

    def _nested(self, line: Node) -> None:
        """Account for a line below another one: a block of its own (HSRP), unless it belongs to the interface."""
        words = line.words
        if words[:2] in {*INTERFACE_LINES, _OF_INSTANCE} or words[0] in {"crypto", "vrf", "zone-member"}:
            self._text.strange(
                f"interface {self._port.name}: below another line: {line.text}", line.number, decides=True
            )
        else:
            self._text.ledger.irrelevant((line.number,))
        for below in line.children:
            self._nested(below)

    def _take(self, words: Sequence[str], number: int) -> bool | None:
        """Tell what a line is: True modelled, False irrelevant, None not understood."""
        head, second = words[0], words[1] if len(words) > 1 else ""
        if self._others(self._port, words, number):
            return True
        if head == "switchport":
            return self._switchport(words[1:], number)
        if tuple(words) in {("shutdown",), ("no", "shutdown"), ("ipv6", "enable")}:
            self._port.enabled = self._port.enabled and head != "shutdown"
            self._port.raised = self._port.raised or second == "shutdown"
            return True
        if "shutdown" in {head, second}:
            return None
        if head in _ADDRESS and second == "address" and len(words) > 2:
            return self._address(words[2:], 6 if head == "ipv6" else 4, number)
        if head in _ADDRESS and second == "unnumbered" and len(words) == 3:
            self._port.unnumbered = words[2]
            return True
        if head in _ADDRESS and second in _FILTERS:
            return self._binding(words[2:], 6 if head == "ipv6" else 4, number)
        if "vrf" in {head, second} and len(words) > 1 and words[-2] in {"forwarding", "member", "vrf"}:
            self._port.vrf = words[-1]
            return True
        if head in _BUNDLES and len(words) > 1:
            self._port.bundle = _BUNDLES[head] + words[2 if second == "id" else 1]
        if head == "no" and (tuple(words[1:3]) in _TAKEN_AWAY or second in {"crypto", "vrf", "zone-member"}):
            return None  # no device prints it; whoever wrote it takes away what stands above
        plain = words[1:] if head == "no" and second else words
        known = (head == "no" and second in _NEGATED) or self._irrelevant(plain)
        return False if known else None

    def _switchport(self, words: Sequence[str], number: int) -> bool | None:
        facts = self._port.facts
        facts[SWITCH] = ("", number)
        if tuple(words[:2]) == ("access", "vlan") and len(words) == 3 and words[2] in _VLANS:
            facts[VLAN] = (words[2], number)
        elif tuple(words) == ("mode", "trunk"):
            facts[TRUNK] = ("", number)
        elif words and words[0] not in _SWITCHPORT and not (words[0] == "mode" and _MODES.issuperset(words[1:2])):
            return None
        else:
            return False if tuple(words[:2]) != ("mode", "trunk") else None
        return True

    def _binding(self, words: Sequence[str], version: int, number: int) -> bool | None:
        """Read `[common LIST] [LIST] in|out|ingress|egress [counters]`."""
        at = next((n for n, word in enumerate(words) if n and word in _DIRECTIONS), 0)
        names = [word for n, word in enumerate(words[:at]) if not (n == 0 and word == "common")]
        if not at or not names or len(names) > 1 + (words[0] == "common"):
            return None
        rest = [word for word in words[at + 1 :] if word not in {"hardware-count", "interface-statistics"}]
        if rest and not (rest[0] == "compress" and rest[1:2] == ["level"] and len(rest) == 3):
            return None
        binding = Binding(version, _DIRECTIONS[words[at]], tuple(names), number)
        if any((item.version, item.direction) == (version, binding.direction) for item in self._port.bindings):
            self._twice(number)
        self._port.bindings.append(binding)
        return True

    def _twice(self, number: int) -> None:
        """Note what an interface has once: the second may be another interface's, whose first line is lost."""
        words = " ".join(self._text.words(number))
        self._text.strange(f"interface {self._port.name}: a second one: {words}", number, decides=True)

    def _address(self, words: Sequence[str], version: int, number: int) -> bool | None:
        port = self._port
        if words[0] in _LEASED:
            port.leased = True
            what = f"interface {port.name}: the address is not in the configuration"
            self._text.remark(RemarkKind.NOTE, what, number)
            return True
        if version == 6:
            return self._address6(words)
        rest = [word for word in words if word != "secondary"]
        if "/" in rest[0] and (len(rest) == 1 or rest[1] in {"tag", "route-preference", "use-bia"}):
            own, around = single(rest[0].partition("/")[0]), prefix(rest[0])
        elif len(rest) == 2 or (len(rest) == 4 and rest[2] == "route-tag"):
            own, around = single(rest[0]), masked(rest[0], rest[1])
        else:
            return None
        if own is None or around is None or not around <= AddressSet.span(0, V6 - 1):
            return None
        if "secondary" not in words:
            if self._primary:
                self._twice(number)
            self._primary = True
        port.addresses.append(own)
        port.networks.append(around)
        return True

    def _address6(self, words: Sequence[str]) -> bool | None:
        head, rest = words[0], words[1:]
        if tuple(words) == ("use-link-local-only",):
            return True
        if rest[:1] == ("link-local",) or list(rest[:1]) == ["link-local"] or head.lower().startswith("fe80:"):
            return True
        around = prefix(head) if "/" in head else None
        if around is None or (rest and rest[0] not in {"eui-64", "anycast", "secondary", "tag"}):
            return None
        self._port.networks.append(around)
        own = address(head.partition("/")[0])
        if own is not None and "eui-64" not in rest:
            self._port.addresses.append(AddressSet.span(own, own))
        return True


def bound(found: Sequence[Port]) -> dict[tuple[int, str], list[tuple[str, str]]]:
    """Give, per version and name of a list, the interfaces and directions that it filters."""
    places: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for key, place in _places(found):
        places.setdefault(key, []).append(place)
    return places


def _places(found: Sequence[Port]) -> Iterator[tuple[tuple[int, str], tuple[str, str]]]:
    for port in found:
        for binding in port.bindings:
            for name in binding.lists:
                yield (binding.version, name), (port.name, binding.direction)
