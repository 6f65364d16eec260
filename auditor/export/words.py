"""How traffic, packets, places and counts read in the formats made for people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.report.status import JUDGED
from auditor.report.values import RowVerdictKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.report.values import (
        Box,
        Finding,
        FirewallReport,
        Line,
        PacketView,
        RowVerdict,
        Waived,
        WaiverWarning,
    )

__all__ = [
    "citations", "counted", "decision", "direction", "gathered", "gathered_boxes", "icmp_types", "listed",
    "packet_text", "place", "ports_text", "row_traffic", "several_files", "source_text", "traffic_text", "use_text",
    "waived_text", "warning_text",
]  # fmt: skip

ARROW: Final = "→"


_FEW: Final = 3
"""Boxes that differ in one respect are told one by one up to here."""
_USUAL: Final = ("tcp", "udp", "icmp", "icmp6")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Give `1 row`, `2 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def place(line: Line, *, with_file: bool = True) -> str:
    """Give where a line stands: `file:41`, `file:41-44`, or the file alone for an implicit decision."""
    if line.line is None:
        return line.file if with_file else "implicit"
    numbers = str(line.line) if line.end_line in {None, line.line} else f"{line.line}-{line.end_line}"
    return f"{line.file}:{numbers}" if with_file else numbers


def direction(finding: Finding) -> str:
    """Give `outside → dmz`, or nothing where the finding is not between two sides."""
    if finding.source_side is None and finding.destination_side is None:
        return ""
    return f"{finding.source_side or 'any side'} {ARROW} {finding.destination_side or 'any side'}"


def icmp_types(ports: str) -> tuple[tuple[str, str], ...]:
    """Give the types and codes, as text, of an ICMP box's `ports`: an interval of type * 256 + code, or `any`.

    An interval that does not begin and end with whole types becomes several pairs, which together are the interval.
    """
    if ports in {"", "any"}:
        return (("any", "any"),)
    low, _, high = ports.partition("-")
    first, start = divmod(int(low), 256)
    last, stop = divmod(int(high or low), 256)
    if first == last:
        return ((str(first), _span(start, stop)),)
    pairs: list[tuple[str, str]] = []
    if start:
        pairs.append((str(first), _span(start, 255)))
        first += 1
    whole = last if stop == 255 else last - 1
    if first <= whole:
        pairs.append((str(first) if first == whole else f"{first}-{whole}", "any"))
    if whole < last:
        pairs.append((str(last), _span(0, stop)))
    return tuple(pairs)


def _span(low: int, high: int) -> str:
    if (low, high) == (0, 255):
        return "any"
    return str(low) if low == high else f"{low}-{high}"


def ports_text(box: Box) -> str:
    """Give `tcp/80`, `icmp type 8`, or the protocol alone where every port is meant."""
    protocol = f"protocol {box.protocol}" if box.protocol[:1].isdigit() else box.protocol
    if box.icmp:
        pairs = icmp_types(box.ports)
        words = [f"{kind}" if code == "any" else f"{kind} code {code}" for kind, code in pairs]
        return protocol if pairs == (("any", "any"),) else f"{protocol} type {', '.join(words)}"
    return protocol if box.ports in {"", "any"} else f"{protocol}/{box.ports}"


def traffic_text(box: Box) -> str:
    """Give one box of traffic: `any4 → 192.0.2.10 tcp/80`, with its translation and source ports where they matter."""
    text = f"{box.source} {ARROW} {box.destination} {ports_text(box)}"
    if box.translated is not None and not box.translated.source:
        text += f" (translated: {box.translated.destination} {ports_text(box.translated)})"
    if box.source_ports not in {"", "any", "0-65535"}:
        text += f" from source port {box.source_ports}"
    if box.translated is not None and box.translated.source:
        text += f" (translated: {traffic_text(box.translated)})"
    return text


def gathered(boxes: Iterable[Box]) -> list[str]:
    """Give traffic in fewer words: spans of sources and destinations (`gathered_boxes`), and services in one line."""
    groups: dict[Box, list[Box]] = {}
    for box in gathered_boxes(boxes):
        key = box if box.translated is not None else replace(box, protocol="", ports="", icmp=False)
        groups.setdefault(key, []).append(box)
    return [text for alike in groups.values() for text in _services(alike)]


def _services(alike: Sequence[Box]) -> list[str]:
    """Give boxes that differ in their services only: one text where they are many, the usual protocols first."""
    if len(alike) <= _FEW:
        return [traffic_text(box) for box in alike]
    ordered = sorted(alike, key=lambda box: _USUAL.index(box.protocol) if box.protocol in _USUAL else len(_USUAL))
    words = [ports_text(box) for box in ordered]
    more = counted(len(words) - _FEW, "more service")
    text = f"{alike[0].source} {ARROW} {alike[0].destination} {', '.join(words[:_FEW])} and {more}"
    ports = alike[0].source_ports
    return [text if ports in {"", "any", "0-65535"} else f"{text} from source port {ports}"]


def gathered_boxes(boxes: Iterable[Box]) -> list[Box]:
    """Give boxes for people: of those that differ in their sources only, one whose source are words for the span.

    The same for destinations, where no translation ties each to another.
    """
    groups: dict[Box, list[Box]] = {}
    for box in boxes:
        other = box.translated and replace(box.translated, source="")
        groups.setdefault(replace(box, source="", translated=other), []).append(box)
    out: list[Box] = []
    for alike in groups.values():
        if len(alike) <= _FEW - 1:
            out += alike
            continue
        first = alike[0]
        other = first.translated and replace(first.translated, source="")
        out.append(replace(first, source=_spread([box.source for box in alike]), translated=other))
    ends: dict[Box, list[Box]] = {}
    for box in out:
        key = box if box.translated is not None else replace(box, destination="")
        ends.setdefault(key, []).append(box)
    joined: list[Box] = []
    for alike in ends.values():
        if len(alike) <= _FEW - 1:
            joined += alike
        else:
            joined.append(replace(alike[0], destination=_spread([box.destination for box in alike])))
    return joined


def _spread(addresses: Sequence[str]) -> str:
    return f"{_ends(addresses[0])[0]} … {_ends(addresses[-1])[1]} in {len(addresses)} ranges"


def _ends(source: str) -> tuple[str, str]:
    low, dash, high = source.partition("-")
    return (low, high) if dash else (source, source)


def packet_text(packet: PacketView) -> str:
    """Give one packet: `tcp 203.0.113.9:40000 → 192.0.2.10:80`."""
    if packet.icmp_type is not None:
        text = f"{packet.protocol} {packet.source} {ARROW} {packet.destination} type {packet.icmp_type}"
        text += f" code {packet.icmp_code or 0}"
    else:
        source = _endpoint(packet.source, packet.source_port)
        text = f"{packet.protocol} {source} {ARROW} {_endpoint(packet.destination, packet.destination_port)}"
    return text if packet.translated is None else f"{text} (translated: {packet_text(packet.translated)})"


def _endpoint(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def row_traffic(row: RowVerdict) -> str:
    """Give what a row is about: `internet → edge_vip tcp 443`."""
    return f"{row.source} {ARROW} {row.destination} {row.protocol} {row.ports}".rstrip()


def listed(words: Sequence[str], limit: int = 6) -> list[str]:
    """Give the words, each once, and how many more there are beyond a limit."""
    unique = list(dict.fromkeys(words))
    return unique if len(unique) <= limit else [*unique[:limit], f"and {len(unique) - limit} more"]


def several_files(firewall: FirewallReport) -> bool:
    """Tell whether a line number says too little without its file."""
    return firewall.source is not None and len(firewall.source.documents) > 1


def decision(row: RowVerdict, *, with_file: bool) -> str:
    """Say in a few words what decides a row: its lines, or why there was nothing to judge."""
    if row.verdict not in JUDGED:
        return row.because
    written = [line for line in row.decided_by if line.line is not None]
    # An implicit permit is worth a word only where no line decides; an implicit denial always is.
    deciding = written if written and row.verdict is RowVerdictKind.PRESENT else row.decided_by
    parts = [
        line.text if line.line is None else f"{'' if with_file else 'line '}{place(line, with_file=with_file)}"
        for line in deciding
    ]
    words = ", ".join(listed(parts, 3))
    if row.blocked_direction == "return":
        words = f"the reply is blocked: {words}" if words else "the reply is blocked"
    return words or row.because


def citations(finding: Finding, rows: Iterable[RowVerdict]) -> tuple[str, ...]:
    """Give the sources of the rows that a finding names, each once."""
    cited = {row.id: row.citation for row in rows if row.citation}
    return tuple(dict.fromkeys(cited[name] for name in finding.rows if name in cited))


def use_text(finding: Finding) -> str:
    """Give what the device's own count says of the finding's rule; nothing where it has none."""
    hits = finding.hits
    if hits is None:
        return ""
    if not hits.count:
        return "never used: 0 hits of its rule since the counters were cleared"
    last = f", the last at {hits.last}" if hits.last else ""
    return f"in use: {counted(hits.count, 'hit')} of its rule{last}"


def waived_text(waived: Waived) -> str:
    """Give who accepted a finding, why, and to the end of which day."""
    return f"until {waived.expires} by {waived.approver} for {waived.owner}: {waived.reason} ({waived.ticket})"


def warning_text(warning: WaiverWarning) -> str:
    """Give what is to be said about a waiver: `SEC-1 (line 3, perimeter) expiring: expires today ...`."""
    where = f"line {warning.line}, {warning.firewall}" if warning.line else warning.firewall
    return f"{warning.waiver} ({where}) {warning.kind.value}: {warning.text}"


def source_text(firewall: FirewallReport) -> str:
    """Give where a firewall's configuration came from, in one line."""
    source = firewall.source
    if source is None:
        return ""
    if source.kind == "ssh":
        when = f", collected {source.collected_at}" if source.collected_at else ""
        return f"over SSH from {source.address or 'an unnamed address'}{when}"
    names = [item.name for item in source.documents]
    more = f" and {counted(len(names) - 3, 'more file')}" if len(names) > 3 else ""
    return f"from {', '.join(names[:3]) or 'a file'}{more}"
