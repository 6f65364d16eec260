"""Mutants of a fixture's configuration, and whether a parser still tells the truth about one.

The promise: where a line is replaced by something that is not understood, or what it refers to is gone, a verdict
stays as it was or becomes unknown, or a remark says that the line may decide (which no audit passes). It never turns
into the opposite.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import TypeVar

from parsers.contract import LineState, Parsed
from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.model.interpreter import Judgement, judge_reply
from parsers.model.packets import Packet
from parsers.model.rules import Match, Stage, Traffic
from parsers.registry import platform
from tests.fixture_cases import Asked, Case, judged, questions

__all__ = ["WORD", "Mutant", "Outcome", "Subject", "blocks", "put", "spoilt", "spread", "subject"]

WORD = "frobnicate"
"""A word that no device knows."""
_PROBES = 12
"""So many packets besides those of `verdicts.txt` are asked of each fixture."""

_WAYS = 4
"""Replies to a packet that may take more ways than this are not judged."""

_T = TypeVar("_T")


class Outcome(StrEnum):
    """What came of a mutant."""

    REFUSED = "refused"
    SAME = "same"
    OPEN = "open"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A changed text of the first document: `line` (from 1) is where it was changed, `text` what stands there now."""

    line: int
    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A fixture with the packets that are asked of it, and what becomes of them and of their replies."""

    case: Case
    documents: tuple[Document, ...]
    lines: tuple[str, ...]
    parsed: Parsed
    asked: tuple[Asked, ...]
    before: tuple[tuple[str, str], ...]
    deciding: Counter[str]

    def capture(self, lines: Sequence[str]) -> Capture:
        """Give the capture with other lines in its first document."""
        first = replace(self.documents[0], text="".join(f"{line}\n" for line in lines))
        return replace(self.case.capture(), documents=(first, *self.documents[1:]))

    def parse(self, lines: Sequence[str]) -> Parsed | None:
        """Parse a mutant and check what holds for every text; None where it is refused."""
        try:
            found = platform(self.case.platform).parse(self.capture(lines))
        except ParserError as error:
            assert error.message  # noqa: PT017 - a refusal is an answer, if it says why
            return None
        lengths = [len(lines), *(len(document.lines()) for document in self.documents[1:])]
        assert [len(states) for states in found.ledger] == lengths
        remarked = {
            number
            for remark in found.remarks
            if remark.span is not None and remark.span.document == 0
            for number in range(remark.span.first, remark.span.last + 1)
        }
        unknown = {number for number, state in enumerate(found.ledger[0], 1) if state == LineState.NOT_UNDERSTOOD}
        assert unknown <= remarked, sorted(unknown - remarked)
        return found

    def try_on(self, mutant: Mutant) -> tuple[Outcome, Parsed | None]:
        """Tell what came of a mutant, and what was parsed of it."""
        found = self.parse(mutant.lines)
        if found is None:
            return Outcome.REFUSED, None
        if Counter(item.text for item in found.remarks if item.decides) - self.deciding:
            return Outcome.OPEN, found
        if len(found.firewalls) != len(self.parsed.firewalls):
            return Outcome.WRONG, found
        changed = list(self._changed(found.firewalls[0]))
        if any(after != "unknown" for _, after in changed):
            return Outcome.WRONG, found
        return (Outcome.OPEN if changed else Outcome.SAME), found

    def _changed(self, firewall: Firewall) -> Iterator[tuple[str, str]]:
        """Give, before and after, each verdict that differs; packets of an interface that is gone are not asked."""
        known = {label for item in firewall.interfaces for label in firewall.labels(item.name)} | {"", None}
        if not firewall.interfaces:
            known |= {name for item in self.asked for name in (item.ingress, item.egress)}
        for asked, (verdict, reply) in zip(self.asked, self.before, strict=True):
            if asked.ingress in known and asked.egress in known:
                after, turned = _verdicts(firewall, asked)
                if after != verdict:
                    yield verdict, after
                elif turned != reply:
                    yield reply, turned


@cache
def subject(case: Case) -> Subject:
    """Read a fixture that holds one firewall."""
    parsed = case.parse()
    (firewall,) = parsed.firewalls
    own = (case.folder / "verdicts.txt").exists()
    asked = [item for _, item in questions(case, parsed)] if own else []
    asked += _probes(firewall)
    documents = case.capture().documents
    return Subject(
        case=case,
        documents=documents,
        lines=tuple(documents[0].lines()),
        parsed=parsed,
        asked=tuple(asked),
        before=tuple(_verdicts(firewall, item) for item in asked),
        deciding=Counter(item.text for item in parsed.remarks if item.decides),
    )


def _verdicts(firewall: Firewall, asked: Asked) -> tuple[str, str]:
    """Give the verdict of a packet and, where it surely passes, of its reply."""
    first = judged(firewall, asked)
    return first.verdict.value, _reply(firewall, asked, first)


def _reply(firewall: Firewall, asked: Asked, first: Judgement) -> str:
    if asked.traffic is not Traffic.THROUGH or not first.sure or len(first.paths) > _WAYS:
        return "unknown"
    found = {judge_reply(firewall, asked.packet, asked.ingress, path).verdict.value for path in first.paths}
    return found.pop() if len(found) == 1 else "unknown"


def _probes(firewall: Firewall) -> list[Asked]:
    """Give packets at the edges of the rules' own matches, so that each rule is asked about."""
    found = dict.fromkeys(_corners(firewall))
    return [
        Asked(
            id=f"{ingress}: {packet}",
            packet=packet,
            ingress=ingress,
            egress=egress,
            traffic=traffic,
            verdict="",
            context=firewall.context,
        )
        for packet, ingress, egress, traffic in spread(list(found), _PROBES)
    ]


def _corners(firewall: Firewall) -> Iterator[tuple[Packet, str, str | None, Traffic]]:
    for stage in firewall.stages:
        if stage.traffic is Traffic.FROM_DEVICE:
            continue
        for chain in stage.chains:
            for rule in chain.rules:
                for ingress, egress in _ways(firewall, stage, rule.possible):
                    yield from ((packet, ingress, egress, stage.traffic) for packet in _inside(rule.possible))


def _ways(firewall: Firewall, stage: Stage, match: Match) -> list[tuple[str, str | None]]:
    """Give two ways through a stage; where no interfaces are known (rules alone), the ways that the match names."""
    if not firewall.interfaces:
        ways = itertools.product(sorted(match.ingress or {"a"}), sorted(match.egress or {"b"}))
        return list(itertools.islice(ways, 2))
    names = [
        item.name for item in firewall.interfaces if stage.ingress is None or stage.ingress & firewall.labels(item.name)
    ]
    return [(name, None) for name in names[:2]]


def _inside(match: Match) -> Iterator[Packet]:
    """Give the packets in the two far corners of a match."""
    if not (match.source and match.destination and match.services):
        return
    for end, box in ((0, match.services.boxes[0]), (-1, match.services.boxes[-1])):
        yield Packet(
            source=match.source.intervals[end][end],
            destination=match.destination.intervals[end][end],
            protocol=box.protocols[end],
            source_port=box.source_ports[-1],
            port=box.ports[end],
        )


def spread(items: Sequence[_T], count: int, seed: str = "") -> list[_T]:
    """Give at most so many items, evenly spread: the same ones each time, others for each seed."""
    if len(items) <= count:
        return list(items)
    first = zlib.crc32(seed.encode()) % (len(items) // count)
    return [items[first + number * len(items) // count] for number in range(count)]


def spoilt(word: str) -> str:
    """Give what a word may be corrupted to: an address, mask, length or number that cannot be, else a made-up word."""
    if word[-1:] in {",", ";"}:
        return spoilt(word[:-1]) + word[-1] if word[:-1] else WORD
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", word):
        return word.rpartition(".")[0] + ".256"
    if re.fullmatch(r"[\da-fA-F.:]+/\d+", word):
        return word.partition("/")[0] + "/999"
    return "99999999" if word.isdecimal() else WORD


def put(lines: Sequence[str], at: int, words: Iterable[str]) -> Mutant:
    """Give the text with other words in a line (by index), its indentation kept."""
    old = lines[at]
    new = old[: len(old) - len(old.lstrip())] + " ".join(words)
    return Mutant(line=at + 1, text=new, lines=(*lines[:at], new, *lines[at + 1 :]))


def blocks(lines: Sequence[str]) -> list[range]:
    """Give the lines (by index) of each block: a line at the margin and what is indented below it."""
    starts = [at for at, line in enumerate(lines) if line[:1].strip() and line[0] not in "!:"]
    found = []
    for start in starts:
        end = start + 1
        while end < len(lines) and lines[end][:1] == " ":
            end += 1
        found.append(range(start, end))
    return found
