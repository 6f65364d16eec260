"""Progress and logs on stderr, as text for people or a JSON object per line for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor.export.escape import visible

if TYPE_CHECKING:
    from auditor.cli.options import Common

__all__ = ["start"]


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        return visible(f"{level}{record.getMessage()}", keep="\n")


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, Any] = {
            "time": when.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        # What the message says, as values: `extra={"fields": {...}}`.
        entry |= getattr(record, "fields", {})
        return json.dumps(entry, sort_keys=True)


class _Stderr(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to what stderr is now, not to what it was when the handler was made."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def start(common: Common) -> logging.Logger:
    """Set the program's own loggers up and give the one of the command line; libraries' loggers stay silent."""
    logger = logging.getLogger("auditor")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    handler = _Stderr()
    handler.setFormatter(_Json() if common.log_format == "json" else _Text())
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.ERROR if common.quiet else logging.INFO)
    return logging.getLogger("auditor.cli")
