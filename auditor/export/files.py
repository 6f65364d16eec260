"""Files that are whole or not there at all: written beside their place, then renamed into it.

A process that is killed in between leaves what was there before, and a temporary file that the next run takes away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["sweep", "write_whole"]

_SUFFIX: Final = ".st-audit-tmp"


def write_whole(target: Path, data: bytes) -> None:
    """Put data in a file's place at once, durably; a new file is its owner's alone, an old one keeps its mode.

    Raises OSError, and then nothing has changed.
    """
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=_SUFFIX, dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            # Held while it is written: who sweeps sees that somebody is at it.
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            stream.write(data)
            stream.flush()
            if target.exists():
                os.fchmod(stream.fileno(), stat.S_IMODE(target.stat().st_mode))
            os.fsync(stream.fileno())
            os.replace(name, target)  # noqa: PTH105 - the plain name is what mkstemp gave
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108 - as above
        raise
    _sync(target.parent)


def sweep(target: Path) -> int:
    """Take away the temporary files that killed writers of this file left; gives how many there were."""
    found = 0
    for path in target.parent.glob(f".{_literal(target.name)}.*{_SUFFIX}"):
        with contextlib.suppress(OSError), path.open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            found += 1
    return found


def _sync(folder: Path) -> None:
    # A file system that cannot sync folders has renamed all the same.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _literal(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)
