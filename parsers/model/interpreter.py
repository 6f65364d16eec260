"""The naive interpreter: one packet through a firewall, rule by rule, in every world that is possible.

A condition that may or may not hold splits the world in two. A packet is surely permitted where every world permits
it, possibly permitted where some world does. Slow and plain on purpose: every other judgement is held against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from parsers.model.rules import (
    Call,
    Deny,
    Goto,
    Mark,
    Permit,
    Return,
    Rewrite,
    Side,
    Stage,
    State,
    Traffic,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.model.addresses import AddressSet
    from parsers.model.capture import Span
    from parsers.model.conditions import Facts
    from parsers.model.firewall import Firewall
    from parsers.model.packets import Packet
    from parsers.model.rules import Chain, Match, Rule

__all__ = ["Judgement", "Path", "Step", "Verdict", "judge", "judge_reply", "matches"]

_WORLDS = 4096
"""More worlds than this for one packet are not enumerated: the verdict is unknown."""


class Verdict(StrEnum):
    """What becomes of a packet."""

    PERMIT = "permit"
    DENY = "deny"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision on a packet's way: the stage, the chain and rule index (None: the stage's default), its words."""

    stage: str
    chain: str
    index: int | None
    text: str
    span: Span | None
    permits: bool
    translates: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A packet's way through one world."""

    permitted: bool
    replies: bool
    steps: tuple[Step, ...]
    packet: Packet
    egress: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All worlds of one packet."""

    paths: tuple[Path, ...]
    complete: bool = True

    @property
    def verdict(self) -> Verdict:
        """Permit or deny where all worlds agree, unknown where they do not."""
        outcomes = {path.permitted for path in self.paths}
        if not self.complete or len(outcomes) != 1:
            return Verdict.UNKNOWN
        return Verdict.PERMIT if outcomes == {True} else Verdict.DENY

    @property
    def sure(self) -> bool:
        """Tell whether every world permits."""
        return self.complete and all(path.permitted for path in self.paths)

    @property
    def possible(self) -> bool:
        """Tell whether some world permits."""
        return not self.complete or any(path.permitted for path in self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walker:
    """What stays the same along one packet's way."""

    firewall: Firewall
    table: tuple[tuple[AddressSet, str], ...]
    original: Packet
    ingress: str
    facts: Facts
    forced: str | None

    def route(self, destination: int) -> str | None:
        if self.forced is not None:
            return self.forced
        return next((name for addresses, name in self.table if destination in addresses), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Position:
    """A packet between two stages."""

    packet: Packet
    egress: str | None
    tags: frozenset[str] = frozenset()
    replies: bool = True
    steps: tuple[Step, ...] = ()


class _TooManyWorldsError(Exception):
    pass


def matches(
    match: Match,
    packet: Packet,
    ingress: frozenset[str],
    egress: frozenset[str],
    tags: frozenset[str],
) -> bool:
    """Tell whether a match takes a packet with these interface and zone names and tags."""
    return (
        packet.source in match.source
        and packet.destination in match.destination
        and match.services.contains(packet.protocol, packet.source_port, packet.port)
        and (match.ingress is None or bool(match.ingress & ingress))
        and (match.egress is None or bool(match.egress & egress))
        and packet.state in match.states
        and (match.tags is None or (not match.tags and not tags) or bool(match.tags & tags))
    )


def judge(  # noqa: PLR0913 - a question has these parts
    firewall: Firewall,
    packet: Packet,
    ingress: str,
    *,
    egress: str | None = None,
    facts: Facts | None = None,
    traffic: Traffic = Traffic.THROUGH,
    table: tuple[tuple[AddressSet, str], ...] | None = None,
) -> Judgement:
    """Judge a packet that arrives at an interface.

    `egress` overrides the routes, `facts` says what is known of the traffic, `table` (default: the firewall's own
    egress table) gives the routes in force.
    """
    routes = firewall.egress_table() if table is None else table
    walker = _Walker(
        firewall=firewall, table=routes, original=packet, ingress=ingress, facts=facts or {}, forced=egress
    )
    start = _Position(packet=packet, egress=walker.route(packet.destination))
    paths: list[Path] = []
    try:
        for position, permitted in _worlds(walker, start, 0, traffic):
            paths.append(_path(position, permitted=permitted))
            if len(paths) > _WORLDS:
                raise _TooManyWorldsError
    except _TooManyWorldsError:
        return Judgement(paths=tuple(paths), complete=False)
    paths.extend(_bypasses(walker, start))
    return Judgement(paths=tuple(dict.fromkeys(paths)))


def judge_reply(  # noqa: PLR0913 - a question has these parts
    firewall: Firewall,
    packet: Packet,
    ingress: str,
    path: Path,
    *,
    facts: Facts | None = None,
    traffic: Traffic = Traffic.THROUGH,
) -> Judgement:
    """Judge the first reply to a packet that took a path: the header reversed, the state established.

    Connection tracking undoes translations: the reply's destination where destinations are translated, its source
    where sources are. Stateful stages let it pass where the path's permits carry replies.
    """
    final = path.packet
    reply = replace(
        packet,
        source=final.destination,
        destination=final.source,
        source_port=final.port if packet.protocol in {6, 17, 132} else 0,
        port=final.source_port if packet.protocol in {6, 17, 132} else final.port,
        state=State.ESTABLISHED,
    )
    entry = path.egress or ""
    undo = (packet, final)
    walker = _Walker(firewall=firewall, table=(), original=reply, ingress=entry, facts=facts or {}, forced=ingress)
    stages = [stage for stage in firewall.stages if not (stage.stateful and path.replies)]
    filters = replace(walker, firewall=replace(firewall, stages=tuple(stages), bypasses=()))
    start = _Position(packet=reply, egress=ingress)
    if not any(_translates(stage, Side.DESTINATION) for stage in stages):
        start = replace(start, packet=_undo(start.packet, undo, Side.DESTINATION))
    answers = [
        _path(position, permitted=permitted) for position, permitted in _worlds(filters, start, 0, traffic, undo)
    ]
    return Judgement(paths=tuple(dict.fromkeys(answers)))


def _translates(stage: Stage, side: Side) -> bool:
    return stage.translates and any(
        isinstance(do, Rewrite) and do.side is side for chain in stage.chains for do in chain.rules.decisions
    )


def _undo(reply: Packet, undo: tuple[Packet, Packet], side: Side) -> Packet:
    first, _ = undo
    ported = first.protocol in {6, 17, 132}
    if side is Side.DESTINATION:
        return replace(reply, destination=first.source, port=first.source_port if ported else reply.port)
    return replace(reply, source=first.destination, source_port=first.port if ported else 0)


def _path(position: _Position, *, permitted: bool) -> Path:
    return Path(
        permitted=permitted,
        replies=position.replies,
        steps=position.steps,
        packet=position.packet,
        egress=position.egress,
    )


def _bypasses(walker: _Walker, start: _Position) -> Iterator[Path]:
    packet = walker.original
    for bypass in walker.firewall.bypasses:
        if (
            packet.source in bypass.source
            and packet.destination in bypass.destination
            and bypass.services.contains(packet.protocol, packet.source_port, packet.port)
            and (bypass.ingress is None or bypass.ingress & walker.firewall.labels(walker.ingress))
            and (bypass.egress is None or bypass.egress & _labels(walker.firewall, start.egress))
        ):
            step = Step(
                stage="bypass", chain="", index=None, text=bypass.text, span=bypass.span, permits=True, sure=False
            )
            yield _path(replace(start, steps=(step,)), permitted=True)


def _labels(firewall: Firewall, name: str | None) -> frozenset[str]:
    return firewall.labels(name) if name is not None else frozenset()


def _worlds(
    walker: _Walker,
    position: _Position,
    number: int,
    traffic: Traffic,
    undo: tuple[Packet, Packet] | None = None,
) -> Iterator[tuple[_Position, bool]]:
    """Give the end of each world from stage `number` on."""
    stages = walker.firewall.stages
    ingress = walker.firewall.labels(walker.ingress)
    while number < len(stages):
        stage = stages[number]
        egress = _labels(walker.firewall, position.egress)
        fits = (
            stage.traffic is traffic
            and (stage.ingress is None or stage.ingress & ingress)
            and (stage.egress is None or stage.egress & egress)
        )
        if undo is not None and stage.translates:
            packet = position.packet
            for side in Side:
                if _translates(stage, side):
                    packet = _undo(packet, undo, side)
            position = replace(position, packet=packet)
            fits = False
        if fits:
            for after, passed in _stage_worlds(walker, stage, position):
                if passed:
                    yield from _worlds(walker, after, number + 1, traffic, undo)
                else:
                    yield after, False
            return
        number += 1
    if position.egress is None and traffic is Traffic.THROUGH:
        step = Step(stage="routing", chain="", index=None, text="no route to the destination", span=None, permits=False)
        yield replace(position, steps=(*position.steps, step)), False
        if walker.firewall.routes_complete:
            return
    yield position, True


def _stage_worlds(walker: _Walker, stage: Stage, position: _Position) -> Iterator[tuple[_Position, bool]]:
    """Give, per world, the position after a stage and whether the packet passed it."""
    first = stage.chains[0] if stage.chains else None
    decisions = (
        _chain_worlds(walker, stage, first, 0, (), position) if first else iter([(None, None, None, position, True)])
    )
    for chain, index, rule, at, sure in decisions:
        if rule is None:
            permits = isinstance(stage.default, Permit)
            replies = isinstance(stage.default, Permit) and stage.default.replies
            step = Step(
                stage=stage.name,
                chain="",
                index=None,
                text=stage.default_name,
                span=stage.default_span,
                permits=permits,
                translates=stage.translates,
                sure=sure,
            )
        else:
            permits = not isinstance(rule.do, Deny)
            replies = not isinstance(rule.do, Permit) or rule.do.replies
            step = Step(
                stage=stage.name,
                chain=chain.name if chain else "",
                index=index,
                text=rule.name,
                span=rule.span,
                permits=permits,
                translates=stage.translates,
                sure=sure,
            )
        after = replace(at, steps=(*at.steps, step))
        if stage.stateful and not stage.translates:
            after = replace(after, replies=after.replies and replies)
        if rule is not None and isinstance(rule.do, Rewrite):
            yield from ((moved, True) for moved in _rewrites(walker, rule, after))
        else:
            yield after, permits


def _chain_worlds(  # noqa: PLR0913 - one branch per decision kind
    walker: _Walker,
    stage: Stage,
    chain: Chain,
    index: int,
    frames: tuple[tuple[Chain, int], ...],
    position: _Position,
    *,
    sure: bool = True,
) -> Iterator[tuple[Chain | None, int | None, Rule | None, _Position, bool]]:
    """Give each world's deciding rule from a rule of a chain on; `frames` are the callers' places to go on from."""
    jumps = 0
    while True:
        if index == len(chain.rules):
            if not frames:
                yield None, None, None, position, sure
                return
            (chain, index), frames = frames[-1], frames[:-1]
            continue
        rule = chain.rules[index]
        taken = _takes(walker, stage, rule, position)
        if taken is False:
            index += 1
            continue
        if taken is None:  # a world in which the rule does not match
            yield from _chain_worlds(walker, stage, chain, index + 1, frames, position, sure=False)
            sure = False
        match rule.do:
            case Call(chain=name):
                frames = (*frames, (chain, index + 1))
                if len(frames) > len(stage.chains):
                    raise _TooManyWorldsError  # a jump loop: a kernel refuses it, a saved text may hold it
                chain, index = stage.chain(name), 0
            case Goto(chain=name):
                jumps += 1
                if jumps > _WORLDS:
                    raise _TooManyWorldsError
                chain, index = stage.chain(name), 0
            case Return():
                index = len(chain.rules)
            case Mark(tag=tag):
                position = replace(position, tags=position.tags | {tag})
                index += 1
            case _:
                yield chain, index, rule, position, sure
                return


def _takes(walker: _Walker, stage: Stage, rule: Rule, position: _Position) -> bool | None:
    """Tell whether a rule matches: surely, surely not, or (None) perhaps."""
    packet = walker.original if stage.sees is View.ORIGINAL else position.packet
    ingress = walker.firewall.labels(walker.ingress)
    egress = _labels(walker.firewall, position.egress)
    if not matches(rule.possible, packet, ingress, egress, position.tags):
        return False
    sure = rule.sure_match(walker.facts)
    return True if sure is not None and matches(sure, packet, ingress, egress, position.tags) else None


def _rewrites(walker: _Walker, rule: Rule, position: _Position) -> Iterator[_Position]:
    """Give the packet after a translation: one world per interval of addresses that it may get."""
    do = rule.do
    if not isinstance(do, Rewrite):
        return
    packet = position.packet
    tags = position.tags | {do.tag} if do.tag else position.tags
    source = do.side is Side.SOURCE
    was = packet.source if source else packet.destination
    if do.to is None:
        choices = [was]
    elif do.shift:
        low = (rule.possible.source if source else rule.possible.destination).intervals[0][0]
        choices = [was - low + do.to.intervals[0][0]]
    else:
        choices = [edge for low, high in do.to.intervals for edge in {low, high}]
    port = _new_port(rule, do, packet)
    for address in choices:
        moved = (
            replace(packet, source=address, source_port=port)
            if source
            else replace(packet, destination=address, port=port)
        )
        egress = position.egress
        if not source:
            egress = walker.route(address) if do.egress is None or walker.forced is not None else do.egress
        yield replace(position, packet=moved, tags=tags, egress=egress)


def _new_port(rule: Rule, do: Rewrite, packet: Packet) -> int:
    port = packet.source_port if do.side is Side.SOURCE else packet.port
    if do.ports is None:
        return port
    first, last = do.ports
    if first == last or do.side is Side.SOURCE:
        return first
    slab = rule.possible.services.slabs[0]
    base = next((low % 65536 for low, high in slab[2] if low <= packet.protocol * 65536 + port <= high), port)
    return min(first + port - base, last)
