"""A process that runs command lines in children of its own, warm, and lets them die where it is told.

`python -m tests.auditor.fleet.forked` reads one JSON request a line and answers each with how the child ended. Points
at which a child kills itself are patched into the child alone: the product knows nothing of them.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["POINTS", "Ended", "Runner", "runner"]

POINTS = (
    "before temp write", "after temp write", "before rename", "after rename", "before commit", "after commit",
)  # fmt: skip
"""Where a run can be killed: its report's temporary file, the renaming of it, the history's commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command line ended: its exit code, or the negative number of the signal that killed it."""

    code: int
    out: str
    err: str


class Runner:
    """Sends requests to the process and reads its answers."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        """Take the process, and a folder for what its children say."""
        self._process = process
        self._folder = folder

    def __call__(self, *arguments: str | Path, **request: Any) -> Ended:
        """Run a command line; see `_child` and `_wait` for what may happen to it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        out, err = self._folder / "out", self._folder / "err"
        words = {"arguments": [str(word) for word in arguments], "out": str(out), "err": str(err), **request}
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Ended(code=code, out=out.read_text("utf-8", "replace"), err=err.read_text("utf-8", "replace"))


@contextmanager
def runner(folder: Path, environ: dict[str, str]) -> Iterator[Runner]:
    """Start the process, with this environment beside PATH, until the block is left."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.auditor.fleet.forked"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=kept | environ,
        cwd=Path(__file__).resolve().parents[3],
    ) as process:  # fmt: skip
        yield Runner(process, folder)
        assert process.stdin is not None
        process.stdin.close()


def _serve() -> None:
    # Everything that a run imports, so that a child does not have to.
    import importlib

    for name in (
        "auditor.cli.fleet", "auditor.cli.fleet_end", "auditor.cli.evidence", "auditor.cli.progress",
        "auditor.fleet.pool", "auditor.fleet.run", "auditor.fleet.metrics", "auditor.fleet.notice",
        "auditor.fleet.state", "auditor.history.store", "auditor.deployment.load", "auditor.export.json",
        "parsers.platforms.cisco_asa", "ciscoconfparse2", "netmiko", "paramiko", "alembic.command",
        "sqlalchemy.dialects.sqlite", "time_machine",
    ):  # fmt: skip
        importlib.import_module(name)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(request)
        sys.stdout.write(f"{_wait(child, request)}\n")
        sys.stdout.flush()


def _wait(child: int, request: dict[str, Any]) -> int:
    """Wait for a child; `signal` is sent after `after` seconds, if it lives so long."""
    if "after" in request:
        end = time.monotonic() + request["after"]
        while time.monotonic() < end:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(child, request["signal"])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _child(request: dict[str, Any]) -> None:
    """Run the command line with what is arranged for it, and end at once."""
    from auditor.cli.main import main

    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, number)
    os.environ.update(request.get("environ", {}))
    if "point" in request:
        _arrange(request["point"], request["file"])
    if "largest" in request:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["largest"], request["largest"]))
    if "clock" in request:
        _jump(request["clock"], request.get("jump_after", 0.0))
    code = 70
    try:
        code = main(request["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _jump(destination: str, after: float) -> None:
    import time_machine

    traveller = time_machine.travel(destination, tick=True)
    if after:
        timer = threading.Timer(after, traveller.start)
        timer.daemon = True
        timer.start()
    else:
        traveller.start()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arrange(point: str, file: str) -> None:
    """Let this process die at a point: of the file of this name, or of the history's transaction."""
    when, _, what = point.partition(" ")
    if what == "commit":
        from sqlalchemy.engine.default import DefaultDialect

        # Reading is a transaction too; what is meant is the one that wrote the run.
        _around(DefaultDialect, "do_commit", when, lambda _dialect, database: database.total_changes > 0)
    elif what == "rename":
        _around(os, "replace", when, lambda _source, goal: Path(goal).name == file)
    elif when == "before":
        _around(tempfile, "mkstemp", when, lambda **values: values["prefix"] == f".{file}.")
    else:
        _around(os, "fsync", when, lambda handle: f".{file}." in str(Path(f"/proc/self/fd/{handle}").readlink()))


def _around(owner: Any, name: str, when: str, meant: Callable[..., bool]) -> None:
    whole = getattr(owner, name)

    def call(*args: Any, **values: Any) -> Any:
        mine = meant(*args, **values)
        if mine and when == "before":
            _die()
        result = whole(*args, **values)
        if mine:
            _die()
        return result

    setattr(owner, name, call)


if __name__ == "__main__":
    _serve()
