"""A deployment as values: groups, options, firewalls and what the site states about the rest of its network."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.baseline.language import Baseline
from auditor.baseline.rows import ResolvedRow
from parsers.model.addresses import NONE, AddressSet
from parsers.model.conditions import ConditionKind

__all__ = [
    "LOCAL_SIDE",
    "UNASSIGNED",
    "Assumed",
    "DeclaredSide",
    "Deployment",
    "FirewallEntry",
    "Group",
    "LoadBalancer",
    "Member",
    "Peer",
    "Published",
    "Question",
    "SideSpec",
    "Ssh",
    "Transfer",
    "Value",
    "Variant",
]

LOCAL_SIDE = "local"
"""The side on which a host firewall's own addresses stand."""
UNASSIGNED = "unassigned:"
"""What the name of a side begins with whose interface no declared side names."""

Ports = tuple[tuple[int, int], ...]
"""Closed port ranges, as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A named set of hosts as the site lists it; `names` are its FQDNs, whose addresses nobody knows here."""

    name: str
    addresses: AddressSet
    names: frozenset[str] = frozenset()
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One entry of a service's `outbound`: the groups it goes to (none: the row's own) and port lists by their key."""

    to: tuple[str, ...] = ()
    ports: tuple[tuple[str, Ports], ...] = ()


Value = bool | str | Ports | tuple[str, ...] | tuple[Transfer, ...] | None
"""An option's value; None where it is left open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """A balancer between virtual and own addresses: the addresses it sends from and the own port by row id."""

    snat: AddressSet = NONE
    ports: tuple[tuple[str, int], ...] = ()
    direct_return: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A translation in front of the audited firewalls: `address` reaches `host`, outside ports arrive as given."""

    address: AddressSet
    host: AddressSet
    ports: tuple[tuple[int, int], ...] = ()
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What the site states of a list by its name: its addresses, or (None) that it is a blocklist of Internet hosts."""

    name: str
    addresses: AddressSet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a side: a group, a part of a group (both set), or a network (no group)."""

    group: str = ""
    network: AddressSet | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSide:
    """An interface or zone by name, and who stands behind it."""

    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ssh:
    """How a firewall is reached over SSH where that differs from the options of the command line."""

    port: int = 22
    user: str = ""
    fingerprint: str = ""
    jump: str = ""
    legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The other device of a high-availability pair."""

    address: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallEntry:
    """One firewall of the deployment; `sides` is empty where they are to be derived from interfaces and routes.

    `platform` and `address` may be empty for a firewall that only a saved configuration and options describe.
    `context` holds the name of an ASA context, FortiOS VDOM, PAN-OS vsys or Junos logical system, `hostname` what the
    device must call itself (empty: anything).
    """

    name: str
    platform: str = ""
    address: str = ""
    ssh: Ssh = field(default_factory=Ssh)
    peer: Peer | None = None
    context: str = ""
    hostname: str = ""
    sides: tuple[DeclaredSide, ...] = ()
    ignore_interfaces: tuple[str, ...] = ()
    local: AddressSet = NONE
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The deployment as one network zone sees it: its groups, options and port overrides; the base has no name.

    `written` holds the options that the site wrote by their dotted paths, None for one that it leaves open.
    """

    name: str
    groups: tuple[Group, ...]
    written: tuple[tuple[str, Value], ...] = ()
    ports: tuple[tuple[str, Ports], ...] = ()

    def group(self, name: str) -> Group | None:
        """Give a group by name, None where the site does not list it."""
        return next((group for group in self.groups if group.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A site, checked against its baselines' vocabulary.

    `variants` holds the base and every network zone (one without zones). `sha256` is of the file's bytes, empty where
    options alone describe the site; `paths` are firewall names from the Internet inwards.
    """

    name: str
    baseline: Baseline
    variants: tuple[Variant, ...]
    internal: AddressSet
    policy: str = "standard"
    presets: tuple[str, ...] = ()
    load_balancer: LoadBalancer | None = None
    published: tuple[Published, ...] = ()
    accept: frozenset[ConditionKind] = frozenset()
    assume: tuple[Assumed, ...] = ()
    ipv6: str = "judge"
    firewalls: tuple[FirewallEntry, ...] = ()
    paths: tuple[tuple[str, ...], ...] = ()
    file: str = field(default="", compare=False)
    sha256: str = ""

    @property
    def group_names(self) -> tuple[str, ...]:
        """Give every listed group's name, in file order."""
        return tuple(dict.fromkeys(group.name for variant in self.variants for group in variant.groups))

    def addresses(self, name: str) -> AddressSet:
        """Give a group's addresses over all network zones as written; `zone.group` gives those of one zone."""
        zone, dot, bare = name.rpartition(".")
        return AddressSet.join(
            group.addresses
            for variant in self.variants
            for group in variant.groups
            if group.name in {name, bare if dot and variant.name == zone else name}
        )

    def firewall(self, name: str) -> FirewallEntry:
        """Give a firewall's entry; raises KeyError."""
        for entry in self.firewalls:
            if entry.name == name:
                return entry
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSpec:
    """One side of one firewall: who is declared there, what can stand there, and by which interfaces it is reached.

    `groups` are the members' explicit addresses; `addresses` adds every network that the device routes there, without
    what stands more specifically elsewhere. `internet` tells whether the Internet is behind it. The sides `local` and
    `unassigned:NAME` are not declared: the first is the device itself, the second is judged for surplus only.
    `by_default` is the part of the addresses that only a default route puts there.
    """

    name: str
    members: tuple[str, ...]
    groups: AddressSet
    internet: bool
    addresses: AddressSet = NONE
    interfaces: tuple[str, ...] = ()
    declared: bool = True
    by_default: AddressSet = NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one firewall is asked: the rows in its own view of the Internet, and who stands on which side.

    `internet` is exact (every other group, `internal` and what is routed to another side taken out). `unreal_sources`
    cannot be real senders on the default-route side and are not judged there.
    """

    firewall: FirewallEntry
    rows: tuple[ResolvedRow, ...]
    protected: AddressSet
    internet: AddressSet
    internal: AddressSet
    sides: tuple[SideSpec, ...]
    local: AddressSet = NONE
    published: tuple[Published, ...] = ()
    accept: frozenset[ConditionKind] = frozenset()
    assume: tuple[Assumed, ...] = ()
    ipv6: str = "judge"
    unreal_sources: AddressSet = NONE
    groups: tuple[Group, ...] = ()

    def standing(self, side: SideSpec) -> AddressSet:
        """Give whom rows can mean on a side: beside the Internet, only its members and what is routed there by name.

        A group that no side lists does not come in by the default route (semantics: section 5).
        """
        strangers = AddressSet.join(group.addresses for group in self.groups) | self.protected
        return side.addresses - ((side.by_default & strangers) - side.groups)

    @property
    def side_addresses(self) -> tuple[tuple[str, AddressSet], ...]:
        """Give what can stand on each side; disjoint but for groups that stand on two sides."""
        return tuple((side.name, side.addresses) for side in self.sides)
