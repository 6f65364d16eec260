"""What the ASA tests share: a small site, and questions put to it in one line."""

from __future__ import annotations

from functools import cache

from parsers.contract import LineState, Parsed
from parsers.model.addresses import address_number
from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.model.interpreter import Judgement, judge
from parsers.model.packets import Packet
from parsers.model.services import ICMP, ICMP6, PROTOCOL_NUMBERS
from parsers.platforms.cisco_asa import PLATFORM

SITE = """\
ASA Version 9.16(4)
hostname fw1
interface GigabitEthernet1/1
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
interface GigabitEthernet1/2
 nameif dmz
 security-level 50
 ip address 192.0.2.1 255.255.255.0
interface GigabitEthernet1/3
 nameif inside
 security-level 100
 ip address 10.20.0.1 255.255.255.0
route outside 0.0.0.0 0.0.0.0 198.51.100.254 1
"""
"""Outside (0), dmz (50) and inside (100), the default route to the outside."""
BOUND = "access-group A in interface outside\n"
"""Binds the access list A inwards to the outside."""


@cache
def parsed(text: str) -> Parsed:
    """Parse one running configuration."""
    return PLATFORM.parse(Capture(documents=(Document(name="running-config", text=text),)))


def firewall(text: str) -> Firewall:
    """Parse a configuration that holds one firewall."""
    (found,) = parsed(text).firewalls
    return found


def judged(text: str, ingress: str, question: str) -> Judgement:
    """Judge a packet such as `tcp 203.0.113.7:40000 192.0.2.10:443`, or `icmp 203.0.113.7 192.0.2.10:8/0`."""
    protocol, source, destination = question.split()
    number = PROTOCOL_NUMBERS.get(protocol) or int(protocol)
    (sender, source_port), (receiver, port) = _endpoint(source), _endpoint(destination)
    packet = Packet(
        source=sender,
        destination=receiver,
        protocol=number,
        source_port=0 if number in {ICMP, ICMP6} else source_port,
        port=port,
    )
    return judge(firewall(text), packet, ingress)


def verdict(text: str, ingress: str, question: str) -> str:
    """Give the verdict of a packet: permit, deny or unknown."""
    return judged(text, ingress, question).verdict.value


def from_outside(rules: str, question: str) -> str:
    """Give the verdict of a packet that arrives on the outside of the site, whose access list A is bound there."""
    return verdict(SITE + rules + BOUND, "outside", question)


def states(text: str) -> list[LineState]:
    """Give the ledger of a configuration."""
    return [LineState(value) for value in parsed(text).ledger[0]]


def state_of(text: str, line: str) -> LineState:
    """Give the ledger's state of the one line that is exactly this."""
    return states(text)[text.split("\n").index(line)]


def _endpoint(text: str) -> tuple[int, int]:
    if text.startswith("["):
        address, _, port = text[1:].partition("]:")
    elif text.count(":") > 1:
        address, port = text, ""
    else:
        address, _, port = text.partition(":")
    kind, slash, code = port.partition("/")
    number = int(kind or 0) * 256 + int(code) if slash else int(kind or 0)
    return address_number(address), number
