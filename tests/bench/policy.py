"""Rules as an aerleon policy: the same first match by a tool that is not ours, for one packet at a time (aclcheck)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, TypeVar

from aerleon.lib import aclcheck, naming, policy

from parsers.model.addresses import V6, address_text
from parsers.model.services import ANY_SERVICE, PORTS, protocol_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from parsers.model.addresses import AddressSet
    from parsers.model.packets import Packet
    from parsers.model.rules import Match
    from parsers.model.services import ServiceSet

__all__ = ["NAME", "Policy"]

NAME = "OUTSIDE_IN"
"""The access list that the policy is written as."""
T = TypeVar("T")


class Policy:
    """An aerleon policy of IPv4 rules whose terms are named after the rules' indices."""

    def __init__(self, rules: Sequence[tuple[Match, bool]]) -> None:
        """Take (match, permits) in order; raises ValueError for a match that one term does not hold."""
        self._networks: dict[AddressSet, str] = {}
        self._services: dict[tuple[tuple[int, int], ...], str] = {}
        terms = [self._term(index, match, permits=permits) for index, (match, permits) in enumerate(rules)]
        terms.append("term default {\n  action:: deny\n}\n")
        definitions = naming.Naming()
        definitions.ParseNetworkList(list(_definitions(self._networks, _prefixes)))
        definitions.ParseServiceList(list(_definitions(self._services, _ports)))
        header = f"header {{\n  target:: ciscoasa {NAME} extended\n}}\n"
        self.parsed = policy.ParsePolicy(header + "".join(terms), definitions)

    def _term(self, index: int, match: Match, *, permits: bool) -> str:
        lines = [f"term t{index} {{"]
        for word, addresses in (("source", match.source), ("destination", match.destination)):
            if addresses.intervals[0] != (0, addresses.intervals[-1][1]) or addresses.intervals[0][1] < V6 - 1:
                lines.append(f"  {word}-address:: {self._networks.setdefault(addresses, f'N{len(self._networks)}')}")
        for protocol, source_ports, ports in _services(match.services):
            lines.append(f"  protocol:: {protocol}")
            for word, pairs in (("source", source_ports), ("destination", ports)):
                if pairs != (PORTS,):
                    lines.append(f"  {word}-port:: {self._services.setdefault(pairs, f'S{len(self._services)}')}")
        lines += [f"  action:: {'accept' if permits else 'deny'}", "}\n"]
        return "\n".join(lines)

    def permits(self, packet: Packet) -> bool:
        """Judge one packet."""
        found = aclcheck.AclCheck(
            self.parsed,
            src=address_text(packet.source),
            dst=address_text(packet.destination),
            sport=str(packet.source_port),
            dport=str(packet.port),
            proto=protocol_name(packet.protocol),
        ).ExactMatches()
        return bool(found) and "accept" in found[0].action


def _services(services: ServiceSet) -> Iterable[tuple[str, tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]]:
    """Give the protocol, source ports and ports of a set that one term can say; nothing for every service."""
    if services == ANY_SERVICE:
        return []
    if len(services.slabs) != 1:
        raise ValueError(f"{services} has several ranges of source ports")
    low, high, axis = services.slabs[0]
    protocols = {end // 65536 for pair in axis for end in pair}
    if len(protocols) != 1:
        raise ValueError(f"{services} has several protocols")
    number = protocols.pop()
    ports = tuple((first - number * 65536, last - number * 65536) for first, last in axis)
    return [(protocol_name(number), ((low, high),), ports)]


def _definitions(names: dict[T, str], texts: Callable[[T], list[str]]) -> Iterator[str]:
    for value, name in names.items():
        first, *others = texts(value)
        yield f"{name} = {first}"
        yield from (f"     {text}" for text in others)


def _prefixes(addresses: AddressSet) -> list[str]:
    return [
        str(network)
        for low, high in addresses.intervals
        if low < V6
        for network in ipaddress.summarize_address_range(
            ipaddress.IPv4Address(low), ipaddress.IPv4Address(min(high, V6 - 1))
        )
    ]


def _ports(pairs: tuple[tuple[int, int], ...]) -> list[str]:
    return [
        f"{f'{low}-{high}' if low < high else low}/{protocol}" for low, high in pairs for protocol in ("tcp", "udp")
    ]
