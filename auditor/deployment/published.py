"""Regions of traffic, moved to the ports on which a published host's traffic arrives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.baseline.rows import Region
from auditor.deployment.site import Published
from parsers.model.addresses import AddressSet
from parsers.model.services import Service, ServiceSet

__all__ = ["regions", "translated"]


def regions(
    source: AddressSet, destination: AddressSet, services: ServiceSet, names: frozenset[str] = frozenset()
) -> Iterator[Region]:
    """Give the product of two ends if any packet is in it."""
    region = Region(source=source, destination=destination, services=services, names=names)
    if region:
        yield region


def translated(made: Iterable[Region], published: tuple[Published, ...], internal: AddressSet) -> Iterator[Region]:
    """Move what comes from outside the internal networks to a published host to the ports on which it arrives."""
    for region in made:
        rest = [region]
        for item in published:
            if not item.ports:
                continue
            rest = [part for piece in rest for part in _moved(piece, item, internal)]
        yield from rest


def _moved(region: Region, item: Published, internal: AddressSet) -> Iterator[Region]:
    source = region.source - internal
    host = region.destination & item.host
    if not source or not host:
        yield region
        return
    for far, near, services in (
        (source, host, _arriving(region.services, dict(item.ports))),
        (source, region.destination - host, region.services),
        (region.source - source, region.destination, region.services),
    ):
        part = Region(source=far, destination=near, services=services, names=region.names)
        if part:
            yield part


def _arriving(services: ServiceSet, ports: dict[int, int]) -> ServiceSet:
    """Replace outside ports by the ones on which they arrive, for TCP and UDP."""
    boxes: list[Service] = []
    for box in services.boxes:
        moved = [port for port in ports if box.protocols in {(6, 6), (17, 17)} and box.ports[0] <= port <= box.ports[1]]
        low = box.ports[0]
        for port in sorted(moved):
            if low < port:
                boxes.append(Service(protocols=box.protocols, source_ports=box.source_ports, ports=(low, port - 1)))
            inside = (ports[port], ports[port])
            boxes.append(Service(protocols=box.protocols, source_ports=box.source_ports, ports=inside))
            low = port + 1
        if low <= box.ports[1]:
            boxes.append(Service(protocols=box.protocols, source_ports=box.source_ports, ports=(low, box.ports[1])))
    return ServiceSet.of(*boxes)
