"""A run as rows of the tables."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from auditor.capture.manifest import digest
from auditor.capture.redaction import redact
from auditor.export.escape import visible
from auditor.export.json import render
from auditor.export.options import RenderOptions
from auditor.history.tables import BASELINES, DOCUMENTS, FINDINGS, FIREWALLS, ROWS, RUNS, TEXTS
from auditor.report.status import FailOn, exit_code, firewall_status, status, worst_finding
from parsers.registry import platform

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from auditor.export.evidence import Audited
    from auditor.report.values import Finding, FirewallReport, Report
    from parsers.model.capture import Capture

__all__ = ["packed", "record", "unpacked"]


def packed(text: str) -> bytes:
    """Give a text as it is stored."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 6)


def unpacked(content: bytes) -> str:
    """Give a stored text; the inverse of `packed`."""
    return zlib.decompress(content).decode("utf-8", "surrogatepass")


def record(
    connection: Connection,
    report: Report,
    audited: Iterable[Audited],
    *,
    command: str,
    recorded_at: str,
    fail_on: FailOn,
) -> int:
    """Write a run and give its number; captures are redacted once more at this edge, which changes nothing twice."""
    text = render(report, RenderOptions(fail_on=fail_on))
    worst = worst_finding(report)
    deployment = report.deployment or (None, None)
    run = _inserted(
        connection,
        RUNS,
        recorded_at=recorded_at,
        as_of=report.as_of,
        command=command,
        deployment=deployment[0],
        deployment_sha256=deployment[1],
        waivers_sha256=report.waivers.sha256 if report.waivers is not None else None,
        tool_version=report.tool_version,
        fail_on=fail_on.value,
        status=status(report, fail_on).value,
        exit_code=exit_code(report, fail_on),
        worst_finding=worst.value if worst is not None else None,
        report_sha256=hashlib.sha256(text.encode()).hexdigest(),
        report=packed(text),
    )
    _many(
        connection,
        BASELINES,
        [
            {"run": run, "position": number, "name": name, "sha256": sha256}
            for number, (name, sha256) in enumerate(report.baselines)
        ],
    )
    captures = {
        item.firewall: redact(platform(item.platform), item.capture) for item in audited if item.capture is not None
    }
    for position, firewall in enumerate(report.firewalls):
        _firewall(connection, run, position, firewall, fail_on, captures.get(firewall.name))
    return run


def _firewall(  # noqa: PLR0917 - the parts of a firewall's record
    connection: Connection, run: int, position: int, firewall: FirewallReport, fail_on: FailOn, capture: Capture | None
) -> None:
    number = _inserted(
        connection,
        FIREWALLS,
        run=run,
        position=position,
        name=firewall.name,
        context=firewall.context,
        platform=firewall.platform,
        status=firewall_status(firewall, fail_on).value,
        error=firewall.error.kind.value if firewall.error is not None else None,
        hostname=firewall.hostname,
        version=firewall.version,
    )
    _many(
        connection,
        ROWS,
        [
            {
                "firewall": number,
                "position": place,
                "row": row.id,
                "verdict": row.verdict.value,
                "confidence": row.confidence.value,
            }
            for place, row in enumerate(firewall.rows)
        ],
    )
    _many(
        connection,
        FINDINGS,
        [
            {"firewall": number, "position": place, **_finding(finding)}
            for place, finding in enumerate(firewall.findings)
        ],
    )
    if capture is not None:
        _documents(connection, number, capture)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding.id,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "title": finding.title,
        "size": str(finding.size),
        "hits": finding.hits.count if finding.hits is not None else None,
        "ticket": finding.waived.ticket if finding.waived is not None else None,
        "waived_until": finding.waived.expires if finding.waived is not None else None,
    }


def _documents(connection: Connection, firewall: int, capture: Capture) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    rows = []
    for place, document in enumerate(capture.documents):
        sha256 = digest(document)
        known = dialect.insert(TEXTS).values(sha256=sha256, content=packed(document.text))
        connection.execute(known.on_conflict_do_nothing(index_elements=["sha256"]))
        rows.append(
            {
                "firewall": firewall,
                "position": place,
                "name": document.name,
                "command": document.command,
                "exit_status": document.exit_status,
                "stderr": packed(document.stderr),
                "sha256": sha256,
            }
        )
    _many(connection, DOCUMENTS, rows)


def _inserted(connection: Connection, table: Any, **values: Any) -> int:
    key = connection.execute(insert(table).values(_storable(values))).inserted_primary_key
    if key is None:
        raise RuntimeError("the database gave no number")
    return int(key[0])


def _many(connection: Connection, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), [_storable(row) for row in rows])


def _storable(values: dict[str, Any]) -> dict[str, Any]:
    """Spell out what a database's text cannot hold (NUL, lone surrogates); the report itself keeps it as it is."""
    return {key: visible(value) if isinstance(value, str) else value for key, value in values.items()}
