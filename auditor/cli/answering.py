"""The answer to a question about one packet, or about the reply to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.cli.packets import Interfaces
from parsers.model.interpreter import Judgement, judge_reply
from parsers.model.lookup import Lookup
from parsers.model.rules import Traffic

if TYPE_CHECKING:
    from auditor.cli.packets import Asked
    from parsers.model.firewall import Firewall
    from parsers.model.interpreter import Path

__all__ = ["Answer", "Answering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A packet's judgement; where it is unknown for want of a model or a route, `why` says so and it has no paths.

    `replies` holds, for each path that permits, the judgement of the first reply, if that was asked for; `reply` is
    then what becomes of the reply as a whole.
    """

    judgement: Judgement
    why: str = ""
    replies: tuple[tuple[Path, Judgement], ...] = ()
    reply: Judgement | None = None

    @property
    def asked_for(self) -> Judgement:
        """Give the judgement of what was asked: the reply, or the packet itself."""
        return self.judgement if self.reply is None else self.reply


_UNKNOWN = Judgement(paths=(), complete=False)


class Answering:
    """Answers questions about one firewall; what the first packet costs, the others save."""

    def __init__(self, firewall: Firewall) -> None:
        """Prepare the firewall."""
        self._firewall = firewall
        self.interfaces = Interfaces(firewall)
        self._lookup = Lookup(firewall, self.interfaces.table)
        self._modelled = {stage.traffic for stage in firewall.stages} | {Traffic.THROUGH}

    def answer(self, asked: Asked, *, established: bool = False) -> Answer:
        """Judge a packet; with `established`, the first reply of its connection."""
        traffic = asked.traffic
        ingress = asked.ingress or ""
        if traffic is not Traffic.FROM_DEVICE and asked.ingress is None:
            return Answer(
                judgement=_UNKNOWN, why="no route leads to its source, so nobody knows where it arrives (--in says)"
            )
        if traffic is Traffic.TO_DEVICE and self._passes_on(asked):
            traffic = Traffic.THROUGH
        if traffic not in self._modelled:
            return Answer(judgement=_UNKNOWN, why="it concerns the firewall itself, whose own access is not judged")
        judgement = self._lookup.judge(asked.packet, ingress, egress=asked.egress, traffic=traffic)
        if not established:
            return Answer(judgement=judgement)
        replies = tuple(
            (path, judge_reply(self._firewall, asked.packet, ingress, path, traffic=traffic))
            for path in judgement.paths
            if path.permitted
        )
        return Answer(judgement=judgement, replies=replies, reply=_reply(judgement, replies))

    def _passes_on(self, asked: Asked) -> bool:
        """Tell whether a packet to the device's own address is translated to somebody else's."""
        judgement = self._lookup.judge(asked.packet, asked.ingress or "", egress=asked.egress)
        return any(path.packet.destination != asked.packet.destination for path in judgement.paths)


def _reply(judgement: Judgement, replies: tuple[tuple[Path, Judgement], ...]) -> Judgement:
    """Give what becomes of the reply: where no connection comes about there is none, and the refusal stands."""
    refused = tuple(path for path in judgement.paths if not path.permitted)
    paths = (*refused, *(path for _, found in replies for path in found.paths))
    return Judgement(paths=paths, complete=judgement.complete and all(found.complete for _, found in replies))
