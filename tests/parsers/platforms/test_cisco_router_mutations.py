"""Configurations of routers with a line, a block or a name lost, or a word too much: nothing is taken for sure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from parsers.contract import LineState, Parsed, RemarkKind
from parsers.model.capture import Capture, Document
from parsers.registry import platform
from tests.fixture_cases import FIXTURES, Asked, Case, judged, questions

NAMES = (
    "cisco_ios/named-extended", "cisco_ios/numbered", "cisco_ios/object-groups", "cisco_ios/reflexive",
    "cisco_ios/ipv6-traffic-filter", "cisco_ios/nat", "cisco_ios/nat-pools-zones", "cisco_ios/zones-nested-self",
    "cisco_nxos/router-acl", "cisco_nxos/object-groups", "cisco_nxos/vlan-map", "cisco_nxos/ipv6",
    "cisco_iosxr/ingress-list", "cisco_iosxr/object-groups", "cisco_iosxr/common-list",
    "cisco_ios/sequence-numbers", "cisco_nxos/sequence", "cisco_iosxr/sequence",
)  # fmt: skip
WORD = "frobnicate"
ENTRIES = ("permit", "deny", "evaluate")
NAMED = ("object-group", "access-list", "class-map", "policy-map", "time-range")
"""Blocks that other lines refer to by the last word of their first line."""


@cache
def case(name: str) -> Case:
    """Give a fixture by platform and name."""
    return Case(platform=name.partition("/")[0], folder=FIXTURES / name)


@cache
def lines_of(name: str) -> tuple[str, ...]:
    """Give the lines of a fixture."""
    return tuple(case(name).capture().documents[0].lines())


@cache
def asked_of(name: str) -> tuple[tuple[Asked, str], ...]:
    """Give the packets of a fixture with their verdicts, as the unchanged configuration has them."""
    return tuple(
        (asked, judged(firewall, asked).verdict.value) for firewall, asked in questions(case(name), case(name).parse())
    )


def parse(name: str, lines: list[str]) -> Parsed:
    """Parse a mutant and check what holds for every text."""
    capture = Capture(documents=(Document(name="running-config", text="\n".join(lines) + "\n"),))
    found = platform(case(name).platform).parse(capture)
    assert [len(states) for states in found.ledger] == [len(lines)]
    remarked = {
        number
        for remark in found.remarks
        if remark.span is not None
        for number in range(remark.span.first, remark.span.last + 1)
    }
    unknown = {number for number, state in enumerate(found.ledger[0], 1) if state == LineState.NOT_UNDERSTOOD}
    assert unknown <= remarked
    return found


def verdicts(found: Parsed, name: str) -> Iterator[tuple[Asked, str, str]]:
    """Give each packet of a fixture with its verdict there and in a mutant."""
    (firewall,) = found.firewalls
    known = {item.name for item in firewall.interfaces}
    for asked, before in asked_of(name):
        if asked.ingress in known:
            yield asked, before, judged(firewall, asked).verdict.value


def block(lines: tuple[str, ...], start: int) -> int:
    """Give the index behind the block that a line (by index) begins."""
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    return end


@pytest.mark.parametrize("name", NAMES)
def test_each_line_lost(name: str) -> None:
    """Without any one of its modelled lines a configuration still parses, each line of it accounted for."""
    lines = lines_of(name)
    for n, state in enumerate(case(name).parse().ledger[0]):
        if state == LineState.MODELLED:
            parse(name, [*lines[:n], *lines[n + 1 :]])


def definitions(lines: tuple[str, ...]) -> dict[tuple[str, str], list[int]]:
    """Give the indices of the lines that define each block or numbered list that another line names."""
    found: dict[tuple[str, str], list[int]] = {}
    for start, line in enumerate(lines):
        words = line.split()
        if line[:1].isspace() or not words:
            continue
        if words[0] == "access-list":
            found.setdefault(("access-list", words[1]), []).append(start)
            continue
        kind = next((word for word in words[:2] if word in NAMED), "")
        if kind and words[:2] != ["vlan", "filter"]:
            found.setdefault((kind, words[-1]), []).extend(range(start, block(lines, start)))
    return {
        key: numbers
        for key, numbers in found.items()
        if any(key[1] in line.split()[1:] for n, line in enumerate(lines) if n not in numbers)
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_referenced_block_lost(name: str) -> None:
    """A reference to nothing never decides: what is not as before is unknown, and the name is told."""
    lines = lines_of(name)
    lost = definitions(lines)
    assert lost
    for (kind, label), numbers in lost.items():
        gone = set(numbers)
        found = parse(name, [line for n, line in enumerate(lines) if n not in gone])
        assert any(item.kind is RemarkKind.UNDEFINED and label in item.text for item in found.remarks), (kind, label)
        changed = [(asked.id, before, after) for asked, before, after in verdicts(found, name) if after != before]
        assert [item for item in changed if item[2] != "unknown"] == [], (kind, label)


@pytest.mark.parametrize("name", NAMES)
def test_a_made_up_word_in_each_rule(name: str) -> None:
    """A word that no router knows never turns a packet from permit to deny or back: its verdict is kept or unknown."""
    lines = lines_of(name)
    unsettled = 0
    for n, line in enumerate(lines):
        words = line.split()
        if not any(word in ENTRIES for word in words[:3]) or "remark" in words[:3] or words[0] == "route-map":
            continue
        indent = line[: len(line) - len(line.lstrip())]
        for place in range(2 if words[0] == "access-list" else 0, len(words) + 1):
            if words[0] == "access-list" and place == 0:
                continue
            mutant = indent + " ".join([*words[:place], WORD, *words[place:]])
            found = parse(name, [*lines[:n], mutant, *lines[n + 1 :]])
            assert found.ledger[0][n] == LineState.NOT_UNDERSTOOD or any(
                item.span is not None and item.span.first == n + 1 for item in found.remarks
            ), mutant
            for asked, before, after in verdicts(found, name):
                assert after in {before, "unknown"}, (mutant, asked.id, before, after)
                unsettled += after != before
    assert unsettled


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("cisco_ios/nat", " ip access-group OUTSIDE_IN in", " ip access-group OUTSIDE_IN frobnicate in"),
        ("cisco_ios/nat", " ip nat outside", " ip nat frobnicate"),
        ("cisco_ios/nat", " ip address 10.1.1.1 255.255.255.0", " ip address frobnicate 10.1.1.1 255.255.255.0"),
        (
            "cisco_ios/nat",
            "ip nat inside source static 10.1.1.10 192.0.2.10",
            "ip nat inside source static frobnicate 10.1.1.10 192.0.2.10",
        ),
        ("cisco_ios/nat", "ip route 0.0.0.0 0.0.0.0 198.51.100.254", "ip route 0.0.0.0 frobnicate 198.51.100.254"),
        (
            "cisco_ios/zones-nested-self",
            "zone-pair security OUT-DMZ source OUTSIDE destination DMZ",
            "zone-pair security OUT-DMZ source frobnicate OUTSIDE destination DMZ",
        ),
        ("cisco_nxos/vlan-map", "vlan filter EDGE_MAP vlan-list 10,30-31", "vlan filter EDGE_MAP frobnicate 10,30-31"),
        ("cisco_nxos/router-acl", "ip route 0.0.0.0/0 198.51.100.254", "ip route 0.0.0.0/0 frobnicate frobnicate"),
        (
            "cisco_iosxr/common-list",
            " ipv4 access-group common COMMON ingress",
            " ipv4 access-group common COMMON frobnicate",
        ),
    ],
)
def test_a_made_up_word_in_what_holds_the_rules(name: str, old: str, new: str) -> None:
    """A word too much in an interface, a binding, a zone pair or a route is named as able to change a verdict."""
    lines = list(lines_of(name))
    lines[next(n for n, line in enumerate(lines) if line.rstrip() == old)] = new
    assert any(item.decides for item in parse(name, lines).remarks)


@pytest.mark.parametrize("name", ["cisco_ios/nat", "cisco_nxos/router-acl", "cisco_iosxr/common-list"])
def test_an_interface_that_loses_its_first_line(name: str) -> None:
    """What stood in it is not quietly taken for another interface's."""
    lines = lines_of(name)
    for n, line in enumerate(lines):
        if line.startswith("interface ") and any("address" in item for item in lines[n + 1 : block(lines, n)]):
            found = parse(name, [*lines[:n], *lines[n + 1 :]])
            assert any(item.decides for item in found.remarks), line
