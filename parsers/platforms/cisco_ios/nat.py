"""Address translation between `ip nat inside` and `ip nat outside` interfaces.

Source: Cisco IOS IP Addressing Services Command Reference, `ip nat inside source`, `ip nat outside source`, `ip nat
inside destination`, `ip nat pool`; Cisco, "NAT Order of Operation": from the outside a packet is translated before it
is routed, from the inside behind the routing; access lists of the outside interface see the global addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY4, AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Call, Chain, Deny, Goto, Match, Permit, Return, Rewrite, Rule, Rules, Side, Stage, State
from parsers.model.services import ANY_SERVICE, TCP, UDP, ServiceSet
from parsers.platforms._cisco_acl.acl import PERMIT
from parsers.platforms._cisco_acl.addresses import masked, prefix, single
from parsers.text.cisco_router_names import port_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from parsers.platforms._cisco_acl.acl import AccessLists
    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.platforms._cisco_acl.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["Translations"]

_PROTOCOLS = {"tcp": TCP, "udp": UDP}
_FLAGS = frozenset({
    "add-route", "extendable", "forced", "match-host", "match-in-vrf", "no-alias", "no-payload", "overload",
    "reversible",
})  # fmt: skip
_NAMED_FLAGS = frozenset({"mapping-id", "oer", "redundancy", "vrf"})
_SETTINGS = frozenset({
    "create", "debug", "log", "piggyback-support", "portmap", "service", "settings", "sip-sbc", "switchover",
    "syslog", "translation",
})  # fmt: skip
"""Second words behind `ip nat` that translate nothing."""


_OF_A_CLAUSE = frozenset({"description", "set"})
"""First words of lines of a route map that select nothing."""


class _StrangeError(Exception):
    """A translation that is not understood."""


@dataclass(slots=True)
class _Static:
    """One static translation: `local` stands inside under the address `known` outside; ports for one protocol."""

    local: AddressSet
    known: AddressSet
    number: int
    protocol: int = 0
    local_port: int = 0
    known_port: int = 0
    why: list[Condition] = field(default_factory=list)

    @property
    def order(self) -> tuple[bool, int]:
        """Ports come before whole hosts, hosts before networks."""
        return not self.protocol, self.local.size


@dataclass(frozen=True, slots=True)
class _Dynamic:
    """One dynamic translation: what a list or route map selects becomes an address of a pool."""

    selector: str
    name: str
    to: AddressSet
    number: int
    why: tuple[Condition, ...] = ()


class Translations:
    """The translations of a configuration as stages."""

    def __init__(self, text: Configuration, found: Sequence[Port], lists: AccessLists) -> None:
        """Read the translations; `vrfs` names the tables whose hosts are translated into the global one."""
        self._text = text
        self._ports = {port.name: port for port in found}
        self._lists = lists
        self.inside = frozenset(port.name for port in found if port.facts.get("nat", ("",))[0] == "inside")
        self.outside = frozenset(port.name for port in found if port.facts.get("nat", ("",))[0] == "outside")
        self.vrfs: set[str] = set()
        self._pools = dict(_pools(text))
        self._statics: list[_Static] = []
        self._outside_statics: list[_Static] = []
        self._dynamics: list[_Dynamic] = []
        self._outside_dynamics: list[_Dynamic] = []
        self._rotaries: list[_Dynamic] = []
        self._exists = False
        for node in text.find("ip", "nat"):
            self._read(node)

    def before_routing(self) -> Iterator[Stage]:
        """Give what packets from the outside become before they are routed."""
        if not self._exists:
            return
        rules, chains = self._destinations()
        yield self._stage("NAT outside to inside", Side.DESTINATION, rules, chains, ingress=self.outside)
        if self._outside_statics or self._outside_dynamics:
            rules = [self._outside_source(item) for item in self._outside_statics]
            chains = []
            rules += [self._call(dynamic, Side.SOURCE, chains) for dynamic in self._outside_dynamics]
            yield self._stage("NAT of outside sources", Side.SOURCE, rules, chains, ingress=self.outside)

    def behind_routing(self) -> Iterator[Stage]:
        """Give what packets from the inside become behind the routing."""
        if not self._exists:
            return
        if self._outside_statics:
            rules = [self._outside_destination(item) for item in self._outside_statics]
            name = "NAT of outside destinations"
            yield self._stage(name, Side.DESTINATION, rules, [], ingress=self.inside, egress=self.outside)
        yield self._replies()
        rules = [self._source(item) for item in sorted(self._statics, key=lambda item: item.order)]
        chains: list[Chain] = []
        rules += [self._call(dynamic, Side.SOURCE, chains) for dynamic in self._dynamics]
        name = "NAT inside to outside"
        yield self._stage(name, Side.SOURCE, rules, chains, ingress=self.inside, egress=self.outside)

    def _replies(self) -> Stage:
        """Give what keeps replies from whom they answer: a packet that came by a host's own address has none.

        They leave as the address that the host has outside, which the sender never asked.
        """
        rules = []
        for item in self._statics:
            services = ANY_SERVICE
            if item.protocol:
                services = ServiceSet.protocol(item.protocol, source_ports=(item.local_port, item.local_port))
            rules.append(self._unasked(Match(source=item.local, services=services), tuple(item.why), item.number))
        for dynamic in self._dynamics:
            why = (*dynamic.why, _unknown("whether a reply is translated that belongs to no translation"))
            selected = self._lists.rules(4, dynamic.name, dynamic.number) if dynamic.selector == "list" else ()
            matches = [rule.possible for rule in selected if isinstance(rule.do, Permit)]
            rules += [
                self._unasked(Match(source=match.source, destination=match.destination), why, dynamic.number)
                for match in (matches if dynamic.selector == "list" else [Match(source=ANY4)])
            ]
        name = "NAT of replies"
        return Stage(
            name=name,
            chains=(Chain(name=name, rules=Rules.of(*rules)),),
            default=PERMIT,
            default_name="replies as asked",
            ingress=self.inside,
            egress=self.outside,
            stateful=False,
        )

    def _unasked(self, match: Match, why: tuple[Condition, ...], number: int) -> Rule:
        untranslated = replace(match, states=frozenset({State.ESTABLISHED}), tags=frozenset())
        name = "the reply is translated, and what it answers was not"
        return Rule(do=Deny(), possible=untranslated, conditions=why, name=name, span=self._text.span(number))

    @staticmethod
    def _stage(
        name: str,
        side: Side,
        rules: Sequence[Rule],
        chains: Sequence[Chain],
        *,
        ingress: frozenset[str],
        egress: frozenset[str] | None = None,
    ) -> Stage:
        """A stage at which replies get their addresses back, translations or not: hence the rule at its end."""
        held = Match(states=frozenset({State.ESTABLISHED}))
        last = Rule(do=Rewrite(side=side), possible=held, name="connection table")
        return Stage(
            name=name,
            chains=(Chain(name=name, rules=Rules.of(*rules, last)), *chains),
            default=PERMIT,
            default_name="not translated",
            ingress=ingress,
            egress=egress,
            translates=True,
            stateful=False,
        )

    # ------------------------------------------------------------------------------------- rules

    def _destinations(self) -> tuple[list[Rule], list[Chain]]:
        rules = []
        for item in sorted(self._statics, key=lambda item: item.order):
            services = ServiceSet.protocol(item.protocol, (item.known_port,) * 2) if item.protocol else ANY_SERVICE
            ports = (item.local_port, item.local_port) if item.protocol else None
            tag = f"nat {item.number}"
            do = Rewrite(side=Side.DESTINATION, to=item.local, shift=item.local.size > 1, ports=ports, tag=tag)
            rules.append(self._rule(item, do, Match(destination=item.known, services=services)))
        chains: list[Chain] = []
        rules += [self._call(rotary, Side.DESTINATION, chains) for rotary in self._rotaries]
        return rules, chains

    def _source(self, item: _Static) -> Rule:
        services = ANY_SERVICE
        if item.protocol:
            services = ServiceSet.protocol(item.protocol, source_ports=(item.local_port, item.local_port))
        ports = (item.known_port, item.known_port) if item.protocol else None
        do = Rewrite(side=Side.SOURCE, to=item.known, shift=item.known.size > 1, ports=ports)
        return self._rule(item, do, Match(source=item.local, services=services))

    def _outside_source(self, item: _Static) -> Rule:
        do = Rewrite(side=Side.SOURCE, to=item.local, shift=item.local.size > 1)
        return self._rule(item, do, Match(source=item.known))

    def _outside_destination(self, item: _Static) -> Rule:
        do = Rewrite(side=Side.DESTINATION, to=item.known, shift=item.known.size > 1)
        return self._rule(item, do, Match(destination=item.local))

    def _rule(self, item: _Static, do: Rewrite, match: Match) -> Rule:
        return Rule(do=do, possible=match, conditions=tuple(item.why), span=self._text.span(item.number))

    def _call(self, item: _Dynamic, side: Side, chains: list[Chain]) -> Rule:
        """Call the chain that translates what a list or a route map permits, and returns on what it denies."""
        name = f"{item.selector} {item.name} at line {item.number}"
        do = Rewrite(side=side, to=item.to, tag=f"nat {item.number}" if side is Side.DESTINATION else None)
        if item.selector == "list":
            chains.append(Chain(name=name, rules=Rules.of(*self._selected(item, do))))
        else:
            chains += self._route_map(item, do, name)
        return Rule(do=Call(chain=name))

    def _selected(self, item: _Dynamic, do: Rewrite) -> Iterator[Rule]:
        span = self._text.span(item.number)
        for rule in self._lists.rules(4, item.name, item.number):
            permits = isinstance(rule.do, Permit)
            yield Rule(
                do=do if permits else Return(),
                possible=rule.possible,
                sure=None if item.why else rule.sure,
                conditions=rule.conditions + (item.why if permits else ()),
                span=span,
            )

    def _route_map(self, item: _Dynamic, do: Rewrite, name: str) -> Iterator[Chain]:
        """Each clause is a chain that goes on to the next one where it does not match."""
        clauses = _clauses(self._text, item.name)
        span = self._text.span(item.number)
        if not clauses:
            what = f"route-map {item.name} is not defined"
            self._text.remark(RemarkKind.UNDEFINED, what, item.number)
            yield Chain(name=name, rules=Rules.of(Rule(do=do, conditions=(_unknown(what),), span=span)))
        for number, node in enumerate(clauses):
            on = Goto(chain=f"{name} #{number + 2}") if number + 1 < len(clauses) else Return()
            permits = node.words[2:3] != ("deny",)
            rules = [*self._clause(node, do if permits else Return(), on, item), Rule(do=on)]
            yield Chain(name=name if number == 0 else f"{name} #{number + 1}", rules=Rules.of(*rules))

    def _clause(self, node: Node, do: Rewrite | Return, on: Goto | Return, item: _Dynamic) -> Iterator[Rule]:
        span = self._text.span(item.number)
        lists: list[str] = []
        egress: frozenset[str] | None = None
        why = list(item.why)
        for line in node.children:
            if line.words[0] in _OF_A_CLAUSE:
                continue
            if line.words[0] != "match":
                why.append(_unknown(line.text))
            elif line.words[1:3] == ("ip", "address") and len(line.words) > 3 and line.words[3] != "prefix-list":
                lists += line.words[3:]
            elif line.words[1:2] == ("interface",) and len(line.words) > 2:
                egress = frozenset(line.words[2:])
            else:
                why.append(_unknown(line.text))
        if not lists:
            yield Rule(do=do, possible=Match(source=ANY4, egress=egress), conditions=tuple(why), span=span)
        single_list = len(lists) == 1
        for name in lists:
            for rule in self._lists.rules(4, name, item.number):
                permits = isinstance(rule.do, Permit)
                match = rule.possible
                extra = () if single_list or permits else (_unknown("one of several lists of a route map denies"),)
                yield Rule(
                    do=do if permits else on,
                    possible=Match(
                        source=match.source,
                        destination=match.destination,
                        services=match.services,
                        egress=egress if permits else None,
                    ),
                    sure=None,
                    conditions=rule.conditions + (tuple(why) if permits else ()) + extra,
                    span=span,
                )

    # ----------------------------------------------------------------------------------- reading

    def _read(self, node: Node) -> None:
        words = list(node.words[2:])
        head = words[0] if words else ""
        if head in _SETTINGS:
            self._text.ledger.irrelevant(node.numbers())
            return
        try:
            known = self._take(words, node.number)
        except _StrangeError:
            known = False
        if known:
            self._exists = self._exists or head != "pool"
            self._text.ledger.modelled(node.numbers())
        else:
            self._text.strange(node.text, node.number, decides=True)

    def _take(self, words: list[str], number: int) -> bool:
        """Take one line's words behind `ip nat`; False, or _StrangeError, for what is not understood."""
        if words[:1] == ["pool"]:
            return len(words) > 1 and words[1] in self._pools
        if words[:2] in (["inside", "source"], ["outside", "source"]):
            self._source_line(words[2:], number, outside=words[0] == "outside")
            return True
        if words[:3] == ["inside", "destination", "list"] and len(words) == 6 and words[4] == "pool":
            self._rotaries.append(_Dynamic("list", words[3], self._pool(words[5], number), number))
            return True
        return False

    def _source_line(self, words: list[str], number: int, *, outside: bool) -> None:
        if words[:1] == ["static"]:
            item = self._static(words[1:], number, outside=outside)
            if outside and item.protocol:
                raise _StrangeError
            (self._outside_statics if outside else self._statics).append(item)
        elif len(words) > 3 and words[0] in {"list", "route-map"} and words[2] in {"interface", "pool"}:
            why: list[Condition] = []
            own = words[2] == "interface"
            to = self._interface(words[3], number, []) if own else self._pool(words[3], number)
            self._options(words[4:], why, number)
            dynamic = _Dynamic(words[0], words[1], to, number, tuple(why))
            (self._outside_dynamics if outside else self._dynamics).append(dynamic)
        else:
            raise _StrangeError

    def _static(self, words: list[str], number: int, *, outside: bool) -> _Static:
        """Read `[network|tcp|udp] LOCAL [PORT] GLOBAL|interface IFC [PORT]`; `outside` lines name the global first."""
        protocol = _PROTOCOLS.get(words[0], 0) if words else 0
        if protocol:
            item = self._port_static(words[1:], number, protocol)
        elif words[:1] == ["network"]:
            item = self._network_static(words[1:], number)
        else:
            first = single(words[0]) if words else None
            why: list[Condition] = []
            known, rest = self._known(words[1:], number, why)
            if first is None:
                raise _StrangeError
            item = _Static(first, known, number, why=why)
            self._options(rest, item.why, number)
        if outside:
            item.local, item.known = item.known, item.local
        return item

    def _port_static(self, words: list[str], number: int, protocol: int) -> _Static:
        local = single(words[0]) if words else None
        local_port = port_number(words[1]) if len(words) > 1 else None
        why: list[Condition] = []
        known, rest = self._known(words[2:], number, why)
        known_port = port_number(rest[0]) if rest else None
        if local is None or local_port is None or known_port is None:
            raise _StrangeError
        item = _Static(local, known, number, protocol, local_port, known_port, why)
        self._options(rest[1:], item.why, number)
        return item

    def _network_static(self, words: list[str], number: int) -> _Static:
        if len(words) < 3:
            raise _StrangeError
        local, known = (
            prefix(word + words[2]) if words[2].startswith("/") else masked(word, words[2]) for word in words[:2]
        )
        if local is None or known is None:
            raise _StrangeError
        item = _Static(local, known, number)
        self._options(words[3:], item.why, number)
        return item

    def _known(self, words: list[str], number: int, why: list[Condition]) -> tuple[AddressSet, list[str]]:
        if words[:1] == ["interface"] and len(words) > 1:
            return self._interface(words[1], number, why), words[2:]
        known = single(words[0]) if words else None
        if known is None:
            raise _StrangeError
        return known, words[1:]

    def _interface(self, name: str, number: int, why: list[Condition]) -> AddressSet:
        """Give an interface's own address; of one that is leased, every address, and why."""
        port = self._ports.get(name)
        if port is None or not port.addresses:
            what = f"the address of interface {name} is not in the configuration: any may be meant"
            self._text.remark(RemarkKind.NOTE, what, number)
            why.append(_unknown(f"address of interface {name}"))
            return ANY4
        return port.addresses[0]

    def _pool(self, name: str, number: int) -> AddressSet:
        known = self._pools.get(name)
        if known is None:
            self._text.remark(RemarkKind.UNDEFINED, f"ip nat pool {name} is not defined: any may be meant", number)
            return ANY4
        return known

    def _options(self, words: Iterable[str], why: list[Condition], number: int) -> None:
        words = list(words)
        while words:
            word = words.pop(0)
            if word in _NAMED_FLAGS and words:
                value = words.pop(0)
                if word == "vrf":
                    self.vrfs.add(value)
            elif word == "route-map" and words:
                why.append(_unknown(f"{word} {words.pop(0)} at line {number}"))
            elif word not in _FLAGS:
                raise _StrangeError


def _unknown(text: str) -> Condition:
    return Condition(kind=ConditionKind.UNKNOWN, text=text)


def _pools(text: Configuration) -> Iterator[tuple[str, AddressSet]]:
    """Read `ip nat pool NAME FIRST LAST netmask M|prefix-length N [type ...]`, or with ranges on lines below."""
    for node in text.find("ip", "nat", "pool"):
        words = node.words[3:]
        ranges = [words[1:3]] if len(words) > 3 and words[3] in {"netmask", "prefix-length"} else []
        ranges += [line.words[1:3] for line in node.find("address") if len(line.words) == 3]
        sets = [(single(pair[0]), single(pair[1])) for pair in ranges if len(pair) == 2]
        spans = [
            AddressSet.span(low.intervals[0][0], high.intervals[0][1])
            for low, high in sets
            if low is not None and high is not None
        ]
        if words and spans and len(spans) == len(sets):
            yield words[0], AddressSet.join(spans)


def _clauses(text: Configuration, name: str) -> list[Node]:
    """Give the clauses of a route map; a clause that is opened twice goes on."""
    found: dict[str, Node] = {}
    for node in text.find("route-map", name):
        number = node.words[3] if len(node.words) > 3 else "10"
        known = found.get(number)
        found[number] = node if known is None else replace(known, children=known.children + node.children)
    return list(found.values())
