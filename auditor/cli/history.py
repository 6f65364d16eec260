"""`st-audit history`: stored runs listed, shown, kept as baselines, followed over time and taken away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Common, Output, common, output
from auditor.cli.output import emit
from auditor.cli.stored import opened
from auditor.export.escape import visible

if TYPE_CHECKING:
    from auditor.export.evidence import Trend
    from auditor.history.values import Run

__all__ = ["command"]

_RUN = "RUN"
_BARS = " ▁▂▃▄▅▆▇█"
_LIMIT = 30
_COURSE = 200
"""So many of the latest runs are looked at for the course of one of them."""


firewall = click.option("--firewall", metavar="NAME", help="Only runs with this firewall.")
deployment = click.option("--deployment-name", "deployment", metavar="NAME", help="Only runs of this deployment.")
limit = click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=_LIMIT, help=f"So many runs at the most (default: {_LIMIT})."
)


@click.group("history", invoke_without_command=True, short_help="List, show, keep and prune stored runs.")
@firewall
@deployment
@limit
@common
@click.pass_context
def command(context: click.Context, common: Common, firewall: str | None, deployment: str | None, limit: int) -> int:
    """Stored runs, newest first.

    The history is ~/.local/share/st-audit/history.sqlite, or what ST_AUDIT_HISTORY names: a file's path, or
    postgresql://USER@HOST/DATABASE. `fleet` records its runs; `host` and `config` do with --record.

    RUN is a run's number, a name that `keep` gave it, `last`, or a date: the last run up to the end of that day (UTC).
    """
    if context.invoked_subcommand is not None:
        return 0
    from auditor.cli.logs import start
    from auditor.cli.tables import table

    start(common)
    with opened() as history:
        runs = history.runs(limit=limit, deployment=deployment, firewall=firewall)
    if not runs:
        emit(_none(deployment, firewall))
        return 0
    header = ("run", "as of", "name", "deployment", "status", "findings", "firewalls")
    emit(table(header, [_row(run) for run in runs], common, wide=("findings", "firewalls", "deployment")))
    return 0


def _none(deployment: str | None, firewall: str | None) -> str:
    asked = [f"of deployment {deployment}" if deployment else "", f"with firewall {firewall}" if firewall else ""]
    words = " ".join(word for word in asked if word)
    return visible(f"no run {words} is stored") + "\n" if words else "no runs are stored\n"


def _row(run: Run) -> Sequence[str]:
    counts = ", ".join(f"{number} {severity.value}" for severity, number in run.findings if number) or "none"
    waived = f", {run.waived} waived" if run.waived else ""
    return (
        str(run.number),
        run.as_of,
        run.name or "",
        run.deployment or "",
        f"{run.status.value} ({run.exit_code})",
        f"{counts}{waived}",
        ", ".join(run.firewalls),
    )


@command.command("show", short_help="Render a stored run's report.")
@click.argument("run", metavar=_RUN, default="last")
@output
@common
def show(common: Common, run: str, output: Output) -> int:
    """Render a run's report again, in any format, and end in the exit code that the run ended in.

    HTML draws the course of the runs before it.
    """
    from auditor.cli.logs import start
    from auditor.cli.output import deliver
    from auditor.export.options import RenderOptions

    start(common)
    with opened() as history:
        found = history.find(run)
        report = history.report(found.number)
        runs = history.trend(limit=_COURSE, deployment=found.deployment)
    before = tuple(run for run in runs if run.as_of <= found.as_of)
    options = RenderOptions(fail_on=found.fail_on, trend=before)
    return deliver(report, output, common, found.fail_on, options=options)


@command.command("config", short_help="Give back the configuration that a run judged.")
@click.argument("run", metavar=_RUN)
@click.argument("firewall", metavar="FIREWALL")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--context", default="", metavar="NAME", help="Which context, VDOM or vsys of it.")
@common
def config(common: Common, run: str, firewall: str, folder: Path, context: str) -> int:
    """Write the redacted configuration of FIREWALL, as run RUN judged it, into DIR for `st-audit config`."""
    from auditor.capture.manifest import Origin
    from auditor.capture.writing import write
    from auditor.cli.logs import start
    from auditor.errors import UsageError
    from parsers.registry import ids, platform

    logger = start(common)
    with opened() as history:
        found = history.find(run)
        capture = history.capture(found.number, firewall, context)
        report = history.report(found.number)
    audited = next(item for item in report.firewalls if (item.name, item.context) == (firewall, context))
    name = capture.platform or ""
    if name not in ids():
        raise UsageError(f"this st-audit cannot read {name}", hint=f"it reads: {', '.join(ids())}")
    source = audited.source
    origin = None
    if source is not None:
        origin = Origin(
            address=source.address, collected_at=source.collected_at, host_key=source.host_key, commands=source.commands
        )
    write(folder, platform(name), capture, firewall=firewall, origin=origin)
    logger.info("written to %s", folder)
    return 0


@command.command("keep", short_help="Name a run, and keep it as a baseline.")
@click.argument("run", metavar=_RUN)
@click.argument("name", metavar="NAME")
@common
def keep(common: Common, run: str, name: str) -> int:
    """Give a run a name, under which `drift NAME` finds it and `prune` leaves it; a name that is taken moves."""
    from auditor.cli.logs import start

    logger = start(common)
    with opened() as history:
        found = history.find(run)
        history.keep(found.number, name)
    logger.info("run %d is kept as %s", found.number, name)
    return 0


@command.command("release", short_help="Take a run's name away.")
@click.argument("run", metavar=_RUN)
@common
def release(common: Common, run: str) -> int:
    """Take the name of a run away, so that it may be pruned."""
    from auditor.cli.logs import start

    logger = start(common)
    with opened() as history:
        found = history.find(run)
        history.keep(found.number, None)
    logger.info("run %d has no name", found.number)
    return 0


@command.command("trend", short_help="Show how findings went over the runs.")
@firewall
@deployment
@limit
@common
def trend(common: Common, firewall: str | None, deployment: str | None, limit: int) -> int:
    """Show the findings of the latest runs by severity, oldest first, without waived ones."""
    from auditor.cli.logs import start
    from auditor.cli.tables import table

    start(common)
    with opened() as history:
        runs = history.trend(limit=limit, deployment=deployment, firewall=firewall)
    if not runs:
        emit(_none(deployment, firewall))
        return 0
    names = [name for name, _ in runs[-1].findings]
    rows = [(run.as_of, *(str(count) for _, count in run.findings), str(run.waived), _total(run)) for run in runs]
    emit(table(("as of", *names, "waived", "total"), rows, common))
    emit("\n")
    emit(table(("", "course", "from", "to"), [_course(name, runs) for name in (*names, "waived")], common))
    return 0


def _total(run: Trend) -> str:
    return str(sum(count for _, count in run.findings))


def _course(name: str, runs: Sequence[Trend]) -> Sequence[str]:
    """Give the course of one severity as a line of bars, as high as they are against its own highest."""
    counts = [run.waived if name == "waived" else dict(run.findings)[name] for run in runs]
    top = max(counts)
    # What is not zero is never drawn as nothing.
    bars = "".join(_BARS[-(-count * (len(_BARS) - 1) // top) if top else 0] for count in counts)
    return (name, bars.replace(" ", "·"), str(counts[0]), str(counts[-1]))


@command.command("prune", short_help="Take old runs away.")
@click.option("--older-than", type=click.IntRange(min=0), metavar="DAYS", help="Runs that judge a day before that.")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="All but the newest N of each deployment.")
@click.option("--dry-run", is_flag=True, help="Only say which.")
@click.option("--as-of", metavar="DATE", help="Count days from this UTC date (default: today).")
@common
def prune(common: Common, older_than: int | None, keep: int | None, dry_run: bool, as_of: str | None) -> int:
    """Take runs away, with the configurations that no other run needs; a run with a name stays.

    With both limits, a run goes that is beyond both.
    """
    from auditor.cli.clock import moment
    from auditor.cli.logs import start
    from auditor.export.words import counted
    from auditor.waivers.apply import day_of

    if older_than is None and keep is None:
        raise click.UsageError("say which: --older-than DAYS, --keep N, or both")
    try:
        today = day_of(moment(as_of))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--as-of") from error
    start(common)
    with opened() as history:
        pruned = history.prune(today, days=older_than, keep=keep or 0, dry=dry_run)
    listed = ", ".join(map(str, pruned.runs)) or "none"
    emit(f"{'would go' if dry_run else 'gone'}: {counted(len(pruned.runs), 'run')} ({listed})\n")
    return 0


_: Any = (show, config, keep, release, trend, prune)
