"""The filters of an ASA: gate, security levels, interface, global and out lists; its interfaces and routes."""

from __future__ import annotations

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import AddressSet
from tests.parsers.platforms.cisco_asa.asa import SITE, firewall, judged, parsed, state_of, verdict

EQUAL = (
    SITE
    + """\
interface GigabitEthernet1/4
 nameif twin
 security-level 50
 ip address 192.0.2.129 255.255.255.128
"""
)
DMZ_TO_TWIN = "tcp 192.0.2.10:9 192.0.2.140:22"
OUT_AND_IN = "tcp 10.20.0.5:9 192.0.2.10:443"


def words(text: str, ingress: str, question: str) -> list[str]:
    """Give the words of each step of the one way that a packet takes."""
    (path,) = judged(text, ingress, question).paths
    return [step.text for step in path.steps]


@pytest.mark.parametrize(
    ("ingress", "question", "expected", "reason"),
    [
        ("inside", "tcp 10.20.0.5:9 192.0.2.10:443", "permit", "implicit permit (security-level 100 to 50)"),
        ("dmz", "udp 192.0.2.10:9 203.0.113.7:53", "permit", "implicit permit (security-level 50 to 0)"),
        ("dmz", "tcp 192.0.2.10:9 10.20.0.5:443", "deny", "implicit deny (security-level 50 to 100)"),
        ("outside", "tcp 203.0.113.7:9 192.0.2.10:443", "deny", "implicit deny (security-level 0 to 50)"),
    ],
)
def test_levels_decide_without_lists(ingress: str, question: str, expected: str, reason: str) -> None:
    """Without any access list traffic passes from a higher to a lower level only, and the step says which."""
    assert verdict(SITE, ingress, question) == expected
    assert reason in words(SITE, ingress, question)


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", "deny"),
        ("same-security-traffic permit intra-interface\n", "deny"),
        ("same-security-traffic permit inter-interface\n", "permit"),
        ("access-list A extended permit ip any any\naccess-group A in interface dmz\n", "deny"),
        ("access-list A extended permit ip any any\naccess-group A global\n", "deny"),
    ],
)
def test_equal_levels_need_their_gate(extra: str, expected: str) -> None:
    """Between equal levels `permit inter-interface` is needed, and no access list replaces it."""
    assert verdict(EQUAL + extra, "dmz", DMZ_TO_TWIN) == expected


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("", "deny"),
        ("same-security-traffic permit inter-interface\n", "deny"),
        ("same-security-traffic permit intra-interface\n", "permit"),
        ("access-list A extended permit ip any any\naccess-group A in interface dmz\n", "deny"),
    ],
)
def test_back_out_of_the_same_interface_needs_its_gate(extra: str, expected: str) -> None:
    """What would leave by the interface it came from needs `permit intra-interface`."""
    text = f"{SITE}route dmz 10.99.0.0 255.255.0.0 192.0.2.254 1\n{extra}"
    assert verdict(text, "dmz", "tcp 192.0.2.10:9 10.99.0.1:22") == expected


def test_an_open_gate_still_filters() -> None:
    """The gate opens the way; the access list of the interface decides all the same."""
    text = EQUAL + "same-security-traffic permit inter-interface\n"
    text += "access-list A extended deny ip any any\naccess-group A in interface dmz\n"
    assert verdict(text, "dmz", DMZ_TO_TWIN) == "deny"
    assert verdict(text, "twin", "tcp 192.0.2.140:9 192.0.2.10:22") == "permit"


LISTS = """\
access-list IN extended permit tcp any host 192.0.2.10 eq 443
access-list IN extended deny tcp any host 192.0.2.10 eq 23
access-list ALL extended permit tcp any host 192.0.2.10 eq 22
access-list ALL extended permit tcp any host 192.0.2.10 eq 23
"""


@pytest.mark.parametrize(("port", "expected"), [(443, "permit"), (22, "permit"), (23, "deny"), (80, "deny")])
def test_the_global_list_continues_the_interface_list(port: int, expected: str) -> None:
    """What the interface's list does not decide the global list does; a deny of the first is final."""
    text = f"{SITE}{LISTS}access-group IN in interface outside\naccess-group ALL global\n"
    assert verdict(text, "outside", f"tcp 203.0.113.7:9 192.0.2.10:{port}") == expected


def test_a_global_list_ends_the_level_permit() -> None:
    """With a global list alone higher levels are no longer let down, and lower ones are let up where it permits."""
    text = f"{SITE}{LISTS}access-group ALL global\n"
    assert verdict(text, "inside", OUT_AND_IN) == "deny"
    assert verdict(text, "outside", "tcp 203.0.113.7:9 192.0.2.10:22") == "permit"


def test_a_list_on_one_interface_leaves_the_others_to_their_levels() -> None:
    """An access list bound to the outside says nothing about what enters by the inside."""
    text = f"{SITE}{LISTS}access-group IN in interface outside\n"
    assert verdict(text, "inside", OUT_AND_IN) == "permit"


@pytest.mark.parametrize(
    ("ingress", "question", "expected"),
    [
        ("inside", "tcp 10.20.0.5:9 192.0.2.10:443", "permit"),
        ("inside", "tcp 10.20.0.5:9 192.0.2.10:80", "deny"),
        ("outside", "tcp 203.0.113.7:9 192.0.2.10:443", "deny"),
    ],
)
def test_an_out_list_filters_what_leaves(ingress: str, question: str, expected: str) -> None:
    """An out list must permit as well; it opens no way from a lower to a higher level."""
    text = f"{SITE}{LISTS}access-group IN out interface dmz\n"
    assert verdict(text, ingress, question) == expected


def test_lists_for_the_device_itself_filter_nothing_else() -> None:
    """A control-plane list is about traffic to the firewall: it is accounted for, and filters nothing here."""
    line = "access-group IN in interface outside control-plane"
    text = f"{SITE}{LISTS}{line}\n"
    assert verdict(text, "outside", "tcp 203.0.113.7:9 192.0.2.10:443") == "deny"
    assert state_of(text, line) is LineState.MODELLED


def test_a_binding_to_no_interface_decides() -> None:
    """A list bound to an interface that is not there may mean that a line of the interface was lost."""
    text = f"{SITE}{LISTS}access-group IN in interface lost\n"
    assert [(item.kind, item.decides) for item in parsed(text).remarks if item.kind is RemarkKind.UNDEFINED] == [
        (RemarkKind.UNDEFINED, True)
    ]


@pytest.mark.parametrize(
    "line",
    ["access-group IN", "access-group IN sideways interface outside", "access-group IN in interface outside frob"],
)
def test_a_strange_binding_decides(line: str) -> None:
    """A binding that is not understood can decide anything."""
    (remark,) = [item for item in parsed(f"{SITE}{LISTS}{line}\n").remarks if item.kind is RemarkKind.NOT_UNDERSTOOD]
    assert remark.decides


def test_management_only_passes_nothing_through() -> None:
    """An interface for management only neither takes in nor lets out what passes through."""
    text = SITE.replace(" nameif dmz\n", " management-only\n nameif dmz\n")
    assert verdict(text, "inside", OUT_AND_IN) == "deny"
    assert verdict(text, "dmz", "tcp 192.0.2.10:9 203.0.113.7:53") == "deny"


def test_interfaces() -> None:
    """Interfaces carry the names, levels, addresses and networks that the configuration gives them."""
    text = """\
ASA Version 9.16(4)
interface GigabitEthernet1/1
 description to the provider
 speed 1000
 nameif outside
 ip address 198.51.100.1 255.255.255.0 standby 198.51.100.2
 ipv6 address 2001:db8:1::1/64 standby 2001:db8:1::2
 ipv6 enable
interface GigabitEthernet1/2.7
 vlan 7
 shutdown
 nameif inside
 ip address 10.20.0.1 255.255.255.0
interface GigabitEthernet1/3
 no nameif
 no security-level
 no ip address
"""
    outside, inside = firewall(text).interfaces
    assert (outside.name, outside.hardware, outside.security_level) == ("outside", "GigabitEthernet1/1", 0)
    assert outside.addresses == AddressSet.of("198.51.100.1", "198.51.100.2", "2001:db8:1::1", "2001:db8:1::2")
    assert outside.networks == AddressSet.of("198.51.100.0/24", "2001:db8:1::/64")
    assert (outside.span and (outside.span.first, outside.span.last)) == (2, 8)
    assert (inside.security_level, inside.enabled, inside.hardware) == (100, False, "GigabitEthernet1/2.7")
    assert parsed(text).remarks == ()


@pytest.mark.parametrize(
    "line", ["policy-route route-map PBR", "zone-member Z", "bridge-group 1", "frobnicate", "ip address lost"]
)
def test_a_strange_line_of_an_interface_decides(line: str) -> None:
    """What steers packets at an interface and is not modelled is named as able to change a verdict."""
    text = SITE.replace(" nameif dmz\n", f" nameif dmz\n {line}\n")
    (remark,) = parsed(text).remarks
    assert (remark.kind, remark.decides) == (RemarkKind.NOT_UNDERSTOOD, True)
    assert state_of(text, f" {line}") is LineState.NOT_UNDERSTOOD


def test_routes() -> None:
    """Routes keep network, interface and metric; a tunnelled default route is not in force in the clear."""
    text = f"""\
{SITE}name 192.0.2.254 router
route inside 10.0.0.0 255.0.0.0 10.20.0.254
route dmz 203.0.113.0 255.255.255.0 router 7 track 1
route inside 0.0.0.0 0.0.0.0 10.20.0.254 tunneled
ipv6 route outside ::/0 2001:db8::1
"""
    found = [(str(item.destination), item.interface, item.metric) for item in firewall(text).routes]
    assert found == [
        ("any4", "outside", 1), ("10.0.0.0/8", "inside", 1), ("203.0.113.0/24", "dmz", 7), ("any6", "outside", 1),
    ]  # fmt: skip
    assert firewall(text).routes_complete


@pytest.mark.parametrize(
    "extra", ["router ospf 1\n network 10.0.0.0 255.0.0.0 area 0\n", "router bgp 65000\n", "router eigrp 1\n"]
)
def test_learned_routes_are_not_in_the_configuration(extra: str) -> None:
    """Under a routing protocol the routes of the configuration are not all that can be in force."""
    assert not firewall(SITE + extra).routes_complete


def test_a_leased_default_route_is_not_in_the_configuration() -> None:
    """`ip address dhcp setroute` brings a default route that no line shows."""
    text = SITE.replace(" ip address 198.51.100.1 255.255.255.0\n", " ip address dhcp setroute\n")
    assert not firewall(text).routes_complete


def test_null_routes_drop() -> None:
    """What is routed to null0 goes nowhere, whatever the access lists say."""
    text = f"{SITE}access-list A extended permit ip any any\naccess-group A global\n"
    text += "route null0 203.0.113.0 255.255.255.0\n"
    assert verdict(text, "inside", "tcp 10.20.0.5:9 203.0.113.7:443") == "deny"
    assert verdict(text, "inside", "tcp 10.20.0.5:9 198.51.100.7:443") == "permit"


@pytest.mark.parametrize(
    "line",
    [
        "route lost 10.9.0.0 255.255.0.0 10.20.0.9 1",
        "route inside 10.9.0.0 255.255.0.0",
        "route outside 0 0 192.0.2.9 1 x",
    ],
)
def test_a_strange_route_decides(line: str) -> None:
    """A route by an interface that is not there, or that is not understood, can change where packets leave."""
    assert [item.decides for item in parsed(f"{SITE}{line}\n").remarks] == [True]


def test_two_routes_of_one_metric_decide() -> None:
    """Which of two equal routes by different interfaces is used is not in the configuration."""
    text = f"{SITE}route dmz 0.0.0.0 0.0.0.0 192.0.2.254 1\n"
    assert [item.decides for item in parsed(text).remarks] == [True]
