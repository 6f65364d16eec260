"""aerleon's aclcheck judges random policies; the ASA lists that aerleon writes of them mean the same to us.

Policies keep to what both can say: one name a side, ports in each term of TCP and UDP, nothing stateful.
"""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING

import pytest
from aerleon.lib import ciscoasa

from auditor.engine.cells import Cell
from auditor.engine.question import Mode
from auditor.engine.walk import Walk
from parsers.model.addresses import ANY, ANY4, AddressSet
from parsers.model.capture import Capture, Document
from parsers.model.lookup import Lookup
from parsers.model.packets import Packet
from parsers.model.rules import Match
from parsers.model.services import ANY_SERVICE, TCP, UDP, ServiceSet
from parsers.registry import platform
from tests.auditor.engine.lists import Holder
from tests.bench.policy import NAME, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.model.firewall import Firewall

TERMS = 30
PACKETS = 250
_HEAD = """\
: Saved
ASA Version 9.16(4)
hostname fw
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet0/1
 nameif dmz
 security-level 50
 ip address 192.0.2.1 255.255.255.0
"""
_TAIL = f"""\
access-group {NAME} in interface outside
route outside 0.0.0.0 0.0.0.0 198.51.100.254 1
: end
"""
_PORTS = ((22, 22), (80, 80), (443, 443), (80, 443), (1024, 65535), (20022, 20444))
HOSTS = AddressSet.of("192.0.2.8/29")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep aerleon, which logs each term that it looks at, from doing so."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _prefix(pick: random.Random, base: str, bits: tuple[int, ...]) -> AddressSet:
    low = AddressSet.of(base).intervals[0][0] + pick.randrange(8 if base == "192.0.2.8" else 256)
    size = 1 << (32 - pick.choice(bits))
    return AddressSet.span(low - low % size, low - low % size + size - 1)


def _match(pick: random.Random) -> Match:
    peer = ANY if pick.random() < 0.15 else _prefix(pick, "203.0.113.0", (24, 26, 28, 32, 32))
    if pick.random() < 0.3:
        peer |= _prefix(pick, "198.51.100.0", (28, 32))
    host = _prefix(pick, "192.0.2.0", (24, 25, 25)) if pick.random() < 0.2 else _prefix(pick, "192.0.2.8", (29, 30, 32))
    host = host if host & HOSTS else HOSTS
    services = ANY_SERVICE
    if peer == ANY or pick.random() < 0.9:
        clients = pick.choice(((1024, 65535), (20, 20))) if pick.random() < 0.2 else (0, 65535)
        protocol = pick.choice((TCP, TCP, UDP))
        services = ServiceSet.protocol(protocol, *pick.sample(_PORTS[:3] + _PORTS[4:], 2), source_ports=clients)
    return Match(source=peer, destination=host, services=services)


def _parsed(policy: Policy) -> Firewall:
    written = str(ciscoasa.CiscoASA(policy.parsed, 2))
    lists = "\n".join(line for line in written.splitlines() if line.startswith("access-list"))
    text = f"{_HEAD}{lists}\n{_TAIL}"
    parsed = platform("cisco_asa").parse(Capture(documents=(Document(name="fw.txt", text=text),)))
    (firewall,) = parsed.firewalls
    return firewall


def _packet(pick: random.Random, edges: list[int], ports: list[int]) -> Packet:
    return Packet(
        source=pick.choice(edges),
        destination=pick.choice(HOSTS.intervals)[0] + pick.randrange(8),
        protocol=pick.choice((TCP, TCP, UDP)),
        source_port=pick.choice((19, 20, 21, 1023, 1024, 40000, 65535)),
        port=pick.choice(ports),
    )


@pytest.mark.parametrize("seed", range(8))
def test_policies_mean_the_same(seed: int) -> None:
    """The policy by aclcheck, and its parsed list by the interpreter and by the engine, agree on each packet."""
    pick = random.Random(seed)
    rules = [(_match(pick), pick.random() < 0.5) for _ in range(TERMS)]
    policy = Policy(rules)
    firewall = _parsed(policy)
    lookup = Lookup(firewall)
    walk = Walk(firewall=firewall, table=firewall.egress_table(), mode=Mode.SURE)
    passed = Holder(outcome.flow.arrival for outcome in walk.run("outside", [Cell(ANY4, HOSTS, ANY_SERVICE)]))
    ends = [end for match, _ in rules for pair in match.source.intervals for end in pair]
    edges = [number for end in ends for number in (end - 1, end, end + 1) if 0 < number < 2**32]
    ports = [port for pair in _PORTS for end in pair for port in (end - 1, end, end + 1) if 0 < port < 65536]
    verdicts = []

    for _ in range(PACKETS):
        packet = _packet(pick, edges, ports)
        expected = policy.permits(packet)
        assert lookup.judge(packet, "outside").sure is expected, str(packet)
        assert passed.holds(packet) is expected, str(packet)
        verdicts.append(expected)

    assert 0.05 * PACKETS < sum(verdicts) < 0.95 * PACKETS
