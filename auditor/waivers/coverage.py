"""How much of a finding's traffic some waivers take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.engine.boxes import apart, cell_of
from auditor.engine.cells import Cell, intersect, subtract
from auditor.report.values import Box, Finding, FirewallReport
from auditor.waivers.values import WITHOUT_TRAFFIC, Waiver

__all__ = ["Accepting", "accepting", "concerns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A box as it arrives, and behind its translation where it has one."""

    arriving: Cell
    inside: Cell | None


def _sides(boxes: Iterable[Box]) -> list[_Side]:
    return [
        _Side(arriving=cell_of(box), inside=None if box.translated is None else cell_of(box.translated))
        for box in boxes
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """A waiver with its traffic as cells."""

    waiver: Waiver
    sides: tuple[_Side, ...]

    @property
    def cells(self) -> list[Cell]:
        """Give all that it accepts, as it arrives: disjoint cells."""
        return apart(side.arriving for side in self.sides)

    def takes(self, finding: Finding) -> list[Cell]:
        """Give what it accepts of a finding's traffic.

        An entry that names the hosts behind a translation accepts the traffic only as long as it reaches these.
        """
        return [
            common
            for part in _sides(finding.traffic)
            for side in self.sides
            if side.inside is None or not subtract([part.inside or part.arriving], [side.inside])
            for common in intersect([part.arriving], [side.arriving])
        ]


def accepting(waiver: Waiver) -> Accepting:
    """Give a waiver with its traffic as cells."""
    return Accepting(waiver=waiver, sides=tuple(_sides(waiver.traffic)))


def concerns(waiver: Waiver, firewall: FirewallReport, finding: Finding) -> bool:
    """Tell whether a waiver is for such a finding on that firewall, whatever its traffic."""
    if firewall.name not in waiver.firewalls or waiver.context not in {None, firewall.context}:
        return False
    if finding.kind not in waiver.kinds:
        return False
    if waiver.rows is not None and not (finding.rows and waiver.rows.issuperset(finding.rows)):
        return False
    if waiver.finding is not None:
        return finding.id == waiver.finding and finding.kind in WITHOUT_TRAFFIC
    return bool(finding.traffic)
