"""The geometry behind the HTML report: zones, arrows, bars of ports and addresses, the course of runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.export.evidence import Trend
from auditor.export.html.bars import bars
from auditor.export.html.chart import chart
from auditor.export.html.drawing import NARROW, WIDE, Drawing, Surroundings, draw
from auditor.report.values import (
    Box,
    Cut,
    FirewallReport,
    Kind,
    PathRow,
    Report,
    RowVerdictKind,
    Severity,
    SideView,
)
from tests.auditor.sample_report import failed, finding, firewall, report, row

OUTER = firewall(rows=(row("5"),), findings=(finding(),))
INNER = replace(
    firewall(
        rows=(
            replace(
                row("22"),
                source="server",
                destination="edge",
                cuts=(Cut(source_side="inner", destination_side="outer", verdict=RowVerdictKind.PRESENT),),
            ),
        )
    ),
    name="core",
    sides=(
        SideView(name="outer", members=("internet", "edge", "edge_vip")),
        SideView(name="inner", members=("server",)),
    ),
)
AROUND = Surroundings()


def drawn(*firewalls: FirewallReport, around: Surroundings = AROUND, value: Report | None = None) -> Drawing:
    """Lay out a picture of firewalls."""
    found = draw(value or report(*firewalls), WIDE, around)
    assert found is not None
    return found


def test_zones_of_one_firewall() -> None:
    """Each side is a zone, from the Internet inwards, with the product's own hosts first."""
    zones = drawn(OUTER).zones

    assert [zone.title for zone in zones] == ["outside", "dmz"]
    assert [[(member.name, member.product) for member in zone.members] for zone in zones] == [
        [("internet", False)],
        [("edge", True), ("edge_vip", True)],
    ]


def test_zones_of_two_firewalls() -> None:
    """Groups that every firewall sees on the same side stand together; a plate spans the zones behind one side."""
    found = drawn(OUTER, INNER)

    assert [zone.title for zone in found.zones] == ["outside / outer", "dmz / outer", "inner"]
    outer, inner = found.rails[1].ports
    assert (outer.name, outer.left, outer.right) == ("outer", found.zones[0].left, found.zones[2].left)
    assert inner.name == "inner"


def test_a_row_goes_from_its_group_to_its_group() -> None:
    """The arrow of a row of the inner firewall ends at the Edge's own zone, not at all that is outside."""
    arrow = next(arrow for arrow in drawn(OUTER, INNER).arrows if arrow.label.startswith("22"))
    zones = drawn(OUTER, INNER).zones

    assert (arrow.start, arrow.end, arrow.direction) == (zones[2].x, zones[1].x, -1)
    assert (arrow.verdict, arrow.dots) == ("present", ())


def test_surplus_that_may_begin_in_two_zones() -> None:
    """What is open from a side with two zones behind it begins in the farther one, with a dot in the other."""
    open_inwards = replace(finding(Kind.FORBIDDEN, Severity.CRITICAL), source_side="outer", destination_side="inner")
    found = drawn(OUTER, replace(INNER, findings=(open_inwards,)))
    arrow = next(arrow for arrow in found.arrows if arrow.word == "critical forbidden")

    assert (arrow.start, arrow.dots, arrow.end) == (found.zones[0].x, (found.zones[1].x,), found.zones[2].x)
    assert arrow.verdict == "open"


def test_an_unassigned_side_is_drawn() -> None:
    """A side that only a finding names has a zone too."""
    stray = replace(finding(), source_side="unassigned:test")

    assert "unassigned:test" in [zone.title for zone in drawn(replace(OUTER, findings=(stray,))).zones]


def test_arrows_lead_to_their_findings() -> None:
    """The arrow of a missing row and that of surplus know the anchor of their finding; a waived one says so."""
    lost = replace(finding(Kind.MISSING, rows=("6",)), id="lost")
    accepted = replace(finding(Kind.EXTRA, waived=True), id="accepted")
    entry = firewall(rows=(row("6", RowVerdictKind.MISSING),), findings=(lost, accepted))
    around = Surroundings(anchors={("perimeter", "lost"): "f1-1", ("perimeter", "accepted"): "f1-2"})
    arrows = drawn(entry, around=around).arrows

    assert [(arrow.verdict, arrow.anchor) for arrow in arrows] == [("missing", "f1-1"), ("waived", "f1-2")]


def test_end_to_end_is_told_where_there_are_several() -> None:
    """With several firewalls an arrow's words say what becomes of the row end to end."""
    value = replace(report(OUTER, INNER), rows=(PathRow(id="5", title="t", verdict="unknown", hops=()),))

    assert "end to end unknown" in drawn(value=value).arrows[0].detail


def test_many_arrows() -> None:
    """Where not all fit, what is wrong is drawn, and the picture says how many are not."""
    rows = tuple(row(f"r{number}") for number in range(80))
    found = drawn(firewall(rows=(*rows, row("bad", RowVerdictKind.MISSING))))

    assert (len(found.arrows), found.left_out) == (60, 21)
    assert "missing" in [arrow.verdict for arrow in found.arrows]


def test_nothing_to_draw() -> None:
    """A firewall that was not assessed has no sides, and so no picture."""
    assert draw(report(failed()), NARROW, AROUND) is None


def box(ports: str, source: str = "any4", destination: str = "192.0.2.10", protocol: str = "tcp") -> Box:
    """Make a box of traffic."""
    return Box(source=source, destination=destination, protocol=protocol, source_ports="any", ports=ports)


@pytest.mark.parametrize(
    ("ports", "start", "length"),
    [
        ("0-65535", 0.0, 100.0),
        ("255-65535", 50.0, 50.0),  # log2(256) is 8 of 16
        ("15", 25.0, 0.6),  # log2(16) is 4 of 16; one port has the least length
        ("65535", 99.4, 0.6),  # and never sticks out
    ],
)
def test_port_bar(ports: str, start: float, length: float) -> None:
    """Ports stand on a logarithmic scale."""
    piece = bars(replace(finding(), rows=(), traffic=(box(ports),)), ())[0].pieces[0]

    assert (piece.start, round(piece.length, 2), piece.kind) == (start, length, "open")


def test_needed_ports_stand_beside_the_open_ones() -> None:
    """What a judged row needs is shown; a row that is off needs nothing."""
    wide = replace(finding(Kind.OVER_BROAD), rows=("5",), traffic=(box("80-442"),))

    assert bars(wide, (row("5"),))[0].words == "open 80-442; the row needs 443"
    assert bars(wide, (row("5", RowVerdictKind.NOT_REQUIRED),))[0].words == "open 80-442"


def test_address_bars() -> None:
    """Addresses stand on the whole space of their version; words that are no address have no bar."""
    value = replace(finding(), traffic=(box("80", "128.0.0.0/1"), box("80", "2000::/3", "nobody knows")))
    found = {bar.title: [(piece.start, piece.length) for piece in bar.pieces] for bar in bars(value, ())}

    assert found == {
        "ports": [(39.62, 0.6)],  # log2(81) / 16
        "source addresses, IPv4": [(50.0, 50.0)],
        "source addresses, IPv6": [(12.5, 12.5)],
        "destination addresses, IPv4": [(75.0, 0.6)],
    }


def test_icmp_has_no_ports() -> None:
    """Types and codes are no ports."""
    value = replace(finding(), traffic=(replace(box("2048", protocol="icmp"), icmp=True),))

    assert "ports" not in [bar.title for bar in bars(value, ())]


def test_chart() -> None:
    """Columns are as high as their runs are bad, the worst severity on top; one run has no course."""
    runs = (
        Trend(as_of="2026-01-01", findings=(("high", 1), ("low", 3))),
        Trend(as_of="2026-02-01", findings=(("high", 2), ("low", 0))),
    )
    found = chart(runs)

    assert found is not None
    assert (found.top, [column.total for column in found.columns]) == (4, [4, 2])
    assert [(item.severity, item.y, item.height) for item in found.columns[0].segments] == [
        ("low", 40.0, 120.0),
        ("high", 0.0, 40.0),
    ]
    assert [item.severity for item in found.columns[1].segments] == ["high"]
    assert chart(runs[:1]) is None
