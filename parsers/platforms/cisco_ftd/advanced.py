"""The access control policy: lines `access-list NAME advanced`, with what Snort decides later left open.

LINA decides a packet by the first line that matches. `deny` drops it, `trust` lets it pass for good. `permit` lets it
pass where the rule is an L4 rule; of an L7 rule (applications, URLs, users, intrusion, and every rule that blocks by
these) LINA knows only which packets Snort must see: whether they pass is not in the configuration of the device. A
`permit` of the prefilter policy (Analyze) hands the packet to the access control policy: the lines below decide. The
remarks above a line tell its policy and its level.

Source: Cisco Secure Firewall, "Clarify the Firepower Threat Defense Access Control Policy Rule Actions" and
"Configuration and Operation of Prefilter Policies"; `show access-list` of the FTD command reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Bypass
from parsers.model.rules import Deny, Match, Rule
from parsers.model.services import ServiceSet
from parsers.platforms._cisco_lina.ace import StrangeError, read_ace, take_address
from parsers.platforms._cisco_lina.acl import PERMIT, AccessLists
from parsers.platforms._cisco_lina.addresses import DOTTED, NETMASK
from parsers.platforms._cisco_lina.services import common_services

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.model.addresses import AddressSet
    from parsers.model.rules import Permit, RulesBuilder
    from parsers.platforms._cisco_lina.ace import Ace, Surroundings

__all__ = ["AccessPolicies"]

_REMARK = re.compile(r"access-list \S+ remark rule-id (\d+): (?:(L\d RULE|RULE): (.*)|([A-Z ]+ POLICY): (.*))")
_PLAIN = rf"any|host {DOTTED}|{DOTTED} {NETMASK}"
_COMMON = re.compile(
    rf"access-list \S+ advanced (permit|deny|trust) (tcp|udp|ip)(?: ifc (\S+))? ({_PLAIN})(?: ifc (\S+))? ({_PLAIN})"
    r"((?: eq \S+)?) rule-id (\d+)(?: event-log (?:flow-start|flow-end|both))? *"
)
"""A line whose words have a meaning of their own, whatever else the configuration says."""
_ACTIONS: dict[str, Permit | Deny] = {"permit": PERMIT, "trust": PERMIT, "deny": Deny()}
_EVENTS = frozenset({"flow-start", "flow-end", "both"})
_L4 = "L4 RULE"
_PREFILTER = "PREFILTER POLICY"


@dataclass(slots=True)
class _Origin:
    """The rule of the policy that lines come from, as their remarks name it."""

    policy: str = ""
    level: str = ""
    name: str = ""


_NO_ORIGIN = _Origin()


@dataclass(frozen=True, slots=True)
class _Line:
    """The words of a line without what only Threat Defense writes, and what that was."""

    words: tuple[str, ...]
    ingress: frozenset[str] | None
    egress: frozenset[str] | None
    rule: str


class AccessPolicies(AccessLists):
    """Reads access lists; `advanced` lines as the access control policy means them.

    `fastpaths` collects what a prefilter rule lets pass unseen by the access control policy.
    """

    def __init__(self, around: Surroundings) -> None:
        """Learn from the remarks which rule each line comes from."""
        super().__init__(around)
        self._origins: dict[str, _Origin] = {}
        for numbers in self._text.acls.values():
            for number in numbers:
                self._remark(self._text.lines[number - 1].rstrip())
        self._known_addresses: dict[str, AddressSet] = {}
        self._known_services: dict[tuple[str, str], ServiceSet | None] = {}
        self._sides: dict[str, frozenset[str]] = {}
        self._denied: list[Match] = []
        self.fastpaths: list[Bypass] = []
        self.asks_snort = False
        self.analyses = False

    def _remark(self, line: str) -> None:
        found = _REMARK.fullmatch(line)
        if found is None:
            return
        origin = self._origins.setdefault(found[1], _Origin())
        if found[2]:
            origin.level, origin.name = found[2], found[3]
        else:
            origin.policy = found[4]

    def _slow(self, number: int, place: int, builder: RulesBuilder) -> None:
        if self._take_common(self._text.lines[number - 1], number, builder):
            return
        words = self._text.words(number)[2:]
        if words[:1] == ["remark"]:
            self._text.ledger.irrelevant((number,))
            return
        if words[:1] not in (["advanced"], ["extended"]) or "rule-id" not in words:
            if words[:1] == ["advanced"]:
                words.insert(len(words), "rule-id")
                words.append("")
            else:
                super()._slow(number, place, builder)
                return
        action = _ACTIONS.get(words[1]) if len(words) > 1 else None
        line = _split(words[2:])
        for name in sorted((line.ingress or frozenset()) | (line.egress or frozenset())):
            if name not in self._around.interfaces:
                what = f"ifc names an interface {name} that is not there"
                self._text.remark(RemarkKind.UNDEFINED, what, number, decides=True)
        if action is None:
            self._unbounded(number, builder, (PERMIT, Deny()), words[1:])
            return
        try:
            ace = read_ace(self._around, line.words, number)
        except StrangeError:
            self._unbounded(number, builder, (action,), words[1:])
            return
        if ace.understood:
            self._text.ledger.modelled((number,))
        else:
            self._not_understood(number)
        if ace.inactive or not (ace.source.possible and ace.destination.possible and ace.services.possible):
            return
        for rule in self._rules(words[1], line, ace, number):
            builder.append(rule)

    def _take_common(self, text: str, number: int, builder: RulesBuilder) -> bool:
        """Append the rule of a common line that decides by itself, put together out of parts that are read once."""
        found = _COMMON.fullmatch(text)
        if found is None:
            return False
        action, protocol, ingress, source, egress, destination, rest, identity = found.groups("")
        origin = self._origins.get(identity, _NO_ORIGIN)
        if (action == "permit" and origin.level != _L4) or (action != "deny" and origin.policy == _PREFILTER):
            return False
        if any(name and name not in self._around.interfaces for name in (ingress, egress)):
            return False
        services = self._services_of(protocol, rest, number)
        if services is None:
            return False
        match = Match(
            source=self._address_of(source, number),
            destination=self._address_of(destination, number),
            services=services,
            ingress=self._sides.setdefault(ingress, frozenset({ingress})) if ingress else None,
            egress=self._sides.setdefault(egress, frozenset({egress})) if egress else None,
        )
        decision = builder.intern_decision(_ACTIONS[action])
        builder.add(decision, builder.put(match), self._text.document, number, number)
        if action == "deny":
            self._denied.append(match)
        if origin.name:
            builder.name(origin.name)
        self._text.ledger.modelled((number,))
        return True

    def _services_of(self, protocol: str, rest: str, number: int) -> ServiceSet | None:
        """Give the services of a protocol and what follows the destination; None for what is not exact."""
        key = protocol, rest
        if key not in self._known_services:
            pair = common_services(f"permit {protocol}{rest}")
            services = None if pair is None else ServiceSet.from_axis((pair,))
            if services is None:
                ace = read_ace(self._around, (protocol, "any", "any", *rest.split()), number)
                services = ace.services.sure if ace.is_exact and ace.understood and not ace.inactive else None
            self._known_services[key] = services
        return self._known_services[key]

    def _address_of(self, spec: str, number: int) -> AddressSet:
        if spec not in self._known_addresses:
            self._known_addresses[spec] = take_address(self._around, spec.split(), 0, number)[0].sure
        return self._known_addresses[spec]

    def _rules(self, action: str, line: _Line, ace: Ace, number: int) -> Iterator[Rule]:
        origin = self._origins.get(line.rule, _Origin())
        possible = replace(ace.possible(), ingress=line.ingress, egress=line.egress)
        sure = None if ace.is_exact else ace.sure()
        sure = replace(sure, ingress=line.ingress, egress=line.egress) if sure is not None else None
        rule = Rule(
            do=_ACTIONS[action],
            possible=possible,
            sure=sure,
            conditions=ace.why(),
            name=origin.name,
            span=self._text.span(number),
        )
        if action == "permit" and origin.policy == _PREFILTER:
            self.analyses = True
            return
        if action == "permit" and origin.level != _L4:
            self.asks_snort = True
            what = f"Snort decides: {origin.level or 'rule-id ' + line.rule} {origin.name}".rstrip()
            values = tuple(value for value in ("snort", origin.name) if value)
            why = (*rule.conditions, Condition(kind=ConditionKind.APPLICATION, values=values, text=what))
            yield replace(rule, sure=None, conditions=why)
            # What a rule blocks by application is a permit of LINA too.
            blocks = Condition(kind=ConditionKind.APPLICATION, text=what)
            yield replace(rule, do=Deny(), sure=None, conditions=(*rule.conditions, blocks))
            return
        if action == "deny":
            self._denied.append(possible)
        elif action == "trust" and origin.policy == _PREFILTER:
            self._fastpath(possible, origin, number)
        yield rule

    def _fastpath(self, match: Match, origin: _Origin, number: int) -> None:
        """Note a fastpath, unless an earlier line denies some of it: its rule alone says then what passes."""
        if any(_meets(match, denied) for denied in self._denied):
            return
        self.fastpaths.append(
            Bypass(
                text=f"fastpath of prefilter rule {origin.name}: no access control rule is asked, nor Snort",
                source=match.source,
                destination=match.destination,
                services=match.services,
                ingress=match.ingress,
                egress=match.egress,
                span=self._text.span(number),
            )
        )


def _meets(one: Match, other: Match) -> bool:
    return bool(
        one.source & other.source
        and one.destination & other.destination
        and one.services & other.services
        and (one.ingress is None or other.ingress is None or one.ingress & other.ingress)
    )


def _split(words: Sequence[str]) -> _Line:
    """Take the interfaces, the rule-id and the logging of events out of a line's words behind its action."""
    kept = list(words)
    rule = ""
    for key in ("rule-id", "event-log"):
        if key in kept[:-1]:
            at = kept.index(key)
            value = kept[at + 1]
            if (key == "rule-id" and (value.isdecimal() or not value)) or value in _EVENTS:
                rule = value if key == "rule-id" else rule
                del kept[at : at + 2]
    protocol = 2 if kept[:1] in (["object"], ["object-group"]) else 1
    places: dict[str, frozenset[str] | None] = {"in": None, "out": None}
    while "ifc" in kept[:-1]:
        at = kept.index("ifc")
        side = "in" if at == protocol and places["in"] is None else "out"
        if places[side] is not None:
            break  # a third one stays, and is strange
        places[side] = frozenset({kept[at + 1]})
        del kept[at : at + 2]
        protocol = 0
    return _Line(tuple(kept), places["in"], places["out"], rule)
