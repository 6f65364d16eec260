"""Bars of what a finding opens: its ports on a logarithmic scale and its addresses over the whole space.

Pure geometry in percent of a bar's length; what is needed stands beside what is open.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from auditor.report.status import JUDGED
from auditor.report.values import Box, Finding, RowVerdict

__all__ = ["Bar", "Piece", "Tick", "bars"]

_TICKS: Final = (1, 22, 80, 443, 1024, 8080, 65535)
_LEAST: Final = 0.6
"""The shortest piece, in percent: a single port must be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of a bar, in percent; `kind` is `open` or `needed`."""

    start: float
    length: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on a bar's scale."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar, its scale and what it says in words."""

    title: str
    pieces: tuple[Piece, ...]
    ticks: tuple[Tick, ...]
    words: str


def bars(finding: Finding, rows: Iterable[RowVerdict]) -> tuple[Bar, ...]:
    """Give the bars of a finding's traffic: destination ports, source and destination addresses."""
    # What a row that is off would have used, nobody needs.
    needed = [row for row in rows if row.id in finding.rows and row.verdict in JUDGED]
    found = [_ports(finding.traffic, needed)]
    for title, texts in (
        ("source addresses", [box.source for box in finding.traffic]),
        ("destination addresses", [box.destination for box in finding.traffic]),
    ):
        found += [_addresses(title, texts, version) for version in (4, 6)]
    return tuple(bar for bar in found if bar is not None)


def _ports(traffic: Iterable[Box], needed: Iterable[RowVerdict]) -> Bar | None:
    spans = {
        span
        for box in traffic
        if not box.icmp and box.protocol in {"tcp", "udp", "sctp", "any", "ip"}
        for span in _port_spans(box.ports)
    }
    if not spans:
        return None
    wanted = {span for row in needed for span in _port_spans(row.ports)}
    pieces = [_port_piece(span, "open") for span in sorted(spans)]
    pieces += [_port_piece(span, "needed") for span in sorted(wanted)]
    return Bar(
        title="ports",
        pieces=tuple(pieces),
        ticks=tuple(Tick(at=_port_at(port), text=str(port)) for port in _TICKS),
        words="open " + ", ".join(_span(span) for span in sorted(spans)[:8])
        + (f"; the row needs {', '.join(_span(span) for span in sorted(wanted)[:8])}" if wanted else ""),
    )  # fmt: skip


def _port_spans(text: str) -> list[tuple[int, int]]:
    if text in {"", "any"}:
        return [(0, 65535)]
    spans = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,5})(?:-(\d{1,5}))?\s*", part)
        if match:
            low = int(match[1])
            spans.append((low, int(match[2] or low)))
    return spans


def _port_at(port: int) -> float:
    return round(100 * math.log2(port + 1) / 16, 2)


def _port_piece(span: tuple[int, int], kind: str) -> Piece:
    start = min(_port_at(span[0]), 100 - _LEAST)
    return Piece(start=start, length=max(round(_port_at(span[1]) - start, 2), _LEAST), kind=kind, text=_span(span))


def _span(span: tuple[int, int]) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _addresses(title: str, texts: Iterable[str], version: int) -> Bar | None:
    spans = [(span, text) for text in dict.fromkeys(texts) if (span := _address_span(text, version))]
    if not spans:
        return None
    whole = 2 ** (32 if version == 4 else 128)
    pieces = []
    for (low, high), text in spans:
        start = min(round(100 * low / whole, 2), 100 - _LEAST)
        pieces.append(
            Piece(start=start, length=max(round(100 * (high - low + 1) / whole, 2), _LEAST), kind="open", text=text)
        )
    ticks = (
        tuple(Tick(at=round(100 * octet / 256, 2), text=f"{octet}.0.0.0") for octet in (0, 64, 128, 192))
        if version == 4
        else tuple(Tick(at=at, text=text) for at, text in ((0.0, "::"), (12.5, "2000::"), (50.0, "8000::")))
    )
    more = f" and {len(spans) - 4} more" if len(spans) > 4 else ""
    return Bar(
        title=f"{title}, IPv{version}",
        pieces=tuple(pieces),
        ticks=ticks,
        words=", ".join(text for _, text in spans[:4]) + more,
    )


def _address_span(text: str, version: int) -> tuple[int, int] | None:
    """Give the ends of an address, prefix or range of an IP version; None for another version and for words."""
    if text in {"any", f"any{version}"}:
        return 0, 2 ** (32 if version == 4 else 128) - 1
    low, dash, high = text.partition("-")
    try:
        if dash:
            first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
            return (int(first), int(last)) if first.version == last.version == version else None
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    return (int(network[0]), int(network[-1])) if network.version == version else None
