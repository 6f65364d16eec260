"""Matches, decisions, rules, chains and stages: the pipeline that a packet passes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, overload

from parsers.model.addresses import ANY, AddressSet
from parsers.model.capture import Span
from parsers.model.interned import Interned
from parsers.model.services import ANY_SERVICE, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parsers.model.conditions import Condition, Facts

__all__ = [
    "ALL_STATES", "Call", "Chain", "Deny", "Do", "Goto", "Mark", "Match", "Matches", "Permit", "Return", "Rewrite",
    "Rule", "Rules", "RulesBuilder", "Side", "Stage", "State", "Traffic", "View",
]  # fmt: skip


class State(StrEnum):
    """Connection states as connection tracking tells them apart."""

    NEW = "new"
    ESTABLISHED = "established"
    RELATED = "related"


ALL_STATES = frozenset(State)


class Side(StrEnum):
    """Which end of a packet a translation changes."""

    SOURCE = "source"
    DESTINATION = "destination"


class View(StrEnum):
    """Which header a stage matches: as translated so far, or as the packet arrived."""

    CURRENT = "current"
    ORIGINAL = "original"


class Traffic(StrEnum):
    """Which packets enter a stage."""

    THROUGH = "through"
    TO_DEVICE = "to-device"
    FROM_DEVICE = "from-device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule matches; every part must.

    `ingress` and `egress` name interfaces or zones (None: any). `tags` is None for any packet, the empty set for
    packets without a tag, else the packet must carry one of them. `objects` only says where the match came from.
    """

    source: AddressSet = ANY
    destination: AddressSet = ANY
    services: ServiceSet = ANY_SERVICE
    ingress: frozenset[str] | None = None
    egress: frozenset[str] | None = None
    states: frozenset[State] = ALL_STATES
    tags: frozenset[str] | None = None
    objects: tuple[str, ...] = field(default=(), compare=False)


ANYTHING = Match()


class Matches(Sequence[Match]):
    """The matches of a chain by number; those that were put in as columns are made when they are asked for.

    `sources` and `destinations` number sets of `addresses`, `services` those of `service_sets`; for a match that was
    put in as it is, all three hold -1 and `given` has it.
    """

    __slots__ = ("_made", "addresses", "destinations", "given", "service_sets", "services", "sources")

    def __init__(
        self, addresses: Interned[AddressSet] | None = None, service_sets: Interned[ServiceSet] | None = None
    ) -> None:
        """Start empty, on the tables that columns will refer to."""
        self.addresses = Interned(AddressSet) if addresses is None else addresses
        self.service_sets = _no_services() if service_sets is None else service_sets
        self.given: dict[int, Match] = {}
        self.sources = array("i")
        self.destinations = array("i")
        self.services = array("i")
        self._made: dict[int, Match] = {}

    def append(self, match: Match) -> int:
        """Put in a match, and give its number."""
        number = len(self.sources)
        self.given[number] = match
        for column in (self.sources, self.destinations, self.services):
            column.append(-1)
        return number

    def extend(self, sources: array[int], destinations: array[int], services: array[int]) -> range:
        """Put in matches of any ingress, egress, state and tag as columns of equal length, and give their numbers."""
        first = len(self.sources)
        self.sources.extend(sources)
        self.destinations.extend(destinations)
        self.services.extend(services)
        return range(first, len(self.sources))

    def __len__(self) -> int:
        """Count the matches."""
        return len(self.sources)

    @overload
    def __getitem__(self, index: int) -> Match: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Match, ...]: ...

    def __getitem__(self, index: int | slice) -> Match | tuple[Match, ...]:
        """Give a match, the same object whenever it is asked for, or those of a slice."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        found = self.given.get(index) or self._made.get(index)
        if found is None:
            found = self._made[index] = self._make(index)
        return found

    def _make(self, index: int) -> Match:
        source, destination, services = self.sources[index], self.destinations[index], self.services[index]
        named = self.addresses.objects
        return Match(
            source=self.addresses[source],
            destination=self.addresses[destination],
            services=self.service_sets[services],
            objects=named.get(source, ()) + named.get(destination, ()) + self.service_sets.objects.get(services, ()),
        )


def _no_services() -> Interned[ServiceSet]:
    return Interned(ServiceSet.from_axis)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Let the packet go on to the next stage; with `replies`, this stage lets the replies pass too."""

    replies: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """Drop the packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Go through another chain of the stage, then on with the next rule."""

    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goto:
    """Go through another chain of the stage instead of the rest of this one."""

    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Leave this chain; at the end of the first chain the stage's default decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """Translate one end of the packet; ends the stage.

    With `shift`, the match's addresses on that side are one interval that maps onto `to` (one interval of the same
    size) in order; without it the result is some address of `to`. `ports` likewise: of equal size to the match's one
    port range it maps in order, a single port takes all. `egress` replaces the route of the new destination.
    """

    side: Side
    to: AddressSet | None = None
    shift: bool = False
    ports: tuple[int, int] | None = None
    tag: str | None = None
    egress: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Give the packet a tag and go on with the next rule."""

    tag: str


Do = Permit | Deny | Call | Goto | Return | Rewrite | Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One decision of a chain.

    `possible` bounds the traffic from above. Without conditions it is exact. With conditions, `sure` (None: nothing)
    is the part that matches whatever the conditions say. `name` is the device's own name or number for the rule, or
    the words for an implicit one, which has no span.
    """

    do: Do
    possible: Match = ANYTHING
    sure: Match | None = None
    conditions: tuple[Condition, ...] = ()
    name: str = ""
    span: Span | None = field(default=None, compare=False)

    def sure_match(self, facts: Facts) -> Match | None:
        """Give what surely matches for traffic with these facts, None for nothing."""
        if not self.conditions or all(item.holds(facts) for item in self.conditions):
            return self.possible
        return self.sure


class Rules(Sequence[Rule]):
    """The rules of a chain, packed: interned matches and decisions with arrays of indices; a Rule is made on demand."""

    __slots__ = ("_documents", "_extras", "_firsts", "_lasts", "decision_ids", "decisions", "match_ids", "matches")

    def __init__(  # noqa: PLR0917 - columns of one table, filled by RulesBuilder only
        self,
        matches: Matches,
        decisions: tuple[Do, ...],
        match_ids: array[int],
        decision_ids: array[int],
        spans: tuple[array[int], array[int], array[int]],
        extras: dict[int, tuple[Match | None, tuple[Condition, ...], str]],
    ) -> None:
        """Take the columns as they are; use RulesBuilder or Rules.of."""
        self.matches = matches
        self.decisions = decisions
        self.match_ids = match_ids
        self.decision_ids = decision_ids
        self._documents, self._firsts, self._lasts = spans
        self._extras = extras

    @classmethod
    def of(cls, *rules: Rule) -> Rules:
        """Pack rules."""
        builder = RulesBuilder()
        for rule in rules:
            builder.append(rule)
        return builder.build()

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.match_ids)

    @overload
    def __getitem__(self, index: int) -> Rule: ...

    @overload
    def __getitem__(self, index: slice) -> Rules: ...

    def __getitem__(self, index: int | slice) -> Rule | Rules:
        """Make the rule at an index (from 0), or pack the rules of a slice."""
        if isinstance(index, slice):
            return Rules.of(*(self[i] for i in range(*index.indices(len(self)))))
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(index)
        sure, conditions, name = self._extras.get(index, (None, (), ""))
        return Rule(
            do=self.decisions[self.decision_ids[index]],
            possible=self.matches[self.match_ids[index]],
            sure=sure,
            conditions=conditions,
            name=name,
            span=self.span(index),
        )

    def select(self, indices: Iterable[int]) -> Rules:
        """Give the rules at some indices, in that order, on the same interned matches."""
        chosen = list(indices)
        spans = tuple(
            array("i", (column[index] for index in chosen)) for column in (self._documents, self._firsts, self._lasts)
        )
        extras = {new: self._extras[old] for new, old in enumerate(chosen) if old in self._extras}
        return Rules(
            self.matches,
            self.decisions,
            array("i", (self.match_ids[index] for index in chosen)),
            array("i", (self.decision_ids[index] for index in chosen)),
            (spans[0], spans[1], spans[2]),
            extras,
        )

    def span(self, index: int) -> Span | None:
        """Give the place of the rule at an index without making the rule."""
        first = self._firsts[index]
        return Span(document=self._documents[index], first=first, last=self._lasts[index]) if first else None

    def possible(self, index: int) -> Match:
        """Give the upper bound of the rule at an index without making the rule."""
        return self.matches[self.match_ids[index]]

    def name(self, index: int) -> str:
        """Give the name of the rule at an index without making the rule."""
        extra = self._extras.get(index)
        return extra[2] if extra else ""

    def conditional(self) -> dict[int, tuple[Match | None, tuple[Condition, ...]]]:
        """Give, by index, the sure match and the conditions of the rules that have conditions."""
        return {index: (sure, conditions) for index, (sure, conditions, _) in self._extras.items() if conditions}

    def __eq__(self, other: object) -> bool:
        """Rules are equal where every rule is, in order."""
        return (
            isinstance(other, Rules)
            and len(self) == len(other)
            and all(a == b for a, b in zip(self, other, strict=True))
        )

    def __hash__(self) -> int:
        """Hash by content, consistent with equality."""
        return hash(tuple(self))

    def __iter__(self) -> Iterator[Rule]:
        """Make each rule in order."""
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        """Show the rules as `Rules.of` would take them."""
        return f"Rules.of({', '.join(map(repr, self))})"


class RulesBuilder:
    """Packs rules one at a time; `add` and `extend` skip making a Rule for the common unconditional line."""

    def __init__(
        self, addresses: Interned[AddressSet] | None = None, service_sets: Interned[ServiceSet] | None = None
    ) -> None:
        """Start empty; the tables are those that the columns of `extend` refer to."""
        self._known: dict[tuple[Match, tuple[str, ...]], int] = {}
        self._decisions: dict[Do, int] = {}
        self._matches = Matches(addresses, service_sets)
        self._decision_list: list[Do] = []
        self._match_ids = array("i")
        self._decision_ids = array("i")
        self._spans = (array("i"), array("i"), array("i"))
        self._extras: dict[int, tuple[Match | None, tuple[Condition, ...], str]] = {}

    def intern(self, match: Match) -> int:
        """Give the id of a match for `add`; equal matches from the same objects share one."""
        key = (match, match.objects)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._matches.append(match)
        return found

    def put(self, match: Match) -> int:
        """Give the id of a match that the caller knows to be new, without comparing it with the others."""
        return self._matches.append(match)

    def intern_decision(self, do: Do) -> int:
        """Give the id of a decision for `add`."""
        found = self._decisions.get(do)
        if found is None:
            found = self._decisions[do] = len(self._decision_list)
            self._decision_list.append(do)
        return found

    def add(self, decision: int, match: int, document: int, first: int, last: int) -> None:
        """Append an unconditional, unnamed rule by interned ids; first is 0 for an implicit one."""
        self._match_ids.append(match)
        self._decision_ids.append(decision)
        documents, firsts, lasts = self._spans
        documents.append(document)
        firsts.append(first)
        lasts.append(last)

    def name(self, name: str) -> None:
        """Give the rule that was added last, which has no conditions, its name."""
        self._extras[len(self._match_ids) - 1] = (None, (), name)

    def extend(
        self,
        decisions: array[int],
        matches: tuple[array[int], array[int], array[int]],
        document: int,
        lines: array[int],
    ) -> None:
        """Append unconditional, unnamed rules of one line each, as columns of equal length.

        `matches` holds the numbers of sources, destinations and services in the builder's tables.
        """
        self._decision_ids.extend(decisions)
        self._match_ids.extend(self._matches.extend(*matches))
        documents, firsts, lasts = self._spans
        documents.extend(array("i", (document,)) * len(lines))
        firsts.extend(lines)
        lasts.extend(lines)

    def append(self, rule: Rule) -> None:
        """Append a rule."""
        if rule.conditions or rule.name:
            self._extras[len(self._match_ids)] = (rule.sure, rule.conditions, rule.name)
        span = rule.span or Span(first=0, last=0)
        self.add(self.intern_decision(rule.do), self.intern(rule.possible), span.document, span.first, span.last)

    def build(self) -> Rules:
        """Give the packed rules; the builder must not be used after."""
        return Rules(
            self._matches,
            tuple(self._decision_list),
            self._match_ids,
            self._decision_ids,
            self._spans,
            self._extras,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A named, ordered list of rules; the first that matches decides."""

    name: str
    rules: Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One step of the pipeline: its first chain is entered, and where no rule decides, `default` does.

    Only packets whose ingress and egress (interface or zone; None: any) and traffic fit enter it. A stage that
    `translates` changes packets; the others are filters, whose decisions a report names. A `stateful` stage lets the
    replies of a connection pass unseen where each stateful stage permitted the connection with `replies`.
    `default_name` says the implicit decision in the field's words (`implicit deny`, `policy accept`); `default_span`
    is its line, if any.
    """

    name: str
    chains: tuple[Chain, ...]
    default: Permit | Deny = field(default_factory=Deny)
    default_name: str = "implicit deny"
    default_span: Span | None = field(default=None, compare=False)
    sees: View = View.CURRENT
    ingress: frozenset[str] | None = None
    egress: frozenset[str] | None = None
    traffic: Traffic = Traffic.THROUGH
    translates: bool = False
    stateful: bool = True

    def chain(self, name: str) -> Chain:
        """Give the chain of a name; raises KeyError."""
        for chain in self.chains:
            if chain.name == name:
                return chain
        raise KeyError(name)
