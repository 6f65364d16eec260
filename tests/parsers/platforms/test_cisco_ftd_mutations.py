"""What only Threat Defense writes, spoilt or lost in every fixture: rule ids, remarks, interfaces, advanced lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fixture_cases import Case, case_id, cases
from tests.mutants import WORD, Mutant, Outcome, Subject, blocks, put, spoilt, spread, subject

CASES = [case for case in cases() if case.platform == "cisco_ftd" and not case.refused]
WITHOUT_REMARKS = frozenset({"no-remarks"})
"""Fixtures whose lines come without remarks."""
WITH_IFC = frozenset({"compliant", "interfaces", "ipv6", "nat", "objects", "snort-accepted", "snort-decides"})
"""Fixtures whose lines name interfaces."""
MEMBERS = ("group-object", "host", "network-object", "port-object", "range", "service-object", "subnet")


def asked_of_data(case: Case) -> Subject:
    """Give a fixture without the packets of management interfaces: they pass nothing, fastpath or not."""
    item = subject(case)
    only = [block for block in blocks(item.lines) if any("management-only" in item.lines[at] for at in block)]
    names = {item.lines[at].split()[1] for block in only for at in block if item.lines[at].startswith(" nameif ")}
    kept = [number for number, asked in enumerate(item.asked) if asked.ingress not in names]
    return replace(
        item,
        asked=tuple(item.asked[number] for number in kept),
        before=tuple(item.before[number] for number in kept),
    )


def advanced(item: Subject) -> list[int]:
    """Give the indices of the lines of the access control policy."""
    return [at for at, line in enumerate(item.lines) if line.split()[2:3] == ["advanced"]]


def wrong(item: Subject, mutants: Iterator[Mutant] | list[Mutant]) -> tuple[int, list[str]]:
    """Try mutants on: how many left something open, and the lines of those that are wrong."""
    outcomes = [(mutant, item.try_on(mutant)[0]) for mutant in mutants]
    opened = sum(outcome is not Outcome.SAME for _, outcome in outcomes)
    return opened, [f"line {one.line}: {one.text}" for one, outcome in outcomes if outcome is Outcome.WRONG]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_made_up_word_in_each_advanced_line(case: Case) -> None:
    """A word too much, and each word corrupted, leaves what the line decides open."""
    item = asked_of_data(case)
    lines = [(at, item.lines[at].split()) for at in advanced(item)]
    assert lines
    mutants = [
        put(item.lines, at, [*words[:k], WORD, *words[k:]]) for at, words in lines for k in range(len(words) + 1)
    ]
    mutants += [
        put(item.lines, at, [*words[:k], spoilt(words[k]), *words[k + 1 :]])
        for at, words in lines
        for k in range(len(words))
        if k != 1 and words[k - 1] != "rule-id"
    ]
    opened, found = wrong(item, spread(mutants, 15, case_id(case)))
    assert found == []
    assert opened


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_rule_id_lost(case: Case) -> None:
    """Without its id a line is of no known rule: a permit may be of an L7 rule; deny and trust are what they are."""
    item = asked_of_data(case)
    mutants = []
    for at in advanced(item):
        words = item.lines[at].split()
        place = words.index("rule-id") if "rule-id" in words else len(words)
        mutants.append(put(item.lines, at, [*words[:place], *words[place + 2 :]]))
    opened, found = wrong(item, mutants)
    assert found == []
    permits = any(" permit " in item.lines[at] for at in advanced(item))
    assert bool(opened) is (permits and case.folder.name not in WITHOUT_REMARKS)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_remark_lost_or_spoilt(case: Case) -> None:
    """Without a rule's remark, or with a level that nobody knows, a permit is not sure any more."""
    item = asked_of_data(case)
    remarks = [at for at, line in enumerate(item.lines) if line.split()[2:3] == ["remark"]]
    assert bool(remarks) is (case.folder.name not in WITHOUT_REMARKS)
    mutants = [
        Mutant(line=at + 1, text=f"without {item.lines[at]}", lines=(*item.lines[:at], "!", *item.lines[at + 1 :]))
        for at in remarks
    ]
    mutants += [put(item.lines, at, item.lines[at].replace("RULE:", f"{WORD}:").split()) for at in remarks]
    assert wrong(item, spread(mutants, 8, case_id(case)))[1] == []


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_interface_of_a_line_is_another(case: Case) -> None:
    """A line for an interface that is not there is named as able to decide."""
    item = asked_of_data(case)
    places = [
        (at, place + 1) for at in advanced(item) for place, word in enumerate(item.lines[at].split()) if word == "ifc"
    ]
    assert bool(places) is (case.folder.name in WITH_IFC)
    for at, place in places:
        words = item.lines[at].split()
        mutant = put(item.lines, at, [*words[:place], WORD, *words[place + 1 :]])
        assert item.try_on(mutant)[0] is Outcome.OPEN, mutant.text


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_member_of_a_group_spoilt(case: Case) -> None:
    """A member that is not understood leaves its object, and each group around it, open."""
    item = asked_of_data(case)
    members = [at for at, line in enumerate(item.lines) if line.startswith(" ") and line.split()[0] in MEMBERS]
    objects = sum(len(named.members) for named in item.parsed.firewalls[0].objects)
    assert bool(members) is bool(objects)
    mutants = [put(item.lines, at, [WORD, *item.lines[at].split()[1:]]) for at in members]
    mutants += [
        put(item.lines, at, [*item.lines[at].split()[:-1], spoilt(item.lines[at].split()[-1])]) for at in members
    ]
    assert wrong(item, spread(mutants, 8, case_id(case)))[1] == []
