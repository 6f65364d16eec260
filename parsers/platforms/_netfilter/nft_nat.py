"""nft's nat statements as decisions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.model.addresses import AddressSet
from parsers.model.conditions import ConditionKind
from parsers.model.rules import Side
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.expressions import family
from parsers.platforms._netfilter.guards import Guard, perhaps
from parsers.platforms._netfilter.nft_relations import map_parts
from parsers.platforms._netfilter.nft_syntax import MapOf, Nat
from parsers.platforms._netfilter.pipeline import Undecided
from parsers.platforms._netfilter.translation import masquerade, redirect, translate

if TYPE_CHECKING:
    from parsers.model.rules import Do
    from parsers.platforms._netfilter.nft_relations import Scope

__all__ = ["nat_entries"]

_GENERATORS = ("numgen", "jhash", "symhash")
Decided = list[tuple[Guard, "Do | Undecided"]]


def nat_entries(item: Nat, guard: Guard, scope: Scope, versions: frozenset[int]) -> Decided:
    """Give what a nat statement does to the packets of a guard; raises ValueError for a value not understood."""
    if item.family in {"ip", "ip6"}:
        versions = frozenset({4 if item.family == "ip" else 6})
    if item.kind == "masquerade":
        return list(masquerade(scope.place, guard, versions))
    if isinstance(item.address, MapOf):
        return _by_map(item, item.address, guard, scope)
    if isinstance(item.port, MapOf):
        found: Decided = []
        for part, data in map_parts(item.port.left, item.port.data, scope):
            if isinstance(data, tuple):
                plain = replace(item, port=data[0])
                found += nat_entries(plain, guard & part, scope, versions)
            else:
                found.append((guard & part, Undecided(text="translated by a map that is not told")))
        return found
    ports = va.ports([item.port])[0] if item.port else None
    if item.kind == "redirect":
        return list(redirect(scope.place, guard, ports, versions))
    side = Side.DESTINATION if item.kind == "dnat" else Side.SOURCE
    if item.address is None:
        return list(translate(guard, side, None, ports))
    to, version = _addresses(item.address)
    return list(translate(guard & Guard.of(family(version)), side, to, ports, keep_host=item.prefix))


def _addresses(text: str) -> tuple[AddressSet, int]:
    version = 6 if ":" in text else 4
    return va.addresses([text], version), version


def _by_map(item: Nat, lookup: MapOf, guard: Guard, scope: Scope) -> Decided:
    side = Side.DESTINATION if item.kind == "dnat" else Side.SOURCE
    pairs = map_parts(lookup.left, lookup.data, scope)
    if lookup.left[0].startswith(_GENERATORS):
        return _any_of(guard, side, [data for _, data in pairs if isinstance(data, tuple)])
    found: Decided = []
    for part, data in pairs:
        both = guard & part
        if not isinstance(data, tuple):
            found.append((both, Undecided(text="translated by a map that is not told")))
            continue
        to, version = _addresses(data[0])
        ports = va.ports([data[1]])[0] if len(data) > 1 else _fixed_ports(item)
        both &= Guard.of(family(version))
        found += translate(both, side, to, ports, keep_host=item.prefix)
    return found


def _fixed_ports(item: Nat) -> tuple[int, int] | None:
    return va.ports([item.port])[0] if isinstance(item.port, str) else None


def _any_of(guard: Guard, side: Side, choices: list[tuple[str, ...]]) -> Decided:
    """Give a translation that picks one of some addresses by chance, each of them possible."""
    addresses = [_addresses(data[0])[0] for data in choices]
    ports = {va.ports([data[1]])[0] for data in choices if len(data) > 1}
    if not addresses or len(ports) > 1:
        return [(perhaps(guard, ConditionKind.UNKNOWN, "one of several ports"), Undecided(text="translated by chance"))]
    return list(translate(guard, side, AddressSet.join(addresses), next(iter(ports), None)))
