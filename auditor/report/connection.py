"""What the connection itself says about a firewall's management: algorithms that are broken, or near it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from auditor.report.severity import severity
from auditor.report.status import firewall_status
from auditor.report.values import Confidence, Finding, FirewallReport, Kind

__all__ = ["with_weak_algorithms"]


def with_weak_algorithms(report: FirewallReport, algorithms: Iterable[str]) -> FirewallReport:
    """Give the report with a finding of kind `management` for each weak SSH algorithm that had to be used."""
    found = tuple(
        Finding(
            id=f"{Kind.MANAGEMENT.value}-{hashlib.sha256(f'{report.name} ssh {name}'.encode()).hexdigest()[:12]}",
            kind=Kind.MANAGEMENT,
            severity=severity(Kind.MANAGEMENT),
            confidence=Confidence.SURE,
            title=f"The device's SSH server offers nothing better than {name}",
            remedy="let it offer current algorithms, then take `ssh: {legacy: true}` out of the deployment",
        )
        for name in algorithms
    )
    if not found:
        return report
    changed = replace(report, findings=(*report.findings, *found))
    return replace(changed, status=firewall_status(changed))
