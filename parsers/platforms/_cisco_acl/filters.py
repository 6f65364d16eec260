"""The access lists of interfaces as stages: what comes in by an interface, what leaves by it.

A list filters packets of its own IP version; the other version passes where no list of its own stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Call, Chain, Deny, Match, Rule, Rules, Stage, State, Traffic
from parsers.platforms._cisco_acl.acl import PERMIT
from parsers.platforms._cisco_acl.addresses import every

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parsers.platforms._cisco_acl.acl import AccessLists
    from parsers.platforms._cisco_acl.interfaces import Binding, Port

__all__ = ["list_stages"]

_VERSIONS = (4, 6)


def list_stages(
    found: Sequence[Port],
    lists: AccessLists,
    direction: str,
    *,
    traffic: Traffic = Traffic.THROUGH,
    opened: str = "",
    behind: Mapping[str, frozenset[str]] | None = None,
) -> Iterator[Stage]:
    """Give one stage per interface that has lists in a direction (`in`, `out`).

    `opened` names an inspection that lets replies through lists (IOS `ip inspect`), `behind` gives, by interface,
    other names under which its traffic comes or leaves (switch ports of a VLAN).
    """
    for port in found:
        bindings = [binding for binding in port.bindings if binding.direction == direction]
        if bindings and not port.trunk:
            names = frozenset({port.name}) | (behind or {}).get(port.name, frozenset())
            yield _stage(port, bindings, lists, direction, names, traffic=traffic, opened=opened)


def _stage(
    port: Port,
    bindings: Sequence[Binding],
    lists: AccessLists,
    direction: str,
    names: frozenset[str],
    *,
    traffic: Traffic,
    opened: str,
) -> Stage:
    entry = f"{direction} {port.name}"
    rules: list[Rule] = []
    chains: dict[str, Chain] = {}
    if opened:
        why = (Condition(kind=ConditionKind.UNKNOWN, text=opened),)
        established = Match(states=frozenset({State.ESTABLISHED, State.RELATED}))
        rules.append(Rule(do=PERMIT, possible=established, conditions=why))
    for version in _VERSIONS:
        mine = [binding for binding in bindings if binding.version == version]
        family = Match(source=every(version), destination=every(version))
        for binding in mine:
            for name in binding.lists:
                chain = f"{name} (IPv6)" if version == 6 else name
                chains[chain] = Chain(name=chain, rules=lists.rules(version, name, binding.number))
                rules.append(Rule(do=Call(chain=chain), possible=family))
        if mine:
            rules.append(Rule(do=Deny(), possible=family, name="implicit deny"))
    return Stage(
        name=f"{entry} (to the device)" if traffic is Traffic.TO_DEVICE else entry,
        chains=(Chain(name=entry, rules=Rules.of(*rules)), *chains.values()),
        default=PERMIT,
        default_name="no access list",
        ingress=names if direction == "in" else None,
        egress=names if direction == "out" else None,
        traffic=traffic,
        stateful=False,
    )
