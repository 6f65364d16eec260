"""Interfaces and routes.

Source: Cisco ASA Series Command Reference, `nameif`, `security-level`, `ip address`, `ipv6 address`, `route`.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY, V6, AddressSet
from parsers.model.conditions import Bounds
from parsers.model.firewall import Interface, Route
from parsers.platforms._cisco_lina.addresses import address, masked, network
from parsers.platforms._cisco_lina.objects import unknown_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.objects import AddressBounds
    from parsers.text.cisco_tree import Node

__all__ = ["INSIDE_LEVEL", "SINK", "Port", "Routing", "ports", "routing"]

INSIDE_LEVEL = 100
"""What `nameif inside` sets the security level to; any other name sets 0."""
SINK = "null0"
_DYNAMIC = frozenset({"bgp", "eigrp", "isis", "ospf", "rip"})
_IRRELEVANT = frozenset({
    "allow-ssc-mgmt", "arp", "authentication", "bandwidth", "bfd", "bgp", "channel-group", "cts", "delay",
    "description", "dhcp", "dhcprelay", "duplex", "eigrp", "failover", "fec", "flowcontrol", "hello-interval",
    "hold-time", "igmp", "isis", "lacp", "lldp", "mac-address", "media-type", "member-interface", "mfib", "mroute",
    "multicast", "negotiate", "negotiate-auto", "ospf", "pim", "poe", "port-channel", "power", "pppoe", "redundant",
    "rip", "secondary", "service-module", "speed", "split-horizon", "summary-address", "tunnel", "vlan",
})  # fmt: skip
"""Commands inside an interface that decide nothing about which packets pass."""
_IRRELEVANT_IPV6 = frozenset({"dhcp", "enable", "nd", "ospf", "verify", "enforce-eui64"})
_IRRELEVANT_IP = frozenset({"ospf", "verify", "audit"})
_PATH_MONITORING = frozenset({"cost", "path-monitoring"})
"""Words behind `policy-route` that choose between its ways, and choose nothing without one."""
_SWITCH_PORT = frozenset({
    (), ("access", "vlan"), ("mode", "access"), ("mode", "trunk"), ("protected",), ("trunk", "allowed"),
    ("trunk", "native"),
})  # fmt: skip
"""What follows `switchport`: packets of the port are routed and filtered by the interface of its VLAN."""
_LEVELS = frozenset(map(str, range(101)))
_NEGATED = frozenset({"ip", "ipv6", "nameif", "security-level", "shutdown"})
"""Commands whose negation says that the interface has none."""


@dataclass(frozen=True, slots=True)
class Port:
    """An interface with what the model's Interface does not hold."""

    interface: Interface
    own: AddressBounds
    primary: AddressBounds
    management_only: int = 0
    tunnel: bool = False
    learns_routes: bool = False


@dataclass(frozen=True, slots=True)
class Routing:
    """The static routes, and whether no other route can be in force."""

    routes: tuple[Route, ...]
    complete: bool


def ports(text: Configuration) -> tuple[Port, ...]:
    """Give every interface that has a name, in the order of the configuration."""
    nodes = text.find("interface")
    seen: set[tuple[str, ...]] = set()
    for node in nodes:
        names = {node.words, *(line.words for line in node.find("nameif"))}
        if seen & names:
            what = f"{node.text}: a second time, or by a name that another one has"
            text.remark(RemarkKind.NOT_UNDERSTOOD, what, node.number, decides=True)
        seen |= names
    down = _down(nodes)
    found = (_port(text, node) for node in nodes)
    return tuple(
        replace(port, interface=replace(port.interface, enabled=False))
        if port.interface.hardware.partition(".")[0] in down
        else port
        for port in found
        if port is not None
    )


def _down(nodes: Sequence[Node]) -> frozenset[str]:
    """Give the interfaces that are shut, and the bundles whose members all are: what is built on them is down."""
    shut = {" ".join(node.words[1:]) for node in nodes if any(line.words == ("shutdown",) for line in node.children)}
    members: dict[str, set[str]] = {}
    for node in nodes:
        name = " ".join(node.words[1:])
        for line in node.find("channel-group"):
            members.setdefault(f"Port-channel{''.join(line.words[1:2])}", set()).add(name)
        for line in node.find("member-interface"):
            members.setdefault(name, set()).add("".join(line.words[1:]))
    return frozenset(shut | {bundle for bundle, mine in members.items() if mine <= shut})


def _port(text: Configuration, node: Node) -> Port | None:
    reader = _Reader(text, node)
    for child in node.children:
        if reader.read(child):
            text.ledger.modelled((child.number,))
    text.ledger.modelled((node.number,))
    return reader.port()


class _Reader:
    """Reads the lines of one interface."""

    def __init__(self, text: Configuration, node: Node) -> None:
        self._text = text
        self._node = node
        self._name = ""
        self._level: int | None = None
        self._enabled = True
        self._addresses: list[AddressSet] = []
        self._primary: list[AddressSet] = []
        self._networks: list[AddressSet] = []
        self._unknown = False
        self._management = 0
        self._learns = False

    def read(self, line: Node) -> bool:
        """Take one line; False where it was left to the ledger as irrelevant or not understood."""
        head, *rest = line.words
        if head == "nameif" and len(rest) == 1 and not self._name:
            self._name = rest[0]
        elif head == "security-level" and len(rest) == 1 and rest[0] in _LEVELS and self._level is None:
            self._level = int(rest[0])
        elif head == "shutdown":
            self._enabled = False
        elif head == "management-only":
            self._management = line.number
        elif head == "ip" and rest[:1] == ["address"]:
            return self._ip_address(line, rest[1:])
        elif head == "ipv6" and rest[:1] == ["address"]:
            return self._ipv6_address(line, rest[1:])
        elif line.words == ("ipv6", "enable"):
            pass  # a link-local address only
        else:
            return self._other(line)
        return True

    def port(self) -> Port | None:
        """Give the interface, None for one that no rule can name."""
        if not self._name:
            return None
        level = self._level
        if level is None:
            level = INSIDE_LEVEL if self._name == "inside" else 0
        own = AddressSet.join(self._addresses)
        interface = Interface(
            name=self._name,
            hardware=" ".join(self._node.words[1:]),
            addresses=own,
            networks=AddressSet.join(self._networks),
            enabled=self._enabled,
            security_level=level,
            span=self._text.span(self._node.number, self._node.last),
        )
        return Port(
            interface=interface,
            own=self._bounds(own),
            primary=self._bounds(AddressSet.join(self._primary)),
            management_only=self._management,
            tunnel=" ".join(self._node.words[1:]).lower().startswith("tunnel"),
            learns_routes=self._learns,
        )

    def _bounds(self, known: AddressSet) -> AddressBounds:
        return unknown_addresses(f"address of {self._name}") if self._unknown or not known else Bounds.exact(known)

    def _ip_address(self, line: Node, words: list[str]) -> bool:
        names = self._text.names
        if words[:1] in (["dhcp"], ["pppoe"]):
            self._unknown = True
            self._learns = self._learns or "setroute" in words
            what = f"{' '.join(line.words)}: the address is not in the configuration"
            self._text.remark(RemarkKind.NOTE, what, line.number)
            return True
        own = address(words[0], names) if words else None
        around = masked(own, words[1]) if own is not None and len(words) > 1 else None
        standby = address(words[3], names) if len(words) == 4 and words[2] == "standby" else None
        if own is None or around is None or len(words) not in {2, 4} or (len(words) == 4 and standby is None):
            return self._strange(line)
        if self._primary:  # a device prints one: the header of another interface was lost
            return self._strange(line)
        self._primary.append(AddressSet.span(own, own))
        self._addresses.append(AddressSet.span(own, own))
        if standby is not None:
            self._addresses.append(AddressSet.span(standby, standby))
        self._networks.append(around)
        return True

    def _ipv6_address(self, line: Node, words: list[str]) -> bool:
        if words[:1] in (["autoconfig"], ["dhcp"]):
            self._learns = self._learns or "default" in words
            what = f"{' '.join(line.words)}: the address is not in the configuration"
            self._text.remark(RemarkKind.NOTE, what, line.number)
            return True
        if words[1:2] == ["link-local"] or (words and words[0].lower().startswith("fe80:")):
            return True
        try:
            own = ipaddress.IPv6Interface(words[0] if words else "")
        except ValueError:
            return self._strange(line)
        if "/" not in words[0] or (words[1:] and words[1] not in {"standby", "eui-64"}):
            return self._strange(line)
        first, last = int(own.network.network_address), int(own.network.broadcast_address)
        self._networks.append(AddressSet.span(V6 + first, V6 + last))
        if words[1:2] != ["eui-64"]:
            standby = address(words[2], {}) if len(words) > 2 else None
            self._addresses += [AddressSet.span(n, n) for n in (V6 + int(own.ip), standby) if n is not None]
        return True

    def _other(self, line: Node) -> bool:
        words = line.words[1:] if line.words[0] == "no" else line.words
        head = words[0] if words else ""
        second = words[1] if len(words) > 1 else ""
        if (
            head in _IRRELEVANT
            or (head == "ip" and second in _IRRELEVANT_IP)
            or (head == "ipv6" and second in _IRRELEVANT_IPV6)
            or (line.words[0] == "no" and head in _NEGATED)
            or line.words == ("no", "management-only")
            or (head == "policy-route" and second in _PATH_MONITORING)
            or (head == "switchport" and words[1:3] in _SWITCH_PORT)
        ):
            # A block of TrustSec stands below its line; below any other it would be a line that lost its head.
            self._text.ledger.irrelevant(line.numbers() if head == "cts" else (line.number,))
            return False
        return self._strange(line)

    def _strange(self, line: Node) -> bool:
        what = f"{self._node.text}: not understood: {line.text}"
        self._text.remark(RemarkKind.NOT_UNDERSTOOD, what, line.number, decides=True)
        return False


def routing(text: Configuration, found: Sequence[Port]) -> Routing:
    """Give the static routes; they are not all where a routing protocol or a lease can add others."""
    complete = not any(port.learns_routes for port in found)
    names = {port.interface.name for port in found}
    routes: list[Route] = []
    for node in (*text.find("route"), *text.find("ipv6", "route")):
        words = node.words[1:] if node.words[0] == "route" else node.words[2:]
        route = _route(text, node, words)
        if route is None:
            text.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {node.text}", node.number, decides=True)
            continue
        text.ledger.modelled((node.number,))
        if route.interface not in names and route.interface.lower() != SINK:
            text.remark(RemarkKind.UNDEFINED, f"{node.text}: there is no such interface", node.number, decides=True)
        if "tunneled" not in words:
            routes.append(route)
    for node in (*text.find("router"), *text.find("ipv6", "router")):
        if _DYNAMIC.intersection(node.words[1:3]):
            complete = False
            text.ledger.modelled(node.numbers())
            text.remark(RemarkKind.NOTE, f"{node.text}: learned routes are not in the configuration", node.number)
    _twins(text, routes)
    return Routing(tuple(routes), complete)


def _route(text: Configuration, node: Node, words: tuple[str, ...]) -> Route | None:
    """Read `IFC NET MASK GATEWAY [METRIC] [track N] [tunneled]`, or with an IPv6 prefix for NET MASK."""
    size = 2 if len(words) > 1 and "/" in words[1] else 3
    destination = network(words[1:size], text.names) if len(words) >= size else None
    if destination is not None and size == 2 and words[1] == "::/0":
        destination = AddressSet.span(V6, ANY.intervals[0][1])
    if destination is None:
        return None
    options = list(words[size:])
    if words[0].lower() == SINK:
        options.insert(0, "")
    metric = 1
    rest = options[1:]
    if rest and rest[0].isdecimal():
        metric = int(rest.pop(0))
    if rest[:1] == ["track"] and len(rest) > 1:
        text.remark(
            RemarkKind.NOTE, f"{node.text}: taken to be in force; it is withdrawn when its track fails", node.number
        )
        rest = rest[2:]
    if not options or rest not in ([], ["tunneled"]):
        return None
    return Route(destination=destination, interface=words[0], metric=metric, span=text.span(node.number))


def _twins(text: Configuration, routes: list[Route]) -> None:
    """Note routes to one network of one metric by different interfaces: which is used is not in the configuration."""
    seen: dict[tuple[AddressSet, int], str] = {}
    for route in routes:
        other = seen.setdefault((route.destination, route.metric), route.interface)
        if other != route.interface and route.span is not None:
            what = f"route to {route.destination} by {other} and {route.interface} with one metric"
            text.remark(RemarkKind.NOTE, what, route.span.first, decides=True)
