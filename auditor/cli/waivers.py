"""`st-audit waivers`: the waivers file checked, listed, and entries for it written from a report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Common, common
from auditor.cli.output import emit
from auditor.cli.stored import report_of
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.report.values import Finding, FirewallReport, Report, WaiverWarning
    from auditor.waivers.values import Waiver

__all__ = ["command"]


def _as_of(_: click.Context, parameter: click.Parameter, value: str | None) -> date:
    from auditor.cli.clock import moment
    from auditor.waivers.apply import day_of

    try:
        return day_of(moment(value))
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


as_of = click.option("--as-of", metavar="DATE", callback=_as_of, help="As of this UTC date (default: today).")
file = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
of = click.option(
    "--report",
    "place",
    metavar="JSON|RUN",
    help="The findings: a JSON report (- is stdin), or a stored run (a number, a name, last, a date).",
)


@click.group("waivers", short_help="Check, list and write waivers.")
@common
def command(common: Common) -> None:
    """Findings that somebody accepted: why, whose, approved by whom, under which ticket, until when.

    A waiver is bound to a firewall and to exact traffic, never to a line. It holds to the end of its last day in UTC.
    """


@command.command("check", short_help="Say what is wrong with waivers, or soon will be.")
@file
@of
@click.option(
    "--expiring-within", "soon", type=click.IntRange(min=0), default=30, metavar="DAYS",
    help="Name waivers that end so soon (default: 30).",
)  # fmt: skip
@as_of
@common
def check(common: Common, file: Path, place: str | None, soon: int, as_of: date) -> int:
    """Check the file, and its waivers against their days and, with --report, against the findings of a run.

    Names waivers that expired or soon will, that overlap, that no finding needs, that are wider than what they cover,
    and findings that reach beyond what was accepted. Ends in 0 where there is nothing to say, 1 where there is, 2 where
    the file is wrong.
    """
    from dataclasses import replace

    from auditor.cli.logs import start
    from auditor.export.words import counted
    from auditor.report.values import Report
    from auditor.version import VERSION
    from auditor.waivers.apply import apply
    from auditor.waivers.load import load

    start(common)
    waivers = load(file)
    nothing = Report(as_of="", tool_version=VERSION, baselines=(), deployment=None, firewalls=())
    report = nothing if place is None else report_of(place)
    found = apply(replace(report, as_of=as_of.isoformat()), waivers, soon=soon)
    warnings = found.waivers.warnings if found.waivers is not None else ()
    for warning in warnings:
        emit("".join(f"{text}\n" for text in _told(warning, file)))
    if not warnings:
        what = "as of" if place is None else f"for {place} as of"
        emit(f"{counted(len(waivers.entries), 'waiver')}, nothing to say {what} {as_of}\n")
    return int(bool(warnings))


def _told(warning: WaiverWarning, file: Path) -> Sequence[str]:
    from auditor.export.escape import visible
    from auditor.export.words import gathered

    where = f"{file}:{warning.line}" if warning.line else str(file)
    head = f"{where}: {warning.kind.value}: {warning.waiver} ({warning.firewall}) {warning.text}"
    return [visible(head), *(f"    {visible(text)}" for text in gathered(warning.traffic))]


@command.command("list", short_help="List the waivers of a file.")
@file
@as_of
@common
def list_(common: Common, file: Path, as_of: date) -> int:
    """List the waivers of a file, the first to end first."""
    from auditor.cli.logs import start
    from auditor.cli.tables import table
    from auditor.waivers.load import load

    start(common)
    entries = sorted(load(file).entries, key=lambda entry: (entry.expires, entry.line or 0))
    header = ("expires", "days", "ticket", "firewall", "accepts", "owner", "approver", "reason")
    rows = [_row(entry, as_of) for entry in entries]
    emit(table(header, rows, common, wide=("accepts", "reason", "firewall")) if rows else "no waivers\n")
    return 0


def _row(entry: Waiver, today: date) -> Sequence[str]:
    from auditor.export.words import gathered

    left = entry.days_left(today)
    kinds = "/".join(sorted(kind.value for kind in entry.kinds))
    rows = f" row{'s' if len(entry.rows) > 1 else ''} {', '.join(sorted(entry.rows))}" if entry.rows is not None else ""
    traffic = "; ".join(gathered(entry.traffic)) or (entry.finding or "")
    return (
        entry.expires.isoformat(),
        str(left) if left >= 0 else "expired",
        entry.ticket,
        ", ".join(entry.firewalls) + (f" / {entry.context}" if entry.context else ""),
        f"{kinds}{rows}: {traffic}",
        entry.owner,
        entry.approver,
        entry.reason,
    )


def _expires(_: click.Context, parameter: click.Parameter, value: str) -> date:
    from auditor.cli.clock import moment

    try:
        return date.fromisoformat(moment(value))
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no date such as 2027-01-31 (the last day on which it holds)", param=parameter
        ) from error


@command.command("new", short_help="Write an entry that accepts a finding.")
@click.argument("findings", metavar="FINDING...", nargs=-1, required=True)
@of
@click.option("--firewall", metavar="NAME", help="Whose finding, where several firewalls have one of that id.")
@click.option("--reason", required=True, metavar="TEXT", help="Why it is accepted.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--approver", required=True, metavar="NAME", help="Who approved it.")
@click.option("--ticket", required=True, metavar="ID", help="Where that is on record.")
@click.option("--expires", required=True, metavar="DATE", callback=_expires, help="The last day (UTC) it holds.")
@click.option(
    "--append", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Add it to this waivers file, which is made if it is not there (default: print it).",
)  # fmt: skip
@common
def new(
    common: Common,
    findings: tuple[str, ...],
    place: str | None,
    firewall: str | None,
    reason: str,
    owner: str,
    approver: str,
    ticket: str,
    expires: date,
    append: Path | None,
) -> int:
    """Write an entry for each FINDING (an id, as -v and every machine format show it) that accepts exactly its traffic.

    What the finding may grow by later is not accepted. The findings are those of --report (default: the last stored
    run).
    """
    from auditor.cli.logs import start
    from auditor.cli.output import write
    from auditor.export.waiver_entry import HEAD, Approval, render

    logger = start(common)
    report = report_of(place or "last")
    approval = Approval(reason=reason, owner=owner, approver=approver, ticket=ticket, expires=expires)
    text = "".join(render(*_found(report, name, firewall), approval) for name in findings)
    if append is None:
        emit(HEAD + text)
        return 0
    write(append, _added(append, text))
    logger.info("added to %s", append)
    return 0


def _added(path: Path, text: str) -> str:
    """Give a waivers file's text with entries added; the file and the whole must be right ones."""
    from auditor.export.waiver_entry import HEAD
    from auditor.waivers.load import load, loads

    before = HEAD
    if path.exists():
        known = len(load(path).entries)
        before = path.read_text(encoding="utf-8-sig")
        if known == 0:
            raise UsageError("holds no entry yet", file=path, hint="delete the file, and it is made anew")
    whole = before + ("" if before.endswith("\n") else "\n") + text
    loads(whole, str(path))
    return whole


def _found(report: Report, name: str, firewall: str | None) -> tuple[FirewallReport, Finding]:
    found = [
        (item, finding)
        for item in report.firewalls
        for finding in item.findings
        if finding.id == name and firewall in {None, item.name}
    ]
    if not found:
        where = f" on {firewall}" if firewall is not None else ""
        raise UsageError(f"the report has no finding {name!r}{where}", hint="-v shows the ids of findings")
    if len(found) > 1:
        names = ", ".join(item.name for item, _ in found)
        raise UsageError(f"several findings have the id {name}", key="--firewall", hint=f"they are on: {names}")
    return found[0]
