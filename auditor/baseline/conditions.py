"""Conditions over a deployment's options, with three answers: they hold, they do not, or the site leaves it open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["All", "Answer", "AnyOf", "Fact", "Is", "Not", "Term", "answer", "paths"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known at an option path: the words that surely describe it, those that may, and the state in words.

    `open_path` is set where the site leaves the option open.
    """

    sure: frozenset[str]
    possible: frozenset[str]
    text: str
    open_path: str = ""


Lookup = Callable[[str], Fact]
"""Gives what is known at a path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Is:
    """The option at `path` is one of `words`; `?` among a fact's possible words stands for any word."""

    path: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class All:
    """Every term holds."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """One term holds."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """The term does not hold."""

    term: Term


Term = Is | All | AnyOf | Not
"""A condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether a condition holds (None: undecided), the states that decide it in words, and the options left open."""

    holds: bool | None
    reasons: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


def answer(term: Term | None, lookup: Lookup) -> Answer:
    """Judge a condition; no condition always holds."""
    if term is None:
        return Answer(holds=True)
    if isinstance(term, Is):
        return _leaf(term, lookup(term.path))
    if isinstance(term, Not):
        inner = answer(term.term, lookup)
        flipped = None if inner.holds is None else not inner.holds
        return Answer(holds=flipped, reasons=inner.reasons, undecided=inner.undecided)
    answers = [answer(item, lookup) for item in term.terms]
    decisive = isinstance(term, AnyOf)
    for item in answers:
        if item.holds is decisive:
            return item
    if any(item.holds is None for item in answers):
        return _merged(None, [item for item in answers if item.holds is None])
    return _merged(not decisive, answers)


def _leaf(term: Is, fact: Fact) -> Answer:
    if any(word in fact.sure for word in term.words):
        return Answer(holds=True, reasons=(fact.text,))
    if "?" in fact.possible or any(word in fact.possible for word in term.words):
        return Answer(holds=None, reasons=(fact.text,), undecided=(fact.open_path or term.path,))
    return Answer(holds=False, reasons=(fact.text,))


def _merged(holds: bool | None, answers: list[Answer]) -> Answer:  # noqa: FBT001 - one of three answers, no switch
    return Answer(
        holds=holds,
        reasons=tuple(dict.fromkeys(text for item in answers for text in item.reasons)),
        undecided=tuple(dict.fromkeys(path for item in answers for path in item.undecided)),
    )


def paths(term: Term | None) -> Iterator[Is]:
    """Give every leaf of a condition."""
    if isinstance(term, Is):
        yield term
    elif isinstance(term, Not):
        yield from paths(term.term)
    elif term is not None:
        for item in term.terms:
            yield from paths(item)
