"""A stage's rules as one plain list, chains that are called put in where they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.engine.entries import Entries, Entry
from auditor.engine.question import Mode, fits
from parsers.model.addresses import ANY
from parsers.model.rules import Call, Deny, Permit, Return, Rewrite
from parsers.model.services import ANY_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.engine.question import Question
    from parsers.model.addresses import AddressSet
    from parsers.model.conditions import Condition
    from parsers.model.rules import Chain, Do, Match

__all__ = ["flat"]

_MANY = 4
"""A list may be so many times as long as the rules that it is made of: chains that are called again and again."""
_FEW = 1000
"""A list of so few rules may always be made."""


def flat(question: Question) -> Entries | None:
    """Give the rules as the question's mode sees them, in order; None where marks, jumps or returns are in the way.

    A call of a chain whose rules all decide is a list of its own, within what the caller matches. The list is made as
    far as somebody looks: often its first rules take everything.
    """
    listing = _Listing(question)
    chains = question.stage.chains
    if not chains:
        return Entries((), 0)
    length = listing.length(chains[0].name, 0, tagged=False)
    return None if length is None else Entries(listing.entries(chains[0].name, None), length)


class _Listing:
    """The chains of one question's stage."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._chains: dict[str, Chain] = {chain.name: chain for chain in question.stage.chains}
        self._conditional = {name: chain.rules.conditional() for name, chain in self._chains.items()}
        self._fits: dict[tuple[str, int], bool] = {}
        self._common: dict[tuple[int, int], tuple[AddressSet, AddressSet, AddressSet]] = {}
        self._most = max(_FEW, _MANY * sum(len(self._indices(name)) for name in self._chains))

    def _indices(self, name: str) -> Sequence[int]:
        scope = self._question.scope
        return range(len(self._chains[name].rules)) if scope is None else scope[name]

    def length(self, name: str, depth: int, *, tagged: bool) -> int | None:
        """Bound the length of a chain's list, None where it is no plain one; `tagged`: its caller minds tags."""
        if depth > len(self._chains):  # a jump loop
            return None
        rules = self._chains[name].rules
        indices = self._indices(name)
        others = {number for number, do in enumerate(rules.decisions) if not isinstance(do, Permit | Deny | Rewrite)}
        if tagged and any(match.tags is not None for match in self._matches(name)):
            return None
        total = len(indices) * (2 if self._conditional[name] else 1)  # what it surely takes, and what it perhaps does
        if not others:
            return total
        for index in indices:
            if rules.decision_ids[index] not in others:
                continue
            match, do = rules.matches[rules.match_ids[index]], rules.decisions[rules.decision_ids[index]]
            if index in self._conditional[name]:
                return None
            if isinstance(do, Call):
                called = self.length(do.chain, depth + 1, tagged=tagged or match.tags is not None)
                if called is None or total + called > self._most:
                    return None
                total += called
            elif not (isinstance(do, Return) and _everything(match)):
                return None
        return total

    def _matches(self, name: str) -> Iterator[Match]:
        rules = self._chains[name].rules
        yield from (rules.matches[number] for number in {rules.match_ids[index] for index in self._indices(name)})
        yield from (sure for sure, _ in self._conditional[name].values() if sure is not None)

    def entries(self, name: str, within: Match | None) -> Iterator[Entry]:
        """Give the rules of a chain that is called for some traffic."""
        rules = self._chains[name].rules
        conditional = self._conditional[name]
        for index in self._indices(name):
            number = rules.match_ids[index]
            match = rules.matches[number]
            if (name, number) not in self._fits:
                self._fits[name, number] = fits(self._question, match)
            if not self._fits[name, number]:
                continue
            do = rules.decisions[rules.decision_ids[index]]
            if isinstance(do, Return):
                return  # for everything: whatever stands behind it is dead
            sure, conditions = conditional.get(index, (None, ()))
            if within is not None:
                match = self._both(within, match)
                sure = None if sure is None else self._both(within, sure)
            if isinstance(do, Call):
                yield from self.entries(do.chain, None if _everything(match) else match)
            else:
                yield from self._seen(do, match, sure, conditions, (name, index))

    def _seen(
        self, do: Do, match: Match, sure: Match | None, conditions: tuple[Condition, ...], place: tuple[str, int]
    ) -> list[Entry]:
        """Give a rule as the mode sees it: what it surely takes, then what it perhaps takes."""
        mode, facts, accepted = self._question.mode, self._question.facts, self._question.accepted
        chain, index = place
        permits, denies = isinstance(do, Permit), isinstance(do, Deny)
        entry = Entry(match, chain, index, sure=True, takes=True, records=True, permits=permits, denies=denies)
        if all(item.holds(facts) or (permits and item.kind in accepted) for item in conditions):
            return [entry]
        found = [] if sure is None or not fits(self._question, sure) else [entry._replace(match=sure)]
        if mode is Mode.REACH or (mode is Mode.POSSIBLE and isinstance(do, Rewrite)):
            return [*found, entry._replace(sure=False, takes=False)]
        if mode is Mode.POSSIBLE and permits:
            return [*found, entry._replace(sure=False)]
        if mode is Mode.SURE and not permits:
            return [*found, entry._replace(sure=False, records=denies)]
        return found

    def _both(self, within: Match, match: Match) -> Match:
        """Give what a rule matches of what its chain is called for; interfaces and states are minded by `fits`."""
        return replace(
            match,
            source=self._addresses(within.source, match.source),
            destination=self._addresses(within.destination, match.destination),
            services=match.services if within.services == ANY_SERVICE else within.services & match.services,
            tags=within.tags if match.tags is None else match.tags,
        )

    def _addresses(self, within: AddressSet, mine: AddressSet) -> AddressSet:
        """Give the common addresses of interned sets, and the same object for the same two."""
        if within == ANY:
            return mine
        known = self._common.get((id(within), id(mine)))
        if known is None:
            common = within & mine
            known = self._common[id(within), id(mine)] = (within, mine, mine if common == mine else common)
        return known[2]


def _everything(match: Match) -> bool:
    return match.source == ANY and match.destination == ANY and match.services == ANY_SERVICE and match.tags is None
