"""First match within one stage, exactly, for sets of traffic at once.

A long plain list of rules is decided by `linear`; a stage with jumps, returns and marks is walked by `jumps`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.engine.entries import Entries, Entry
from auditor.engine.jumps import StageWalk, merged
from auditor.engine.linear import decide
from auditor.engine.question import Hit, Mode, fits
from parsers.model.rules import ANYTHING, Call, Deny, Permit, Rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from auditor.engine.cells import Cell
    from auditor.engine.question import Question
    from parsers.model.rules import Chain

__all__ = ["first_match", "plan", "reached"]

_SHORT = 24
"""Lists of fewer rules per piece than this are walked rule by rule."""
_CALLS = 8


def first_match(
    question: Question, pieces: Sequence[tuple[int, frozenset[str], Cell]], *, denies: bool = True
) -> list[Hit]:
    """Give every part of the pieces (number, tags, cell) with the rule, or the default, that decides it.

    Without `denies`, parts that a rule denies are left out. In POSSIBLE mode parts may overlap where a condition
    forks; in SURE mode parts that are surely neither are left out. Raises BudgetError when the budget is used up.
    """
    entries = listed(question)
    if entries is not None and len(pieces) * _SHORT < len(entries):
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

    `without`, `until` and `layers` are not minded: the list is kept for other questions.
    """
    key = (
        id(question.stage), id(question.scope), question.mode, question.state, question.ingress, question.egress,
        tuple(sorted(question.facts.items())), question.accepted,
    )  # fmt: skip
    if key not in question.lists:
        order = plan(question)
        entries = None if order is None else Entries(_entries(question, order))
        question.lists[key] = ((question.stage, question.scope), entries)  # both kept, so that their ids stay theirs
    return question.lists[key][1]


def _left_out(question: Question) -> Callable[[Entry], bool] | None:
    without, until = question.without, question.until
    if until is not None:
        chain, last = until
        return lambda entry: (entry.chain == chain and entry.rule > last) or (entry.chain, entry.rule) in without
    return (lambda entry: (entry.chain, entry.rule) in without) if without else None


def plan(question: Question) -> list[tuple[str, int]] | None:
    """Give the rules (chain, index) of a stage as one list, None where jumps, returns or marks are in the way.

    A chain that only calls others for all traffic, as an access list before the global one, is such a list.
    """
    order: list[tuple[str, int]] = []
    chains = {chain.name: chain for chain in question.stage.chains}
    if not chains:
        return order
    todo = [question.stage.chains[0].name]
    for depth in range(len(chains) + 1):
        flat: list[str] = []
        deeper = False
        for name in todo:
            calls = _calls(chains[name])
            flat += [name] if calls is None else calls
            deeper = deeper or calls is not None
        todo = flat
        if not deeper:
            break
        if depth == len(chains):
            return None
    for name in todo:
        rules = chains[name].rules
        if not all(isinstance(do, Permit | Deny | Rewrite) for do in rules.decisions):
            return None
        indices = range(len(rules)) if question.scope is None else question.scope[name]
        order += [(name, index) for index in indices]
    return order


def _calls(chain: Chain) -> list[str] | None:
    """Give the chains that a chain calls, where it does nothing else and calls them for all traffic."""
    rules = chain.rules
    if not rules or len(rules) > _CALLS or rules.conditional():
        return None
    names = []
    for rule in rules:
        if not isinstance(rule.do, Call) or rule.possible != ANYTHING:
            return None
        names.append(rule.do.chain)
    return names


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


def _entries(question: Question, order: list[tuple[str, int]]) -> Iterator[Entry]:
    """Give the rules of a list as the question's mode sees them."""
    mode = question.mode
    rules_of = {chain.name: chain.rules for chain in question.stage.chains}
    conditional = {name: rules.conditional() for name, rules in rules_of.items()}
    entered: dict[tuple[str, int], bool] = {}
    for name, index in order:
        rules = rules_of[name]
        number = rules.match_ids[index]
        match = rules.matches[number]
        if (name, number) not in entered:
            entered[name, number] = fits(question, match)
        if not entered[name, number]:
            continue
        do = rules.decisions[rules.decision_ids[index]]
        permits, denies = isinstance(do, Permit), isinstance(do, Deny)
        extra = conditional[name].get(index)
        if extra is None:
            yield Entry(match, name, index, sure=True, takes=True, records=True, permits=permits, denies=denies)
            continue
        sure, conditions = extra
        if all(item.holds(question.facts) or (permits and item.kind in question.accepted) for item in conditions):
            yield Entry(match, name, index, sure=True, takes=True, records=True, permits=permits, denies=denies)
            continue
        if sure is not None and fits(question, sure):
            yield Entry(sure, name, index, sure=True, takes=True, records=True, permits=permits, denies=denies)
        if mode is Mode.REACH or (mode is Mode.POSSIBLE and isinstance(do, Rewrite)):
            yield Entry(match, name, index, sure=False, takes=False, records=True, permits=permits, denies=denies)
        elif mode is Mode.POSSIBLE and permits:
            yield Entry(match, name, index, sure=False, takes=True, records=True, permits=permits, denies=denies)
        elif mode is Mode.SURE and not permits:
            yield Entry(match, name, index, sure=False, takes=True, records=denies, permits=permits, denies=denies)
