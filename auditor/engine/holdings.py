"""What a survey found, per pair of sides, in the hosts' own addresses and with the replies judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.deployment.site import LOCAL_SIDE
from auditor.engine.cells import Cell
from auditor.engine.flows import restrict
from auditor.engine.question import Mode
from auditor.engine.survey import ROUTABLE, Crossing, Pair, Survey
from parsers.model.addresses import AddressSet
from parsers.model.rules import Traffic, View
from parsers.model.services import ANY_SERVICE

if TYPE_CHECKING:
    from auditor.engine.flows import Flow
    from parsers.model.conditions import ConditionKind, Facts

__all__ = ["Holdings", "Part", "conditional", "hold", "traffic_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A permitted part of traffic in own addresses, with the crossing that it is a part of.

    `forward` is what the first packets may do; `own` what also gets its replies.
    """

    crossing: Crossing
    forward: Cell
    own: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Permitted parts by pair: surely, surely where accepted conditions are met, and possibly."""

    sure: dict[Pair, list[Part]]
    possible: dict[Pair, list[Part]]
    accepted: dict[Pair, list[Part]] = field(default_factory=dict)


def hold(survey: Survey, cells: dict[str, list[Cell]] | None = None, facts: Facts | None = None) -> Holdings:
    """Ask both bounds of everything that matters (or of the given cells by side name)."""
    accept = survey.question.accept
    sure = _parts(survey, Mode.SURE, cells, facts)
    if not conditional(survey):
        return Holdings(sure=sure, possible=sure, accepted=sure)
    possible = _parts(survey, Mode.POSSIBLE, cells, facts)
    accepted = _parts(survey, Mode.SURE, cells, facts, accept) if accept else sure
    return Holdings(sure=sure, possible=possible, accepted=accepted)


def conditional(survey: Survey) -> bool:
    """Tell whether the sure and the possible can differ at all."""
    firewall = survey.firewall
    return (
        bool(firewall.bypasses)
        or not firewall.routes_complete
        or any(chain.rules.conditional() for stage in firewall.stages for chain in stage.chains)
    )


def _parts(
    survey: Survey,
    mode: Mode,
    cells: dict[str, list[Cell]] | None,
    facts: Facts | None,
    accepted: frozenset[ConditionKind] = frozenset(),
) -> dict[Pair, list[Part]]:
    walk = survey.walk(mode, facts=facts, accepted=accepted)
    found: dict[Pair, list[Part]] = {}
    for crossing in survey.permitted(walk, cells):
        here = replace(walk, traffic=traffic_of(crossing.pair))
        for flow in _reachable(survey, crossing):
            part = replace(crossing, flow=flow)
            own = tuple(here.replies(crossing.ingress, flow))
            found.setdefault(crossing.pair, []).append(Part(crossing=part, forward=flow.own, own=own))
    return found


def traffic_of(pair: Pair) -> Traffic:
    """Give which stages traffic between two sides enters: of the device itself, or through it."""
    if pair.destination == LOCAL_SIDE:
        return Traffic.TO_DEVICE
    return Traffic.FROM_DEVICE if pair.source == LOCAL_SIDE else Traffic.THROUGH


def _reachable(survey: Survey, crossing: Crossing) -> list[Flow]:
    """Take out what nothing can send: from the Internet to an address that is not routed there (RFC 1918)."""
    flow = crossing.flow
    side = next(item for item in survey.question.sides if item.name == crossing.pair.source)
    if not side.internet:
        return [flow]
    hidden = flow.arrival.destination - ROUTABLE - _published_elsewhere(survey)
    senders = flow.arrival.source & survey.question.internet
    if not hidden or not senders:
        return [flow]
    keep = flow.arrival.minus(Cell(senders, hidden, ANY_SERVICE))
    return [restrict(flow, cell, View.ORIGINAL) for cell in keep]


def _published_elsewhere(survey: Survey) -> AddressSet:
    return AddressSet.join(item.host for item in survey.question.published)
