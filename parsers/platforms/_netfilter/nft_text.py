"""nft text, as `nft list ruleset` prints it and people write it, into tables, chains, sets and rules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from parsers.errors import ParserError
from parsers.model.capture import Span
from parsers.platforms._netfilter.nft_cursor import Cursor, NotReadError
from parsers.platforms._netfilter.nft_lines import NftLines
from parsers.platforms._netfilter.nft_rule import rule
from parsers.platforms._netfilter.nft_syntax import (
    Base,
    ChainBlock,
    Element,
    HelperObject,
    Object,
    RuleLine,
    Ruleset,
    SetBlock,
    TableBlock,
    Unread,
)
from parsers.platforms._netfilter.nft_tokens import Token, tokens

__all__ = ["FAMILIES", "PRIORITIES", "ruleset"]

FAMILIES = frozenset({"ip", "ip6", "inet", "arp", "bridge", "netdev"})
PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_BRIDGE = {"dstnat": -300, "filter": -200, "out": 100, "srcnat": 300}
"""Priorities by name (nft(8), "Standard priority names")."""
_FLUSHES = {"flush ruleset", *(f"flush ruleset {family}" for family in FAMILIES)}
_KINDS = frozenset({"filter", "nat", "route"})
_HOOKS = frozenset({"prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"})
_OF_A_SET = frozenset({
    "auto-merge", "comment", "counter", "elements", "flags", "gc-interval", "limit", "policy", "quota", "size",
    "timeout", "type", "typeof",
})  # fmt: skip
"""What stands in a set (nft(8), "Sets"); another word might be its elements."""
_FLAGS = frozenset({"dormant", "owner", "persist", ","})
_OBJECTS = {"counter", "quota", "limit", "secmark", "synproxy", "flowtable", "tunnel"}


def ruleset(text: str, document: str, index: int = 0) -> Ruleset:
    """Read nft text; raises ParserError where braces or quotes do not close, and for an `include`."""
    plain = NftLines(text, index)
    try:
        found = _ruleset(plain, document, index)
    except ParserError:
        found = None  # it must be told as it is of the whole text
    if found is None or plain.lost:
        found = _ruleset(NftLines("", index), document, index, text)
    return found


def _ruleset(plain: NftLines, document: str, index: int, text: str | None = None) -> Ruleset:
    words, lines = _defined(tokens(plain.rest if text is None else text, document), document)
    reader = _Reader(cursor=Cursor(words, document), index=index, plain=plain)
    reader.frames += [Span(document=index, first=line, last=line) for line in lines]
    return reader.ruleset()


def _defined(words: list[Token], document: str) -> tuple[list[Token], list[int]]:
    """Put the values of `define name = ...` in the place of `$name`; gives the lines of definitions too."""
    lines: list[int] = []
    if not any(word.text in {"define", "redefine"} or word.text.startswith("$") for word in words):
        return words, lines
    names: dict[str, list[Token]] = {}
    found: list[Token] = []
    place = 0
    while place < len(words):
        word = words[place]
        starts = place == 0 or words[place - 1].kind == "line"
        if starts and word.text in {"define", "redefine"} and words[place + 2 : place + 3] != []:
            name = words[place + 1].text
            if words[place + 2].text != "=":
                raise ParserError("a definition without =", document=document, line=word.line)
            place += 3
            depth, value = 0, []
            lines.append(word.line)
            while place < len(words) and (depth or words[place].kind != "line"):
                lines.append(words[place].line)
                depth += {"{": 1, "}": -1}.get(words[place].text, 0)
                value.extend(_inserted(words[place], names, document))
                place += 1
            names[name] = [item for item in value if item.kind != "line"]
            continue
        found.extend(_inserted(word, names, document))
        place += 1
    return found, lines


def _inserted(word: Token, names: dict[str, list[Token]], document: str) -> list[Token]:
    if word.kind != "word" or not word.text.startswith("$"):
        return [word]
    if word.text[1:] not in names:
        raise ParserError(
            f"{word.text} is not defined",
            document=document,
            line=word.line,
            hint="save what is in force instead: nft -a list ruleset",
        )
    return [Token(item.kind, item.text, word.line) for item in names[word.text[1:]]]


@dataclass(slots=True)
class _Table:
    """What a table holds so far."""

    family: str
    name: str
    first: int
    chains: list[ChainBlock] = field(default_factory=list)
    sets: list[SetBlock] = field(default_factory=list)
    helpers: list[HelperObject] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    dormant: bool = False


@dataclass(slots=True)
class _Reader:
    """Reads a whole text."""

    cursor: Cursor
    index: int
    plain: NftLines
    tables: list[TableBlock] = field(default_factory=list)
    unread: list[tuple[Span, str]] = field(default_factory=list)
    irrelevant: list[Span] = field(default_factory=list)
    frames: list[Span] = field(default_factory=list)

    def span(self, first: int) -> Span:
        """Give the place from a line to the word before the cursor."""
        last = self.cursor.words[self.cursor.at - 1].line if self.cursor.at else first
        return Span(document=self.index, first=first, last=max(first, last))

    def ruleset(self) -> Ruleset:
        cursor = self.cursor
        while True:
            cursor.skip_lines()
            if cursor.done:
                tables = self._merged()
                return Ruleset(
                    tables=tables,
                    unread=tuple(self.unread),
                    irrelevant=tuple(self.irrelevant),
                    frames=tuple(self.frames),
                )
            first = cursor.line
            if cursor.text == "table" and self._opens_table():
                self.tables.append(self._table())
            elif cursor.text == "include":
                raise ParserError(
                    "an included file was not read",
                    document=cursor.document,
                    line=first,
                    hint="save what is in force instead: nft -a list ruleset",
                )
            elif cursor.text == "}":
                raise ParserError("a closing brace too many", document=cursor.document, line=first)
            else:
                words = cursor.rest_of_rule()
                text = " ".join(word.text for word in words)
                if text in _FLUSHES:
                    family = text.removeprefix("flush ruleset").strip()
                    self.tables = [table for table in self.tables if family not in {"", table.family}]
                    self.irrelevant.append(self.span(first))
                else:
                    self.unread.append((self.span(first), text))

    def _opens_table(self) -> bool:
        return self.cursor.ahead(2) == "{" or (self.cursor.ahead() in FAMILIES and self.cursor.ahead(3) == "{")

    def _table(self) -> TableBlock:
        cursor = self.cursor
        first = cursor.line
        cursor.next()
        family = cursor.next() if cursor.ahead(2) == "{" or cursor.ahead(1) != "{" else "ip"
        table = _Table(family=family, name=cursor.next(), first=first)
        cursor.next()
        while True:
            if cursor.closes():
                break
            start = cursor.line
            word = cursor.text
            if word == "chain" and cursor.ahead(2) == "{":
                table.chains.append(self._chain(table))
            elif word in {"set", "map"} and cursor.ahead(2) == "{":
                table.sets.append(self._set(word))
            elif word == "ct" and cursor.ahead(3) == "{":
                self._connection_object(table)
            elif word in _OBJECTS and cursor.ahead(2) == "{":
                table.objects.append(self._object(word))
            elif word in {"flags", "comment"}:
                cursor.next()
                texts = [item.text for item in cursor.rest_of_rule()]
                table.dormant = table.dormant or (word == "flags" and "dormant" in texts)
                if word == "flags" and not _FLAGS.issuperset(texts):
                    self.unread.append((self.span(start), f"flags {' '.join(texts)}"))
            else:
                words = cursor.rest_of_rule()
                self.unread.append((self.span(start), " ".join(item.text for item in words)))
        return TableBlock(
            family=table.family,
            name=table.name,
            chains=self._merged_chains(tuple(table.chains)),
            sets=_merged_sets(tuple(table.sets)),
            helpers=tuple(table.helpers),
            objects=tuple(table.objects),
            dormant=table.dormant,
            span=self.span(first),
        )

    # -- chains ---------------------------------------------------------------------------------

    def _chain(self, table: _Table) -> ChainBlock:
        cursor = self.cursor
        first = cursor.line
        cursor.next()
        name = cursor.next()
        cursor.next()
        rules: list[RuleLine] = []
        base: Base | None = None
        while True:
            if cursor.closes():
                break
            first_line = base is None and not rules and not self.plain.between(first, cursor.line)
            if cursor.text == "type" or (first_line and any(word.text == "hook" for word in self._ahead())):
                base = self._base(table.family)
            elif cursor.text == "policy" and base is not None:
                base = replace(base, permits=self._permits())
            elif cursor.text == "comment" and cursor.words[cursor.at + 1].kind == "string":
                cursor.at += 2
            elif cursor.text == "devices" and base is not None:
                base = replace(base, devices=self._devices())
            else:
                rules.append(self._rule(table))
                if first_line and isinstance(rules[0].statements[0], Unread):
                    self.unread.append((rules[0].span, f"chain {name}: what may be its hook"))
        span = self.span(first)
        rules = self.plain.merge(rules, span.first, span.last)
        return ChainBlock(name=name, rules=tuple(rules), base=base, span=span)

    def _ahead(self) -> list[Token]:
        """Give the plain words up to the end of the rule, without taking them."""
        cursor = self.cursor
        start = cursor.at
        words = [word for word in cursor.rest_of_rule() if word.kind == "word"]
        cursor.at = start
        return words

    def _permits(self) -> bool:
        """Read a policy."""
        self.cursor.next()
        word = self.cursor.text
        if word not in {"accept", "drop"}:
            raise self._misread("a policy, accept or drop,")
        self.cursor.next()
        return word == "accept"

    def _rule(self, table: _Table) -> RuleLine:
        cursor = self.cursor
        first = cursor.line

        def anonymous(inner: Cursor) -> str:
            chain = self._body(table, f"line {inner.line}")
            table.chains.append(chain)
            return chain.name

        statements = rule(cursor, anonymous)
        return RuleLine(statements=statements, span=self.span(first))

    def _body(self, table: _Table, name: str) -> ChainBlock:
        """Take the rules of `jump { ... }`."""
        cursor = self.cursor
        first = cursor.line
        cursor.expect("{")
        rules: list[RuleLine] = []
        while True:
            if cursor.closes():
                return ChainBlock(name=name, rules=tuple(rules), span=self.span(first))
            rules.append(self._rule(table))

    def _base(self, family: str) -> Base:
        cursor = self.cursor
        first = cursor.line
        if cursor.text != "type" or cursor.ahead() not in _KINDS or cursor.ahead(2) != "hook":
            raise self._misread("type filter, nat or route, and a hook,")
        kind = cursor.ahead()
        cursor.at += 3
        if cursor.text not in _HOOKS:
            raise self._misread("the name of a hook")
        hook = cursor.next()
        devices: tuple[str, ...] = ()
        while cursor.text in {"device", "devices"}:
            devices = self._devices()
        priority = 0
        if cursor.take("priority"):
            priority = self._priority(family)
        return Base(
            kind=kind,
            hook=hook,
            priority=priority,
            devices=devices,
            span=Span(document=self.index, first=first, last=first),
        )

    def _devices(self) -> tuple[str, ...]:
        cursor = self.cursor
        if cursor.next() == "device":
            return (cursor.next(),)
        cursor.take("=")
        try:
            return tuple(element.key[0] for element in cursor.anonymous_set().elements)
        except NotReadError:
            raise self._misread("a list of devices") from None

    def _priority(self, family: str) -> int:
        cursor = self.cursor
        names = _BRIDGE if family == "bridge" else PRIORITIES
        words = "".join(item.text for item in cursor.rest_of_rule())
        for name, number in names.items():
            if words.startswith(name):
                words = f"{number}{words.removeprefix(name)}"
        total = 0
        for part in words.replace("+", " +").replace("-", " -").split():
            try:
                total += int(part.replace(" ", ""))
            except ValueError:
                raise self._misread("a priority") from None
        return total

    def _misread(self, what: str) -> ParserError:
        return ParserError(f"{what} is expected here", document=self.cursor.document, line=self.cursor.line)

    # -- sets and objects -------------------------------------------------------------------------

    def _set(self, kind: str) -> SetBlock:
        cursor = self.cursor
        first = cursor.line
        cursor.next()
        name = cursor.next()
        cursor.next()
        elements: tuple[Element, ...] = ()
        timed = False
        while True:
            if cursor.closes():
                break
            word = cursor.next()
            if word == "elements":
                cursor.take("=")
                try:
                    elements += cursor.anonymous_set().elements
                except NotReadError:
                    raise self._misread("a list of elements") from None
                continue
            rest = [item.text for item in cursor.rest_of_rule()]
            if word not in _OF_A_SET:
                self.unread.append((self.span(first), f"set {name}: {' '.join((word, *rest))}"))
            timed = timed or word == "timeout" or (word == "flags" and "timeout" in rest)
        return SetBlock(name=name, is_map=kind == "map", elements=elements, timed=timed, span=self.span(first))

    def _connection_object(self, table: _Table) -> None:
        """Take `ct helper name { ... }`, `ct timeout`, `ct expectation`."""
        cursor = self.cursor
        first = cursor.line
        cursor.next()
        kind, name = cursor.next(), cursor.next()
        words = self._block()
        span = self.span(first)
        if kind == "helper" and "type" in words and "protocol" in words:
            type_, protocol = words[words.index("type") + 1], words[words.index("protocol") + 1]
            table.helpers.append(HelperObject(name=name, type=type_, protocol=protocol, span=span))
        else:
            table.objects.append(Object(kind=f"ct {kind}", name=name, span=span))

    def _object(self, kind: str) -> Object:
        first = self.cursor.line
        self.cursor.next()
        name = self.cursor.next()
        self._block()
        return Object(kind=kind, name=name, span=self.span(first))

    def _block(self) -> list[str]:
        """Take `{ ... }` whole."""
        cursor = self.cursor
        words: list[str] = []
        depth = 0
        while True:
            kind, word = cursor.kind, cursor.next()
            if kind == "mark":
                depth += {"{": 1, "}": -1}.get(word, 0)
            words.append(word)
            if depth == 0:
                return words

    # -- tables that are written twice --------------------------------------------------------------

    def _merged(self) -> tuple[TableBlock, ...]:
        """Put blocks of one table together, as `nft -f` does with a table that is written twice."""
        found: dict[tuple[str, str], TableBlock] = {}
        for table in self.tables:
            known = found.get((table.family, table.name))
            if known is None:
                found[table.family, table.name] = table
                continue
            self.frames += _frames(table)
            if known.dormant != table.dormant:
                self._twice(table.span, f"table {table.name}, with other flags")
            found[table.family, table.name] = replace(
                known,
                chains=self._merged_chains(known.chains + table.chains),
                sets=_merged_sets(known.sets + table.sets),
                helpers=known.helpers + table.helpers,
                objects=known.objects + table.objects,
            )
        return tuple(found.values())

    def _merged_chains(self, chains: tuple[ChainBlock, ...]) -> tuple[ChainBlock, ...]:
        found: dict[str, ChainBlock] = {}
        for chain in chains:
            known = found.get(chain.name)
            if known is None:
                found[chain.name] = chain
                continue
            if known.base and chain.base and known.base != chain.base:
                self._twice(chain.base.span, f"chain {chain.name}, with another hook, priority or policy")
            found[chain.name] = replace(known, rules=known.rules + chain.rules, base=known.base or chain.base)
        return tuple(found.values())

    def _twice(self, span: Span | None, what: str) -> None:
        """Note what is written twice, differently: which of the two the kernel took is not told here."""
        self.unread.append((span or Span(document=self.index, first=1, last=1), f"written twice: {what}"))


def _merged_sets(sets: tuple[SetBlock, ...]) -> tuple[SetBlock, ...]:
    """Put the elements of a set that is written twice together."""
    found: dict[str, SetBlock] = {}
    for item in sets:
        known = found.get(item.name)
        found[item.name] = (
            item
            if known is None
            else replace(known, elements=known.elements + item.elements, timed=known.timed or item.timed)
        )
    return tuple(found.values())


def _frames(table: TableBlock) -> list[Span]:
    """Give the lines of a table that hold no rule."""
    if table.span is None:
        return []
    spans = [line.span for chain in table.chains for line in chain.rules]
    rules = {line for span in spans for line in range(span.first, span.last + 1)}
    return [
        Span(document=table.span.document, first=line, last=line)
        for line in range(table.span.first, table.span.last + 1)
        if line not in rules
    ]
