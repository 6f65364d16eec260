"""One generated configuration taken apart: what the exact engines of a comparison are given, the same for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.baseline.rows import Requirement
from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.engine.cells import Cell, size, subtract
from auditor.engine.entries import Entry
from auditor.engine.firstmatch import listed
from auditor.engine.linear import decide
from auditor.engine.question import Mode, Question
from auditor.engine.survey import Survey, cells_of
from parsers.model.capture import Capture, Document
from parsers.model.rules import State
from parsers.registry import platform
from tests.bench.bdd import Diagrams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from parsers.contract import Parsed
    from parsers.model.firewall import Firewall

__all__ = ["Case", "Task", "parse"]

Owner = tuple[int, str, int]
"""Task, chain and index of a rule."""


def parse(path: Path) -> Parsed:
    """Parse a configuration file."""
    return platform("cisco_asa").parse(Capture(documents=(Document(name=path.name, text=path.read_text()),)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Traffic that arrives at one filter, the rules of that filter that can matter, and which of them permit."""

    cell: Cell
    entries: Sequence[Entry]
    permits: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A firewall held against a site: every first-match question that its surplus hangs on."""

    firewall: Firewall
    survey: Survey
    tasks: tuple[Task, ...]
    allowed: tuple[Cell, ...]

    @classmethod
    def of(cls, firewall: Firewall, deployment: Path) -> Case:
        """Ask what an audit asks: by side and interface, the traffic from and to protected hosts."""
        site = load(deployment)
        asked = question(site, site.firewalls[0].name, firewall)
        survey = Survey.of(firewall, asked)
        rows = [row for row in asked.rows if row.requirement is not Requirement.FORBIDDEN]
        return cls(
            firewall=firewall,
            survey=survey,
            tasks=tuple(_tasks(survey)),
            allowed=tuple(cells_of(region for row in rows for region in row.allowed)),
        )

    def ours(self) -> dict[Owner, list[Cell]]:
        """Give what each rule permits beyond what is allowed, by the product's engine."""
        found: dict[Owner, list[Cell]] = {}
        for number, task in enumerate(self.tasks):
            for entry, cell in decide(task.entries, task.cell, lambda _: None)[0]:
                if (entry.chain, entry.rule) in task.permits:
                    extra = subtract([cell], self.allowed)
                    if extra:
                        found.setdefault((number, entry.chain, entry.rule), []).extend(extra)
        return found

    def theirs(self, diagrams: Diagrams) -> dict[Owner, object]:
        """Give the same as diagrams."""
        allowed = diagrams.union(self.allowed)
        found: dict[Owner, object] = {}
        for number, task in enumerate(self.tasks):
            for entry, node in diagrams.decide(task.entries, task.cell)[0]:
                if (entry.chain, entry.rule) in task.permits:
                    extra = node & ~allowed
                    if extra != diagrams.nothing:
                        found[number, entry.chain, entry.rule] = extra
        return found

    def sizes(self) -> dict[Owner, int]:
        """Count what each rule permits beyond what is allowed, by the product's engine."""
        return {owner: size(cells) for owner, cells in self.ours().items()}


def _tasks(survey: Survey) -> list[Task]:
    firewall = survey.firewall
    found: list[Task] = []
    for side in survey.question.sides:
        for interface in side.interfaces:
            labels = firewall.labels(interface)
            for number, stage in enumerate(firewall.stages):
                if stage.translates or stage.ingress is None or not stage.ingress & labels:
                    continue
                asked = Question(
                    stage=stage,
                    mode=Mode.POSSIBLE,
                    state=State.NEW,
                    ingress=labels,
                    egress=frozenset(),
                    facts={},
                    scope=survey.scope_of(number, stage),
                )
                entries = listed(asked) or ()
                permits = frozenset((entry.chain, entry.rule) for entry in entries if entry.permits)
                found += [Task(cell=cell, entries=entries, permits=permits) for cell in survey.interest(side)]
    return found
