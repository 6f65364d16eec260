"""The report as one HTML file that needs nothing else: no network, no second file, no script to be read.

Everything of a configuration is escaped twice: control and direction characters are spelt out, and the template
escapes markup. The page's policy lets its own style and script run, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from auditor.export.escape import shortened, visible
from auditor.export.html.bars import Bar, bars
from auditor.export.html.chart import chart
from auditor.export.html.drawing import NARROW, SURPLUS, WIDE, Surroundings, draw
from auditor.export.words import (
    citations,
    counted,
    decision,
    direction,
    gathered,
    packet_text,
    place,
    row_traffic,
    several_files,
    source_text,
    use_text,
    waived_text,
    warning_text,
)
from auditor.report.status import JUDGED, SEVERITIES, exit_code, firewall_status, status
from auditor.report.values import Confidence, Finding, FirewallReport, Line, Report, RowVerdict, RowVerdictKind

if TYPE_CHECKING:
    from jinja2 import Environment

    from auditor.export.options import RenderOptions

__all__ = ["document", "render"]

_LIMIT: Final = 600
"""Characters of one text; a remark of a megabyte is no reading matter."""
_CONTEXT: Final = 2
_LINES: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One line of a configuration: its number, what it has to do with the finding (empty: context), its text."""

    place: str
    role: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A finding as the page shows it."""

    anchor: str
    finding: Finding
    direction: str
    lines: tuple[tuple[Shown, ...], ...]
    left_out: int
    traffic: tuple[str, ...]
    bars: tuple[Bar, ...]
    packet: str
    sources: tuple[str, ...]
    possible: bool
    surplus: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A firewall as the page shows it."""

    anchor: str
    report: FirewallReport
    title: str
    status: str
    counts: tuple[tuple[str, int], ...]
    waived: int
    source: str
    entries: tuple[Entry, ...]
    broken: tuple[RowVerdict, ...]
    unknown: tuple[RowVerdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A row's verdict on one firewall as the matrix shows it."""

    verdict: str
    possible: bool
    words: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """A row of the baseline over all firewalls; `judged` where some firewall has something to judge about it."""

    id: str
    title: str
    traffic: str
    citation: str
    cells: tuple[Cell | None, ...]
    path: str
    judged: bool
    worst: str


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as one HTML document."""
    return document(report, options)


def document(report: Report, options: RenderOptions, *, paper: bool = False) -> str:
    """Give the HTML document; for `paper` without a script, and each picture with its own style in plain colours."""
    environment = _environment()
    sections = tuple(_section(number, item, options) for number, item in enumerate(report.firewalls, start=1))
    anchors = {
        (section.report.name, entry.finding.id): entry.anchor for section in sections for entry in section.entries
    }
    around = Surroundings(
        anchors=anchors,
        addresses=dict(options.evidence.groups) if options.evidence else {},
        statuses={section.report.name: section.status for section in sections},
    )
    picture = _asset("picture.css")
    style, script = _asset("report.css") + picture, _asset("report.js")
    values: dict[str, Any] = {
        "report": report,
        "status": status(report, options.fail_on).value,
        "exit_code": exit_code(report, options.fail_on),
        "fail_on": options.fail_on.value,
        "severities": [severity.value for severity in SEVERITIES],
        "sections": sections,
        "rows": _rows(report, sections),
        "several": len(sections) > 1,
        "has_paths": bool(report.rows),
        "drawings": [drawing for canvas in (WIDE, NARROW) if (drawing := draw(report, canvas, around))],
        "chart": chart(options.trend),
        "paper": paper,
        "svg_style": _plain(style, picture) if paper else "",
        "style": style,
        "script": script,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
    }
    return environment.get_template("report.html.j2").render(values)


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    def harmless(value: Any) -> Any:
        # Whatever comes out of `{{ }}` passes here, so no template can forget it.
        if isinstance(value, Markup) or not isinstance(value, str):
            return value
        return visible(shortened(value, _LIMIT))

    environment = Environment(
        loader=PackageLoader("auditor.export.html", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["counted"] = counted
    environment.filters["place"] = place
    environment.filters["use"] = use_text
    environment.filters["waived"] = waived_text
    environment.filters["warning"] = warning_text
    environment.filters["number"] = lambda value: f"{value:g}"
    return environment


def _asset(name: str) -> Any:
    """Give one of the page's own files, which is no text of a configuration and stands in it as it is."""
    from importlib.resources import files

    from markupsafe import Markup

    return Markup((files("auditor.export.html") / "templates" / name).read_text("utf-8"))  # noqa: S704 - our own file


def _plain(style: str, picture: Any) -> Any:
    """Give the style of pictures with its variables replaced, by the first (light) value that the page gives them."""
    values: dict[str, str] = {}
    for name, value in re.findall(r"(--[a-z-]+): ([^;]+);", style):
        values.setdefault(name, value)
    return type(picture)(re.sub(r"var\((--[a-z-]+)\)", lambda match: values[match[1]], str(picture)))


def _hash(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


def _section(number: int, firewall: FirewallReport, options: RenderOptions) -> Section:
    ordered = sorted(firewall.findings, key=lambda item: (item.waived is not None, SEVERITIES.index(item.severity)))
    entries = tuple(_entry(f"f{number}-{index}", firewall, item, options) for index, item in enumerate(ordered, 1))
    standing = [finding for finding in firewall.findings if finding.waived is None]
    counts = tuple(
        (severity.value, found)
        for severity in SEVERITIES
        if (found := sum(finding.severity is severity for finding in standing))
    )
    return Section(
        anchor=f"fw{number}",
        report=firewall,
        title=f"{firewall.name} / {firewall.context}" if firewall.context else firewall.name,
        status=firewall_status(firewall, options.fail_on).value,
        counts=counts,
        waived=len(firewall.findings) - len(standing),
        source=source_text(firewall),
        entries=entries,
        broken=tuple(row for row in firewall.rows if row.verdict in {RowVerdictKind.MISSING, RowVerdictKind.PARTIAL}),
        unknown=tuple(row for row in firewall.rows if row.verdict is RowVerdictKind.NOT_ASSESSABLE),
    )


def _entry(anchor: str, firewall: FirewallReport, finding: Finding, options: RenderOptions) -> Entry:
    surplus = finding.kind in SURPLUS
    groups = [tuple(_shown(firewall, line, options)) for line in finding.lines[:_LINES]]
    return Entry(
        anchor=anchor,
        finding=finding,
        direction=direction(finding),
        lines=tuple(groups),
        left_out=len(finding.lines) - len(groups),
        traffic=tuple(gathered(finding.traffic)),
        bars=bars(finding, firewall.rows) if surplus else (),
        packet=packet_text(finding.witness) if finding.witness else "",
        sources=citations(finding, firewall.rows),
        possible=finding.confidence is Confidence.POSSIBLE,
        surplus=surplus,
    )


def _shown(firewall: FirewallReport, cited: Line, options: RenderOptions) -> Iterator[Shown]:
    """Give a cited line and, where the configuration is at hand, what stands around it."""
    if cited.line is None:
        yield Shown(place="", role=cited.role.value, text=cited.text)
        return
    prefix = f"{cited.file}:" if several_files(firewall) else ""
    texts = cited.text.split("\n")
    around = options.evidence.lines(firewall.name, cited.file) if options.evidence else ()
    first, last = cited.line, cited.line + len(texts) - 1
    for number in range(max(1, first - _CONTEXT), first):
        if number <= len(around):
            yield Shown(place=f"{prefix}{number}", role="", text=around[number - 1])
    for number, text in enumerate(texts[:_LINES], start=first):
        yield Shown(place=f"{prefix}{number}", role=cited.role.value, text=text)
    if len(texts) > _LINES:
        yield Shown(place="…", role="", text=counted(len(texts) - _LINES, "more line"))
    for number in range(last + 1, min(last + _CONTEXT, len(around)) + 1):
        yield Shown(place=f"{prefix}{number}", role="", text=around[number - 1])


def _rows(report: Report, sections: Iterable[Section]) -> tuple[MatrixRow, ...]:
    """Give the matrix: every row of the baseline in its order, with its verdict on each firewall."""
    shown = list(sections)
    by_firewall = [{row.id: row for row in section.report.rows} for section in shown]
    paths = {row.id: row.verdict for row in report.rows}
    names = dict.fromkeys(row.id for section in shown for row in section.report.rows)
    found = []
    for name in names:
        rows = [rows.get(name) for rows in by_firewall]
        some = next(row for row in rows if row is not None)
        verdicts = [row.verdict for row in rows if row is not None]
        judged = [verdict for verdict in RowVerdictKind if verdict in verdicts and verdict in JUDGED]
        worst = next((item for item in (*_BAD, RowVerdictKind.PRESENT) if item in judged), verdicts[0])
        found.append(
            MatrixRow(
                id=name,
                title=some.title,
                traffic=row_traffic(some),
                citation=some.citation,
                cells=tuple(_cell(row, section) for row, section in zip(rows, shown, strict=True)),
                path=paths.get(name, ""),
                judged=bool(judged),
                worst=worst.value,
            )
        )
    return tuple(found)


_BAD: Final = (RowVerdictKind.MISSING, RowVerdictKind.PARTIAL, RowVerdictKind.NOT_ASSESSABLE)


def _cell(row: RowVerdict | None, section: Section) -> Cell | None:
    if row is None:
        return None
    anchor = next(
        (
            entry.anchor
            for entry in section.entries
            if row.id in entry.finding.rows and entry.finding.kind.value == row.verdict.value
        ),
        "",
    )
    words = decision(row, with_file=several_files(section.report))
    possible = row.confidence is Confidence.POSSIBLE and row.verdict in JUDGED
    return Cell(verdict=row.verdict.value, possible=possible, words=words, anchor=anchor)
