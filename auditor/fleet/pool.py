"""Bounded workers in this process: threads, since collecting is waiting. A worker that hangs is left behind."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from auditor.fleet.device import fetch
from auditor.fleet.job import Fetched, Job
from auditor.report.values import Problem, ProblemKind

__all__ = ["GRACE", "collect_all"]

GRACE: Final = 10.0
"""Seconds past its deadline after which a collection is given up that does not end by itself."""
_TICK: Final = 0.25


def collect_all(
    jobs: Sequence[Job], workers: int, *, fetch: Callable[[Job], Fetched] = fetch, grace: float = GRACE
) -> Iterator[Fetched]:
    """Collect every job with at most `workers` at a time; results come as they are ready, each exactly once.

    A worker that no deadline ends (a name server that never answers) counts as failed after `grace` seconds more, and
    another takes its place. When the caller stops, no further job is begun.
    """
    crew = _Crew(jobs, workers, fetch)
    try:
        for _ in range(min(workers, len(jobs))):
            crew.hire()
        missing = len(jobs)
        while missing:
            fetched = crew.next_result()
            found = [fetched] if fetched is not None else []
            found += crew.give_up(grace)
            missing -= len(found)
            yield from found
    finally:
        crew.dismiss()


class _Crew:
    """The workers of one run: what is left to do, who is at what since when, and whom nobody waits for any more."""

    def __init__(self, jobs: Sequence[Job], workers: int, fetch: Callable[[Job], Fetched]) -> None:
        self._jobs = jobs
        self._fetch = fetch
        self._todo = iter(range(len(jobs)))
        # Results that nobody has judged yet hold workers up, not memory.
        self._results: queue.Queue[Fetched] = queue.Queue(maxsize=max(workers, 1))
        self._lock = threading.Lock()
        self._since: dict[int, float] = {}
        self._stopped = threading.Event()

    def hire(self) -> None:
        # Daemons: one that hangs must not keep the process from ending.
        threading.Thread(target=self._work, name="st-audit-fleet", daemon=True).start()

    def dismiss(self) -> None:
        self._stopped.set()

    def next_result(self) -> Fetched | None:
        try:
            return self._results.get(timeout=_TICK)
        except queue.Empty:
            return None

    def give_up(self, grace: float) -> list[Fetched]:
        now = time.monotonic()
        with self._lock:
            overdue = [
                number for number, since in self._since.items() if now - since > self._jobs[number].deadline + grace
            ]
            for number in overdue:
                del self._since[number]
        for _ in overdue:
            self.hire()
        return [_hung(self._jobs[number], grace) for number in overdue]

    def _work(self) -> None:
        while not self._stopped.is_set():
            with self._lock:
                number = next(self._todo, None)
                if number is None:
                    return
                self._since[number] = time.monotonic()
            fetched = self._fetch(self._jobs[number])
            with self._lock:
                awaited = self._since.pop(number, None) is not None
            if not awaited:
                return  # somebody else has this one's place
            self._put(fetched)

    def _put(self, fetched: Fetched) -> None:
        while not self._stopped.is_set():
            try:
                self._results.put(fetched, timeout=_TICK)
            except queue.Full:
                continue
            return


def _hung(job: Job, grace: float) -> Fetched:
    return Fetched(
        name=job.name,
        problem=Problem(
            kind=ProblemKind.INCOMPLETE,
            message=f"the collection hangs: it did not end {grace:g} s after its time of {job.deadline:g} s was up",
            hint="does a name server or a jump host not answer? write the address instead of the name",
        ),
        attempts=1,
        seconds=job.deadline + grace,
    )
