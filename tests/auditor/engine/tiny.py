"""A small world in which every packet can be tried: the axes are cut into pieces, one packet stands for each.

Sets are unions of pieces, so that a verdict on one packet of a piece is the verdict on all of it, and sizes are sums.
The same world as a firewall (random rules), a question (hosts, sides, rows) and the packets between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from auditor.baseline.rows import Region, Requirement, ResolvedRow
from auditor.deployment.internet import INTERNET_BASE, UNREAL
from auditor.deployment.site import FirewallEntry, Question, SideSpec
from parsers.model.addresses import ANY, ANY4, ANY6, NONE, AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Firewall, Interface, Route
from parsers.model.packets import Packet
from parsers.model.rules import (
    Call,
    Chain,
    Deny,
    Do,
    Goto,
    Match,
    Permit,
    Return,
    Rewrite,
    Rule,
    Rules,
    Side,
    Stage,
    View,
)
from parsers.model.services import ANY_SERVICE, PORTS, TCP, UDP, ServiceSet

__all__ = [
    "DMZ", "EDGE", "EDGE6", "INSIDE", "INTERFACES", "INTERNAL", "INTERNET", "OUTSIDE", "PARTNER", "PROTECTED",
    "PUBLISHED", "ROUTES", "SERVER", "TRUSTED", "VIP", "Piece", "World", "asked", "firewalls", "packets", "questions",
    "requirements", "row",
]  # fmt: skip

PARTNER = AddressSet.of("203.0.113.0/25")
PUBLISHED = AddressSet.of("198.51.100.10")
EDGE = AddressSet.of("192.0.2.10")
VIP = AddressSet.of("192.0.2.11")
DMZ = AddressSet.of("192.0.2.0/24")
SERVER = AddressSet.of("10.20.0.11")
TRUSTED = AddressSet.of("10.20.0.12/30")
INSIDE = AddressSet.of("10.20.0.0/24")
EDGE6 = AddressSet.of("2001:db8:1::10")
DMZ6 = AddressSet.of("2001:db8:1::/64")
INTERNAL = AddressSet.of("10.0.0.0/8")
PROTECTED = EDGE | VIP | EDGE6 | SERVER
INTERNET = INTERNET_BASE - DMZ - DMZ6
OUTSIDE = ~(DMZ | DMZ6 | INSIDE)

ADDRESSES = (
    PARTNER, PUBLISHED, EDGE, VIP, SERVER, TRUSTED, EDGE6,
    (INTERNET & ANY4) - PARTNER - PUBLISHED,
    INTERNET & ANY6,
    DMZ - EDGE - VIP,
    INSIDE - SERVER - TRUSTED,
    DMZ6 - EDGE6,
    INTERNAL & OUTSIDE,
    OUTSIDE - INTERNET - INTERNAL,
)  # fmt: skip
"""The pieces of the address axis; the last one, of both families, stands for what cannot be real outside."""
_PORTS = ((0, 21), (22, 22), (23, 79), (80, 80), (81, 442), (443, 443), (444, 65535))
_CLIENTS = ((0, 1023), (1024, 65535))
SERVICES = (
    *(ServiceSet.protocol(TCP, ports, source_ports=clients) for ports in _PORTS for clients in _CLIENTS),
    ServiceSet.protocol(UDP),
    ~(ServiceSet.protocol(TCP) | ServiceSet.protocol(UDP)),
)
"""The pieces of the service axes."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A product of one piece of each axis, in one address family, and the packet that stands for it."""

    source: AddressSet
    destination: AddressSet
    services: ServiceSet
    packet: Packet

    @property
    def size(self) -> int:
        """Count its packets."""
        return self.source.size * self.destination.size * self.services.size


def packets() -> list[Piece]:
    """Give every piece of the world."""
    return [
        Piece(source, destination, services, _packet(source, destination, services))
        for family in (ANY4, ANY6)
        for source in (piece & family for piece in ADDRESSES)
        for destination in (piece & family for piece in ADDRESSES)
        if source and destination
        for services in SERVICES
    ]


def _packet(source: AddressSet, destination: AddressSet, services: ServiceSet) -> Packet:
    low, _, axis = services.slabs[0]
    protocol, port = divmod(axis[0][0], 65536)
    return Packet(
        source=source.intervals[0][0],
        destination=destination.intervals[0][0],
        protocol=protocol,
        source_port=low,
        port=port,
    )


# -- the firewall -------------------------------------------------------------------------------------------------

INTERFACES = (
    Interface(name="outside", networks=AddressSet.of("198.51.100.0/24")),
    Interface(name="dmz", networks=DMZ | DMZ6),
    Interface(name="inside", networks=INSIDE),
)
ROUTES = (Route(destination=ANY4, interface="outside"), Route(destination=ANY6, interface="outside"))
_NAMED = (
    ANY, ANY, ANY4, ANY6, PARTNER, EDGE, VIP, SERVER, TRUSTED, EDGE6, EDGE | VIP, INSIDE, DMZ, PUBLISHED,
    INTERNET & ANY4, EDGE | SERVER, ANY4 - PARTNER, DMZ - VIP,
)  # fmt: skip
_SERVED = (
    ANY_SERVICE,
    ServiceSet.protocol(TCP),
    ServiceSet.protocol(TCP),
    ServiceSet.protocol(UDP),
    ServiceSet.protocol(TCP, (443, 443)),
    ServiceSet.protocol(TCP, (443, 443)),
    ServiceSet.protocol(TCP, (443, 443), source_ports=(1024, 65535)),
    ServiceSet.protocol(TCP, (80, 80)),
    ServiceSet.protocol(TCP, (80, 443)),
    ServiceSet.protocol(TCP, (22, 22)),
    ServiceSet.protocol(TCP, (22, 22), (443, 443)),
    ServiceSet.protocol(TCP, (0, 79), source_ports=(0, 1023)),
)
_KINDS = (ConditionKind.FQDN, ConditionKind.SCHEDULE, ConditionKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a random firewall may hold."""

    conditions: bool = False
    translations: bool = False
    stateless: bool = False


@st.composite
def _matches(draw: st.DrawFn) -> Match:
    return Match(
        source=draw(st.sampled_from(_NAMED)),
        destination=draw(st.sampled_from(_NAMED)),
        services=draw(st.sampled_from(_SERVED)),
    )


def _decisions(target: str | None, *, replies: bool = True) -> st.SearchStrategy[Do]:
    plain: list[Do] = [Permit(replies=True), Permit(replies=True), Permit(replies=replies), Deny(), Deny()]
    if target:
        return st.sampled_from([*plain, Call(chain=target), Goto(chain=target)])
    return st.sampled_from([*plain, Return()])


@st.composite
def _rules(draw: st.DrawFn, first: int, world: World, *, target: str | None = None) -> Rules:
    found = []
    per_line = draw(st.sampled_from((1, 1, 2)))
    for number in range(draw(st.integers(0, 5))):
        match, do = draw(_matches()), draw(_decisions(target, replies=not world.stateless))
        why: tuple[Condition, ...] = ()
        sure = None
        if world.conditions and isinstance(do, Permit | Deny) and draw(st.integers(0, 3)) == 0:
            why = (Condition(kind=draw(st.sampled_from(_KINDS)), values=("x",)),)
            if draw(st.booleans()):
                sure = replace(match, destination=match.destination & draw(st.sampled_from(_NAMED)))
                sure = sure if sure.destination else None
        line = first + number // per_line
        found.append(Rule(do=do, possible=match, sure=sure, conditions=why, span=Span(first=line, last=line)))
    return Rules.of(*found)


_DEFAULTS: st.SearchStrategy[Permit | Deny] = st.sampled_from((Deny(), Deny(), Permit(replies=True)))
_TRANSLATIONS = (
    Rule(
        do=Rewrite(side=Side.DESTINATION, to=VIP, shift=True),
        possible=Match(destination=PUBLISHED),
        span=Span(first=1, last=1),
    ),
    Rule(
        do=Rewrite(side=Side.DESTINATION, to=VIP, shift=True, ports=(443, 443)),
        possible=Match(destination=PUBLISHED, services=ServiceSet.protocol(TCP, (80, 80))),
        span=Span(first=1, last=1),
    ),
)


@st.composite
def firewalls(draw: st.DrawFn, world: World) -> Firewall:
    """Give firewalls of three interfaces with a filter each, and sometimes one on the way out."""
    stages: list[Stage] = []
    if world.translations:
        nat = Chain(name="nat", rules=Rules.of(draw(st.sampled_from(_TRANSLATIONS))))
        stages.append(Stage(name="nat", chains=(nat,), default=Permit(replies=True), translates=True))
    filters: list[tuple[frozenset[str] | None, frozenset[str] | None]] = [
        (frozenset({"outside"}), None),
        (frozenset({"dmz"}), None),
        (frozenset({"inside"}), None),
        (None, frozenset({"dmz"})),
    ]
    for number, (ingress, egress) in enumerate(filters):
        if draw(st.integers(0, 7)) == 0 or (number == 3 and draw(st.booleans())):
            continue  # nothing filters there
        jumps = draw(st.integers(0, 2)) == 0
        line = 10 + 20 * number
        chains = [Chain(name="main", rules=draw(_rules(line, world, target="more" if jumps else None)))]
        if jumps:
            chains.append(Chain(name="more", rules=draw(_rules(line + 10, world))))
        stages.append(
            Stage(
                name=f"filter {number}",
                chains=tuple(chains),
                default=draw(_DEFAULTS),
                ingress=ingress,
                egress=egress,
                sees=draw(st.sampled_from((View.CURRENT, View.CURRENT, View.ORIGINAL))),
                stateful=not world.stateless or draw(st.booleans()),
            )
        )
    return Firewall(
        platform="test",
        interfaces=INTERFACES,
        routes=ROUTES,
        stages=tuple(stages),
    )


# -- the question -------------------------------------------------------------------------------------------------

_CLIENT = (1024, 65535)


def _tcp(ports: tuple[int, int], clients: tuple[int, int] = PORTS) -> ServiceSet:
    return ServiceSet.protocol(TCP, ports, source_ports=clients)


def row(
    number: str,
    requirement: Requirement,
    source: AddressSet,
    destination: AddressSet,
    ports: tuple[int, int],
    others: tuple[tuple[int, int], ...] = (),
) -> ResolvedRow:
    """Give a row of TCP ports; `others` are further ports, any of which would do in place of the first."""
    needed = [
        (Region(source=source, destination=destination, services=_tcp(pair, _CLIENT)),) for pair in (ports, *others)
    ]
    whole = tuple(Region(source=source, destination=destination, services=_tcp(pair)) for pair in (ports, *others))
    required = requirement is Requirement.REQUIRED
    on = requirement in {Requirement.REQUIRED, Requirement.ALLOWED}
    return ResolvedRow(
        id=number,
        title=f"row {number}",
        requirement=requirement,
        because="",
        source="",
        destination="",
        protocol="tcp",
        ports="",
        required=needed[0] if required else (),
        alternatives=tuple(needed) if required and others else (),
        allowed=whole if on else (),
        off=() if on else whole,
    )


requirements = st.sampled_from((Requirement.REQUIRED, Requirement.REQUIRED, Requirement.ALLOWED, Requirement.OFF))
"""What a row asks, most often the hardest."""


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Give questions about the world's hosts: five rows and, sometimes, a prohibition."""
    rows = [
        row("https", draw(requirements), INTERNET, VIP, (443, 443)),
        row("http", draw(requirements), INTERNET, VIP, (80, 80)),
        row("stream", draw(requirements), SERVER, EDGE | VIP, (22, 443)),
        row("admin", draw(requirements), TRUSTED, EDGE, (22, 22), draw(st.sampled_from(((), ((443, 443),))))),
        row("https6", draw(requirements), INTERNET, EDGE6, (443, 443)),
    ]
    if draw(st.booleans()):
        prohibited = Region(source=EDGE, destination=INTERNAL, services=ANY_SERVICE)
        rows.append(replace(row("inwards", Requirement.FORBIDDEN, NONE, NONE, PORTS), off=(prohibited,)))
    return asked(tuple(rows), declared=draw(st.booleans()), accept=draw(st.sampled_from((_NOTHING, _SCHEDULE))))


_NOTHING: frozenset[ConditionKind] = frozenset()
_SCHEDULE = frozenset({ConditionKind.SCHEDULE})


def asked(
    rows: tuple[ResolvedRow, ...], *, declared: bool = True, accept: frozenset[ConditionKind] = _NOTHING
) -> Question:
    """Give a question about the world's hosts; `declared` tells whether a side stands for the inside interface."""
    inside = "inside" if declared else "unassigned:inside"
    return Question(
        firewall=FirewallEntry(name="fw"),
        rows=rows,
        protected=PROTECTED,
        internet=INTERNET,
        internal=INTERNAL,
        sides=(
            SideSpec(
                name="outside",
                members=("internet",),
                groups=NONE,
                internet=True,
                addresses=OUTSIDE,
                interfaces=("outside",),
            ),
            SideSpec(
                name="dmz",
                members=("edge", "edge_vip"),
                groups=EDGE | VIP | EDGE6,
                internet=False,
                addresses=DMZ | DMZ6,
                interfaces=("dmz",),
            ),
            SideSpec(
                name=inside,
                members=("server", "trusted") if declared else (),
                groups=SERVER | TRUSTED if declared else NONE,
                internet=False,
                addresses=INSIDE,
                interfaces=("inside",),
                declared=declared,
            ),
        ),
        accept=accept,
        unreal_sources=UNREAL & OUTSIDE,
    )
