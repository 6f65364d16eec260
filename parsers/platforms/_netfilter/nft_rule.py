"""Statements of one nft rule, read from its words by recursive descent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.platforms._netfilter.nft_cursor import Cursor, NotReadError
from parsers.platforms._netfilter.nft_selectors import (
    lookup,
    right_of,
    selector,
    selectors,
    set_of,
    starts_selector,
)
from parsers.platforms._netfilter.nft_syntax import (
    Conditional,
    Harmless,
    MapOf,
    MarkStatement,
    Nat,
    NoTrack,
    Relation,
    SetHelper,
    SetUpdate,
    Statement,
    Unread,
    Values,
    VerdictMap,
    VerdictStatement,
)
from parsers.platforms._netfilter.nft_tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BITMASKS", "HARMLESS_KEYS", "combine", "rule"]

BITMASKS = frozenset({"ct state", "ct status", "tcp flags", "ct label", "ct event"})
"""Selectors whose plain value means that some of its bits are set."""
HARMLESS_KEYS = frozenset({
    "meta nftrace", "meta priority", "meta secmark", "meta cgroup", "ct timeout", "ct label", "ct secmark", "ct event",
    "ct expectation", "ip dscp", "ip ecn", "ip ttl", "ip6 dscp", "ip6 ecn", "ip6 hoplimit", "ip6 flowlabel",
})  # fmt: skip
"""What a statement may set without changing any later decision of this model."""
_OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
_NAT_FLAGS = {"random", "fully-random", "persistent"}
_COMPARISONS = {"==", "!=", "<", ">", "<=", ">=", "!"}
_RATE = re.compile(r"[\d.]+|over|until|burst|packets|bytes|kbytes|mbytes|used|[a-z]+/[a-z]+|\d+/[a-z]+")


def rule(cursor: Cursor, anonymous: Callable[[Cursor], str]) -> tuple[Statement, ...]:
    """Take the statements of one rule, up to its end; what is not understood becomes one Unread.

    `anonymous` takes the body of `jump { ... }` and gives the name of the chain that it makes of it.
    """
    found: list[Statement] = []
    before = cursor.at
    while not cursor.ends_rule:
        start = cursor.at
        try:
            found.extend(_statement(cursor, anonymous))
        except NotReadError:
            cursor.at = start
            if found and isinstance(found[-1], Relation) and _is_value(cursor):
                found.pop()  # what is strange may belong to its values
                cursor.at = before
            if not any(isinstance(item, VerdictStatement) for item in found):
                # Of negated fields nft takes some together: none is a bound by itself.
                found = [item for item in found if not (isinstance(item, Relation) and item.operator == "!=")]
            found.extend(_unread(cursor.rest_of_rule()))
        before = start
    return tuple(found)


def _is_value(cursor: Cursor) -> bool:
    """Tell whether the next word cannot begin a statement, but can be a value or a part of one."""
    return cursor.kind != "word" or not cursor.text[0].isalpha() or ":" in cursor.text


def _unread(words: list[Token]) -> list[Statement]:
    """Give what is left of a rule that cannot be read: its text, and its verdict where there is just one."""
    text = " ".join(f'"{word.text}"' if word.kind == "string" else word.text for word in words)
    depth = 0
    verdicts: list[VerdictStatement] = []
    open_ended = False
    for index, word in enumerate(words):
        depth += {"{": 1, "}": -1}.get(word.text, 0) if word.kind == "mark" else 0
        if depth or word.kind != "word":
            continue
        following = words[index + 1].text if index + 1 < len(words) else ""
        if word.text in {"accept", "drop", "return", "continue", "reject"}:
            verdicts.append(VerdictStatement(kind=word.text))
        elif word.text in {"jump", "goto"} and following not in {"", "{"}:
            verdicts.append(VerdictStatement(kind=word.text, chain=following))
        open_ended = open_ended or word.text in {"vmap", "dnat", "snat", "masquerade", "redirect", "queue", "set", "xt"}
    if len(verdicts) == 1 and not open_ended:
        return [Unread(text=text), verdicts[0]]
    translates = any(word.kind == "word" and word.text in {"dnat", "redirect", "snat", "masquerade"} for word in words)
    return [Unread(text=text), VerdictStatement(kind="translated" if translates else "unread")]


def _statement(cursor: Cursor, anonymous: Callable[[Cursor], str]) -> list[Statement]:
    plain = cursor.verdict()
    if plain is not None:
        return [_verdict_tail(cursor, plain)]
    if cursor.kind != "word":
        raise NotReadError
    word = cursor.text
    if word in {"jump", "goto"}:
        cursor.next()
        return [VerdictStatement(kind=word, chain=anonymous(cursor))]
    reader = _READERS.get(word)
    if reader is not None:
        cursor.next()
        return reader(cursor, word)
    if word == "ct" and cursor.ahead() in {"helper", "count"}:
        special = _connection(cursor)
        if special is not None:
            return [special]
    return [_expression(cursor)]


def _verdict_tail(cursor: Cursor, plain: VerdictStatement) -> VerdictStatement:
    if plain.kind == "reject" and cursor.take("with"):
        cursor.word()  # tcp, icmp, icmpv6, icmpx
        cursor.take("type")
        cursor.word()
    elif plain.kind == "queue":
        while cursor.kind == "word" and cursor.text != "comment":
            cursor.next()
            cursor.take(",")
    return plain


def _connection(cursor: Cursor) -> Statement | None:
    """Take `ct helper set "x"` and `ct count over n`."""
    if cursor.ahead() == "helper":
        if cursor.ahead(2) != "set":
            return None
        cursor.at += 3
        return SetHelper(name=cursor.word())
    cursor.at += 2
    over = "over " if cursor.take("over") else ""
    return Conditional(kind="ct count", text=f"ct count {over}{cursor.word()}")


# -- statements by first word ---------------------------------------------------------------------


def _counter(cursor: Cursor, _: str) -> list[Statement]:
    if cursor.take("name"):
        if cursor.kind == "string" or cursor.ahead() in {"\n", ";", "}"} or not starts_selector(cursor):
            cursor.word()
        else:
            lookup(cursor)
    elif cursor.take("packets"):
        cursor.word()
        cursor.expect("bytes")
        cursor.word()
    return [Harmless(text="counter")]


def _limited(cursor: Cursor, kind: str) -> list[Statement]:
    words = [kind]
    if cursor.take("name"):
        words += ["name", cursor.word()]
    else:
        if kind == "limit":
            cursor.expect("rate")
        if not _RATE.fullmatch(cursor.text):
            raise NotReadError
        while cursor.kind == "word" and _RATE.fullmatch(cursor.text):
            words.append(cursor.next())
    return [Conditional(kind=kind, text=" ".join(words))]


def _log(cursor: Cursor, _: str) -> list[Statement]:
    while cursor.kind == "word" and cursor.text in {
        "prefix", "level", "flags", "group", "snaplen", "queue-threshold",
    }:  # fmt: skip
        if cursor.next() == "flags":
            cursor.flags()
            while cursor.text in {"sequence", "options"}:
                cursor.next()
        else:
            cursor.word()
    return [Harmless(text="log")]


def _comment(cursor: Cursor, _: str) -> list[Statement]:
    cursor.word()
    return []


def _last(cursor: Cursor, _: str) -> list[Statement]:
    if cursor.take("used"):
        cursor.word()
    return [Harmless(text="last")]


def _notrack(_: Cursor, __: str) -> list[Statement]:
    return [NoTrack()]


def _extension(cursor: Cursor, _: str) -> list[Statement]:
    kind, name = cursor.word(), cursor.word()
    return [Unread(text=f"xt {kind} {name}", foreign=True), *([] if kind == "match" else [_open()])]


def _open() -> VerdictStatement:
    return VerdictStatement(kind="unread")


def _special(cursor: Cursor, word: str) -> list[Statement]:
    """Take `synproxy`, `tproxy`, `fwd`: the kernel does something with the packet that is not in the model."""
    cursor.rest_of_rule()
    return [VerdictStatement(kind=word)]


def _duplicate(cursor: Cursor, _: str) -> list[Statement]:
    cursor.expect("to")
    cursor.flags()
    if cursor.take("device"):
        cursor.word()
    return [Harmless(text="dup")]


def _flow(cursor: Cursor, _: str) -> list[Statement]:
    if not cursor.take("add", "offload"):
        raise NotReadError
    cursor.word()
    return [Harmless(text="flow")]


def _set_update(cursor: Cursor, _: str) -> list[Statement]:
    name = cursor.word()
    if not name.startswith("@"):
        raise NotReadError
    body = _braces(cursor)
    limited = any(word.text in {"limit", "quota", "ct", "connlimit"} for word in body if word.kind == "word")
    return [SetUpdate(set=name[1:], limited=limited)]


def _meter(cursor: Cursor, _: str) -> list[Statement]:
    name = cursor.word()
    if cursor.take("size"):
        cursor.word()
    _braces(cursor)
    return [Conditional(kind="meter", text=f"meter {name}")]


def _braces(cursor: Cursor) -> list[Token]:
    if cursor.text != "{":
        raise NotReadError
    start, depth = cursor.at, 0
    while True:
        word = cursor.next()
        depth += {"{": 1, "}": -1}.get(word, 0)
        if depth == 0:
            return cursor.words[start : cursor.at]


def _nat(cursor: Cursor, kind: str) -> list[Statement]:
    family = ""
    if cursor.text in {"ip", "ip6", "inet"} and cursor.ahead() in {"to", "prefix", "addr", "interval"}:
        family = cursor.next()
    prefix = cursor.take("prefix")
    cursor.take("interval")
    if cursor.take("addr"):
        for word in (".", "port"):
            cursor.expect(word)
    address: str | MapOf | None = None
    port: str | MapOf | None = None
    if cursor.take("to"):
        if starts_selector(cursor):
            address = lookup(cursor)
        else:
            address, port = _target(cursor)
    elif kind in {"dnat", "snat"}:
        raise NotReadError
    while cursor.text in _NAT_FLAGS:
        cursor.next()
        cursor.take(",")
    return [Nat(kind=kind, family=family, address=address, port=port, prefix=prefix)]


def _target(cursor: Cursor) -> tuple[str | None, str | MapOf | None]:
    """Take an address, range or prefix with a port (`a:p`, `[a]:p`, `:p`), which may be a map."""
    word = cursor.word()
    end = word.rfind("]") + 1
    if end:  # [2001:db8::1]:443, [2001:db8::1]-[2001:db8::9]
        address, tail = word[:end].replace("[", "").replace("]", ""), word[end:]
    elif word.count(":") > 1:
        address, tail = word, ""
    else:
        address, colon, number = word.partition(":")
        tail = colon + number
    port: str | MapOf | None = tail[1:] or None
    if port is not None and not re.fullmatch(r"[\d-]+", tail[1:]):
        cursor.at -= 1  # the port is looked up: `192.0.2.9:tcp dport map { ... }`
        head = cursor.words[cursor.at]
        cursor.words[cursor.at] = Token(head.kind, tail[1:], head.line)
        port = lookup(cursor)
    return address or None, port


_READERS: dict[str, Callable[[Cursor, str], list[Statement]]] = {
    "counter": _counter, "limit": _limited, "quota": _limited, "log": _log, "comment": _comment, "last": _last,
    "notrack": _notrack, "xt": _extension, "synproxy": _special, "tproxy": _special, "fwd": _special,
    "dup": _duplicate, "flow": _flow, "add": _set_update, "update": _set_update, "delete": _set_update,
    "meter": _meter, "dnat": _nat, "snat": _nat, "masquerade": _nat, "redirect": _nat,
}  # fmt: skip


# -- expressions ------------------------------------------------------------------------------------


def _expression(cursor: Cursor) -> Statement:
    left = selectors(cursor)
    if cursor.take("vmap"):
        return VerdictMap(left=left, data=set_of(cursor))
    if cursor.take("set"):
        if len(left) != 1:
            raise NotReadError
        return _mangle(cursor, left[0])
    mask: tuple[str, ...] = ()
    if cursor.take("&", "and"):
        mask = cursor.flags()
    if cursor.kind == "mark" and cursor.text in {"&", "|", "^", "<<", ">>"}:
        raise NotReadError
    operator = ""
    if cursor.kind == "mark" and cursor.text in _COMPARISONS:
        operator = cursor.next()
    elif cursor.kind == "word" and cursor.text in _OPERATORS:
        operator = _OPERATORS[cursor.next()]
    right = right_of(cursor)
    if isinstance(right, Values) and not operator and not mask and left[0] in BITMASKS and len(left) == 1:
        if cursor.kind == "word" and cursor.text == "/":
            cursor.next()
            return Relation(left=left, right=right, mask=cursor.flags())
        return Relation(left=left, right=right, operator="in")
    if cursor.kind == "word" and cursor.text == "/":  # tcp flags != syn / fin,syn
        cursor.next()
        mask = cursor.flags()
    return Relation(left=left, right=right, operator=operator or "==", mask=mask)


def _mangle(cursor: Cursor, key: str) -> Statement:
    if key not in {"meta mark", "ct mark"}:
        _value(cursor)
        if key in HARMLESS_KEYS or key.startswith(("tcp option", "ip option")):
            return Harmless(text=f"{key} set")
        raise NotReadError
    connection = key == "ct mark"
    if _number(cursor.text):
        return MarkStatement(connection=connection, flip=int(cursor.next(), 0))
    start = cursor.at
    source = selector(cursor)
    operations: list[tuple[str, int]] = []
    while cursor.text in {"&", "|", "^", "and", "or", "xor"}:
        operator = {"and": "&", "or": "|", "xor": "^"}.get(cursor.text, cursor.text)
        cursor.next()
        if not _number(cursor.text):
            raise NotReadError
        operations.append((operator, int(cursor.next(), 0)))
    if cursor.text == "map":
        cursor.at = start
        lookup(cursor)
        return MarkStatement(connection=connection, told=False)
    keep, flip = combine(operations)
    return MarkStatement(connection=connection, keep=keep, flip=flip, told=source == key)


def _value(cursor: Cursor) -> None:
    """Take the value that is given to something: a lookup, another selector, or plain words."""
    if not starts_selector(cursor):
        cursor.values()
        return
    selectors(cursor)
    if cursor.take("map"):
        set_of(cursor)


def _number(text: str) -> bool:
    return re.fullmatch(r"0x[0-9a-fA-F]+|\d+", text) is not None


def combine(operations: list[tuple[str, int]]) -> tuple[int, int]:
    """Give (keep, flip) so that the operations on a mark are `(mark & keep) ^ flip`."""
    keep, flip = 0xFFFFFFFF, 0
    for operator, number in operations:
        if operator == "&":
            keep, flip = keep & number, flip & number
        elif operator == "|":
            keep, flip = keep & ~number & 0xFFFFFFFF, flip | number
        else:
            flip ^= number
    return keep, flip
