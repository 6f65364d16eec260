"""The platform `cisco_nxos`: from a capture to its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Parsed, Platform, RemarkKind
from parsers.model.firewall import Firewall
from parsers.platforms._cisco_acl.ace import Surroundings
from parsers.platforms._cisco_acl.acl import AccessLists
from parsers.platforms._cisco_acl.assembly import assumptions, leaks, parse_capture, policy_routed, schedules
from parsers.platforms._cisco_acl.configuration import Configuration, settle
from parsers.platforms._cisco_acl.device import describe, management
from parsers.platforms._cisco_acl.filters import list_stages
from parsers.platforms._cisco_acl.interfaces import SWITCH, Binding, Port, bound, ports
from parsers.platforms._cisco_acl.objects import Objects
from parsers.platforms._cisco_acl.prefix_routes import prefix_route
from parsers.platforms._cisco_acl.recognition import system_of
from parsers.platforms._cisco_acl.routes import StaticRoute, Tables, gate_stage
from parsers.platforms._cisco_acl.vlans import VlanMaps, port_list_stages, switch_ports
from parsers.platforms.cisco_nxos.dialect import DIALECT
from parsers.platforms.cisco_nxos.recipe import BESIDE, RECIPE, SECRETS, prove
from parsers.platforms.cisco_nxos.vocabulary import interface_irrelevant, irrelevant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.model.capture import Capture
    from parsers.text.cisco_tree import Node

__all__ = ["PLATFORM", "parse", "recognises"]

_ID = "cisco_nxos"
_DYNAMIC = frozenset({"bgp", "eigrp", "isis", "ospf", "ospfv3", "rip"})
_PORT_LISTS = {("ip", "port", "access-group"): 4, ("ipv6", "port", "traffic-filter"): 6}
_FAMILIES = ("ip", "ipv6")


def recognises(capture: Capture) -> bool:
    """Tell whether a capture is the configuration of an NX-OS switch."""
    return system_of(capture) == _ID


def parse(capture: Capture) -> Parsed:
    """Give the one firewall of a capture; raises ParserError for an empty one."""
    return parse_capture(capture, DIALECT, BESIDE, _convert)


def _interface_line(port: Port, words: Sequence[str], number: int) -> bool:
    """Take what only NX-OS says inside an interface."""
    version = _PORT_LISTS.get((words[0], words[1], words[2])) if len(words) == 5 else None
    if version is not None and words[4] == "in":
        port.bindings.append(Binding(version, "in", (words[3],), number))
        port.facts[SWITCH] = ("", number)
    elif words[0] in _FAMILIES and words[1:2] == ("policy",) and len(words) == 4:
        port.facts["policy"] = (words[3], number)
    else:
        return False
    return True


def _shut(name: str) -> bool:
    """Interfaces of VLANs and subinterfaces are down until they are told `no shutdown`."""
    return name.startswith("Vlan") or "." in name


def _convert(text: Configuration, others: Sequence[str]) -> Firewall:
    """Give the words their meaning."""
    found = ports(text, _interface_line, interface_irrelevant, _shut)
    contexts = [(node.words[2], node) for node in text.find("vrf", "context") if len(node.words) == 3]
    for _, node in contexts:
        text.ledger.modelled(node.numbers())
    tables = Tables(text, found, _static_routes(text, contexts), (name for name, _ in contexts))
    tables.leaks |= leaks(text, contexts)
    objects = Objects(text, masks=DIALECT.group_masks)
    around = Surroundings(text=text, objects=objects, dialect=DIALECT, schedules=schedules(text))
    lists = AccessLists(around, bound(found), advertisements=True)
    maps = VlanMaps(text, lists)
    behind = switch_ports(found)
    routes = tables.routes()
    stages = (
        *port_list_stages(found, lists),
        *maps.stages(found, "in", behind),
        *list_stages(found, lists, "in", behind=behind),
        gate_stage(found, tables),
        *list_stages(found, lists, "out", behind=behind),
        *maps.stages(found, "out", behind),
    )
    lists.read_all()
    learned = _learned(text)
    policed = policy_routed(text, found)
    _unread_devices(text)
    notes = management(text)
    named = objects.resolve_all()
    for node in text.find("route-map"):
        text.ledger.modelled(node.numbers())
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


def _static_routes(text: Configuration, contexts: Sequence[tuple[str, Node]]) -> Iterator[StaticRoute]:
    places = [("", node) for family in _FAMILIES for node in text.find(family, "route")]
    places += [(vrf, node) for vrf, block in contexts for family in _FAMILIES for node in block.find(family, "route")]
    for vrf, node in places:
        if node.words[2:3] == ("static",):
            text.ledger.irrelevant(node.numbers())
            continue
        route = prefix_route(text, node.words[2:], vrf, node.number)
        if route is None:
            text.strange(node.text, node.number, decides=True)
        else:
            text.ledger.modelled(node.numbers())
            yield route


def _learned(text: Configuration) -> bool:
    """Tell whether routes can be in force that are not in the configuration."""
    found = False
    for node in text.find("router"):
        if len(node.words) > 1 and node.words[1] in _DYNAMIC:
            found = True
            text.ledger.modelled(node.numbers())
            text.remark(RemarkKind.NOTE, f"{node.text}: learned routes are not in the configuration", node.number)
    return found


def _unread_devices(text: Configuration) -> None:
    """Note the switch's other virtual device contexts: this is the configuration of the first, which lists them."""
    for node in text.find("vdc")[1:]:
        name = node.words[1] if len(node.words) > 1 else node.text
        what = f"virtual device context {name} is not in the capture; what it lets pass was not judged"
        text.remark(RemarkKind.UNREAD_CONTEXT, what, node.number, decides=True)


PLATFORM = Platform(
    id=_ID,
    title="Cisco NX-OS",
    recognises=recognises,
    parse=parse,
    prove=prove,
    recipe=RECIPE,
    secrets=SECRETS,
)
