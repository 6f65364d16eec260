"""Nothing is lost: killed anywhere, a full disk, a database that is gone, a clock that jumps."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from auditor.export.json import schema
from tests.auditor.fleet import bed
from tests.auditor.fleet.bed import Site, boxes, timeless
from tests.auditor.fleet.forked import POINTS, Ended, Runner, runner

FIRST, SECOND, THIRD = "2026-11-24", "2026-11-25", "2026-11-26"
SEED = 20261124


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job over two firewalls, and the folder that its report and metrics go to."""

    run: Runner
    site: Site
    home: Path
    folder: Path

    def __call__(self, day: str | None, *, environ: dict[str, str] | None = None, **request: object) -> Ended:
        """Run it as of a day."""
        judged = () if day is None else ("--as-of", day)
        return self.run(
            "fleet", "--deployment", self.site.deployment, "--retry-wait", "0.05", *judged, "-f", "markdown",
            "-o", f"json={self.folder / 'report.json'}", "--metrics", self.folder / "fleet.prom",
            file="report.json", environ=environ or {}, **request,
        )  # fmt: skip

    def day(self) -> str:
        """Give the day of the report that stands, which must be whole."""
        found = bed.read(self.folder / "report.json")
        jsonschema.validate(found, schema(), cls=jsonschema.Draft202012Validator)
        assert len(found["firewalls"]) == 2
        return str(found["as_of"])

    def recorded(self) -> list[str]:
        """Give the days of the runs in the history."""
        with sqlite3.connect(self.home / "history.sqlite") as database:
            rows = database.execute("select as_of from st_audit_runs order by id").fetchall()
        database.close()
        return [day for (day,) in rows]

    def left_over(self) -> list[str]:
        """Give what a run left that is nobody's report."""
        places = (self.folder, self.home / "state" / "st-audit")
        return [path.name for place in places for path in place.iterdir() if path.name.startswith(".")]

    def ended_in(self) -> float:
        """Give the exit code that the metrics tell, which must be whole."""
        text = (self.folder / "fleet.prom").read_text("utf-8")
        samples = {
            sample.name: sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not sample.labels
        }
        return samples["st_audit_exit_code"]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """Run two firewalls and the process that runs jobs, for all tests of this file, and the job once in good order."""
    base = tmp_path_factory.mktemp("faults")
    home, folder = base / "home", base / "reports"
    home.mkdir()
    folder.mkdir()
    with bed.fleet(boxes(2), base) as site, runner(base, bed.environment(home)) as run:
        made = Job(run=run, site=site, home=home, folder=folder)
        first = made(FIRST)
        assert first.code == 1, first.err
        assert (made.day(), made.recorded(), made.left_over()) == (FIRST, [FIRST], [])
        yield made


@pytest.fixture
def job(ground: Job, tmp_path: Path) -> Job:
    """Give a job of its own, which ran once in good order: what that left is copied."""
    home, folder = tmp_path / "home", tmp_path / "reports"
    shutil.copytree(ground.home, home)
    shutil.copytree(ground.folder, folder)
    return Job(run=_at(ground.run, home), site=ground.site, home=home, folder=folder)


def _at(run: Runner, home: Path) -> Runner:
    """Give the runner with another home."""

    class Homed(Runner):
        """Each run's environment is the home's."""

        def __init__(self) -> None:
            """Nothing of its own."""

        def __call__(self, *arguments: str | Path, **request: object) -> Ended:
            environ = request.pop("environ", {})
            assert isinstance(environ, dict)
            return run(*arguments, environ=bed.environment(home) | environ, **request)

    return Homed()


def assert_next_run_is_clean(job: Job) -> None:
    """Run the job again: it ends as it should, with a whole report and nothing left over."""
    after = job(THIRD)

    assert after.code == 1, after.err
    assert (job.day(), job.ended_in(), job.left_over()) == (THIRD, 1, [])
    assert job.recorded()[-1] == THIRD


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(job: Job, point: str) -> None:
    """Whatever a run was at when it was killed: what stands is whole, and the next run starts clean."""
    killed = job(SECOND, point=point)

    assert killed.code == -signal.SIGKILL
    assert killed.out == ""
    assert job.day() == (SECOND if point == "after rename" else FIRST)
    # The history is written before the report: what was committed is not lost with the report.
    assert job.recorded() == ([FIRST] if point == "before commit" else [FIRST, SECOND])
    after = job(THIRD)
    assert after.code == 1, after.err
    assert "the run before did not end in good order: process " in after.err
    assert (job.day(), job.ended_in(), job.left_over()) == (THIRD, 1, [])
    assert job.recorded()[-1] == THIRD


@pytest.mark.parametrize("number", range(3))
def test_killed_at_a_random_moment(job: Job, number: int) -> None:
    """At seeded random moments from its start to its end, the same holds."""
    moment = random.Random(SEED + number).uniform(0.05, 0.9)
    killed = job(SECOND, after=moment, signal=int(signal.SIGKILL))

    assert killed.code in {-signal.SIGKILL, 1}
    assert job.day() in {FIRST, SECOND}
    assert set(job.recorded()) <= {FIRST, SECOND}
    assert_next_run_is_clean(job)


def test_terminated(job: Job) -> None:
    """A run that is asked to end says so in its exit code and its metrics; no part of a report is written."""
    ended = job(SECOND, after=0.3, signal=int(signal.SIGTERM))

    assert (ended.code, ended.out) == (143, "")
    assert (job.day(), job.ended_in(), job.recorded()) == (FIRST, 143, [FIRST])
    assert_next_run_is_clean(job)


def test_files_that_may_not_grow(job: Job) -> None:
    """Where files may not grow (a quota), the old report stands, stdout has the new one, and the run ends in 2."""
    ended = job(SECOND, largest=16384)

    assert ended.code == 2, ended.err
    assert SECOND in ended.out
    assert f"report.json: cannot write: {os.strerror(27)}" in ended.err
    assert (job.day(), job.recorded()) == (FIRST, [FIRST])
    assert not [name for name in job.left_over() if name.startswith(".report")]
    assert_next_run_is_clean(job)


def test_full_disk(job: Job) -> None:
    """On a file system that is full the old report stands and the run ends in 2; with space again all is well."""
    if os.geteuid() != 0:
        pytest.skip("full disk: to mount a small file system needs root")
    with small_disk(job.folder) as fill:
        job(FIRST)
        fill.write_bytes(b"x" * 1024 * 1024)
        ended = job(SECOND)
        standing = job.day()
        left = [path.name for path in job.folder.iterdir() if path.name.startswith(".report")]
        fill.unlink()
        assert_next_run_is_clean(job)

    assert ended.code == 2
    assert f"report.json: cannot write: {os.strerror(28)}" in ended.err
    assert (standing, left) == (FIRST, [])


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of 256 KiB on a folder; gives the file to fill it with."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"full disk: no file system may be mounted here ({mounted.stderr.decode().strip()})")
    filler = folder / "filler"

    class Filler(type(filler)):  # type: ignore[misc]
        """Takes what fits."""

        def write_bytes(self, data: bytes) -> int:
            written = 0
            with self.open("wb", buffering=0) as stream:
                try:
                    while written < len(data):
                        written += stream.write(data[written : written + 4096]) or 0
                except OSError as error:
                    assert error.errno == 28  # noqa: PT017 - that it is full is the point
            return written

    try:
        yield Filler(filler)
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("damage", ["folder is a file", "no database", "gone"])
def test_database_is_gone(job: Job, damage: str) -> None:
    """A history that cannot be written costs nobody the report: it is written, and the run ends in 2."""
    place = job.home / "history.sqlite"
    kept = place.read_bytes()
    environ = {}
    if damage == "folder is a file":
        environ["ST_AUDIT_HISTORY"] = str(place / "history.sqlite")
    elif damage == "no database":
        place.write_bytes(b"this is no database, and it is longer than a header of one " * 40)
    else:
        environ["ST_AUDIT_HISTORY"] = "postgresql://audit@127.0.0.1:1/audit"
    ended = job(SECOND, environ=environ)

    assert ended.code == 2, ended.err
    assert "error: " in ended.err
    assert (job.day(), job.ended_in()) == (SECOND, 2)
    place.write_bytes(kept)
    assert_next_run_is_clean(job)
    assert job.recorded() == [FIRST, THIRD]


@pytest.mark.parametrize(
    ("clock", "jump_after"),
    [("1999-12-31T23:59:59Z", 0.0), ("2041-01-01T00:00:00Z", 0.3), ("1999-12-31T23:59:59Z", 0.3)],
)
def test_clock_jumps(job: Job, clock: str, jump_after: float) -> None:
    """A clock that jumps, before a run or in the middle of one, ends no collection and keeps no next run out."""
    jumped = job(None, clock=clock, jump_after=jump_after)
    found = timeless(bed.read(job.folder / "report.json"))

    assert jumped.code == 1, jumped.err
    if not jump_after:
        assert found["as_of"] == clock
        assert "was the clock set back?" in jumped.err
    after = job(THIRD)
    assert after.code == 1, after.err
    assert job.day() == THIRD
    again = timeless(bed.read(job.folder / "report.json"))
    assert again["firewalls"] == found["firewalls"]
