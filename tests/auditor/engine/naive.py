"""What the semantics say of a small world, packet by packet, with nothing of the engine in it.

Verdicts, surplus and who owns it are read off the interpreter's verdict on one packet of each piece.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.baseline.rows import Requirement
from auditor.deployment.internet import INTERNET_BASE
from parsers.model.addresses import ANY4, ANY6, NONE
from parsers.model.capture import Span
from parsers.model.interpreter import judge_reply
from parsers.model.lookup import Lookup
from parsers.model.rules import Chain, Deny, Match, Permit, Rules
from parsers.model.services import TCP, ServiceSet
from tests.auditor.engine.tiny import INTERNET, PROTECTED, PUBLISHED, Piece, packets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.baseline.rows import Region, ResolvedRow
    from auditor.deployment.site import Question, SideSpec
    from parsers.model.addresses import AddressSet
    from parsers.model.firewall import Firewall
    from parsers.model.interpreter import Path
    from parsers.model.packets import Packet
    from parsers.model.rules import Rule

__all__ = ["Answer", "Naive", "Owner"]

Owner = Span | str
"""The line that opens traffic; the stage's name for its default, nothing where nothing filters."""
Between = tuple[str, str]
Own = tuple["AddressSet", "AddressSet", ServiceSet]
"""A piece in the hosts' own addresses."""
_BEST = ("present", "not-assessable", "partial", "missing", "not-applicable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A row's verdict, its verdict by pair of sides, how much of it is a hole, and the denies that only restrict it."""

    verdict: str
    cuts: dict[Between, str] = field(default_factory=dict)
    holes: int = 0
    restricted: frozenset[Owner] = frozenset()
    served: frozenset[Own] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crossed:
    """A piece that possibly leaves by another side than it came in by."""

    piece: Piece
    between: Between
    own: Own
    sure: bool
    owner: Owner
    answered: bool
    surely_answered: bool
    accepted: bool


class Naive:
    """One firewall and one question, every piece judged."""

    def __init__(self, firewall: Firewall, question: Question) -> None:
        """Judge every piece that enters by the side where its source stands."""
        self._question = question
        self._firewall = firewall
        conditional = any(chain.rules.conditional() for stage in firewall.stages for chain in stage.chains)
        self._actual = self._ceiling = self._accepted = Lookup(firewall)
        if conditional:
            self._ceiling = Lookup(_changed(firewall, _most))
            self._accepted = Lookup(_changed(firewall, lambda rule: _met(rule, question)))
        self._answers: dict[str, Answer] = {}
        self._pieces = packets()
        self._places = {_place(piece.packet): piece for piece in self._pieces}
        self._crossed: list[_Crossed] = []
        self._denied: dict[Own, tuple[Rule, Rules]] = {}
        for piece in self._pieces:
            self._enter(piece)
        self._by_own: dict[Own, list[_Crossed]] = defaultdict(list)
        for item in self._crossed:
            self._by_own[item.own].append(item)

    def _side(self, addresses: AddressSet) -> SideSpec | None:
        return next((side for side in self._question.sides if addresses <= side.addresses), None)

    def _enter(self, piece: Piece) -> None:
        side = self._side(piece.source)
        assert side is not None
        if side.internet and piece.source <= INTERNET and not piece.destination <= INTERNET_BASE:
            return  # nobody on the Internet can send to it
        if piece.destination <= side.addresses - PUBLISHED:
            return  # it stays on its side
        ingress = side.interfaces[0]
        judgement = self._actual.judge(piece.packet, ingress)
        most = self._ceiling.judge(piece.packet, ingress).paths[0]
        if not judgement.possible:
            step = most.steps[-1]
            if step.index is not None:
                stage = next(item for item in self._firewall.stages if item.name == step.stage)
                rules = stage.chain(step.chain).rules
                self._denied[_own(piece)] = (rules[step.index], rules)
            return
        leaves = next(item for item in self._question.sides if most.egress in item.interfaces)
        if leaves.name == side.name:
            return
        replies = [self._replies(piece.packet, ingress, path) for path in judgement.paths if path.permitted]
        delivered = self._places[_place(most.packet)]
        self._crossed.append(
            _Crossed(
                piece=piece,
                between=(side.name, leaves.name),
                own=(piece.source, delivered.destination, delivered.services),
                sure=judgement.sure,
                owner=_owner(most),
                answered=any(possible for _, possible in replies),
                surely_answered=all(sure for sure, _ in replies),
                accepted=self._accepted.judge(piece.packet, ingress).sure,
            )
        )

    def _replies(self, packet: Packet, ingress: str, path: Path) -> tuple[bool, bool]:
        if path.replies and all(stage.stateful for stage in self._firewall.stages):
            return True, True
        judgement = judge_reply(self._firewall, packet, ingress, path)
        return judgement.sure, judgement.possible

    # -- rows -----------------------------------------------------------------------------------------------------

    def answer(self, row: ResolvedRow) -> Answer:
        """Give the verdict of a row."""
        if row.id not in self._answers:
            self._answers[row.id] = self._answer(row)
        return self._answers[row.id]

    def _answer(self, row: ResolvedRow) -> Answer:
        if row.requirement is not Requirement.REQUIRED:
            return Answer(verdict="not-required")
        answers = [self._option(option) for option in row.alternatives or (row.required,)]
        return min(answers, key=lambda item: _BEST.index(item.verdict))

    def _option(self, regions: tuple[Region, ...]) -> Answer:
        cuts: dict[Between, list[Piece]] = defaultdict(list)
        for piece in self._pieces:
            source, destination = self._side(piece.source), self._side(piece.destination)
            if source is None or destination is None or source.name == destination.name:
                continue
            if source.declared and destination.declared and any(_within(piece, region) for region in regions):
                cuts[source.name, destination.name].append(piece)
        if not cuts:
            return Answer(verdict="not-applicable")
        found = self._judged(cuts)
        if found.verdict == "present":
            return found
        takers = {
            id(piece): owner
            for pieces in cuts.values()
            for piece in pieces
            if not self._passes(piece) and (owner := self._restricts(piece)) is not None
        }
        rest = {between: [piece for piece in pieces if id(piece) not in takers] for between, pieces in cuts.items()}
        if takers and _mostly(cuts, rest):
            again = self._judged({between: pieces for between, pieces in rest.items() if pieces})
            if again.verdict == "present":
                return replace(again, restricted=frozenset(takers.values()))
        return found

    def _judged(self, cuts: dict[Between, list[Piece]]) -> Answer:
        everything = [piece for pieces in cuts.values() for piece in pieces]
        verdict = self._verdict(everything)
        holes = 0
        if verdict == "not-assessable":
            holes = sum(piece.size for piece in everything if not self._surely(piece))
        elif verdict != "present":
            holes = sum(piece.size for piece in everything if not self._passes(piece))
        return Answer(
            verdict=verdict,
            cuts={between: self._verdict(pieces) for between, pieces in cuts.items()},
            holes=holes,
            served=frozenset(_own(piece) for piece in everything if self._passes(piece)),
        )

    def _verdict(self, pieces: list[Piece]) -> str:
        if all(self._surely(piece) or self._if_accepted(piece) for piece in pieces):
            return "present"
        if all(self._passes(piece) for piece in pieces):
            return "not-assessable"
        return "partial" if any(self._passes(piece) for piece in pieces) else "missing"

    def _passes(self, piece: Piece) -> bool:
        return any(item.answered for item in self._by_own[_own(piece)])

    def _surely(self, piece: Piece) -> bool:
        return any(item.sure and item.surely_answered for item in self._by_own[_own(piece)])

    def _if_accepted(self, piece: Piece) -> bool:
        return any(item.accepted and item.answered for item in self._by_own[_own(piece)])

    def _restricts(self, piece: Piece) -> Owner | None:
        """Give the deny that takes a piece, where it is of a proper part of the Internet and of all the protocol."""
        rule, rules = self._denied.get(_own(piece), (None, ()))
        if rule is None or rule.span is None or not piece.source <= INTERNET:
            return None
        match = rule.possible
        line = [
            other.possible.services
            for other in rules
            if other.span == rule.span
            and isinstance(other.do, Deny)
            and (other.possible.source, other.possible.destination) == (match.source, match.destination)
        ]
        part = bool(INTERNET - match.source) and ServiceSet.protocol(TCP) <= ServiceSet.join(line)
        return rule.span if part else None

    # -- surplus --------------------------------------------------------------------------------------------------

    def surplus(self) -> dict[tuple[str, Owner, str, Between], tuple[int, bool, frozenset[str]]]:
        """Give, by kind, owner, row and pair of sides, the packets, whether any is certain, and the rows served."""
        serves: dict[Owner, set[str]] = defaultdict(set)
        for row in self._question.rows:
            for own in self.answer(row).served:
                for item in self._by_own[own]:
                    if item.answered:
                        serves[item.owner].add(row.id)
        certain = {item.own for item in self._crossed if item.sure}
        sizes: dict[tuple[str, Owner, str, Between], int] = defaultdict(int)
        sure: dict[tuple[str, Owner, str, Between], bool] = defaultdict(bool)
        for item in self._crossed:
            found = self._kind(item, served=bool(serves[item.owner]))
            if found is not None:
                key = (found[0], item.owner, found[1], item.between)
                sizes[key] += item.piece.size
                sure[key] = sure[key] or item.own in certain
        return {
            key: (size, sure[key], frozenset({key[2]} if key[2] else serves[key[1]])) for key, size in sizes.items()
        }

    def _kind(self, item: _Crossed, *, served: bool) -> tuple[str, str] | None:
        source, destination, _ = item.own
        if source <= self._question.unreal_sources or not (source <= PROTECTED or destination <= PROTECTED):
            return None
        rows = self._question.rows
        if self._in(item, (region for row in rows if row.requirement in _ON for region in row.allowed)):
            return None
        for requirement, kind in ((Requirement.FORBIDDEN, "forbidden"), (Requirement.OFF, "extra")):
            for row in rows:
                if row.requirement is requirement and self._in(item, row.off):
                    return kind, row.id
        return ("over-broad" if served else "extra"), ""

    def _in(self, item: _Crossed, regions: Iterable[Region]) -> bool:
        source, destination, services = item.own
        return any(
            services <= region.services
            and self._end(source, region.source)
            and self._end(destination, region.destination)
            for region in regions
        )

    def _end(self, mine: AddressSet, named: AddressSet) -> bool:
        """Tell whether an end is meant: whoever names the Internet means all that can stand there, unprotected."""
        if mine <= named:
            return True
        side = self._side(mine)
        whole = any(INTERNET & family <= named for family in (ANY4, ANY6))
        return whole and side is not None and side.internet and not mine <= PROTECTED


_ON = frozenset({Requirement.REQUIRED, Requirement.ALLOWED})


def _place(packet: Packet) -> tuple[int, int, int, int, int]:
    return packet.source, packet.destination, packet.protocol, packet.source_port, packet.port


def _own(piece: Piece) -> Own:
    return piece.source, piece.destination, piece.services


def _within(piece: Piece, region: Region) -> bool:
    return (
        piece.source <= region.source and piece.destination <= region.destination and piece.services <= region.services
    )


def _mostly(cuts: dict[Between, list[Piece]], rest: dict[Between, list[Piece]]) -> bool:
    """Tell whether more than half is left of what each host is to be sent."""
    for between, pieces in cuts.items():
        for host in {piece.destination for piece in pieces}:
            wanted, left = (
                sum(item.size for item in items if item.destination == host) for items in (pieces, rest[between])
            )
            if wanted >= 2 * left:
                return False
    return True


def _owner(path: Path) -> Owner:
    filters = [step for step in path.steps if not step.translates]
    if not filters:
        return ""
    step = next((item for item in filters if item.index is not None), filters[0])
    return step.span or step.stage


# -- bounds -------------------------------------------------------------------------------------------------------


def _changed(firewall: Firewall, change: Callable[[Rule], Rule]) -> Firewall:
    return replace(
        firewall,
        stages=tuple(
            replace(
                stage,
                chains=tuple(
                    Chain(name=chain.name, rules=Rules.of(*(change(rule) for rule in chain.rules)))
                    for chain in stage.chains
                ),
            )
            for stage in firewall.stages
        ),
    )


def _most(rule: Rule) -> Rule:
    """Give a rule in the world that permits the most: conditions of permits hold, those of denies do not."""
    if not rule.conditions or isinstance(rule.do, Permit):
        return replace(rule, conditions=(), sure=None)
    assert isinstance(rule.do, Deny)
    return replace(rule, conditions=(), sure=None, possible=rule.sure or Match(source=NONE))


def _met(rule: Rule, question: Question) -> Rule:
    """Give a rule where the conditions that the site accepts hold for permits."""
    if isinstance(rule.do, Permit) and all(item.kind in question.accept for item in rule.conditions):
        return replace(rule, conditions=(), sure=None)
    return rule
