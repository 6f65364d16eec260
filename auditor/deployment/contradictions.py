"""Where a deployment says that hosts stand, held against where the device's own routes lead.

Both cannot be right: a packet goes where the routes send it. Only what stands on two sides may be routed to one of them
at present (a second data centre).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.deployment.internet import INTERNET_BASE
from auditor.deployment.places import protected
from auditor.deployment.site import Deployment, FirewallEntry, SideSpec
from auditor.errors import DeploymentError
from parsers.model.addresses import AddressSet
from parsers.model.firewall import Firewall

__all__ = ["check_places"]

_HOSTS = 8
"""So many addresses in a row are hosts; more are a network, in which the firewall may have an address of its own."""


def check_places(
    deployment: Deployment,
    entry: FirewallEntry,
    model: Firewall,
    specs: Sequence[SideSpec],
    owners: Mapping[str, str],
) -> None:
    """Raise DeploymentError where a protected host is the device itself, or is not routed to its side.

    So it is with other members of which nothing is routed to their side, and with the Internet's side to which nothing
    of the Internet is. `owners` gives the side of each interface.
    Without the device's routes, or with others than it tells, nothing is held against them.
    """
    hosts = protected(deployment) - entry.local
    for found, key, hint in (*_own(entry, model, hosts), *_astray(entry, model, specs, owners, hosts)):
        raise DeploymentError(
            found, hint=hint, file=deployment.file or None, line=entry.line, key=f"firewalls.{entry.name}.{key}"
        )


def _own(entry: FirewallEntry, model: Firewall, hosts: AddressSet) -> Iterator[tuple[str, str, str]]:
    few = AddressSet.join(AddressSet((part,)) for part in hosts.intervals if part[1] - part[0] < _HOSTS)
    for item in model.interfaces:
        mine = item.addresses & few if item.enabled else None
        if mine:
            yield (
                f"{mine} is an address of {entry.name} itself, on {item.name}, and of a host that it protects",
                "sides",
                "give the host's own address; on a firewall of the host itself, list it under `local`",
            )


def _astray(
    entry: FirewallEntry,
    model: Firewall,
    specs: Sequence[SideSpec],
    owners: Mapping[str, str],
    hosts: AddressSet,
) -> Iterator[tuple[str, str, str]]:
    table = model.egress_table()
    if not model.routes_complete or not table or not entry.sides:
        return
    hint = "correct the side's members, or the routes of the device"
    for spec in specs:
        if spec.name not in owners.values():
            continue  # all its interfaces are down: its rows are missing, and say so
        elsewhere = AddressSet.join(other.groups for other in specs if other is not spec)
        routed = AddressSet.join(addresses for addresses, name in table if owners.get(name) == spec.name)
        listed = (AddressSet((part,)) for part in (spec.groups - elsewhere).intervals)
        lost = AddressSet.join(part for part in listed if not part & routed)
        alone = ((spec.groups & hosts) - elsewhere) | lost
        if not alone <= routed:
            ways = dict.fromkeys(name for addresses, name in table if addresses & (alone - routed))
            where = f"by {', '.join(ways)}" if ways else "nowhere"
            yield (
                f"{alone - routed} stands on {spec.name}, and {entry.name} routes it {where}",
                f"sides.{spec.name}",
                hint,
            )
        ways_out = AddressSet.join(
            route.destination for route in model.routes if owners.get(route.interface) == spec.name
        )
        if spec.internet and not (ways_out & INTERNET_BASE) - spec.groups:
            yield (
                f"the Internet stands on {spec.name}, and {entry.name} has no route to it there",
                f"sides.{spec.name}",
                hint,
            )
