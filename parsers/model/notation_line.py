"""One line of plain notation and the words that occur in it: names, addresses, services, matches, conditions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from parsers.errors import NotationError
from parsers.model.addresses import ANY, ANY4, ANY6, NONE, AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Axis, Condition, ConditionKind
from parsers.model.rules import Match, State
from parsers.model.services import ICMP, ICMP6, PORTS, PROTOCOL_NUMBERS, Service, ServiceSet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum
    from typing import TypeVar

    from parsers.model.intervals import Intervals

    E = TypeVar("E", bound=StrEnum)

__all__ = ["Line"]

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:+-]*")
_KEYWORD = re.compile(r"[a-z][a-z-]*")
_ADDRESSES = re.compile(r"any4|any6|any|none|\{([^{}]*)\}|[0-9./-]+")
_PROTOCOL = re.compile(r"[a-z][a-z0-9]*|[0-9]+(?:-[0-9]+)?")
_PORTS = re.compile(r"any|[0-9][0-9/,-]*")
_SPAN = re.compile(r"@(?:([0-9]+):)?([0-9]+)(?:-([0-9]+))?")
_NUMBER = re.compile(r"-?[0-9]+")
_ANY = {"any": ANY, "any4": ANY4, "any6": ANY6, "none": NONE}


class Line:
    """Reads one line from left to right; whatever does not fit raises NotationError with the line's number."""

    def __init__(self, text: str, number: int) -> None:
        """Start at the left."""
        self.text = text
        self.number = number
        self.at = 0

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Refuse the line."""
        rest = self.text[self.at :].strip()
        where = f" at {rest[:40]!r}" if rest else " at the end of the line"
        raise NotationError(message + where, line=self.number, hint=hint)

    def ahead(self, text: str) -> bool:
        """Tell whether a text comes next, blanks left out."""
        while self.text.startswith(" ", self.at):
            self.at += 1
        return self.text.startswith(text, self.at)

    @property
    def done(self) -> bool:
        """Tell whether nothing is left."""
        self.ahead("")
        return self.at == len(self.text)

    def skip(self, text: str) -> bool:
        """Read a text if it comes next."""
        if not self.ahead(text):
            return False
        self.at += len(text)
        return True

    def need(self, text: str) -> None:
        """Read a text that must come next."""
        if not self.skip(text):
            self.fail(f"expected {text!r}")

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        """Read what a pattern describes."""
        self.ahead("")
        found = pattern.match(self.text, self.at)
        if found is None:
            self.fail(f"expected {what}")
        self.at = found.end()
        return found

    def keyword(self) -> str:
        """Read a word of the notation."""
        return self.take(_KEYWORD, "a word")[0]

    def integer(self) -> int:
        """Read a whole number."""
        return int(self.take(_NUMBER, "a number")[0])

    def quoted(self) -> str:
        """Read a text in double quotes."""
        found = self.take(_QUOTED, "a text in double quotes")[0]
        try:
            return str(json.loads(found))
        except ValueError:
            self.fail(f"{found} is not a quoted text")

    def name(self) -> str:
        """Read a name, quoted or bare."""
        return self.quoted() if self.ahead('"') else self.take(_BARE, "a name")[0]

    def names(self) -> list[str]:
        """Read names with commas between them, or `none`."""
        if not self.ahead('"'):
            start = self.at
            if self.take(_BARE, "a name")[0] == "none":
                return []
            self.at = start
        return self._listed()

    def _listed(self) -> list[str]:
        found = [self.name()]
        while self.skip(","):
            found.append(self.name())
        return found

    def choice(self, kind: type[E]) -> E:
        """Read one value of an enumeration."""
        word = self.keyword()
        try:
            return kind(word)
        except ValueError:
            self.fail(f"{word!r} is not one of {', '.join(kind)}")

    def options(self, table: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Read what may follow in any order: each key of the table is a word, or a sign that begins one.

        Gives the value that each reader returned; those of `?` as a list, in order.
        """
        values: dict[str, Any] = {}
        while not self.done and not self.ahead(")"):
            key = next((sign for sign in '@?["' if self.ahead(sign)), None)
            start = self.at
            if key is None:
                key = self.keyword()
            if key not in table or (key in values and key != "?"):
                self.at = start
                self.fail("this does not belong here" if key not in table else f"{key} occurs twice")
            if key == "?":
                values.setdefault(key, []).append(table[key]())
            else:
                values[key] = table[key]()
        return values

    def end(self) -> None:
        """Demand that nothing is left."""
        if not self.done:
            self.fail("this does not belong here")

    # ------------------------------------------------------------------ values of the model

    def span(self) -> Span:
        """Read `@12`, `@12-14`, `@1:12-14`."""
        document, first, last = self.take(_SPAN, "lines such as @12-14").groups()
        return Span(document=int(document or 0), first=int(first), last=int(last or first))

    def addresses(self) -> AddressSet:
        """Read `any`, an address, a prefix, a range, several in braces, or `!` and what is left out."""
        if self.skip("!"):
            return ~self.addresses()
        found = self.take(_ADDRESSES, "addresses")
        if found[0] in _ANY:
            return _ANY[found[0]]
        texts = found[1] if found[1] is not None else found[0]
        try:
            return AddressSet.of(*texts.split(","))
        except ValueError as error:
            self.fail(str(error))

    def protocols(self) -> Intervals:
        """Read protocols by name or number, with commas between them; `ip` is all of them."""
        found = []
        while True:
            word = self.take(_PROTOCOL, "a protocol")[0]
            low, _, high = word.partition("-")
            if word == "ip":
                found.append((0, 255))
            elif word in PROTOCOL_NUMBERS:
                found.append((PROTOCOL_NUMBERS[word], PROTOCOL_NUMBERS[word]))
            elif not low.isdigit() or int(high or low) > 255:
                self.fail(f"{word!r} is no protocol before")
            else:
                found.append((int(low), int(high or low)))
            if not self.skip(","):
                return tuple(found)

    def ports(self, *, icmp: bool = False) -> Intervals:
        """Read ports and ranges, or for ICMP types and codes."""
        text = self.take(_PORTS, "ports")[0]
        if text == "any":
            return (PORTS,)
        try:
            found = tuple(_port_range(part, icmp=icmp) for part in text.split(","))
        except ValueError:
            self.fail(f"{text!r} are no {'ICMP types' if icmp else 'ports'} before")
        if any(low > high or high > PORTS[1] for low, high in found):
            self.fail(f"{text!r} are no {'ICMP types' if icmp else 'ports'} before")
        return found

    def services(self) -> ServiceSet:
        """Read services in braces, `{tcp:80,443 udp:1024-65535>53}`."""
        self.need("{")
        boxes: list[Service] = []
        while not self.skip("}"):
            protocols = self.protocols()
            source_ports: Intervals = (PORTS,)
            ports: Intervals = (PORTS,)
            if self.skip(":"):
                ports = self.ports(icmp=_are_icmp(protocols) and not self._has_source_ports())
                if self.skip(">"):
                    source_ports, ports = ports, self.ports(icmp=_are_icmp(protocols))
            boxes += _boxes(protocols, source_ports, ports)
        return ServiceSet.of(*boxes)

    def _has_source_ports(self) -> bool:
        return re.match(r"[^ }]*>", self.text[self.at :]) is not None

    def condition(self) -> Condition:
        """Read `?kind/axis=values("text")`."""
        self.need("?")
        kind = self.choice(ConditionKind)
        axis = self.choice(Axis) if self.skip("/") else Axis.WHOLE
        values = tuple(self._listed()) if self.skip("=") else ()
        text = ""
        if self.skip("("):
            text = self.quoted()
            self.need(")")
        return Condition(kind=kind, axis=axis, values=values, text=text)

    def between(self) -> tuple[frozenset[str] | None, frozenset[str] | None]:
        """Read `[ingress>egress]`; an empty side is any."""
        self.need("[")
        ingress = None if self.ahead(">") else frozenset(self.names())
        self.need(">")
        egress = None if self.ahead("]") else frozenset(self.names())
        self.need("]")
        return ingress, egress

    def five_tuple(self) -> dict[str, Any]:
        """Read services, source and destination as fields of a Match."""
        if self.ahead("{"):
            services = self.services()
            source = self.addresses()
            self.need("->")
            return {"services": services, "source": source, "destination": self.addresses()}
        protocols = self.protocols()
        source = self.addresses()
        source_ports = self.ports() if self.skip(":") else (PORTS,)
        self.need("->")
        destination = self.addresses()
        ports = self.ports(icmp=_are_icmp(protocols)) if self.skip(":") else (PORTS,)
        services = ServiceSet.of(*_boxes(protocols, source_ports, ports))
        return {"services": services, "source": source, "destination": destination}

    def match_options(self) -> dict[str, Callable[[], Any]]:
        """Give the readers of what may follow a five-tuple as part of a match."""
        return {
            "[": self.between,
            "state": lambda: frozenset(map(self._state, self.names())),
            "tags": lambda: frozenset(self.names()),
            "untagged": frozenset,
            "from": lambda: tuple(self.names()),
        }

    def _state(self, word: str) -> State:
        try:
            return State(word)
        except ValueError:
            self.fail(f"{word!r} is no connection state before")

    def match(self) -> Match:
        """Read a match that stands alone."""
        return made_match(self.five_tuple(), self.options(self.match_options()))


def made_match(five_tuple: dict[str, Any], values: dict[str, Any]) -> Match:
    """Make a match of a five-tuple and the values of `match_options`."""
    ingress, egress = values.get("[", (None, None))
    fields = {"states": values["state"]} if "state" in values else {}
    return Match(
        **five_tuple,
        ingress=ingress,
        egress=egress,
        tags=values.get("tags", values.get("untagged")),
        objects=values.get("from", ()),
        **fields,
    )


def _port_range(text: str, *, icmp: bool) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    if not icmp:
        return int(low), int(high if dash else low)
    (first, slash, start), (last, _, stop) = low.partition("/"), (high if dash else low).partition("/")
    if not slash:
        return int(first) * 256, int(last) * 256 + 255
    return int(first) * 256 + int(start), int(last) * 256 + int(stop)


def _are_icmp(protocols: Intervals) -> bool:
    return protocols[0] in {(ICMP, ICMP), (ICMP6, ICMP6)}


def _boxes(protocols: Intervals, source_ports: Intervals, ports: Intervals) -> list[Service]:
    return [
        Service(protocols=protocol, source_ports=source, ports=port)
        for protocol in protocols
        for source in source_ports
        for port in ports
    ]
