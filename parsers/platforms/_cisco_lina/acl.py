"""Access lists: each line becomes the rules that it surely and possibly makes.

The common line is read by one regular expression and three look-ups by its words, so that a hundred thousand lines
cost no more than their text; whatever is rarer is read word by word.
"""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

from parsers.contract import LineState, RemarkKind
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Deny, Match, Permit, Rule, RulesBuilder
from parsers.platforms._cisco_lina.ace import StrangeError, read_ace, take_address
from parsers.platforms._cisco_lina.addresses import address, literal
from parsers.platforms._cisco_lina.services import common_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parsers.model.addresses import AddressSet
    from parsers.model.rules import Rules
    from parsers.model.services import ServiceSet
    from parsers.platforms._cisco_lina.ace import Surroundings

    _Addresses = tuple[AddressSet, tuple[str, ...], int]
    _Services = tuple[ServiceSet, tuple[str, ...], int]

__all__ = ["PERMIT", "AccessLists", "unknown_rules"]

PERMIT = Permit(replies=True)
"""What every permit of an ASA does: it is stateful."""
_ADDRESS = r"(any[46]?|(?:host|object|object-group) \S+|[\d.]+ [\d.]+|[\da-fA-F:]+/\d+)"
_COMMON = re.compile(
    rf"access-list \S+ extended (permit|deny) (object(?:-group)? \S+|(?!object)\S+) {_ADDRESS} {_ADDRESS}(.*)"
)
_ACTIONS: dict[str, Permit | Deny] = {"permit": PERMIT, "deny": Deny()}


def unknown_rules(text: str) -> tuple[Rule, Rule]:
    """Give the rules of something of which only that it filters is known: any packet may be permitted, or denied."""
    why = (Condition(kind=ConditionKind.UNKNOWN, text=text),)
    return Rule(do=PERMIT, conditions=why), Rule(do=Deny(), conditions=why)


class AccessLists:
    """Reads the access lists of a configuration, each one once."""

    def __init__(self, around: Surroundings) -> None:
        """Take what the lines refer to; nothing is read yet."""
        self._around = around
        self._text = around.text
        self._known: dict[str, Rules] = {}
        self._addresses: dict[str, _Addresses | None] = {}
        self._services: dict[tuple[str, str], _Services | None] = {}

    def rules(self, name: str, number: int) -> Rules:
        """Give the rules of the access list that a line names; of one that is not defined nothing is known."""
        known = self._known.get(name)
        if known is None:
            if name in self._text.acls:
                known = self._read(self._text.acls[name])
            else:
                self._text.remark(RemarkKind.UNDEFINED, f"access-list {name} is not defined", number)
                builder = RulesBuilder()
                for rule in unknown_rules(f"access-list {name} is not defined"):
                    builder.append(rule)
                known = builder.build()
            self._known[name] = known
        return known

    def _read(self, numbers: list[int]) -> Rules:
        builder = RulesBuilder()
        decisions = {word: builder.intern_decision(do) for word, do in _ACTIONS.items()}
        lines, document = self._text.lines, self._text.document
        states, modelled = self._text.ledger.states, LineState.MODELLED
        fullmatch, addresses, services = _COMMON.fullmatch, self._addresses, self._services
        pairs: dict[tuple[int, int, int], int] = {}
        columns = array("i"), array("i"), array("i")  # common lines since the last rare one
        take_decision, take_match, take_number = (column.append for column in columns)
        for number in numbers:
            found = fullmatch(lines[number - 1])
            source = destination = service = None
            if found is not None:
                action, protocol, left, right, rest = found.groups()
                try:
                    source, destination, service = addresses[left], addresses[right], services[protocol, rest]
                except KeyError:
                    source, destination = self._learn_address(left, number), self._learn_address(right, number)
                    if source is not None and destination is not None:
                        service = self._learn_services(protocol, rest, number)
            if source is None or destination is None or service is None:
                builder.extend(columns[0], columns[1], document, columns[2])
                for column in columns:
                    del column[:]
                self._slow(number, builder)
                continue
            key = (source[2], destination[2], service[2])
            match = pairs.get(key)
            if match is None:
                names = source[1] + destination[1] + service[1]
                made = Match(source=source[0], destination=destination[0], services=service[0], objects=names)
                match = pairs[key] = builder.put(made)
            take_decision(decisions[action])
            take_match(match)
            take_number(number)
            states[number - 1] = modelled
        builder.extend(columns[0], columns[1], document, columns[2])
        return builder.build()

    def _learn_address(self, spec: str, number: int) -> _Addresses | None:
        """Give what address words stand for, and remember it; None for what is not exact, or no address."""
        if spec in self._addresses:
            return self._addresses[spec]
        plain = literal(spec)
        known = (plain, (), len(self._addresses)) if plain is not None else self._read_address(spec, number)
        self._addresses[spec] = known
        return known

    def _read_address(self, spec: str, number: int) -> _Addresses | None:
        words = spec.split()
        if words[0] in {"object", "object-group"} and self._around.objects.kind(words[0], words[1]) != "network":
            return None
        try:
            bounds, names, _ = take_address(self._around, words, 0, number)
        except StrangeError:
            return None
        return (bounds.sure, names, len(self._addresses)) if not bounds.why else None

    def _learn_services(self, protocol: str, rest: str, number: int) -> _Services | None:
        """Give what a protocol with the words behind the addresses stands for, and remember it; None: not exact."""
        key = (protocol, rest)
        if key in self._services:
            return self._services[key]
        common = common_services(protocol, rest)
        known = (common, (), len(self._services)) if common is not None else self._read_services(key, number)
        self._services[key] = known
        return known

    def _read_services(self, key: tuple[str, str], number: int) -> _Services | None:
        protocol, rest = key
        try:
            ace = read_ace(self._around, (*protocol.split(), "any", "any", *rest.split()), number)
        except StrangeError:
            return None
        if not ace.is_exact or ace.inactive or rest[:1] not in {"", " "}:
            return None
        return ace.services.sure, ace.service_objects, len(self._services)

    def _slow(self, number: int, builder: RulesBuilder) -> None:
        """Read a line word by word."""
        text = self._text
        words = text.words(number)[2:]
        if words[0] == "line" and len(words) > 2:
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
