"""Parts of a fleet: disjoint, together the whole, whatever the counting and the order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.deployment.site import FirewallEntry
from auditor.errors import UsageError
from auditor.fleet.shard import WHOLE, Shard, parse, together

NAMES = st.lists(st.text("abcde", min_size=1, max_size=3), unique=True, max_size=12)


def entries(names: list[str]) -> list[FirewallEntry]:
    """Make entries of these names."""
    return [FirewallEntry(name=name) for name in names]


@given(NAMES, st.integers(1, 6), st.booleans(), st.randoms(use_true_random=False), st.data())
def test_parts_are_the_whole(
    names: list[str], count: int, from_zero: bool, order: random.Random, data: st.DataObject
) -> None:
    """Counted from 0 or from 1, the parts hold each firewall once, and those of one path together."""
    paths = data.draw(st.lists(st.lists(st.sampled_from(names), max_size=3), max_size=3)) if names else []
    shuffled = entries(names)
    order.shuffle(shuffled)
    indices = range(count) if from_zero else range(1, count + 1)
    parts = [[entry.name for entry in Shard(index=i, count=count).take(shuffled, paths)] for i in indices]

    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(part == sorted(part) for part in parts)
    for path in paths:
        assert sum(bool(set(path) & set(part)) for part in parts) <= 1


def test_parts_are_even() -> None:
    """No part is larger than another by more than one."""
    sizes = [len(Shard(index=i, count=4).take(entries([f"fw-{n:03}" for n in range(10)]))) for i in range(4)]

    assert sorted(sizes) == [2, 2, 3, 3]


def test_counting_from_one_and_from_zero_meet() -> None:
    """The last of N counted from 1 is the first counted from 0."""
    fleet = entries(["a", "b", "c"])

    assert Shard(index=3, count=3).take(fleet) == Shard(index=0, count=3).take(fleet)
    assert [entry.name for entry in Shard(index=1, count=3).take(fleet)] == ["a"]


def test_paths_that_meet_hang_together() -> None:
    """Two paths over one firewall are one group; names that are not in the run count for nothing."""
    groups = together([["a", "b"], ["c", "d"], ["b", "c", "absent"], ["e"]], ["a", "b", "c", "d", "e"])

    assert groups == (frozenset("abcd"),)


@pytest.mark.parametrize(
    ("text", "found"), [("1/1", WHOLE), ("0/4", Shard(index=0, count=4)), (" 4/4 ", Shard(index=4, count=4))]
)
def test_written_parts(text: str, found: Shard) -> None:
    """I/N is read, blanks around it left out."""
    assert parse(text) == found


@pytest.mark.parametrize("text", ["", "1", "0/0", "5/4", "-1/4", "1/4/2", "a/b", "1/1000000000"])
def test_no_parts(text: str) -> None:
    """What is no part says how one is written."""
    with pytest.raises(UsageError, match="no part"):
        parse(text)
