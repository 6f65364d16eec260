"""What nft expressions look at, read from the words: selectors, the right side of a comparison, maps.

Source: nft(8), "Expressions", "Payload expressions"; a word that is not listed there is not understood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._netfilter.nft_cursor import Cursor, NotReadError
from parsers.platforms._netfilter.nft_syntax import AnonymousSet, MapOf, Right, SetReference, Values

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lookup", "right_of", "selector", "selectors", "set_of", "starts_selector"]

_PAYLOAD = {
    "ip": {"saddr", "daddr", "protocol", "version", "hdrlength", "dscp", "ecn", "length", "id", "frag-off", "ttl",
           "checksum"},
    "ip6": {"saddr", "daddr", "nexthdr", "version", "dscp", "ecn", "flowlabel", "length", "hoplimit"},
    "tcp": {"sport", "dport", "flags", "sequence", "ackseq", "doff", "reserved", "window", "checksum", "urgptr"},
    "udp": {"sport", "dport", "length", "checksum"},
    "udplite": {"sport", "dport", "checksum"},
    "sctp": {"sport", "dport", "vtag", "checksum"},
    "dccp": {"sport", "dport", "type"},
    "th": {"sport", "dport"},
    "icmp": {"type", "code", "checksum", "id", "sequence", "gateway", "mtu"},
    "icmpv6": {"type", "code", "checksum", "parameter-problem", "packet-too-big", "id", "sequence", "max-delay"},
    "igmp": {"type", "checksum", "mrt", "group"},
    "ah": {"nexthdr", "hdrlength", "reserved", "spi", "sequence"},
    "esp": {"spi", "sequence"},
    "comp": {"nexthdr", "flags", "cpi"},
    "ether": {"saddr", "daddr", "type"},
    "vlan": {"id", "cfi", "dei", "pcp", "type"},
    "arp": {"htype", "ptype", "hlen", "plen", "operation", "saddr", "daddr"},
}  # fmt: skip
_META = {
    "length", "nfproto", "l4proto", "protocol", "priority", "random", "mark", "iif", "iifname", "iiftype", "oif",
    "oifname", "oiftype", "skuid", "skgid", "nftrace", "rtclassid", "ibrname", "obrname", "pkttype", "cpu", "iifgroup",
    "oifgroup", "cgroup", "ipsec", "secpath", "secmark", "iifkind", "oifkind", "time", "day", "hour", "sdif",
    "sdifname", "broute",
}  # fmt: skip
_UNQUALIFIED = {
    "mark", "iif", "iifname", "iiftype", "oif", "oifname", "oiftype", "skuid", "skgid", "nftrace", "rtclassid",
    "ibrname", "obrname", "pkttype", "cpu", "iifgroup", "oifgroup", "cgroup",
}  # fmt: skip
_CT = {
    "state", "direction", "status", "mark", "expiration", "helper", "label", "l3proto", "protocol", "bytes", "packets",
    "avgpkt", "zone", "id", "secmark", "event", "timeout", "expectation", "saddr", "daddr", "proto-src", "proto-dst",
}  # fmt: skip
_EXTENSION = {
    "hbh": {"nexthdr", "hdrlength"}, "rt": {"nexthdr", "hdrlength", "type", "seg-left"}, "rt0": {"addr"},
    "frag": {"nexthdr", "reserved", "frag-off", "reserved2", "more-fragments", "id"},
    "dst": {"nexthdr", "hdrlength"}, "mh": {"nexthdr", "hdrlength", "type", "reserved", "checksum"},
}  # fmt: skip
_ROUTE = {"classid", "nexthop", "mtu", "ipsec"}
_FIB_FLAGS = {"saddr", "daddr", "mark", "iif", "oif"}


def right_of(cursor: Cursor) -> Right:
    """Take the right side of a comparison."""
    if cursor.text == "{" and cursor.kind == "mark":
        return cursor.anonymous_set()
    if cursor.kind == "word" and cursor.text.startswith("@"):
        return SetReference(name=cursor.next()[1:])
    return cursor.values()


def set_of(cursor: Cursor) -> AnonymousSet | SetReference:
    """Take a set, named or not."""
    found = right_of(cursor)
    if isinstance(found, Values):
        raise NotReadError
    return found


def lookup(cursor: Cursor) -> MapOf:
    """Take `selectors map set`."""
    left = selectors(cursor)
    cursor.expect("map")
    return MapOf(left=left, data=set_of(cursor))


def selectors(cursor: Cursor) -> tuple[str, ...]:
    """Take a selector, or several joined to a concatenation; raises NotReadError for a word that is none."""
    found = [selector(cursor)]
    while cursor.kind == "word" and cursor.text == ".":
        cursor.next()
        found.append(selector(cursor))
    return tuple(found)


def starts_selector(cursor: Cursor) -> bool:
    """Tell whether the next words are a selector."""
    start = cursor.at
    try:
        selectors(cursor)
    except NotReadError:
        return False
    else:
        return True
    finally:
        cursor.at = start


def selector(cursor: Cursor) -> str:
    """Take one selector; raises NotReadError for a word that is none."""
    if cursor.kind != "word":
        raise NotReadError
    word = cursor.next()
    if word in _UNQUALIFIED:
        return f"meta {word}"
    if word in _PAYLOAD and cursor.text in _PAYLOAD[word]:
        return f"{word} {cursor.next()}"
    reader = _SELECTORS.get(word)
    if reader is not None:
        return reader(cursor, word)
    if word in _EXTENSION and cursor.text in _EXTENSION[word]:
        return f"exthdr {word} {cursor.next()}"
    if word.startswith("@") and cursor.text == ",":  # @th,16,16
        words = [word]
        while cursor.take(","):
            words.append(cursor.word())
        return ",".join(words)
    raise NotReadError


def _meta(cursor: Cursor, _: str) -> str:
    return f"meta {_among(cursor, _META)}".replace("secpath", "ipsec")


def _ct(cursor: Cursor, _: str) -> str:
    words = ["ct"]
    if cursor.text in {"original", "reply"}:
        words.append(cursor.next())
        if cursor.text in {"ip", "ip6"}:
            words.append(cursor.next())
    return " ".join([*words, _among(cursor, _CT)])


def _fib(cursor: Cursor, _: str) -> str:
    flags = [_among(cursor, _FIB_FLAGS)]
    while cursor.text == ".":
        cursor.next()
        flags.append(_among(cursor, _FIB_FLAGS))
    return f"fib {' . '.join(flags)} {_among(cursor, {'oif', 'oifname', 'type'})}"


def _route(cursor: Cursor, word: str) -> str:
    family = f"{cursor.next()} " if cursor.text in {"ip", "ip6"} else ""
    if not family and cursor.text in _EXTENSION["rt"]:
        return f"exthdr {word} {cursor.next()}"
    return f"rt {family}{_among(cursor, _ROUTE)}"


def _generator(cursor: Cursor, word: str) -> str:
    """Take `numgen`, `jhash`, `symhash`: which value comes out is chance as far as an audit goes."""
    words = [word]
    if word == "numgen":
        words.append(_among(cursor, {"inc", "random"}))
    elif word == "jhash":
        words.append(" . ".join(selectors(cursor)))
    cursor.expect("mod")
    words += ["mod", cursor.word()]
    while cursor.text in {"offset", "seed"}:
        words += [cursor.next(), cursor.word()]
    return " ".join(words)


def _socket(cursor: Cursor, word: str) -> str:
    key = _among(cursor, {"transparent", "mark", "wildcard", "cgroupv2"})
    if cursor.take("level"):
        key += f" level {cursor.word()}"
    return f"{word} {key}"


def _osf(cursor: Cursor, word: str) -> str:
    if cursor.take("ttl"):
        cursor.word()
    return f"{word} {_among(cursor, {'name', 'version'})}"


def _ipsec(cursor: Cursor, word: str) -> str:
    words = [word, _among(cursor, {"in", "out"})]
    if cursor.take("spnum"):
        words += ["spnum", cursor.word()]
    if cursor.text in {"ip", "ip6"}:
        words.append(cursor.next())
    return " ".join([*words, _among(cursor, {"reqid", "spi", "saddr", "daddr"})])


def _option(cursor: Cursor, word: str) -> str:
    """Take `tcp option x [field]`, `ip option x [field]`, `exthdr x`."""
    if word != "exthdr":
        cursor.expect("option")
    words = [word if word == "exthdr" else f"{word} option", cursor.word()]
    if cursor.text in {"size", "left", "right", "length", "kind", "count", "tsval", "tsecr", "type", "ptr", "value",
                       "addr"}:  # fmt: skip
        words.append(cursor.next())
    return " ".join(words)


def _among(cursor: Cursor, words: set[str]) -> str:
    if cursor.kind != "word" or cursor.text not in words:
        raise NotReadError
    return cursor.next()


_SELECTORS: dict[str, Callable[[Cursor, str], str]] = {
    "meta": _meta, "ct": _ct, "fib": _fib, "rt": _route, "numgen": _generator, "jhash": _generator,
    "symhash": _generator, "socket": _socket, "osf": _osf, "ipsec": _ipsec, "tcp": _option, "ip": _option,
    "exthdr": _option,
}  # fmt: skip
