"""The zone-based firewall: zones, pairs of them, and the inspection policy of each pair.

Source: Cisco IOS Security Configuration Guide: Zone-Based Policy Firewall. Between two zones only what a pair's policy
lets through passes; within a zone, and between interfaces that are in none, everything does; between a zone and no
zone nothing. The router itself is the zone `self`, which every zone reaches, and which reaches every zone, unless a
pair says otherwise. `inspect` lets the replies of what it permits pass, `pass` does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Helper
from parsers.model.rules import Call, Chain, Deny, Goto, Match, Permit, Rule, Rules, Stage, Traffic
from parsers.model.services import TCP, ServiceSet
from parsers.platforms.cisco_ios.applications import Applications
from parsers.platforms.cisco_ios.classes import INSPECT, Classes, actions, done, read_classes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.model.rules import Do
    from parsers.platforms._cisco_acl.acl import AccessLists
    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.platforms._cisco_acl.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["Zones"]

SELF = "self"
_DEFAULT = "default"
_CLASS_DEFAULT = "class-default"


@dataclass(frozen=True, slots=True)
class _Part:
    """One class of a policy and what it does; None is not understood."""

    name: str
    do: Permit | Deny | None
    number: int


@dataclass(frozen=True, slots=True)
class _Pair:
    """A zone pair and the policy that it names, if it names one."""

    name: str
    source: str
    destination: str
    policy: str
    number: int


class Zones:
    """The zone-based firewall of a configuration."""

    def __init__(self, text: Configuration, found: Sequence[Port], lists: AccessLists) -> None:
        """Read zones, pairs, policies and classes; interfaces in no zone join `default` where that is defined."""
        self._text = text
        self._lists = lists
        self._known = Applications(text)
        self._names = {node.words[2]: node.number for node in text.find("zone", "security") if len(node.words) == 3}
        for node in text.find("zone", "security"):
            text.ledger.modelled((node.number,))
            text.ledger.irrelevant(line.number for line in node.find("description"))
        self._ports = found
        for port in found:
            if not port.zone and _DEFAULT in self._names:
                port.zone = _DEFAULT
            elif port.zone and port.zone not in self._names:
                text.remark(RemarkKind.UNDEFINED, f"zone {port.zone} is not defined", port.node.number, decides=True)
        self._maps = read_classes(text)
        self._policies = dict(_policies(text))
        self._pairs = tuple(_pairs(text))
        for pair in self._pairs:
            for name in (pair.source, pair.destination):
                if name not in {SELF, _DEFAULT, *self._names}:
                    text.remark(RemarkKind.UNDEFINED, f"zone {name} is not defined", pair.number, decides=True)

    @property
    def judges_device(self) -> bool:
        """Tell whether a pair decides about traffic to or from the router itself."""
        return any(SELF in {pair.source, pair.destination} for pair in self._pairs)

    def stages(self) -> Iterator[Stage]:
        """Give the stages of traffic through the router, and of traffic to and from it where a pair names `self`."""
        if any(port.zone for port in self._ports):
            yield self._gate()
        for pair in self._pairs:
            if pair.policy:
                yield self._stage(pair)

    def helpers(self) -> Iterator[Helper]:
        """Give the inspections that open FTP data connections."""
        for pair in self._pairs:
            for part in self._policies.get(pair.policy, ()):
                found = self._maps.get(part.name)
                if found is not None and part.do == INSPECT and found.names_protocol("ftp"):
                    names = frozenset(port.name for port in self._ports if port.zone == pair.source)
                    yield Helper(
                        protocol="ftp",
                        services=ServiceSet.protocol(TCP, (21, 21)),
                        interfaces=names,
                        name=f"inspect {part.name}",
                        span=self._text.span(part.number),
                    )

    def _gate(self) -> Stage:
        """What has no pair with a policy does not pass."""
        zones = dict.fromkeys(port.zone for port in self._ports if port.zone)
        outside = frozenset(port.name for port in self._ports if not port.zone)
        pairs = {(pair.source, pair.destination): pair for pair in self._pairs}
        rules = []
        for one in zones:
            for other in zones:
                pair = pairs.get((one, other))
                if one != other and (pair is None or not pair.policy):
                    words = f"implicit deny (no policy from zone {one} to {other})"
                    match = Match(ingress=frozenset({one}), egress=frozenset({other}))
                    span = self._text.span(pair.number) if pair is not None else None
                    rules.append(Rule(do=Deny(), possible=match, name=words, span=span))
            if outside:
                names = ((frozenset({one}), outside, "out of"), (outside, frozenset({one}), "into"))
                rules += [
                    Rule(do=Deny(), possible=Match(ingress=ingress, egress=egress), name=f"implicit deny ({way} {one})")
                    for ingress, egress, way in names
                ]
        return Stage(
            name="zones",
            chains=(Chain(name="zones", rules=Rules.of(*rules)),),
            default=INSPECT,
            default_name="implicit permit (zones)",
        )

    def _stage(self, pair: _Pair) -> Stage:
        classes = Classes(self._text, self._maps, self._known, self._lists)
        entry = f"zone-pair {pair.name}"
        parts = self._policies.get(pair.policy)
        rules: list[Rule] = []
        default: Permit | Deny = Deny()
        default_number = pair.number
        if parts is None:
            what = f"policy-map type inspect {pair.policy} is not defined"
            self._text.remark(RemarkKind.UNDEFINED, what, pair.number)
            rules = _either(what, self._text, pair.number)
        for part in parts or ():
            if part.name == _CLASS_DEFAULT:
                default_number = part.number
                if part.do is None:
                    rules += _either(_CLASS_DEFAULT, self._text, part.number)
                else:
                    default = part.do
                continue
            do: Do | None = part.do
            if do is None:
                what = f"what becomes of class {part.name}"
                do = Goto(chain=classes.add(what, _either(what, self._text, part.number)))
            rules.append(Rule(do=Call(chain=classes.compile(part.name, do, part.number))))
        traffic, ingress, egress = self._place(pair)
        if default == INSPECT:
            rules += done(Rule(do=INSPECT, name=_CLASS_DEFAULT, span=self._text.span(default_number)))
        return Stage(
            name=entry,
            chains=(Chain(name=entry, rules=Rules.of(*rules)), *classes.chains),
            default=default,
            default_name=_CLASS_DEFAULT,
            default_span=self._text.span(default_number),
            ingress=ingress,
            egress=egress,
            traffic=traffic,
        )

    def _place(self, pair: _Pair) -> tuple[Traffic, frozenset[str] | None, frozenset[str] | None]:
        if pair.destination == SELF:
            return Traffic.TO_DEVICE, frozenset({pair.source}), None
        if pair.source == SELF:
            return Traffic.FROM_DEVICE, None, frozenset({pair.destination})
        return Traffic.THROUGH, frozenset({pair.source}), frozenset({pair.destination})


def _either(what: str, text: Configuration, number: int) -> list[Rule]:
    why = (Condition(kind=ConditionKind.UNKNOWN, text=what),)
    return [Rule(do=do, conditions=why, span=text.span(number)) for do in (INSPECT, Deny())]


def _policies(text: Configuration) -> Iterator[tuple[str, tuple[_Part, ...]]]:
    for node in text.find("policy-map", "type", "inspect"):
        if len(node.words) == 4:
            text.ledger.modelled((node.number,))
            yield node.words[3], tuple(_parts(text, node))


def _parts(text: Configuration, policy: Node) -> Iterator[_Part]:
    for node in policy.children:
        if node.words[0] == "description":
            text.ledger.irrelevant(node.numbers())
            continue
        typed = node.words[1:3] == ("type", "inspect") and len(node.words) == 4
        if node.words[0] != "class" or not (typed or node.words[1:] == (_CLASS_DEFAULT,)):
            text.strange(node.text, node.number, decides=True)
            continue
        text.ledger.modelled((node.number,))
        yield _Part(node.words[-1], _action(text, node), node.number)


def _action(text: Configuration, node: Node) -> Permit | Deny | None:
    """Give the one action of a class; a rate limit drops nothing that the sender does not send again."""
    found: list[Permit | Deny | None] = []
    for line in node.children:
        if line.words[0] == "police":
            text.ledger.irrelevant(line.numbers())
            continue
        do = actions(line.words)
        if do is None:
            text.strange(f"{node.text}: {line.text}", line.number)
        else:
            text.ledger.modelled(line.numbers())
        found.append(do)
    if not found:
        if node.words[-1] == _CLASS_DEFAULT:
            return Deny()
        text.remark(RemarkKind.UNDEFINED, f"{node.text} has no action", node.number)
        return None
    return found[0] if len(found) == 1 else None


def _pairs(text: Configuration) -> Iterator[_Pair]:
    for node in text.find("zone-pair", "security"):
        words = node.words
        if len(words) != 7 or words[3] != "source" or words[5] != "destination":
            text.strange(node.text, node.number, decides=True)
            continue
        text.ledger.modelled((node.number,))
        policy = ""
        for line in node.children:
            if line.words[:3] == ("service-policy", "type", "inspect") and len(line.words) == 4 and not policy:
                policy = line.words[3]
                text.ledger.modelled(line.numbers())
            elif line.words[0] == "description":
                text.ledger.irrelevant(line.numbers())
            else:
                text.strange(line.text, line.number, decides=True)
        yield _Pair(words[2], words[4], words[6], policy, node.number)
