"""Flows keep what arrived and what it has become together, through restrictions and translations."""

from __future__ import annotations

from auditor.engine.cells import EVERYTHING, Cell
from auditor.engine.flows import Flow, restrict, rewrite
from parsers.model.addresses import ANY, AddressSet
from parsers.model.rules import Match, Rewrite, Side, View
from parsers.model.services import ANY_SERVICE, ICMP, TCP, UDP, ServiceSet

PUBLIC, OWN = AddressSet.of("198.51.100.8/29"), AddressSet.of("192.0.2.8/29")
PEER = AddressSet.of("203.0.113.0/24")
ARRIVED = Cell(PEER, PUBLIC, ServiceSet.protocol(TCP))


def _tcp(*ports: tuple[int, int], clients: tuple[int, int] = (0, 65535)) -> ServiceSet:
    return ServiceSet.protocol(TCP, *ports, source_ports=clients)


def _shifted() -> Flow:
    do = Rewrite(side=Side.DESTINATION, to=OWN, shift=True)
    (flow,) = rewrite(Flow.arriving(ARRIVED), do, Match(destination=PUBLIC))
    return flow


def test_one_to_one() -> None:
    """Each published address becomes the own address at its place."""
    flow = _shifted()

    assert flow.arrival == ARRIVED
    assert flow.current == Cell(PEER, OWN, ARRIVED.services)
    assert flow.own == flow.current
    assert not flow.fuzzy


def test_restriction_of_the_current_header_narrows_the_arrival() -> None:
    """A part of what a flow has become is the part of what arrived that became it."""
    host = AddressSet.of("192.0.2.10")

    part = restrict(_shifted(), Cell(PEER, host, _tcp((443, 443))), View.CURRENT)

    assert part.arrival == Cell(PEER, AddressSet.of("198.51.100.10"), _tcp((443, 443)))


def test_restriction_of_the_arrival_narrows_the_current_header() -> None:
    """And the other way round."""
    part = restrict(_shifted(), Cell(PEER, AddressSet.of("198.51.100.15"), _tcp((22, 22))), View.ORIGINAL)

    assert part.current == Cell(PEER, AddressSet.of("192.0.2.15"), _tcp((22, 22)))


def test_translations_one_after_the_other() -> None:
    """Offsets add up: back through two translations is one step."""
    once = _shifted()
    do = Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.0.0.8/29"), shift=True)
    (twice,) = rewrite(once, do, Match(destination=OWN))

    part = restrict(twice, Cell(PEER, AddressSet.of("10.0.0.9"), ARRIVED.services), View.CURRENT)

    assert part.arrival.destination == AddressSet.of("198.51.100.9")


def test_pool() -> None:
    """Whom a pool picks is not known: the whole of it may be meant, by whatever arrived."""
    do = Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.200/31"))
    (flow,) = rewrite(Flow.arriving(ARRIVED), do, Match())

    part = restrict(flow, Cell(AddressSet.of("198.51.100.201"), PUBLIC, ARRIVED.services), View.CURRENT)

    assert flow.fuzzy
    assert part.arrival == ARRIVED
    assert part.own.source == PEER


def test_port_forward_to_one_port() -> None:
    """All ports of the match become the one, and come back as all of them."""
    arrived = Cell(PEER, PUBLIC, _tcp((8000, 8010)))
    do = Rewrite(side=Side.DESTINATION, to=OWN, shift=True, ports=(443, 443))
    match = Match(destination=PUBLIC, services=_tcp((8000, 8010)))

    (flow,) = rewrite(Flow.arriving(arrived), do, match)

    assert flow.current.services == _tcp((443, 443))
    assert restrict(flow, flow.current, View.CURRENT).arrival == arrived


def test_port_forward_in_order() -> None:
    """A range that becomes a range of its size keeps its order."""
    arrived = Cell(PEER, PUBLIC, _tcp((8000, 8010)))
    do = Rewrite(side=Side.DESTINATION, ports=(9000, 9010))
    (flow,) = rewrite(Flow.arriving(arrived), do, Match(services=_tcp((8000, 8010))))

    part = restrict(flow, Cell(PEER, PUBLIC, _tcp((9003, 9003))), View.CURRENT)

    assert flow.current.services == _tcp((9000, 9010))
    assert part.arrival.services == _tcp((8003, 8003))


def test_protocols_without_ports_keep_what_they_have() -> None:
    """A port forward of every protocol parts them: ICMP has no port to move."""
    services = ServiceSet.join([_tcp((80, 80)), ServiceSet.protocol(UDP, (80, 80)), ServiceSet.protocol(ICMP)])
    do = Rewrite(side=Side.DESTINATION, ports=(443, 443))

    flows = rewrite(Flow.arriving(Cell(PEER, PUBLIC, services)), do, Match(services=services))

    assert {flow.current.services for flow in flows} == {
        _tcp((443, 443)),
        ServiceSet.protocol(UDP, (443, 443)),
        ServiceSet.protocol(ICMP),
    }


def test_source_ports_that_a_translation_gives() -> None:
    """Later stages see any port of the range; the flow itself keeps the client's."""
    arrived = Cell(PEER, PUBLIC, _tcp((443, 443), clients=(1024, 65535)))
    do = Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.200"), ports=(2000, 2999))
    (flow,) = rewrite(Flow.arriving(arrived), do, Match())

    seen = flow.view(View.CURRENT)

    assert seen.services == _tcp((443, 443), clients=(2000, 2999))
    assert flow.own.services == arrived.services
    assert flow.within(seen, View.CURRENT).services == arrived.services
    assert flow.fuzzy


def test_tags_stay() -> None:
    """A translation's tag is added to those that the flow has."""
    do = Rewrite(side=Side.DESTINATION, to=OWN, shift=True, tag="vip")
    (once,) = rewrite(Flow.arriving(ARRIVED), do, Match(destination=PUBLIC))
    (twice,) = rewrite(once, Rewrite(side=Side.SOURCE, to=PEER, tag="nat"), Match())

    assert twice.tags == {"vip", "nat"}


def test_nothing_changed() -> None:
    """What nothing has changed is the same before and after, and is its own traffic."""
    flow = Flow.arriving(EVERYTHING)
    part = restrict(flow, Cell(ANY, OWN, ANY_SERVICE), View.ORIGINAL)

    assert not flow.translated
    assert part.current == part.arrival == part.own == Cell(ANY, OWN, ANY_SERVICE)
