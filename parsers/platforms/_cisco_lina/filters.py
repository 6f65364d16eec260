"""The filters of the pipeline: same-security gate, ingress filter, egress access list.

Source: Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules" (implicit permits, order of interface and
global rules), and Command Reference, `same-security-traffic`, `management-only`, `access-group`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import NONE, AddressSet
from parsers.model.rules import Call, Chain, Deny, Match, Permit, Rule, Rules, Stage
from parsers.model.services import TCP, ServiceSet
from parsers.platforms._cisco_lina.acl import PERMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.platforms._cisco_lina.acl import AccessLists
    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["Binding", "Gates", "bindings", "egress_stages", "gate_stage", "gates", "ingress_stages"]


@dataclass(frozen=True, slots=True)
class Binding:
    """One `access-group`: a list bound to an interface, inwards or outwards, or to all (`global`)."""

    acl: str
    direction: str
    interface: str
    number: int


@dataclass(frozen=True, slots=True)
class Gates:
    """Which traffic between equal levels is let through: between interfaces, and back out of the same interface."""

    inter: bool
    intra: bool


def bindings(text: Configuration, names: frozenset[str]) -> tuple[Binding, ...]:
    """Give the access lists that filter traffic through the firewall; `names` are those of its interfaces."""
    found: list[Binding] = []
    for node in text.find("access-group"):
        binding = _binding(node)
        if binding is None:
            text.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {node.text}", node.number, decides=True)
            continue
        text.ledger.modelled((node.number,))
        if binding.direction == "control-plane":
            continue
        if binding.interface and binding.interface not in names:
            text.remark(RemarkKind.UNDEFINED, f"{node.text}: there is no such interface", node.number, decides=True)
        if any((known.direction, known.interface) == (binding.direction, binding.interface) for known in found):
            what = f"not understood: {node.text}: a second one there, and only one is in force"
            text.remark(RemarkKind.NOT_UNDERSTOOD, what, node.number, decides=True)
        if node.words[-1] == "per-user-override":
            what = f"{node.text}: the access list of an authenticated user replaces this one"
            text.remark(RemarkKind.NOTE, what, node.number)
        found.append(binding)
    return tuple(found)


def _binding(node: Node) -> Binding | None:
    words = node.words
    if len(words) == 3 and words[2] == "global":
        return Binding(words[1], "global", "", node.number)
    if len(words) < 5 or words[2] not in {"in", "out"} or words[3] != "interface":
        return None
    rest = words[5:]
    if rest == ("control-plane",):
        return Binding(words[1], "control-plane", words[4], node.number)
    if rest and rest != ("per-user-override",):
        return None
    return Binding(words[1], words[2], words[4], node.number)


def gates(text: Configuration) -> Gates:
    """Give the same-security gates."""
    opened = set()
    for node in text.find("same-security-traffic", "permit"):
        if len(node.words) == 3 and node.words[2] in {"inter-interface", "intra-interface"}:
            opened.add(node.words[2])
            text.ledger.modelled((node.number,))
    return Gates(inter="inter-interface" in opened, intra="intra-interface" in opened)


def gate_stage(text: Configuration, found: Sequence[Port], gate: Gates, lost: AddressSet = NONE) -> Stage:
    """Give the stage that no access list overrides: equal levels, the same interface, management-only interfaces.

    `lost` are addresses that are routed to null0: what is sent to them is dropped, and so are replies, without which
    no connection of TCP comes up.
    """
    rules = list(_management_rules(text, found))
    for port in found:
        name, level = port.interface.name, _level(port)
        if not gate.intra:
            rules.append(_closed({name}, {name}, "intra-interface"))
        equals = {other.interface.name for other in found if other is not port and _level(other) == level}
        if equals and not gate.inter:
            rules.append(_closed({name}, equals, "inter-interface"))
    sinks = frozenset({"null0", "Null0"})
    rules.append(Rule(do=Deny(), possible=Match(egress=sinks), name="implicit deny (route to null0)"))
    if lost:
        senders = Match(source=lost, services=ServiceSet.protocol(TCP))
        rules.append(Rule(do=Deny(), possible=senders, name="implicit deny (replies are routed to null0)"))
    return Stage(
        name="same-security-traffic",
        chains=(Chain(name="same-security-traffic", rules=Rules.of(*rules)),),
        default=PERMIT,
        default_name="implicit permit (same-security-traffic)",
    )


def _management_rules(text: Configuration, found: Sequence[Port]) -> Iterator[Rule]:
    for port in found:
        if port.management_only:
            name = frozenset({port.interface.name})
            for match in (Match(ingress=name), Match(egress=name)):
                yield Rule(
                    do=Deny(),
                    possible=match,
                    name="implicit deny (management-only)",
                    span=text.span(port.management_only),
                )


def _closed(ingress: set[str], egress: set[str], kind: str) -> Rule:
    match = Match(ingress=frozenset(ingress), egress=frozenset(egress))
    return Rule(do=Deny(), possible=match, name=f"implicit deny (same-security-traffic {kind})")


def ingress_stages(found: Sequence[Port], bound: Sequence[Binding], lists: AccessLists, gate: Gates) -> Iterator[Stage]:
    """Give the one filter of each interface: its own list, then the global list, then the implicit deny.

    With neither list the security levels decide.
    """
    overall = [binding for binding in bound if binding.direction == "global"]
    for port in found:
        name = port.interface.name
        own = [binding for binding in bound if binding.direction == "in" and binding.interface == name]
        called = (*own, *overall)
        chains = {binding.acl: lists.rules(binding.acl, binding.number) for binding in called}
        entry = f"filter {name}"
        first = Rules.of(*(Rule(do=Call(chain=acl)) for acl in chains) if called else _level_rules(port, found, gate))
        yield Stage(
            name=entry,
            chains=(Chain(name=entry, rules=first), *(Chain(name=acl, rules=rules) for acl, rules in chains.items())),
            ingress=frozenset({name}),
        )


def _level_rules(port: Port, found: Sequence[Port], gate: Gates) -> Iterator[Rule]:
    name, level = port.interface.name, _level(port)
    for other in found:
        to = _level(other)
        opened = gate.intra if other is port else gate.inter
        permits = level > to or (level == to and opened)
        do: Permit | Deny = PERMIT if permits else Deny()
        words = f"implicit {'permit' if permits else 'deny'} (security-level {level} to {to})"
        match = Match(ingress=frozenset({name}), egress=frozenset({other.interface.name}))
        yield Rule(do=do, possible=match, name=words)


def _level(port: Port) -> int:
    return port.interface.security_level or 0


def egress_stages(found: Sequence[Port], bound: Sequence[Binding], lists: AccessLists) -> Iterator[Stage]:
    """Give the access list that filters what leaves each interface, where there is one."""
    for port in found:
        name = port.interface.name
        own = {binding.acl: binding for binding in bound if binding.direction == "out" and binding.interface == name}
        if own:
            chains = tuple(Chain(name=acl, rules=lists.rules(acl, item.number)) for acl, item in own.items())
            entry = Chain(name=f"out {name}", rules=Rules.of(*(Rule(do=Call(chain=acl)) for acl in own)))
            yield Stage(name=f"out {name}", chains=(entry, *chains), egress=frozenset({name}))
