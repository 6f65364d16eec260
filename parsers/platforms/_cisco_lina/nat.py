"""Address translation as it is written: object NAT and manual NAT, in the order in which the ASA asks them.

Source: Cisco ASA Series Firewall CLI Configuration Guide, "Network Address Translation" (NAT rule order), and Command
Reference, `nat (global)` and `nat (object)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY, AddressSet
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.services import ANY_SERVICE, TCP, UDP, ServiceSet
from parsers.platforms._cisco_lina.addresses import address
from parsers.platforms._cisco_lina.objects import unknown_addresses
from parsers.platforms._cisco_lina.services import EVERY_PORT, ported_services
from parsers.text.cisco_names import port_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.objects import AddressBounds, Objects

__all__ = ["Nat", "Section", "Target", "translations"]

_PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": 132}
_UNREAD = "unread"
_FLAGS = frozenset({
    "block-allocation", "dns", "extended", "flat", "inactive", "include-reserve", "net-to-net", "no-proxy-arp",
    "round-robin", "route-lookup", "unidirectional",
})  # fmt: skip
_POOL_OPTIONS = frozenset({"round-robin", "extended", "flat", "include-reserve", "block-allocation"})


class Section:
    """Where the ASA asks a translation: manual rules, object rules, manual rules behind them."""

    MANUAL = 1
    AUTO = 2
    AFTER_AUTO = 3


@dataclass(frozen=True, slots=True)
class Target:
    """Addresses by the words that name them; `name` is empty for what stands in the line itself."""

    bounds: AddressBounds
    name: str = ""

    @property
    def whole(self) -> AddressSet:
        """Give all that it may stand for."""
        return self.bounds.possible

    def same(self, other: Target) -> bool:
        """Tell whether both stand for the same addresses in the same order."""
        if self.name and self.name == other.name:
            return True
        return not (self.bounds.why or other.bounds.why) and self.whole == other.whole and self._is_one

    @property
    def _is_one(self) -> bool:
        return self.whole == ANY or len(self.whole.intervals) == 1


EVERYWHERE = Target(Bounds.exact(ANY))
_ANYTHING = Target(unknown_addresses("nat"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """One translation: what a packet from the real side is turned into, end by end.

    From the real to the mapped interface, sources `real` become `mapped` and destinations `published` become `behind`;
    the other way round the same is undone. `first` and `second` are the services on the real and on the mapped side,
    with the real side's host as their source; None leaves ports alone. `why` holds what keeps it from being exact;
    `unread` tells that ports may change in an unknown way too.
    """

    number: int
    section: int
    ingress: str
    egress: str
    static: bool
    real: Target
    mapped: Target
    published: Target | None
    behind: Target | None
    first: ServiceSet | None
    second: ServiceSet | None
    unidirectional: bool
    route_lookup: bool
    unread: bool
    name: str
    why: tuple[Condition, ...]

    def conditions(self, *targets: Target | None) -> tuple[Condition, ...]:
        """Give what keeps the translation from being exact, with what keeps its targets so."""
        named = (item for target in targets if target is not None for item in target.bounds.why)
        return tuple(dict.fromkeys((*self.why, *named)))


def translations(text: Configuration, objects: Objects, primary: Mapping[str, AddressBounds]) -> tuple[Nat, ...]:
    """Give the translations in the order in which they are asked.

    `primary` gives the active unit's own addresses of each interface, which `interface` stands for.
    """
    readers = [_Reader(text, objects, primary, node.number, node.words[1:]) for node in text.find("nat")]
    for reader in readers:
        reader.manual()
    for definition in text.objects.values():
        if definition.kind == "network":
            lines = [
                (number, line.split())
                for number, line in zip(definition.members, definition.lines, strict=True)
                if line[:3] == "nat" and line.split(None, 1)[0] == "nat"
            ]
            for number, words in lines:
                reader = _Reader(text, objects, primary, number, words[1:])
                reader.auto(definition.name)
                if len(lines) > 1:
                    reader.doubt(f"object {definition.name} has more than one translation")
                readers.append(reader)
    return tuple(sorted((reader.finish() for reader in readers if not reader.inactive), key=_order))


def _order(rule: Nat) -> tuple[int, bool, int, int, str, int]:
    """Order by section; object rules static first, then fewest addresses, lowest address, name.

    A rule whose real addresses are not known comes first: it may stand anywhere, and as it may also not match, the
    rules behind it are asked all the same.
    """
    if rule.section != Section.AUTO:
        return rule.section, False, 0, 0, "", rule.number
    if rule.real.bounds.why:
        return rule.section, False, -1, 0, rule.name, rule.number
    whole = rule.real.whole
    return rule.section, not rule.static, whole.size, whole.intervals[0][0], rule.name, rule.number


_DESTINATION = 4
"""`destination static PUBLISHED BEHIND` has so many words, the first of which may be the strange one."""


class _StrangeError(Exception):
    """A word that is not understood."""


class _Reader:
    """Reads one `nat` line from left to right."""

    def __init__(
        self,
        text: Configuration,
        objects: Objects,
        primary: Mapping[str, AddressBounds],
        number: int,
        words: Sequence[str],
    ) -> None:
        self._text = text
        self._objects = objects
        self._primary = primary
        self._number = number
        self._words = words
        self._at = 0
        self._section = Section.MANUAL
        self._pair = ("any", "any")
        self._static = True
        self._real = self._mapped = _ANYTHING
        self._published: Target | None = None
        self._behind: Target | None = None
        self._first: ServiceSet | None = None
        self._second: ServiceSet | None = None
        self._flags: set[str] = set()
        self._name = ""
        self._why: list[Condition] = []

    @property
    def inactive(self) -> bool:
        """Tell whether the rule is written down but not in force."""
        return "inactive" in self._flags

    def finish(self) -> Nat:
        """Give what was read."""
        return Nat(
            number=self._number,
            section=self._section,
            ingress=self._pair[0],
            egress=self._pair[1],
            static=self._static,
            real=self._real,
            mapped=self._mapped,
            published=self._published,
            behind=self._behind,
            first=self._first,
            second=self._second,
            unidirectional="unidirectional" in self._flags,
            route_lookup="route-lookup" in self._flags,
            unread=_UNREAD in self._flags,
            name=self._name,
            why=tuple(self._why),
        )

    def doubt(self, text: str) -> None:
        """Note something that keeps the rule from being exact."""
        self._why.append(Condition(kind=ConditionKind.UNKNOWN, text=text))

    def manual(self) -> None:
        """Read a `nat` line of the top level."""
        self._attempt(self._read_manual)

    def auto(self, name: str) -> None:
        """Read a `nat` line inside the network object of a name."""
        self._section = Section.AUTO
        self._name = name
        self._real = Target(self._objects.addresses("object", name, self._number), name)
        self._attempt(self._read_auto)

    def _attempt(self, read: Callable[[], None]) -> None:
        """Read the line; what is not understood makes the rule conditional, or of unknown extent."""
        try:
            self._take_interfaces()
            read()
        except _StrangeError:
            what = f"not understood: {self._text.lines[self._number - 1].strip()}"
            self._text.remark(RemarkKind.NOT_UNDERSTOOD, what, self._number)
            self.doubt(f"nat: {' '.join(self._words[self._at :])}")
            self._widen()
            return
        self._text.ledger.modelled((self._number,))
        for name in self._pair:
            if name != "any" and name not in self._primary:
                what = f"nat names an interface {name} that is not there"
                self._text.remark(RemarkKind.UNDEFINED, what, self._number, decides=True)

    def _widen(self) -> None:
        """Widen what was read of a line with a strange word: ports may change, names may stand in wrong places."""
        self._flags = {_UNREAD}
        self._first = self._second = None
        if self._section == Section.AUTO:
            return
        targets = (self._real, self._mapped, self._published, self._behind)
        if any(target.bounds.why for target in targets if target is not None):
            self._real = self._mapped = _ANYTHING
        if "destination" in self._words or len(self._words) - self._at >= _DESTINATION:
            self._published = self._behind = _ANYTHING

    def _word(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._words[at] if at < len(self._words) else ""

    def _take(self) -> str:
        word = self._word()
        if not word:
            raise _StrangeError
        self._at += 1
        return word

    def _skip(self, *words: str) -> bool:
        """Step over the next word if it is one of these."""
        if self._word() in words:
            self._at += 1
            return True
        return False

    def _take_interfaces(self) -> None:
        word = self._word()
        if not word.startswith("("):
            return
        self._at += 1
        if not word.endswith(")"):  # `(inside, outside)`
            word += self._take()
        real, comma, mapped = word.strip("()").partition(",")
        if not (real and comma and mapped):
            self._at -= 1
            raise _StrangeError
        self._pair = (real, mapped)

    def _take_kind(self) -> None:
        kind = self._take()
        if kind not in {"static", "dynamic"}:
            self._at -= 1
            raise _StrangeError
        self._static = kind == "static"

    def _read_auto(self) -> None:
        self._take_kind()
        self._mapped = self._take_mapped(inline=self._real)
        if self._static and self._skip("service"):
            self._take_ports()
        self._take_flags()

    def _take_ports(self) -> None:
        protocol = _PROTOCOLS.get(self._take())
        real, mapped = port_number(self._take()), port_number(self._take())
        if protocol is None or real is None or mapped is None:
            raise _StrangeError
        self._first = ported_services((protocol,), ((real, real),), EVERY_PORT)
        self._second = ported_services((protocol,), ((mapped, mapped),), EVERY_PORT)

    def _read_manual(self) -> None:
        if self._skip("after-auto"):
            self._section = Section.AFTER_AUTO
        if self._word().isdecimal():
            self._at += 1
        if not self._skip("source"):
            raise _StrangeError
        self._take_kind()
        self._real = self._target(self._take())
        self._mapped = self._take_mapped(inline=None)
        if self._skip("destination"):
            if not self._skip("static"):
                raise _StrangeError
            self._published = self._take_published()
            self._behind = self._target(self._take())
        if self._skip("service"):
            self._first = self._take_service()
            self._second = self._take_service()
        self._take_flags()

    def _take_published(self) -> Target:
        word = self._take()
        if word != "interface":
            return self._target(word)
        self._skip("ipv6")
        return self._own(self._pair[0])

    def _take_service(self) -> ServiceSet:
        bounds = self._objects.services("object", self._take(), self._number)
        self._why += bounds.why
        return bounds.sure if not bounds.why else ANY_SERVICE

    def _take_mapped(self, inline: Target | None) -> Target:
        """Read what the source becomes: a name, an address, the interface's own address, or a pool."""
        if self._skip("interface"):
            self._skip("ipv6")
            return self._own(self._pair[1])
        inline = None if self._skip("pat-pool") else inline
        found = [self._target(self._take(), inline)]
        if not self._static:
            if self._skip("pat-pool"):
                found.append(self._target(self._take()))
            while self._skip(*_POOL_OPTIONS):
                pass
            if self._skip("interface"):
                self._skip("ipv6")
                found.append(self._own(self._pair[1]))
        return found[0] if len(found) == 1 else _union(found)

    def _own(self, interface: str) -> Target:
        known = self._primary.get(interface)
        return Target(known or unknown_addresses(f"address of interface {interface}"))

    def _target(self, word: str, inline: Target | None = None) -> Target:
        """Give what a name or an address stands for; an inline address is as wide as the real network."""
        if word == "any":
            return EVERYWHERE
        for keyword in ("object", "object-group"):
            if self._objects.kind(keyword, word) is not None:
                return Target(self._objects.addresses(keyword, word, self._number), word)
        number = address(word, self._text.names)
        if number is None:
            return Target(self._objects.addresses("object", word, self._number), word)
        size = 1
        if inline is not None and self._static and not inline.bounds.why:
            size = inline.whole.size
            subnet = size & (size - 1) == 0 and inline.whole.intervals[0][0] % size == 0
            if subnet and number % size:
                self.doubt(f"{word} is not the first address of a network of {size}")
        return Target(Bounds.exact(AddressSet.span(number, number + size - 1)))

    def _take_flags(self) -> None:
        while self._word():
            word = self._take()
            if word == "description":
                return
            if word not in _FLAGS:
                self._at -= 1
                raise _StrangeError
            self._flags.add(word)


def _union(targets: Sequence[Target]) -> Target:
    return Target(
        Bounds(
            sure=AddressSet.join(item.bounds.sure for item in targets),
            possible=AddressSet.join(item.bounds.possible for item in targets),
            why=tuple(dict.fromkeys(why for item in targets for why in item.bounds.why)),
        )
    )
