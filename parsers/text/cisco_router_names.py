"""Protocols, ports and ICMP messages by the names that Cisco routers and switches print.

Source: Cisco IOS Security Command Reference, `permit (IP)` and `permit (IPv6)`; NX-OS and IOS XR command references,
`permit`. Unlike a firewall, a router names ICMP messages down to their code (`host-unreachable` is type 3 code 1).
"""

from __future__ import annotations

from parsers.text.cisco_names import ICMP6_TYPES, ICMP_TYPES, PORT_NAMES, PROTOCOLS

__all__ = ["EVERY_PROTOCOL", "icmp_message", "port_number", "protocol_number"]

EVERY_PROTOCOL = frozenset({"ip", "ipv4", "ipv6"})
"""Words that stand for every protocol."""

_PROTOCOLS = PROTOCOLS | {"ahp": 51, "icmpv6": 58, "ipinip": 4, "ipv6-icmp": 58, "udplite": 136, "vrrp": 112}
_ICMP_IS_VERSION_6 = {"icmp": 58}
"""What differs in an IPv6 access list: `icmp` is ICMPv6 there."""

_PORTS = PORT_NAMES | {
    "bfd": 3784, "bfd-echo": 3785, "drip": 3949, "ldp": 646, "microsoft-ds": 445, "msdp": 639, "msrpc": 135,
    "netbios-ss": 139, "onep-plain": 15001, "onep-tls": 15002, "ripv6": 521, "tacacs-ds": 65,
}  # fmt: skip

_Message = tuple[int, int | None]
"""An ICMP type and its code, None for every code."""

_MESSAGES: dict[str, _Message] = {name: (kind, None) for name, kind in ICMP_TYPES.items()} | {
    "administratively-prohibited": (3, 13), "dod-host-prohibited": (3, 10), "dod-net-prohibited": (3, 9),
    "general-parameter-problem": (12, 0), "host-isolated": (3, 8), "host-precedence-unreachable": (3, 14),
    "host-redirect": (5, 1), "host-tos-redirect": (5, 3), "host-tos-unreachable": (3, 12), "host-unknown": (3, 7),
    "host-unreachable": (3, 1), "net-redirect": (5, 0), "net-tos-redirect": (5, 2), "net-tos-unreachable": (3, 11),
    "net-unreachable": (3, 0), "network-unknown": (3, 6), "no-room-for-option": (12, 2), "option-missing": (12, 1),
    "packet-too-big": (3, 4), "port-unreachable": (3, 3), "precedence-unreachable": (3, 15),
    "protocol-unreachable": (3, 2), "reassembly-timeout": (11, 1), "source-route-failed": (3, 5),
    "ttl-exceeded": (11, 0),
}  # fmt: skip

_MESSAGES6: dict[str, _Message] = {name: (kind, None) for name, kind in ICMP6_TYPES.items()} | {
    "address-unreachable": (1, 3), "administratively-prohibited": (1, 1), "beyond-scope": (1, 2),
    "destination-unreachable": (1, 3), "echo-request": (128, None), "header": (4, 0), "hop-limit": (3, 0),
    "mld-query": (130, None), "mld-reduction": (132, None), "mld-report": (131, None), "mldv2": (143, None),
    "nd-na": (136, None), "nd-ns": (135, None), "nd-redirect": (137, None), "next-header": (4, 1),
    "no-admin": (1, 1), "no-route": (1, 0), "parameter-option": (4, 2), "port-unreachable": (1, 4),
    "reassembly-timeout": (3, 1), "redirect": (137, None), "renum-command": (138, 0), "renum-result": (138, 1),
    "renum-seq-number": (138, 255), "ttl-exceeded": (3, 0),
}  # fmt: skip

_PROTOCOL_TOP = 255
_PORT_TOP = 65535


def _number(word: str, top: int) -> int | None:
    if word.isascii() and word.isdecimal() and len(word) <= 5:
        number = int(word)
        return number if number <= top else None
    return None


def protocol_number(word: str, *, version: int) -> int | None:
    """Give the protocol that a number or a name stands for in a list of an IP version, None for neither."""
    number = _number(word, _PROTOCOL_TOP)
    if number is not None:
        return number
    return _ICMP_IS_VERSION_6.get(word, _PROTOCOLS.get(word)) if version == 6 else _PROTOCOLS.get(word)


def port_number(word: str) -> int | None:
    """Give the port that a number or a name stands for, None for neither."""
    number = _number(word, _PORT_TOP)
    return _PORTS.get(word) if number is None else number


def icmp_message(word: str, *, version: int) -> _Message | None:
    """Give the type and code (None: every code) of a message by its name, or of a type by its number."""
    number = _number(word, _PROTOCOL_TOP)
    if number is not None:
        return number, None
    return (_MESSAGES6 if version == 6 else _MESSAGES).get(word)
