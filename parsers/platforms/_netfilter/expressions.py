"""What the expressions of nft and iptables have in common: interfaces, services, states, flags, routes as guards.

Every function gives the packets that match; `negate` turns one round. Facts about hooks and about connection tracking
are those of the kernel: net/netfilter, net/ipv4/netfilter and Documentation/networking/nf_conntrack-sysctl.rst.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY, ANY4, ANY6, AddressSet
from parsers.model.conditions import Axis, Condition, ConditionKind
from parsers.model.rules import ALL_STATES, ANYTHING, Match, State
from parsers.model.services import ICMP, ICMP6, PORTS, TCP, UDP, Service, ServiceSet
from parsers.platforms._netfilter.guards import EVERYTHING, NOTHING, Guard, but, meet, perhaps, unknown
from parsers.platforms._netfilter.marks import Marks
from parsers.platforms._netfilter.network import MULTICAST, UNKNOWN_NETWORK, Network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "DNAT", "PORTED", "SNAT", "UNTRACKED", "Hook", "Place", "address", "address_type", "address_type_at", "family",
    "icmp", "interface", "negate", "not_both", "packet_type", "port", "protocol", "reverse_path", "states", "status",
    "tcp_flag_test",
]  # fmt: skip

PORTED = (TCP, UDP, 132, 136, 33)
"""Protocols with ports: TCP, UDP, SCTP, UDP-Lite, DCCP."""
DNAT, SNAT, UNTRACKED = "dnat", "snat", "untracked"
"""Tags that translations and `notrack` give, and that `ct status` and `ct state` look at."""


class Hook(StrEnum):
    """Where in a packet's way a base chain stands."""

    INGRESS = "ingress"
    PREROUTING = "prerouting"
    INPUT = "input"
    FORWARD = "forward"
    OUTPUT = "output"
    POSTROUTING = "postrouting"
    EGRESS = "egress"


_NO_EGRESS = {Hook.INGRESS, Hook.PREROUTING, Hook.INPUT}


@dataclass(slots=True, kw_only=True)
class Place:
    """Where a rule is judged: the hook that its chain is reached from, and what is known of the host.

    `exempt` are the packets that rules in force take out of connection tracking.
    """

    hook: Hook = Hook.FORWARD
    network: Network = UNKNOWN_NETWORK
    marks: Marks = field(default_factory=Marks)
    exempt: tuple[Match, ...] = ()


def negate(guard: Guard, domain: Match = ANYTHING, names: frozenset[str] | None = None) -> Guard:
    """Give the packets of a domain that do not match; an unknown membership swaps its bounds."""
    if guard.excluded:
        if guard.possible == (domain,) and not guard.conditions:
            return Guard.of(*guard.excluded)
        return perhaps(Guard.of(domain), ConditionKind.UNKNOWN, "a negated combination")
    if not guard.conditions:
        return but(domain, guard.possible, names)
    upper = but(domain, guard.sure, names)
    lower = but(domain, guard.possible, names)
    sure = () if lower.excluded else lower.possible
    # what a site states of a list by its name narrows the list, not what lies outside it
    conditions = tuple(replace(why, axis=Axis.WHOLE) for why in guard.conditions)
    return Guard(possible=upper.possible, sure=sure, excluded=upper.excluded, conditions=conditions)


def not_both(one: Guard, two: Guard, domain: Match) -> Guard:
    """Give the bounds of two negated fields that lie side by side in a packet's transport header.

    nft 1.0.6 and iptables-nft 1.8.9 compile them to "not this pair" and list them as they were written; other versions
    compile what was written. The listing cannot tell which is in force.
    """
    both = [meet(a, b) for a in one.possible for b in two.possible]
    neither = negate(one, domain) & negate(two, domain)
    text = "the listing cannot tell whether both values are excluded or only the two together"
    why = Condition(kind=ConditionKind.UNKNOWN, text=text)
    return Guard(
        possible=(domain,),
        sure=neither.possible,
        excluded=tuple(box for box in both if box is not None),
        conditions=(why,),
    )


def address(axis: str, found: AddressSet, *objects: str) -> Guard:
    """Give the packets with their `source` or `destination` in a set."""
    if not found:
        return NOTHING
    if axis == "source":
        return Guard.of(Match(source=found, objects=objects))
    return Guard.of(Match(destination=found, objects=objects))


def family(version: int) -> Match:
    """Give all packets of an IP version."""
    return Match(destination=ANY4 if version == 4 else ANY6)


def interface(place: Place, direction: str, patterns: Iterable[str]) -> Guard:
    """Give the packets that come in (`ingress`) or leave (`egress`) by one of some interfaces, `eth*` being a pattern.

    Before routing there is no outgoing interface, and for what the host itself sends no incoming one.
    """
    absent = place.hook in _NO_EGRESS if direction == "egress" else place.hook is Hook.OUTPUT
    if absent:
        return NOTHING
    exact: set[str] = set()
    open_patterns: list[str] = []
    for pattern in patterns:
        if not pattern.endswith("*"):
            exact.add(pattern)
            continue
        if pattern == "*":
            return EVERYTHING
        found = place.network.matching(pattern)
        if found is None:
            open_patterns.append(pattern)
        else:
            exact |= found
    guard = _named(direction, frozenset(exact)) if exact else NOTHING
    if not open_patterns:
        return guard
    words = f"interfaces are not known: {', '.join(open_patterns)}"
    why = Condition(kind=ConditionKind.UNKNOWN, text=words)
    return Guard(possible=(ANYTHING,), sure=guard.possible, conditions=(why,))


def _named(direction: str, names: frozenset[str]) -> Guard:
    return Guard.of(Match(ingress=names) if direction == "ingress" else Match(egress=names))


def protocol(ranges: Iterable[tuple[int, int]]) -> Guard:
    """Give the packets of some ranges of protocols."""
    return Guard.of(Match(services=ServiceSet.of(*(Service(protocols=pair) for pair in ranges))))


def port(side: str, protocols: Sequence[int], ranges: Iterable[tuple[int, int]], *objects: str) -> Guard:
    """Give the packets with their source port (`sport`) or port (`dport`) in some ranges."""
    boxes = [
        Service(
            protocols=(number, number),
            source_ports=pair if side == "sport" else PORTS,
            ports=pair if side == "dport" else PORTS,
        )
        for number in protocols
        for pair in ranges
    ]
    return Guard.of(Match(services=ServiceSet.of(*boxes), objects=objects)) if boxes else NOTHING


def icmp(version: int, types: tuple[int, int] = (0, 255), codes: tuple[int, int] = (0, 255)) -> Guard:
    """Give the ICMP or ICMPv6 packets of some types and codes."""
    number = ICMP if version == 4 else ICMP6
    if codes == (0, 255):
        pairs = [(types[0] * 256, types[1] * 256 + 255)]
    else:
        pairs = [(kind * 256 + codes[0], kind * 256 + codes[1]) for kind in range(types[0], types[1] + 1)]
    return Guard.of(Match(services=ServiceSet.protocol(number, *pairs)))


_STATES = {
    "new": State.NEW, "established": State.ESTABLISHED, "related": State.RELATED,
}  # fmt: skip


def states(place: Place, names: Iterable[str]) -> Guard:
    """Give the packets in some of conntrack's states; an INVALID packet opens no connection and is not in the model.

    Raises ValueError for a word that is no state.
    """
    words = [name.strip().lower() for name in names]
    known = {*_STATES, "invalid", "untracked"}
    for word in words:
        if word not in known:
            raise ValueError(f"{word} is no connection state")
    tracked = frozenset(_STATES[word] for word in words if word in _STATES)
    guard = Guard.of(Match(states=tracked)) if tracked else NOTHING
    if not place.exempt:
        return guard
    lost = Match(tags=frozenset({UNTRACKED}))
    if "untracked" in words:
        return EVERYTHING if tracked == ALL_STATES else Guard.of(*guard.possible, lost)
    return _tracked_only(tracked, place.exempt, lost) if tracked else NOTHING


def _tracked_only(tracked: frozenset[State], exempt: tuple[Match, ...], lost: Match) -> Guard:
    """Give packets in some states where others are exempt: what answers an exempt packet is in no state either."""
    later = tracked - {State.NEW}
    if not later:
        return Guard(possible=(Match(states=tracked),), sure=(Match(states=tracked),), excluded=(lost,))
    answered = negate(Guard.of(*(_turned(box) for box in exempt)))
    known = () if answered.excluded else answered.possible
    sure = [replace(box, states=later) for box in known]
    if State.NEW in tracked:
        sure.append(Match(states=frozenset({State.NEW})))
    why = Condition(kind=ConditionKind.UNKNOWN, text="the connection may be exempt from tracking")
    return Guard(possible=(Match(states=tracked),), sure=tuple(sure), excluded=(lost,), conditions=(why,))


def _turned(box: Match) -> Match:
    """Give the packets that answer those of a box."""
    boxes = [
        Service(protocols=part.protocols, source_ports=part.ports, ports=part.source_ports)
        if part.protocols[0] == part.protocols[1] and part.protocols[0] in PORTED
        else Service(protocols=part.protocols)
        for part in box.services.boxes
    ]
    services = box.services if box.services == ANYTHING.services else ServiceSet.of(*boxes)
    return Match(source=box.destination, destination=box.source, services=services)


def status(names: Iterable[str]) -> Guard:
    """Give the packets whose connection has some bit of conntrack's status; raises ValueError for an unknown word."""
    found = NOTHING
    boxes: list[Match] = []
    for name in names:
        word = name.strip().lower()
        if word in {DNAT, SNAT}:
            boxes.append(Match(tags=frozenset({word})))
        elif word in {"assured", "seen-reply", "seen_reply", "confirmed", "expected", "dying"}:
            later = Match(states=frozenset({State.ESTABLISHED, State.RELATED}))
            found = perhaps(Guard.of(later), ConditionKind.UNKNOWN, f"conntrack status {word}")
        elif word == "none":
            return unknown("conntrack status none")
        else:
            raise ValueError(f"{name} is no conntrack status")
    exact = Guard.of(*boxes) if boxes else NOTHING
    if not found.conditions:
        return exact
    return Guard(possible=exact.possible + found.possible, sure=exact.sure, conditions=found.conditions)


_SYN, _ACK, _PSH, _FIN, _RST = 2, 16, 8, 1, 4
_VARIANTS = {
    State.NEW: (_SYN,),
    State.RELATED: (_SYN,),
    State.ESTABLISHED: (_SYN | _ACK, _ACK, _PSH | _ACK, _FIN | _ACK, _RST, _RST | _ACK),
}
"""The flags of a connection's packets: it opens with SYN alone (RFC 9293, 3.5), and every later kind must pass."""


def tcp_flag_test(test: Callable[[int], bool], text: str) -> Guard:
    """Give the TCP packets whose flags pass a test: by state, surely where every kind of packet of it does."""
    services = ServiceSet.protocol(TCP)
    some = frozenset(state for state, kinds in _VARIANTS.items() if any(map(test, kinds)))
    every = frozenset(state for state, kinds in _VARIANTS.items() if all(map(test, kinds)))
    possible = (Match(services=services, states=some),) if some else ()
    if some == every:
        return Guard(possible=possible, sure=possible)
    sure = (Match(services=services, states=every),) if every else ()
    why = Condition(kind=ConditionKind.UNKNOWN, text=f"{text}: only some packets of an established connection")
    return Guard(possible=possible, sure=sure, conditions=(why,))


def packet_type(place: Place, words: Iterable[str]) -> Guard:
    """Give the packets that arrived by unicast, broadcast or multicast; only unicast ones are ever forwarded."""
    named = {"host" if word == "unicast" else word for word in words}
    if place.hook is Hook.FORWARD:
        return EVERYTHING if "host" in named else NOTHING
    group = MULTICAST | place.network.broadcast
    boxes = [Match(destination=~group)] if "host" in named else []
    if "multicast" in named:
        boxes.append(Match(destination=MULTICAST))
    if "broadcast" in named:
        boxes.append(Match(destination=place.network.broadcast))
    text = f"packet type {', '.join(sorted(named))}"
    return perhaps(Guard.of(*boxes), ConditionKind.UNKNOWN, text) if boxes else NOTHING


def address_type(place: Place, axis: str, words: Iterable[str]) -> Guard:
    """Give the packets whose source or destination is of a type of route; raises ValueError for an unknown word."""
    network = place.network
    found = Guard.of()
    sure: list[AddressSet] = []
    possible: list[AddressSet] = []
    for word in (item.strip().lower() for item in words):
        low, high = _type_bounds(network, word)
        sure.append(low)
        possible.append(high)
    low, high = AddressSet.join(sure), AddressSet.join(possible)
    found = address(axis, high)
    if low == high:
        return found
    text = f"{axis} address type {', '.join(words)}: the host's addresses were not collected"
    why = Condition(kind=ConditionKind.UNKNOWN, text=text)
    return Guard(possible=found.possible, sure=address(axis, low).possible, conditions=(why,))


_LOOPBACK = AddressSet.of("127.0.0.0/8", "::1")


def _type_bounds(network: Network, word: str) -> tuple[AddressSet, AddressSet]:
    other = MULTICAST | network.broadcast
    none = AddressSet(())
    match word:
        case "local":
            return (_LOOPBACK, ANY - other) if network.local is None else (network.local - other, network.local - other)
        case "broadcast":
            exact = network.broadcast
            return (exact, ANY4 - MULTICAST) if network.local is None else (exact, exact)
        case "multicast":
            return MULTICAST, MULTICAST
        case "unicast":
            if network.local is None:
                return none, ANY - MULTICAST
            rest = ANY - network.local - other
            routed = AddressSet.join(network.reverse.values()) & rest
            return routed, routed if network.routes_complete else rest
        case "anycast" | "blackhole" | "unreachable" | "prohibit" | "throw" | "nat" | "xresolve" | "unspec":
            return none, ANY - MULTICAST
        case _:
            raise ValueError(f"{word} is no type of address")


def address_type_at(place: Place, axis: str, words: Iterable[str]) -> Guard:
    """Give the packets whose source or destination is of a type of route at the incoming interface itself."""
    named = [word.strip().lower() for word in words]
    network = place.network
    if network.names is None or "local" not in named:
        return address_type(place, axis, named)
    others = [word for word in named if word != "local"]
    rest = address_type(place, axis, others) if others else NOTHING
    boxes: list[Match] = []
    for item in network.interfaces:
        here = Match(ingress=frozenset({item.name}))
        found = Guard.of(here) & address(axis, item.addresses)
        boxes.extend(found.possible)
    return Guard(possible=(*boxes, *rest.possible), sure=(*boxes, *rest.sure), conditions=rest.conditions)


def reverse_path(place: Place, *, by_ingress: bool = True, missing: bool = False) -> Guard:
    """Give the packets whose source has a route (back by the interface that they came in by), or has none.

    The host's own addresses count as routed with their network: nobody else can really send from them.
    """
    network = place.network
    if network.names is None or not network.routes_complete:
        return unknown("the routes are not known: reverse path")
    if not by_ingress:
        routed = AddressSet.join(network.reverse.values())
        return address("source", ANY - routed if missing else routed)
    boxes: list[Match] = []
    for name in sorted(network.names):
        routed = network.reverse.get(name, AddressSet(()))
        sources = ANY - routed if missing else routed
        if sources:
            boxes.append(Match(source=sources, ingress=frozenset({name})))
    return Guard.of(*boxes)
