"""The severity table: its cases by hand, that nothing falls through, and that the documentation prints the same."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from auditor.report.severity import TABLE, SeverityRule, severity
from auditor.report.values import Kind, Severity

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "severity.md"
FLAGS = list(itertools.product([False, True], repeat=3))


@pytest.mark.parametrize(
    ("kind", "internet", "cleartext", "any_port", "expected"),
    [
        (Kind.FORBIDDEN, False, False, False, Severity.CRITICAL),
        (Kind.FORBIDDEN, True, True, True, Severity.CRITICAL),
        (Kind.EXTRA, True, False, True, Severity.CRITICAL),
        (Kind.OVER_BROAD, True, False, True, Severity.CRITICAL),
        (Kind.EXTRA, True, True, False, Severity.HIGH),
        (Kind.EXTRA, True, False, False, Severity.MEDIUM),
        (Kind.EXTRA, False, True, False, Severity.MEDIUM),
        (Kind.EXTRA, False, False, True, Severity.MEDIUM),
        (Kind.OVER_BROAD, True, True, False, Severity.MEDIUM),
        (Kind.OVER_BROAD, False, False, True, Severity.MEDIUM),
        (Kind.MISSING, False, False, False, Severity.HIGH),
        (Kind.MISSING, True, True, True, Severity.HIGH),
        (Kind.PARTIAL, True, True, True, Severity.MEDIUM),
        (Kind.NOT_ASSESSABLE, True, True, True, Severity.MEDIUM),
        (Kind.UNREACHABLE, True, True, True, Severity.LOW),
        (Kind.MANAGEMENT, False, True, False, Severity.LOW),
        (Kind.RESTRICTED, True, True, True, Severity.INFO),
        (Kind.NOTE, False, False, False, Severity.INFO),
        (Kind.NOTE, True, False, False, Severity.LOW),
    ],
)
def test_cases(kind: Kind, internet: bool, cleartext: bool, any_port: bool, expected: Severity) -> None:
    """Each kind has the severity that the semantics give it."""
    assert severity(kind, from_internet=internet, cleartext_or_admin=cleartext, any_port=any_port) is expected


@pytest.mark.parametrize("kind", list(Kind))
def test_every_finding_has_a_severity(kind: Kind) -> None:
    """No kind of finding falls through the table, whatever its traffic."""
    for internet, cleartext, any_port in FLAGS:
        assert isinstance(
            severity(kind, from_internet=internet, cleartext_or_admin=cleartext, any_port=any_port), Severity
        )


@pytest.mark.parametrize("kind", list(Kind))
def test_more_exposure_is_never_less_severe(kind: Kind) -> None:
    """Coming from the Internet, cleartext and any port each leave the severity or raise it."""
    order = list(Severity)
    for low in FLAGS:
        for high in FLAGS:
            if all(a <= b for a, b in zip(low, high, strict=True)):
                before, after = (
                    order.index(severity(kind, from_internet=i, cleartext_or_admin=c, any_port=p))
                    for i, c, p in (low, high)
                )
                assert after <= before


def _cell(flag: bool | None) -> str:
    return {True: "yes", False: "no", None: ""}[flag]


def _line(rule: SeverityRule) -> tuple[str, ...]:
    kinds = ", ".join(kind.value for kind in Kind if kind in rule.kinds)
    flags = (rule.from_internet, rule.cleartext_or_admin, rule.any_port)
    return (kinds, *map(_cell, flags), rule.severity.value, rule.why)


def test_documentation_prints_the_table() -> None:
    """The table of docs/severity.md is the one in the code, line by line."""
    rows = [
        tuple(cell.strip() for cell in text.strip().strip("|").split("|"))
        for text in DOCUMENT.read_text("utf-8").splitlines()
        if text.startswith("|")
    ]

    assert rows[2:] == [_line(rule) for rule in TABLE]
