"""The protocols that a zone-based class may name, as the ports by which IOS recognises them.

Source: Cisco IOS Security Configuration Guide: Zone-Based Policy Firewall, and `show ip port-map` (port-to-application
mapping, PAM). IOS-XE recognises applications by their content besides; the port is what a connection's first packet
shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.services import ICMP, ICMP6, NO_SERVICE, TCP, UDP, ServiceSet
from parsers.platforms._cisco_acl.services import EVERY_PORT, ServiceBounds, ported, take_ports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration

__all__ = ["INSPECTED", "Applications"]

INSPECTED = ServiceSet.join(ServiceSet.protocol(number) for number in (TCP, UDP, ICMP, ICMP6))
"""What `inspect` can follow."""

_TCP_PORTS = {
    "bgp": 179, "ftp": 21, "ftps": 990, "http": 80, "https": 443, "ident": 113, "imap": 143, "imap3": 220,
    "imaps": 993, "ldap": 389, "ldaps": 636, "login": 513, "lotusnote": 1352, "ms-sql": 1433, "mysql": 3306,
    "netbios-ssn": 139, "nntp": 119, "oracle": 1525, "pop3": 110, "pop3s": 995, "pptp": 1723, "rsvp_tunnel": 363,
    "rtsp": 554, "shell": 514, "smtp": 25, "sqlnet": 1521, "ssh": 22, "tacacs": 49, "telnet": 23, "telnets": 992,
    "uucp": 540, "whois": 43,
}  # fmt: skip
_UDP_PORTS = {
    "bootpc": 68, "bootps": 67, "isakmp": 500, "l2tp": 1701, "netbios-dgm": 138, "netbios-ns": 137, "ntp": 123,
    "radius": 1812, "rip": 520, "router": 520, "snmp": 161, "snmptrap": 162, "syslog": 514, "tftp": 69, "who": 513,
}  # fmt: skip
_BOTH_PORTS = {"dns": 53, "kerberos": 88, "sip": 5060, "sunrpc": 111, "time": 37}
_WHOLE = {"tcp": (TCP,), "udp": (UDP,), "icmp": (ICMP, ICMP6)}


class Applications:
    """Tells what `match protocol` of a class stands for, with the `ip port-map` lines of the configuration."""

    def __init__(self, text: Configuration) -> None:
        """Read the port maps of the configuration."""
        self._added: dict[str, list[ServiceBounds]] = {}
        for node in text.find("ip", "port-map"):
            if self._add(node.words[2:]):
                text.ledger.modelled(node.numbers())
            else:
                text.strange(node.text, node.number, decides=True)

    def _add(self, words: Sequence[str]) -> bool:
        """Read `NAME port tcp|udp [from] PORT [to PORT] [list ACL] [description TEXT]`."""
        if len(words) < 4 or words[1] != "port" or words[2] not in {"tcp", "udp"}:
            return False
        rest = list(words[3:])
        if rest[0] == "from" and len(rest) > 3 and rest[2] == "to":
            ports, rest = take_ports(["range", rest[1], rest[3]], 0, several=False), rest[4:]
        else:
            ports, rest = take_ports(["eq", rest[0]], 0, several=False), rest[1:]
        if ports is None or (rest and rest[0] not in {"list", "description"}):
            return False
        found = ported(_WHOLE[words[2]], EVERY_PORT, ports[0])
        bounds = Bounds.exact(found)
        if rest[:1] == ["list"]:
            why = (Condition(kind=ConditionKind.UNKNOWN, text=f"ip port-map {' '.join(words)}"),)
            bounds = Bounds(sure=NO_SERVICE, possible=found, why=why)
        self._added.setdefault(words[0], []).append(bounds)
        return True

    def services(self, text: Configuration, words: Sequence[str], number: int) -> ServiceBounds:
        """Give the services of `match protocol NAME ...`; of a name that is not known possibly every one."""
        name = words[0] if words else ""
        known = _known(name)
        added = self._added.get(name, [])
        if (known is None and not added) or len(words) > 1:
            condition = Condition(kind=ConditionKind.APPLICATION, values=(name,), text=f"protocol {' '.join(words)}")
            if known is None and not added:
                text.remark(RemarkKind.NOTE, f"the ports of protocol {name} are not known: any may be meant", number)
            return Bounds(sure=NO_SERVICE, possible=known or INSPECTED, why=(condition,))
        bounds = Bounds.exact(known or NO_SERVICE)
        for item in added:
            bounds |= item
        return bounds


def _known(name: str) -> ServiceSet | None:
    if name in _WHOLE:
        return ServiceSet.join(ServiceSet.protocol(number) for number in _WHOLE[name])
    for ports, protocols in ((_TCP_PORTS, (TCP,)), (_UDP_PORTS, (UDP,)), (_BOTH_PORTS, (TCP, UDP))):
        if name in ports:
            return ported(protocols, EVERY_PORT, ((ports[name],) * 2,))
    return None
