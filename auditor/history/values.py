"""The values of the history: what a run is when nobody looks at its report."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report.status import FailOn
from auditor.report.values import FirewallReport, Severity, Status

__all__ = ["Earlier", "Pruned", "Run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A stored run. `number` is its own for ever; `name` is given to a run that is kept as a baseline."""

    number: int
    recorded_at: str
    as_of: str
    command: str
    deployment: str | None
    tool_version: str
    fail_on: FailOn
    status: Status
    exit_code: int
    worst_finding: Severity | None
    name: str | None
    firewalls: tuple[str, ...] = ()
    findings: tuple[tuple[Severity, int], ...] = ()
    """The findings that no waiver accepts, by severity, worst first."""
    waived: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An earlier audit of a firewall, and the run that it was in."""

    run: Run
    firewall: FirewallReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was taken away."""

    runs: tuple[int, ...]
    texts: int
