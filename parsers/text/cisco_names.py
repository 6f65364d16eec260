"""Protocols, ports and ICMP types by the names that Cisco firewalls print.

Source: Cisco Secure Firewall ASA Series General Operations CLI Configuration Guide, "Addresses, Protocols, and Ports";
numbers as there (Cisco's `kerberos` is 750 and its `sqlnet` 1521, whatever IANA says).
"""

from __future__ import annotations

__all__ = ["ICMP6_TYPES", "ICMP_TYPES", "PORTED", "PORT_NAMES", "PROTOCOLS", "icmp_type", "port_number"]

PROTOCOLS = {
    "ah": 51, "eigrp": 88, "esp": 50, "gre": 47, "icmp": 1, "icmp6": 58, "igmp": 2, "igrp": 9, "ipinip": 4,
    "ipsec": 50, "nos": 94, "ospf": 89, "pcp": 108, "pim": 103, "pptp": 47, "sctp": 132, "snp": 109, "tcp": 6,
    "udp": 17,
}  # fmt: skip
"""IP protocol numbers; `ip`, which stands for every protocol, is not among them."""

PORTED = frozenset({6, 17, 132})
"""Protocols whose ports a rule can name: TCP, UDP, SCTP."""

PORT_NAMES = {
    "aol": 5190, "bgp": 179, "biff": 512, "bootpc": 68, "bootps": 67, "chargen": 19, "cifs": 3020, "citrix-ica": 1494,
    "cmd": 514, "connectedapps-plain": 15001, "connectedapps-tls": 15002, "ctiqbe": 2748, "daytime": 13, "discard": 9,
    "dnsix": 195, "domain": 53, "echo": 7, "exec": 512, "finger": 79, "ftp": 21, "ftp-data": 20, "gopher": 70,
    "h323": 1720, "hostname": 101, "http": 80, "https": 443, "ident": 113, "imap4": 143, "irc": 194, "isakmp": 500,
    "kerberos": 750, "klogin": 543, "kshell": 544, "ldap": 389, "ldaps": 636, "login": 513, "lotusnotes": 1352,
    "lpd": 515, "mobile-ip": 434, "nameserver": 42, "netbios-dgm": 138, "netbios-ns": 137, "netbios-ssn": 139,
    "nfs": 2049, "nntp": 119, "non500-isakmp": 4500, "ntp": 123, "pcanywhere-data": 5631, "pcanywhere-status": 5632,
    "pim-auto-rp": 496, "pop2": 109, "pop3": 110, "pptp": 1723, "radius": 1645, "radius-acct": 1646, "rip": 520,
    "rsh": 514, "rtsp": 554, "secureid-udp": 5510, "sip": 5060, "smtp": 25, "snmp": 161, "snmptrap": 162,
    "sqlnet": 1521, "ssh": 22, "sunrpc": 111, "syslog": 514, "tacacs": 49, "talk": 517, "telnet": 23, "tftp": 69,
    "time": 37, "uucp": 540, "vxlan": 4789, "who": 513, "whois": 43, "www": 80, "xdmcp": 177,
}  # fmt: skip
"""Port numbers; no name means one number under TCP and another under UDP."""

ICMP_TYPES = {
    "alternate-address": 6, "conversion-error": 31, "echo": 8, "echo-reply": 0, "information-reply": 16,
    "information-request": 15, "mask-reply": 18, "mask-request": 17, "mobile-redirect": 32, "parameter-problem": 12,
    "redirect": 5, "router-advertisement": 9, "router-solicitation": 10, "source-quench": 4, "time-exceeded": 11,
    "timestamp-reply": 14, "timestamp-request": 13, "traceroute": 30, "unreachable": 3,
}  # fmt: skip
"""ICMP types (RFC 792 and successors)."""

ICMP6_TYPES = {
    "echo": 128, "echo-reply": 129, "membership-query": 130, "membership-reduction": 132, "membership-report": 131,
    "neighbor-advertisement": 136, "neighbor-redirect": 137, "neighbor-solicitation": 135, "packet-too-big": 2,
    "parameter-problem": 4, "router-advertisement": 134, "router-renumbering": 138, "router-solicitation": 133,
    "time-exceeded": 3, "unreachable": 1,
}  # fmt: skip
"""ICMPv6 types (RFC 4443 and successors)."""

_PORT_TOP = 65535
_TYPE_TOP = 255


def port_number(word: str) -> int | None:
    """Give the port that a number or name stands for, None for neither."""
    if word.isdecimal() and word.isascii():
        number = int(word)
        return number if number <= _PORT_TOP else None
    return PORT_NAMES.get(word)


def icmp_type(word: str, protocol: int) -> int | None:
    """Give the ICMP or ICMPv6 (protocol 58) type that a number or name stands for, None for neither."""
    if word.isdecimal() and word.isascii():
        number = int(word)
        return number if number <= _TYPE_TOP else None
    return (ICMP6_TYPES if protocol == 58 else ICMP_TYPES).get(word)
