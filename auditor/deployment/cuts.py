"""Which parts of a row cross a firewall, between which of its sides, and in which order several firewalls meet it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.baseline.rows import Region, Requirement, ResolvedRow, Runs
from auditor.deployment.site import Deployment, Question
from parsers.model.addresses import AddressSet

__all__ = ["Cut", "crosses", "cuts", "hops"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What of a row goes from one side to another."""

    source: str
    destination: str
    regions: tuple[Region, ...]


def cuts(regions: Iterable[Region], question: Question) -> tuple[Cut, ...]:
    """Cut regions to each ordered pair of different sides that are declared, derived or the device itself."""
    made = tuple(regions)
    sides = [side for side in question.sides if side.declared or side.name == "local"]
    out = []
    for near in sides:
        for far in sides:
            found = (
                tuple(_between(made, question.standing(near), question.standing(far))) if near.name != far.name else ()
            )
            if found:
                out.append(Cut(source=near.name, destination=far.name, regions=found))
    return tuple(out)


def _between(regions: Iterable[Region], near: AddressSet, far: AddressSet) -> Iterable[Region]:
    for region in regions:
        part = Region(
            source=region.source & near, destination=region.destination & far,
            services=region.services, names=region.names,
        )  # fmt: skip
        if part:
            yield part


def crosses(row: ResolvedRow, question: Question) -> tuple[Cut, ...]:
    """Give the cuts by which a row concerns a firewall: of what it requires, or allows, or keeps shut."""
    kept = {Requirement.REQUIRED: row.required, Requirement.ALLOWED: row.allowed}.get(row.requirement, row.off)
    return cuts(kept, question)


def hops(deployment: Deployment, row: ResolvedRow) -> tuple[tuple[str, ...], ...]:
    """Give the declared paths in the direction in which a row's connections run; the far side is the Internet's."""
    if row.runs is Runs.OUTWARDS:
        return tuple(tuple(reversed(path)) for path in deployment.paths)
    return deployment.paths
