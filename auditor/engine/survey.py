"""What a firewall permits between each ordered pair of sides, as far as the audit asks.

Traffic is asked about where it concerns a protected host or a row. A host is reached by whichever address is published
for it: the walk starts from every destination that some translation may turn into a host that matters.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.baseline.rows import Requirement
from auditor.deployment.site import LOCAL_SIDE
from auditor.engine.cells import EVERYTHING, Cell, intersect
from auditor.engine.entries import Lists
from auditor.engine.flows import restrict
from auditor.engine.question import NO_GRID, Budget, Grid, Mode
from auditor.engine.relevance import Scope
from auditor.engine.walk import Outcome, Walk
from parsers.model.addresses import ANY, ANY4, ANY6, NONE, AddressSet
from parsers.model.lookup import Lookup
from parsers.model.rules import Rewrite, Side, Traffic, View
from parsers.model.services import ANY_SERVICE, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.baseline.rows import Region
    from auditor.deployment.site import Question, SideSpec
    from auditor.engine.flows import Decision, Flow
    from parsers.model.conditions import ConditionKind, Facts
    from parsers.model.firewall import Firewall
    from parsers.model.interpreter import Judgement
    from parsers.model.packets import Packet
    from parsers.model.rules import Stage

__all__ = ["ROUTABLE", "Crossing", "Pair", "Survey", "cells_of", "families", "published_to"]

ROUTABLE = AddressSet.of("1.0.0.0-223.255.255.255", "2000::/3") - AddressSet.of(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"
)
"""The base ranges of the Internet (semantics: section 4): what a packet from the Internet can be sent to."""
WORK = 600_000_000
"""The budget of one audit, in products of masks looked at: one to two minutes; past it the rows are undecided."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An ordered pair of sides."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A permitted flow between two sides, and the interface that it entered by."""

    pair: Pair
    ingress: str
    flow: Flow


def families(cell: Cell) -> Iterator[Cell]:
    """Give the parts of a cell whose source and destination are of one address family: no packet mixes them."""
    for family in (ANY4, ANY6):
        part = Cell(cell.source & family, cell.destination & family, cell.services)
        if part:
            yield part


def cells_of(regions: Iterable[Region]) -> list[Cell]:
    """Give regions as cells, family by family."""
    return [part for region in regions for part in families(Cell(region.source, region.destination, region.services))]


def published_to(firewall: Firewall, targets: AddressSet) -> AddressSet:
    """Give every destination that some translation may turn into one of the targets."""
    found = NONE
    for stage in firewall.stages:
        if not stage.translates:
            continue
        for chain in stage.chains:
            for rule in chain.rules:
                do = rule.do
                if isinstance(do, Rewrite) and do.side is Side.DESTINATION and do.to is not None and do.to & targets:
                    found |= _origin(do, rule.possible.destination, targets)
    return found


def _origin(do: Rewrite, matched: AddressSet, targets: AddressSet) -> AddressSet:
    if not do.shift or do.to is None:
        return matched
    return (do.to & targets).shift(matched.intervals[0][0] - do.to.intervals[0][0]) & matched


def _grid(question: Question) -> Grid:
    """Give what permitted traffic is held against."""
    regions = [
        region
        for row in question.rows
        for region in (*row.required, *row.allowed, *row.off, *(item for option in row.alternatives for item in option))
    ]
    ends = [
        *(addresses for region in regions for addresses in (region.source, region.destination)),
        *(addresses for side in question.sides for addresses in (side.addresses, side.groups)),
    ]
    wide = [question.protected, question.internet, question.unreal_sources, ROUTABLE, ANY4]
    return Grid(
        addresses=tuple(dict.fromkeys((*wide, *ends))),
        # Without source ports: cutting along these too would make every mask as many times longer.
        services=tuple(
            dict.fromkeys(ServiceSet.from_axis(axis) for region in regions for _, _, axis in region.services.slabs)
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One firewall held against one question: where to ask, and how to ask it."""

    firewall: Firewall
    question: Question
    budget: Budget = field(default_factory=lambda: Budget(WORK))
    table: tuple[tuple[AddressSet, str], ...] = ()
    scope: Scope | None = None
    lookup: Lookup | None = None
    grid: Grid = NO_GRID
    lists: Lists = field(default_factory=Lists)
    reached: dict[int, set[tuple[str, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, firewall: Firewall, question: Question, work: int = WORK) -> Survey:
        """Prepare a survey: routes are the device's own where they are all known, else the declared sides first."""
        table = firewall.egress_table()
        if not firewall.routes_complete or not table:
            declared = [(side.addresses, side.interfaces[0]) for side in question.sides if side.interfaces]
            taken = AddressSet.join(addresses for addresses, _ in declared)
            table = (*declared, *((addresses - taken, name) for addresses, name in table if addresses - taken))
        whole = cls(firewall=firewall, question=question, budget=Budget(work), table=table)
        protected = question.protected
        arrive = protected | published_to(firewall, protected)
        asked = [Cell(ANY, arrive, ANY_SERVICE), Cell(protected, ANY, ANY_SERVICE)]
        rows = [
            cell
            for side in question.sides
            for cell in whole.interest(side)
            if not cell.destination <= arrive and not cell.source <= protected
        ]
        asked += rows
        scope = Scope(firewall.stages, asked)
        lookup = Lookup(replace(firewall, stages=scope.stages(firewall.stages)), table)
        return replace(whole, scope=scope, lookup=lookup, grid=_grid(question))

    def judge(self, packet: Packet, ingress: str, *, egress: str | None, traffic: Traffic) -> Judgement:
        """Ask the naive interpreter about a packet of the audited traffic; it visits the rules that can matter."""
        lookup = self.lookup or Lookup(self.firewall, self.table)
        return lookup.judge(packet, ingress, egress=egress, traffic=traffic)

    def scope_of(self, number: int, stage: Stage) -> dict[str, list[int]]:
        """Give, by chain, the rules of a stage that can matter."""
        if self.scope is None:
            return Scope([stage], [EVERYTHING]).of(0)
        return self.scope.of(number)

    # -- where ----------------------------------------------------------------------------------------------------

    def sides(self) -> tuple[SideSpec, ...]:
        """Give the sides that traffic can enter or leave by."""
        return self.question.sides

    def side_of(self, interface: str | None) -> str | None:
        """Give the side of an interface, None where it has none that is judged."""
        labels = self.firewall.labels(interface) if interface else frozenset()
        return next((side.name for side in self.question.sides if labels & set(side.interfaces)), None)

    def pairs(self) -> Iterator[tuple[SideSpec, SideSpec]]:
        """Give every ordered pair of different sides."""
        for source in self.question.sides:
            for destination in self.question.sides:
                if source.name != destination.name:
                    yield source, destination

    def cuts(self, regions: Iterable[Region]) -> Iterator[tuple[Pair, list[Cell]]]:
        """Give a row's regions cut to each pair of declared sides where anything is left."""
        cells = cells_of(regions)
        for source, destination in self.pairs():
            if not (source.declared or source.name == LOCAL_SIDE):
                continue
            if not (destination.declared or destination.name == LOCAL_SIDE):
                continue
            window = Cell(self.question.standing(source), self.question.standing(destination), ANY_SERVICE)
            cut = intersect(cells, [window])
            if cut:
                yield Pair(source.name, destination.name), cut

    def arrival(self, cell: Cell) -> Cell:
        """Give what may arrive as traffic that is to reach a cell in own addresses: published addresses, any port."""
        published = published_to(self.firewall, cell.destination)
        if not published:
            return cell
        return Cell(cell.source, cell.destination | published, ANY_SERVICE)

    def arrive(self, walk: Walk, pair: Pair, cells: list[Cell]) -> Iterator[tuple[str, Outcome]]:
        """Send the traffic of a pair in, by whatever address reaches it; gives what leaves for that pair's side."""
        side = next(item for item in self.question.sides if item.name == pair.source)
        for ingress in side.interfaces:
            for outcome in self.outcomes(walk, side, ingress, [self.arrival(cell) for cell in cells]):
                other = self._pair(side, outcome)
                if other is None or other == pair:
                    yield ingress, outcome

    def layered(self, walk: Walk, stage: int) -> Walk:
        """Give a walk that tells of every rule of a stage that would permit, also behind others that do."""
        return replace(walk, layers=stage, reached=None, grid=NO_GRID)

    def narrowed(self, flow: Flow, own: Cell) -> Flow:
        """Give the part of a flow with some traffic in own addresses."""
        start = Cell(own.source, flow.arrival.destination, flow.arrival.services)
        flow = restrict(flow, start, View.ORIGINAL)
        return restrict(flow, Cell(flow.current.source, own.destination, own.services), View.CURRENT)

    def networks6(self, side: SideSpec) -> AddressSet:
        """Give the IPv6 networks that stand on a side and are not the Internet's."""
        connected = AddressSet.join(
            interface.networks for interface in self.firewall.interfaces if interface.name in side.interfaces
        )
        return connected & ANY6

    def opens6(self, side: SideSpec, networks: AddressSet) -> list[Decision]:
        """Give what possibly lets the Internet reach a side's IPv6 networks."""
        found: dict[Decision, None] = {}
        walk = replace(self.walk(Mode.POSSIBLE), scope=None)
        for other in self.question.sides:
            if not other.internet or other.name == side.name:
                continue
            senders = self.question.internet & ANY6
            for ingress in other.interfaces:
                for outcome in walk.run(ingress, [Cell(senders, networks, ANY_SERVICE)]):
                    if self.side_of(outcome.flow.egress) == side.name:
                        found.update(dict.fromkeys(outcome.flow.trail))
        return list(found)

    @property
    def stateless(self) -> bool:
        """Tell whether some filter lets no replies pass on its own."""
        return any(not stage.translates and not stage.stateful for stage in self.firewall.stages)

    def sent(self, side: SideSpec, cell: Cell) -> bool:
        """Tell whether anybody on a side can send to a cell as it is: the Internet only to routable addresses."""
        return not (side.internet and bool(cell.source & self.question.internet) and not cell.destination <= ROUTABLE)

    def forced(self, pair: Pair, destination: int) -> str | None:
        """Give the interface towards a pair's side where routes in force now lead elsewhere (a second data centre)."""
        side = next((item for item in self.question.sides if item.name == pair.destination), None)
        if side is None or not side.declared or not side.interfaces or destination not in side.groups:
            return None
        now = next((name for addresses, name in self.table if destination in addresses), None)
        return None if self.side_of(now) == side.name else side.interfaces[0]

    # -- what -----------------------------------------------------------------------------------------------------

    def interest(self, side: SideSpec) -> list[Cell]:
        """Give what may arrive from a side and matters: from or to protected hosts, and where rows go."""
        question = self.question
        protected = question.protected
        mine = side.addresses & protected
        others = side.addresses - protected
        targets = protected
        arrive = targets | published_to(self.firewall, targets)
        rows: list[Cell] = []
        for row in question.rows:
            if row.requirement not in {Requirement.REQUIRED, Requirement.ALLOWED}:
                continue
            for region in (*row.required, *(item for option in row.alternatives for item in option)):
                cell = Cell(region.source & others, region.destination - arrive, region.services)
                if cell:
                    rows += families(cell)
        whole = [Cell(mine, ANY, ANY_SERVICE), Cell(others, arrive, ANY_SERVICE)]
        return [part for cell in whole for part in families(cell)] + _disjoint(rows)

    def walk(
        self,
        mode: Mode,
        *,
        facts: Facts | None = None,
        accepted: frozenset[ConditionKind] = frozenset(),
        denies: bool = False,
    ) -> Walk:
        """Prepare a walk with this survey's routes and budget."""
        return Walk(
            firewall=self.firewall,
            table=self.table,
            mode=mode,
            facts=facts or {},
            accepted=accepted,
            denies=denies,
            scope=self.scope,
            reached=self.reached,
            budget=self.budget,
            grid=self.grid,
            lists=self.lists,
        )

    def permitted(self, walk: Walk, cells: dict[str, list[Cell]] | None = None) -> list[Crossing]:
        """Give every permitted flow between two different sides; `cells` (by side name) narrows what is asked."""
        found: list[Crossing] = []
        for side in self.question.sides:
            asked = self.interest(side) if cells is None else cells.get(side.name, [])
            if not asked:
                continue
            if side.name == LOCAL_SIDE:
                found += self._from_device(walk, asked)
                continue
            for ingress in side.interfaces:
                for outcome in self.outcomes(walk, side, ingress, asked):
                    pair = self._pair(side, outcome)
                    if pair is not None:
                        found.append(Crossing(pair=pair, ingress=ingress, flow=outcome.flow))
        return found

    def outcomes(self, walk: Walk, side: SideSpec, ingress: str, asked: list[Cell]) -> list[Outcome]:
        """Send traffic in by one interface of a side: through the device, to it, and by routes not in force now."""
        local = next((item.addresses for item in self.question.sides if item.name == LOCAL_SIDE), NONE)
        found = walk.run(ingress, [Cell(cell.source, cell.destination - local, cell.services) for cell in asked])
        for other in self.question.sides:
            if other.name == side.name:
                continue
            if other.name == LOCAL_SIDE:
                to_device = [Cell(cell.source, cell.destination & other.addresses, cell.services) for cell in asked]
                inward = replace(walk, traffic=Traffic.TO_DEVICE)
                found += [
                    replace(outcome, flow=replace(outcome.flow, egress=LOCAL_SIDE))
                    for outcome in inward.run(ingress, to_device, egress="")
                ]
                continue
            for interface in other.interfaces[:1]:
                routed = AddressSet.join(
                    addresses for addresses, name in self.table if self.side_of(name) == other.name
                )
                extra = (other.groups & other.addresses) - routed
                if other.declared and extra:
                    cells = [Cell(cell.source, cell.destination & extra, cell.services) for cell in asked]
                    found += walk.run(ingress, cells, egress=interface)
        return found

    def _from_device(self, walk: Walk, asked: list[Cell]) -> list[Crossing]:
        outward = replace(walk, traffic=Traffic.FROM_DEVICE)
        found = []
        for outcome in outward.run("", asked):
            side = self.side_of(outcome.flow.egress)
            if side is not None:
                found.append(Crossing(pair=Pair(LOCAL_SIDE, side), ingress="", flow=outcome.flow))
        return found

    def _pair(self, side: SideSpec, outcome: Outcome) -> Pair | None:
        egress = outcome.flow.egress
        other = LOCAL_SIDE if egress == LOCAL_SIDE else self.side_of(egress)
        return Pair(side.name, other) if other is not None and other != side.name else None


def _disjoint(cells: list[Cell]) -> list[Cell]:
    out: list[Cell] = []
    for cell in cells:
        rest = [cell]
        for other in out:
            rest = [part for piece in rest for part in piece.minus(other)]
        out += rest
    return out
