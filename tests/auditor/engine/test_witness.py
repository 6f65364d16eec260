"""No packet is shown before the interpreter has judged it: where the two disagree, the run ends."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.baseline.rows import Requirement
from auditor.engine.cells import Cell
from auditor.engine.flows import Flow
from auditor.engine.survey import Pair
from auditor.engine.witness import absent, opened, served
from auditor.errors import EngineError
from auditor.report.values import Confidence, Kind
from parsers.model.addresses import ANY
from parsers.model.rules import Chain, Match, Permit, Rewrite, Rule, Rules, Side, Stage
from tests.auditor.engine.hand import ask, firewall, permit, tcp
from tests.auditor.engine.tiny import EDGE, INTERNET, PARTNER, PUBLISHED, SERVER, TRUSTED, VIP, row

HTTPS = row("https", Requirement.REQUIRED, INTERNET, VIP, (443, 443))
INWARDS = Pair("outside", "dmz")


def test_surplus_is_confirmed() -> None:
    """A packet of the surplus that passes is its witness."""
    found = ask(firewall(outside=[permit(1, PARTNER, VIP, tcp(8080))]), HTTPS)

    packet = opened(found.survey, found.surplus[0])

    assert (packet.source, packet.destination, packet.destination_port) == ("203.0.113.0", "192.0.2.11", 8080)


def test_surplus_that_does_not_pass_is_a_bug() -> None:
    """Surplus that the interpreter drops ends the run with what to do."""
    found = ask(firewall(outside=[permit(1, PARTNER, VIP, tcp(8080))]), HTTPS)
    (surplus,) = found.surplus
    (part,) = surplus.parts
    wrong = replace(part, flow=Flow.arriving(Cell(PARTNER, VIP, tcp(9090))))

    with pytest.raises(EngineError, match=r"disagree on tcp 203.0.113.0:40000 -> 192.0.2.11:9090 in by outside") as bug:
        opened(found.survey, replace(surplus, parts=(wrong,)))

    assert "report it" in (bug.value.hint or "")


def test_served_traffic_is_confirmed() -> None:
    """So is what serves a row."""
    found = ask(firewall(outside=[permit(1, ANY, VIP, tcp(443))]), HTTPS)
    right = Flow.arriving(Cell(PARTNER, VIP, tcp(443)))
    wrong = Flow.arriving(Cell(PARTNER, EDGE, tcp(443)))

    assert served(found.survey, INWARDS, "outside", right, Confidence.SURE).destination == "192.0.2.11"
    with pytest.raises(EngineError):
        served(found.survey, INWARDS, "outside", wrong, Confidence.SURE)


def test_missing_traffic_is_confirmed() -> None:
    """A hole is shown by a packet that does not pass; one that does is a bug, but never for what is not assessable."""
    found = ask(firewall(outside=[permit(1, ANY, VIP, tcp(443))]), HTTPS)
    hole = [Cell(PARTNER, VIP, tcp(22))]
    no_hole = [Cell(PARTNER, VIP, tcp(443))]

    packet = absent(found.survey, INWARDS, hole, Kind.MISSING)
    assert packet is not None
    assert packet.destination_port == 22
    assert absent(found.survey, INWARDS, [], Kind.MISSING) is None
    assert absent(found.survey, INWARDS, no_hole, Kind.NOT_ASSESSABLE) is not None
    with pytest.raises(EngineError, match="says that it does not pass"):
        absent(found.survey, INWARDS, no_hole, Kind.PARTIAL)


def test_private_host_is_no_contradiction() -> None:
    """A rule that would let a packet to a private host pass does not make the Internet able to send it."""
    inbound = row("inbound", Requirement.REQUIRED, INTERNET, SERVER, (443, 443))
    found = ask(firewall(outside=[permit(1, ANY, SERVER, tcp(443))]), inbound)

    packet = absent(found.survey, Pair("outside", "inside"), [Cell(PARTNER, SERVER, tcp(443))], Kind.MISSING)

    assert packet is not None
    assert packet.destination == "10.20.0.11"


def test_translated_view() -> None:
    """A packet to a published address carries what it is delivered as."""
    base = firewall(outside=[permit(1, PARTNER, VIP, tcp(443))])
    forward = Rule(
        do=Rewrite(side=Side.DESTINATION, to=VIP, shift=True, ports=(443, 443)),
        possible=Match(destination=PUBLISHED, services=tcp(8443)),
    )
    nat = Stage(
        name="nat",
        translates=True,
        default=Permit(replies=True),
        chains=(Chain(name="nat", rules=Rules.of(forward)),),
    )
    found = ask(replace(base, stages=(nat, *base.stages)), row("admin", Requirement.REQUIRED, TRUSTED, EDGE, (22, 22)))

    shown = [opened(found.survey, replace(item, parts=(part,))) for item in found.surplus for part in item.parts]

    moved = next(packet for packet in shown if packet.destination == "198.51.100.10")
    assert moved.destination_port == 8443
    assert moved.translated is not None
    assert (moved.translated.destination, moved.translated.destination_port) == ("192.0.2.11", 443)
    assert {packet.destination for packet in shown} == {"198.51.100.10", "192.0.2.11"}
