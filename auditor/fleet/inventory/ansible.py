"""Ansible inventories: YAML, and what `ansible-inventory --list` prints as YAML or JSON.

Only what says where a firewall is and how it is reached is taken; passwords in an inventory are not looked at.
Variables are merged as Ansible does: a child group wins over its parent, among groups of one depth the higher
`ansible_group_priority`, then the later name; a host's own variables win over all groups (Ansible Community
Documentation, "How to build your inventory", section "How variables are merged").
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditor.baseline.document import Document, Path
from auditor.deployment.site import FirewallEntry, Ssh
from auditor.errors import UsageError
from auditor.fleet.inventory.names import declared, from_network_os
from auditor.fleet.inventory.values import Inventory, LeftOut, Listed

__all__ = ["TAGS", "looks_like", "read"]

TAGS: Final = ("!vault", "!unsafe", "!vault-encrypted")
"""Ansible's own YAML tags, whose values are not for us."""

_ALL: Final = "all"
_META: Final = "_meta"
_MOST: Final = 10_000
"""Hosts that one range may stand for."""
_RANGE: Final = re.compile(r"\[(?P<low>[0-9]+|[A-Za-z]):(?P<high>[0-9]+|[A-Za-z])(?::(?P<step>[0-9]+))?\]")
_JUMP: Final = re.compile(r"(?:-J\s*|ProxyJump[= ]\s*)(?P<jump>[^\s'\",]+)")


@dataclass(slots=True)
class _Group:
    """A group as it is read: hosts with their own variables, variables, children."""

    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)


def looks_like(data: object) -> bool:
    """Tell whether data could be an Ansible inventory: a mapping of groups."""
    return isinstance(data, dict) and (
        _META in data
        or any(isinstance(item, dict) and item.keys() & {"hosts", "children", "vars"} for item in data.values())
    )


def read(document: Document) -> Inventory:
    """Read an inventory; hosts that name no platform of ours are left out. Raises UsageError with file and line."""
    reading = _Reading(document)
    reading.groups_of(document.data)
    hosts = reading.hosts()
    listed: list[Listed] = []
    left_out: list[LeftOut] = []
    for name in sorted(hosts):
        variables = reading.variables(name)
        found = _entry(name, variables, document)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            listed.append(Listed(entry=found, tags=frozenset(hosts[name])))
    return Inventory(listed=tuple(listed), left_out=tuple(left_out), kind="ansible", file=document.file)


class _Reading:
    """The groups of one file."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._groups: dict[str, _Group] = {_ALL: _Group()}

    def groups_of(self, data: Mapping[str, Any]) -> None:
        for name, body in data.items():
            if name != _META:
                self._group(name, body, (name,))
        meta = data.get(_META)
        for host, variables in (meta.get("hostvars") or {}).items() if isinstance(meta, dict) else ():
            self._groups[_ALL].hosts.setdefault(host, {}).update(_mapping(variables))
        inner = {child for group in self._groups.values() for child in group.children}
        for name in self._groups:
            if name != _ALL and name not in inner:
                self._groups[_ALL].children[name] = None

    def _group(self, name: str, body: Any, path: Path) -> None:
        group = self._groups.setdefault(name, _Group())
        if isinstance(body, list):
            body = {"hosts": body}  # the oldest form of --list
        if body is None:
            return
        if not isinstance(body, dict):
            raise self._wrong(path, f"the group {name} is no mapping", "write hosts:, children: or vars: below it")
        for key, value in body.items():
            at = (*path, key)
            if key == "hosts":
                for host, own in _named(value):
                    for single in self._expanded(host, (*at, host)):
                        group.hosts.setdefault(single, {}).update(_mapping(own))
            elif key == "vars":
                group.variables |= _mapping(value)
            elif key == "children":
                for child, inside in _named(value):
                    group.children[child] = None
                    self._group(child, inside, (*at, child))
            else:
                raise self._wrong(at, f"the group {name} has a key {key}", "Ansible knows hosts, children and vars")

    def hosts(self) -> dict[str, set[str]]:
        """Give every host with the groups that it is in, directly or through children."""
        parents = self._parents()
        found: dict[str, set[str]] = {}
        for name, group in self._groups.items():
            for host in group.hosts:
                found.setdefault(host, set()).update({name, *_above(name, parents)})
        return {host: groups | {_ALL} for host, groups in found.items()}

    def variables(self, host: str) -> dict[str, Any]:
        """Give a host's variables as Ansible merges them."""
        depths = self._depths()
        out: dict[str, Any] = {}
        for name in sorted(self.hosts()[host], key=lambda item: (depths[item], self._priority(item), item)):
            out |= self._groups[name].variables
        for group in self._groups.values():
            out |= group.hosts.get(host, {})
        return out

    def _priority(self, name: str) -> int:
        value = self._groups[name].variables.get("ansible_group_priority", 1)
        return value if isinstance(value, int) else 1

    def _parents(self) -> dict[str, set[str]]:
        parents: dict[str, set[str]] = {name: set() for name in self._groups}
        for name, group in self._groups.items():
            for child in group.children:
                parents[child].add(name)
        return parents

    def _depths(self) -> dict[str, int]:
        parents = self._parents()
        depths: dict[str, int] = {}

        def depth(name: str, below: tuple[str, ...]) -> int:
            if name in below:
                raise self._wrong(
                    (), f"the group {name} contains itself: {' > '.join((*below, name))}", "break the loop"
                )
            if name not in depths:
                depths[name] = max((depth(parent, (*below, name)) + 1 for parent in parents[name]), default=0)
            return depths[name]

        for name in self._groups:
            depth(name, ())
        return depths

    def _expanded(self, host: str, path: Path) -> Iterator[str]:
        found = _RANGE.search(host)
        if found is None:
            yield host
            return
        for count, word in enumerate(_span(found["low"], found["high"], int(found["step"] or 1))):
            if count >= _MOST:
                raise self._wrong(path, f"{host} stands for more than {_MOST} hosts", "write smaller ranges")
            yield from self._expanded(host[: found.start()] + word + host[found.end() :], path)

    def _wrong(self, path: Path, message: str, hint: str) -> UsageError:
        return UsageError(message, file=self._document.file or None, line=self._document.line(path), hint=hint)


def _entry(name: str, variables: Mapping[str, Any], document: Document) -> FirewallEntry | LeftOut:
    line = _line(name, document)

    def text(*keys: str) -> str:
        for key in keys:
            value = variables.get(key)
            if value is None or value == "":
                continue
            if isinstance(value, dict | list) or "{{" in str(value):
                raise UsageError(
                    f"{key} of {name} is computed by Ansible",
                    file=document.file or None, line=line, key=key,
                    hint="write the value itself, or set the variable st_audit_… for it (docs/fleet.md)",
                )  # fmt: skip
            return str(value)
        return ""

    platform = text("st_audit_platform")
    if platform:
        declared(platform, file=document.file, line=line, key="st_audit_platform")
    else:
        system = text("ansible_network_os")
        if not system:
            return LeftOut(name=name, why="it names no platform")
        known = from_network_os(system)
        if known is None:
            return LeftOut(name=name, why=f"ansible_network_os {system} is no platform of st-audit's")
        platform = known
    port = text("st_audit_port", "ansible_port", "ansible_ssh_port") or "22"
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise UsageError(f"{port!r} of {name} is no TCP port", file=document.file or None, line=line, hint="write 22")
    arguments = " ".join(str(variables.get(key, "")) for key in ("ansible_ssh_common_args", "ansible_ssh_extra_args"))
    hidden = _JUMP.search(arguments)
    return FirewallEntry(
        name=name,
        platform=platform,
        address=text("ansible_host", "ansible_ssh_host") or name,
        ssh=Ssh(
            port=int(port),
            user=text("st_audit_user", "ansible_user", "ansible_ssh_user"),
            fingerprint=text("st_audit_fingerprint"),
            jump=text("st_audit_jump") or (hidden["jump"] if hidden is not None else ""),
            legacy=text("st_audit_legacy").lower() == "true",
        ),
        context=text("st_audit_context"),
        line=line,
    )


def _line(name: str, document: Document) -> int | None:
    return next((line for path, line in document.lines.items() if path and path[-1] == name and line), None)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _named(value: Any) -> Iterator[tuple[str, Any]]:
    """Give names with what stands below them, from a mapping or a list of names."""
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(item), None) for item in value)


def _above(name: str, parents: Mapping[str, set[str]]) -> set[str]:
    out: set[str] = set()
    todo = [name]
    while todo:
        for parent in parents[todo.pop()] - out:
            out.add(parent)
            todo.append(parent)
    return out


def _span(low: str, high: str, step: int) -> Iterator[str]:
    if low.isdigit() and high.isdigit():
        # A leading zero says how wide the numbers are.
        width = len(low) if low.startswith("0") and len(low) > 1 else 0
        yield from (str(number).zfill(width) for number in range(int(low), int(high) + 1, max(step, 1)))
    else:
        letters = string.ascii_letters
        first, last = letters.find(low), letters.find(high)
        yield from letters[first : last + 1 : max(step, 1)] if 0 <= first <= last else ()
