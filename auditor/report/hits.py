"""Evidence of use: the device's own counts, on the findings whose rule they are of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditor.report.values import Finding, HitCount, Kind

__all__ = ["with_hits"]

_OF_A_RULE = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.OVER_BROAD, Kind.UNREACHABLE, Kind.RESTRICTED})
"""Kinds whose first line is the one rule that the finding is about."""


def with_hits(findings: Iterable[Finding], counts: Iterable[tuple[str, int, HitCount]]) -> tuple[Finding, ...]:
    """Give the findings with the count of their own rule, where the device gave one by document and line.

    The rule's count is of all its traffic, of which the finding may be a part: 0 says that the finding's was never
    used (since the counters were last cleared), more says only that the rule was.
    """
    known: dict[tuple[str, int], HitCount] = {}
    for file, line, count in counts:
        known[file, line] = _sum(known.get((file, line)), count)
    return tuple(_counted(finding, known) for finding in findings) if known else tuple(findings)


def _counted(finding: Finding, known: dict[tuple[str, int], HitCount]) -> Finding:
    if finding.kind not in _OF_A_RULE or not finding.lines or finding.lines[0].line is None:
        return finding
    found = known.get((finding.lines[0].file, finding.lines[0].line))
    return finding if found is None else replace(finding, hits=found)


def _sum(first: HitCount | None, second: HitCount) -> HitCount:
    if first is None:
        return second
    moments = [item.last for item in (first, second) if item.last is not None]
    return HitCount(count=first.count + second.count, last=max(moments, default=None))
