"""Traffic and decisions as a report shows them: config lines with their roles, boxes, and one concrete packet."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.engine.canonical import canonical
from auditor.engine.cells import PORTED, Cell
from auditor.engine.flows import restrict
from auditor.engine.restrictions import deciding_rule
from auditor.engine.walk import BYPASS, NO_ROUTE, UNFILTERED
from auditor.report.values import Box, Line, LineRole, PacketView
from parsers.model.addresses import ANY, ANY4, ANY6, AddressSet, address_text
from parsers.model.capture import Lines
from parsers.model.conditions import Bounds
from parsers.model.packets import Packet
from parsers.model.rules import State, View
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, PORTS, TCP, UDP, ServiceSet, protocol_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.engine.flows import Decision, Flow
    from auditor.engine.survey import Crossing, Survey
    from parsers.model.capture import Capture, Span
    from parsers.model.firewall import NamedObject
    from parsers.model.services import Service

__all__ = ["Citer", "boxes_of", "packet_in", "packet_view"]

_MEMBERS = 8
"""So many member lines of one object are cited at the most."""
_CLIENT_PORT = 40000
"""The source port of a witness where every port will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citer:
    """Turns decisions into cited lines; cuts them out of each document."""

    survey: Survey
    capture: Capture
    _lines: dict[int, Lines] = field(default_factory=dict)
    _objects: dict[str, NamedObject] = field(default_factory=dict)

    def line(self, span: Span | None, text: str, role: LineRole) -> Line:
        """Cite a span, or the words of an implicit decision."""
        if span is None:
            name = self.capture.documents[0].name if self.capture.documents else ""
            return Line(file=name, line=None, end_line=None, text=text, role=role)
        document = self.capture.documents[span.document]
        if span.document not in self._lines:
            self._lines[span.document] = Lines(document.text)
        shown = self._lines[span.document].cut(span.first, span.last)
        return Line(file=document.name, line=span.first, end_line=span.last, text=shown, role=role)

    def decision(self, decision: Decision, role: LineRole) -> Line:
        """Cite what decided: a rule's line, or an implicit decision with role `default`."""
        firewall = self.survey.firewall
        if decision.stage == BYPASS:
            bypass = firewall.bypasses[decision.index or 0]
            return self.line(bypass.span, bypass.text, role)
        if decision.stage == NO_ROUTE:
            return self.line(None, "no route to the destination", LineRole.DEFAULT)
        if decision.stage == UNFILTERED:
            return self.line(None, "nothing filters this traffic", LineRole.DEFAULT)
        stage = firewall.stages[decision.stage]
        rule = deciding_rule(self.survey, decision)
        if rule is None:
            role = role if stage.default_span is not None else LineRole.DEFAULT
            return self.line(stage.default_span, stage.default_name, role)
        if rule.span is None:
            return self.line(None, rule.name or "implicit rule", LineRole.DEFAULT)
        return self.line(rule.span, rule.name, role)

    def translations(self, flows: Iterable[Flow]) -> list[Line]:
        """Cite the translations on the way of some flows."""
        seen = dict.fromkeys(item for flow in flows for item in flow.translations)
        return [self.decision(item, LineRole.TRANSLATES) for item in seen]

    def objects(self, decision: Decision, cells: list[Cell]) -> list[Line]:
        """Cite the member lines of a rule's objects that take some traffic (own addresses or as it arrived)."""
        rule = deciding_rule(self.survey, decision)
        if rule is None or not rule.possible.objects:
            return []
        if not self._objects:
            self._objects.update((item.name, item) for item in self.survey.firewall.objects)
        addresses = AddressSet.join(part for cell in cells for part in (cell.source, cell.destination))
        services = ServiceSet.join(cell.services for cell in cells)
        out: list[Line] = []
        for name in rule.possible.objects:
            found = self._objects.get(name)
            members = () if found is None else found.members
            hits = [span for bounds, span in members if _meets(bounds, addresses, services)]
            if len(hits) < len(members) or (len(members) == 1 and isinstance(members[0][0].possible, ServiceSet)):
                out += [self.line(span, "", LineRole.OBJECT) for span in hits[:_MEMBERS]]
        return out


def _meets(bounds: Bounds[AddressSet] | Bounds[ServiceSet], addresses: AddressSet, services: ServiceSet) -> bool:
    possible = bounds.possible
    if isinstance(possible, AddressSet):
        return bool(possible & addresses)
    return bool(possible & services)


def boxes_of(crossings: Iterable[Crossing]) -> tuple[Box, ...]:
    """Give traffic as few boxes, as it arrives, each with its translated view where that differs."""
    plain: list[Cell] = []
    moved: dict[tuple[AddressSet, ServiceSet, tuple[Decision, ...]], list[Flow]] = {}
    for crossing in crossings:
        flow = crossing.flow
        if flow.arrival.destination == flow.current.destination and flow.arrival.services == flow.current.services:
            plain.append(flow.arrival)
        else:
            key = (flow.current.destination, flow.current.services, flow.translations)
            moved.setdefault(key, []).append(flow)
    out = [box for cell in canonical(plain) for box in _boxes(cell)]
    for flows in moved.values():
        for cell in canonical(flow.arrival for flow in flows):
            out += _translated_boxes(replace(flows[0], arrival=cell))
    return tuple(out)


def _translated_boxes(flow: Flow) -> Iterator[Box]:
    """Give each destination and service of a translated flow with what it becomes."""
    for pair in flow.arrival.destination.intervals:
        for service in flow.arrival.services.boxes:
            piece = Cell(flow.arrival.source, AddressSet((pair,)), ServiceSet.of(service))
            delivered = restrict(flow, piece, View.ORIGINAL).current
            for box in _boxes(piece):
                view = next(_boxes(Cell(flow.arrival.source, delivered.destination, delivered.services)))
                yield replace(box, translated=replace(view, source=box.source))


def cell_boxes(cells: Iterable[Cell]) -> tuple[Box, ...]:
    """Give cells as few boxes."""
    return tuple(box for cell in canonical(cells) for box in _boxes(cell))


def _boxes(cell: Cell) -> Iterator[Box]:
    for source in _address_texts(cell.source):
        for destination in _address_texts(cell.destination):
            if cell.services == ANY_SERVICE:
                yield Box(source=source, destination=destination, protocol="any", source_ports="any", ports="any")
                continue
            for service in cell.services.boxes:
                yield _box(source, destination, service)


def _box(source: str, destination: str, service: Service) -> Box:
    low, high = service.protocols
    icmp = low == high and low in {ICMP, ICMP6}
    return Box(
        source=source,
        destination=destination,
        protocol=protocol_name(low) if low == high else f"{low}-{high}",
        source_ports=_range(service.source_ports),
        ports=_range(service.ports),
        icmp=icmp,
    )


def _range(pair: tuple[int, int]) -> str:
    if pair == PORTS:
        return "any"
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"


def _address_texts(addresses: AddressSet) -> list[str]:
    if addresses in {ANY, ANY4, ANY6}:
        return [str(addresses)]
    return list(addresses.texts())


def packet_in(cell: Cell, state: State = State.NEW) -> Packet:
    """Give one packet of a cell, with a client's usual source port where it may have one."""
    low, high, axis = max(cell.services.slabs, key=lambda slab: slab[0] <= _CLIENT_PORT <= slab[1])
    protocol, port = divmod(axis[0][0], 65536)
    for first, _ in axis:  # a protocol that people know, where there is one
        if first // 65536 in PORTED:
            protocol, port = divmod(first, 65536)
            break
    else:
        for number in (UDP, TCP):
            if any(first // 65536 < number <= last // 65536 for first, last in axis):
                protocol, port = number, 1
    source_port = _CLIENT_PORT if low <= _CLIENT_PORT <= high else low
    return Packet(
        source=cell.source.intervals[0][0],
        destination=cell.destination.intervals[0][0],
        protocol=protocol,
        source_port=source_port if protocol in PORTED else 0,
        port=port,
        state=state,
    )


def packet_view(packet: Packet, translated: Packet | None = None) -> PacketView:
    """Give a packet as a report shows it."""
    icmp = packet.protocol in {ICMP, ICMP6}
    ported = packet.protocol in PORTED
    kind, code = divmod(packet.port, 256)
    other = None
    if translated is not None and translated != packet:
        other = packet_view(translated)
    return PacketView(
        source=address_text(packet.source),
        destination=address_text(packet.destination),
        protocol=protocol_name(packet.protocol),
        source_port=packet.source_port if ported else None,
        destination_port=packet.port if ported else None,
        icmp_type=kind if icmp else None,
        icmp_code=code if icmp else None,
        translated=other,
    )
