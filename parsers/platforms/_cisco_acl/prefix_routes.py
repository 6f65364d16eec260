"""Static routes as NX-OS and IOS XR write them, by prefix.

Source: NX-OS Unicast Routing Command Reference, `ip route`; IOS XR Routing Command Reference, `router static`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY6
from parsers.platforms._cisco_acl.addresses import address, prefix
from parsers.platforms._cisco_acl.routes import SINK, StaticRoute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.platforms._cisco_acl.configuration import Configuration

__all__ = ["prefix_route"]

_NAMED = frozenset({
    "description", "metric", "minimum-interval", "multiplier", "name", "tag", "track", "tunnel-id", "vrf", "vrflabel",
})  # fmt: skip
_PLAIN = frozenset({"bfd", "fast-detect", "permanent"})


def prefix_route(text: Configuration, words: Sequence[str], vrf: str, number: int) -> StaticRoute | None:
    """Read `PREFIX [vrf V] [IFC] [HOP] [options] [preference]`, None for what is not understood."""
    destination = prefix(words[0]) if words else None
    if destination is None:
        return None
    if not destination <= ANY6 and words[0].endswith("/0"):
        destination = prefix("0.0.0.0/0") or destination
    rest = list(words[1:])
    elsewhere: str | None = None
    if rest[:1] == ["vrf"] and len(rest) > 2:
        elsewhere, rest = rest[1], rest[2:]
    interface, hop = "", None
    if rest and address(_bare(rest[0])) is None:
        interface = rest.pop(0)
        if rest and rest[0].isdecimal() and not interface[-1:].isdigit():
            interface += rest.pop(0)
    if rest:
        hop = address(_bare(rest[0]))
        rest = rest[1:] if hop is not None else rest
    options = _options(text, rest, number)
    if options is None:
        return None
    metric, named = options
    elsewhere = named if named is not None else elsewhere
    if interface.lower() == "null0":
        interface = SINK
    if elsewhere == "default":
        elsewhere = ""
    return StaticRoute(vrf, destination, interface, hop, metric, number, elsewhere) if interface or hop else None


def _options(text: Configuration, words: list[str], number: int) -> tuple[int, str | None] | None:
    """Read what follows a next hop: gives the preference and the next hop's own table, if it is named."""
    metric, elsewhere = 1, None
    while words:
        word = words.pop(0)
        if word in _NAMED and words:
            value = words.pop(0)
            if word == "vrf":
                elsewhere = value
            elif word == "track":
                what = f"taken to be in force; it is withdrawn when track {value} fails"
                text.remark(RemarkKind.NOTE, what, number)
        elif word.isdecimal():
            metric = int(word)
        elif word not in _PLAIN:
            return None
    return metric, elsewhere


def _bare(word: str) -> str:
    """NX-OS writes a next hop as a prefix of one address too."""
    base, _, length = word.partition("/")
    return base if length in {"32", "128"} else word
