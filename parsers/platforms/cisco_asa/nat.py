"""Address translation as it is written: object NAT and manual NAT, in the order in which the ASA asks them.

Source: Cisco ASA Series Firewall CLI Configuration Guide, "Network Address Translation" (NAT rule order), and Command
Reference, `nat (global)` and `nat (object)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parsers.contract import RemarkKind
from parsers.model.addresses import ANY, AddressSet
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.services import ANY_SERVICE, TCP, UDP, ServiceSet
from parsers.platforms.cisco_asa.addresses import address
from parsers.platforms.cisco_asa.objects import unknown_addresses
from parsers.platforms.cisco_asa.services import ported_services
from parsers.text.cisco_names import port_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from parsers.platforms.cisco_asa.configuration import Configuration
    from parsers.platforms.cisco_asa.objects import AddressBounds, Objects

__all__ = ["Nat", "Section", "Target", "translations"]

_PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": 132}
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


@dataclass(slots=True)
class Nat:
    """One translation: what a packet from the real side is turned into, end by end.

    From the real to the mapped interface, sources `real` become `mapped` and destinations `published` become `behind`;
    the other way round the same is undone. `first` and `second` are the services on the real and on the mapped side,
    with the real side's host as their source; None leaves ports alone. `why` holds what keeps it from being exact;
    `unread` tells that ports may change in an unknown way too.
    """

    number: int
    section: int
    ingress: str = "any"
    egress: str = "any"
    static: bool = True
    real: Target = EVERYWHERE
    mapped: Target = EVERYWHERE
    published: Target | None = None
    behind: Target | None = None
    first: ServiceSet | None = None
    second: ServiceSet | None = None
    unidirectional: bool = False
    route_lookup: bool = False
    inactive: bool = False
    unread: bool = False
    name: str = ""
    why: list[Condition] = field(default_factory=list)

    def conditions(self, *targets: Target | None) -> tuple[Condition, ...]:
        """Give what keeps the translation from being exact, with what keeps its targets so."""
        named = (item for target in targets if target is not None for item in target.bounds.why)
        return tuple(dict.fromkeys((*self.why, *named)))


def translations(text: Configuration, objects: Objects, primary: Mapping[str, AddressBounds]) -> tuple[Nat, ...]:
    """Give the translations in the order in which they are asked.

    `primary` gives the active unit's own addresses of each interface, which `interface` stands for.
    """
    found = [_Reader(text, objects, primary, node.number, node.words[1:]).manual() for node in text.find("nat")]
    for definition in text.objects.values():
        if definition.kind == "network":
            lines = [number for number in definition.members if text.words(number)[0] == "nat"]
            for number in lines:
                rule = _Reader(text, objects, primary, number, text.words(number)[1:]).auto(definition.name)
                if len(lines) > 1:
                    rule.why.append(_unknown(f"object {definition.name} has more than one translation"))
                found.append(rule)
    return tuple(sorted((rule for rule in found if not rule.inactive), key=_order))


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


def _unknown(text: str) -> Condition:
    return Condition(kind=ConditionKind.UNKNOWN, text=text)


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
        self._rule = Nat(number, Section.MANUAL, real=_ANYTHING, mapped=_ANYTHING)

    def manual(self) -> Nat:
        """Read a `nat` line of the top level."""
        self._attempt(self._manual)
        return self._rule

    def auto(self, name: str) -> Nat:
        """Read a `nat` line inside the network object of a name."""
        self._rule.section = Section.AUTO
        self._rule.name = name
        self._rule.real = Target(self._objects.addresses("object", name, self._number), name)
        self._attempt(self._auto)
        return self._rule

    def _attempt(self, read: Callable[[], None]) -> None:
        """Read the line; what is not understood makes the rule conditional, or of unknown extent."""
        rule = self._rule
        try:
            self._interfaces()
            read()
        except _StrangeError:
            rest = " ".join(self._words[self._at :])
            what = f"not understood: {self._text.lines[self._number - 1].strip()}"
            self._text.remark(RemarkKind.NOT_UNDERSTOOD, what, self._number)
            rule.why.append(_unknown(f"nat: {rest}"))
            self._unread()
            return
        self._text.ledger.modelled((self._number,))
        for name in (rule.ingress, rule.egress):
            if name != "any" and name not in self._primary:
                what = f"nat names an interface {name} that is not there"
                self._text.remark(RemarkKind.UNDEFINED, what, self._number, decides=True)

    def _unread(self) -> None:
        """Widen what was read of a line with a strange word: ports may change, names may stand in wrong places."""
        rule = self._rule
        rule.unread = True
        rule.first = rule.second = None
        if rule.section == Section.AUTO:
            if rule.mapped.bounds.why:
                rule.mapped = _ANYTHING
            return
        targets = (rule.real, rule.mapped, rule.published, rule.behind)
        if any(target.bounds.why for target in targets if target is not None):
            rule.real = rule.mapped = _ANYTHING
        if "destination" in self._words:
            rule.published = rule.behind = _ANYTHING

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

    def _interfaces(self) -> None:
        word = self._word()
        if not word.startswith("("):
            return
        self._at += 1
        if not word.endswith(")"):  # `(inside, outside)`
            word += self._take()
        pair = word.strip("()").split(",")
        if len(pair) != 2 or not all(pair):
            self._at -= 1
            raise _StrangeError
        self._rule.ingress, self._rule.egress = pair

    # ------------------------------------------------------------------------------- object NAT

    def _auto(self) -> None:
        rule = self._rule
        kind = self._take()
        if kind not in {"static", "dynamic"}:
            self._at -= 1
            raise _StrangeError
        rule.static = kind == "static"
        rule.mapped = self._mapped(inline=rule.real)
        if rule.static and self._skip("service"):
            self._inline_service()
        self._flags()

    def _inline_service(self) -> None:
        protocol = _PROTOCOLS.get(self._take())
        ports = [port_number(self._take()), port_number(self._take())]
        if protocol is None or ports[0] is None or ports[1] is None:
            raise _StrangeError
        self._rule.first = ported_services((protocol,), ((ports[0], ports[0]),), ((0, 65535),))
        self._rule.second = ported_services((protocol,), ((ports[1], ports[1]),), ((0, 65535),))

    # ------------------------------------------------------------------------------- manual NAT

    def _manual(self) -> None:
        rule = self._rule
        if self._skip("after-auto"):
            rule.section = Section.AFTER_AUTO
        if self._word().isdecimal():
            self._at += 1
        if not self._skip("source"):
            raise _StrangeError
        kind = self._take()
        if kind not in {"static", "dynamic"}:
            self._at -= 1
            raise _StrangeError
        rule.static = kind == "static"
        rule.real = self._target(self._take())
        rule.mapped = self._mapped(inline=None)
        if self._skip("destination"):
            if not self._skip("static"):
                raise _StrangeError
            word = self._take()
            rule.published = self._own(rule.ingress) if word == "interface" else self._target(word)
            if word == "interface":
                self._skip("ipv6")
            rule.behind = self._target(self._take())
        if self._skip("service"):
            rule.first = self._service(self._take())
            rule.second = self._service(self._take())
        self._flags()

    def _service(self, name: str) -> ServiceSet:
        bounds = self._objects.services("object", name, self._number)
        self._rule.why += bounds.why
        return bounds.sure if not bounds.why else ANY_SERVICE

    # ------------------------------------------------------------------------------- targets

    def _mapped(self, inline: Target | None) -> Target:
        """Read what the source becomes: a name, an address, the interface's own address, or a pool."""
        rule = self._rule
        if self._skip("interface"):
            self._skip("ipv6")
            return self._own(rule.egress)
        found: list[Target] = []
        if not self._skip("pat-pool"):
            found.append(self._target(self._take(), inline))
        elif self._word():
            found.append(self._target(self._take(), None))
        if not rule.static:
            if self._skip("pat-pool"):
                found.append(self._target(self._take(), None))
            while self._word() in _POOL_OPTIONS:
                self._at += 1
            if self._skip("interface"):
                self._skip("ipv6")
                found.append(self._own(rule.egress))
        if not found:
            raise _StrangeError
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
        if inline is not None and self._rule.static and not inline.bounds.why:
            size = inline.whole.size
            subnet = size & (size - 1) == 0 and inline.whole.intervals[0][0] % size == 0
            if subnet and number % size:
                self._rule.why.append(_unknown(f"{word} is not the first address of a network of {size}"))
        return Target(Bounds.exact(AddressSet.span(number, number + size - 1)))

    def _flags(self) -> None:
        rule = self._rule
        while self._word():
            word = self._take()
            if word == "route-lookup":
                rule.route_lookup = True
            elif word == "unidirectional":
                rule.unidirectional = True
            elif word == "inactive":
                rule.inactive = True
            elif word == "description":
                return
            elif word not in {"dns", "no-proxy-arp", "net-to-net"} | _POOL_OPTIONS:
                self._at -= 1
                raise _StrangeError


def _union(targets: Sequence[Target]) -> Target:
    return Target(
        Bounds(
            sure=AddressSet.join(item.bounds.sure for item in targets),
            possible=AddressSet.join(item.bounds.possible for item in targets),
            why=tuple(dict.fromkeys(why for item in targets for why in item.bounds.why)),
        )
    )
