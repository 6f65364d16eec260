"""The option --waivers, and what it does to a report: accepted findings marked, waivers to look at told."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from auditor.report.values import Report
    from auditor.waivers.values import Waivers

__all__ = ["accepted", "waive", "waivers"]

waivers = click.option(
    "--waivers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Findings that somebody accepted, by whom and until when (see `st-audit waivers`).",
)


def accepted(file: Path | None) -> Waivers | None:
    """Load the waivers file, before anything is collected; None without one; raises WaiverError."""
    if file is None:
        return None
    from auditor.waivers.load import load

    return load(file)


def waive(report: Report, waivers: Waivers | None, logger: logging.Logger) -> Report:
    """Give the report with what the waivers accept marked, on the report's own day.

    What is to be said about the waivers is in the report, and on stderr.
    """
    if waivers is None:
        return report
    from auditor.export.words import warning_text
    from auditor.waivers.apply import apply

    found = apply(report, waivers)
    for warning in found.waivers.warnings if found.waivers is not None else ():
        logger.warning("%s: %s", waivers.file, warning_text(warning))
    return found
