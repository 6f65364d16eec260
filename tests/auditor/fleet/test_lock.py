"""The lock of a job: one run at a time, and no run is kept out by one that is dead."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import time_machine

from auditor.errors import NotAssessableError, UsageError
from auditor.fleet.lock import exclusive, state_folder

HOLDER = """
import sys, time
from pathlib import Path
from auditor.fleet.lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_run_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """While one run goes on, another ends at once and says which process is at it."""
    file = tmp_path / "state" / "job.lock"
    with (
        exclusive(file) as stale,
        pytest.raises(NotAssessableError, match=rf"process {os.getpid()} on "),
        exclusive(file),
    ):
        pytest.fail("two at once")

    assert not stale
    assert file.read_bytes() == b""
    with exclusive(file) as stale:
        assert not stale


def test_second_run_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    """With a time to wait the second run begins when the first has ended."""
    file = tmp_path / "job.lock"
    held, release = threading.Event(), threading.Event()

    def first() -> None:
        with exclusive(file):
            held.set()
            release.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(10)
    threading.Timer(0.3, release.set).start()
    with exclusive(file, wait=10):
        assert release.is_set()
    thread.join()


def test_lock_of_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    """A killed holder's lock is gone with it; what it wrote tells the next run, and its clock does not matter."""
    file = tmp_path / "job.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(NotAssessableError), exclusive(file):
            pytest.fail("two at once")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert json.loads(file.read_text())["pid"] == holder.pid
    with time_machine.travel("1999-01-01T00:00:00Z"), exclusive(file) as stale:
        assert stale
    with exclusive(file) as stale:
        assert not stale


def test_what_stands_in_a_lock_keeps_nobody_out(tmp_path: Path) -> None:
    """A lock file with any content and no holder is free."""
    file = tmp_path / "job.lock"
    file.write_bytes(b"\xff\x00 not JSON")
    with exclusive(file) as stale:
        assert stale


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A lock that cannot be opened is the user's error."""
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="lock"), exclusive(tmp_path / "file" / "job.lock"):
        pytest.fail("no lock, no run")


def test_link_is_not_followed(tmp_path: Path) -> None:
    """A lock that is a link to somebody else's file is refused."""
    (tmp_path / "job.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(UsageError), exclusive(tmp_path / "job.lock"):
        pytest.fail("no lock, no run")
    assert not (tmp_path / "victim").exists()


def test_folder_of_state() -> None:
    """XDG's variable counts where it is absolute, else the home's usual place."""
    assert state_folder({"XDG_STATE_HOME": "/var/lib/x", "HOME": "/h"}) == Path("/var/lib/x/st-audit")
    assert state_folder({"XDG_STATE_HOME": "relative", "HOME": "/h"}) == Path("/h/.local/state/st-audit")
