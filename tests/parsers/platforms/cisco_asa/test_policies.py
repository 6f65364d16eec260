"""Service policies and tunnels of an ASA: FTP inspection, TCP state bypass, what comes out of a VPN."""

from __future__ import annotations

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import ANY
from parsers.model.services import TCP, ServiceSet
from tests.parsers.platforms.cisco_asa.asa import SITE, firewall, parsed, state_of, states, verdict

CLOSED = "access-list A extended deny ip any any\naccess-group A global\n"
DEFAULT = """\
class-map inspection_default
 match default-inspection-traffic
policy-map global_policy
 class inspection_default
  inspect dns preset_dns_map
  inspect ftp
"""


def test_inspection_of_the_default_ports() -> None:
    """`inspect ftp` of the default class, applied globally, follows FTP on port 21 of every interface."""
    (helper,) = firewall(f"{SITE}{DEFAULT}service-policy global_policy global\n").helpers
    assert (helper.protocol, helper.services, helper.interfaces) == ("ftp", ServiceSet.protocol(TCP, (21, 21)), None)
    assert helper.span
    assert helper.span.first == 21


@pytest.mark.parametrize("applied", ["", "service-policy lost global\n"])
def test_a_policy_that_is_not_applied_inspects_nothing(applied: str) -> None:
    """A policy map is in force only where a service policy names it."""
    assert firewall(f"{SITE}{DEFAULT}{applied}").helpers == ()


@pytest.mark.parametrize(
    ("match", "port"),
    [
        ("match port tcp eq 2121", (2121, 2121)),
        ("match port tcp range 2121 2125", (2121, 2125)),
        ("match any", (0, 65535)),
        ("match access-list FTP", (2121, 2121)),
    ],
)
def test_inspection_on_one_interface(match: str, port: tuple[int, int]) -> None:
    """A class of one's own says by port or access list which connections are followed, here on one interface."""
    text = f"""\
{SITE}access-list FTP extended permit tcp any any eq 2121
class-map C
 {match}
policy-map P
 class C
  inspect ftp strict
service-policy P interface outside
"""
    (helper,) = firewall(text).helpers
    assert (helper.services, helper.interfaces) == (ServiceSet.protocol(TCP, port), frozenset({"outside"}))
    assert LineState.NOT_UNDERSTOOD not in states(text)


@pytest.mark.parametrize(
    "match",
    ["match access-list SOME", "match port tcp frob", "match default-inspection-traffic\n match access-list SOME"],
)
def test_inspection_of_a_part_is_not_taken_for_sure(match: str) -> None:
    """Where the class may leave traffic out, no helper is claimed and the reader is told."""
    text = f"""\
{SITE}access-list SOME extended permit tcp host 203.0.113.7 any eq ftp
class-map C
 {match}
policy-map P
 class C
  inspect ftp
service-policy P global
"""
    assert firewall(text).helpers == ()
    assert RemarkKind.NOTE in {remark.kind for remark in parsed(text).remarks}


@pytest.mark.parametrize(
    ("match", "question", "expected"),
    [
        ("match access-list TSB", "tcp 203.0.113.7:9 192.0.2.10:993", "unknown"),
        ("match access-list TSB", "tcp 203.0.113.7:9 192.0.2.10:994", "deny"),
        ("match any", "tcp 203.0.113.7:9 192.0.2.10:994", "unknown"),
        ("match any", "udp 203.0.113.7:9 192.0.2.10:994", "deny"),
        ("match access-list LOST", "tcp 203.0.113.7:9 192.0.2.10:994", "unknown"),
    ],
)
def test_state_bypass_widens_what_is_possible(match: str, question: str, expected: str) -> None:
    """Connections that are not tracked may pass unfiltered, as far as their class reaches."""
    text = f"""\
{SITE}{CLOSED}access-list TSB extended permit tcp any host 192.0.2.10 eq 993
class-map C
 {match}
policy-map P
 class C
  set connection advanced-options tcp-state-bypass
service-policy P interface outside
"""
    assert verdict(text, "outside", question) == expected


SITE_TUNNEL = """\
access-list VPN extended permit ip 10.20.0.0 255.255.255.0 172.16.9.0 255.255.255.0
crypto map M 10 match address VPN
crypto map M 10 set peer 203.0.113.200
"""


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("crypto map M interface outside\n", "unknown"),
        ("crypto map M interface outside\nsysopt connection permit-vpn\n", "unknown"),
        ("crypto map M interface outside\nno sysopt connection permit-vpn\n", "deny"),
        ("crypto map M interface dmz\n", "deny"),
        ("", "deny"),
    ],
)
def test_a_site_tunnel_skips_the_lists(extra: str, expected: str) -> None:
    """From the remote to the local network of a tunnel packets may arrive decrypted, past the access lists."""
    text = SITE + CLOSED + SITE_TUNNEL + extra
    assert verdict(text, "outside", "tcp 172.16.9.5:9 10.20.0.11:1521") == expected
    assert verdict(text, "outside", "tcp 172.16.10.5:9 10.20.0.11:1521") == "deny"
    assert verdict(text, "outside", "tcp 172.16.9.5:9 192.0.2.10:1521") == "deny"
    assert LineState.NOT_UNDERSTOOD not in states(text)


@pytest.mark.parametrize(
    ("extra", "assumed"),
    [
        ("crypto map M interface outside\n", True),
        ("crypto map M interface outside\nsysopt connection permit-vpn\n", False),
        ("crypto map M interface outside\nno sysopt connection permit-vpn\n", False),
        ("", False),
    ],
)
def test_the_default_that_is_not_printed_is_an_assumption(extra: str, assumed: bool) -> None:
    """`sysopt connection permit-vpn` is the default, which the report owes to its reader where it matters."""
    found = [item.text for item in firewall(SITE + SITE_TUNNEL + extra).assumptions]
    assert ("sysopt connection permit-vpn is on" in found) is assumed


def test_a_tunnel_of_unknown_extent_is_any() -> None:
    """A crypto map whose access list is lost may let anything out of its tunnel."""
    text = f"{SITE}{CLOSED}crypto map M 10 match address LOST\ncrypto map M interface outside\n"
    assert verdict(text, "outside", "tcp 203.0.113.7:9 10.20.0.11:1") == "unknown"


POOL = "ip local pool P 10.99.0.1-10.99.0.9 mask 255.255.255.0\n"
SSL = "webvpn\n enable outside\n"
DYNAMIC = """\
crypto dynamic-map D 1 set reverse-route
crypto map M 65535 ipsec-isakmp dynamic D
crypto map M interface outside
"""
SERVER = "tunnel-group T general-attributes\n dhcp-server 10.20.0.2\n"
SITES = "tunnel-group DefaultL2LGroup ipsec-attributes\n ikev1 pre-shared-key *****\n"


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        (POOL + SSL, "10.99.0.1-10.99.0.9"),
        (SSL, "any"),
        (POOL + SSL + SERVER, "any"),
        (POOL + DYNAMIC, "10.99.0.1-10.99.0.9"),
        (POOL + DYNAMIC + SITES, "any"),
    ],
)
def test_remote_access_comes_from_its_pools(lines: str, source: str) -> None:
    """Clients of a remote-access tunnel have addresses of its pools, or any where a server hands them out."""
    assert [str(item.source) for item in firewall(SITE + lines).bypasses] == [source]
    assert LineState.NOT_UNDERSTOOD not in states(SITE + lines)


def test_a_tunnel_interface_is_a_bypass() -> None:
    """What arrives by a tunnel interface was in a tunnel, and skips the access lists alike."""
    lines = "interface Tunnel1\n nameif vti\n ip address 10.9.9.1 255.255.255.252\n tunnel source interface outside\n"
    (bypass,) = firewall(SITE + lines).bypasses
    assert (bypass.ingress, bypass.source) == (frozenset({"vti"}), ANY)


def test_a_strange_action_of_a_policy_decides() -> None:
    """An action that is not known may let traffic by."""
    text = f"{SITE}{DEFAULT}  frobnicate\nservice-policy global_policy global\n"
    assert state_of(text, "  frobnicate") is LineState.NOT_UNDERSTOOD
    assert [item.decides for item in parsed(text).remarks] == [True]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("sfr fail-open", ["the sfr module drops nothing that is permitted"]),
        ("ips inline fail-close sensor vs0", ["the ips module drops nothing that is permitted"]),
        ("sfr fail-open monitor-only", []),
        ("ips promiscuous fail-open", []),
    ],
)
def test_what_a_module_decides_is_assumed(action: str, said: list[str]) -> None:
    """A module in the path has rules of its own that nobody read; one that only watches decides nothing."""
    policy = f"policy-map global_policy\n class class-default\n  {action}\nservice-policy global_policy global\n"
    assert [item.text for item in firewall(f"{SITE}{policy}").assumptions] == said
