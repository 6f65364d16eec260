"""Several firewalls in a row: what each hop is asked, and what a row comes to end to end (semantics: section 5, paths).

A firewall further on sees the senders as the hop before sends them: source translation on the way changes what it is
asked. Where a hop is not audited, what it sends is not known, and the row's own addresses are asked about.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.baseline.rows import Region, Requirement
from auditor.deployment.cuts import cuts, hops
from auditor.engine.cells import Cell, intersect, merge
from auditor.engine.question import BudgetError, Mode
from auditor.engine.survey import Survey, cells_of
from auditor.report.merge import path_verdict
from auditor.report.values import Hop, PathRow, RowVerdictKind
from parsers.model.services import PORTS, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.baseline.rows import ResolvedRow
    from auditor.deployment.site import Deployment, Question
    from auditor.report.values import FirewallReport
    from parsers.model.firewall import Firewall

__all__ = ["asked", "end_to_end", "sent"]

_WORK = 50_000_000
"""The work that following one row through one hop may take."""
_PASSES = frozenset({RowVerdictKind.PRESENT})
_BLOCKS = frozenset({RowVerdictKind.MISSING, RowVerdictKind.PARTIAL})


def sent(firewall: Firewall, question: Question, regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """Give regions as a firewall sends them on: sources after its translation, or unchanged where it has none."""
    survey = Survey.of(firewall, question, _WORK)
    try:
        crossing_cells = dict(survey.cuts(regions))
        asked_of: dict[str, list[Cell]] = {}
        for pair, cells in crossing_cells.items():
            asked_of.setdefault(pair.source, []).extend(survey.arrival(cell) for cell in cells)
        out: list[Cell] = []
        for crossing in survey.permitted(survey.walk(Mode.POSSIBLE), asked_of):
            for common in intersect([crossing.flow.own], crossing_cells.get(crossing.pair, [])):
                flow = survey.narrowed(crossing.flow, common)
                out.append(Cell(flow.current.source, flow.current.destination, flow.current.services))
    except BudgetError:
        return regions
    if not out or _same(out, regions):
        return regions
    return tuple(
        Region(source=cell.source, destination=cell.destination, services=cell.services) for cell in merge(out)
    )


def _same(cells: list[Cell], regions: tuple[Region, ...]) -> bool:
    known = cells_of(regions)
    return all(any(cell.source <= other.source for other in known) for cell in cells)


def asked(
    deployment: Deployment, name: str, question: Question, others: Mapping[str, tuple[Firewall, Question]]
) -> Question:
    """Give a firewall's question with each row in the addresses that the hops before it send.

    `others` are the other firewalls of the run, with their own questions.
    """
    rows = tuple(
        _row(deployment, name, row, others) if cuts((*row.required, *row.allowed), question) else row
        for row in question.rows
    )
    return question if rows == question.rows else replace(question, rows=rows)


def _row(
    deployment: Deployment, name: str, row: ResolvedRow, others: Mapping[str, tuple[Firewall, Question]]
) -> ResolvedRow:
    if row.requirement not in {Requirement.REQUIRED, Requirement.ALLOWED}:
        return row
    options = row.alternatives or (row.required,)
    for path in hops(deployment, row):
        if name not in path:
            continue
        before = [others[hop] for hop in path[: path.index(name)] if hop in others]
        translated = tuple(_followed(before, option) for option in options)
        allowed = _followed(before, row.allowed)
        if translated == options and allowed == row.allowed:
            continue
        wide = [region for option in translated for region in option]
        if _takes_any(row.allowed):
            wide = [_any_source_port(region) for region in wide]
        note = f"asked in the addresses that {path[path.index(name) - 1]} sends"
        return replace(
            row,
            required=translated[0],
            alternatives=translated if row.alternatives else (),
            allowed=tuple(dict.fromkeys((*row.allowed, *allowed, *wide))),
            notes=row.notes if translated == options else (*row.notes, note),
        )
    return row


def _followed(before: Sequence[tuple[Firewall, Question]], regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """Give regions as the last of some firewalls in a row sends them."""
    for firewall, question in before:
        regions = sent(firewall, question, regions) if regions else regions
    return regions


def _takes_any(allowed: tuple[Region, ...]) -> bool:
    """Tell whether a row allows its clients whatever source port, and not only those that it asks for."""
    return any(box.source_ports == PORTS for region in allowed for box in region.services.boxes)


def _any_source_port(region: Region) -> Region:
    """Give a region with every source port: what a hop before lets pass need not be what this one may permit."""
    services = ServiceSet.of(*(replace(box, source_ports=PORTS) for box in region.services.boxes))
    return replace(region, services=services)


def end_to_end(
    deployment: Deployment, rows: Sequence[ResolvedRow], firewalls: Sequence[FirewallReport]
) -> tuple[PathRow, ...]:
    """Give every row over the deployment (whose `rows` they are): open where each firewall that it crosses passes it.

    Firewalls stand in the order of a declared path, else in the deployment's; a firewall of a path that is not in the
    run, or could not be assessed, leaves the row unknown.
    """
    reports = {report.name: report for report in firewalls}
    ids = dict.fromkeys(row.id for report in firewalls for row in report.rows)
    titles = {row.id: row.title for report in firewalls for row in report.rows}
    by_id = {row.id: row for row in rows}
    out = []
    for row_id in ids:
        row = by_id.get(row_id)
        paths = hops(deployment, row) if row is not None and deployment.paths else ()
        order = paths or ((*reports,),)
        seen: dict[str, Hop] = {}
        for path in order:
            for name in path:
                hop = _hop(reports.get(name), name, row_id, declared=bool(paths))
                if hop is not None:
                    seen.setdefault(name, hop)
        out.append(
            PathRow(
                id=row_id,
                title=titles[row_id],
                verdict=path_verdict(hop.verdict for hop in seen.values()),
                hops=tuple(seen.values()),
            )
        )
    return tuple(out)


def _hop(report: FirewallReport | None, name: str, row_id: str, *, declared: bool) -> Hop | None:
    if report is None:
        return Hop(firewall=name, verdict="unknown") if declared else None
    if report.error is not None:
        return Hop(firewall=name, verdict="unknown")
    found = next((row for row in report.rows if row.id == row_id), None)
    if found is None or found.verdict is RowVerdictKind.NOT_APPLICABLE:
        return Hop(firewall=name, verdict="not-applicable")
    if found.verdict in _PASSES:
        return Hop(firewall=name, verdict="open")
    if found.verdict in _BLOCKS:
        return Hop(firewall=name, verdict="blocked")
    if found.verdict is RowVerdictKind.NOT_REQUIRED:
        return Hop(firewall=name, verdict="not-required")
    return Hop(firewall=name, verdict="unknown")
