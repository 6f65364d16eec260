"""Values as nft and iptables write them: addresses, masks, ports, protocols, ICMP types and codes."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from parsers.model import intervals as iv
from parsers.model.addresses import V6, AddressSet, address_number
from parsers.model.services import PROTOCOL_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "FAR", "IGMP_TYPES", "addresses", "code_number", "icmp_number", "integer", "masked", "ports", "protocol_range",
    "range_ends", "tcp_flags",
]  # fmt: skip

FAR = 65536
"""A wildcard mask that falls apart into more intervals than this is not multiplied out (model.md)."""

_PROTOCOLS = PROTOCOL_NUMBERS | {
    "ip": 0, "hopopt": 0, "ggp": 3, "ipencap": 4, "ip-encap": 4, "ipv4": 4, "st": 5, "egp": 8, "hmp": 20,
    "xns-idp": 22, "rdp": 27, "iso-tp4": 29, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43, "ipv6-frag": 44,
    "idrp": 45, "rsvp": 46, "ipv6-icmp": 58, "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "rspf": 73, "vmtp": 81,
    "ospfigp": 89, "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98, "comp": 108, "ipcomp": 108, "l2tp": 115,
    "isis": 124, "fc": 133, "mobility-header": 135, "mpls-in-ip": 137, "manet": 138, "shim6": 140, "wesp": 141,
    "rohc": 142, "ethernet": 143,
}  # fmt: skip
"""Debian's /etc/protocols, by which nft and iptables name protocols (IANA, Protocol Numbers)."""

_ICMP4 = {
    "echo-reply": 0, "pong": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8,
    "ping": 8, "router-advertisement": 9, "router-solicitation": 10, "time-exceeded": 11, "ttl-exceeded": 11,
    "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14, "info-request": 15, "info-reply": 16,
    "address-mask-request": 17, "address-mask-reply": 18,
}  # fmt: skip
_ICMP6 = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "ttl-exceeded": 3, "parameter-problem": 4,
    "echo-request": 128, "ping": 128, "echo-reply": 129, "pong": 129, "mld-listener-query": 130,
    "mld-listener-report": 131, "mld-listener-done": 132, "mld-listener-reduction": 132, "nd-router-solicit": 133,
    "router-solicitation": 133, "nd-router-advert": 134, "router-advertisement": 134, "nd-neighbor-solicit": 135,
    "neighbour-solicitation": 135, "neighbor-solicitation": 135, "nd-neighbor-advert": 136,
    "neighbour-advertisement": 136, "neighbor-advertisement": 136, "nd-redirect": 137, "redirect": 137,
    "router-renumbering": 138, "ind-neighbor-solicit": 141, "ind-neighbor-advert": 142, "mld2-listener-report": 143,
}  # fmt: skip
"""ICMP types by the names that nft (src/proto.c) and iptables (libxt_icmp.h) print."""

_CODES4 = {
    "net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
    "net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
}  # fmt: skip
_CODES6 = {
    "no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5,
    "reject-route": 6,
}  # fmt: skip
"""ICMP codes by the names that nft prints, whatever the type beside them."""
IGMP_TYPES = {"membership-query": 17, "membership-report-v1": 18, "membership-report-v2": 22, "leave-group": 23}

_PORTS = {
    "tcpmux": 1, "echo": 7, "discard": 9, "daytime": 13, "ftp-data": 20, "ftp": 21, "ssh": 22, "telnet": 23,
    "smtp": 25, "time": 37, "tacacs": 49, "domain": 53, "bootps": 67, "bootpc": 68, "tftp": 69, "gopher": 70,
    "finger": 79, "http": 80, "kerberos": 88, "pop3": 110, "sunrpc": 111, "auth": 113, "nntp": 119, "ntp": 123,
    "netbios-ns": 137, "netbios-dgm": 138, "netbios-ssn": 139, "imap2": 143, "snmp": 161, "snmp-trap": 162,
    "bgp": 179, "irc": 194, "ldap": 389, "https": 443, "microsoft-ds": 445, "submissions": 465, "isakmp": 500,
    "syslog": 514, "printer": 515, "submission": 587, "ldaps": 636, "rsync": 873, "ftps-data": 989, "ftps": 990,
    "imaps": 993, "pop3s": 995, "socks": 1080, "openvpn": 1194, "ms-sql-s": 1433, "radius": 1812,
    "radius-acct": 1813, "nfs": 2049, "mysql": 3306, "ms-wbt-server": 3389, "sip": 5060, "sip-tls": 5061,
    "mdns": 5353, "postgresql": 5432, "http-alt": 8080,
}  # fmt: skip
"""Ports by the names that `nft -S` and old versions print (Debian's /etc/services)."""

_FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "ece": 64, "cwr": 128}
_RANGE = re.compile(r"([^\s-]+)-([^\s-]+)")


def integer(text: str) -> int:
    """Give a number written in decimal or, with 0x, in hexadecimal; raises ValueError."""
    return int(text, 16) if text.lower().startswith("0x") else int(text)


def range_ends(text: str) -> tuple[str, str]:
    """Split `a-b`; a single value is both ends. Not for names, which may hold a dash."""
    found = _RANGE.fullmatch(text)
    return (found[1], found[2]) if found else (text, text)


def addresses(texts: Iterable[str], version: int) -> AddressSet:
    """Give the set of addresses, prefixes, masked addresses and ranges of one IP version; raises ValueError."""
    pairs: list[tuple[int, int]] = []
    for text in texts:
        pairs.extend(_one_address(text, version))
    found = AddressSet(iv.normalise(pairs))
    if any((low < V6) != (version == 4) or (high < V6) != (version == 4) for low, high in found.intervals):
        raise ValueError(f"{', '.join(texts)} is not IPv{version}")
    return found


def _one_address(text: str, version: int) -> iv.Intervals:
    if "/" in text:
        base, _, mask = text.partition("/")
        if not mask.isdecimal():
            return masked(base, mask)
        bits, length, first = (32 if version == 4 else 128), int(mask), _number(base)
        if length > bits:
            raise ValueError(f"{text} has too long a prefix")
        low = first >> (bits - length) << (bits - length)
        if first >= V6:
            low = V6 + ((first - V6) >> (bits - length) << (bits - length))
        return ((low, low + (1 << (bits - length)) - 1),)
    low_text, dash, high_text = text.partition("-")
    first = _number(low_text)
    last = _number(high_text) if dash else first
    if last < first:
        raise ValueError(f"{text} is no range")
    return ((first, last),)


def _number(text: str) -> int:
    """Give an address's number on the axis; the common form without the cost of the general one."""
    parts = text.split(".")
    if len(parts) == 4 and all(part.isdecimal() and part.isascii() and len(part) < 4 for part in parts):
        one, two, three, four = map(int, parts)
        if max(one, two, three, four) < 256:
            return one << 24 | two << 16 | three << 8 | four
    return address_number(text)


def masked(value: str, mask: str) -> iv.Intervals:
    """Give the addresses a with `a & mask == value & mask`; raises ValueError for one that falls apart too far."""
    one, two = ipaddress.ip_address(value), ipaddress.ip_address(mask)
    if one.version != two.version:
        raise ValueError(f"{mask} is no mask for {value}")
    base, bits = (V6, 128) if one.version == 6 else (0, 32)
    wanted, fixed = int(one) & int(two), int(two)
    low_free = 0
    while low_free < bits and not fixed >> low_free & 1:
        low_free += 1
    free = [bit for bit in range(low_free, bits) if not fixed >> bit & 1]
    if 1 << len(free) > FAR:
        raise ValueError(f"the mask {mask} falls apart into 2^{len(free)} ranges")
    starts = [wanted]
    for bit in free:
        starts += [start | 1 << bit for start in starts]
    size = 1 << low_free
    return iv.normalise((base + start, base + start + size - 1) for start in starts)


def ports(texts: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """Give ports and port ranges (`a-b`, `a:b`, names) as numbers; raises ValueError."""
    return tuple(_port_range(text) for text in texts)


def _port_range(text: str) -> tuple[int, int]:
    if text in _PORTS:
        return _PORTS[text], _PORTS[text]
    low, colon, high = text.partition(":" if ":" in text else "-")
    if colon == ":":  # iptables leaves an end open
        low, high = low or "0", high or "65535"
    first = _PORTS[low] if low in _PORTS else integer(low)
    last = first if not high else _PORTS[high] if high in _PORTS else integer(high)
    if not 0 <= first <= last <= 65535:
        raise ValueError(f"{text} is no port or range of ports")
    return first, last


def protocol_range(text: str) -> tuple[int, int]:
    """Give the range of protocol numbers that a name, number or range means; raises ValueError."""
    if text in _PROTOCOLS:
        return _PROTOCOLS[text], _PROTOCOLS[text]
    low, high = range_ends(text)
    first, last = integer(low), integer(high)
    if not 0 <= first <= last <= 255:
        raise ValueError(f"{text} is no protocol")
    return first, last


def icmp_number(text: str, version: int) -> tuple[int, int]:
    """Give the range of ICMP types that a name, number or range means; raises ValueError."""
    names = _ICMP4 if version == 4 else _ICMP6
    return _named_range(text, names, "ICMP type")


def code_number(text: str, version: int) -> tuple[int, int]:
    """Give the range of ICMP codes that a name, number or range means; raises ValueError."""
    return _named_range(text, _CODES4 if version == 4 else _CODES6, "ICMP code")


def _named_range(text: str, names: dict[str, int], what: str) -> tuple[int, int]:
    if text in names:
        return names[text], names[text]
    low, high = range_ends(text)
    if (low in names or low.isdigit()) and (high in names or high.isdigit()):
        first = names[low] if low in names else int(low)
        last = names[high] if high in names else int(high)
        if 0 <= first <= last <= 255:
            return first, last
    raise ValueError(f"{text} is no {what}")


def tcp_flags(texts: Iterable[str]) -> int:
    """Give TCP flags by name, `ALL`, `NONE` or number as bits (RFC 9293, 3.1); raises ValueError."""
    bits = 0
    for word in (part.lower() for text in texts for part in text.split("|")):
        if word == "all":
            bits |= 0x3F
        elif word in _FLAGS:
            bits |= _FLAGS[word]
        elif word != "none":
            bits |= integer(word)
    return bits
