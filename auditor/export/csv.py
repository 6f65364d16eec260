"""CSV (RFC 4180) for spreadsheets: a record per firewall, row, finding and line that hides something; no formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from auditor.export.escape import csv_cell, shortened
from auditor.export.words import packet_text, place, traffic_text, use_text
from auditor.report.status import firewall_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.export.options import RenderOptions
    from auditor.report.values import FirewallReport, Report

__all__ = ["COLUMNS", "render"]

COLUMNS: Final = (
    "record", "firewall", "context", "platform", "id", "verdict", "severity", "confidence", "rows", "from", "to",
    "title", "source", "destination", "protocol", "ports", "lines", "traffic", "size", "packet", "waived", "remedy",
    "because", "hits",
)  # fmt: skip
"""`record` is firewall, row, finding or line (one not understood that could change a row or the surplus); `verdict` is
then its status, verdict or kind, or `not-understood`."""

_CELL: Final = 32_000
"""Spreadsheets hold 32,767 characters in a cell."""


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as CSV text with a header line."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for firewall in report.firewalls:
        status = firewall_status(firewall, options.fail_on).value
        for record in _records(firewall, status):
            writer.writerow({key: csv_cell(shortened(value, _CELL)) for key, value in record.items()})
    return out.getvalue()


def _records(firewall: FirewallReport, status: str) -> Iterator[dict[str, str]]:
    common = {"firewall": firewall.name, "context": firewall.context, "platform": firewall.platform}
    error = firewall.error
    yield common | {
        "record": "firewall",
        "id": firewall.hostname,
        "verdict": status,
        "because": f"{error.kind.value}: {error.message}" if error else "",
    }
    for item in firewall.coverage.not_understood:
        if item.blocks:
            yield common | {
                "record": "line",
                "verdict": "not-understood",
                "rows": ", ".join(item.affects),
                "title": item.line.text,
                "lines": place(item.line),
                "because": item.reason,
            }
    for row in firewall.rows:
        yield common | {
            "record": "row",
            "id": row.id,
            "verdict": row.verdict.value,
            "confidence": row.confidence.value,
            "rows": row.id,
            "title": row.title,
            "source": row.source,
            "destination": row.destination,
            "protocol": row.protocol,
            "ports": row.ports,
            "lines": "; ".join(place(line) for line in row.decided_by),
            "packet": packet_text(row.witness) if row.witness else "",
            "because": row.because,
        }
    for finding in firewall.findings:
        waived = finding.waived
        yield common | {
            "record": "finding",
            "id": finding.id,
            "verdict": finding.kind.value,
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "rows": ", ".join(finding.rows),
            "from": finding.source_side or "",
            "to": finding.destination_side or "",
            "title": finding.title,
            "lines": "; ".join(f"{place(line)} {line.text} ({line.role.value})" for line in finding.lines),
            "traffic": "; ".join(traffic_text(box) for box in finding.traffic),
            "size": str(finding.size),
            "packet": packet_text(finding.witness) if finding.witness else "",
            "waived": f"until {waived.expires} by {waived.approver} ({waived.ticket}): {waived.reason}"
            if waived
            else "",
            "remedy": finding.remedy or "",
            "hits": use_text(finding),
        }
