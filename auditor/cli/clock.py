"""The moment of a run: the clock's, or one that the user names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

__all__ = ["moment"]

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})\Z")


def moment(text: str | None) -> str:
    """Give an ISO 8601 UTC date or date-time: the one named, or the clock's where None is; raises ValueError.

    Only forms that everyone reads alike are taken: 2027-01-31, 2027-01-31T10:00Z, 2027-01-31T10:00:00+01:00.
    """
    if text is None:
        return _utc(datetime.now(UTC))
    if _DATE.match(text):
        return date.fromisoformat(text).isoformat()
    if _DATE_TIME.match(text):
        return _utc(datetime.fromisoformat(text))
    raise ValueError(f"{text!r} is no date such as 2027-01-31, nor a date-time such as 2027-01-31T10:00:00Z")


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
