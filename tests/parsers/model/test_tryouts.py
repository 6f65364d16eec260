"""The interpreter on hand-built firewalls: every expected verdict and trace was worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parsers.model.conditions import ConditionKind, Facts
from parsers.model.firewall import Firewall
from parsers.model.interpreter import Judgement, Verdict, judge, judge_reply
from parsers.model.packets import Packet
from parsers.model.rules import State, Traffic
from tests.tryouts import ASA, ASA_LEVELS, FORKS, FORTIOS, HOST, VPN, ZBF, ios_acl, nftables, packet, panos

PERMIT, DENY, UNKNOWN = Verdict.PERMIT, Verdict.DENY, Verdict.UNKNOWN
NFT, BARE_NFT = nftables(established=True), nftables(established=False)
PAN, PAN_EDL = panos(blocklist=False), panos(blocklist=True)
IOS, IOS_NO_REPLY = ios_acl(reply_line=True), ios_acl(reply_line=False)
SSL: Facts = {ConditionKind.APPLICATION: frozenset({"ssl", "web-browsing"})}
OFFICE: Facts = {ConditionKind.SCHEDULE: frozenset({"*"})}


def trace(judgement: Judgement, number: int = 0) -> str:
    """Give the words of each decision on one way."""
    return ", ".join(step.text for step in judgement.paths[number].steps)


CASES = [
    # ASA: un-NAT, interface ACL, global ACL, reverse path
    (ASA, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", PERMIT, "nat 12, outside_in 1, nat 12"),
    (ASA, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:80", DENY, "nat 12, outside_in 2"),
    (ASA, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:22", DENY, "nat 12, implicit deny"),
    (
        ASA,
        "outside",
        "tcp 203.0.113.9:40000 > 10.1.1.77:80",
        PERMIT,
        "not translated, global 1, no translation of this host",
    ),
    (ASA, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "not translated, outside_in 1, rpf-check"),
    (ASA, "outside", "tcp 203.0.113.9:40000 > 10.2.0.5:443", DENY, "not translated, implicit deny"),
    (
        ASA,
        "inside",
        "tcp 10.2.0.5:40000 > 203.0.113.9:80",
        PERMIT,
        "not translated, global 1, no translation of this host",
    ),
    (ASA, "inside", "tcp 10.2.0.5:40000 > 203.0.113.9:443", DENY, "not translated, implicit deny"),
    # ASA without an ACL: security levels
    (ASA_LEVELS, "dmz", "tcp 10.1.1.10:40000 > 203.0.113.9:443", PERMIT, "security-level 50 to 0"),
    (ASA_LEVELS, "dmz", "tcp 10.1.1.10:40000 > 10.2.0.5:1521", DENY, "implicit deny (security-level 50 to 100)"),
    (ASA_LEVELS, "inside", "tcp 10.2.0.5:40000 > 10.1.1.10:22", PERMIT, "security-level 100 to lower"),
    (ASA_LEVELS, "inside", "tcp 10.2.0.5:40000 > 10.2.0.9:22", DENY, "same-security gate"),
    (ASA_LEVELS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "implicit deny"),
    # a tunnel that may skip the filters
    (VPN, "outside", "tcp 203.0.113.9:40000 > 10.2.0.5:22", DENY, "implicit deny"),
    (VPN, "outside", "tcp 192.0.2.1:40000 > 10.2.0.5:22", UNKNOWN, "implicit deny"),
    # nftables: DNAT, two base chains, verdict map, jump, goto, return
    (NFT, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:8443", PERMIT, "dnat, raw 2, ct status dnat"),
    (NFT, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", DENY, "not translated, raw 2, policy drop"),
    (NFT, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", PERMIT, "not translated, raw 2, web accept"),
    (NFT, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:80", PERMIT, "not translated, policy accept, web accept"),
    (NFT, "outside", "udp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "not translated, policy accept, policy drop"),
    (NFT, "outside", "tcp 192.0.2.1:40000 > 10.1.1.10:443", PERMIT, "not translated, raw 2, after"),
    (NFT, "outside", "tcp 192.0.2.3:40000 > 10.1.1.10:443", DENY, "not translated, raw 2, policy drop"),
    (NFT, "outside", "tcp 192.0.2.66:40000 > 198.51.100.10:8443", DENY, "dnat, raw 1"),
    (NFT, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:22", PERMIT, "not translated, policy accept, ssh accept"),
    (NFT, "outside", "tcp 192.0.2.1:40000 > 10.1.1.10:22", DENY, "not translated, policy accept, policy drop"),
    # PAN-OS: pre-NAT address with post-NAT zone, App-ID, dynamic list, intrazone
    (PAN, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", UNKNOWN, "publish, ssl"),
    (PAN_EDL, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:80", DENY, "publish, deny EDL"),
    (PAN, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:8443", PERMIT, "not translated, real"),
    (PAN, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:8443", DENY, "publish, interzone-default"),
    (PAN, "outside", "tcp 203.0.113.9:40000 > 198.51.100.20:22", PERMIT, "not translated, intrazone-default"),
    (PAN, "dmz", "tcp 10.1.1.10:40000 > 198.51.100.10:443", DENY, "not translated, interzone-default"),
    # FortiOS: a deny to all passes by VIP traffic
    (FORTIOS, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", PERMIT, "web, 2"),
    (FORTIOS, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:80", DENY, "web, implicit deny (policy 0)"),
    (FORTIOS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "not translated, 1"),
    (FORTIOS, "outside", "tcp 203.0.113.9:40000 > 198.51.100.200:443", DENY, "not translated, 1"),
    (FORTIOS, "inside", "tcp 10.2.0.5:40000 > 203.0.113.9:443", PERMIT, "not translated, 3"),
    # IOS zone-based firewall: the ACL's deny only means that the class does not match
    (ZBF, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "class-default drop"),
    (ZBF, "outside", "tcp 203.0.113.99:40000 > 10.1.1.10:443", PERMIT, "101 permit"),
    (ZBF, "outside", "tcp 203.0.113.99:40000 > 10.1.1.10:80", DENY, "class-default drop"),
    (ZBF, "outside", "tcp 203.0.113.99:40000 > 10.1.1.77:443", DENY, "class-default drop"),
    (ZBF, "outside", "tcp 203.0.113.99:40000 > 10.2.0.5:443", DENY, "implicit deny"),
    # IOS ACLs: inbound on mapped addresses, outbound after translation
    (IOS, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", PERMIT, "in 10, static, not translated"),
    (IOS, "outside", "icmp 203.0.113.9 > 198.51.100.10:8", PERMIT, "in 20, static, not translated"),
    (IOS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "implicit deny"),
    (IOS, "inside", "tcp 10.2.0.5:40000 > 203.0.113.9:443", PERMIT, "all, not translated, overload, out 20"),
    (IOS, "inside", "tcp 10.2.0.5:40000 > 203.0.113.9:80", DENY, "all, not translated, overload, implicit deny"),
    # conditions on calls, returns and decisions
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", UNKNOWN, "special accept"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.77:443", DENY, "special drop"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:25", UNKNOWN, "unknown permit"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:21", PERMIT, "part"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.77:21", UNKNOWN, "part"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.2.0.5:80", UNKNOWN, "implicit deny"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:80", PERMIT, "web"),
    (FORKS, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:22", PERMIT, "marked"),
]


@pytest.mark.parametrize(("firewall", "ingress", "text", "verdict", "words"), CASES)
def test_verdict_and_trace(firewall: Firewall, ingress: str, text: str, verdict: Verdict, words: str) -> None:
    """A packet gets the verdict that the platform's documentation gives it, by the rules that it names."""
    judgement = judge(firewall, packet(text), ingress)
    assert (judgement.verdict, trace(judgement)) == (verdict, words)


@pytest.mark.parametrize(
    ("firewall", "text", "facts", "verdict"),
    [
        (PAN, "tcp 203.0.113.9:40000 > 198.51.100.10:443", SSL, PERMIT),
        (PAN, "tcp 203.0.113.9:40000 > 198.51.100.10:443", OFFICE, UNKNOWN),
        (PAN_EDL, "tcp 203.0.113.9:40000 > 198.51.100.10:443", SSL, UNKNOWN),
        (FORKS, "tcp 203.0.113.9:40000 > 10.1.1.10:443", OFFICE, PERMIT),
        (FORKS, "tcp 203.0.113.9:40000 > 10.1.1.10:25", OFFICE, PERMIT),
        (FORKS, "tcp 203.0.113.9:40000 > 10.1.1.77:21", OFFICE, PERMIT),
        (FORKS, "tcp 203.0.113.9:40000 > 10.2.0.5:80", OFFICE, DENY),
    ],
)
def test_facts_settle_conditions(firewall: Firewall, text: str, facts: Facts, verdict: Verdict) -> None:
    """A condition that the facts of the traffic fulfil leaves its rule exact, a deny as well as a permit."""
    assert judge(firewall, packet(text), "outside", facts=facts).verdict is verdict


@pytest.mark.parametrize("port", [98, 99])
def test_jump_loop_is_unknown(port: int) -> None:
    """A loop of jumps ends, with a verdict that nothing can be built on."""
    judgement = judge(FORKS, packet(f"tcp 203.0.113.9:40000 > 10.1.1.10:{port}"), "outside")
    assert (judgement.complete, judgement.verdict, judgement.sure, judgement.possible) == (False, UNKNOWN, False, True)


REPLIES = [
    (ASA, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", PERMIT, ""),
    (NFT, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:8443", PERMIT, "policy accept, ct established"),
    (NFT, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", PERMIT, "policy accept, ct established"),
    (BARE_NFT, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:8443", PERMIT, "policy accept, ct status dnat"),
    (BARE_NFT, "outside", "tcp 203.0.113.9:40000 > 10.1.1.10:443", DENY, "policy accept, policy drop"),
    (BARE_NFT, "outside", "tcp 203.0.113.9:443 > 10.1.1.10:80", DENY, "raw 2, policy drop"),
    (IOS, "outside", "tcp 203.0.113.9:40000 > 198.51.100.10:443", PERMIT, "dmz 10, out 10"),
    (IOS, "outside", "icmp 203.0.113.9 > 198.51.100.10:8", PERMIT, "dmz 20, out 10"),
    (IOS, "inside", "tcp 10.2.0.5:40000 > 203.0.113.9:443", PERMIT, "in 30"),
    (IOS_NO_REPLY, "inside", "tcp 10.2.0.5:40000 > 203.0.113.9:443", DENY, "implicit deny"),
    (ZBF, "outside", "tcp 203.0.113.99:40000 > 10.1.1.10:443", PERMIT, ""),
]


@pytest.mark.parametrize(("firewall", "ingress", "text", "verdict", "words"), REPLIES)
def test_reply(firewall: Firewall, ingress: str, text: str, verdict: Verdict, words: str) -> None:
    """The reply to a permitted packet is judged where no state carries it, on the addresses that it has there."""
    first = packet(text)
    forward = judge(firewall, first, ingress)
    assert forward.verdict is PERMIT
    reply = judge_reply(firewall, first, ingress, forward.paths[0])
    assert (reply.verdict, trace(reply)) == (verdict, words)


def test_reply_gets_its_own_addresses_back() -> None:
    """A reply leaves as the answer to the packet that was sent: from the published address and port, to the client."""
    first = packet("tcp 203.0.113.9:40000 > 198.51.100.10:443")
    forward = judge(IOS, first, "outside").paths[0]
    assert forward.packet == packet("tcp 203.0.113.9:40000 > 10.1.1.10:443")
    assert forward.egress == "dmz"
    reply = judge_reply(IOS, first, "outside", forward).paths[0]
    assert reply.packet == packet("tcp 198.51.100.10:443 > 203.0.113.9:40000", state=State.ESTABLISHED)
    assert reply.egress == "outside"


def test_replies_of_a_host_firewall_leave_by_its_output_chain() -> None:
    """What answers traffic to the device is traffic from the device."""
    first = packet("tcp 203.0.113.9:40000 > 10.1.1.10:443")
    forward = judge(HOST, first, "dmz", traffic=Traffic.TO_DEVICE)
    assert (forward.verdict, trace(forward)) == (PERMIT, "input 1")
    reply = judge_reply(HOST, first, "dmz", forward.paths[0], traffic=Traffic.TO_DEVICE)
    assert (reply.verdict, trace(reply)) == (PERMIT, "output 1")
    assert judge(HOST, first, "dmz", traffic=Traffic.FROM_DEVICE).verdict is DENY


@pytest.mark.parametrize(("complete", "verdict"), [(True, DENY), (False, UNKNOWN)])
def test_no_route(*, complete: bool, verdict: Verdict) -> None:
    """Without a route a packet is dropped, unless routes may be in force that nobody collected."""
    firewall = replace(ZBF, routes=(), interfaces=(), routes_complete=complete)
    judgement = judge(firewall, packet("tcp 203.0.113.9:40000 > 192.0.2.9:443"), "outside")
    assert (judgement.verdict, trace(judgement)) == (verdict, "no route to the destination")


def test_named_egress_replaces_the_routes() -> None:
    """The egress of the question wins over every route."""
    judgement = judge(PAN, packet("tcp 203.0.113.9:40000 > 10.2.0.5:22"), "outside", egress="outside")
    assert (judgement.verdict, judgement.paths[0].egress) == (PERMIT, "outside")


def test_packet_text() -> None:
    """A packet reads as a firewall engineer writes it."""
    texts = [str(packet("tcp 203.0.113.9:40000 > 10.1.1.10:443")), str(packet("icmp 203.0.113.9 > 10.1.1.10:8"))]
    assert texts == ["tcp 203.0.113.9:40000 -> 10.1.1.10:443", "icmp 203.0.113.9 -> 10.1.1.10 type 8 code 0"]
    six = Packet(source=(1 << 32) + 1, destination=(1 << 32) + 2, protocol=17, source_port=5, port=53)
    assert str(six) == "udp [::1]:5 -> [::2]:53"
