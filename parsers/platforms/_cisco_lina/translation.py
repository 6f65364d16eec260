"""Address translation as stages: un-NAT before the filters, the reverse-path check and source NAT behind them.

Source: Cisco ASA Series Firewall CLI Configuration Guide, "Network Address Translation": one rule, the first in NAT
order, translates a destination back; a manual rule decides both ends of a packet; a packet whose reply another rule
would translate is dropped ("Asymmetric NAT rules matched for forward and reverse flows").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Chain, Deny, Match, Rewrite, Rule, Rules, Side, Stage
from parsers.model.services import ANY_SERVICE, PORTED, Service, ServiceSet
from parsers.platforms._cisco_lina.acl import PERMIT
from parsers.platforms._cisco_lina.nat import EVERYWHERE, Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parsers.model.addresses import AddressSet
    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.nat import Nat, Target

__all__ = ["reverse_path_stage", "source_stage", "untranslation_stage"]


@dataclass(frozen=True, slots=True)
class _Way:
    """One direction of a rule: what it matches on arrival, and what each end becomes.

    `sources` and `arrivals` are the two ends of a packet on arrival, `senders` and `target` what they become;
    `services` are as on arrival, `after` as behind the translation of the destination.
    """

    rule: Nat
    tag: str
    ingress: str
    egress: str
    sources: Target
    senders: Target
    arrivals: Target
    target: Target
    services: ServiceSet
    after: ServiceSet
    to_ports: tuple[int, int] | None


def _backwards(rule: Nat) -> _Way | None:
    """From the mapped to the real side; None where nothing is translated back."""
    if not rule.static or rule.unidirectional:
        return None
    arrival = _turned(rule.second) if rule.second is not None else ANY_SERVICE
    after = _turned(rule.first) if rule.first is not None else ANY_SERVICE
    return _Way(
        rule=rule,
        tag=f"nat {rule.number}",
        ingress=rule.egress,
        egress=rule.ingress,
        sources=rule.behind or EVERYWHERE,
        senders=rule.published or EVERYWHERE,
        arrivals=rule.mapped,
        target=rule.real,
        services=arrival,
        after=after,
        to_ports=_new_ports(rule, arrival, after),
    )


def _forwards(rule: Nat) -> _Way | None:
    """From the real to the mapped side; None where no destination is translated."""
    if rule.published is None or rule.behind is None:
        return None
    arrival = rule.first if rule.first is not None else ANY_SERVICE
    after = rule.second if rule.second is not None else ANY_SERVICE
    return _Way(
        rule=rule,
        tag=f"nat {rule.number} forward",
        ingress=rule.ingress,
        egress=rule.egress,
        sources=rule.real,
        senders=rule.mapped,
        arrivals=rule.published,
        target=rule.behind,
        services=arrival,
        after=after,
        to_ports=_new_ports(rule, arrival, after),
    )


def _turned(services: ServiceSet) -> ServiceSet:
    """Give services as the other direction sees them: source and destination ports change places."""
    return ServiceSet.of(
        *(
            Service(protocols=(number, number), source_ports=box.ports, ports=box.source_ports)
            if number in PORTED
            else Service(protocols=(number, number))
            for box in services.boxes
            for number in range(box.protocols[0], box.protocols[1] + 1)
        )
    )


def _new_ports(rule: Nat, arrival: ServiceSet, after: ServiceSet) -> tuple[int, int] | None:
    if rule.unread:
        return 1, 65535  # not as many as there are ports: any of them
    if after == arrival:
        return None
    ports = {box.ports for box in after.boxes}
    return ports.pop() if len(ports) == 1 else None


def _name(interface: str) -> frozenset[str] | None:
    return None if interface == "any" else frozenset({interface})


def _stage(name: str, rules: Iterator[Rule], default_name: str, *, translates: bool) -> Stage:
    return Stage(
        name=name,
        chains=(Chain(name=name, rules=Rules.of(*rules)),),
        default=PERMIT,
        default_name=default_name,
        translates=translates,
    )


def untranslation_stage(
    text: Configuration, rules: Sequence[Nat], leaves: Callable[[AddressSet], frozenset[str]]
) -> Stage:
    """Give the stage that translates destinations back, and so picks the interface by which a packet leaves.

    `leaves` tells by which interfaces addresses are routed.
    """
    ways = (way for rule in rules for way in (_backwards(rule), _forwards(rule)) if way is not None)
    found = (made for way in ways for made in _untranslate(text, way, leaves))
    return _stage("un-NAT", found, "no destination translation", translates=True)


def _untranslate(text: Configuration, way: _Way, leaves: Callable[[AddressSet], frozenset[str]]) -> Iterator[Rule]:
    span = text.span(way.rule.number)
    conditions = way.rule.conditions(way.arrivals, way.target, way.sources)
    egress = None if way.egress == "any" or way.rule.route_lookup else way.egress
    match = Match(
        source=way.sources.whole,
        destination=way.arrivals.whole,
        services=way.services,
        ingress=_name(way.ingress),
    )
    to, shift, doubt = _mapping(way.arrivals, way.target)
    if way.after != way.services and way.to_ports is None:
        doubt = doubt or "ports are not mapped one to one"
    if doubt:
        conditions += (Condition(kind=ConditionKind.UNKNOWN, text=doubt),)
    if not match.destination or not match.source or (to is not None and not to):
        return
    if egress is not None and way.ingress == "any" and leaves(way.target.whole) != {egress}:
        # Whether `any` on the mapped side leaves the choice to the routes is told differently from place to place.
        doubt = f"route or NAT decides the interface to {way.target.whole}"
        routed = Rewrite(side=Side.DESTINATION, to=to, shift=shift, ports=way.to_ports, tag=way.tag)
        why = (*conditions, Condition(kind=ConditionKind.UNKNOWN, text=doubt))
        yield Rule(do=routed, possible=match, conditions=why, span=span)
    do = Rewrite(side=Side.DESTINATION, to=to, shift=shift, ports=way.to_ports, tag=way.tag, egress=egress)
    yield Rule(do=do, possible=match, conditions=conditions, span=span)


def _mapping(arrivals: Target, target: Target) -> tuple[AddressSet | None, bool, str]:
    """Give what addresses become (None: themselves), whether one to one in order, and what is in doubt about it."""
    if arrivals.same(target):
        return None, False, ""
    here, there = arrivals.whole, target.whole
    if arrivals.bounds.why or target.bounds.why:
        return there, False, ""  # conditional anyway
    if there.size == 1:
        return there, False, ""
    if len(here.intervals) == len(there.intervals) == 1 and here.size == there.size:
        return there, True, ""
    return there, False, f"which of {there} stands for which of {here}"


def reverse_path_stage(text: Configuration, rules: Sequence[Nat]) -> Stage:
    """Give the stage that drops what reaches a real address without the translation that its reply would get."""
    found = (made for rule in rules for made in _reverse_path(text, rule))
    return _stage("NAT reverse path", found, "implicit permit (NAT reverse path)", translates=False)


def _reverse_path(text: Configuration, rule: Nat) -> Iterator[Rule]:
    span = text.span(rule.number)
    after = _turned(rule.first) if rule.first is not None else ANY_SERVICE
    ingress, egress = _name(rule.egress), _name(rule.ingress)
    behind, published = rule.behind or EVERYWHERE, rule.published or EVERYWHERE
    real = Match(destination=rule.real.whole, services=after, ingress=ingress, egress=egress)
    way = _backwards(rule)
    if way is not None and behind.whole:
        yield Rule(do=PERMIT, possible=_with(real, behind.whole, way.tag), span=span)
    conditions = rule.conditions(rule.real, rule.published)
    if real.destination and published.whole:
        yield _drop(_with(real, published.whole, None), conditions, text, rule)
    forward = _forwards(rule)
    if forward is None or not rule.static or not behind.whole or not rule.mapped.whole:
        return
    there = Match(destination=behind.whole, services=forward.after, ingress=egress, egress=ingress)
    yield Rule(do=PERMIT, possible=_with(there, ANY, forward.tag), span=span)
    conditions = rule.conditions(rule.mapped, rule.behind)
    yield _drop(_with(there, rule.mapped.whole, None), conditions, text, rule)


def _with(match: Match, source: AddressSet, tag: str | None) -> Match:
    return Match(
        source=source,
        destination=match.destination,
        services=match.services,
        ingress=match.ingress,
        egress=match.egress,
        tags=frozenset({tag}) if tag is not None else None,
    )


def _drop(match: Match, conditions: tuple[Condition, ...], text: Configuration, rule: Nat) -> Rule:
    return Rule(
        do=Deny(), possible=match, conditions=conditions, name="NAT reverse-path check", span=text.span(rule.number)
    )


def source_stage(text: Configuration, rules: Sequence[Nat]) -> Stage:
    """Give the stage that translates sources: of what a manual rule took, as that rule says; of the rest, in order."""
    manual = [rule for rule in rules if rule.section != Section.AUTO]
    ways = (way for rule in manual for way in (_backwards(rule), _forwards(rule)) if way is not None)
    found = [_tagged(text, way) for way in ways]
    found += [made for rule in rules if rule.published is None for made in _translate(text, rule)]
    return _stage("source NAT", iter(found), "no source translation", translates=True)


def _tagged(text: Configuration, way: _Way) -> Rule:
    span = text.span(way.rule.number)
    tags = frozenset({way.tag})
    to, shift, _ = _mapping(way.sources, way.senders)
    if to is None or not to:
        return Rule(do=PERMIT, possible=Match(tags=tags), span=span)
    source = way.sources.whole if shift else ANY
    return Rule(do=Rewrite(side=Side.SOURCE, to=to, shift=shift), possible=Match(source=source, tags=tags), span=span)


def _translate(text: Configuration, rule: Nat) -> Iterator[Rule]:
    span = text.span(rule.number)
    match = Match(
        source=rule.real.whole,
        services=rule.first if rule.first is not None else ANY_SERVICE,
        ingress=_name(rule.ingress),
        egress=_name(rule.egress),
    )
    if not match.source or not rule.mapped.whole:
        return
    to, shift, _ = _mapping(rule.real, rule.mapped) if rule.static else (rule.mapped.whole, False, "")
    conditions = tuple(dict.fromkeys((*rule.why, *rule.real.bounds.why)))
    if to is None:
        yield Rule(do=PERMIT, possible=match, conditions=conditions, span=span)
    else:
        yield Rule(do=Rewrite(side=Side.SOURCE, to=to, shift=shift), possible=match, conditions=conditions, span=span)
