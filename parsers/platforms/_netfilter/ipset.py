"""`ipset save`: sets that iptables rules look packets up in. Source: ipset(8)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Axis, Bounds, Condition, ConditionKind
from parsers.model.firewall import NamedObject
from parsers.model.services import ServiceSet
from parsers.platforms._netfilter import expressions as ex
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.guards import EVERYTHING, NOTHING, Guard, compact, perhaps

if TYPE_CHECKING:
    from parsers.model.capture import Document
    from parsers.platforms._netfilter.expressions import Place
    from parsers.platforms._netfilter.notes import Notes

__all__ = ["IpSet", "IpSets", "Lookup", "read_ipset"]

_WORD = re.compile(r'"[^"]*"|\S+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One element of a set; `nomatch` takes it out of a wider network."""

    parts: tuple[str, ...]
    nomatch: bool = False
    span: Span


@dataclass(slots=True, kw_only=True)
class IpSet:
    """A set: its kind (`hash`, `bitmap`, `list`), what its elements are made of, and its elements."""

    name: str
    kind: str
    dimensions: tuple[str, ...]
    version: int = 4
    netmask: int | None = None
    timed: bool = False
    span: Span
    members: list[Member] = field(default_factory=list)


def read_ipset(index: int, document: Document, notes: Notes) -> dict[str, IpSet]:
    """Read the sets of a document, noting each line."""
    found: dict[str, IpSet] = {}
    for number, line in enumerate(document.lines(), 1):
        words = [word.strip('"') for word in _WORD.findall(line)]
        span = Span(document=index, first=number, last=number)
        if len(words) >= 3 and words[0] == "create":
            kind, _, dimensions = words[2].partition(":")
            options = words[3:]
            found[words[1]] = IpSet(
                name=words[1],
                kind=kind,
                dimensions=tuple(dimensions.split(",")),
                version=6 if "inet6" in options else 4,
                netmask=int(options[options.index("netmask") + 1]) if "netmask" in options else None,
                timed="timeout" in options,
                span=span,
            )
            notes.modelled(span)
        elif len(words) >= 3 and words[0] == "add" and words[1] in found:
            member = Member(parts=tuple(words[2].split(",")), nomatch="nomatch" in words[3:], span=span)
            found[words[1]].members.append(member)
            notes.modelled(span)
        elif words and not words[0].startswith("#"):
            notes.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {line}", span, decides=True)
        else:
            notes.irrelevant(span)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Where a set is asked: the IP version, the place and the lines of the rule."""

    version: int
    place: Place
    notes: Notes
    span: Span

    def undefined(self, text: str) -> None:
        """Note a set that there is not."""
        self.notes.remark(RemarkKind.UNDEFINED, text, self.span, decides=True)


@dataclass(slots=True)
class IpSets:
    """All sets of a host; `updated` are those that rules change as packets pass."""

    sets: dict[str, IpSet] = field(default_factory=dict)
    updated: set[str] = field(default_factory=set)
    collected: bool = False
    objects: dict[str, NamedObject] = field(default_factory=dict)

    def guard(self, name: str, directions: tuple[str, ...], lookup: Lookup) -> Guard:
        """Give the packets that a set takes; raises ValueError for a direction that is none."""
        if any(word not in {"src", "dst"} for word in directions):
            raise ValueError(f"--match-set {name} {','.join(directions)}")
        found = self.sets.get(name)
        if found is None:
            if self.collected:
                lookup.undefined(f"there is no ipset {name}")
            else:
                lookup.undefined(f"ipset {name} was not collected: ipset save")
            return _list(f"ipset {name} is not known", name, directions)
        if found.timed or name in self.updated:
            return _list(f"ipset {name} changes over time", name, directions)
        if found.kind == "list":
            return self._of_list(found, directions, lookup)
        if found.version != lookup.version and found.dimensions[0] in {"ip", "net"}:
            return NOTHING
        guard = _members(found, directions, lookup.place)
        self._object(found, directions, lookup.place)
        label = (f"ipset {name}",)
        return replace(
            guard,
            possible=tuple(replace(box, objects=label) for box in guard.possible),
            sure=tuple(replace(box, objects=label) for box in guard.sure),
        )

    def _of_list(self, found: IpSet, directions: tuple[str, ...], lookup: Lookup) -> Guard:
        guards = [
            self.guard(member.parts[0], directions, lookup) for member in found.members if member.parts[0] != found.name
        ]
        return _union(guards)

    def _object(self, found: IpSet, directions: tuple[str, ...], place: Place) -> None:
        name = f"ipset {found.name}"
        if len(found.dimensions) != 1 or name in self.objects or found.dimensions[0] not in {"ip", "net", "port"}:
            return
        members: list[tuple[Bounds[AddressSet] | Bounds[ServiceSet], Span]] = []
        for member in found.members:
            box = _member(found, member, directions, place).possible[0]
            if found.dimensions[0] == "port":
                members.append((Bounds.exact(box.services), member.span))
            else:
                members.append((Bounds.exact(box.source if directions[0] == "src" else box.destination), member.span))
        self.objects[name] = NamedObject(name=name, members=tuple(members), span=found.span)


def _list(text: str, name: str, directions: tuple[str, ...]) -> Guard:
    axis = Axis.WHOLE if len(directions) > 1 else Axis.SOURCE if directions[0] == "src" else Axis.DESTINATION
    return perhaps(EVERYTHING, ConditionKind.DYNAMIC_LIST, text, (name,), axis)


def _union(guards: list[Guard]) -> Guard:
    if any(guard.excluded for guard in guards):
        return perhaps(EVERYTHING, ConditionKind.UNKNOWN, "a list of sets with exceptions")
    conditions: dict[Condition, None] = {}
    for guard in guards:
        conditions.update(dict.fromkeys(guard.conditions))
    return Guard(
        possible=compact(box for guard in guards for box in guard.possible),
        sure=compact(box for guard in guards for box in guard.sure),
        conditions=tuple(conditions),
    )


def _members(found: IpSet, directions: tuple[str, ...], place: Place) -> Guard:
    if len(found.dimensions) == 1 and found.dimensions[0] in {"ip", "net"}:
        return ex.address("source" if directions[0] == "src" else "destination", _addresses(found))
    if any(member.nomatch for member in found.members):
        return perhaps(EVERYTHING, ConditionKind.UNKNOWN, f"ipset {found.name} has exceptions")
    return _union([_member(found, member, directions, place) for member in found.members])


def _addresses(found: IpSet) -> AddressSet:
    """Give the addresses of a set; the most specific network decides, so that `nomatch` takes out of wider ones."""
    if not any(member.nomatch for member in found.members):
        return va.addresses([_address(found, member.parts[0]) for member in found.members], found.version)
    known = AddressSet(())
    ordered = sorted(found.members, key=lambda member: _length(member.parts[0], found.version))
    for member in ordered:
        part = va.addresses([_address(found, member.parts[0])], found.version)
        known = known - part if member.nomatch else known | part
    return known


def _address(found: IpSet, text: str) -> str:
    return f"{text}/{found.netmask}" if found.netmask is not None and "/" not in text else text


def _length(text: str, version: int) -> int:
    _, slash, length = text.partition("/")
    return int(length) if slash else 32 if version == 4 else 128


def _member(found: IpSet, member: Member, directions: tuple[str, ...], place: Place) -> Guard:
    guard = EVERYTHING
    if len(directions) < len(found.dimensions):
        raise ValueError(f"ipset {found.name} needs {len(found.dimensions)} directions")
    for dimension, word, direction in zip(found.dimensions, member.parts, directions, strict=False):
        guard &= _part(found, dimension, word, direction, place)
    return guard


def _part(found: IpSet, dimension: str, word: str, direction: str, place: Place) -> Guard:
    match dimension:
        case "ip" | "net":
            axis = "source" if direction == "src" else "destination"
            return ex.address(axis, va.addresses([_address(found, word)], found.version))
        case "port":
            return _port(found, word, direction)
        case "iface":
            if word.startswith("physdev:"):
                return perhaps(EVERYTHING, ConditionKind.UNKNOWN, f"bridge port {word.removeprefix('physdev:')}")
            return ex.interface(place, "ingress" if direction == "src" else "egress", [word])
        case "mac" | "mark":
            return perhaps(EVERYTHING, ConditionKind.UNKNOWN, f"{dimension} {word}")
        case _:
            raise ValueError(f"ipset {found.name} of {dimension}")


def _port(found: IpSet, word: str, direction: str) -> Guard:
    protocol, colon, ports = word.partition(":")
    if found.kind == "bitmap":
        return ex.port("sport" if direction == "src" else "dport", (6, 17), va.ports([word]))
    if not colon:
        protocol, ports = "tcp", word
    (number, _) = va.protocol_range(protocol)
    if number in {1, 58}:
        version = 4 if number == 1 else 6
        kind, _, code = ports.partition("/")
        types = va.icmp_number(kind, version)
        return ex.icmp(version, types, va.code_number(code, version)) if code else ex.icmp(version, types)
    if number not in ex.PORTED:
        return ex.protocol([(number, number)])
    return ex.port("sport" if direction == "src" else "dport", (number,), va.ports([ports]))
