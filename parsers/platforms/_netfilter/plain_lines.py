"""Plain lines of iptables-save: what most rules differ in is told apart from what they have in common.

A plain line names one source and one destination, and the ports of one protocol, where iptables-save puts them; all the
rest of its words is common to many lines, and read once. Nothing here gives a line its meaning.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from parsers.platforms._netfilter.iptables_save import SaveRule

__all__ = ["PlainLines", "Row", "SaveRules", "Words"]

_ADDRESS = r"[\da-fA-F.:]+(?:/[\da-fA-F.:]+)?"
_NAME = r'[^\s"!-][^\s"]*'
_PORTS = r"[\w:][\w:-]*"
_PLAIN = re.compile(
    rf"-A ({_NAME})(?: -s ({_ADDRESS}))?(?: -d ({_ADDRESS}))?((?: -i {_NAME})?(?: -o {_NAME})?)"
    rf"(?:( -p (tcp|udp|sctp) -m \6)((?: --sport {_PORTS})?(?: --dport {_PORTS})?))?((?: -| ! -).*)?"
)
_COMMENT = re.compile(r'([^"]*?)(?<!!) -m comment --comment (?:"(?:[^"\\]|\\.)*"|[^\s"!-][^\s"]*)(?= -[mjg] )')
"""A comment that another match or the target follows; nothing quoted stands before it."""
_COUNTERS = re.compile(r"\[\d+:\d+\] ")
_CHANGING = frozenset({"CONNMARK", "CT", "HMARK", "MARK", "NOTRACK", "SET"})
"""Targets that change how other rules are read."""

Row = tuple[int, int, int, int]
"""The numbers of a line's source, destination, services and of the rest of its words; 0 where it names none."""


class Words(defaultdict[str, int]):
    """Numbers words in the order in which they are met; 0 is no word."""

    def __init__(self) -> None:
        """Give the empty word its number."""
        super().__init__(count().__next__)
        self[""]


class PlainLines:
    """The words of a document's plain lines by number.

    `rests` are rules as the rest of the words of their lines alone would make them.
    """

    def __init__(self, read: Callable[[str], SaveRule | None], line: Callable[[int], SaveRule]) -> None:
        """Take what reads a rule from its text, and what reads that of a line (from 1) of the document."""
        self.line = line
        self.addresses = Words()
        self.services = Words()
        self.rests: list[SaveRule] = []
        self._read = read
        self._numbers: dict[str, int] = {}

    def take(self, text: str) -> tuple[str, Row] | None:
        """Give the chain of a plain line and the numbers of its words; None for another line."""
        if text.startswith("["):
            text = _COUNTERS.sub("", text, count=1)
        if " --comment " in text:
            text = _COMMENT.sub(r"\1", text, count=1)
        found = _PLAIN.fullmatch(text)
        if found is None:
            return None
        chain, source, destination, places, module, protocol, ports, tail = found.groups("")
        words = places + module + tail
        rest = self._numbers.get(words)
        if rest is None:
            rest = self._numbers[words] = self._rest(words)
        if rest < 0:
            return None
        services = self.services[protocol + ports.replace(" --", " ") if ports else ""]
        return chain, (self.addresses[source], self.addresses[destination], services, rest)

    def _rest(self, words: str) -> int:
        """Number the rest of a line; -1 where it is not common, or changes how other rules are read."""
        try:
            rule = self._read(f"-A chain{words}")
        except ValueError:
            return -1
        if rule is None or not rule.target or rule.target in _CHANGING:
            return -1
        named = {option.name for _, options in rule.matches for option in options}
        if named & {"-s", "-d"} or any(module == "set" for module, _ in rule.matches):
            return -1
        self.rests.append(rule)
        return len(self.rests) - 1


class SaveRules(Sequence["SaveRule"]):
    """The rules of a chain: plain lines as numbers, read as a whole only when they are asked for."""

    __slots__ = ("_given", "_plain", "columns", "lines")

    def __init__(self, plain: PlainLines) -> None:
        """Start empty; `plain` numbers the words."""
        self._plain = plain
        self._given: list[SaveRule] = []
        self.lines = array("i")
        """The line of each plain rule; of another one, less than 0, its place among those that are not."""
        self.columns = (array("i"), array("i"), array("i"), array("i"))

    def append(self, line: int, row: Row) -> None:
        """Add a plain line."""
        self.lines.append(line)
        for column, number in zip(self.columns, row, strict=True):
            column.append(number)

    def insert(self, index: int, rule: SaveRule) -> None:
        """Put a rule before another one, or at the end."""
        self._given.append(rule)
        self.lines.insert(index, -len(self._given))
        for column in self.columns:
            column.insert(index, 0)

    def rows(self) -> Iterator[tuple[int, int, int, int, int]]:
        """Give each rule's line and the numbers of its words; a line below 0 is a place among those not plain."""
        return zip(self.lines, *self.columns, strict=True)

    def given(self, line: int) -> SaveRule:
        """Give the rule that stands in `lines` as a number below 0."""
        return self._given[-line - 1]

    def __len__(self) -> int:
        """Count the rules."""
        return len(self.lines)

    @overload
    def __getitem__(self, index: int) -> SaveRule: ...

    @overload
    def __getitem__(self, index: slice) -> list[SaveRule]: ...

    def __getitem__(self, index: int | slice) -> SaveRule | list[SaveRule]:
        """Read a rule, or those of a slice."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        line = self.lines[index]
        return self.given(line) if line < 0 else self._plain.line(line)

    def distinct(self) -> Iterator[SaveRule]:
        """Give each rule that is no plain line, and of plain lines each rest once: every module, option and target."""
        yield from self._given
        lines, rests = self.lines, self.columns[3]
        used = {rest for line, rest in zip(lines, rests, strict=True) if line > 0}
        yield from (self._plain.rests[number] for number in sorted(used))
