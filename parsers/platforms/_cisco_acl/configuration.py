"""What a configuration says, still in the vendor's words: lines sorted into access lists, groups and structure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parsers.contract import LineState, Remark, RemarkKind
from parsers.model.capture import Span
from parsers.text.cisco_tree import Node, is_echo, tree
from parsers.text.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from parsers.model.capture import Document
    from parsers.platforms._cisco_acl.dialect import Dialect, GroupHeader

__all__ = ["INTERFACE_LINES", "AccessList", "Configuration", "Entry", "Group", "drops", "drops_all", "read", "settle"]

_PREAMBLE = re.compile(r"Building configuration\.\.\.|Current configuration *:|(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} ")
INTERFACE_LINES = frozenset(
    (version, word)
    for version in ("ip", "ipv4", "ipv6")
    for word in ("access-group", "address", "nat", "traffic-filter", "unnumbered")
)
"""First two words of lines that stand in an interface, or have lost theirs."""
_OF_VOICE = ("ip", "address", "trusted")
"""Begins a line below `voice service voip` that looks like one of these."""
_CONFORMS = frozenset({"conform", "conform-action"})
_MACRO, _MACRO_END = "macro name ", "@"
"""A macro holds commands that are carried out where somebody applies it, and are printed there."""
_BANNER = re.compile(r"banner \S+ +(\^\S|\S)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an access list: its place in the list, its line, and its text behind the sequence number."""

    sequence: int
    number: int
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """Give the words of the text."""
        return tuple(self.text.split())

    def names(self, word: str) -> bool:
        """Tell whether a word is among them, quickly where it is not."""
        return word in self.text and word in self.words


@dataclass(slots=True)
class AccessList:
    """An access list in the order of its sequence numbers, and the lines that open it."""

    version: int
    name: str
    standard: bool
    headers: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


_FIRST_WORDS = frozenset({"permit", "deny", "remark", "description", "evaluate", "dynamic", "statistics", "fragments"})


def _in_order(entries: list[Entry]) -> list[Entry]:
    """Put entries in the order of their numbers.

    An entry whose first word is not understood may hide its number: where the list is not written in order, its place
    is not known, and it may come before everything.
    """
    numbers = [entry.sequence for entry in entries]
    if numbers == sorted(numbers):
        return entries
    return sorted(entries, key=lambda entry: entry.sequence if entry.words[0] in _FIRST_WORDS else -1)


@dataclass(slots=True)
class Group:
    """An object group with the lines that open it and those of its members."""

    header: GroupHeader
    headers: list[int] = field(default_factory=list)
    members: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Configuration:
    """One document, sorted; line numbers count from 1."""

    document: int
    lines: list[str]
    ledger: Ledger
    lists: dict[tuple[int, str], AccessList] = field(default_factory=dict)
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    remarks: list[Remark] = field(default_factory=list)

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

    def strange(self, text: str, number: int, *, decides: bool = False) -> None:
        """Note a line that was not understood."""
        self.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {text}", number, decides=decides)


def read(document: Document, index: int, dialect: Dialect) -> Configuration:
    """Sort the lines of a document; nothing is given a meaning yet."""
    lines = document.lines()
    text = Configuration(document=index, lines=lines, ledger=Ledger(len(lines)))
    text.nodes = tree(_Sorter(text, dialect).sort(), dialect.syntax)
    return text


class _Sorter:
    """Hands access lists and groups to their tables, and gives the other lines."""

    def __init__(self, text: Configuration, dialect: Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._rest: list[tuple[int, str]] = []
        self._list: AccessList | None = None
        self._group: Group | None = None
        self._lost = True

    def sort(self) -> list[tuple[int, str]]:
        """Sort every line."""
        text = self._text
        banner = ""
        macro = False
        for number, line in enumerate(text.lines, 1):
            bare = line.strip()
            if banner:
                text.ledger.irrelevant((number,))
                banner = "" if banner in line else banner
            elif macro or line.startswith(_MACRO):
                text.ledger.irrelevant((number,))
                macro = bare != _MACRO_END
            elif not bare or bare[0] == "!":
                text.ledger.irrelevant((number,))
                if line.rstrip() == "!":  # between two blocks; what stands below belongs to neither
                    self._list = self._group = None
                    self._lost = True
            elif line[0] in " \t":
                self._below(number, line, bare)
            elif _PREAMBLE.match(line):
                text.ledger.irrelevant((number,))
            else:
                banner = self._banner(number, line)
                if not banner:
                    self._top(number, line)
        if banner or macro:
            text.strange("a banner or macro without an end holds the last lines", len(text.lines), decides=True)
        for known in text.lists.values():
            known.entries = _in_order(known.entries)
        return self._rest

    def _banner(self, number: int, line: str) -> str:
        """Give the mark that ends a banner which begins on this line and does not end on it."""
        found = _BANNER.match(line)
        if found is None:
            return ""
        self._text.ledger.irrelevant((number,))
        return "" if found[1] in line[found.end() :] else found[1]

    def _below(self, number: int, line: str, bare: str) -> None:
        if self._list is not None:
            self._entry(self._list, number, tuple(bare.split()))
        elif self._group is not None:
            self._group.members.append(number)
        elif self._lost:
            text = self._text
            text.strange(f"the line above it is lost: {bare}", number, decides=True)
        else:
            self._rest.append((number, line))

    def _top(self, number: int, line: str) -> None:
        text = self._text
        words = line.split()
        self._lost = False
        if words == ["exit"] and (self._list is not None or self._group is not None):
            text.ledger.irrelevant((number,))
            self._list = self._group = None
            return
        if _BANNER.match(line):
            return
        self._list = self._group = None
        header = self._dialect.list_header(words)
        if header is not None:
            key = (header.version, header.name)
            if header.removed:
                text.lists.pop(key, None)
                text.ledger.modelled((number,))
                return
            known = text.lists.setdefault(key, AccessList(header.version, header.name, header.standard))
            if header.entry is not None:
                self._entry(known, number, header.entry)
            else:
                known.headers.append(number)
                text.ledger.modelled((number,))
                self._list = known
            return
        group = self._dialect.group_header(words)
        if group is None:
            self._rest.append((number, line))
        else:
            found = text.groups.setdefault((group.kind, group.name), Group(group))
            found.headers.append(number)
            self._group = found

    @staticmethod
    def _entry(known: AccessList, number: int, words: tuple[str, ...]) -> None:
        if len(words) > 1 and words[0] == "sequence" and words[1].isdecimal():
            words = words[1:]
        last = known.entries[-1].sequence if known.entries else 0
        sequence = last + 10
        if len(words) > 1 and words[0].isascii() and words[0].isdecimal():
            sequence, words = int(words[0]), words[1:]
        elif words[:1] == ("remark",):
            sequence = last
        known.entries.append(Entry(sequence, number, " ".join(words)))


def settle(text: Configuration, irrelevant: Callable[[Node], bool]) -> None:
    """Account for what no part of the model took: irrelevant commands, and everything that was not understood.

    Nobody knows what a command does that is not known: each can change a verdict.
    """
    states = text.ledger.states
    applied = _applied(text)
    for node in text.nodes:
        idle = node.words[0] == "policy-map" and "inspect" not in node.words and node.words[-1] not in applied
        if states[node.number - 1] == LineState.NOT_UNDERSTOOD and (idle or irrelevant(node) or is_echo(node)):
            text.ledger.irrelevant(node.numbers())
        for line in _below(node) if node.words[0] != "interface" else ():
            if line.words[:2] in INTERFACE_LINES and line.words[:3] != _OF_VOICE:
                states[line.number - 1] = LineState.NOT_UNDERSTOOD
    noted = {
        number
        for remark in text.remarks
        if remark.kind is RemarkKind.NOT_UNDERSTOOD and remark.span is not None
        for number in range(remark.span.first, remark.span.last + 1)
    }
    for node in text.nodes:
        for number in node.numbers():
            if states[number - 1] == LineState.NOT_UNDERSTOOD and number not in noted:
                text.strange(text.lines[number - 1].strip(), number, decides=True)


def _applied(text: Configuration) -> frozenset[str]:
    """Give the policies that something applies to traffic: all but those of the control plane alone."""
    below: dict[str, set[str]] = {}
    for node in text.nodes:
        named = {line.words[-1] for line in _below(node) if line.words[0] == "service-policy"}
        if node.words[0] == "policy-map":
            below.setdefault(node.words[-1], set()).update(named)
        elif node.words[0] != "control-plane":
            below.setdefault("", set()).update(named)
    found: set[str] = set()
    fresh = {""}
    while fresh:
        found |= fresh
        fresh = {name for one in fresh for name in below.get(one, ())} - found
    return frozenset(found)


def drops(node: Node) -> bool:
    """Tell whether a policy drops what a class matches, or what keeps to a rate limit, which is the same."""
    return any(line.words[0] == "drop" or drops_all(line.words) for line in _below(node))


def drops_all(words: Sequence[str]) -> bool:
    """Tell whether a rate limit drops what keeps to it."""
    return any(words[at + 1 : at + 2] == ("drop",) for at, word in enumerate(words) if word in _CONFORMS)


def _below(node: Node) -> Iterator[Node]:
    for child in node.children:
        yield child
        yield from _below(child)
