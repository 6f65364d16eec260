"""XLSX for change boards and spreadsheets: a sheet each for summary, rows, findings, waivers and coverage.

Every cell is written as text or as a number by name, so nothing of a configuration is ever a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from auditor.export.escape import shortened, visible
from auditor.export.words import citations, decision, packet_text, place, several_files, source_text, traffic_text
from auditor.report.status import SEVERITIES, exit_code, firewall_status, status

if TYPE_CHECKING:
    from auditor.export.options import RenderOptions
    from auditor.report.values import Finding, FirewallReport, Report

__all__ = ["SHEETS", "render"]

SHEETS: Final = {
    "Summary": ("firewall", "platform", "model", "version", "status", *(item.value for item in SEVERITIES), "waived",
                "lines", "not understood", "configuration", "error"),
    "Rows": ("firewall", "row", "title", "source", "destination", "protocol", "ports", "verdict", "confidence",
             "decided by", "because", "packet", "citation"),
    "Findings": ("firewall", "severity", "kind", "title", "confidence", "rows", "from", "to", "lines", "traffic",
                 "size", "packet", "hits", "source", "remedy", "waived until", "id"),
    "End to end": ("row", "title", "verdict", "hops"),
    "Waivers": ("firewall", "finding", "title", "reason", "owner", "approver", "ticket", "expires"),
    "Coverage": ("firewall", "place", "line", "reason", "could change rows", "blocks"),
    "Evidence": ("firewall", "document", "command", "lines", "sha256"),
}  # fmt: skip
"""Each sheet and its columns."""

_CELL: Final = 32_000
"""A cell holds 32,767 characters."""
_WIDTHS: Final = {"title": 46, "lines": 60, "traffic": 60, "because": 40, "packet": 44, "line": 70, "reason": 40,
                  "source": 24, "citation": 40, "sha256": 66, "hops": 50, "error": 50, "configuration": 40}  # fmt: skip
_COLORS: Final = {"critical": "#8C1616", "high": "#FDE0DD", "medium": "#FDF1D3", "low": "#E6EFF9"}


def render(report: Report, options: RenderOptions) -> bytes:
    """Give the report as a workbook; the same report gives the same bytes."""
    from xlsxwriter import Workbook

    out = io.BytesIO()
    book = Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                          "strings_to_numbers": False})  # fmt: skip
    title = f"Firewall audit {report.deployment[0]}" if report.deployment else "Firewall audit"
    book.set_properties({"title": _cell(title), "author": "st-audit", "created": _moment(report.as_of)})
    header = book.add_format({"bold": True, "bg_color": "#2F3B4A", "font_color": "#FFFFFF", "valign": "top"})
    cell = book.add_format({"text_wrap": True, "valign": "top"})
    for name, columns in SHEETS.items():
        sheet = book.add_worksheet(name)
        for index, column in enumerate(columns):
            sheet.write_string(0, index, column, header)
            sheet.set_column(index, index, _WIDTHS.get(column, 16))
        last = 0
        for last, values in enumerate(_records(name, report, options), start=1):
            for index, value in enumerate(values):
                _write(sheet, last, index, value, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, last, len(columns) - 1)
        if "severity" in columns and last:
            at = columns.index("severity")
            for severity, color in _COLORS.items():
                shown = {"bg_color": color} | ({"font_color": "#FFFFFF"} if severity == "critical" else {})
                rule = {"type": "cell", "criteria": "==", "value": f'"{severity}"', "format": book.add_format(shown)}
                sheet.conditional_format(1, at, last, at, rule)
    book.close()
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, value: str | int, shape: Any) -> None:
    # A spreadsheet keeps 15 digits of a number; a larger one is text.
    if isinstance(value, int) and abs(value) < 10**15:
        sheet.write_number(row, column, value, shape)
    elif value != "":
        sheet.write_string(row, column, _cell(str(value)), shape)


def _cell(text: str) -> str:
    return shortened(visible(shortened(text, _CELL), keep="\n"), _CELL)


def _moment(as_of: str) -> datetime:
    """Give the report's own time, since the clock's would change the bytes."""
    try:
        return datetime.fromisoformat(as_of).replace(tzinfo=None)
    except ValueError:
        return datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)


def _records(sheet: str, report: Report, options: RenderOptions) -> Iterator[Sequence[str | int]]:
    if sheet == "End to end":
        for path in report.rows:
            yield path.id, path.title, path.verdict, ", ".join(f"{hop.firewall}: {hop.verdict}" for hop in path.hops)
        return
    for firewall in report.firewalls:
        name = f"{firewall.name} / {firewall.context}" if firewall.context else firewall.name
        yield from ((name, *values) for values in _of(sheet, firewall, options))
    if sheet == "Summary":
        came_to = status(report, options.fail_on).value
        yield (
            "(the run)",
            "",
            "",
            "",
            came_to,
            *[""] * (len(SEVERITIES) + 4),
            f"exit code {exit_code(report, options.fail_on)}",
        )


def _of(sheet: str, firewall: FirewallReport, options: RenderOptions) -> Iterable[Sequence[str | int]]:
    match sheet:
        case "Summary":
            yield _summary(firewall, options)
        case "Rows":
            for row in firewall.rows:
                words = decision(row, with_file=several_files(firewall))
                packet = packet_text(row.witness) if row.witness else ""
                yield (row.id, row.title, row.source, row.destination, row.protocol, row.ports, row.verdict.value,
                       row.confidence.value, words, row.because, packet, row.citation)  # fmt: skip
        case "Findings":
            ordered = sorted(firewall.findings, key=lambda item: SEVERITIES.index(item.severity))
            yield from (_finding(firewall, finding) for finding in ordered)
        case "Waivers":
            for finding in firewall.findings:
                waived = finding.waived
                if waived is not None:
                    yield (finding.id, finding.title, waived.reason, waived.owner, waived.approver, waived.ticket,
                           waived.expires)  # fmt: skip
        case "Coverage":
            for item in firewall.coverage.not_understood:
                blocks = "yes" if item.blocks else "no"
                yield place(item.line), item.line.text, item.reason, ", ".join(item.affects), blocks
        case "Evidence":
            for document in firewall.source.documents if firewall.source else ():
                yield document.name, document.command, document.lines, document.sha256


def _summary(firewall: FirewallReport, options: RenderOptions) -> Sequence[str | int]:
    standing = [finding for finding in firewall.findings if finding.waived is None]
    counts = [sum(finding.severity is severity for finding in standing) for severity in SEVERITIES]
    error = firewall.error
    return (
        firewall.platform, firewall.model, firewall.version, firewall_status(firewall, options.fail_on).value,
        *counts, len(firewall.findings) - len(standing), firewall.coverage.lines,
        len(firewall.coverage.not_understood), source_text(firewall),
        f"{error.kind.value}: {error.message}" if error else "",
    )  # fmt: skip


def _finding(firewall: FirewallReport, finding: Finding) -> Sequence[str | int]:
    return (
        finding.severity.value, finding.kind.value, finding.title, finding.confidence.value, ", ".join(finding.rows),
        finding.source_side or "", finding.destination_side or "",
        "\n".join(f"{place(line)} {line.text} ({line.role.value})" for line in finding.lines),
        "\n".join(traffic_text(box) for box in finding.traffic), finding.size,
        packet_text(finding.witness) if finding.witness else "", finding.hits.count if finding.hits else "",
        "; ".join(citations(finding, firewall.rows)), finding.remedy or "",
        finding.waived.expires if finding.waived else "", finding.id,
    )  # fmt: skip
