"""Questions about packets: from the words of a command line or a table, with the interfaces that they use."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auditor.errors import UsageError
from parsers.model.addresses import V6, AddressSet, address_number, address_text
from parsers.model.packets import Packet
from parsers.model.rules import Traffic
from parsers.model.services import ICMP, ICMP6, PROTOCOL_NUMBERS

if TYPE_CHECKING:
    from parsers.model.firewall import Firewall

__all__ = ["Asked", "Interfaces", "from_table", "from_words"]

CLIENT_PORT: Final = 50000
"""The source port of a question that names none: one that any client may use (RFC 6056)."""

_PORTED: Final = frozenset({6, 17, 33, 132, 136})
_COLUMNS: Final = ("id", "src", "dst", "proto", "sport", "dport")
_ALIASES: Final = {"icmpv6": ICMP6, "ipv6-icmp": ICMP6, "ipip": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One packet to judge: where it arrives (None: nobody knows) and whether it must leave somewhere (None: routed)."""

    id: str
    packet: Packet
    ingress: str | None
    egress: str | None
    traffic: Traffic = Traffic.THROUGH


class Interfaces:
    """The interfaces of a firewall by every name that people give them, and who is routed where."""

    def __init__(self, firewall: Firewall) -> None:
        """Look the names and routes up once."""
        self.table: tuple[tuple[AddressSet, str], ...] = firewall.egress_table()
        self._own = AddressSet.join(item.addresses for item in firewall.interfaces)
        self._routes: dict[int, str | None] = {}
        self._names: dict[str, list[str]] = {}
        for kind in ("name", "hardware", "zone"):
            for interface in firewall.interfaces:
                label = getattr(interface, kind)
                # A zone of the same name as an interface does not take the name away.
                if label and (kind == "zone" or label not in self._names):
                    known = self._names.setdefault(label, [])
                    if interface.name not in known:
                        known.append(interface.name)

    def routed(self, address: int) -> str | None:
        """Give the interface behind which an address is routed, None where no route leads to it."""
        if address not in self._routes:
            self._routes[address] = next((name for addresses, name in self.table if address in addresses), None)
        return self._routes[address]

    def named(self, text: str, address: int, what: str) -> str:
        """Give the interface that a name means; of a zone's the one that routes the address, or the first."""
        found = self._names.get(text)
        if not found:
            known = ", ".join(self._names) or "none"
            raise UsageError(f"there is no interface or zone {text!r}", key=what, hint=f"there are: {known}")
        routed = self.routed(address)
        return routed if routed in found else found[0]

    def traffic(self, packet: Packet, *, arrives: bool) -> Traffic:
        """Tell whether the device itself sends the packet (unless it is said to arrive) or is its destination."""
        if not arrives and packet.source in self._own:
            return Traffic.FROM_DEVICE
        return Traffic.TO_DEVICE if packet.destination in self._own else Traffic.THROUGH


def from_words(
    words: tuple[str, str, str],
    interfaces: Interfaces,
    *,
    source_port: int | None = None,
    arrives: str | None = None,
    leaves: str | None = None,
) -> Asked:
    """Make a question of SRC, DST and PROTO[/PORT] (icmp/TYPE[/CODE]); raises UsageError."""
    source, destination = _address(words[0], "SRC"), _address(words[1], "DST")
    protocol, slash, rest = words[2].partition("/")
    number = _protocol(protocol, "PROTO")
    if number in {ICMP, ICMP6}:
        kind, _, code = rest.partition("/")
        port = _number(kind or "8" if number == ICMP else kind or "128", 255, "PROTO/TYPE") * 256
        port += _number(code or "0", 255, "PROTO/TYPE/CODE")
    elif slash:
        if number not in _PORTED:
            raise UsageError(f"{protocol} has no ports", key="PROTO/PORT", hint="write the protocol alone")
        port = _number(rest, 65535, "PROTO/PORT")
    elif number in _PORTED:
        raise UsageError(f"{protocol} needs a port", key="PROTO/PORT", hint=f"write {protocol}/443, say")
    else:
        port = 0
    asked = CLIENT_PORT if source_port is None else source_port
    packet = _packet(source, destination, number, asked if number in _PORTED else 0, port)
    return _asked("1", packet, interfaces, arrives, leaves)


def from_table(lines: Iterator[str], file: str, interfaces: Interfaces) -> Iterator[Asked]:
    """Make the questions of a tab separated table with a header line; raises UsageError with file and line.

    Columns: id src dst proto sport dport, and if given in and out; others are left alone.
    """
    header = next(lines, "").rstrip("\r\n").split("\t")
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise UsageError(
            f"the header lacks {', '.join(missing)}",
            file=file,
            line=1,
            hint="a tab separated header line: id src dst proto sport dport [in out]",
        )
    places: dict[str, int] = {name: header.index(name) for name in (*_COLUMNS, "in", "out") if name in header}
    for number, line in enumerate(lines, start=2):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.rstrip("\r\n").split("\t")
        row = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
        try:
            yield _row(row, interfaces)
        except UsageError as error:
            raise UsageError(error.message, hint=error.hint, file=file, line=number, key=error.key) from error


def _row(row: Mapping[str, str], interfaces: Interfaces) -> Asked:
    source, destination = _address(row["src"], "src"), _address(row["dst"], "dst")
    protocol = _protocol(row["proto"], "proto")
    if protocol in {ICMP, ICMP6}:
        port = _number(row["dport"] or "0", 255, "dport") * 256
    elif protocol in _PORTED:
        port = _number(row["dport"], 65535, "dport")
    else:
        port = 0
    source_port = _number(row["sport"] or "0", 65535, "sport") if protocol in _PORTED else 0
    packet = _packet(source, destination, protocol, source_port, port)
    return _asked(row["id"], packet, interfaces, row.get("in") or None, row.get("out") or None)


def _asked(name: str, packet: Packet, interfaces: Interfaces, arrives: str | None, leaves: str | None) -> Asked:
    return Asked(
        id=name,
        packet=packet,
        ingress=interfaces.routed(packet.source) if arrives is None else interfaces.named(arrives, packet.source, "in"),
        egress=None if leaves is None else interfaces.named(leaves, packet.destination, "out"),
        traffic=interfaces.traffic(packet, arrives=arrives is not None),
    )


def _packet(source: int, destination: int, protocol: int, source_port: int, port: int) -> Packet:
    if (source < V6) != (destination < V6):
        raise UsageError(
            f"{address_text(source)} and {address_text(destination)} are not of one address family",
            hint="ask about two IPv4 or two IPv6 addresses",
        )
    return Packet(source=source, destination=destination, protocol=protocol, source_port=source_port, port=port)


@functools.lru_cache(maxsize=1 << 16)
def _address(text: str, what: str) -> int:
    try:
        return address_number(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no IP address", key=what, hint="names are not resolved") from error


def _protocol(text: str, what: str) -> int:
    name = text.lower()
    number = PROTOCOL_NUMBERS.get(name, _ALIASES.get(name))
    if number is not None:
        return number
    if name.isdecimal() and int(name) <= 255:
        return int(name)
    raise UsageError(f"{text!r} is no protocol", key=what, hint="write tcp, udp, icmp, ... or a number up to 255")


def _number(text: str, most: int, what: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) <= most:
        return int(text)
    raise UsageError(f"{text!r} is no number from 0 to {most}", key=what)
