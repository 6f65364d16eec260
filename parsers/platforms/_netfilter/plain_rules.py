"""What plain lines of a ruleset mean: the meaning of their common words, with their own addresses and ports.

A rule is a conjunction. Where the common words of a line make one exact box of any source and destination, the rule's
box is that one with the line's source, destination and ports in it: what reading the whole line would give.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Generic, TypeVar

from parsers.contract import LineState
from parsers.model.addresses import ANY
from parsers.model.rules import Call, Deny, Goto, Permit, Return
from parsers.model.services import ANY_SERVICE, ServiceSet
from parsers.platforms._netfilter import values as va
from parsers.platforms._netfilter.runs import Run, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from parsers.model.addresses import AddressSet
    from parsers.model.interned import Pair
    from parsers.model.rules import Do, Match
    from parsers.platforms._netfilter.expressions import Hook
    from parsers.platforms._netfilter.guards import Guard
    from parsers.platforms._netfilter.pipeline import Entry, Undecided

    Decided = tuple[Guard, list[tuple[Guard, Do | Undecided]]]

__all__ = ["PlainRules", "plain_address"]

R = TypeVar("R")

_ENDS = Call | Deny | Goto | Permit | Return
_NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132}
_EVERY = -1
_HOSTS = {str(length): (1 << (32 - length)) - 1 for length in range(33)} | {"": 0}
"""The bits of a host by the length of its prefix."""
_KNOWN, _STRANGE = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the common words of a line mean: decision (None: none), what they say beside services, and those.

    `protocol` is the protocol that the services are all of, -1 for every protocol, 0 where they are others.
    """

    do: int | None
    frame: int = 0
    services: int = 0
    protocol: int = 0


class PlainRules(Generic[R]):
    """Reads the plain lines of a document.

    Their addresses, and their protocols with ports (`tcp` and what follows), are numbered words, 0 being no word;
    `rests` are the rules that the rest of their words alone would make.
    """

    def __init__(  # noqa: PLR0917 - the columns of one table
        self,
        addresses: Iterable[str],
        services: Iterable[str],
        rests: Sequence[R],
        read_address: Callable[[str], AddressSet | Pair],
        document: int,
        states: bytearray,
    ) -> None:
        """Take the words of a document's lines, and their states; nothing is read yet.

        `read_address` gives what words stand for; raises ValueError.
        """
        self._rests = rests
        self._read_address = read_address
        self._document = document
        self._states = states
        self._words = list(addresses)
        self._ports = list(services)
        self._protocols = [_NUMBERS[words.split()[0]] if words else 0 for words in self._ports]
        count = len(self._ports) + len(rests)
        self._tables = Tables(len(self._words), count)
        self._addresses = bytearray(len(self._words))
        self._services = bytearray(count)
        self._addresses[0] = self._services[0] = _KNOWN
        self._known: dict[Hook, dict[int, _Told | None]] = {}

    def entries(
        self,
        hook: Hook,
        rules: Sequence[R],
        rows: Iterable[tuple[int, int, int, int, int]],
        decide: Callable[[R], Decided],
        whole: Callable[[R], list[Entry]],
    ) -> list[Entry | Run]:
        """Give the entries of a chain at one hook.

        Rows hold each rule's line and the numbers of its source, destination, services and rest; a line that is not
        above 0 is that of a rule that is not plain. `decide` gives the packets that a rule matches there, and what
        becomes of them; raises ValueError. `whole` gives the entries of a rule that is not plain.
        """
        found: list[Entry | Run] = []
        told = self._known.setdefault(hook, {})
        run = Run(self._tables, self._document)
        states, addresses, services = self._states, self._addresses, self._services
        for row, (line, source, destination, ports, rest) in enumerate(rows):
            if line > 0:
                if rest not in told:
                    told[rest] = self._told(rest, decide)
                what = told[rest]
                if (
                    what is not None
                    and (addresses[source] or self._address(source)) == _KNOWN
                    and (addresses[destination] or self._address(destination)) == _KNOWN
                    and (services[ports] or self._service(ports)) == _KNOWN
                    and (not ports or what.protocol in {_EVERY, self._protocols[ports]})
                ):
                    states[line - 1] = LineState.MODELLED
                    if what.do is not None:
                        run.append(line, what.do, what.frame, source, destination, ports or what.services)
                    continue
            if len(run):
                found.append(run)
                run = Run(self._tables, self._document)
            found += whole(rules[row])
        return [*found, run] if len(run) else found

    def _told(self, rest: int, decide: Callable[[R], Decided]) -> _Told | None:
        """Give what common words mean; None where they make no single exact box, or do something else than decide."""
        try:
            guard, parts = decide(self._rests[rest])
        except ValueError:
            return None
        if guard.conditions or guard.excluded or guard.sure != guard.possible or len(guard.possible) > 1:
            return None
        if not parts:
            return _Told(do=None)
        same, do = parts[0]
        if len(parts) > 1 or same != guard or not isinstance(do, _ENDS):
            return None
        if not guard.possible:
            return None if isinstance(do, Call | Goto) else _Told(do=None)
        (box,) = guard.possible
        return self._boxed(rest, box, do)

    def _boxed(self, rest: int, box: Match, do: Do) -> _Told | None:
        if box.source != ANY or box.destination != ANY or box.objects:
            return None
        slot = 0 if box.services == ANY_SERVICE else len(self._ports) + rest
        if self._services[slot] and self._tables.services[slot] != box.services:
            return None
        self._services[slot] = _KNOWN
        self._tables.services.put(slot, box.services)
        protocol = (
            _EVERY
            if not slot
            else next((number for number in _NUMBERS.values() if box.services == ServiceSet.protocol(number)), 0)
        )
        tables = self._tables
        return _Told(do=tables.number_do(do), frame=tables.number_frame(box), services=slot, protocol=protocol)

    def _address(self, number: int) -> int:
        """Read the words of an address, once."""
        word = self._words[number]
        try:
            self._tables.addresses.put(number, self._read_address(word))
        except ValueError:
            self._addresses[number] = _STRANGE
        else:
            self._addresses[number] = _KNOWN
        return self._addresses[number]

    def _service(self, number: int) -> int:
        """Read the words of a protocol and its ports, once."""
        words = self._ports[number].split()
        try:
            ranges = {name: va.ports([text])[0] for name, text in zip(words[1::2], words[2::2], strict=True)}
        except ValueError:
            self._services[number] = _STRANGE
            return _STRANGE
        protocol = self._protocols[number]
        low, high = ranges.get("dport", (0, 65535))
        axis = ((protocol * 65536 + low, protocol * 65536 + high),)
        sources = (ranges["sport"],) if "sport" in ranges else ()
        self._tables.services.put(number, ServiceSet.from_axis(axis, *sources) if sources else axis[0])
        self._services[number] = _KNOWN
        return _KNOWN


def plain_address(word: str, version: int) -> AddressSet | Pair:
    """Give what an address, prefix or range of an IP version stands for; raises ValueError."""
    return (_interval(word) if version == 4 else None) or va.addresses([word], version)


def _interval(word: str) -> Pair | None:
    """Give the interval of a dotted address or prefix in its common form."""
    base, slash, length = word.partition("/")
    host = _HOSTS.get(length)
    if host is None or (slash and not length):
        return None
    try:
        first = int(IPv4Address(base))
    except ValueError:
        return None
    return first & ~host, first | host
