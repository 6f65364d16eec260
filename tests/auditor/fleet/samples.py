"""Reports and outcomes of a fleet, made by hand."""

from __future__ import annotations

from dataclasses import replace

from auditor.export.evidence import Audited
from auditor.fleet.job import Outcome
from auditor.report.values import (
    Box,
    Finding,
    FirewallReport,
    Kind,
    Problem,
    ProblemKind,
    Report,
    Severity,
    Status,
    WaiverUse,
    WaiverWarning,
    WaiverWarningKind,
)
from tests.auditor import sample_report


def box(ports: str = "80") -> Box:
    """Make a box of traffic."""
    return Box(source="203.0.113.0/24", destination="192.0.2.10", protocol="tcp", source_ports="any", ports=ports)


def extra(ports: str = "80", severity: Severity = Severity.HIGH) -> Finding:
    """Make a finding whose traffic is told by its ports."""
    return replace(sample_report.finding(Kind.EXTRA, severity), id=f"extra-{ports}", traffic=(box(ports),), size=256)


def good(name: str, *findings: Finding) -> FirewallReport:
    """Make the audit of a firewall that could be assessed."""
    status = Status.FINDINGS if findings else Status.COMPLIANT
    return replace(sample_report.firewall(rows=(sample_report.row("5"),), findings=findings), name=name, status=status)


def bad(name: str, kind: ProblemKind = ProblemKind.UNREACHABLE) -> FirewallReport:
    """Make the audit of a firewall that could not."""
    return FirewallReport(
        name=name,
        platform="cisco_asa",
        status=Status.NOT_ASSESSABLE,
        error=Problem(kind=kind, message=f"{kind.value} it is", hint="look at it"),
    )


def report(*firewalls: FirewallReport, as_of: str = "2026-11-24T02:00:00Z") -> Report:
    """Make a run's report."""
    return replace(sample_report.report(*firewalls), as_of=as_of, rows=())


def with_warning(found: Report, kind: WaiverWarningKind, text: str) -> Report:
    """Give the report with a warning about a waiver."""
    warning = WaiverWarning(kind=kind, waiver="SEC-7", line=3, firewall="a", text=text)
    return replace(found, waivers=WaiverUse(sha256="0" * 64, warnings=(warning,)))


def outcomes(found: Report, seconds: float = 1.5) -> tuple[Outcome, ...]:
    """Give the outcomes that a report is of."""
    return tuple(
        Outcome(report=item, evidence=Audited(firewall=item.name, platform="cisco_asa"), attempts=2, seconds=seconds)
        for item in found.firewalls
    )
