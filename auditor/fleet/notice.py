"""News as a message: JSON for programs (and chat systems that show its `text`), plain text for mail.

Whatever comes from a configuration is made harmless first; the configuration itself is never sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from auditor.drift.values import Change, ChangeKind, FirewallDrift, Part, RowChange
from auditor.export.escape import shortened, visible
from auditor.export.words import counted
from auditor.fleet.news import News
from auditor.report.status import FailOn, status
from auditor.report.values import Box, Finding, Report, RowVerdictKind

__all__ = ["Notice", "notice"]

SCHEMA: Final = "st-audit/notice/1"
_MOST: Final = 50
"""Lines of a text; a message is read, the report has the rest."""
_WIDE: Final = 200

_WORDS: Final = {
    ChangeKind.NEW: "new",
    ChangeKind.GONE: "gone",
    ChangeKind.GROWN: "grown",
    ChangeKind.SHRUNK: "shrunk",
    ChangeKind.MOVED: "grown in one place, shrunk in another",
    ChangeKind.RETRANSLATED: "translated otherwise",
    ChangeKind.REJUDGED: "judged otherwise",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message; `id` is the same when the same is told again, so that a receiver can tell."""

    id: str
    subject: str
    text: str
    json: str


def notice(report: Report, found: News, *, summary: str, exit_code: int, fail_on: FailOn, part: str = "") -> Notice:
    """Give the message about a run's news; `part` is the shard that it is about, if it is one."""
    site = visible(report.deployment[0]) if report.deployment is not None else "fleet"
    where = f"{site} {part}" if part else site
    subject = shortened(f"st-audit {where}: {_headline(found)}", _WIDE)
    lines = list(_lines(found))
    if len(lines) > _MOST:
        lines = [*lines[:_MOST], f"... and {len(lines) - _MOST} lines more: see the report"]
    since = f"since {found.before_as_of}" if found.before_as_of else "first run"
    text = "\n".join([summary, f"as of {report.as_of}, {since}", "", *lines]).rstrip() + "\n"
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "deployment": site,
        "part": part or None,
        "as_of": report.as_of,
        "before_as_of": found.before_as_of or None,
        "first": found.first,
        "status": status(report, fail_on).value,
        "exit_code": exit_code,
        "summary": summary,
        "text": f"{subject}\n{text}",
        "firewalls": [_firewall(item) for item in found.drift],
        "appeared": list(found.appeared),
        "gone": list(found.gone),
        "failing": [
            {"firewall": item.firewall, "kind": item.kind, "message": item.message, "hint": item.hint}
            for item in found.failing
        ],
        "recovered": list(found.recovered),
        "waivers": [
            {"kind": item.kind.value, "waiver": item.waiver, "firewall": item.firewall, "text": item.text}
            for item in found.warnings
        ],
    }
    # What is told, not when: a run that tells again what could not be delivered has the same id.
    told = {key: document[key] for key in ("deployment", "part", "before_as_of", "firewalls", "appeared", "gone",
                                           "failing", "recovered", "waivers")}  # fmt: skip
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
    return Notice(id=digest, subject=subject, text=text, json=json.dumps({"id": digest, **document}, sort_keys=True))


def _headline(found: News) -> str:
    kinds = [change.kind for item in found.drift for change in item.changes]
    worse = sum(kind in {ChangeKind.NEW, ChangeKind.GROWN, ChangeKind.MOVED} for kind in kinds)
    better = sum(kind in {ChangeKind.GONE, ChangeKind.SHRUNK} for kind in kinds)
    rows = sum(len(item.rows) for item in found.drift)
    undecided = sum(len(item.undecided) for item in found.drift)
    parts = [
        f"first run, {counted(len(found.appeared), 'firewall')} assessed" if found.first else "",
        f"{worse} new or grown" if worse else "",
        f"{better} gone or shrunk" if better else "",
        f"{len(kinds) - worse - better} changed" if len(kinds) > worse + better else "",
        f"{counted(rows, 'row verdict')} changed" if rows else "",
        f"{counted(undecided, 'line')} no longer understood" if undecided else "",
        f"{len(found.failing)} not assessable" if found.failing else "",
        f"{len(found.recovered)} assessable again" if found.recovered else "",
        f"{len(found.appeared)} added" if found.appeared and not found.first else "",
        f"{len(found.gone)} no longer audited" if found.gone else "",
        f"{counted(len(found.warnings), 'waiver')} to look at" if found.warnings else "",
    ]
    return ", ".join(part for part in parts if part) or "no change"


def _lines(found: News) -> Iterator[str]:
    yield from (_clean(f"{one.firewall}: not assessable ({one.kind}): {one.message}") for one in found.failing)
    for item in found.drift:
        yield from (_clean(f"{item.name}: not understood any more: {text}") for text in item.undecided)
        yield from (_clean(f"{item.name}: row {_row(row)}") for row in item.rows)
        for change in item.changes:
            yield _clean(f"{item.name}: {_WORDS[change.kind]}: {_finding(change.finding)}")
            yield from (_clean(f"    {sign} {_box(box)}") for sign, box in _boxes(change))
        yield from (_clean(f"{item.name}: {fact}") for fact in item.facts)
    yield from (_clean(f"{name}: assessable again") for name in found.recovered)
    if not found.first:
        yield from (_clean(f"{name}: audited for the first time") for name in found.appeared)
    yield from (_clean(f"{name}: no longer audited") for name in found.gone)
    yield from (_clean(f"waiver {warning.waiver}: {warning.text}") for warning in found.warnings)


def _row(row: RowChange) -> str:
    return f"{row.id} ({row.title}): {_verdict(row.before, possible=row.before_possible)} became " + _verdict(
        row.after, possible=row.after_possible
    )


def _verdict(verdict: RowVerdictKind | None, *, possible: bool = False) -> str:
    return "absent" if verdict is None else verdict.value + (" (possible)" if possible else "")


def _finding(finding: Finding) -> str:
    lines = [f"{line.file}:{line.line}" for line in finding.lines if line.line is not None][:1]
    where = f", {lines[0]}" if lines else ""
    return f"{finding.severity.value}: {finding.title}{where}"


def _boxes(change: Change) -> Iterator[tuple[str, Box]]:
    for sign, parts in (("+", change.added), ("-", change.removed)):
        yield from ((sign, box) for part in parts for box in part.traffic[:3])


def _box(box: Box) -> str:
    service = box.protocol if box.ports == "any" or box.icmp else f"{box.protocol}/{box.ports}"
    return f"{box.source} -> {box.destination} {service}"


def _firewall(item: FirewallDrift) -> dict[str, Any]:
    return {
        "name": item.name,
        "context": item.context,
        "rows": [
            {
                "id": row.id,
                "title": row.title,
                "before": _verdict(row.before, possible=row.before_possible),
                "after": _verdict(row.after, possible=row.after_possible),
            }
            for row in item.rows
        ],
        "changes": [
            {
                "kind": change.kind.value,
                "finding": change.finding.id,
                "severity": change.finding.severity.value,
                "title": change.finding.title,
                "rows": list(change.finding.rows),
                "added": [text for part in change.added for text in _traffic(part)],
                "removed": [text for part in change.removed for text in _traffic(part)],
                "grown_by": str(change.grown_by),
                "shrunk_by": str(change.shrunk_by),
            }
            for change in item.changes
        ],
        "facts": list(item.facts),
        "undecided": list(item.undecided),
    }


def _traffic(part: Part) -> list[str]:
    return [_box(box) for box in part.traffic]


def _clean(text: str) -> str:
    return shortened(visible(text), _WIDE)
