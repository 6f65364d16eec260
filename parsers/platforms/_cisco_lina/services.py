"""Services as an ASA configuration writes them: protocols with ports, ICMP types, the predefined service objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, PORTS, TCP, UDP, Service, ServiceSet
from parsers.platforms._cisco_lina.addresses import take_ports
from parsers.text.cisco_names import PORT_NAMES, PORTED, PROTOCOLS, icmp_type, port_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parsers.model.interned import Pair
    from parsers.platforms._cisco_lina.addresses import PortRanges

__all__ = [
    "EVERY_PORT", "common_services", "icmp_service", "port_object", "ported_services", "predefined", "protocol_numbers",
    "protocol_services", "service_words",
]  # fmt: skip

EVERY_PORT: PortRanges = (PORTS,)
_PROTOCOL_TOP = 255
_BULK = {"tcp": TCP, "udp": UDP}
_BOTH = {"tcp-udp": (TCP, UDP)}


def protocol_numbers(word: str) -> tuple[int, ...] | None:
    """Give the protocols that a name or number stands for: the empty tuple for `ip`, None for no protocol."""
    if word == "ip":
        return ()
    if word.isdecimal() and word.isascii():
        number = int(word)
        return (number,) if number <= _PROTOCOL_TOP else None
    number = PROTOCOLS.get(word, -1)
    return (number,) if number >= 0 else None


def protocol_services(word: str) -> ServiceSet | None:
    """Give every service of a protocol, None for no protocol."""
    numbers = protocol_numbers(word)
    if numbers is None:
        return None
    return ANY_SERVICE if not numbers else ServiceSet.protocol(numbers[0])


def ported_services(protocols: Iterable[int], source: PortRanges, destination: PortRanges) -> ServiceSet:
    """Give the services of protocols whose source and destination ports lie in these ranges."""
    return ServiceSet.of(
        *(
            Service(protocols=(number, number), source_ports=left, ports=right)
            for number in protocols
            for left in source
            for right in destination
        )
    )


def icmp_service(protocol: int, words: Sequence[str]) -> ServiceSet | None:
    """Give what `[type [code]]` stands for, None if it is neither."""
    if not words:
        return ServiceSet.protocol(protocol)
    kind = icmp_type(words[0], protocol)
    if kind is None or len(words) > 2:
        return None
    if len(words) == 1:
        return ServiceSet.protocol(protocol, (kind * 256, kind * 256 + 255))
    if not words[1].isdecimal() or int(words[1]) > 255:
        return None
    return ServiceSet.protocol(protocol, (kind * 256 + int(words[1]),) * 2)


def common_services(words: str) -> Pair | None:
    """Give, on the axis of services, what `permit|deny tcp|udp [eq PORT|range PORT PORT] [log]` stands for.

    None for any other words; made for bulk.
    """
    parts = words.split()
    if parts and parts[-1] == "log":
        del parts[-1]
    count = len(parts)
    number = _BULK.get(parts[1]) if count > 1 else None
    if number is None:
        return None
    low: int | None
    high: int | None
    if count == 4 and parts[2] == "eq":
        low = high = port_number(parts[3])
    elif count == 5 and parts[2] == "range":
        low, high = port_number(parts[3]), port_number(parts[4])
    elif count == 2:
        low, high = PORTS
    else:
        return None
    if low is None or high is None or low > high:
        return None
    return number << 16 | low, number << 16 | high


def port_object(words: Sequence[str], protocols: tuple[int, ...]) -> ServiceSet | None:
    """Give what a `port-object` line's `eq PORT` or `range PORT PORT` stands for."""
    taken = take_ports(words, 0)
    if taken is None or taken[1] != len(words):
        return None
    return ported_services(protocols, EVERY_PORT, taken[0])


def service_words(words: Sequence[str]) -> ServiceSet | None:
    """Give what `PROTOCOL [source OP PORT] [destination OP PORT]` or `icmp [type [code]]` stands for.

    `tcp eq PORT` is an older form of `tcp destination eq PORT`.
    """
    if not words:
        return None
    numbers = _BOTH.get(words[0]) or protocol_numbers(words[0])
    if numbers is None:
        return None
    if not numbers:
        return ANY_SERVICE if len(words) == 1 else None
    if numbers[0] in {ICMP, ICMP6}:
        return icmp_service(numbers[0], words[1:])
    if len(words) == 1:
        return ServiceSet.join(ServiceSet.protocol(number) for number in numbers)
    if not PORTED.issuperset(numbers):
        return None
    ends = {"source": EVERY_PORT, "destination": EVERY_PORT}
    at = 1
    while at < len(words):
        end = words[at] if words[at] in ends else "destination"
        taken = take_ports(words, at + (words[at] in ends))
        if taken is None:
            return None
        ends[end], at = taken
    return ported_services(numbers, ends["source"], ends["destination"])


def predefined(name: str) -> ServiceSet | None:
    """Give one of the service objects that every ASA has without printing them (`show running-config all object`)."""
    whole = protocol_services(name)
    if whole is not None and not name.isdecimal():
        return whole
    head, _, tail = name.partition("-")
    if head == "tcp" and tail.startswith("udp-"):
        head, tail = "tcp-udp", tail.removeprefix("udp-")
    if head in {"icmp", "icmp6"} and not tail.isdecimal():
        return icmp_service(PROTOCOLS[head], (tail,))
    if head in {"tcp", "udp", "tcp-udp"} and tail in PORT_NAMES:
        numbers = _BOTH.get(head) or (PROTOCOLS[head],)
        return ported_services(numbers, EVERY_PORT, ((PORT_NAMES[tail],) * 2,))
    return None
