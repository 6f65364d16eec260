"""Where the history lies, who may read it, and what becomes of tables of another version."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from auditor.errors import UsageError
from auditor.history import database
from auditor.history.database import VARIABLE, default_file, open_database
from auditor.history.store import open_history
from auditor.history.tables import METADATA, VERSION_TABLE
from tests.auditor.sample_report import firewall, report, row

pytestmark = pytest.mark.xdist_group("history")

PERIMETER = report(firewall(rows=(row(),)))


def mode(path: Path) -> int:
    """Give a path's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_tables_are_what_the_steps_make(environ: dict[str, str]) -> None:
    """The steps of alembic, all run, make exactly the tables that the program knows."""
    found = open_database(environ)
    with found.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        difference = compare_metadata(context, METADATA)
    found.close()

    assert difference == []


def test_head() -> None:
    """The version that the program asks for is that of the last step."""
    folder = Path(database.__file__).parent / "migrations"

    assert ScriptDirectory(str(folder)).get_heads() == [database._HEAD]  # noqa: SLF001 - the two must agree


def test_later_version_is_refused(environ: dict[str, str]) -> None:
    """A history that a later st-audit wrote is left alone, and the message says so."""
    found = open_database(environ)
    with found.writing() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))  # noqa: S608 - our own constant
    found.close()

    with pytest.raises(UsageError, match="later version of st-audit") as caught:
        open_database(environ)
    assert caught.value.key == VARIABLE


def test_file_is_its_owners(tmp_path: Path) -> None:
    """By default the history is in the user's data folder, 0600 in 0700, whatever the umask."""
    before = os.umask(0)
    try:
        with open_history({"XDG_DATA_HOME": str(tmp_path / "data")}) as history:
            history.record(PERIMETER, command="config", recorded_at="2027-01-01T00:00:00Z")
    finally:
        os.umask(before)
    file = tmp_path / "data" / "st-audit" / "history.sqlite"

    assert [item.name for item in file.parent.iterdir()] == ["history.sqlite"]
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)


def test_default_file() -> None:
    """The folder is XDG's, or ~/.local/share; a relative XDG_DATA_HOME is ignored, as its specification says."""
    assert default_file({"XDG_DATA_HOME": "/data"}) == Path("/data/st-audit/history.sqlite")
    expected = Path("/home/a/.local/share/st-audit/history.sqlite")
    assert default_file({"HOME": "/home/a"}) == default_file({"HOME": "/home/a", "XDG_DATA_HOME": "data"}) == expected


def test_open_file_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that others may read is used, and said to be open."""
    file = tmp_path / "history.sqlite"
    file.touch()
    file.chmod(0o640)
    open_database({VARIABLE: str(file)}).close()

    assert "others may read the history" in caplog.text
    assert mode(file) == 0o640


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("mysql://host/db", "mysql is not a database"),
        ("sqlite://", "sqlite is not a database"),
        ("postgresql://host:port/db", "is no URL"),
        ("/proc/none/history.sqlite", "cannot be opened"),
    ],
)
def test_no_history_there(value: str, words: str) -> None:
    """What cannot be a history is refused with the variable's name or the file's."""
    with pytest.raises(UsageError, match=words):
        open_database({VARIABLE: value})


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is something else is refused, and stays as it was."""
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to have a header\n" * 30, encoding="utf-8")
    before = file.read_bytes()

    with pytest.raises(UsageError, match="file is not a database"):
        open_database({VARIABLE: str(file)})
    assert file.read_bytes() == before


def test_sqlite_url(tmp_path: Path) -> None:
    """SQLite's URL is taken as well as a path."""
    open_database({VARIABLE: f"sqlite:///{tmp_path}/h.sqlite"}).close()

    with sqlite3.connect(tmp_path / "h.sqlite") as connection:
        assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("0001",)]  # noqa: S608
    connection.close()


def test_password_is_never_told() -> None:
    """A server that does not answer is named without the password that the URL holds."""
    with pytest.raises(UsageError) as caught:
        open_database({VARIABLE: "postgresql://auditor:Canary-42@127.0.0.1:1/st_audit"})

    assert "127.0.0.1" in str(caught.value)
    assert "Canary-42" not in str(caught.value)


def test_values_are_never_told(environ: dict[str, str]) -> None:
    """An error of the database does not show what was to be stored."""
    found = open_database(environ)

    def break_it() -> None:
        with found.writing() as connection:
            connection.execute(text("INSERT INTO st_audit_texts (sha256) VALUES (:value)"), {"value": "Canary-43"})

    with pytest.raises(UsageError) as caught:
        break_it()
    found.close()
    assert "Canary-43" not in str(caught.value)


def test_start_is_light() -> None:
    """The command line does not load the database's library before it is needed."""
    code = "import sys, auditor.cli.main; sys.exit('sqlalchemy' in sys.modules or 'alembic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
