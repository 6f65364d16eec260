"""One firewall of a fleet: collected, with second tries where they may help, and audited. Failures are values."""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from auditor.audit import Origin, audit_firewall, failed
from auditor.collect.openssh_config import Resolved
from auditor.collect.session import Collected, collect
from auditor.collect.target import Budget
from auditor.deployment.site import Deployment
from auditor.errors import CollectionError, FailureKind, NotAssessableError, StAuditError, UsageError
from auditor.export.evidence import Audited
from auditor.fleet.job import Fetched, Job, Outcome
from auditor.report.connection import with_weak_algorithms
from auditor.report.values import FirewallReport, Problem, ProblemKind, Source, Status
from parsers import registry
from parsers.contract import Platform
from parsers.model.firewall import Firewall

__all__ = ["audit_device", "fetch", "judge", "problem_of"]

_LOGGER: Final = logging.getLogger(__name__)
_GROWTH: Final = 4
"""How much longer each wait is than the one before."""
_USAGE: Final = 2
_BUG: Final = 70


def audit_device(job: Job, deployment: Deployment) -> Outcome:
    """Collect and audit a firewall that stands on no path with others; raises nothing."""
    return judge(job, fetch(job), deployment)


def fetch(
    job: Job, *, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic
) -> Fetched:
    """Collect a job's firewall; whatever goes wrong is in the value.

    Only what may pass is tried again: a device that cannot be reached, falls silent or hangs up; never a refused login
    or host key. All tries share the job's deadline.
    """
    if job.way is None:
        return Fetched(name=job.name, problem=job.problem or _NO_ADDRESS, exit_code=_USAGE)
    started = monotonic()
    pause = job.pause
    for attempt in range(1, job.tries + 1):
        try:
            collected = _collect(job, job.way, job.deadline - (monotonic() - started))
        except CollectionError as error:
            fetched = Fetched(name=job.name, problem=problem_of(error), sent=error.commands)
            again = error.transient and attempt < job.tries
        except UsageError as error:
            fetched = Fetched(name=job.name, problem=problem_of(error), exit_code=_USAGE)
            again = False
        except NotAssessableError as error:
            fetched = Fetched(name=job.name, problem=problem_of(error))
            again = False
        except Exception as error:  # noqa: BLE001 - one firewall's bug must not end the audit of the others
            fetched = Fetched(name=job.name, problem=_bug(error), exit_code=_BUG)
            again = False
        else:
            fetched = Fetched(name=job.name, collected=collected)
            again = False
        spent = monotonic() - started
        if not again or spent + pause >= job.deadline:
            break
        said = fetched.problem.message if fetched.problem is not None else ""
        _LOGGER.info(
            "%s: %s; trying again in %g s", job.name, said, pause,
            extra={"fields": {"firewall": job.name, "attempt": attempt}},
        )  # fmt: skip
        sleep(pause)
        pause *= _GROWTH
    return replace(fetched, attempts=attempt, seconds=spent)


def judge(job: Job, fetched: Fetched, deployment: Deployment, others: Mapping[str, Firewall] | None = None) -> Outcome:
    """Audit what was collected of a job's firewall; raises nothing.

    `others` are the models of the firewalls that stand on a path with it (auditor.audit.models).
    """
    if fetched.collected is None:
        problem = fetched.problem or Problem(kind=ProblemKind.INCOMPLETE, message="nothing was collected")
        return _failed(job, fetched, problem, fetched.exit_code)
    try:
        report = _audited(job, fetched.collected, deployment, others)
    except UsageError as error:
        # The site's files do not fit this firewall; the others are audited all the same.
        return _failed(job, fetched, problem_of(error), _USAGE)
    except Exception as error:  # noqa: BLE001 - as in fetch
        return _failed(job, fetched, _bug(error), _BUG)
    return _outcome(job, fetched, report, 0)


def _collect(job: Job, way: Resolved, seconds: float) -> Collected:
    usual = Budget()
    budget = Budget(
        total=seconds,
        connect=min(usual.connect, seconds),
        handshake=min(usual.handshake, seconds),
        authentication=min(usual.authentication, seconds),
        idle=min(usual.idle, seconds),
    )
    platform = _platform(job.platform)
    own, jumps = job.login.credentials(job.name, way, os.environ)
    return collect(
        way.target,
        own,
        platform=platform,
        host_keys=job.host_keys(os.environ),
        jump_credentials=jumps,
        budget=budget,
    )


def _platform(name: str) -> Platform:
    if name not in registry.ids():
        raise NotAssessableError(
            f"this st-audit cannot read {name}" if name else "nothing says what this firewall is",
            kind=FailureKind.UNSUPPORTED,
            hint=f"name one of: {', '.join(registry.ids())}",
        )
    return registry.platform(name)


def _audited(
    job: Job, collected: Collected, deployment: Deployment, others: Mapping[str, Firewall] | None
) -> FirewallReport:
    where = collected.origin
    origin = Origin(
        kind="ssh",
        address=where.address,
        collected_at=where.collected_at,
        host_key=where.host_key,
        commands=where.commands,
    )
    report = audit_firewall(
        collected.capture, _platform(job.platform), deployment, job.entry, origin, others=others or None
    )
    return with_weak_algorithms(report, collected.weak_algorithms)


def _outcome(job: Job, fetched: Fetched, report: FirewallReport, exit_code: int) -> Outcome:
    collected = fetched.collected
    return Outcome(
        report=report,
        evidence=Audited(
            firewall=job.name,
            platform=job.platform,
            capture=collected.capture if collected is not None else None,
            kind="ssh",
            origin=collected.origin if collected is not None else None,
            weak_algorithms=collected.weak_algorithms if collected is not None else (),
        ),
        attempts=fetched.attempts,
        seconds=fetched.seconds,
        exit_code=exit_code,
    )


def _failed(job: Job, fetched: Fetched, problem: Problem, exit_code: int) -> Outcome:
    # That a device was not reached is in the report; what was said to it before it failed is too.
    source = None if job.way is None else Source(kind="ssh", address=job.way.target.name, commands=fetched.sent)
    report = failed(job.name, job.platform, problem.kind, problem.message, problem.hint, source)
    if exit_code == _BUG:
        report = replace(report, status=Status.ERROR)
    return _outcome(job, fetched, report, exit_code)


def problem_of(error: StAuditError) -> Problem:
    """Give an error as a firewall's problem in the report."""
    kind = ProblemKind(error.kind.value) if isinstance(error, NotAssessableError) else ProblemKind.UNSUPPORTED
    # A line without its file says nothing: a firewall may be of the deployment or of an inventory.
    where = ":".join(str(part) for part in (error.file, error.line) if part is not None) if error.file else ""
    return Problem(kind=kind, message=f"{where}: {error.message}" if where else error.message, hint=error.hint)


def _bug(error: Exception) -> Problem:
    """Say where st-audit failed: our own words and source lines, never a value, which may be a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}" if frames else ""
    words = error.message if isinstance(error, StAuditError) else f"{type(error).__name__}{where}"
    return Problem(
        kind=ProblemKind.UNSUPPORTED,
        message=f"a bug in st-audit: {words}",
        hint="please report it with what `st-audit host` says with -v",
    )


_NO_ADDRESS: Final = Problem(
    kind=ProblemKind.UNREACHABLE,
    message="nothing says at which address it is",
    hint="give it an `address` in the deployment or the inventory, or leave it out with --limit",
)
