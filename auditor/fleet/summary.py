"""A run in one line, for logs, mails and people who look in for a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from auditor.fleet.job import Outcome
from auditor.report.status import SEVERITIES, FailOn, firewall_status
from auditor.report.values import Report, Status

__all__ = ["fields", "line"]


def line(report: Report, outcomes: Sequence[Outcome], fail_on: FailOn, *, exit_code: int, seconds: float) -> str:
    """Give the run's summary: what became of the firewalls, the findings by severity, and the exit code."""
    found = Counter(firewall_status(item, fail_on) for item in report.firewalls)
    kinds = Counter(outcome.problem_kind.value for outcome in outcomes if outcome.problem_kind is not None)
    failed = found[Status.NOT_ASSESSABLE] + found[Status.ERROR]
    why = _counts({kind: kinds[kind] for kind in sorted(kinds)})
    parts = [
        f"{found[Status.COMPLIANT]} compliant" if found[Status.COMPLIANT] else "",
        f"{found[Status.FINDINGS]} with findings" if found[Status.FINDINGS] else "",
        f"{failed} not assessable{f' ({why})' if why else ''}" if failed else "",
        f"{found[Status.NOTHING_AUDITED]} with nothing to judge" if found[Status.NOTHING_AUDITED] else "",
    ]
    total = len(report.firewalls)
    head = f"{total} {'firewall' if total == 1 else 'firewalls'}"
    told = ", ".join(part for part in parts if part)
    severities = _counts(_findings(report))
    name = report.deployment[0] if report.deployment is not None else "fleet"
    text = f"{name}: {head}{f': {told}' if told else ''}; findings: {severities or 'none'}"
    return f"{text}; {seconds:.1f} s; exit code {exit_code}"


def fields(
    report: Report, outcomes: Sequence[Outcome], fail_on: FailOn, *, exit_code: int, seconds: float
) -> dict[str, Any]:
    """Give the same as values, for logs that machines read."""
    found = Counter(firewall_status(item, fail_on).value for item in report.firewalls)
    kinds = Counter(outcome.problem_kind.value for outcome in outcomes if outcome.problem_kind is not None)
    return {
        "event": "summary",
        "firewalls": len(report.firewalls),
        "status": dict(sorted(found.items())),
        "problems": dict(sorted(kinds.items())),
        "findings": _findings(report),
        "seconds": round(seconds, 3),
        "exit_code": exit_code,
    }


def _findings(report: Report) -> dict[str, int]:
    found = Counter(
        finding.severity for firewall in report.firewalls for finding in firewall.findings if finding.waived is None
    )
    return {severity.value: found[severity] for severity in SEVERITIES}


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)
