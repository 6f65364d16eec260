"""Access lists: each line becomes the rules that it surely and possibly makes.

Common lines come as columns of numbers (`entries`); each number's words are read once, in the order in which the lines
use them. Whatever is rarer is read line by line, word by word.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.interned import Interned
from parsers.model.rules import Deny, Permit, Rule, RulesBuilder
from parsers.model.services import ServiceSet
from parsers.platforms._cisco_lina.ace import StrangeError, read_ace, take_address
from parsers.platforms._cisco_lina.addresses import address, are_literal, literals
from parsers.platforms._cisco_lina.entries import UNCOMMON
from parsers.platforms._cisco_lina.services import common_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parsers.model.rules import Rules
    from parsers.platforms._cisco_lina.ace import Surroundings
    from parsers.platforms._cisco_lina.entries import Entries

__all__ = ["PERMIT", "AccessLists", "unknown_rules"]

PERMIT = Permit(replies=True)
"""What every permit of an ASA does: it is stateful."""
_ACTIONS: dict[str, Permit | Deny] = {"permit": PERMIT, "deny": Deny()}
_STRETCH = 4096
"""So many lines are looked at together; what they teach is known for the next ones."""
_NOTHING = 2
"""So many words stay unknown when all is known: the two UNCOMMON ones."""


def unknown_rules(text: str) -> tuple[Rule, Rule]:
    """Give the rules of something of which only that it filters is known: any packet may be permitted, or denied."""
    why = (Condition(kind=ConditionKind.UNKNOWN, text=text),)
    return Rule(do=PERMIT, conditions=why), Rule(do=Deny(), conditions=why)


class AccessLists:
    """Reads the access lists of a configuration, each one once."""

    def __init__(self, around: Surroundings) -> None:
        """Take what the lines refer to; no list is read yet."""
        self._around = around
        self._text = around.text
        self._known: dict[str, Rules] = {}
        addresses, services = list(self._text.acls.addresses), list(self._text.acls.services)
        self._addresses = _Learned(addresses, are_literal(addresses))
        self._address_sets = Interned(AddressSet, [None] * len(addresses), bulk=lambda: literals(addresses))
        intervals = list(map(common_services, services))
        self._services = _Learned(services, bytearray(part is not None for part in intervals))
        self._service_sets: Interned[ServiceSet] = Interned(ServiceSet.from_axis, [*intervals])
        self._decisions = array("i", [words[:1] == "d" for words in services])
        self._account()

    def _account(self) -> None:
        """Take common lines to be understood; a line that is not gets another state when it is read."""
        states, lists = self._text.ledger.states, self._text.acls
        for first, behind in lists.blocks:
            states[first - 1 : behind - 1] = bytes((LineState.MODELLED,)) * (behind - first)
        for number in lists.uncommon:
            states[number - 1] = LineState.NOT_UNDERSTOOD

    def rules(self, name: str, number: int) -> Rules:
        """Give the rules of the access list that a line names; of one that is not defined nothing is known."""
        known = self._known.get(name)
        if known is None:
            if name in self._text.acls:
                known = self._read(self._text.acls[name])
            else:
                self._text.remark(RemarkKind.UNDEFINED, f"access-list {name} is not defined", number, decides=True)
                builder = RulesBuilder()
                for rule in unknown_rules(f"access-list {name} is not defined"):
                    builder.append(rule)
                known = builder.build()
            self._known[name] = known
        return known

    def _read(self, entries: Entries) -> Rules:
        builder = RulesBuilder(self._address_sets, self._service_sets)
        for do in _ACTIONS.values():  # in the order that `_decisions` numbers them
            builder.intern_decision(do)
        taken = 0
        for start in range(0, len(entries), _STRETCH):
            for row in self._doubtful(entries, start):
                if not self._learn(entries, row):
                    if taken < row:
                        self._take(entries, slice(taken, row), builder)
                    self._text.ledger.states[entries[row] - 1] = LineState.NOT_UNDERSTOOD
                    self._slow(entries[row], row + 1, builder)
                    taken = row + 1
        self._take(entries, slice(taken, len(entries)), builder)
        return builder.build()

    def _doubtful(self, entries: Entries, start: int) -> Iterator[int]:
        """Give the rows of a stretch of lines some of whose words are not known when it begins."""
        rows = slice(start, start + _STRETCH)
        unknown = self._addresses.known.count(0) + self._services.known.count(0)
        if unknown == _NOTHING and UNCOMMON not in entries.services[rows]:
            return
        addresses, services = self._addresses.known.__getitem__, self._services.known.__getitem__
        columns = (
            bytes(map(addresses, entries.sources[rows])),
            bytes(map(addresses, entries.destinations[rows])),
            bytes(map(services, entries.services[rows])),
        )
        if not any(0 in column for column in columns):
            return
        first, second, third = (int.from_bytes(column, "big") for column in columns)
        known = (first & second & third).to_bytes(len(columns[0]), "big")
        at = known.find(0)
        while at >= 0:
            yield start + at
            at = known.find(0, at + 1)

    def _take(self, entries: Entries, rows: slice, builder: RulesBuilder) -> None:
        """Append the rules of lines whose words are all known."""
        numbers, services = entries.numbers[rows], entries.services[rows]
        decisions = array("i", map(self._decisions.__getitem__, services))
        matches = entries.sources[rows], entries.destinations[rows], services
        builder.extend(decisions, matches, self._text.document, numbers)

    def _learn(self, entries: Entries, row: int) -> bool:
        """Learn the words of a line; False where they are not all exact."""
        source, destination, services = entries.sources[row], entries.destinations[row], entries.services[row]
        if source == UNCOMMON:
            return False
        line, learned = entries.numbers[row], self._addresses
        for number in (source, destination):
            if not learned.known[number] and number not in learned.strange:
                learned.note(number, known=self._read_address(number, line))
        if not (learned.known[source] and learned.known[destination]):
            return False
        learned = self._services
        if not learned.known[services] and services not in learned.strange:
            learned.note(services, known=self._read_services(services, line))
        return bool(learned.known[services])

    def _read_address(self, number: int, line: int) -> bool:
        spec = self._addresses.words[number]
        keyword, _, name = spec.partition(" ")
        if keyword in {"object", "object-group"}:
            if self._around.objects.kind(keyword, name) != "network":
                return False
            network = self._around.objects.network(keyword, name, line)
            self._address_sets.put_later(number, network.sure)
            self._address_sets.objects[number] = (name,)
            return network.exact
        try:
            bounds, _, _ = take_address(self._around, spec.split(), 0, line)
        except StrangeError:
            return False
        self._address_sets.put(number, bounds.sure)
        return not bounds.why

    def _read_services(self, number: int, line: int) -> bool:
        words = self._services.words[number].split()[1:]
        protocol = 2 if words[0] in {"object", "object-group"} else 1
        try:
            ace = read_ace(self._around, (*words[:protocol], "any", "any", *words[protocol:]), line)
        except StrangeError:
            return False
        self._service_sets.put(number, ace.services.sure)
        if ace.service_objects:
            self._service_sets.objects[number] = ace.service_objects
        return ace.is_exact and not ace.inactive

    def _slow(self, number: int, place: int, builder: RulesBuilder) -> None:
        """Read a line word by word; `place` is where in its list it stands."""
        text = self._text
        words = text.words(number)[2:]
        if words[0] == "line" and len(words) > 2:
            if words[1] != str(place):  # it is to be put elsewhere
                self._not_understood(number, decides=True)
            words = words[2:]
        if words[0] in {"remark", "ethertype", "webtype"}:
            text.ledger.irrelevant((number,))
            return
        if words[0] == "standard":
            self._standard(words[1:], number)
            return
        if words[0] == "extended":
            words = words[1:]
        action = _ACTIONS.get(words[0]) if words else None
        if action is None:
            self._unbounded(number, builder, _ACTIONS.values(), words)
            return
        try:
            ace = read_ace(self._around, words[1:], number)
        except StrangeError:
            self._unbounded(number, builder, (action,), words)
            return
        if ace.understood:
            text.ledger.modelled((number,))
        else:
            self._not_understood(number)
        if ace.inactive or not (ace.source.possible and ace.destination.possible and ace.services.possible):
            return
        span = text.span(number)
        if ace.is_exact:
            builder.append(Rule(do=action, possible=ace.possible(), span=span))
        else:
            builder.append(Rule(do=action, possible=ace.possible(), sure=ace.sure(), conditions=ace.why(), span=span))

    def _unbounded(
        self, number: int, builder: RulesBuilder, actions: Iterable[Permit | Deny], words: Sequence[str]
    ) -> None:
        """A line that was not understood before its five-tuple was complete may match anything."""
        self._not_understood(number, decides=not (words and words[0] in _ACTIONS))
        why = (Condition(kind=ConditionKind.UNKNOWN, text=" ".join(words)),)
        for action in actions:
            builder.append(Rule(do=action, conditions=why, span=self._text.span(number)))

    def _standard(self, words: Sequence[str], number: int) -> None:
        """A standard list names networks for routing and VPN; no interface filters by it."""
        if words[:1] and words[0] in _ACTIONS and self._is_address(words[1:], number):
            self._text.ledger.modelled((number,))
        else:
            self._not_understood(number)

    def _is_address(self, words: Sequence[str], number: int) -> bool:
        try:
            return take_address(self._around, words, 0, number)[2] == len(words)
        except StrangeError:
            return len(words) == 1 and address(words[0], self._text.names) is not None

    def _not_understood(self, number: int, *, decides: bool = False) -> None:
        what = f"not understood: {self._text.lines[number - 1].strip()}"
        self._text.remark(RemarkKind.NOT_UNDERSTOOD, what, number, decides=decides)


class _Learned:
    """What is known of numbered words: one byte each, 1 for known; `strange` are those that are not exact."""

    __slots__ = ("known", "strange", "words")

    def __init__(self, words: list[str], known: bytearray) -> None:
        self.words = words
        self.known = known
        self.strange: set[int] = set()

    def note(self, number: int, *, known: bool) -> None:
        """Note what came of reading some words."""
        if known:
            self.known[number] = True
        else:
            self.strange.add(number)
