"""What a waivers file may hold: pydantic models, and their JSON Schema."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_interface
from typing import Annotated, Any, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from auditor.baseline.document import nearest
from auditor.baseline.fields import RowIds, Shape, Text, Version, ports_of, refuse
from auditor.report.values import Kind
from parsers.model.addresses import ANY, ANY4, ANY6, AddressSet
from parsers.model.services import ICMP, ICMP6, PORTED, PROTOCOL_NUMBERS

__all__ = ["BoxShape", "FileShape", "WaiverShape", "json_schema"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBERS = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
_ANYWHERE = {"any": ANY, "any4": ANY4, "any6": ANY6}


def _day(value: Any) -> date:
    hint = "write the last day on which it holds as 2027-03-31"
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise refuse(f"{value} is no date that everyone reads alike", hint)
    try:
        return date.fromisoformat(value)
    except ValueError as exc:
        raise refuse(f"there is no day {value}", hint) from exc


def _items(value: Any) -> list[Any]:
    found = value if isinstance(value, list) else [value]
    if not found:
        raise refuse("the list is empty", "list at least one")
    return found


def _place(value: Any) -> tuple[str, ...]:
    return tuple(text for item in _items(value) for text in _place_texts(item))


def _place_texts(item: Any) -> tuple[str, ...]:
    hint = "write 192.0.2.1, 192.0.2.0/24, a-b, any, any4 or any6"
    if item in _ANYWHERE:
        return (str(item),)
    if not isinstance(item, str):
        raise refuse(f"{item} is not an address, network or range", hint)
    try:
        found = AddressSet.of(item)
    except ValueError as exc:
        raise refuse(f"{item} is not an address, network or range", hint) from exc
    if "/" in item and ip_interface(item).ip != ip_interface(item).network.network_address:
        raise refuse(f"{item} has host bits set", f"write {found} or the host's own address")
    return tuple(found.texts())


def _protocols(value: Any) -> tuple[str, ...]:
    words = [part for item in _items(value) for part in (item.split("/") if isinstance(item, str) else [item])]
    return tuple(_protocol(word) for word in words)


def _protocol(word: Any) -> str:
    if isinstance(word, str) and (word == "any" or word in PROTOCOL_NUMBERS):
        return word
    found = None if isinstance(word, bool) else _NUMBERS.fullmatch(str(word))
    if found is None:
        raise refuse(f"{word} is not a protocol", nearest(str(word), (*PROTOCOL_NUMBERS, "any")))
    low, high = int(found[1]), int(found[2] or found[1])
    if not low <= high <= 255:
        raise refuse(f"{word} is not within 0-255 with its lower end first", "write tcp, udp, icmp, esp or a number")
    names = {number: name for name, number in PROTOCOL_NUMBERS.items()}
    return names.get(low, str(low)) if low == high else f"{low}-{high}"


def _ports(value: Any) -> tuple[str, ...]:
    if value == "any":
        return ("any",)
    return tuple(_range(low, high, 65535) for low, high in ports_of(value))


def _range(low: int, high: int, top: int) -> str:
    if (low, high) == (0, top):
        return "any"
    return str(low) if low == high else f"{low}-{high}"


def _type(value: Any) -> str:
    found = None if isinstance(value, bool) else _NUMBERS.fullmatch(str(value))
    if value == "any":
        return "any"
    if found is None or not int(found[1]) <= int(found[2] or found[1]) <= 255:
        raise refuse(f"{value} is no ICMP number", "write any, a number up to 255, or a range a-b")
    return _range(int(found[1]), int(found[2] or found[1]), 255)


def _kinds(value: Any) -> tuple[Kind, ...]:
    out = []
    for item in _items(value):
        try:
            out.append(Kind(item))
        except ValueError as exc:
            raise refuse(f"{item} is no kind of finding", nearest(str(item), [kind.value for kind in Kind])) from exc
    return tuple(out)


def _names(value: Any) -> tuple[str, ...]:
    found = _items(value)
    if not all(isinstance(item, str | int) and not isinstance(item, bool) and str(item).strip() for item in found):
        raise refuse("that is no name of a firewall", "write the name that the deployment gives it")
    return tuple(str(item) for item in found)


def _one_or_many(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


_WORD: dict[str, Any] = {"type": ["string", "integer"]}
Places = Annotated[tuple[str, ...], PlainValidator(_place), WithJsonSchema(_one_or_many({"type": "string"}))]
Protocols = Annotated[tuple[str, ...], PlainValidator(_protocols), WithJsonSchema(_one_or_many(_WORD))]
PortTexts = Annotated[tuple[str, ...], PlainValidator(_ports), WithJsonSchema(_one_or_many(_WORD))]
TypeText = Annotated[str, PlainValidator(_type), WithJsonSchema(_WORD)]
Kinds = Annotated[
    tuple[Kind, ...],
    PlainValidator(_kinds),
    WithJsonSchema(_one_or_many({"type": "string", "enum": [kind.value for kind in Kind]})),
]
FirewallNames = Annotated[tuple[str, ...], PlainValidator(_names), WithJsonSchema(_one_or_many(_WORD))]
Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class BoxShape(Shape):
    """Traffic as the JSON report writes it; every field may be a list, and the box is all combinations."""

    source: Places
    destination: Places
    protocol: Protocols
    source_ports: PortTexts = ("any",)
    ports: PortTexts | None = None
    type: TypeText | None = None
    code: TypeText | None = None
    translated: BoxShape | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Demand that ports, and types of ICMP, are said: what is left out must not come to mean everything."""
        icmp = [word for word in self.protocol if PROTOCOL_NUMBERS.get(word) in {ICMP, ICMP6}]
        if self.type is not None or self.code is not None:
            if len(icmp) != len(self.protocol):
                raise refuse("type and code are of ICMP only", "give icmp a box of its own")
            if self.type is None:
                raise refuse("the code of no type is given", "write type: too")
            if self.ports is not None:
                raise refuse("ICMP has type and code, not ports", "leave ports out")
            if self.code not in {None, "any"} and ("-" in self.type or self.type == "any"):
                raise refuse("a code belongs to one type", "give each type a box of its own")
        elif self.ports is None and (icmp or any(_has_ports(word) for word in self.protocol)):
            what = "type" if icmp else "ports"
            raise refuse(f"the {what} is not said" if icmp else "the ports are not said", f"write {what}: any for all")
        return self


def _has_ports(word: str) -> bool:
    return word == "any" or "-" in word or PROTOCOL_NUMBERS.get(word) in PORTED


class WaiverShape(Shape):
    """One entry; who answers for it, why and until when is never optional."""

    firewall: FirewallNames
    context: Text | None = None
    kind: Kinds | None = None
    rows: RowIds | None = None
    traffic: tuple[BoxShape, ...] | None = None
    finding: Text | None = None
    reason: Text
    owner: Text
    approver: Text
    ticket: Text
    expires: Day

    @model_validator(mode="after")
    def _bound(self) -> Self:
        """Demand one thing that it is bound to."""
        if (self.traffic is None) == (self.finding is None):
            raise refuse(
                "a waiver is bound to traffic, or to a finding that has none",
                "write traffic: [...], or finding: with the id of a note or management finding",
            )
        if self.traffic == ():
            raise refuse("the traffic is an empty list", "`st-audit waivers new` writes it from a report")
        if self.finding is not None and not self.finding.startswith(("note-", "management-")):
            raise refuse(
                f"{self.finding} has traffic, or cannot be waived", "`st-audit waivers new` writes it from a report"
            )
        return self


class FileShape(Shape):
    """A waivers file, version 1."""

    version: Version
    waivers: tuple[WaiverShape, ...] = Field(default=())


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a waivers file."""
    found = FileShape.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **found,
        "title": "st-audit waivers file, version 1",
    }
