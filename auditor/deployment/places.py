"""Who the names at a row's ends are: carved for what is required, as written for what is allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor.baseline.conditions import answer
from auditor.baseline.language import ANY_PEER, INTERNAL, INTERNET, PROTECTED, Endpoint, Vocabulary
from auditor.baseline.terms import is_literal
from auditor.deployment.facts import Facts, Zone
from auditor.deployment.internet import INTERNET_BASE
from auditor.deployment.site import Deployment, Group, Transfer
from parsers.model.addresses import ANY, NONE, AddressSet

__all__ = ["End", "Places", "carved", "names_of", "protected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a row: its names, the addresses that are required and allowed, and FQDNs with where they may stand.

    `missing` are groups that nobody lists; `undecided` are options that a role hangs on and the site leaves open.
    """

    names: tuple[str, ...]
    required: AddressSet = NONE
    allowed: AddressSet = NONE
    fqdns: frozenset[str] = frozenset()
    fqdn_addresses: AddressSet = NONE
    missing: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The addresses that names stand for: of a deployment, or as one firewall sees them.

    `internet` is what must be served, `internet_allowed` what may come; `sides` are the addresses on the sides of a
    group, empty without a firewall.
    """

    internet: AddressSet
    internet_allowed: AddressSet
    sides: Mapping[str, AddressSet] = field(default_factory=dict)
    declared: Mapping[str, AddressSet] = field(default_factory=dict)

    @classmethod
    def of(cls, deployment: Deployment) -> Places:
        """Give the places of a deployment without a firewall."""
        taken = AddressSet.join(group.addresses for variant in deployment.variants for group in variant.groups
                                if group.name != INTERNET)  # fmt: skip
        listed = deployment.addresses(INTERNET)
        return cls(
            internet=(listed or INTERNET_BASE) - taken - deployment.internal,
            internet_allowed=(listed or ANY) - protected(deployment),
        )

    def end(self, endpoint: Endpoint, zone: Zone, entry: Transfer | None) -> End:
        """Give who is at an end."""
        deployment = zone.deployment
        names, undecided = names_of(endpoint, deployment.baseline.vocabulary, zone.facts, entry)
        required: list[AddressSet] = []
        allowed: list[AddressSet] = []
        fqdns: frozenset[str] = frozenset()
        standing: list[AddressSet] = []
        missing: list[str] = []
        for name in names:
            group = zone.variant.group(name)
            if name == INTERNET:
                required.append(self.internet)
                allowed.append(self.internet_allowed)
            elif name == INTERNAL:
                required.append(deployment.internal)
                allowed.append(deployment.internal)
            elif name == PROTECTED:
                required.append(protected(deployment))
                allowed.append(protected(deployment))
            elif name == ANY_PEER:
                required.append(ANY)
                allowed.append(ANY)
            elif group is not None:
                required.append(carved(group, deployment))
                allowed.append(group.addresses)
                if group.names:
                    fqdns |= group.names
                    standing.append(self.declared.get(name) or self.internet_allowed)
            elif is_literal(name):
                required.append(AddressSet.of(name))
                allowed.append(AddressSet.of(name))
            else:
                missing.append(name)
        allowed += [self.sides.get(name, NONE) for name in endpoint.sides_of]
        return End(
            names=names, required=AddressSet.join(required), allowed=AddressSet.join(allowed), fqdns=fqdns,
            fqdn_addresses=AddressSet.join(standing), missing=tuple(missing), undecided=undecided,
        )  # fmt: skip


def names_of(
    endpoint: Endpoint, vocabulary: Vocabulary, facts: Facts, entry: Transfer | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names at an end with roles replaced, and the options that they hang on and the site leaves open."""
    chosen: Sequence[str] = endpoint.defaults
    if endpoint.option:
        value = facts.value(endpoint.option)
        chosen = [str(name) for name in value] if isinstance(value, tuple) and value else chosen
    if endpoint.entry and entry is not None and entry.to:
        chosen = entry.to
    names: list[str] = []
    undecided: list[str] = []
    for name in chosen:
        role = vocabulary.role(name)
        if role is None:
            names.append(name)
            continue
        for when, group in role.cases:
            judged = answer(when, facts.fact)
            if judged.holds is not False:
                names.append(group)
            if judged.holds:
                break
            undecided += judged.undecided if judged.holds is None else ()
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(undecided))


def carved(group: Group, deployment: Deployment) -> AddressSet:
    """Give a group without the more specific groups inside it.

    From a protected group only the baseline's own groups are taken: a name that the site gives to some of its hosts
    for rows of its own leaves them hosts.
    """
    known = {item.name: item.protected for item in deployment.baseline.vocabulary.groups}
    inside = [
        other.addresses
        for variant in deployment.variants
        for other in variant.groups
        if other.addresses != group.addresses
        and other.addresses <= group.addresses
        and (other.name in known or not known.get(group.name))
    ]
    return group.addresses - AddressSet.join(inside)


def protected(deployment: Deployment) -> AddressSet:
    """Give the hosts whose surplus is judged: the vocabulary's protected groups, and what a row has in their place."""
    names = {group.name for group in deployment.baseline.vocabulary.groups if group.protected}
    roles = {role.name for role in deployment.baseline.vocabulary.roles if any(name in names for _, name in role.cases)}
    out = [deployment.addresses(name) for name in names]
    for variant in deployment.variants:
        facts = Zone.of(deployment, variant).facts
        for row in deployment.baseline.rows:
            for region in row.regions:
                for endpoint in (region.source, region.destination):
                    value = facts.value(endpoint.option) if endpoint.option else None
                    if isinstance(value, tuple) and any(name in names | roles for name in endpoint.defaults):
                        listed = [variant.group(str(name)) for name in value]
                        out += [group.addresses for group in listed if group is not None]
    return AddressSet.join(out)
