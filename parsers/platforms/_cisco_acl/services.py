"""Ports, ICMP messages and TCP flags as routers and switches write them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.rules import State
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, NO_SERVICE, PORTED, PORTS, TCP, UDP, Service, ServiceSet
from parsers.text.cisco_router_names import icmp_message, port_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "EVERY_PORT", "FLAG_WORDS", "PortRanges", "ServiceBounds", "common_services", "flag_states", "from_port_group",
    "icmp_services", "operators", "ported", "reversed_services", "take_ports", "unknown_services",
]  # fmt: skip

ServiceBounds = Bounds[ServiceSet]
PortRanges = tuple[tuple[int, int], ...]
EVERY_PORT: PortRanges = (PORTS,)
operators = frozenset({"eq", "neq", "lt", "gt", "range"})
_TOP = PORTS[1]

FLAG_WORDS = frozenset({"ack", "fin", "psh", "rst", "syn", "urg"})
"""Names of TCP flags; a line that names several is read as either any or all of them."""
_FIRST = frozenset({"syn"})
_LATER = tuple(
    frozenset(flags.split()) for flags in ("syn ack", "ack", "ack psh", "ack fin", "ack rst", "rst", "ack urg")
)
"""The flags of a connection's first packet, and of those that follow it (RFC 9293)."""
_ANSWERS = {(ICMP, 8): 0, (ICMP, 13): 14, (ICMP, 15): 16, (ICMP, 17): 18, (ICMP6, 128): 129}
"""The ICMP type that answers a type (RFC 792, RFC 950, RFC 4443)."""


def unknown_services(text: str) -> ServiceBounds:
    """Give the bounds of something of which nothing is known: possibly every service."""
    return Bounds(sure=NO_SERVICE, possible=ANY_SERVICE, why=(Condition(kind=ConditionKind.UNKNOWN, text=text),))


def take_ports(words: Sequence[str], at: int, *, several: bool) -> tuple[PortRanges, int] | None:
    """Read `eq|neq PORT...`, `lt|gt PORT` or `range PORT PORT` at a place, with the place behind it."""
    operator = words[at] if at < len(words) else ""
    if operator not in operators or at + 1 >= len(words):
        return None
    port = port_number(words[at + 1])
    if port is None:
        return None
    at += 2
    if operator == "range":
        top = port_number(words[at]) if at < len(words) else None
        return None if top is None else (((min(port, top), max(port, top)),), at + 1)
    if operator in {"lt", "gt"}:
        low, high = (0, port - 1) if operator == "lt" else (port + 1, _TOP)
        return (((low, high),) if low <= high else ()), at
    ports = [port]
    while several and at < len(words) and (more := port_number(words[at])) is not None:
        ports.append(more)
        at += 1
    if operator == "eq":
        return tuple((value, value) for value in ports), at
    ordered = [-1, *sorted(set(ports)), _TOP + 1]
    gaps = ((low + 1, high - 1) for low, high in pairwise(ordered))
    return tuple(pair for pair in gaps if pair[0] <= pair[1]), at


def common_services(protocol: str, rest: str) -> tuple[int, int] | None:
    """Give the services of TCP or UDP to one port (`eq PORT`) as an interval, in their common form alone."""
    number = {"tcp": TCP, "udp": UDP}.get(protocol)
    words = rest.split()
    if number is None or words[:1] != ["eq"] or words[2:] not in ([], ["log"]):
        return None
    port = port_number(words[1]) if len(words) > 1 else None
    return None if port is None else (number * 65536 + port,) * 2


def ported(protocols: Iterable[int], source: PortRanges, destination: PortRanges) -> ServiceSet:
    """Give the services of protocols whose source and destination ports lie in these ranges."""
    return ServiceSet.of(
        *(
            Service(protocols=(number, number), source_ports=left, ports=right)
            for number in protocols
            for left in source
            for right in destination
        )
    )


def from_port_group(group: ServiceSet, protocol: int, *, source: bool) -> ServiceSet:
    """Give a protocol's services whose ports (`source`: source ports) are those of a port group."""
    ranges = tuple(box.ports for box in (group & ServiceSet.protocol(TCP)).boxes)
    return ported((protocol,), ranges, EVERY_PORT) if source else ported((protocol,), EVERY_PORT, ranges)


def icmp_services(words: Sequence[str], version: int) -> tuple[ServiceSet, int] | None:
    """Read a message's name, or a type with or without a code, and tell how many words it took; None for neither."""
    protocol = ICMP6 if version == 6 else ICMP
    found = icmp_message(words[0], version=version) if words else None
    if found is None:
        return None
    kind, code = found
    if code is None and words[0].isdecimal() and len(words) > 1 and words[1].isdecimal() and int(words[1]) <= 255:
        return ServiceSet.protocol(protocol, (kind * 256 + int(words[1]),) * 2), 2
    low, high = (0, 255) if code is None else (code, code)
    return ServiceSet.protocol(protocol, (kind * 256 + low, kind * 256 + high)), 1


def flag_states(terms: Sequence[str], mode: str) -> tuple[frozenset[State], frozenset[State]]:
    """Give the states whose packets surely, and possibly, have TCP flags such as `+ack`, `-fin` or `syn`.

    `mode` is `match-all`, `match-any`, or empty where the system does not say which. A connection's first packet has
    SYN alone; of what follows it, a state counts as sure only where each kind of packet matches.
    """
    modes = (mode,) if mode else ("match-any", "match-all")
    sure, possible = set(State), set()
    for each in modes:
        for state, packets in ((State.NEW, (_FIRST,)), (State.ESTABLISHED, _LATER), (State.RELATED, _LATER)):
            results = [_has(packet, terms, each) for packet in packets]
            if any(results):
                possible.add(state)
            if not _reliable(state, packets, results):
                sure.discard(state)
    return frozenset(sure), frozenset(possible)


def _reliable(state: State, packets: Sequence[frozenset[str]], results: Sequence[bool]) -> bool:
    """Tell whether traffic of a state gets through; RST and URG packets are not needed for that."""
    if state is State.NEW:
        return all(results)
    return all(result for packet, result in zip(packets, results, strict=True) if not packet & {"rst", "urg"})


def _has(packet: frozenset[str], terms: Sequence[str], mode: str) -> bool:
    results = [(term.lstrip("+-") in packet) is not term.startswith("-") for term in terms]
    return all(results) if mode == "match-all" else any(results)


def reversed_services(services: ServiceSet) -> ServiceSet:
    """Give the services of the replies: ports change places, an ICMP request becomes its answer."""
    boxes: list[Service] = []
    for box in services.boxes:
        for number in range(box.protocols[0], box.protocols[1] + 1):
            pair = (number, number)
            if number in PORTED:
                boxes.append(Service(protocols=pair, source_ports=box.ports, ports=box.source_ports))
            elif number in {ICMP, ICMP6}:
                boxes += [Service(protocols=pair, ports=answer) for answer in _answers(number, box.ports)]
            else:
                boxes.append(Service(protocols=pair))
    return ServiceSet.of(*boxes)


def _answers(protocol: int, ports: tuple[int, int]) -> Iterable[tuple[int, int]]:
    """Give the type and code ranges that answer a range of them."""
    low, high = ports
    yield ports
    for (number, kind), answer in _ANSWERS.items():
        first, last = max(low, kind * 256), min(high, kind * 256 + 255)
        if number == protocol and first <= last:
            yield answer * 256 + first - kind * 256, answer * 256 + last - kind * 256
