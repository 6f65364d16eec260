"""Static routes, and what else decides where a packet leaves.

Source: Cisco IOS IP Routing Command Reference, `ip route`, `ipv6 route`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY6, AddressSet
from parsers.platforms._cisco_acl.addresses import address, masked, prefix
from parsers.platforms._cisco_acl.routes import SINK, StaticRoute

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.text.cisco_tree import Node

__all__ = ["learned", "static_routes"]

_DYNAMIC = frozenset({"bgp", "eigrp", "isis", "iso-igrp", "lisp", "odr", "ospf", "ospfv3", "rip"})
_NAMED = frozenset({"name", "tag", "track"})
_PLAIN = frozenset({"multicast", "permanent", "unicast"})


def static_routes(text: Configuration) -> Iterator[StaticRoute]:
    """Give the static routes; notes each one that is not understood."""
    for version in ("ip", "ipv6"):
        for node in text.find(version, "route"):
            if node.words[2:3] in {("static",), ("profile",)}:
                text.ledger.irrelevant(node.numbers())
                continue
            route = _route(text, node, version)
            if route is None:
                text.strange(node.text, node.number, decides=True)
            else:
                text.ledger.modelled(node.numbers())
                yield route


def learned(text: Configuration) -> bool:
    """Tell whether routes can be in force that are not in the configuration."""
    found = False
    for head in ("ip", "ipv6"):
        for node in text.find(head, "default-network"):
            text.ledger.modelled(node.numbers())
            found = True
        for node in text.find(head, "router"):
            text.ledger.modelled(node.numbers())
            found = True
    for node in text.find("router"):
        if len(node.words) > 1 and node.words[1] in _DYNAMIC:
            found = True
            text.ledger.modelled(node.numbers())
            text.remark(RemarkKind.NOTE, f"{node.text}: learned routes are not in the configuration", node.number)
    return found


def _route(text: Configuration, node: Node, version: str) -> StaticRoute | None:
    """Read `[vrf V] NET MASK|PREFIX [IFC] [HOP] [DISTANCE] [name|tag|track X] [permanent] [global]`."""
    words = list(node.words[2:])
    vrf = ""
    if words[:1] == ["vrf"] and len(words) > 1:
        vrf, words = words[1], words[2:]
    size = 1 if version == "ipv6" else 2
    destination = _destination(words[:size])
    rest = words[size:]
    if destination is None or not rest:
        return None
    interface = ""
    if address(rest[0]) is None and not rest[0].isdecimal():
        interface = SINK if rest[0].lower() in {"null0", "null"} else rest[0]
        rest = rest[1:]
        if interface == "dhcp":
            text.remark(RemarkKind.NOTE, f"{node.text}: the next hop is not in the configuration", node.number)
            return StaticRoute(vrf, destination, metric=254, number=node.number)
        if rest and rest[0].isdecimal() and not interface[-1].isdigit():
            interface += rest.pop(0)  # `ip route ... Null 0`
    hop = address(rest[0]) if rest else None
    rest = rest[1:] if hop is not None else rest
    metric = int(rest.pop(0)) if rest and rest[0].isdecimal() else 1
    elsewhere = _options(text, node, rest)
    if elsewhere is None or not (interface or hop is not None):
        return None
    return StaticRoute(vrf, destination, interface, hop, metric, node.number, elsewhere[0] if elsewhere else None)


def _options(text: Configuration, node: Node, words: list[str]) -> Sequence[str] | None:
    """Read what may follow; gives the next hop's own table if it is named, None for what is not understood."""
    elsewhere: list[str] = []
    while words:
        word = words.pop(0)
        if word in _NAMED and words:
            value = words.pop(0)
            if word == "track":
                what = f"{node.text}: taken to be in force; it is withdrawn when track {value} fails"
                text.remark(RemarkKind.NOTE, what, node.number)
        elif word == "global":
            elsewhere = [""]
        elif word == "nexthop-vrf" and words:
            elsewhere = [words.pop(0)]
        elif word not in _PLAIN:
            return None
    return elsewhere


def _destination(words: Sequence[str]) -> AddressSet | None:
    if len(words) == 1:
        return ANY6 if words[0] == "::/0" else prefix(words[0])
    return masked(words[0], words[1]) if len(words) == 2 else None
