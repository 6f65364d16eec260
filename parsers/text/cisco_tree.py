"""Blocks of a Cisco configuration and the lines inside them, as ciscoconfparse2 sees their structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.text.structure import conf_parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Node", "is_echo", "tree"]

_DEEPEST = 12
_ECHO = re.compile(r"[\w./:()-]*[>#] ?(?:sho?w? run(?:ning-config)?(?: all| view full)?|more system:running-config)?")


@dataclass(frozen=True, slots=True)
class Node:
    """A line (counted from 1 in its document), its words, and the lines indented below it."""

    number: int
    words: tuple[str, ...]
    children: tuple[Node, ...] = ()

    @property
    def text(self) -> str:
        """Give the line with single blanks."""
        return " ".join(self.words)

    @property
    def last(self) -> int:
        """Give the number of the last line of the block."""
        return self.children[-1].last if self.children else self.number

    def numbers(self) -> Iterator[int]:
        """Give the number of each line of the block."""
        yield self.number
        for child in self.children:
            yield from child.numbers()

    def starts(self, *words: str) -> bool:
        """Tell whether the line begins with these words."""
        return self.words[: len(words)] == words

    def find(self, *words: str) -> Iterator[Node]:
        """Give the direct children that begin with these words."""
        return (child for child in self.children if child.starts(*words))


def tree(lines: Sequence[tuple[int, str]], syntax: str) -> tuple[Node, ...]:
    """Give the top-level nodes of numbered, non-empty lines without banners; `syntax` is ciscoconfparse2's dialect."""
    if not lines:
        return ()
    texts = [_shallow(text) for _, text in lines]
    parsed = conf_parse()(texts, syntax=syntax, factory=False, ignore_blank_lines=False)
    below: dict[int, list[Node]] = {}
    for item in reversed(list(parsed.objs)):  # children come after their parent
        number, text = lines[item.linenum]
        node = Node(number, tuple(text.split()), tuple(reversed(below.pop(item.linenum, []))))
        top = item.parent is item or text[0] not in " \t"  # what looks like free text to it adopts whole commands
        below.setdefault(-1 if top else item.parent.linenum, []).append(node)
    return tuple(reversed(below.pop(-1, [])))


def is_echo(node: Node) -> bool:
    """Tell whether a line is a prompt, alone or with the command that shows a whole configuration.

    A terminal's log holds both around what the device printed.
    """
    return not node.children and _ECHO.fullmatch(node.text) is not None


def _shallow(text: str) -> str:
    """Cut an indentation that no device prints, which would nest without end."""
    words = text.lstrip()
    return " " * min(len(text) - len(words), _DEEPEST) + words
