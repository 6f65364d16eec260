"""Ids of findings: one each, and the same again however the lines are numbered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from auditor.audit import audit
from auditor.deployment.load import load
from auditor.report.ids import distinct
from auditor.report.values import Finding, Kind
from parsers.model.capture import Capture, Document
from tests.auditor.sample_report import HTTP_LINE, finding

CASE = Path(__file__).resolve().parents[3] / "fixtures" / "cisco_asa" / "permit-shadowed"
DEAD = "access-list OUTSIDE_IN extended permit tcp any host 192.0.2.10 eq ssh "


def _on(line: int | None, name: str = "unreachable-0123456789ab") -> Finding:
    return replace(finding(Kind.UNREACHABLE), id=name, lines=(replace(HTTP_LINE, line=line, end_line=line),))


def test_twins_are_counted_in_the_order_of_their_lines() -> None:
    """The one on the first line keeps the id, whatever the order of the report; others are left alone."""
    found = distinct((_on(50), _on(7), _on(9, "extra-1"), _on(None)))

    assert [item.id for item in found] == [
        "unreachable-0123456789ab-2",
        "unreachable-0123456789ab",
        "extra-1",
        "unreachable-0123456789ab-3",
    ]


def test_nothing_to_tell_apart() -> None:
    """Unique ids stay as they are."""
    given = (_on(1, "a"), _on(2, "b"))

    assert distinct(given) == given


def _ids(text: str) -> list[str]:
    deployment = load(CASE / "deployment.yaml")
    capture = Capture(documents=(Document(name="config.txt", text=text),))
    report = audit(capture, deployment, as_of="2026-01-01T00:00:00Z")
    return [item.id for item in report.firewalls[0].findings if item.kind is Kind.UNREACHABLE]


def test_two_dead_lines_that_say_the_same() -> None:
    """Each has an id of its own, which lines put in above both of them do not change."""
    text = (CASE / "config.txt").read_text("utf-8")
    assert text.count("OUTSIDE_IN extended permit") > 1
    first = text.index("access-list OUTSIDE_IN")
    last = text.index("access-group OUTSIDE_IN")
    doubled = f"{text[:last]}{DEAD}\n{DEAD}\n{text[last:]}"
    moved = f"{doubled[:first]}access-list OUTSIDE_IN remark moved\n{doubled[first:]}"
    ids = _ids(doubled)

    # The fixture's own dead line, and the two: they share all but the order.
    assert len(set(ids)) == 3
    assert len({name.removesuffix("-2") for name in ids}) == 2
    assert _ids(moved) == ids
