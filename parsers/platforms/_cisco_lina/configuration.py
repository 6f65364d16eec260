"""What an ASA configuration says, still in the vendor's words: lines sorted into ACLs, objects, and structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Remark, RemarkKind
from parsers.model.capture import Span
from parsers.text.cisco_tree import Node, tree
from parsers.text.ledger import Ledger

if TYPE_CHECKING:
    from parsers.model.capture import Document

__all__ = ["Configuration", "Definition", "read"]

_MARKS = ("!", ":")
_ACL_SETTINGS = frozenset({"alert-interval", "deny-flow-max"})


class Definition:
    """An `object` or `object-group`: its kind and words, and the lines of its members in all its blocks."""

    __slots__ = ("detail", "headers", "keyword", "kind", "members", "name")

    def __init__(self, keyword: str, kind: str, name: str, detail: tuple[str, ...], header: int) -> None:
        """Open a definition at its first header line."""
        self.keyword = keyword
        self.kind = kind
        self.name = name
        self.detail = detail
        self.headers = [header]
        self.members: list[int] = []


class Configuration:
    """One document, sorted, with what is noted while it is given its meaning; line numbers count from 1.

    `acls` gives the lines of each access list in order; `nodes` is everything that is neither a line of an access
    list nor part of an object, as a tree; `header` are the lines that begin with a colon.
    """

    def __init__(self, document: int, lines: list[str]) -> None:
        """Take the lines; nothing is sorted yet."""
        self.document = document
        self.lines = lines
        self.ledger = Ledger(len(lines))
        self.acls: dict[str, list[int]] = {}
        self.objects: dict[str, Definition] = {}
        self.groups: dict[str, Definition] = {}
        self.names: dict[str, str] = {}
        self.header: list[int] = []
        self.nodes: tuple[Node, ...] = ()
        self.remarks: list[Remark] = []

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
    lines = document.lines()
    text = Configuration(index, lines)
    text.nodes = tree(_sort(text), "asa")
    return text


def _sort(text: Configuration) -> list[tuple[int, str]]:
    """Hand access lists and objects to their tables; give the other lines."""
    rest: list[tuple[int, str]] = []
    irrelevant: list[int] = []
    acls = text.acls
    members: list[int] | None = None
    for number, line in enumerate(text.lines, 1):
        if line.startswith("access-list "):
            members = None
            words = line.split(None, 2)
            if len(words) == 3 and words[1] not in _ACL_SETTINGS:
                if words[1] in acls:
                    acls[words[1]].append(number)
                else:
                    acls[words[1]] = [number]
            else:
                rest.append((number, line))
            continue
        bare = line.strip()
        if not bare or bare[0] in _MARKS:
            if line.startswith(":"):
                text.header.append(number)
            irrelevant.append(number)
        elif line.startswith("banner "):  # free text, in which a tree would see structure
            members = None
            irrelevant.append(number)
        elif line[0] in " \t":
            if members is None:
                rest.append((number, line))
            else:
                members.append(number)
        else:
            members = _definition(text, number, bare) if bare.startswith("object") else None
            if members is None:
                rest.append((number, line))
    text.ledger.irrelevant(irrelevant)
    return rest


def _definition(text: Configuration, number: int, line: str) -> list[int] | None:
    """Open (or open again) the definition that a line begins, and give its list of members."""
    words = line.split()
    if len(words) < 3 or words[0] not in {"object", "object-group"}:
        return None
    keyword, kind, name, *detail = words
    table = text.objects if keyword == "object" else text.groups
    known = table.get(name)
    if known is None:
        known = table[name] = Definition(keyword, kind, name, tuple(detail), number)
    elif known.kind != kind or known.detail != tuple(detail):
        return None
    else:
        known.headers.append(number)
    return known.members
