"""Hand-built firewalls, one per way of filtering that the model must hold; expected verdicts lie in test_tryouts.

One topology for all: clients on the Internet, a DMZ host published by translation, a server inside.
"""

from __future__ import annotations

from dataclasses import replace

from parsers.model.addresses import ANY, AddressSet, address_number
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Bypass, Firewall, Interface, Route
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
from parsers.model.services import ICMP, TCP, UDP, ServiceSet

CLIENT, OTHER = "203.0.113.9", "192.0.2.1"
PUBLISHED, EDGE, SPARE = "198.51.100.10", "10.1.1.10", "10.1.1.77"
SERVER = "10.2.0.5"
ESTABLISHED = frozenset({State.ESTABLISHED})
STATEFUL = Permit(replies=True)


def packet(text: str, *, state: State = State.NEW) -> Packet:
    """Make a packet from `tcp SOURCE:PORT > DESTINATION:PORT`, `icmp SOURCE > DESTINATION:TYPE`."""
    protocol, source, _, destination = text.split()
    client, _, source_port = source.partition(":")
    host, _, port = destination.partition(":")
    number = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "esp": 50}[protocol]
    return Packet(
        source=address_number(client),
        destination=address_number(host),
        protocol=number,
        source_port=int(source_port or 0),
        port=int(port or 0) * (256 if number == ICMP else 1),
        state=state,
    )


def match(
    *,
    src: str = "",
    dst: str = "",
    tcp: int | None = None,
    services: ServiceSet | None = None,
    ingress: str = "",
    egress: str = "",
    states: frozenset[State] = frozenset(State),
    tags: frozenset[str] | None = None,
) -> Match:
    """Make a match from texts; empty means any."""
    if tcp is not None:
        services = ServiceSet.protocol(TCP, (tcp, tcp))
    return Match(
        source=AddressSet.of(src) if src else ANY,
        destination=AddressSet.of(dst) if dst else ANY,
        services=services if services is not None else Match().services,
        ingress=names(ingress),
        egress=names(egress),
        states=states,
        tags=tags,
    )


def names(text: str) -> frozenset[str] | None:
    """Make a set of names from words, None from nothing."""
    return frozenset(text.split()) or None


def rule(name: str, do: Do, possible: Match | None = None, *why: Condition, sure: Match | None = None) -> Rule:
    """Make a named rule."""
    return Rule(name=name, do=do, possible=possible or Match(), conditions=why, sure=sure)


def chain(name: str, *rules: Rule) -> Chain:
    """Make a chain."""
    return Chain(name=name, rules=Rules.of(*rules))


def nat(name: str, *rules: Rule, **chains: Chain) -> Stage:
    """Make a stage that translates and lets everything pass."""
    return Stage(
        name=name,
        chains=(chain("main", *rules), *chains.values()),
        default=Permit(),
        default_name="not translated",
        translates=True,
    )


INTERFACES = (
    Interface(name="outside", zone="untrust", networks=AddressSet.of("198.51.100.0/24"), security_level=0),
    Interface(name="dmz", zone="dmz", networks=AddressSet.of("10.1.1.0/24"), security_level=50),
    Interface(name="inside", zone="trust", networks=AddressSet.of("10.2.0.0/24"), security_level=100),
)
ROUTES = (Route(destination=AddressSet.of("0.0.0.0/0"), interface="outside"),)


def firewall(platform: str, *stages: Stage, interfaces: tuple[Interface, ...] = INTERFACES) -> Firewall:
    """Make a firewall of the common topology."""
    return Firewall(platform=platform, interfaces=interfaces, routes=ROUTES, stages=stages)


_UN_NAT = nat(
    "un-nat",
    rule(
        "nat 12",
        Rewrite(side=Side.DESTINATION, to=AddressSet.of(EDGE), tag="nat 12", egress="dmz"),
        match(dst=PUBLISHED, ingress="outside"),
    ),
)
_REVERSE_PATH = Stage(
    name="nat reverse path",
    chains=(
        chain(
            "main",
            rule("nat 12", STATEFUL, match(tags=frozenset({"nat 12"}))),
            rule("rpf-check", Deny(), match(dst=EDGE, ingress="outside")),
        ),
    ),
    default=STATEFUL,
    default_name="no translation of this host",
)

ASA = firewall(
    "cisco_asa",
    _UN_NAT,
    Stage(
        name="access outside",
        ingress=names("outside"),
        chains=(
            chain("main", rule("", Call(chain="outside_in")), rule("", Call(chain="global"))),
            chain(
                "outside_in",
                rule("outside_in 1", STATEFUL, match(dst=EDGE, tcp=443)),
                rule("outside_in 2", Deny(), match(dst=EDGE, tcp=80)),
            ),
            chain("global", rule("global 1", STATEFUL, match(tcp=80))),
        ),
    ),
    Stage(
        name="access inside",
        ingress=names("inside"),
        chains=(chain("global", rule("global 1", STATEFUL, match(tcp=80))),),
    ),
    _REVERSE_PATH,
)
"""An interface ACL, then the global ACL; un-NAT before, the reverse-path check after."""

ASA_LEVELS = firewall(
    "cisco_asa",
    Stage(
        name="levels dmz",
        ingress=names("dmz"),
        chains=(chain("main", rule("security-level 50 to 0", STATEFUL, match(egress="outside"))),),
        default_name="implicit deny (security-level 50 to 100)",
    ),
    Stage(
        name="levels inside",
        ingress=names("inside"),
        chains=(chain("main", rule("security-level 100 to lower", STATEFUL, match(egress="outside dmz"))),),
        default_name="same-security gate",
    ),
    Stage(name="levels outside", ingress=names("outside"), chains=(chain("main"),)),
)
"""No ACL at all: security levels decide."""


def nftables(*, established: bool) -> Firewall:
    """Make two forward base chains behind a DNAT, with or without the rule that lets replies pass."""
    replies = [rule("ct established", Permit(), match(states=ESTABLISHED))] if established else []
    return firewall(
        "nftables",
        nat(
            "nat prerouting",
            rule("", Call(chain="DOCKER")),
            docker=chain(
                "DOCKER",
                rule(
                    "dnat",
                    Rewrite(side=Side.DESTINATION, to=AddressSet.of(EDGE), ports=(443, 443), tag="dnat"),
                    match(dst=PUBLISHED, tcp=8443, states=frozenset({State.NEW})),
                ),
            ),
        ),
        Stage(
            name="raw forward",
            stateful=False,
            chains=(
                chain("main", rule("raw 1", Deny(), match(src="192.0.2.66")), rule("raw 2", Permit(), match(tcp=443))),
            ),
            default=Permit(),
            default_name="policy accept",
        ),
        Stage(
            name="filter forward",
            stateful=False,
            chains=(
                chain(
                    "main",
                    *replies,
                    rule("ct status dnat", Permit(), match(tags=frozenset({"dnat"}))),
                    rule("vmap 80", Call(chain="web"), match(tcp=80)),
                    rule("vmap 443", Call(chain="web"), match(tcp=443)),
                    rule("vmap 22", Goto(chain="ssh"), match(tcp=22)),
                    rule("after", Permit(), match(src=OTHER)),
                ),
                chain(
                    "web",
                    rule("not ours", Return(), Match(source=~AddressSet.of("203.0.113.0/24"))),
                    rule("web accept", Permit(), match(dst=EDGE)),
                ),
                chain("ssh", rule("ssh accept", Permit(), match(src=CLIENT, dst=EDGE)), rule("back", Return())),
            ),
            default_name="policy drop",
        ),
    )


BLOCKLIST = Condition(kind=ConditionKind.DYNAMIC_LIST, values=("bad-ips",), text="edl bad-ips")
SSL = Condition(kind=ConditionKind.APPLICATION, values=("ssl",), text="application ssl")
HOURS = Condition(kind=ConditionKind.SCHEDULE, values=("office",), text="time-range office")


def panos(*, blocklist: bool) -> Firewall:
    """Make a policy that sees pre-NAT addresses and the post-NAT zone, with or without a deny by dynamic list."""
    deny = [rule("deny EDL", Deny(), match(ingress="untrust"), BLOCKLIST)] if blocklist else []
    intrazone = (
        rule("intrazone-default", STATEFUL, match(ingress=zone, egress=zone)) for zone in ("untrust", "dmz", "trust")
    )
    return firewall(
        "paloalto_panos",
        nat(
            "nat",
            rule(
                "publish",
                Rewrite(side=Side.DESTINATION, to=AddressSet.of(EDGE), tag="publish"),
                match(dst=PUBLISHED, ingress="untrust", egress="untrust"),
            ),
        ),
        Stage(
            name="security",
            sees=View.ORIGINAL,
            chains=(
                chain(
                    "rulebase",
                    *deny,
                    rule("ssl", STATEFUL, match(dst=PUBLISHED, tcp=443, ingress="untrust", egress="dmz"), SSL),
                    rule("real", STATEFUL, match(dst=EDGE, tcp=8443, ingress="untrust", egress="dmz")),
                    *intrazone,
                ),
            ),
            default_name="interzone-default",
        ),
    )


FORTIOS = firewall(
    "fortinet_fortios",
    nat(
        "vip",
        rule(
            "web",
            Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.0/28"), shift=True, tag="vip:web"),
            match(dst="198.51.100.0/28", ingress="outside"),
        ),
    ),
    Stage(
        name="policy",
        chains=(
            chain(
                "policy",
                rule("1", Deny(), match(ingress="outside", tags=frozenset())),
                rule("2", STATEFUL, match(ingress="outside", egress="dmz", tcp=443, tags=frozenset({"vip:web"}))),
                rule("3", STATEFUL, match(ingress="inside")),
            ),
        ),
        default_name="implicit deny (policy 0)",
    ),
)
"""A deny to `all` passes by VIP traffic; a policy to the VIP takes it."""

ZBF = firewall(
    "cisco_ios",
    Stage(
        name="zone-pair out-dmz",
        ingress=names("untrust"),
        egress=names("dmz"),
        chains=(
            chain("policy", rule("class WEB", Call(chain="class WEB"))),
            chain("class WEB", rule("match protocol", Call(chain="acl 101"), match(tcp=443))),
            chain(
                "acl 101",
                rule("101 deny", Return(), match(src="203.0.113.0/28")),
                rule("101 permit", STATEFUL, match(dst=EDGE)),
            ),
        ),
        default_name="class-default drop",
    ),
    Stage(name="zone-pair none", ingress=names("untrust"), egress=names("trust"), chains=()),
)
"""The ACL in a class map is a matcher: its deny means that the class does not match."""


def ios_acl(*, reply_line: bool) -> Firewall:
    """Make stateless inbound ACLs on mapped addresses, a static and a dynamic translation, an outbound ACL."""
    back = [rule("in 30", Permit(), match(dst="198.51.100.50", states=ESTABLISHED))] if reply_line else []
    return firewall(
        "cisco_ios",
        Stage(
            name="in outside",
            ingress=names("outside"),
            stateful=False,
            chains=(
                chain(
                    "outside-in",
                    rule("in 10", Permit(), match(dst=PUBLISHED, tcp=443)),
                    rule("in 20", Permit(), match(dst=PUBLISHED, services=ServiceSet.protocol(ICMP, (2048, 2048)))),
                    *back,
                ),
            ),
        ),
        Stage(
            name="in dmz",
            ingress=names("dmz"),
            stateful=False,
            chains=(
                chain(
                    "dmz-in",
                    rule(
                        "dmz 10",
                        Permit(),
                        match(src=EDGE, services=ServiceSet.protocol(TCP, source_ports=(443, 443)), states=ESTABLISHED),
                    ),
                    rule("dmz 20", Permit(), match(src=EDGE, services=ServiceSet.protocol(ICMP, (0, 0)))),
                ),
            ),
        ),
        Stage(name="in inside", ingress=names("inside"), stateful=False, chains=(chain("all", rule("all", Permit())),)),
        nat(
            "outside to inside",
            rule("static", Rewrite(side=Side.DESTINATION, to=AddressSet.of(EDGE)), match(dst=PUBLISHED)),
        ),
        nat(
            "inside to outside",
            rule("static", Rewrite(side=Side.SOURCE, to=AddressSet.of(PUBLISHED)), match(src=EDGE, egress="outside")),
            rule(
                "overload",
                Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.50"), ports=(1024, 65535)),
                match(src="10.2.0.0/24", egress="outside"),
            ),
        ),
        Stage(
            name="out outside",
            egress=names("outside"),
            stateful=False,
            chains=(
                chain(
                    "outside-out",
                    rule("out 10", Permit(), match(src=PUBLISHED)),
                    rule("out 20", Permit(), match(src="198.51.100.50", tcp=443)),
                ),
            ),
        ),
    )


FORKS = firewall(
    "test",
    Stage(
        name="filter",
        chains=(
            chain(
                "main",
                rule("call by schedule", Call(chain="special"), match(tcp=443), HOURS),
                rule("unknown permit", STATEFUL, match(tcp=25), HOURS),
                rule("unknown deny", Deny(), match(tcp=25), HOURS),
                rule("part", STATEFUL, match(dst="10.1.1.0/24", tcp=21), HOURS, sure=match(dst=EDGE, tcp=21)),
                rule("return by schedule", Return(), match(dst=SERVER), HOURS),
                rule("web", STATEFUL, match(tcp=80)),
                rule("mark", Mark(tag="seen"), match(tcp=22)),
                rule("marked", STATEFUL, match(tags=frozenset({"seen"}))),
                rule("around", Goto(chain="around"), match(tcp=99)),
                rule("within", Call(chain="around"), match(tcp=98)),
            ),
            chain("special", rule("special accept", STATEFUL, match(dst=EDGE)), rule("special drop", Deny())),
            chain("around", rule("again", Goto(chain="around"))),
        ),
    ),
)
"""Conditions on calls, returns and decisions; a jump loop."""

VPN = replace(
    ASA_LEVELS,
    bypasses=(
        Bypass(
            text="sysopt connection permit-vpn",
            source=AddressSet.of("192.0.2.0/24"),
            destination=AddressSet.of("10.2.0.0/24"),
            ingress=names("outside"),
        ),
    ),
)
"""Traffic that may come out of a tunnel and skip every filter."""

HOST = firewall(
    "linux",
    Stage(
        name="input",
        traffic=Traffic.TO_DEVICE,
        stateful=False,
        chains=(chain("INPUT", rule("input 1", Permit(), match(tcp=443))),),
    ),
    Stage(
        name="output",
        traffic=Traffic.FROM_DEVICE,
        stateful=False,
        chains=(chain("OUTPUT", rule("output 1", Permit(), match(src=EDGE, states=ESTABLISHED))),),
    ),
)
"""A host firewall: what arrives for the host itself, and what it answers."""
