"""A drift for people (terminal, Markdown) and for programs (JSON, version 1)."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from auditor.drift.values import ChangeKind, Standing
from auditor.export.escape import markdown, shortened, visible
from auditor.export.json import boxes, line
from auditor.export.words import counted, direction, gathered_boxes, place, ports_text, waived_text
from auditor.report.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from auditor.drift.values import Change, Drift, FirewallDrift, Part, RowChange
    from auditor.export.options import RenderOptions
    from auditor.report.values import Box, Finding, RowVerdictKind

__all__ = ["DRIFT_FORMATS", "SCHEMA", "document", "render"]

SCHEMA: Final = "st-audit/drift/1"
DRIFT_FORMATS: Final = ("text", "json", "markdown")

_OPEN: Final = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.OVER_BROAD})
_CLOSED: Final = frozenset({Kind.MISSING, Kind.PARTIAL})
_STYLE: Final = {
    ChangeKind.NEW: "bold red",
    ChangeKind.GROWN: "bold red",
    ChangeKind.MOVED: "bold red",
    ChangeKind.RETRANSLATED: "bold red",
    ChangeKind.REJUDGED: "yellow",
    ChangeKind.GONE: "green",
    ChangeKind.SHRUNK: "green",
}
_BOXES: Final = 3
_LIMIT: Final = 400
_UNDECIDED: Final = "not understood, so that nobody knows what it changed"
_WEEK: Final = 7


def render(drift: Drift, name: str, options: RenderOptions) -> str:
    """Give a drift in a format of DRIFT_FORMATS."""
    if name == "json":
        return json.dumps(document(drift), sort_keys=True, indent=2, ensure_ascii=True) + "\n"
    if name == "markdown":
        return "\n".join(_markdown(drift, options)) + "\n"
    return _text(drift, options)


# -- for programs ---------------------------------------------------------------------------------------------------


def document(drift: Drift) -> dict[str, Any]:
    """Give a drift as JSON values."""
    return {
        "schema": SCHEMA,
        "changed": drift.changed,
        "firewalls": [
            {
                "name": item.name,
                "context": item.context,
                "standing": item.standing.value,
                "reason": item.reason,
                "before": item.before_as_of or None,
                "after": item.after_as_of or None,
                "facts": list(item.facts),
                "undecided": list(item.undecided),
                "rows": [
                    {
                        "id": row.id,
                        "title": row.title,
                        "before": row.before and row.before.value,
                        "after": row.after and row.after.value,
                        "before_possible": row.before_possible,
                        "after_possible": row.after_possible,
                    }
                    for row in item.rows
                ],
                "changes": [_change(change) for change in item.changes],
            }
            for item in drift.firewalls
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "before": [_finding(finding) for finding in change.before],
        "after": [_finding(finding) for finding in change.after],
        "added": [_part(part) for part in change.added],
        "removed": [_part(part) for part in change.removed],
        "grown_by": str(change.grown_by),
        "shrunk_by": str(change.shrunk_by),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "title": finding.title,
        "rows": list(finding.rows),
        "from": finding.source_side,
        "to": finding.destination_side,
        "lines": [line(item) for item in finding.lines],
        "waived": finding.waived is not None,
    }


def _part(part: Part) -> dict[str, Any]:
    return {"finding": part.finding.id, "traffic": boxes(part.traffic), "size": str(part.size)}


# -- for people -----------------------------------------------------------------------------------------------------


def _text(drift: Drift, options: RenderOptions) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=max(options.width, 40), force_terminal=options.color,
        color_system="standard" if options.color else None, no_color=not options.color, highlight=False, markup=False,
        emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for item in drift.firewalls:
        for part in _firewall(item, options):
            console.print(part)
    if not drift.firewalls:
        console.print("there is nothing to compare")
    return "".join(f"{text.rstrip()}\n" for text in out.getvalue().splitlines())


def _safe(text: str, style: str = "") -> Text:
    return Text(visible(shortened(text, _LIMIT)), style=style)


def _firewall(item: FirewallDrift, options: RenderOptions) -> Iterator[RenderableType]:
    yield Rule(_safe(_title(item), "bold"), align="left", style="dim")
    if item.standing is not Standing.COMPARED:
        yield _safe(f"{_STANDING[item.standing]}: {item.reason}", "yellow")
        return
    yield from (_safe(fact, "dim") for fact in item.facts)
    yield from (_safe(f"{_UNDECIDED}: {text}", "bold yellow") for text in item.undecided)
    if not item.changed:
        yield _safe("nothing changed", "green")
    yield from (_safe(_row(row), "bold") for row in item.rows)
    for change in item.changes:
        finding = change.finding
        head = Text.assemble((change.kind.value, _STYLE[change.kind]), "  ")
        head.append_text(_safe(_head(change)))
        yield head
        for sentence, cited in _sentences(change, item, options):
            if sentence:
                yield Padding(_safe(sentence), (0, 0, 0, 2))
            yield from (Padding(_safe(text, "dim"), (0, 0, 0, 4)) for text in cited)
        if finding.waived is not None:
            yield Padding(_safe(f"waived {waived_text(finding.waived)}", "dim"), (0, 0, 0, 2))


_STANDING: Final = {
    Standing.FIRST_SEEN: "seen for the first time",
    Standing.NOT_SEEN: "not seen any more",
    Standing.NOT_ASSESSED: "not assessed",
}


def _title(item: FirewallDrift) -> str:
    name = f"{item.name} / {item.context}" if item.context else item.name
    if item.before_as_of and item.after_as_of and item.before_as_of != item.after_as_of:
        return f"{name}, {item.before_as_of} to {item.after_as_of}"
    return f"{name}, {item.after_as_of}" if item.after_as_of else name


def _row(row: RowChange) -> str:
    was, now = _verdict(row.before, possible=row.before_possible), _verdict(row.after, possible=row.after_possible)
    return f"row {row.id} {row.title}: {was} became {now}"


def _verdict(verdict: RowVerdictKind | None, *, possible: bool) -> str:
    return "no row" if verdict is None else verdict.value + (" (possible)" if possible else "")


def _head(change: Change) -> str:
    finding = change.finding
    between = direction(finding)
    words = f"{finding.severity.value} {finding.kind.value}{f' {between}' if between else ''}: {finding.title}"
    if change.kind is ChangeKind.REJUDGED:
        told = " and ".join(dict.fromkeys(_judged(item) for item in change.before))
        return f"{words} ({told} became {' and '.join(dict.fromkeys(_judged(item) for item in change.after))})"
    if change.kind in {ChangeKind.NEW, ChangeKind.GONE}:
        return words
    by = [
        f"{word} {counted(size, 'combination')} of addresses and services"
        for word, size in (("+", change.grown_by), ("-", change.shrunk_by))
        if size
    ]
    return f"{words} ({', '.join(by)})"


def _judged(finding: Finding) -> str:
    waived = " waived" if finding.waived is not None else ""
    return f"{finding.severity.value} {finding.kind.value} {finding.confidence.value}{waived}"


def _sentences(change: Change, item: FirewallDrift, options: RenderOptions) -> Iterator[tuple[str, list[str]]]:
    """Say what was added and taken away, each with the lines that the finding stands on."""
    most = 10**9 if options.verbose else _BOXES
    since = _since(item)
    for parts, added in ((change.added, True), (change.removed, False)):
        for part in parts:
            finding = part.finding
            where = _where(finding)
            shown = list(part.traffic) if options.verbose else gathered_boxes(part.traffic)
            for box in shown[:most]:
                yield _sentence(box, finding, since, added=added) + (f", {where}" if where else ""), []
            if len(shown) > most:
                yield f"… {counted(len(shown) - most, 'more box', 'more boxes')} (-v)", []
            cited = [f"{place(cited)}  {cited.text}" for cited in finding.lines if cited.line is not None]
            yield from (("", cited[:most]),) if cited else ()


def _sentence(box: Box, finding: Finding, since: str, *, added: bool) -> str:
    inner = box.translated
    host = f"{box.destination} ({inner.destination} inside)" if inner is not None else box.destination
    source = box.source if box.source_ports in {"", "any"} else f"{box.source} from port {box.source_ports}"
    rows = f"row {', '.join(finding.rows)}" if finding.rows else "a row"
    service = ports_text(box)
    if finding.kind in _OPEN:
        words = "may reach" if added else "may no longer reach"
        return f"{since}{source} {words} {host} on {service}"
    if finding.kind in _CLOSED:
        if added:
            return f"{since}{source} can no longer reach {host} on {service}, which {rows} needs"
        return f"{since}{source} is no longer kept from {host} on {service}, which {rows} needs"
    if finding.kind is Kind.NOT_ASSESSABLE:
        words = "nobody can tell any more whether" if added else "it can be told again whether"
        return f"{since}{words} {source} reaches {host} on {service}"
    return f"{since}{'' if added else 'no longer: '}{source} to {host} on {service}"


def _since(item: FirewallDrift) -> str:
    """Give `since Tuesday `, or the date where that is more than a week before; peers have no time between them."""
    before, after = item.before_as_of[:10], item.after_as_of[:10]
    if not before or item.before_as_of == item.after_as_of:
        return ""
    try:
        days = (date.fromisoformat(after) - date.fromisoformat(before)).days
        name = date.fromisoformat(before).strftime("%A ") if 0 < days < _WEEK else ""
    except ValueError:
        name = ""
    return f"since {name}{before} "


def _where(finding: Finding) -> str:
    first = finding.lines[0] if finding.lines else None
    if first is None:
        return ""
    return first.text if first.line is None else f"line {place(first, with_file=False)}"


def _markdown(drift: Drift, options: RenderOptions) -> Iterator[str]:
    yield "# Firewall drift"
    for item in drift.firewalls:
        yield from ("", f"## {_md(_title(item))}", "")
        if item.standing is not Standing.COMPARED:
            yield f"{_STANDING[item.standing]}: {_md(item.reason)}"
            continue
        lines = list(_items(item, options))
        yield from lines or ["Nothing changed."]


def _items(item: FirewallDrift, options: RenderOptions) -> Iterable[str]:
    yield from (f"- {_md(fact)}" for fact in item.facts)
    yield from (f"- **{_UNDECIDED}:** {_md(text)}" for text in item.undecided)
    if item.facts and not item.changed:
        yield "- nothing changed"
    for row in item.rows:
        was, now = _verdict(row.before, possible=row.before_possible), _verdict(row.after, possible=row.after_possible)
        yield f"- row {_md(row.id)} {_md(row.title)}: {was} became **{now}**"
    for change in item.changes:
        yield f"- **{change.kind.value}** {_md(_head(change))}"
        for sentence, cited in _sentences(change, item, options):
            yield from (f"  - {_md(text)}" for text in (sentence, *cited) if text)


def _md(text: str) -> str:
    return markdown(shortened(" ".join(text.split()), _LIMIT))
