"""Reading captures: a file is one document, a folder is what its manifest lists, `-` is standard input.

Text is UTF-8, strictly. Latin-1 would accept any bytes at all, so falling back to it in silence could turn a truncated
or binary file into a configuration; whoever has such a file says so (`encoding`).
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from auditor.capture.manifest import MANIFEST, Manifest, load
from auditor.errors import FailureKind, NotAssessableError, StAuditError, UsageError
from parsers.model.capture import Capture, Document

__all__ = ["STDIN", "Saved", "read"]

STDIN: Final = "-"
_LARGEST: Final = 256 * 1024 * 1024
_MAGIC: Final = {
    b"\x1f\x8b": "gzip-compressed",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
    b"PK\x03\x04": "a ZIP archive",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_LINE_END: Final = re.compile(r"\r+\n")
_CONTROLS: Final = bytes(range(1, 32)).translate(None, b"\t\n\r\x03") + b"\x7f"
"""What a terminal obeys and no configuration holds; 0x03 may end a banner of IOS."""
_RETURN: Final = re.compile(r"\r")
_PAGER: Final = re.compile(r"^[ \t]*(?:<--- More --->|--+ ?\(?more\b[^\n]{0,12}--+)", re.MULTILINE | re.IGNORECASE)
_MORE: Final = ("More", "more", "MORE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A capture that was read, and its folder's manifest; a single file has none."""

    capture: Capture
    manifest: Manifest | None = None


def read(place: str | Path, *, encoding: str = "utf-8", stdin: BinaryIO | None = None) -> Saved:
    """Read a capture from a file, a folder with `manifest.json`, or standard input (`-`).

    Raises UsageError for what is not there, not readable, not a capture or changed since it was saved, and
    NotAssessableError (incomplete) for what is empty, binary or not in `encoding`.
    """
    if str(place) == STDIN:
        data = (stdin or sys.stdin.buffer).read(_LARGEST + 1)
        return Saved(capture=Capture(documents=(Document(name="stdin", text=_text(data, Path("stdin"), encoding)),)))
    path = Path(place)
    if path.is_dir():
        return _folder(path)
    document = Document(name=str(place), text=_text(_bytes(path), path, encoding))
    return Saved(capture=Capture(documents=(document,)))


def _folder(folder: Path) -> Saved:
    file = folder / MANIFEST
    if not file.is_file():
        raise UsageError(
            f"this folder holds no {MANIFEST}",
            file=folder,
            hint=_saved_below(folder) or "name the configuration file itself, or a folder that --save-config wrote",
        )
    manifest = load(_text(_bytes(file), file, "utf-8"), file)
    documents = []
    for entry in manifest.documents:
        path = folder / entry.file
        data = _bytes(path)
        if entry.sha256 is not None and hashlib.sha256(data).hexdigest() != entry.sha256.lower():
            raise UsageError(
                f"its SHA-256 is not the one in {MANIFEST}: the file was changed after it was saved",
                file=path,
                hint=f"collect again; to judge a changed text on purpose, remove its sha256 from {MANIFEST}",
            )
        # Empty is a legal answer of a command (no rules); only the manifest can say that it was one. What we wrote
        # ourselves is taken as it is, to the byte.
        text = _text(data, path, "utf-8", exact=entry.sha256 is not None) if data else ""
        document = Document(
            name=entry.name, command=entry.command, text=text, stderr=entry.stderr, exit_status=entry.exit_status
        )
        documents.append(document)
    return Saved(capture=Capture(documents=tuple(documents), platform=manifest.platform), manifest=manifest)


def _saved_below(folder: Path) -> str:
    """Name the captures in a folder that holds several, which is what --save-config is told."""
    try:
        found = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
    except OSError:
        return ""
    more = f", … ({len(found)} in all)" if len(found) > 3 else ""
    return (
        f"name one of the captures in it: {', '.join(str(folder / name) for name in found[:3])}{more}" if found else ""
    )


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST + 1)
    except FileNotFoundError as exc:
        raise UsageError("no such file", file=path, hint="check the path") from exc
    except OSError as exc:
        raise UsageError(f"cannot be read: {exc.strerror}", file=path, hint="check its type and permissions") from exc


def _text(data: bytes, path: Path, encoding: str, *, exact: bool = False) -> str:
    if (not data or data.isspace()) and not exact:
        raise _unreadable("is empty", path, hint="save the configuration anew; nothing was judged")
    if len(data) > _LARGEST:
        raise _unreadable(f"is larger than {_LARGEST >> 20} MiB", path, hint="is it a configuration?")
    if exact:
        return _decoded(data, path, encoding)
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if kind is not None:
        raise _unreadable(f"is {kind}", path, hint="unpack or convert it to plain text in UTF-8 first")
    if (at := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise _unreadable("is binary: it holds a NUL byte", path, line=line, hint="save the configuration as text")
    utf8 = encoding.lower().replace("-", "") == "utf8"
    text = _decoded(data, path, "utf-8-sig" if utf8 else encoding)
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    _demand_no_residue(data, text, path)
    return text


def _demand_no_residue(data: bytes, text: str, path: Path) -> None:
    """Raise for what a terminal left between the lines; the quick looks keep large files quick."""
    found = _PAGER.search(text) if "--" in text and any(word in text for word in _MORE) else None
    what = "the prompt of a pager"
    if found is None and len(data.translate(None, _CONTROLS)) < len(data):
        found, what = re.search(f"[{re.escape(_CONTROLS.decode())}]", text), "a control character"
    if found is None:
        found, what = _RETURN.search(text), "a carriage return within a line"
    if found is not None:
        raise _unreadable(
            f"holds {what}: it is what a terminal showed, and lines may be lost",
            path,
            line=text.count("\n", 0, found.start()) + 1,
            hint="save it again with paging off (terminal length 0, terminal pager 0)",
        )


def _decoded(data: bytes, path: Path, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError as exc:
        raise UsageError(f"{encoding!r} is no encoding", hint="write utf-8 or latin-1") from exc
    except UnicodeDecodeError as exc:
        raise _unreadable(
            f"is not {encoding.removesuffix('-sig')}: byte 0x{data[exc.start]:02x}",
            path,
            line=data.count(b"\n", 0, exc.start) + 1,
            hint="if it is Latin-1, say so: --encoding latin-1",
        ) from exc


def _unreadable(message: str, path: Path, *, hint: str, line: int | None = None) -> StAuditError:
    return NotAssessableError(message, kind=FailureKind.INCOMPLETE, file=path, line=line, hint=hint)
