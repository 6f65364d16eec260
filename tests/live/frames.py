"""Ethernet frames of many probes at once, IPv4 and IPv6, with valid checksums: conntrack calls others INVALID.

A probe's number rides in TCP's sequence number, in the first four bytes of UDP's payload, and in ICMP's identifier and
sequence number. Every transport part is 20 bytes long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from parsers.model.addresses import V6
from parsers.model.services import ICMP, ICMP6, TCP, UDP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from parsers.model.packets import Packet

__all__ = ["SYN", "SYN_ACK", "Seen", "build", "parse", "parse_raw"]

_LINK, _FOUR, _SIX, _TRANSPORT = 14, 20, 40, 20
SYN, SYN_ACK, _RST = 0x02, 0x12, 0x04


@dataclass(frozen=True, slots=True)
class Seen:
    """A frame that was seen: the probe that it belongs to, the header it has, what it is.

    `kind` is `probe`, `reset` (an RST) or `unreachable` (an ICMP error that quotes the probe).
    """

    number: int
    kind: str
    source: int
    destination: int
    source_port: int
    port: int


def _sum(words: NDArray[np.uint16]) -> NDArray[np.uint16]:
    total = words.astype(np.uint64).sum(axis=1)
    for _ in range(3):
        total = (total & 0xFFFF) + (total >> 16)
    folded: NDArray[np.uint16] = (~total & 0xFFFF).astype(">u2")
    return folded


def _put(target: NDArray[np.uint8], offset: int, values: Sequence[int], kind: str) -> None:
    size = np.dtype(kind).itemsize
    column = np.array(values, dtype=kind).reshape(-1, 1)
    target[:, offset : offset + size] = column.view(np.uint8).reshape(len(values), size)


def _put_addresses(target: NDArray[np.uint8], offset: int, numbers: Sequence[int]) -> None:
    raw = b"".join((number - V6).to_bytes(16, "big") for number in numbers)
    target[:, offset : offset + 16] = np.frombuffer(raw, np.uint8).reshape(len(numbers), 16)


def build(
    packets: Sequence[Packet], numbers: Sequence[int], macs: tuple[bytes, bytes], flags: int = SYN
) -> list[bytes]:
    """Give the frames of packets from one MAC address (`macs[1]`) to another, in the same order."""
    frames: list[bytes] = [b""] * len(packets)
    for six in (False, True):
        places = [place for place, packet in enumerate(packets) if (packet.source >= V6) is six]
        if places:
            made = _build([packets[i] for i in places], [numbers[i] for i in places], macs, flags, six=six)
            for place, row in zip(places, made, strict=True):
                frames[place] = row.tobytes()
    return frames


def _build(
    packets: list[Packet], numbers: list[int], macs: tuple[bytes, bytes], flags: int, *, six: bool
) -> NDArray[np.uint8]:
    count = len(packets)
    head = _SIX if six else _FOUR
    frames = np.zeros((count, _LINK + head + _TRANSPORT), np.uint8)
    frames[:, 0:6] = np.frombuffer(macs[0], np.uint8)
    frames[:, 6:12] = np.frombuffer(macs[1], np.uint8)
    network, transport = frames[:, _LINK : _LINK + head], frames[:, _LINK + head :]
    protocols = [packet.protocol for packet in packets]
    pseudo = np.zeros((count, 40 if six else 12), np.uint8)
    if six:
        frames[:, 12:14] = (0x86, 0xDD)
        network[:, 0] = 0x60
        _put(network, 4, [_TRANSPORT] * count, ">u2")
        _put(network, 6, protocols, "u1")
        network[:, 7] = 64
        _put_addresses(network, 8, [packet.source for packet in packets])
        _put_addresses(network, 24, [packet.destination for packet in packets])
        pseudo[:, 0:32] = network[:, 8:40]
        pseudo[:, 35] = _TRANSPORT
        _put(pseudo, 39, protocols, "u1")
    else:
        frames[:, 12:14] = (0x08, 0x00)
        network[:, 0] = 0x45
        _put(network, 2, [_FOUR + _TRANSPORT] * count, ">u2")
        network[:, 6] = 0x40
        network[:, 8] = 64
        _put(network, 9, protocols, "u1")
        _put(network, 12, [packet.source for packet in packets], ">u4")
        _put(network, 16, [packet.destination for packet in packets], ">u4")
        network[:, 10:12] = _sum(np.ascontiguousarray(network).view(">u2")).reshape(-1, 1).view(np.uint8)
        pseudo[:, 0:8] = network[:, 12:20]
        _put(pseudo, 9, protocols, "u1")
        pseudo[:, 11] = _TRANSPORT
    _transport(transport, packets, numbers, flags)
    kinds = np.array(protocols)
    plain = kinds == ICMP  # ICMP alone has no pseudo header
    covered = np.concatenate([np.where(plain[:, None], 0, pseudo).astype(np.uint8), transport], axis=1)
    sums = _sum(np.ascontiguousarray(covered).view(">u2")).reshape(-1, 1).view(np.uint8)
    for number, offset in ((TCP, 16), (UDP, 6), (ICMP, 2), (ICMP6, 2)):
        rows = kinds == number
        transport[rows, offset : offset + 2] = sums[rows]
    return frames


def _transport(transport: NDArray[np.uint8], packets: list[Packet], numbers: list[int], flags: int) -> None:
    kinds = np.array([packet.protocol for packet in packets])
    _put(transport, 0, [_first(packet) for packet in packets], ">u2")
    _put(transport, 2, [packet.port if packet.protocol in {TCP, UDP} else 0 for packet in packets], ">u2")
    marks = np.array(numbers, dtype=">u4").reshape(-1, 1).view(np.uint8)
    tcp = kinds == TCP
    transport[tcp, 4:8] = marks[tcp]
    if flags != SYN:
        answered = (np.array(numbers, dtype=">u4") + 1).astype(">u4").reshape(-1, 1).view(np.uint8)
        transport[tcp, 8:12] = answered[tcp]
    transport[tcp, 12] = 0x50
    transport[tcp, 13] = flags
    transport[tcp, 14] = 0xFF
    udp = kinds == UDP
    transport[udp, 5] = _TRANSPORT
    transport[udp, 8:12] = marks[udp]
    icmp = ~(tcp | udp)
    transport[icmp, 4:8] = marks[icmp]


def _first(packet: Packet) -> int:
    return packet.source_port if packet.protocol in {TCP, UDP} else packet.port


def parse(frame: bytes) -> Seen | None:
    """Read a frame that was seen, None for one that carries no probe."""
    kind = frame[12:14]
    if kind == b"\x08\x00":
        head = (frame[14] & 15) * 4
        return _packet(frame, _LINK, head, frame[23], six=False)
    if kind == b"\x86\xdd":
        return _packet(frame, _LINK, _SIX, frame[20], six=True)
    return None


def parse_raw(packet: bytes, *, six: bool, protocol: int, source: int, destination: int) -> Seen | None:
    """Read what a raw socket gives: IPv4 with its header, IPv6 without."""
    if not six:
        return _packet(b"\0" * _LINK + packet, _LINK, (packet[0] & 15) * 4, packet[9], six=False)
    return _body(packet, protocol, source, destination)


def _packet(frame: bytes, start: int, head: int, protocol: int, *, six: bool) -> Seen | None:
    if six:
        source = V6 + int.from_bytes(frame[start + 8 : start + 24], "big")
        destination = V6 + int.from_bytes(frame[start + 24 : start + 40], "big")
    else:
        source = int.from_bytes(frame[start + 12 : start + 16], "big")
        destination = int.from_bytes(frame[start + 16 : start + 20], "big")
    return _body(frame[start + head :], protocol, source, destination)


def _body(body: bytes, protocol: int, source: int, destination: int) -> Seen | None:
    first, second = int.from_bytes(body[0:2], "big"), int.from_bytes(body[2:4], "big")
    if protocol == TCP and len(body) >= 20:
        if body[13] & _RST:
            number = (int.from_bytes(body[8:12], "big") - 1) & 0xFFFFFFFF
            return Seen(number, "reset", source, destination, first, second)
        return Seen(int.from_bytes(body[4:8], "big"), "probe", source, destination, first, second)
    if protocol == UDP and len(body) >= 12:
        return Seen(int.from_bytes(body[8:12], "big"), "probe", source, destination, first, second)
    if protocol not in {ICMP, ICMP6} or len(body) < 8:
        return None
    if (protocol == ICMP and body[0] in {3, 11}) or (protocol == ICMP6 and body[0] in {1, 2, 3, 4}):
        quoted = _quoted(body[8:], six=protocol == ICMP6)
        return None if quoted is None else Seen(quoted, "unreachable", source, destination, 0, first)
    return Seen(int.from_bytes(body[4:8], "big"), "probe", source, destination, 0, first)


def _quoted(quote: bytes, *, six: bool) -> int | None:
    """Give the number of the probe that an ICMP error quotes."""
    head, protocol = (_SIX, quote[6]) if six else ((quote[0] & 15) * 4, quote[9])
    inner = quote[head:]
    if len(inner) < 8:
        return None
    if protocol == UDP:
        return int.from_bytes(inner[8:12], "big") if len(inner) >= 12 else None
    return int.from_bytes(inner[4:8], "big")
