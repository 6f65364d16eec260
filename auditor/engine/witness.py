"""Witnesses: one packet per finding, judged again by the naive interpreter before anybody sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.deployment.site import LOCAL_SIDE
from auditor.engine.cite import packet_in, packet_view
from auditor.engine.flows import restrict
from auditor.engine.survey import Pair, Survey
from auditor.errors import EngineError
from auditor.report.values import Confidence, Kind, PacketView
from parsers.model.addresses import AddressSet
from parsers.model.rules import Traffic, View
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from auditor.engine.cells import Cell
    from auditor.engine.flows import Flow
    from auditor.engine.surplus import Surplus
    from parsers.model.interpreter import Judgement
    from parsers.model.packets import Packet

__all__ = ["absent", "opened", "served"]


def opened(survey: Survey, surplus: Surplus) -> PacketView:
    """Give a packet that shows surplus, with its translated view; raises EngineError where it does not pass."""
    parts = sorted(surplus.parts, key=lambda part: part.flow.arrival.destination.intervals)
    crossing = parts[0]
    return _confirmed(survey, crossing.pair, crossing.ingress, crossing.flow, sure=False)


def served(survey: Survey, pair: Pair, ingress: str, flow: Flow, confidence: Confidence) -> PacketView:
    """Give a packet of required traffic that passes; raises EngineError where it does not."""
    del confidence
    return _confirmed(survey, pair, ingress, flow, sure=False)


def _confirmed(survey: Survey, pair: Pair, ingress: str, flow: Flow, *, sure: bool) -> PacketView:
    packet = packet_in(flow.arrival)
    judgement = _ask(survey, pair, packet, ingress, flow.egress)
    if not (judgement.sure if sure else judgement.possible):
        raise EngineError(
            f"engine and interpreter disagree on {packet} in by {ingress or 'the device'}: "
            f"the engine lets it pass, the interpreter says {judgement.verdict}",
            hint="this is a bug: no verdict of this run can be relied on; please report it with the configuration",
        )
    return packet_view(packet, _translated(flow, packet))


def absent(survey: Survey, pair: Pair, cells: list[Cell], kind: Kind) -> PacketView | None:
    """Give a packet of required traffic (own addresses) that does not pass, judged on the way in that is published.

    Raises EngineError where the interpreter lets it pass for sure.
    """
    if not cells:
        return None
    packet = packet_in(cells[0])
    side = next((item for item in survey.question.sides if item.name == pair.source), None)
    published = survey.arrival(cells[0]) != cells[0]
    reachable = kind is not Kind.NOT_ASSESSABLE and not published and side is not None and side.interfaces
    if reachable and side is not None and not survey.stateless:
        connected = ((item.networks, item.name) for item in survey.firewall.interfaces)
        ways = (name for addresses, name in (*connected, *survey.table) if packet.source in addresses)
        ingress = next((name for name in ways if name in side.interfaces), side.interfaces[0])
        judgement = _ask(survey, pair, packet, ingress, None)
        delivered = pair.destination == LOCAL_SIDE or any(
            survey.side_of(path.egress) == pair.destination for path in judgement.paths
        )  # a packet for an interface that is down may pass by another way: it reaches nobody
        if judgement.sure and delivered and survey.sent(side, cells[0]):
            raise EngineError(
                f"engine and interpreter disagree on {packet} in by {ingress}: "
                "the engine says that it does not pass, the interpreter that it does",
                hint="this is a bug: no verdict of this run can be relied on; please report it with the configuration",
            )
    return packet_view(packet)


def _ask(survey: Survey, pair: Pair, packet: Packet, ingress: str, egress: str | None) -> Judgement:
    traffic = Traffic.THROUGH
    if pair.destination == LOCAL_SIDE:
        traffic, egress = Traffic.TO_DEVICE, ""
    elif pair.source == LOCAL_SIDE:
        traffic = Traffic.FROM_DEVICE
    forced = egress if traffic is Traffic.TO_DEVICE else survey.forced(pair, packet.destination)
    return survey.judge(packet, ingress, egress=forced, traffic=traffic)


def _translated(flow: Flow, packet: Packet) -> Packet | None:
    """Give a packet of a flow as it is delivered."""
    if not flow.translated:
        return None
    one = flow.arrival
    narrowed = restrict(
        flow,
        type(one)(
            AddressSet.span(packet.source, packet.source),
            AddressSet.span(packet.destination, packet.destination),
            one.services & ServiceSet.protocol(packet.protocol, (packet.port, packet.port)),
        ),
        View.ORIGINAL,
    )
    return packet_in(narrowed.current)
