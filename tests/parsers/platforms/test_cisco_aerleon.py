"""Lists that aerleon writes for four Cisco systems, held against aerleon's own reading of the policy.

An oracle that this project did not write: one random policy becomes four configurations, and `aclcheck` says of each
packet which term decides. Every tcp or udp term has ports, the last term denies the rest; stateful and ICMP terms are
left out, where the generators and `aclcheck` themselves differ.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from aerleon import api
from aerleon.lib import aclcheck, naming, policy, policy_builder

from parsers.contract import LineState
from parsers.model.addresses import address_number, address_text
from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.model.interpreter import Verdict, judge
from parsers.model.packets import Packet
from parsers.model.services import PROTOCOL_NUMBERS
from parsers.registry import platform

POLICIES = 10
PACKETS = 5000
TERMS = 6

WRAPPERS = {
    "cisco_asa": """\
ASA Version 9.16(4)
interface GigabitEthernet0/0
 nameif first
 security-level 0
 ip address 198.18.0.1 255.255.255.0
interface GigabitEthernet0/1
 nameif second
 security-level 100
 ip address 198.19.0.1 255.255.255.0
{acl}
access-group ACL in interface first
""",
    "cisco_ios": """\
version 15.7
{acl}
interface first0
 ip address 198.18.0.1 255.255.255.0
 ip access-group ACL in
interface second0
 ip address 198.19.0.1 255.255.255.0
""",
    "cisco_nxos": """\
version 9.3(8) Bios:version
{acl}
interface first0
  no switchport
  ip address 198.18.0.1/24
  ip access-group ACL in
interface second0
  no switchport
  ip address 198.19.0.1/24
""",
    "cisco_iosxr": """\
!! IOS XR Configuration 7.3.2
{acl}
interface first0
 ipv4 address 198.18.0.1 255.255.255.0
 ipv4 access-group ACL ingress
interface second0
 ipv4 address 198.19.0.1 255.255.255.0
""",
}
TARGETS = {"ciscoasa": "ACL", "cisco": "ACL extended", "cisconx": "ACL extended", "ciscoxr": "ACL extended"}
SUFFIXES = {"asa": "cisco_asa", "acl": "cisco_ios", "nxacl": "cisco_nxos", "xacl": "cisco_iosxr"}


@dataclass(frozen=True)
class Question:
    """A random policy: what aerleon makes of it for each system, its own reading, and the edges of its sets.

    `aims` gives, per term, the edges of its sources, destinations, source ports and ports; empty for any.
    """

    firewalls: dict[str, Firewall]
    read: policy.Policy
    aims: list[tuple[list[int], ...]]
    addresses: list[int]
    ports: list[int]


def prefixes(draw: random.Random) -> list[str]:
    """Give one to three networks that do not touch each other: aerleon would join neighbours."""
    blocks = draw.sample(range(64), draw.randint(1, 3))
    lengths = (draw.choice((8, 12, 16, 20, 24, 25, 28, 31, 32)) for _ in blocks)
    return [f"{block * 3 + 1}.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)}/{length}"
            for block, length in zip(blocks, lengths, strict=True)]  # fmt: skip


def ranges(draw: random.Random) -> list[str]:
    """Give one or two ports or ranges of ports, apart from each other."""
    low, middle, top = sorted(draw.sample(range(1, 65535, 7), 3))
    return draw.choice(([str(low)], [f"{low}-{middle}"], [str(low), f"{middle + 3}-{top + 6}"], [str(low), str(top)]))


def term(draw: random.Random, name: str, nets: list[str], services: list[str]) -> dict[str, object]:
    """Give one random term with one name a side."""
    made: dict[str, object] = {"name": name, "action": draw.choice(("accept", "accept", "deny"))}
    for side in ("source-address", "destination-address"):
        if draw.random() < 0.75:
            made[side] = draw.choice(nets)
    kind = draw.choice(("tcp", "udp", "both", "both", "esp", "all"))
    if kind in {"tcp", "udp", "both"}:
        made["protocol"] = ["tcp", "udp"] if kind == "both" else kind
        made["destination-port"] = draw.choice(services)
        if draw.random() < 0.4:
            made["source-port"] = draw.choice(services)
    elif kind == "esp":
        made["protocol"] = "esp"
    else:
        made.setdefault("source-address", draw.choice(nets))  # or the term would leave nothing to those below
    return made


def question(seed: int) -> Question:
    """Make a random policy, generate its lists, wrap them in interfaces and parse them."""
    draw = random.Random(seed)
    networks = {f"NET{n}": prefixes(draw) for n in range(6)}
    services = {f"SVC{n}": ranges(draw) for n in range(5)}
    known = naming.Naming()
    known.ParseDefinitionsObject(
        {
            "networks": {name: {"values": [{"address": item} for item in items]} for name, items in networks.items()},
            "services": {
                name: [{"protocol": protocol, "port": item} for protocol in ("tcp", "udp") for item in items]
                for name, items in services.items()
            },
        },
        "",
    )
    terms = [term(draw, f"term{n}", list(networks), list(services)) for n in range(TERMS)]
    terms[0]["action"] = "accept"
    terms.append({"name": "rest", "action": "deny"})
    written: Any = {"filename": "policy", "filters": [{"header": {"targets": TARGETS}, "terms": terms}]}
    made = api.Generate([written], known) or {}
    files = {SUFFIXES[name.rpartition(".")[2]]: str(text) for name, text in made.items()}
    assert set(files) == set(WRAPPERS)
    edges = {name: [edge for item in items for edge in address_edges(item)] for name, items in networks.items()}
    edges |= {name: [edge for item in items for edge in port_edges(item)] for name, items in services.items()}
    keys = ("source-address", "destination-address", "source-port", "destination-port")
    return Question(
        firewalls={name: parsed(name, text) for name, text in files.items()},
        read=policy.FromBuilder(policy_builder.PolicyBuilder(written, known)),
        aims=[tuple(edges.get(str(item.get(key)), []) for key in keys) for item in terms],
        addresses=sorted({edge for name in networks for edge in edges[name]}),
        ports=sorted({edge for name in services for edge in edges[name]}),
    )


def parsed(name: str, acl: str) -> Firewall:
    """Parse a generated list within interfaces; each of its rules is understood."""
    document = Document(name="running-config", text=WRAPPERS[name].format(acl=acl))
    found = platform(name).parse(Capture(documents=(document,)))
    lines = zip(document.lines(), found.ledger[0], strict=True)
    strange = [line for line, state in lines if state == LineState.NOT_UNDERSTOOD]
    assert [line for line in strange if "clear configure" not in line] == []
    (firewall,) = found.firewalls
    return firewall


def address_edges(network: str) -> Iterator[int]:
    """Give both ends of a network and their neighbours outside."""
    base, _, length = network.partition("/")
    size = 1 << (32 - int(length))
    low = address_number(base) // size * size
    yield from (low - 1, low, low + size - 1, low + size)


def port_edges(item: str) -> Iterator[int]:
    """Give both ends of a range of ports and their neighbours outside."""
    low, _, high = item.partition("-")
    yield from (number for number in (int(low) - 1, int(low), int(high or low), int(high or low) + 1) if number > 0)


def packets(asked: Question, seed: int) -> Iterator[tuple[Packet, str]]:
    """Give packets at the edges of a policy's sets, with the names of their protocols."""
    draw = random.Random(seed)
    for _ in range(PACKETS):
        name = draw.choice(("tcp", "tcp", "udp", "udp", "esp", "gre"))
        ported = name in {"tcp", "udp"}
        sources, destinations, source_ports, ports = draw.choice(asked.aims)
        packet = Packet(
            source=draw.choice(sources or asked.addresses),
            destination=draw.choice(destinations or asked.addresses),
            protocol=PROTOCOL_NUMBERS[name],
            source_port=draw.choice(source_ports or asked.ports) if ported else 0,
            port=draw.choice(ports or asked.ports) if ported else 0,
        )
        yield packet, name


def expected(asked: Question, packet: Packet, name: str) -> Verdict:
    """Say what aerleon's own reading of the policy does with a packet."""
    found = aclcheck.AclCheck(
        asked.read,
        src=address_text(packet.source),
        dst=address_text(packet.destination),
        sport=packet.source_port or "any",
        dport=packet.port or "any",
        proto=name,
    ).Matches()
    assert not found[0].possibles
    return Verdict.PERMIT if found[0].action == "accept" else Verdict.DENY


@pytest.mark.parametrize("seed", range(POLICIES))
def test_four_systems_agree_with_the_policy(seed: int) -> None:
    """Each packet gets from each generated configuration what the policy says of it."""
    asked = question(seed)
    wrong = []
    seen: Counter[Verdict] = Counter()
    tables = {name: firewall.egress_table() for name, firewall in asked.firewalls.items()}
    for packet, protocol in packets(asked, seed):
        verdict = expected(asked, packet, protocol)
        seen[verdict] += 1
        for name, firewall in asked.firewalls.items():
            ways = ("first", "second") if name == "cisco_asa" else ("first0", "second0")
            found = judge(firewall, packet, ways[0], egress=ways[1], table=tables[name]).verdict
            if found is not verdict:
                wrong.append(f"{name}: {packet}: {found}, not {verdict}")
    assert wrong == []
    assert min(seen[Verdict.PERMIT], seen[Verdict.DENY]) > PACKETS // 100, seen
