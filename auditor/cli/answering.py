"""The answer to a question about one packet, or about the reply to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.model.interpreter import Judgement, judge, judge_reply
from parsers.model.rules import Traffic

if TYPE_CHECKING:
    from auditor.cli.packets import Asked, Interfaces
    from parsers.model.firewall import Firewall
    from parsers.model.interpreter import Path

__all__ = ["Answer", "answer", "reply_judgement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A packet's judgement; where it is unknown for want of a model or a route, `why` says so and it has no paths.

    `replies` holds, for each path that permits, the judgement of the first reply (empty unless asked for).
    """

    judgement: Judgement
    why: str = ""
    replies: tuple[tuple[Path, Judgement], ...] = ()


_UNKNOWN = Judgement(paths=(), complete=False)


def answer(firewall: Firewall, interfaces: Interfaces, asked: Asked, *, established: bool = False) -> Answer:
    """Judge a packet; with `established`, the first reply of its connection too."""
    traffic = asked.traffic
    ingress = asked.ingress or ""
    if traffic is not Traffic.FROM_DEVICE and asked.ingress is None:
        return Answer(judgement=_UNKNOWN, why="no route leads to its source, so nobody knows where it arrives (--in)")
    if traffic is Traffic.TO_DEVICE and _passes_on(firewall, interfaces, asked):
        traffic = Traffic.THROUGH
    if traffic is not Traffic.THROUGH and not any(stage.traffic is traffic for stage in firewall.stages):
        return Answer(judgement=_UNKNOWN, why="it concerns the firewall itself, whose own access is not judged")
    judgement = judge(firewall, asked.packet, ingress, egress=asked.egress, traffic=traffic, table=interfaces.table)
    if not established:
        return Answer(judgement=judgement)
    replies = tuple(
        (path, judge_reply(firewall, asked.packet, ingress, path, traffic=traffic))
        for path in judgement.paths
        if path.permitted
    )
    return Answer(judgement=judgement, replies=replies)


def _passes_on(firewall: Firewall, interfaces: Interfaces, asked: Asked) -> bool:
    """Tell whether a packet to the device's own address is translated to somebody else's."""
    judgement = judge(firewall, asked.packet, asked.ingress or "", egress=asked.egress, table=interfaces.table)
    return any(path.packet.destination != asked.packet.destination for path in judgement.paths)


def reply_judgement(found: Answer) -> Judgement:
    """Give what becomes of the reply: where no connection comes about there is none, and the refusal stands."""
    refused = tuple(path for path in found.judgement.paths if not path.permitted)
    paths = (*refused, *(path for _, judgement in found.replies for path in judgement.paths))
    complete = found.judgement.complete and all(judgement.complete for _, judgement in found.replies)
    return Judgement(paths=paths, complete=complete)
