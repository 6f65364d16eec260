"""Packets on and beside every edge that a ruleset names."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_network

from parsers.model.addresses import V6, address_number
from parsers.model.packets import Packet
from parsers.model.services import ICMP, ICMP6, TCP, UDP
from tests.live.bed import ADDRESSES

__all__ = ["Edges", "number", "packets"]

_OWN = [address_number(text) for text in ADDRESSES["wan0"]]


@dataclass(slots=True)
class Edges:
    """First and last of everything that a ruleset names; packets stand on them and one beside.

    `published` are ports of the firewall's own address that are translated.
    """

    sources: set[int] = field(default_factory=set)
    targets: set[int] = field(default_factory=set)
    ports: set[int] = field(default_factory=lambda: {1, 443, 65535})
    source_ports: set[int] = field(default_factory=lambda: {40000})
    published: set[int] = field(default_factory=set)

    def address(self, axis: str, low: int, high: int) -> None:
        """Note a range of addresses."""
        (self.sources if axis == "saddr" else self.targets).update({low - 1, low, high, high + 1})

    def port(self, side: str, low: int, high: int) -> None:
        """Note a range of ports."""
        known = self.ports if side == "dport" else self.source_ports
        known.update(number for number in (low - 1, low, high, high + 1) if 1 <= number <= 65535)

    def update(self, other: Edges) -> None:
        """Take the edges of another ruleset in."""
        self.sources |= other.sources
        self.targets |= other.targets
        self.ports |= other.ports
        self.source_ports |= other.source_ports
        self.published |= other.published


def number(address: IPv4Address | IPv6Address) -> int:
    """Give an address's number on the model's axis."""
    return int(address) + (V6 if address.version == 6 else 0)


def packets(edges: Edges, seed: int, count: int, *, side: str = "internet") -> list[Packet]:
    """Give packets on and beside every edge, each the first of a connection of its own; from the DMZ: turned round."""
    pick = random.Random(seed)
    sources, targets = _split(edges.sources, _source), _split(edges.targets, _target)
    found: dict[Packet, None] = {}
    tries = 0
    while len(found) < count and tries < count * 5:
        tries += 1
        six = pick.random() < 0.35
        source = pick.choice(sources[six])
        target = _OWN[six] if pick.random() < 0.2 else pick.choice(targets[six])
        protocol = pick.choice((TCP, TCP, TCP, UDP, UDP, ICMP6 if six else ICMP))
        if protocol in {TCP, UDP}:
            own = target in _OWN and edges.published and pick.random() < 0.6
            port = pick.choice(sorted(edges.published if own else edges.ports))
            first = pick.choice(sorted(edges.source_ports)) if pick.random() < 0.5 else pick.randint(1024, 65535)
            packet = Packet(source=source, destination=target, protocol=protocol, source_port=first, port=port)
        else:
            packet = Packet(source=source, destination=target, protocol=protocol, port=(128 if six else 8) * 256)
        if side == "dmz":
            if target in _OWN:
                continue
            packet = replace(packet, source=target, destination=source)
        found[packet] = None
    return list(found)


def _split(numbers: set[int], fits: Callable[[int], bool]) -> tuple[list[int], list[int]]:
    four = [number for number in sorted(numbers) if number < V6 and fits(number)]
    six = [number for number in sorted(numbers) if number >= V6 and fits(number)]
    default = _DEFAULT_SOURCES if fits is _source else _DEFAULT_TARGETS
    return four or default[0], six or default[1]


_DEFAULT_SOURCES = [address_number("203.0.113.9")], [address_number("2001:db8:f00::9")]
_DEFAULT_TARGETS = [address_number("192.0.2.10")], [address_number("2001:db8:2::a")]


def _inside(value: int, *networks: str) -> bool:
    return any(
        number(net.network_address) <= value <= number(net.broadcast_address) for net in map(ip_network, networks)
    )


def _source(value: int) -> bool:
    """Tell whether a packet may come from an address on the Internet's side: its replies are routed there."""
    return _inside(value, "100.0.0.0/8", "198.16.0.0/13", "203.0.0.0/8", "2001:db8::/32") and not _inside(
        value, "198.51.100.0/24", "2001:db8:2::/48", "2001:db8:10::/48", "2001:db8:100::/48"
    )


def _target(value: int) -> bool:
    return _inside(value, "192.0.2.0/24", "2001:db8:2::/64") and value not in _NO_HOSTS


_NO_HOSTS = {
    address_number(text) for text in ("192.0.2.0", "192.0.2.1", "192.0.2.255", "2001:db8:2::", "2001:db8:2::1")
}
