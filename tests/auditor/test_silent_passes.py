"""Small changes to configurations that pass: each breaks a promise of the site, or leaves it open, and none passes.

What each change does was worked out from the vendor's documents (on Linux from the kernel) before it was tried: 1 is a
difference that is found, 3 one that nobody can judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.deployment.load import load
from auditor.deployment.site import Deployment
from auditor.report.status import exit_code
from parsers.model.capture import Capture, Document

FIXTURES = Path(__file__).parents[2] / "fixtures"
Changes = dict[str, tuple[int, tuple[tuple[str, str], ...]]]
"""By what it does, a change's exit code and edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Texts of a fixture's configuration that become others (`+` in front of a line adds it behind the first text)."""

    fixture: str
    edits: tuple[tuple[str, str], ...]
    code: int


@cache
def _text(fixture: str) -> str:
    return (FIXTURES / fixture / "config.txt").read_text("utf-8")


@cache
def _deployment(fixture: str) -> Deployment:
    return load(FIXTURES / fixture / "deployment.yaml")


def _code(fixture: str, text: str) -> int:
    capture = Capture(documents=(Document(name="config.txt", text=text),))
    return exit_code(audit(capture, _deployment(fixture), as_of="2026-01-01T00:00:00Z", assume_complete=True))


def _changed(change: Change) -> str:
    text = _text(change.fixture)
    for old, new in change.edits:
        assert text.count(old) >= 1, f"{change.fixture} does not hold {old!r}"
        text = text.replace(old, old + new[1:] if new.startswith("+") else new, 1)
    return text


def _cases(fixture: str, changes: Changes) -> list[object]:
    return [
        pytest.param(Change(fixture=fixture, edits=edits, code=code), id=f"{fixture}: {name}")
        for name, (code, edits) in changes.items()
    ]


IPTABLES = "linux_iptables/audit-compliant"
RULE = "-j ACCEPT\nCOMMIT\n"
ON_IPTABLES: Changes = {
    "a second table filter that lets all pass": (
        3,
        ((RULE, "+*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"),),
    ),
    "a chain that is declared behind its rule": (
        3,
        ((":FORWARD DROP [0:0]\n", "+-A FORWARD -p tcp --dport 80 -j ACCEPT\n:FORWARD DROP [0:0]\n"),),
    ),
    "no such policy": (3, ((":FORWARD DROP", ":FORWARD REJECT"),)),
    "two targets in one rule": (3, ((RULE, "-j ACCEPT\n-A FORWARD -p tcp --dport 80 -j DROP -j ACCEPT\nCOMMIT\n"),)),
    "options that hold their values": (3, ((RULE, "-j ACCEPT\n-A FORWARD -ptcp --dport 80 -jACCEPT\nCOMMIT\n"),)),
}

NFT = "linux_nftables/audit-compliant"
NFT_END = "20444 } accept\n\t}\n}\n"
CHAIN = "table inet filter {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy accept;\n\t}\n}\n"
DROPS = "table ip first {\n\tchain f {\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n}\n"
SENDS_ON = (
    'table netdev n {\n\tchain i {\n\t\ttype filter hook ingress device "eth0" priority 0; policy accept;\n'
    '\t\ttcp dport 80 fwd ip to 192.0.2.10 device "eth1"\n\t}\n}\n'
)
ON_NFT: Changes = {
    "a policy that is written again": (3, ((NFT_END, f"+{CHAIN}"),)),
    "a table that is put to sleep": (3, ((NFT_END, "+table inet filter {\n\tflags dormant\n}\n"),)),
    "a flush of another family": (
        1,
        (("table inet filter {\n", f"{DROPS}flush ruleset ip6\ntable inet filter {{\n"),),
    ),
    "packets that are sent on past every rule": (3, ((NFT_END, f"+{SENDS_ON}"),)),
    "an interface by its number": (3, (("related accept\n", "+\t\tiif 2 tcp dport 80 accept\n"),)),
    "ARP that is dropped": (
        3,
        ((NFT_END, "+table arp a {\n\tchain f {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n"),),
    ),
}  # fmt: skip


ASA = "cisco_asa/compliant"
HTTPS = "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq https \n"
LAST = "service-policy global_policy global\n"
MODE = "ftp mode passive\n"
HTTP = "access-list OUTSIDE_IN line 1 extended permit tcp any any eq www\n"
DMZ = "interface GigabitEthernet1/2\n"
OUT = "access-group OUTSIDE_IN in interface outside\n"
ALL = "access-list ALL extended permit ip any any\n"
DROPS_ALL = "class-map ALL\n match any\npolicy-map global_policy\n class ALL\n  police input 8000 conform-action drop\n"
WRAPPED = "access-list OUTSIDE_IN extended deny tcp any host 192.0.2.11\n eq 23\n"
ON_ASA: Changes = {
    "an interface that is shut": (1, ((DMZ, "+ shutdown\n"),)),
    "a subinterface of one that is shut": (1, ((DMZ, f"+ shutdown\n!\n{DMZ[:-1]}.10\n vlan 10\n"),)),
    "a bundle whose members are shut": (1, ((DMZ, "+ shutdown\n channel-group 7\n!\ninterface Port-channel7\n"),)),
    "users who must log in first": (3, ((LAST, "+aaa authentication match USERS outside LOCAL\n"),)),
    "connections that open others": (3, ((LAST, "+established tcp 443 0 permitto tcp 80\n"),)),
    "a command that nobody knows": (3, ((LAST, "+frobnicate permit all\n"),)),
    "an access list that is cleared": (3, ((LAST, "+clear configure access-list\n"),)),
    "a second list on an interface": (3, ((HTTPS, f"{ALL}{HTTPS}"), (OUT, "+access-group ALL in interface outside\n"))),
    "replies to most of the Internet that are dropped": (
        1,
        (("route outside 0.0.0.0", "route Null0 0.0.0.0 128.0.0.0 1\nroute outside 0.0.0.0"),),
    ),
    "a line to be put first": (3, (("access-list DMZ_IN remark", f"{HTTP}access-list DMZ_IN remark"),)),
    "a rate limit that drops all": (3, (("policy-map global_policy\n", DROPS_ALL),)),
    "a line that lost its place": (3, ((MODE, f"+ {HTTP}"),)),
    "a pager's rest": (3, ((HTTPS, f"<--- More --->{HTTPS}"),)),
    "the rest of a wrapped line": (3, ((HTTPS, f"+{WRAPPED}"),)),
}

DUAL = "cisco_asa/ipv6-dual-stack"
FIRST = "access-list OUTSIDE_IN extended permit tcp any object-group ST-VIPS eq https \n"
THIRDS = "".join(
    f"access-list OUTSIDE_IN extended deny ip {part} any4\n" for part in ("0.0.0.0 128.0.0.0", "128.0.0.0 192.0.0.0")
)
ON_DUAL: Changes = {"IPv4 that is closed to most, behind the size of IPv6": (1, ((FIRST, f"{THIRDS}{FIRST}"),))}

IOS = "cisco_ios/compliant"
OUTSIDE = " ip access-group OUTSIDE_IN in\n"
PLANE = "control-plane\n"
QUEUES = "policy-map Q\n class class-default\n  police 8000 conform-action drop exceed-action drop\n!\n"
QUEUES_BELOW = "policy-map Q\n class class-default\n  police cir 8000\n   conform-action drop\n!\n"
USES = "+ service-policy input Q\n"
OUTER = (OUTSIDE, "+ ip nat outside\n")
INNER = (" ip access-group EDGES_IN in\n", "+ ip nat inside\n")
OTHER = "ip nat inside source static 192.0.2.10 198.51.100.10\n"
MANY = "ip nat inside source list 1 interface GigabitEthernet0/0 overload\naccess-list 1 permit any\n"
ON_IOS: Changes = {
    "a published address that the list does not name": (1, (OUTER, INNER, (PLANE, f"{OTHER}{PLANE}"))),
    "an overload that takes the replies": (3, (OUTER, INNER, (PLANE, f"{MANY}{PLANE}"))),
    "a list that is taken away again": (3, ((OUTSIDE, "+ no ip access-group OUTSIDE_IN in\n"),)),
    "replies to most of the Internet that are dropped": (
        1,
        (("ip route 0.0.0.0 0.0.0.0", "ip route 0.0.0.0 128.0.0.0 Null0\nip route 0.0.0.0 0.0.0.0"),),
    ),
    "a router that does not route": (3, ((PLANE, f"no ip routing\n{PLANE}"),)),
    "a rate limit that drops all": (3, ((OUTSIDE, USES), (PLANE, f"{QUEUES}{PLANE}"))),
    "a rate limit that drops all, below": (3, ((OUTSIDE, USES), (PLANE, f"{QUEUES_BELOW}{PLANE}"))),
    "an old rate limit that drops all": (
        3,
        ((OUTSIDE, "+ rate-limit input 8000 1500 2000 conform-action drop exceed-action drop\n"),),
    ),
    "users who must log in first": (3, ((OUTSIDE, "+ ip admission USERS\n"),)),
    "group tags": (3, ((PLANE, f"cts role-based enforcement\n{PLANE}"),)),
    "a command that nobody knows": (3, ((PLANE, f"flowspec\n local-install interface-all\n!\n{PLANE}"),)),
}

NXOS = "cisco_nxos/compliant"
SERVERS = "  description Servers\n"
ON_NXOS: Changes = {
    "a VLAN interface that nobody started": (1, (("  description Edges\n  no shutdown\n", "  description Edges\n"),)),
    "a subinterface that nobody started": (
        1,
        (("  encapsulation dot1q 20\n  no shutdown\n", "  encapsulation dot1q 20\n"),),
    ),
    "a bundle that is shut": (1, (("interface port-channel5\n", "+  shutdown\n"),)),
    "a bundle whose member is shut": (
        1,
        (("  channel-group 5 mode active\n  no shutdown\n", "  channel-group 5 mode active\n  shutdown\n"),),
    ),
    "a list that is taken away again": (3, ((SERVERS, "+  no ip access-group SERVERS_IN in\n"),)),
    "a command that nobody knows": (3, (("copp profile strict\n", "+frobnicate all\n"),)),
}

XR = "cisco_iosxr/compliant"
ON_XR: Changes = {
    "an interface that is not there yet": (
        1,
        (("interface GigabitEthernet0/0/0/1\n", "interface preconfigure GigabitEthernet0/0/0/1\n"),),
    ),
    "carrier-grade translation": (3, (("router static\n", "service cgn one\n!\nrouter static\n"),)),
    "a pager's rest": (3, ((" 30 deny ipv4 any any\n", "<--- More --->\n 30 deny ipv4 any any\n"),)),
    "a command that nobody knows": (3, (("ssh server v2\n", "+flowspec\n address-family ipv4\n!\n"),)),
    "a list that is taken away again": (
        3,
        ((" ipv4 access-group OUTSIDE_IN ingress\n", "+ no ipv4 access-group OUTSIDE_IN ingress\n"),),
    ),
}

CHANGED: dict[str, Changes] = {
    IPTABLES: ON_IPTABLES,
    NFT: ON_NFT,
    ASA: ON_ASA,
    DUAL: ON_DUAL,
    IOS: ON_IOS,
    NXOS: ON_NXOS,
    XR: ON_XR,
}


@pytest.mark.parametrize("change", [case for fixture, changes in CHANGED.items() for case in _cases(fixture, changes)])
def test_no_change_passes(change: Change) -> None:
    """Each change is found, or makes the audit say that it cannot judge."""
    assert _code(change.fixture, _changed(change)) == change.code


@pytest.mark.parametrize("fixture", [ASA, IOS, NXOS, XR])
def test_two_configurations_in_one_file_are_none(fixture: str) -> None:
    """A second device's name tells that the file was put together of two."""
    text = _text(fixture)
    assert "\nhostname " in text

    assert _code(fixture, text.replace("\nhostname ", "\nhostname other\nhostname ")) == 3


@pytest.mark.parametrize("fixture", list(CHANGED))
def test_unchanged_it_passes(fixture: str) -> None:
    """The configurations that are changed pass as they are: else the changes would show nothing."""
    assert _code(fixture, _text(fixture)) == 0
