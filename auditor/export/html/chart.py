"""The course of stored runs: a stacked column of findings per run. Pure geometry; the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from auditor.export.evidence import Trend

__all__ = ["Chart", "Column", "Segment", "chart"]

_WIDTH: Final = 640
_HEIGHT: Final = 160
_LEFT: Final = 34
_MOST: Final = 40
"""Runs that fit; older ones are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One severity's part of a column."""

    severity: str
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One run."""

    as_of: str
    x: float
    width: float
    total: int
    waived: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The columns, the highest value of the scale, and what they say in words."""

    width: int
    height: int
    left: int
    top: int
    columns: tuple[Column, ...]
    words: str


def chart(runs: Sequence[Trend]) -> Chart | None:
    """Lay out the course of runs, oldest first; None for fewer than two, which have none."""
    if len(runs) < 2:
        return None
    shown = runs[-_MOST:]
    top = max(1, *(sum(count for _, count in run.findings) for run in shown))
    step = (_WIDTH - _LEFT) / len(shown)
    columns = []
    for index, run in enumerate(shown):
        segments = []
        base = float(_HEIGHT)
        for severity, count in reversed(run.findings):
            height = round(_HEIGHT * count / top, 2)
            base = round(base - height, 2)
            if count:
                segments.append(Segment(severity=severity, count=count, y=base, height=height))
        columns.append(
            Column(
                as_of=run.as_of,
                x=round(_LEFT + step * index + step * 0.15, 2),
                width=round(min(step * 0.7, 48), 2),
                total=sum(count for _, count in run.findings),
                waived=run.waived,
                segments=tuple(segments),
            )
        )
    words = "; ".join(f"{column.as_of[:10]}: {column.total}" for column in columns)
    return Chart(width=_WIDTH, height=_HEIGHT, left=_LEFT, top=top, columns=tuple(columns), words=words)
