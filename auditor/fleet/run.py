"""The audit of a fleet: every job's outcome, whatever collects them, in an order that depends on names alone."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from auditor.audit import compose, models
from auditor.deployment.site import Deployment
from auditor.fleet.device import judge
from auditor.fleet.job import Fetched, Job, Outcome
from auditor.fleet.shard import together
from auditor.report.values import Report
from parsers import registry
from parsers.model.firewall import Firewall

__all__ = ["Collector", "audit_fleet", "report_of"]

Collector = Callable[[Sequence[Job]], Iterable[Fetched | Outcome]]
"""Gives each job's result as it is ready: what was collected, or what a worker elsewhere has judged already."""

_SWEEP: Final = 25
"""Firewalls after which memory is swept: connections leave cycles, and the program runs without the collector."""


def audit_fleet(
    deployment: Deployment, jobs: Sequence[Job], collector: Collector, done: Callable[[Outcome], None] | None = None
) -> tuple[Outcome, ...]:
    """Give every job's outcome, sorted by name; `done` hears of each as it is ready.

    Firewalls of one path are judged when all of them are there.
    """
    by_name = {job.name: job for job in jobs}
    waiting = [_Path(names) for names in together(deployment.paths, by_name)]
    outcomes: list[Outcome] = []

    def finish(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if len(outcomes) % _SWEEP == 0:
            gc.collect()
        if done is not None:
            done(outcome)

    for result in collector(jobs):
        if isinstance(result, Outcome):
            finish(result)
            continue
        path = next((item for item in waiting if result.name in item.names), None)
        if path is None:
            finish(judge(by_name[result.name], result, deployment))
            continue
        path.fetched[result.name] = result
        if path.complete:
            known = _models(path.fetched.values(), by_name, deployment)
            for name in sorted(path.names):
                finish(judge(by_name[name], path.fetched[name], deployment, known))
            path.fetched.clear()
    return tuple(sorted(outcomes, key=lambda outcome: (outcome.name, outcome.report.context)))


def report_of(deployment: Deployment, outcomes: Sequence[Outcome], as_of: str) -> Report:
    """Put outcomes together into the run's report."""
    return compose(deployment, tuple(outcome.report for outcome in outcomes), as_of)


@dataclass(slots=True)
class _Path:
    """Firewalls that are judged together, and those of them that have been collected."""

    names: frozenset[str]
    fetched: dict[str, Fetched] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return len(self.fetched) == len(self.names)


def _models(fetched: Iterable[Fetched], jobs: Mapping[str, Job], deployment: Deployment) -> dict[str, Firewall]:
    found: dict[str, Firewall] = {}
    for item in fetched:
        if item.collected is not None:
            capture = (item.collected.capture, registry.platform(jobs[item.name].platform))
            # A bug in reading one is that one's own outcome; for the others it is not there.
            with contextlib.suppress(Exception):
                found |= models({item.name: capture}, deployment)
    return found
