"""Sets of traffic through a firewall's pipeline: what passes, what is dropped, and by which rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.engine.cells import Cell, reversed_services
from auditor.engine.entries import Lists
from auditor.engine.firstmatch import first_match
from auditor.engine.flows import Decision, Flow, restrict, rewrite
from auditor.engine.question import NO_GRID, Budget, Grid, Mode, Question
from parsers.model.addresses import AddressSet
from parsers.model.rules import Permit, Rewrite, Side, State, Traffic, View

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.engine.relevance import Scope
    from parsers.model.conditions import ConditionKind, Facts
    from parsers.model.firewall import Firewall
    from parsers.model.rules import Stage

__all__ = ["BYPASS", "NO_ROUTE", "UNFILTERED", "Outcome", "Walk"]

_BACK = {
    Traffic.THROUGH: Traffic.THROUGH,
    Traffic.TO_DEVICE: Traffic.FROM_DEVICE,
    Traffic.FROM_DEVICE: Traffic.TO_DEVICE,
}
"""Which stages the replies to some traffic enter."""
BYPASS = -1
"""Stage number of a decision by which traffic skips the pipeline."""
NO_ROUTE = -2
"""Stage number of a decision for want of a route."""
UNFILTERED = -3
"""Stage number of the decision by which traffic passes because no filter sees it."""


_Piece = tuple[frozenset[str], Cell]
"""Traffic with its tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of traffic: the flow where it ended, and for dropped traffic the decision that dropped it."""

    flow: Flow
    dropped_by: Decision | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One way of asking a firewall: which bound, with which facts, by which routes.

    `table` gives the interface by which each destination leaves. With `denies`, dropped traffic is reported too;
    `layers` is a stage whose permits are told of but take nothing; `reached` collects, by stage number, the rules
    that decided something.
    """

    firewall: Firewall
    table: tuple[tuple[AddressSet, str], ...]
    mode: Mode
    facts: Facts = field(default_factory=dict)
    accepted: frozenset[ConditionKind] = frozenset()
    traffic: Traffic = Traffic.THROUGH
    denies: bool = False
    layers: int | None = None
    scope: Scope | None = None
    reached: dict[int, set[tuple[str, int]]] | None = None
    budget: Budget = field(default_factory=lambda: Budget(1 << 62))
    grid: Grid = NO_GRID
    lists: Lists = field(default_factory=Lists)

    def run(self, ingress: str, cells: Iterable[Cell], *, egress: str | None = None) -> list[Outcome]:
        """Send traffic in by an interface; gives what passes (and, with `denies`, what does not).

        `egress` replaces the routes. Raises BudgetError when the budget is used up.
        """
        arriving = [Flow.arriving(cell) for cell in cells if cell]
        outcomes = self._bypasses(ingress, arriving, egress)
        flows = [part for flow in arriving for part in self._route(flow, egress)]
        flows, dropped = self._stages(range(len(self.firewall.stages)), ingress, flows, egress)
        outcomes += dropped
        outcomes += [self._end(flow) for flow in flows]
        return [item for item in outcomes if item.dropped_by is None or self.denies]

    def permitting(self, ingress: str, cells: Iterable[Cell], number: int) -> dict[Decision, list[Flow]]:
        """Give, by what permits it in one stage, the traffic that leaves this stage, in the order of the rules."""
        flows = [part for cell in cells if cell for part in self._route(Flow.arriving(cell), None)]
        flows, _ = self._stages(range(number + 1), ingress, flows, None)
        found: dict[Decision, list[Flow]] = {}
        for flow in flows:
            if flow.trail and flow.trail[-1].stage == number:
                found.setdefault(flow.trail[-1], []).append(flow)
        order = sorted(found, key=lambda item: (item.index is None, item.chain, item.index))
        return {item: found[item] for item in order}

    def onwards(self, ingress: str, flow: Flow, number: int) -> list[Flow]:
        """Give what of a flow passes the stages behind one."""
        flows, _ = self._stages(range(number + 1, len(self.firewall.stages)), ingress, [flow], None)
        return [outcome.flow for outcome in map(self._end, flows) if outcome.dropped_by is None]

    def _stages(
        self, numbers: range, ingress: str, flows: list[Flow], egress: str | None
    ) -> tuple[list[Flow], list[Outcome]]:
        outcomes: list[Outcome] = []
        for number in numbers:
            stage = self.firewall.stages[number]
            if stage.traffic is self.traffic and flows:
                flows, dropped = self._stage(number, stage, ingress, flows, egress)
                outcomes += dropped
        return flows, outcomes

    def replies(self, ingress: str, flow: Flow) -> list[Cell]:
        """Give the parts of a permitted flow, in the hosts' own addresses, whose replies pass too.

        Replies to the device's own traffic come to it, and those to traffic for the device come from it.
        """
        back = replace(
            self, denies=False, layers=None, scope=None, reached=None, grid=NO_GRID, traffic=_BACK[self.traffic]
        )
        asked = [
            number
            for number, stage in enumerate(self.firewall.stages)
            if not stage.translates and stage.traffic is back.traffic and not (stage.stateful and flow.replies)
        ]
        own = flow.own
        if not asked:
            return [own]
        entry = (flow.egress or "") if self.traffic is not Traffic.TO_DEVICE else ""
        if flow.translated and any(stage.translates for stage in self.firewall.stages):
            return back._translated_replies(entry, ingress, flow)  # noqa: SLF001 - a walk of the same class
        reply = Cell(own.destination, own.source, reversed_services(own.services))
        passed: list[_Piece] = [(self._connection_tags(flow), reply)]
        for number in asked:
            passed = back.through(number, entry, ingress, passed)
        return [Cell(cell.destination, cell.source, reversed_services(cell.services)) for _, cell in passed]

    def reply_denies(self, ingress: str, flow: Flow) -> list[Decision]:
        """Give what drops the replies of a permitted flow, as its header is after translation."""
        back = replace(self, scope=None, reached=None, grid=NO_GRID, traffic=_BACK[self.traffic])
        entry = (flow.egress or "") if self.traffic is not Traffic.TO_DEVICE else ""
        asked = Cell(flow.current.destination, flow.arrival.source, reversed_services(flow.current.services))
        found: dict[Decision, None] = {}
        for number, stage in enumerate(self.firewall.stages):
            skipped = stage.translates or stage.traffic is not back.traffic or (stage.stateful and flow.replies)
            if skipped or not back._fits(stage, entry, ingress):  # noqa: SLF001 - a walk of the same class
                continue
            question = back._question(number, entry, ingress, State.ESTABLISHED)  # noqa: SLF001
            for hit in first_match(question, [(0, frozenset(), asked)]):
                if not self._permits(stage, hit.chain, hit.rule):
                    found[Decision(number, hit.chain, hit.rule, sure=hit.sure)] = None
        return list(found)

    def _translated_replies(self, entry: str, leave: str, flow: Flow) -> list[Cell]:
        """Ask the replies of a translated flow stage by stage, each in the header that it sees.

        Connection tracking undoes the source translation where destinations are translated, and the destination
        translation where sources are. The flow counts as a whole: for what is possible if any reply passes, for what
        is sure if each does.
        """
        source, destination = flow.arrival.source, flow.arrival.destination
        reply_source, reply_destination = flow.current.destination, flow.current.source
        services = reversed_services(flow.current.services)
        undone = reversed_services(flow.arrival.services)
        if not any(_translates(stage, Side.DESTINATION) for stage in self.firewall.stages):
            reply_destination = source
        tags = self._connection_tags(flow)
        for number, stage in enumerate(self.firewall.stages):
            if stage.translates:
                if _translates(stage, Side.DESTINATION):
                    reply_destination = source
                if _translates(stage, Side.SOURCE):
                    reply_source, services = destination, undone
                continue
            if stage.traffic is not self.traffic or (stage.stateful and flow.replies):
                continue
            asked = Cell(reply_source, reply_destination, services)
            passed = self.through(number, entry, leave, [(tags, asked)])
            whole = sum(cell.size for _, cell in passed) >= asked.size
            if not passed or (self.mode is Mode.SURE and not whole):
                return []  # what is possible may be too much, what is sure may be too little
            marks = {mine for mine, _ in passed}
            tags = marks.pop() if len(marks) == 1 else tags
        return [flow.own]

    def _connection_tags(self, flow: Flow) -> frozenset[str]:
        """Give the tags that translations gave: they belong to the connection, marks only to the packet."""
        rules = [
            self.firewall.stages[item.stage].chain(item.chain).rules[item.index]
            for item in flow.translations
            if item.index is not None
        ]
        return frozenset(rule.do.tag for rule in rules if isinstance(rule.do, Rewrite) and rule.do.tag)

    def through(self, number: int, ingress: str, egress: str, pieces: list[_Piece]) -> list[_Piece]:
        """Give what of established traffic (tags and cell) one filter stage permits, with the marks that it gives."""
        stage = self.firewall.stages[number]
        if not self._fits(stage, ingress, egress):
            return pieces
        question = self._question(number, ingress, egress, State.ESTABLISHED)
        hits = first_match(question, [(n, tags, cell) for n, (tags, cell) in enumerate(pieces)])
        return [(hit.tags, hit.cell) for hit in hits if self._permits(stage, hit.chain, hit.rule)]

    # -- stages ---------------------------------------------------------------------------------------------------

    def _fits(self, stage: Stage, ingress: str, egress: str | None) -> bool:
        labels = self.firewall.labels
        return (stage.ingress is None or bool(stage.ingress & labels(ingress))) and (
            stage.egress is None or (egress is not None and bool(stage.egress & labels(egress)))
        )

    def _question(self, number: int, ingress: str, egress: str | None, state: State) -> Question:
        stage = self.firewall.stages[number]
        return Question(
            reached=None if self.reached is None else self.reached.setdefault(number, set()),
            scope=None if self.scope is None else self.scope.of(number),
            layers=self.layers == number,
            lists=self.lists,
            stage=stage,
            mode=self.mode,
            state=state,
            ingress=self.firewall.labels(ingress),
            egress=self.firewall.labels(egress) if egress is not None else frozenset(),
            facts=self.facts,
            accepted=self.accepted,
            budget=self.budget,
            grid=self.grid,
        )

    def _permits(self, stage: Stage, chain: str, index: int | None) -> bool:
        if index is None:
            return isinstance(stage.default, Permit)
        rules = stage.chain(chain).rules
        return isinstance(rules.decisions[rules.decision_ids[index]], Permit)

    def _stage(
        self, number: int, stage: Stage, ingress: str, flows: list[Flow], forced: str | None
    ) -> tuple[list[Flow], list[Outcome]]:
        """Take flows through one stage; gives what goes on, and what it drops."""
        passed: list[Flow] = []
        dropped: list[Outcome] = []
        groups: dict[str | None, list[Flow]] = {}
        for flow in flows:
            if self._fits(stage, ingress, flow.egress):
                groups.setdefault(flow.egress, []).append(flow)
            else:
                passed.append(flow)
        for egress, members in groups.items():
            question = self._question(number, ingress, egress, State.NEW)
            pieces = [(n, flow.tags, flow.view(stage.sees)) for n, flow in enumerate(members)]
            for hit in first_match(question, pieces, denies=self.denies):
                member = members[hit.number]
                flow = replace(restrict(member, member.within(hit.cell, stage.sees), stage.sees), tags=hit.tags)
                decision = Decision(number, hit.chain, hit.rule, sure=hit.sure)
                if hit.rule is None:
                    do: object = stage.default
                else:
                    rules = stage.chain(hit.chain).rules
                    do = rules.decisions[rules.decision_ids[hit.rule]]
                if isinstance(do, Permit):
                    passed.append(flow if stage.translates else _noted(flow, stage, decision, do))
                elif isinstance(do, Rewrite):
                    match = stage.chain(hit.chain).rules[hit.rule or 0].possible
                    for moved in rewrite(flow, do, match):
                        if moved.fuzzy and do.side is Side.DESTINATION and self.mode is Mode.SURE:
                            continue  # some address of a pool: where it goes is not sure
                        noted = replace(moved, translations=(*moved.translations, decision))
                        passed += self._reroute(noted, do, forced)
                else:
                    dropped.append(Outcome(flow=flow, dropped_by=decision))
        if self.mode is Mode.SURE:
            passed = [flow for flow in passed if not flow.fuzzy or not self._filters_after(number)]
        return passed, dropped

    def _filters_after(self, number: int) -> bool:
        return any(not stage.translates for stage in self.firewall.stages[number + 1 :])

    # -- routes ---------------------------------------------------------------------------------------------------

    def _route(self, flow: Flow, forced: str | None) -> list[Flow]:
        if forced is not None:
            return [replace(flow, egress=forced)]
        parts = []
        rest = flow.current.destination
        for addresses, name in self.table:
            common = rest & addresses
            if common:
                rest -= common
                cell = Cell(flow.current.source, common, flow.current.services)
                parts.append(replace(restrict(flow, cell, View.CURRENT), egress=name))
        if rest:
            cell = Cell(flow.current.source, rest, flow.current.services)
            parts.append(replace(restrict(flow, cell, View.CURRENT), egress=None))
        return parts

    def _reroute(self, flow: Flow, do: Rewrite, forced: str | None) -> list[Flow]:
        if do.side is Side.SOURCE:
            return [flow]
        if do.egress is not None and forced is None:
            return [replace(flow, egress=do.egress)]
        return self._route(flow, forced)

    def _end(self, flow: Flow) -> Outcome:
        """End a flow that no stage dropped: without a route it goes nowhere, or nobody knows where."""
        lost = flow.egress is None and self.traffic is Traffic.THROUGH
        if lost and (self.firewall.routes_complete or self.mode is Mode.SURE):
            return Outcome(flow=flow, dropped_by=Decision(NO_ROUTE, "", None, sure=self.firewall.routes_complete))
        if not flow.trail:  # what nothing filters is open, and must have an owner to be found
            flow = replace(flow, trail=(Decision(UNFILTERED, "", None),))
        return Outcome(flow=flow)

    def _bypasses(self, ingress: str, flows: list[Flow], forced: str | None) -> list[Outcome]:
        """Give, where the possible is asked, what may skip the pipeline."""
        if self.mode is not Mode.POSSIBLE:
            return []
        outcomes = []
        labels = self.firewall.labels
        for number, bypass in enumerate(self.firewall.bypasses):
            if bypass.ingress is not None and not bypass.ingress & labels(ingress):
                continue
            window = Cell(bypass.source, bypass.destination, bypass.services)
            for flow in flows:
                part = flow.current & window
                if not part:
                    continue
                for routed in self._route(restrict(flow, part, View.CURRENT), forced):
                    if bypass.egress is not None and not (routed.egress and bypass.egress & labels(routed.egress)):
                        continue
                    outcomes.append(Outcome(flow=replace(routed, trail=(Decision(BYPASS, "", number, sure=False),))))
        return outcomes


def _noted(flow: Flow, stage: Stage, decision: Decision, do: Permit) -> Flow:
    replies = flow.replies and (do.replies or not stage.stateful)
    return replace(flow, trail=(*flow.trail, decision), replies=replies)


def _translates(stage: Stage, side: Side) -> bool:
    return stage.translates and any(
        isinstance(do, Rewrite) and do.side is side for chain in stage.chains for do in chain.rules.decisions
    )
