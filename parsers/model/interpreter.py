"""The naive interpreter: one packet through a firewall, rule by rule, in every world that is possible.

A condition that may or may not hold splits the world in two. A packet is surely permitted where every world permits
it, possibly permitted where some world does. Slow and plain on purpose: every other judgement is held against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from parsers.model.rules import Call, Deny, Goto, Mark, Permit, Return, Rewrite, Side, Stage, Traffic, View
from parsers.model.translation import Cuts, UnsettledError, reply_to, rewritten, translates, undone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.model.addresses import AddressSet
    from parsers.model.capture import Span
    from parsers.model.conditions import Facts
    from parsers.model.firewall import Firewall
    from parsers.model.packets import Packet
    from parsers.model.rules import Chain, Match, Rule

__all__ = ["Candidates", "Judgement", "Path", "Step", "Verdict", "judge", "judge_reply", "matches"]

_WORLDS = 4096
"""More worlds than this for one packet are not enumerated: the verdict is unknown."""
_JUMPS = 4096
"""More calls and gotos than this in one stage are a loop, or as good as one: the verdict is unknown."""
_TURNED = {
    Traffic.THROUGH: Traffic.THROUGH,
    Traffic.TO_DEVICE: Traffic.FROM_DEVICE,
    Traffic.FROM_DEVICE: Traffic.TO_DEVICE,
}
"""The kind of traffic that replies are."""


class Verdict(StrEnum):
    """What becomes of a packet."""

    PERMIT = "permit"
    DENY = "deny"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One decision on a packet's way: the stage, the chain and rule index (None: the stage's default), its words.

    `sure` is False where the decision was reached only because some condition was taken to hold, or not to hold.
    """

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
    """A packet's way through one world: whether it gets out, as what, and by which interface.

    `replies` tells whether every stateful filter on the way lets the replies pass unseen. `tags` are those that
    translations gave: they belong to the connection, so that its replies carry them too (`ct status dnat`).
    """

    permitted: bool
    replies: bool
    steps: tuple[Step, ...]
    packet: Packet
    egress: str | None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All worlds of one packet; `complete` is False where there are more than were enumerated."""

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
        return self.complete and bool(self.paths) and all(path.permitted for path in self.paths)

    @property
    def possible(self) -> bool:
        """Tell whether some world permits."""
        return not self.complete or any(path.permitted for path in self.paths)


class Candidates(Protocol):
    """Which rules of a chain can match a packet at all, so that a walk need not visit the others."""

    def following(self, chain: Chain, packet: Packet, index: int) -> int:
        """Give the first rule from an index on whose addresses and services may match; the chain's length if none."""
        ...


class _EveryRule:
    """Visits every rule."""

    def following(self, chain: Chain, packet: Packet, index: int) -> int:  # noqa: ARG002 - the promise of Candidates
        return index


@dataclass(frozen=True, slots=True, kw_only=True)
class Walker:
    """What stays the same along one packet's way, and between packets: routes, names of interfaces, cuts."""

    firewall: Firewall
    table: tuple[tuple[AddressSet, str], ...]
    cuts: Cuts
    original: Packet
    ingress: str
    facts: Facts
    forced: str | None = None
    traffic: Traffic = Traffic.THROUGH
    first: Packet | None = None
    candidates: Candidates = field(default_factory=_EveryRule)
    names: dict[str | None, frozenset[str]] = field(default_factory=dict)

    def route(self, destination: int) -> str | None:
        """Give the interface that a destination leaves by."""
        if self.forced is not None:
            return self.forced
        return next((name for addresses, name in self.table if destination in addresses), None)

    def labels(self, name: str | None) -> frozenset[str]:
        """Give every name by which a rule may mean an interface."""
        known = self.names.get(name)
        if known is None:
            known = self.names[name] = self.firewall.labels(name) if name is not None else frozenset()
        return known

    def judgement(self, tags: frozenset[str] = frozenset()) -> Judgement:
        """Walk every world of a packet that arrives with tags."""
        egress = self.route(self.original.destination)
        return _judgement(self, Position(packet=self.original, egress=egress, tags=tags))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A packet between two stages; `lasting` are the tags that translations gave."""

    packet: Packet
    egress: str | None
    tags: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    replies: bool = True
    steps: tuple[Step, ...] = ()

    def path(self, *, permitted: bool) -> Path:
        """Give the way that ends here."""
        return Path(
            permitted=permitted,
            replies=self.replies,
            steps=self.steps,
            packet=self.packet,
            egress=self.egress,
            tags=self.lasting,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """What decided in one world: a rule of a chain, or (None) the stage's default."""

    chain: Chain | None
    index: int | None
    rule: Rule | None
    position: Position
    sure: bool


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


def judge(
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
    egress table) gives the routes in force. Raises KeyError for a jump to a chain that the stage does not have.
    """
    routes = firewall.egress_table() if table is None else table
    walker = Walker(
        firewall=firewall,
        table=routes,
        cuts=route_cuts(firewall, routes),
        original=packet,
        ingress=ingress,
        facts=facts or {},
        forced=egress,
        traffic=traffic,
    )
    return walker.judgement()


def judge_reply(
    firewall: Firewall,
    packet: Packet,
    ingress: str,
    path: Path,
    *,
    facts: Facts | None = None,
    traffic: Traffic = Traffic.THROUGH,
) -> Judgement:
    """Judge the first reply to a packet that took a path: the header reversed, the state established.

    `packet`, `ingress` and `traffic` are those of the connection's first packet, as given to `judge`. Stateful filters
    let the reply pass where the path's permits carry replies. Connection tracking undoes translations at the stages
    that translate the side in question (a placeholder rule that no new packet matches will do): the reply's
    destination at the arrival where no stage translates destinations, its source nowhere where none translates sources.
    """
    turned = _TURNED[traffic]
    stages = tuple(stage for stage in firewall.stages if stage.translates or not (stage.stateful and path.replies))
    reply = reply_to(path.packet)
    if not any(translates(stage, Side.DESTINATION) and stage.traffic is turned for stage in stages):
        reply = undone(reply, packet, Side.DESTINATION)
    walker = Walker(
        firewall=replace(firewall, stages=stages, bypasses=()),
        table=(),
        cuts=Cuts(firewall),
        original=reply,
        ingress=(path.egress or "") if turned is not Traffic.FROM_DEVICE else "",
        facts=facts or {},
        forced=ingress if turned is not Traffic.TO_DEVICE else None,
        traffic=turned,
        first=packet,
    )
    return walker.judgement(path.tags)


def route_cuts(firewall: Firewall, table: tuple[tuple[AddressSet, str], ...]) -> Cuts:
    """Give the cuts of a firewall's sets and of a route table."""
    return Cuts(firewall, (cut for part, _ in table for low, high in part.intervals for cut in (low, high + 1)))


def _judgement(walker: Walker, start: Position) -> Judgement:
    paths: dict[Path, None] = {}
    try:
        for count, (position, permitted) in enumerate(_worlds(walker, start, 0)):
            if count == _WORLDS:
                return Judgement(paths=tuple(paths), complete=False)
            paths[position.path(permitted=permitted)] = None
    except UnsettledError:
        return Judgement(paths=tuple(paths), complete=False)
    for path in _bypasses(walker, start):
        paths[path] = None
    return Judgement(paths=tuple(paths))


def _bypasses(walker: Walker, start: Position) -> Iterator[Path]:
    packet = walker.original
    for bypass in walker.firewall.bypasses:
        if (
            packet.source in bypass.source
            and packet.destination in bypass.destination
            and bypass.services.contains(packet.protocol, packet.source_port, packet.port)
            and (bypass.ingress is None or bypass.ingress & walker.labels(walker.ingress))
            and (bypass.egress is None or bypass.egress & walker.labels(start.egress))
        ):
            step = Step(
                stage="bypass", chain="", index=None, text=bypass.text, span=bypass.span, permits=True, sure=False
            )
            yield replace(start, steps=(step,)).path(permitted=True)


def _worlds(walker: Walker, position: Position, number: int) -> Iterator[tuple[Position, bool]]:
    """Give the end of each world from stage `number` on."""
    stages = walker.firewall.stages
    while number < len(stages):
        stage = stages[number]
        number += 1
        if stage.traffic is not walker.traffic:
            continue
        if walker.first is not None and stage.translates:
            position = replace(position, packet=_undo(stage, position.packet, walker.first))
        elif (stage.ingress is None or stage.ingress & walker.labels(walker.ingress)) and (
            stage.egress is None or stage.egress & walker.labels(position.egress)
        ):
            for after, passed in _stage_worlds(walker, stage, position):
                if passed:
                    yield from _worlds(walker, after, number)
                else:
                    yield after, False
            return
    if position.egress is None and walker.traffic is Traffic.THROUGH:
        step = Step(stage="routing", chain="", index=None, text="no route to the destination", span=None, permits=False)
        yield replace(position, steps=(*position.steps, step)), False
        if walker.firewall.routes_complete:
            return
    yield position, True


def _undo(stage: Stage, reply: Packet, first: Packet) -> Packet:
    for side in Side:
        if translates(stage, side):
            reply = undone(reply, first, side)
    return reply


def _stage_worlds(walker: Walker, stage: Stage, position: Position) -> Iterator[tuple[Position, bool]]:
    """Give, per world, the position after a stage and whether the packet passed it."""
    for decision in _decisions(walker, stage, position):
        rule = decision.rule
        do = stage.default if rule is None else rule.do
        step = Step(
            stage=stage.name,
            chain=decision.chain.name if decision.chain else "",
            index=decision.index,
            text=stage.default_name if rule is None else rule.name,
            span=stage.default_span if rule is None else rule.span,
            permits=not isinstance(do, Deny),
            translates=stage.translates,
            sure=decision.sure,
        )
        at = decision.position
        carries = not stage.stateful or stage.translates or not isinstance(do, Permit) or do.replies
        after = replace(at, steps=(*at.steps, step), replies=at.replies and carries)
        if rule is not None and isinstance(do, Rewrite):
            yield from ((moved, True) for moved in _moved(walker, do, rule.possible, after))
        else:
            yield after, step.permits


def _decisions(walker: Walker, stage: Stage, position: Position) -> Iterator[_Decision]:
    """Give each world's decision in a stage; `frames` are the callers' places to go on from."""
    if not stage.chains:
        yield _Decision(chain=None, index=None, rule=None, position=position, sure=True)
        return
    pending: list[tuple[Chain, int, tuple[tuple[Chain, int], ...], Position, bool]]
    pending = [(stage.chains[0], 0, (), position, True)]
    packet = walker.original if stage.sees is View.ORIGINAL else position.packet
    jumps = 0
    while pending:
        chain, index, frames, position, sure = pending.pop()
        while True:
            index = walker.candidates.following(chain, packet, index)
            if index >= len(chain.rules):
                if not frames:
                    yield _Decision(chain=None, index=None, rule=None, position=position, sure=sure)
                    break
                (chain, index), frames = frames[-1], frames[:-1]
                continue
            taken = _takes(walker, chain, index, packet, position)
            if taken is False:
                index += 1
                continue
            if taken is None:
                sure = False
                pending.append((chain, index + 1, frames, position, sure))  # the world in which it does not match
            rule = chain.rules[index]
            match rule.do:
                case Call(chain=name) | Goto(chain=name):
                    if isinstance(rule.do, Call):
                        frames = (*frames, (chain, index + 1))
                    jumps += 1
                    if jumps > _JUMPS or len(frames) > len(stage.chains):
                        raise UnsettledError  # a jump loop: a kernel refuses it, a saved text may hold it
                    chain, index = stage.chain(name), 0
                case Return():
                    index = len(chain.rules)
                case Mark(tag=tag):
                    position = replace(position, tags=position.tags | {tag})
                    index += 1
                case _:
                    yield _Decision(chain=chain, index=index, rule=rule, position=position, sure=sure)
                    break


def _takes(walker: Walker, chain: Chain, index: int, packet: Packet, position: Position) -> bool | None:
    """Tell whether a rule matches: surely, surely not, or (None) perhaps."""
    ingress, egress = walker.labels(walker.ingress), walker.labels(position.egress)
    if not matches(chain.rules.possible(index), packet, ingress, egress, position.tags):
        return False
    sure = chain.rules[index].sure_match(walker.facts)
    return True if sure is not None and matches(sure, packet, ingress, egress, position.tags) else None


def _moved(walker: Walker, do: Rewrite, match: Match, position: Position) -> Iterator[Position]:
    """Give the position after a translation: one for each piece of what the packet may become."""
    given = frozenset({do.tag} if do.tag else ())
    for packet in rewritten(do, match, position.packet, walker.cuts):
        egress = position.egress
        if do.side is Side.DESTINATION:
            routed = do.egress is None or walker.forced is not None
            egress = walker.route(packet.destination) if routed else do.egress
        tags, lasting = position.tags | given, position.lasting | given
        yield replace(position, packet=packet, tags=tags, lasting=lasting, egress=egress)
