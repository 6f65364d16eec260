"""Workers: bounded, each job once, nobody waits for one that hangs."""

from __future__ import annotations

import threading
import time

from auditor.deployment.site import FirewallEntry
from auditor.fleet.job import Fetched, Job
from auditor.fleet.pool import collect_all


def jobs(count: int, deadline: float = 60.0) -> list[Job]:
    """Make jobs that only a stand-in fetches."""
    return [
        Job(entry=FirewallEntry(name=f"fw-{number}"), platform="cisco_asa", deadline=deadline)
        for number in range(count)
    ]


def test_bound_and_completeness() -> None:
    """At most as many at once as there are workers, and every job's result exactly once."""
    lock = threading.Lock()
    running = peak = 0

    def fetch(job: Job) -> Fetched:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return Fetched(name=job.name)

    names = [fetched.name for fetched in collect_all(jobs(60), 7, fetch=fetch)]

    assert sorted(names) == sorted(job.name for job in jobs(60))
    assert peak == 7


def test_one_that_hangs_is_given_up() -> None:
    """A worker that its deadline does not end is a failure, another takes its place, and its late result is dropped."""
    release = threading.Event()

    def fetch(job: Job) -> Fetched:
        if job.name == "fw-0":
            release.wait(10)
        return Fetched(name=job.name)

    results = list(collect_all(jobs(4, deadline=0.1), 1, fetch=fetch, grace=0.2))
    release.set()

    assert sorted(item.name for item in results) == ["fw-0", "fw-1", "fw-2", "fw-3"]
    hung = next(item for item in results if item.name == "fw-0")
    assert hung.problem is not None
    assert "hangs" in hung.problem.message


def test_who_stops_begins_no_further_job() -> None:
    """When the caller goes away, what is not begun stays so."""
    begun: list[str] = []

    def fetch(job: Job) -> Fetched:
        begun.append(job.name)
        return Fetched(name=job.name)

    results = collect_all(jobs(100), 2, fetch=fetch)
    next(iter(results))
    results.close()  # type: ignore[attr-defined]  # a generator, which callers need not know
    time.sleep(0.6)

    assert len(begun) < 20


def test_slow_judging_holds_collecting_up() -> None:
    """Results that nobody takes yet keep workers waiting, so that memory stays bounded."""
    begun: list[str] = []

    def fetch(job: Job) -> Fetched:
        begun.append(job.name)
        return Fetched(name=job.name)

    results = collect_all(jobs(100), 3, fetch=fetch)
    next(iter(results))
    time.sleep(0.2)
    seen = len(begun)

    # One was taken, three wait in the queue, three workers hold one each.
    assert seen <= 7
    assert len(list(results)) == 99


def test_no_jobs() -> None:
    """Nothing to do is done at once."""
    assert list(collect_all([], 5)) == []
