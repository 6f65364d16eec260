"""How a system of the family writes what all of them have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Dialect", "GroupHeader", "ListHeader"]


@dataclass(frozen=True, slots=True)
class ListHeader:
    """The line that opens an access list, or a line that holds one of its entries (`entry`).

    `version` is the IP version; a `standard` list looks at the source alone; `removed` is a list that `no` deletes.
    """

    version: int
    name: str
    standard: bool = False
    entry: tuple[str, ...] | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class GroupHeader:
    """The line that opens an object group: `kind` is address, service or port, `version` the IP version (0: any)."""

    kind: str
    name: str
    version: int = 4


@dataclass(frozen=True, slots=True)
class Dialect:
    """One system's words.

    `syntax` is ciscoconfparse2's name of it; `list_header` and `group_header` read a top-level line, None for any
    other. `service_groups`, `address_groups` and `port_groups` are the keywords by which an entry names a group.
    `several_ports` tells whether `eq` and `neq` take more than one port. `group_masks` tells whether a mask in an
    address group is a netmask (True), a wildcard (False), or either, told by its form (None).
    """

    syntax: str
    list_header: Callable[[Sequence[str]], ListHeader | None]
    group_header: Callable[[Sequence[str]], GroupHeader | None]
    service_groups: frozenset[str] = frozenset()
    address_groups: frozenset[str] = frozenset()
    port_groups: frozenset[str] = frozenset()
    several_ports: bool = False
    group_masks: bool | None = None
