"""Ids that are unique within a report: what says the same on several lines is counted in the order of the lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from auditor.report.values import Finding

__all__ = ["distinct"]


def distinct(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Give the findings of one firewall with unique ids; the first of those that shared one keeps it.

    Twins are told apart by which comes first, never by a line's number: `extra-0123456789ab`, `extra-0123456789ab-2`.
    """
    found = tuple(findings)
    counts = Counter(item.id for item in found)
    if len(counts) == len(found):
        return found
    twins = sorted((item for item in found if counts[item.id] > 1), key=_place)
    seen: Counter[str] = Counter()
    names: dict[int, str] = {}
    for item in twins:
        seen[item.id] += 1
        if seen[item.id] > 1:
            names[id(item)] = f"{item.id}-{seen[item.id]}"
    return tuple(replace(item, id=names[id(item)]) if id(item) in names else item for item in found)


def _place(finding: Finding) -> tuple[str, float, str]:
    """Give where a finding's own line stands; without a line, what it is about."""
    first = finding.lines[0] if finding.lines else None
    if first is None or first.line is None:
        return (first.file if first is not None else "", float("inf"), f"{finding.lines}{finding.traffic}")
    return (first.file, first.line, f"{finding.traffic}")
