"""Configurations of the fixtures with a line, a block or a name lost, or a word too much: nothing is taken for sure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from parsers.contract import LineState, Parsed, RemarkKind
from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.platforms.cisco_asa import PLATFORM
from tests.fixture_cases import FIXTURES, Asked, Case, judged, questions

NAMES = (
    "compliant", "nested-object-groups", "object-service-source-port", "vip-object-nat", "vip-manual-nat",
    "nat-order-sections", "nat-manual-destination", "port-forward", "same-level-inter", "global-continues-interface",
    "out-acl", "ftp-inspected", "vpn-site-to-site", "ipv6-dual-stack", "names", "icmp-types",
)  # fmt: skip
WORD = "frobnicate"


@cache
def case(name: str) -> Case:
    """Give a fixture by name."""
    return Case(platform="cisco_asa", folder=FIXTURES / "cisco_asa" / name)


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


def parse(lines: list[str]) -> Parsed | None:
    """Parse a mutant and check what holds for every text; None for one that is refused."""
    capture = Capture(documents=(Document(name="running-config", text="\n".join(lines) + "\n"),))
    try:
        found = PLATFORM.parse(capture)
    except ParserError:
        return None
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
    states = case(name).parse().ledger[0]
    mutants = [n for n, state in enumerate(states) if state == LineState.MODELLED]
    parsed = [parse([*lines[:n], *lines[n + 1 :]]) for n in mutants]
    assert len([item for item in parsed if item is not None]) == len(mutants)


@pytest.mark.parametrize("name", NAMES)
def test_each_block_lost(name: str) -> None:
    """Without any one of its blocks a configuration still parses; a lost interface that is referred to is noted."""
    lines = lines_of(name)
    for start, line in enumerate(lines):
        if not line[:1].isalpha() or block(lines, start) == start + 1:
            continue
        found = parse([*lines[:start], *lines[block(lines, start) :]])
        assert found is not None
        nameif = next(
            (item.split()[1] for item in lines[start : block(lines, start)] if item.startswith(" nameif")), ""
        )
        if nameif and any(item.startswith("access-group") and item.rstrip().endswith(nameif) for item in lines):
            assert any(item.kind is RemarkKind.UNDEFINED and item.decides for item in found.remarks)


def definitions(lines: tuple[str, ...]) -> dict[str, list[int]]:
    """Give the indices of the lines that define each object and object-group that another line names.

    A block with a translation in it is left alone: with it a rule would be lost, not only a name.
    """
    found: dict[str, list[int]] = {}
    for start, line in enumerate(lines):
        words = line.split()
        if line.startswith(("object network ", "object service ", "object-group ")) and len(words) > 2:
            numbers = range(start, block(lines, start))
            if not any(lines[n].startswith(" nat ") for n in numbers):
                found.setdefault(words[2], []).extend(numbers)
    return {
        name: numbers
        for name, numbers in found.items()
        if any(name in line.split()[1:] for n, line in enumerate(lines) if n not in numbers)
    }


@pytest.mark.parametrize("name", NAMES)
def test_each_referenced_object_lost(name: str) -> None:
    """A reference to nothing never decides: what is not as before is unknown, and the name is told."""
    lines = lines_of(name)
    for lost, numbers in definitions(lines).items():
        gone = set(numbers)
        found = parse([line for n, line in enumerate(lines) if n not in gone])
        assert found is not None
        assert any(item.kind is RemarkKind.UNDEFINED and lost in item.text for item in found.remarks), lost
        changed = [(asked.id, before, after) for asked, before, after in verdicts(found, name) if after != before]
        assert [item for item in changed if item[2] != "unknown"] == [], lost


@pytest.mark.parametrize("name", NAMES)
def test_a_made_up_word_in_each_rule(name: str) -> None:
    """A word that no ASA knows never turns a packet from permit to deny or back: its verdict is kept or unknown."""
    lines = lines_of(name)
    unsettled = 0
    for n, line in enumerate(lines):
        words = line.split()
        if words[:1] not in (["access-list"], ["nat"]) or "remark" in words[:3]:
            continue
        indent = line[: len(line) - len(line.lstrip())]
        for place in range(2 if words[0] == "access-list" else 1, len(words) + 1):
            mutant = indent + " ".join([*words[:place], WORD, *words[place:]])
            found = parse([*lines[:n], mutant, *lines[n + 1 :]])
            assert found is not None
            assert found.ledger[0][n] == LineState.NOT_UNDERSTOOD or any(
                item.span is not None and item.span.first == n + 1 for item in found.remarks
            ), mutant
            for asked, before, after in verdicts(found, name):
                assert after in {before, "unknown"}, (mutant, asked.id, before, after)
                unsettled += after != before
    assert unsettled


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("access-group OUTSIDE_IN in interface outside", "access-group OUTSIDE_IN frobnicate in interface outside"),
        ("access-group OUTSIDE_IN in interface outside", "access-group OUTSIDE_IN in interface frobnicate"),
        (" nameif dmz", " nameif frobnicate"),
        (" nameif dmz", " nameif dmz frobnicate"),
        (" security-level 50", " security-level frobnicate"),
        (" ip address 192.0.2.1 255.255.255.0 ", " ip address frobnicate 192.0.2.1 255.255.255.0"),
        ("route outside 0.0.0.0 0.0.0.0 198.51.100.254 1 ", "route outside frobnicate 0.0.0.0 0.0.0.0 198.51.100.254"),
    ],
)
def test_a_made_up_word_in_what_holds_the_rules(old: str, new: str) -> None:
    """A word too much in an interface, a binding or a route is named as able to change a verdict."""
    lines = list(lines_of("compliant"))
    lines[next(n for n, line in enumerate(lines) if line.rstrip() == old.rstrip())] = new
    found = parse(lines)
    assert found is not None
    assert any(item.decides for item in found.remarks)
