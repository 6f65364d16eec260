"""Real packets through the real kernel: injected on one side, seen on the other, with the prober's own losses counted.

Forwarding between veth pairs runs while the sender sends, so that "send some, look, send on" waits for nothing. A probe
that is seen nowhere was dropped: that is only believed where no observer lost a frame and no queue ran over.
"""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from parsers.model.addresses import V6
from parsers.model.services import ICMP, ICMP6, TCP, UDP
from tests.live.bed import namespace
from tests.live.frames import SYN, SYN_ACK, Seen, build, parse, parse_raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from parsers.model.packets import Packet
    from tests.live.bed import Bed

__all__ = ["Outcome", "Prober"]

_ALL = 3
_SOL_PACKET, _STATISTICS, _BYPASS, _IGNORE_OUTGOING = 263, 6, 20, 23
_RCVBUF_FORCE = 33
_BATCH = 256
_SETTLE = 0.01
_BASE = 0x53410000
"""Numbers of probes start here: packets of others hardly carry one."""
_SIDES = {"internet": "wan0", "dmz": "dmz0", "trusted": "lan0"}


@dataclass(slots=True)
class Outcome:
    """What became of probes, by number: passed on (as what, where), taken by the host itself, refused aloud."""

    passed: dict[int, tuple[str, Seen]] = field(default_factory=dict)
    taken: dict[int, Seen] = field(default_factory=dict)
    reset: dict[int, Seen] = field(default_factory=dict)
    unreachable: dict[int, Seen] = field(default_factory=dict)
    answered: dict[int, Seen] = field(default_factory=dict)
    lost: int = 0


class Prober:
    """Sockets on every side of a bed."""

    def __init__(self, bed: Bed) -> None:
        """Open the sockets; raises OSError without the right to."""
        self.bed = bed
        self.packets: dict[str, socket.socket] = {}
        self.macs: dict[str, tuple[bytes, bytes]] = {}
        self.raw: list[tuple[socket.socket, bool, int]] = []
        with contextlib.ExitStack() as stack:
            for side, device in _SIDES.items():
                with namespace(bed.name(side)):
                    item = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)))
                    item.bind(("eth0", _ALL))
                    mine = item.getsockname()[4]
                with namespace(bed.name("fw")):
                    other = stack.enter_context(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
                    other.bind((device, 0))
                    self.macs[side] = (other.getsockname()[4], mine)
                    other.close()
                item.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
                item.setsockopt(_SOL_PACKET, _BYPASS, 1)
                self._prepare(item)
                self.packets[side] = item
            with namespace(bed.name("fw")):
                for family, protocols in ((socket.AF_INET, (TCP, UDP, ICMP)), (socket.AF_INET6, (TCP, UDP, ICMP6))):
                    for protocol in protocols:
                        item = stack.enter_context(socket.socket(family, socket.SOCK_RAW, protocol))
                        if family == socket.AF_INET6:
                            item.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                        self._prepare(item)
                        self.raw.append((item, family == socket.AF_INET6, protocol))
            self._stack = stack.pop_all()

    @staticmethod
    def _prepare(item: socket.socket) -> None:
        item.setsockopt(socket.SOL_SOCKET, _RCVBUF_FORCE, 64 << 20)
        item.settimeout(0)

    def close(self) -> None:
        """Close the sockets."""
        self._stack.close()

    def send(self, packets: Sequence[Packet], side: str = "internet") -> Outcome:
        """Send the first packets of new connections into one side; a probe's number is its place."""
        self._empty()
        before = _overruns()
        outcome = Outcome()
        self._inject(build(packets, _marks(range(len(packets))), self.macs[side], SYN), side, outcome, SYN)
        outcome.lost = self._losses() + _overruns() - before
        return outcome

    def reply(self, packets: Sequence[Packet], numbers: Sequence[int], side: str, back: str) -> set[int]:
        """Send replies into the side where probes came out; give the numbers of those that came back out."""
        self._empty()
        outcome = Outcome()
        self._inject(build(packets, _marks(numbers), self.macs[side], SYN_ACK), side, outcome, SYN_ACK)
        if self._losses():
            raise RuntimeError("the prober lost frames")
        return {number for number, (where, _) in outcome.passed.items() if where == back}

    def _inject(self, frames: list[bytes], side: str, outcome: Outcome, flags: int) -> None:
        sender = self.packets[side]
        for start in range(0, len(frames), _BATCH):
            for frame in frames[start : start + _BATCH]:
                self._push(sender, frame)
            self._drain(outcome, side, flags)
        for _ in range(3):
            time.sleep(_SETTLE)
            if not self._drain(outcome, side, flags):
                return

    @staticmethod
    def _push(sender: socket.socket, frame: bytes) -> None:
        while True:
            try:
                sender.send(frame)
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.ENOBUFS}:
                    raise
                select.select([], [sender], [], 0.01)
            else:
                return

    def _drain(self, outcome: Outcome, side: str, flags: int) -> int:
        """Read what every observer has seen."""
        read = 0
        for where, item in self.packets.items():
            for frame in _frames(item):
                read += 1
                seen = parse(frame)
                if seen is None or not 0 <= seen.number - _BASE < 1 << 16:
                    continue
                number = seen.number - _BASE
                if seen.kind == "reset":
                    outcome.reset[number] = seen
                elif seen.kind == "unreachable":
                    outcome.unreachable[number] = seen
                elif where == side:
                    outcome.answered[number] = seen
                else:
                    outcome.passed[number] = (where, seen)
        for item, six, protocol in self.raw:
            for packet, source, destination in _datagrams(item, six=six):
                read += 1
                seen = parse_raw(packet, six=six, protocol=protocol, source=source, destination=destination)
                if flags == SYN and seen is not None and seen.kind == "probe" and 0 <= seen.number - _BASE < 1 << 16:
                    outcome.taken[seen.number - _BASE] = seen
        return read

    def _empty(self) -> None:
        self._drain(Outcome(), "", SYN)
        self._losses()

    def _losses(self) -> int:
        """Give how many frames the observers could not take since it was last asked."""
        return sum(
            struct.unpack("II", item.getsockopt(_SOL_PACKET, _STATISTICS, 8))[1] for item in self.packets.values()
        )


def _marks(numbers: Iterable[int]) -> list[int]:
    return [_BASE + number for number in numbers]


def _frames(item: socket.socket) -> Iterable[bytes]:
    while True:
        try:
            yield item.recv(2048)
        except BlockingIOError:
            return


def _datagrams(item: socket.socket, *, six: bool) -> Iterable[tuple[bytes, int, int]]:
    while True:
        try:
            if not six:
                yield item.recv(2048), 0, 0
                continue
            data, extra, _, address = item.recvmsg(2048, 64)
        except BlockingIOError:
            return
        source = V6 + int.from_bytes(socket.inet_pton(socket.AF_INET6, address[0].partition("%")[0]), "big")
        target = next((raw[:16] for level, kind, raw in extra if kind == socket.IPV6_PKTINFO), b"\0" * 16)
        yield data, source, V6 + int.from_bytes(target, "big")


def _overruns() -> int:
    """Give how many packets the kernel's own queues dropped."""
    lines = Path("/proc/net/softnet_stat").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1], 16) for line in lines)
