"""Long random rule lists about a few hosts, and packets at the edges of everything that the lists tell apart.

What the site requires stands behind denies as often as before them, so that what is missing is tried as hard as what is
too much.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.baseline.rows import Region, Requirement, ResolvedRow
from auditor.deployment.internet import INTERNET_BASE, UNREAL
from auditor.deployment.site import FirewallEntry, Question, SideSpec
from parsers.model.addresses import ANY, ANY4, ANY6, NONE, V6, AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Firewall, Interface, Route
from parsers.model.packets import Packet
from parsers.model.rules import Call, Chain, Deny, Match, Permit, Rule, Rules, Stage
from parsers.model.services import ANY_SERVICE, ICMP, PORTED, TCP, UDP, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.engine.cells import Cell
    from parsers.model.intervals import Intervals

__all__ = ["Holder", "Town", "within"]

VIPS = AddressSet.of("192.0.2.10", "192.0.2.11", "2001:db8:1::10")
EDGES = AddressSet.of("192.0.2.20-192.0.2.22")
DMZ = AddressSet.of("192.0.2.0/24", "2001:db8:1::/64")
SERVERS = AddressSet.of("10.20.0.11", "10.20.0.12")
TRUSTED = AddressSet.of("10.20.0.64/26")
INSIDE = AddressSet.of("10.20.0.0/16")
PROTECTED = VIPS | EDGES | SERVERS
INTERNET = INTERNET_BASE - DMZ
OUTSIDE = ~(DMZ | INSIDE)
_HOSTS = tuple(AddressSet.span(low, low) for low, high in PROTECTED.intervals for low in range(low, high + 1))
_PEERS = (
    "203.0.113.0/24", "203.0.113.0/25", "203.0.113.64/26", "203.0.113.7", "203.0.113.200-203.0.113.230",
    "198.51.100.0/24", "198.51.100.8-198.51.100.77", "10.20.0.64/26", "10.20.3.0/24", "10.20.0.0/16",
    "2001:db8:f::/48", "2001:db8:f:7::/64", "2001:db8:f::5",
)  # fmt: skip
_PORTS = ((21, 21), (22, 22), (22, 443), (80, 80), (443, 443), (443, 444), (20022, 20022), (1024, 65535), (0, 1023))
_NEEDED = (
    (INTERNET, VIPS, (443, 443)),
    (INTERNET, VIPS, (22, 22)),
    (SERVERS, EDGES, (20022, 20022)),
    (TRUSTED, EDGES, (22, 22)),
    (TRUSTED, VIPS, (443, 443)),
)
_CLIENTS = (1024, 65535)


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A firewall with long lists, what it is asked, and the numbers at which something begins or ends."""

    firewall: Firewall
    question: Question
    addresses: tuple[int, ...]
    services: tuple[tuple[int, int], ...]
    clients: tuple[int, ...]

    @classmethod
    def of(cls, seed: int, rules: int, *, conditions: bool = False) -> Town:
        """Make the town of a seed, with so many rules in each list."""
        pick = random.Random(seed)
        maker = _Maker(pick, conditions=conditions)
        lists = {name: maker.rules(rules, number) for number, name in enumerate(("outside", "inside", "global"))}
        firewall = _firewall(lists)
        return cls(
            firewall=firewall,
            question=_question(),
            addresses=_edges([*_sets(firewall), *_parties()]),
            services=_service_edges(firewall),
            clients=_clients(firewall),
        )

    def packet(self, pick: random.Random) -> Packet:
        """Give a packet at the edge of something, every other time one that the site needs."""
        if pick.random() < 0.5:
            source, destination, (low, high) = pick.choice(_NEEDED)
            return self._between(pick, source, destination, TCP, pick.randint(low, high))
        source, destination = pick.choice(((ANY, PROTECTED), (ANY, PROTECTED), (PROTECTED, ANY), (ANY, ANY)))
        protocol, port = pick.choice(self.services)
        return self._between(pick, source, destination, protocol, port)

    def _between(
        self, pick: random.Random, sources: AddressSet, destinations: AddressSet, protocol: int, port: int
    ) -> Packet:
        while True:
            source, destination = self._near(pick, sources), self._near(pick, destinations)
            if (source < V6) is (destination < V6):
                break
        client = pick.choice(self.clients) if protocol in PORTED else 0
        return Packet(source=source, destination=destination, protocol=protocol, source_port=client, port=port)

    def _near(self, pick: random.Random, addresses: AddressSet) -> int:
        for _ in range(8):
            number = pick.choice(self.addresses)
            if number in addresses:
                return number
        return pick.choice(pick.choice(addresses.intervals))


class _Maker:
    """Makes rules."""

    def __init__(self, pick: random.Random, *, conditions: bool) -> None:
        self.pick = pick
        self.conditions = conditions

    def rules(self, count: int, number: int) -> Rules:
        """Give a list with what the site needs at random places in it."""
        rules = [self.rule() for _ in range(count)]
        for source, destination, ports in _NEEDED:
            if self.pick.random() < 0.8:
                services = ServiceSet.protocol(TCP, ports)
                match = Match(source=source, destination=destination, services=services)
                rules.insert(
                    self.pick.randrange(len(rules) // 2, len(rules)), Rule(do=Permit(replies=True), possible=match)
                )
        lines = 1 + 10_000 * number
        return Rules.of(
            *(
                Rule(
                    do=rule.do,
                    possible=rule.possible,
                    sure=rule.sure,
                    conditions=rule.conditions,
                    span=Span(first=lines + index, last=lines + index),
                )
                for index, rule in enumerate(rules)
            )
        )

    def rule(self) -> Rule:
        pick = self.pick
        source, destination = self.peer(), self.host()
        if pick.random() < 0.25:
            source, destination = destination, source
        match = Match(source=source, destination=destination, services=self.service())
        why: tuple[Condition, ...] = ()
        sure = None
        if self.conditions and pick.random() < 0.15:
            why = (Condition(kind=ConditionKind.SCHEDULE),)
            sure = Match(source=source, destination=destination & self.host(), services=match.services)
            sure = sure if sure.destination and pick.random() < 0.5 else None
        do = Permit(replies=True) if pick.random() < 0.45 else Deny()
        return Rule(do=do, possible=match, sure=sure, conditions=why)

    def peer(self) -> AddressSet:
        pick = self.pick
        kind = pick.random()
        if kind < 0.05:
            return pick.choice((ANY, ANY4, ANY6))
        if kind < 0.4:
            return AddressSet.of(pick.choice(_PEERS))
        low = pick.choice(AddressSet.of(*_PEERS[:10]).intervals)[0] + pick.randrange(256)
        return AddressSet.span(low, low + pick.choice((0, 0, 0, 3, 17)))

    def host(self) -> AddressSet:
        pick = self.pick
        if pick.random() < 0.7:
            return pick.choice(_HOSTS)
        host = pick.choice(_HOSTS).intervals[0][0]
        return AddressSet.span(host - pick.randrange(4), host + pick.randrange(4))

    def service(self) -> ServiceSet:
        pick = self.pick
        kind = pick.random()
        if kind < 0.06:
            return ANY_SERVICE
        if kind < 0.12:
            return ServiceSet.protocol(ICMP, (8 * 256, 8 * 256 + 255))
        protocol = TCP if kind < 0.9 else UDP
        if kind < 0.18:
            return ServiceSet.protocol(protocol)
        clients = pick.choice((_CLIENTS, (20, 20), (0, 1023))) if pick.random() < 0.1 else (0, 65535)
        return ServiceSet.protocol(protocol, *pick.sample(_PORTS, pick.choice((1, 1, 2))), source_ports=clients)


def _firewall(lists: dict[str, Rules]) -> Firewall:
    stages = []
    for name in ("outside", "inside"):
        calls = Rules.of(Rule(do=Call(chain="list")), Rule(do=Call(chain="global")))
        chains = (
            Chain(name=name, rules=calls),
            Chain(name="list", rules=lists[name]),
            Chain(name="global", rules=lists["global"]),
        )
        stages.append(Stage(name=name, chains=chains, ingress=frozenset({name})))
    allow = Rules.of(Rule(do=Permit(replies=True), possible=Match(source=EDGES), span=Span(first=90_001, last=90_001)))
    stages.append(Stage(name="dmz", chains=(Chain(name="dmz", rules=allow),), ingress=frozenset({"dmz"})))
    return Firewall(
        platform="test",
        interfaces=(
            Interface(name="outside"),
            Interface(name="dmz", networks=DMZ),
            Interface(name="inside", networks=INSIDE),
        ),
        routes=(Route(destination=ANY4, interface="outside"), Route(destination=ANY6, interface="outside")),
        stages=tuple(stages),
    )


def _question() -> Question:
    rows = []
    for number, (source, destination, ports) in enumerate(_NEEDED):
        needed = ServiceSet.protocol(TCP, ports, source_ports=_CLIENTS)
        rows.append(
            ResolvedRow(
                id=str(number),
                title="",
                requirement=Requirement.REQUIRED,
                because="",
                source="",
                destination="",
                protocol="tcp",
                ports="",
                required=(Region(source=source, destination=destination, services=needed),),
                allowed=(Region(source=source, destination=destination, services=ServiceSet.protocol(TCP, ports)),),
            )
        )
    sides = (
        SideSpec(
            name="outside", members=(), groups=NONE, internet=True, addresses=OUTSIDE, interfaces=("outside",)
        ),
        SideSpec(
            name="dmz", members=(), groups=VIPS | EDGES, internet=False, addresses=DMZ, interfaces=("dmz",)
        ),
        SideSpec(
            name="inside", members=(), groups=SERVERS | TRUSTED, internet=False, addresses=INSIDE,
            interfaces=("inside",),
        ),
    )  # fmt: skip
    return Question(
        firewall=FirewallEntry(name="fw"),
        rows=tuple(rows),
        protected=PROTECTED,
        internet=INTERNET,
        internal=AddressSet.of("10.0.0.0/8"),
        sides=sides,
        unreal_sources=UNREAL & OUTSIDE,
    )


# -- edges --------------------------------------------------------------------------------------------------------


def _parties() -> list[AddressSet]:
    return [party for source, destination, _ in _NEEDED for party in (source, destination)]


def _matches(firewall: Firewall) -> list[Match]:
    return [match for stage in firewall.stages for chain in stage.chains for match in chain.rules.matches]


def _sets(firewall: Firewall) -> list[AddressSet]:
    return [item for match in _matches(firewall) for item in (match.source, match.destination)]


def _edges(sets: Iterable[AddressSet]) -> tuple[int, ...]:
    """Give the first and last number of each interval, and their neighbours."""
    ends = {end for item in sets for pair in item.intervals for end in pair}
    top = ANY.intervals[0][1]
    return tuple(sorted(number for end in ends for number in (end - 1, end, end + 1) if 0 <= number <= top))


def _service_edges(firewall: Firewall) -> tuple[tuple[int, int], ...]:
    ends = {
        end
        for match in _matches(firewall)
        for _, _, axis in match.services.slabs
        for first, last in axis
        for end in (first - 1, first, last, last + 1)
    }
    return tuple(sorted(divmod(end, 65536) for end in ends if 0 <= end < 256 * 65536))


def _clients(firewall: Firewall) -> tuple[int, ...]:
    ends = {
        end
        for match in _matches(firewall)
        for low, high, _ in match.services.slabs
        for end in (low - 1, low, high, high + 1)
    }
    return tuple(sorted(end for end in ends if 0 <= end <= 65535))


# -- membership ---------------------------------------------------------------------------------------------------


class _Axis:
    def __init__(self, members: Iterable[tuple[int, Intervals]]) -> None:
        changes: dict[int, int] = {}
        for number, intervals in members:
            for low, high in intervals:
                changes[low] = changes.get(low, 0) ^ 1 << number
                changes[high + 1] = changes.get(high + 1, 0) ^ 1 << number
        self.starts = sorted(changes)
        self.masks = [0]
        for start in self.starts:
            self.masks.append(self.masks[-1] ^ changes[start])

    def at(self, place: int) -> int:
        return self.masks[bisect_right(self.starts, place)]


class Holder:
    """Tells which of many cells hold a packet, by one bit vector an axis."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        """Take the cells; each slab of source ports counts as one of its own."""
        parts = [(cell, slab) for cell in cells for slab in cell.services.slabs]
        self._sources = _Axis((n, cell.source.intervals) for n, (cell, _) in enumerate(parts))
        self._destinations = _Axis((n, cell.destination.intervals) for n, (cell, _) in enumerate(parts))
        self._clients = _Axis((n, ((low, high),)) for n, (_, (low, high, _)) in enumerate(parts))
        self._services = _Axis((n, axis) for n, (_, (_, _, axis)) in enumerate(parts))

    def holds(self, packet: Packet) -> bool:
        """Tell whether any cell has the packet."""
        return bool(
            self._sources.at(packet.source)
            & self._destinations.at(packet.destination)
            & self._services.at(packet.protocol * 65536 + packet.port)
            & self._clients.at(packet.source_port)
        )


def within(packet: Packet, region: Region) -> bool:
    """Tell whether a region has a packet."""
    return (
        packet.source in region.source
        and packet.destination in region.destination
        and region.services.contains(packet.protocol, packet.source_port, packet.port)
    )
