"""The kernel as oracle: what real packets did, held against what the parsed model says, packet by packet."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from parsers.contract import LineState
from parsers.model.interpreter import Judgement, Path, Verdict, Walker, judge_reply, route_cuts
from parsers.model.packets import Packet
from parsers.model.rules import State, Traffic
from parsers.model.services import ICMP, ICMP6, TCP, UDP
from parsers.platforms import linux

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.contract import Parsed
    from parsers.model.capture import Capture
    from parsers.model.firewall import Firewall
    from tests.live.bed import Bed
    from tests.live.frames import Seen
    from tests.live.prober import Prober

__all__ = ["Comparison", "compare"]

_INGRESS = {"internet": "wan0", "dmz": "dmz0", "trusted": "lan0"}
_COUNTED = re.compile(r"counter packets (\d+) bytes \d+(?P<rest>.*)$")
_SAVED = re.compile(r"^\[(\d+):\d+\] -A (?P<rest>.*)$")
_DECIDES = re.compile(r"\b(accept|drop|reject|dnat|redirect)\b")
_TARGETS = {"ACCEPT", "DROP", "REJECT", "DNAT", "REDIRECT"}


@dataclass(slots=True)
class Comparison:
    """What was compared, and every disagreement in words."""

    packets: int = 0
    replies: int = 0
    permitted: int = 0
    taken: int = 0
    translated: int = 0
    rules: int = 0
    mismatches: list[str] = field(default_factory=list)

    def __iadd__(self, other: Comparison) -> Self:
        """Add up."""
        for name in ("packets", "replies", "permitted", "taken", "translated", "rules"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.mismatches += other.mismatches
        return self


@dataclass(slots=True)
class _Judge:
    """The naive interpreter with everything prepared that stays the same between packets."""

    firewall: Firewall
    ingress: str
    walkers: dict[Traffic, Walker] = field(default_factory=dict)

    def ask(self, packet: Packet, traffic: Traffic) -> Judgement:
        walker = self.walkers.get(traffic)
        if walker is None:
            table = self.firewall.egress_table()
            walker = self.walkers[traffic] = Walker(
                firewall=self.firewall,
                table=table,
                cuts=route_cuts(self.firewall, table),
                original=packet,
                ingress=self.ingress,
                facts={},
                traffic=traffic,
            )
        return replace(walker, original=packet).judgement()


def compare(
    bed: Bed,
    prober: Prober,
    capture: Capture,
    packets: Sequence[Packet],
    *,
    side: str = "internet",
    replies: bool = True,
) -> Comparison:
    """Send packets, and hold verdict, translation, deciding rule and reply of each against the model's."""
    proof = linux.PLATFORM.prove(capture)
    assert proof.complete, proof.reason
    parsed = linux.PLATFORM.parse(capture)
    firewall = parsed.firewalls[0]
    found = Comparison(packets=len(packets))
    bed.forget()
    outcome = prober.send(packets, side)
    if outcome.lost:
        raise RuntimeError(f"the prober lost {outcome.lost} frames")
    counted = bed.fw("nft", "-a", "list", "ruleset")
    saved = {name: bed.fw(name, "-c", check=False) for name in _saves(capture)}
    judge = _Judge(firewall, _INGRESS[side])
    own = frozenset(number for item in firewall.interfaces for low, _ in item.addresses.intervals for number in [low])
    through = [judge.ask(packet, Traffic.THROUGH) for packet in packets]
    hits: Counter[tuple[int, int]] = Counter()
    permitted: dict[int, Path] = {}
    for number, (packet, judgement) in enumerate(zip(packets, through, strict=True)):
        local = any(path.packet.destination in own for path in judgement.paths) or packet.destination in own
        kept = judge.ask(packet, Traffic.TO_DEVICE) if local else None
        stays = kept is not None and all(path.packet.destination in own for path in kept.paths)
        deciding = kept if kept is not None and stays else judgement
        found.mismatches += _verdict(packet, number, judgement, kept if stays else None, outcome.passed, outcome.taken)
        if len(deciding.paths) == 1:
            for step in deciding.paths[0].steps:
                if step.span is not None and step.index is not None:
                    hits[step.span.document, step.span.first] += 1
        if number in outcome.passed and len(judgement.paths) == 1:
            permitted[number] = judgement.paths[0]
        found.translated += any(path.packet != packet for path in deciding.paths)
    found.permitted, found.taken = len(outcome.passed), len(outcome.taken)
    found.mismatches += _counters(capture, parsed, hits, counted, saved, found)
    if replies:
        _replies(prober, judge, packets, permitted, outcome.passed, side, found)
    return found


def _verdict(
    packet: Packet,
    number: int,
    through: Judgement,
    kept: Judgement | None,
    passed: dict[int, tuple[str, Seen]],
    taken: dict[int, Seen],
) -> list[str]:
    found: list[str] = []
    asked = None if kept is not None else through  # what stays with the host is not forwarded, whatever forward says
    for judgement, seen, what in ((asked, number in passed, "forwarded"), (kept, number in taken, "taken")):
        if judgement is None:
            if seen:
                found.append(f"{packet} was {what}, which no path of the model says")
            continue
        expected = judgement.verdict is Verdict.PERMIT
        if judgement.verdict is Verdict.UNKNOWN:
            found.append(f"{packet}: the model does not know whether it is {what}")
        elif expected != seen:
            found.append(f"{packet} was {'' if seen else 'not '}{what}; the model says {_words(judgement)}")
    if number in passed and len(through.paths) == 1:
        found += _translation(packet, through.paths[0], *passed[number])
    return found


def _words(judgement: Judgement) -> str:
    path = judgement.paths[0]
    return f"{judgement.verdict} by " + " | ".join(
        f"{step.stage}: {step.chain} {step.index} {step.text} line {step.span.first if step.span else '-'}"
        for step in path.steps
    )


def _translation(packet: Packet, path: Path, where: str, seen: Seen) -> list[str]:
    final = path.packet
    same = final.source == seen.source and final.destination == seen.destination
    if packet.protocol in {TCP, UDP}:
        same = same and final.port == seen.port
    if same and _INGRESS[where] == path.egress:
        return []
    return [f"{packet} left as {seen} at {where}; the model says {final} by {path.egress}"]


# -- which rule decided -----------------------------------------------------------------------------------


def _saves(capture: Capture) -> list[str]:
    return [item.name for item in capture.documents if item.name.endswith("-save") and item.text.strip()]


def _counters(
    capture: Capture,
    parsed: Parsed,
    hits: Counter[tuple[int, int]],
    counted: str,
    saved: dict[str, str],
    found: Comparison,
) -> list[str]:
    """Hold the kernel's counter of each deciding rule against the packets that the model gives it."""
    wrong: list[str] = []
    sent = _lines_for_own_packets(parsed)
    for index, document in enumerate(capture.documents):
        if document.name == "nft":
            numbers = _nft_counters(document.text, counted)
        elif document.name in saved:
            numbers = _save_counters(document.text, saved[document.name])
        else:
            continue
        for line, (packets, text) in numbers.items():
            if parsed.ledger[index][line - 1] != LineState.MODELLED or (index, line) in sent:
                continue  # another document says it, or the host's own answers count too
            found.rules += 1
            if hits[index, line] != packets:
                wrong.append(
                    f"{document.name}:{line} {text.strip()}: {packets} packets, the model has {hits[index, line]}"
                )
    return wrong


def _lines_for_own_packets(parsed: Parsed) -> set[tuple[int, int]]:
    """Give the lines that packets of the host itself pass: it answers probes with resets and errors."""
    return {
        (rule.span.document, rule.span.first)
        for stage in parsed.firewalls[0].stages
        if stage.traffic is Traffic.FROM_DEVICE
        for chain in stage.chains
        for rule in chain.rules
        if rule.span is not None
    }


def _nft_counters(text: str, counted: str) -> dict[int, tuple[int, str]]:
    """Give the counters of deciding rules by line; both listings have the same lines."""
    plain, numbers = text.split("\n"), counted.split("\n")
    assert len(plain) == len(numbers)
    found: dict[int, tuple[int, str]] = {}
    for line, words in enumerate(numbers, 1):
        match = _COUNTED.search(words)
        if match and _DECIDES.search(match["rest"].partition("#")[0]) and " map " not in words and "vmap" not in words:
            found[line] = (int(match[1]), words)
    return found


def _save_counters(text: str, counted: str) -> dict[int, tuple[int, str]]:
    rules = [line for line in counted.split("\n") if line.startswith("[")]
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.startswith("-A")]
    assert len(rules) == len(lines)
    found: dict[int, tuple[int, str]] = {}
    for number, rule in zip(lines, rules, strict=True):
        match = _SAVED.match(rule)
        target = match["rest"].partition(" -j ")[2].split(" ")[0] if match else ""
        if match and target in _TARGETS and "-i lan0" not in rule:  # which SSH itself passes
            found[number] = (int(match[1]), rule)
    return found


# -- replies --------------------------------------------------------------------------------------------


def _replies(
    prober: Prober,
    judge: _Judge,
    packets: Sequence[Packet],
    permitted: dict[int, Path],
    passed: dict[int, tuple[str, Seen]],
    side: str,
    found: Comparison,
) -> None:
    """Answer every packet that came through, and see whether the answer comes back."""
    by_side: dict[str, list[int]] = {}
    for number in permitted:
        by_side.setdefault(passed[number][0], []).append(number)
    for where, numbers in by_side.items():
        answers = [_answer(packets[number], passed[number][1]) for number in numbers]
        back = prober.reply(answers, numbers, where, side)
        for number in numbers:
            judgement = judge_reply(judge.firewall, packets[number], judge.ingress, permitted[number])
            expected = judgement.verdict is Verdict.PERMIT
            found.replies += 1
            if judgement.verdict is Verdict.UNKNOWN or expected != (number in back):
                came = "came back" if number in back else "did not come back"
                found.mismatches.append(f"the reply to {packets[number]} {came}; the model says {_words(judgement)}")


_ANSWERS = {(ICMP, 8): 0, (ICMP6, 128): 129}


def _answer(packet: Packet, seen: Seen) -> Packet:
    ported = packet.protocol in {TCP, UDP}
    kind = packet.port // 256
    return Packet(
        source=seen.destination,
        destination=seen.source,
        protocol=packet.protocol,
        source_port=seen.port if ported else 0,
        port=seen.source_port if ported else _ANSWERS[packet.protocol, kind] * 256,
        state=State.ESTABLISHED,
    )
