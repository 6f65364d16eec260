"""OCSF compliance findings (class 2003), for SIEM and data lakes: an event per judged row and per other finding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from auditor.export.escape import shortened, visible
from auditor.export.json import boxes, line, packet
from auditor.export.words import citations, decision, gathered, listed, packet_text, place, row_traffic
from auditor.report.status import JUDGED, firewall_status
from auditor.report.values import Finding, FirewallReport, Kind, Report, RowVerdict, RowVerdictKind, Severity, Status

if TYPE_CHECKING:
    from auditor.export.options import RenderOptions
    from auditor.report.values import UnderstoodNot

__all__ = ["VERSION", "render"]

VERSION: Final = "1.5.0"
"""The version of the schema that is written."""
_SEVERITY: Final = {
    Severity.CRITICAL: (5, "Critical"),
    Severity.HIGH: (4, "High"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.LOW: (2, "Low"),
    Severity.INFO: (1, "Informational"),
}
_PASS: Final = (1, "Pass")
_WARNING: Final = (2, "Warning")
_FAIL: Final = (3, "Fail")
_OF_A_ROW: Final = frozenset({Kind.MISSING, Kind.PARTIAL, Kind.NOT_ASSESSABLE})
_HARMLESS: Final = frozenset({Kind.NOTE, Kind.RESTRICTED})
_LIMIT: Final = 4000
_TOLD: Final = 5
"""So many boxes and lines are told in a description; `unmapped` has them all."""


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as a JSON list of events, keys sorted."""
    events = [event for firewall in report.firewalls for event in _events(report, firewall, options)]
    return json.dumps(events, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def _events(report: Report, firewall: FirewallReport, options: RenderOptions) -> Iterator[dict[str, Any]]:
    frame = _frame(report, firewall, options)
    if firewall.error is not None:
        words = f"{firewall.error.kind.value}: {firewall.error.message}"
        yield frame | _judged(f"{firewall.name}/assessment", "The firewall could not be assessed", words,
                              _WARNING, Severity.MEDIUM, ("assessment", ()))  # fmt: skip
    elif firewall_status(firewall, options.fail_on) is Status.NOTHING_AUDITED:
        words = "the baseline has no row for this firewall"
        yield frame | _judged(f"{firewall.name}/assessment", "Nothing was audited", words,
                              _WARNING, Severity.INFO, ("assessment", ()))  # fmt: skip
    for number, item in enumerate(firewall.coverage.not_understood):
        if item.blocks:
            yield frame | _missed(firewall, item, number)
    told: set[str] = set()
    for row in firewall.rows:
        if row.verdict not in JUDGED:
            continue
        # A row that is present has nothing to say of such a finding: it speaks for itself then.
        good = row.verdict is RowVerdictKind.PRESENT
        mine = [item for item in firewall.findings if not good and item.kind in _OF_A_ROW and row.id in item.rows]
        told.update(item.id for item in mine)
        yield frame | _row(firewall, row, mine)
    for finding in firewall.findings:
        if finding.id not in told:
            yield frame | _finding(firewall, finding)


def _frame(report: Report, firewall: FirewallReport, options: RenderOptions) -> dict[str, Any]:
    name = f"{firewall.name}/{firewall.context}" if firewall.context else firewall.name
    came_to = firewall_status(firewall, options.fail_on).value
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200301,
        "type_name": "Compliance Finding: Create",
        "time": _time(report.as_of),
        "metadata": {
            "version": VERSION,
            "product": {"name": "st-audit", "vendor_name": "st-audit", "version": report.tool_version},
        },
        "resources": [
            {
                "uid": _words(firewall.serial or name),
                "name": _words(name),
                "type": "firewall",
                "labels": [_words(f"platform:{firewall.platform}"), f"status:{came_to}"],
            }
        ],
    }  # fmt: skip


def _missed(firewall: FirewallReport, item: UnderstoodNot, number: int) -> dict[str, Any]:
    """Give the event of what was not understood and could change a row or the surplus."""
    rows = f"could change {', '.join(f'row {name}' for name in item.affects)}" if item.affects else "could open more"
    words = f"{place(item.line)}: {item.line.text} ({item.reason}; {rows})"
    event = _judged(f"{firewall.name}/not-understood/{number}", "A line was not understood, so nobody can tell", words,
                    _WARNING, Severity.MEDIUM, ("coverage", ()))  # fmt: skip
    return event | {"unmapped": {"lines": [_line(item.line)], "rows": [_words(name) for name in item.affects]}}


def _row(firewall: FirewallReport, row: RowVerdict, findings: list[Finding]) -> dict[str, Any]:
    good = row.verdict is RowVerdictKind.PRESENT
    outcome = _PASS if good else _WARNING if row.verdict is RowVerdictKind.NOT_ASSESSABLE else _FAIL
    severity = min((item.severity for item in findings), key=list(Severity).index, default=Severity.INFO)
    title = f"Row {row.id} {row.title}: {row.verdict.value}"
    words = f"{row_traffic(row)}. {decision(row, with_file=True)}"
    sources = (row.citation,) if row.citation else ()
    event = _judged(f"{firewall.name}/row/{row.id}", title, words, outcome, severity, (f"row {row.id}", sources))
    unmapped: dict[str, Any] = {
        "verdict": row.verdict.value,
        "confidence": row.confidence.value,
        "lines": [_line(item) for item in row.decided_by],
        "findings": [_words(item.id) for item in findings],
    }
    return event | _remediation(findings) | _waived(findings) | {"unmapped": unmapped}


def _finding(firewall: FirewallReport, finding: Finding) -> dict[str, Any]:
    outcome = _PASS if finding.kind in _HARMLESS else _WARNING if finding.kind is Kind.NOT_ASSESSABLE else _FAIL
    control = ", ".join(f"row {name}" for name in finding.rows) or finding.kind.value
    sources = citations(finding, firewall.rows)
    between = f"{finding.kind.value} {finding.source_side} to {finding.destination_side}"
    cited = [line.text if line.line is None else place(line) for line in finding.lines]
    packets = [f"packet: {packet_text(finding.witness)}"] if finding.witness is not None else []
    about = [between if finding.source_side else finding.kind.value, *listed(gathered(finding.traffic), _TOLD)]
    words = "; ".join([*about, *packets, *listed(cited, _TOLD)])
    event = _judged(
        f"{firewall.name}/{finding.id}", finding.title, words, outcome, finding.severity, (control, sources)
    )
    unmapped = {
        "id": _words(finding.id),
        "kind": finding.kind.value,
        "confidence": finding.confidence.value,
        "lines": [_line(item) for item in finding.lines],
        "traffic": boxes(finding.traffic[:50]),
        "size": str(finding.size),
        "witness": finding.witness and packet(finding.witness),
    }
    return event | _remediation([finding]) | _waived([finding]) | {"unmapped": unmapped}


def _remediation(findings: Sequence[Finding]) -> dict[str, Any]:
    told = dict.fromkeys(finding.remedy for finding in findings if finding.remedy)
    return {"remediation": {"desc": _words("; ".join(told))}} if told else {}


def _judged(  # noqa: PLR0917 - the parts of an event
    uid: str, title: str, words: str, outcome: tuple[int, str], severity: Severity, about: tuple[str, tuple[str, ...]]
) -> dict[str, Any]:
    number, caption = _SEVERITY[severity]
    control, sources = about
    return {
        "severity_id": number,
        "severity": caption,
        "status_id": 1,
        "status": "New",
        "message": _words(title),
        "finding_info": {"uid": _words(uid), "title": _words(title), "desc": _words(words), "types": ["firewall"]},
        "compliance": {
            "control": _words(control),
            "standards": [_words(source) for source in sources] or ["st-audit"],
            "requirements": [_words(control)],
            "status_id": outcome[0],
            "status": outcome[1],
        },
    }


def _waived(findings: list[Finding]) -> dict[str, Any]:
    waivers = [item.waived for item in findings if item.waived is not None]
    if not findings or len(waivers) != len(findings):
        return {}
    waiver = waivers[0]
    text = f"{waiver.reason} ({waiver.ticket}, {waiver.approver}, until {waiver.expires})"
    return {"status_id": 3, "status": "Suppressed", "comment": _words(text)}


def _line(cited: Any) -> dict[str, Any]:
    values = line(cited)
    return values | {"file": _words(values["file"]), "text": _words(values["text"])}


def _time(as_of: str) -> int:
    moment = datetime.fromisoformat(as_of)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)


def _words(text: str) -> str:
    return visible(shortened(text, _LIMIT))
