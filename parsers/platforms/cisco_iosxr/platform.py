"""The platform `cisco_iosxr`: from a capture to its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Parsed, Platform, RemarkKind
from parsers.model.firewall import Firewall
from parsers.platforms._cisco_acl.ace import Surroundings
from parsers.platforms._cisco_acl.acl import AccessLists
from parsers.platforms._cisco_acl.assembly import assumptions, leaks, parse_capture, policy_routed
from parsers.platforms._cisco_acl.configuration import Configuration, settle
from parsers.platforms._cisco_acl.device import describe, management
from parsers.platforms._cisco_acl.filters import list_stages
from parsers.platforms._cisco_acl.interfaces import Port, bound, ports
from parsers.platforms._cisco_acl.objects import Objects
from parsers.platforms._cisco_acl.prefix_routes import prefix_route
from parsers.platforms._cisco_acl.recognition import system_of
from parsers.platforms._cisco_acl.routes import StaticRoute, Tables, gate_stage
from parsers.platforms.cisco_iosxr.dialect import DIALECT
from parsers.platforms.cisco_iosxr.recipe import BESIDE, RECIPE, SECRETS, prove
from parsers.platforms.cisco_iosxr.vocabulary import interface_irrelevant, irrelevant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.model.capture import Capture
    from parsers.text.cisco_tree import Node

__all__ = ["PLATFORM", "parse", "recognises"]

_ID = "cisco_iosxr"
_DYNAMIC = frozenset({"bgp", "eigrp", "isis", "ospf", "ospfv3", "rip"})
_OTHER_ROUTERS = frozenset({"hsrp", "igmp", "mld", "msdp", "pim", "vrrp"})


def recognises(capture: Capture) -> bool:
    """Tell whether a capture is the configuration of an IOS XR router."""
    return system_of(capture) == _ID


def parse(capture: Capture) -> Parsed:
    """Give the one firewall of a capture; raises ParserError for an empty one."""
    return parse_capture(capture, DIALECT, BESIDE, _convert)


def _interface_line(port: Port, words: Sequence[str], number: int) -> bool:
    """Take what only IOS XR says inside an interface."""
    if tuple(words[:3]) == ("service-policy", "type", "pbr") and len(words) == 5:
        port.facts["policy"] = (words[4], number)
        return True
    return False


def _convert(text: Configuration, others: Sequence[str]) -> Firewall:
    """Give the words their meaning."""
    found = ports(text, _interface_line, interface_irrelevant)
    contexts = [(node.words[1], node) for node in text.find("vrf") if len(node.words) == 2]
    for _, node in contexts:
        text.ledger.modelled(node.numbers())
    tables = Tables(text, found, _static_routes(text), (name for name, _ in contexts))
    tables.leaks |= leaks(text, contexts)
    objects = Objects(text, masks=DIALECT.group_masks)
    lists = AccessLists(Surroundings(text=text, objects=objects, dialect=DIALECT, schedules=frozenset()), bound(found))
    routes = tables.routes()
    stages = (
        *list_stages(found, lists, "in"),
        gate_stage(found, tables),
        *list_stages(found, lists, "out"),
    )
    lists.read_all()
    learned = _learned(text)
    policed = policy_routed(text, found)
    notes = management(text)
    named = objects.resolve_all()
    settle(text, irrelevant)
    return Firewall(
        platform=_ID,
        device=describe(text, others),
        interfaces=tables.interfaces(),
        routes=routes,
        routes_complete=tables.complete and not learned and not policed,
        stages=stages,
        objects=named,
        assumptions=assumptions(text, found),
        management=notes,
    )


def _static_routes(text: Configuration) -> Iterator[StaticRoute]:
    for node in text.find("router", "static"):
        text.ledger.modelled((node.number,))
        for line in node.children:
            yield from _family(text, line, "")


def _family(text: Configuration, node: Node, vrf: str) -> Iterator[StaticRoute]:
    """Read `address-family ...` or `vrf V` with the routes below."""
    if node.words[0] == "vrf" and len(node.words) == 2 and not vrf:
        text.ledger.modelled((node.number,))
        for line in node.children:
            yield from _family(text, line, node.words[1])
    elif node.words[0] == "address-family":
        text.ledger.modelled((node.number,))
        for line in node.children:
            route = prefix_route(text, line.words, vrf, line.number)
            if route is not None:
                text.ledger.modelled(line.numbers())
                yield route
            elif node.words[2:3] == ("multicast",):
                text.ledger.irrelevant(line.numbers())
            else:
                text.strange(line.text, line.number, decides=True)
    elif node.words[0] == "maximum":
        text.ledger.irrelevant(node.numbers())
    else:
        text.strange(node.text, node.number, decides=True)


def _learned(text: Configuration) -> bool:
    """Tell whether routes can be in force that are not in the configuration."""
    found = False
    for node in text.find("router"):
        kind = node.words[1] if len(node.words) > 1 else ""
        if kind in _DYNAMIC:
            found = True
            text.ledger.modelled(node.numbers())
            text.remark(RemarkKind.NOTE, f"{node.text}: learned routes are not in the configuration", node.number)
        elif kind in _OTHER_ROUTERS:
            text.ledger.irrelevant(node.numbers())
    return found


PLATFORM = Platform(
    id=_ID,
    title="Cisco IOS XR",
    recognises=recognises,
    parse=parse,
    prove=prove,
    recipe=RECIPE,
    secrets=SECRETS,
)
