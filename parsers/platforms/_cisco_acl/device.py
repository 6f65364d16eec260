"""Who a router or switch says it is, and what of its management is weak.

Source: header of `show running-config` and `show version`; command references, `line vty`, `transport input`, `ip http
server`, `snmp-server community`, `ip ssh version`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.model.firewall import Device, ManagementNote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration
    from parsers.text.cisco_tree import Node

__all__ = ["describe", "management"]

_VERSION = re.compile(r"^(?:version (\S+)|!! IOS XR Configuration (?:version = )?(\S+))", re.MULTILINE)
_FULL = re.compile(r"(?:Cisco IOS[^\n]*?, Version |NXOS: version |Cisco IOS XR Software, Version )([^\s,]+)")
_MODEL = re.compile(r"^ *[Cc]isco (Nexus\S* \S+|(?:ISR|ASR|C\d|WS-|CSR|IOSv|\d{4})\S*)", re.MULTILINE)
_SERIAL = re.compile(r"Processor [Bb]oard ID (\S+)")
_LICENCE = re.compile(r"^license udi pid (\S+) sn (\S+)", re.MULTILINE)


def describe(text: Configuration, others: Sequence[str]) -> Device:
    """Give who the device is, from its configuration and the output of `show version` beside it."""
    whole = "\n".join(text.lines)
    versions = _VERSION.search(whole)
    version = next((group for group in versions.groups() if group), "") if versions else ""
    model = serial = ""
    licence = _LICENCE.search(whole)
    if licence:
        model, serial = licence.groups()
    for other in others:
        full, named, board = _FULL.search(other), _MODEL.search(other), _SERIAL.search(other)
        version = full[1] if full else version
        model = model or (named[1].strip() if named else "")
        serial = serial or (board[1] if board else "")
    for node in text.find("hostname")[1:]:
        text.strange(
            f"a second name, as if there were two configurations in one file: {node.text}", node.number, decides=True
        )
    hostname = next((node.words[1] for node in text.find("hostname") if len(node.words) == 2), "")
    return Device(hostname=hostname.strip('"'), model=model, version=version, serial=serial)


def management(text: Configuration) -> tuple[ManagementNote, ...]:
    """Give the weaknesses of the management plane that the configuration shows."""
    return tuple(ManagementNote(text=words, span=text.span(node.number)) for words, node in _weaknesses(text))


def _weaknesses(text: Configuration) -> Iterator[tuple[str, Node]]:
    for line in text.find("line"):
        for node in line.find("transport", "input"):
            if {"telnet", "all"} & set(node.words[2:]):
                yield "Telnet may manage the device: passwords cross the network in clear", node
    for node in text.nodes:
        if node.words in {("ip", "http", "server"), ("feature", "telnet"), ("http", "server")} or node.starts(
            "telnet", "vrf"
        ):
            yield f"{node.text}: the device is managed in clear", node
        elif node.starts("snmp-server", "community") and len(node.words) > 2 and node.words[2] in {"public", "private"}:
            yield f"SNMP community {node.words[2]} is everybody's first guess", node
        elif node.words == ("ip", "ssh", "version", "1"):
            yield "SSH version 1 is broken", node
