"""How NX-OS writes access lists and object groups.

Source: Cisco Nexus NX-OS Security Command Reference, `ip access-list`, `ipv6 access-list`, `object-group`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._cisco_acl.dialect import Dialect, GroupHeader, ListHeader

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DIALECT"]

_VERSIONS = {"ip": 4, "ipv6": 6}


def _list_header(words: Sequence[str]) -> ListHeader | None:
    removed = words[0] == "no"
    words = words[1:] if removed else words
    if len(words) == 3 and words[0] in _VERSIONS and words[1] == "access-list":
        return ListHeader(_VERSIONS[words[0]], words[2], removed=removed)
    return None


def _group_header(words: Sequence[str]) -> GroupHeader | None:
    if words[0] != "object-group" or len(words) != 4 or words[1] not in _VERSIONS:
        return None
    if words[2] == "address":
        return GroupHeader("address", words[3], _VERSIONS[words[1]])
    return GroupHeader("port", words[3]) if words[2] == "port" else None


DIALECT = Dialect(
    syntax="nxos",
    list_header=_list_header,
    group_header=_group_header,
    address_groups=frozenset({"addrgroup"}),
    port_groups=frozenset({"portgroup"}),
    group_masks=False,
)
