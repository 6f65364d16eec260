"""Rules about protected hosts that no packet can ever reach, and the rules that shadow them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.engine.cells import Cell
from auditor.engine.firstmatch import Mode, Question, first_match
from auditor.engine.flows import Decision
from auditor.engine.survey import Pair, families
from parsers.model.addresses import ANY, ANY4, ANY6
from parsers.model.rules import ALL_STATES, Deny, Permit, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.deployment.site import SideSpec
    from auditor.engine.survey import Survey
    from parsers.model.rules import Match, Rule, Stage

__all__ = ["Unreachable", "find_unreachable"]

_WIDE = frozenset({ANY, ANY4, ANY6})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A dead rule, the rules that take all its traffic before it, and the sides that it stands between."""

    dead: Decision
    shadows: tuple[Decision, ...]
    pair: Pair | None
    cell: Cell


def find_unreachable(survey: Survey) -> list[Unreachable]:
    """Give the permits and denies that name protected hosts and can never match (semantics: section 3)."""
    found: dict[Decision, Unreachable] = {}
    alive: set[Decision] = set()
    for number, stage in enumerate(survey.firewall.stages):
        if stage.translates:
            continue
        for side, ingress in _entries(survey, stage):
            for chain in stage.chains:
                for index, rule in _candidates(survey, chain.name, stage):
                    here = Decision(number, chain.name, index)
                    if here in alive:
                        continue
                    dead = _dead(survey, stage, here, rule, ingress)
                    if dead is None:
                        alive.add(here)
                        found.pop(here, None)
                    elif dead and here not in found:
                        cell = Cell(rule.possible.source, rule.possible.destination, rule.possible.services)
                        pair = _pair(survey, side, rule.possible)
                        found[here] = Unreachable(dead=here, shadows=dead, pair=pair, cell=cell)
    return list(found.values())


def _entries(survey: Survey, stage: Stage) -> Iterator[tuple[SideSpec, str]]:
    """Give the sides and interfaces by which traffic enters a stage."""
    for side in survey.question.sides:
        for ingress in side.interfaces:
            if stage.ingress is None or stage.ingress & survey.firewall.labels(ingress):
                yield side, ingress


def _candidates(survey: Survey, name: str, stage: Stage) -> Iterator[tuple[int, Rule]]:
    """Give the rules of a chain that name a protected host: not those that say `any`."""
    protected = survey.question.protected
    rules = stage.chain(name).rules
    named = [
        (match.destination not in _WIDE and bool(match.destination & protected))
        or (match.source not in _WIDE and bool(match.source & protected))
        for match in rules.matches
    ]
    for index, number in enumerate(rules.match_ids):
        if named[number] and isinstance(rules.decisions[rules.decision_ids[index]], Permit | Deny):
            yield index, rules[index]


def _dead(survey: Survey, stage: Stage, here: Decision, rule: Rule, ingress: str) -> tuple[Decision, ...] | None:
    """Give the rules that shadow a rule, None where some packet reaches it, () where it is not entered this way."""
    match = rule.possible
    egress = match.egress or stage.egress
    cells = list(families(Cell(match.source, match.destination, match.services)))
    if not cells:
        return ()
    question = Question(
        stage=stage,
        mode=Mode.REACH,
        state=State.NEW if State.NEW in match.states else next(iter(sorted(match.states or ALL_STATES))),
        ingress=survey.firewall.labels(ingress),
        egress=egress or frozenset(item.name for item in survey.firewall.interfaces),
        facts={},
        budget=survey.budget,
    )
    tags = match.tags or frozenset()
    hits = first_match(question, [(n, tags, cell) for n, cell in enumerate(cells)])
    owners = dict.fromkeys(replace(here, chain=hit.chain, index=hit.rule) for hit in hits if hit.rule is not None)
    if here in owners:
        return None
    return tuple(owners)


def _pair(survey: Survey, side: SideSpec, match: Match) -> Pair | None:
    """Give the sides of a rule: where it is entered, and the first other side that its destination stands on."""
    for other in survey.question.sides:
        if other.name != side.name and other.groups & match.destination & survey.question.protected:
            return Pair(side.name, other.name)
    for other in survey.question.sides:
        if other.name != side.name and other.addresses & match.destination:
            return Pair(side.name, other.name)
    return None
