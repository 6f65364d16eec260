"""Conditions with three answers."""

from __future__ import annotations

import itertools

import pytest

from auditor.baseline.conditions import All, AnyOf, Fact, Is, Not, Term, answer, paths

T, F, U = True, False, None


def leaf(value: bool | None) -> Is:
    """Make a leaf that has an answer."""
    return Is(path=str(value), words=("yes",))


def look(path: str) -> Fact:
    """Answer a leaf by its name."""
    sure = frozenset({"yes"}) if path == "True" else frozenset()
    possible = frozenset({"?"}) if path == "None" else sure
    return Fact(sure=sure, possible=possible, text=f"it is {path}", open_path=path)


@pytest.mark.parametrize(("one", "two"), list(itertools.product([T, F, U], repeat=2)))
def test_all_and_any_follow_kleene(one: bool | None, two: bool | None) -> None:
    """All is the weaker, any the stronger of two answers, undecided between false and true."""
    order = [F, U, T]
    terms: tuple[Term, ...] = (leaf(one), leaf(two))

    assert answer(All(terms=terms), look).holds is min(one, two, key=order.index)
    assert answer(AnyOf(terms=terms), look).holds is max(one, two, key=order.index)
    assert answer(Not(term=AnyOf(terms=terms)), look).holds is {T: F, F: T, U: U}[max(one, two, key=order.index)]


def test_the_reason_is_what_decides() -> None:
    """Of a conjunction that fails only the failing part is named, and what is left open is listed."""
    assert answer(All(terms=(leaf(T), leaf(F))), look).reasons == ("it is False",)
    assert answer(All(terms=(leaf(T), leaf(U))), look).undecided == ("None",)
    assert answer(None, look).holds is True
    assert [item.path for item in paths(Not(term=All(terms=(leaf(T), leaf(F)))))] == ["True", "False"]
