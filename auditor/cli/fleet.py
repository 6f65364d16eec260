"""`st-audit fleet`: every firewall of a deployment or an inventory, in one run that nobody needs to watch."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from auditor.cli.fleet_options import (
    Asked,
    Choice,
    Keeping,
    Running,
    Telling,
    choice,
    keeping,
    running,
    telling,
)
from auditor.cli.main import Terminated
from auditor.cli.options import (
    Adhoc,
    Collecting,
    Common,
    Judging,
    Output,
    Site,
    adhoc,
    collecting,
    common,
    judging,
    output,
    site,
)
from auditor.cli.recording import recording
from auditor.cli.waiving import waivers
from auditor.errors import StAuditError, UsageError

if TYPE_CHECKING:
    from auditor.deployment.site import Deployment, FirewallEntry
    from auditor.fleet.inventory.values import LeftOut
    from auditor.fleet.job import Fetched, Job, Outcome
    from auditor.fleet.state import Place

__all__ = ["command"]

_DEADLINE: Final = 300.0


@click.command("fleet", short_help="Audit every firewall of the deployment or an inventory, in parallel.")
@site
@adhoc
@choice
@collecting
@click.option("--encoding", metavar="NAME", default="utf-8", help="How the devices write (default: utf-8).")
@running
@click.option(
    "--save-config",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the redacted configurations in DIR/NAME, for `st-audit config`.",
)
@waivers
@recording(default=True)
@keeping
@telling
@judging
@output
@common
def command(
    site: Site,
    adhoc: Adhoc,
    choice: Choice,
    collecting: Collecting,
    encoding: str,
    running: Running,
    save_config: Path | None,
    waivers: Path | None,
    record: bool,
    keeping: Keeping,
    telling: Telling,
    judging: Judging,
    output: Output,
    common: Common,
) -> int:
    """Collect and audit every firewall, as a job does each night: nobody is asked, nothing is lost unseen.

    A firewall that fails is a value of the report, and the run goes on. Results do not depend on -j, on the order of
    answers, on shards or on who collects. Two runs of one job never overlap. Changes since what was told last go to
    the webhook and by mail, and are told again until they are delivered.

    Ends in the worst of its firewalls: 0 compliant (also: an empty shard), 1 findings, 2 usage (also: something could
    not be written, stored or delivered), 3 not assessable (also: another run is at it), 4 nothing to judge.
    """
    asked = Asked(

        site=site, adhoc=adhoc, choice=choice, collecting=collecting, running=running, encoding=encoding,
        save_config=save_config, waivers=waivers, record=record, keeping=keeping, telling=telling, judging=judging,
        output=output, common=common,
    )  # fmt: skip
    from auditor.cli.logs import start
    from auditor.cli.site import file_of
    from auditor.fleet.lock import exclusive, state_folder
    from auditor.fleet.state import place

    logger = start(common)
    began = time.monotonic()
    files = place(
        keeping.state or state_folder(os.environ),
        deployment=file_of(site),
        inventory=choice.inventory,
        limit=choice.limit,
        part=str(choice.shard),
    )
    with exclusive(files.lock, wait=keeping.lock_wait), _failure_told(asked, logger):
        return _run(asked, files, logger, began)


@contextmanager
def _failure_told(asked: Asked, logger: logging.Logger) -> Iterator[None]:
    """Let the metrics say that a run could not begin or not end, however it came to that."""
    try:
        yield
    except BaseException as error:
        if asked.keeping.metrics is not None:
            from auditor.fleet.metrics import write_failure

            code = _code(error)
            try:
                write_failure(asked.keeping.metrics, exit_code=code, ended=time.time())
            except UsageError as second:
                logger.error("%s", second)  # noqa: TRY400 - the first error is the one to raise
        raise


def _code(error: BaseException) -> int:
    """Give what the entry point makes of an error."""
    if isinstance(error, StAuditError):
        return error.exit_code
    if isinstance(error, click.ClickException):
        return 2
    if isinstance(error, Exception):
        return 70
    return 143 if isinstance(error, Terminated) else 130


def _run(asked: Asked, files: Place, logger: logging.Logger, began: float) -> int:
    from auditor.cli.fleet_end import Ended, finish
    from auditor.cli.progress import progress
    from auditor.cli.waiving import accepted
    from auditor.fleet.run import audit_fleet
    from auditor.report.status import FailOn

    # What is wrong with the job's own options and files is said before anything is collected.
    cluster = asked.running.cluster()
    asked.telling.webhook_of(os.environ)
    asked.telling.mail_of(os.environ)
    waived = accepted(asked.waivers)
    deployment, entries, left_out = _chosen(asked, logger)
    jobs = [_job(entry, asked) for entry in asked.choice.shard.take(entries, deployment.paths)]
    _check_folders(asked.save_config, jobs)
    _sweep(asked)

    def collector(todo: Sequence[Job]) -> Iterable[Fetched | Outcome]:
        if cluster is not None:
            from auditor.fleet.cluster import collect_all as on_cluster

            return on_cluster(todo, deployment, cluster)
        from auditor.fleet.pool import collect_all

        return collect_all(todo, asked.running.jobs)

    with progress(len(jobs), asked.common, FailOn(asked.judging.fail_on), logger) as tick:
        outcomes = audit_fleet(deployment, jobs, collector, tick)
    ended = Ended(deployment=deployment, outcomes=outcomes, waived=waived, left_out=left_out, began=began)
    return finish(asked, files, logger, ended)


def _chosen(asked: Asked, logger: logging.Logger) -> tuple[Deployment, tuple[FirewallEntry, ...], int]:
    """Give the site, the firewalls to audit, and how many hosts of the inventory are left out; raises UsageError."""
    from auditor.cli.site import open_site
    from auditor.fleet.inventory.load import joined, limited, load, of_deployment

    deployment = open_site(asked.site, asked.adhoc)
    left_out = 0
    if asked.choice.inventory is None:
        listed = of_deployment(deployment)
    else:
        inventory = load(asked.choice.inventory, deployment)
        listed = joined(inventory, deployment)
        left_out = len(inventory.left_out)
        for why, names in _grouped(inventory.left_out):
            logger.warning("%d of %s left out, %s: %s", len(names), inventory.file, why, _few(names))
    if not listed:
        raise UsageError(
            "there is no firewall to audit",
            file=asked.choice.inventory or deployment.file or None,
            hint="list some under `firewalls`; a run over nothing would look like a good one",
        )
    entries = tuple(item.entry for item in limited(listed, asked.choice.limit))
    if asked.choice.inventory is not None and "bundle" in {asked.output.format, *dict(asked.output.outputs)}:
        unknown = set(entries) - set(deployment.firewalls)
        if unknown:
            raise UsageError(
                f"a bundle cannot hold what an inventory says of {_few(sorted(item.name for item in unknown))}",
                key="-o bundle",
                hint="list these firewalls in the deployment with platform, address and sides",
            )
    known = {entry.name: entry for entry in deployment.firewalls} | {entry.name: entry for entry in entries}
    return replace(deployment, firewalls=tuple(known.values())), entries, left_out


def _job(entry: FirewallEntry, asked: Asked) -> Job:
    """Give a firewall's job; that the site's files do not say how to reach it is its own failure."""
    from auditor.cli.connecting import host_keys, login, resolved
    from auditor.fleet.device import problem_of
    from auditor.fleet.job import Job

    way, problem = None, None
    try:
        way = resolved(entry.name, entry, asked.collecting, encoding=asked.encoding)
    except UsageError as error:
        problem = problem_of(error)
    keys = host_keys(asked.collecting, pinning=asked.running.executor != "local")
    return Job(
        entry=entry,
        platform=entry.platform,
        way=way,
        login=login(asked.collecting),
        # Without the option it is the default of the machine that connects.
        known_hosts=asked.collecting.known_hosts,
        system_hosts=keys.system,
        deadline=asked.collecting.timeout or _DEADLINE,
        tries=asked.running.retries + 1,
        pause=asked.running.retry_wait,
        problem=problem,
    )


def _check_folders(folder: Path | None, jobs: Sequence[Job]) -> None:
    """Raise UsageError where two firewalls would be saved in one folder."""
    from auditor.cli.fetching import folder_of

    seen: dict[Path, str] = {}
    for job in jobs if folder is not None else ():
        place = folder_of(Path(), job.name)
        if place in seen:
            raise UsageError(
                f"{seen[place]} and {job.name} would be saved in one folder, {place}",
                key="--save-config",
                hint="give one of them another name",
            )
        seen[place] = job.name


def _sweep(asked: Asked) -> None:
    """Take away what killed runs left half-written beside this run's files."""
    from auditor.export.files import sweep

    files = [path for _, path in asked.output.outputs]
    if asked.keeping.metrics is not None:
        files.append(asked.keeping.metrics)
    for path in files:
        sweep(path.resolve())


def _grouped(left_out: Iterable[LeftOut]) -> list[tuple[str, list[str]]]:
    groups: dict[str, list[str]] = {}
    for item in left_out:
        groups.setdefault(item.why, []).append(item.name)
    return sorted(groups.items())


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
