"""What a job remembers from one run to the next: one file, whole or not there."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any, Final

from auditor.errors import UsageError
from auditor.export.files import sweep, write_whole
from auditor.export.json import document
from auditor.export.json_reader import read
from auditor.export.options import DEFAULT
from auditor.fleet.news import Known

__all__ = ["Place", "load", "place", "save"]

_LOGGER: Final = logging.getLogger(__name__)
_SCHEMA: Final = "st-audit/fleet-state/1"


class Place:
    """The files of one job in a folder of state: its lock and its memory."""

    def __init__(self, folder: Path, stem: str) -> None:
        """Take the folder and the job's own name in it."""
        self.lock = folder / f"{stem}.lock"
        self.memory = folder / f"{stem}.json"


def place(folder: Path, *, deployment: Path | None, inventory: Path | None, limit: tuple[str, ...], part: str) -> Place:
    """Give a job's files: the same job is the same site, inventory, limits and part, whatever else it is told."""
    told = [str(path.resolve()) if path is not None else "" for path in (deployment, inventory)]
    digest = hashlib.sha256(json.dumps([*told, sorted(limit), part]).encode()).hexdigest()[:12]
    named = inventory or deployment
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", named.stem if named is not None else "fleet").strip("-.") or "fleet"
    return Place(folder, f"{stem}-{digest}")


def load(file: Path) -> Known | None:
    """Give what was told last, None where nothing was, or where the file is no memory of ours: then all is new."""
    sweep(file)
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        _LOGGER.warning("%s: what was told last cannot be read (%s): everything counts as new", file, error)
        return None
    try:
        return _known(json.loads(text), str(file))
    except (ValueError, KeyError, TypeError, UsageError) as error:
        _LOGGER.warning("%s: this is no memory of st-audit's (%s): everything counts as new", file, error)
        return None


def save(file: Path, known: Known) -> None:
    """Remember what was told; raises UsageError where that is impossible, and then what was known before stands."""
    content: dict[str, Any] = {
        "schema": _SCHEMA,
        "report": document(known.report, DEFAULT),
        "failing": [list(item) for item in known.failing],
        "told": [list(item) for item in known.told],
    }
    data = json.dumps(content, sort_keys=True, ensure_ascii=True).encode()
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, data)
    except OSError as error:
        raise UsageError(
            f"what was told cannot be remembered, and will be told again: {error.strerror or error}",
            file=file,
            key="--state",
            hint="name a folder that can be written to",
        ) from error


def _known(found: Any, file: str) -> Known:
    if found["schema"] != _SCHEMA:
        raise UsageError(f"is {found['schema']}, not {_SCHEMA}")
    return Known(report=read(found["report"], file), failing=_pairs(found["failing"]), told=_pairs(found["told"]))


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(one), str(two)) for one, two in value)
