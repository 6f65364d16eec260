"""Interfaces, addresses, routes and kernel settings of a Linux host, read from `ip -j` and `sysctl` documents."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from parsers.errors import ParserError
from parsers.model.addresses import ANY4, ANY6, NONE, AddressSet
from parsers.model.capture import Span
from parsers.model.firewall import Firewall, Interface, Route

if TYPE_CHECKING:
    from parsers.model.capture import Document

__all__ = ["LINK_LOCAL", "MULTICAST", "UNKNOWN_NETWORK", "Network", "read_network", "settings"]

MULTICAST = AddressSet.of("224.0.0.0/4", "ff00::/8")
LINK_LOCAL = AddressSet.of("fe80::/10")
LIMITED_BROADCAST = AddressSet.of("255.255.255.255")
_LOOPBACK = AddressSet.of("127.0.0.0/8", "::1")
_DEFAULT_TABLES = {"local", "main", "default"}
_NO_UNICAST = {"blackhole", "unreachable", "prohibit", "throw"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Where a host stands.

    `names` are all its interfaces, None where they were not collected. `local` and `broadcast` are the destinations
    that the host takes for its own and for broadcasts (RTN_LOCAL, RTN_BROADCAST); `reverse` gives, by interface, the
    addresses whose route leaves by it. `reasons` say why routes may be in force that are not here, `doubts` what may
    drop or divert packets and was not read.
    """

    names: frozenset[str] | None = None
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    routes_complete: bool = False
    reasons: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    local: AddressSet | None = None
    broadcast: AddressSet = LIMITED_BROADCAST
    reverse: dict[str, AddressSet] = field(default_factory=dict)
    first4: dict[str, AddressSet] = field(default_factory=dict)
    first6: dict[str, AddressSet] = field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = field(default_factory=dict)
    sysctls: dict[str, str] = field(default_factory=dict)
    sysctl_spans: dict[str, Span] = field(default_factory=dict)

    def having(self, attribute: str, value: str) -> frozenset[str] | None:
        """Give the interfaces with an attribute (`group`, `type`, `kind`), None where interfaces are not known."""
        if self.names is None:
            return None
        return frozenset(name for name, items in self.attributes.items() if items.get(attribute, "") == value)

    def matching(self, pattern: str) -> frozenset[str] | None:
        """Give the interfaces whose name begins as a pattern `eth*` does, None where they are not known."""
        if self.names is None:
            return None
        return frozenset(name for name in self.names if name.startswith(pattern.removesuffix("*")))

    @property
    def bridged(self) -> bool | None:
        """Tell whether the host has a bridge, None where that is not known."""
        if self.names is None or not any("kind" in items for items in self.attributes.values()):
            return None
        return any(items.get("kind") == "bridge" for items in self.attributes.values())


UNKNOWN_NETWORK = Network()


def _objects(document: Document) -> list[dict[str, Any]]:
    try:
        value = json.loads(document.text or "[]")
    except ValueError as error:
        raise ParserError(
            f"not JSON: {error}", document=document.name, hint="collect it again: it should hold `ip -j` output"
        ) from error
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ParserError("not a JSON list of objects", document=document.name, hint="it should hold `ip -j` output")
    return value


def read_network(documents: dict[str, tuple[int, Document]]) -> Network:
    """Read the documents `ip-addr`, `ip-route`, `ip-rule`, `ip-rule6` and `sysctls` by name; raises ParserError.

    Without `ip-addr` the network is unknown but for the sysctls.
    """
    sysctls, spans = settings(*documents["sysctls"]) if "sysctls" in documents else ({}, {})
    if "ip-addr" not in documents:
        return Network(sysctls=sysctls, sysctl_spans=spans)
    index, document = documents["ip-addr"]
    span = Span(document=index, first=1, last=max(1, len(document.lines())))
    builder = _Builder(span)
    for item in _objects(document):
        builder.link(item)
    if "ip-route" in documents:
        index, document = documents["ip-route"]
        builder.span = Span(document=index, first=1, last=max(1, len(document.lines())))
        for item in _objects(document):
            builder.route(item)
    else:
        builder.reasons.append("the routes were not collected")
    for name in ("ip-rule", "ip-rule6"):
        if name in documents:
            builder.policy(_objects(documents[name][1]))
        elif name == "ip-rule":
            builder.reasons.append("the routing policy rules were not collected")
    return builder.build(sysctls, spans)


def settings(index: int, document: Document) -> tuple[dict[str, str], dict[str, Span]]:
    """Read `name = value` lines as sysctl prints them; `/` and `.` in names are one.

    Raises ParserError for a value that is no number: each setting that is collected is one.
    """
    values: dict[str, str] = {}
    spans: dict[str, Span] = {}
    for number, line in enumerate(document.lines(), 1):
        name, equals, value = line.partition("=")
        if equals:
            key = name.strip().replace("/", ".")
            values[key] = value.strip()
            if not values[key].removeprefix("-").isdecimal():
                raise ParserError(
                    f"{key} has the value {values[key]!r}, which is no number",
                    document=document.name,
                    line=number,
                    hint="it should hold what `sysctl -a` prints",
                )
            spans[key] = Span(document=index, first=number, last=number)
    return values, spans


class _Builder:
    """Collects interfaces and routes."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.interfaces: list[Interface] = []
        self.routes: list[Route] = []
        self.reasons: list[str] = []
        self.doubts: list[str] = []
        self.own: dict[str, AddressSet] = {}
        self.dropping: set[str] = set()
        self.local = _LOOPBACK
        self.broadcast = LIMITED_BROADCAST
        self.holes = NONE
        self.first: dict[int, dict[str, AddressSet]] = {4: {}, 6: {}}
        self.attributes: dict[str, dict[str, str]] = {}

    def link(self, item: dict[str, Any]) -> None:
        """Take one interface of `ip -j addr`."""
        name = str(item.get("ifname", ""))
        kind = item.get("linkinfo", {}).get("info_kind", "") if "linkinfo" in item else ""
        self.attributes[name] = {"group": str(item.get("group", "default")), "type": str(item.get("link_type", ""))}
        if kind:
            self.attributes[name]["kind"] = str(kind)
        if kind == "vrf" or item.get("linkinfo", {}).get("info_slave_kind") == "vrf":
            self.reasons.append(f"{name} belongs to a VRF")
            self.doubts.append(f"{name} belongs to a VRF: what it reaches was not judged")
        if item.get("xdp"):
            self.doubts.append(f"an XDP program on {name} may drop or divert packets before any rule sees them")
        own: list[str] = []
        networks: list[str] = []
        for info in item.get("addr_info", ()):
            address, length = str(info.get("local", "")), int(info.get("prefixlen", 0))
            if not address:
                continue
            version = 6 if info.get("family") == "inet6" else 4
            own.append(address)
            if "address" in info:  # a point-to-point peer: the prefix is the peer's
                networks.append(f"{info['address']}/{length}")
            elif not info.get("noprefixroute") and info.get("scope") != "link":
                networks.append(f"{address}/{length}")
            if info.get("scope") != "link" and name not in self.first[version]:
                self.first[version][name] = AddressSet.of(address)
            if info.get("broadcast"):
                self.broadcast |= AddressSet.of(str(info["broadcast"]))
        up = "UP" in item.get("flags", ())
        addresses = AddressSet.of(*own)
        if up:
            self.local |= addresses
        loopback = "LOOPBACK" in item.get("flags", ())
        interface = Interface(
            name=name,
            hardware=name,
            addresses=addresses,
            networks=NONE if loopback or not up else AddressSet.of(*networks),
            enabled=up,
            span=self.span,
        )
        self.interfaces.append(interface)

    def route(self, item: dict[str, Any]) -> None:
        """Take one route of `ip -j route show table all`."""
        kind, table = str(item.get("type", "unicast")), str(item.get("table", "main"))
        destination = self._prefix(item)
        if table == "local":
            if kind == "local":
                self.local |= destination
                device = str(item.get("dev", ""))
                self.own[device] = self.own.get(device, NONE) | destination
            elif kind == "broadcast":
                self.broadcast |= destination
            return
        if table not in _DEFAULT_TABLES:
            if kind in _NO_UNICAST - {"throw"}:
                self.dropping.add(table)
            return  # in force only by a policy rule, which makes the routes incomplete
        if kind in _NO_UNICAST:
            self.holes |= destination
            return
        if kind != "unicast" or destination <= LINK_LOCAL:
            return  # every interface has its own link-local network, and nothing is forwarded to it
        hops = item.get("nexthops") or [item]
        if len(hops) > 1:
            self.reasons.append(f"{item.get('dst')} has several next hops")
        metric = int(item.get("metric", 0))
        for hop in hops:
            device = str(hop.get("dev", item.get("dev", "")))
            if device and "dead" not in hop.get("flags", ()):
                self.routes.append(Route(destination=destination, interface=device, metric=metric, span=self.span))

    @staticmethod
    def _prefix(item: dict[str, Any]) -> AddressSet:
        text = str(item.get("dst", ""))
        if text in {"default", "0.0.0.0/0", "::/0"}:
            gateway = str(item.get("gateway") or item.get("via", {}).get("host") or "")
            hops = item.get("nexthops") or ()
            for hop in hops:
                gateway = gateway or str(hop.get("gateway", ""))
            six = text == "::/0" or ":" in gateway or ("pref" in item and not gateway)
            return ANY6 if six else ANY4
        return AddressSet.of(str(ipaddress.ip_network(text, strict=False)))

    def policy(self, rules: list[dict[str, Any]]) -> None:
        """Take the rules of `ip -j rule`: others than the kernel's own three make routing depend on more."""
        for rule in rules:
            action = str(rule.get("action", ""))
            if action in _NO_UNICAST - {"throw"}:
                self.doubts.append(f"policy routing: rule {rule.get('priority')} drops packets ({action})")
            if str(rule.get("table", "")) in self.dropping:
                self.doubts.append(f"policy routing: rule {rule.get('priority')} asks a table that drops packets")
            plain = rule.get("src") == "all" and not set(rule) - {"priority", "src", "table", "protocol"}
            if not plain or str(rule.get("table", "")) not in _DEFAULT_TABLES:
                self.reasons.append(f"policy routing: rule {rule.get('priority')}")

    def build(self, sysctls: dict[str, str], spans: dict[str, Span]) -> Network:
        """Give the network."""
        routes = tuple(
            Route(
                destination=_pierced(route.destination, self.holes),
                interface=route.interface,
                metric=route.metric,
                span=route.span,
            )
            for route in self.routes
        )
        interfaces = tuple(self._finished(item) for item in self.interfaces)
        return Network(
            names=frozenset(item.name for item in interfaces),
            interfaces=interfaces,
            routes=routes,
            routes_complete=not self.reasons,
            reasons=tuple(dict.fromkeys(self.reasons)),
            doubts=tuple(dict.fromkeys(self.doubts)),
            local=self.local,
            broadcast=self.broadcast,
            reverse=_reverse(interfaces, routes),
            first4=self.first[4],
            first6=self.first[6],
            attributes=self.attributes,
            sysctls=sysctls,
            sysctl_spans=spans,
        )

    def _finished(self, item: Interface) -> Interface:
        """Give an interface with the addresses that local routes add, and without the holes in its networks."""
        networks = (_pierced(AddressSet((part,)), self.holes) for part in item.networks.intervals)
        own = self.own.get(item.name, NONE) if item.enabled else NONE
        return replace(item, networks=AddressSet.join(networks), addresses=item.addresses | own)


def _reverse(interfaces: tuple[Interface, ...], routes: tuple[Route, ...]) -> dict[str, AddressSet]:
    table: dict[str, AddressSet] = {item.name: LINK_LOCAL for item in interfaces}
    for addresses, name in Firewall(platform="", interfaces=interfaces, routes=routes).egress_table():
        table[name] = table.get(name, LINK_LOCAL) | addresses
    return table


def _pierced(destination: AddressSet, holes: AddressSet) -> AddressSet:
    """Take blackhole and unreachable prefixes out of a wider route; a narrower route inside a hole stays."""
    return destination if destination <= holes else destination - holes
