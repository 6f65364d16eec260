"""Denies that keep some of the Internet out for every service: a blocklist restricts a row, it does not break it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.engine.cells import Cell, intersect
from auditor.engine.question import Mode
from parsers.model.rules import Deny
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from auditor.baseline.rows import ResolvedRow
    from auditor.engine.flows import Decision
    from auditor.engine.survey import Pair, Survey
    from parsers.model.capture import Span
    from parsers.model.rules import Rule

__all__ = ["Restriction", "blocked", "deciding_rule", "line_of", "restrictions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """One deny rule and what it takes of a row, per pair of sides."""

    decision: Decision
    taken: dict[Pair, list[Cell]] = field(default_factory=dict)


def deciding_rule(survey: Survey, decision: Decision) -> Rule | None:
    """Give the rule of a decision, None for an implicit one."""
    if decision.stage < 0 or decision.index is None:
        return None
    return survey.firewall.stages[decision.stage].chain(decision.chain).rules[decision.index]


def line_of(survey: Survey, decision: Decision) -> Span | Decision:
    """Give the line that a decision stands on, which several rules and stages may share; without one, itself."""
    if decision.stage < 0 or decision.index is None:
        return decision
    return survey.firewall.stages[decision.stage].chain(decision.chain).rules.span(decision.index) or decision


def blocked(survey: Survey, holes: dict[Pair, list[Cell]], mode: Mode) -> list[tuple[Pair, Decision, Cell]]:
    """Give who drops traffic (in own addresses) that does not pass, and which part of it each drops.

    A translated way in is preferred: where a host is published, the untranslated one is not the one that matters.
    """
    found: list[tuple[Pair, Decision, Cell]] = []
    walk = survey.walk(mode, denies=True)
    for pair, cells in holes.items():
        dropped = [
            (outcome.flow, outcome.dropped_by)
            for ingress, outcome in survey.arrive(walk, pair, cells)
            if outcome.dropped_by is not None
        ]
        translated = [item for item in dropped if item[0].translations]
        for flow, decision in translated or dropped:
            found += [(pair, decision, common) for common in intersect([flow.own], cells)]
    return found


def restrictions(survey: Survey, row: ResolvedRow, holes: dict[Pair, list[Cell]]) -> list[Restriction]:
    """Give the denies of a proper part of Internet, for all of the row's protocol, that explain holes of a row.

    Empty where the row's peer is not the Internet (semantics: section 1).
    """
    internet = survey.question.internet
    inbound = any(internet & region.source for region in row.required)
    outbound = any(internet & region.destination for region in row.required)
    if not inbound and not outbound:
        return []
    found: dict[Decision, dict[Pair, list[Cell]]] = {}
    for pair, decision, cell in blocked(survey, holes, Mode.POSSIBLE):
        rule = deciding_rule(survey, decision)
        if rule is None:
            continue
        peer = rule.possible.source if inbound else rule.possible.destination
        protocols = _whole_protocols(cell.services)
        if internet <= peer or not protocols <= _denied(survey, decision, rule):
            continue
        found.setdefault(decision, {}).setdefault(pair, []).append(cell)
    return [Restriction(decision=decision, taken=taken) for decision, taken in found.items()]


def _denied(survey: Survey, decision: Decision, rule: Rule) -> ServiceSet:
    """Give the services that the rules of one line deny between the same addresses: a line may be several rules."""
    rules = survey.firewall.stages[decision.stage].chain(decision.chain).rules
    found, start = rule.possible.services, decision.index or 0
    if rule.span is None:
        return found
    for step in (-1, 1):
        index = start + step
        while 0 <= index < len(rules) and rules.span(index) == rule.span:
            other = rules[index]
            same = (other.possible.source, other.possible.destination) == (
                rule.possible.source,
                rule.possible.destination,
            )
            if same and isinstance(other.do, Deny):
                found |= other.possible.services
            index += step
    return found


def _whole_protocols(services: ServiceSet) -> ServiceSet:
    numbers = {number for box in services.boxes for number in range(box.protocols[0], box.protocols[1] + 1)}
    return ServiceSet.join(ServiceSet.protocol(number) for number in numbers)
