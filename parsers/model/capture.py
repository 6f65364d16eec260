"""What was collected: documents with their text, and the place of a thing within them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

__all__ = ["Capture", "Document", "Lines", "Span"]

_BLOCK = 8192
"""Characters between the places of a text whose line numbers are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Lines first..last (from 1, both included) of a capture's document (from 0)."""

    document: int = 0
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One text as the device printed it, or as a file held it.

    `name` is what a report calls it (a file name, or the command), `exit_status` is None where there is none.
    """

    name: str
    command: str = ""
    text: str
    stderr: str = ""
    exit_status: int | None = None

    def lines(self) -> list[str]:
        """Give the lines without their ends; line n of a span is element n - 1."""
        lines = self.text.split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return lines

    def line_count(self) -> int:
        """Give how many lines there are; the last one may lack its end."""
        return self.text.count("\n") + (1 if self.text and not self.text.endswith("\n") else 0)


class Lines:
    """Cuts lines out of a text, any of them and as often as wanted, without keeping each of them beside it."""

    __slots__ = ("_ends", "_text")

    def __init__(self, text: str) -> None:
        """Count the ends of lines once."""
        self._text = text
        self._ends = [0]  # how many lines end before each block
        for start in range(0, len(text), _BLOCK):
            self._ends.append(self._ends[-1] + text.count("\n", start, start + _BLOCK))

    def cut(self, first: int, last: int) -> str:
        """Give lines first..last (from 1) without the end of the last one; nothing of what is behind the text."""
        start = self._start(first)
        end = self._start(last + 1)
        return self._text[start : end - 1 if self._text[end - 1 : end] == "\n" else end]

    def _start(self, line: int) -> int:
        """Give where a line begins, or the end of the text."""
        before = line - 1
        if before <= 0:
            return 0
        following = bisect_left(self._ends, before)
        if following == len(self._ends):
            return len(self._text)
        at = (following - 1) * _BLOCK
        for _ in range(before - self._ends[following - 1]):
            at = self._text.find("\n", at) + 1
        return at


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """The documents of one firewall: one for an ASA, several for a Linux host."""

    documents: tuple[Document, ...]
    platform: str | None = None

    def slice(self, span: Span) -> str:
        """Give the text of a span, lines joined by a newline."""
        return Lines(self.documents[span.document].text).cut(span.first, span.last)
