"""Plain rules of nft JSON: the same words as those of the plain lines of its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from parsers.platforms._netfilter.nft_lines import ADDRESS, PORTS, decides
from parsers.platforms._netfilter.nft_syntax import PlainLine, PlainWords

if TYPE_CHECKING:
    from collections.abc import Callable

    from parsers.model.capture import Span
    from parsers.platforms._netfilter.nft_syntax import Statement

__all__ = ["JsonLines"]

_PLACES = {
    "ip saddr": 0, "ip6 saddr": 0, "ip daddr": 1, "ip6 daddr": 1, "tcp dport": 2, "udp dport": 2, "sctp dport": 2,
}  # fmt: skip
_WORDS = (re.compile(ADDRESS), re.compile(ADDRESS), re.compile(PORTS))


class JsonLines:
    """Takes the plain rules of a listing; what is not plain is left to be read as a whole."""

    def __init__(self, index: int, read: Callable[[Any], tuple[Statement, ...]], word: Callable[[Any], str]) -> None:
        """Take what reads statements, and what gives a value as the word of the text; raises ValueError."""
        self._words = PlainWords(index)
        self._read = read
        self._word = word
        self._numbers: dict[str, int] = {}

    def take(self, expressions: Any, span: Span) -> PlainLine | None:
        """Give a plain rule, None for another one."""
        if not isinstance(expressions, list) or span.first != span.last:
            return None
        found = [("", "")] * 3
        first = last = least = 0
        for number, item in enumerate(expressions):
            place, selector, word = self._plain(item)
            if place >= least:
                first = number if not last else first
                last, least = number + 1, place + 1
                found[place] = selector, word
            elif last:
                break
        if not last:
            return None
        common = self._rest(expressions[:first], expressions[last:])
        if common < 0:
            return None
        (source, one), (destination, two), (service, ports) = found
        row = (
            self._words.addresses[f"{source.partition(' ')[0]} {one}" if source else ""],
            self._words.addresses[f"{destination.partition(' ')[0]} {two}" if destination else ""],
            self._words.services[f"{service} {ports}" if service else ""],
            common,
        )
        return PlainLine(span.first, row, self._words)

    def _plain(self, item: Any) -> tuple[int, str, str]:
        """Give place, selector and word of the comparison with one address or with ports; -1 for anything else."""
        try:
            body = item["match"]
            left = body["left"]
            payload = left["payload"]
            selector = f"{payload['protocol']} {payload['field']}"
            place = _PLACES.get(selector, -1)
            if place < 0 or body["op"] != "==" or (len(item), len(body), len(left), len(payload)) != (1, 3, 1, 2):
                return -1, "", ""
            word = self._word(body["right"])
        except (KeyError, TypeError, ValueError):
            return -1, "", ""
        return (place, selector, word) if _WORDS[place].fullmatch(word) else (-1, "", "")

    def _rest(self, before: list[Any], after: list[Any]) -> int:
        key = repr((before, after))
        common = self._numbers.get(key)
        if common is None:
            head, tail = self._read(before), self._read(after)
            common = self._numbers[key] = self._words.add(head, tail) if decides((*head, *tail)) else -1
        return common
