"""Inspection classes as chains: what falls out of a class's chain undecided does not match the class.

A class is a predicate. Each of its matchers becomes a chain that goes on to what follows where it matches, and returns
where it does not; a deny in an access list of a class therefore means no match, never a drop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Call, Chain, Deny, Goto, Match, Permit, Return, Rule, Rules
from parsers.platforms.cisco_ios.applications import INSPECTED, Applications

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parsers.model.rules import Do
    from parsers.platforms._cisco_acl.acl import AccessLists
    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.text.cisco_tree import Node

__all__ = ["INSPECT", "ClassMap", "Classes", "actions", "done", "read_classes"]

INSPECT = Permit(replies=True)
"""What `inspect` does: the connection is followed, and its replies pass."""
_DEEPEST = 16
_NOT_INSPECTED = ~INSPECTED


@dataclass(frozen=True, slots=True)
class _Matcher:
    """One `match` line."""

    negated: bool
    words: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class ClassMap:
    """A class: whether any or all of its matchers must hold."""

    name: str
    any: bool
    matchers: tuple[_Matcher, ...]
    number: int

    def names_protocol(self, name: str) -> bool:
        """Tell whether a matcher names a protocol."""
        return any(item.words == ("protocol", name) and not item.negated for item in self.matchers)


def read_classes(text: Configuration) -> dict[str, ClassMap]:
    """Read the inspection classes of a configuration."""
    found: dict[str, ClassMap] = {}
    for node in text.find("class-map", "type", "inspect"):
        words = list(node.words[3:])
        mode = words.pop(0) if words and words[0] in {"match-any", "match-all"} else "match-all"
        if len(words) != 1:  # `class-map type inspect http NAME` looks into the protocol
            continue
        text.ledger.modelled((node.number,))
        matchers = tuple(_matcher(text, line) for line in node.children if not _described(text, line))
        found[words[0]] = ClassMap(words[0], mode == "match-any", matchers, node.number)
    return found


def _described(text: Configuration, line: Node) -> bool:
    if line.words[0] == "description":
        text.ledger.irrelevant(line.numbers())
        return True
    return False


def _matcher(text: Configuration, line: Node) -> _Matcher:
    words = line.words[1:] if line.words[0] == "match" else line.words
    negated = words[:1] == ("not",)
    words = words[1:] if negated else words
    known = line.words[0] == "match" and len(words) > 1 and words[0] in {"access-group", "class-map", "protocol"}
    if known:
        text.ledger.modelled(line.numbers())
    else:
        text.strange(line.text, line.number)
    return _Matcher(negated, words if known else (), line.number)


class Classes:
    """Compiles classes into the chains of one stage."""

    def __init__(self, text: Configuration, maps: dict[str, ClassMap], known: Applications, lists: AccessLists) -> None:
        """Take what classes refer to; `chains` fills as classes are compiled."""
        self._text = text
        self._maps = maps
        self._known = known
        self._lists = lists
        self.chains: list[Chain] = []

    def compile(self, name: str, do: Do, number: int, *, negated: bool = False, depth: int = 0) -> str:
        """Make the chain that does `do` where a class matches (`negated`: does not), and give its name."""
        found = self._maps.get(name)
        if found is None or depth > _DEEPEST or not found.matchers:
            what = f"class {name} is " + (
                "not defined" if found is None else "nested too deeply or in itself" if found.matchers else "empty"
            )
            kind = RemarkKind.LOOP if found is not None and found.matchers else RemarkKind.UNDEFINED
            self._text.remark(kind, what, number)
            return self.add(name, [_perhaps(do, what, self._text, number)])
        if found.any is not negated:  # one matcher is enough
            calls = (self._matcher(found, item, do, negated=negated, depth=depth) for item in found.matchers)
            return self.add(name, [Rule(do=Call(chain=chain)) for chain in calls])
        entry = ""
        for item in reversed(found.matchers):
            entry = self._matcher(found, item, do, negated=negated, depth=depth)
            do = Goto(chain=entry)
        return entry

    def _matcher(self, owner: ClassMap, item: _Matcher, do: Do, *, negated: bool, depth: int) -> str:
        negated = negated is not item.negated
        name = f"{owner.name}: {' '.join(item.words) or 'a strange match'}"
        kind = item.words[0] if item.words else ""
        if kind == "class-map":
            return self.compile(item.words[1], do, item.number, negated=negated, depth=depth + 1)
        if kind == "protocol":
            return self.add(name, self._protocol(item, do, negated=negated))
        if kind == "access-group":
            return self.add(name, self._access_group(item, do, negated=negated))
        return self.add(name, [_perhaps(do, name, self._text, item.number)])

    def _protocol(self, item: _Matcher, do: Do, *, negated: bool) -> Iterator[Rule]:
        span = self._text.span(item.number)
        bounds = self._known.services(self._text, item.words[1:], item.number)
        sure = Match(services=bounds.sure) if bounds.why and bounds.sure else None
        rule = Rule(
            do=Return() if negated else do,
            possible=Match(services=bounds.possible),
            sure=sure,
            conditions=bounds.why,
            span=span,
        )
        if negated:
            yield rule
            yield from done(Rule(do=do, span=span))
        else:
            yield from done(rule)

    def _access_group(self, item: _Matcher, do: Do, *, negated: bool) -> Iterator[Rule]:
        name = item.words[-1]
        version = 6 if not self._lists.is_defined(4, name) and self._lists.is_defined(6, name) else 4
        for rule in self._lists.rules(version, name, item.number):
            matched = isinstance(rule.do, Permit) is not negated
            if matched:
                yield from done(replace(rule, do=do))
            else:
                yield replace(rule, do=Return())
        if negated:
            yield from done(Rule(do=do, span=self._text.span(item.number)))

    def add(self, name: str, rules: Iterable[Rule]) -> str:
        """Add a chain under a name of its own, and give that."""
        taken = {chain.name for chain in self.chains}
        unique, number = name, 1
        while unique in taken:
            number += 1
            unique = f"{name} #{number}"
        self.chains.append(Chain(name=unique, rules=Rules.of(*rules)))
        return unique


def _perhaps(do: Do, what: str, text: Configuration, number: int) -> Rule:
    why = (Condition(kind=ConditionKind.UNKNOWN, text=what),)
    return Rule(do=do, conditions=why, span=text.span(number))


def done(rule: Rule) -> Iterator[Rule]:
    """Give a rule; where it inspects, other protocols than TCP, UDP and ICMP pass only perhaps.

    Source: Zone-Based Policy Firewall guide, "inspect": sessions of other protocols are not followed.
    """
    if rule.do != INSPECT or rule.possible.services <= INSPECTED:
        yield rule
        return
    followed = rule.possible.services & INSPECTED
    if followed:
        sure = rule.sure
        if sure is not None:
            services = sure.services & INSPECTED
            sure = replace(sure, services=services) if services else None
        yield replace(rule, possible=replace(rule.possible, services=followed), sure=sure)
    other = replace(rule.possible, services=rule.possible.services & _NOT_INSPECTED)
    why = (*rule.conditions, Condition(kind=ConditionKind.UNKNOWN, text="inspect follows TCP, UDP and ICMP"))
    yield replace(rule, possible=other, sure=None, conditions=why)
    left = replace(rule, do=Deny(), possible=other, sure=None)
    yield left


def actions(words: Sequence[str]) -> Permit | Deny | None:
    """Give what a class's action does, None for one that is not understood."""
    head = words[0] if words else ""
    if head == "inspect" and len(words) <= 2:
        return INSPECT
    if head == "pass" and list(words[1:]) in ([], ["log"]):
        return Permit(replies=False)
    if head == "drop" and list(words[1:]) in ([], ["log"]):
        return Deny()
    return None
