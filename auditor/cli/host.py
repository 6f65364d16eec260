"""`st-audit host`: live firewalls, collected over SSH and audited."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
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
from auditor.cli.reading import encoding
from auditor.cli.recording import recording
from auditor.cli.waiving import waivers
from auditor.errors import BugError, CollectionError, NotAssessableError, StAuditError, UsageError

if TYPE_CHECKING:
    from auditor.collect.session import Collected
    from auditor.deployment.site import Deployment, FirewallEntry
    from auditor.export.evidence import Audited
    from auditor.report.values import FirewallReport
    from parsers.contract import Platform
    from parsers.model.firewall import Firewall

__all__ = ["command"]


@click.command("host", short_help="Collect firewalls over SSH and audit them.")
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
@site
@adhoc
@platform
@encoding
@collecting
@click.option(
    "--save-config",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Keep the redacted configuration in DIR/NAME, for `st-audit config`.",
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1, 50), default=1, help="Firewalls that are collected at once (default: 1)."
)
@judging
@waivers
@recording(default=False)
@output
@common
def command(
    hosts: tuple[str, ...],
    site: Site,
    adhoc: Adhoc,
    platform: str | None,
    encoding: str,
    collecting: Collecting,
    save_config: Path | None,
    jobs: int,
    judging: Judging,
    waivers: Path | None,
    record: bool,
    output: Output,
    common: Common,
) -> int:
    """Collect firewalls over SSH, without ever writing to them, and audit them.

    HOST is a firewall's name in the deployment, or an address (then with --platform). Host keys must be known:
    `st-audit trust HOST` pins one. Passwords come from ST_AUDIT_PASSWORD and ST_AUDIT_ENABLE_SECRET, or are asked for.

    Ends in 0 compliant, 1 findings, 2 usage, 3 not assessable (also: not reached, not let in, host key refused), 4
    nothing to judge.
    """
    from auditor.audit import compose, models
    from auditor.cli.evidence import gather
    from auditor.cli.logs import start
    from auditor.cli.output import deliver
    from auditor.cli.parallel import at_once
    from auditor.cli.recording import keep
    from auditor.cli.site import file_of, open_site, overrides
    from auditor.cli.waiving import accepted, waive
    from auditor.report.status import FailOn, worst_exit_code

    logger = start(common)
    waived = accepted(waivers)
    if len(set(hosts)) != len(hosts):
        raise click.UsageError("a host is named twice")
    if file_of(site) is None and len(hosts) > 1:
        raise click.UsageError("several hosts need a deployment file, which says who stands around each of them")
    lonely = len(hosts) == 1 and (file_of(site) is None or _beside(hosts[0], site, platform))
    alone = hosts[0] if lonely else None
    deployment = open_site(site, adhoc, firewall=alone, platform=platform, address=hosts[0])
    entries = [_entry(deployment, host) for host in hosts]
    reports: list[FirewallReport] = []
    audited: list[Audited] = []
    codes: list[int] = []
    fetched = at_once(
        [
            partial(_fetched, host, entry, platform, encoding, collecting, save_config, logger)
            for host, entry in zip(hosts, entries, strict=True)
        ],
        jobs,
    )
    captures = {item.entry.name: (item.collected.capture, item.platform) for item in fetched if item.collected}
    known = models(captures, deployment) if deployment.paths and len(captures) > 1 else {}
    for item in fetched:
        others = {name: model for name, model in known.items() if name != item.entry.name}
        try:
            found, basis = _audited(item, deployment, others, logger)
        except UsageError as error:
            # The deployment does not fit this firewall; the others are audited all the same.
            if len(hosts) == 1:
                raise
            logger.error("%s: %s", item.entry.name, error)  # noqa: TRY400 - the message says all, a traceback nothing
            codes.append(error.exit_code)
        else:
            reports.append(found)
            audited.append(basis)
    report = waive(compose(deployment, tuple(reports), judging.as_of), waived, logger)
    said = overrides(site, adhoc, firewall=alone, platform=platform, address=hosts[0])
    fail_on = FailOn(judging.fail_on)
    code = deliver(
        report, output, common, fail_on,
        lambda: gather(site, said, deployment, tuple(audited), waivers=waivers, together=bool(known)),
    )  # fmt: skip
    if record:
        keep(report, audited, command="host", fail_on=fail_on, logger=logger)
    return worst_exit_code([*codes, code])


def _entry(deployment: Deployment, host: str) -> FirewallEntry:
    """Give the firewall of a name or, failing that, of an address."""
    from auditor.cli.site import HOST, find, named

    return find(deployment, host) or named(deployment, host, HOST)


def _beside(host: str, site: Site, platform: str | None) -> bool:
    """Tell whether a host is an address that the deployment file does not have: its sides are derived, or options'.

    A mistyped name of a firewall is no address, and is said to be unknown.
    """
    from auditor.cli.site import entry_of

    return platform is not None and ("." in host or ":" in host) and entry_of(host, site) is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fetched:
    """A firewall that was asked for, and what came of it: its configuration, or the report of why not."""

    entry: FirewallEntry
    platform: Platform
    collected: Collected | None = None
    failure: FirewallReport | None = None


def _fetched(
    host: str,
    entry: FirewallEntry,
    chosen: str | None,
    encoding: str,
    collecting: Collecting,
    folder: Path | None,
    logger: logging.Logger,
) -> _Fetched:
    """Collect one firewall; that it cannot be reached, or not be trusted, is its error in the report."""
    from auditor.audit import failed
    from auditor.cli.fetching import fetch, platform_of, save
    from auditor.report.values import ProblemKind, Source

    platform = platform_of(host, entry, chosen)
    try:
        collected = fetch(host, entry, platform, collecting, encoding=encoding)
    except NotAssessableError as error:
        logger.error("%s: %s", entry.name, _words(error))  # noqa: TRY400 - the message says all, a traceback nothing
        sent = error.commands if isinstance(error, CollectionError) else ()
        source = Source(kind="ssh", address=entry.address or host, commands=sent)
        kind = ProblemKind(error.kind.value)
        failure = failed(entry.name, platform.id, kind, error.message, error.hint, source)
        return _Fetched(entry=entry, platform=platform, failure=failure)
    if folder is not None:
        logger.info("saved to %s", save(folder, entry.name, platform, collected))
    return _Fetched(entry=entry, platform=platform, collected=collected)


def _audited(
    fetched: _Fetched, deployment: Deployment, others: dict[str, Firewall], logger: logging.Logger
) -> tuple[FirewallReport, Audited]:
    """Audit what was collected; on a path, in the addresses that the firewalls before send."""
    from auditor.audit import Origin, audit_firewall
    from auditor.cli.fetching import origin
    from auditor.export.evidence import Audited
    from auditor.report.connection import with_weak_algorithms

    entry, platform, collected = fetched.entry, fetched.platform, fetched.collected
    if fetched.failure is not None:
        return fetched.failure, Audited(firewall=entry.name, platform=platform.id, kind="ssh")
    if collected is None:
        raise BugError(f"{entry.name}: neither collected nor failed")
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
        others=others,
    )
    if report.error is not None:
        logger.error("%s: %s", entry.name, report.error.message)
    basis = Audited(
        firewall=entry.name,
        platform=platform.id,
        capture=collected.capture,
        kind="ssh",
        origin=where,
        weak_algorithms=tuple(collected.weak_algorithms),
    )
    return with_weak_algorithms(report, collected.weak_algorithms), basis


def _words(error: StAuditError) -> str:
    return f"{error.message}\n  hint: {error.hint}" if error.hint else error.message
