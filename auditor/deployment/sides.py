"""Who stands where around one firewall: declared sides, or sides derived from its interfaces and routes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from auditor.baseline.language import INTERNET
from auditor.deployment.contradictions import check_places
from auditor.deployment.internet import INTERNET_BASE
from auditor.deployment.places import protected
from auditor.deployment.site import (
    LOCAL_SIDE,
    UNASSIGNED,
    DeclaredSide,
    Deployment,
    FirewallEntry,
    Member,
    SideSpec,
)
from auditor.errors import DeploymentError
from parsers.model.addresses import ANY, NONE, V6, AddressSet
from parsers.model.firewall import Firewall

__all__ = ["derived", "sides_of"]

_WHOLE = {V6, 1 << 128}
"""Sizes of a default route."""
_IGNORED = "ignored:"
_REST = ANY.size + 1
"""Default routes claim last, after a side that declares the Internet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """Addresses that are said to stand on a side; of two claims the smaller wins, of equal ones the declared."""

    side: str
    addresses: AddressSet
    size: int
    routed: bool
    metric: int = 0


def sides_of(deployment: Deployment, entry: FirewallEntry, model: Firewall) -> tuple[SideSpec, ...]:
    """Give the sides of a firewall, the declared ones first, with the addresses that can stand on each.

    Raises DeploymentError where sides are to be derived and the routes are not all known, or a side is no interface
    and no zone of the device.
    """
    if not entry.sides and not model.routes_complete:
        raise _refused(deployment, entry, model)
    _check_names(deployment, entry, model)
    declared = tuple(_spec(deployment, side, entry.local) for side in entry.sides)
    specs = declared or derived(deployment, entry, model)
    owners = _owners(entry, model, specs)
    check_places(deployment, entry, model, specs, owners)
    claims = [claim for spec in specs for claim in _explicit(deployment, entry, spec)]
    if entry.local:
        claims.append(_claim(LOCAL_SIDE, entry.local))
    claims += _routed(model, owners)
    standing = _settled(claims)
    out = [
        replace(
            spec, addresses=standing.get(spec.name, NONE), interfaces=_interfaces(spec.name, owners),
            by_default=standing.get(spec.name, NONE) - _by_name(claims, spec.name),
        )
        for spec in specs
    ]  # fmt: skip
    if entry.local:
        out.append(SideSpec(
            name=LOCAL_SIDE, members=(LOCAL_SIDE,), groups=entry.local, internet=False, addresses=entry.local,
            declared=False,
        ))  # fmt: skip
    out += [
        SideSpec(
            name=name, members=(), groups=NONE, internet=False, addresses=standing[name],
            interfaces=_interfaces(name, owners), declared=False,
        )
        for name in dict.fromkeys(owners.values())
        if name.startswith(UNASSIGNED) and standing.get(name)
    ]  # fmt: skip
    return _with_internet(tuple(out), model, owners)


def ignored_addresses(entry: FirewallEntry, model: Firewall) -> AddressSet:
    """Give what is routed to interfaces that the deployment ignores."""
    return AddressSet.join(
        addresses for addresses, name in model.egress_table() if model.labels(name) & set(entry.ignore_interfaces)
    )


def derived(deployment: Deployment, entry: FirewallEntry, model: Firewall) -> tuple[SideSpec, ...]:
    """Derive sides from interfaces and routes: groups stand where the device routes them, the Internet by default."""
    table = model.egress_table()
    found: dict[str, list[Member]] = {}
    ways = _default_sides(model, entry)
    for group in (*deployment.group_names, INTERNET):
        if group == INTERNET:
            for way in ways:
                found.setdefault(way, []).append(Member(group=INTERNET, text=INTERNET))
            continue
        addresses = deployment.addresses(group) - entry.local
        for routed, name in table:
            side = _side_name(model, name)
            part = addresses & routed
            if part and not model.labels(name) & set(entry.ignore_interfaces):
                member = Member(group=group, text=group) if part == addresses else Member(
                    group=group, network=part, text=f"{group}: {part}")  # fmt: skip
                found.setdefault(side, []).append(member)
    nowhere = protected(deployment) - AddressSet.join(addresses for addresses, _ in table) - entry.local
    if nowhere and not ways:
        raise DeploymentError(
            f"{entry.name} routes {nowhere} nowhere, so the sides cannot be derived",
            hint=_paste(entry, model), file=deployment.file or None, line=entry.line,
            key=f"firewalls.{entry.name}.sides",
        )  # fmt: skip
    sides = [DeclaredSide(name=name, members=tuple(members)) for name, members in found.items()]
    return tuple(_spec(deployment, side, entry.local) for side in sides)


def _side_name(model: Firewall, interface: str) -> str:
    return model.interface(interface).zone or interface


def _default_sides(model: Firewall, entry: FirewallEntry) -> tuple[str, ...]:
    """Give the sides of every default route, a second uplink's included."""
    ways = [
        _side_name(model, route.interface)
        for route in model.routes
        if route.destination.size in _WHOLE and not model.labels(route.interface) & set(entry.ignore_interfaces)
    ]
    return tuple(dict.fromkeys(ways))


def _refused(deployment: Deployment, entry: FirewallEntry, model: Firewall) -> DeploymentError:
    return DeploymentError(
        f"{entry.name} has routes that its configuration does not hold (dynamic or policy routing, VRFs), so its sides "
        "cannot be derived",
        hint=_paste(entry, model), file=deployment.file or None, line=entry.line, key=f"firewalls.{entry.name}.sides",
    )  # fmt: skip


def _paste(entry: FirewallEntry, model: Firewall) -> str:
    """Write the YAML that declares the sides, with the device's own interface names."""
    names = dict.fromkeys(_side_name(model, item.name) for item in model.interfaces if item.enabled)
    lines = [f"    {name}: []   # groups or networks behind it" for name in names]
    return "\n".join(["declare them:", "firewalls:", f"  {entry.name}:", "   sides:", *lines])


def _check_names(deployment: Deployment, entry: FirewallEntry, model: Firewall) -> None:
    from auditor.baseline.document import nearest

    known = {label for item in model.interfaces for label in model.labels(item.name)}
    for side in entry.sides:
        if known and side.name not in known:
            raise DeploymentError(
                f"{entry.name} has no interface or zone {side.name}", hint=nearest(side.name, known),
                file=deployment.file or None, line=entry.line, key=f"firewalls.{entry.name}.sides.{side.name}",
            )  # fmt: skip
    for name in entry.ignore_interfaces:
        if known and name not in known:
            raise DeploymentError(
                f"{entry.name} has no interface or zone {name} to ignore", hint=nearest(name, known),
                file=deployment.file or None, line=entry.line, key=f"firewalls.{entry.name}.ignore_interfaces",
            )  # fmt: skip


def _spec(deployment: Deployment, side: DeclaredSide, local: AddressSet) -> SideSpec:
    groups = AddressSet.join(_member_addresses(deployment, member) for member in side.members) - local
    internet = any(member.group == INTERNET for member in side.members)
    members = tuple(member.text for member in side.members)
    return SideSpec(name=side.name, members=members, groups=groups, internet=internet)


def _member_addresses(deployment: Deployment, member: Member) -> AddressSet:
    if member.group == INTERNET:
        return NONE
    if not member.group:
        return member.network or NONE
    whole = deployment.addresses(member.group)
    return whole if member.network is None else whole & member.network


def _owners(entry: FirewallEntry, model: Firewall, specs: Sequence[SideSpec]) -> dict[str, str]:
    """Give the side of every interface; ignored ones have one that is not judged.

    A ruleset that was saved without its device's interfaces is entered by those that the declared sides name.
    """
    if not model.interfaces:
        return {spec.name: spec.name for spec in specs}
    names = {spec.name for spec in specs}
    owners: dict[str, str] = {}
    for item in model.interfaces:
        labels = model.labels(item.name)
        if not item.enabled:
            continue
        if labels & set(entry.ignore_interfaces):
            owners[item.name] = _IGNORED + item.name
            continue
        mine = [name for name in (item.name, item.zone) if name and name in names]
        owners[item.name] = mine[0] if mine else UNASSIGNED + (item.zone or item.name)
    return owners


def _interfaces(side: str, owners: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name, owner in owners.items() if owner == side)


def _by_name(claims: Sequence[_Claim], side: str) -> AddressSet:
    """Give what a side is said to hold by its members, its networks and its routes but the default ones."""
    return AddressSet.join(
        claim.addresses for claim in claims if claim.side == side and claim.addresses.size not in {*_WHOLE, ANY.size}
    )


def _claim(side: str, addresses: AddressSet, *, routed: bool = False, metric: int = 0) -> _Claim:
    size = _REST if routed and addresses.size in _WHOLE else addresses.size
    return _Claim(side=side, addresses=addresses, size=size, routed=routed, metric=metric)


def _explicit(deployment: Deployment, entry: FirewallEntry, spec: SideSpec) -> Iterable[_Claim]:
    for pair in (spec.groups - entry.local).intervals:
        yield _claim(spec.name, AddressSet((pair,)))
    if spec.internet:
        yield _claim(spec.name, deployment.addresses(INTERNET) or ANY)


def _routed(model: Firewall, owners: dict[str, str]) -> Iterable[_Claim]:
    for item in model.interfaces:
        for pair in item.networks.intervals:
            if item.name in owners:
                yield _claim(owners[item.name], AddressSet((pair,)), routed=True, metric=-1)
    for route in model.routes:
        if route.interface in owners:
            yield _claim(owners[route.interface], route.destination, routed=True, metric=route.metric)


def _settled(claims: Sequence[_Claim]) -> dict[str, AddressSet]:
    """Give each side what it claims, without what a smaller claim has given to another.

    Declared claims of one size stand side by side (a group on two sides stands on both); among routes of one size the
    lowest metric wins.
    """
    taken = NONE
    out: dict[str, AddressSet] = {}
    batches: dict[tuple[int, bool, int], list[_Claim]] = {}
    for claim in claims:
        batches.setdefault((claim.size, claim.routed, claim.metric), []).append(claim)
    for key in sorted(batches):
        for claim in batches[key]:
            out[claim.side] = out.get(claim.side, NONE) | (claim.addresses - taken)
        taken |= AddressSet.join(claim.addresses for claim in batches[key])
    return out


def _with_internet(specs: tuple[SideSpec, ...], model: Firewall, owners: dict[str, str]) -> tuple[SideSpec, ...]:
    """Mark the side of the default route where no side declares the Internet."""
    if any(spec.internet for spec in specs):
        return specs
    ways = {owners.get(route.interface) for route in model.routes if route.destination.size in _WHOLE}
    return tuple(replace(spec, internet=spec.name in ways and bool(spec.addresses & INTERNET_BASE)) for spec in specs)
