"""Every fixture of every Cisco platform with a word too much, spoilt or gone: nothing is taken for sure by mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.registry import platform
from tests.fixture_cases import FIXTURES, Case, case_id, cases
from tests.mutants import WORD, Mutant, Outcome, Subject, blocks, put, spoilt, spread, subject

PLATFORMS = ("cisco_asa", "cisco_ftd", "cisco_ios", "cisco_iosxr", "cisco_nxos")
CASES = [case for case in cases() if case.platform in PLATFORMS and not case.refused]
HEADS = frozenset({"access-list", "class-map", "object", "object-group", "policy-map", "route-map", "time-range"})
LISTING = frozenset({"access-group", "address", "list"})
"""Words of a line that names an access list by its number."""
NOTHING_NAMED = frozenset({"cisco_iosxr-undefined-list"})
"""Fixtures no line of which names a list, group, object, class, map or table that another line defines."""
UNTOLD = frozenset({"CP_IN", "SPLIT-TUNNEL", "management", "preset_dns_map"})
"""Names that are not missed: a list for the device's own traffic, one of split tunnels, a built-in table, an inspection
that only drops. Without them each verdict must be the same."""


def modelled(item: Subject) -> list[int]:
    """Give the indices of the lines that have a meaning in the model."""
    states = item.parsed.ledger[0]
    return [at for at, state in enumerate(states) if state == LineState.MODELLED and item.lines[at].strip()]


def renames(words: list[str], at: int) -> bool:
    """Tell whether a word, changed, makes another configuration that is as good: a name, or a number in an order."""
    above = words[at - 1] if at else ""
    if (
        above == "reflect"
        or (above == "access-list" and at == 1)
        or (words[:2] in (["crypto", "map"], ["vlan", "access-map"]) and at == 2)
    ):
        return True
    return words[at].isdecimal() and (
        at == 0 or above in {"rule-id", "sequence"} or (at == 3 and words[0] in {"crypto", "route-map", "vlan"})
    )


def hold(item: Subject, mutants: Iterable[Mutant]) -> Counter[Outcome]:
    """Try mutants on and count what came of them; none may be wrong."""
    found: Counter[Outcome] = Counter()
    wrong = []
    for mutant in mutants:
        outcome, _ = item.try_on(mutant)
        found[outcome] += 1
        if outcome is Outcome.WRONG:
            wrong.append(f"line {mutant.line}: {mutant.text.strip()}")
    assert wrong == []
    return found


def test_every_fixture_is_mutated() -> None:
    """No folder on the disk is left out but those that a parser must refuse."""
    folders = {path.parent.name for name in PLATFORMS for path in FIXTURES.glob(f"{name}/*/config.txt")}
    assert (
        folders - {case.folder.name for case in CASES}
        == {case.folder.name for case in cases() if case.refused} & folders
    )
    assert Counter(case.platform for case in CASES).keys() == set(PLATFORMS)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_made_up_word_anywhere(case: Case) -> None:
    """A word that no device knows, anywhere in a line that means something, never turns a verdict into its opposite."""
    item = subject(case)
    places = [(at, place) for at in modelled(item) for place in range(len(item.lines[at].split()) + 1)]
    found = hold(item, (_with_word(item, at, place) for at, place in spread(places, 10, case_id(case))))
    assert found[Outcome.OPEN] + found[Outcome.REFUSED] > 0


def _with_word(item: Subject, at: int, place: int) -> Mutant:
    words = item.lines[at].split()
    return put(item.lines, at, [*words[:place], WORD, *words[place:]])


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_word_spoilt_anywhere(case: Case) -> None:
    """A mask, address, port, protocol, name or keyword that is corrupted never turns a verdict into its opposite."""
    item = subject(case)
    found = hold(item, spread(list(_spoilt(item)), 12, case_id(case)))
    assert found[Outcome.OPEN] + found[Outcome.REFUSED] > 0


def _spoilt(item: Subject) -> Iterator[Mutant]:
    for at in modelled(item):
        words = item.lines[at].split()
        for place, word in enumerate(words):
            if not renames(words, place):
                yield put(item.lines, at, [*words[:place], spoilt(word), *words[place + 1 :]])


def defined(item: Subject) -> dict[str, list[int]]:
    """Give by name the indices of the lines that define what a line elsewhere names.

    An object with a translation in it is left alone: with it a rule would be lost, not only a name.
    """
    found: dict[str, list[int]] = {}
    for block in blocks(item.lines):
        name = _name(item.lines[block.start].split(), item.case.platform)
        if name and not any(item.lines[at].split()[:1] == ["nat"] for at in block):
            found.setdefault(name, []).extend(block)
    states = item.parsed.ledger[0]
    others = [(at, line.split()[1:]) for at, line in enumerate(item.lines) if states[at] != LineState.IRRELEVANT]
    return {
        name: numbers
        for name, numbers in found.items()
        if any(
            name in words and (not name.isdecimal() or LISTING.intersection(words))
            for at, words in others
            if at not in numbers
        )
    }


def _name(words: list[str], system: str) -> str:
    """Give the name that a line at the margin defines; empty for any other line."""
    head = next((word for word in words[:2] if word in HEADS or word in {"access-map", "vrf", "security"}), "")
    if not head or (head == "security" and words[0] != "zone") or len(words) < 2:
        return ""
    if words[0] in {"access-list", "route-map"}:
        return words[1]
    if head == "access-map" or (system in {"cisco_asa", "cisco_ftd"} and head.startswith("object") and len(words) > 2):
        return words[2]
    return words[-1]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_thing_that_is_named_lost(case: Case) -> None:
    """A reference to nothing never decides: a verdict is kept or unknown, and the name is told."""
    item = subject(case)
    lost = defined(item)
    assert bool(lost) is (case_id(case) not in NOTHING_NAMED)
    wrong = []
    for name, numbers in spread(list(lost.items()), 5, case_id(case)):
        gone = frozenset(numbers)
        lines = tuple(line for at, line in enumerate(item.lines) if at not in gone)
        outcome, found = item.try_on(Mutant(line=numbers[0] + 1, text=name, lines=lines))
        told = found is None or any(
            remark.kind is RemarkKind.UNDEFINED and name in remark.text.split() for remark in found.remarks
        )
        told = told or (outcome is Outcome.SAME and name in UNTOLD)
        if outcome is Outcome.WRONG or not told:
            wrong.append(f"{name}: {outcome}")
    assert wrong == []


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_name_in_another_case(case: Case) -> None:
    """A name in a reference whose letters change case, or a keyword in capitals, is what it was or not understood."""
    item = subject(case)
    names = defined(item)
    places = [
        (at, place)
        for at in modelled(item)
        for place, word in enumerate(item.lines[at].split())
        if (word not in names or at not in names[word])
        and word.swapcase() != word
        and not renames(item.lines[at].split(), place)
    ]
    hold(item, (_turned(item, at, place) for at, place in spread(places, 4, case_id(case))))


def _turned(item: Subject, at: int, place: int) -> Mutant:
    words = item.lines[at].split()
    return put(item.lines, at, [*words[:place], words[place].swapcase(), *words[place + 1 :]])


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_line_lost(case: Case) -> None:
    """Without any one of its lines a configuration parses, or is refused, each line that is left accounted for."""
    item = subject(case)
    for at in spread(modelled(item), 3, case_id(case)):
        item.parse([*item.lines[:at], *item.lines[at + 1 :]])


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_block_twice(case: Case) -> None:
    """A block that stands there twice means what it means once, or is noted."""
    item = subject(case)
    hold(
        item,
        (
            Mutant(
                line=block.start + 1,
                text=item.lines[block.start],
                lines=(*item.lines[: block.stop], *item.lines[block.start :]),
            )
            for block in spread(blocks(item.lines), 3, case_id(case))
        ),
    )


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cut_off_at_each_line(case: Case) -> None:
    """A configuration that breaks off is not proven complete wherever that is, and its lines are accounted for."""
    item = subject(case)
    last = max(at for at, line in enumerate(item.lines) if line.strip())
    for at in range(last):
        assert not platform(case.platform).prove(item.capture(item.lines[:at])).complete, at
    for at in spread(range(1, last), 2, case_id(case)):
        item.parse(item.lines[:at])
