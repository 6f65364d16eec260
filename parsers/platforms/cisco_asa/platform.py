"""The platform `cisco_asa`: from a capture to its firewalls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.contract import Parsed, Platform
from parsers.model.addresses import ANY
from parsers.model.firewall import Firewall
from parsers.platforms.cisco_asa.ace import Surroundings
from parsers.platforms.cisco_asa.acl import AccessLists
from parsers.platforms.cisco_asa.configuration import Configuration, read
from parsers.platforms.cisco_asa.filters import bindings, egress_stages, gate_stage, gates, ingress_stages
from parsers.platforms.cisco_asa.interfaces import ports, routing
from parsers.platforms.cisco_asa.objects import Objects
from parsers.platforms.cisco_asa.vocabulary import settle

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["PLATFORM", "parse", "recognises"]

_SIGNS = re.compile(r"^(ASA Version |access-list \S+ extended (permit|deny) |: Hardware: +ASA)", re.MULTILINE)


def recognises(capture: Capture) -> bool:
    """Tell whether a capture is the configuration of an ASA, one that is refused included."""
    return any(_SIGNS.search(document.text) for document in capture.documents)


def parse(capture: Capture) -> Parsed:
    """Give the firewalls of a capture, one per configuration document; raises ParserError."""
    texts = [_extract(capture, index) for index in range(len(capture.documents))]
    firewalls = tuple(_convert(text) for text in texts)
    return Parsed(
        firewalls=firewalls,
        ledger=tuple(text.ledger.finish() for text in texts),
        remarks=tuple(remark for text in texts for remark in text.remarks),
    )


def _extract(capture: Capture, index: int) -> Configuration:
    return read(capture.documents[index], index)


def _convert(text: Configuration) -> Firewall:
    found = ports(text)
    routes = routing(text, found)
    objects = Objects(text)
    around = Surroundings(
        text=text,
        objects=objects,
        every=ANY,
        interfaces={port.interface.name: port.own for port in found},
        schedules=frozenset(node.words[1] for node in text.find("time-range") if len(node.words) > 1),
    )
    lists = AccessLists(around)
    bound = bindings(text, frozenset(port.interface.name for port in found))
    gate = gates(text)
    stages = (
        gate_stage(text, found, gate),
        *ingress_stages(found, bound, lists, gate),
        *egress_stages(found, bound, lists),
    )
    for name in text.acls:
        lists.rules(name, 0)
    named = objects.resolve_all()
    settle(text)
    return Firewall(
        platform="cisco_asa",
        interfaces=tuple(port.interface for port in found),
        routes=routes.routes,
        routes_complete=routes.complete,
        stages=stages,
        objects=named,
    )


PLATFORM = Platform(id="cisco_asa", title="Cisco ASA", recognises=recognises, parse=parse)
