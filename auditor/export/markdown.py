"""Markdown for a ticket: status, what is wrong, the findings with their lines; untrusted text cannot act as markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.export.escape import markdown, shortened, visible
from auditor.export.words import (
    citations,
    counted,
    direction,
    gathered,
    listed,
    packet_text,
    place,
    row_traffic,
    source_text,
    use_text,
    waived_text,
    warning_text,
)
from auditor.report.status import JUDGED, SEVERITIES, exit_code, firewall_status, status
from auditor.report.values import Confidence, Finding, FirewallReport, Report

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.export.options import RenderOptions
    from auditor.report.values import Line

__all__ = ["render"]

_LIMIT = 2_000
_BOXES = 12


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as Markdown (CommonMark with tables)."""
    return "\n".join(_report(report, options)) + "\n"


def _report(report: Report, options: RenderOptions) -> Iterator[str]:
    came_to, code = status(report, options.fail_on), exit_code(report, options.fail_on)
    yield f"# Firewall audit: {came_to.value}"
    yield ""
    baselines = ", ".join(_words(name) for name, _ in report.baselines)
    deployment = f", deployment {_words(report.deployment[0])}" if report.deployment else ""
    tool = f"st-audit {_words(report.tool_version)}"
    yield f"{tool}, {baselines}{deployment}, as of {_words(report.as_of)}, exit code {code}."
    if len(report.firewalls) > 1 and report.rows:
        yield from _table(
            ("row", "title", "end to end", "hops"),
            (
                (row.id, row.title, row.verdict, ", ".join(f"{hop.firewall}: {hop.verdict}" for hop in row.hops))
                for row in report.rows
            ),
        )
    for firewall in report.firewalls:
        yield from _firewall(firewall, options)
    if report.waivers is not None and report.waivers.warnings:
        yield from ("", "## Waivers", "")
        yield from (f"- {_words(warning_text(warning))}" for warning in report.waivers.warnings)


def _firewall(firewall: FirewallReport, options: RenderOptions) -> Iterator[str]:
    name = f"{firewall.name} / {firewall.context}" if firewall.context else firewall.name
    yield ""
    yield f"## {_words(name)}: {firewall_status(firewall, options.fail_on).value}"
    yield ""
    product = f"{firewall.model} {firewall.version}".strip()
    identity = [firewall.hostname, firewall.platform, product, source_text(firewall)]
    yield ", ".join(_words(part) for part in identity if part) + "."
    if firewall.error is not None:
        yield ""
        yield f"**Not assessed:** {_words(firewall.error.message)} {_words(firewall.error.hint)}".rstrip()
    judged = [row for row in firewall.rows if row.verdict in JUDGED]
    if judged:
        yield from _table(
            ("row", "title", "traffic", "verdict", "decided by"),
            (
                (
                    row.id,
                    row.title,
                    row_traffic(row),
                    row.verdict.value + (" (possible)" if row.confidence is Confidence.POSSIBLE else ""),
                    ", ".join(line.text if line.line is None else place(line) for line in row.decided_by)
                    or row.because,
                )
                for row in judged
            ),
        )
    for finding in sorted(firewall.findings, key=lambda item: SEVERITIES.index(item.severity)):
        yield from _finding(firewall, finding)
    yield from _remainder(firewall)


def _finding(firewall: FirewallReport, finding: Finding) -> Iterator[str]:
    waived = " (waived)" if finding.waived else ""
    yield ""
    yield f"### {finding.severity.value} {finding.kind.value}: {_words(finding.title)}{waived}"
    yield ""
    facts = [
        ("between", direction(finding)),
        ("rows", ", ".join(finding.rows)),
        ("confidence", finding.confidence.value),
        *(("traffic", text) for text in listed(gathered(finding.traffic), _BOXES)),
        ("packet", packet_text(finding.witness) if finding.witness else ""),
        ("hits", use_text(finding)),
        *(("source", text) for text in citations(finding, firewall.rows)),
        ("remedy", finding.remedy or ""),
        ("waived", waived_text(finding.waived) if finding.waived else ""),
        ("id", finding.id),
    ]
    yield from (f"- {label}: {_words(text)}" for label, text in facts if text)
    if finding.lines:
        yield ""
        yield from _fenced(f"{place(line)}: {line.text} ({line.role.value})" for line in finding.lines)


def _remainder(firewall: FirewallReport) -> Iterator[str]:
    coverage = firewall.coverage
    if coverage.lines:
        missed = coverage.not_understood
        yield ""
        yield (
            f"Coverage: {counted(coverage.lines, 'line')}, {coverage.modelled} modelled, "
            f"{coverage.irrelevant} irrelevant, {len(missed)} not understood."
        )
        if missed:
            yield ""
            yield from _fenced(f"{_located(item.line)} ({item.reason})" for item in missed)
    for title, texts in (
        ("Assumed", [f"{text} ({why})" if why else text for text, why in firewall.assumptions]),
        ("Not judged", list(firewall.not_judged)),
    ):
        if texts:
            yield ""
            yield f"{title}:"
            yield ""
            yield from (f"- {_words(text)}" for text in texts)


def _located(line: Line) -> str:
    return f"{place(line)}: {line.text}"


def _words(text: str) -> str:
    return markdown(shortened(text, _LIMIT))


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    yield from (f"| {' | '.join(_words(cell) for cell in row)} |" for row in rows)


def _fenced(texts: Iterable[str]) -> Iterator[str]:
    """Show lines as they stand, in a fence longer than any run of backticks in them."""
    lines = [visible(shortened(text, _LIMIT), keep="\n") for text in texts]
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence
    yield from lines
    yield fence
