"""Static routes, resolved to the interface that they leave by, and the tables (VRFs) that keep networks apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY6, NONE, AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Firewall, Interface, Route
from parsers.model.rules import Chain, Deny, Match, Rule, Rules, Stage, State
from parsers.model.services import TCP, ServiceSet
from parsers.platforms._cisco_acl.acl import PERMIT
from parsers.platforms._cisco_acl.interfaces import interface_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.platforms._cisco_acl.interfaces import Port

__all__ = ["SINK", "StaticRoute", "Tables", "gate_stage"]

SINK = "null0"
"""The interface of routes that drop."""
_BUILT_IN = frozenset({"default", "management"})
"""Tables of routes that no line defines."""
_DEEPEST = 8
"""A next hop is looked up through at most so many routes."""


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A route as it is written: by interface, by next hop, or by both; `elsewhere` is the next hop's own VRF."""

    vrf: str
    destination: AddressSet
    interface: str = ""
    next_hop: int | None = None
    metric: int = 1
    number: int = 0
    elsewhere: str | None = None


class Tables:
    """The tables of routes of a device: which one the model routes by, and what of the others it must say."""

    def __init__(
        self, text: Configuration, found: Sequence[Port], routes: Iterable[StaticRoute], defined: Iterable[str]
    ) -> None:
        """Resolve the routes; `complete` starts as True unless a next hop or a lease leaves a route open.

        `defined` names the tables that the configuration defines, beside those that every device has.
        """
        self._text = text
        self._ports = found
        self._routes = tuple(routes)
        self._found: tuple[Route, ...] = ()
        self._names = {interface_name(node.words[1:]) for node in text.find("interface") if len(node.words) > 1}
        self.complete = not any(port.leased for port in found)
        vrfs = dict.fromkeys(port.vrf for port in found)
        known = {"", *_BUILT_IN, *defined}
        for port in found:
            if port.vrf not in known:
                what = f"interface {port.name}: vrf {port.vrf} is not defined"
                text.remark(RemarkKind.UNDEFINED, what, port.node.number, decides=True)
        several = [vrf for vrf in vrfs if sum(port.vrf == vrf and port.routed for port in found) > 1]
        self.main = "" if "" in several or not several else several[0]
        self.several = len(several) > 1
        self.leaks = {
            frozenset({route.vrf, route.elsewhere})
            for route in self._routes
            if route.elsewhere is not None and route.elsewhere != route.vrf
        }
        if self.several:
            self.complete = False
            names = ", ".join(vrf or "the global one" for vrf in several)
            text.remark(RemarkKind.NOTE, f"several tables of routes ({names}): name where a packet leaves")

    def interfaces(self) -> tuple[Interface, ...]:
        """Give the model's interfaces, those of the modelled table first in the table of routes."""
        return tuple(
            port.interface(self._text, networks=self.several or port.vrf == self.main)
            for port in self._ports
            if not port.trunk
        )

    def routes(self) -> tuple[Route, ...]:
        """Give the routes of the modelled table; where several tables forward, of all, the main one's first."""
        vrfs = [self.main, *(dict.fromkeys(route.vrf for route in self._routes) if self.several else ())]
        found = [route for vrf in dict.fromkeys(vrfs) for route in self._resolved(vrf)]
        self._twins(found)
        self._found = tuple(found)
        return self._found

    @property
    def lost(self) -> AddressSet:
        """Give the addresses that `routes` led to nowhere: no connection of TCP comes up from there."""
        if self.several or not any(route.interface == SINK for route in self._found):
            return NONE
        table = Firewall(platform="", interfaces=self.interfaces(), routes=self._found).egress_table()
        return AddressSet.join(part for part, name in table if name == SINK)

    def _resolved(self, vrf: str) -> Iterator[Route]:
        mine = [route for route in self._routes if route.vrf == vrf]
        for route in mine:
            name = self._leaves(route, mine, 0)
            if name is None:
                self.complete = False
                what = "the next hop of this route is behind no known interface: taken to be not in force"
                if route.interface:
                    what = f"interface {route.interface} of this route is not defined: taken to be not in force"
                    self._text.remark(RemarkKind.UNDEFINED, what, route.number, decides=True)
                else:
                    self._text.remark(RemarkKind.NOTE, what, route.number)
            else:
                span = self._text.span(route.number)
                yield Route(destination=route.destination, interface=name, metric=route.metric, span=span)

    def _twins(self, routes: Sequence[Route]) -> None:
        """Note routes to one network of one metric by different interfaces: which is used nobody knows."""
        seen: dict[tuple[AddressSet, int], str] = {}
        for route in routes:
            other = seen.setdefault((route.destination, route.metric), route.interface)
            if other != route.interface and route.span is not None:
                self.complete = False
                what = f"route to {route.destination} by {other} and {route.interface} with one metric"
                self._text.remark(RemarkKind.NOTE, what, route.span.first)

    def _leaves(self, route: StaticRoute, mine: Sequence[StaticRoute], depth: int) -> str | None:
        if route.interface:
            return route.interface if route.interface in {SINK, *self._names} else None
        hop = route.next_hop
        if hop is None or depth > _DEEPEST:
            return None
        table = [(part, port.name, None) for port in self._here(route) for part in port.networks if hop in part]
        if table:
            return min(table, key=lambda item: item[0].size)[1]
        covering = [item for item in mine if hop in item.destination and item is not route]
        if not covering:
            return None
        best = min(covering, key=lambda item: (item.destination.size, item.metric))
        return self._leaves(best, mine, depth + 1)

    def _here(self, route: StaticRoute) -> Iterator[Port]:
        vrf = route.vrf if route.elsewhere is None else route.elsewhere
        return (port for port in self._ports if port.vrf == vrf and port.enabled)


def gate_stage(found: Sequence[Port], tables: Tables, *, forwards6: bool = True) -> Stage:
    """Give the stage of what routing itself drops: routes to nowhere, and ways between two tables.

    A way between tables that leak routes into each other is left open; so is IPv6 where nobody turned its forwarding
    on (`forwards6` is False), since a release may do so by itself.
    """
    rules = [Rule(do=Deny(), possible=Match(egress=frozenset({SINK})), name="implicit deny (route to null0)")]
    if tables.lost:
        senders = Match(source=tables.lost, services=ServiceSet.protocol(TCP), states=frozenset({State.NEW}))
        rules.append(Rule(do=Deny(), possible=senders, name="implicit deny (replies are routed to null0)"))
    if not forwards6:
        text = "whether IPv6 is forwarded: `ipv6 unicast-routing` is not there"
        unsure = Condition(kind=ConditionKind.UNKNOWN, text=text)
        six = Match(source=ANY6, destination=ANY6)
        rules.append(Rule(do=Deny(), possible=six, conditions=(unsure,), name="implicit deny (IPv6 is not forwarded)"))
    vrfs = dict.fromkeys(port.vrf for port in found)
    for one in vrfs:
        for other in vrfs:
            if one == other:
                continue
            match = Match(
                ingress=frozenset(port.name for port in found if port.vrf == one),
                egress=frozenset(port.name for port in found if port.vrf == other),
            )
            names = f"vrf {one or 'global'} to {other or 'global'}"
            leaks = frozenset({one, other}) in tables.leaks
            why = (Condition(kind=ConditionKind.UNKNOWN, text=f"routes leak: {names}"),) if leaks else ()
            rules.append(Rule(do=Deny(), possible=match, conditions=why, name=f"implicit deny ({names})"))
    return Stage(
        name="routing",
        chains=(Chain(name="routing", rules=Rules.of(*rules)),),
        default=PERMIT,
        default_name="routed",
        stateful=False,
    )
