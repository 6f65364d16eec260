"""What nft selectors look at, as sets of packets; a selector that is chance, time or a user is a condition instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.model.addresses import ANY4, ANY6, V6, address_number, address_text
from parsers.model.conditions import ConditionKind
from parsers.model.rules import ANYTHING, Match
from parsers.model.services import ICMP, ICMP6, ServiceSet
from parsers.platforms._netfilter import expressions as ex
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.guards import NOTHING, Guard, unknown
from parsers.platforms._netfilter.marks import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parsers.platforms._netfilter.expressions import Place

__all__ = ["Field", "condition_of", "field_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A selector: the packets that have it, and which of them have one of some values (ValueError: not understood).

    `span_of` turns a comparison with a value into a range of values, where values are ordered. `names` are all
    interfaces, for the negation of one.
    """

    domain: Match
    of: Callable[[Sequence[str]], Guard]
    span_of: Callable[[str, str], str | None] | None = None
    names: frozenset[str] | None = None


_CONDITIONS = {
    "meta hour": ConditionKind.SCHEDULE, "meta day": ConditionKind.SCHEDULE, "meta time": ConditionKind.SCHEDULE,
    "meta skuid": ConditionKind.USER, "meta skgid": ConditionKind.USER, "meta cgroup": ConditionKind.USER,
}  # fmt: skip


def condition_of(selector: str) -> ConditionKind:
    """Give the kind of condition that a selector is whose value no capture can tell."""
    if selector.startswith("socket cgroup"):
        return ConditionKind.USER
    return _CONDITIONS.get(selector, ConditionKind.UNKNOWN)


def field_of(selector: str, place: Place) -> Field | None:
    """Give the field of a selector, None for one that is understood but that no capture can tell."""
    head, _, key = selector.partition(" ")
    if key in {"saddr", "daddr"} and head in {"ip", "ip6"}:
        return _address(key, 4 if head == "ip" else 6)
    if key in {"sport", "dport"} and head in _PORTED:
        return _port(key, _PORTED[head])
    if head in {"icmp", "icmpv6"} and key in {"type", "code"}:
        return _icmp(key, 4 if head == "icmp" else 6)
    if selector in _PROTOCOL:
        return Field(domain=_PROTOCOL[selector], of=_protocol_of(_PROTOCOL[selector]), span_of=_number_span(255))
    if head == "fib":
        return _fib(key, place)
    if head == "meta":
        return _meta(key, place)
    if selector == "ct state":
        return Field(domain=ANYTHING, of=lambda words: ex.states(place, words))
    if selector == "ct mark":
        return Field(domain=ANYTHING, of=lambda words: _marked(place, Mark.CONNECTION, words))
    if selector in {"ip version", "ip6 version", "ether type"}:
        return Field(domain=ANYTHING, of=_family_of)
    return None


_PORTED = {
    "tcp": (6,), "udp": (17,), "udplite": (136,), "sctp": (132,), "dccp": (33,), "th": ex.PORTED,
}  # fmt: skip
_PROTOCOL = {"meta l4proto": ANYTHING, "ip protocol": ex.family(4), "ip6 nexthdr": ex.family(6)}
_FAMILIES = {"ipv4": 4, "ip": 4, "4": 4, "ipv6": 6, "ip6": 6, "6": 6, "0x0800": 4, "0x86dd": 6, "2048": 4, "34525": 6}
_OTHER_FAMILIES = {"arp", "vlan", "8021q", "8021ad", "bridge", "netdev"}


def _address(key: str, version: int) -> Field:
    axis = "source" if key == "saddr" else "destination"
    everything = ANY4 if version == 4 else ANY6
    domain = Match(source=everything) if axis == "source" else Match(destination=everything)
    top = everything.intervals[0][1]
    bottom = everything.intervals[0][0]

    def span_of(operator: str, value: str) -> str | None:
        number = address_number(value)
        if (number < V6) != (version == 4):
            raise ValueError(f"{value} is not IPv{version}")
        low, high = _ends(operator, number, bottom, top)
        return f"{address_text(low)}-{address_text(high)}" if low <= high else None

    return Field(domain=domain, of=lambda words: ex.address(axis, va.addresses(words, version)), span_of=span_of)


def _ends(operator: str, number: int, bottom: int, top: int) -> tuple[int, int]:
    return {
        "<": (bottom, number - 1), "<=": (bottom, number), ">": (number + 1, top), ">=": (number, top),
    }[operator]  # fmt: skip


def _number_span(top: int) -> Callable[[str, str], str | None]:
    def span_of(operator: str, value: str) -> str | None:
        low, high = _ends(operator, va.integer(value), 0, top)
        return f"{low}-{high}" if low <= high else None

    return span_of


def _port(side: str, protocols: tuple[int, ...]) -> Field:
    domain = Match(services=ServiceSet.join(ServiceSet.protocol(number) for number in protocols))
    return Field(domain=domain, of=lambda words: ex.port(side, protocols, va.ports(words)), span_of=_number_span(65535))


def _icmp(key: str, version: int) -> Field:
    domain = Match(services=ServiceSet.protocol(ICMP if version == 4 else ICMP6))

    def of(words: Sequence[str]) -> Guard:
        boxes: list[Match] = []
        for word in words:
            found = (
                ex.icmp(version, types=va.icmp_number(word, version))
                if key == "type"
                else ex.icmp(version, codes=va.code_number(word, version))
            )
            boxes.extend(found.possible)
        return Guard.of(*boxes)

    return Field(domain=domain, of=of, span_of=_number_span(255))


def _protocol_of(domain: Match) -> Callable[[Sequence[str]], Guard]:
    def of(words: Sequence[str]) -> Guard:
        return Guard.of(domain) & ex.protocol(va.protocol_range(word) for word in words)

    return of


def _family_of(words: Sequence[str]) -> Guard:
    boxes: list[Match] = []
    for word in words:
        if word in _FAMILIES:
            boxes.append(ex.family(_FAMILIES[word]))
        elif word not in _OTHER_FAMILIES:
            raise ValueError(f"{word} is no protocol family")
    return Guard.of(*boxes) if boxes else NOTHING


def _marked(place: Place, mark: Mark, words: Sequence[str]) -> Guard:
    if len(words) == 1:
        return place.marks.test(mark, va.integer(words[0]))
    guards = [place.marks.test(mark, va.integer(word)) for word in words]
    if any(guard.conditions or guard.excluded for guard in guards):
        return unknown(f"{mark} among {', '.join(words)}")
    return Guard.of(*(box for guard in guards for box in guard.possible))


def _meta(key: str, place: Place) -> Field | None:
    network = place.network
    direction = "egress" if key.startswith("o") else "ingress"
    match key:
        case "iif" | "iifname" | "oif" | "oifname":
            numbered = key in {"iif", "oif"}
            return Field(
                domain=ANYTHING, of=lambda words: _named(place, direction, words, numbered), names=network.names
            )
        case "iifgroup" | "oifgroup" | "iiftype" | "oiftype" | "iifkind" | "oifkind" if network.names is not None:
            attribute = key[3:]

            def having(words: Sequence[str]) -> Guard:
                named = frozenset[str]().union(*(_having(place, attribute, word) for word in words))
                return ex.interface(place, direction, named)

            return Field(domain=ANYTHING, of=having, names=network.names)
        case "mark":
            return Field(domain=ANYTHING, of=lambda words: _marked(place, Mark.PACKET, words))
        case "nfproto" | "protocol":
            return Field(domain=ANYTHING, of=_family_of)
        case "pkttype":
            return Field(domain=ANYTHING, of=lambda words: ex.packet_type(place, words))
        case _:
            return None


def _named(place: Place, direction: str, words: Sequence[str], numbered: bool) -> Guard:  # noqa: FBT001
    """Give the interfaces of some names; the number of one is printed where nobody knew its name."""
    if numbered and any(word.isdecimal() for word in words):
        return unknown(f"which interfaces have the numbers {', '.join(words)}")
    return ex.interface(place, direction, words)


def _having(place: Place, attribute: str, word: str) -> frozenset[str]:
    value = {"0": "default"}.get(word, word) if attribute == "group" else word
    return place.network.having(attribute, value) or frozenset()


def _fib(key: str, place: Place) -> Field | None:
    flags, _, result = key.rpartition(" ")
    parts = set(flags.split(" . "))
    if result == "type" and parts <= {"saddr", "daddr", "iif", "mark"}:
        axis = "source" if "saddr" in parts else "destination"
        if "iif" in parts:
            return Field(domain=ANYTHING, of=lambda words: ex.address_type_at(place, axis, words))
        return Field(domain=ANYTHING, of=lambda words: ex.address_type(place, axis, words))
    if result in {"oif", "oifname"} and "saddr" in parts:
        return Field(domain=ANYTHING, of=lambda words: _found_route(place, words, by_ingress="iif" in parts))
    return None


def _found_route(place: Place, words: Sequence[str], *, by_ingress: bool) -> Guard:
    (word,) = words
    if word in {"exists", "missing", "0"}:
        return ex.reverse_path(place, by_ingress=by_ingress, missing=word != "exists")
    return unknown(f"the route of the source leaves by {word}")
