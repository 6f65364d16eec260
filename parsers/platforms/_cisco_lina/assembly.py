"""From a configuration's words to its firewall: the order of stages that ASA and Threat Defense share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from parsers.model.addresses import AddressSet
from parsers.model.firewall import Firewall
from parsers.platforms._cisco_lina.ace import Surroundings
from parsers.platforms._cisco_lina.acl import AccessLists
from parsers.platforms._cisco_lina.device import management
from parsers.platforms._cisco_lina.filters import bindings, egress_stages, gate_stage, gates, ingress_stages
from parsers.platforms._cisco_lina.inspection import Policies
from parsers.platforms._cisco_lina.interfaces import SINK, ports, routing
from parsers.platforms._cisco_lina.nat import translations
from parsers.platforms._cisco_lina.objects import Objects
from parsers.platforms._cisco_lina.translation import reverse_path_stage, source_stage, untranslation_stage
from parsers.platforms._cisco_lina.units import role, standby
from parsers.platforms._cisco_lina.vocabulary import unbound
from parsers.platforms._cisco_lina.vpn import Tunnels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parsers.model.firewall import Device
    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.filters import Gates
    from parsers.platforms._cisco_lina.interfaces import Port, Routing

__all__ = ["assemble", "with_pair"]

Lists = TypeVar("Lists", bound=AccessLists)


def assemble(
    text: Configuration,
    device: Device,
    platform: str,
    lists_of: Callable[[Surroundings], Lists],
    *,
    every: AddressSet,
    gate: Gates | None = None,
) -> tuple[Firewall, Lists]:
    """Give the firewall that a configuration makes, and its access lists with what they found.

    `every` is what `any` means. `gate` says what passes between interfaces of one level where the configuration's own
    `same-security-traffic` does not. The caller settles the lines that are left.
    """
    found = ports(text)
    routes = routing(text, found)
    objects = Objects(text)
    lists = lists_of(
        Surroundings(
            text=text,
            objects=objects,
            every=every,
            interfaces={port.interface.name: port.own for port in found},
            schedules=_schedules(text),
        )
    )
    bound = bindings(text, frozenset(port.interface.name for port in found))
    said = gates(text)  # accounts for `same-security-traffic` in any case
    gate = gate or said
    nat = translations(text, objects, {port.interface.name: port.primary for port in found})
    leaves = _Leaves(platform, found, routes)
    stages = (
        untranslation_stage(text, nat, leaves),
        gate_stage(text, found, gate, leaves.lost),
        *ingress_stages(found, bound, lists, gate),
        *egress_stages(found, bound, lists),
        reverse_path_stage(text, nat),
        source_stage(text, nat),
    )
    for name, numbers in text.acls.items():
        lists.rules(name, numbers[0])
    policies = Policies(text, lists)
    tunnels = Tunnels(text, found, lists)
    notes = management(text, found)
    named = objects.resolve_all()
    unbound(text)
    firewall = Firewall(
        platform=platform,
        device=device,
        interfaces=tuple(port.interface for port in found),
        routes=routes.routes,
        routes_complete=routes.complete,
        stages=stages,
        objects=named,
        helpers=policies.helpers(),
        assumptions=(*tunnels.assumptions(), *policies.assumptions()),
        bypasses=(*tunnels.bypasses(), *policies.bypasses()),
        management=notes,
    )
    return firewall, lists


def with_pair(firewall: Firewall, texts: Sequence[str]) -> Firewall:
    """Say which unit of a failover pair it is, where the device was asked."""
    device = replace(firewall.device, ha_role=role(texts, firewall.device.ha_role))
    return replace(firewall, device=device, assumptions=(*firewall.assumptions, *standby(texts)))


def _schedules(text: Configuration) -> frozenset[str]:
    """Give the names of the time ranges; no clock is asked here, so each is a condition, a past one too."""
    found = set()
    for node in text.find("time-range"):
        if len(node.words) == 2:
            found.add(node.words[1])
            text.ledger.modelled(node.numbers())
    return frozenset(found)


class _Leaves:
    """Tells by which interfaces addresses are routed."""

    def __init__(self, platform: str, found: Sequence[Port], routes: Routing) -> None:
        interfaces = tuple(port.interface for port in found)
        firewall = Firewall(platform=platform, interfaces=interfaces, routes=routes.routes)
        self._table = firewall.egress_table()

    def __call__(self, addresses: AddressSet) -> frozenset[str]:
        return frozenset(name for part, name in self._table if part & addresses)

    @property
    def lost(self) -> AddressSet:
        """Give the addresses that are routed to null0."""
        return AddressSet.join(part for part, name in self._table if name.lower() == SINK)
