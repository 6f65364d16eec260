"""Which member of the family a configuration is of: their words overlap, so one place tells them apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["MEMBERS", "recognised", "system_of"]

_FIREWALL = re.compile(
    r"^(?:(?:ASA|PIX|FWSM|NGFW) Version |: Hardware: |access-list \S+ (?:advanced|extended) (?:permit|deny|trust) )",
    re.MULTILINE,
)
_OTHERS = re.compile(
    r"EOS-\d|^! (?:device: .*EOS|boot system flash:.*EOS)|^transceiver qsfp default-mode|^## ", re.MULTILINE
)
"""Arista EOS writes much of what NX-OS and IOS write, and means other things by it."""
_XR = re.compile(
    r"^(?:!! IOS XR Configuration|!RANCID-CONTENT-TYPE: cisco-xr"
    r"|ipv4 access-list |interface \S+\d+/\d+/\d+/\d+\S*$| ipv4 (?:address|access-group) )",
    re.MULTILINE,
)
_NX = re.compile(
    r"^(?:!Command: show running-config|!RANCID-CONTENT-TYPE: cisco-nx|vdc \S+ id \d+|version \S+ Bios:version"
    r"|feature (?:bgp|eigrp|ospf|interface-vlan|lacp|vpc|hsrp|telnet|nxapi|ssh|bash-shell|lldp|dhcp|tacacs\+)"
    r"|vrf context |ip access-list (?!standard|extended|resequence|log|helper|persistent|role-based)\S+$"
    r"|object-group ip (?:address|port) | +ip address \d+\.\d+\.\d+\.\d+/\d+)",
    re.MULTILINE,
)
_IOS = re.compile(
    r"^(?:Current configuration *: \d+ bytes|version \d+\.\d+\s*$|!RANCID-CONTENT-TYPE: cisco\s*$"
    r"|ip access-list (?:standard|extended) |access-list \d+ (?:permit|deny|remark|dynamic) |boot-start-marker"
    r"|ipv6 access-list |zone-pair security |ip nat (?:inside|outside) |object-group (?:network|service) "
    r"|(?:class|policy)-map type inspect |ip route (?:vrf \S+ )?\d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+"
    r"| ip access-group | ip address \d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+)",
    re.MULTILINE,
)
_SYSTEMS = {"cisco_iosxr": _XR, "cisco_nxos": _NX, "cisco_ios": _IOS}
"""In this order: what IOS writes, the others may write too."""
MEMBERS = frozenset(_SYSTEMS)


def system_of(capture: Capture) -> str | None:
    """Give the platform id of a capture, None where it is of no member of the family."""
    texts = [document.text for document in capture.documents]
    if any(_FIREWALL.search(text) or _OTHERS.search(text) for text in texts):
        return None
    for name, signs in _SYSTEMS.items():
        if any(signs.search(text) for text in texts):
            return name
    return None


def recognised(capture: Capture) -> frozenset[str]:
    """Give the ids of the members of the family that recognise a capture."""
    name = system_of(capture)
    return frozenset() if name is None else frozenset({name})
