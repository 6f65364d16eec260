"""CUDD builds the same regions of the same rules: each rule takes exactly as many packets, counted in whole numbers."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engine.cells import EVERYTHING, Cell, size
from auditor.engine.entries import Entry
from auditor.engine.firstmatch import first_match, listed
from auditor.engine.linear import decide
from auditor.engine.question import Mode, Question
from parsers.model.addresses import ANY, ANY4, AddressSet
from parsers.model.rules import Chain, Deny, Match, Permit, Rule, Rules, Stage, State
from parsers.model.services import ANY_SERVICE, ServiceSet
from tests.auditor.engine.lists import PROTECTED, Town
from tests.bench.bdd import Diagrams
from tests.strategies import address_sets, service_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WHOLE = Cell(ANY, PROTECTED, ANY_SERVICE)


def _question(stage: Stage, mode: Mode = Mode.SURE) -> Question:
    return Question(stage=stage, mode=mode, state=State.NEW, ingress=frozenset(), egress=frozenset(), facts={})


def _entries(stage: Stage) -> list[Entry]:
    entries = listed(_question(stage))
    assert entries is not None
    return list(entries)


def _ours(taken: Iterable[tuple[Entry, Cell]]) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for entry, cell in taken:
        found[entry.chain, entry.rule] += cell.size
    return found


def _theirs(entries: Sequence[Entry], cell: Cell) -> tuple[Counter[tuple[str, int]], int]:
    with closing(Diagrams()) as diagrams:
        taken, rest = diagrams.decide(entries, cell)
        found = Counter({(entry.chain, entry.rule): diagrams.count(node) for entry, node in taken})
        left = diagrams.count(rest)
        del taken, rest
    return found, left


matches = st.builds(Match, source=address_sets, destination=address_sets, services=service_sets)


@settings(max_examples=60)
@given(found=st.lists(matches, max_size=8), cell=st.builds(Cell, address_sets, address_sets, service_sets))
def test_small_lists(found: list[Match], cell: Cell) -> None:
    """Each rule of a short list takes what it takes in CUDD, and as much is left."""
    entries = [Entry(match, "main", number, sure=True, takes=True, records=True) for number, match in enumerate(found)]

    taken, rest = decide(entries, cell, lambda _: None)

    assert (_ours(taken), size(rest)) == _theirs(entries, cell)


@settings(max_examples=30)
@given(
    found=st.lists(st.tuples(matches, st.booleans(), st.booleans()), max_size=6),
    cell=st.builds(Cell, address_sets, address_sets, service_sets),
)
def test_entries_that_take_or_tell_only(found: list[tuple[Match, bool, bool]], cell: Cell) -> None:
    """An entry that takes nothing away, or is not told of, changes what the others take exactly as much."""
    entries = [
        Entry(match, "main", number, sure=True, takes=takes, records=records)
        for number, (match, takes, records) in enumerate(found)
    ]

    taken, rest = decide(entries, cell, lambda _: None)

    assert (_ours(taken), size(rest)) == _theirs(entries, cell)


@pytest.mark.parametrize(("seed", "rules"), [(1, 60), (2, 200), (3, 500), (4, 900)])
@pytest.mark.parametrize("name", ["outside", "inside"])
def test_long_lists(seed: int, rules: int, name: str) -> None:
    """Of hundreds of rules, IPv6 and source ports among them, each one takes exactly as many packets as in CUDD."""
    town = Town.of(100 + seed, rules)
    stage = next(stage for stage in town.firewall.stages if stage.name == name)

    hits = first_match(_question(stage), [(0, frozenset(), WHOLE)])

    found = Counter[tuple[str, int]]()
    left = 0
    for hit in hits:
        if hit.rule is None:
            left += hit.cell.size
        else:
            found[hit.chain, hit.rule] += hit.cell.size
    assert (found, left) == _theirs(_entries(stage), WHOLE)
    assert found.total() + left == WHOLE.size
    assert len(found) > 40


def test_checkerboard() -> None:
    """Interleaved denies of ports and permits of hosts leave a quarter of their square of parts, each of them exact."""
    rules = []
    for number in range(60):
        port = ServiceSet.protocol(6, (1000 + 2 * number, 1000 + 2 * number))
        rules.append(Rule(do=Deny(), possible=Match(services=port)))
        peer = AddressSet.of(f"203.0.113.{2 * number}")
        rules.append(Rule(do=Permit(), possible=Match(source=peer, services=ServiceSet.protocol(6))))
    stage = Stage(name="in", chains=(Chain(name="main", rules=Rules.of(*rules)),))
    asked = Cell(ANY4, AddressSet.of("192.0.2.10"), ANY_SERVICE)

    hits = first_match(_question(stage), [(0, frozenset(), asked)])

    permitted = {hit.rule: hit.cell.size for hit in hits if hit.rule is not None and hit.rule % 2}
    assert permitted == {2 * n + 1: 65536 * (65536 - (n + 1)) for n in range(60)}
    found = Counter[tuple[str, int]]()
    for hit in hits:
        if hit.rule is not None:
            found["main", hit.rule] += hit.cell.size
    assert found == _theirs(_entries(stage), asked)[0]


def test_counts_are_whole_numbers() -> None:
    """A region of more than 2**53 packets is counted exactly."""
    everything_but_one = replace(EVERYTHING, source=ANY - AddressSet.of("192.0.2.1"))
    with closing(Diagrams()) as diagrams:
        counted = diagrams.count(diagrams.region(everything_but_one))

    addresses = 2**32 + 2**128
    assert counted == (addresses - 1) * addresses * 2**24 * 2**16


@pytest.mark.parametrize(
    ("tags", "taker"), [(frozenset(), "untagged"), (frozenset({"x"}), "tagged"), (frozenset({"y"}), "any")]
)
def test_tags_in_a_list(tags: frozenset[str], taker: str) -> None:
    """A rule for untagged packets takes no tagged ones, one for a tag only those with it; `any` takes what is left."""
    wanted = {"untagged": frozenset[str](), "tagged": frozenset({"x", "z"}), "any": None}
    entries = [
        Entry(Match(destination=PROTECTED, tags=tag), name, 0, sure=True, takes=True, records=True)
        for name, tag in wanted.items()
    ]

    taken, rest = decide(entries, WHOLE, lambda _: None, tags=tags)

    assert ([entry.chain for entry, _ in taken], rest) == ([taker], [])
