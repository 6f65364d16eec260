"""Which of the Linux platforms a capture is of: it is told by what its documents are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._netfilter.documents import SAVES, classify

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["MEMBERS", "is_host", "is_iptables", "is_nftables", "recognised"]

_RULESET = frozenset({"nft", "nft-json"})
_SAVED = frozenset(SAVES)


def is_host(capture: Capture) -> bool:
    """Tell whether a capture is of a live host: with its addresses, or with rules of both kinds."""
    return _host(frozenset(classify(capture)))


def is_iptables(capture: Capture) -> bool:
    """Tell whether a capture is saved rules of iptables, and their sets, and nothing else that is known."""
    return _iptables(frozenset(classify(capture)))


def is_nftables(capture: Capture) -> bool:
    """Tell whether a capture is a ruleset of nftables and nothing else that is known."""
    return _nftables(frozenset(classify(capture)))


def recognised(capture: Capture) -> frozenset[str]:
    """Give the ids of the members of the family that recognise a capture."""
    names = frozenset(classify(capture))
    return frozenset(member for member, fits in _FITS.items() if fits(names))


def _host(names: frozenset[str]) -> bool:
    return "ip-addr" in names or (bool(names & _RULESET) and bool(names & _SAVED))


def _iptables(names: frozenset[str]) -> bool:
    return bool(names & _SAVED) and names <= _SAVED | {"ipset"}


def _nftables(names: frozenset[str]) -> bool:
    return bool(names) and names <= _RULESET


_FITS = {"linux": _host, "linux_iptables": _iptables, "linux_nftables": _nftables}
MEMBERS = frozenset(_FITS)
