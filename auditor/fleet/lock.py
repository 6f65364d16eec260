"""One run at a time: a lock that the kernel gives back however its holder ends."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from auditor.errors import FailureKind, NotAssessableError, UsageError

__all__ = ["exclusive", "state_folder"]

_LOGGER: Final = logging.getLogger(__name__)
_POLL: Final = 0.2


def state_folder(environ: Mapping[str, str]) -> Path:
    """Our own folder for what jobs remember: `$XDG_STATE_HOME/st-audit` (XDG Base Directory Specification)."""
    base = environ.get("XDG_STATE_HOME", "")
    # The specification: a relative path there is to be ignored.
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME") or "~").expanduser() / ".local" / "state"
    return home / "st-audit"


@contextlib.contextmanager
def exclusive(file: Path, *, wait: float = 0.0) -> Iterator[bool]:
    """Hold a lock file for the block; gives whether its last holder was killed (its entry stands, its lock is gone).

    Raises NotAssessableError where another run holds it longer than `wait` seconds: nothing is audited twice at once.
    The lock is flock(2)'s, so that no clock, process number or left file can keep a next run out.
    """
    handle = _open(file)
    try:
        _acquire(handle, file, wait)
        stale = _holder(handle)
        if stale:
            _LOGGER.warning("the run before did not end in good order: %s", _told(stale))
        _enter(handle)
        yield bool(stale)
        # Emptied only in good order or with an exception that unwinds; a killed run's entry stays and tells of it.
    finally:
        with contextlib.suppress(OSError):
            if _is_ours(handle):
                os.ftruncate(handle, 0)
        os.close(handle)


def _open(file: Path) -> int:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise UsageError(
            f"the lock cannot be opened: {error.strerror}", file=file, key="--state", hint="name a folder of your own"
        ) from error


def _acquire(handle: int, file: Path, wait: float) -> None:
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise UsageError(
                    f"this file system has no locks: {error.strerror}",
                    file=file,
                    key="--state",
                    hint="name a folder on a local disk",
                ) from error
        else:
            return
        if time.monotonic() >= end:
            raise NotAssessableError(
                f"another run is at it: {_told(_holder(handle))}",
                kind=FailureKind.INCOMPLETE,
                hint="let it end, give --lock-wait, or let the job run less often",
                file=file,
            )
        time.sleep(_POLL)


def _enter(handle: int) -> None:
    entry = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    with contextlib.suppress(OSError):  # a full disk does not take the lock away
        os.ftruncate(handle, 0)
        os.pwrite(handle, (json.dumps(entry) + "\n").encode(), 0)


def _holder(handle: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(handle, 4096, 0) or b"{}")
    except (OSError, ValueError):
        return {"pid": "unknown"}
    return found if isinstance(found, dict) else {"pid": "unknown"}


def _is_ours(handle: int) -> bool:
    return _holder(handle).get("pid") == os.getpid()


def _told(holder: Mapping[str, Any]) -> str:
    words = [f"process {holder.get('pid', 'unknown')}"]
    words += [f"{word} {holder[key]}" for key, word in (("host", "on"), ("since", "since")) if key in holder]
    return " ".join(words)
