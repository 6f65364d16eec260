"""What filters inside a switch: lists at the ports of a VLAN, and VLAN maps.

Source: NX-OS Security Configuration Guide and Catalyst Software Configuration Guide, "Configuring VLAN ACLs", "Port
ACLs". A packet that is routed out of a VLAN meets the port's list, the VLAN's map, then the router list of the VLAN
interface; on its way into another VLAN the router list first, then that VLAN's map.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Call, Chain, Deny, Match, Permit, Return, Rule, Rules, Stage
from parsers.platforms._cisco_acl.acl import PERMIT
from parsers.platforms._cisco_acl.addresses import every

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parsers.platforms._cisco_acl.acl import AccessLists
    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.platforms._cisco_acl.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["VlanMaps", "port_list_stages", "switch_ports"]

_FAMILIES = {"ip": 4, "ipv6": 6}


def switch_ports(found: Sequence[Port]) -> dict[str, frozenset[str]]:
    """Give, by the name of a VLAN interface, the switch ports with lists of their own that its traffic may use."""
    names: dict[str, set[str]] = {}
    for port in found:
        if port.vlan and port.bindings:
            names.setdefault(f"Vlan{port.vlan}", set()).add(port.name)
    return {name: frozenset(ports) for name, ports in names.items()}


def port_list_stages(found: Sequence[Port], lists: AccessLists) -> Iterator[Stage]:
    """Give what holds for traffic of a VLAN whose port nobody names: the list of any of its ports may decide."""
    for port in found:
        mine = [other for other in found if other.bindings and (other.trunk or f"Vlan{other.vlan}" == port.name)]
        if not mine or not port.name.startswith("Vlan"):
            continue
        rules: list[Rule] = []
        chains: dict[str, Chain] = {}
        for other in mine:
            name = f"port {other.name}"
            inner = list(_calls(other, lists, chains))
            chains[name] = Chain(name=name, rules=Rules.of(*inner))
            why = (Condition(kind=ConditionKind.UNKNOWN, text=f"arrives by {other.name}"),)
            rules.append(Rule(do=Call(chain=name), conditions=why))
        entry = f"ports of {port.name}"
        yield Stage(
            name=entry,
            chains=(Chain(name=entry, rules=Rules.of(*rules)), *chains.values()),
            default=PERMIT,
            default_name="no port list",
            ingress=frozenset({port.name}),
            stateful=False,
        )


def _calls(port: Port, lists: AccessLists, chains: dict[str, Chain]) -> Iterator[Rule]:
    for binding in port.bindings:
        if binding.direction != "in":
            continue
        family = Match(source=every(binding.version), destination=every(binding.version))
        for acl in binding.lists:
            chain = f"{acl} (IPv6)" if binding.version == 6 else acl
            chains[chain] = Chain(name=chain, rules=lists.rules(binding.version, acl, binding.number))
            yield Rule(do=Call(chain=chain), possible=family)
        yield Rule(do=Deny(), possible=family, name="implicit deny")


@dataclass(slots=True)
class _Clause:
    """One sequence of a VLAN map: lists by version, and what happens to what they permit (None: not understood)."""

    lists: list[tuple[int, str, int]] = field(default_factory=list)
    do: Permit | Deny | None = None
    number: int = 0


class VlanMaps:
    """The VLAN maps of a configuration, and the VLANs that they filter."""

    def __init__(self, text: Configuration, lists: AccessLists) -> None:
        """Read `vlan access-map` and `vlan filter`."""
        self._text = text
        self._lists = lists
        self._clauses: dict[str, list[tuple[int, _Clause]]] = {}
        for node in text.find("vlan", "access-map"):
            if len(node.words) in {3, 4}:
                sequence = int(node.words[3]) if len(node.words) == 4 and node.words[3].isdecimal() else 10
                self._clauses.setdefault(node.words[2], []).append((sequence, self._clause(node)))
        self._filters: dict[str, tuple[str, int]] = {}
        for node in text.find("vlan", "filter"):
            self._filter(node)

    def stages(self, found: Sequence[Port], direction: str, behind: Mapping[str, frozenset[str]]) -> Iterator[Stage]:
        """Give one stage per VLAN interface whose VLAN has a map, for what comes in from it or leaves into it."""
        for port in found:
            if port.name not in self._filters:
                continue
            name, number = self._filters[port.name]
            names = frozenset({port.name}) | behind.get(port.name, frozenset())
            yield self._stage(f"VLAN map {direction} {port.name}", name, number, names, direction)

    def _stage(self, entry: str, name: str, number: int, names: frozenset[str], direction: str) -> Stage:
        chains: dict[str, Chain] = {}
        rules: list[Rule] = []
        clauses = sorted(self._clauses.get(name, []), key=lambda item: item[0])
        if not clauses:
            what = f"vlan access-map {name} is not defined"
            self._text.remark(RemarkKind.UNDEFINED, what, number)
            rules += self._either(what, number)
        versions: set[int] = set()
        for sequence, clause in clauses:
            if not clause.lists or clause.do is None:
                rules += self._either(f"vlan access-map {name} {sequence}", clause.number)
                versions |= {4, 6}
            for version, acl, line in clause.lists if clause.do is not None else ():
                versions.add(version)
                chain = f"{name} {sequence} {acl}"
                chains[chain] = Chain(name=chain, rules=Rules.of(*self._matcher(version, acl, line, clause.do)))
                rules.append(Rule(do=Call(chain=chain)))
        for version in sorted(versions):
            family = Match(source=every(version), destination=every(version))
            rules.append(Rule(do=Deny(), possible=family, name=f"implicit drop (vlan access-map {name})"))
        return Stage(
            name=entry,
            chains=(Chain(name=entry, rules=Rules.of(*rules)), *chains.values()),
            default=PERMIT,
            default_name="no VLAN map",
            ingress=names if direction == "in" else None,
            egress=names if direction == "out" else None,
            stateful=False,
        )

    def _matcher(self, version: int, acl: str, number: int, do: Permit | Deny | None) -> Iterator[Rule]:
        """A deny in a list of a map means no match: the next sequence is asked."""
        for rule in self._lists.rules(version, acl, number):
            yield replace(rule, do=do if isinstance(rule.do, Permit) and do is not None else Return())

    def _either(self, what: str, number: int) -> Iterator[Rule]:
        why = (Condition(kind=ConditionKind.UNKNOWN, text=what),)
        for do in (PERMIT, Deny()):
            yield Rule(do=do, conditions=why, span=self._text.span(number))

    def _clause(self, node: Node) -> _Clause:
        text = self._text
        clause = _Clause(number=node.number)
        text.ledger.modelled((node.number,))
        for line in node.children:
            words = line.words
            if words[0] == "match" and len(words) > 3 and words[1] in _FAMILIES and words[2] == "address":
                clause.lists += [(_FAMILIES[words[1]], acl, line.number) for acl in words[3:]]
            elif words[:3] == ("match", "mac", "address") or words[0] == "statistics":
                text.ledger.irrelevant(line.numbers())
                continue
            elif words[:2] == ("action", "forward") and len(words) == 2:
                clause.do = PERMIT
            elif words[:2] == ("action", "drop") and words[2:] in {(), ("log",)}:
                clause.do = Deny()
            else:
                text.strange(line.text, line.number)
                continue
            text.ledger.modelled(line.numbers())
        return clause

    def _filter(self, node: Node) -> None:
        words = node.words
        vlans = _numbers(words[4:]) if len(words) > 4 and words[3] == "vlan-list" else None
        if vlans is None:
            self._text.strange(node.text, node.number, decides=True)
            return
        self._text.ledger.modelled(node.numbers())
        for vlan in vlans:
            self._filters[f"Vlan{vlan}"] = (words[2], node.number)


def _numbers(words: Sequence[str]) -> list[int] | None:
    """Read `10,20-30`."""
    found: list[int] = []
    for part in "".join(words).split(","):
        low, dash, high = part.partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            return None
        found += range(int(low), int(high or low) + 1)
    return found
