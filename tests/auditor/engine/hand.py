"""Firewalls and rows written by hand, in the addresses of the small world, for tests that say what must come out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.engine.cells import size, subtract
from auditor.engine.holdings import hold
from auditor.engine.surplus import Surplus, find_surplus
from auditor.engine.survey import Survey
from auditor.engine.verdicts import Judged, judge_rows
from parsers.model.addresses import ANY, AddressSet
from parsers.model.capture import Capture, Document, Span
from parsers.model.firewall import Firewall
from parsers.model.rules import Chain, Deny, Match, Permit, Rule, Rules, Stage
from parsers.model.services import ANY_SERVICE, TCP, ServiceSet
from tests.auditor.engine.tiny import INTERFACES, ROUTES, asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from auditor.baseline.rows import ResolvedRow
    from auditor.engine.cells import Cell
    from auditor.engine.flows import Decision
    from parsers.model.conditions import Condition

__all__ = ["CAPTURE", "Asked", "ask", "deny", "firewall", "line", "packets_of", "permit", "tcp"]

CAPTURE = Capture(documents=(Document(name="fw.txt", text="\n".join(f"line {n}" for n in range(1, 100))),))


def tcp(*ports: int | tuple[int, int]) -> ServiceSet:
    """Give TCP ports."""
    return ServiceSet.protocol(TCP, *((port, port) if isinstance(port, int) else port for port in ports))


def permit(
    number: int,
    source: AddressSet = ANY,
    destination: AddressSet = ANY,
    services: ServiceSet = ANY_SERVICE,
    why: tuple[Condition, ...] = (),
    sure: Match | None = None,
) -> Rule:
    """Give a permit on a line."""
    match = Match(source=source, destination=destination, services=services)
    span = Span(first=number, last=number)
    return Rule(do=Permit(replies=True), possible=match, sure=sure, conditions=why, span=span)


def deny(
    number: int,
    source: AddressSet = ANY,
    destination: AddressSet = ANY,
    services: ServiceSet = ANY_SERVICE,
    why: tuple[Condition, ...] = (),
    sure: Match | None = None,
) -> Rule:
    """Give a deny on a line."""
    return replace(permit(number, source, destination, services, why, sure), do=Deny())


def firewall(**lists: Sequence[Rule]) -> Firewall:
    """Give a firewall whose interfaces filter what comes in by lists that end in an implicit deny."""
    stages = (
        Stage(
            name=f"in {name}",
            chains=(Chain(name="list", rules=Rules.of(*lists.get(name, ()))),),
            ingress=frozenset({name}),
        )
        for name in ("outside", "dmz", "inside")
    )
    return Firewall(platform="test", interfaces=INTERFACES, routes=ROUTES, stages=tuple(stages))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the engine says of a firewall and some rows."""

    survey: Survey
    judged: tuple[Judged, ...]
    surplus: tuple[Surplus, ...]

    def row(self, number: str) -> Judged:
        """Give the judgement of a row."""
        return next(item for item in self.judged if item.row.id == number)

    def open(self) -> dict[tuple[str, int | None, str], int]:
        """Give the packets of each surplus by kind, line of its owner (None: implicit) and row."""
        return {
            (item.kind.value, line(self.survey, item.owner), item.row.id if item.row is not None else ""): packets_of(
                part.flow.arrival for part in item.parts
            )
            for item in self.surplus
        }


def ask(device: Firewall, *rows: ResolvedRow, declared: bool = True) -> Asked:
    """Ask a firewall about rows."""
    survey = Survey.of(device, asked(rows, declared=declared))
    holdings = hold(survey)
    judged = judge_rows(survey, holdings)
    return Asked(survey=survey, judged=tuple(judged), surplus=tuple(find_surplus(survey, holdings, judged)))


def line(survey: Survey, decision: Decision) -> int | None:
    """Give the line of a decision, None for an implicit one."""
    if decision.stage < 0 or decision.index is None:
        return None
    span = survey.firewall.stages[decision.stage].chain(decision.chain).rules.span(decision.index)
    return span.first if span else None


def packets_of(cells: Iterable[Cell]) -> int:
    """Count the packets of cells that may overlap."""
    apart: list[Cell] = []
    for cell in cells:
        apart += subtract([cell], apart)
    return size(apart)
