"""Counts that a listing shows with its rules: evidence of use, never of meaning.

`nft list ruleset` shows those of rules with a `counter` statement (but not with -s), `iptables-save -c` those of every
rule, in brackets before it (nft(8), iptables-save(8)). A live collection judges listings without counts, which are the
same from one night to the next, and lists once more with counts beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.contract import RuleUse
from parsers.model.capture import Capture, Document, Span
from parsers.platforms._netfilter.documents import COUNTED, classify

__all__ = ["uses"]

_NFT = re.compile(r"\bcounter packets (\d+) bytes \d+\b")
_QUOTED = re.compile(r'"[^"]*"')
_SAVE = re.compile(r"(?m)^\[(\d+):\d+\] -A ")
_TABLE = re.compile(r"(?m)^table (\S+ \S+) \{")
_HANDLE = re.compile(r"# handle (\d+)\s*\Z")
_RULE = re.compile(r"(?:\[(?P<count>\d+):\d+\] )?(?P<rule>-A .*)")

Found = dict[tuple[str, ...], tuple[int, int | None]]
"""A rule's line and its count, by what tells it from all others of its listing."""


def uses(capture: Capture) -> tuple[RuleUse, ...]:
    """Give the counts of a capture's lines, in the order of their places; none where the listings show none."""
    named = classify(capture)
    apart = {index for name, (index, _) in named.items() if name in COUNTED}
    found = [
        use for index, document in enumerate(capture.documents) if index not in apart for use in _uses(document, index)
    ]
    own = {use.span.document for use in found}
    for name, other in COUNTED.items():
        if name in named and other in named and named[other][0] not in own:
            found += _of_the_other(named[name][1], *named[other])
    return tuple(sorted(found, key=lambda use: (use.span.document, use.span.first)))


def _uses(document: Document, index: int) -> Iterator[RuleUse]:
    # Most listings have no counts, and are long.
    if _SAVE.search(document.text) is None and _NFT.search(document.text) is None:
        return
    for number, line in enumerate(document.lines(), start=1):
        found = _SAVE.match(line) or _NFT.search(_QUOTED.sub("", line))
        if found is not None:
            yield RuleUse(span=Span(document=index, first=number, last=number), count=int(found[1]))


def _of_the_other(counted: Document, index: int, judged: Document) -> Iterator[RuleUse]:
    """Give the counts of one listing on the lines of the same rules in another.

    A rule that came or went between the two has none, and nor has an iptables table of which any did.
    """
    saved = _TABLE.search(judged.text) is None
    read = _saved if saved else _listed
    places, counts = read(judged), read(counted)
    changed = {key[0] for key in counts.keys() ^ places.keys()} if saved else set()
    for key, (_, count) in counts.items():
        if count is not None and key in places and key[0] not in changed:
            line = places[key][0]
            yield RuleUse(span=Span(document=index, first=line, last=line), count=count)


def _listed(document: Document) -> Found:
    """Give nft's rules by table and handle, which no other object of the table has."""
    found: Found = {}
    table = ""
    for number, line in enumerate(document.lines(), start=1):
        head = _TABLE.match(line)
        if head is not None:
            table = head[1]
            continue
        plain = _QUOTED.sub("", line)
        handle = _HANDLE.search(plain)
        if handle is not None:
            count = _NFT.search(plain)
            found[table, handle[1]] = (number, int(count[1]) if count is not None else None)
    return found


def _saved(document: Document) -> Found:
    """Give iptables' rules by table, place in it and text."""
    found: Found = {}
    table, place = "", 0
    for number, line in enumerate(document.lines(), start=1):
        if line.startswith("*"):
            table, place = line[1:].strip(), 0
            continue
        rule = _RULE.fullmatch(line)
        if rule is not None:
            place += 1
            count = rule["count"]
            found[table, str(place), rule["rule"]] = (number, int(count) if count is not None else None)
    return found
