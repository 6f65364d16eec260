"""A real dask cluster on loopback: the report of this process alone, and no secret on the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from auditor.deployment.site import FirewallEntry
from auditor.fleet import cluster as cluster_module
from auditor.fleet.cluster import Cluster, collect_all
from auditor.fleet.job import Fetched, Job
from tests.auditor.cli.conftest import Ran, run  # noqa: F401 - the fixture
from tests.auditor.fleet import bed
from tests.auditor.fleet.bed import Box, timeless
from tests.auditor.fleet.tls import Authority, Pair

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed: no cluster was tried")

Run = Callable[..., Ran]
AS_OF = "2026-11-24"
FLEET = [
    Box(name="fw-a", configuration=bed.COMPLIANT),
    Box(name="fw-b"),
    Box(name="fw-c", password="another"),
    Box(name="fw-d", down=True),
    Box(name="inner"),
    Box(name="outer"),
]
_LISTENS = re.compile(r"Scheduler at:\s+(tls://\S+)")
_REGISTERED = "Registered to:"


@contextmanager
def process(words: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block is left; what it says goes into a file."""
    with (
        log.open("wb") as stream,
        subprocess.Popen([sys.executable, "-m", *words], env=environ, stdout=stream, stderr=stream) as running,
    ):
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()


def said(log: Path, pattern: str, running: subprocess.Popen[bytes]) -> str:
    """Wait until a program says something; gives the first group of it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        text = log.read_text("utf-8", "replace")
        found = re.search(pattern, text)
        if found is not None:
            return found[found.re.groups]
        assert running.poll() is None, text
        time.sleep(0.05)
    pytest.fail(f"{pattern!r} was not said within 60 s:\n{log.read_text('utf-8', 'replace')}")


@contextmanager
def cluster(folder: Path, tls: Authority, pair: Pair, workers: int = 2) -> Iterator[str]:
    """Run a scheduler and workers; only the workers know the login. Gives the scheduler's address."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ST_AUDIT_")}
    plain |= {"HOME": str(folder), "DASK_DISTRIBUTED__WORKER__DAEMON": "false", "PYTHONPATH": str(Path.cwd())}
    certificates = ["--tls-ca-file", str(tls.file), "--tls-cert", str(pair.certificate), "--tls-key", str(pair.key)]
    with ExitStack() as stack:
        log = folder / "scheduler.log"
        scheduler = stack.enter_context(
            process(
                ["distributed.cli.dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1", "--port", "0",
                 "--no-dashboard", *certificates],
                plain, log,
            )
        )  # fmt: skip
        address = said(log, _LISTENS.pattern, scheduler)
        running = []
        for number in range(workers):
            log = folder / f"worker-{number}.log"
            started = stack.enter_context(
                process(
                    ["distributed.cli.dask_worker", address, "--protocol", "tls", "--no-nanny", "--no-dashboard",
                     "--nthreads", "4", "--local-directory", str(folder / f"scratch-{number}"), *certificates],
                    plain | bed.environment(folder), log,
                )
            )  # fmt: skip
            running.append((log, started))
        for log, started in running:
            said(log, f"({_REGISTERED})", started)
        yield address


@pytest.mark.slow
def test_cluster_gives_the_report_of_this_process(
    run: Run,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two workers with logins of their own give what threads give; the coordinator holds no secret and sends none."""
    tls = Authority(tmp_path)
    pair = tls.pair("node")
    home = tmp_path / "home"
    home.mkdir()
    with bed.fleet(FLEET, tmp_path, more="paths: [[outer, inner]]\n") as site, cluster(home, tls, pair) as address:
        words = (
            "fleet", "--deployment", site.deployment, "--as-of", AS_OF, "--no-record", "--retry-wait", "0.05",
            "--state", tmp_path / "state", "-f", "json",
        )  # fmt: skip
        on_cluster = run(
            *words, "--executor", "dask", "--scheduler", address, "--dask-ca", tls.file,
            "--dask-cert", pair.certificate, "--dask-key", pair.key,
        )  # fmt: skip
        answered = [emulator.record.connections for emulator in site.emulators.values()]
        for name, value in bed.environment(home).items():
            monkeypatch.setenv(name, value)
        here = run(*words)
        stranger = Authority(tmp_path / "home").pair("stranger")
        refused = run(
            *words, "--executor", "dask", "--scheduler", address, "--dask-ca", tls.file,
            "--dask-cert", stranger.certificate, "--dask-key", stranger.key,
        )  # fmt: skip

    assert on_cluster.code == here.code == 3, on_cluster.err
    assert timeless(json.loads(on_cluster.out)) == timeless(json.loads(here.out))
    assert answered == [1] * len(answered)
    assert re.search(r"^2 workers$", on_cluster.err, re.MULTILINE)
    assert (refused.code, "cannot be reached" in refused.err) == (3, True)
    for log in home.glob("*.log"):
        assert bed.PASSWORD not in log.read_text("utf-8", "replace")


def test_scheduler_that_is_not_there(
    run: Run,  # noqa: F811 - the fixture
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cluster that cannot be reached ends the run in 3 before anything is asked."""
    monkeypatch.setattr("auditor.fleet.cluster._CONNECT", 0.5)
    tls = Authority(tmp_path)
    pair = tls.pair("node")
    with bed.fleet([Box(name="fw-a")], tmp_path) as site:
        ran = run(
            "fleet", "--deployment", site.deployment, "--no-record", "--state", tmp_path / "state",
            "--executor", "dask", "--scheduler", "tls://127.0.0.1:1", "--dask-ca", tls.file,
            "--dask-cert", pair.certificate, "--dask-key", pair.key,
        )  # fmt: skip
        assert site.emulators["fw-a"].record.connections == 0

    assert ran.code == 3
    assert "tls://127.0.0.1:1 cannot be reached" in ran.err


def test_no_jobs_need_no_cluster(tmp_path: Path) -> None:
    """An empty shard asks nobody."""
    tls = Authority(tmp_path)
    pair = tls.pair("node")
    from auditor.deployment.load import load

    site = load(bed.FIXTURES / "compliant" / "deployment.yaml")
    nowhere = Cluster(scheduler="tls://127.0.0.1:1", authority=tls.file, certificate=pair.certificate, key=pair.key)

    assert list(collect_all([], site, nowhere)) == []


class _Future:
    """A task's end, as dask tells it."""

    def __init__(self, status: str, result: object = None) -> None:
        self.status = status
        self._result = result
        self.cancelled = False

    def add_done_callback(self, call: Callable[[_Future], None]) -> None:
        if self.status != "pending":
            call(self)

    def result(self) -> object:
        return self._result

    def exception(self) -> object:
        return self._result

    def cancel(self) -> None:
        self.cancelled = True


def test_lost_workers_are_failures_of_their_firewalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task whose worker died, one that was cancelled, and one that nobody ever takes: values, and the run ends."""
    monkeypatch.setattr("auditor.fleet.cluster._CONNECT", 0.1)
    monkeypatch.setattr("auditor.fleet.cluster.GRACE", 0.0)
    fine = Fetched(name="fine")
    never = _Future("pending")
    futures = {
        _Future("finished", fine): "fine",
        _Future("error", RuntimeError("x")): "dead",
        _Future("cancelled"): "gone",
        never: "never",
    }
    jobs = {
        future: Job(entry=FirewallEntry(name=name), platform="cisco_asa", deadline=0.1)
        for future, name in futures.items()
    }
    found = {item.name: item for item in cluster_module._results(jobs)}  # noqa: SLF001 - dask's own ends cannot be had

    assert found.pop("fine") is fine
    told = {name: item.problem.message for name, item in found.items() if isinstance(item, Fetched) and item.problem}
    assert told == {
        "dead": "its worker was lost: RuntimeError on the cluster",
        "gone": "its worker was lost: cancelled on the cluster",
        "never": "its worker was lost: no worker gave a result within 0.2 s",
    }
    assert never.cancelled
