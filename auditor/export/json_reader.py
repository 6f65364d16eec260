"""The JSON report, version 1, read back into values: what `auditor.export.json` wrote, and nothing invented.

Keys that this version does not know are left aside, since version 1 may grow; a key that is missing or of another
type is told with its path. Reading and rendering again gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from auditor.errors import UsageError
from auditor.export.json import SCHEMA
from auditor.report.status import FailOn
from auditor.report.values import (
    Box,
    Confidence,
    Coverage,
    Cut,
    DocumentSource,
    Finding,
    FirewallReport,
    HitCount,
    Hop,
    Kind,
    Line,
    LineRole,
    PacketView,
    PathRow,
    Problem,
    ProblemKind,
    Report,
    RowVerdict,
    RowVerdictKind,
    Severity,
    SideView,
    Source,
    Status,
    UnderstoodNot,
    Waived,
    WaiverUse,
    WaiverWarning,
    WaiverWarningKind,
)

__all__ = ["fail_on", "loads", "read"]

_Choice = TypeVar("_Choice", bound=StrEnum)
_Read = TypeVar("_Read")


def loads(text: str, file: str = "") -> Report:
    """Read a report's text; raises UsageError naming file, line or key."""
    return read(_parsed(text, file), file)


def read(document: object, file: str = "") -> Report:
    """Read a report's JSON values; raises UsageError naming file and key."""
    top = _Value(document, "", file)
    schema = top["schema"].text()
    if schema != SCHEMA:
        raise top["schema"].wrong(f"is {schema!r}: this st-audit reads {SCHEMA}")
    return Report(
        as_of=_moment(top["as_of"]),
        tool_version=top["tool"]["version"].text(),
        baselines=top["baseline"].each(lambda item: (item["id"].text(), item["sha256"].text())),
        deployment=top["deployment"].maybe(lambda item: (item["name"].text(), item["sha256"].text())),
        firewalls=top["firewalls"].each(_firewall),
        rows=top["rows"].each(_path_row),
        waivers=waivers.maybe(_waivers) if (waivers := top.get("waivers")) is not None else None,
        part=part.text() if (part := top.get("part")) is not None else "",
    )


def fail_on(text: str, file: str = "") -> FailOn:
    """Give the threshold with which a report was written."""
    return _Value(_parsed(text, file), "", file)["fail_on"].choice(FailOn)


def _parsed(text: str, file: str) -> object:
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        why = error.msg if isinstance(error, json.JSONDecodeError) else "it is too deep, or a number too long"
        raise UsageError(
            f"this is no JSON: {why}", file=file or None, line=line, hint="name a report that `-o json=` wrote"
        ) from error
    return parsed


class _Value:
    """A JSON value and where it stands, for messages."""

    def __init__(self, value: object, path: str, file: str) -> None:
        self._value = value
        self._path = path
        self._file = file

    def wrong(self, what: str) -> UsageError:
        return UsageError(
            f"{self._path or 'the report'} {what}",
            file=self._file or None,
            key=self._path or None,
            hint="name a report that `st-audit ... -o json=FILE` wrote",
        )

    def __getitem__(self, key: str) -> _Value:
        if not isinstance(self._value, dict):
            raise self.wrong("must be an object")
        path = f"{self._path}.{key}" if self._path else key
        if key not in self._value:
            raise _Value(None, path, self._file).wrong("is missing")
        return _Value(self._value[key], path, self._file)

    def get(self, key: str) -> _Value | None:
        return self[key] if isinstance(self._value, dict) and key in self._value else None

    def text(self) -> str:
        if not isinstance(self._value, str):
            raise self.wrong("must be text")
        return self._value

    def number(self) -> int:
        if not isinstance(self._value, int) or isinstance(self._value, bool):
            raise self.wrong("must be a whole number")
        return self._value

    def flag(self) -> bool:
        if not isinstance(self._value, bool):
            raise self.wrong("must be true or false")
        return self._value

    def choice(self, kind: type[_Choice]) -> _Choice:
        text = self.text()
        try:
            return kind(text)
        except ValueError:
            raise self.wrong(f"is {text!r}, not one of: {', '.join(item.value for item in kind)}") from None

    def maybe(self, reading: Callable[[_Value], _Read]) -> _Read | None:
        return None if self._value is None else reading(self)

    def each(self, reading: Callable[[_Value], _Read]) -> tuple[_Read, ...]:
        return tuple(reading(item) for item in self._items())

    def texts(self) -> tuple[str, ...]:
        return self.each(_Value.text)

    def _items(self) -> Iterator[_Value]:
        if not isinstance(self._value, list):
            raise self.wrong("must be a list")
        for index, item in enumerate(self._value):
            yield _Value(item, f"{self._path}[{index}]", self._file)


def _waivers(value: _Value) -> WaiverUse:
    return WaiverUse(
        sha256=value["sha256"].text(),
        warnings=value["warnings"].each(
            lambda item: WaiverWarning(
                kind=item["kind"].choice(WaiverWarningKind),
                waiver=item["waiver"].text(),
                line=item["line"].maybe(_Value.number),
                firewall=item["firewall"].text(),
                text=item["text"].text(),
                traffic=item["traffic"].each(_box),
                size=_size(item["size"]),
            )
        ),
    )


def _size(value: _Value) -> int:
    """Read a count that may be larger than readers of JSON can hold."""
    text = value.text()
    if not text.isascii() or not text.isdigit() or len(text) > 1000:
        raise value.wrong("must be a whole number as text")
    return int(text)


def _moment(value: _Value) -> str:
    text = value.text()
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise value.wrong(f"is {text!r}: no date or time of ISO 8601") from None
    return text


def _path_row(value: _Value) -> PathRow:
    hops = value["hops"].each(lambda hop: Hop(firewall=hop["firewall"].text(), verdict=hop["verdict"].text()))
    return PathRow(id=value["id"].text(), title=value["title"].text(), verdict=value["verdict"].text(), hops=hops)


def _firewall(value: _Value) -> FirewallReport:
    device = value["device"]
    return FirewallReport(
        name=value["name"].text(),
        platform=value["platform"].text(),
        context=value["context"].text(),
        status=value["status"].choice(Status),
        error=value["error"].maybe(_problem),
        hostname=device["hostname"].text(),
        model=device["model"].text(),
        version=device["version"].text(),
        serial=device["serial"].text(),
        ha_role=device["ha_role"].text(),
        source=value["source"].maybe(_source),
        sides=value["sides"].each(lambda side: SideView(name=side["name"].text(), members=side["members"].texts())),
        assumptions=value["assumptions"].each(lambda item: (item["text"].text(), item["why"].text())),
        not_judged=value["not_judged"].texts(),
        coverage=_coverage(value["coverage"]),
        rows=value["rows"].each(_row),
        findings=value["findings"].each(_finding),
    )


def _problem(value: _Value) -> Problem:
    return Problem(kind=value["kind"].choice(ProblemKind), message=value["message"].text(), hint=value["hint"].text())


def _source(value: _Value) -> Source:
    return Source(
        kind=value["kind"].text(),
        address=value["address"].maybe(_Value.text),
        collected_at=value["collected_at"].maybe(_Value.text),
        host_key=value["host_key"].maybe(_Value.text),
        commands=value["commands"].texts(),
        documents=value["documents"].each(
            lambda item: DocumentSource(
                name=item["name"].text(),
                command=item["command"].text(),
                sha256=item["sha256"].text(),
                lines=item["lines"].number(),
            )
        ),
    )


def _coverage(value: _Value) -> Coverage:
    return Coverage(
        lines=value["lines"].number(),
        modelled=value["modelled"].number(),
        irrelevant=value["irrelevant"].number(),
        not_understood=value["not_understood"].each(
            lambda item: UnderstoodNot(
                line=_line(item),
                reason=item["reason"].text(),
                affects=item["affects"].texts(),
                blocks=item["blocks"].flag(),
            )
        ),
    )


def _row(value: _Value) -> RowVerdict:
    return RowVerdict(
        id=value["id"].text(),
        title=value["title"].text(),
        source=value["source"].text(),
        destination=value["destination"].text(),
        protocol=value["protocol"].text(),
        ports=value["ports"].text(),
        verdict=value["verdict"].choice(RowVerdictKind),
        confidence=value["confidence"].choice(Confidence),
        because=value["because"].text(),
        blocked_direction=value["blocked_direction"].maybe(_Value.text),
        cuts=value["cuts"].each(
            lambda cut: Cut(
                source_side=cut["from"].text(),
                destination_side=cut["to"].text(),
                verdict=cut["verdict"].choice(RowVerdictKind),
            )
        ),
        decided_by=value["decided_by"].each(_line),
        witness=value["witness"].maybe(_packet),
        citation=value["citation"].text(),
    )


def _finding(value: _Value) -> Finding:
    return Finding(
        id=value["id"].text(),
        kind=value["kind"].choice(Kind),
        severity=value["severity"].choice(Severity),
        confidence=value["confidence"].choice(Confidence),
        title=value["title"].text(),
        rows=value["rows"].texts(),
        source_side=value["from"].maybe(_Value.text),
        destination_side=value["to"].maybe(_Value.text),
        lines=value["lines"].each(_line),
        traffic=value["traffic"].each(_box),
        size=_size(value["size"]),
        witness=value["witness"].maybe(_packet),
        hits=value["hits"].maybe(
            lambda item: HitCount(count=item["count"].number(), last=item["last"].maybe(_Value.text))
        ),
        waived=value["waived"].maybe(
            lambda item: Waived(
                reason=item["reason"].text(),
                owner=item["owner"].text(),
                approver=item["approver"].text(),
                ticket=item["ticket"].text(),
                expires=item["expires"].text(),
            )
        ),
        remedy=value["remedy"].maybe(lambda item: item["text"].text()),
    )


def _line(value: _Value) -> Line:
    return Line(
        file=value["file"].text(),
        line=value["line"].maybe(_Value.number),
        end_line=value["end_line"].maybe(_Value.number),
        text=value["text"].text(),
        role=value["role"].choice(LineRole),
    )


def _box(value: _Value) -> Box:
    icmp = value.get("type") is not None
    return Box(
        source=value["source"].text(),
        destination=value["destination"].text(),
        protocol=value["protocol"].text(),
        source_ports="any" if icmp else value["source_ports"].text(),
        ports=_icmp_interval(value) if icmp else value["ports"].text(),
        translated=value["translated"].maybe(_box),
        icmp=icmp,
    )


def _icmp_interval(value: _Value) -> str:
    """Give the interval of type * 256 + code that a box's type and code stand for."""
    kind, code = value["type"].text(), value["code"].text()
    if kind == "any":
        return "any"
    first, last = _span(value["type"], kind)
    start, stop = (0, 255) if code == "any" else _span(value["code"], code)
    low, high = first * 256 + start, last * 256 + stop
    return str(low) if low == high else f"{low}-{high}"


def _span(value: _Value, text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise value.wrong(f"is {text!r}: neither a number, nor a range, nor any") from None


def _packet(value: _Value) -> PacketView:
    common: dict[str, Any] = {
        "source": value["source"].text(),
        "destination": value["destination"].text(),
        "protocol": value["protocol"].text(),
        "translated": value["translated"].maybe(_packet),
    }
    if value.get("type") is not None:
        return PacketView(
            **common, icmp_type=value["type"].maybe(_Value.number), icmp_code=value["code"].maybe(_Value.number)
        )
    return PacketView(
        **common,
        source_port=value["source_port"].maybe(_Value.number),
        destination_port=value["destination_port"].maybe(_Value.number),
    )
