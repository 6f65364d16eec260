"""Objects and object-groups: what each name surely and possibly stands for.

Source: Cisco ASA Series Command Reference, `object network`, `object service`, `object-group` and their members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import ANY, ANY4, ANY6, NONE, AddressSet
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.firewall import Members, NamedObject
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, NO_SERVICE, ServiceSet
from parsers.platforms._cisco_lina.addresses import address, network
from parsers.platforms._cisco_lina.networks import Literals, Network
from parsers.platforms._cisco_lina.services import (
    icmp_service,
    port_object,
    predefined,
    protocol_services,
    service_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from parsers.platforms._cisco_lina.configuration import Configuration, Definition

__all__ = ["AddressBounds", "Objects", "ServiceBounds", "unknown_addresses", "unknown_services"]

AddressBounds = Bounds[AddressSet]
ServiceBounds = Bounds[ServiceSet]
_V = TypeVar("_V")

_DEEPEST = 60
"""Groups nested deeper than this are not followed."""
_TYPED = {"tcp": (6,), "udp": (17,), "tcp-udp": (6, 17)}
_FAMILIES = {"v4": ANY4, "v6": ANY6}
_SERVICE_KINDS = frozenset({"service", "protocol", "icmp-type"})
_OPAQUE_KINDS = frozenset({"user", "security", "network-service"})
_MEMBER = {"object": "network-object object", "object-group": "group-object"}
"""How a group names its members."""
_NAMED = len(_MEMBER["object"])


def unknown_addresses(text: str) -> AddressBounds:
    """Give the bounds of a name of which nothing is known: possibly every address."""
    return Bounds(sure=NONE, possible=ANY, why=(Condition(kind=ConditionKind.UNKNOWN, text=text),))


def unknown_services(text: str) -> ServiceBounds:
    """Give the bounds of a name of which nothing is known: possibly every service."""
    return Bounds(sure=NO_SERVICE, possible=ANY_SERVICE, why=(Condition(kind=ConditionKind.UNKNOWN, text=text),))


class Objects:
    """Resolves names, each one once; notes what is undefined, refers to itself, or was not understood."""

    def __init__(self, text: Configuration) -> None:
        """Take the definitions of a configuration; nothing is resolved yet."""
        self._text = text
        self._networks: dict[tuple[str, str], Network] = {}
        self._services: dict[tuple[str, str], ServiceBounds] = {}
        self._members: list[NamedObject] = []
        self._open: list[tuple[str, str]] = []
        self._missing: set[tuple[str, str]] = set()
        self._literals = {
            "object": Literals("object", text.objects.values()),
            "object-group": Literals("object-group", text.groups.values()),
        }

    def kind(self, keyword: str, name: str) -> str | None:
        """Give the kind of an `object` or `object-group`, None where it is not defined."""
        found = self._definition(keyword, name)
        return found.kind if found is not None else None

    def addresses(self, keyword: str, name: str, number: int) -> AddressBounds:
        """Give the addresses of a network object or group that a line names."""
        return self.network(keyword, name, number).bounds

    def network(self, keyword: str, name: str, number: int) -> Network:
        """Give a network object or group that a line names, without working out its addresses."""
        key = (keyword, name)
        known = self._networks.get(key)
        if known is not None:
            return known
        source = self._literals[keyword]
        definition = self._definition(keyword, name)
        if definition is None or definition.kind != "network":
            return Network.of(unknown_addresses(self._undefined(keyword, name, "network", number)), source)
        if self._loops(key, number):
            return Network.of(unknown_addresses(f"{keyword} {name}"), source)
        self._open.append(key)
        found: list[str | Network | None] = list(map(source.lines.get, definition.lines))
        member: Callable[[Definition, str, int], str | Network | None] = self._network_member
        unknown: Callable[[str], str | Network] = self._unknown_network
        numbers, values = self._read(definition, found, member, unknown)
        self._open.pop()
        members = known = Network(values, source)
        if not values or (len(values) > 1 and keyword == "object"):
            known = self._unknown_network(_unlike(definition, values))
        self._note(definition, Members(self._text.document, numbers, members))
        self._networks[key] = known
        self._literals["object-group"].lines[f"{_MEMBER[keyword]} {name}"] = known
        return known

    def _unknown_network(self, text: str) -> Network:
        return Network.of(unknown_addresses(text), self._literals["object"])

    def services(self, keyword: str, name: str, number: int) -> ServiceBounds:
        """Give the services of a service object, or of a service, protocol or ICMP type group that a line names."""
        key = (keyword, name)
        known = self._services.get(key)
        if known is not None:
            return known
        definition = self._definition(keyword, name)
        if definition is None or definition.kind not in _SERVICE_KINDS:
            built_in = predefined(name) if definition is None and keyword == "object" else None
            if built_in is not None:
                return Bounds.exact(built_in)
            return unknown_services(self._undefined(keyword, name, "service", number))
        if self._loops(key, number):
            return unknown_services(f"{keyword} {name}")
        self._open.append(key)
        found: list[ServiceBounds | None] = [None] * len(definition.lines)
        numbers, values = self._read(definition, found, self._service_member, unknown_services)
        self._open.pop()
        self._note(definition, Members(self._text.document, numbers, values))
        known = self._services[key] = _services(definition, values)
        return known

    def is_defined(self, keyword: str, name: str, kind: str, number: int) -> bool:
        """Tell whether a group of a kind is defined, and note it where it is not."""
        if self.kind(keyword, name) == kind:
            return True
        self._undefined(keyword, name, kind, number)
        return False

    def named(self, name: str, number: int) -> tuple[str, ...]:
        """Give the users or security groups that a group of either kind names, those of nested groups included."""
        key = ("object-group", name)
        definition = self._definition(*key)
        if definition is None or self._loops(key, number):
            return ()
        self._open.append(key)
        found: list[str] = []
        for line, text in zip(definition.members, definition.lines, strict=True):
            words = text.split()
            if words[0] == "group-object" and len(words) == 2:
                if self.is_defined("object-group", words[1], definition.kind, line):
                    found += self.named(words[1], line)
            elif _names_one(definition.kind, words):
                found.append(words[-1])
        self._open.pop()
        return tuple(dict.fromkeys(found))

    def resolve_all(self) -> tuple[NamedObject, ...]:
        """Give every network and service object and group, and account for the lines of every definition."""
        for definition in (*self._text.objects.values(), *self._text.groups.values()):
            self._text.ledger.modelled(definition.headers)
            if definition.kind == "network":
                self.network(definition.keyword, definition.name, definition.headers[0])
            elif definition.kind in _SERVICE_KINDS:
                self.services(definition.keyword, definition.name, definition.headers[0])
            elif definition.keyword == "object-group" and definition.kind in _OPAQUE_KINDS:
                self._account_names(definition)
            else:
                self._strange(definition)
        return tuple(self._members)

    def _account_names(self, definition: Definition) -> None:
        """Account for the members of a group of users, security groups or network services."""
        for number in definition.members:
            words = self._text.words(number)
            nested = words[0] == "group-object" and len(words) == 2
            if words[0] == "description" or nested or _names_one(definition.kind, words):
                self._text.ledger.modelled((number,))
            else:
                what = f"object-group {definition.name}: not understood: {' '.join(words)}"
                self._text.remark(RemarkKind.NOT_UNDERSTOOD, what, number)

    def _definition(self, keyword: str, name: str) -> Definition | None:
        return (self._text.objects if keyword == "object" else self._text.groups).get(name)

    def _strange(self, definition: Definition) -> None:
        """Note every line of a definition of a kind that is not known."""
        label = f"{definition.keyword} of unknown kind {definition.kind!r}"
        for number in (*definition.headers, *definition.members):
            self._text.ledger.states[number - 1] = LineState.NOT_UNDERSTOOD
            what = f"{label}: not understood: {' '.join(self._text.words(number))}"
            self._text.remark(RemarkKind.NOT_UNDERSTOOD, what, number, decides=True)

    def _undefined(self, keyword: str, name: str, kind: str, number: int) -> str:
        """Note, once, that a name is not defined as what it is used for."""
        other = self.kind(keyword, name)
        text = f"{keyword} {name} is not defined" if other is None else f"{keyword} {name} is of kind {other}"
        if (keyword, name) not in self._missing:
            self._missing.add((keyword, name))
            self._text.remark(RemarkKind.UNDEFINED, f"{text}: a {kind} {keyword} is wanted", number)
        return text

    def _loops(self, key: tuple[str, str], number: int) -> bool:
        if key in self._open:
            self._text.remark(RemarkKind.LOOP, f"{' '.join(key)} refers to itself", number)
            return True
        if len(self._open) > _DEEPEST:
            self._text.remark(RemarkKind.LOOP, f"{' '.join(key)} is nested too deeply to be followed", number)
            return True
        return False

    def _read(
        self,
        definition: Definition,
        found: list[_V | None],
        member: Callable[[Definition, str, int], _V | None],
        unknown: Callable[[str], _V],
    ) -> tuple[list[int], list[_V]]:
        """Give the number and the value of each member line; `found` holds the values that are known before.

        A `nat` line of an object belongs to the translations.
        """
        text, states = self._text, self._text.ledger.states
        if None not in found:
            text.ledger.modelled(definition.members)
            return definition.members, cast("list[_V]", found)
        numbers: list[int] = []
        values: list[_V] = []
        for number, line, known in zip(definition.members, definition.lines, found, strict=True):
            value = known
            if value is None:
                head = line.split(None, 1)[0]
                if head == "description":
                    text.ledger.irrelevant((number,))
                    continue
                if head == "nat" and definition.keyword == "object":
                    continue
                value = member(definition, line, number)
            if value is None:
                value = self._not_understood(definition, line, number, unknown)
            else:
                states[number - 1] = LineState.MODELLED
            numbers.append(number)
            values.append(value)
        return numbers, values

    def _note(self, definition: Definition, members: Members) -> None:
        if not len(members):
            label = f"{definition.keyword} {definition.name}"
            self._text.remark(RemarkKind.UNDEFINED, f"{label} has no members", definition.headers[0])
        span = self._text.span(definition.headers[0])
        self._members.append(NamedObject(name=definition.name, members=members, span=span))

    def _not_understood(self, definition: Definition, line: str, number: int, unknown: Callable[[str], _V]) -> _V:
        """Note a strange member; one of a network object may be its translation."""
        label, words = f"{definition.keyword} {definition.name}", " ".join(line.split())
        decides = definition.keyword == "object" and definition.kind == "network"
        self._text.remark(RemarkKind.NOT_UNDERSTOOD, f"{label}: not understood: {words}", number, decides=decides)
        return unknown(f"{label}: {words}")

    def _service_member(self, definition: Definition, line: str, number: int) -> ServiceBounds | None:
        head, *rest = line.split()
        found: ServiceSet | None = None
        if definition.keyword == "object":
            found = service_words(rest) if head == "service" else None
        elif head == "group-object" and len(rest) == 1:
            return self.services("object-group", rest[0], number)
        elif definition.kind == "protocol":
            found = protocol_services(rest[0]) if head == "protocol-object" and len(rest) == 1 else None
        elif definition.kind == "icmp-type":
            found = _icmp_object(rest) if head == "icmp-object" else None
        elif head == "service-object" and rest[:1] == ["object"]:
            return self.services("object", rest[1], number) if len(rest) == 2 else None
        elif head == "service-object":
            found = service_words(rest)
        elif head == "port-object" and definition.detail and definition.detail[0] in _TYPED:
            found = port_object(rest, _TYPED[definition.detail[0]])
        return Bounds.exact(found) if found is not None else None

    def _network_member(self, definition: Definition, line: str, number: int) -> Network | None:
        if definition.keyword == "object-group" and line[:_NAMED] == _MEMBER["object"]:  # the common one
            name = line[_NAMED + 1 :]
            if name in self._text.objects:
                return self.network("object", name, number)
        head, *rest = line.split()
        if definition.keyword == "object-group":
            if head == "group-object":
                return self.network("object-group", rest[0], number) if len(rest) == 1 else None
            if head == "network-object" and rest[:1] == ["object"]:
                return self.network("object", rest[1], number) if len(rest) == 2 else None
        bounds = self._network_bounds(definition, head, rest)
        return Network.of(bounds, self._literals[definition.keyword]) if bounds is not None else None

    def _network_bounds(self, definition: Definition, head: str, rest: list[str]) -> AddressBounds | None:
        if definition.keyword == "object":
            return self._network_value(definition, head, rest)
        if head != "network-object":
            return None
        if rest[:1] == ["host"]:
            return self._network_value(definition, "host", rest[1:])
        found = network(rest, self._text.names) if len(rest) == 2 or "/" in "".join(rest[:1]) else None
        return Bounds.exact(found) if found is not None else None

    def _network_value(self, definition: Definition, head: str, rest: list[str]) -> AddressBounds | None:
        names = self._text.names
        if head == "fqdn" and (len(rest) == 1 or (len(rest) == 2 and rest[0] in _FAMILIES)):
            values = tuple(dict.fromkeys((rest[-1], definition.name)))
            why = Condition(kind=ConditionKind.FQDN, values=values, text=f"object {definition.name} fqdn {rest[-1]}")
            return Bounds(sure=NONE, possible=_FAMILIES[rest[0]] if len(rest) == 2 else ANY, why=(why,))
        found: AddressSet | None = None
        if head == "host" and len(rest) == 1:
            number = address(rest[0], names)
            found = AddressSet.span(number, number) if number is not None else None
        elif head == "subnet":
            found = network(rest, names)
        elif head == "range" and len(rest) == 2:
            low, high = address(rest[0], names), address(rest[1], names)
            found = AddressSet.span(low, high) if low is not None and high is not None and low <= high else None
        return Bounds.exact(found) if found is not None else None


def _names_one(kind: str, words: list[str]) -> bool:
    """Tell whether a member names one user, user group or security group; network services are not looked into."""
    if kind == "user":
        return words[0] in {"user", "user-group"} and len(words) == 2
    if kind == "security":
        return words[0] == "security-group" and len(words) == 3 and words[1] in {"name", "tag"}
    return True


def _icmp_object(words: list[str]) -> ServiceSet | None:
    """An ICMP type group serves icmp and icmp6 rules alike: the number, or each protocol's own number of a name."""
    found = [item for item in (icmp_service(ICMP, words), icmp_service(ICMP6, words)) if item is not None]
    return ServiceSet.join(found) if found and words else None


def _unlike(definition: Definition, values: Sequence[object]) -> str:
    """Say what keeps a definition from standing for the union of its values: an object has exactly one."""
    return f"{definition.keyword} {definition.name} has {'more than one value' if values else 'no members'}"


def _services(definition: Definition, values: list[ServiceBounds]) -> ServiceBounds:
    """Give the union of the members."""
    if not values or (len(values) > 1 and definition.keyword == "object"):
        return unknown_services(_unlike(definition, values))
    if len(values) == 1:
        return values[0]
    why = tuple(dict.fromkeys(item for bounds in values for item in bounds.why))
    sure = ServiceSet.join(bounds.sure for bounds in values)
    possible = ServiceSet.join(bounds.possible for bounds in values) if why else sure
    return Bounds(sure=sure, possible=possible, why=why)
