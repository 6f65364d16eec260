"""Crypto maps: what a tunnel decrypts does not meet the access list of the interface that it arrived by.

Source: Cisco IOS, "Crypto Access Check on Clear-Text Packets": since 12.3(8)T the inbound access list sees a packet
once, as it arrives encrypted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import ANY, AddressSet
from parsers.model.firewall import Bypass
from parsers.model.rules import Permit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.platforms._cisco_acl.acl import AccessLists
    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.platforms._cisco_acl.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["bypasses"]

_HEADS = (("crypto", "map"), ("crypto", "dynamic-map"))
_OF_AN_ENTRY = frozenset({"default", "description", "no", "qos", "reverse-route", "set"})
"""First words of lines of an entry that say how a tunnel is made, not what comes out of it."""


def bypasses(text: Configuration, found: Sequence[Port], lists: AccessLists) -> tuple[Bypass, ...]:
    """Give the traffic that may come out of a tunnel unfiltered."""
    for head in _HEADS:
        for node in text.find(*head):
            text.ledger.modelled(node.numbers())
            for line in node.children:
                matches = line.starts("match", "address") and len(line.words) == 3
                if line.words[0] not in _OF_AN_ENTRY and not matches:
                    text.ledger.states[line.number - 1] = LineState.NOT_UNDERSTOOD
                    text.strange(line.text, line.number, decides=True)
    return tuple(bypass for port in found if "crypto" in port.facts for bypass in _of_port(text, port, lists))


def _of_port(text: Configuration, port: Port, lists: AccessLists) -> Iterator[Bypass]:
    name, number = port.facts["crypto"]
    entries = [node for node in text.find("crypto", "map", name) if len(node.words) > 3 and node.words[3].isdecimal()]
    if not entries:
        what = f"crypto map {name} is not defined"
        text.remark(RemarkKind.UNDEFINED, what, number)
        yield Bypass(text=what, ingress=frozenset({port.name}), span=text.span(number))
    for node in entries:
        dynamic = node.words[5:7] if node.words[5:6] == ("dynamic",) else ()
        blocks: list[Node] = [node]
        if dynamic:
            blocks = text.find("crypto", "dynamic-map", dynamic[1]) if len(dynamic) > 1 else []
        for block in blocks or [node]:
            yield from _of_entry(text, port, block, lists, dynamic=bool(dynamic))


def _of_entry(text: Configuration, port: Port, node: Node, lists: AccessLists, *, dynamic: bool) -> Iterator[Bypass]:
    ingress = frozenset({port.name})
    words = f"{' '.join(node.words[:4])}: out of the tunnel"
    matched = list(node.find("match", "address"))
    for line in matched:
        permits = (rule for rule in lists.rules(4, line.words[-1], line.number) if isinstance(rule.do, Permit))
        for rule in permits:  # the list is written as the traffic into the tunnel
            yield Bypass(
                text=words,
                source=rule.possible.destination,
                destination=rule.possible.source,
                ingress=ingress,
                span=text.span(node.number),
            )
    if not matched:
        anything: AddressSet = ANY
        if dynamic:
            yield Bypass(text=words, source=anything, ingress=ingress, span=text.span(node.number))
        else:
            text.remark(RemarkKind.NOTE, f"{node.text} has no match address: no tunnel comes up", node.number)
