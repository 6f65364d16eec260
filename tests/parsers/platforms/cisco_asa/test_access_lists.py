"""Access lists of an ASA: every form of an ACE, and what keeps one from being exact."""

from __future__ import annotations

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.conditions import Axis, ConditionKind
from parsers.model.rules import Rule
from tests.parsers.platforms.cisco_asa.asa import (
    BOUND,
    SITE,
    firewall,
    from_outside,
    judged,
    parsed,
    state_of,
    verdict,
)

OBJECTS = """\
name 192.0.2.10 vip
object network VIP
 host 192.0.2.10
object network EDGES
 range 192.0.2.11 192.0.2.12
object network DMZ6
 subnet 2001:db8:2::/64
object service WEB
 service tcp destination eq https
object service FROM-20
 service tcp source eq ftp-data destination gt 1023
object-group network HOSTS
 network-object object VIP
 network-object 192.0.2.32 255.255.255.224
object-group service PORTS tcp
 port-object eq ssh
 port-object range 8080 8090
object-group service DNS tcp-udp
 port-object eq domain
object-group service MIXED
 service-object tcp destination eq 443
 service-object udp destination eq 500
 service-object icmp echo
object-group protocol TCPUDP
 protocol-object tcp
 protocol-object udp
object-group protocol TUNNELS
 protocol-object gre
 protocol-object esp
object-group icmp-type PINGS
 icmp-object echo
 icmp-object 13
"""

CLIENT = "203.0.113.7"
FORMS = [
    # ace behind `access-list A`, packet from the outside, verdict
    ("extended permit tcp any host 192.0.2.10 eq https", "tcp 203.0.113.7:9 192.0.2.10:443", "permit"),
    ("extended permit tcp any host 192.0.2.10 eq https", "tcp 203.0.113.7:9 192.0.2.10:444", "deny"),
    ("extended permit tcp any host 192.0.2.10 eq https", "udp 203.0.113.7:9 192.0.2.10:443", "deny"),
    ("permit tcp any host 192.0.2.10 eq 443", "tcp 203.0.113.7:9 192.0.2.10:443", "permit"),
    ("line 1 extended permit tcp any host 192.0.2.10 eq 443", "tcp 203.0.113.7:9 192.0.2.10:443", "permit"),
    ("extended permit ip any any", "udp 203.0.113.7:9 192.0.2.10:1", "permit"),
    ("extended permit tcp any4 host vip eq www", "tcp 203.0.113.7:9 192.0.2.10:80", "permit"),
    ("extended permit tcp any host 192.0.2.10 neq 80", "tcp 203.0.113.7:9 192.0.2.10:80", "deny"),
    ("extended permit tcp any host 192.0.2.10 neq 80", "tcp 203.0.113.7:9 192.0.2.10:81", "permit"),
    ("extended permit tcp any host 192.0.2.10 lt 1024", "tcp 203.0.113.7:9 192.0.2.10:1023", "permit"),
    ("extended permit tcp any host 192.0.2.10 lt 1024", "tcp 203.0.113.7:9 192.0.2.10:1024", "deny"),
    ("extended permit tcp any gt 1023 host 192.0.2.10 gt 1023", "tcp 203.0.113.7:1024 192.0.2.10:1024", "permit"),
    ("extended permit tcp any gt 1023 host 192.0.2.10 gt 1023", "tcp 203.0.113.7:1023 192.0.2.10:1024", "deny"),
    ("extended permit tcp any range ftp-data 22 host vip", "tcp 203.0.113.7:21 192.0.2.10:5", "permit"),
    ("extended permit tcp any range ftp-data 22 host vip", "tcp 203.0.113.7:23 192.0.2.10:5", "deny"),
    ("extended permit tcp 203.0.113.0 255.255.255.128 any", "tcp 203.0.113.127:9 192.0.2.10:5", "permit"),
    ("extended permit tcp 203.0.113.0 255.255.255.128 any", "tcp 203.0.113.128:9 192.0.2.10:5", "deny"),
    ("extended permit tcp 203.0.0.7 255.255.0.255 any", "tcp 203.0.113.7:9 192.0.2.10:5", "permit"),
    ("extended permit tcp 203.0.0.7 255.255.0.255 any", "tcp 203.0.113.8:9 192.0.2.10:5", "deny"),
    ("extended permit tcp any object VIP eq ssh", "tcp 203.0.113.7:9 192.0.2.10:22", "permit"),
    ("extended permit tcp any object EDGES", "tcp 203.0.113.7:9 192.0.2.12:22", "permit"),
    ("extended permit tcp any object EDGES", "tcp 203.0.113.7:9 192.0.2.13:22", "deny"),
    ("extended permit tcp any object-group HOSTS", "tcp 203.0.113.7:9 192.0.2.63:22", "permit"),
    ("extended permit tcp any object-group HOSTS", "tcp 203.0.113.7:9 192.0.2.64:22", "deny"),
    ("extended permit tcp any object-group HOSTS object-group PORTS", "tcp 203.0.113.7:9 192.0.2.10:8090", "permit"),
    ("extended permit tcp any object-group HOSTS object-group PORTS", "tcp 203.0.113.7:9 192.0.2.10:8091", "deny"),
    ("extended permit tcp any object-group PORTS object-group HOSTS", "tcp 203.0.113.7:22 192.0.2.10:7", "permit"),
    ("extended permit tcp any object-group PORTS object-group HOSTS", "tcp 203.0.113.7:7 192.0.2.10:22", "deny"),
    ("extended permit tcp any object-group PORTS object VIP object-group PORTS",
     "tcp 203.0.113.7:22 192.0.2.10:8080", "permit"),
    ("extended permit tcp any object-group PORTS any eq 7", "tcp 203.0.113.7:22 192.0.2.10:7", "permit"),
    ("extended permit udp any any object-group DNS", "udp 203.0.113.7:9 192.0.2.10:53", "permit"),
    ("extended permit object WEB any object VIP", "tcp 203.0.113.7:9 192.0.2.10:443", "permit"),
    ("extended permit object FROM-20 any object VIP", "tcp 203.0.113.7:20 192.0.2.10:1024", "permit"),
    ("extended permit object FROM-20 any object VIP", "tcp 203.0.113.7:21 192.0.2.10:1024", "deny"),
    ("extended permit object-group MIXED any object VIP", "udp 203.0.113.7:9 192.0.2.10:500", "permit"),
    ("extended permit object-group MIXED any object VIP", "icmp 203.0.113.7 192.0.2.10:8/0", "permit"),
    ("extended permit object-group MIXED any object VIP", "udp 203.0.113.7:9 192.0.2.10:443", "deny"),
    ("extended permit object-group TCPUDP any object VIP eq domain", "udp 203.0.113.7:9 192.0.2.10:53", "permit"),
    ("extended permit object-group TCPUDP any object VIP eq domain", "tcp 203.0.113.7:9 192.0.2.10:54", "deny"),
    ("extended permit object-group TCPUDP any eq 9 object VIP", "tcp 203.0.113.7:9 192.0.2.10:54", "permit"),
    ("extended permit object-group TUNNELS any object VIP", "gre 203.0.113.7 192.0.2.10", "permit"),
    ("extended permit object-group TUNNELS any object VIP", "tcp 203.0.113.7:1 192.0.2.10:1", "deny"),
    ("extended permit object tcp-https any object VIP", "tcp 203.0.113.7:9 192.0.2.10:443", "permit"),
    ("extended permit object icmp-echo any object VIP", "icmp 203.0.113.7 192.0.2.10:8/0", "permit"),
    ("extended permit icmp any any", "icmp 203.0.113.7 192.0.2.10:3/1", "permit"),
    ("extended permit icmp any any unreachable", "icmp 203.0.113.7 192.0.2.10:3/1", "permit"),
    ("extended permit icmp any any unreachable", "icmp 203.0.113.7 192.0.2.10:8/0", "deny"),
    ("extended permit icmp any any 3 4", "icmp 203.0.113.7 192.0.2.10:3/4", "permit"),
    ("extended permit icmp any any 3 4", "icmp 203.0.113.7 192.0.2.10:3/1", "deny"),
    ("extended permit icmp any any object-group PINGS", "icmp 203.0.113.7 192.0.2.10:13/0", "permit"),
    ("extended permit icmp any any object-group PINGS", "icmp 203.0.113.7 192.0.2.10:0/0", "deny"),
    ("extended permit 47 any any", "gre 203.0.113.7 192.0.2.10", "permit"),
    ("extended permit ipsec any any", "esp 203.0.113.7 192.0.2.10", "permit"),
    ("extended permit tcp any interface dmz eq 22", "tcp 203.0.113.7:9 192.0.2.1:22", "permit"),
    ("extended permit tcp any any eq 22 log", "tcp 203.0.113.7:9 192.0.2.10:22", "permit"),
    ("extended permit tcp any any eq 22 log disable", "tcp 203.0.113.7:9 192.0.2.10:22", "permit"),
    ("extended permit tcp any any eq 22 log warnings interval 600", "tcp 203.0.113.7:9 192.0.2.10:22", "permit"),
    ("extended permit tcp any any eq 22 log 4 interval 600", "tcp 203.0.113.7:9 192.0.2.10:22", "permit"),
    ("extended permit tcp any any eq 22 inactive", "tcp 203.0.113.7:9 192.0.2.10:22", "deny"),
    ("extended permit tcp any any eq 22 log default inactive", "tcp 203.0.113.7:9 192.0.2.10:22", "deny"),
    ("extended permit tcp any6 any eq 22", "tcp 203.0.113.7:9 192.0.2.10:22", "deny"),
]  # fmt: skip


@pytest.mark.parametrize(("ace", "question", "expected"), FORMS)
def test_every_form_of_an_ace(ace: str, question: str, expected: str) -> None:
    """An ACE in each of its forms matches what the command reference says, and nothing of it is in doubt."""
    rules = f"{OBJECTS}access-list A {ace}\n"
    assert from_outside(rules, question) == expected
    text = SITE + rules + BOUND
    assert state_of(text, f"access-list A {ace}") is LineState.MODELLED
    assert parsed(text).remarks == ()


SITE6 = SITE.replace(
    " ip address 192.0.2.1 255.255.255.0\n", " ip address 192.0.2.1 255.255.255.0\n ipv6 address 2001:db8:2::1/64\n"
)


@pytest.mark.parametrize(
    ("ace", "expected"),
    [
        ("permit tcp any host 2001:db8:2::10 eq 443", "permit"),
        ("permit tcp any 2001:db8:2::/64 eq 443", "permit"),
        ("permit tcp 2001:db8:9::/48 object DMZ6 eq 443", "permit"),
        ("permit tcp any6 any6 eq 443", "permit"),
        ("permit tcp any any eq 443", "permit"),
        ("permit tcp any4 any eq 443", "deny"),
        ("permit tcp any 2001:db8:3::/64 eq 443", "deny"),
    ],
)
def test_ipv6(ace: str, expected: str) -> None:
    """From ASA 9.0 on `any` means both families, and IPv6 hosts and prefixes stand where IPv4 ones do."""
    text = f"{SITE6}{OBJECTS}access-list A extended {ace}\n{BOUND}"
    assert verdict(text, "outside", "tcp [2001:db8:9::7]:9 [2001:db8:2::10]:443") == expected


def test_any_means_ipv4_before_9_0() -> None:
    """Before ASA 9.0 access lists of IPv6 are lists of their own, so `any` is IPv4."""
    text = f"{SITE6}access-list A extended permit ip any any\n{BOUND}".replace("9.16(4)", "8.4(7)")
    assert verdict(text, "outside", "tcp 203.0.113.7:9 192.0.2.10:443") == "permit"
    assert verdict(text, "outside", "tcp [2001:db8:9::7]:9 [2001:db8:2::10]:443") == "deny"


def only_rule(ace: str, objects: str = "") -> Rule:
    """Give the rule that one line makes."""
    (stage,) = [
        item
        for item in firewall(f"{SITE}{objects}access-list A {ace}\n{BOUND}").stages
        if item.name == "filter outside"
    ]
    (rule,) = stage.chain("A").rules
    return rule


@pytest.mark.parametrize(
    ("ace", "kind", "values", "axis"),
    [
        ("time-range HOURS", ConditionKind.SCHEDULE, ("HOURS",), Axis.WHOLE),
        ("log time-range HOURS", ConditionKind.SCHEDULE, ("HOURS",), Axis.WHOLE),
    ],
)
def test_a_time_range_is_a_condition(ace: str, kind: ConditionKind, values: tuple[str, ...], axis: Axis) -> None:
    """A time range is a condition even where its end lies in the past, since a parser asks no clock."""
    rule = only_rule(
        f"extended permit tcp any host 192.0.2.10 eq 22 {ace}",
        "time-range HOURS\n absolute end 08:00 1 January 2001\n",
    )
    assert [(item.kind, item.values, item.axis) for item in rule.conditions] == [(kind, values, axis)]
    assert rule.sure is None


@pytest.mark.parametrize(
    ("ace", "kind", "values", "axis"),
    [
        ("tcp user CORP\\ann any any", ConditionKind.USER, "CORP\\ann", Axis.SOURCE),
        ("tcp user-group CORP\\\\ops any any", ConditionKind.USER, "CORP\\\\ops", Axis.SOURCE),
        ("tcp object-group-user OPS any any", ConditionKind.USER, "OPS CORP\\bob CORP\\\\night", Axis.SOURCE),
        ("tcp security-group tag 7 any any", ConditionKind.SECURITY_GROUP, "7", Axis.SOURCE),
        ("tcp any security-group name web any", ConditionKind.SECURITY_GROUP, "web", Axis.DESTINATION),
        ("tcp any object-group-security WEB any", ConditionKind.SECURITY_GROUP, "WEB 9 backup", Axis.DESTINATION),
    ],
)
def test_identities_are_conditions(ace: str, kind: ConditionKind, values: str, axis: Axis) -> None:
    """A user or a security group narrows its end by an amount that the configuration does not tell."""
    rule = only_rule(
        f"extended permit {ace}",
        "object-group user OPS\n user CORP\\bob\n group-object NIGHT\n"
        "object-group user NIGHT\n description at night\n user-group CORP\\\\night\n group-object OPS\n"
        "object-group security WEB\n security-group tag 9\n security-group name backup\n",
    )
    (condition,) = rule.conditions
    assert (condition.kind, condition.values, condition.axis) == (kind, tuple(values.split()), axis)


def test_fqdn_is_a_condition_on_its_end() -> None:
    """An FQDN object may stand for any address of its family; the condition names the domain and the object."""
    rule = only_rule(
        "extended permit tcp object P host 192.0.2.10 eq 22", "object network P\n fqdn v4 sftp.example.com\n"
    )
    (condition,) = rule.conditions
    assert (condition.kind, condition.axis) == (ConditionKind.FQDN, Axis.SOURCE)
    assert condition.values == ("sftp.example.com", "P")
    assert str(rule.possible.source) == "any4"
    assert rule.sure is None


def test_the_exact_part_of_a_group_is_sure() -> None:
    """A group with an exact and an unknown member permits the exact one surely, and perhaps everyone."""
    rules = """\
object network P
 fqdn sftp.example.com
object-group network PARTNERS
 network-object host 203.0.113.7
 network-object object P
access-list A extended permit tcp object-group PARTNERS host 192.0.2.10 eq 22
"""
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.10:22") == "permit"
    assert from_outside(rules, "tcp 203.0.113.8:9 192.0.2.10:22") == "unknown"
    assert from_outside(rules, "tcp 203.0.113.8:9 192.0.2.10:23") == "deny"


def test_a_strange_word_behind_the_tuple_leaves_the_tuple_as_bound() -> None:
    """What follows a complete five-tuple and is not known can only narrow it."""
    rules = "access-list A extended permit tcp any host 192.0.2.10 eq 22 quarantine 7\n"
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.10:22") == "unknown"
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.10:23") == "deny"
    text = SITE + rules + BOUND
    (remark,) = parsed(text).remarks
    assert (remark.kind, remark.span and remark.span.first) == (RemarkKind.NOT_UNDERSTOOD, 16)
    assert state_of(text, rules.rstrip("\n")) is LineState.NOT_UNDERSTOOD


@pytest.mark.parametrize("action", ["permit", "deny"])
def test_a_strange_word_before_the_tuple_unbounds_the_rule(action: str) -> None:
    """A line that is not understood before its five-tuple is complete may match anything, with its own action."""
    rules = f"access-list A extended {action} quarantine tcp any host 192.0.2.10 eq 22\n"
    tail = "" if action == "permit" else "access-list A extended permit ip any any\n"
    assert from_outside(rules + tail, "udp 203.0.113.7:9 192.0.2.77:1") == "unknown"


@pytest.mark.parametrize("line", ["extended allow tcp any any", "expanded permit tcp any any", "extended"])
def test_a_line_without_an_action_may_do_either(line: str) -> None:
    """Where not even the action is understood the packet may be permitted or denied there."""
    rules = f"access-list A {line}\naccess-list A extended permit ip any any\n"
    assert from_outside(rules, "udp 203.0.113.7:9 192.0.2.77:1") == "unknown"


def test_first_match_decides() -> None:
    """The first ACE that matches decides; what matches none is denied."""
    rules = """\
access-list A remark first the bad ones
access-list A extended deny tcp 203.0.113.128 255.255.255.128 any
access-list A extended permit tcp any host 192.0.2.10 eq 443
access-list A extended deny ip any any log
"""
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.10:443") == "permit"
    assert from_outside(rules, "tcp 203.0.113.200:9 192.0.2.10:443") == "deny"
    denied = judged(SITE + rules + BOUND, "outside", "tcp 203.0.113.200:9 192.0.2.10:443")
    assert [step.span and step.span.first for step in denied.paths[0].steps][-1] == 17


def test_common_and_rare_lines_read_alike() -> None:
    """The fast reading of a common line gives the same rules as the reading word by word (with `line N`)."""
    aces = [ace for ace, _, _ in FORMS if ace.startswith("extended")]
    fast = "".join(f"access-list A {ace}\n" for ace in aces)
    slow = "".join(f"access-list A line 1 {ace}\n" for ace in aces)
    left, right = (firewall(SITE + OBJECTS + text + BOUND) for text in (fast, slow))
    assert left.stages == right.stages


def test_a_list_that_nothing_names_is_noted() -> None:
    """An access list that no command names filters nothing, and the reader is told."""
    (remark,) = parsed(f"{SITE}access-list LOST extended permit ip any any\n").remarks
    assert remark.kind is RemarkKind.UNBOUND
    assert "LOST" in remark.text


def test_a_list_that_is_not_defined_may_do_anything() -> None:
    """A bound access list without a line is not taken for an empty one."""
    assert verdict(SITE + BOUND, "outside", "tcp 203.0.113.7:9 192.0.2.10:443") == "unknown"
    assert [remark.kind for remark in parsed(SITE + BOUND).remarks] == [RemarkKind.UNDEFINED]


def test_an_undefined_time_range_is_unknown() -> None:
    """A time range that is not defined is a condition that no accepted schedule lifts."""
    rule = only_rule("extended permit tcp any any eq 22 time-range LOST")
    assert [item.kind for item in rule.conditions] == [ConditionKind.UNKNOWN]


def test_standard_lists_name_networks() -> None:
    """A standard list filters no interface; its lines are accounted for all the same."""
    text = (
        f"{SITE}access-list SPLIT standard permit 10.0.0.0 255.0.0.0\naccess-list SPLIT standard permit host 10.1.1.1\n"
    )
    assert state_of(text, "access-list SPLIT standard permit 10.0.0.0 255.0.0.0") is LineState.MODELLED
    assert state_of(text, "access-list SPLIT standard permit host 10.1.1.1") is LineState.MODELLED
