"""nft JSON, as `nft -j list ruleset` prints it, into the same statements as its text.

It proves that a text is complete: both must say the same. An `xt` expression tells neither what it matches nor what it
does; the text or iptables-save must. Source: libnftables-json(5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parsers.errors import ParserError
from parsers.platforms._netfilter.nft_json_lines import JsonLines
from parsers.platforms._netfilter.nft_json_listing import OtherShapeError, one_by_one, whole
from parsers.platforms._netfilter.nft_rule import HARMLESS_KEYS, combine
from parsers.platforms._netfilter.nft_syntax import (
    AnonymousSet,
    Base,
    ChainBlock,
    Conditional,
    Element,
    Harmless,
    HelperObject,
    MapOf,
    MarkStatement,
    Nat,
    NoTrack,
    Object,
    Relation,
    Right,
    RuleLine,
    Ruleset,
    SetBlock,
    SetHelper,
    SetReference,
    SetUpdate,
    Statement,
    TableBlock,
    Unread,
    Values,
    VerdictMap,
    VerdictStatement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from parsers.model.capture import Span
    from parsers.platforms._netfilter.nft_json_listing import Listed

__all__ = ["json_ruleset"]


_POLICIES = {"accept": True, "drop": False}


class _UnknownError(ValueError):
    """An expression that is not understood."""


def json_ruleset(text: str, document: str, index: int = 0) -> Ruleset:
    """Read a JSON listing; raises ParserError for text that is none."""
    try:
        return _ruleset(one_by_one(text, index), document, index)
    except OtherShapeError:
        return _ruleset(whole(text, document, index), document, index)


def _ruleset(listing: Iterable[Listed], document: str, index: int) -> Ruleset:
    tables: dict[tuple[str, str], dict[str, Any]] = {}
    order: list[tuple[str, str]] = []
    unread: list[tuple[Span, str]] = []
    plain = JsonLines(index, _statements, _word)
    for span, kind, body in listing:
        if kind == "metainfo":
            continue
        if kind == "table":
            key = (str(body.get("family")), str(body.get("name")))
            if key in tables:
                raise ParserError(f"table {key[1]} comes twice", document=document, line=span.first)
            tables[key] = {"chains": {}, "sets": [], "helpers": [], "objects": [], "span": span, "body": body}
            order.append(key)
            continue
        key = (str(body.get("family")), str(body.get("table")))
        if key not in tables:
            raise ParserError(f"{kind} {body.get('name')} is in no table", document=document, line=span.first)
        try:
            _member(tables[key], kind, body, span, unread, plain)
        except (KeyError, TypeError, ValueError) as error:
            what = f"{kind} {body.get('name') or body.get('chain')} is not as nft writes it: {error!r}"
            raise ParserError(what, document=document, line=span.first) from error
    return Ruleset(tables=tuple(_table(key, tables[key]) for key in order), unread=tuple(unread))


def _table(key: tuple[str, str], parts: dict[str, Any]) -> TableBlock:
    flags = parts["body"].get("flags", ())
    return TableBlock(
        family=key[0],
        name=key[1],
        chains=tuple(
            ChainBlock(name=name, base=chain["base"], rules=tuple(chain["rules"]), span=chain["span"])
            for name, chain in parts["chains"].items()
        ),
        sets=tuple(parts["sets"]),
        helpers=tuple(parts["helpers"]),
        objects=tuple(parts["objects"]),
        dormant="dormant" in ([flags] if isinstance(flags, str) else flags),
        span=parts["span"],
    )


def _member(  # noqa: PLR0917 - where it stands, and what it is
    table: dict[str, Any],
    kind: str,
    body: dict[str, Any],
    span: Span,
    unread: list[tuple[Span, str]],
    plain: JsonLines,
) -> None:
    name = str(body.get("name", ""))
    match kind:
        case "chain":
            if name in table["chains"]:
                raise ValueError("it comes twice, or behind a rule of its own")
            table["chains"][name] = {"base": _base(body, span), "rules": [], "span": span}
        case "rule":
            chain = table["chains"].setdefault(str(body.get("chain")), {"base": None, "rules": [], "span": span})
            found = plain.take(body.get("expr", ()), span)
            chain["rules"].append(found or RuleLine(statements=_statements(body.get("expr", ())), span=span))
        case "set" | "map":
            table["sets"].append(_set(kind, body, span))
        case "ct helper":
            helper = HelperObject(name=name, type=str(body["type"]), protocol=str(body["protocol"]), span=span)
            table["helpers"].append(helper)
        case "counter" | "quota" | "limit" | "secmark" | "synproxy" | "flowtable" | "ct timeout" | "ct expectation":
            table["objects"].append(Object(kind=kind, name=name, span=span))
        case _:
            unread.append((span, f"{kind} {name}"))


def _base(body: dict[str, Any], span: Span) -> Base | None:
    if "hook" not in body:
        return None
    devices = body.get("dev", ())
    return Base(
        kind=str(body["type"]),
        hook=str(body["hook"]),
        priority=int(body["prio"]),
        permits=_POLICIES[body.get("policy", "accept")],
        devices=(devices,) if isinstance(devices, str) else tuple(devices),
        span=span,
    )


def _set(kind: str, body: dict[str, Any], span: Span) -> SetBlock:
    flags = body.get("flags", ())
    return SetBlock(
        name=str(body["name"]),
        is_map=kind == "map",
        elements=tuple(_element(item, span) for item in body.get("elem", ())),
        timed="timeout" in flags or "timeout" in body,
        span=span,
    )


def _element(item: Any, span: Span | None = None) -> Element:
    data: VerdictStatement | tuple[str, ...] | None = None
    timed = False
    if isinstance(item, list):
        item, value = item
        data = _data(value)
    if isinstance(item, dict) and "elem" in item:
        inner = item["elem"]
        timed = "timeout" in inner or "expires" in inner
        item = inner["val"]
    first = span.first if span else 0
    return Element(key=_parts(item), data=data, timed=timed, first=first, last=first)


def _data(value: Any) -> VerdictStatement | tuple[str, ...]:
    if isinstance(value, dict) and len(value) == 1:
        verdict = _verdict(*next(iter(value.items())))
        if verdict is not None:
            return verdict
    return _parts(value)


def _parts(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict) and "concat" in value:
        return tuple(_word(part) for part in value["concat"])
    return (_word(value),)


def _word(value: Any) -> str:
    """Give a value as the word that the text has for it."""
    if isinstance(value, bool):
        return "exists" if value else "missing"
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, dict):
        if "prefix" in value:
            return f"{_word(value['prefix']['addr'])}/{value['prefix']['len']}"
        if "range" in value:
            low, high = value["range"]
            return f"{_word(low)}-{_word(high)}"
        if "elem" in value:
            return _word(value["elem"]["val"])
        if "|" in value:
            return "|".join(_word(part) for part in value["|"])
    raise _UnknownError


def _verdict(kind: str, body: Any) -> VerdictStatement | None:
    if kind in {"accept", "drop", "continue", "return"}:
        return VerdictStatement(kind=kind)
    if kind in {"jump", "goto"} and isinstance(body, dict):
        return VerdictStatement(kind=kind, chain=str(body["target"]))
    if kind in {"reject", "queue", "synproxy", "tproxy", "fwd"}:
        return VerdictStatement(kind=kind)
    return None


# -- statements -----------------------------------------------------------------------------------


def _statements(expressions: Any) -> tuple[Statement, ...]:
    found: list[Statement] = []
    for item in expressions:
        try:
            ((kind, body),) = item.items()
            found.extend(_statement(kind, body))
        except (_UnknownError, KeyError, TypeError, ValueError, AttributeError):
            kinds = set(item) if isinstance(item, dict) else set()
            translates = bool(kinds & {"dnat", "redirect", "snat", "masquerade"})
            found += [Unread(text=str(item)), VerdictStatement(kind="translated" if translates else "unread")]
            break
    return tuple(found)


def _statement(kind: str, body: Any) -> list[Statement]:
    verdict = _verdict(kind, body)
    if verdict is not None:
        return [verdict]
    reader = _READERS.get(kind)
    if reader is None:
        raise _UnknownError
    return reader(body)


def _match(body: Any) -> list[Statement]:
    left = body["left"]
    mask: tuple[str, ...] = ()
    if isinstance(left, dict) and "&" in left:
        left, mask_value = left["&"]
        mask = _flags(mask_value)
    operator = str(body.get("op", "=="))
    selectors = _selectors(left)
    right = _right(body["right"])
    if operator not in {"==", "!=", "<", ">", "<=", ">=", "in", "!"}:
        raise _UnknownError
    return [Relation(left=selectors, right=right, operator=operator, mask=mask)]


def _flags(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict) and "|" in value:
        return tuple(word for part in value["|"] for word in _flags(part))
    return tuple(_word(item) for item in value) if isinstance(value, list) else (_word(value),)


def _right(value: Any) -> Right:
    if isinstance(value, str) and value.startswith("@"):
        return SetReference(name=value[1:])
    if isinstance(value, dict) and "set" in value:
        members = value["set"]
        elements = members if isinstance(members, list) else [members]
        return AnonymousSet(elements=tuple(_element(item) for item in elements))
    if isinstance(value, dict) and "concat" in value:
        return Values(parts=tuple((_word(part),) for part in value["concat"]))
    return Values(parts=(_flags(value),))


def _set_of(value: Any) -> AnonymousSet | SetReference:
    right = _right(value)
    if isinstance(right, Values):
        raise _UnknownError
    return right


def _vmap(body: Any) -> list[Statement]:
    return [VerdictMap(left=_selectors(body["key"]), data=_set_of(body["data"]))]


def _lookup(body: Any) -> MapOf:
    return MapOf(left=_selectors(body["key"]), data=_set_of(body["data"]))


def _selectors(left: Any) -> tuple[str, ...]:
    if "concat" in left:
        return tuple(_selector(part) for part in left["concat"])
    return (_selector(left),)


def _selector(left: Any) -> str:
    kind, body = next(iter(left.items()))
    match kind:
        case "payload" if "base" in body:
            return f"@{body['base']},{body['offset']},{body['len']}"
        case "payload":
            return f"{body['protocol']} {body['field']}"
        case "meta":
            return f"meta {body['key']}".replace("secpath", "ipsec")
        case "ct":
            return " ".join(str(body[key]) for key in ("dir", "key") if key in body).join(("ct ", ""))
        case "fib":
            flags = body.get("flags", ())
            return f"fib {' . '.join([flags] if isinstance(flags, str) else flags)} {body['result']}"
        case "rt":
            return " ".join(["rt", *([body["family"]] if "family" in body else []), body["key"]])
        case "exthdr":
            return " ".join(["exthdr", body["name"], *([body["field"]] if "field" in body else [])])
        case "tcp option" | "ip option":
            return " ".join([kind, str(body["name"]), *([body["field"]] if "field" in body else [])])
        case _:
            return _generated(kind, body)


def _generated(kind: str, body: Any) -> str:
    match kind:
        case "numgen":
            offset = f" offset {body['offset']}" if body.get("offset") else ""
            return f"numgen {body['mode']} mod {body['mod']}{offset}"
        case "jhash":
            words = f"jhash {' . '.join(_selectors(body['expr']))} mod {body['mod']}"
            return words + "".join(f" {key} {body[key]}" for key in ("seed", "offset") if body.get(key))
        case "symhash":
            return f"symhash mod {body['mod']}" + (f" offset {body['offset']}" if body.get("offset") else "")
        case "osf" | "socket":
            return f"{kind} {body['key']}" + (f" level {body['level']}" if "level" in body else "")
        case "ipsec":
            spnum = f" spnum {body['spnum']}" if body.get("spnum") else ""
            family = f" {body['family']}" if "family" in body else ""
            return f"ipsec {body['dir']}{spnum}{family} {body['key']}"
        case _:
            raise _UnknownError


def _harmless(name: str) -> Callable[[Any], list[Statement]]:
    return lambda _: [Harmless(text=name)]


def _conditional(kind: str) -> Callable[[Any], list[Statement]]:
    def read(body: Any) -> list[Statement]:
        name = body if isinstance(body, str) else ""
        text = f"{kind} name {name}" if name else kind
        return [Conditional(kind=kind, text=text)]

    return read


def _update(body: Any) -> list[Statement]:
    limited = any(set(item) & {"limit", "quota", "ct count"} for item in body.get("stmt", ()))
    return [SetUpdate(set=str(body["set"]).removeprefix("@"), limited=limited)]


def _mangle(body: Any) -> list[Statement]:
    key = _selector(body["key"])
    if key not in {"meta mark", "ct mark"}:
        if key in HARMLESS_KEYS or key.startswith(("tcp option", "ip option")):
            return [Harmless(text=f"{key} set")]
        raise _UnknownError
    value, connection = body["value"], key == "ct mark"
    if isinstance(value, int):
        return [MarkStatement(connection=connection, flip=value)]
    operations: list[tuple[str, int]] = []
    while isinstance(value, dict) and set(value) <= {"&", "|", "^"}:
        operator, (inner, number) = next(iter(value.items()))
        if not isinstance(number, int):
            raise _UnknownError
        operations.insert(0, (operator, number))
        value = inner
    if isinstance(value, dict) and "map" in value:
        return [MarkStatement(connection=connection, told=False)]
    keep, flip = combine(operations)
    return [MarkStatement(connection=connection, keep=keep, flip=flip, told=_selector(value) == key)]


def _nat(kind: str) -> Callable[[Any], list[Statement]]:
    def read(body: Any) -> list[Statement]:
        parts = body or {}
        flags = parts.get("type_flags", ())
        return [
            Nat(
                kind=kind,
                family=str(parts.get("family", "")),
                address=_target(parts.get("addr")),
                port=_target(parts.get("port")),
                prefix="prefix" in ([flags] if isinstance(flags, str) else flags),
            )
        ]

    return read


def _target(value: Any) -> str | MapOf | None:
    if value is None:
        return None
    if isinstance(value, dict) and "map" in value:
        return _lookup(value["map"])
    return _word(value)


_READERS: dict[str, Callable[[Any], list[Statement]]] = {
    "match": _match, "vmap": _vmap, "counter": _harmless("counter"), "log": _harmless("log"), "last": _harmless("last"),
    "dup": _harmless("dup"), "flow": _harmless("flow"), "notrack": lambda _: [NoTrack()],
    "ct helper": lambda body: [SetHelper(name=str(body))], "limit": _conditional("limit"),
    "quota": _conditional("quota"), "ct count": _conditional("ct count"), "meter": _conditional("meter"),
    "set": _update, "mangle": _mangle, "dnat": _nat("dnat"), "snat": _nat("snat"), "masquerade": _nat("masquerade"),
    "redirect": _nat("redirect"),
    "xt": lambda body: [
        Unread(text=f"xt {body.get('type')} {body.get('name')}", foreign=True),
        *([] if body.get("type") == "match" else [VerdictStatement(kind="unread")]),
    ],
}  # fmt: skip
