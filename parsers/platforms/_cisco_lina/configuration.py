"""What an ASA configuration says, still in the vendor's words: lines sorted into ACLs, objects, and structure."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from parsers.contract import Remark, RemarkKind
from parsers.model.capture import Span
from parsers.platforms._cisco_lina.entries import BLOCK, Lists
from parsers.text.cisco_tree import Node, tree
from parsers.text.ledger import Ledger

if TYPE_CHECKING:
    from parsers.model.capture import Document

__all__ = ["Configuration", "Definition", "read"]

_MARKS = "!:"
_DEFINITION = re.compile(r"^(object(?:-group)? .*)\n((?: [^\s!:].*\n)*+)", re.MULTILINE)
"""An object as it is printed, with its members; `_lines` reads others."""
_HEAD = 40
"""So many lines at the beginning may say who the device is."""


class Definition:
    """An `object` or `object-group`: its kind and words, and the lines of its members in all its blocks."""

    __slots__ = ("detail", "headers", "keyword", "kind", "lines", "members", "name")

    def __init__(self, keyword: str, kind: str, name: str, detail: tuple[str, ...], header: int) -> None:
        """Open a definition at its first header line."""
        self.keyword = keyword
        self.kind = kind
        self.name = name
        self.detail = detail
        self.headers = [header]
        self.members: list[int] = []
        self.lines: list[str] = []


class Configuration:
    """One document, sorted, with what is noted while it is given its meaning; line numbers count from 1.

    `acls` gives the lines of each access list in order; `others` is everything that is neither a line of an access
    list nor part of an object, and `nodes` the same as a tree; `header` are the texts of lines that begin with a colon.
    """

    def __init__(self, document: int, text: str) -> None:
        """Take the text; nothing is sorted yet."""
        self.document = document
        self.text = text if text.endswith("\n") or not text else f"{text}\n"
        self.ledger = Ledger(0)
        self.acls = Lists()
        self.objects: dict[str, Definition] = {}
        self.groups: dict[str, Definition] = {}
        self.names: dict[str, str] = {}
        self.header: list[str] = []
        self.others: list[tuple[int, str]] = []
        self.nodes: tuple[Node, ...] = ()
        self.remarks: list[Remark] = []

    @cached_property
    def lines(self) -> list[str]:
        """Give every line; what is read in bulk does without."""
        return self.text.split("\n")[:-1]

    @property
    def head(self) -> str:
        """Give the lines that may say who the device is."""
        end = -1
        for _ in range(_HEAD):
            end = self.text.find("\n", end + 1)
            if end < 0:
                return self.text
        return self.text[:end]

    def words(self, number: int) -> list[str]:
        """Give the words of a line."""
        return self.lines[number - 1].split()

    def span(self, first: int, last: int | None = None) -> Span:
        """Give the place of a line, or of lines."""
        return Span(document=self.document, first=first, last=first if last is None else last)

    def find(self, *words: str) -> list[Node]:
        """Give the top-level lines that begin with these words."""
        return [node for node in self.nodes if node.starts(*words)]

    def remark(self, kind: RemarkKind, text: str, number: int | None = None, *, decides: bool = False) -> None:
        """Note something that the report must say."""
        span = self.span(number) if number is not None else None
        self.remarks.append(Remark(kind=kind, text=text, span=span, decides=decides))


def read(document: Document, index: int) -> Configuration:
    """Sort the lines of a document; nothing is given a meaning yet."""
    text = Configuration(index, document.text)
    sorting = _Sorting(text)
    sorting.sort()
    text.others = sorting.rest
    text.nodes = tree(text.others, "asa")
    return text


class _Sorting:
    """Hands the lines of access lists and objects to their tables, and keeps the others in `rest`."""

    def __init__(self, text: Configuration) -> None:
        self._text = text
        self._number = 1
        self._irrelevant: list[int] = []
        self._orphaned = False
        self.rest: list[tuple[int, str]] = []

    def sort(self) -> None:
        """Sort the whole text."""
        text, at = self._text, 0
        for block in BLOCK.finditer(text.text):
            start, end = block.span()
            self._plain(text.text[at:start])
            settings, self._number = text.acls.read(text.text, start, end, self._number)
            self._orphaned = True
            self.rest += settings
            at = end
        self._plain(text.text[at:])
        text.ledger = Ledger(self._number - 1)
        text.ledger.irrelevant(self._irrelevant)

    def _plain(self, part: str) -> None:
        """Sort lines between access lists."""
        definition: Definition | None = None
        at = 0
        for block in _DEFINITION.finditer(part):
            if block.start() > at:
                self._lines(part[at : block.start()], definition)
            self._orphaned = False
            header, members = block.groups()
            definition = self._definition(header, self._number)
            lines = members.split("\n")[:-1]
            if definition is None:
                self.rest += enumerate((header, *lines), self._number)
            else:
                definition.members += range(self._number + 1, self._number + 1 + len(lines))
                definition.lines += map(str.strip, lines)
            self._number += 1 + len(lines)
            at = block.end()
        self._lines(part[at:], definition)

    def _lines(self, part: str, definition: Definition | None) -> None:
        """Sort lines one by one, the first of which may go on with a definition."""
        lines = part.split("\n")[:-1]
        for number, line in enumerate(lines, self._number):
            bare = line.strip()
            if not bare or bare[0] in _MARKS:
                if line.startswith(":"):
                    self._text.header.append(line)
                self._irrelevant.append(number)
            elif line.startswith("banner "):  # free text, in which a tree would see structure
                definition = None
                self._irrelevant.append(number)
            elif line[0] in " \t" and definition is not None:
                definition.members.append(number)
                definition.lines.append(bare)
            elif line[0] in " \t" and self._orphaned:
                self.rest.append((number, bare))  # nothing stands below a line of an access list
            else:
                self._orphaned = False
                definition = self._definition(bare, number) if line[0] not in " \t" else None
                if definition is None:
                    self.rest.append((number, line))
        self._number += len(lines)

    def _definition(self, line: str, number: int) -> Definition | None:
        """Open (or open again) the definition that a line begins; None where it begins none."""
        words = line.split()
        if len(words) < 3 or words[0] not in {"object", "object-group"}:
            return None
        keyword, kind, name, *detail = words
        table = self._text.objects if keyword == "object" else self._text.groups
        known = table.get(name)
        if known is None:
            known = table[name] = Definition(keyword, kind, name, tuple(detail), number)
        elif known.kind != kind or known.detail != tuple(detail):
            return None
        else:
            known.headers.append(number)
        return known
