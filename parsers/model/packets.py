"""One concrete packet."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.model.addresses import address_text
from parsers.model.rules import State
from parsers.model.services import ICMP, ICMP6, protocol_name

__all__ = ["Packet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet's header as numbers: addresses on the common axis, ICMP type * 256 + code as `port`."""

    source: int
    destination: int
    protocol: int
    source_port: int = 0
    port: int = 0
    state: State = State.NEW

    def __str__(self) -> str:
        """Give `tcp 203.0.113.9:40000 -> 192.0.2.10:443`."""
        name = protocol_name(self.protocol)
        if self.protocol in {ICMP, ICMP6}:
            kind, code = divmod(self.port, 256)
            return f"{name} {address_text(self.source)} -> {address_text(self.destination)} type {kind} code {code}"
        return f"{name} {_endpoint(self.source, self.source_port)} -> {_endpoint(self.destination, self.port)}"


def _endpoint(address: int, port: int) -> str:
    text = address_text(address)
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
