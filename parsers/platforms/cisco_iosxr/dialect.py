"""How IOS XR writes access lists and object groups.

Source: Cisco IOS XR IP Addresses and Services Command Reference, `ipv4 access-list`, `ipv6 access-list`,
`object-group network`, `object-group port`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._cisco_acl.dialect import Dialect, GroupHeader, ListHeader

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DIALECT"]

_VERSIONS = {"ipv4": 4, "ipv6": 6}


def _list_header(words: Sequence[str]) -> ListHeader | None:
    removed = words[0] == "no"
    words = words[1:] if removed else words
    if len(words) == 3 and words[0] in _VERSIONS and words[1] == "access-list":
        return ListHeader(_VERSIONS[words[0]], words[2], removed=removed)
    return None


def _group_header(words: Sequence[str]) -> GroupHeader | None:
    if len(words) == 4 and words[:2] == ["object-group", "network"] and words[2] in _VERSIONS:
        return GroupHeader("address", words[3], _VERSIONS[words[2]])
    if len(words) == 3 and words[:2] == ["object-group", "port"]:
        return GroupHeader("port", words[2])
    return None


DIALECT = Dialect(
    syntax="iosxr",
    list_header=_list_header,
    group_header=_group_header,
    address_groups=frozenset({"net-group"}),
    port_groups=frozenset({"port-group"}),
)
