"""First match in a stage with jumps, returns and marks, exactly, for sets of traffic at once.

Traffic is held as products of three bit masks (source, destination, service atoms). The rules are taken in order; each
takes its part of what remains. Called chains are walked with the part that calls them; what returns, goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.engine.atoms import AddressAtoms, ServiceAtoms
from auditor.engine.cells import Cell
from auditor.engine.question import BudgetError, Mode, fits
from auditor.engine.relevance import Windows, cover
from parsers.model.rules import Call, Deny, Goto, Mark, Permit, Return, Rewrite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.engine.question import Question
    from parsers.model.conditions import Condition
    from parsers.model.rules import Chain, Do, Match, Rules

__all__ = ["StageWalk", "merged"]

_COMPACT = 64
"""Remainders longer than this (and twice the last compacted length) are merged."""


class Item(NamedTuple):
    number: int
    tags: frozenset[str]
    source: int
    destination: int
    service: int
    owes: tuple[int, ...]  # depths whose caller must permit it as well (a conditional return or goto)


class Taken(NamedTuple):
    item: Item
    chain: str
    rule: int | None
    sure: bool


class Masks(NamedTuple):
    source: int
    destination: int
    service: int
    tags: frozenset[str] | None


class StageWalk:
    """One run: the atoms, the rules that matter, and the walk."""

    def __init__(self, question: Question, pieces: Sequence[tuple[int, frozenset[str], Cell]]) -> None:
        self.question = question
        self.chains: Mapping[str, Chain] = {chain.name: chain for chain in question.stage.chains}
        self.relevant: dict[str, list[int]] = {}
        self.conditional: dict[str, dict[int, tuple[Match | None, tuple[Condition, ...]]]] = {}
        self.masks: dict[tuple[str, int], Masks] = {}
        self.taken: list[Taken] = []
        if not any(fits(question, match) for chain in question.stage.chains for match in chain.rules.matches):
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
            last = question.until[1] if question.until is not None and question.until[0] == name else len(rules)
            self.relevant[name] = [index for index in indices if meets[rules.match_ids[index]] and index <= last]
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
        return fits(self.question, match) and self.windows.meet(match)

    @property
    def trivial(self) -> bool:
        """Tell whether no rule can decide anything."""
        return not any(self.relevant.values())

    # -- the walk -------------------------------------------------------------------------------------------------

    def denied(self, taken: Taken) -> bool:
        """Tell whether a rule denied a part."""
        rules = self.chains[taken.chain].rules
        return taken.rule is not None and isinstance(rules.decisions[rules.decision_ids[taken.rule]], Deny)

    def item(self, number: int, tags: frozenset[str], cell: Cell) -> Item:
        """Give a piece of traffic as masks."""
        return Item(
            number,
            tags,
            self.sources.mask(cell.source),
            self.destinations.mask(cell.destination),
            self.services.mask(cell.services),
            (),
        )

    def cell(self, item: Item) -> Cell:
        """Give the traffic of masks."""
        return Cell(
            self.sources.addresses(item.source),
            self.destinations.addresses(item.destination),
            self.services.services(item.service),
        )

    def _mask(self, match: Match) -> Masks:
        return Masks(
            self.sources.mask(match.source),
            self.destinations.mask(match.destination),
            self.services.mask(match.services),
            match.tags,
        )

    def _bounds(self, name: str, rules: Rules, index: int) -> tuple[Masks, Masks | None]:
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

    def run(self, items: list[Item]) -> list[Item]:
        """Walk the first chain; gives what no rule decided."""
        if not self.question.stage.chains:
            return items
        return self._chain(self.question.stage.chains[0].name, items, 0)

    def _chain(self, name: str, items: list[Item], depth: int) -> list[Item]:  # noqa: C901, PLR0912, PLR0915
        """Walk a chain; decided parts go to `taken`, and what leaves the chain undecided is returned."""
        rules = self.chains[name].rules
        mode = self.question.mode
        live = items
        left: list[Item] = []
        mark = len(self.taken)
        compact = max(_COMPACT, 2 * len(live))
        if depth > len(self.chains):  # a jump loop, which no kernel loads: nothing is decided
            raise BudgetError
        for index in self.relevant[name]:
            if not live:
                break
            do = rules.decisions[rules.decision_ids[index]]
            possible, sure = self._bounds(name, rules, index)
            self.question.budget.spend(len(live))
            certain: list[Item] = []
            perhaps: list[Item] = []
            if sure is not None:
                certain, live = _split(live, sure)
            if sure is not possible:
                perhaps, live = _split(live, possible)
            if isinstance(do, Permit | Deny | Rewrite):
                self.taken.extend(Taken(item, name, index, sure=True) for item in certain)
                live += self._uncertain(do, perhaps, name, index)
                if self.question.layers and isinstance(do, Permit):
                    live += [*certain, *perhaps]
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
                live = merged(live)
                compact = max(_COMPACT, 2 * len(live))
        left += live
        if mode is Mode.SURE and any(taken.item.owes for taken in self.taken[mark:]):
            left += self._settle(mark, depth)
        return [item._replace(owes=tuple(d for d in item.owes if d != depth)) if item.owes else item for item in left]

    def _uncertain(self, do: Do, items: list[Item], name: str, index: int) -> list[Item]:
        """Decide what a rule only perhaps matches; gives what goes on to the next rule."""
        mode = self.question.mode
        taken = [Taken(item, name, index, sure=False) for item in items]
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

    def _fork(self, do: Call | Goto, items: list[Item], depth: int) -> tuple[list[Item], list[Item]]:
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

    def _settle(self, mark: int, depth: int) -> list[Item]:
        """Hand what this chain permitted, but owes its caller a permit too, back to the caller."""
        keep: list[Taken] = []
        back: list[Item] = []
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


def _split(items: list[Item], masks: Masks) -> tuple[list[Item], list[Item]]:
    """Part items into what masks take and what remains."""
    source, destination, service, tags = masks
    hits: list[Item] = []
    rest: list[Item] = []
    for item in items:
        number, mine, s, d, v, owes = item
        a = s & source
        b = d & destination
        c = v & service
        if not (a and b and c) or (tags is not None and not (mine & tags if tags else not mine)):
            rest.append(item)
            continue
        hits.append(Item(number, mine, a, b, c, owes))
        if a != s:
            rest.append(Item(number, mine, s ^ a, d, v, owes))
        if b != d:
            rest.append(Item(number, mine, a, d ^ b, v, owes))
        if c != v:
            rest.append(Item(number, mine, a, b, v ^ c, owes))
    return hits, rest


def merged(items: list[Item]) -> list[Item]:
    """Give fewer items with the same traffic: those that differ in one mask only become one."""
    sources: dict[tuple[int, frozenset[str], int, int, tuple[int, ...]], int] = {}
    for number, tags, source, destination, service, owes in items:
        at = (number, tags, destination, service, owes)
        sources[at] = sources.get(at, 0) | source
    destinations: dict[tuple[int, frozenset[str], int, int, tuple[int, ...]], int] = {}
    for (number, tags, destination, service, owes), source in sources.items():
        at = (number, tags, source, service, owes)
        destinations[at] = destinations.get(at, 0) | destination
    services: dict[tuple[int, frozenset[str], int, int, tuple[int, ...]], int] = {}
    for (number, tags, source, service, owes), destination in destinations.items():
        at = (number, tags, source, destination, owes)
        services[at] = services.get(at, 0) | service
    return [
        Item(number, tags, source, destination, service, owes)
        for (number, tags, source, destination, owes), service in services.items()
    ]
