"""A baseline's rows for one deployment: what is on, why, between which addresses and on which ports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from auditor.baseline.conditions import answer
from auditor.baseline.language import Balancer, Endpoint, PortTerm, RegionTerm, Row, Use
from auditor.baseline.rows import Region, Requirement, ResolvedRow
from auditor.deployment.facts import Facts, Zone
from auditor.deployment.places import End, Places, carved, names_of
from auditor.deployment.published import regions, translated
from auditor.deployment.row_ports import CLIENT_PORTS, PortChoice, port_choice, ports_text, services
from auditor.deployment.site import Deployment, LoadBalancer, Transfer
from parsers.model import intervals as iv
from parsers.model.addresses import NONE, AddressSet
from parsers.model.services import PORTS, ServiceSet

__all__ = ["LEG", "Gap", "gaps", "resolve", "rows"]

LEG = "/lb"
"""What the id of a row ends in that goes on from the load balancer to the hosts behind it."""

_WEIGHT = {Requirement.FORBIDDEN: 3, Requirement.REQUIRED: 2, Requirement.ALLOWED: 1, Requirement.OFF: 0}
_SHUT = {Requirement.OFF, Requirement.FORBIDDEN}


def rows(deployment: Deployment) -> tuple[ResolvedRow, ...]:
    """Give every row of the baseline for a deployment, with the Internet as any firewall might see it."""
    return resolve(deployment, Places.of(deployment))


def resolve(deployment: Deployment, places: Places) -> tuple[ResolvedRow, ...]:
    """Give every row of the baseline, load balancer legs after the row that they carry on."""
    views = [
        _View(zone=zone, places=places, barred=_barred(deployment, zone))
        for zone in (Zone.of(deployment, item) for item in deployment.variants)
    ]
    out = []
    for row in deployment.baseline.rows:
        out.append(_merged([(view.name, view.resolved(row, row.regions)) for view in views]))
        legs = [(view, terms) for view in views if (terms := view.leg_terms(row))]
        if legs:
            resolved = _merged([(view.name, view.resolved(row, terms)) for view, terms in legs])
            title = f"{row.title}, behind the load balancer"
            out.append(replace(resolved, id=row.id + LEG, title=title, leg_of=row.id))
    return tuple(out)


def _barred(deployment: Deployment, zone: Zone) -> AddressSet:
    """Give the protected hosts from which something is prohibited: no wider group's row allows it to them.

    A trusted 10.0.0.0/8 holds an Edge in 10.1.1.0/24, which must open nothing inwards all the same.
    """
    hosts = {group.name for group in deployment.baseline.vocabulary.groups if group.protected}
    names = {
        name
        for row in deployment.baseline.rows
        if _requirement(row, zone.facts)[0] is Requirement.FORBIDDEN
        for term in row.regions
        for name in names_of(term.source, deployment.baseline.vocabulary, zone.facts, None)[0]
        if name in hosts
    }
    groups = (zone.variant.group(name) for name in names)
    return AddressSet.join(carved(group, deployment) for group in groups if group is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What a required row lacks: groups that nobody lists, or (none) its ports."""

    row_id: str
    zone: str
    groups: tuple[str, ...] = ()
    option: str = ""


def gaps(deployment: Deployment) -> Iterator[Gap]:
    """Give what required rows lack; an option is named where a group or port would be given by it."""
    places = Places.of(deployment)
    for variant in deployment.variants:
        view = _View(zone=Zone.of(deployment, variant), places=places)
        for row in deployment.baseline.rows:
            requirement, _, _ = _requirement(row, view.zone.facts)
            if requirement in _SHUT:
                continue
            for part in view.parts(row, row.regions):
                if part.term.use is Use.REQUIRED and part.holds:
                    yield from _lacking(row, variant.name, part, requirement)


def _lacking(row: Row, zone: str, part: _Part, requirement: Requirement) -> Iterator[Gap]:
    for end, endpoint in ((part.source, part.term.source), (part.destination, part.term.destination)):
        if not end.names and endpoint.option:
            yield Gap(row_id=row.id, zone=zone, option=endpoint.option)
        elif end.missing and requirement is Requirement.REQUIRED:
            yield Gap(row_id=row.id, zone=zone, groups=end.missing)
    if {"tcp", "udp"} & set(row.protocols) and not part.ports.choices:
        option = next((term.option for term in part.term.ports if term.option), row.for_each)
        yield Gap(row_id=row.id, zone=zone, option=f"{option}.ports" if option == row.for_each else option)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One region of a row with one entry of its transfers."""

    term: RegionTerm
    holds: bool
    undecided: tuple[str, ...]
    source: End
    destination: End
    ports: PortChoice
    source_ports: PortChoice
    stated: bool

    def required(
        self, row: Row, ports: Sequence[tuple[int, int]], source_ports: Sequence[tuple[int, int]]
    ) -> Iterator[Region]:
        yield from _products(
            self.source, self.destination, services(row, tuple(ports), tuple(source_ports)), required=True
        )

    def allowed(self, row: Row) -> Iterator[Region]:
        yield from _products(self.source, self.destination, services(row, self.ports.union, (PORTS,)), required=False)

    def shut(self, row: Row) -> Iterator[Region]:
        """Give what the row would open; a range that is left to the far side says nothing of the row: left out."""
        if self.ports.union == CLIENT_PORTS and not self.source_ports.choices:
            return
        sent = self.source_ports.union or (PORTS,)
        yield from _products(self.source, self.destination, services(row, self.ports.union, sent), required=False)


def _products(source: End, destination: End, served: ServiceSet, *, required: bool) -> Iterator[Region]:
    near, far = (destination.required, source.required) if required else (destination.allowed, source.allowed)
    yield from regions(far, near, served)
    if source.fqdns:
        yield from regions(source.fqdn_addresses, near, served, source.fqdns)
    if destination.fqdns:
        yield from regions(far, destination.fqdn_addresses, served, destination.fqdns)
    if source.fqdns and destination.fqdns:
        names = source.fqdns | destination.fqdns
        yield from regions(source.fqdn_addresses, destination.fqdn_addresses, served, names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """One network zone of the deployment, with the addresses that a firewall gives its names."""

    zone: Zone
    places: Places
    barred: AddressSet = NONE

    @property
    def name(self) -> str:
        return self.zone.variant.name

    def parts(self, row: Row, terms: Sequence[RegionTerm]) -> list[_Part]:
        facts = self.zone.facts
        value = facts.value(row.for_each) if row.for_each else None
        listed = [item for item in value if isinstance(item, Transfer)] if isinstance(value, tuple) else []
        entries: list[Transfer | None] = [*listed] or [None]
        return [self._part(row, term, entry) for term in terms for entry in entries]

    def _part(self, row: Row, term: RegionTerm, entry: Transfer | None) -> _Part:
        facts = self.zone.facts
        sent: tuple[PortTerm, ...] = (term.source_ports,) if term.source_ports else ()
        plain = any(item.default and item.when is None for item in term.ports)
        judged = answer(term.when, facts.fact)
        source = self.places.end(term.source, self.zone, entry)
        source = replace(source, allowed=source.allowed - (self.barred - source.required))
        destination = self.places.end(term.destination, self.zone, entry)
        left_open = judged.undecided if judged.holds is None else ()
        return _Part(
            term=term,
            holds=judged.holds is not False,
            undecided=(*left_open, *source.undecided, *destination.undecided),
            source=source,
            destination=destination,
            ports=port_choice(term.ports, row.id, self.zone, entry),
            source_ports=port_choice(sent, "", self.zone),
            stated=plain or any(item.option and facts.value(item.option) for item in term.ports),
        )

    def leg_terms(self, row: Row) -> tuple[RegionTerm, ...]:
        """Give the regions from the load balancer to the hosts behind it, none where no balancer carries the row on."""
        balancer = self.zone.deployment.baseline.vocabulary.balancer
        site = self.zone.deployment.load_balancer
        if balancer is None or site is None or site.direct_return or row.id not in balancer.rows:
            return ()
        facts = self.zone.facts
        if answer(balancer.when, facts.fact).holds is False:
            return ()
        vocabulary = self.zone.deployment.baseline.vocabulary
        return tuple(
            _behind(term, balancer, site, row.id)
            for term in row.regions
            if names_of(term.destination, vocabulary, facts, None)[0] == (balancer.front,)
        )

    def resolved(self, row: Row, terms: Sequence[RegionTerm]) -> ResolvedRow:
        facts = self.zone.facts
        requirement, because, open_paths = _requirement(row, facts)
        parts = self.parts(row, terms)
        on = [part for part in parts if part.holds]
        shown = [part for part in on if part.term.use is Use.REQUIRED] or on or parts[:1]
        undecided = dict.fromkeys((*open_paths, *(path for part in on for path in part.undecided)))
        if undecided and requirement is Requirement.REQUIRED:
            requirement, because = Requirement.ALLOWED, f"undecided: {', '.join(undecided)} is left open"
        inspection = row.inspection if row.inspection and answer(row.inspection.when, facts.fact).holds else None
        out = ResolvedRow(
            id=row.id, title=row.title, requirement=requirement, because=because,
            source=_listed(name for part in shown for name in part.source.names),
            destination=_listed(name for part in shown for name in part.destination.names),
            protocol="/".join(row.protocols),
            ports=ports_text(row, iv.normalise(pair for part in shown for pair in part.ports.union)),
            cleartext=_cleartext(row, facts),
            administration=row.administration, facts=row.applications, citation=row.citation, oddities=row.oddities,
            notes=tuple(note.text for note in row.notes if answer(note.when, facts.fact).holds),
            opened_by_inspection=inspection is not None, undecided=tuple(undecided), opener=row.opener, runs=row.runs,
            control_row=inspection.control_row if inspection else "", helper=inspection.helper if inspection else "",
        )  # fmt: skip
        if requirement in _SHUT:
            return replace(out, off=self._here(region for part in parts for region in part.shut(row)))
        stated = [part for part in on if part.stated or inspection is None]
        out = replace(out, allowed=self._here(region for part in stated for region in part.allowed(row)))
        if requirement is Requirement.ALLOWED:
            return out
        choices = [self._here(choice) for choice in _choices(row, on)]
        found = tuple(dict.fromkeys(choice for choice in choices if choice))
        return replace(out, required=found[0] if found else (), alternatives=found if len(found) > 1 else ())

    def _here(self, made: Iterable[Region]) -> tuple[Region, ...]:
        return tuple(dict.fromkeys(translated(made, self.zone.deployment.published, self.zone.deployment.internal)))


def _choices(row: Row, parts: Sequence[_Part]) -> Iterator[list[Region]]:
    """Give every way in which a row can be served: its required parts together, or one alternative."""
    heads = [[part for part in parts if part.term.use is Use.REQUIRED]]
    heads += [[part] for part in parts if part.term.use is Use.ALTERNATIVE]
    for head in heads:
        for index in range(max((len(part.ports.choices) for part in head), default=1) or 1):
            for sent in range(max((len(part.source_ports.choices) for part in head), default=1) or 1):
                yield [
                    region
                    for part in head
                    for region in part.required(
                        row, _pick(part.ports.choices, index, ()), _pick(part.source_ports.choices, sent, CLIENT_PORTS)
                    )
                ]


def _pick(
    choices: Sequence[tuple[tuple[int, int], ...]], index: int, default: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    return choices[min(index, len(choices) - 1)] if choices else default


def _behind(term: RegionTerm, balancer: Balancer, site: LoadBalancer, row_id: str) -> RegionTerm:
    port = dict(site.ports).get(row_id)
    return replace(
        term,
        source=Endpoint(defaults=tuple(site.snat.texts())) if site.snat else term.source,
        destination=Endpoint(defaults=(balancer.behind,)),
        ports=(PortTerm(default=((port, port),)),) if port is not None else term.ports,
    )


def _requirement(row: Row, facts: Facts) -> tuple[Requirement, str, tuple[str, ...]]:
    """Give what a row asks for, why, and the options left open that it hangs on."""
    reasons: list[str] = []
    for case in row.cases:
        judged = answer(case.when, facts.fact)
        if judged.holds is None:
            text = f"undecided: {'; '.join(judged.reasons)}"
            return Requirement.ALLOWED, text, judged.undecided
        if judged.holds:
            return case.requirement, case.because or "; ".join(judged.reasons) or "always", ()
        if case.requirement in {Requirement.REQUIRED, Requirement.ALLOWED}:
            reasons += judged.reasons
    return Requirement.OFF, "; ".join(dict.fromkeys(reasons)) or "always", ()


def _cleartext(row: Row, facts: Facts) -> bool:
    when = row.cleartext
    return when if isinstance(when, bool) else answer(when, facts.fact).holds is True


def _merged(found: Sequence[tuple[str, ResolvedRow]]) -> ResolvedRow:
    """Join one row over the network zones: the strongest requirement, and every zone's regions."""
    if len(found) == 1:
        return found[0][1]
    _, strongest = max(found, key=lambda item: _WEIGHT[item[1].requirement])
    same = [row for _, row in found if row.requirement is strongest.requirement]
    reasons = dict.fromkeys(row.because for row in same)
    if len(same) < len(found):
        zones = ", ".join(name or "the base" for name, row in found if row.requirement is strongest.requirement)
        reasons = dict.fromkeys(f"{text} (zone {zones})" for text in reasons)
    shown = same if strongest.requirement is not Requirement.OFF else [row for _, row in found]
    return replace(
        strongest,
        because="; ".join(reasons),
        source=_listed(name for row in shown for name in row.source.split(", ")),
        destination=_listed(name for row in shown for name in row.destination.split(", ")),
        ports=_listed((name for row in shown for name in row.ports.split(",")), ","),
        required=tuple(dict.fromkeys(region for _, row in found for region in row.required)),
        alternatives=_joined([row for _, row in found if row.required]),
        allowed=tuple(dict.fromkeys(region for _, row in found for region in row.allowed)),
        off=tuple(dict.fromkeys(region for _, row in found for region in row.off)),
        cleartext=any(row.cleartext for _, row in found),
        notes=tuple(dict.fromkeys(text for _, row in found for text in row.notes)),
        undecided=tuple(dict.fromkeys(path for _, row in found for path in row.undecided)),
    )


def _joined(found: Sequence[ResolvedRow]) -> tuple[tuple[Region, ...], ...]:
    """Join alternatives over zones: each zone may be served in any of its ways (the n-th with the n-th)."""
    if all(not row.alternatives for row in found):
        return ()
    most = max(len(row.alternatives) for row in found)
    return tuple(
        tuple(
            dict.fromkeys(
                region
                for row in found
                for region in (
                    row.alternatives[min(index, len(row.alternatives) - 1)] if row.alternatives else row.required
                )
            )
        )
        for index in range(most)
    )


def _listed(names: Iterable[str], joint: str = ", ") -> str:
    return joint.join(dict.fromkeys(names))
