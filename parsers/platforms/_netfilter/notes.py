"""What becomes of each line while a capture is read, and what a reader of the report must know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Remark, RemarkKind
from parsers.model.capture import Span
from parsers.platforms._netfilter.counters import uses
from parsers.text.ledger import Ledger

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["Notes"]


class Notes:
    """The ledgers of a capture's documents, its remarks and its counts; a remark made twice is kept once."""

    def __init__(self, capture: Capture) -> None:
        """Start with every line not understood."""
        self.ledgers = [Ledger(len(document.lines())) for document in capture.documents]
        self.uses = uses(capture)
        self._remarks: dict[Remark, None] = {}

    def modelled(self, span: Span) -> None:
        """Note lines whose meaning is in the model."""
        self.ledgers[span.document].modelled(range(span.first, span.last + 1))

    def irrelevant(self, span: Span) -> None:
        """Note lines that decide nothing about traffic."""
        self.ledgers[span.document].irrelevant(range(span.first, span.last + 1))

    def whole(self, document: int, *, modelled: bool = True) -> None:
        """Note every line of a document."""
        ledger = self.ledgers[document]
        numbers = range(1, len(ledger.states) + 1)
        if modelled:
            ledger.modelled(numbers)
        else:
            ledger.irrelevant(numbers)

    def remark(self, kind: RemarkKind, text: str, span: Span | None, *, decides: bool = False) -> None:
        """Keep a remark."""
        self._remarks[Remark(kind=kind, text=text, span=span, decides=decides)] = None

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Give the remarks in the order of their places."""
        return tuple(sorted(self._remarks, key=_place))

    def finish(self) -> tuple[bytes, ...]:
        """Give the ledgers."""
        return tuple(ledger.finish() for ledger in self.ledgers)


def _place(remark: Remark) -> tuple[int, int]:
    span = remark.span or Span(first=0, last=0)
    return span.document, span.first
