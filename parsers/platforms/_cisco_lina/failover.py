"""The two units of a failover pair, compared: they must hold one configuration.

Source: Cisco ASA Series General Operations CLI Configuration Guide, "Failover for High Availability": the active unit
replicates its configuration, all but the unit's own part, its serial number, keys and checksum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from parsers.model.capture import Document, Span

__all__ = ["Difference", "differences"]

_OWN = re.compile(
    r":|!|\s*\Z|Cryptochecksum:|failover lan unit |hostname |prompt |boot system |enable password |passwd "
    r"|ASA Version |NGFW Version |crypto key |snmp-server (?:location|contact) |no snmp-server "
)
"""What the two units may say differently, or what a redacted secret hides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Lines that stand at one place in one unit and not in the other; `ours` or `theirs` is None where nothing does."""

    ours: Span | None
    theirs: Span | None
    text: str


def differences(ours: Document, theirs: Document) -> tuple[Difference, ...]:
    """Give where the configurations of two units differ, in order; spans are of document 0 and 1.

    What belongs to one unit alone is left out. An empty result is the proof that the pair is in step.
    """
    left, right = _kept(ours), _kept(theirs)
    matcher = SequenceMatcher(None, [text for _, text in left], [text for _, text in right], autojunk=False)
    found = []
    for kind, first, last, other_first, other_last in matcher.get_opcodes():
        if kind != "equal":
            here, there = left[first:last], right[other_first:other_last]
            words = [f"- {text}" for _, text in here] + [f"+ {text}" for _, text in there]
            found.append(Difference(ours=_span(here, 0), theirs=_span(there, 1), text="\n".join(words)))
    return tuple(found)


def _kept(document: Document) -> list[tuple[int, str]]:
    return [(number, line.rstrip()) for number, line in enumerate(document.lines(), 1) if not _OWN.match(line)]


def _span(lines: list[tuple[int, str]], document: int) -> Span | None:
    return Span(document=document, first=lines[0][0], last=lines[-1][0]) if lines else None
