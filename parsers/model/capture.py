"""What was collected: documents with their text, and the place of a thing within them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Capture", "Document", "Span"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """The documents of one firewall: one for an ASA, several for a Linux host."""

    documents: tuple[Document, ...]
    platform: str | None = None

    def slice(self, span: Span) -> str:
        """Give the text of a span, lines joined by a newline."""
        return "\n".join(self.documents[span.document].lines()[span.first - 1 : span.last])
