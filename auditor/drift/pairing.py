"""Which findings of two audits are about the same thing.

What is open beside the need is cut once, so that no packet lies in two findings of one firewall and one pair of sides;
it is paired by overlapping traffic, whatever lines and kinds it was cut by. What belongs to a row (missing, partial,
not assessable) is paired within the row. What belongs to a rule (unreachable, restricted) is paired by the rule's own
words, which renumbering leaves alone, and only then by traffic. What has no traffic is paired by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from auditor.engine.boxes import arriving
from auditor.engine.cells import Cell, intersect
from auditor.report.values import Finding, FirewallReport, Kind

__all__ = ["Group", "pair", "share"]

_OPEN = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.OVER_BROAD})
_CLOSED = frozenset({Kind.MISSING, Kind.PARTIAL})
_OF_RULES = frozenset({Kind.UNREACHABLE, Kind.RESTRICTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings of two audits that belong together; either side may be empty."""

    before: tuple[Finding, ...]
    after: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placed:
    finding: Finding
    key: Hashable
    cells: list[Cell]
    is_after: bool
    low: int = 0
    high: int = 0
    """The first and last address that the traffic goes to: most findings are told apart by these."""

    def overlaps(self, other: _Placed) -> bool:
        """Tell whether two findings, one of each audit, have a packet in common."""
        return (
            self.is_after is not other.is_after
            and self.low <= other.high
            and other.low <= self.high
            and bool(intersect(self.cells, other.cells))
        )


def pair(before: FirewallReport, after: FirewallReport) -> list[Group]:
    """Give the groups of findings in the order of the later audit, then those that only the earlier one has."""
    sides = _renamed(before, after)
    earlier = [_placed(finding, sides, is_after=False) for finding in before.findings]
    later = [_placed(finding, {}, is_after=True) for finding in after.findings]
    return [
        Group(
            before=tuple(item.finding for item in found if not item.is_after),
            after=tuple(item.finding for item in found if item.is_after),
        )
        for found in _joined(later + earlier)
    ]


def share(first: Finding, second: Finding) -> bool:
    """Tell whether two findings have a packet in common, or both have none at all."""
    cells, others = arriving(first.traffic), arriving(second.traffic)
    return bool(intersect(cells, others)) or not (cells or others)


def _placed(finding: Finding, sides: dict[str, str], *, is_after: bool) -> _Placed:
    between = tuple(sides.get(name or "", name) for name in (finding.source_side, finding.destination_side))
    cells = arriving(finding.traffic)
    kind = finding.kind
    key: Hashable
    if not cells:
        key = finding.id
    elif kind in _OPEN:
        key = ("open", between)
    elif kind in _CLOSED:
        key = ("closed", between, finding.rows)
    else:
        key = (kind, between, () if kind in _OF_RULES else finding.rows)
    ends = [end for cell in cells for end in (cell.destination.intervals[0][0], cell.destination.intervals[-1][1])]
    return _Placed(
        finding=finding, key=key, cells=cells, is_after=is_after, low=min(ends, default=0), high=max(ends, default=0)
    )


def _joined(items: list[_Placed]) -> list[list[_Placed]]:
    """Give the items group by group, in the order of each group's first."""
    by_key: dict[Hashable, list[_Placed]] = {}
    for item in items:
        by_key.setdefault(item.key, []).append(item)
    groups: list[list[_Placed]] = []
    for alike in by_key.values():
        if not alike[0].cells:
            groups += _one_to_one(alike, lambda _first, _second: 1)
        elif alike[0].finding.kind in _OF_RULES:
            groups += _by_rules(alike)
        else:
            groups += _connected(alike)
    place = {id(item): number for number, item in enumerate(items)}
    return sorted(groups, key=lambda group: min(place[id(item)] for item in group))


def _connected(items: list[_Placed]) -> list[list[_Placed]]:
    """Give the parts of the graph whose edges are overlaps between before and after."""
    groups: list[list[_Placed]] = []
    for item in items:
        touching = [group for group in groups if any(item.overlaps(other) for other in group)]
        if touching:
            groups = [group for group in groups if not any(group is other for other in touching)]
        groups.append([*(one for group in touching for one in group), item])
    return groups


def _by_rules(items: list[_Placed]) -> list[list[_Placed]]:
    same = _one_to_one(items, lambda first, second: int(first.finding.id == second.finding.id))
    alone = [group[0] for group in same if len(group) == 1]
    rest = _one_to_one(alone, lambda first, second: sum(cell.size for cell in intersect(first.cells, second.cells)))
    return [group for group in same if len(group) > 1] + rest


def _one_to_one(items: Sequence[_Placed], likeness: Callable[[_Placed, _Placed], int]) -> list[list[_Placed]]:
    """Pair each later finding with the earlier one that is most like it, best pairs first."""
    later = [item for item in items if item.is_after]
    earlier = [item for item in items if not item.is_after]
    scored = [
        (score, one, other)
        for one, first in enumerate(later)
        for other, second in enumerate(earlier)
        if (score := likeness(first, second)) > 0
    ]
    pairs: dict[int, int] = {}
    for _, one, other in sorted(scored, key=lambda item: (-item[0], item[1], item[2])):
        if one not in pairs and other not in pairs.values():
            pairs[one] = other
    groups = [[item, earlier[pairs[one]]] if one in pairs else [item] for one, item in enumerate(later)]
    return groups + [[item] for other, item in enumerate(earlier) if other not in pairs.values()]


def _renamed(before: FirewallReport, after: FirewallReport) -> dict[str, str]:
    """Give the new names of sides whose members stayed what they were, by their old names."""
    old = {side.name: side.members for side in before.sides}
    new = {side.name: side.members for side in after.sides}
    out: dict[str, str] = {}
    for name, members in old.items():
        if name in new or _often(members, old.values()) > 1:
            continue
        same = [other for other, found in new.items() if found == members and other not in old]
        if len(same) == 1:
            out[name] = same[0]
    return out


def _often(members: tuple[str, ...], among: Iterable[tuple[str, ...]]) -> int:
    return sum(members == other for other in among)
