"""Objects and object-groups of an ASA: nesting, loops, what is not defined, members with their lines."""

from __future__ import annotations

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import AddressSet
from parsers.model.services import Service, ServiceSet
from tests.parsers.platforms.cisco_asa.asa import BOUND, SITE, firewall, from_outside, parsed, state_of

RULE = "access-list A extended permit tcp any object-group G eq 443\n"
PACKET = "tcp 203.0.113.7:9 192.0.2.10:443"


def test_groups_nest() -> None:
    """A group holds what its members hold, however deep, and a definition may come after its use."""
    rules = f"""\
{RULE}object-group network G
 description all of it
 group-object H
object-group network H
 group-object I
 network-object host 192.0.2.11
object-group network I
 network-object object O
object network O
 host 192.0.2.10
"""
    assert from_outside(rules, PACKET) == "permit"
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.11:443") == "permit"
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.12:443") == "deny"
    assert parsed(SITE + rules + BOUND).remarks == ()


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ("", RemarkKind.UNDEFINED),
        ("object-group network G\n network-object object GONE\n", RemarkKind.UNDEFINED),
        ("object-group network G\n", RemarkKind.UNDEFINED),
        ("object-group network G\n group-object G\n", RemarkKind.LOOP),
        ("object-group network G\n group-object H\nobject-group network H\n group-object G\n", RemarkKind.LOOP),
        ("object-group network G\n network-object 192.0.2.0 255.255.255.0 frob\n", RemarkKind.NOT_UNDERSTOOD),
        ("object-group network G\n frob-object host 192.0.2.10\n", RemarkKind.NOT_UNDERSTOOD),
        ("object-group network G\n network-object\n", RemarkKind.NOT_UNDERSTOOD),
        ("object-group network G\n network-object host 192.0.2.300\n", RemarkKind.NOT_UNDERSTOOD),
    ],
)
def test_what_is_not_known_never_means_nothing(definition: str, kind: RemarkKind) -> None:
    """A rule on a group that is undefined, empty, in a loop or not understood may match anything."""
    text = SITE + definition + RULE + BOUND
    assert from_outside(definition + RULE, PACKET) == "unknown"
    assert from_outside(definition + RULE, "tcp 203.0.113.7:9 10.20.0.5:443") == "unknown"
    assert from_outside(definition + RULE, "tcp 203.0.113.7:9 192.0.2.10:80") == "deny"
    assert kind in {remark.kind for remark in parsed(text).remarks}


def test_an_object_with_two_values_is_in_doubt() -> None:
    """A device prints one value per object; two of them (a lost header line between) make the object unknown."""
    rules = "object network O\n host 192.0.2.10\n host 192.0.2.11\naccess-list A extended permit ip any object O\n"
    assert from_outside(rules, "tcp 203.0.113.7:9 192.0.2.10:443") == "unknown"


def test_a_name_of_another_kind_is_undefined() -> None:
    """A service group in an address's place is not taken for an empty set of addresses."""
    rules = "object-group service G tcp\n port-object eq 443\naccess-list A extended permit ip any object-group G\n"
    assert from_outside(rules, PACKET) == "unknown"
    (remark,) = parsed(SITE + rules + BOUND).remarks
    assert remark.text == "object-group G is of kind service: a network object-group is wanted"


def test_members_keep_their_lines() -> None:
    """Each member of a group is bounded on its own, with its own line, so that a report can name it."""
    rules = """\
object-group service WEB tcp
 port-object eq www
 port-object range 443 444
object-group network NETS
 network-object 192.0.2.0 255.255.255.128
 network-object object LOST
"""
    found = {item.name: item for item in firewall(SITE + rules).objects}
    ports = found["WEB"].members
    assert [(bounds.sure, span.first) for bounds, span in ports] == [
        (ServiceSet.of(Service(protocols=(6, 6), ports=(80, 80))), 17),
        (ServiceSet.of(Service(protocols=(6, 6), ports=(443, 444))), 18),
    ]
    first, second = found["NETS"].members
    assert first[0].possible == AddressSet.of("192.0.2.0/25")
    assert not second[0].is_exact


@pytest.mark.parametrize(
    ("lines", "protocol", "source", "port", "inside"),
    [
        ("service-object tcp destination eq ssh", 6, 9, 22, True),
        ("service-object tcp eq ssh", 6, 9, 22, True),
        ("service-object tcp-udp destination eq domain", 17, 9, 53, True),
        ("service-object tcp source eq 20 destination gt 1023", 6, 20, 1024, True),
        ("service-object tcp source eq 20 destination gt 1023", 6, 21, 1024, False),
        ("service-object udp", 17, 9, 9, True),
        ("service-object 47", 47, 0, 0, True),
        ("service-object icmp echo", 1, 0, 8 * 256, True),
        ("service-object icmp unreachable 4", 1, 0, 3 * 256 + 4, True),
        ("service-object icmp unreachable 4", 1, 0, 3 * 256 + 1, False),
        ("service-object icmp6 echo", 58, 0, 128 * 256, True),
        ("service-object object tcp-https", 6, 9, 443, True),
        ("service-object ip", 99, 0, 0, True),
    ],
)
def test_service_objects(lines: str, protocol: int, source: int, port: int, inside: bool) -> None:
    """Each form of a service-object line stands for the services that the command reference says."""
    (found,) = firewall(f"{SITE}object-group service S\n {lines}\n").objects
    ((bounds, _),) = found.members
    assert bounds.is_exact
    assert isinstance(bounds.sure, ServiceSet)
    assert bounds.sure.contains(protocol, source, port) is inside


def test_a_group_of_unknown_kind_decides() -> None:
    """A definition of a kind that is not known can stand in any rule: the report must not stay silent."""
    text = f"{SITE}object-group frobs G\n frob-object host 192.0.2.1\n"
    assert {remark.decides for remark in parsed(text).remarks} == {True}
    assert state_of(text, "object-group frobs G") is LineState.NOT_UNDERSTOOD
    assert state_of(text, " frob-object host 192.0.2.1") is LineState.NOT_UNDERSTOOD


def test_deep_nesting_ends() -> None:
    """Groups nested beyond all sense are given up, not followed into a crash."""
    groups = "".join(f"object-group network G{n}\n group-object G{n + 1}\n" for n in range(500))
    rules = f"{groups}access-list A extended permit ip any object-group G0\n"
    assert from_outside(rules, PACKET) == "unknown"
