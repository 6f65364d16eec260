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

    Several are the parts of one run and become one report. A bundle can be written of bundles, and of a run of the
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

    start(common)
    parts = [stored(place) for place in places]
    report = merged([(part.place, part.report) for part in parts])
    threshold = FailOn(fail_on) if fail_on else parts[0].fail_on
    evidence = joined(parts)
    earlier = [stored(place).report for place in trend]
    options = RenderOptions(fail_on=threshold, evidence=evidence, trend=course([*earlier, report]) if earlier else ())
    if bundle is not None:
        whole = _whole(evidence, report, threshold, site, waivers)
        write(bundle, render(report, "bundle", replace(options, evidence=whole)))
        if output.format == "text" and not output.outputs:
            return 0
    deliver(report, output, common, threshold, options=options)
    return 0


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
