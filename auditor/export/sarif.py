"""SARIF 2.1.0 (OASIS), for code scanning and whatever else takes it: a run per firewall, a result per finding.

Fingerprints are the finding's own id, which survives renumbering. A waived finding is suppressed, not left out. A
firewall that could not be assessed is an invocation that did not succeed, with the reason as a notification.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from auditor.export.escape import shortened, visible
from auditor.export.json import packet
from auditor.export.words import citations, direction, gathered, listed, packet_text
from auditor.report.severity import TABLE
from auditor.report.status import firewall_status
from auditor.report.values import Kind, RowVerdictKind, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.export.options import RenderOptions
    from auditor.report.values import Finding, FirewallReport, Line, Report

__all__ = ["render"]

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT: Final = "stAuditFinding/v1"
_LEVEL: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SCORE: Final = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.0",
    Severity.LOW: "2.0",
    Severity.INFO: "0.0",
}
"""`security-severity` as code scanning sorts by it; the words of `severity` are ours."""
_RULES: Final = {
    Kind.FORBIDDEN: "The firewall permits what the baseline prohibits.",
    Kind.EXTRA: "The firewall permits what nobody needs.",
    Kind.OVER_BROAD: "A rule permits more than the connections that need it.",
    Kind.MISSING: "The firewall blocks a connection that is required.",
    Kind.PARTIAL: "The firewall blocks part of a connection that is required.",
    Kind.NOT_ASSESSABLE: "Whether a required connection is permitted cannot be told.",
    Kind.UNREACHABLE: "A rule for these hosts can never match.",
    Kind.RESTRICTED: "A blocklist takes a small part of a required connection.",
    Kind.NOTE: "Something worth knowing.",
    Kind.MANAGEMENT: "The firewall's own management is weak.",
}
_KINDS: Final = tuple(Kind)


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as SARIF text, keys sorted."""
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [_run(report, firewall, options) for firewall in report.firewalls],
    }
    return json.dumps(log, sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def _run(report: Report, firewall: FirewallReport, options: RenderOptions) -> dict[str, Any]:
    name = f"{firewall.name}/{firewall.context}" if firewall.context else firewall.name
    came_to = firewall_status(firewall, options.fail_on)
    documents = {item.name: item.sha256 for item in firewall.source.documents} if firewall.source else {}
    return {
        "tool": {
            "driver": {
                "name": "st-audit",
                "version": report.tool_version,
                "semanticVersion": report.tool_version,
                "rules": [_rule(kind) for kind in _KINDS],
            }
        },
        "automationDetails": {"id": f"st-audit/{_name(name)}/"},
        "invocations": [
            {
                "executionSuccessful": came_to not in {Status.NOT_ASSESSABLE, Status.ERROR},
                "toolExecutionNotifications": list(_notifications(firewall)),
            }
        ],
        "artifacts": [
            {"location": {"uri": _uri(file)}, "hashes": {"sha-256": digest}} for file, digest in documents.items()
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(firewall, finding) for finding in firewall.findings],
        "properties": {"status": came_to.value, "platform": firewall.platform, "asOf": report.as_of},
    }


def _rule(kind: Kind) -> dict[str, Any]:
    usual = next(rule.severity for rule in reversed(TABLE) if kind in rule.kinds)
    return {
        "id": kind.value,
        "name": "".join(word.capitalize() for word in kind.value.split("-")),
        "shortDescription": {"text": _RULES[kind]},
        "defaultConfiguration": {"level": _LEVEL[usual]},
        "properties": {"security-severity": _SCORE[usual], "tags": ["security", "firewall"]},
    }


def _notifications(firewall: FirewallReport) -> Iterator[dict[str, Any]]:
    if firewall.error is not None:
        text = f"{firewall.error.kind.value}: {firewall.error.message}. {firewall.error.hint}".rstrip()
        yield {"level": "error", "message": {"text": _words(text)}}
    for row in firewall.rows:
        if row.verdict is RowVerdictKind.NOT_ASSESSABLE:
            text = f"row {row.id} {row.title} cannot be assessed. {row.because}".rstrip()
            yield {"level": "error", "message": {"text": _words(text)}}
    for item in firewall.coverage.not_understood:
        yield {
            "level": "error" if item.blocks else "warning",
            "message": {"text": _words(f"not understood: {item.reason}")},
            "locations": [_location(item.line)],
        }


def _result(firewall: FirewallReport, finding: Finding) -> dict[str, Any]:
    numbered = [line for line in finding.lines if line.line is not None]
    result: dict[str, Any] = {
        "ruleId": finding.kind.value,
        "ruleIndex": _KINDS.index(finding.kind),
        "level": _LEVEL[finding.severity],
        "kind": "fail" if finding.kind is not Kind.NOT_ASSESSABLE else "open",
        "message": {"text": _words(_message(firewall, finding))},
        "partialFingerprints": {_FINGERPRINT: _name(finding.id)},
        "locations": [_location(line) for line in numbered[:1]] or [_anywhere(firewall, finding)],
        "relatedLocations": [_location(line) | {"id": number} for number, line in enumerate(numbered[1:], start=1)],
        "properties": {
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "security-severity": _SCORE[finding.severity],
            "rows": [_name(row) for row in finding.rows],
            "from": finding.source_side and _name(finding.source_side),
            "to": finding.destination_side and _name(finding.destination_side),
            "size": str(finding.size),
            "witness": finding.witness and packet(finding.witness),
        },
    }
    if result["kind"] == "open":
        result["level"] = "none"  # SARIF 3.27.10: a result that is no failure has no level
    if finding.waived is not None:
        waived = finding.waived
        result["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": _words(
                    f"{waived.reason} ({waived.ticket}, {waived.approver}, until {waived.expires})"
                ),
            }
        ]
    return result


def _message(firewall: FirewallReport, finding: Finding) -> str:
    parts = [finding.title, direction(finding), *listed(gathered(finding.traffic), 5)]
    if finding.witness is not None:
        parts.append(f"packet: {packet_text(finding.witness)}")
    parts += [line.text for line in finding.lines if line.line is None]
    if finding.remedy:
        parts.append(f"remedy: {finding.remedy}")
    parts += citations(finding, firewall.rows)
    return "; ".join(part for part in parts if part)


def _location(line: Line) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(line.file)}}
    if line.line is not None:
        physical["region"] = {
            "startLine": line.line,
            "endLine": line.end_line or line.line,
            "snippet": {"text": visible(shortened(line.text, 10_000), keep="\n")},
        }
    return {"physicalLocation": physical, "message": {"text": line.role.value}}


def _anywhere(firewall: FirewallReport, finding: Finding) -> dict[str, Any]:
    """Give the whole file as a place: code scanning drops a result that has none, and no line decides this one."""
    documents = firewall.source.documents if firewall.source else ()
    name = finding.lines[0].file if finding.lines else documents[0].name if documents else "configuration"
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(name)}}}


def _uri(name: str) -> str:
    """Give a relative URI reference: code scanning refuses absolute ones, and a name must not act as a scheme."""
    return quote(_name(name).lstrip("/") or "configuration", safe="/._-")


def _name(text: str) -> str:
    return visible(shortened(text, 500))


def _words(text: str) -> str:
    return visible(shortened(text, 10_000))
