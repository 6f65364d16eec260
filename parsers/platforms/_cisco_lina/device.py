"""Who the device says it is, whether its configuration can be judged at all, and how it is managed.

Source: header of `show running-config` and `show version`; Cisco ASA Series Command Reference, `firewall transparent`,
`context`, `failover`, `telnet`, `ssh`, `http`, `snmp-server`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.errors import UnsupportedError
from parsers.model.addresses import ANY4
from parsers.model.firewall import Assumption, Device, HaRole, ManagementNote
from parsers.platforms._cisco_lina.addresses import address, network

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = [
    "UNIFIED", "Version", "context_names", "describe", "management", "read_names", "refuse", "unread_contexts",
    "version_of",
]  # fmt: skip

Version = tuple[int, int]
OLDEST: Version = (8, 3)
"""The first version whose access lists name real addresses."""
UNIFIED: Version = (9, 0)
"""The first version in which `any` means IPv6 too."""
_VERSION = re.compile(r"^(?:Cisco Adaptive Security Appliance Software |ASA )Version (\d+)\.(\d+)", re.MULTILINE)
_FULL_VERSION = re.compile(r"^ASA Version (\S+)", re.MULTILINE)
_OTHERS = re.compile(r"^(PIX|FWSM) Version (\S+)", re.MULTILINE)
_SYSTEM = re.compile(r"^ASA Version \S+ <(system|context)>", re.MULTILINE)
_TRANSPARENT = re.compile(r"firewall transparent")
_SERIAL = re.compile(r"Serial Number:\s*(\S+)")
_MODEL = re.compile(r"Hardware:\s*([^,\s]+)")
_WEAK_COMMUNITIES = frozenset({"public", "private"})


def version_of(texts: Sequence[str]) -> Version | None:
    """Give the software version that the first text with one names."""
    found = next((match for text in texts for match in [_VERSION.search(text)] if match), None)
    return (int(found[1]), int(found[2])) if found is not None else None


def refuse(text: Configuration, name: str) -> None:
    """Raise UnsupportedError, with the document's name, for what would be judged by other rules than these."""
    other = _said(_OTHERS, text)
    if other is not None:
        found, line = other
        raise UnsupportedError(
            f"{found[1]} {found[2]} filters by translated addresses and has rules of its own; it is not supported",
            document=name,
            line=line,
            hint="audit a device that runs ASA 8.3 or later",
        )
    version = _said(_VERSION, text)
    if version is not None and (int(version[0][1]), int(version[0][2])) < OLDEST:
        found, line = version
        raise UnsupportedError(
            f"ASA {found[1]}.{found[2]} filters by translated addresses; versions before 8.3 are not supported",
            document=name,
            line=line,
            hint="upgrade to 8.3 or later, or audit another device",
        )
    transparent = _said(_TRANSPARENT, text)
    if transparent is not None:
        raise UnsupportedError(
            "the firewall runs in transparent mode, which is not supported",
            document=name,
            line=transparent[1],
            hint="only routed mode can be audited",
        )


def _said(pattern: re.Pattern[str], text: Configuration) -> tuple[re.Match[str], int] | None:
    """Give the first line that a pattern matches, and its number; none is in an access list or an object."""
    found = ((pattern.match(line), number) for number, line in text.others)
    return next(((match, number) for match, number in found if match is not None), None)


def context_names(text: Configuration) -> dict[str, int]:
    """Give the contexts that a system execution space defines, with their lines."""
    return {node.words[1]: node.number for node in text.find("context") if len(node.words) == 2}


def unread_contexts(text: Configuration, known: frozenset[str]) -> None:
    """Note each context whose configuration is not in the capture, and account for the system's lines."""
    for node in text.nodes:
        if node.words[0] in {"context", "class", "admin-context", "allocate-interface", "config-url", "interface"}:
            text.ledger.modelled(node.numbers())
    for name, number in context_names(text).items():
        if name not in known:
            what = f"context {name} is not in the capture; what it lets pass was not judged"
            text.remark(RemarkKind.UNREAD_CONTEXT, what, number, decides=True)


def read_names(text: Configuration) -> None:
    """Learn the names that `name ADDRESS NAME` gives to addresses."""
    for node in text.find("name"):
        if len(node.words) > 2 and address(node.words[1], {}) is not None:
            text.names[node.words[2]] = node.words[1]
            text.ledger.modelled((node.number,))
    for node in text.nodes:
        if node.words in {("names",), ("no", "names")}:
            text.ledger.modelled((node.number,))


def describe(text: Configuration, others: Sequence[str]) -> tuple[Device, tuple[Assumption, ...]]:
    """Give who the device is; `others` are further texts of it, such as `show version`."""
    header = "\n".join(text.header)
    texts = (text.head, *others)
    serial, model = (
        next((match[1] for part in (header, *others) for match in [pattern.search(part)] if match), "")
        for pattern in (_SERIAL, _MODEL)
    )
    full = next((match[1] for part in texts for match in [_FULL_VERSION.search(part)] if match), "")
    for node in text.find("hostname")[1:]:
        what = f"not understood: a second name, as if there were two configurations in one file: {node.text}"
        text.remark(RemarkKind.NOT_UNDERSTOOD, what, node.number, decides=True)
    hostname = next((node.words[1] for node in text.find("hostname") if len(node.words) == 2), "")
    assumptions: tuple[Assumption, ...] = ()
    if version_of(texts) is None:
        why = "no version is named; access lists are read as naming real addresses"
        assumptions = (Assumption(text="ASA version 9.0 or later", why=why),)
    for head in (("hostname",), ("ASA", "Version"), ("failover",), ("no", "failover")):
        for node in text.find(*head):
            text.ledger.modelled(node.numbers() if node.starts("failover", "group") else (node.number,))
    return (
        Device(hostname=hostname, model=model, version=full, serial=serial, ha_role=_role(text)),
        assumptions,
    )


def _role(text: Configuration) -> HaRole:
    """Which unit of a failover pair is active is not in a configuration; `failover lan unit` is only its first say."""
    return HaRole.UNKNOWN if any(node.words == ("failover",) for node in text.find("failover")) else HaRole.NONE


def management(text: Configuration, ports: Sequence[Port]) -> tuple[ManagementNote, ...]:
    """Give the weaknesses of the management plane that the configuration shows."""
    levels = {port.interface.name: port.interface.security_level or 0 for port in ports}
    found = []
    for node in text.nodes:
        for note in (*_telnet(node, text.names), *_open_access(node, text.names, levels), *_weak_words(node)):
            text.ledger.modelled((node.number,))
            found.append(ManagementNote(text=note, span=text.span(node.number)))
    return tuple(found)


def _telnet(node: Node, names: Mapping[str, str]) -> Iterator[str]:
    words = node.words
    if words[0] == "telnet" and len(words) == 4 and network(words[1:3], names) is not None:
        yield f"telnet, which sends passwords in the clear, is allowed from {words[1]} {words[2]} on {words[3]}"


def _open_access(node: Node, names: Mapping[str, str], levels: Mapping[str, int]) -> Iterator[str]:
    words = node.words
    if words[0] in {"http", "ssh"} and len(words) == 4 and levels.get(words[3]) == 0:
        allowed = network(words[1:3], names)
        if allowed == ANY4:
            what = "HTTPS" if words[0] == "http" else "SSH"
            yield f"{what} administration is allowed from every address on {words[3]} (security-level 0)"


def _weak_words(node: Node) -> Iterator[str]:
    words = node.words
    if words[:3] == ("ssh", "version", "1"):
        yield "SSH version 1 is allowed"
    if words[0] == "snmp-server" and "community" in words[:-1]:
        community = words[words.index("community") + 1]
        if community in _WEAK_COMMUNITIES:
            yield f"the SNMP community is {community!r}"
