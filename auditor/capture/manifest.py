"""What a capture's folder says of itself: `manifest.json`, and the checks that the documents are what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from auditor.errors import UsageError
from parsers.model.capture import Document

__all__ = ["MANIFEST", "SCHEMA", "Completion", "Entry", "Manifest", "Origin", "digest", "dump", "load"]

MANIFEST: Final = "manifest.json"
SCHEMA: Final = "st-audit/capture/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where and when a capture was collected: `address` as known_hosts spells it, `collected_at` in ISO 8601."""

    address: str | None = None
    collected_at: str | None = None
    host_key: str | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What the platform's proof of completeness said when the capture was written."""

    complete: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document: the file that holds its text, and what came with it. Without `sha256` the text is not checked."""

    file: str
    name: str
    command: str = ""
    exit_status: int | None = None
    stderr: str = ""
    sha256: str | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A capture's documents in order, and where they came from."""

    documents: tuple[Entry, ...]
    platform: str | None = None
    firewall: str | None = None
    origin: Origin | None = None
    completeness: Completion | None = None


def digest(document: Document) -> str:
    """The SHA-256 of a document's (redacted) text in UTF-8, in hexadecimal digits."""
    return hashlib.sha256(document.text.encode()).hexdigest()


def dump(manifest: Manifest) -> str:
    """The manifest as JSON, keys in a fixed order."""
    origin, completeness = manifest.origin, manifest.completeness
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "platform": manifest.platform,
        "firewall": manifest.firewall,
        "origin": None
        if origin is None
        else {
            "address": origin.address,
            "collected_at": origin.collected_at,
            "host_key": origin.host_key,
            "commands": list(origin.commands),
        },
        "completeness": None
        if completeness is None
        else {"complete": completeness.complete, "reason": completeness.reason},
        "documents": [
            {
                "file": entry.file,
                "name": entry.name,
                "command": entry.command,
                "exit_status": entry.exit_status,
                "stderr": entry.stderr,
                "sha256": entry.sha256,
                "lines": entry.lines,
            }
            for entry in manifest.documents
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def load(text: str, file: Path) -> Manifest:
    """Read a manifest; raises UsageError naming the file and the key that is wrong."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as exc:
        raise UsageError(f"not JSON: {exc.msg}", file=file, line=exc.lineno, hint="save the capture anew") from exc
    top = _Reader(file, document, "")
    if (schema := top.text("schema", SCHEMA)) != SCHEMA:
        raise UsageError(
            f"schema {schema!r} is not known", file=file, key="schema", hint=f"this version reads {SCHEMA}"
        )
    origin, completeness = top.table("origin"), top.table("completeness")
    return Manifest(
        platform=top.optional_text("platform"),
        firewall=top.optional_text("firewall"),
        origin=None
        if origin is None
        else Origin(
            address=origin.optional_text("address"),
            collected_at=origin.optional_text("collected_at"),
            host_key=origin.optional_text("host_key"),
            commands=origin.texts("commands"),
        ),
        completeness=None
        if completeness is None
        else Completion(complete=completeness.flag("complete"), reason=completeness.text("reason", "")),
        documents=tuple(_entry(entry) for entry in top.tables("documents")),
    )


def _entry(entry: _Reader) -> Entry:
    file = entry.text("file")
    # A manifest may come from elsewhere: it must not lead out of its own folder.
    if file in {"", ".", "..", MANIFEST} or "/" in file or "\\" in file or "\0" in file:
        raise entry.wrong("file", "is not the plain name of a file in this folder")
    return Entry(
        file=file,
        name=entry.text("name", file),
        command=entry.text("command", ""),
        exit_status=entry.number("exit_status"),
        stderr=entry.text("stderr", ""),
        sha256=entry.optional_text("sha256"),
        lines=entry.number("lines"),
    )


class _Reader:
    """One object of the JSON, read key by key with a message for each that is wrong."""

    def __init__(self, file: Path, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            raise UsageError("not a JSON object", file=file, key=path or None, hint="save the capture anew")
        self._file = file
        self._value: Mapping[str, object] = value
        self._path = path

    def wrong(self, key: str, message: str) -> UsageError:
        return UsageError(message, file=self._file, key=self._path + key, hint="save the capture anew")

    def optional_text(self, key: str) -> str | None:
        value = self._value.get(key)
        if value is not None and not isinstance(value, str):
            raise self.wrong(key, "is not a text")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value = self.optional_text(key)
        if value is None and default is None:
            raise self.wrong(key, "is missing")
        return value if value is not None else default or ""

    def number(self, key: str) -> int | None:
        value = self._value.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise self.wrong(key, "is not a whole number")
        return value

    def flag(self, key: str) -> bool:
        value = self._value.get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "is not a list of texts")
        return tuple(str(value) for value in values)

    def table(self, key: str) -> _Reader | None:
        value = self._value.get(key)
        return None if value is None else _Reader(self._file, value, f"{self._path}{key}.")

    def tables(self, key: str) -> list[_Reader]:
        values = self._list(key)
        if not values:
            raise self.wrong(key, "lists no document")
        return [_Reader(self._file, value, f"{self._path}{key}[{index}].") for index, value in enumerate(values)]

    def _list(self, key: str) -> list[object]:
        value = self._value.get(key, [])
        if not isinstance(value, list):
            raise self.wrong(key, "is not a list")
        return value
