"""`st-audit schema`: the JSON Schemas of what people write and of what programs read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from auditor.cli.options import Common, common
from auditor.cli.output import emit

__all__ = ["command"]


@click.command("schema", short_help="Print the JSON Schema of a file or a report.")
@click.argument("name", type=click.Choice(["report", "deployment", "baseline", "waivers", "inventory"]))
@click.option(
    "--baseline",
    "baselines",
    metavar="NAME|FILE",
    multiple=True,
    help="Whose vocabulary a deployment uses (default: securetransport-5.5); may be repeated.",
)
@common
def command(common: Common, name: str, baselines: tuple[str, ...]) -> int:  # noqa: ARG001 - accepted everywhere
    """Print the JSON Schema (draft 2020-12) of NAME: report, deployment, baseline, waivers or inventory.

    Editors check deployment.yaml with it: put `# yaml-language-server: $schema=FILE` on its first line.
    """
    if baselines and name != "deployment":
        raise click.UsageError("--baseline concerns the schema of a deployment only")
    emit(json.dumps(_schema(name, baselines), indent=2, ensure_ascii=True) + "\n")
    return 0


def _schema(name: str, baselines: tuple[str, ...]) -> dict[str, Any]:
    if name == "report":
        from auditor.export.json import schema

        return schema()
    if name == "deployment":
        from auditor.baseline.load import load
        from auditor.deployment.schema import json_schema

        return json_schema(load(baselines or ("securetransport-5.5",), base=Path()).vocabulary)
    if name == "waivers":
        from auditor.waivers.shape import json_schema as waivers_schema

        return waivers_schema()
    if name == "inventory":
        from auditor.fleet.inventory.ours import json_schema as inventory_schema

        return inventory_schema()
    from auditor.baseline.schema import FileShape

    title = "st-audit baseline file, version 1"
    found = FileShape.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": title}
