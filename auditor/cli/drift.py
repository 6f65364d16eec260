"""`st-audit drift`: what changed between two runs, by effective traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import FAIL_ON, Common, common
from auditor.cli.output import colored, emit, width
from auditor.cli.stored import is_file, opened, report_of
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.drift.values import Drift, FirewallDrift
    from auditor.report.values import FirewallReport, Report

__all__ = ["command"]

_DAY_LENGTH = len("2027-01-31")


@click.command("drift", short_help="Say what changed between two runs, by effective traffic.")
@click.argument("before", metavar="[BEFORE]", required=False)
@click.argument("after", metavar="[AFTER]", required=False)
@click.option("--firewall", "firewalls", metavar="NAME", multiple=True, help="Only this firewall; may be repeated.")
@click.option("--peers", nargs=2, metavar="NAME NAME", help="Compare two firewalls of one run: HA peers, two sites.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), default="low", help="The least severity that ends in 1.")
@click.option(
    "-f", "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", help="How to print."
)
@common
def command(
    common: Common,
    before: str | None,
    after: str | None,
    firewalls: tuple[str, ...],
    peers: tuple[str, str] | None,
    fail_on: str,
    form: str,
) -> int:
    """Compare what two runs found to be open, closed and undecided: not the text of the rules, but the traffic.

    BEFORE and AFTER are stored runs (a number, a name, `last`, a date) or JSON reports (files). AFTER is the last run
    unless named. Without BEFORE each firewall is compared with its own last audit before that one that saw anything;
    with a date, with its last up to the end of that day (UTC).

    Ends in 0 where nothing became worse, 1 where traffic was added or a finding became worse (at or above --fail-on,
    not waived), 3 where a firewall could not be compared. With --peers every difference ends in 1.
    """
    from auditor.cli.logs import start
    from auditor.drift.judging import exit_code
    from auditor.export.drift import render
    from auditor.export.options import RenderOptions
    from auditor.report.status import FailOn

    start(common)
    if peers and after is not None:
        raise click.UsageError("--peers compares within one run: name that run alone")
    found = _between_peers(peers, before) if peers else _between_runs(before, after)
    if firewalls:
        found = _only(found, firewalls)
    options = RenderOptions(verbose=common.verbose, width=width(), color=colored(common))
    emit(render(found, form, options))
    code = exit_code(found, FailOn(fail_on))
    return 1 if peers and code == 0 and found.changed else code


def _between_runs(before: str | None, after: str | None) -> Drift:
    from auditor.drift.compare import compare

    if before is not None and (is_file(before) or (after is not None and is_file(after))):
        return compare(report_of(before), report_of(after or "last"))
    return _within_history(before, after or "last")


def _within_history(before: str | None, after: str) -> Drift:
    """Compare with one whole run, or each firewall with its own last audit (up to a day)."""
    from auditor.drift.compare import compare, compare_firewalls, facts_of_runs
    from auditor.drift.values import Drift

    day = before if before is not None and len(before) == _DAY_LENGTH and before[:4].isdigit() else None
    with opened() as history:
        run = history.find(after)
        later = history.report(run.number)
        if before is not None and day is None:
            return compare(history.report(history.find(before).number), later)
        found: list[FirewallDrift] = []
        facts: dict[int, tuple[str, ...]] = {}
        for firewall in later.firewalls:
            earlier = history.earlier(firewall.name, firewall.context, run, day)
            if earlier is not None and earlier.run.number not in facts:
                facts[earlier.run.number] = facts_of_runs(history.report(earlier.run.number), later)
            found.append(
                compare_firewalls(
                    earlier.firewall if earlier is not None else None,
                    firewall,
                    before_as_of=earlier.run.as_of if earlier is not None else "",
                    after_as_of=later.as_of,
                    facts=facts[earlier.run.number] if earlier is not None else (),
                )
            )
    return Drift(firewalls=tuple(found))


def _between_peers(names: tuple[str, str], place: str | None) -> Drift:
    from auditor.drift.compare import compare_peers
    from auditor.drift.values import Drift

    report = report_of(place or "last")
    first, second = (_named(report, name) for name in names)
    return Drift(firewalls=(compare_peers(first, second, report.as_of),))


def _named(report: Report, name: str) -> FirewallReport:
    for firewall in report.firewalls:
        if name in {firewall.name, f"{firewall.name} / {firewall.context}"}:
            return firewall
    listed = ", ".join(firewall.name for firewall in report.firewalls)
    raise UsageError(f"the run has no firewall {name!r}", key="--peers", hint=f"it has: {listed}")


def _only(drift: Drift, names: tuple[str, ...]) -> Drift:
    from auditor.drift.values import Drift

    known = {item.name for item in drift.firewalls}
    for name in names:
        if name not in known:
            raise UsageError(
                f"neither run has a firewall {name!r}", key="--firewall", hint=f"there are: {', '.join(sorted(known))}"
            )
    return Drift(firewalls=tuple(item for item in drift.firewalls if item.name in names))
