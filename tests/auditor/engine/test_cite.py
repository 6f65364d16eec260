"""Traffic and decisions as a report shows them."""

from __future__ import annotations

from dataclasses import replace

from auditor.engine.cells import Cell
from auditor.engine.cite import Citer, boxes_of, cell_boxes, packet_in, packet_view
from auditor.engine.flows import Decision, Flow, rewrite
from auditor.engine.survey import Crossing, Pair, Survey
from auditor.engine.walk import BYPASS, NO_ROUTE, UNFILTERED
from auditor.report.values import Box, Line, LineRole
from parsers.model.addresses import ANY, ANY4, AddressSet, address_number
from parsers.model.capture import Capture, Document, Span
from parsers.model.firewall import Bypass
from parsers.model.packets import Packet
from parsers.model.rules import Match, Permit, Rewrite, Rule, Side
from parsers.model.services import ANY_SERVICE, ICMP, TCP, UDP, Service, ServiceSet
from tests.auditor.engine.hand import CAPTURE, deny, firewall, permit, tcp
from tests.auditor.engine.tiny import EDGE, PARTNER, PUBLISHED, VIP, asked

PAIR = Pair("outside", "dmz")


def _citer(*rules: Rule) -> Citer:
    device = firewall(outside=rules)
    first, *others = device.stages
    stages = (replace(first, default_name="policy drop", default_span=Span(first=9, last=9)), *others)
    tunnel = Bypass(text="crypto map", span=Span(first=8, last=8))
    return Citer(survey=Survey.of(replace(device, stages=stages, bypasses=(tunnel,)), asked(())), capture=CAPTURE)


def _line(number: int | None, text: str, role: LineRole) -> Line:
    return Line(file="fw.txt", line=number, end_line=number, text=text, role=role)


def test_rule_with_a_line() -> None:
    """A rule is cited by its line, with the text that stands there."""
    cited = _citer(permit(3)).decision(Decision(0, "list", 0), LineRole.PERMITS)

    assert cited == _line(3, "line 3", LineRole.PERMITS)


def test_implicit_decisions() -> None:
    """What stands on no line is cited by its words; a default with a line of its own by that line."""
    implicit = Rule(do=Permit(), name="implicit permit (security-level 50 to 0)")
    citer = _citer(implicit)

    assert citer.decision(Decision(0, "list", 0), LineRole.PERMITS) == _line(
        None, "implicit permit (security-level 50 to 0)", LineRole.DEFAULT
    )
    assert citer.decision(Decision(1, "", None), LineRole.DENIES) == _line(None, "implicit deny", LineRole.DEFAULT)
    assert citer.decision(Decision(0, "", None), LineRole.DENIES) == _line(9, "line 9", LineRole.DENIES)


def test_decisions_outside_the_pipeline() -> None:
    """A bypass has its line; want of a route and want of a filter have words."""
    citer = _citer()

    assert citer.decision(Decision(BYPASS, "", 0), LineRole.PERMITS) == _line(8, "line 8", LineRole.PERMITS)
    assert citer.decision(Decision(NO_ROUTE, "", None), LineRole.DENIES).text == "no route to the destination"
    assert citer.decision(Decision(UNFILTERED, "", None), LineRole.PERMITS).text == "nothing filters this traffic"


def test_several_lines() -> None:
    """A rule of several lines is cited with all of them, from the document that it stands in."""
    capture = Capture(
        documents=(Document(name="a", text="a1\n"), Document(name="b", text="b1\nb2\nb3\n")),
    )
    citer = Citer(survey=_citer().survey, capture=capture)

    cited = citer.line(Span(document=1, first=2, last=3), "", LineRole.DENIES)

    assert cited == Line(file="b", line=2, end_line=3, text="b2\nb3", role=LineRole.DENIES)


# -- boxes --------------------------------------------------------------------------------------------------------


def test_few_boxes() -> None:
    """Cells that fit together become one box, ranges and prefixes as short as they can be written."""
    cells = [
        Cell(AddressSet.of("203.0.113.0/25"), VIP, tcp((81, 442))),
        Cell(AddressSet.of("203.0.113.128/25"), VIP, tcp((81, 442))),
    ]

    assert cell_boxes(cells) == (
        Box(source="203.0.113.0/24", destination="192.0.2.11", protocol="tcp", source_ports="any", ports="81-442"),
    )


def test_words_of_boxes() -> None:
    """Everything is `any`; ICMP has types, protocols without a name their number, source ports where they matter."""
    protocols = ServiceSet.of(Service(protocols=(200, 210)))
    echo = ServiceSet.protocol(ICMP, (2048, 2048))
    active = ServiceSet.protocol(TCP, (1024, 65535), source_ports=(20, 20))

    found = [
        cell_boxes([Cell(ANY, VIP, ANY_SERVICE)]),
        cell_boxes([Cell(ANY4, VIP, protocols)]),
        cell_boxes([Cell(EDGE, VIP, echo)]),
        cell_boxes([Cell(EDGE, VIP, active)]),
    ]

    host = "192.0.2.11"
    assert found == [
        (Box(source="any", destination=host, protocol="any", source_ports="any", ports="any"),),
        (Box(source="any4", destination=host, protocol="200-210", source_ports="any", ports="any"),),
        (Box(source="192.0.2.10", destination=host, protocol="icmp", source_ports="any", ports="2048", icmp=True),),
        (Box(source="192.0.2.10", destination=host, protocol="tcp", source_ports="20", ports="1024-65535"),),
    ]


def test_translated_boxes() -> None:
    """Traffic to a published address is shown as it arrives, with what it becomes beside it."""
    arrived = Flow.arriving(Cell(PARTNER, PUBLISHED, tcp(8443)))
    do = Rewrite(side=Side.DESTINATION, to=VIP, shift=True, ports=(443, 443))
    (flow,) = rewrite(arrived, do, Match(destination=PUBLISHED, services=tcp(8443)))

    (box,) = boxes_of([Crossing(pair=PAIR, ingress="outside", flow=flow)])

    assert (box.destination, box.ports) == ("198.51.100.10", "8443")
    assert box.translated is not None
    assert (box.translated.source, box.translated.destination, box.translated.ports) == (
        "203.0.113.0/25",
        "192.0.2.11",
        "443",
    )


def test_each_translated_box_has_its_own_view() -> None:
    """Of two ports and two published networks each becomes its own port at its own address."""
    published, own = AddressSet.of("198.51.100.8/31"), AddressSet.of("192.0.2.8/31")
    arrived = Flow.arriving(Cell(PARTNER, published, tcp(80, 443)))
    do = Rewrite(side=Side.DESTINATION, to=own, shift=True)
    (flow,) = rewrite(arrived, do, Match(destination=published))
    crossings = [Crossing(pair=PAIR, ingress="outside", flow=flow)]

    views = {(box.destination, box.ports): box.translated for box in boxes_of(crossings)}

    assert {key: (view.destination, view.ports) if view else None for key, view in views.items()} == {
        ("198.51.100.8/31", "80"): ("192.0.2.8/31", "80"),
        ("198.51.100.8/31", "443"): ("192.0.2.8/31", "443"),
    }


# -- packets ------------------------------------------------------------------------------------------------------


def test_packet_of_a_cell() -> None:
    """A witness is the first host, port and protocol that people know, with a client's source port."""
    web = packet_in(Cell(PARTNER, VIP, tcp((80, 443))))
    anything = packet_in(Cell(PARTNER, VIP, ANY_SERVICE))
    low = packet_in(Cell(PARTNER, VIP, ServiceSet.protocol(UDP, (53, 53), source_ports=(1, 99))))
    echo = packet_in(Cell(PARTNER, VIP, ServiceSet.protocol(ICMP, (2048, 2048))))

    assert web == Packet(
        source=address_number("203.0.113.0"),
        destination=address_number("192.0.2.11"),
        protocol=TCP,
        source_port=40000,
        port=80,
    )
    assert anything.protocol == TCP
    assert (low.source_port, low.port) == (1, 53)
    assert (echo.protocol, echo.source_port, echo.port) == (ICMP, 0, 2048)


def test_view_of_a_packet() -> None:
    """Ports where the protocol has them, type and code for ICMP, nothing else for the others."""
    source, destination = address_number("203.0.113.7"), address_number("2001:db8::1")
    web = Packet(source=source, destination=source, protocol=TCP, source_port=40000, port=443)
    echo = Packet(source=source, destination=source, protocol=ICMP, port=8 * 256 + 3)
    tunnel = Packet(source=destination, destination=destination, protocol=47)

    seen = packet_view(web, replace(web, port=8443))
    assert (seen.source, seen.source_port, seen.destination_port) == ("203.0.113.7", 40000, 443)
    assert seen.translated is not None
    assert seen.translated.destination_port == 8443
    assert packet_view(web, web).translated is None
    assert (packet_view(echo).icmp_type, packet_view(echo).icmp_code) == (8, 3)
    gre = packet_view(tunnel)
    assert (gre.protocol, gre.source, gre.source_port, gre.icmp_type) == ("gre", "2001:db8::1", None, None)


def test_unused_deny_is_no_permit() -> None:
    """The role that is asked for is the role that is cited, whatever the rule does."""
    cited = _citer(deny(3)).decision(Decision(0, "list", 0), LineRole.SHADOWS)

    assert cited.role is LineRole.SHADOWS
