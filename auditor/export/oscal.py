"""OSCAL assessment-results (NIST), for governance tools: a result per firewall, a finding per row and difference.

Identifiers are UUIDs of version 5, made of what they identify, so that two runs name the same thing alike.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from auditor.export.escape import shortened, visible
from auditor.export.words import citations, decision, direction, gathered, listed, packet_text, place, row_traffic
from auditor.report.status import JUDGED, firewall_status
from auditor.report.values import Finding, FirewallReport, Kind, Report, RowVerdict, RowVerdictKind

if TYPE_CHECKING:
    from auditor.export.options import RenderOptions

__all__ = ["VERSION", "render"]

VERSION: Final = "1.1.3"
"""The version of OSCAL that is written."""
_NAMESPACE: Final = uuid.UUID("3b0d2c1e-6f0a-5f5e-9a57-7c0f5a6f9d11")
"""Ours alone: names within it are the parts of a report, joined by newlines."""
_NS: Final = "https://st-audit.example/ns/oscal"
_OF_A_ROW: Final = frozenset({Kind.MISSING, Kind.PARTIAL, Kind.NOT_ASSESSABLE})
_HARMLESS: Final = frozenset({Kind.NOTE, Kind.RESTRICTED})
_LIMIT: Final = 4000


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as OSCAL assessment-results in JSON, keys sorted."""
    deployment = report.deployment or ("", "")
    moment = _moment(report.as_of)
    resource = _uuid("deployment", *deployment)
    document = {
        "assessment-results": {
            "uuid": _uuid("assessment-results", report.as_of, *deployment, *(item.name for item in report.firewalls)),
            "metadata": {
                "title": _text(f"Firewall audit {deployment[0]}"),
                "last-modified": moment,
                "version": _text(report.as_of),
                "oscal-version": VERSION,
                "props": [_prop("tool", f"st-audit {report.tool_version}")],
            },
            "import-ap": {"href": f"#{resource}", "remarks": "The deployment and its baselines are the plan."},
            "results": [_result(report, firewall, options, moment) for firewall in report.firewalls]
            or [_empty(report, moment)],
            "back-matter": {
                "resources": [
                    {
                        "uuid": resource,
                        "title": _text(f"Deployment {deployment[0]}"),
                        "description": "Who is who around SecureTransport, and the baselines that apply.",
                        "props": [
                            _prop("sha256", deployment[1] or "none"),
                            *(_prop("baseline", f"{name} {digest}") for name, digest in report.baselines),
                        ],
                    }
                ]
            },
        }
    }
    return json.dumps(document, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def _empty(report: Report, moment: str) -> dict[str, Any]:
    return _frame(("empty", report.as_of), "Nothing audited", "The run had no firewall.", moment)


def _frame(name: tuple[str, ...], title: str, description: str, moment: str) -> dict[str, Any]:
    return {
        "uuid": _uuid("result", *name),
        "title": _text(title),
        "description": _text(description),
        "start": moment,
        "reviewed-controls": {
            "description": "Information flow enforcement and boundary protection, row by row of the baseline.",
            "control-selections": [{"include-controls": [{"control-id": "ac-4"}, {"control-id": "sc-7"}]}],
        },
    }


def _result(report: Report, firewall: FirewallReport, options: RenderOptions, moment: str) -> dict[str, Any]:
    name = f"{firewall.name} / {firewall.context}" if firewall.context else firewall.name
    came_to = firewall_status(firewall, options.fail_on).value
    error = firewall.error
    words = f"{came_to}: {error.kind.value}: {error.message}" if error else came_to
    result = _frame((name, report.as_of), f"Audit of {name}", words, moment)
    component = _uuid("component", name)
    result["props"] = [_prop("status", came_to)]
    result["local-definitions"] = {
        "components": [
            {
                "uuid": component,
                "type": "hardware",
                "title": _text(name),
                "description": _text(f"{firewall.platform} {firewall.model} {firewall.version}"),
                "props": [_prop(key, value) for key, value in _identity(firewall)],
                "status": {"state": "operational"},
            }
        ]
    }
    judged = [row for row in firewall.rows if row.verdict in JUDGED]
    covered = {row.id for row in judged if row.verdict is not RowVerdictKind.PRESENT}
    others = [item for item in firewall.findings if item.kind not in _OF_A_ROW or not covered.intersection(item.rows)]
    gaps = list(_gaps(firewall))
    observations = [_gap_observation(name, gap, component, moment) for gap in gaps]
    observations += [_row_observation(name, row, firewall, component, moment) for row in judged]
    observations += [_observation(name, finding, firewall, component, moment) for finding in others]
    findings = [_gap_finding(name, gap) for gap in gaps]
    findings += [_row_finding(name, row, firewall) for row in judged]
    findings += [_finding(name, finding) for finding in others if finding.kind not in _HARMLESS]
    risks = [_risk(name, finding) for finding in firewall.findings if finding.kind not in _HARMLESS]
    # The schema wants no empty lists.
    result |= {
        key: value for key, value in (("observations", observations), ("findings", findings), ("risks", risks)) if value
    }
    return result


def _identity(firewall: FirewallReport) -> Iterator[tuple[str, str]]:
    source = firewall.source
    facts = [("platform", firewall.platform), ("hostname", firewall.hostname), ("serial", firewall.serial)]
    facts += [("host-key", source.host_key or ""), ("collected", source.collected_at or "")] if source else []
    facts.append(("lines-not-understood", str(len(firewall.coverage.not_understood))))
    yield from ((key, value) for key, value in facts if value)


def _gaps(firewall: FirewallReport) -> Iterator[tuple[str, str, str]]:
    """Give what keeps the firewall from being assessed, beside its rows: a key, a title, and the whole of it."""
    if firewall.error is not None:
        yield "assessment", "Not assessed", f"{firewall.error.kind.value}: {firewall.error.message}"
    for number, item in enumerate(firewall.coverage.not_understood):
        if item.blocks:
            rows = f", could change row {', '.join(item.affects)}" if item.affects else ", could open more"
            yield f"line-{number}", "Not understood", f"{place(item.line)} {item.line.text} ({item.reason}{rows})"


def _gap_observation(name: str, gap: tuple[str, str, str], component: str, moment: str) -> dict[str, Any]:
    key, title, words = gap
    return {
        "uuid": _uuid("observation", name, "gap", key),
        "title": _text(title),
        "description": _text(words),
        "methods": ["TEST"],
        "types": ["control-objective"],
        "subjects": [{"subject-uuid": component, "type": "component"}],
        "collected": moment,
    }


def _gap_finding(name: str, gap: tuple[str, str, str]) -> dict[str, Any]:
    key, title, words = gap
    return {
        "uuid": _uuid("finding", name, "gap", key),
        "title": _text(title),
        "description": _text(words),
        "target": _target("assessment", satisfied=False, reason="not-assessable"),
        "related-observations": [{"observation-uuid": _uuid("observation", name, "gap", key)}],
    }


def _row_observation(
    name: str, row: RowVerdict, firewall: FirewallReport, component: str, moment: str
) -> dict[str, Any]:
    where = decision(row, with_file=True)
    text = f"{row_traffic(row)} is {row.verdict.value} ({row.confidence.value}). {where}"
    return {
        "uuid": _uuid("observation", name, "row", row.id),
        "title": _text(f"Row {row.id} {row.title}"),
        "description": _text(text),
        "methods": ["TEST"],
        "types": ["control-objective"],
        "subjects": [{"subject-uuid": component, "type": "component"}],
        "relevant-evidence": _evidence(firewall, [place(line) for line in row.decided_by]),
        "collected": moment,
        "props": [_prop("verdict", row.verdict.value), _prop("row", row.id)],
    }


def _observation(name: str, finding: Finding, firewall: FirewallReport, component: str, moment: str) -> dict[str, Any]:
    parts = [direction(finding), *listed(gathered(finding.traffic), 10)]
    parts += [packet_text(finding.witness)] if finding.witness else []
    parts += list(citations(finding, firewall.rows))
    return {
        "uuid": _uuid("observation", name, "finding", finding.id),
        "title": _text(finding.title),
        "description": _text("; ".join(part for part in parts if part) or finding.title),
        "methods": ["TEST"],
        "types": ["finding"],
        "subjects": [{"subject-uuid": component, "type": "component"}],
        "relevant-evidence": _evidence(firewall, [f"{place(line)} {line.text}" for line in finding.lines]),
        "collected": moment,
        "props": [_prop("kind", finding.kind.value), _prop("severity", finding.severity.value)],
    }


def _evidence(firewall: FirewallReport, lines: Iterable[str]) -> list[dict[str, Any]]:
    words = "; ".join(list(lines)[:20]) or "the whole configuration"
    evidence: dict[str, Any] = {"description": _text(words)}
    documents = firewall.source.documents if firewall.source else ()
    props = [_prop("sha256", f"{item.name} {item.sha256}") for item in documents]
    if props:
        evidence["props"] = props
    return [evidence]


def _row_finding(name: str, row: RowVerdict, firewall: FirewallReport) -> dict[str, Any]:
    good = row.verdict is RowVerdictKind.PRESENT
    mine = [item for item in firewall.findings if not good and item.kind in _OF_A_ROW and row.id in item.rows]
    finding = {
        "uuid": _uuid("finding", name, "row", row.id),
        "title": _text(f"Row {row.id} {row.title}"),
        "description": _text(f"{row_traffic(row)}: {row.verdict.value}"),
        "target": _target(f"row-{row.id}", satisfied=good, reason=row.verdict.value),
        "related-observations": [{"observation-uuid": _uuid("observation", name, "row", row.id)}],
        "props": [_prop("finding-id", item.id) for item in mine],
        "related-risks": [{"risk-uuid": _uuid("risk", name, item.id)} for item in mine],
    }
    return {key: value for key, value in finding.items() if value}


def _finding(name: str, finding: Finding) -> dict[str, Any]:
    return {
        "uuid": _uuid("finding", name, "finding", finding.id),
        "title": _text(finding.title),
        "description": _text(f"{finding.severity.value} {finding.kind.value}: {finding.title}"),
        "target": _target(f"nothing-{finding.kind.value}", satisfied=False, reason=finding.kind.value),
        "related-observations": [{"observation-uuid": _uuid("observation", name, "finding", finding.id)}],
        "related-risks": [{"risk-uuid": _uuid("risk", name, finding.id)}],
        "props": [_prop("finding-id", finding.id)],
    }


def _target(objective: str, *, satisfied: bool, reason: str) -> dict[str, Any]:
    return {
        "type": "objective-id",
        "target-id": _token(objective),
        "status": {
            "state": "satisfied" if satisfied else "not-satisfied",
            "reason": "pass" if satisfied else "fail" if reason != "not-assessable" else "other",
            "remarks": reason,
        },
    }


def _risk(name: str, finding: Finding) -> dict[str, Any]:
    waived = finding.waived
    risk: dict[str, Any] = {
        "uuid": _uuid("risk", name, finding.id),
        "title": _text(finding.title),
        "description": _text(f"{finding.severity.value} {finding.kind.value}: {finding.title}"),
        "statement": _text(finding.title),
        "status": "open" if waived is None else "deviation-approved",
        "props": [_prop("severity", finding.severity.value), _prop("finding-id", finding.id)],
    }
    if finding.remedy:
        risk["remediations"] = [
            {
                "uuid": _uuid("remedy", name, finding.id),
                "lifecycle": "recommendation",
                "title": "Remedy",
                "description": _text(finding.remedy),
            }
        ]
    if waived is not None:
        # A waiver holds to the end of its last day (UTC).
        risk["deadline"] = waived.expires if "T" in waived.expires else f"{waived.expires}T23:59:59Z"
        risk["props"] += [
            _prop(key, value)
            for key, value in (
                ("waiver-owner", waived.owner),
                ("waiver-approver", waived.approver),
                ("ticket", waived.ticket),
            )
            if value
        ]
        risk["statement"] = _text(waived.reason)
    return risk


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\n".join(parts).encode("utf-8", "backslashreplace").decode()))


def _moment(text: str) -> str:
    """Give a date or date-time as OSCAL wants it: with time and zone."""
    return text if "T" in text else f"{text}T00:00:00Z"


def _text(text: str) -> str:
    return visible(shortened(text, _LIMIT)).strip() or "(empty)"


def _token(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)[:200]


def _prop(name: str, value: str) -> dict[str, str]:
    return {"name": name, "ns": _NS, "value": _text(value)}
