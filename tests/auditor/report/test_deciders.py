"""A row that only its replies close names what drops them."""

from __future__ import annotations

from dataclasses import replace

from auditor.export.words import decision
from auditor.report.deciders import with_deciders
from auditor.report.values import Kind, Line, LineRole, RowVerdictKind
from tests.auditor.sample_report import HTTP_LINE, IMPLICIT, finding, row

DROPS = Line(file="f", line=50, end_line=50, text="deny ip any any", role=LineRole.DENIES)
CLOSED = replace(row("6", RowVerdictKind.MISSING), blocked_direction="return", decided_by=())


def test_what_drops_the_replies() -> None:
    """The denials of the row's own findings decide it, not what permits the first packet, nor other rows' lines."""
    own = replace(finding(Kind.MISSING), rows=("6",), lines=(DROPS, IMPLICIT, HTTP_LINE))
    other = replace(finding(Kind.MISSING), rows=("7",), lines=(replace(DROPS, line=51),))
    (after,) = with_deciders((CLOSED,), (own, other))

    assert after.decided_by == (DROPS, IMPLICIT)
    assert decision(after, with_file=False) == "the reply is blocked: line 50, implicit deny"
    assert decision(CLOSED, with_file=False) == "the reply is blocked"


def test_rows_that_are_decided_stay() -> None:
    """A row with lines of its own, or that nothing closes, is left alone."""
    rows = (row("5"), row("6", RowVerdictKind.MISSING))

    assert with_deciders(rows, (replace(finding(Kind.MISSING), rows=("5", "6")),)) == rows
