"""Hit counts of access list lines, as evidence of what a rule is used for.

Source: Cisco ASA Series Command Reference, `show access-list`: `line N` counts every line of a list, remarks included;
the lines below one that names objects are its parts, and their counts are in its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from parsers.model.capture import Document

__all__ = ["HitCount", "counts_by_line", "read_counts"]

_COUNTED = re.compile(
    r"access-list (?P<name>\S+) line (?P<line>\d+) (?P<words>(?:extended|advanced|standard|webtype|ethertype) .*?)"
    r"\s*\(hitcnt=(?P<count>\d+)\)(?P<inactive> \(inactive\))? 0x(?P<hash>[0-9a-f]+)\s*"
)
_CONFIGURED = re.compile(r"access-list (?P<name>\S+) (?P<words>(?:extended|advanced|standard|remark) .*?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCount:
    """How often a line of an access list decided since its counters were cleared; `line` counts within the list."""

    acl: str
    line: int
    words: str
    count: int
    inactive: bool = False


def read_counts(text: str) -> tuple[HitCount, ...]:
    """Give the counts in the output of `show access-list`, one per line of a list, in its order.

    Parts of a line (indented), headings and lines without a count are passed over.
    """
    found = (_COUNTED.fullmatch(line) for line in text.splitlines())
    return tuple(
        HitCount(
            acl=match["name"],
            line=int(match["line"]),
            words=match["words"],
            count=int(match["count"]),
            inactive=match["inactive"] is not None,
        )
        for match in found
        if match is not None
    )


def counts_by_line(configuration: Document, shown: Document) -> dict[int, HitCount]:
    """Give, by line number of a configuration, the count of the line in the output of `show access-list`.

    A line is left out where the two texts do not say the same of it: the configuration changed between them.
    """
    places = {(name, number): (line, words) for name, number, line, words in _configured(configuration)}
    counts: dict[int, HitCount] = {}
    for item in read_counts(shown.text):
        line, words = places.get((item.acl, item.line), (0, ""))
        if line and _core(words) == _core(item.words):
            counts[line] = item
    return counts


def _configured(configuration: Document) -> Iterator[tuple[str, int, int, str]]:
    """Give each line of each list: the list, its place in it, its line in the document, its words."""
    seen: dict[str, int] = {}
    for line, text in enumerate(configuration.lines(), 1):
        match = _CONFIGURED.fullmatch(text)
        if match is not None:
            number = seen[match["name"]] = seen.get(match["name"], 0) + 1
            yield match["name"], number, line, match["words"]


def _core(words: str) -> str:
    """Give what both texts write alike: `log` is followed by its level and interval in the one only."""
    return " ".join(words.partition(" log")[0].removesuffix(" inactive").split())
