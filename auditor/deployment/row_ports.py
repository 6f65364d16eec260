"""Which ports a row uses at a site, and the services that come of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.baseline.conditions import answer
from auditor.baseline.language import Baseline, Ports, PortTerm, Preset, Row
from auditor.deployment.facts import Facts, Zone
from auditor.deployment.site import Deployment, Transfer
from parsers.model import intervals as iv
from parsers.model.services import ANY_SERVICE, PORTS, PROTOCOL_NUMBERS, Service, ServiceSet

__all__ = ["CLIENT_PORTS", "PortChoice", "port_choice", "ports_text", "services"]

CLIENT_PORTS: Ports = ((1024, 65535),)
"""Where clients send from (RFC 6335, section 6: all but the system ports)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortChoice:
    """Alternative port lists, any one of which suffices; empty where nobody states the ports."""

    choices: tuple[Ports, ...] = ()

    @property
    def union(self) -> Ports:
        """Give every port of every alternative."""
        return iv.normalise(pair for ports in self.choices for pair in ports)


def port_choice(terms: Sequence[PortTerm], row_id: str, zone: Zone, entry: Transfer | None = None) -> PortChoice:
    """Give the ports of some terms: an option or an entry's list, else the site's list for the row, else defaults."""
    facts = zone.facts
    stated = [term for term in terms if answer(term.when, facts.fact).holds is not False]
    override = dict(zone.variant.ports).get(row_id, ())
    found: list[PortChoice] = []
    for term in stated:
        own = _stated(term, facts, entry)
        if own is not None:
            found.append(own)
        elif override:
            found.append(_split(override, term))
        elif term.same_as:
            found.append(_as_others(term.same_as, zone))
        elif term.default:
            found.append(_split(_shifted(term, zone.deployment), term))
    if len(found) == 1:
        return found[0]
    union = iv.normalise(pair for choice in found for pair in choice.union)
    return PortChoice(choices=(union,) if union else ())


def _stated(term: PortTerm, facts: Facts, entry: Transfer | None) -> PortChoice | None:
    value = facts.value(term.option) if term.option else None
    if value == "any":
        return PortChoice(choices=tuple((pair,) for pair in term.any_ranges))
    if value:
        return _split(value, term)  # type: ignore[arg-type]
    listed = dict(entry.ports).get(term.entry, ()) if entry is not None and term.entry else ()
    return _split(listed, term) if listed else None


def _split(ports: Ports, term: PortTerm) -> PortChoice:
    if term.any_of:
        return PortChoice(choices=tuple((pair,) for pair in ports))
    return PortChoice(choices=(iv.normalise(ports),))


def _as_others(row_ids: Iterable[str], zone: Zone) -> PortChoice:
    pairs: list[tuple[int, int]] = []
    for row_id in row_ids:
        row = zone.deployment.baseline.row(row_id)
        for region in row.regions if row else ():
            pairs += port_choice(region.ports, row_id, zone).union
    union = iv.normalise(pairs)
    return PortChoice(choices=(union,) if union else ())


def _shifted(term: PortTerm, deployment: Deployment) -> Ports:
    ports = term.default
    for preset in _presets(deployment.baseline, deployment.presets):
        if preset.name in term.presets:
            ports = tuple(
                (low + preset.add, high + preset.add) if high < preset.below else (low, high) for low, high in ports
            )
    return ports


def _presets(baseline: Baseline, names: Sequence[str]) -> list[Preset]:
    return [preset for preset in baseline.vocabulary.presets if preset.name in names]


def services(row: Row, ports: Ports, source_ports: Ports) -> ServiceSet:
    """Give a row's services on some ports; protocols without ports, and ICMP, take none."""
    boxes: list[Service] = []
    for name in row.protocols:
        if name == "any":
            return ANY_SERVICE
        number = PROTOCOL_NUMBERS[name]
        if name in {"icmp", "icmp6"}:
            whole = [(kind * 256, kind * 256 + 255) for kind in row.icmp] or [PORTS]
            boxes += [Service(protocols=(number, number), ports=pair) for pair in whole]
        elif name in {"tcp", "udp"}:
            boxes += [
                Service(protocols=(number, number), source_ports=source, ports=pair)
                for source in source_ports
                for pair in ports
            ]
        else:
            boxes.append(Service(protocols=(number, number)))
    return ServiceSet.of(*boxes)


def ports_text(row: Row, ports: Ports) -> str:
    """Write a row's ports as reports do: `22`, `8088-8093`, `389,3268`; ICMP types where it is ICMP."""
    if row.icmp:
        return ",".join(map(str, row.icmp))
    if not {"tcp", "udp"} & set(row.protocols):
        return "any"
    if ports == (PORTS,):
        return "any"
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ports) or "per site"
