"""The JSON report, version 1: the contract with programs, byte-identical for identical input and time.

This module owns the wire format; the values may be rearranged without it. Keys are sorted, text is ASCII (everything
else escaped), so that no terminal, mail or pipeline changes a byte. `schema()` describes it.
"""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any

from auditor.export.words import icmp_types
from auditor.report.status import exit_code, firewall_status, status, worst_finding
from auditor.report.values import RowVerdictKind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.export.options import RenderOptions
    from auditor.report.values import (
        Box,
        Coverage,
        Finding,
        FirewallReport,
        Line,
        PacketView,
        PathRow,
        Report,
        RowVerdict,
        Source,
        WaiverUse,
    )

__all__ = ["SCHEMA", "document", "render", "schema"]

SCHEMA = "st-audit/report/1"


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as JSON text that ends in a newline."""
    return json.dumps(document(report, options), sort_keys=True, indent=2, ensure_ascii=True) + "\n"


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of the report; it allows further keys, since version 1 may grow."""
    text = importlib.resources.files("auditor.export").joinpath("report.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def document(report: Report, options: RenderOptions) -> dict[str, Any]:
    """Give the report as JSON values."""
    worst = worst_finding(report)
    # Only a part says so: whatever is whole is the same report, however it was put together.
    part = {"part": report.part} if report.part else {}
    return part | {
        "schema": SCHEMA,
        "as_of": report.as_of,
        "tool": {"name": "st-audit", "version": report.tool_version},
        "baseline": [{"id": name, "sha256": digest} for name, digest in report.baselines],
        "deployment": report.deployment and {"name": report.deployment[0], "sha256": report.deployment[1]},
        "status": status(report, options.fail_on).value,
        "exit_code": exit_code(report, options.fail_on),
        "fail_on": options.fail_on.value,
        "worst_finding": worst and worst.value,
        "summary": _summary(report.firewalls),
        "waivers": report.waivers and _waivers(report.waivers),
        "rows": [_path_row(row) for row in report.rows],
        "firewalls": [_firewall(firewall, options) for firewall in report.firewalls],
    }


def _summary(firewalls: Iterable[FirewallReport]) -> dict[str, Any]:
    rows = {verdict.value: 0 for verdict in RowVerdictKind}
    findings = {severity.value: 0 for severity in Severity}
    waived = 0
    for firewall in firewalls:
        for row in firewall.rows:
            rows[row.verdict.value] += 1
        for finding in firewall.findings:
            if finding.waived is None:
                findings[finding.severity.value] += 1
            else:
                waived += 1
    return {"rows": rows, "findings": findings, "waived": waived}


def _waivers(use: WaiverUse) -> dict[str, Any]:
    return {
        "sha256": use.sha256,
        "warnings": [
            {
                "kind": item.kind.value,
                "waiver": item.waiver,
                "line": item.line,
                "firewall": item.firewall,
                "text": item.text,
                "traffic": boxes(item.traffic),
                "size": str(item.size),
            }
            for item in use.warnings
        ],
    }


def _path_row(row: PathRow) -> dict[str, Any]:
    hops = [{"firewall": hop.firewall, "verdict": hop.verdict} for hop in row.hops]
    return {"id": row.id, "title": row.title, "verdict": row.verdict, "hops": hops}


def _firewall(firewall: FirewallReport, options: RenderOptions) -> dict[str, Any]:
    error = firewall.error
    return {
        "name": firewall.name,
        "platform": firewall.platform,
        "context": firewall.context,
        "status": firewall_status(firewall, options.fail_on).value,
        "error": error and {"kind": error.kind.value, "message": error.message, "hint": error.hint},
        "device": {
            "hostname": firewall.hostname,
            "model": firewall.model,
            "version": firewall.version,
            "serial": firewall.serial,
            "ha_role": firewall.ha_role,
        },
        "source": firewall.source and _source(firewall.source),
        "sides": [{"name": side.name, "members": list(side.members)} for side in firewall.sides],
        "assumptions": [{"text": text, "why": why} for text, why in firewall.assumptions],
        "not_judged": list(firewall.not_judged),
        "coverage": _coverage(firewall.coverage),
        "rows": [_row(row) for row in firewall.rows],
        "findings": [_finding(finding) for finding in firewall.findings],
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "kind": source.kind,
        "address": source.address,
        "collected_at": source.collected_at,
        "host_key": source.host_key,
        "commands": list(source.commands),
        "documents": [
            {"name": item.name, "command": item.command, "sha256": item.sha256, "lines": item.lines}
            for item in source.documents
        ],
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "lines": coverage.lines,
        "modelled": coverage.modelled,
        "irrelevant": coverage.irrelevant,
        "not_understood": [
            {**line(item.line), "reason": item.reason, "affects": list(item.affects), "blocks": item.blocks}
            for item in coverage.not_understood
        ],
    }


def _row(row: RowVerdict) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "source": row.source,
        "destination": row.destination,
        "protocol": row.protocol,
        "ports": row.ports,
        "verdict": row.verdict.value,
        "confidence": row.confidence.value,
        "because": row.because,
        "blocked_direction": row.blocked_direction,
        "cuts": [
            {"from": cut.source_side, "to": cut.destination_side, "verdict": cut.verdict.value} for cut in row.cuts
        ],
        "decided_by": [line(item) for item in row.decided_by],
        "witness": row.witness and packet(row.witness),
        "citation": row.citation,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    hits, waived = finding.hits, finding.waived
    return {
        "id": finding.id,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "rows": list(finding.rows),
        "from": finding.source_side,
        "to": finding.destination_side,
        "title": finding.title,
        "lines": [line(item) for item in finding.lines],
        "traffic": boxes(finding.traffic),
        "size": str(finding.size),
        "witness": finding.witness and packet(finding.witness),
        "hits": hits and {"count": hits.count, "last": hits.last},
        "waived": waived
        and {
            "reason": waived.reason,
            "owner": waived.owner,
            "approver": waived.approver,
            "ticket": waived.ticket,
            "expires": waived.expires,
        },
        "remedy": None if finding.remedy is None else {"text": finding.remedy},
    }


def line(cited: Line) -> dict[str, Any]:
    """Give a cited line (LINE of the contract)."""
    return {
        "file": cited.file,
        "line": cited.line,
        "end_line": cited.end_line,
        "text": cited.text,
        "role": cited.role.value,
    }


def boxes(traffic: Iterable[Box]) -> list[dict[str, Any]]:
    """Give traffic as BOXes; for ICMP `type` and `code` stand in the place of the ports."""
    return [values for item in traffic for values in _boxes(item)]


def _boxes(traffic: Box) -> Iterator[dict[str, Any]]:
    common = {"source": traffic.source, "destination": traffic.destination, "protocol": traffic.protocol}
    other = traffic.translated
    if not traffic.icmp:
        ports = {"source_ports": traffic.source_ports, "ports": traffic.ports}
        yield common | ports | {"translated": other and next(_boxes(other))}
        return
    for kind, code in icmp_types(traffic.ports):
        # No translation changes type or code.
        view = other and {"source": other.source, "destination": other.destination, "protocol": other.protocol}
        types = {"type": kind, "code": code}
        yield common | types | {"translated": view and view | types | {"translated": None}}


def packet(view: PacketView) -> dict[str, Any]:
    """Give one packet (PACKET); for ICMP `type` and `code` stand in the place of the ports."""
    common = {
        "source": view.source,
        "destination": view.destination,
        "protocol": view.protocol,
        "translated": view.translated and packet(view.translated),
    }
    if view.icmp_type is not None:
        return {**common, "type": view.icmp_type, "code": view.icmp_code}
    return {**common, "source_port": view.source_port, "destination_port": view.destination_port}
