"""A flow: traffic as it arrived and as it is now, between two stages of the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from auditor.engine.cells import PORTED, Cell
from parsers.model import intervals as iv
from parsers.model.addresses import AddressSet
from parsers.model.rules import Rewrite, Side, View
from parsers.model.services import PORTS, ServiceSet

if TYPE_CHECKING:
    from parsers.model.rules import Match

__all__ = ["Decision", "Flow", "restrict", "rewrite"]


@dataclass(frozen=True, slots=True)
class Decision:
    """Where a flow was decided: stage number, chain, rule index (None: the stage's default).

    `stage` is -1 for traffic that skips the pipeline, with `index` numbering the firewall's bypasses, -2 for
    traffic without a route, and -3 for traffic that no filter sees. `sure` is False where conditions leave it open.
    """

    stage: int
    chain: str
    index: int | None
    sure: bool = field(default=True, compare=False)


class _Same(Enum):
    SAME = "same"


_SAME = _Same.SAME
Translation = _Same | int | None
"""How current values follow from arrived ones: the same, moved by an offset, or (None) all onto the current ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Traffic on its way: `arrival` and `current` hold the same packets before and after translation.

    `trail` lists the filter decisions that let it pass, in order, `translations` the rules that changed it. `clients`
    is the range that a translation moved the source ports into: later stages see any of it, the flow keeps its own.
    """

    arrival: Cell
    current: Cell
    source_map: Translation = _SAME
    destination_map: Translation = _SAME
    port_map: Translation = _SAME
    tags: frozenset[str] = frozenset()
    egress: str | None = None
    trail: tuple[Decision, ...] = ()
    translations: tuple[Decision, ...] = ()
    replies: bool = True
    fuzzy: bool = False
    clients: tuple[int, int] | None = None

    @classmethod
    def arriving(cls, cell: Cell) -> Flow:
        """Make the flow of a cell that nothing has changed yet."""
        return cls(arrival=cell, current=cell)

    @property
    def translated(self) -> bool:
        """Tell whether the header differs from the one that arrived."""
        return self.arrival != self.current

    @property
    def own(self) -> Cell:
        """Give the traffic in the hosts' own addresses: source as it arrived, destination as it is delivered."""
        return Cell(self.arrival.source, self.current.destination, self.current.services)

    def view(self, view: View) -> Cell:
        """Give the header that a stage sees."""
        if view is View.ORIGINAL:
            return self.arrival
        if self.clients is None:
            return self.current
        return Cell(self.current.source, self.current.destination, _any_client(self.current.services, self.clients))

    def within(self, cell: Cell, view: View) -> Cell:
        """Give a part of what a stage sees with the flow's own source ports, for `restrict`."""
        if view is View.ORIGINAL or self.clients is None:
            return cell
        return Cell(cell.source, cell.destination, self.current.services & _any_client(cell.services, PORTS))


def _any_client(services: ServiceSet, ports: tuple[int, int]) -> ServiceSet:
    axis = iv.normalise(pair for _, _, pairs in services.slabs for pair in pairs)
    return ServiceSet.from_axis(axis, ports)


def _back(values: AddressSet, arrived: AddressSet, mapping: Translation) -> AddressSet:
    if mapping is _SAME:
        return values
    return arrived if not isinstance(mapping, int) else values.shift(-mapping)


def _forth(values: AddressSet, current: AddressSet, mapping: Translation) -> AddressSet:
    if mapping is _SAME:
        return values
    return current if not isinstance(mapping, int) else values.shift(mapping)


def _follow(values: ServiceSet, other: ServiceSet, mapping: Translation, sign: int) -> ServiceSet:
    """Give the services on the other side of a port translation; source ports carry over."""
    if mapping is _SAME:
        return values
    if isinstance(mapping, int):
        return ServiceSet(
            tuple(
                (low, high, tuple((first + sign * mapping, last + sign * mapping) for first, last in axis))
                for low, high, axis in values.slabs
            )
        )
    axis = iv.normalise(pair for _, _, pairs in other.slabs for pair in pairs)
    return ServiceSet.join(ServiceSet.from_axis(axis, (low, high)) for low, high, _ in values.slabs)


def restrict(flow: Flow, cell: Cell, view: View) -> Flow:
    """Give the part of a flow that a stage sees as `cell` (a part of the flow's view)."""
    if view is View.CURRENT:
        if cell == flow.current:
            return flow
        arrival = Cell(
            _back(cell.source, flow.arrival.source, flow.source_map),
            _back(cell.destination, flow.arrival.destination, flow.destination_map),
            _follow(cell.services, flow.arrival.services, flow.port_map, -1),
        )
        return replace(flow, arrival=arrival, current=cell)
    if cell == flow.arrival:
        return flow
    current = Cell(
        _forth(cell.source, flow.current.source, flow.source_map),
        _forth(cell.destination, flow.current.destination, flow.destination_map),
        _follow(cell.services, flow.current.services, flow.port_map, 1),
    )
    return replace(flow, arrival=cell, current=current)


def _compose(mapping: Translation, then: Translation) -> Translation:
    if mapping is _SAME:
        return then
    if then is _SAME:
        return mapping
    if isinstance(mapping, int) and isinstance(then, int):
        return mapping + then
    return None


def rewrite(flow: Flow, do: Rewrite, match: Match) -> list[Flow]:
    """Give a flow after a translation; several where protocols part."""
    tags = flow.tags | {do.tag} if do.tag else flow.tags
    flow = replace(flow, tags=tags)
    if do.to is not None:
        flow = _readdress(flow, do, match)
    if do.ports is None:
        return [flow]
    return _reclient(flow, do.ports) if do.side is Side.SOURCE else _reports(flow, do.ports, match)


def _readdress(flow: Flow, do: Rewrite, match: Match) -> Flow:
    to = do.to
    if to is None:
        return flow
    source = do.side is Side.SOURCE
    mine = flow.current.source if source else flow.current.destination
    if do.shift:
        base = (match.source if source else match.destination).intervals[0][0]
        step: Translation = to.intervals[0][0] - base
        moved = mine.shift(step) if isinstance(step, int) else mine
        step = step or _SAME
    else:
        step, moved = None, to
    fuzzy = flow.fuzzy or (step is None and to.size > 1)
    if source:
        current = Cell(moved, flow.current.destination, flow.current.services)
        return replace(flow, current=current, source_map=_compose(flow.source_map, step), fuzzy=fuzzy)
    current = Cell(flow.current.source, moved, flow.current.services)
    return replace(flow, current=current, destination_map=_compose(flow.destination_map, step), fuzzy=fuzzy)


def _reclient(flow: Flow, ports: tuple[int, int]) -> list[Flow]:
    """Give the flow with source ports somewhere in a range: which one a host gets is never known."""
    ported = ServiceSet.join(ServiceSet.protocol(number) for number in PORTED)
    whole = flow.current
    moved, rest = (
        restrict(flow, Cell(whole.source, whole.destination, services), View.CURRENT)
        for services in (whole.services & ported, whole.services - ported)
    )
    out = [replace(moved, clients=ports, fuzzy=True)] if moved.current else []
    return out + ([rest] if rest.current else [])


def _reports(flow: Flow, ports: tuple[int, int], match: Match) -> list[Flow]:
    """Give the flow with new destination ports, a protocol at a time; what has no ports keeps what it has."""
    first, last = ports
    ported = ServiceSet.join(ServiceSet.protocol(number) for number in PORTED)
    whole = flow.current
    rest = Cell(whole.source, whole.destination, whole.services - ported)
    out = [restrict(flow, rest, View.CURRENT)] if rest else []
    for part in _products(whole.services & ported):
        number = part.slabs[0][2][0][0] // 65536
        piece = restrict(flow, Cell(whole.source, whole.destination, part), View.CURRENT)
        if first == last:
            moved = ServiceSet.protocol(number, (first, first), source_ports=part.slabs[0][:2])
            step: Translation = None
        else:
            matched = (match.services & ServiceSet.protocol(number)).slabs[0][2]
            offset = first - matched[0][0] % 65536
            step = offset or _SAME
            moved = _follow(part, part, step, 1)
        current = Cell(piece.current.source, piece.current.destination, moved)
        out.append(replace(piece, current=current, port_map=_compose(piece.port_map, step)))
    return out


def _products(services: ServiceSet) -> list[ServiceSet]:
    """Part services so that each is one protocol with one range of source ports: ports then map on their own."""
    return [ServiceSet((slab,)) for number in PORTED for slab in (services & ServiceSet.protocol(number)).slabs]
