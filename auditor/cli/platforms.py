"""`st-audit platforms`: what can be read, and what can be collected."""

from __future__ import annotations

import json

import click

from auditor.cli.options import Common, common
from auditor.cli.output import emit

__all__ = ["command"]


@click.command("platforms", short_help="List the platforms that can be read.")
@click.option("-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it.")
@common
def command(common: Common, form: str) -> int:  # noqa: ARG001 - accepted like everywhere
    """List the platforms: the id that --platform takes, its title, and whether it can be collected over SSH."""
    from parsers.registry import ids, platform

    found = [platform(name) for name in ids()]
    if form == "json":
        entries = [{"id": item.id, "title": item.title, "collected": item.recipe is not None} for item in found]
        emit(json.dumps(entries, sort_keys=True, indent=2) + "\n")
        return 0
    width = max((len(item.id) for item in found), default=0)
    title = max((len(item.title) for item in found), default=0)
    for item in found:
        how = "saved or over SSH" if item.recipe is not None else "saved"
        emit(f"{item.id:<{width}}  {item.title:<{title}}  {how}\n")
    return 0
