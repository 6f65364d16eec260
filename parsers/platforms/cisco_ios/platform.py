"""The platform `cisco_ios`: from a capture to its firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import Parsed, Platform, RemarkKind
from parsers.model.addresses import ANY6
from parsers.model.firewall import Firewall
from parsers.model.rules import Traffic
from parsers.platforms._cisco_acl.ace import Surroundings
from parsers.platforms._cisco_acl.acl import AccessLists
from parsers.platforms._cisco_acl.assembly import assumptions, leaks, parse_capture, policy_routed, schedules
from parsers.platforms._cisco_acl.configuration import Configuration, settle
from parsers.platforms._cisco_acl.device import describe, management
from parsers.platforms._cisco_acl.filters import list_stages
from parsers.platforms._cisco_acl.interfaces import Port, bound, ports
from parsers.platforms._cisco_acl.objects import Objects
from parsers.platforms._cisco_acl.recognition import system_of
from parsers.platforms._cisco_acl.routes import Tables, gate_stage
from parsers.platforms._cisco_acl.vlans import VlanMaps, port_list_stages, switch_ports
from parsers.platforms.cisco_ios.dialect import DIALECT
from parsers.platforms.cisco_ios.nat import Translations
from parsers.platforms.cisco_ios.recipe import RECIPE, SECRETS, VERSION, prove
from parsers.platforms.cisco_ios.routing import learned, static_routes
from parsers.platforms.cisco_ios.tunnels import bypasses
from parsers.platforms.cisco_ios.vocabulary import interface_irrelevant, irrelevant
from parsers.platforms.cisco_ios.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.model.capture import Capture
    from parsers.text.cisco_tree import Node

__all__ = ["PLATFORM", "parse", "recognises"]

_ID = "cisco_ios"
_PLACES = {
    ("zone-member", "security"): "zone",
    ("ip", "nat"): "nat",
    ("crypto", "map"): "crypto",
}


def recognises(capture: Capture) -> bool:
    """Tell whether a capture is the configuration of an IOS router or switch."""
    return system_of(capture) == _ID


def parse(capture: Capture) -> Parsed:
    """Give the one firewall of a capture; raises ParserError for an empty one."""
    return parse_capture(capture, DIALECT, frozenset({VERSION}), _convert)


def _interface_line(port: Port, words: Sequence[str], number: int) -> bool:
    """Take what only IOS says inside an interface."""
    place = _PLACES.get((words[0], words[1] if len(words) > 1 else ""))
    if place == "zone" and len(words) == 3:
        port.zone = words[2]
    elif place == "nat" and len(words) == 3 and words[2] in {"inside", "outside"}:
        port.facts["nat"] = (words[2], number)
    elif place == "crypto" and len(words) == 3:
        port.facts["crypto"] = (words[2], number)
    elif words[0] in {"ip", "ipv6"} and words[1:2] == ("policy",) and len(words) == 4:
        port.facts["policy"] = (words[3], number)
    elif words[0] in {"ip", "ipv6"} and words[1:2] == ("inspect",) and len(words) == 4:
        port.facts["inspect"] = (words[2], number)
    else:
        return False
    return True


def _convert(text: Configuration, others: Sequence[str]) -> Firewall:
    """Give the words their meaning."""
    found = ports(text, _interface_line, interface_irrelevant)
    inspected = (*text.find("ip", "inspect"), *text.find("ipv6", "inspect"))
    for node in (*text.find("vrf", "definition"), *text.find("ip", "vrf"), *inspected):
        text.ledger.modelled(node.numbers())
    tables = Tables(text, found, static_routes(text), (name for name, _ in _tables(text)))
    objects = Objects(text, masks=DIALECT.group_masks)
    lists = AccessLists(
        Surroundings(text=text, objects=objects, dialect=DIALECT, schedules=schedules(text)), bound(found)
    )
    nat = Translations(text, found, lists)
    tables.leaks |= {frozenset({"", vrf}) for vrf in nat.vrfs} | leaks(text, _tables(text))
    zones = Zones(text, found, lists)
    maps = VlanMaps(text, lists)
    behind = switch_ports(found)
    opened = _opened(text, found)
    routes = tables.routes()
    unknown = (learned(text), policy_routed(text, found))  # both, for each accounts for its lines
    complete = tables.complete and not any(unknown)
    device_lists = list_stages(found, lists, "in", traffic=Traffic.TO_DEVICE) if zones.judges_device else iter(())
    stages = (
        *port_list_stages(found, lists),
        *maps.stages(found, "in", behind),
        *list_stages(found, lists, "in", opened=opened, behind=behind),
        *device_lists,
        *nat.before_routing(),
        gate_stage(found, tables, forwards6=_forwards6(text, found)),
        *zones.stages(),
        *nat.behind_routing(),
        *list_stages(found, lists, "out", opened=opened, behind=behind),
        *maps.stages(found, "out", behind),
    )
    lists.read_all()
    tunnels = bypasses(text, found, lists)
    helpers = tuple(zones.helpers())
    notes = management(text)
    device = describe(text, others)
    named = objects.resolve_all()
    for node in text.find("route-map"):
        text.ledger.modelled(node.numbers())
    settle(text, irrelevant)
    return Firewall(
        platform=_ID,
        device=device,
        interfaces=tables.interfaces(),
        routes=routes,
        routes_complete=complete,
        stages=stages,
        objects=named,
        helpers=helpers,
        assumptions=assumptions(text, found),
        bypasses=tunnels,
        management=notes,
    )


def _forwards6(text: Configuration, found: Sequence[Port]) -> bool:
    """Tell whether IPv6 is forwarded, as far as an interface has any."""
    return bool(text.find("ipv6", "unicast-routing")) or not any(
        addresses & ANY6 for port in found for addresses in port.networks
    )


def _tables(text: Configuration) -> Iterator[tuple[str, Node]]:
    for node in (*text.find("vrf", "definition"), *text.find("ip", "vrf")):
        if len(node.words) > 2:
            yield node.words[2], node


def _opened(text: Configuration, found: Sequence[Port]) -> str:
    """Name the classic inspection that opens access lists for replies, if an interface has one."""
    for port in found:
        if "inspect" in port.facts:
            name, number = port.facts["inspect"]
            what = f"ip inspect {name} lets replies through access lists; which ones is not modelled"
            text.remark(RemarkKind.NOTE, what, number)
            return f"ip inspect {name}"
    return ""


PLATFORM = Platform(
    id=_ID,
    title="Cisco IOS and IOS-XE",
    recognises=recognises,
    parse=parse,
    prove=prove,
    recipe=RECIPE,
    secrets=SECRETS,
)
