"""From a capture to what is parsed of it: the steps that are the same on every system of the family."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.contract import LineState, Parsed, RemarkKind
from parsers.errors import ParserError
from parsers.model.firewall import Assumption
from parsers.platforms._cisco_acl.configuration import Configuration, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from parsers.model.capture import Capture
    from parsers.model.firewall import Firewall
    from parsers.platforms._cisco_acl.dialect import Dialect
    from parsers.platforms._cisco_acl.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["assumptions", "leaks", "parse_capture", "policy_routed", "schedules"]


def parse_capture(
    capture: Capture,
    dialect: Dialect,
    beside: frozenset[str],
    convert: Callable[[Configuration, Sequence[str]], Firewall],
) -> Parsed:
    """Give the firewall of each configuration of a capture; raises ParserError for an empty one.

    `beside` names the documents that are no configurations: their lines count as modelled, `convert` is given them.
    """
    configurations = [document for document in capture.documents if document.name not in beside]
    if not any(document.text.strip() for document in configurations):
        name = configurations[0].name if configurations else None
        raise ParserError("there is no configuration in it", document=name, hint="collect `show running-config`")
    others = tuple(document.text for document in capture.documents if document.name in beside)
    texts = [read(document, index, dialect) for index, document in enumerate(capture.documents)]
    firewalls = []
    for text, document in zip(texts, capture.documents, strict=True):
        if document.name in beside:
            text.ledger.modelled(range(1, len(text.lines) + 1))
            text.remarks.clear()
        else:
            firewalls.append(convert(text, others))
    return Parsed(
        firewalls=tuple(firewalls),
        ledger=tuple(text.ledger.finish() for text in texts),
        remarks=tuple(remark for text in texts for remark in text.remarks),
    )


def schedules(text: Configuration) -> frozenset[str]:
    """Give the names of the time ranges; no clock is asked here, so each is a condition, a past one too."""
    found = set()
    for node in text.find("time-range"):
        if len(node.words) == 2:
            found.add(node.words[1])
            text.ledger.modelled(node.numbers())
    return frozenset(found)


_TARGET = re.compile(r"[\d.]+:\d+|auto")
_OF_A_TABLE = frozenset({
    "address-family", "bgp", "description", "evpn", "evpn-route-sync", "exit-address-family", "exit-vrf", "ip", "ipv6",
    "maximum", "mdt", "mhost", "mode", "no", "rd", "remote-route-filtering", "router", "router-id", "snmp", "vni",
    "vpn",
})  # fmt: skip
"""First words of lines of a table of routes that lead to no other table."""


def leaks(text: Configuration, blocks: Iterable[tuple[str, Node]]) -> set[frozenset[str]]:
    """Give the pairs of tables of routes that may lead into each other, from the block that defines each.

    One imports a route target that another exports, or names another table in a word of its own (`import ipv4`,
    `route-replicate`), which is read as leading anywhere. So is a line that is not understood.
    """
    sides: dict[str, tuple[set[str], set[str]]] = {}
    for name, node in blocks:
        imports, exports = sides.setdefault(name, (set(), set()))
        for line, above in _below(node, ()):
            if not _targets(line, above, imports, exports):
                imports.add("*")
                text.ledger.states[line.number - 1] = LineState.NOT_UNDERSTOOD
                text.strange(line.text, line.number, decides=True)
    pairs: set[frozenset[str]] = set()
    for one, (imports, _) in sides.items():
        anywhere = "*" in imports
        pairs |= {
            frozenset({one, other})
            for other in ("", *sides)
            if other != one and (anywhere or imports & sides.get(other, (set(), set()))[1])
        }
    return pairs


def _below(node: Node, above: tuple[str, ...]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    for child in node.children:
        yield child, above
        yield from _below(child, child.words)


def _targets(line: Node, above: tuple[str, ...], imports: set[str], exports: set[str]) -> bool:
    """Take the targets of a line; False for one that is not understood."""
    words = line.words
    if words[0] == "route-target" and len(words) > 2:
        if words[1] in {"import", "both"}:
            imports.add(words[2])
        if words[1] in {"export", "both"}:
            exports.add(words[2])
        return words[1] in {"import", "export", "both"} and _TARGET.fullmatch(words[2]) is not None
    if above[1:2] == ("route-target",) and len(words) == 1:  # IOS XR: the targets stand below
        (imports if above[0] == "import" else exports).add(words[0])
        return _TARGET.fullmatch(words[0]) is not None
    if words[0] in {"import", "export"} and words[1:] == ("route-target",):
        return True
    if words[0] == "route-replicate" or (words[0] in {"import", "export"} and words[1:2] != ("route-target",)):
        imports.add("*")
        return True
    return words[0] in _OF_A_TABLE


def policy_routed(text: Configuration, found: Sequence[Port]) -> bool:
    """Tell whether policy routing sends some packets elsewhere than the routes do, and say so."""
    policed = False
    for port in found:
        if "policy" in port.facts:
            name, number = port.facts["policy"]
            what = f"interface {port.name}: policy routing by {name} is not modelled"
            text.remark(RemarkKind.NOT_UNDERSTOOD, what, number, decides=True)
            policed = True
    return policed


def assumptions(text: Configuration, found: Sequence[Port]) -> tuple[Assumption, ...]:
    """Give what the model of access lists rests on and no configuration prints."""
    made = []
    if any(entry.names("established") for known in text.lists.values() for entry in known.entries):
        why = "the vendor's definition; a first packet has neither, every later one has"
        made.append(Assumption(text="`established` matches TCP packets with ACK or RST", why=why))
    if any(port.bindings for port in found):
        why = "questions are about whole packets; a later fragment without ports is not judged"
        made.append(Assumption(text="packets are not fragmented and carry no IP options", why=why))
    return tuple(made)
