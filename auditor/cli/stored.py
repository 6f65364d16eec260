"""Reports that commands take back: JSON files, and runs of the history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.history.store import History
    from auditor.history.values import Run
    from auditor.report.values import Report

__all__ = ["found", "is_file", "opened", "report_in", "report_of"]


def opened() -> History:
    """Open the history that the environment names; raises UsageError."""
    from auditor.history.store import open_history

    return open_history(os.environ)


def is_file(place: str) -> bool:
    """Tell whether a place is a JSON report (- is standard input), not a run: `last.json` is one, `last` is not."""
    return place == "-" or place.endswith(".json") or os.sep in place or Path(place).is_file()


def found(history: History, place: str) -> Run:
    """Give the stored run of a place that is no file; raises UsageError that says so, for the path may be mistyped."""
    from auditor.history.store import LAST

    try:
        return history.find(place)
    except UsageError as error:
        if place == LAST or Path(place).exists():
            raise
        raise UsageError(f"{place} is no file, and {error.message}", hint=error.hint) from error


def report_in(place: str) -> Report:
    """Read a JSON report; raises UsageError."""
    from auditor.capture.reading import read
    from auditor.export.json_reader import loads

    return loads(read(place).capture.documents[0].text, place)


def report_of(place: str) -> Report:
    """Give the report of a JSON file, or of a stored run: a number, a name, `last` or a date; raises UsageError."""
    if is_file(place):
        return report_in(place)
    with opened() as history:
        return history.report(found(history, place).number)
