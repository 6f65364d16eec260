"""A PostgreSQL of the tests' own: made in a temporary folder, reached by a socket in it, stopped by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Server", "obstacle", "start"]

_SERVER_USER = "postgres"
_PATIENCE = 30


def _programs() -> Path | None:
    """Find the folder of initdb and postgres: on PATH, or where Debian keeps them by version."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def obstacle() -> str | None:
    """Say why no PostgreSQL can be started here, or None."""
    if _programs() is None:
        return "PostgreSQL is not installed (tests/setup.sh)"
    if os.geteuid() == 0 and not _user():
        return f"PostgreSQL refuses to run as root, and there is no user {_SERVER_USER}"
    return None


def _user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(_SERVER_USER)
    except KeyError:
        return None


@dataclass(slots=True)
class Server:
    """A running server; `url` is of its one database, whose superuser is `tester`."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Give the database's URL."""
        return f"postgresql://tester@/postgres?host={self.folder}"

    def stop(self) -> None:
        """Stop the server, without waiting for its clients, and remove its folder."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=_PATIENCE)
        shutil.rmtree(self.folder)


def start() -> Server:
    """Make and start a server; as root it runs as the user that its package made."""
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="st-audit-pg-"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = _user()
        assert user is not None
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, log = folder / "data", folder / "log"
    common: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, **as_user}
    try:
        done = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync", "--no-instructions"],
            capture_output=True, text=True, check=False, timeout=60, **common,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [
                    programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off",
                    "-c", "synchronous_commit=off", "-c", "shared_buffers=16MB", "-c", "max_connections=40",
                ],
                stdout=stream, stderr=stream, **common,
            )  # fmt: skip
        server = Server(folder=folder, process=process)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        _wait(server, log)
    except BaseException:
        server.stop()
        raise
    return server


def _wait(server: Server, log: Path) -> None:
    import psycopg

    for _ in range(_PATIENCE * 20):
        assert server.process.poll() is None, log.read_text(encoding="utf-8")
        try:
            psycopg.connect(server.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text(encoding="utf-8"))
