"""A fleet on a dask cluster (extra `dask`), for fleets that outgrow one machine.

Workers connect to the firewalls: they resolve credentials and host keys by name, from their own environment and files.
Jobs and redacted captures travel, over TLS with certificates on both sides; secrets do not (a `SecretText` cannot be
pickled). Whoever may submit tasks to a cluster runs code on its workers: its certificates are as precious as theirs.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import queue
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from auditor.deployment.site import Deployment
from auditor.errors import CollectionError, FailureKind, UsageError
from auditor.fleet.device import audit_device, fetch
from auditor.fleet.job import Fetched, Job, Outcome
from auditor.fleet.pool import GRACE
from auditor.fleet.shard import together
from auditor.report.values import Problem, ProblemKind
from auditor.version import VERSION

__all__ = ["Cluster", "collect_all"]

_LOGGER: Final = logging.getLogger(__name__)
_CONNECT: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A scheduler's address (`tls://HOST:PORT`) and our side's certificate, its key and the authority of both sides."""

    scheduler: str
    authority: Path
    certificate: Path
    key: Path

    def __post_init__(self) -> None:
        """Refuse what is not encrypted, and files that are not there. Raises UsageError."""
        parts = urlsplit(self.scheduler)
        if parts.scheme != "tls" or not parts.hostname:
            raise UsageError(
                f"{self.scheduler!r} is no scheduler over TLS",
                key="--scheduler",
                hint="write tls://HOST:8786; captures do not go over the network in clear",
            )
        for file, option in ((self.authority, "ca"), (self.certificate, "cert"), (self.key, "key")):
            if not file.is_file():
                raise UsageError("no such file", file=file, key=f"--dask-{option}", hint="check the path")


def collect_all(jobs: Sequence[Job], deployment: Deployment, cluster: Cluster) -> Iterator[Fetched | Outcome]:
    """Collect and judge every job on the cluster; results come as they are ready, each exactly once.

    Firewalls of one path are only collected there: they are judged together. A worker that is lost is the failure of
    its firewall after dask has tried others. Raises UsageError without the extra `dask` or with another version of
    st-audit on a worker, CollectionError where the cluster cannot be reached.
    """
    if not jobs:
        return
    joined = {name for group in together(deployment.paths, [job.name for job in jobs]) for name in group}
    with _client(cluster) as client:
        _check_versions(client)
        site = client.scatter(deployment, broadcast=True, hash=False)
        run = secrets.token_hex(8)
        futures: dict[Any, Job] = {}
        for job in jobs:
            task = (fetch, job) if job.name in joined else (audit_device, job, site)
            future = client.submit(*task, pure=False, key=f"st-audit-{run}-{len(futures)}")
            futures[future] = job
        yield from _results(futures)


@contextlib.contextmanager
def _client(cluster: Cluster) -> Iterator[Any]:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise UsageError(
            "the executor dask needs packages that are not installed", hint="pip install 'st-audit[dask]'"
        ) from error
    security = distributed.Security(
        tls_ca_file=str(cluster.authority),
        tls_client_cert=str(cluster.certificate),
        tls_client_key=str(cluster.key),
        require_encryption=True,
    )
    try:
        client = distributed.Client(
            cluster.scheduler, security=security, timeout=_CONNECT, set_as_default=False, name="st-audit"
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise CollectionError(
            f"the scheduler {cluster.scheduler} cannot be reached: {error}",
            kind=FailureKind.UNREACHABLE,
            hint="check address and certificates, and whether the scheduler runs with --tls-ca-file",
        ) from error
    with contextlib.closing(client):
        yield client


def _check_versions(client: Any) -> None:
    try:
        client.wait_for_workers(1, timeout=_CONNECT)
    except TimeoutError as error:
        raise CollectionError(
            f"the cluster has no worker after {_CONNECT:g} s",
            kind=FailureKind.UNREACHABLE,
            hint="start some: dask worker tls://HOST:8786 --tls-ca-file ...",
        ) from error
    try:
        versions: dict[str, str] = client.run(_version)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"a worker lacks {error.name}", key="--executor", hint="install st-audit[dask] on every worker"
        ) from error
    other = {worker: version for worker, version in versions.items() if version != VERSION}
    if other:
        worker, version = min(other.items())
        raise UsageError(
            f"{len(other)} of {len(versions)} workers run another st-audit ({worker}: {version}, here {VERSION})",
            key="--executor",
            hint="install the same version everywhere: results must not depend on who collects",
        )
    _LOGGER.info("%d workers", len(versions))


def _version() -> str:
    from auditor.version import VERSION

    return VERSION


def _results(futures: dict[Any, Job]) -> Iterator[Fetched | Outcome]:
    """Give each task's result; one that is lost, and all that are left when nothing moves any more, as failures."""
    patience = max(job.deadline for job in futures.values()) + GRACE + _CONNECT
    waiting = dict(futures)
    ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for future in futures:
        future.add_done_callback(ready.put)
    while waiting:
        try:
            future = ready.get(timeout=patience)
        except queue.Empty:
            break
        job = waiting.pop(future)
        if future.status == "finished":
            yield future.result()
        else:
            error = future.exception() if future.status == "error" else None
            yield _lost(job, f"{type(error).__name__ if error is not None else future.status} on the cluster")
    for future, job in waiting.items():
        future.cancel()
        yield _lost(job, f"no worker gave a result within {patience:g} s")


def _lost(job: Job, why: str) -> Fetched:
    return Fetched(
        name=job.name,
        problem=Problem(
            kind=ProblemKind.INCOMPLETE,
            message=f"its worker was lost: {why}",
            hint="look at the workers' logs and their memory limits",
        ),
        attempts=1,
    )
