"""What one firewall is asked: the rows as it sees them, and who stands on its sides."""

from __future__ import annotations

from auditor.deployment.internet import UNREAL
from auditor.deployment.places import Places, protected
from auditor.deployment.resolve import resolve
from auditor.deployment.sides import ignored_addresses, sides_of
from auditor.deployment.site import Deployment, FirewallEntry, Question, SideSpec
from auditor.errors import DeploymentError
from parsers.model.addresses import NONE, AddressSet
from parsers.model.firewall import Firewall

__all__ = ["entry_of", "question"]


def entry_of(deployment: Deployment, name: str = "", platform: str = "") -> FirewallEntry:
    """Give the firewall of a name, or the only one of a platform; raises DeploymentError listing what there is."""
    from auditor.baseline.document import nearest

    entries = deployment.firewalls
    file = deployment.file or None
    if name:
        for entry in entries:
            if entry.name == name:
                return entry
        raise DeploymentError(
            f"no firewall is called {name}", hint=nearest(name, [e.name for e in entries]), file=file, key="firewalls"
        )
    fitting = [entry for entry in entries if platform in {"", entry.platform} or not entry.platform]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(entry.name for entry in (fitting or entries)) or "none"
    what = f"of platform {platform}" if platform else "in this deployment"
    raise DeploymentError(
        f"{len(fitting) or 'no'} firewalls {what}",
        hint=f"say which with --firewall; there are: {listed}",
        file=file,
        key="firewalls",
    )


def question(deployment: Deployment, firewall_name: str, model: Firewall) -> Question:
    """Put a deployment's question to one firewall.

    Raises DeploymentError where the entry is not there, names no interface of the device, or its sides cannot be
    derived.
    """
    entry = entry_of(deployment, firewall_name)
    sides = sides_of(deployment, entry, model)
    places = _places(deployment, entry, model, sides)
    return Question(
        firewall=entry,
        rows=resolve(deployment, places),
        protected=protected(deployment),
        internet=places.internet,
        internal=deployment.internal,
        sides=sides,
        local=entry.local,
        published=deployment.published,
        accept=deployment.accept,
        assume=deployment.assume,
        ipv6=deployment.ipv6,
        unreal_sources=_unreal(sides, model),
        groups=tuple(group for variant in deployment.variants for group in variant.groups),
    )


def _places(deployment: Deployment, entry: FirewallEntry, model: Firewall, sides: tuple[SideSpec, ...]) -> Places:
    wide = Places.of(deployment)
    outside = AddressSet.join(side.addresses for side in sides if side.internet)
    elsewhere = AddressSet.join(side.addresses for side in sides if not side.internet) | ignored_addresses(entry, model)
    behind = {
        name: AddressSet.join(
            side.groups if side.internet else side.addresses
            for side in sides
            if side.addresses & deployment.addresses(name)
        )
        for name in deployment.group_names
    }
    declared = {
        name: AddressSet.join(
            side.addresses for side in sides if name in side.members
        ) - protected(deployment)
        for name in deployment.group_names
    }  # fmt: skip
    return Places(
        internet=wide.internet - (elsewhere - outside),
        internet_allowed=(outside or wide.internet_allowed) & wide.internet_allowed,
        sides=behind,
        declared=declared,
    )


def _unreal(sides: tuple[SideSpec, ...], model: Firewall) -> AddressSet:
    """Give what can be no real sender on the Internet's side: what is neither public, nor listed, nor routed there."""
    whole = {1 << 32, 1 << 128}
    outside = [side for side in sides if side.internet]
    real = AddressSet.join(side.groups for side in outside)
    names = {name for side in outside for name in side.interfaces}
    real |= AddressSet.join(
        route.destination for route in model.routes if route.interface in names and route.destination.size not in whole
    )
    real |= AddressSet.join(item.networks for item in model.interfaces if item.name in names)
    return (UNREAL - real) if outside else NONE
