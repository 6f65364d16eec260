"""Two audits of a firewall held against each other by what they let through."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.drift.pairing import Group, pair, share
from auditor.drift.values import Change, ChangeKind, Drift, FirewallDrift, Part, RowChange, Standing
from auditor.engine.boxes import apart, arriving, cell_of, own
from auditor.engine.cells import Cell, intersect, size, subtract
from auditor.engine.cite import cell_boxes
from auditor.report.values import Confidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from auditor.report.values import Box, Finding, FirewallReport, Report, UnderstoodNot

__all__ = ["compare", "compare_firewalls", "compare_peers", "facts_of_runs"]


def compare(before: Report, after: Report) -> Drift:
    """Give what changed between two reports; their firewalls are matched by name and context.

    Raises UsageError for a report whose traffic is none (it was changed by hand).
    """
    earlier = {(item.name, item.context): item for item in before.firewalls}
    later = {(item.name, item.context): item for item in after.firewalls}
    facts = facts_of_runs(before, after)
    found = [
        compare_firewalls(earlier.get(key), item, before_as_of=before.as_of, after_as_of=after.as_of, facts=facts)
        for key, item in later.items()
    ]
    found += [
        compare_firewalls(item, None, before_as_of=before.as_of, after_as_of=after.as_of)
        for key, item in earlier.items()
        if key not in later
    ]
    return Drift(firewalls=tuple(found))


def compare_firewalls(
    before: FirewallReport | None,
    after: FirewallReport | None,
    *,
    before_as_of: str = "",
    after_as_of: str = "",
    facts: tuple[str, ...] = (),
) -> FirewallDrift:
    """Give what changed between two audits of one firewall; one of them may be absent.

    An audit that ended in an error saw nothing, so that nothing is compared with it.
    """
    known = after or before
    if known is None:
        raise ValueError("there is nothing to compare")
    standing, reason = _standing(before, after)
    if before is None or after is None or standing is not Standing.COMPARED:
        return FirewallDrift(
            name=known.name, context=known.context, standing=standing, reason=reason, before_as_of=before_as_of,
            after_as_of=after_as_of,
        )  # fmt: skip
    changes = [change for group in pair(before, after) if (change := _change(group)) is not None]
    return FirewallDrift(
        name=known.name,
        context=known.context,
        standing=standing,
        before_as_of=before_as_of,
        after_as_of=after_as_of,
        rows=tuple(_rows(before, after)),
        changes=tuple(changes),
        undecided=tuple(_undecided(before, after)),
        facts=(*facts, *_identity(before, after), *_basis(before, after)),
    )


def compare_peers(first: FirewallReport, second: FirewallReport, as_of: str = "") -> FirewallDrift:
    """Give how the second of two firewalls that should enforce the same differs from the first."""
    found = compare_firewalls(first, second, before_as_of=as_of, after_as_of=as_of)
    if found.standing is not Standing.COMPARED:
        return replace(found, name=f"{first.name} and {second.name}")
    # That two devices have two names and serial numbers is no difference.
    versions = (f"{first.name} runs {first.version}, {second.name} {second.version}",)
    return replace(
        found,
        name=f"{first.name} and {second.name}",
        undecided=(*_undecided(second, first), *found.undecided),
        facts=(*(versions if first.version != second.version else ()), *_basis(first, second)),
    )


def _standing(before: FirewallReport | None, after: FirewallReport | None) -> tuple[Standing, str]:
    if after is None:
        return Standing.NOT_SEEN, "the later run did not audit it"
    if after.error is not None:
        return Standing.NOT_ASSESSED, after.error.message
    if before is None:
        return Standing.FIRST_SEEN, "no earlier run audited it"
    if before.error is not None:
        return Standing.NOT_ASSESSED, f"in the earlier run: {before.error.message}"
    return Standing.COMPARED, ""


def facts_of_runs(before: Report, after: Report) -> tuple[str, ...]:
    """Give what the two runs were held against, where it differs."""
    out = []
    if before.deployment is not None and after.deployment is not None and before.deployment[1] != after.deployment[1]:
        out.append("the deployment file changed")
    if before.baselines != after.baselines:
        out.append("the baselines changed")
    if before.tool_version != after.tool_version:
        out.append(f"st-audit {before.tool_version} became {after.tool_version}")
    return tuple(out)


def _identity(before: FirewallReport, after: FirewallReport) -> list[str]:
    pairs = (
        ("version", before.version, after.version),
        ("serial number", before.serial, after.serial),
        ("host name", before.hostname, after.hostname),
        ("HA role", before.ha_role, after.ha_role),
    )
    return [f"{what} {old or 'unknown'} became {new or 'unknown'}" for what, old, new in pairs if old != new]


def _basis(before: FirewallReport, after: FirewallReport) -> Iterator[str]:
    """Give what the two audits rest on where it differs: the same verdict may mean something else then."""
    if before.platform != after.platform:
        yield f"platform {before.platform} became {after.platform}"
    old, new = ({side.name: ", ".join(side.members) for side in audit.sides} for audit in (before, after))
    for name in dict.fromkeys((*old, *new)):
        if name not in new:
            yield f"side {name} is no more"
        elif name not in old:
            yield f"side {name} is new: {new[name]}"
        elif old[name] != new[name]:
            yield f"side {name} was {old[name]}, is {new[name]}"
    missed, misses = (
        Counter((item.line.text, item.reason) for item in audit.coverage.not_understood) for audit in (before, after)
    )
    if gap := misses.total() - missed.total():
        yield f"{abs(gap)} {'more' if gap > 0 else 'fewer'} lines are not understood"
    elif missed != misses:
        yield "other lines are not understood than before"
    for words, fewer, more in (
        ("not assumed any more", after.assumptions, before.assumptions),
        ("assumed now", before.assumptions, after.assumptions),
    ):
        yield from (f"{words}: {text}" for text, why in more if (text, why) not in fewer)
    yield from (f"judged now: {text}" for text in before.not_judged if text not in after.not_judged)
    yield from (f"not judged any more: {text}" for text in after.not_judged if text not in before.not_judged)


def _undecided(before: FirewallReport, after: FirewallReport) -> Iterator[str]:
    """Give the lines that could change a row or the surplus, and that the audit before did not meet."""
    met = Counter(map(_blind, before.coverage.not_understood))
    for item in after.coverage.not_understood:
        if not item.blocks:
            continue
        if met[_blind(item)]:
            met[_blind(item)] -= 1
            continue
        where = f"line {item.line.line}, " if item.line.line is not None else ""
        yield f"{where}{item.line.text}: {item.reason}"


def _blind(item: UnderstoodNot) -> tuple[str, str, tuple[str, ...], bool]:
    return item.line.text, item.reason, item.affects, item.blocks


def _rows(before: FirewallReport, after: FirewallReport) -> Iterable[RowChange]:
    old = {row.id: (row.verdict, row.confidence is Confidence.POSSIBLE) for row in before.rows}
    new = {row.id: (row.verdict, row.confidence is Confidence.POSSIBLE) for row in after.rows}
    titles = {row.id: row.title for row in (*before.rows, *after.rows)}
    for name, title in titles.items():
        was, now = old.get(name, (None, False)), new.get(name, (None, False))
        if was != now:
            yield RowChange(
                id=name, title=title, before=was[0], after=now[0], before_possible=was[1], after_possible=now[1]
            )


def _change(group: Group) -> Change | None:
    """Give the change of a group, None where its traffic and what is said of it stayed the same."""
    added, removed = _parts(group.after, group.before, arriving), _parts(group.before, group.after, arriving)
    kind = _kind(group, grew=bool(added), shrank=bool(removed))
    if kind is None:
        # The same packets arrive; what a translation makes of them is traffic too.
        added, removed = _parts(group.after, group.before, own), _parts(group.before, group.after, own)
        if added or removed:
            kind = ChangeKind.RETRANSLATED
        elif _rejudged(group):
            kind = ChangeKind.REJUDGED
    if kind is None:
        return None
    return Change(kind=kind, before=group.before, after=group.after, added=added, removed=removed)


def _kind(group: Group, *, grew: bool, shrank: bool) -> ChangeKind | None:
    if not group.before:
        return ChangeKind.NEW
    if not group.after:
        return ChangeKind.GONE
    if grew and shrank:
        return ChangeKind.MOVED
    if grew:
        return ChangeKind.GROWN
    return ChangeKind.SHRUNK if shrank else None


def _parts(
    findings: Sequence[Finding], others: Iterable[Finding], view: Callable[[Iterable[Box]], list[Cell]]
) -> tuple[Part, ...]:
    """Give what of each finding lies in none of the others, cut once."""
    taken: list[Cell] = [cell for other in others for cell in view(other.traffic)]
    out = []
    for finding in findings:
        cells = view(finding.traffic)
        fresh = apart(subtract(cells, taken))
        taken += cells
        if fresh:
            boxes = cell_boxes(fresh) if view is own else tuple(_boxes(fresh, finding))
            out.append(Part(finding=finding, traffic=boxes, size=size(fresh)))
    return tuple(out)


def _boxes(cells: list[Cell], finding: Finding) -> Iterable[Box]:
    """Give cells of a finding's traffic as boxes, with the translated view where its boxes tell it."""
    if not any(box.translated for box in finding.traffic):
        yield from cell_boxes(cells)
        return
    rest = cells
    for box in finding.traffic:
        whole = cell_of(box)
        pieces, rest = intersect(rest, [whole]), subtract(rest, [whole])
        yield from (_translated(piece, box) for piece in cell_boxes(pieces))


def _translated(piece: Box, box: Box) -> Box:
    """Give a piece of a box the piece's part of the box's translated view, if that can be told field by field."""
    view = box.translated
    if view is None:
        return piece
    told: dict[str, Any] = {}
    for name in ("source", "destination", "protocol", "source_ports", "ports"):
        part, whole, translated = getattr(piece, name), getattr(box, name), getattr(view, name)
        if whole not in {part, translated}:
            return piece
        told[name] = translated if part == whole else part
    return replace(piece, translated=replace(view, **told))


def _rejudged(group: Group) -> bool:
    """Tell whether another word is said of some of the same traffic."""
    if Counter((_said(item), item.traffic) for item in group.before) == Counter(
        (_said(item), item.traffic) for item in group.after
    ):
        return False
    if {*map(_said, group.before)} != {*map(_said, group.after)}:
        return True
    return any(_said(item) != _said(old) and share(item, old) for item in group.after for old in group.before)


def _said(finding: Finding) -> tuple[str, ...]:
    waived = "waived" if finding.waived else ""
    return finding.kind.value, finding.severity.value, finding.confidence.value, waived
