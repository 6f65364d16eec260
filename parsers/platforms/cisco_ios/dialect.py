"""How IOS writes access lists and object groups.

Source: Cisco IOS Security Command Reference, `access-list (IP standard)`, `access-list (IP extended)`, `ip
access-list`, `ipv6 access-list`, `object-group`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._cisco_acl.dialect import Dialect, GroupHeader, ListHeader

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DIALECT", "is_ip_list"]

_STANDARD = (range(1, 100), range(1300, 2000))
_EXTENDED = (range(100, 200), range(2000, 2700))
_KINDS = frozenset({"standard", "extended"})
_SETTINGS = frozenset({"log-update", "persistent"})
_GROUPS = {
    "network": ("address", 4),
    "service": ("service", 4),
    "v6-network": ("address", 6),
    "v6-service": ("service", 6),
}


def is_ip_list(number: str) -> bool:
    """Tell whether a numbered list is one of IP: the others filter by MAC address, protocol type or IPX."""
    return number.isdecimal() and any(int(number) in numbers for numbers in (*_STANDARD, *_EXTENDED))


def _list_header(words: Sequence[str]) -> ListHeader | None:
    removed = words[0] == "no"
    words = words[1:] if removed else words
    if words[:1] == ["access-list"] and len(words) > 2 and not removed and is_ip_list(words[1]):
        standard = any(int(words[1]) in numbers for numbers in _STANDARD)
        return ListHeader(4, words[1], standard=standard, entry=tuple(words[2:]))
    if words[:2] == ["ip", "access-list"] and len(words) == 4 and words[2] in _KINDS:
        return ListHeader(4, words[3], standard=words[2] == "standard", removed=removed)
    if words[:2] == ["ipv6", "access-list"] and len(words) == 3 and words[2] not in _SETTINGS:
        return ListHeader(6, words[2], removed=removed)
    return None


def _group_header(words: Sequence[str]) -> GroupHeader | None:
    if words[0] != "object-group" or len(words) != 3 or words[1] not in _GROUPS:
        return None
    kind, version = _GROUPS[words[1]]
    return GroupHeader(kind, words[2], version)


DIALECT = Dialect(
    syntax="ios",
    list_header=_list_header,
    group_header=_group_header,
    service_groups=frozenset({"object-group"}),
    address_groups=frozenset({"object-group"}),
    several_ports=True,
    group_masks=True,
)
