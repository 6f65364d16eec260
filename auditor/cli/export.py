"""`st-audit export`: stored reports, bundles and runs in any format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import FAIL_ON, Common, Output, Site, common, output, site
from auditor.cli.waiving import waivers
from auditor.errors import UsageError

if TYPE_CHECKING:
    import logging

    from auditor.export.evidence import Evidence
    from auditor.report.status import FailOn
    from auditor.report.values import Report

__all__ = ["command"]


@click.command("export", short_help="Render stored reports and runs in any format.")
@click.argument("places", metavar="FILE|RUN...", nargs=-1, required=True)
@click.option(
    "--bundle", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the evidence bundle."
)
@click.option(
    "--trend",
    metavar="FILE|RUN",
    multiple=True,
    help="An earlier run, for the course that HTML draws; may be repeated.",
)
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    help="Another threshold for status and exit code in the output (default: that of the stored report).",
)
@site
@waivers
@output
@common
def command(
    common: Common,
    places: tuple[str, ...],
    bundle: Path | None,
    trend: tuple[str, ...],
    fail_on: str | None,
    site: Site,
    waivers: Path | None,
    output: Output,
) -> int:
    """Render what is stored: JSON reports (-o json=FILE), bundles, folders of unpacked bundles, runs of the history.

    Several are the parts of one run and become one report; with the --waivers that they were judged by it also says
    which of these no firewall needs. A bundle can be written of bundles, and of a run of the
    history together with the files that it was judged by (--deployment, --baseline, --waivers), if the same report
    comes out of them. Ends in 0 once everything is written, whatever the report says.
    """
    from auditor.cli.basis import joined, stored
    from auditor.cli.logs import start
    from auditor.cli.output import deliver, write
    from auditor.export.formats import render
    from auditor.export.merge import course, merged
    from auditor.export.options import RenderOptions
    from auditor.report.status import FailOn

    logger = start(common)
    if bundle is None and (site.deployment is not None or site.baselines):
        raise click.UsageError("--deployment and --baseline are what a --bundle is made of; say --bundle too")
    parts = [stored(place) for place in places]
    threshold = FailOn(fail_on) if fail_on else parts[0].fail_on
    evidence = joined(parts)
    report = merged([(part.place, part.report) for part in parts])
    if report.part:
        logger.warning("this is part %s of a fleet: the firewalls of the other parts are not in it", report.part)
    if waivers is not None or len(parts) > 1:
        report = _waived(report, evidence, waivers, logger)
    earlier = [stored(place).report for place in trend]
    options = RenderOptions(fail_on=threshold, evidence=evidence, trend=course([*earlier, report]) if earlier else ())
    if bundle is not None:
        whole = _whole(evidence, report, threshold, site, waivers)
        write(bundle, render(report, "bundle", replace(options, evidence=whole)))
        if output.format == "text" and not output.outputs:
            return 0
    deliver(report, output, common, threshold, options=options)
    return 0


def _waived(report: Report, evidence: Evidence | None, file: Path | None, logger: logging.Logger) -> Report:
    """Give a report of several parts with what is to be said of waivers that no part saw whole.

    The waivers are those that the parts were judged by: --waivers, or what a bundle holds. Raises UsageError for
    others.
    """
    from auditor.cli.waiving import accepted, waive
    from auditor.waivers.load import loads

    known = accepted(file)
    site = evidence.site if evidence is not None else None
    if known is None and site is not None and site.waivers is not None:
        known = loads(site.waivers.content.decode(), site.waivers.path)
    used = report.waivers
    if known is None:
        if used is not None:
            logger.warning("which waivers nobody needs is said with --waivers FILE only: no part saw all firewalls")
        return report
    if used is None or used.sha256 != known.sha256:
        raise UsageError(
            "the reports were judged by other waivers"
            if used is not None
            else "the reports were judged without waivers",
            file=file,
            key="--waivers",
            hint="name the waivers file of the run, as it was; an audit takes other ones",
        )
    return waive(report, known, logger)


def _whole(evidence: Evidence | None, report: Report, fail_on: FailOn, site: Site, waivers: Path | None) -> Evidence:
    """Give evidence from which a bundle can be made: every firewall's, and the site's files."""
    from auditor.cli.basis import with_site

    if evidence is None or len(evidence.audited) != len(report.firewalls):
        raise UsageError(
            "a bundle needs bundles or a run of the history, not reports alone",
            key="--bundle",
            hint="name the bundles of the run, or write one with it: st-audit config ... -o bundle=FILE",
        )
    return evidence if evidence.site is not None else with_site(evidence, report, fail_on, site, waivers)
