"""The firewalls of a deployment file as values, and what can be wrong with them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from auditor.baseline.document import Document, Path, Problems, nearest
from auditor.baseline.language import INTERNET
from auditor.baseline.terms import is_literal
from auditor.deployment.schema import FirewallShape
from auditor.deployment.site import (
    LOCAL_SIDE,
    UNASSIGNED,
    DeclaredSide,
    Deployment,
    FirewallEntry,
    Member,
    Peer,
    Ssh,
)
from parsers import registry
from parsers.model.addresses import AddressSet

__all__ = ["PLATFORMS", "check_firewalls", "read_firewalls"]

PLATFORMS = frozenset({
    "cisco_asa", "cisco_ftd", "cisco_ios", "cisco_nxos", "cisco_iosxr", "juniper_junos", "paloalto_panos",
    "fortinet_fortios", "linux_nftables", "linux_iptables", "linux", *registry.ids(),
})  # fmt: skip
"""What a firewall's `platform` may be; one that cannot be read yet is that firewall's error, not the file's."""


def read_firewalls(shapes: Mapping[str, FirewallShape], document: Document) -> tuple[FirewallEntry, ...]:
    """Give the firewalls in file order; what their members name is judged by `check_firewalls`."""
    return tuple(
        FirewallEntry(
            name=name,
            platform=shape.platform,
            address=shape.address,
            ssh=Ssh(**shape.ssh.model_dump()),
            peer=Peer(**shape.peer.model_dump()) if shape.peer else None,
            context=shape.context or shape.vdom or shape.vsys,
            hostname=shape.hostname,
            sides=tuple(
                DeclaredSide(name=side, members=tuple(_member(item) for item in members))
                for side, members in shape.sides.items()
            ),
            ignore_interfaces=shape.ignore_interfaces,
            local=AddressSet.of(*(item for item in shape.local if not item.startswith("fqdn:"))),
            line=document.line(("firewalls", name)),
        )
        for name, shape in shapes.items()
    )


def _member(item: Any) -> Member:
    if isinstance(item, dict):
        group, networks = next(iter(item.items()))
        good = [text for text in networks if is_literal(text)]
        return Member(group=group, network=AddressSet.of(*good), text=f"{group}: {', '.join(networks)}")
    if is_literal(item):
        return Member(network=AddressSet.of(item), text=item)
    return Member(group=item, text=item)


def check_firewalls(deployment: Deployment, problems: Problems) -> None:
    """Note unknown platforms, members that are neither group nor network, and paths that lead nowhere."""
    zones = {variant.name for variant in deployment.variants if variant.name}
    listed = {*deployment.group_names, INTERNET}
    known = listed | {f"{zone}.{name}" for zone in zones for name in deployment.group_names}
    declared = {group.name for group in deployment.baseline.vocabulary.groups}
    for entry in deployment.firewalls:
        at: Path = ("firewalls", entry.name)
        if entry.platform and entry.platform not in PLATFORMS:
            problems.add(
                (*at, "platform"), f"no platform is called {entry.platform}", nearest(entry.platform, PLATFORMS)
            )
        for side in entry.sides:
            path = (*at, "sides", side.name)
            if (side.name == LOCAL_SIDE and entry.local) or side.name.startswith(UNASSIGNED):
                problems.add(path, f"{side.name} is a name of st-audit's own", "give the interface's or zone's name")
            if side.name in entry.ignore_interfaces:
                problems.add(path, f"{side.name} is a side and ignored as well", "take it out of ignore_interfaces")
            for index, member in enumerate(side.members):
                if member.group and member.group not in known:
                    _unknown_member(member.group, (*path, index), problems, known, declared)
                elif member.group and member.network is not None:
                    _part(deployment, member, (*path, index), problems)
    _paths(deployment, problems)


def _unknown_member(name: str, path: Path, problems: Problems, known: set[str], declared: set[str]) -> None:
    if name in declared:
        problems.add(path, f"the group {name} is not listed under groups", f"write groups: {{{name}: [...]}}")
    else:
        problems.add(path, f"{name} is neither a group nor a network", nearest(name, known))


def _part(deployment: Deployment, member: Member, path: Path, problems: Problems) -> None:
    if not member.network:
        problems.add(path, f"{member.text} names no network", "write {server: [10.20.0.0/24]}")
    elif member.group != INTERNET and not member.network & deployment.addresses(member.group):
        problems.add(path, f"no address of {member.group} is in {member.network}", "name a part of the group")


def _paths(deployment: Deployment, problems: Problems) -> None:
    names = [entry.name for entry in deployment.firewalls]
    for index, path in enumerate(deployment.paths):
        for position, hop in enumerate(path):
            close = difflib.get_close_matches(hop, names, n=1, cutoff=0.75)
            if hop not in names and close:
                problems.add(
                    ("paths", index, position), f"no firewall is called {hop}",
                    f"did you mean {close[0]}? A hop that nobody audits needs a name of its own",
                )  # fmt: skip
        if len(set(path)) != len(path):
            problems.add(("paths", index), "a firewall stands twice on one path", "list each hop once")
