"""Where the history lies, and connections to it: SQLite in a file of the user's own, or PostgreSQL by URL.

Writers take turns: SQLite's write lock and PostgreSQL's advisory lock are taken at the beginning of a transaction, so
that two runs that end at the same moment both are recorded, whole.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from auditor.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

__all__ = ["VARIABLE", "Database", "default_file", "open_database"]

VARIABLE: Final = "ST_AUDIT_HISTORY"
"""The environment variable with a file's path or a server's URL (whose password may also come from ~/.pgpass)."""

_HEAD: Final = "0001"
"""The version that the tables of this program have: the last step in `migrations/versions`."""
_LOCK: Final = 0x57_A0_D1_70
"""PostgreSQL's advisory lock of st-audit's writers: any number, always the same."""
_PATIENCE: Final = 30
"""Seconds that a writer waits for another."""
_WRITES: Final = "st_audit_writes"
_LOGGER: Final = logging.getLogger("auditor.history")


def default_file(environ: Mapping[str, str]) -> Path:
    """Our own file: `$XDG_DATA_HOME/st-audit/history.sqlite` (XDG Base Directory Specification)."""
    base = environ.get("XDG_DATA_HOME", "")
    # The specification: a relative path there is to be ignored.
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME") or "~").expanduser() / ".local" / "share"
    return home / "st-audit" / "history.sqlite"


class Database:
    """One history's connections; `place` names it without a password."""

    def __init__(self, engine: Engine, place: str) -> None:
        """Take an engine whose tables are of this version."""
        self._engine = engine
        self.place = place

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state; raises UsageError where the database fails."""
        with self._told(), self._engine.connect() as plain:
            server = plain.dialect.name == "postgresql"
            connection = plain.execution_options(isolation_level="REPEATABLE READ") if server else plain
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that no other writes beside; all of it is kept at the end, or nothing on an exception."""
        with self._told(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                _take_turn(connection)
                yield connection

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as exc:
            raise _failure(self.place, exc) from exc


def open_database(environ: Mapping[str, str]) -> Database:
    """Open the history that the environment names, or the user's own file; makes and upgrades its tables.

    Raises UsageError where that is impossible. A new file is its owner's alone (0600, its folder 0700).
    """
    from sqlalchemy.exc import SQLAlchemyError

    url, place = _url(environ)
    if url.get_backend_name() == "sqlite":
        _prepare(Path(url.database or ""))
    try:
        database = Database(_engine(url), place)
    except ImportError as exc:
        raise UsageError(
            "PostgreSQL needs a driver that is not installed", key=VARIABLE, hint="pip install 'st-audit[postgres]'"
        ) from exc
    try:
        _upgrade(database)
    except SQLAlchemyError as exc:
        database.close()
        raise _failure(place, exc) from exc
    except BaseException:
        database.close()
        raise
    return database


def _url(environ: Mapping[str, str]) -> tuple[URL, str]:
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    text = environ.get(VARIABLE, "").strip()
    if "://" not in text:
        path = (Path(text).expanduser() if text else default_file(environ)).absolute()
        return URL.create("sqlite", database=str(path)), str(path)
    hint = "write a file's path, or postgresql://USER@HOST/DATABASE"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as exc:
        raise UsageError("is no URL of a database", key=VARIABLE, hint=hint) from exc
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg"), url.render_as_string(hide_password=True)
    if url.drivername == "sqlite" and url.database and url.database != ":memory:":
        path = Path(url.database).expanduser().absolute()
        return URL.create("sqlite", database=str(path)), str(path)
    raise UsageError(f"{url.drivername} is not a database that st-audit keeps its history in", key=VARIABLE, hint=hint)


def _prepare(file: Path) -> None:
    """Make the folder and the file before SQLite does, which would leave them open to everyone."""
    try:
        if not file.parent.is_dir():
            file.parent.parent.mkdir(parents=True, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as exc:
        raise UsageError(
            f"the history cannot be opened: {exc.strerror}", file=file, hint=f"{VARIABLE} names another file"
        ) from exc
    if mode & 0o077:
        _LOGGER.warning("%s: others may read the history, which holds configurations: chmod 600 it", file)


def _engine(url: URL) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import NullPool

    # Values are configurations and findings: no error or log line shows them.
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url, hide_parameters=True, poolclass=NullPool,
            connect_args={"connect_timeout": _PATIENCE, "application_name": "st-audit"},
        )  # fmt: skip
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args={"timeout": _PATIENCE})

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say so, not where the driver guesses
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # what is pruned must not stay in the file

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        from sqlalchemy import text

        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _upgrade(database: Database) -> None:
    """Bring the tables to this version; whoever comes second finds it done."""
    with database.reading() as connection:
        if _version(connection) == _HEAD:
            return
    with database.writing() as connection:
        if _version(connection) == _HEAD:
            return
        _run_steps(connection, database.place)


def _version(connection: Connection) -> str | None:
    from sqlalchemy import column, inspect, select, table

    from auditor.history.tables import VERSION_TABLE

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return found


def _run_steps(connection: Connection, place: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", "auditor.history:migrations")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        raise UsageError(
            f"the history at {place} was written by a later version of st-audit",
            key=VARIABLE, hint=f"upgrade st-audit, or let {VARIABLE} name another history",
        ) from exc  # fmt: skip


def _failure(place: str, exc: Exception) -> UsageError:
    original = getattr(exc, "orig", None) or exc
    # Below its first line PostgreSQL shows the row that it refused.
    why = next((line.strip() for line in str(original).splitlines() if line.strip()), type(original).__name__)
    return UsageError(f"the history at {place} fails: {why}", key=VARIABLE, hint=f"{VARIABLE} names another history")
