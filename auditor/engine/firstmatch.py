"""First match within one stage, exactly, for sets of traffic at once.

Traffic is held as products of three bit masks (source, destination, service atoms). The rules are taken in order; each
takes its part of what remains. Called chains are walked with the part that calls them; what returns, goes on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from auditor.engine.atoms import AddressAtoms, ServiceAtoms
from auditor.engine.cells import Cell
from auditor.engine.linear import Entry, decide
from auditor.engine.relevance import Windows, cover
from parsers.model.rules import ANYTHING, Call, Deny, Goto, Mark, Permit, Return, Rewrite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parsers.model.conditions import Condition, ConditionKind, Facts
    from parsers.model.rules import Chain, Do, Match, Rules, Stage, State

__all__ = ["Budget", "BudgetError", "Hit", "Mode", "Question", "first_match"]

_SHORT = 24
"""Lists of fewer rules per piece than this are walked rule by rule."""
_CALLS = 8
_COMPACT = 64
"""Remainders longer than this (and twice the last compacted length) are merged."""


class Mode(StrEnum):
    """Which bound of the traffic is wanted.

    SURE: what every world permits. POSSIBLE: what some world permits. REACH: which rules some packet can reach (each
    rule before takes only what it surely matches).
    """

    SURE = "sure"
    POSSIBLE = "possible"
    REACH = "reach"


class BudgetError(Exception):
    """The stated amount of work is used up: what was asked is not decided."""


@dataclass(slots=True)
class Budget:
    """Counts down the work of one question; one unit is one product of masks looked at."""

    left: int

    def spend(self, units: int) -> None:
        """Take units away; raises BudgetError when none are left."""
        self.left -= units
        if self.left < 0:
            raise BudgetError


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is the same for all traffic in one run through a stage; `without` names rules (chain, index) left out.

    `scope` gives, by chain, the only rules that can matter (None: every rule); `reached` collects, where it is given,
    the rules that decide something.
    """

    stage: Stage
    mode: Mode
    state: State
    ingress: frozenset[str]
    egress: frozenset[str]
    facts: Facts
    accepted: frozenset[ConditionKind] = frozenset()
    without: frozenset[tuple[str, int]] = frozenset()
    scope: Mapping[str, Sequence[int]] | None = None
    reached: set[tuple[str, int]] | None = None
    budget: Budget = field(default_factory=lambda: Budget(1 << 62))


class Hit(NamedTuple):
    """A part of one piece of traffic and what decided it (chain and rule empty: the stage's default)."""

    number: int
    tags: frozenset[str]
    cell: Cell
    chain: str
    rule: int | None
    sure: bool


class _Item(NamedTuple):
    number: int
    tags: frozenset[str]
    source: int
    destination: int
    service: int
    owes: tuple[int, ...]  # depths whose caller must permit it as well (a conditional return or goto)


class _Taken(NamedTuple):
    item: _Item
    chain: str
    rule: int | None
    sure: bool


class _Masks(NamedTuple):
    source: int
    destination: int
    service: int
    tags: frozenset[str] | None


class _Stage:
    """One run: the atoms, the rules that matter, and the walk."""

    def __init__(self, question: Question, pieces: Sequence[tuple[int, frozenset[str], Cell]]) -> None:
        self.question = question
        self.chains: Mapping[str, Chain] = {chain.name: chain for chain in question.stage.chains}
        self.relevant: dict[str, list[int]] = {}
        self.conditional: dict[str, dict[int, tuple[Match | None, tuple[Condition, ...]]]] = {}
        self.masks: dict[tuple[str, int], _Masks] = {}
        self.taken: list[_Taken] = []
        if not any(_fits(question, match) for chain in question.stage.chains for match in chain.rules.matches):
            return
        cells = [cell for _, _, cell in pieces]
        self.windows = Windows(cells)
        matches = self._select()
        if self.trivial:
            return
        universe = cover(cells)
        self.sources = AddressAtoms([*(m.source for m in matches), *(c.source for c in cells)], universe.source)
        self.destinations = AddressAtoms(
            [*(m.destination for m in matches), *(c.destination for c in cells)], universe.destination
        )
        self.services = ServiceAtoms([*(m.services for m in matches), *(c.services for c in cells)], universe.services)

    # -- what matters ---------------------------------------------------------------------------------------------

    def _select(self) -> list[Match]:
        """Find, chain by chain from the first, the rules whose match meets the traffic."""
        question = self.question
        matches: list[Match] = []
        todo = [question.stage.chains[0].name] if question.stage.chains else []
        while todo:
            name = todo.pop()
            if name in self.relevant:
                continue
            rules = self.chains[name].rules
            indices = range(len(rules)) if question.scope is None else question.scope[name]
            meets = {
                number: self._meets(rules.matches[number]) for number in {rules.match_ids[index] for index in indices}
            }
            self.relevant[name] = [
                index for index in indices if meets[rules.match_ids[index]] and (name, index) not in question.without
            ]
            self.conditional[name] = rules.conditional()
            matches += [rules.matches[number] for number, met in meets.items() if met]
            for index in self.relevant[name]:
                if index in self.conditional[name]:
                    sure = self.conditional[name][index][0]
                    matches += [sure] if sure is not None else []
                do = rules.decisions[rules.decision_ids[index]]
                if isinstance(do, Call | Goto):
                    todo.append(do.chain)
        return matches

    def _meets(self, match: Match) -> bool:
        return _fits(self.question, match) and self.windows.meet(match)

    @property
    def trivial(self) -> bool:
        """Tell whether no rule can decide anything."""
        return not any(self.relevant.values())

    # -- the walk -------------------------------------------------------------------------------------------------

    def denied(self, taken: _Taken) -> bool:
        rules = self.chains[taken.chain].rules
        return taken.rule is not None and isinstance(rules.decisions[rules.decision_ids[taken.rule]], Deny)

    def item(self, number: int, tags: frozenset[str], cell: Cell) -> _Item:
        return _Item(
            number,
            tags,
            self.sources.mask(cell.source),
            self.destinations.mask(cell.destination),
            self.services.mask(cell.services),
            (),
        )

    def cell(self, item: _Item) -> Cell:
        return Cell(
            self.sources.addresses(item.source),
            self.destinations.addresses(item.destination),
            self.services.services(item.service),
        )

    def _mask(self, match: Match) -> _Masks:
        return _Masks(
            self.sources.mask(match.source),
            self.destinations.mask(match.destination),
            self.services.mask(match.services),
            match.tags,
        )

    def _bounds(self, name: str, rules: Rules, index: int) -> tuple[_Masks, _Masks | None]:
        """Give the masks of what a rule possibly and surely matches."""
        number = rules.match_ids[index]
        possible = self.masks.get((name, number))
        if possible is None:
            possible = self.masks[name, number] = self._mask(rules.matches[number])
        extra = self.conditional[name].get(index)
        if extra is None:
            return possible, possible
        sure, conditions = extra
        question = self.question
        permits = isinstance(rules.decisions[rules.decision_ids[index]], Permit)
        if all(item.holds(question.facts) or (permits and item.kind in question.accepted) for item in conditions):
            return possible, possible
        if sure is None or not self._meets(sure):
            return possible, None
        return possible, self._mask(sure)

    def run(self, items: list[_Item]) -> list[_Item]:
        """Walk the first chain; gives what no rule decided."""
        if not self.question.stage.chains:
            return items
        return self._chain(self.question.stage.chains[0].name, items, 0)

    def _chain(self, name: str, items: list[_Item], depth: int) -> list[_Item]:  # noqa: C901, PLR0912, PLR0915
        """Walk a chain; decided parts go to `taken`, and what leaves the chain undecided is returned."""
        rules = self.chains[name].rules
        mode = self.question.mode
        live = items
        left: list[_Item] = []
        mark = len(self.taken)
        compact = _COMPACT
        if depth > len(self.chains):  # a jump loop, which no kernel loads: nothing is decided
            raise BudgetError
        for index in self.relevant[name]:
            if not live:
                break
            do = rules.decisions[rules.decision_ids[index]]
            possible, sure = self._bounds(name, rules, index)
            self.question.budget.spend(len(live))
            certain: list[_Item] = []
            perhaps: list[_Item] = []
            if sure is not None:
                certain, live = _split(live, sure)
            if sure is not possible:
                perhaps, live = _split(live, possible)
            if isinstance(do, Permit | Deny | Rewrite):
                self.taken.extend(_Taken(item, name, index, sure=True) for item in certain)
                live += self._uncertain(do, perhaps, name, index)
            elif isinstance(do, Return):
                left += certain
                if mode is Mode.SURE:
                    live += [item._replace(owes=(*item.owes, depth)) for item in perhaps]
                else:
                    left += perhaps
                    live += perhaps
            elif isinstance(do, Mark):
                live += [item._replace(tags=item.tags | {do.tag}) for item in certain]
                if mode is not Mode.SURE:
                    live += perhaps
                    live += [item._replace(tags=item.tags | {do.tag}) for item in perhaps]
            else:
                after = self._chain(do.chain, certain, depth + 1) if certain else []
                if isinstance(do, Goto):
                    left += after
                else:
                    live += after
                if perhaps:
                    stay, leave = self._fork(do, perhaps, depth)
                    live += stay
                    left += leave
            if len(live) > compact:
                live = _merged(live)
                compact = max(_COMPACT, 2 * len(live))
        left += live
        if mode is Mode.SURE and any(taken.item.owes for taken in self.taken[mark:]):
            left += self._settle(mark, depth)
        return [item._replace(owes=tuple(d for d in item.owes if d != depth)) if item.owes else item for item in left]

    def _uncertain(self, do: Do, items: list[_Item], name: str, index: int) -> list[_Item]:
        """Decide what a rule only perhaps matches; gives what goes on to the next rule."""
        mode = self.question.mode
        taken = [_Taken(item, name, index, sure=False) for item in items]
        if mode is Mode.POSSIBLE:
            if isinstance(do, Permit):
                self.taken.extend(taken)
                return []
            if isinstance(do, Rewrite):
                self.taken.extend(taken)
            return items
        if mode is Mode.SURE:
            if isinstance(do, Permit):
                return items
            if isinstance(do, Deny):
                self.taken.extend(taken)
            return []
        self.taken.extend(taken)
        return items

    def _fork(self, do: Call | Goto, items: list[_Item], depth: int) -> tuple[list[_Item], list[_Item]]:
        """Take a jump that only perhaps happens; gives what goes on here and what leaves the chain."""
        mode = self.question.mode
        mark = len(self.taken)
        after = self._chain(do.chain, items, depth + 1)
        if mode is not Mode.SURE:
            if isinstance(do, Goto):
                return items, after
            known = set(items)
            return items + [item for item in after if item.tags not in {other.tags for other in known}], []
        inside, self.taken[mark:] = self.taken[mark:], []
        rules = self.chains
        permitted = [
            taken.item
            for taken in inside
            if taken.rule is not None
            and isinstance(
                rules[taken.chain].rules.decisions[rules[taken.chain].rules.decision_ids[taken.rule]], Permit
            )
        ]
        tags = {item.tags for item in items}
        same = [item for item in after if item.tags in tags]
        if isinstance(do, Goto):
            return permitted + [item._replace(owes=(*item.owes, depth)) for item in same], []
        return permitted + same, []

    def _settle(self, mark: int, depth: int) -> list[_Item]:
        """Hand what this chain permitted, but owes its caller a permit too, back to the caller."""
        keep: list[_Taken] = []
        back: list[_Item] = []
        for taken in self.taken[mark:]:
            rules = self.chains[taken.chain].rules
            do = rules.decisions[rules.decision_ids[taken.rule]] if taken.rule is not None else None
            if depth not in taken.item.owes:
                keep.append(taken)
            elif isinstance(do, Permit):
                back.append(taken.item)
            elif isinstance(do, Deny):
                keep.append(taken)
        self.taken[mark:] = keep
        return back


def _split(items: list[_Item], masks: _Masks) -> tuple[list[_Item], list[_Item]]:
    """Part items into what masks take and what remains."""
    source, destination, service, tags = masks
    hits: list[_Item] = []
    rest: list[_Item] = []
    for item in items:
        number, mine, s, d, v, owes = item
        a = s & source
        b = d & destination
        c = v & service
        if not (a and b and c) or (tags is not None and not (mine & tags if tags else not mine)):
            rest.append(item)
            continue
        hits.append(_Item(number, mine, a, b, c, owes))
        if a != s:
            rest.append(_Item(number, mine, s ^ a, d, v, owes))
        if b != d:
            rest.append(_Item(number, mine, a, d ^ b, v, owes))
        if c != v:
            rest.append(_Item(number, mine, a, b, v ^ c, owes))
    return hits, rest


def _merged(items: list[_Item]) -> list[_Item]:
    """Give fewer items with the same traffic."""
    for fixed in ((0, 1, 5, 3, 4), (0, 1, 5, 2, 4), (0, 1, 5, 2, 3)):
        free = ({2, 3, 4} - set(fixed)).pop()
        groups: dict[tuple[object, ...], int] = {}
        samples: dict[tuple[object, ...], _Item] = {}
        for item in items:
            key = tuple(item[position] for position in fixed)
            groups[key] = groups.get(key, 0) | item[free]  # type: ignore[operator]  # a mask by position
            samples.setdefault(key, item)
        items = [
            _Item(*(mask if position == free else samples[key][position] for position in range(6)))  # type: ignore[arg-type]  # by position
            for key, mask in groups.items()
        ]
    return items


def first_match(
    question: Question, pieces: Sequence[tuple[int, frozenset[str], Cell]], *, denies: bool = True
) -> list[Hit]:
    """Give every part of the pieces (number, tags, cell) with the rule, or the default, that decides it.

    Without `denies`, parts that a rule denies are left out. In POSSIBLE mode parts may overlap where a condition
    forks; in SURE mode parts that are surely neither are left out. Raises BudgetError when the budget is used up.
    """
    order = plan(question)
    if order is not None and len(pieces) * _SHORT < len(order):
        return _linear(question, order, pieces, denies=denies)
    run = _Stage(question, pieces)
    if run.trivial:
        return [Hit(number, tags, cell, "", None, sure=True) for number, tags, cell in pieces]
    rest = run.run([run.item(number, tags, cell) for number, tags, cell in pieces])
    if question.mode is not Mode.REACH:
        rest = _merged(rest)
    if question.reached is not None:
        question.reached.update((taken.chain, taken.rule) for taken in run.taken if taken.rule is not None)
    hits = [
        Hit(taken.item.number, taken.item.tags, run.cell(taken.item), taken.chain, taken.rule, taken.sure)
        for taken in run.taken
        if denies or not run.denied(taken)
    ]
    hits += [Hit(item.number, item.tags, run.cell(item), "", None, sure=True) for item in rest]
    return hits


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
        order += [(name, index) for index in indices if (name, index) not in question.without]
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
    question: Question,
    order: list[tuple[str, int]],
    pieces: Sequence[tuple[int, frozenset[str], Cell]],
    *,
    denies: bool,
) -> list[Hit]:
    """Decide pieces by a plain list of rules."""
    hits: list[Hit] = []
    entries = list(_entries(question, order))
    for number, tags, cell in pieces:
        fitting = [
            entry
            for entry in entries
            if entry.match.tags is None or (bool(entry.match.tags & tags) if entry.match.tags else not tags)
        ]
        taken, rest = decide(fitting, cell, question.budget.spend)
        for entry, part in taken:
            if question.reached is not None:
                question.reached.add((entry.chain, entry.rule))
            hits.append(Hit(number, tags, part, entry.chain, entry.rule, entry.sure))
        hits += [Hit(number, tags, part, "", None, sure=True) for part in rest]
    if denies:
        return hits
    chains = {chain.name: chain.rules for chain in question.stage.chains}
    return [
        hit
        for hit in hits
        if hit.rule is None
        or not isinstance(chains[hit.chain].decisions[chains[hit.chain].decision_ids[hit.rule]], Deny)
    ]


def _entries(question: Question, order: list[tuple[str, int]]) -> Iterator[Entry]:
    """Give the rules of a list as the question's mode sees them."""
    mode = question.mode
    rules_of = {chain.name: chain.rules for chain in question.stage.chains}
    conditional = {name: rules.conditional() for name, rules in rules_of.items()}
    fits: dict[tuple[str, int], bool] = {}
    for name, index in order:
        rules = rules_of[name]
        number = rules.match_ids[index]
        match = rules.matches[number]
        if (name, number) not in fits:
            fits[name, number] = _fits(question, match)
        if not fits[name, number]:
            continue
        extra = conditional[name].get(index)
        if extra is None:
            yield Entry(match, name, index, sure=True, takes=True, records=True)
            continue
        do = rules.decisions[rules.decision_ids[index]]
        permits = isinstance(do, Permit)
        sure, conditions = extra
        if all(item.holds(question.facts) or (permits and item.kind in question.accepted) for item in conditions):
            yield Entry(match, name, index, sure=True, takes=True, records=True)
            continue
        if sure is not None and _fits(question, sure):
            yield Entry(sure, name, index, sure=True, takes=True, records=True)
        if mode is Mode.REACH or (mode is Mode.POSSIBLE and isinstance(do, Rewrite)):
            yield Entry(match, name, index, sure=False, takes=False, records=True)
        elif mode is Mode.POSSIBLE and permits:
            yield Entry(match, name, index, sure=False, takes=True, records=True)
        elif mode is Mode.SURE and not permits:
            yield Entry(match, name, index, sure=False, takes=True, records=isinstance(do, Deny))


def _fits(question: Question, match: Match) -> bool:
    return (
        question.state in match.states
        and (match.ingress is None or bool(match.ingress & question.ingress))
        and (match.egress is None or bool(match.egress & question.egress))
    )
