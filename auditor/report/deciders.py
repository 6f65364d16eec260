"""The lines that decide a row which only its replies close: its findings have them, for no packet of it meets them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from auditor.report.values import Finding, LineRole, RowVerdict

__all__ = ["with_deciders"]

_CLOSE = frozenset({LineRole.DENIES, LineRole.DEFAULT})


def with_deciders(rows: Iterable[RowVerdict], findings: Sequence[Finding]) -> tuple[RowVerdict, ...]:
    """Give the rows of one firewall; one whose replies are dropped is decided by what its findings say drops them."""
    return tuple(
        replace(
            row,
            decided_by=tuple(
                dict.fromkeys(
                    line for item in findings if row.id in item.rows for line in item.lines if line.role in _CLOSE
                )
            ),
        )
        if row.blocked_direction == "return" and not row.decided_by
        else row
        for row in rows
    )
