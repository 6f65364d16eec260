"""The archive itself: a ZIP that is the same bytes for the same files, and is read with suspicion.

Nothing is compressed, since what a compressor writes depends on its version; names are sorted, dates and modes fixed.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from auditor.errors import UsageError

__all__ = ["MANIFEST", "SCHEMA", "damage", "is_bundle", "pack", "unpack"]

MANIFEST: Final = "manifest.json"
SCHEMA: Final = "st-audit/bundle/1"
_LARGEST: Final = 1024 * 1024 * 1024
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a ZIP can hold."""


def pack(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Give the archive of files, with a manifest that lists each with its SHA-256."""
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    text = json.dumps({**manifest, "schema": SCHEMA, "files": listed}, sort_keys=True, indent=2) + "\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted({**files, MANIFEST: text.encode()}.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o100600 << 16
            archive.writestr(entry, content)
    return out.getvalue()


def is_bundle(content: bytes) -> bool:
    """Tell whether bytes begin like an archive."""
    return content.startswith(b"PK\x03\x04")


def unpack(content: bytes, file: str = "", *, harmed: bool = False) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Give an archive's manifest and its other files; raises UsageError for what is no bundle of this version.

    With `harmed` a file whose checksum is not the archive's is given as it stands, for `damage` to name.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _LARGEST:
                raise _wrong(f"unpacks to more than {_LARGEST >> 20} MiB", file)
            names = [entry.filename for entry in entries]
            if strange := next((name for name in names if not _plain(name) or names.count(name) > 1), None):
                raise _wrong(f"holds a strange name, {strange!r}", file)
            files = {entry.filename: _content(archive, entry, content, harmed=harmed) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        # A directory that lies about places and lengths leads the reader anywhere.
        raise _wrong(f"is no archive that can be read: {error}", file) from error
    return _manifest(files.pop(MANIFEST, b""), file), files


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, whole: bytes, *, harmed: bool) -> bytes:
    try:
        return archive.read(entry)
    except zipfile.BadZipFile:
        if not harmed or entry.compress_type != zipfile.ZIP_STORED:
            raise
        # The local header has 30 bytes, then a name and an extra field whose lengths it says (APPNOTE.TXT, 4.3.7).
        header = whole[entry.header_offset : entry.header_offset + 30]
        if len(header) < 30:
            raise
        name, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        start = entry.header_offset + 30 + name + extra
        return whole[start : start + entry.file_size]


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Give the same of a bundle that somebody unpacked into a folder."""
    try:
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink()
        }
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", file=folder) from error
    return _manifest(files.pop(MANIFEST, b""), str(folder)), files


def damage(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> list[str]:
    """Say which files are missing, added or changed since the archive was written."""
    listed: Mapping[str, str] = manifest["files"]
    found = [f"{name} is missing" for name in sorted(listed.keys() - files.keys())]
    found += [f"{name} was added" for name in sorted(files.keys() - listed.keys())]
    found += [
        f"{name} was changed: its SHA-256 is not the one in {MANIFEST}"
        for name in sorted(listed.keys() & files.keys())
        if hashlib.sha256(files[name]).hexdigest() != listed[name]
    ]
    return found


def _manifest(content: bytes, file: str) -> dict[str, Any]:
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"holds no {MANIFEST} that can be read", file) from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise _wrong(f"is no bundle of this version ({SCHEMA})", file)
    listed = manifest.get("files")
    if not isinstance(listed, dict) or not all(isinstance(item, str) for item in listed.values()):
        raise _wrong(f"holds a {MANIFEST} without a list of files", file)
    return manifest


def _plain(name: str) -> bool:
    """Tell whether a name stays within the archive's own folder wherever it is unpacked."""
    return (
        re.fullmatch(r"[A-Za-z0-9._/-]+", name) is not None
        and not name.startswith("/")
        and not {"", ".", ".."}.intersection(PurePosixPath(name).parts)
        and str(PurePosixPath(name)) == name
    )


def _wrong(what: str, file: str) -> UsageError:
    return UsageError(what, file=file or None, hint="name a bundle that `-o bundle=FILE` wrote")
