"""Stored reports put together: shards of one run become one report, several runs a course."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.errors import UsageError
from auditor.export.evidence import Trend
from auditor.report.merge import merge
from auditor.report.status import SEVERITIES
from auditor.report.values import Report

__all__ = ["course", "merged"]


def merged(reports: Sequence[tuple[str, Report]]) -> Report:
    """Give one report of several, each with its file's name: the firewalls of all, sorted, as of the latest.

    Raises UsageError where they were held against different sites, baselines or waivers, share a firewall, or are parts
    of a fleet of which one is missing or of another run.
    """
    first_name, first = reports[0]
    seen: dict[tuple[str, str], str] = {}
    for name, report in reports:
        for what, own, other in (
            ("deployment", report.deployment, first.deployment),
            ("baselines", report.baselines, first.baselines),
            ("version of st-audit", report.tool_version, first.tool_version),
            ("waivers", report.waivers and report.waivers.sha256, first.waivers and first.waivers.sha256),
        ):
            if own != other:
                raise UsageError(
                    f"this report is of another {what.removesuffix('s')} than {first_name}",
                    file=name,
                    hint="merge the reports of one run; name the others with --trend to show a course",
                )
        for firewall in report.firewalls:
            key = (firewall.name, firewall.context)
            if key in seen:
                raise UsageError(
                    f"the firewall {firewall.name} is in {seen[key]} too",
                    file=name,
                    hint="name each firewall's report once; name older runs with --trend",
                )
            seen[key] = name
    if len(reports) == 1:
        return first
    return merge([report for _, report in reports])


def course(reports: Sequence[Report]) -> tuple[Trend, ...]:
    """Give the course of runs, oldest first: their findings that no waiver accepts, by severity."""
    runs = []
    for report in sorted(reports, key=lambda item: item.as_of):
        findings = [finding for firewall in report.firewalls for finding in firewall.findings]
        standing = [finding for finding in findings if finding.waived is None]
        counts = tuple(
            (severity.value, sum(finding.severity is severity for finding in standing)) for severity in SEVERITIES
        )
        runs.append(Trend(as_of=report.as_of, findings=counts, waived=len(findings) - len(standing)))
    return tuple(runs)
