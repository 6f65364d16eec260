"""Traffic of a report, as text, back into the engine's cells: what compares, waives and measures it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.engine.cells import Cell, merge, subtract
from auditor.errors import UsageError
from parsers.model.addresses import ANY, ANY4, ANY6, AddressSet
from parsers.model.services import ANY_SERVICE, PORTS, PROTOCOL_NUMBERS, Service, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.report.values import Box

__all__ = ["apart", "arriving", "cell_of", "own"]

_ANYWHERE = {"any": ANY, "any4": ANY4, "any6": ANY6}


def cell_of(box: Box) -> Cell:
    """Give the packets of one box, as it says them itself; raises UsageError for text that is no traffic."""
    try:
        return Cell(_addresses(box.source), _addresses(box.destination), _services(box))
    except ValueError as exc:
        raise UsageError(
            f"{box.source} to {box.destination} {box.protocol} {box.ports} is no traffic: {exc}",
            hint="was the report changed by hand? write it anew",
        ) from exc


def arriving(boxes: Iterable[Box]) -> list[Cell]:
    """Give the packets of some boxes as they arrive at the firewall: disjoint cells, few."""
    return apart(cell_of(box) for box in boxes)


def own(boxes: Iterable[Box]) -> list[Cell]:
    """Give the packets of some boxes with the hosts' own addresses, behind every translation: disjoint cells, few."""
    return apart(cell_of(box.translated or box) for box in boxes)


def apart(cells: Iterable[Cell]) -> list[Cell]:
    """Give disjoint cells with the same packets, in a canonical order."""
    out: list[Cell] = []
    for cell in merge(cells):
        out += subtract([cell], out)
    return merge(out)


def _addresses(text: str) -> AddressSet:
    return _ANYWHERE[text] if text in _ANYWHERE else AddressSet.of(text)


def _services(box: Box) -> ServiceSet:
    ports, source_ports = _pair(box.ports), _pair(box.source_ports)
    if box.protocol == "any":
        if (ports, source_ports) == (PORTS, PORTS):
            return ANY_SERVICE
        return ServiceSet.of(Service(protocols=(0, 255), source_ports=source_ports, ports=ports))
    return ServiceSet.of(Service(protocols=_protocols(box.protocol), source_ports=source_ports, ports=ports))


def _protocols(text: str) -> tuple[int, int]:
    if text in PROTOCOL_NUMBERS:
        return PROTOCOL_NUMBERS[text], PROTOCOL_NUMBERS[text]
    return _ends(text, 255)


def _pair(text: str) -> tuple[int, int]:
    return PORTS if text in {"", "any"} else _ends(text, PORTS[1])


def _ends(text: str, top: int) -> tuple[int, int]:
    first, dash, last = text.partition("-")
    low, high = int(first), int(last if dash else first)
    if not 0 <= low <= high <= top:
        raise ValueError(f"{text} is not within 0-{top}")
    return low, high
