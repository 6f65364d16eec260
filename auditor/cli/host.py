"""`st-audit host`: live firewalls, collected over SSH and audited."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
    platform,
    site,
)
from auditor.errors import NotAssessableError, StAuditError, UsageError

if TYPE_CHECKING:
    from auditor.deployment.site import Deployment, FirewallEntry
    from auditor.report.values import FirewallReport

__all__ = ["command"]


@click.command("host", short_help="Collect firewalls over SSH and audit them.")
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
@site
@adhoc
@platform
@collecting
@click.option(
    "--save-config",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the redacted configuration in DIR/NAME, for `st-audit config`.",
)
@judging
@output
@common
def command(
    hosts: tuple[str, ...],
    site: Site,
    adhoc: Adhoc,
    platform: str | None,
    collecting: Collecting,
    save_config: Path | None,
    judging: Judging,
    output: Output,
    common: Common,
) -> int:
    """Collect firewalls over SSH, without ever writing to them, and audit them.

    HOST is a firewall's name in the deployment, or an address (then with --platform). Host keys must be known:
    `st-audit trust HOST` pins one. Passwords come from ST_AUDIT_PASSWORD and ST_AUDIT_ENABLE_SECRET, or are asked for.

    Ends in 0 compliant, 1 findings, 2 usage, 3 not assessable (also: not reached, not let in, host key refused), 4
    nothing to judge.
    """
    from auditor.audit import compose
    from auditor.cli.logs import start
    from auditor.cli.output import deliver
    from auditor.cli.site import file_of, open_site
    from auditor.report.status import FailOn, worst_exit_code

    logger = start(common)
    if len(set(hosts)) != len(hosts):
        raise click.UsageError("a host is named twice")
    if file_of(site) is None and len(hosts) > 1:
        raise click.UsageError("several hosts need a deployment file, which says who stands around each of them")
    deployment = open_site(site, adhoc, firewall=hosts[0] if len(hosts) == 1 and file_of(site) is None else None,
                           platform=platform, address=hosts[0])  # fmt: skip
    entries = [_entry(deployment, host) for host in hosts]
    reports: list[FirewallReport] = []
    codes: list[int] = []
    for host, entry in zip(hosts, entries, strict=True):
        try:
            reports.append(_audited(host, entry, deployment, platform, collecting, save_config, logger))
        except UsageError as error:
            # The deployment does not fit this firewall; the others are audited all the same.
            if len(hosts) == 1:
                raise
            logger.error("%s: %s", entry.name, error)  # noqa: TRY400 - the message says all, a traceback nothing
            codes.append(error.exit_code)
    report = compose(deployment, tuple(reports), judging.as_of)
    return worst_exit_code([*codes, deliver(report, output, common, FailOn(judging.fail_on))])


def _entry(deployment: Deployment, host: str) -> FirewallEntry:
    """Give the firewall of a name or, failing that, of an address."""
    from auditor.cli.site import find, named

    return find(deployment, host) or named(deployment, host)


def _audited(
    host: str,
    entry: FirewallEntry,
    deployment: Deployment,
    chosen: str | None,
    collecting: Collecting,
    folder: Path | None,
    logger: logging.Logger,
) -> FirewallReport:
    """Collect and audit one firewall; that it cannot be reached, or not be trusted, is its error in the report."""
    from auditor.audit import Origin, audit_firewall, failed
    from auditor.cli.fetching import fetch, origin, platform_of, save
    from auditor.report.connection import with_weak_algorithms
    from auditor.report.values import ProblemKind

    platform = platform_of(host, entry, chosen)
    try:
        collected = fetch(host, entry, platform, collecting)
    except NotAssessableError as error:
        logger.error("%s: %s", entry.name, _words(error))  # noqa: TRY400 - the message says all, a traceback nothing
        return failed(entry.name, platform.id, ProblemKind(error.kind.value), error.message, error.hint)
    if folder is not None:
        logger.info("saved to %s", save(folder, entry.name, platform, collected))
    where = origin(collected)
    report = audit_firewall(
        collected.capture,
        platform,
        deployment,
        entry,
        Origin(
            kind="ssh",
            address=where.address,
            collected_at=where.collected_at,
            host_key=where.host_key,
            commands=where.commands,
        ),
    )
    if report.error is not None:
        logger.error("%s: %s", entry.name, report.error.message)
    return with_weak_algorithms(report, collected.weak_algorithms)


def _words(error: StAuditError) -> str:
    return f"{error.message}\n  hint: {error.hint}" if error.hint else error.message
