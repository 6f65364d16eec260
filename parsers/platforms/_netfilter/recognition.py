"""Which of the Linux platforms a capture is of: it is told by what its documents are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._netfilter.documents import SAVES, classify

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["RECOGNISES", "is_host", "is_iptables", "is_nftables"]

_RULESET = frozenset({"nft", "nft-json"})


def is_host(capture: Capture) -> bool:
    """Tell whether a capture is of a live host: with its addresses, or with rules of both kinds."""
    found = set(classify(capture))
    return "ip-addr" in found or (bool(found & _RULESET) and bool(found & set(SAVES)))


def is_iptables(capture: Capture) -> bool:
    """Tell whether a capture is saved rules of iptables, and their sets, and nothing else that is known."""
    found = set(classify(capture))
    return bool(found & set(SAVES)) and found <= {*SAVES, "ipset"}


def is_nftables(capture: Capture) -> bool:
    """Tell whether a capture is a ruleset of nftables and nothing else that is known."""
    found = set(classify(capture))
    return bool(found) and found <= _RULESET


RECOGNISES = {"linux": is_host, "linux_iptables": is_iptables, "linux_nftables": is_nftables}
"""How each platform of the family is recognised, by its id."""
