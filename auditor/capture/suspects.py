"""Which lines of a text can hold a secret at all, so that patterns need not be searched for in all the others.

A configuration of a hundred thousand rules has some hundred different lines, once their numbers are left out. A line is
suspect if what is left of it holds one of some words, or a character that is not ASCII (which `re` may take for the
other case of one that is). What is told apart here is only what is searched, never what is a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Suspects"]

_LEFT_OUT: Final = b"0123456789. \t"
_LOWER: Final = bytes(range(256)).lower()
_BLOCK: Final = 1 << 17
"""Characters that are looked at together: what is made of them stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class _Long:
    """A word after which a secret may go on for `reach` more characters, over lines."""

    shape: bytes
    reach: int


class Suspects:
    """Finds the lines that hold one of `words` (lower case); `long` are words whose secret may end lines later.

    A word that is nothing but digits, dots and blanks makes every line suspect.
    """

    def __init__(self, words: Iterable[str], long: Iterable[tuple[str, int]] = ()) -> None:
        """Prepare the words; of two that hold each other the shorter one is enough."""
        self._long = tuple(_Long(_shape(word), reach) for word, reach in long)
        shapes = sorted({_shape(word) for word in words} | {word.shape for word in self._long}, key=len)
        self._words: list[bytes] = []
        for shape in shapes:
            if not any(word in shape for word in self._words):
                self._words.append(shape)
        self._harmless: set[bytes] = set()

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Give the places of the suspect lines: in order, disjoint, each of whole lines with their ends."""
        spans: list[tuple[int, int]] = []
        for start, end in self._found(text):
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        harmless = self._harmless
        start = 0
        while start < len(text):
            end = _line_end(text, start + _BLOCK)
            block = text[start:end]
            shapes = _shape(block).split(b"\n")
            if not harmless.issuperset(shapes):
                new = set(shapes) - harmless
                suspect = self._suspect(new)
                harmless |= new - suspect
                if suspect:
                    yield from self._lines(text, start, shapes, suspect)
            start = end

    def _suspect(self, shapes: set[bytes]) -> set[bytes]:
        together = b"\n".join(shapes)
        words = [word for word in self._words if word in together]
        if not words and together.isascii():
            return set()
        return {shape for shape in shapes if not shape.isascii() or any(word in shape for word in words)}

    def _lines(self, text: str, start: int, shapes: list[bytes], suspect: set[bytes]) -> Iterator[tuple[int, int]]:
        for shape in shapes:
            end = _line_end(text, start)
            if shape in suspect:
                reach = max((word.reach for word in self._long if word.shape in shape), default=0)
                yield start, _line_end(text, end + reach) if reach else end
            start = end


def only(text: str, spans: list[tuple[int, int]], change: Callable[[str], str]) -> str:
    """Change the lines of a text that lie in `spans`, all at once; `change` neither adds a line nor takes one away."""
    before = "".join(text[start:end] for start, end in spans)
    after = change(before)
    if after == before:
        return text
    pieces: list[str] = []
    kept = taken = 0
    for start, end in spans:
        until = taken
        for _ in range(text.count("\n", start, end)):
            until = after.index("\n", until) + 1
        if end == len(text):
            until = len(after)
        pieces += [text[kept:start], after[taken:until]]
        kept, taken = end, until
    return "".join((*pieces, text[kept:]))


def _shape(text: str) -> bytes:
    """Give what is left of a text without its numbers, in lower case."""
    return text.encode("utf-8", "surrogatepass").translate(_LOWER, _LEFT_OUT)


def _line_end(text: str, position: int) -> int:
    """Give the place after the end of the line that a position lies in."""
    return text.find("\n", position) + 1 or len(text)
