"""Plain lines of nft text: what most rules differ in is told apart from what they have in common.

A plain line is one rule of a chain that names one source, one destination and one port or range of ports, in the order
in which people and `nft list ruleset` write them; all the rest of its words is common to many lines, and read once.
Nothing here gives a line its meaning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.errors import ParserError
from parsers.platforms._netfilter.nft_cursor import Cursor, NotReadError
from parsers.platforms._netfilter.nft_rule import rule
from parsers.platforms._netfilter.nft_syntax import (
    Harmless,
    PlainLine,
    PlainWords,
    Relation,
    RuleLine,
    SetReference,
    Statement,
    VerdictStatement,
)
from parsers.platforms._netfilter.nft_tokens import tokens
from parsers.platforms._netfilter.plain_rules import PlainRules, plain_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.addresses import AddressSet
    from parsers.model.interned import Pair
    from parsers.platforms._netfilter.notes import Notes

__all__ = ["ADDRESS", "PORTS", "NftLines", "decides", "numbers", "plain_rules"]

_CHAIN = re.compile(r'\s*chain [^\s{}#";]+ \{\s*(?:#.*)?')
PORTS = r"\d+(?:-\d+)?"
_ONE = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-fA-F]*:[\da-fA-F:.]*)"
ADDRESS = rf"{_ONE}(?:/\d{{1,3}}|-{_ONE})?"
"""An address, prefix or range, which is one word of the text."""
_BEFORE = r'(?:iifname|oifname) "[^"]*" |meta l4proto \w+ |ct state [a-z,]+ '
_PLAIN = re.compile(
    rf"\s+((?:{_BEFORE})*)(?=ip6? [sd]addr |(?:tcp|udp|sctp) dport )(?:(ip6?) saddr ({ADDRESS}) )?"
    rf'(?:(ip6?) daddr ({ADDRESS}) )?(?:(tcp|udp|sctp) (dport {PORTS}) )?([^;$\\]*?)(?: comment "[^"]*")?'
    r"(?:\s*# handle \d+)?\s*"
)
_NO_WORDS = re.compile(r'"[^"]*"|#.*')
_COUNTS = re.compile(r'^([^"]*\bcounter) packets \d+ bytes \d+\b')
"""Counts with nothing quoted before them."""


class NftLines:
    """The plain lines of a text, and the text with empty lines in their place.

    What is taken out of the text must be put into the chain that a reader finds around it: `lost` tells of lines that
    no chain took.
    """

    def __init__(self, text: str, index: int) -> None:
        """Look through a text; nothing is plain where lines may be joined."""
        self.words = PlainWords(index)
        self._numbers: dict[tuple[str, str], int] = {}
        self._found: dict[int, list[PlainLine]] = {}
        self._taken = 0
        self.rest = text if "\\\n" in text else "\n".join(self._look(text.split("\n")))

    def _look(self, lines: list[str]) -> Iterable[str]:
        chain = 0
        for number, line in enumerate(lines, 1):
            if not chain:
                chain = number if _CHAIN.fullmatch(line) is not None else 0
            elif self._take(line, number, chain):
                yield ""
                continue
            elif _opens_or_closes(line):  # the chain ends, or what follows is no rule of its own
                chain = 0
            yield line

    def _take(self, line: str, number: int, chain: int) -> bool:
        found = _PLAIN.fullmatch(line)
        if found is None:
            return False
        before, family, source, other, destination, protocol, ports, tail = found.groups("")
        tail = _COUNTS.sub(r"\1", tail)
        common = self._numbers.get((before, tail))
        if common is None:
            common = self._numbers[before, tail] = self._rest(before, tail)
        if common < 0:
            return False
        addresses, services = self.words.addresses, self.words.services
        row = (
            addresses[f"{family} {source}" if source else ""],
            addresses[f"{other} {destination}" if destination else ""],
            services[f"{protocol} {ports}" if ports else ""],
            common,
        )
        self._found.setdefault(chain, []).append(PlainLine(number, row, self.words))
        return True

    def _rest(self, before: str, tail: str) -> int:
        """Number the rest of a line; -1 where it does something else than to decide."""
        head, common = _statements(before), _statements(tail)
        return self.words.add(head, common) if decides((*head, *common)) else -1

    def between(self, first: int, last: int) -> list[PlainLine]:
        """Give the plain lines of the chain whose first line is this, before another line."""
        return [line for line in self._found.get(first, ()) if line.number < last]

    def merge(self, rules: list[RuleLine], first: int, last: int) -> list[RuleLine]:
        """Give the rules of a chain with its plain lines among them."""
        plain = self.between(first, last)
        self._taken += len(plain)
        return sorted([*rules, *plain], key=_first) if plain else rules

    @property
    def lost(self) -> bool:
        """Tell whether some plain line was put into no chain, or into several."""
        return self._taken != sum(map(len, self._found.values()))


def numbers(line: RuleLine) -> tuple[int, int, int, int, int]:
    """Give the number of a plain line and those of its words; 0 for another line."""
    return (line.number, *line.row) if isinstance(line, PlainLine) else (0, 0, 0, 0, 0)


def plain_rules(words: PlainWords, notes: Notes) -> PlainRules[RuleLine]:
    """Give what reads the plain lines of a text."""
    states = notes.ledgers[words.index].states
    return PlainRules(words.addresses, words.services, words.rests, _address, words.index, states)


def _address(word: str) -> AddressSet | Pair:
    family, _, text = word.partition(" ")
    return plain_address(text, 4 if family == "ip" else 6)


def _opens_or_closes(line: str) -> bool:
    bare = _NO_WORDS.sub("", line)
    return bare.count("{") != bare.count("}")


def decides(statements: tuple[Statement, ...]) -> bool:
    """Tell whether statements only look at a packet, one by one, and end with a verdict."""
    *before, last = statements or (Harmless(text=""),)
    return isinstance(last, VerdictStatement) and all(map(_only_looks, before))


def _statements(text: str) -> tuple[Statement, ...]:
    """Read the statements of some words; nothing where they are no whole rule."""
    try:
        words = Cursor(tokens(text, ""), "")
        found = rule(words, _anonymous)
    except ParserError:
        return ()
    return found if words.done else ()


def _anonymous(_: Cursor) -> str:
    raise NotReadError


def _only_looks(item: Statement) -> bool:
    return isinstance(item, Harmless) or (isinstance(item, Relation) and not isinstance(item.right, SetReference))


def _first(line: RuleLine) -> int:
    return line.span.first
