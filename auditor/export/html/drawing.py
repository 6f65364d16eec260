"""The site as a picture: zones as columns, a rail per firewall, and an arrow per row and per thing open without need.

Groups that every firewall sees on the same side form a zone, so several firewalls share one picture. Pure geometry:
the template draws it. Two widths are laid out, for a screen and for a telephone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from auditor.export.words import place, ports_text, row_traffic
from auditor.report.status import JUDGED, SEVERITIES
from auditor.report.values import Confidence, Finding, FirewallReport, Kind, Report, RowVerdict, RowVerdictKind

__all__ = ["NARROW", "SURPLUS", "WIDE", "Arrow", "Canvas", "Drawing", "Rail", "Surroundings", "Zone", "draw"]

SURPLUS: Final = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.OVER_BROAD})
_PRODUCT: Final[tuple[str, ...]] = ("edge", "edge_vip", "server")
"""The groups of SecureTransport's own hosts, in the order of a connection from the Internet."""
_ORDER: Final[tuple[str, ...]] = ("internet", "edge_vip", "edge", "server", "trusted")
_WORST: Final = (
    RowVerdictKind.MISSING,
    RowVerdictKind.PARTIAL,
    RowVerdictKind.NOT_ASSESSABLE,
    RowVerdictKind.PRESENT,
)
_MOST: Final = 60
"""Arrows that a picture shows; more would be no picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The measures of one picture, in pixels: its width, the labels left of the lanes, the heights of its lines."""

    name: str
    width: int
    labels: int
    line: int
    member: int
    rail: int


WIDE: Final = Canvas(name="wide", width=1080, labels=400, line=26, member=17, rail=34)
NARROW: Final = Canvas(name="narrow", width=350, labels=0, line=40, member=15, rail=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A group of a zone: `product` marks SecureTransport's own hosts, `addresses` are its first ones, if known."""

    name: str
    product: bool
    addresses: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Groups that stand together, SecureTransport's own hosts first; `x` is the middle of its lane."""

    x: float
    left: float
    width: float
    title: str
    members: tuple[Member, ...]

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Give the lines of text in its box, each with what it is: product, other or address."""
        found: list[tuple[str, str]] = []
        for member in self.members:
            found.append(("product" if member.product else "other", member.name))
            if member.addresses:
                found.append(("address", member.addresses))
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One side of a firewall: a plate over the zones from `left` to `right` that stand behind it."""

    name: str
    left: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rail:
    """A firewall across the zones that it separates."""

    name: str
    status: str
    y: float
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """One line of the picture: a row (`verdict` is its verdict) or surplus (`open`), and where its parts stand.

    `dots` are further lanes where it may begin, `anchor` is the number of the finding it leads to, if there is one.
    """

    label: str
    detail: str
    service: str
    verdict: str
    word: str
    y: float
    start: float
    end: float
    dots: tuple[float, ...] = ()
    anchor: str = ""
    possible: bool = False

    @property
    def middle(self) -> float:
        """Give the middle of the arrow, where its mark stands."""
        return (self.start + self.end) / 2

    @property
    def direction(self) -> int:
        """Give 1 for an arrow to the right and -1 for one to the left."""
        return 1 if self.end >= self.start else -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A laid out picture."""

    canvas: Canvas
    height: float
    lanes_top: float
    zones: tuple[Zone, ...]
    rails: tuple[Rail, ...]
    arrows: tuple[Arrow, ...]
    left_out: int
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A zone before it is laid out: its groups and its side at each firewall (None: nobody says)."""

    groups: tuple[str, ...]
    sides: tuple[str | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """An arrow before it is laid out: `starts` are the zones where it may begin."""

    label: str
    detail: str
    service: str
    verdict: str
    word: str
    starts: tuple[int, ...]
    end: int
    anchor: str = ""
    possible: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a picture takes from the page around it.

    `anchors` are by firewall and finding id, `addresses` by group of the site where they are known, `statuses` by
    firewall.
    """

    anchors: Mapping[tuple[str, str], str] = field(default_factory=dict)
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)


def draw(report: Report, canvas: Canvas, around: Surroundings) -> Drawing | None:
    """Lay out a report's site; None where no firewall has sides."""
    anchors = around.anchors
    firewalls = [firewall for firewall in report.firewalls if firewall.sides]
    if not firewalls:
        return None
    places = _places(firewalls)
    lines = [*_row_lines(firewalls, places, report, anchors), *_surplus_lines(firewalls, places, anchors)]
    # What is wrong is never what is left out.
    kept = sorted(range(len(lines)), key=lambda index: (lines[index].verdict == "present", index))[:_MOST]
    shown = [lines[index] for index in sorted(kept)]
    zones = _zones(places, canvas, around.addresses)
    rails = tuple(
        _rail(firewall, places, zones, canvas.rail * (index + 1) - 14, index, around)
        for index, firewall in enumerate(firewalls)
    )
    lanes_top = canvas.rail * len(rails) + 34 + canvas.member * max(1, *(len(zone.lines) for zone in zones))
    arrows = tuple(
        _arrow(line, zones, lanes_top + 14 + canvas.line * (index + 0.5)) for index, line in enumerate(shown)
    )
    return Drawing(
        canvas=canvas,
        height=lanes_top + 24 + canvas.line * len(arrows),
        lanes_top=lanes_top,
        zones=zones,
        rails=rails,
        arrows=arrows,
        left_out=len(lines) - len(shown),
        words=_words(firewalls, zones, arrows),
    )


def _places(firewalls: list[FirewallReport]) -> list[_Place]:
    """Give the zones: groups with the same side at every firewall, and what only a finding or a side names."""
    homes: dict[str, list[set[str]]] = {}
    for index, firewall in enumerate(firewalls):
        for side in firewall.sides:
            for member in side.members:
                homes.setdefault(member, [set() for _ in firewalls])[index].add(side.name)
    classes: dict[tuple[str | None, ...], list[str]] = {}
    for member, found in homes.items():
        # A group on two sides of one firewall is drawn where it is declared first.
        sides = tuple(_first(firewall, names) for firewall, names in zip(firewalls, found, strict=True))
        classes.setdefault(sides, []).append(member)
    for index, firewall in enumerate(firewalls):
        named = [side.name for side in firewall.sides]
        named += [name for item in firewall.findings for name in (item.source_side, item.destination_side) if name]
        for name in dict.fromkeys(named):
            if not any(sides[index] == name for sides in classes):
                empty: list[str | None] = [None] * len(firewalls)
                empty[index] = name
                classes.setdefault(tuple(empty), [])
    found_places = [_Place(groups=tuple(groups), sides=sides) for sides, groups in classes.items()]
    return sorted(found_places, key=_rank)


def _first(firewall: FirewallReport, names: set[str]) -> str | None:
    return next((side.name for side in firewall.sides if side.name in names), None)


def _rank(item: _Place) -> int:
    """Order the zones from the Internet inwards; zones without a group of the product stand last."""
    return min((_ORDER.index(group) for group in item.groups if group in _ORDER), default=len(_ORDER))


def _row_lines(
    firewalls: list[FirewallReport], places: list[_Place], report: Report, anchors: Mapping[tuple[str, str], str]
) -> Iterator[_Line]:
    end_to_end = {row.id: row.verdict for row in report.rows}
    found: dict[tuple[str, tuple[int, ...], int], list[tuple[FirewallReport, RowVerdict, RowVerdictKind]]] = {}
    for index, firewall in enumerate(firewalls):
        for row in firewall.rows:
            if row.verdict not in JUDGED:
                continue
            for cut in row.cuts:
                start = _zone_of(places, index, cut.source_side, _names(row.source))
                end = _zone_of(places, index, cut.destination_side, _names(row.destination))
                if start is not None and end is not None and start != end:
                    found.setdefault((row.id, (start,), end), []).append((firewall, row, cut.verdict))
    for (name, starts, end), hops in found.items():
        worst = next(kind for kind in _WORST if any(verdict is kind for _, _, verdict in hops))
        row = hops[0][1]
        path = end_to_end.get(name) if len(firewalls) > 1 else None
        anchor = next(
            (a for firewall, _, verdict in hops if verdict is worst and (a := _about(firewall, name, anchors))), ""
        )
        yield _Line(
            label=f"{name}  {row.title}",
            detail=f"{row_traffic(row)}, end to end {path}" if path else row_traffic(row),
            service=f"{row.protocol} {row.ports}",
            verdict=worst.value,
            word=worst.value,
            starts=starts,
            end=end,
            anchor=anchor,
            possible=any(item.confidence is Confidence.POSSIBLE for _, item, _ in hops),
        )


def _about(firewall: FirewallReport, row: str, anchors: Mapping[tuple[str, str], str]) -> str:
    wanted = {Kind.MISSING, Kind.PARTIAL, Kind.NOT_ASSESSABLE}
    for finding in firewall.findings:
        if finding.kind in wanted and row in finding.rows:
            return anchors.get((firewall.name, finding.id), "")
    return ""


def _surplus_lines(
    firewalls: list[FirewallReport], places: list[_Place], anchors: Mapping[tuple[str, str], str]
) -> Iterator[_Line]:
    found = [
        (index, firewall, finding)
        for index, firewall in enumerate(firewalls)
        for finding in firewall.findings
        if finding.kind in SURPLUS and finding.source_side and finding.destination_side
    ]
    for index, firewall, finding in sorted(found, key=lambda item: SEVERITIES.index(item[2].severity)):
        starts = _side(places, index, finding.source_side)
        ends = _side(places, index, finding.destination_side)
        if not starts or not ends or starts == ends:
            continue
        waived = ", waived" if finding.waived else ""
        yield _Line(
            label=_opened(finding),
            detail=_where(firewall, finding, several=len(firewalls) > 1),
            service="",
            verdict="waived" if finding.waived else "open",
            word=f"{finding.severity.value} {finding.kind.value}{waived}",
            starts=starts,
            end=ends[0] if starts[0] < ends[0] else ends[-1],
            anchor=anchors.get((firewall.name, finding.id), ""),
            possible=finding.confidence is Confidence.POSSIBLE,
        )


def _opened(finding: Finding) -> str:
    services = list(dict.fromkeys(ports_text(box) for box in finding.traffic))
    return ", ".join(services[:2]) + (" …" if len(services) > 2 else "") if services else finding.title


def _where(firewall: FirewallReport, finding: Finding, *, several: bool) -> str:
    line = next((line for line in finding.lines if line.line is not None), None)
    text = f"{finding.source_side} → {finding.destination_side}"
    text += f", line {place(line, with_file=False)}" if line else ""
    return f"{firewall.name}: {text}" if several else text


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _side(places: list[_Place], firewall: int, name: str | None) -> tuple[int, ...]:
    return tuple(index for index, item in enumerate(places) if name is not None and item.sides[firewall] == name)


def _zone_of(places: list[_Place], firewall: int, side: str, groups: list[str]) -> int | None:
    """Give the zone of a side that holds one of these groups, else the first of the side."""
    zones = _side(places, firewall, side)
    holding = [index for index in zones if set(groups).intersection(places[index].groups)]
    return next(iter([*holding, *zones]), None)


def _zones(places: list[_Place], canvas: Canvas, addresses: Mapping[str, tuple[str, ...]]) -> tuple[Zone, ...]:
    width = (canvas.width - canvas.labels) / len(places)
    zones = []
    for index, item in enumerate(places):
        left = canvas.labels + width * index
        names = list(dict.fromkeys(name for name in item.sides if name))
        ordered: list[str] = [name for name in _PRODUCT if name in item.groups]
        ordered += [name for name in item.groups if name not in _PRODUCT]
        members = tuple(
            Member(name=name, product=name in _PRODUCT, addresses=_few(addresses.get(name, ()))) for name in ordered
        )
        title = " / ".join(names) or "nowhere"
        zones.append(Zone(x=left + width / 2, left=left, width=width, title=title, members=members))
    return tuple(zones)


def _few(addresses: tuple[str, ...]) -> str:
    more = f" +{len(addresses) - 1}" if len(addresses) > 1 else ""
    return f"{addresses[0]}{more}" if addresses else ""


def _rail(  # noqa: PLR0917 - where a rail stands
    firewall: FirewallReport, places: list[_Place], zones: tuple[Zone, ...], y: float, index: int, around: Surroundings
) -> Rail:
    ports: list[Port] = []
    for item, zone in zip(places, zones, strict=True):
        name = item.sides[index]
        if name is None:
            continue
        if ports and ports[-1].name == name and ports[-1].right == zone.left:
            ports[-1] = replace(ports[-1], right=zone.left + zone.width)
        else:
            ports.append(Port(name=name, left=zone.left, right=zone.left + zone.width))
    title = f"{firewall.name} / {firewall.context}" if firewall.context else firewall.name
    status = around.statuses.get(firewall.name, firewall.status.value)
    return Rail(name=title, status=status, y=y, ports=tuple(ports))


def _arrow(line: _Line, zones: tuple[Zone, ...], y: float) -> Arrow:
    end = zones[line.end].x
    lanes = sorted((zones[index].x for index in line.starts), key=lambda x: -abs(x - end))
    return Arrow(
        label=line.label,
        detail=line.detail,
        service=line.service,
        verdict=line.verdict,
        word=line.word,
        y=y,
        start=lanes[0],
        end=end,
        dots=tuple(lanes[1:]),
        anchor=line.anchor,
        possible=line.possible,
    )


def _words(firewalls: Iterable[FirewallReport], zones: Iterable[Zone], arrows: Iterable[Arrow]) -> str:
    """Say in a sentence what the picture shows, for those who do not see it; the table below it says each row."""
    behind = "; ".join(
        f"{zone.title}: {', '.join(member.name for member in zone.members) or 'nobody'}" for zone in zones
    )
    counts: dict[str, int] = {}
    for arrow in arrows:
        counts[arrow.verdict] = counts.get(arrow.verdict, 0) + 1
    shown = ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "none"
    names = ", ".join(firewall.name for firewall in firewalls)
    return f"Firewalls: {names}. Zones: {behind}. Arrows: {shown}."
