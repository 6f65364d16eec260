"""`st-audit config`: a saved running configuration against the deployment, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.options import (
    Adhoc,
    Common,
    Judging,
    Output,
    Site,
    adhoc,
    assume_complete,
    common,
    firewall,
    judging,
    output,
    platform,
    site,
)
from auditor.cli.reading import encoding
from auditor.cli.recording import recording
from auditor.cli.waiving import waivers

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.audit import Origin
    from auditor.cli.reading import Read
    from auditor.deployment.site import Deployment, FirewallEntry
    from auditor.report.values import FirewallReport

__all__ = ["command"]


@click.command("config", short_help="Audit saved running configurations, without a network.")
@click.argument("place", metavar="FILE|DIR|-")
@site
@adhoc
@firewall
@platform
@encoding
@assume_complete
@judging
@waivers
@recording(default=False)
@output
@common
def command(
    place: str,
    site: Site,
    adhoc: Adhoc,
    firewall: str | None,
    platform: str | None,
    encoding: str,
    assume_complete: bool,
    judging: Judging,
    waivers: Path | None,
    record: bool,
    output: Output,
    common: Common,
) -> int:
    """Audit a saved running configuration.

    FILE is what the device printed, DIR a folder that --save-config wrote, - standard input. Which of the deployment's
    firewalls it is says --firewall; without it, it is the only one of the configuration's platform.

    Ends in 0 compliant, 1 findings, 2 usage, 3 not assessable, 4 nothing to judge.
    """
    from auditor.audit import compose
    from auditor.cli.evidence import gather
    from auditor.cli.logs import start
    from auditor.cli.output import deliver
    from auditor.cli.reading import read
    from auditor.cli.recording import keep
    from auditor.cli.site import by_platform, open_site, overrides
    from auditor.cli.waiving import accepted, waive
    from auditor.export.evidence import Audited
    from auditor.report.status import FailOn

    logger = start(common)
    waived = accepted(waivers)
    deployment = open_site(site, adhoc, firewall=firewall, platform=platform)
    found = read(place, platform, encoding)
    saved_as = found.manifest.firewall if found.manifest is not None else None
    known = {entry.name for entry in deployment.firewalls}
    entry = by_platform(deployment, found.platform.id, firewall or (saved_as if saved_as in known else None))
    report = _audited(found, deployment, entry, assume_complete=assume_complete)
    if report.error is not None:
        logger.error("%s: %s", entry.name, report.error.message)
    audited = Audited(
        firewall=entry.name,
        platform=found.platform.id,
        capture=found.capture,
        origin=found.manifest.origin if found.manifest is not None else None,
        assume_complete=assume_complete,
    )
    said = overrides(site, adhoc, firewall=firewall, platform=platform)
    fail_on = FailOn(judging.fail_on)
    whole = waive(compose(deployment, (report,), judging.as_of), waived, logger)
    code = deliver(whole, output, common, fail_on, lambda: gather(site, said, deployment, (audited,), waivers=waivers))
    if record:
        keep(whole, (audited,), command="config", fail_on=fail_on, logger=logger)
    return code


def _audited(found: Read, deployment: Deployment, entry: FirewallEntry, *, assume_complete: bool) -> FirewallReport:
    """Audit what was read; a configuration that is not proven complete is this firewall's error."""
    from dataclasses import replace

    from auditor.audit import audit_firewall, failed
    from auditor.capture.completeness import demand
    from auditor.errors import NotAssessableError
    from auditor.report.values import ProblemKind

    origin = _origin(found)
    try:
        assumed = demand(found.platform, found.capture, assume_complete=assume_complete)
    except NotAssessableError as error:
        kind = ProblemKind(error.kind.value)
        return failed(entry.name, found.platform.id, kind, error.message, error.hint)
    if assumed is not None:
        origin = replace(origin, assumed=((assumed, "--assume-complete"),))
    return audit_firewall(found.capture, found.platform, deployment, entry, origin)


def _origin(found: Read) -> Origin:
    from auditor.audit import Origin

    saved = found.manifest.origin if found.manifest is not None else None
    if saved is None:
        return Origin(kind="file")
    return Origin(
        kind="file",
        address=saved.address,
        collected_at=saved.collected_at,
        host_key=saved.host_key,
        commands=saved.commands,
    )
