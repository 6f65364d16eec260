"""The same suite on both databases: a file of its own per test, and a real PostgreSQL emptied before each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditor.history.database import VARIABLE
from auditor.history.store import History, open_history
from tests.auditor.history import postgres

Environ = dict[str, str]


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """Give a running PostgreSQL, stopped at the end."""
    reason = postgres.obstacle()
    if reason is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must test against the real database: {reason}")
        pytest.skip(reason)
    running = postgres.start()
    yield running
    running.stop()


@pytest.fixture
def postgres_url(server: postgres.Server) -> str:
    """Give the URL of an empty PostgreSQL database."""
    import psycopg

    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> Environ:
    """Give the environment that names an empty history, in each kind of database."""
    if request.param == "sqlite":
        return {VARIABLE: str(tmp_path / "history.sqlite")}
    return {VARIABLE: request.getfixturevalue("postgres_url")}


@pytest.fixture
def history(environ: Environ) -> Iterator[History]:
    """Give an empty history."""
    with open_history(environ) as found:
        yield found


@pytest.fixture
def opened(environ: Environ) -> Iterator[Callable[[], History]]:
    """Give a function that opens the history anew, as another process would."""
    found: list[History] = []

    def again() -> History:
        found.append(open_history(environ))
        return found[-1]

    yield again
    for item in found:
        item.__exit__(None, None, None)
