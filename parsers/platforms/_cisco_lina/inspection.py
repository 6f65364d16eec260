"""Modular policies: which traffic is inspected for FTP, and which skips the tracking of connections.

Source: Cisco ASA Series Firewall CLI Configuration Guide, "Service Policy", and Command Reference, `inspect ftp`,
`match default-inspection-traffic`, `set connection advanced-options tcp-state-bypass`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY, ANY4
from parsers.model.firewall import Assumption, Bypass, Helper
from parsers.model.rules import Permit
from parsers.model.services import TCP, UDP, ServiceSet
from parsers.platforms._cisco_lina.addresses import take_ports
from parsers.platforms._cisco_lina.services import EVERY_PORT, ported_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.model.rules import Rule
    from parsers.platforms._cisco_lina.acl import AccessLists
    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.text.cisco_tree import Node

__all__ = ["Policies"]

_FTP_PORTS = ServiceSet.protocol(TCP, (21, 21))
"""What `match default-inspection-traffic` means for FTP."""
_MATCHES = frozenset({
    "any", "access-list", "cos", "default-inspection-traffic", "dscp", "flow", "port", "precedence", "rtp",
    "tunnel-group",
})  # fmt: skip
_ACTIONS = frozenset({
    "cxsc", "csc", "flow-export", "inspect", "ips", "police", "priority", "service-policy", "set", "sfr", "shape",
    "user-statistics",
})  # fmt: skip
"""Actions of a policy; all but the two that this module is about drop by content or rate, delay, mark or count."""
_MODULES = frozenset({"csc", "cxsc", "ips", "sfr"})
_WATCHING = frozenset({"monitor-only", "promiscuous"})


@dataclass(frozen=True, slots=True)
class _Applied:
    """A class within a policy that is in force, globally or on one interface."""

    interface: str | None
    name: str
    matches: tuple[Node, ...]
    actions: tuple[Node, ...]
    number: int


class Policies:
    """The service policies of a configuration."""

    def __init__(self, text: Configuration, lists: AccessLists) -> None:
        """Read class maps, policy maps and where they are applied."""
        self._text = text
        self._lists = lists
        self._classes: dict[str, Node] = {}
        self._policies: dict[str, Node] = {}
        for node in (*text.find("class-map"), *text.find("policy-map")):
            self._learn(node)
        self._applied = tuple(self._apply())

    def helpers(self) -> tuple[Helper, ...]:
        """Give where FTP is inspected, as far as that is sure."""
        return tuple(helper for item in self._applied for helper in self._helpers(item))

    def bypasses(self) -> tuple[Bypass, ...]:
        """Give the traffic whose connections are not tracked (TCP state bypass)."""
        return tuple(bypass for item in self._applied for bypass in self._bypasses(item))

    def assumptions(self) -> tuple[Assumption, ...]:
        """Give what other inspectors are taken to let pass: their rules are not in the configuration."""
        modules = {action.words[0] for item in self._applied for action in item.actions if _filters(action)}
        found = [f"the {name} module drops nothing that is permitted" for name in sorted(modules)]
        if self._text.find("dynamic-filter", "drop"):
            found.append("the Botnet Traffic Filter drops nothing that is required")
        why = "its rules are not in this configuration, and can only take away"
        return tuple(Assumption(text=text, why=why) for text in found)

    def _learn(self, node: Node) -> None:
        text, words = self._text, node.words
        if len(words) > 2 and words[1] == "type":  # inspects an application: can only drop
            text.ledger.irrelevant(node.numbers())
            return
        text.ledger.modelled((node.number,))
        if words[0] == "class-map":
            self._classes[words[-1]] = node
            for child in node.children:
                if child.words[0] == "description":
                    text.ledger.irrelevant((child.number,))
                elif child.words[0] == "match" and len(child.words) > 1 and child.words[1] in _MATCHES:
                    text.ledger.modelled((child.number,))
            return
        self._policies[words[-1]] = node
        for child in node.children:
            if child.words[0] == "description":
                text.ledger.irrelevant((child.number,))
            elif child.words[0] == "class" and len(child.words) == 2:
                text.ledger.modelled((child.number,))
                for action in child.children:
                    if action.words[0] in _ACTIONS and not _drops_all(action) and self._is_known(action):
                        text.ledger.modelled((action.number,))

    def _is_known(self, action: Node) -> bool:
        """Tell whether an action's options are; one that is not may be TCP state bypass."""
        words = action.words
        if words[:3] != ("set", "connection", "advanced-options"):
            return True
        return len(words) == 4 and (words[3] == "tcp-state-bypass" or bool(self._text.find("tcp-map", words[3])))

    def _apply(self) -> Iterator[_Applied]:
        names = {line.words[-1] for node in self._text.find("interface") for line in node.find("nameif")}
        for node in self._text.find("service-policy"):
            words = node.words[:-1] if node.words[-1] == "fail-close" else node.words
            everywhere = len(words) == 3 and words[2] == "global"
            if not everywhere and not (len(words) == 4 and words[2] == "interface"):
                continue
            self._text.ledger.modelled((node.number,))
            if not everywhere and words[3] not in names:
                what = f"{node.text}: there is no such interface"
                self._text.remark(RemarkKind.UNDEFINED, what, node.number, decides=True)
            policy = self._policies.get(words[1])
            if policy is None:
                what = f"{node.text}: policy-map {words[1]} is not defined"
                self._text.remark(RemarkKind.UNDEFINED, what, node.number, decides=True)  # it may skip filters
                continue
            for item in policy.find("class"):
                name = item.words[-1]
                known = self._classes.get(name)
                if known is None and name != "class-default":
                    what = f"policy-map {words[1]}: class-map {name} is not defined"
                    self._text.remark(RemarkKind.UNDEFINED, what, item.number, decides=True)
                    continue
                matches = tuple(known.find("match")) if known is not None else ()
                for line in matches:
                    if line.words[1:2] == ("access-list",) and line.words[-1] not in self._text.acls:
                        what = f"class-map {name}: access-list {line.words[-1]} is not defined"
                        self._text.remark(RemarkKind.UNDEFINED, what, line.number)
                yield _Applied(None if everywhere else words[3], name, matches, item.children, item.number)

    def _helpers(self, item: _Applied) -> Iterator[Helper]:
        for action in item.actions:
            if action.words[:2] != ("inspect", "ftp"):
                continue
            services = self._sure_services(item)
            if services is None:
                what = f"class {item.name}: inspect ftp applies to a part of the traffic that is not told exactly"
                self._text.remark(RemarkKind.NOTE, what, action.number)
                continue
            yield Helper(
                protocol="ftp",
                services=services,
                interfaces=None if item.interface is None else frozenset({item.interface}),
                name=action.text,
                span=self._text.span(action.number),
            )

    def _sure_services(self, item: _Applied) -> ServiceSet | None:
        """Give the services of a class whatever the addresses; None where it may leave some out."""
        if not item.matches:
            return ServiceSet.protocol(TCP) if item.name == "class-default" else None
        if len(item.matches) > 1:
            return None
        words = item.matches[0].words[1:]
        if words == ("any",):
            return ServiceSet.protocol(TCP)
        if words == ("default-inspection-traffic",):
            return _FTP_PORTS
        if words[:1] == ("port",):
            return _port_services(words)
        if words[:1] == ("access-list",) and len(words) == 2:
            return self._list_services(words[1])
        return None

    def _list_services(self, acl: str) -> ServiceSet | None:
        """Give the services of a list that permits from any to any only; None for every other."""
        found = []
        for rule in self._rules(acl):
            everywhere = all(side in {ANY, ANY4} for side in (rule.possible.source, rule.possible.destination))
            if rule.conditions or not everywhere or not isinstance(rule.do, Permit):
                return None
            found.append(rule.possible.services)
        return ServiceSet.join(found) & ServiceSet.protocol(TCP) if found else None

    def _rules(self, acl: str) -> Iterator[Rule]:
        return iter(self._lists.rules(acl, self._text.acls[acl][0])) if acl in self._text.acls else iter(())

    def _bypasses(self, item: _Applied) -> Iterator[Bypass]:
        for action in item.actions:
            if "tcp-state-bypass" not in action.words:
                continue
            ingress = None if item.interface is None else frozenset({item.interface})
            text = f"class {item.name}: {action.text}"
            acl = item.matches[0].words[-1] if len(item.matches) == 1 else ""
            if item.matches and item.matches[0].words[1:2] == ("access-list",) and acl in self._text.acls:
                for rule in self._rules(acl):
                    if isinstance(rule.do, Permit):
                        yield Bypass(
                            text=text,
                            source=rule.possible.source,
                            destination=rule.possible.destination,
                            services=rule.possible.services & ServiceSet.protocol(TCP),
                            ingress=ingress,
                            span=rule.span,
                        )
            else:
                services = ServiceSet.protocol(TCP)
                yield Bypass(text=text, services=services, ingress=ingress, span=self._text.span(action.number))


def _filters(action: Node) -> bool:
    """Tell whether a module decides about the traffic itself, and does not only see it."""
    return action.words[0] in _MODULES and not _WATCHING.intersection(action.words)


def _drops_all(action: Node) -> bool:
    """Tell whether a rate limit drops what keeps to it: a deny of all that the class matches."""
    words = action.words
    return (
        words[0] == "police" and "conform-action" in words[:-1] and words[words.index("conform-action") + 1] == "drop"
    )


def _port_services(words: tuple[str, ...]) -> ServiceSet | None:
    """Give what `port tcp|udp OP PORT` stands for."""
    protocol = {"tcp": TCP, "udp": UDP}.get(words[1] if len(words) > 1 else "")
    taken = take_ports(words, 2)
    if protocol is None or taken is None or taken[1] != len(words):
        return None
    return ported_services((protocol,), EVERY_PORT, taken[0])
