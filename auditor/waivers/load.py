"""From a waivers file to checked values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

from auditor.baseline.document import Problems, decode, parse
from auditor.baseline.shape import validated
from auditor.errors import WaiverError
from auditor.report.values import Box
from auditor.waivers.shape import BoxShape, FileShape, WaiverShape
from auditor.waivers.values import OPEN_KINDS, WITHOUT_TRAFFIC, Waiver, Waivers

__all__ = ["load", "loads"]


def load(path: Path) -> Waivers:
    """Load a waivers file; raises WaiverError with everything that is wrong, each with file, line and key."""
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise WaiverError(
            f"cannot be read: {exc.strerror}", file=path, hint="`st-audit waivers new` writes an entry from a report"
        ) from exc
    return loads(decode(raw, str(path), WaiverError), str(path))


def loads(text: str, file: str = "") -> Waivers:
    """Load the text of a waivers file; raises WaiverError as `load` does."""
    document = parse(text, file=file, error=WaiverError)
    problems = Problems(document=document, error=WaiverError)
    if not isinstance(document.data, dict):
        raise WaiverError(
            "a waivers file is a mapping", file=file or None, line=1, hint="write version: 1, then waivers: [...]"
        )
    shape, _ = validated(FileShape, document.data, problems)
    problems.raise_any()
    if shape is None:
        raise WaiverError("this is no waivers file", file=file or None, line=1)
    return Waivers(
        entries=tuple(_waiver(entry, document.line(("waivers", number))) for number, entry in enumerate(shape.waivers)),
        file=file,
        sha256=document.sha256,
    )


def _waiver(shape: WaiverShape, line: int | None) -> Waiver:
    usual = OPEN_KINDS if shape.finding is None else WITHOUT_TRAFFIC
    return Waiver(
        firewalls=tuple(dict.fromkeys(shape.firewall)),
        context=shape.context,
        kinds=usual if shape.kind is None else frozenset(shape.kind),
        rows=None if shape.rows is None else frozenset(shape.rows),
        traffic=tuple(box for item in shape.traffic or () for box in _boxes(item)),
        finding=shape.finding,
        reason=shape.reason,
        owner=shape.owner,
        approver=shape.approver,
        ticket=shape.ticket,
        expires=shape.expires,
        line=line,
    )


def _boxes(shape: BoxShape) -> Iterator[Box]:
    icmp = shape.type is not None
    ports = (_interval(shape.type, shape.code or "any"),) if shape.type is not None else shape.ports or ("any",)
    views = tuple(_boxes(shape.translated)) if shape.translated is not None else (None,)
    for source, destination, protocol, source_ports, port, view in product(
        shape.source, shape.destination, shape.protocol, shape.source_ports, ports, views
    ):
        yield Box(
            source=source,
            destination=destination,
            protocol=protocol,
            source_ports=source_ports,
            ports=port,
            translated=view,
            icmp=icmp,
        )


def _interval(kind: str, code: str) -> str:
    """Give an ICMP type and code as the interval of type * 256 + code."""
    if kind == "any":
        return "any"
    first, _, last = kind.partition("-")
    low, _, high = ("0", "", "255") if code == "any" else code.partition("-")
    start, stop = int(first) * 256 + int(low), int(last or first) * 256 + int(high or low)
    return str(start) if start == stop else f"{start}-{stop}"
