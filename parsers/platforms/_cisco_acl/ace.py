"""One entry of an access list, read word by word: its five-tuple and the conditions that it depends on.

Source: Cisco IOS Security Command Reference, `permit (IP)`, `permit (IPv6)`, `permit (reflexive)`; NX-OS Security
Command Reference, `permit (IPv4)`; IOS XR IP Addresses and Services Command Reference, `permit (IPv4)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.conditions import Axis, Bounds, Condition, ConditionKind
from parsers.model.rules import ALL_STATES, Match, State
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, TCP, ServiceSet
from parsers.platforms._cisco_acl.addresses import AddressBounds, every, single, take_plain
from parsers.platforms._cisco_acl.services import (
    EVERY_PORT,
    FLAG_WORDS,
    ServiceBounds,
    flag_states,
    from_port_group,
    icmp_services,
    operators,
    ported,
    take_ports,
)
from parsers.text.cisco_names import PORTED
from parsers.text.cisco_router_names import EVERY_PROTOCOL, protocol_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.platforms._cisco_acl.dialect import Dialect
    from parsers.platforms._cisco_acl.objects import Objects

__all__ = ["Ace", "StrangeError", "Surroundings", "read_extended", "read_standard"]

_IGNORED = {
    "capture": 0, "counter": 1, "icmp-off": 0, "icmp-on": 0, "interface-statistics": 0, "log": 0, "log-input": 0,
    "police": 2, "priority": 1, "session": 1,
}  # fmt: skip
"""Options that change what is logged or counted, with the number of words behind them."""
_OTHER_PACKETS = {
    "auth": 0, "dest-option": 0, "dest-option-type": 1, "destopts": 0, "fragments": 0, "fragment-type": 1, "hbh": 0,
    "mobility": 0, "mobility-type": 1, "option": 1, "routing": 0, "routing-type": 1, "undetermined-transport": 0,
}  # fmt: skip
"""Options of lines that concern only packets with IP options, extension headers, or a fragment behind the first.

A connection's packets have none of these, so such a line neither permits nor denies them.
"""
_SENDERS_CHOICE = frozenset({
    "cos", "dscp", "flow-label", "hop-limit", "http-method", "packet-length", "precedence", "tos", "traffic-class",
    "ttl", "udf", "vlan",
})  # fmt: skip
"""Options that look at header fields which no question names."""
_FORWARDS = frozenset({"default", "nexthop1", "nexthop2", "nexthop3", "redirect", "set"})
_ESTABLISHED = frozenset({State.ESTABLISHED})


class StrangeError(Exception):
    """A word that is not understood, before the line's five-tuple is complete."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a line's words refer to."""

    text: Configuration
    objects: Objects
    dialect: Dialect
    schedules: frozenset[str]


@dataclass(slots=True)
class Ace:
    """One entry: what it matches, and on what that depends.

    `never` tells that it concerns no packet that is judged. `reflects` names the reflexive list that it feeds,
    `forwards` tells that it sends what it permits somewhere else than the routes do.
    """

    source: AddressBounds
    destination: AddressBounds
    services: ServiceBounds = field(default_factory=lambda: Bounds.exact(ANY_SERVICE))
    sure_states: frozenset[State] = ALL_STATES
    states: frozenset[State] = ALL_STATES
    conditions: list[Condition] = field(default_factory=list)
    objects: tuple[str, ...] = ()
    never: bool = False
    reflects: str = ""
    forwards: bool = False
    understood: bool = True

    @property
    def is_empty(self) -> bool:
        """Tell whether it matches no packet at all."""
        parts = (self.source.possible, self.destination.possible, self.services.possible, self.states)
        return self.never or not all(parts)

    def possible(self) -> Match:
        """Give all that it may match."""
        return Match(
            source=self.source.possible,
            destination=self.destination.possible,
            services=self.services.possible,
            states=self.states,
            objects=self.objects,
        )

    def sure(self) -> Match | None:
        """Give what it matches whatever its names and conditions stand for."""
        parts = (self.source.sure, self.destination.sure, self.services.sure, self.sure_states)
        if self.conditions or not all(parts):
            return None
        return replace(
            self.possible(),
            source=self.source.sure,
            destination=self.destination.sure,
            services=self.services.sure,
            states=self.sure_states,
        )

    def why(self) -> tuple[Condition, ...]:
        """Give every condition, each with the part of the match that it concerns."""
        parts = (
            (self.source.why, Axis.SOURCE),
            (self.destination.why, Axis.DESTINATION),
            (self.services.why, Axis.SERVICE),
        )
        named = [replace(item, axis=axis) for why, axis in parts for item in why]
        if self.states != self.sure_states:
            named.append(Condition(kind=ConditionKind.UNKNOWN, text="TCP flags"))
        return tuple(dict.fromkeys((*self.conditions, *named)))


def read_standard(words: Sequence[str]) -> Ace:
    """Read the words behind `permit` or `deny` of a standard list; raises StrangeError."""
    taken = take_plain(words, 0, 4)
    if taken is None:
        host = single(words[0]) if words else None
        if host is None or list(words[1:]) not in ([], ["log"]):
            raise StrangeError  # a word behind a lone address may stand in its wildcard's place
        taken = Bounds.exact(host), 1
    source, at = taken
    ace = Ace(source=source, destination=Bounds.exact(every(4)))
    if list(words[at:]) not in ([], ["log"]):
        _leave(ace, words[at:])
    return ace


def _leave(ace: Ace, words: Sequence[str]) -> None:
    """Keep what was read as an upper bound of an entry whose other words are strange."""
    ace.understood = False
    ace.conditions.append(Condition(kind=ConditionKind.UNKNOWN, text=" ".join(words)))


def read_extended(around: Surroundings, words: Sequence[str], number: int, version: int) -> Ace:
    """Read the words behind `permit` or `deny` of an extended list; raises StrangeError for one within the tuple."""
    return _Reader(around, words, number, version).read()


class _Reader:
    """Reads one entry from left to right."""

    def __init__(self, around: Surroundings, words: Sequence[str], number: int, version: int) -> None:
        self._around = around
        self._words = words
        self._number = number
        self._version = version
        self._at = 0
        self._protocol: int | None = None
        self._open_list: tuple[int, ServiceBounds] | None = None
        self._ace = Ace(source=Bounds.exact(every(version)), destination=Bounds.exact(every(version)))

    def read(self) -> Ace:
        """Read the whole entry."""
        ace = self._ace
        whole = self._take_protocol()
        ace.source = self._take_address()
        source = self._take_ports(source=True)
        ace.destination = self._take_address()
        if whole is not None:
            ace.services = whole
        elif self._protocol is not None:
            base = Bounds.exact(ServiceSet.protocol(self._protocol))
            destination = self._take_ports(source=False)
            without = _meet(base, source)
            ace.services = _meet(without, destination)
            if destination is not None and self._around.dialect.several_ports:
                self._open_list = (self._at, without)
            if self._protocol in {ICMP, ICMP6} and destination is None:
                self._take_icmp()
        self._take_options()
        return ace

    def _word(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def _take_protocol(self) -> ServiceBounds | None:
        """Read the protocol, or give the services of a group that stands in its place."""
        word, name = self._word(), self._word(1)
        self._at += 1
        if word in EVERY_PROTOCOL:
            return Bounds.exact(ANY_SERVICE)
        if word in self._around.dialect.service_groups and name:
            self._at += 1
            self._ace.objects += (name,)
            return self._around.objects.services("service", name, self._number)
        self._protocol = protocol_number(word, version=self._version)
        if self._protocol is None:
            raise StrangeError
        return None

    def _take_address(self) -> AddressBounds:
        word, name = self._word(), self._word(1)
        if word in self._around.dialect.address_groups and name:
            self._at += 2
            self._ace.objects += (name,)
            return self._around.objects.addresses(name, self._version, self._number)
        taken = take_plain(self._words, self._at, self._version)
        if taken is None:
            raise StrangeError
        found, self._at = taken
        return found

    def _take_ports(self, *, source: bool) -> ServiceBounds | None:
        """Read ports of the entry's protocol, if there are any."""
        protocol = self._protocol
        if protocol is None or protocol not in PORTED:
            return None
        word, name = self._word(), self._word(1)
        if word in self._around.dialect.port_groups and name:
            self._at += 2
            self._ace.objects += (name,)
            group = self._around.objects.services("port", name, self._number)
            sure, possible = (from_port_group(side, protocol, source=source) for side in (group.sure, group.possible))
            return Bounds(sure=sure, possible=possible, why=group.why)
        taken = take_ports(self._words, self._at, several=self._around.dialect.several_ports)
        if taken is None:
            return None
        ranges, self._at = taken
        pair = (ranges, EVERY_PORT) if source else (EVERY_PORT, ranges)
        return Bounds.exact(ported((protocol,), *pair))

    def _take_icmp(self) -> None:
        taken = icmp_services(self._words[self._at :], self._version)
        if taken is not None:
            self._ace.services = Bounds.exact(taken[0])
            self._at += taken[1]

    # ------------------------------------------------------------------------------------ options

    def _take_options(self) -> None:
        """Read what may follow the five-tuple; a strange word leaves the five-tuple as an upper bound."""
        while self._at < len(self._words):
            word = self._word()
            behind = len(self._words) - self._at - 1
            if word in _IGNORED and behind >= _IGNORED[word]:
                self._at += 1 + _IGNORED[word]
            elif word in _OTHER_PACKETS and behind >= _OTHER_PACKETS[word]:
                self._ace.never = True
                self._at += 1 + _OTHER_PACKETS[word]
            elif word in _SENDERS_CHOICE and behind:
                self._take_condition(word)
            elif not self._take_other(word):
                self._widen()
                _leave(self._ace, self._words[self._at :])
                return

    def _widen(self) -> None:
        """Where a strange word stands behind a port of `eq` or `neq`, it may be one more: any port may be meant."""
        if self._open_list is not None and self._open_list[0] == self._at:
            self._ace.services = self._open_list[1]

    def _take_condition(self, word: str) -> None:
        operator = self._word(1)
        count = 4 if word == "udf" or operator == "range" else 3 if operator in operators else 2
        text = " ".join(self._words[self._at : self._at + count])
        self._at += count
        self._ace.conditions.append(Condition(kind=ConditionKind.UNKNOWN, text=text))

    def _take_other(self, word: str) -> bool:
        name = self._word(1)
        if self._protocol == TCP and (word == "established" or word.startswith("match-") or word in FLAG_WORDS):
            return self._take_flags(word)
        if word == "time-range" and name:
            self._take_schedule(name)
        elif word == "reflect" and name:
            self._ace.reflects = name
            self._at += 4 if self._word(2) == "timeout" and self._word(3).isdecimal() else 2
        elif word in _FORWARDS and name:
            self._ace.forwards = True
            self._at = len(self._words)
        else:
            return False
        return True

    def _take_schedule(self, name: str) -> None:
        kind = ConditionKind.SCHEDULE
        if name not in self._around.schedules:
            kind = ConditionKind.UNKNOWN
            self._around.text.remark(RemarkKind.UNDEFINED, f"time-range {name} is not defined", self._number)
        self._ace.conditions.append(Condition(kind=kind, values=(name,), text=f"time-range {name}"))
        self._at += 2

    def _take_flags(self, word: str) -> bool:
        """`established` is a packet with ACK or RST: never the first one of a connection, always the others."""
        self._at += 1
        if word == "established":
            self._states(_ESTABLISHED, _ESTABLISHED)
            return True
        mode = word if word in {"match-all", "match-any"} else ""
        terms = [] if mode else [word]
        while self._word().lstrip("+-") in FLAG_WORDS:
            terms.append(self._word())
            self._at += 1
        if not terms:
            self._at -= 1
            return False
        self._states(*flag_states(terms, mode))
        return True

    def _states(self, sure: frozenset[State], possible: frozenset[State]) -> None:
        self._ace.sure_states &= sure
        self._ace.states &= possible


def _meet(left: ServiceBounds, right: ServiceBounds | None) -> ServiceBounds:
    if right is None:
        return left
    why = left.why + right.why
    return Bounds(sure=left.sure & right.sure, possible=left.possible & right.possible, why=why)
