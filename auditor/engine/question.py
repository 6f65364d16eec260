"""What one run through a stage asks, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from auditor.engine.entries import Lists

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auditor.engine.cells import Cell
    from parsers.model.addresses import AddressSet
    from parsers.model.conditions import ConditionKind, Facts
    from parsers.model.rules import Match, Stage, State
    from parsers.model.services import ServiceSet

__all__ = ["NO_GRID", "Budget", "BudgetError", "Grid", "Hit", "Mode", "Question", "fits"]


class Mode(StrEnum):
    """Which bound of the traffic is wanted.

    SURE: what every world permits. POSSIBLE: what some world permits. REACH: which rules some packet can reach (each
    rule before takes only what it surely matches).
    """

    SURE = "sure"
    POSSIBLE = "possible"
    REACH = "reach"


class Grid(NamedTuple):
    """Sets that what is found will be held against later: along their edges, too, traffic is cut into atoms."""

    addresses: tuple[AddressSet, ...]
    services: tuple[ServiceSet, ...]


NO_GRID = Grid((), ())


class BudgetError(Exception):
    """The stated amount of work is used up: what was asked is not decided."""


@dataclass(slots=True)
class Budget:
    """Counts down the work of one question; one unit is one product of masks looked at."""

    left: int

    def spend(self, units: int) -> None:
        """Take units away; raises BudgetError when none are left."""
        self.left -= units
        if self.left < 0:
            raise BudgetError


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is the same for all traffic in one run through a stage.

    `until` (chain, index) leaves out the rules of that chain behind it; with `layers` permits are told of but take
    nothing, so that those behind them are told of too. `scope` gives, by chain, the only rules that can matter (None:
    every rule); `reached` collects, where it is given, the rules that decide something. `lists` keeps what was made of
    a stage's rules for the next question like this one.
    """

    stage: Stage
    mode: Mode
    state: State
    ingress: frozenset[str]
    egress: frozenset[str]
    facts: Facts
    accepted: frozenset[ConditionKind] = frozenset()
    until: tuple[str, int] | None = None
    layers: bool = False
    scope: Mapping[str, Sequence[int]] | None = None
    reached: set[tuple[str, int]] | None = None
    budget: Budget = field(default_factory=lambda: Budget(1 << 62))
    grid: Grid = NO_GRID
    lists: Lists = field(default_factory=Lists)


class Hit(NamedTuple):
    """A part of one piece of traffic and what decided it (chain and rule empty: the stage's default)."""

    number: int
    tags: frozenset[str]
    cell: Cell
    chain: str
    rule: int | None
    sure: bool


def fits(question: Question, match: Match) -> bool:
    """Tell whether a match takes traffic with the question's interfaces and state."""
    return (
        question.state in match.states
        and (match.ingress is None or bool(match.ingress & question.ingress))
        and (match.egress is None or bool(match.egress & question.egress))
    )
