"""The option --record, and the history that it writes to."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from auditor.export.evidence import Audited
    from auditor.report.status import FailOn
    from auditor.report.values import Report

__all__ = ["keep", "recording"]


def recording(*, default: bool) -> Callable[[Any], Any]:
    """Give the option --record/--no-record of a command, with the command's own default."""
    said = "the default" if default else "default: not"
    return click.option(
        "--record/--no-record",
        "record",
        default=default,
        help=f"Store the run and its redacted configurations in the history (ST_AUDIT_HISTORY; {said}).",
    )


def keep(report: Report, audited: Iterable[Audited], *, command: str, fail_on: FailOn, logger: logging.Logger) -> int:
    """Store a run in the history that the environment names, and give its number; raises UsageError."""
    from auditor.cli.clock import moment
    from auditor.history.store import open_history

    with open_history(os.environ) as history:
        number = history.record(report, audited, command=command, recorded_at=moment(None), fail_on=fail_on)
        logger.info("recorded as run %d in %s", number, history.place)
    return number
