"""Tables for stdout: columns where there is room, else a block a row."""

from __future__ import annotations

import sys

import pytest

from auditor.cli.options import Common
from auditor.cli.tables import table
from tests.auditor.cli.test_output import Terminal

COMMON = Common(verbose=False, quiet=False, no_color=True, log_format="text")
HEADER = ("run", "as of", "name", "findings")
ROWS = [("12", "2026-11-24T13:26:36Z", "", "1 high, 1 medium"), ("11", "2026-11-23T13:26:36Z", "a", "none")]


def _table(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", str(columns))
    return table(HEADER, ROWS, COMMON, wide=("findings",))


def test_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is room each row is a line."""
    assert _table(monkeypatch, 60).splitlines() == [
        "run  as of                 name  findings",
        "12   2026-11-24T13:26:36Z        1 high, 1 medium",
        "11   2026-11-23T13:26:36Z  a     none",
    ]


def test_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a cell would be broken into letters each row is a block, without what it does not say."""
    assert _table(monkeypatch, 40).splitlines() == [
        "run       12",
        "as of     2026-11-24T13:26:36Z",
        "findings  1 high, 1 medium",
        "",
        "run       11",
        "as of     2026-11-23T13:26:36Z",
        "name      a",
        "findings  none",
    ]
