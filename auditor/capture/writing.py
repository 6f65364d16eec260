"""Writing captures: redacted, whole or not at all, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from auditor.capture.manifest import MANIFEST, Completion, Entry, Manifest, Origin, digest, dump
from auditor.capture.redaction import Redactor
from auditor.errors import UsageError
from parsers.contract import Platform
from parsers.model.capture import Capture, Document

__all__ = ["file_names", "write"]


def write(
    folder: Path,
    platform: Platform,
    capture: Capture,
    *,
    firewall: str | None = None,
    origin: Origin | None = None,
    redactor: Redactor | None = None,
) -> Manifest:
    """Write a capture as a folder (0700) of documents (0600) and `manifest.json`, in place of an older one there.

    Redacts whatever is not redacted yet. The folder appears at once and whole; raises UsageError if it cannot be
    written, or holds something else than a capture.
    """
    clean = (redactor or Redactor()).capture(platform, capture)
    completeness = platform.prove(clean)
    names = file_names(clean.documents)
    manifest = Manifest(
        platform=platform.id,
        firewall=firewall,
        origin=origin,
        completeness=Completion(complete=completeness.complete, reason=completeness.reason),
        documents=tuple(
            Entry(
                file=name,
                name=document.name,
                command=document.command,
                exit_status=document.exit_status,
                stderr=document.stderr,
                sha256=digest(document),
                lines=document.line_count(),
            )
            for name, document in zip(names, clean.documents, strict=True)
        ),
    )
    texts = {name: document.text for name, document in zip(names, clean.documents, strict=True)}
    try:
        _replace_folder(folder, texts | {MANIFEST: dump(manifest)})
    except OSError as exc:
        raise UsageError(f"cannot be written: {exc.strerror}", file=folder, hint="name a folder that is yours") from exc
    return manifest


def file_names(documents: tuple[Document, ...]) -> list[str]:
    """Give a plain file name for each document, all of them different and none the manifest's."""
    names: list[str] = []
    for document in documents:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(document.name).name).strip("-.") or "document"
        name, number = f"{stem.removesuffix('.txt')}.txt", 2
        while name in names or name == MANIFEST:
            name, number = f"{stem}-{number}.txt", number + 1
        names.append(name)
    return names


def _replace_folder(folder: Path, texts: dict[str, str]) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise UsageError(
            "this folder holds something else than a capture", file=folder, hint="name a new or an empty folder"
        )
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkdtemp makes 0700; beside the goal, so that the renaming stays within one file system.
    fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    old: Path | None = None
    try:
        for name, text in texts.items():
            handle = os.open(fresh / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        if folder.exists():
            old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.")) / "old"
            folder.rename(old)
        fresh.rename(folder)
    except BaseException:
        if old is not None and old.exists() and not folder.exists():
            with contextlib.suppress(OSError):
                old.rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    finally:
        if old is not None:
            shutil.rmtree(old.parent, ignore_errors=True)
