"""Accounting for each line of a document: modelled, irrelevant or not understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import LineState

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Ledger"]


class Ledger:
    """One LineState byte per line of a document; every line starts as not understood.

    `states` is open to scanners of bulk lines; element n - 1 belongs to line n.
    """

    def __init__(self, count: int) -> None:
        """Start the ledger of a document with so many lines."""
        self.states = bytearray(count)

    def modelled(self, numbers: Iterable[int]) -> None:
        """Note lines (from 1) whose meaning is in the model."""
        self._note(LineState.MODELLED, numbers)

    def irrelevant(self, numbers: Iterable[int]) -> None:
        """Note lines (from 1) that are known to decide nothing about traffic."""
        self._note(LineState.IRRELEVANT, numbers)

    def _note(self, state: LineState, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.states[number - 1] = state

    def finish(self) -> bytes:
        """Give the ledger."""
        return bytes(self.states)
