"""Access lists: each entry becomes the rules that it surely and possibly makes.

The common entry is split by one regular expression and looked up by its words, so that long lists cost little more than
their text; whatever is rarer is read word by word.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.interned import Interned
from parsers.model.rules import ALL_STATES, Deny, Match, Permit, Rule, RulesBuilder, State
from parsers.model.services import ICMP6, ServiceSet
from parsers.platforms._cisco_acl.ace import Ace, StrangeError, Surroundings, read_extended, read_standard
from parsers.platforms._cisco_acl.addresses import every, interval, take_plain
from parsers.platforms._cisco_acl.configuration import AccessList
from parsers.platforms._cisco_acl.services import common_services, reversed_services

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from parsers.model.interned import Pair
    from parsers.model.rules import Rules
    from parsers.platforms._cisco_acl.configuration import Entry
    from parsers.text.cisco_tree import Node

    _Numbers = tuple[int, int, int]

__all__ = ["PERMIT", "AccessLists", "unknown_rules"]

PERMIT = Permit(replies=False)
"""What a permit of an access list does: nothing is remembered of the packet."""
_ACTIONS: dict[str, Permit | Deny] = {"permit": PERMIT, "deny": Deny()}
_ADDRESS = r"(any|host \S+|[\d.]+ [\d.]+|[\da-fA-F:.]+/\d+)"
_COMMON = re.compile(rf"(permit|deny) (\S+) {_ADDRESS} {_ADDRESS}((?: (?:eq|gt|lt|range|log)\b.*)?)")
_COMMENTS = frozenset({"description", "exit", "fragments", "hardware", "remark", "statistics"})
"""First words of lines in a list that are no entries; NX-OS `fragments` decides about later fragments alone."""
_ESTABLISHED = frozenset({State.ESTABLISHED})
_NEIGHBOURS = ((135, "nd-ns"), (136, "nd-na"))
"""Neighbour discovery that every IPv6 list permits at its end without a line, by ICMPv6 type."""
_ADVERTISEMENTS = ((133, "router-solicitation"), (134, "router-advertisement"))
"""What NX-OS permits besides."""


def unknown_rules(text: str, version: int) -> tuple[Rule, Rule]:
    """Give the rules of something of which only that it filters is known: any packet may be permitted, or denied."""
    why = (Condition(kind=ConditionKind.UNKNOWN, text=text),)
    match = Match(source=every(version), destination=every(version))
    return Rule(do=PERMIT, possible=match, conditions=why), Rule(do=Deny(), possible=match, conditions=why)


@dataclass(frozen=True, slots=True)
class _Reflection:
    """An entry that feeds a reflexive list, as the replies see it; `whole` tells that no entry above takes its part."""

    key: tuple[int, str]
    rule: Rule
    whole: bool


class AccessLists:
    """Reads the access lists of a configuration, each one once.

    `bound` gives, per list, the interfaces and directions (`in`, `out`) that it filters; `advertisements` tells that
    IPv6 lists let router discovery pass too.
    """

    def __init__(
        self,
        around: Surroundings,
        bound: Mapping[tuple[int, str], Iterable[tuple[str, str]]],
        *,
        advertisements: bool = False,
    ) -> None:
        """Take what the lines refer to; nothing is read yet."""
        self._around = around
        self._text = around.text
        self._bound = {key: frozenset(places) for key, places in bound.items()}
        self._implicit = _NEIGHBOURS + (_ADVERTISEMENTS if advertisements else ())
        self._known: dict[tuple[int, str], Rules] = {}
        self._addresses: dict[tuple[int, str], int] = {}
        self._services: dict[tuple[int, str, str], int] = {}
        self._address_sets = Interned(AddressSet)
        self._service_sets: Interned[ServiceSet] = Interned(ServiceSet.from_axis)
        self._aces: dict[tuple[int, bool, tuple[str, ...]], Ace] = {}
        self._reflections: dict[str, list[_Reflection]] | None = None

    def is_defined(self, version: int, name: str) -> bool:
        """Tell whether a list is defined, if only by its name."""
        return (version, name) in self._text.lists

    def rules(self, version: int, name: str, number: int) -> Rules:
        """Give the rules of a list that a line names; of one that is not defined, or empty, nothing is known.

        IOS lets everything pass a list that it does not have; other systems refuse the line. Neither is presumed.
        """
        known = self._known.get((version, name))
        if known is None:
            found = self._text.lists.get((version, name))
            if found is None:
                known = self._unknown(f"access list {name} is not defined", version, number)
            elif all(entry.words[0] in _COMMENTS for entry in found.entries):
                known = self._unknown(f"access list {name} has no entries", version, found.headers or [number])
                self._account(found)
            else:
                known = self._read(found)
            self._known[version, name] = known
        return known

    def read_all(self) -> None:
        """Read every list, so that each of its lines is accounted for, and note those that nothing names."""
        named = {word for node in self._text.nodes for word in _every_word(node)}
        for (version, name), found in self._text.lists.items():
            first = found.headers[0] if found.headers else found.entries[0].number
            if name not in named:
                self._text.remark(RemarkKind.UNBOUND, f"access list {name} is bound to nothing", first)
            if all(entry.words[0] in _COMMENTS for entry in found.entries):
                self._account(found)
            else:
                self.rules(version, name, first)

    def _unknown(self, text: str, version: int, number: int | list[int]) -> Rules:
        at = number if isinstance(number, int) else number[0]
        self._text.remark(RemarkKind.UNDEFINED, text, at)
        builder = RulesBuilder()
        for rule in unknown_rules(text, version):
            builder.append(rule)
        return builder.build()

    def _account(self, found: AccessList) -> None:
        self._text.ledger.irrelevant(entry.number for entry in found.entries)

    def _read(self, found: AccessList) -> Rules:
        builder = RulesBuilder(self._address_sets, self._service_sets)
        decisions = {word: builder.intern_decision(do) for word, do in _ACTIONS.items()}
        states, version = self._text.ledger.states, found.version
        columns = _Columns()
        for entry in found.entries:
            common = None if found.standard else _COMMON.fullmatch(entry.text)
            parts = self._common(version, common.groups(), entry.number) if common is not None else None
            if common is not None and parts is not None:
                columns.append(decisions[common[1]], parts, entry.number)
                states[entry.number - 1] = LineState.MODELLED
                continue
            columns.put_in(builder, self._text.document)
            if entry.words[0] in _COMMENTS:
                self._text.ledger.irrelevant((entry.number,))
                continue
            for rule in self._entry(found, entry):
                builder.append(rule)
        columns.put_in(builder, self._text.document)
        if found.version == 6:
            for kind, name in self._implicit:
                services = ServiceSet.protocol(ICMP6, (kind * 256, kind * 256 + 255))
                kept = Match(source=every(6), destination=every(6), services=services)
                builder.append(Rule(do=PERMIT, possible=kept, name=f"implicit permit (icmp {name})"))
        return builder.build()

    def _common(self, version: int, groups: Sequence[str], number: int) -> _Numbers | None:
        """Give what the words of a common entry stand for by number; None for what is not exact."""
        _, protocol, left, right, rest = groups
        services = self._services.get((version, protocol, rest))
        if services is None:
            services = self._read_services(version, protocol, rest, number)
        source = self._addresses.get((version, left))
        if source is None:
            source = self._read_address(version, left)
        destination = self._addresses.get((version, right))
        if destination is None:
            destination = self._read_address(version, right)
        return None if services < 0 or source < 0 or destination < 0 else (source, destination, services)

    def _read_services(self, version: int, protocol: str, rest: str, number: int) -> int:
        """Number what a protocol and the words behind the destination stand for; -1 for what is not exact."""
        exact: ServiceSet | Pair | None = common_services(protocol, rest)
        if exact is None and "time-range" not in rest:  # what is remarked must be read with its own line
            words = f"{protocol} any any{rest}".split()
            ace = self._ace(AccessList(version, "", standard=False), tuple(words), number)
            if ace is not None and ace.understood and ace.states == ALL_STATES:
                plain = not (ace.why() or ace.is_empty or ace.reflects or ace.forwards or ace.objects)
                exact = ace.services.sure if plain else None
        found = -1 if exact is None else self._service_sets.add(exact)
        self._services[version, protocol, rest] = found
        return found

    def _read_address(self, version: int, spec: str) -> int:
        """Number what the words of an address stand for; -1 for what is not exact."""
        exact: AddressSet | Pair | None = interval(spec) if version == 4 else None
        if exact is None:
            taken = take_plain(spec.split(), 0, version)
            exact = taken[0].sure if taken is not None and not taken[0].why else None
        found = -1 if exact is None else self._address_sets.add(exact)
        self._addresses[version, spec] = found
        return found

    def _entry(self, found: AccessList, entry: Entry) -> Iterable[Rule]:
        text, words, number = self._text, entry.words, entry.number
        span = text.span(number)
        if words[0] == "evaluate" and len(words) == 2:
            text.ledger.modelled((number,))
            return [replace(rule, span=span) for rule in self._evaluated(found, words[1], number)]
        dynamic = words[0] == "dynamic" and len(words) > 2 and not found.standard
        if dynamic:  # lock and key: for users who have logged in
            at = next((n for n, word in enumerate(words) if word in _ACTIONS), len(words))
            words = words[at:]
        action = _ACTIONS.get(words[0]) if words else None
        if action is None:
            return self._unbounded(found, entry, _ACTIONS.values())
        ace = self._ace(found, words[1:], number)
        if ace is None:
            return self._unbounded(found, entry, (action,))
        if ace.understood:
            text.ledger.modelled((number,))
        else:
            text.strange(text.lines[number - 1].strip(), number)
        if ace.forwards and isinstance(action, Permit):
            what = f"{' '.join(words)}: what it permits is sent elsewhere than the routes say"
            decides = (found.version, found.name) in self._bound
            text.remark(RemarkKind.NOT_UNDERSTOOD, what, number, decides=decides)
        if ace.is_empty:
            return ()
        why = ace.why()
        if dynamic:
            why += (Condition(kind=ConditionKind.USER, values=(entry.words[1],), text=f"dynamic {entry.words[1]}"),)
        sure = None if dynamic or not why else ace.sure()
        return (Rule(do=action, possible=ace.possible(), sure=sure, conditions=why, span=span),)

    def _ace(self, found: AccessList, words: tuple[str, ...], number: int) -> Ace | None:
        key = (found.version, found.standard, words)
        known = self._aces.get(key)
        if known is None:
            try:
                if found.standard:
                    known = read_standard(words)
                else:
                    known = read_extended(self._around, words, number, found.version)
            except StrangeError:
                return None
            self._aces[key] = known
        return known

    def _unbounded(self, found: AccessList, entry: Entry, actions: Iterable[Permit | Deny]) -> Iterable[Rule]:
        """A line that was not understood before its five-tuple was complete may match anything."""
        actions = tuple(actions)
        self._text.strange(" ".join(entry.words), entry.number, decides=len(actions) > 1)
        why = (Condition(kind=ConditionKind.UNKNOWN, text=" ".join(entry.words)),)
        match = Match(source=every(found.version), destination=every(found.version))
        span = self._text.span(entry.number)
        return [Rule(do=action, possible=match, conditions=why, span=span) for action in actions]

    # ------------------------------------------------------------------------------ reflexive lists

    def _evaluated(self, found: AccessList, name: str, number: int) -> Iterable[Rule]:
        """Give the permits of the replies to what the reflecting entries of a name let out."""
        if self._reflections is None:
            self._reflections = {}
            self._collect(self._reflections)
        reflections = self._reflections.get(name)
        if not reflections:
            self._text.remark(RemarkKind.UNDEFINED, f"no entry reflects into {name}", number)
            return unknown_rules(f"evaluate {name}", found.version)
        return [self._evaluation(found, name, item) for item in reflections]

    def _evaluation(self, found: AccessList, name: str, item: _Reflection) -> Rule:
        """Only where the reflecting list stands at the same place, the other way, has each reply been let out by it."""
        here = self._bound.get((found.version, found.name), frozenset())
        there = self._bound.get(item.key, frozenset())
        opposite = {"in": "out", "out": "in"}
        if item.whole and all((interface, opposite[direction]) in there for interface, direction in here):
            return item.rule
        why = (*item.rule.conditions, Condition(kind=ConditionKind.UNKNOWN, text=f"evaluate {name}"))
        return replace(item.rule, sure=None, conditions=why)

    def _collect(self, reflections: dict[str, list[_Reflection]]) -> None:
        for key, found in self._text.lists.items():
            if found.standard or not any(entry.names("reflect") for entry in found.entries):
                continue
            above: list[Ace] = []
            for entry in found.entries:
                if not entry.text.startswith("permit "):
                    continue
                ace = self._ace(found, entry.words[1:], entry.number)
                if ace is None:
                    continue
                if ace.reflects:
                    rule = _reply_rule(ace)
                    whole = not any(_overlap(other, ace) for other in above)
                    reflections.setdefault(ace.reflects, []).append(_Reflection(key, rule, whole))
                else:
                    above.append(ace)


class _Columns:
    """Common entries that follow one another."""

    def __init__(self) -> None:
        self._decisions = array("i")
        self._matches = (array("i"), array("i"), array("i"))
        self._lines = array("i")

    def append(self, decision: int, numbers: _Numbers, line: int) -> None:
        self._decisions.append(decision)
        for column, number in zip(self._matches, numbers, strict=True):
            column.append(number)
        self._lines.append(line)

    def put_in(self, builder: RulesBuilder, document: int) -> None:
        """Append the rules to a list, and start anew."""
        if self._lines:
            builder.extend(self._decisions, self._matches, document, self._lines)
            for column in (self._decisions, *self._matches, self._lines):
                del column[:]


def _every_word(node: Node) -> Iterator[str]:
    yield from node.words[1:]
    for child in node.children:
        yield from _every_word(child)


def _overlap(one: Ace, other: Ace) -> bool:
    return bool(
        one.source.possible & other.source.possible
        and one.destination.possible & other.destination.possible
        and one.services.possible & other.services.possible
    )


def _reply_rule(ace: Ace) -> Rule:
    return Rule(
        do=PERMIT,
        possible=_reply(ace.possible()),
        sure=_reply(sure) if ace.why() and (sure := ace.sure()) is not None else None,
        conditions=ace.why(),
    )


def _reply(match: Match) -> Match:
    return replace(
        match,
        source=match.destination,
        destination=match.source,
        services=reversed_services(match.services),
        states=_ESTABLISHED,
    )
