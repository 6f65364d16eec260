"""Rules about protected hosts that no packet can ever reach, and the rules that shadow them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.engine.cells import Cell
from auditor.engine.firstmatch import first_match, reached
from auditor.engine.flows import Decision
from auditor.engine.question import Budget, Mode, Question
from auditor.engine.relevance import Scope
from auditor.engine.restrictions import line_of
from auditor.engine.survey import Pair, families
from parsers.model.addresses import ANY, ANY4, ANY6, AddressSet
from parsers.model.intervals import overlap
from parsers.model.rules import Deny, Mark, Permit, Rewrite, State
from parsers.model.services import ANY_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.deployment.site import SideSpec
    from auditor.engine.survey import Survey
    from parsers.model.capture import Span
    from parsers.model.rules import Match, Rule, Stage

__all__ = ["MOST", "Unreachable", "find_unreachable"]

_WIDE = frozenset({ANY, ANY4, ANY6})
MOST = 100
"""So many dead rules are reported at the most."""
WORK = 30_000_000
"""The work of looking for dead rules, in products of masks looked at: some five seconds."""
_LOOKS = 400
"""So many rules that nothing reached are looked at one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A dead line: its rules, those that take all its traffic, a pair of sides that it stands between, what it says."""

    dead: Decision
    rules: tuple[Decision, ...]
    shadows: tuple[Decision, ...]
    pair: Pair | None
    cells: tuple[Cell, ...]


def find_unreachable(survey: Survey) -> tuple[list[Unreachable], bool]:
    """Give the lines that name protected hosts and of which no rule can ever match, and whether that is all of them.

    To be asked after the survey's other questions: what they reached is alive and not looked at again. Past a stated
    number of dead rules the others are left out: `MOST` of them say enough. Raises BudgetError past `WORK`.
    """
    budget = Budget(WORK)
    complete = True
    found: dict[Decision, Unreachable] = {}
    alive: set[Span | Decision] = set()
    looks = _LOOKS
    for number, stage in enumerate(survey.firewall.stages):
        if stage.translates:
            continue
        candidates = {
            Decision(number, chain.name, index): rule
            for chain in stage.chains
            for index, rule in _candidates(survey, number, chain.name, stage)
        }
        if not candidates:
            continue
        entries = list(_entries(survey, stage))
        met = set(survey.reached.get(number, set()))
        for _, ingress in entries:
            if any((here.chain, here.index) not in met for here in candidates):
                met |= _reached(survey, number, stage, ingress, budget)
        silent = {here: rule for here, rule in candidates.items() if (here.chain, here.index) not in met}
        alive |= {line_of(survey, here) for here in candidates if here not in silent}
        wide = _wide_scope(survey, stage, silent)
        for here, rule in silent.items():
            if len(found) >= MOST or looks <= 0:
                alive.add(line_of(survey, here))  # not looked at, so that nothing is said of its line
                complete = False
                continue
            for side, ingress in entries:
                looks -= 1
                dead = _dead(survey, wide, here, rule, ingress, budget=budget)
                if dead is None:
                    found.pop(here, None)
                    alive.add(line_of(survey, here))
                    break
                if dead and here not in found:
                    cell = Cell(rule.possible.source, rule.possible.destination, rule.possible.services)
                    pair = _pair(survey, side, rule.possible)
                    found[here] = Unreachable(dead=here, rules=(here,), shadows=dead, pair=pair, cells=(cell,))
    lines: dict[Span | Decision, Unreachable] = {}
    for here, item in found.items():
        line = line_of(survey, here)
        if line not in alive:
            lines[line] = _together(lines[line], item) if line in lines else item
    return list(lines.values()), complete


def _together(first: Unreachable, other: Unreachable) -> Unreachable:
    """Join what several rules of one line, or of several stages, say."""
    pairs = [pair for pair in (first.pair, other.pair) if pair is not None]
    return replace(
        first,
        rules=(*first.rules, *other.rules),
        pair=min(pairs, key=lambda pair: (pair.source, pair.destination), default=None),
        shadows=tuple(dict.fromkeys((*first.shadows, *other.shadows))),
        cells=tuple(dict.fromkeys((*first.cells, *other.cells))),
    )


def _wide_scope(survey: Survey, stage: Stage, silent: dict[Decision, Rule]) -> dict[str, list[int]]:
    """Give, by chain, the rules that can shadow the rules that also name other hosts."""
    protected = survey.question.protected
    cells = [
        Cell(rule.possible.source, rule.possible.destination, rule.possible.services)
        for rule in silent.values()
        if not _ours(rule, protected)
    ]
    if not cells:
        return {}
    return Scope([stage], cells).of(0)


def _ours(rule: Rule, protected: AddressSet) -> bool:
    return rule.possible.destination <= protected or rule.possible.source <= protected


def _reached(survey: Survey, number: int, stage: Stage, ingress: str, budget: Budget) -> set[tuple[str, int]]:
    """Give the rules of a stage that traffic of protected hosts can reach, tagged or not, wherever it leaves."""
    protected = survey.question.protected
    cells = [*families(Cell(ANY, protected, ANY_SERVICE)), *families(Cell(protected, ~protected, ANY_SERVICE))]
    marks = frozenset(tag for other in survey.firewall.stages for tag in _tags(other))
    pieces = [(n, tags, cell) for tags in {frozenset(), marks} for n, cell in enumerate(cells)]
    return reached(_question(survey, stage, survey.scope_of(number, stage), ingress, budget), pieces)


def _tags(stage: Stage) -> Iterator[str]:
    for chain in stage.chains:
        for do in chain.rules.decisions:
            if isinstance(do, Rewrite | Mark) and do.tag:
                yield do.tag


def _question(survey: Survey, stage: Stage, scope: dict[str, list[int]], ingress: str, budget: Budget) -> Question:
    return Question(
        stage=stage,
        mode=Mode.REACH,
        state=State.NEW,
        ingress=survey.firewall.labels(ingress),
        egress=frozenset(label for item in survey.firewall.interfaces for label in survey.firewall.labels(item.name)),
        facts={},
        scope=scope,
        budget=budget,
        lists=survey.lists,
    )


def _entries(survey: Survey, stage: Stage) -> Iterator[tuple[SideSpec, str]]:
    """Give the sides and interfaces by which traffic enters a stage."""
    for side in survey.question.sides:
        for ingress in side.interfaces:
            if stage.ingress is None or stage.ingress & survey.firewall.labels(ingress):
                yield side, ingress


def _candidates(survey: Survey, number: int, name: str, stage: Stage) -> Iterator[tuple[int, Rule]]:
    """Give the rules of a chain that name a protected host: not those that say `any`."""
    protected = survey.question.protected
    rules = stage.chain(name).rules
    named: dict[int, bool] = {}
    for index in survey.scope_of(number, stage)[name]:
        match_id = rules.match_ids[index]
        if match_id not in named:
            match = rules.matches[match_id]
            named[match_id] = State.NEW in match.states and (
                (match.destination not in _WIDE and overlap(match.destination.intervals, protected.intervals))
                or (match.source not in _WIDE and overlap(match.source.intervals, protected.intervals))
            )
        if named[match_id] and isinstance(rules.decisions[rules.decision_ids[index]], Permit | Deny):
            yield index, rules[index]


def _dead(
    survey: Survey, wide: dict[str, list[int]], here: Decision, rule: Rule, ingress: str, *, budget: Budget
) -> tuple[Decision, ...] | None:
    """Give the rules that shadow a rule, None where some packet reaches it, () where it is not entered this way."""
    match = rule.possible
    cells = list(families(Cell(match.source, match.destination, match.services)))
    if not cells:
        return ()
    stage = survey.firewall.stages[here.stage]
    scope = survey.scope_of(here.stage, stage) if _ours(rule, survey.question.protected) else wide
    tags = match.tags or frozenset()
    question = replace(_question(survey, stage, scope, ingress, budget), until=(here.chain, here.index or 0))
    hits = first_match(question, [(n, tags, cell) for n, cell in enumerate(cells)])
    owners = dict.fromkeys(replace(here, chain=hit.chain, index=hit.rule) for hit in hits if hit.rule is not None)
    return None if here in owners else tuple(owners)


def _pair(survey: Survey, side: SideSpec, match: Match) -> Pair | None:
    """Give the sides of a rule: where it is entered, and the first other side that its destination stands on."""
    for other in survey.question.sides:
        if other.name != side.name and other.groups & match.destination & survey.question.protected:
            return Pair(side.name, other.name)
    for other in survey.question.sides:
        if other.name != side.name and other.addresses & match.destination:
            return Pair(side.name, other.name)
    return None
