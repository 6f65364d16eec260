"""Interfaces, routes and settings of a host, and what its own routing drops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parsers.errors import ParserError
from parsers.model.addresses import AddressSet, address_number
from parsers.model.capture import Document
from parsers.model.interpreter import Verdict, judge
from parsers.model.packets import Packet
from parsers.model.rules import Traffic
from parsers.platforms._netfilter.network import Network, read_network
from tests.parsers.platforms.netfilter.host import Json, capture, firewall

LINKS: Json = [
    {"ifname": "lo", "flags": ["LOOPBACK", "UP"], "link_type": "loopback",
     "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8, "scope": "host"}]},
    {"ifname": "wan0", "flags": ["BROADCAST", "UP"], "link_type": "ether", "group": "outside",
     "linkinfo": {"info_kind": "veth"},
     "addr_info": [{"family": "inet", "local": "198.51.100.1", "prefixlen": 24, "broadcast": "198.51.100.255",
                    "scope": "global"},
                   {"family": "inet6", "local": "fe80::1", "prefixlen": 64, "scope": "link"},
                   {"family": "inet6", "local": "2001:db8:100::1", "prefixlen": 64, "scope": "global"}]},
    {"ifname": "dmz0", "flags": ["BROADCAST", "UP"], "link_type": "ether",
     "addr_info": [{"family": "inet", "local": "192.0.2.1", "prefixlen": 24, "scope": "global"}]},
    {"ifname": "old0", "flags": ["BROADCAST"], "link_type": "ether",
     "addr_info": [{"family": "inet", "local": "10.9.0.1", "prefixlen": 24, "scope": "global"}]},
]  # fmt: skip
ROUTES: Json = [
    {"dst": "default", "gateway": "198.51.100.9", "dev": "wan0"},
    {"dst": "10.20.0.0/16", "gateway": "192.0.2.9", "dev": "dmz0", "metric": 5},
    {"type": "blackhole", "dst": "10.66.0.0/16"},
    {"dst": "10.66.7.0/24", "dev": "dmz0"},
    {"type": "local", "dst": "198.51.100.1", "dev": "wan0", "table": "local"},
    {"type": "local", "dst": "198.51.100.20", "dev": "wan0", "table": "local"},
    {"type": "broadcast", "dst": "192.0.2.255", "dev": "dmz0", "table": "local"},
    {"dst": "fe80::/64", "dev": "wan0", "metric": 256},
    {"dst": "default", "gateway": "fe80::9", "dev": "wan0", "metric": 1024},
    {"dst": "10.77.0.0/16", "dev": "dmz0", "table": "100"},
]
RULES: Json = [
    {"priority": 0, "src": "all", "table": "local"},
    {"priority": 32766, "src": "all", "table": "main"},
    {"priority": 32767, "src": "all", "table": "default"},
]


def network(*, links: Json = LINKS, routes: Json = ROUTES, rules: Json = RULES, sysctls: str = "") -> Network:
    """Read a network."""
    texts = {
        "ip-addr": json.dumps(links),
        "ip-route": json.dumps(routes),
        "ip-rule": json.dumps(rules),
        "sysctls": sysctls,
    }
    return read_network({
        name: (number, Document(name=name, text=text)) for number, (name, text) in enumerate(texts.items())
    })  # fmt: skip


def egress(found: Network, address: str) -> str | None:
    """Give the interface that an address is routed to."""
    number = address_number(address)
    return next((name for name, addresses in found.reverse.items() if number in addresses), None)


def test_interfaces_and_routes() -> None:
    """Connected networks, the default route, blackholes with an exception, interfaces that are down."""
    found = network()
    assert found.names == frozenset({"lo", "wan0", "dmz0", "old0"})
    assert found.routes_complete
    assert egress(found, "203.0.113.1") == "wan0"
    assert egress(found, "192.0.2.77") == "dmz0"
    assert egress(found, "10.20.1.1") == "dmz0"
    assert egress(found, "10.66.1.1") is None
    assert egress(found, "10.66.7.1") == "dmz0"
    assert egress(found, "10.77.0.1") == "wan0"
    assert egress(found, "10.9.0.7") == "wan0"
    assert egress(found, "2001:db8:9::1") == "wan0"
    assert found.local is not None
    assert AddressSet.of("198.51.100.1", "198.51.100.20", "127.0.0.0/8") <= found.local
    assert address_number("192.0.2.1") in found.local
    assert AddressSet.of("192.0.2.255", "198.51.100.255") <= found.broadcast
    assert found.first4["wan0"] == AddressSet.of("198.51.100.1")
    assert found.first6["wan0"] == AddressSet.of("2001:db8:100::1")
    assert found.having("group", "outside") == frozenset({"wan0"})
    assert found.matching("w*") == frozenset({"wan0"})
    assert found.bridged is False


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rules": [*RULES, {"priority": 100, "src": "192.0.2.0", "srclen": 24, "table": "100"}]}, "policy routing"),
        ({"rules": [*RULES, {"priority": 100, "src": "all", "fwmark": "0x1", "table": "main"}]}, "policy routing"),
        ({"routes": [{"dst": "default", "nexthops": [{"dev": "wan0"}, {"dev": "dmz0"}]}]}, "several next hops"),
        ({"links": [*LINKS, {"ifname": "v1", "flags": ["UP"], "linkinfo": {"info_kind": "vrf"}}]}, "VRF"),
    ],
)
def test_routing_that_is_not_fully_known(change: dict[str, Any], reason: str) -> None:
    """Policy rules, several next hops and VRFs leave the routes incomplete, with the reason."""
    found = network(**change)
    assert not found.routes_complete
    assert any(reason in item for item in found.reasons)


def test_what_is_no_json() -> None:
    """A document of `ip` that is no JSON is refused by its name."""
    with pytest.raises(ParserError) as caught:
        read_network({"ip-addr": (0, Document(name="ip-addr", text="1: lo: <LOOPBACK>"))})
    assert caught.value.document == "ip-addr"


def ask(sysctls: str, source: str, target: str, ingress: str, traffic: Traffic = Traffic.THROUGH) -> Verdict:
    """Judge a packet on a host without any rule."""
    found = firewall(capture(links=LINKS, routes=ROUTES, rules=RULES, sysctls=sysctls))
    packet = Packet(
        source=address_number(source), destination=address_number(target), protocol=6, source_port=1024, port=80
    )
    return judge(found, packet, ingress, traffic=traffic).verdict


FORWARDING = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n"
STRICT = FORWARDING + "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.wan0.rp_filter = 1\n"
LOOSE = FORWARDING + "net.ipv4.conf.all.rp_filter = 2\nnet.ipv4.conf.wan0.rp_filter = 1\n"


@pytest.mark.parametrize(
    ("sysctls", "source", "target", "ingress", "verdict"),
    [
        (FORWARDING, "203.0.113.1", "192.0.2.7", "wan0", Verdict.PERMIT),
        ("net.ipv4.ip_forward = 0\n", "203.0.113.1", "192.0.2.7", "wan0", Verdict.DENY),
        ("net.ipv4.conf.wan0.forwarding = 0\n", "203.0.113.1", "192.0.2.7", "wan0", Verdict.DENY),
        (
            "net.ipv4.conf.dmz0.forwarding = 0\nnet.ipv4.conf.wan0.forwarding = 1\n",
            "203.0.113.1",
            "192.0.2.7",
            "wan0",
            Verdict.PERMIT,
        ),
        ("net.ipv4.conf.dmz0.forwarding = 0\n", "203.0.113.1", "192.0.2.7", "wan0", Verdict.UNKNOWN),
        ("net.ipv6.conf.all.forwarding = 0\n", "2001:db8:9::1", "2001:db8:8::1", "wan0", Verdict.DENY),
        (STRICT, "203.0.113.1", "192.0.2.7", "wan0", Verdict.PERMIT),
        (STRICT, "192.0.2.9", "192.0.2.7", "wan0", Verdict.DENY),
        (STRICT, "10.66.0.1", "192.0.2.7", "wan0", Verdict.DENY),
        (STRICT, "203.0.113.1", "203.0.113.2", "dmz0", Verdict.PERMIT),
        (LOOSE, "192.0.2.9", "192.0.2.7", "wan0", Verdict.PERMIT),
        (LOOSE, "10.66.0.1", "192.0.2.7", "wan0", Verdict.DENY),
        (LOOSE, "203.0.113.1", "203.0.113.2", "dmz0", Verdict.PERMIT),
    ],
)
def test_routing_stages(sysctls: str, source: str, target: str, ingress: str, verdict: Verdict) -> None:
    """Forwarding that is off, and rp_filter strict or loose; the greater of `all` and the interface counts."""
    assert ask(sysctls, source, target, ingress) is verdict


def test_a_hole_in_a_connected_network_leads_nowhere() -> None:
    """A blackhole of one host takes it out of the network that an interface is connected to."""
    found = network(routes=[*ROUTES, {"type": "blackhole", "dst": "192.0.2.10"}])

    (dmz,) = (item for item in found.interfaces if item.name == "dmz0")
    assert dmz.networks == AddressSet.of("192.0.2.0/24") - AddressSet.of("192.0.2.10")


def test_a_local_route_makes_an_address_the_hosts_own() -> None:
    """What the table `local` takes for the host is no address of anybody behind it."""
    found = network()

    (wan,) = (item for item in found.interfaces if item.name == "wan0")
    assert AddressSet.of("198.51.100.20") <= wan.addresses


@pytest.mark.parametrize(
    ("links", "rules", "doubts"),
    [
        ([LINKS[1] | {"xdp": {"mode": 1, "prog": {"id": 5}}}], RULES, ["an XDP program on wan0"]),
        ([LINKS[1] | {"linkinfo": {"info_slave_kind": "vrf"}}], RULES, ["wan0 belongs to a VRF"]),
        (LINKS, [*RULES, {"priority": 9, "src": "all", "action": "prohibit"}], ["rule 9 drops packets (prohibit)"]),
        (LINKS, [*RULES, {"priority": 9, "src": "192.0.2.10", "table": "100"}], []),
    ],
)
def test_what_drops_or_diverts_unread_is_doubted(links: Json, rules: Json, doubts: list[str]) -> None:
    """Programs below the rules, tables of their own, and policy rules that drop."""
    found = network(links=links, rules=rules).doubts

    assert [said for said in doubts if any(said in doubt for doubt in found)] == doubts
    assert len(found) == len(doubts)


def test_a_table_that_drops_is_doubted_where_a_rule_asks_it() -> None:
    """A blackhole in a table of its own drops what a policy rule sends there; without a rule it does nothing."""
    routes = [*ROUTES, {"type": "blackhole", "dst": "default", "table": "100"}]
    asks = [*RULES, {"priority": 9, "src": "192.0.2.10", "table": "100"}]

    assert network(routes=routes).doubts == ()
    assert network(routes=routes, rules=asks).doubts == ("policy routing: rule 9 asks a table that drops packets",)


@pytest.mark.parametrize("value", ["frobnicate 0", "", "0x1"])
def test_a_setting_that_is_no_number(value: str) -> None:
    """A setting whose value is no number is refused with its line, never read as off."""
    with pytest.raises(ParserError) as caught:
        firewall(capture(sysctls=f"net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.rp_filter = {value}\n"))
    assert caught.value.line == 2
