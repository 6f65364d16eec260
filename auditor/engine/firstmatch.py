"""First match within one stage, exactly, for sets of traffic at once.

A long plain list of rules is decided by `linear`; a stage with jumps, returns and marks is walked by `jumps`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.engine.flat import flat
from auditor.engine.jumps import StageWalk, merged
from auditor.engine.linear import decide
from auditor.engine.question import Hit, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from auditor.engine.cells import Cell
    from auditor.engine.entries import Entries, Entry
    from auditor.engine.question import Question

__all__ = ["first_match", "listed", "reached"]

_SHORT = 24
"""Lists of fewer rules per piece than this are walked rule by rule."""


def first_match(
    question: Question, pieces: Sequence[tuple[int, frozenset[str], Cell]], *, denies: bool = True
) -> list[Hit]:
    """Give every part of the pieces (number, tags, cell) with the rule, or the default, that decides it.

    Without `denies`, parts that a rule denies are left out. In POSSIBLE mode parts may overlap where a condition
    forks; in SURE mode parts that are surely neither are left out. Raises BudgetError when the budget is used up.
    """
    entries = listed(question)
    if entries is not None and len(pieces) * _SHORT < entries.most:
        return _linear(question, entries, pieces, denies=denies)
    run = StageWalk(question, pieces)
    if run.trivial:
        return [Hit(number, tags, cell, "", None, sure=True) for number, tags, cell in pieces]
    rest = run.run([run.item(number, tags, cell) for number, tags, cell in pieces])
    if question.mode is not Mode.REACH:
        rest = merged(rest)
    if question.reached is not None:
        question.reached.update((taken.chain, taken.rule) for taken in run.taken if taken.rule is not None)
    hits = [
        Hit(taken.item.number, taken.item.tags, run.cell(taken.item), taken.chain, taken.rule, taken.sure)
        for taken in run.taken
        if denies or not run.denied(taken)
    ]
    hits += [Hit(item.number, item.tags, run.cell(item), "", None, sure=True) for item in rest]
    return hits


def reached(question: Question, pieces: Sequence[tuple[int, frozenset[str], Cell]]) -> set[tuple[str, int]]:
    """Give every rule (chain, index) that decides, or in REACH mode can decide, some part of the pieces."""
    found: set[tuple[str, int]] = set()
    entries = listed(question)
    if entries is None:
        first_match(replace(question, reached=found), pieces, denies=False)
        return found
    for _, tags, cell in pieces:
        decide(entries, cell, question.budget.spend, found, tags=tags, left_out=_left_out(question))
    return found


def listed(question: Question) -> Entries | None:
    """Give the rules of a stage as one list as the question's mode sees them, None where they are no plain list.

    `until` and `layers` are not minded: the list is kept for other questions.
    """
    lists, stage = question.lists, question.stage
    ways = (question.ingress, question.egress) if lists.asks_ways(stage) else ()
    facts = tuple(sorted(question.facts.items()))
    key = (id(stage), id(question.scope), question.mode, question.state, ways, facts, question.accepted)
    return lists.get(key, (stage, question.scope), lambda: flat(question))


def _left_out(question: Question) -> Callable[[Entry], bool] | None:
    if question.until is None:
        return None
    chain, last = question.until
    return lambda entry: entry.chain == chain and entry.rule > last


def _linear(
    question: Question, entries: Entries, pieces: Sequence[tuple[int, frozenset[str], Cell]], *, denies: bool
) -> list[Hit]:
    """Decide pieces by a plain list of rules."""
    hits: list[Hit] = []
    left_out = _left_out(question)
    for number, tags, cell in pieces:
        taken, rest = decide(
            entries, cell, question.budget.spend,
            tags=tags, left_out=left_out, layers=question.layers, grid=question.grid,
        )  # fmt: skip
        for entry, part in taken:
            if question.reached is not None:
                question.reached.add((entry.chain, entry.rule))
            if denies or not entry.denies:
                hits.append(Hit(number, tags, part, entry.chain, entry.rule, entry.sure))
        hits += [Hit(number, tags, part, "", None, sure=True) for part in rest]
    return hits
