"""A Linux host as one firewall: the base chains of every back end, and the routing between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.contract import Parsed, RemarkKind
from parsers.model.addresses import ANY4, AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Assumption, Device, Firewall
from parsers.model.rules import Chain, Deny, Match, Permit, Rule, Rules, Stage, Traffic
from parsers.platforms._netfilter.expressions import DNAT, family
from parsers.platforms._netfilter.pipeline import stages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.capture import Span
    from parsers.model.firewall import Helper, NamedObject
    from parsers.platforms._netfilter.network import Network
    from parsers.platforms._netfilter.notes import Notes
    from parsers.platforms._netfilter.pipeline import BaseChain

__all__ = ["alone", "build", "not_collected"]

_UNMARKED = Assumption(
    text="packets arrive without a mark", why="marks that traffic control or a tunnel sets are not in the capture"
)
_NOT_ROUTED = Assumption(
    text="interfaces and routes were not collected", why="the deployment says where each side stands"
)


def alone(back_end: str, others: str) -> Assumption:
    """Give the assumption of a capture that holds one back end only."""
    return Assumption(
        text=f"{back_end} alone is judged",
        why=f"a Linux host may have {others} in force beside it; they were not collected",
    )


def build(
    platform: str,
    bases: Iterable[BaseChain],
    network: Network,
    notes: Notes,
    *,
    helpers: tuple[Helper, ...] = (),
    objects: tuple[NamedObject, ...] = (),
    assumptions: tuple[Assumption, ...] = (),
    first: tuple[Stage, ...] = (),
    device: Device | None = None,
) -> Parsed:
    """Give the firewall that base chains make on a host; `first` are stages that stand before all others."""
    if network.names is None:
        assumptions = (*assumptions, _NOT_ROUTED)
    for reason in network.reasons:
        notes.remark(RemarkKind.NOTE, f"routing is not fully known: {reason}", None)
    for doubt in network.doubts:
        notes.remark(RemarkKind.NOT_UNDERSTOOD, doubt, None, decides=True)
    firewall = Firewall(
        platform=platform,
        device=device or Device(),
        interfaces=network.interfaces,
        routes=network.routes,
        routes_complete=network.routes_complete,
        stages=(*first, *stages(bases, notes, routing(network))),
        helpers=helpers,
        objects=objects,
        assumptions=(*assumptions, _UNMARKED),
    )
    return Parsed(firewalls=(firewall,), ledger=notes.finish(), remarks=notes.remarks, uses=notes.uses)


def not_collected(version: int, command: str) -> tuple[Stage, ...]:
    """Give the stages that stand for rules of an IP version that nobody collected: nothing is sure."""
    why = Condition(kind=ConditionKind.UNKNOWN, text=f"{command} was not collected")
    rules = Rules.of(
        Rule(do=Permit(), possible=family(version), conditions=(why,), name=f"{command} was not collected"),
        Rule(do=Deny(), possible=family(version), conditions=(why,), name=f"{command} was not collected"),
    )
    return tuple(
        Stage(
            name=command,
            chains=(Chain(name=command, rules=rules),),
            default=Permit(),
            default_name="not of this table",
            traffic=traffic,
            stateful=False,
        )
        for traffic in Traffic
    )


def routing(network: Network) -> tuple[Stage, ...]:
    """Give what the host's own routing drops (net/ipv4/route.c, net/ipv6/ip6_output.c), where it was collected."""
    found: list[Stage] = []
    reverse = _reverse_path(network)
    if reverse:
        found += [_routing_stage("reverse path filter", reverse, traffic) for traffic in _ARRIVING]
    rules: list[Rule] = []
    if network.local is not None:
        taken = Match(destination=network.local, tags=frozenset({DNAT}))
        rules.append(_drop(taken, "redirected to the host itself"))
    rules += _not_forwarding(network)
    if rules:
        found.append(_routing_stage("routing", rules, Traffic.THROUGH))
    return tuple(found)


def _not_forwarding(network: Network) -> list[Rule]:
    """Give what is not forwarded at all: IPv4 by incoming interface, IPv6 for the whole host (ip-sysctl.rst)."""
    rules: list[Rule] = []
    whole = network.sysctls.get("net.ipv4.ip_forward")
    for item in network.interfaces:
        name = f"net.ipv4.conf.{item.name.replace('/', '.')}.forwarding"
        match = Match(destination=ANY4, ingress=frozenset({item.name}))
        own = network.sysctls.get(name)
        if own == "0":
            rules.append(_drop(match, f"{name} = 0", network.sysctl_spans.get(name)))
        elif own is None and whole is None:
            rules.append(_perhaps(match, name))
    for version, name in ((4, "net.ipv4.ip_forward"), (6, "net.ipv6.conf.all.forwarding")):
        if network.sysctls.get(name) == "0" and (version == 6 or not rules):
            rules.append(_drop(family(version), f"{name} = 0", network.sysctl_spans.get(name)))
    if network.names is not None and "net.ipv6.conf.all.forwarding" not in network.sysctls:
        rules.append(_perhaps(family(6), "net.ipv6.conf.all.forwarding"))
    return rules


def _perhaps(match: Match, name: str) -> Rule:
    """Give what a setting drops that was not collected."""
    unknown = Condition(kind=ConditionKind.UNKNOWN, text=f"{name} was not collected")
    return replace(_drop(match, unknown.text), conditions=(unknown,))


_ARRIVING = (Traffic.THROUGH, Traffic.TO_DEVICE)


def _drop(match: Match, name: str, span: Span | None = None) -> Rule:
    return Rule(do=Deny(), possible=match, name=name, span=span)


def _routing_stage(name: str, rules: list[Rule], traffic: Traffic) -> Stage:
    return Stage(
        name=name,
        chains=(Chain(name=name, rules=Rules.of(*rules)),),
        default=Permit(),
        default_name="routed",
        traffic=traffic,
        stateful=False,
    )


def _reverse_path(network: Network) -> list[Rule]:
    """Give what rp_filter drops: sources that are not routed back by the interface (1), or not at all (2)."""
    if network.names is None:
        return []
    rules: list[Rule] = []
    everywhere = int(network.sysctls.get("net.ipv4.conf.all.rp_filter", "0") or "0")
    anywhere = AddressSet.join(network.reverse.values())
    unsure = Condition(kind=ConditionKind.UNKNOWN, text="the routes are not fully known")
    for item in network.interfaces:
        name = f"net.ipv4.conf.{item.name.replace('/', '.')}.rp_filter"
        own = int(network.sysctls.get(name, "0") or "0")
        mode = max(own, everywhere)
        if mode == 0 or item.name == "lo":
            continue
        back = network.reverse.get(item.name, AddressSet(())) if mode == 1 else anywhere
        dropped = ANY4 - back
        if dropped:
            span = network.sysctl_spans.get(name if own == mode else "net.ipv4.conf.all.rp_filter")
            rules.append(
                Rule(
                    do=Deny(),
                    possible=Match(source=dropped, ingress=frozenset({item.name})),
                    conditions=() if network.routes_complete else (unsure,),
                    name=f"rp_filter = {mode} on {item.name}",
                    span=span,
                )
            )
    return rules
