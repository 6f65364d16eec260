"""What a translation makes of one packet, and what connection tracking makes of the reply."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain as joined
from typing import TYPE_CHECKING

from parsers.model.rules import Rewrite, Side, State
from parsers.model.services import ICMP, ICMP6, PORTED, PORTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parsers.model.firewall import Firewall
    from parsers.model.packets import Packet
    from parsers.model.rules import Match, Stage

__all__ = ["Cuts", "UnsettledError", "reply_to", "rewritten", "translates", "undone"]

_ECHO = {(ICMP, 8): 0, (ICMP, 13): 14, (ICMP, 15): 16, (ICMP, 17): 18, (ICMP6, 128): 129}
"""The ICMP type that answers a type (RFC 792, RFC 950, RFC 4443)."""


class UnsettledError(Exception):
    """What becomes of the packet is not enumerated: too many worlds, a jump loop, a translation that does not fit."""


class Cuts:
    """Where the sets of a firewall begin: one address of each piece between two cuts stands for the whole piece."""

    def __init__(self, firewall: Firewall, table: Iterable[int] = ()) -> None:
        """Take every set of the pipeline and where the routes change."""
        self._firewall = firewall
        self._table = tuple(table)
        self._addresses: list[int] | None = None
        self._ports: list[int] | None = None

    def addresses(self, low: int, high: int) -> list[int]:
        """Give the first address of each piece of low..high."""
        if low == high:
            return [low]
        if self._addresses is None:
            pairs = (
                pair
                for match in _all_matches(self._firewall)
                for pair in joined(match.source.intervals, match.destination.intervals)
            )
            self._addresses = sorted({*(cut for first, last in pairs for cut in (first, last + 1)), *self._table})
        return [low, *(cut for cut in self._addresses if low < cut <= high)]

    def ports(self, low: int, high: int) -> list[int]:
        """Give the first port of each piece of low..high."""
        if low == high:
            return [low]
        if self._ports is None:
            slabs = [slab for match in _all_matches(self._firewall) for slab in match.services.slabs]
            cuts = {cut for first, last, _ in slabs for cut in (first, last + 1)}
            cuts |= {cut % 65536 for _, _, axis in slabs for first, last in axis for cut in (first, last + 1)}
            self._ports = sorted(cuts)
        return [low, *(cut for cut in self._ports if low < cut <= high)]


def _all_matches(firewall: Firewall) -> Iterator[Match]:
    for stage in firewall.stages:
        for chain in stage.chains:
            yield from chain.rules.matches
            yield from (sure for sure, _ in chain.rules.conditional().values() if sure is not None)


def rewritten(do: Rewrite, match: Match, packet: Packet, cuts: Cuts) -> list[Packet]:
    """Give the packet after a translation whose rule matches `match`: one for each piece of what it may become.

    Raises UnsettledError where a one-to-one translation does not fit its match, or the target is empty.
    """
    source = do.side is Side.SOURCE
    addresses = _new_addresses(do, match, packet.source if source else packet.destination, cuts)
    ports = _new_ports(do, match, packet, cuts)
    if not addresses:
        raise UnsettledError
    if source:
        return [replace(packet, source=address, source_port=port) for address in addresses for port in ports]
    return [replace(packet, destination=address, port=port) for address in addresses for port in ports]


def _new_addresses(do: Rewrite, match: Match, was: int, cuts: Cuts) -> list[int]:
    if do.to is None:
        return [was]
    if not do.shift:
        return [address for low, high in do.to.intervals for address in cuts.addresses(low, high)]
    matched = match.source if do.side is Side.SOURCE else match.destination
    if len(matched.intervals) != 1 or len(do.to.intervals) != 1 or matched.size != do.to.size or was not in matched:
        raise UnsettledError
    return [was - matched.intervals[0][0] + do.to.intervals[0][0]]


def _new_ports(do: Rewrite, match: Match, packet: Packet, cuts: Cuts) -> list[int]:
    source = do.side is Side.SOURCE
    was = packet.source_port if source else packet.port
    if do.ports is None or packet.protocol not in PORTED:
        return [was]
    first, last = do.ports
    low, high = _matched_ports(match, packet, source=source)
    if high - low == last - first:
        return [was - low + first]
    return cuts.ports(first, last)


def _matched_ports(match: Match, packet: Packet, *, source: bool) -> tuple[int, int]:
    """Give the range of ports of a match that a packet's port lies in."""
    key = packet.protocol * 65536 + packet.port
    for low, high, axis in match.services.slabs:
        if low <= packet.source_port <= high:
            if source:
                return low, high
            for first, last in axis:
                if first <= key <= last:
                    floor = packet.protocol * 65536
                    return max(first - floor, 0), min(last - floor, PORTS[1])
    return PORTS


def translates(stage: Stage, side: Side) -> bool:
    """Tell whether a stage is where replies to translated packets get their own address of that side back."""
    return stage.translates and any(
        isinstance(do, Rewrite) and do.side is side for chain in stage.chains for do in chain.rules.decisions
    )


def reply_to(packet: Packet) -> Packet:
    """Give the first reply to a packet as its receiver sends it."""
    ported = packet.protocol in PORTED
    kind, code = divmod(packet.port, 256)
    answer = _ECHO.get((packet.protocol, kind), kind) * 256 + code
    return replace(
        packet,
        source=packet.destination,
        destination=packet.source,
        source_port=packet.port if ported else 0,
        port=packet.source_port if ported else answer,
        state=State.ESTABLISHED,
    )


def undone(reply: Packet, first: Packet, side: Side) -> Packet:
    """Give a reply with one side's translation undone, so that it answers the first packet as that was sent."""
    ported = first.protocol in PORTED
    if side is Side.DESTINATION:
        return replace(reply, destination=first.source, port=first.source_port if ported else reply.port)
    return replace(reply, source=first.destination, source_port=first.port if ported else 0)
