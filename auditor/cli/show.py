"""`st-audit show`: the normalised rules of a configuration."""

from __future__ import annotations

import click

from auditor.cli.options import Collecting, Common, Site, collecting, common, platform, site
from auditor.cli.output import emit
from auditor.cli.reading import context, encoding, host

__all__ = ["command"]


@click.command("show", short_help="Print the normalised rules of a configuration.")
@click.argument("place", metavar="FILE|DIR|-", required=False)
@host
@platform
@context
@encoding
@click.option("-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@site
@collecting
@common
def command(
    common: Common,
    place: str | None,
    host: str | None,
    platform: str | None,
    context: str | None,
    encoding: str,
    form: str,
    site: Site,
    collecting: Collecting,
) -> int:
    """Print the rule model of a configuration: interfaces, routes, and each stage's rules with their lines.

    FILE is a saved configuration, DIR a folder that --save-config wrote, - standard input. Every platform comes out
    in the same plain notation: `permit tcp any -> 192.0.2.10:443 [outside>dmz] @12-14`.
    """
    from auditor.cli.logs import start
    from auditor.cli.reading import obtain, one_firewall, warn_incomplete

    logger = start(common)
    found = obtain(place, host, platform, encoding, site, collecting)
    warn_incomplete(found, logger)
    parsed = found.parse()
    firewalls = parsed.firewalls if context is None else (one_firewall(parsed, context),)
    if form == "json":
        import json

        from parsers.model.json import to_json

        emit(json.dumps([to_json(firewall) for firewall in firewalls], sort_keys=True, indent=2) + "\n")
        return 0
    from auditor.export.escape import visible
    from parsers.model.notation import render_all

    emit(visible(render_all(firewalls), keep="\n"))
    return 0
