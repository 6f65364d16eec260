"""What is to be done about a finding: the line to change, and what it must still permit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.report.remedy import remedied
from auditor.report.values import Confidence, Finding, Kind, Line, LineRole, RowVerdictKind
from tests.auditor.sample_report import HTTP_LINE, IMPLICIT, finding, row

SERVING = replace(row("5"), decided_by=(HTTP_LINE,))
OFF = row("4", RowVerdictKind.NOT_REQUIRED)
LACKING = row("6", RowVerdictKind.MISSING)
DENY = Line(file="f", line=75, end_line=75, text="access-list A extended deny tcp any any", role=LineRole.DENIES)
POLICY = replace(DENY, text="type filter hook forward priority 0; policy drop;")


def _found(kind: Kind, *lines: Line, rows: tuple[str, ...] = (), sure: bool = True) -> Finding:
    confidence = Confidence.SURE if sure else Confidence.POSSIBLE
    return replace(finding(kind), lines=lines, rows=rows, remedy=None, confidence=confidence)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            _found(Kind.OVER_BROAD, HTTP_LINE, rows=("5",)),
            "narrow line 41 to what row 5 needs (internet → edge_vip tcp 443)",
        ),
        (
            _found(Kind.OVER_BROAD, IMPLICIT, rows=("5",)),
            "put rules ahead of the default that permit only what row 5 needs (internet → edge_vip tcp 443)",
        ),
        (
            _found(Kind.EXTRA, HTTP_LINE, rows=("4",)),
            (
                "narrow line 41, which row 5 needs for something else; "
                "if row 4 is in use after all, say so in the deployment"
            ),
        ),
        (
            _found(Kind.EXTRA, replace(HTTP_LINE, line=50, end_line=52), replace(DENY, role=LineRole.ALSO)),
            (
                "take lines 50-52 out, or narrow it if something that was not audited needs it; "
                "then line 75, which would open it next"
            ),
        ),
        (_found(Kind.FORBIDDEN, IMPLICIT), "deny it ahead of the default that permits it"),
        (
            _found(Kind.EXTRA, replace(HTTP_LINE, line=66, end_line=66), sure=False),
            "find out whether line 66 really lets this pass, and narrow it",
        ),
        (_found(Kind.MISSING, DENY, rows=("6",)), "permit internet → edge_vip tcp 443 before line 75"),
        (_found(Kind.PARTIAL, IMPLICIT, rows=("6",)), "permit internet → edge_vip tcp 443"),
        (_found(Kind.MISSING, POLICY, rows=("6",)), "permit internet → edge_vip tcp 443"),
        (
            _found(Kind.MISSING, replace(IMPLICIT, text="no route to the destination"), rows=("6",)),
            "give this firewall a route for internet → edge_vip tcp 443",
        ),
        (
            _found(Kind.MISSING, rows=("6",)),
            "publish edge_vip by a translation, or name the device that does under `published` in the deployment",
        ),
        (
            _found(Kind.UNREACHABLE, HTTP_LINE, replace(DENY, role=LineRole.SHADOWS)),
            "take line 41 out, or put it ahead of line 75 if it is meant to count",
        ),
        (_found(Kind.NOTE, HTTP_LINE), None),
        (_found(Kind.RESTRICTED, DENY), None),
    ],
)
def test_remedy(item: Finding, expected: str | None) -> None:
    """Each kind of finding has the remedy that its lines and rows allow; what is no fault has none."""
    (after,) = remedied((item,), (SERVING, OFF, LACKING))

    assert after.remedy == expected


def test_replies() -> None:
    """Where only the replies are dropped, a further permit of the connection is no remedy."""
    dropped = replace(LACKING, blocked_direction="return")
    (after,) = remedied((_found(Kind.MISSING, DENY, rows=("6",)),), (dropped,))

    assert after.remedy == "let the replies of internet → edge_vip tcp 443 pass, which line 75 drops"


def test_remedy_that_is_known_stays() -> None:
    """Who found it may know better."""
    (after,) = remedied((replace(_found(Kind.MISSING, DENY, rows=("6",)), remedy="do this"),), (LACKING,))

    assert after.remedy == "do this"
