"""Counts that a listing shows with its rules: evidence of use, never of meaning.

`nft list ruleset` shows those of rules with a `counter` statement (but not with -s), `iptables-save -c` those of every
rule, in brackets before it (nft(8), iptables-save(8)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.contract import RuleUse
from parsers.model.capture import Capture, Document, Span

__all__ = ["uses"]

_NFT = re.compile(r"\bcounter packets (\d+) bytes \d+\b")
_QUOTED = re.compile(r'"[^"]*"')
_SAVE = re.compile(r"(?m)^\[(\d+):\d+\] -A ")


def uses(capture: Capture) -> tuple[RuleUse, ...]:
    """Give the counts of a capture's lines, in the order of their places; none where the listings show none."""
    return tuple(use for index, document in enumerate(capture.documents) for use in _uses(document, index))


def _uses(document: Document, index: int) -> Iterator[RuleUse]:
    # Most listings have no counts, and are long.
    if _SAVE.search(document.text) is None and _NFT.search(document.text) is None:
        return
    for number, line in enumerate(document.lines(), start=1):
        found = _SAVE.match(line) or _NFT.search(_QUOTED.sub("", line))
        if found is not None:
            yield RuleUse(span=Span(document=index, first=number, last=number), count=int(found[1]))
