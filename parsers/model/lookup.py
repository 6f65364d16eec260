"""A packet classifier: the interpreter's verdicts, without visiting each rule for each packet.

Each chain is cut into blocks. Within a block, each elementary interval of sources, destinations, protocols with ports
and source ports has a bit vector of the rules that reach it (bit-vector classification: Lakshman and Stiliadis,
SIGCOMM 1998); the conjunction of the four vectors at a packet's place are the rules worth visiting. Everything else is
left to the interpreter itself, so the two cannot disagree on what a rule means.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parsers.model.interpreter import Judgement, Walker, route_cuts
from parsers.model.rules import Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parsers.model.addresses import AddressSet
    from parsers.model.conditions import Facts
    from parsers.model.firewall import Firewall
    from parsers.model.intervals import Intervals
    from parsers.model.packets import Packet
    from parsers.model.rules import Chain, Match

__all__ = ["Lookup", "Question", "judge_many"]

_BLOCK = 512
"""Rules of a block: longer vectors take more memory for each rule, more blocks take more time for each packet."""
_FEW = 8
"""A chain of so few rules is visited rule by rule."""
_RARE = 3
"""So many entries into a chain are cheaper rule by rule than by vectors that must be made first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A packet that arrives at an interface, with what `judge` may be told of it."""

    packet: Packet
    ingress: str
    egress: str | None = None
    facts: Facts = field(default_factory=dict)
    traffic: Traffic = Traffic.THROUGH


def judge_many(firewall: Firewall, questions: Iterable[Question]) -> list[Judgement]:
    """Judge any number of packets as `judge` does each of them, in order."""
    lookup = Lookup(firewall)
    return [
        lookup.judge(item.packet, item.ingress, egress=item.egress, facts=item.facts, traffic=item.traffic)
        for item in questions
    ]


class Lookup:
    """Judges packets on one firewall; what is prepared for a chain after its first packets, the later ones save."""

    def __init__(self, firewall: Firewall, table: tuple[tuple[AddressSet, str], ...] | None = None) -> None:
        """Prepare a firewall; `table` (default: its own egress table) gives the routes in force."""
        self._firewall = firewall
        self._table = firewall.egress_table() if table is None else table
        self._cuts = route_cuts(firewall, self._table)
        self._candidates = _Blocks()
        self._names: dict[str | None, frozenset[str]] = {}

    def judge(
        self,
        packet: Packet,
        ingress: str,
        *,
        egress: str | None = None,
        facts: Facts | None = None,
        traffic: Traffic = Traffic.THROUGH,
    ) -> Judgement:
        """Judge a packet that arrives at an interface, as the interpreter's `judge` does."""
        walker = Walker(
            firewall=self._firewall,
            table=self._table,
            cuts=self._cuts,
            original=packet,
            ingress=ingress,
            facts=facts or {},
            forced=egress,
            traffic=traffic,
            candidates=self._candidates,
            names=self._names,
        )
        return walker.judgement()


class _Axis:
    """For each elementary interval of an axis, which members reach it."""

    def __init__(self, members: Sequence[tuple[int, Intervals]]) -> None:
        begins: dict[int, int] = {}
        ends: dict[int, int] = {}
        for number, intervals in members:
            for low, high in intervals:
                begins[low] = begins.get(low, 0) | 1 << number
                ends[high + 1] = ends.get(high + 1, 0) | 1 << number
        self.starts = sorted({*begins, *ends})
        self.masks = [0]
        mask = 0
        for start in self.starts:
            mask = (mask & ~ends.get(start, 0)) | begins.get(start, 0)
            self.masks.append(mask)

    def at(self, place: int) -> int:
        """Give the members that reach a place, as bits."""
        return self.masks[bisect_right(self.starts, place)]


class _Block:
    """The vectors of up to `_BLOCK` rules in a row."""

    def __init__(self, matches: Sequence[Match]) -> None:
        self.sources = _Axis([(n, match.source.intervals) for n, match in enumerate(matches)])
        self.destinations = _Axis([(n, match.destination.intervals) for n, match in enumerate(matches)])
        slabs = [(n, slab) for n, match in enumerate(matches) for slab in match.services.slabs]
        self.services = _Axis([(n, axis) for n, (_, _, axis) in slabs])
        self.source_ports = _Axis([(n, ((low, high),)) for n, (low, high, _) in slabs])

    def mask(self, packet: Packet) -> int:
        """Give the rules that may match a packet, as bits."""
        return (
            self.sources.at(packet.source)
            & self.destinations.at(packet.destination)
            & self.services.at(packet.protocol * 65536 + packet.port)
            & self.source_ports.at(packet.source_port)
        )


class _Vectors:
    """The blocks of one chain, and their answers for the packet asked about last."""

    def __init__(self, chain: Chain) -> None:
        rules = chain.rules
        matches = [rules.possible(index) for index in range(len(rules))]
        self.chain = chain  # kept, so that its id stays its own
        self.blocks = [_Block(matches[start : start + _BLOCK]) for start in range(0, len(matches), _BLOCK)]
        self.packet: Packet | None = None
        self.masks: list[int | None] = []

    def following(self, packet: Packet, index: int) -> int:
        if packet is not self.packet:
            self.packet, self.masks = packet, [None] * len(self.blocks)
        number, offset = divmod(index, _BLOCK)
        while number < len(self.blocks):
            mask = self.masks[number]
            if mask is None:
                mask = self.masks[number] = self.blocks[number].mask(packet)
            mask >>= offset
            if mask:
                return number * _BLOCK + offset + (mask & -mask).bit_length() - 1
            number, offset = number + 1, 0
        return len(self.chain.rules)


class _Blocks:
    """The vectors of each chain that is entered more than rarely."""

    def __init__(self) -> None:
        self._chains: dict[int, _Vectors] = {}
        self._entries: dict[int, int] = {}

    def following(self, chain: Chain, packet: Packet, index: int) -> int:
        if len(chain.rules) <= _FEW:
            return index
        vectors = self._chains.get(id(chain))
        if vectors is None:
            entries = self._entries.get(id(chain), 0) + (index == 0)
            if entries <= _RARE:
                self._entries[id(chain)] = entries
                return index
            vectors = self._chains[id(chain)] = _Vectors(chain)
        return vectors.following(packet, index)
