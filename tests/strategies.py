"""Hypothesis strategies for the common rule model in a tiny universe, where every packet can be tried.

Eight addresses, four ports, two protocols and three interfaces; sets are made of their pieces, so that a wrong bound
shows. Names, conditions and lines are few on purpose: what is to be found lies in how rules combine.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from hypothesis import strategies as st

from parsers.model.addresses import ANY, NONE, AddressSet, address_number
from parsers.model.capture import Span
from parsers.model.conditions import Axis, Bounds, Condition, ConditionKind
from parsers.model.firewall import (
    Assumption,
    Bypass,
    Device,
    Firewall,
    HaRole,
    Helper,
    Interface,
    ManagementNote,
    NamedObject,
    Route,
)
from parsers.model.packets import Packet
from parsers.model.rules import (
    Call,
    Chain,
    Deny,
    Do,
    Goto,
    Mark,
    Match,
    Permit,
    Return,
    Rewrite,
    Rule,
    Rules,
    Side,
    Stage,
    State,
    Traffic,
    View,
)
from parsers.model.services import ANY_SERVICE, PORTS, TCP, UDP, Service, ServiceSet

ADDRESSES = (*(address_number(f"192.0.2.{n}") for n in range(6)), *(address_number(f"2001:db8::{n}") for n in (1, 2)))
PROTOCOLS = (TCP, UDP)
NUMBERS = (20, 80, 443, 40000)
INTERFACES = ("outside", "dmz", "inside")
ZONES = {"outside": "untrust", "dmz": "", "inside": "trust"}
LABELS = ("outside", "dmz", "inside", "untrust", "trust")
TAGS = ("vip", "seen")
CHAINS = ("main", "first", "second")

spans = st.builds(
    lambda document, first, length: Span(document=document, first=first, last=first + length),
    document=st.integers(0, 2),
    first=st.integers(1, 99),
    length=st.integers(0, 3),
)
some_names = st.one_of(st.sampled_from(LABELS), st.text(min_size=1, max_size=8))
# Free texts are slow to draw: rules, of which there are many, get a few that are as bad.
words = st.sampled_from(("", "rule 1", "none", 'a "b" \\c', "\n\x9b\u202e", "größe", "a,b>c]"))


def packets(*, states: tuple[State, ...] = (State.NEW,)) -> st.SearchStrategy[Packet]:
    """Give packets of the universe."""
    return st.builds(
        Packet,
        source=st.sampled_from(ADDRESSES),
        destination=st.sampled_from(ADDRESSES),
        protocol=st.sampled_from(PROTOCOLS),
        source_port=st.sampled_from((20, 40000)),
        port=st.sampled_from(NUMBERS),
        state=st.sampled_from(states),
    )


def every_packet() -> list[Packet]:
    """Give each packet of the universe that opens a connection."""
    return [
        Packet(source=source, destination=destination, protocol=protocol, source_port=source_port, port=port)
        for source, destination, protocol, source_port, port in product(
            ADDRESSES, ADDRESSES, PROTOCOLS, (20, 40000), NUMBERS
        )
    ]


def _pieces(values: frozenset[int]) -> AddressSet:
    return AddressSet.join(AddressSet.span(value, value) for value in values)


address_sets = st.one_of(
    st.just(ANY),
    st.frozensets(st.sampled_from(ADDRESSES), min_size=1, max_size=4).map(_pieces),
    st.frozensets(st.sampled_from(ADDRESSES), min_size=1, max_size=2).map(lambda values: ~_pieces(values)),
)


def _range(values: tuple[int, int]) -> tuple[int, int]:
    return min(values), max(values)


port_ranges = st.one_of(st.just(PORTS), st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS)).map(_range))
boxes = st.builds(
    Service,
    protocols=st.sampled_from(((TCP, TCP), (UDP, UDP), (0, 255), (1, 1))),
    source_ports=st.one_of(st.just(PORTS), st.just(PORTS), port_ranges),
    ports=port_ranges,
)
service_sets = st.one_of(
    st.just(ANY_SERVICE),
    st.lists(boxes, min_size=1, max_size=3).map(lambda items: ServiceSet.of(*items)),
)
conditions = st.builds(
    Condition,
    kind=st.sampled_from(ConditionKind),
    values=st.lists(words, max_size=2).map(tuple),
    text=words,
    axis=st.sampled_from(Axis),
)
labels = st.one_of(st.none(), st.none(), st.frozensets(st.sampled_from(LABELS), min_size=1, max_size=2))
states = st.one_of(st.just(frozenset(State)), st.frozensets(st.sampled_from(State), min_size=1))
tags = st.one_of(st.none(), st.none(), st.frozensets(st.sampled_from(TAGS), max_size=2))
matches = st.builds(
    Match,
    source=address_sets,
    destination=address_sets,
    services=service_sets,
    ingress=labels,
    egress=labels,
    states=states,
    tags=tags,
    objects=st.lists(words, max_size=2).map(tuple),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What rules of a stage may do: filter or translate, and whether jumps may lead in a circle."""

    translates: bool = False
    loops: bool = False


def _filters() -> st.SearchStrategy[Do]:
    return st.one_of(
        st.builds(Permit, replies=st.booleans()),
        st.just(Deny()),
        st.just(Return()),
        st.sampled_from(TAGS).map(lambda tag: Mark(tag=tag)),
    )


def _jumps(number: int, kind: Kind) -> st.SearchStrategy[Do]:
    targets = CHAINS if kind.loops else CHAINS[number + 1 :]
    if not targets:
        return st.nothing()
    names = st.sampled_from(targets)
    return st.one_of(names.map(lambda name: Call(chain=name)), names.map(lambda name: Goto(chain=name)))


@st.composite
def _translations(draw: st.DrawFn) -> Rule:
    side = draw(st.sampled_from(Side))
    match = draw(matches)
    length = draw(st.sampled_from((1, 2)))
    low = draw(st.sampled_from(ADDRESSES[:4]))
    shift = draw(st.booleans())
    if shift:
        start = draw(st.sampled_from(ADDRESSES[:4]))
        whole = AddressSet.span(start, start + length - 1)
        match = _with_side(match, side, whole)
    do = Rewrite(
        side=side,
        to=AddressSet.span(low, low + length - 1) if shift else draw(st.one_of(st.none(), address_sets)),
        shift=shift,
        ports=draw(st.one_of(st.none(), st.sampled_from(NUMBERS).map(lambda port: (port, port)))),
        tag=draw(st.one_of(st.none(), st.sampled_from(TAGS))),
        egress=draw(st.one_of(st.none(), st.none(), st.sampled_from(INTERFACES))),
    )
    return Rule(do=do, possible=match, name=draw(words), span=draw(st.none() | spans))


def _with_side(match: Match, side: Side, values: AddressSet) -> Match:
    source = values if side is Side.SOURCE else match.source
    destination = values if side is Side.DESTINATION else match.destination
    return Match(
        source=source,
        destination=destination,
        services=match.services,
        ingress=match.ingress,
        egress=match.egress,
        states=match.states,
        tags=match.tags,
        objects=match.objects,
    )


_reasons = st.one_of(
    st.builds(list[Condition]), st.builds(list[Condition]), st.lists(conditions, min_size=1, max_size=2)
)


@st.composite
def rules(draw: st.DrawFn, number: int = len(CHAINS), kind: Kind = Kind()) -> Rule:
    """Give rules of the chain at a number, conditional ones with and without a sure part among them."""
    if kind.translates and draw(st.booleans()):
        return draw(_translations())
    do = draw(st.one_of(_filters(), _jumps(number, kind)))
    match = draw(matches)
    why: list[Condition] = draw(_reasons)
    sure = None
    if bool(why) and draw(st.booleans()):
        sure = _with_side(match, Side.DESTINATION, match.destination & draw(address_sets))
    return Rule(
        do=do,
        possible=match,
        sure=sure,
        conditions=tuple(why),
        name=draw(words),
        span=draw(st.none() | spans),
    )


@st.composite
def stages(draw: st.DrawFn, *, loops: bool = False, translations: bool = True) -> Stage:
    """Give stages of three chains whose jumps lead forward only, unless `loops`."""
    kind = Kind(translates=translations and draw(st.integers(0, 2)) == 0, loops=loops)
    chains = tuple(
        Chain(name=name, rules=Rules.of(*draw(st.lists(rules(number, kind), max_size=4))))
        for number, name in enumerate(CHAINS)
    )
    return Stage(
        name=draw(some_names),
        chains=chains[: draw(st.sampled_from((0, 3, 3, 3)))],
        default=draw(st.one_of(st.just(Deny()), st.builds(Permit, replies=st.booleans()))),
        default_name=draw(st.sampled_from(("implicit deny", "policy accept"))),
        default_span=draw(st.none() | spans),
        sees=draw(st.sampled_from((View.CURRENT, View.CURRENT, View.ORIGINAL))),
        ingress=draw(labels),
        egress=draw(labels),
        traffic=draw(st.sampled_from((Traffic.THROUGH, Traffic.THROUGH, Traffic.THROUGH, Traffic.TO_DEVICE))),
        translates=kind.translates,
        stateful=draw(st.booleans()),
    )


interfaces = tuple(
    Interface(name=name, zone=ZONES[name], networks=AddressSet.join(AddressSet.span(n, n) for n in ADDRESSES[i::4]))
    for i, name in enumerate(INTERFACES)
)
"""Every fourth address lies behind each interface, and what is left takes the default route."""


@st.composite
def firewalls(draw: st.DrawFn, *, loops: bool = False, translations: bool = True, most: int = 3) -> Firewall:
    """Give firewalls of one to `most` stages, of which some translate."""
    return Firewall(
        platform="test",
        interfaces=interfaces,
        routes=draw(st.sampled_from(((), (Route(destination=ANY, interface="outside"),)))),
        routes_complete=draw(st.booleans()),
        stages=tuple(draw(st.lists(stages(loops=loops, translations=translations), min_size=1, max_size=most))),
        bypasses=tuple(draw(st.lists(bypasses, max_size=1))),
    )


bypasses = st.builds(
    Bypass,
    text=st.text(max_size=8),
    source=address_sets,
    destination=address_sets,
    services=service_sets,
    ingress=labels,
    egress=labels,
    span=st.none() | spans,
)
_bounds = st.one_of(
    *(
        st.one_of(
            kind.map(Bounds.exact),
            st.builds(Bounds, sure=kind, possible=kind, why=st.lists(conditions, max_size=2).map(tuple)),
        )
        for kind in (address_sets, service_sets)
    )
)
documented_firewalls = st.builds(
    Firewall,
    platform=some_names,
    context=st.text(max_size=5),
    device=st.builds(
        Device,
        hostname=st.text(max_size=5),
        model=st.text(max_size=5),
        version=st.text(max_size=5),
        serial=st.text(max_size=5),
        ha_role=st.sampled_from(HaRole),
    ),
    interfaces=st.lists(
        st.builds(
            Interface,
            name=some_names,
            hardware=st.text(max_size=5),
            zone=st.text(max_size=5),
            addresses=st.just(NONE) | address_sets,
            networks=st.just(NONE) | address_sets,
            enabled=st.booleans(),
            security_level=st.none() | st.integers(0, 100),
            span=st.none() | spans,
        ),
        max_size=2,
    ).map(tuple),
    routes=st.lists(
        st.builds(
            Route,
            destination=address_sets,
            interface=some_names,
            metric=st.integers(0, 255),
            span=st.none() | spans,
        ),
        max_size=2,
    ).map(tuple),
    routes_complete=st.booleans(),
    stages=st.lists(stages(), max_size=2).map(tuple),
    objects=st.lists(
        st.builds(
            NamedObject,
            name=some_names,
            members=st.lists(st.tuples(_bounds, spans), max_size=2).map(tuple),
            span=st.none() | spans,
        ),
        max_size=2,
    ).map(tuple),
    helpers=st.lists(
        st.builds(
            Helper,
            protocol=some_names,
            services=service_sets,
            interfaces=st.none() | st.frozensets(some_names, max_size=2),
            name=st.text(max_size=5),
            span=st.none() | spans,
        ),
        max_size=1,
    ).map(tuple),
    assumptions=st.lists(st.builds(Assumption, text=st.text(max_size=8), why=st.text(max_size=8)), max_size=1).map(
        tuple
    ),
    bypasses=st.lists(bypasses, max_size=1).map(tuple),
    management=st.lists(st.builds(ManagementNote, text=st.text(max_size=8), span=st.none() | spans), max_size=1).map(
        tuple
    ),
)
"""Firewalls with every kind of statement, for whatever writes and reads them."""
