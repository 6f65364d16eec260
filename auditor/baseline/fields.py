"""The types of values in files that people write, as pydantic fields with messages that say what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from auditor.baseline.document import nearest
from parsers.model.addresses import AddressSet

__all__ = [
    "Addresses", "Flag", "Name", "Names", "OpenFlag", "PortList", "RowId", "RowIds", "Shape", "Text", "Texts",
    "Version", "choice", "ports_of", "refuse", "row_ids",
]  # fmt: skip

Ports = tuple[tuple[int, int], ...]

_TRAPS = {"on": "true", "yes": "true", "y": "true", "off": "false", "no": "false", "n": "false"}
_RANGE = re.compile(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ROW_SPAN = re.compile(r"(\d+)-(\d+)")


class Shape(BaseModel):
    """What a mapping in a file may hold; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


def refuse(message: str, hint: str = "") -> PydanticCustomError:
    """Make the error of a field: what is wrong, and what to write instead."""
    return PydanticCustomError("st_audit", "{message}", {"message": message, "hint": hint})


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"{str(value).lower() if isinstance(value, bool) else value}"


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRAPS:
        raise refuse(
            f"{value} is a word in YAML 1.2, not a truth value", f"write {_TRAPS[value.lower()]} instead of {value}"
        )
    raise refuse(f"{_shown(value)} is not true or false", "write true or false")


def _open_flag(value: Any) -> bool | None:
    return None if value is None else _flag(value)


def _text(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise refuse(f"{_shown(value)} is not a text", "write it in quotes" if value is not None else "write a text")


def _name(value: Any) -> str:
    text = _text(value)
    if not _NAME.fullmatch(text):
        raise refuse(f"{text} is not a name", "a name is a letter followed by letters, digits, - and _")
    return text


def _list(value: Any, what: Callable[[Any], str]) -> tuple[str, ...]:
    if isinstance(value, dict) or value is None:
        raise refuse(f"{_shown(value)} is not a list", "write [a, b]")
    return tuple(what(item) for item in (value if isinstance(value, list) else [value]))


def _texts(value: Any) -> tuple[str, ...]:
    return _list(value, _text)


def _names(value: Any) -> tuple[str, ...]:
    return _list(value, _name)


def _row_id(value: Any) -> str:
    if isinstance(value, bool):
        raise refuse(f"{_shown(value)} is not a row id", "write the row's number or name")
    return _text(value)


def row_ids(value: Any) -> tuple[str, ...]:
    """Read row ids; `3-13` between numbers stands for all of them."""
    out: list[str] = []
    for item in _list(value, _row_id):
        span = _ROW_SPAN.fullmatch(item)
        out += map(str, range(int(span[1]), int(span[2]) + 1)) if span else [item]
    return tuple(out)


def ports_of(value: Any) -> Ports:
    """Read a port, a range `a-b`, or a list of them."""
    if isinstance(value, list):
        if not value:
            raise refuse("the list of ports is empty", "leave the key out to keep the row's own ports")
        return tuple(pair for item in value for pair in ports_of(item))
    if isinstance(value, str) and "," in value:
        return tuple(pair for item in value.split(",") for pair in ports_of(item))
    found = None if isinstance(value, bool) or value is None else _RANGE.fullmatch(str(value))
    if not found:
        raise refuse(f"{_shown(value)} is not a port or a range of ports", "write 22, 40000-40099 or [22, 2222]")
    low = int(found[1])
    high = int(found[2] or found[1])
    if not 0 <= low <= high <= 65535:
        raise refuse(f"{value} is not within 0-65535 with its lower end first", "write for example 40000-40099")
    return ((low, high),)


def _address(item: Any) -> str:
    if isinstance(item, dict) and len(item) == 1:
        key, value = next(iter(item.items()))
        if value is None and key.endswith(":"):
            raise refuse(f"{key}: ends in a colon, which YAML reads as a key", f'write it in quotes: "{key}:"')
    if not isinstance(item, str):
        raise refuse(f"{_shown(item)} is not an address, network or range", "write 192.0.2.1, 192.0.2.0/24 or a-b")
    if item.startswith("fqdn:"):
        name = item.removeprefix("fqdn:")
        if not re.fullmatch(r"[A-Za-z0-9*_-]+(\.[A-Za-z0-9_-]+)*\.?", name):
            raise refuse(f"{item} names no host", 'write "fqdn:sftp.example.com"')
        return item
    try:
        AddressSet.of(item)
    except ValueError as exc:
        raise refuse(
            f"{item} is not an address, network or range", 'write 192.0.2.1, 192.0.2.0/24, a-b or "fqdn:name"'
        ) from exc
    if "/" in item and item != str(AddressSet.of(item)) and _host_bits(item):
        raise refuse(f"{item} has host bits set", f"write {AddressSet.of(item)} or the host's own address")
    return item


def _host_bits(text: str) -> bool:
    from ipaddress import ip_interface

    interface = ip_interface(text)
    return interface.ip != interface.network.network_address


def _many(value: Any) -> list[Any]:
    if value is None or value == []:
        raise refuse("no address is listed", "list at least one, or leave the key out")
    return value if isinstance(value, list) else [value]


def _version(value: Any) -> int:
    if value != 1 or isinstance(value, bool):
        raise refuse(f"version {_shown(value)} is not known to this st-audit", "write version: 1")
    return 1


def choice(words: Iterable[str]) -> Any:
    """Make the type of a value that is one of some words, or open (null)."""
    known = tuple(words)

    def check(value: Any) -> str | None:
        if value is None or value in known:
            return None if value is None else str(value)
        shown = _shown(value)
        raise refuse(f"{shown} is none of {', '.join(known)}", nearest(shown, known))

    return Annotated[str | None, PlainValidator(check), WithJsonSchema({"enum": [*known, None]})]


_PORT_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 65535},
        {"type": "string", "pattern": r"^\s*\d+(\s*-\s*\d+)?(\s*,\s*\d+(\s*-\s*\d+)?)*\s*$"},
    ]
}
_ITEMS = {"anyOf": [*_PORT_SCHEMA["anyOf"], {"type": "array", "items": _PORT_SCHEMA, "minItems": 1}]}
_TEXT_ITEM: dict[str, Any] = {"type": ["string", "integer"]}
_MANY: dict[str, Any] = {"anyOf": [_TEXT_ITEM, {"type": "array", "items": _TEXT_ITEM}]}
_ADDRESSES: dict[str, Any] = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]
}

Flag = Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})]
OpenFlag = Annotated[bool | None, PlainValidator(_open_flag), WithJsonSchema({"type": ["boolean", "null"]})]
Text = Annotated[str, PlainValidator(_text), WithJsonSchema(_TEXT_ITEM)]
Texts = Annotated[tuple[str, ...], PlainValidator(_texts), WithJsonSchema(_MANY)]
Name = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string", "pattern": _NAME.pattern})]
Names = Annotated[tuple[str, ...], PlainValidator(_names), WithJsonSchema(_MANY)]
RowId = Annotated[str, PlainValidator(_row_id), WithJsonSchema(_TEXT_ITEM)]
RowIds = Annotated[tuple[str, ...], PlainValidator(row_ids), WithJsonSchema(_MANY)]
PortList = Annotated[tuple[tuple[int, int], ...], PlainValidator(ports_of), WithJsonSchema(_ITEMS)]
Address = Annotated[str, PlainValidator(_address), WithJsonSchema({"type": "string"})]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_many), WithJsonSchema(_ADDRESSES)]
Version = Annotated[int, PlainValidator(_version), WithJsonSchema({"const": 1})]
