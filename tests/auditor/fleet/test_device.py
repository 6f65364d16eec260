"""One firewall's job: what is tried again, for how long, and that nothing is raised."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from auditor.collect import session
from auditor.collect.login import Login
from auditor.collect.openssh_config import Resolved
from auditor.collect.target import Target
from auditor.deployment.load import load
from auditor.deployment.site import FirewallEntry
from auditor.errors import BugError, CollectionError, FailureKind, UsageError
from auditor.fleet import device
from auditor.fleet.device import audit_device, fetch, judge
from auditor.fleet.job import Fetched, Job
from auditor.report.values import ProblemKind, Status
from tests.auditor.fleet.bed import FIXTURES

JOB = Job(
    entry=FirewallEntry(name="perimeter", platform="cisco_asa"),
    platform="cisco_asa",
    way=Resolved(target=Target(host="192.0.2.1")),
    login=Login(user="audit"),
    known_hosts=Path("/nonexistent"),
    deadline=100.0,
    tries=3,
    pause=2.0,
)
DEPLOYMENT = load(FIXTURES / "http-open-while-off" / "deployment.yaml")

Waits = list[float]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], list[float]]:
    """Give a function that makes every collection fail, and says how long each was allowed to take."""

    def arrange(error: Exception) -> list[float]:
        budgets: list[float] = []

        def collect(*_args: object, **values: object) -> session.Collected:
            budgets.append(getattr(values["budget"], "total"))  # noqa: B009 - its type is not known here
            raise error

        monkeypatch.setattr(device, "collect", collect)
        return budgets

    return arrange


def clock(step: float) -> Iterator[float]:
    """Count time in steps, one for each look at it."""
    return (number * step for number in count())


@pytest.mark.parametrize(
    ("kind", "transient", "tries"),
    [
        (FailureKind.UNREACHABLE, False, 3),
        (FailureKind.INCOMPLETE, True, 3),
        (FailureKind.INCOMPLETE, False, 1),
        (FailureKind.AUTHENTICATION, False, 1),
        (FailureKind.HOST_KEY_UNKNOWN, False, 1),
        (FailureKind.HOST_KEY_CHANGED, False, 1),
        (FailureKind.HOST_KEY_REVOKED, False, 1),
        (FailureKind.UNSUPPORTED, False, 1),
    ],
)
def test_what_is_tried_again(
    failing: Callable[[Exception], list[float]], kind: FailureKind, transient: bool, tries: int
) -> None:
    """What may pass is tried three times, with longer waits; a refused login or key once."""
    budgets = failing(CollectionError("no", kind=kind, hint="look", transient=transient))
    waits: Waits = []
    fetched = fetch(JOB, sleep=waits.append)

    assert fetched.attempts == len(budgets) == tries
    assert waits == [2.0, 8.0][: tries - 1]
    assert fetched.problem is not None
    assert (fetched.problem.kind.value, fetched.problem.message, fetched.problem.hint) == (kind.value, "no", "look")


def test_deadline_is_shared_by_all_tries(failing: Callable[[Exception], list[float]]) -> None:
    """Each try gets what is left, and none is begun that could not wait its turn."""
    budgets = failing(CollectionError("no", kind=FailureKind.UNREACHABLE))
    ticks = clock(15.0)
    fetched = fetch(replace(JOB, deadline=50.0), sleep=lambda _: None, monotonic=lambda: next(ticks))

    # Looks at the clock: start 0, try at 15 (35 left), judged at 30, second try at 45 (5 left), judged at 60: over.
    assert budgets == [35.0, 5.0]
    assert fetched.attempts == 2


@pytest.mark.parametrize(
    ("error", "code", "status", "words"),
    [
        pytest.param(UsageError("no user", hint="name one"), 2, Status.NOT_ASSESSABLE, "no user", id="usage"),
        pytest.param(BugError("the recipe lacks a prompt"), 70, Status.ERROR, "recipe lacks", id="bug"),
        pytest.param(RuntimeError("secret-value"), 70, Status.ERROR, "RuntimeError at fleet/", id="unforeseen"),
    ],
)
def test_nothing_is_raised(
    failing: Callable[[Exception], list[float]], error: Exception, code: int, status: Status, words: str
) -> None:
    """Whatever goes wrong with one firewall is its outcome, with the exit code that it is worth, and shows no value."""
    failing(error)
    outcome = audit_device(JOB, DEPLOYMENT)

    assert (outcome.exit_code, outcome.report.status) == (code, status)
    assert outcome.report.error is not None
    assert words in outcome.report.error.message
    assert "secret-value" not in repr(outcome)


def test_bug_in_judging_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error while auditing what was collected is this firewall's alone."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(device, "audit_firewall", broken)
    collected = object.__new__(session.Collected)
    for name, value in {"capture": None, "address": "x", "host_key": "", "commands": (), "weak_algorithms": ()}.items():
        object.__setattr__(collected, name, value)
    from datetime import UTC, datetime

    object.__setattr__(collected, "collected_at", datetime(2026, 11, 24, tzinfo=UTC))
    outcome = judge(JOB, Fetched(name="perimeter", collected=collected), DEPLOYMENT)

    assert (outcome.exit_code, outcome.report.status) == (70, Status.ERROR)


@pytest.mark.parametrize("platform", ["", "vendor_none"])
def test_platform_that_cannot_be_read(platform: str) -> None:
    """A platform that this st-audit does not have is the firewall's failure, without a connection."""
    outcome = audit_device(replace(JOB, platform=platform), DEPLOYMENT)

    assert outcome.problem_kind is ProblemKind.UNSUPPORTED
    assert outcome.exit_code == 0
    assert outcome.report.status is Status.NOT_ASSESSABLE


def test_jobs_travel_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a cluster's worker is sent survives pickling, and holds none of the environment's secrets."""
    monkeypatch.setenv("ST_AUDIT_PASSWORD", "canary-travels")
    sent = pickle.dumps((JOB, DEPLOYMENT))
    job, deployment = pickle.loads(sent)  # noqa: S301 - made one line above

    assert (job, deployment) == (JOB, DEPLOYMENT)
    assert b"canary-travels" not in sent
