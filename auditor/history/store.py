"""The history: runs recorded, found again, compared with and taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from sqlalchemy import and_, delete, func, or_, select, update

from auditor.errors import UsageError
from auditor.export.evidence import Trend
from auditor.export.json_reader import loads
from auditor.history.database import VARIABLE, Database, open_database
from auditor.history.recording import record, unpacked
from auditor.history.tables import DOCUMENTS, FINDINGS, FIREWALLS, RUNS, TEXTS
from auditor.history.values import Earlier, Pruned, Run
from auditor.report.status import SEVERITIES, FailOn
from auditor.report.values import Severity, Status
from parsers.model.capture import Capture, Document

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection, Row
    from sqlalchemy.sql.elements import ColumnElement

    from auditor.export.evidence import Audited
    from auditor.report.values import Report

__all__ = ["LAST", "History", "open_history"]

LAST: Final = "last"
"""The word for the latest run."""
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER: Final = re.compile(r"[1-9]\d{0,8}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_HEAD: Final = tuple(column for column in RUNS.c if column.name != "report")
_LATEST: Final = (RUNS.c.as_of.desc(), RUNS.c.id.desc())
"""Runs by the moment that they judge, not by that of recording; a later record of the same moment comes later."""


def open_history(environ: Mapping[str, str]) -> History:
    """Open the history that ST_AUDIT_HISTORY names, or the user's own file; raises UsageError."""
    return History(open_database(environ))


class History:
    """Stored runs; a context manager, whose end lets go of the database.

    Every method is one transaction and raises UsageError where the database fails.
    """

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the database."""
        self._database.close()

    @property
    def place(self) -> str:
        """Name the database, without a password."""
        return self._database.place

    # -- writing -------------------------------------------------------------------------------------------------

    def record(
        self,
        report: Report,
        audited: Iterable[Audited] = (),
        *,
        command: str,
        recorded_at: str,
        fail_on: FailOn = FailOn.LOW,
    ) -> int:
        """Store a run with the captures it rests on, redacted; gives its number. `recorded_at` is ISO 8601 in UTC."""
        with self._database.writing() as connection:
            return record(connection, report, audited, command=command, recorded_at=recorded_at, fail_on=fail_on)

    def keep(self, number: int, name: str | None) -> None:
        """Give a run a name, under which it is kept as a baseline and never pruned; None takes the name away.

        A name that another run has moves to this one. Raises UsageError for what is no name, or no run.
        """
        if name is not None and (not _NAME.fullmatch(name) or name == LAST):
            raise UsageError(f"{name!r} is no name for a run", hint="a letter, then letters, digits, dots and dashes")
        with self._database.writing() as connection:
            if connection.scalar(select(RUNS.c.id).where(RUNS.c.id == number)) is None:
                raise UsageError(f"there is no run {number}", hint="`st-audit history` lists them")
            if name is not None:
                connection.execute(update(RUNS).where(RUNS.c.name == name).values(name=None))
            connection.execute(update(RUNS).where(RUNS.c.id == number).values(name=name))

    def prune(self, today: date, *, days: int | None = None, keep: int = 0, dry: bool = False) -> Pruned:
        """Take away runs that judge a day more than `days` ago and are not among the newest `keep` of their deployment.

        Runs with a name stay. Texts that no run needs any more go too. With `dry` nothing is taken, only told.
        """
        with self._database.writing() as connection:
            rank = func.row_number().over(partition_by=RUNS.c.deployment, order_by=_LATEST).label("rank")
            ranked = select(RUNS.c.id, RUNS.c.as_of, RUNS.c.name, rank).subquery()
            chosen = select(ranked.c.id).where(ranked.c.name.is_(None), ranked.c.rank > keep).order_by(ranked.c.id)
            if days is not None:
                chosen = chosen.where(ranked.c.as_of < (today - timedelta(days=days)).isoformat())
            numbers = tuple(int(number) for number in connection.scalars(chosen))
            if dry or not numbers:
                return Pruned(runs=numbers, texts=0)
            connection.execute(delete(RUNS).where(RUNS.c.id.in_(numbers)))
            needed = select(DOCUMENTS.c.sha256)
            gone = connection.execute(delete(TEXTS).where(TEXTS.c.sha256.not_in(needed)))
            return Pruned(runs=numbers, texts=gone.rowcount)

    # -- reading -------------------------------------------------------------------------------------------------

    def runs(
        self, *, limit: int | None = None, deployment: str | None = None, firewall: str | None = None
    ) -> tuple[Run, ...]:
        """Give the latest runs, newest first: of a deployment, or with a firewall in them, where that is asked."""
        query = select(*_HEAD).order_by(*_LATEST).limit(limit)
        if deployment is not None:
            query = query.where(RUNS.c.deployment == deployment)
        if firewall is not None:
            query = query.where(RUNS.c.id.in_(select(FIREWALLS.c.run).where(FIREWALLS.c.name == firewall)))
        with self._database.reading() as connection:
            return self._filled(connection, connection.execute(query).all())

    def find(self, text: str) -> Run:
        """Give the run that a number, a name, `last` or a date means; a date is the end of that day in UTC.

        Raises UsageError where there is none.
        """
        query = select(*_HEAD).order_by(*_LATEST).limit(1)
        if _NUMBER.fullmatch(text):
            query = query.where(RUNS.c.id == int(text))
        elif _DAY.fullmatch(text):
            query = query.where(RUNS.c.as_of <= _end(text))
        elif text != LAST:
            query = query.where(RUNS.c.name == text)
        with self._database.reading() as connection:
            found = self._filled(connection, connection.execute(query).all())
        if not found and text == LAST:
            raise UsageError(
                f"the history at {self.place} holds no run yet",
                hint="`fleet` records its runs, `host` and `config` do with --record",
            )
        if not found:
            raise UsageError(
                f"the history at {self.place} has no run {text!r}",
                hint=f"`st-audit history` lists them; a run is a number, a name, {LAST}, or a date such as 2027-01-31",
            )
        return found[0]

    def report(self, number: int) -> Report:
        """Give a run's report, as it was."""
        with self._database.reading() as connection:
            return self._report(connection, number)

    def earlier(self, firewall: str, context: str, run: Run, until: str | None = None) -> Earlier | None:
        """Give the last audit of a firewall of the run's deployment that saw something, before the run.

        `until` is a date: then the last one up to the end of that day (UTC), still before the run.
        """
        before = or_(RUNS.c.as_of < run.as_of, and_(RUNS.c.as_of == run.as_of, RUNS.c.id < run.number))
        query = (
            select(*_HEAD)
            .join(FIREWALLS, FIREWALLS.c.run == RUNS.c.id)
            .where(FIREWALLS.c.name == firewall, FIREWALLS.c.context == context, FIREWALLS.c.error.is_(None))
            .where(before, _same(RUNS.c.deployment, run.deployment))
            .order_by(*_LATEST)
            .limit(1)
        )
        if until is not None:
            query = query.where(RUNS.c.as_of <= _end(until))
        with self._database.reading() as connection:
            found = connection.execute(query).first()
            if found is None:
                return None
            report = self._report(connection, found.id)
            audited = next(item for item in report.firewalls if (item.name, item.context) == (firewall, context))
            return Earlier(run=self._filled(connection, [found])[0], firewall=audited)

    def capture(self, number: int, firewall: str, context: str = "") -> Capture:
        """Give the redacted capture that a firewall was judged by; raises UsageError where none was stored."""
        query = (
            select(DOCUMENTS, TEXTS.c.content, FIREWALLS.c.platform)
            .join(TEXTS, TEXTS.c.sha256 == DOCUMENTS.c.sha256)
            .join(FIREWALLS, FIREWALLS.c.id == DOCUMENTS.c.firewall)
            .where(FIREWALLS.c.run == number, FIREWALLS.c.name == firewall, FIREWALLS.c.context == context)
            .order_by(DOCUMENTS.c.position)
        )
        with self._database.reading() as connection:
            found = connection.execute(query).all()
        if not found:
            raise UsageError(
                f"run {number} holds no configuration of {firewall}", hint="`st-audit history show` lists its firewalls"
            )
        return Capture(
            documents=tuple(
                Document(
                    name=row.name,
                    command=row.command,
                    text=unpacked(row.content),
                    stderr=unpacked(row.stderr),
                    exit_status=row.exit_status,
                )
                for row in found
            ),
            platform=found[0].platform,
        )

    def trend(self, *, limit: int, deployment: str | None = None, firewall: str | None = None) -> tuple[Trend, ...]:
        """Give what the latest runs came to, oldest first; of one firewall alone, where that is asked."""
        runs = self.runs(limit=limit, deployment=deployment, firewall=firewall)
        if firewall is not None:
            with self._database.reading() as connection:
                runs = self._counted(connection, runs, firewall)
        return tuple(
            Trend(
                as_of=run.as_of,
                findings=tuple((severity.value, count) for severity, count in run.findings),
                waived=run.waived,
            )
            for run in reversed(runs)
        )

    def _report(self, connection: Connection, number: int) -> Report:
        content = connection.scalar(select(RUNS.c.report).where(RUNS.c.id == number))
        if content is None:
            raise UsageError(f"there is no run {number}", hint="`st-audit history` lists them")
        return loads(unpacked(content), f"run {number} of {self.place}")

    def _filled(self, connection: Connection, found: Iterable[Row[Any]]) -> tuple[Run, ...]:
        """Give runs with the names of their firewalls and the numbers of their findings."""
        runs = tuple(
            Run(
                number=row.id,
                recorded_at=row.recorded_at,
                as_of=row.as_of,
                command=row.command,
                deployment=row.deployment,
                tool_version=row.tool_version,
                fail_on=FailOn(row.fail_on),
                status=Status(row.status),
                exit_code=row.exit_code,
                worst_finding=None if row.worst_finding is None else Severity(row.worst_finding),
                name=row.name,
            )
            for row in found
        )
        names: dict[int, list[str]] = {}
        query = select(FIREWALLS.c.run, FIREWALLS.c.name, FIREWALLS.c.context).where(
            FIREWALLS.c.run.in_([run.number for run in runs])
        )
        for row in connection.execute(query.order_by(FIREWALLS.c.run, FIREWALLS.c.position)):
            names.setdefault(row.run, []).append(f"{row.name} / {row.context}" if row.context else row.name)
        named = tuple(replace(run, firewalls=tuple(names.get(run.number, ()))) for run in runs)
        return self._counted(connection, named)

    def _counted(self, connection: Connection, runs: tuple[Run, ...], firewall: str | None = None) -> tuple[Run, ...]:
        waived = FINDINGS.c.ticket.is_not(None)
        query = (
            select(FIREWALLS.c.run, FINDINGS.c.severity, waived.label("waived"), func.count().label("number"))
            .join(FINDINGS, FINDINGS.c.firewall == FIREWALLS.c.id)
            .where(FIREWALLS.c.run.in_([run.number for run in runs]))
            .group_by(FIREWALLS.c.run, FINDINGS.c.severity, waived)
        )
        if firewall is not None:
            query = query.where(FIREWALLS.c.name == firewall)
        standing: dict[tuple[int, str], int] = {}
        accepted: dict[int, int] = {}
        for row in connection.execute(query):
            if row.waived:
                accepted[row.run] = accepted.get(row.run, 0) + row.number
            else:
                standing[row.run, row.severity] = row.number
        return tuple(
            replace(
                run,
                findings=tuple((severity, standing.get((run.number, severity.value), 0)) for severity in SEVERITIES),
                waived=accepted.get(run.number, 0),
            )
            for run in runs
        )


def _end(day: str) -> str:
    """Give the last moment of a day as runs' moments are written; raises UsageError for what is no day."""
    try:
        return f"{date.fromisoformat(day).isoformat()}T23:59:59Z"
    except ValueError as exc:
        raise UsageError(f"there is no day {day}", hint=f"write a date such as 2027-01-31 ({VARIABLE})") from exc


def _same(column: Any, value: str | None) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == value  # type: ignore[no-any-return]
