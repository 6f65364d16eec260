"""Errors of the `parsers` package.

The tree::

    ParserError              a capture cannot be turned into a model at all
    |-- UnsupportedError     understood well enough to know that it must be refused (ASA 8.2, transparent mode, ...)
    |-- DetectionError       no platform, or more than one, recognises a capture
    `-- NotationError        plain notation that does not parse
"""

from __future__ import annotations

__all__ = ["DetectionError", "NotationError", "ParserError", "UnsupportedError"]


class ParserError(Exception):
    """A capture cannot be turned into a model; says what, where and what to do next.

    `document` names the document within the capture, `line` counts from 1.
    """

    def __init__(self, message: str, *, document: str | None = None, line: int | None = None, hint: str = "") -> None:
        """Keep the parts apart so that a caller can render them its own way."""
        super().__init__(message)
        self.message = message
        self.document = document
        self.line = line
        self.hint = hint

    def __str__(self) -> str:
        """Give `document:line: message (hint)`, leaving out what is unknown."""
        where = ":".join(str(part) for part in (self.document, self.line) if part is not None)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class UnsupportedError(ParserError):
    """The capture is of a kind that this parser refuses, with the reason."""


class DetectionError(ParserError):
    """No platform recognises the capture, or several do; `candidates` lists them."""

    def __init__(self, message: str, *, candidates: tuple[str, ...] = (), hint: str = "") -> None:
        """Keep the candidate platform ids for the message of the command line."""
        super().__init__(message, hint=hint)
        self.candidates = candidates


class NotationError(ParserError):
    """A text is not the plain notation of a model."""
