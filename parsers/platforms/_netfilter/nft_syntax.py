"""The statements of an nftables ruleset, as its text and its JSON both say them.

Values stay the words that nft prints (`10.0.0.0/8`, `1024-65535`, `echo-request`, `0x00000001`); what they mean is
decided where they are used. Source: nft(8) and libnftables-json(5) of nftables 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from parsers.model.capture import Span
from parsers.platforms._netfilter.plain_lines import Row, Words

__all__ = [
    "AnonymousSet", "Base", "ChainBlock", "Conditional", "Element", "Harmless", "HelperObject", "MapOf",
    "MarkStatement", "Nat", "NoTrack", "Object", "PlainLine", "PlainWords", "Relation", "Right", "RuleLine",
    "Ruleset", "Selector", "SetBlock", "SetHelper", "SetReference", "SetUpdate", "Statement", "TableBlock", "Unread",
    "Values", "VerdictMap", "VerdictStatement",
]  # fmt: skip

Selector = str
"""What an expression looks at, in nft's own words: `ip saddr`, `meta iifname`, `fib saddr . iif oif`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """A value written in the rule; several words are flags joined by commas, parts are those of a concatenation."""

    parts: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, *words: str) -> Values:
        """Make the value of one word, or of flags."""
        return cls(parts=(words,))


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictStatement:
    """`accept`, `drop`, `reject`, `return`, `continue`, `queue`, or `jump` and `goto` with a chain."""

    kind: str
    chain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element of a set (`data` is None) or map; the key `*` alone is the catch-all. `timed` elements expire."""

    key: tuple[str, ...]
    data: VerdictStatement | tuple[str, ...] | None = None
    timed: bool = False
    first: int = field(default=0, compare=False)
    last: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnonymousSet:
    """`{ ... }` in a rule."""

    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReference:
    """`@name` in a rule."""

    name: str


Right = Values | AnonymousSet | SetReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A comparison: selectors (several are a concatenation), an optional mask, an operator, the right side.

    The operator is `==`, `!=`, `<`, `>`, `<=`, `>=`, `in` (some bit is set, which `ct state new` means) or `!` (no bit
    is set).
    """

    left: tuple[Selector, ...]
    right: Right
    operator: str = "=="
    mask: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictMap:
    """`... vmap { ... }` or `... vmap @name`."""

    left: tuple[Selector, ...]
    data: AnonymousSet | SetReference


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf:
    """A value looked up: `tcp dport map { ... }`."""

    left: tuple[Selector, ...]
    data: AnonymousSet | SetReference


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """`dnat`, `snat`, `masquerade` or `redirect`; `prefix` keeps the host part. None: that part stays as it is."""

    kind: str
    family: str = ""
    address: str | MapOf | None = None
    port: str | MapOf | None = None
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkStatement:
    """`meta mark set` or `ct mark set`: `(own mark & keep) ^ flip`; `told` is False for any other value."""

    connection: bool
    keep: int = 0
    flip: int = 0
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional:
    """A statement that passes some packets only: limit, quota, ct count, meter. `kind` is its first word."""

    kind: str
    text: str = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUpdate:
    """`add`, `update` or `delete @set { ... }`: passes packets as its inner limit does, and changes the set."""

    set: str
    limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHelper:
    """`ct helper set "name"`."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTrack:
    """`notrack`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """A statement that changes nothing that decides: log, counter, a priority, a segment size."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Words that are not understood, up to the end of the rule; `foreign` names an `xt` extension without its match."""

    text: str = field(compare=False)
    foreign: bool = False


Statement = (
    Relation
    | VerdictStatement
    | VerdictMap
    | Nat
    | MarkStatement
    | Conditional
    | SetUpdate
    | SetHelper
    | NoTrack
    | Harmless
    | Unread
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule with its place."""

    statements: tuple[Statement, ...]
    span: Span = field(compare=False)

    @property
    def common(self) -> tuple[Statement, ...]:
        """Give the statements by which a rule may change how others are read; there are no other ones of that kind."""
        return self.statements


class PlainWords:
    """The words of the plain lines of a document by number; `rests` are rules as the rest of their words makes them.

    An address is numbered with its family (`ip 192.0.2.0/24`), a port with its protocol (`tcp dport 443`).
    """

    def __init__(self, index: int) -> None:
        """Start empty; `index` is the document."""
        self.index = index
        self.addresses = Words()
        self.services = Words()
        self.rests: list[RuleLine] = []
        self._heads: list[int] = []
        self._texts: tuple[list[str], list[str]] = ([], [])

    def add(self, head: tuple[Statement, ...], tail: tuple[Statement, ...]) -> int:
        """Number the statements before and behind those of the numbered words."""
        self._heads.append(len(head))
        self.rests.append(RuleLine(statements=head + tail, span=Span(document=self.index, first=1, last=1)))
        return len(self.rests) - 1

    def statements(self, row: Row) -> tuple[Statement, ...]:
        """Give the statements of a plain line."""
        if len(self._texts[0]) < len(self.addresses) or len(self._texts[1]) < len(self.services):
            self._texts = list(self.addresses), list(self.services)
        source, destination, services, rest = row
        named: list[Statement] = []
        for number, key in ((source, "saddr"), (destination, "daddr")):
            if number:
                family, _, word = self._texts[0][number].partition(" ")
                named.append(Relation(left=(f"{family} {key}",), right=Values.of(word)))
        if services:
            selector, _, word = self._texts[1][services].rpartition(" ")
            named.append(Relation(left=(selector,), right=Values.of(word)))
        common, at = self.rests[rest].statements, self._heads[rest]
        return (*common[:at], *named, *common[at:])


class PlainLine(RuleLine):
    """A rule whose words are numbered, and whose statements are read only when they are asked for."""

    __slots__ = ("number", "row", "words")

    number: int
    row: Row
    words: PlainWords

    def __init__(self, number: int, row: Row, words: PlainWords) -> None:
        """Take the line, the numbers of its words, and what they number."""
        object.__setattr__(self, "number", number)
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "words", words)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Read the statements."""
        return self.words.statements(self.row)

    @property
    def span(self) -> Span:
        """Give the place."""
        return Span(document=self.words.index, first=self.number, last=self.number)

    @property
    def common(self) -> tuple[Statement, ...]:
        """Give the statements of the rest of the words; an address or a port changes nothing for other rules."""
        return self.words.rests[self.row[3]].statements

    def __eq__(self, other: object) -> bool:
        """Rules are equal where their statements are."""
        return isinstance(other, RuleLine) and self.statements == other.statements

    def __hash__(self) -> int:
        """Hash like any other rule."""
        return hash((self.statements,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What makes a chain a base chain."""

    kind: str
    hook: str
    priority: int
    permits: bool = True
    devices: tuple[str, ...] = field(default=(), compare=False)  # nft 1.0.6 leaves them out of its JSON
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBlock:
    """A chain."""

    name: str
    rules: tuple[RuleLine, ...] = ()
    base: Base | None = None
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBlock:
    """A named set or map; `timed` where its elements expire."""

    name: str
    is_map: bool = False
    elements: tuple[Element, ...] = ()
    timed: bool = False
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperObject:
    """A conntrack helper: `ct helper name { type "ftp" protocol tcp; }`."""

    name: str
    type: str
    protocol: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A counter, quota, limit, flowtable or other object that decides nothing by itself."""

    kind: str
    name: str
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableBlock:
    """A table; a dormant one is not in force."""

    family: str
    name: str
    chains: tuple[ChainBlock, ...] = ()
    sets: tuple[SetBlock, ...] = ()
    helpers: tuple[HelperObject, ...] = ()
    objects: tuple[Object, ...] = field(default=(), compare=False)
    dormant: bool = False
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """All tables, in the order of the listing; `unread` are lines that are not understood.

    `frames` are lines whose meaning is elsewhere in the model: definitions, and what encloses rules in a table that is
    written twice.
    """

    tables: tuple[TableBlock, ...] = ()
    unread: tuple[tuple[Span, str], ...] = field(default=(), compare=False)
    irrelevant: tuple[Span, ...] = field(default=(), compare=False)
    frames: tuple[Span, ...] = field(default=(), compare=False)
