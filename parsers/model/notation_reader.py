"""Reads the plain notation that `notation` describes and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parsers.errors import NotationError
from parsers.model.addresses import AddressSet
from parsers.model.conditions import Bounds
from parsers.model.firewall import (
    Assumption,
    Bypass,
    Device,
    Firewall,
    HaRole,
    Helper,
    Interface,
    ManagementNote,
    NamedObject,
    Route,
)
from parsers.model.notation_line import Line, made_match
from parsers.model.rules import (
    Call,
    Chain,
    Deny,
    Do,
    Goto,
    Mark,
    Permit,
    Return,
    Rewrite,
    Rule,
    RulesBuilder,
    Side,
    Stage,
    Traffic,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from parsers.model.capture import Span
    from parsers.model.services import ServiceSet

__all__ = ["read", "read_all"]

_DECISIONS = ("permit", "deny", "call", "goto", "return", "mark", "dnat", "snat")
_LISTS = ("interfaces", "routes", "objects", "helpers", "assumptions", "bypasses", "management")


def read(text: str) -> Firewall:
    """Read one firewall; raises NotationError with the line that does not fit."""
    found = read_all(text)
    if len(found) != 1:
        raise NotationError(f"expected one firewall, found {len(found)}", hint="read_all reads any number")
    return found[0]


def read_all(text: str) -> tuple[Firewall, ...]:
    """Read any number of firewalls; raises NotationError with the line that does not fit."""
    firewalls: list[_Firewall] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue
        line = Line(raw.rstrip("\r"), number)
        if line.ahead("firewall "):
            firewalls.append(_Firewall(line))
        elif not firewalls:
            line.fail("expected `firewall` and its platform")
        else:
            firewalls[-1].add(line)
    return tuple(firewall.made() for firewall in firewalls)


class _Firewall:
    """Gathers the lines of one firewall."""

    def __init__(self, line: Line) -> None:
        line.need("firewall")
        self.platform = line.name()
        self.context = line.options({"context": line.name}).get("context", "")
        self.device = Device()
        self.routes_complete = True
        self.lists: dict[str, list[Any]] = {name: [] for name in _LISTS}
        self.stages: list[_Stage] = []
        self.members: list[Any] | None = None

    def add(self, line: Line) -> None:
        """Take a line; what is indented belongs to the object, stage or chain above it."""
        indent = len(line.text) - len(line.text.lstrip(" "))
        if indent == 0:
            self._statement(line, line.keyword())
        elif self.members is not None:
            self.members.append(_member(line))
        elif not self.stages:
            line.fail("this line is indented, but belongs to nothing")
        else:
            self.stages[-1].add(line)
        line.end()

    def _statement(self, line: Line, word: str) -> None:
        self.members = None
        if word == "stage":
            self.stages.append(_Stage(line))
        elif self.stages:
            line.at = 0
            line.fail("only stages may follow a stage")
        elif word == "device":
            self.device = _device(line)
        elif word == "routes":
            line.need("incomplete")
            self.routes_complete = False
        elif word == "object":
            name, span = line.name(), _span(line)
            self.members = []
            self.lists["objects"].append((name, self.members, span))
        elif word in _STATEMENTS:
            field, reader = _STATEMENTS[word]
            self.lists[field].append(reader(line))
        else:
            line.at = 0
            line.fail("this line begins with no word of the notation")

    def made(self) -> Firewall:
        """Give the firewall."""
        fields = {name: tuple(values) for name, values in self.lists.items() if name != "objects"}
        objects = tuple(
            NamedObject(name=name, members=tuple(members), span=span) for name, members, span in self.lists["objects"]
        )
        return Firewall(
            platform=self.platform,
            context=self.context,
            device=self.device,
            routes_complete=self.routes_complete,
            objects=objects,
            stages=tuple(stage.made() for stage in self.stages),
            **fields,
        )


class _Stage:
    """Gathers the chains of one stage."""

    def __init__(self, line: Line) -> None:
        self.fields: dict[str, Any] = {"name": line.name()}
        values = line.options(
            {
                "[": line.between,
                "to-device": lambda: Traffic.TO_DEVICE,
                "from-device": lambda: Traffic.FROM_DEVICE,
                "sees": lambda: line.choice(View),
                "translates": lambda: True,
                "stateless": lambda: False,
                "default": line.keyword,
                "replies": lambda: True,
                '"': line.quoted,
                "@": line.span,
            }
        )
        default = values.get("default")
        if default not in {"permit", "deny"}:
            line.fail("a stage needs `default permit` or `default deny`")
        self.fields["default"] = Permit(replies=values.get("replies", False)) if default == "permit" else Deny()
        self.fields["ingress"], self.fields["egress"] = values.get("[", (None, None))
        names = {"sees": "sees", "translates": "translates", "stateless": "stateful", '"': "default_name"}
        names |= {"@": "default_span", "to-device": "traffic", "from-device": "traffic"}
        self.fields |= {names[key]: value for key, value in values.items() if key in names}
        self.chains: list[tuple[str, RulesBuilder]] = []

    def add(self, line: Line) -> None:
        """Take the head of a chain, or a rule of the last one."""
        if line.ahead("chain "):
            line.need("chain")
            self.chains.append((line.name(), RulesBuilder()))
        elif not self.chains:
            line.fail("expected `chain` and its name")
        else:
            self.chains[-1][1].append(_rule(line))

    def made(self) -> Stage:
        """Give the stage."""
        return Stage(**self.fields, chains=tuple(Chain(name=name, rules=rules.build()) for name, rules in self.chains))


def _span(line: Line) -> Span | None:
    return line.span() if line.ahead("@") else None


def _device(line: Line) -> Device:
    table: dict[str, Callable[[], Any]] = dict.fromkeys(("hostname", "model", "version", "serial"), line.name)
    values = line.options({**table, "ha": lambda: line.choice(HaRole)})
    return Device(**{"ha_role" if key == "ha" else key: value for key, value in values.items()})


def _interface(line: Line) -> Interface:
    name = line.name()
    values = line.options(
        {
            "hardware": line.name,
            "zone": line.name,
            "level": line.integer,
            "addresses": line.addresses,
            "networks": line.addresses,
            "disabled": lambda: False,
            "@": line.span,
        }
    )
    names = {"level": "security_level", "disabled": "enabled", "@": "span"}
    return Interface(name=name, **{names.get(key, key): value for key, value in values.items()})


def _route(line: Line) -> Route:
    destination = line.addresses()
    line.need("via")
    name = line.name()
    values = line.options({"metric": line.integer, "@": line.span})
    return Route(destination=destination, interface=name, metric=values.get("metric", 0), span=values.get("@"))


def _helper(line: Line) -> Helper:
    protocol, services = line.name(), line.services()
    values = line.options({"interfaces": lambda: frozenset(line.names()), "name": line.name, "@": line.span})
    return Helper(
        protocol=protocol,
        services=services,
        interfaces=values.get("interfaces"),
        name=values.get("name", ""),
        span=values.get("@"),
    )


def _assumption(line: Line) -> Assumption:
    text = line.quoted()
    line.need("because")
    return Assumption(text=text, why=line.quoted())


def _bypass(line: Line) -> Bypass:
    text, five_tuple = line.quoted(), line.five_tuple()
    values = line.options({"[": line.between, "@": line.span})
    ingress, egress = values.get("[", (None, None))
    return Bypass(text=text, **five_tuple, ingress=ingress, egress=egress, span=values.get("@"))


def _management(line: Line) -> ManagementNote:
    return ManagementNote(text=line.quoted(), span=_span(line))


_STATEMENTS: dict[str, tuple[str, Callable[[Line], object]]] = {
    "interface": ("interfaces", _interface),
    "route": ("routes", _route),
    "helper": ("helpers", _helper),
    "assume": ("assumptions", _assumption),
    "bypass": ("bypasses", _bypass),
    "management": ("management", _management),
}


def _member(line: Line) -> tuple[Bounds[AddressSet] | Bounds[ServiceSet], Span]:
    kind = line.keyword()
    if kind not in {"addresses", "services"}:
        line.fail("a member of an object is `addresses` or `services`, not this")
    reader: Callable[[], Any] = line.addresses if kind == "addresses" else line.services
    possible = reader()
    values = line.options({"surely": reader, "?": line.condition, "@": line.span})
    if "@" not in values:
        line.fail("a member of an object needs its lines")
    bounds = Bounds(sure=values.get("surely", possible), possible=possible, why=tuple(values.get("?", ())))
    return bounds, values["@"]


def _rule(line: Line) -> Rule:
    word = line.keyword()
    if word not in _DECISIONS:
        line.at = 0
        line.fail(f"a rule begins with one of {', '.join(_DECISIONS)}, not as")
    argument = line.name() if word in {"call", "goto", "mark"} else ""
    five_tuple = line.five_tuple()
    table = {**line.match_options(), "name": line.name, "@": line.span, "?": line.condition}
    table["sure"] = lambda: _sure(line)
    if word == "permit":
        table["replies"] = lambda: True
    if word in {"snat", "dnat"}:
        table |= {"to": lambda: _target(line), "one-to-one": lambda: True, "tag": line.name, "egress": line.name}
    values = line.options(table)
    return Rule(
        do=_do(word, argument, values),
        possible=made_match(five_tuple, values),
        sure=values.get("sure"),
        conditions=tuple(values.get("?", ())),
        name=values.get("name", ""),
        span=values.get("@"),
    )


def _sure(line: Line) -> object:
    line.need("(")
    match = line.match()
    line.need(")")
    return match


def _target(line: Line) -> tuple[AddressSet | None, tuple[int, int] | None]:
    addresses = None if line.ahead(":") else line.addresses()
    return addresses, line.ports()[0] if line.skip(":") else None


def _do(word: str, argument: str, values: dict[str, Any]) -> Do:
    simple: dict[str, Do] = {
        "permit": Permit(replies=values.get("replies", False)),
        "deny": Deny(),
        "return": Return(),
        "call": Call(chain=argument),
        "goto": Goto(chain=argument),
        "mark": Mark(tag=argument),
    }
    if word in simple:
        return simple[word]
    to, ports = values.get("to", (None, None))
    return Rewrite(
        side=Side.SOURCE if word == "snat" else Side.DESTINATION,
        to=to,
        ports=ports,
        shift=values.get("one-to-one", False),
        tag=values.get("tag"),
        egress=values.get("egress"),
    )
