"""What one firewall of a fleet is to a worker: a job that may travel, and what comes back.

Nothing here holds a secret: a job names where its worker finds the credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auditor.collect.known_hosts import HostKeys, default_file
from auditor.collect.login import Login
from auditor.collect.openssh_config import Resolved
from auditor.collect.session import Collected
from auditor.deployment.site import FirewallEntry
from auditor.export.evidence import Audited
from auditor.report.values import FirewallReport, Problem, ProblemKind

__all__ = ["Fetched", "Job", "Outcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One firewall to collect and audit.

    `deadline` (seconds) bounds its collection over all `tries`, `pause` (seconds) the wait before the second, which
    grows fourfold each time. Where `way` is not known, `problem` says why. Files of known hosts are those of the
    machine that connects; without `known_hosts` it is the default one there.
    """

    entry: FirewallEntry
    platform: str
    way: Resolved | None = None
    login: Login = field(default_factory=Login)
    known_hosts: Path | None = None
    system_hosts: tuple[Path, ...] = ()
    deadline: float = 300.0
    tries: int = 3
    pause: float = 2.0
    problem: Problem | None = None

    @property
    def name(self) -> str:
        """The firewall's name."""
        return self.entry.name

    def host_keys(self, environ: Mapping[str, str]) -> HostKeys:
        """Give the host keys that the machine trusts that connects."""
        own = self.known_hosts or default_file(environ)
        return HostKeys(own=own, system=self.system_hosts, named=self.known_hosts is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What became of a job's collection: the capture, or the problem and the lines that were sent before it.

    `exit_code` is 2 or 70 where the site's files or st-audit itself are why.
    """

    name: str
    collected: Collected | None = None
    problem: Problem | None = None
    sent: tuple[str, ...] = ()
    attempts: int = 0
    seconds: float = 0.0
    exit_code: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One firewall's audit and what it rests on; `seconds` and `attempts` are of its collection.

    `exit_code` is 2 where the site's files do not fit the firewall, 70 where st-audit failed on it: the report alone
    would not say so.
    """

    report: FirewallReport
    evidence: Audited
    attempts: int = 0
    seconds: float = 0.0
    exit_code: int = 0

    @property
    def name(self) -> str:
        """The firewall's name."""
        return self.report.name

    @property
    def problem_kind(self) -> ProblemKind | None:
        """Why it could not be assessed, None where it was."""
        return None if self.report.error is None else self.report.error.kind
