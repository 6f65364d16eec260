"""The moment of a run: only forms that everyone reads alike."""

from __future__ import annotations

import pytest
import time_machine

from auditor.cli.clock import moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2027-01-31", "2027-01-31"),
        ("2028-02-29", "2028-02-29"),
        ("2027-01-31T10:00Z", "2027-01-31T10:00:00Z"),
        ("2027-01-31T10:00:05Z", "2027-01-31T10:00:05Z"),
        ("2027-01-01T00:30:00+01:00", "2026-12-31T23:30:00Z"),
    ],
)
def test_accepted(text: str, expected: str) -> None:
    """Dates stay dates, date-times become UTC."""
    assert moment(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "2027/01/31", "31.01.2027", "01-02-2027", "2027-1-31", "2027-02-29", "2027-01-31T10:00", "today", "20270131"],
)
def test_refused(text: str) -> None:
    """What could be read in two ways, or is no date, is refused."""
    with pytest.raises(ValueError, match=r".+"):
        moment(text)


def test_clock() -> None:
    """Without a date the clock's UTC time counts."""
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        assert moment(None) == "2026-11-24T09:00:00Z"
