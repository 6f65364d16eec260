"""The regions of first match as binary decision diagrams (CUDD through dd): an exact engine that is not ours.

The axes are written in binary, one variable a bit. A set of intervals becomes a diagram by halving its axis; a region
is counted by its structure in Python integers, since CUDD's own count is a double.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dd import cudd

from auditor.engine.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.engine.entries import Entry
    from parsers.model.intervals import Intervals
    from parsers.model.rules import Match

    Node = Any  # dd.cudd ships no types

__all__ = ["ADDRESS_BITS", "Diagrams"]

ADDRESS_BITS = 129
"""IPv4 and IPv6 on one axis: 2**32 + 2**128 numbers."""
_PORT_BITS = 16
_SERVICE_BITS = 24
_MEMORY = 2 << 30


class _Axis:
    """One axis: its variables from the highest bit to the lowest, and the diagrams of the sets met so far."""

    def __init__(self, manager: Node, name: str, bits: int) -> None:
        self._manager = manager
        self._bits = bits
        self._known: dict[Intervals, Node] = {}
        names = [f"{name}{bit}" for bit in range(bits)]
        manager.declare(*names)
        self._bit = [manager.var(name) for name in names]

    def clear(self) -> None:
        """Forget every diagram."""
        self._known.clear()
        self._bit.clear()

    def node(self, intervals: Intervals) -> Node:
        """Give the diagram of a canonical set."""
        found = self._known.get(intervals)
        if found is None:
            top = (1 << self._bits) - 1
            within = [(low, min(high, top)) for low, high in intervals if low <= top]
            found = self._known[intervals] = self._part(0, within)
        return found

    def _part(self, level: int, intervals: list[tuple[int, int]]) -> Node:
        if not intervals:
            return self._manager.false
        size = 1 << (self._bits - level)
        if intervals[0] == (0, size - 1):
            return self._manager.true
        half = size >> 1
        low = [(a, min(b, half - 1)) for a, b in intervals if a < half]
        high = [(max(a, half) - half, b - half) for a, b in intervals if b >= half]
        return self._manager.ite(self._bit[level], self._part(level + 1, high), self._part(level + 1, low))


class Diagrams:
    """Regions of traffic as diagrams of one manager."""

    def __init__(self, address_bits: int = ADDRESS_BITS) -> None:
        """Declare the axes: destination, service, source port, source; 32 address bits will do for IPv4 alone."""
        self._manager = cudd.BDD(memory_estimate=_MEMORY)
        self._manager.configure(reordering=False)  # the order is fixed: reordering costs more than it saves
        self._destinations = _Axis(self._manager, "d", address_bits)
        self._services = _Axis(self._manager, "v", _SERVICE_BITS)
        self._ports = _Axis(self._manager, "p", _PORT_BITS)
        self._sources = _Axis(self._manager, "s", address_bits)
        self._variables = len(self._manager.vars)
        self._known: dict[tuple[tuple[int, int, Intervals], ...], Node] = {}

    @property
    def nothing(self) -> Node:
        """Give the empty region."""
        return self._manager.false

    def close(self) -> None:
        """Let go of every diagram; CUDD wants that before its manager goes."""
        for axis in (self._destinations, self._services, self._ports, self._sources):
            axis.clear()
        self._known.clear()

    def region(self, item: Match | Cell) -> Node:
        """Give the diagram of a match's or a cell's traffic."""
        slabs = item.services.slabs
        services = self._known.get(slabs)
        if services is None:
            services = self._manager.false
            for low, high, axis in slabs:
                services |= self._services.node(axis) & self._ports.node(((low, high),))
            self._known[slabs] = services
        ends = self._sources.node(item.source.intervals) & self._destinations.node(item.destination.intervals)
        return ends & services

    def union(self, items: Iterable[Match | Cell]) -> Node:
        """Give the diagram of all traffic of some cells."""
        whole = self._manager.false
        for item in items:
            whole |= self.region(item)
        return whole

    def decide(self, entries: Sequence[Entry], cell: Cell) -> tuple[list[tuple[Entry, Node]], Node]:
        """Give which entry takes which part of a cell, in order, and what none takes."""
        rest = self.region(cell)
        taken: list[tuple[Entry, Node]] = []
        nothing = self._manager.false
        for entry in entries:
            if rest == nothing:
                break
            hit = rest & self.region(entry.match)
            if hit == nothing:
                continue
            if entry.records:
                taken.append((entry, hit))
            if entry.takes:
                rest &= ~hit
        return taken, rest

    def count(self, node: Node) -> int:
        """Count the packets of a region, exactly."""
        known: dict[int, int] = {}
        return self._count(node, known) << self._level(node)

    def _level(self, node: Node) -> int:
        return int(node.level) if node.var is not None else self._variables

    def _count(self, node: Node, known: dict[int, int]) -> int:
        """Count the packets over the variables from the node's own on."""
        manager = self._manager
        pending = [node]
        while pending:
            top = pending[-1]
            key = int(top)
            if key in known:
                pending.pop()
                continue
            if top.var is None:
                known[key] = 1 if top == manager.true else 0
                pending.pop()
                continue
            level, low, high = manager.succ(top)
            if top.negated:
                low, high = ~low, ~high
            missing = [part for part in (low, high) if int(part) not in known]
            if missing:
                pending += missing
                continue
            pending.pop()
            known[key] = sum(known[int(part)] << (self._level(part) - level - 1) for part in (low, high))
        return known[int(node)]
