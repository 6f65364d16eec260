"""What to do about a finding, in a sentence: which line must say what else, or what the deployment must say.

Vendor-neutral, and never more than the audit knows: a line may serve what nobody audited.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from auditor.report.values import Confidence, Finding, Kind, Line, LineRole, RowVerdict, RowVerdictKind

__all__ = ["remedied"]

_DENIAL: Final = re.compile(r"\b(?:deny|drop|reject|discard|block)\b", re.IGNORECASE)
_CHAIN: Final = re.compile(r"\b(?:policy|hook)\b|^:")
"""A line that says what a whole chain does in the end, before which no rule can be put."""
_NO_ROUTE: Final = "no route to the destination"
_SPELT: Final = 3
"""So many rows are told with their traffic."""


def remedied(findings: Iterable[Finding], rows: Sequence[RowVerdict]) -> tuple[Finding, ...]:
    """Give the findings of one firewall, whose rows these are, each with its remedy where one can be told."""
    known = {row.id: row for row in rows}
    return tuple(
        item if item.remedy is not None else replace(item, remedy=_remedy(item, known) or None) for item in findings
    )


def _remedy(finding: Finding, rows: dict[str, RowVerdict]) -> str:
    match finding.kind:
        case Kind.OVER_BROAD | Kind.EXTRA | Kind.FORBIDDEN:
            return _closed(finding, rows)
        case Kind.MISSING | Kind.PARTIAL:
            return _opened(finding, rows)
        case Kind.NOT_ASSESSABLE:
            return _decided(finding)
        case Kind.UNREACHABLE:
            return _moved(finding)
        case _:
            return ""


def _closed(finding: Finding, rows: dict[str, RowVerdict]) -> str:
    """Say what becomes of the line that opens it, which lines would open it next, and the other way out."""
    own = next((line for line in finding.lines if line.role in {LineRole.PERMITS, LineRole.DEFAULT}), None)
    if own is None:
        return ""
    served = finding.rows if finding.kind is Kind.OVER_BROAD else _served(own, rows)
    name = _named([own])
    if finding.kind is Kind.OVER_BROAD and own.line is not None:
        head = f"narrow {name} to what {_needs(served, rows)}"
    elif own.line is None:
        head = f"put rules ahead of {name} that permit only what {_needs(served, rows)}" if served else ""
        head = head or f"deny it ahead of {name} that permits it"
    elif finding.confidence is Confidence.POSSIBLE:
        head = f"find out whether {name} really lets this pass, and narrow it"
    elif served:
        head = f"narrow {name}, which {_verbal(served)} for something else"
    else:
        head = f"take {name} out, or narrow it if something that was not audited needs it"
    also = [line for line in finding.lines if line.role is LineRole.ALSO]
    parts = [head, f"then {_named(also)}, which would open it next" if also else "", _wanted(finding, rows)]
    return "; ".join(part for part in parts if part)


def _needs(names: Sequence[str], rows: dict[str, RowVerdict]) -> str:
    told = "; ".join(_traffic(rows[name]) for name in names if name in rows)
    detail = f" ({told})" if told and len(names) <= _SPELT else ""
    return f"{_verbal(names)}{detail}"


def _verbal(names: Sequence[str]) -> str:
    word, verb = ("row", "needs") if len(names) == 1 else ("rows", "need")
    return f"{word} {', '.join(names)} {verb}"


def _served(own: Line, rows: dict[str, RowVerdict]) -> tuple[str, ...]:
    """Give the rows that a line serves, so that nobody takes it away whole."""
    return tuple(
        row.id
        for row in rows.values()
        if row.verdict in {RowVerdictKind.PRESENT, RowVerdictKind.PARTIAL}
        and any((line.file, line.line, line.text) == (own.file, own.line, own.text) for line in row.decided_by)
    )


def _wanted(finding: Finding, rows: dict[str, RowVerdict]) -> str:
    """Say the other way out: a service that is in use after all."""
    off = [name for name in finding.rows if name in rows and rows[name].verdict is RowVerdictKind.NOT_REQUIRED]
    if finding.kind is not Kind.EXTRA or not off:
        return ""
    return f"if row {', '.join(off)} is in use after all, say so in the deployment"


def _opened(finding: Finding, rows: dict[str, RowVerdict]) -> str:
    row = next((rows[name] for name in finding.rows if name in rows), None)
    what = _traffic(row) if row is not None else "this"
    if row is not None and row.blocked_direction == "return":
        drops = [line for line in finding.lines if line.role is LineRole.DENIES and line.line is not None]
        which = f", which {_named(drops)} drop{'' if len(drops) > 1 else 's'}" if drops else ""
        return f"let the replies of {what} pass{which}"
    if not finding.lines:
        where = row.destination if row is not None else "it"
        return f"publish {where} by a translation, or name the device that does under `published` in the deployment"
    if any(line.text == _NO_ROUTE for line in finding.lines):
        return f"give this firewall a route for {what}"
    denials = [line for line in finding.lines if line.role is LineRole.DENIES and line.line is not None]
    before = [line for line in denials if _DENIAL.search(line.text) and not _CHAIN.search(line.text.strip())]
    if before and len(before) == len(finding.lines):
        return f"permit {what} before {_named(before)}"
    return f"permit {what}"


def _decided(finding: Finding) -> str:
    if not any(line.line is not None for line in finding.lines):
        return ""
    return (
        f"make {_named(finding.lines)} unconditional, or say in the deployment (`accept`, `assume`) what its condition "
        "comes to, or waive it"
    )


def _moved(finding: Finding) -> str:
    own = [line for line in finding.lines if line.role is not LineRole.SHADOWS]
    shadows = [line for line in finding.lines if line.role is LineRole.SHADOWS and line.line is not None]
    if not own or own[0].line is None:
        return ""
    away = f"take {_named(own[:1])} out"
    return f"{away}, or put it ahead of {_named(shadows)} if it is meant to count" if shadows else away


def _traffic(row: RowVerdict) -> str:
    return f"{row.source} → {row.destination} {row.protocol} {row.ports}".rstrip()


def _named(lines: Iterable[Line]) -> str:
    """Name lines by their numbers, which stand with their files in the finding's own list."""
    places = list(
        dict.fromkeys(
            str(line.line) if line.end_line in {None, line.line} else f"{line.line}-{line.end_line}"
            for line in lines
            if line.line is not None
        )
    )
    if not places:
        return "the default"
    shown = places if len(places) <= _SPELT + 1 else [*places[:_SPELT], f"{len(places) - _SPELT} more"]
    words = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"line{'s' if len(places) > 1 or '-' in words else ''} {words}"
