"""Hit counts stand on the findings of the rule that they are of, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.report.hits import with_hits
from auditor.report.values import Finding, HitCount, Kind
from tests.auditor.sample_report import FILE, HTTP_LINE, IMPLICIT, finding


def found(kind: Kind = Kind.EXTRA) -> Finding:
    """Make a finding of line 41 without a count."""
    return replace(finding(kind), hits=None, lines=(HTTP_LINE, replace(HTTP_LINE, line=50, end_line=50)))


def hits(item: Finding, *counts: tuple[str, int, HitCount]) -> HitCount | None:
    """Give the count that a finding gets."""
    (after,) = with_hits((item,), counts)
    return after.hits


def test_own_rule() -> None:
    """The count is of the rule that owns the traffic, not of the further lines that a finding cites."""
    counts = ((FILE, 41, HitCount(count=7)), (FILE, 50, HitCount(count=900)))

    assert hits(found(), *counts) == HitCount(count=7)


def test_never_used() -> None:
    """A count of 0 is evidence; no count is none."""
    assert hits(found(), (FILE, 41, HitCount(count=0))) == HitCount(count=0)
    assert hits(found(), (FILE, 42, HitCount(count=3))) is None
    assert hits(found(), ("other.txt", 41, HitCount(count=3))) is None


def test_counts_of_one_line_add_up() -> None:
    """A line whose groups the device expands has many counts; the last match is the latest of them."""
    counts = (
        (FILE, 41, HitCount(count=7, last="2026-11-01T10:00:00Z")),
        (FILE, 41, HitCount(count=5)),
        (FILE, 41, HitCount(count=1, last="2026-11-03T10:00:00Z")),
    )

    assert hits(found(), *counts) == HitCount(count=13, last="2026-11-03T10:00:00Z")


@pytest.mark.parametrize("kind", [Kind.MISSING, Kind.PARTIAL, Kind.NOT_ASSESSABLE, Kind.NOTE])
def test_rows_have_no_count(kind: Kind) -> None:
    """What a row lacks is no rule's traffic: the count of a line that denies it would say nothing about it."""
    assert hits(found(kind), (FILE, 41, HitCount(count=7))) is None


def test_implicit_decision() -> None:
    """A decision without a line has no count."""
    assert hits(replace(found(), lines=(IMPLICIT,)), (FILE, 41, HitCount(count=7))) is None
