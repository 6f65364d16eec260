"""The common lines of access lists as columns of numbers: words are interned at once, and read once later.

A hundred thousand lines cost one pass of one regular expression, and a few passes over columns; nothing here gives a
line its meaning. Whatever is not of the common form is left to be read word by word.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Sequence
from itertools import count
from operator import add
from typing import TYPE_CHECKING, overload

from parsers.platforms._cisco_lina.addresses import DOTTED, NETMASK

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BLOCK", "UNCOMMON", "Entries", "Lists", "Words"]

BLOCK = re.compile(r"^(?:access-list .*\n)++", re.MULTILINE)
"""Lines of access lists, and of their settings, that follow one another."""
_ADDRESS = (
    rf"(object(?:-group)? \S+|host (?:{DOTTED}|[\da-fA-F]*:\S+|[A-Za-z_][^.\s]*)|{DOTTED} {NETMASK}|any[46]?"
    r"|[\da-fA-F:]+/\d+)"
)
"""An address whose words say what it is: names with dots, and masks with holes, are uncommon."""
_LINE = re.compile(
    r"access-list (\S+ extended (?:permit|deny) (?:(?!object)\S+|object(?:-group)? \S+))"
    rf" {_ADDRESS} {_ADDRESS}(\n| .*\n)|(.*)\n"
)
_SETTINGS = frozenset({"alert-interval", "deny-flow-max"})
_STRETCH = 60_000
"""Characters that are read at once: enough to be quick, few enough to stay in a processor's cache."""

UNCOMMON = 0
"""The number of the words of a line that is not of the common form."""
Row = tuple[str, str, str, str, str]
"""Of a common line the list with action and protocol, source, destination and what follows; of another only itself."""


class Words(defaultdict[str, int]):
    """Numbers words in the order in which they are met; the empty words are UNCOMMON."""

    def __init__(self) -> None:
        """Give the empty words the first number."""
        super().__init__(count().__next__)
        self[""]


class Entries(Sequence[int]):
    """The numbers of the lines of one access list in order, and beside them those of their words."""

    __slots__ = ("destinations", "numbers", "services", "sources")

    def __init__(self) -> None:
        """Start empty."""
        self.numbers = array("i")
        self.sources = array("i")
        self.destinations = array("i")
        self.services = array("i")

    def __len__(self) -> int:
        """Count the lines."""
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> array[int]: ...

    def __getitem__(self, index: int | slice) -> int | array[int]:
        """Give the number of a line."""
        return self.numbers[index]


class Lists(dict[str, Entries]):
    """The access lists of a document by name.

    `addresses` numbers the words of sources and destinations; `services` those of the action and the protocol with
    what follows the destination (`permit tcp eq https`). `blocks` are the numbers of the first line of each block that
    was read, and of the line behind it; `uncommon` those of the lines in them that are not of the common form.
    """

    def __init__(self) -> None:
        """Start empty."""
        super().__init__()
        self.addresses = Words()
        self.services = Words()
        self.blocks: list[tuple[int, int]] = []
        self.uncommon: list[int] = []
        self._actions = {"": ""}

    def read(self, text: str, start: int, end: int, number: int) -> tuple[list[tuple[int, str]], int]:
        """Take whole lines start..end of a text, the first of which has a number.

        Gives those of no access list, and the number behind the last.
        """
        rest: list[tuple[int, str]] = []
        first = number
        while start < end:
            stop = text.find("\n", start + _STRETCH, end) + 1 or end
            found = _LINE.findall(text, start, stop)
            lists: dict[str, tuple[list[Row], list[int]]] = {}
            heads: dict[str, tuple[Callable[[Row], None], Callable[[int], None]]] = {}
            for at, row in enumerate(found, number):
                head = row[0]
                if head not in heads:
                    line = row[4] or f"access-list {' '.join(row[:3])}{row[3][:-1]}"
                    name = _name(line)
                    if not head or not name:
                        self.uncommon.append(at)
                    if not name:
                        rest.append((at, line))
                        continue
                    rows, numbers = lists.setdefault(name, ([], []))
                    if not head:
                        rows.append(row)
                        numbers.append(at)
                        continue
                    heads[head] = rows.append, numbers.append
                    self._actions[head] = head.partition(" extended ")[2]
                take_row, take_number = heads[head]
                take_row(row)
                take_number(at)
            for name, (rows, numbers) in lists.items():
                self._take(name, rows, numbers)
            start = stop
            number += len(found)
        self.blocks.append((first, number))
        return rest, number

    def _take(self, name: str, rows: list[Row], numbers: list[int]) -> None:
        entries = self.get(name)
        if entries is None:
            entries = self[name] = Entries()
        heads, sources, destinations, tails, _ = zip(*rows, strict=True)
        entries.numbers.extend(numbers)
        entries.sources.extend(map(self.addresses.__getitem__, sources))
        entries.destinations.extend(map(self.addresses.__getitem__, destinations))
        services = map(add, map(self._actions.__getitem__, heads), tails)
        entries.services.extend(map(self.services.__getitem__, services))


def _name(line: str) -> str:
    """Give the access list that an uncommon line belongs to; nothing for a setting of all."""
    words = line.split(None, 2)
    return words[1] if len(words) == 3 and words[1] not in _SETTINGS else ""
