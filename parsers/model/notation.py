"""The plain notation of a model, for people and for golden files: one line a rule.

    firewall cisco_asa
    interface outside level 0 networks 198.51.100.0/24 @5-9
    stage "access outside" [outside>] default deny "implicit deny"
      chain outside_in
        permit tcp any -> 192.0.2.10:443 [outside>dmz] replies @12-14 ?application=ssl

A rule reads: what it does, protocols, source, destination, `[ingress>egress]`, then what else holds of it. Ports follow
a colon, ICMP types and codes too (`icmp any -> 192.0.2.10:8/0`); sets of several elements stand in braces, `!` is
everything but. `@12-14` are the lines of the configuration (`@1:12` those of its second document), `?` starts a
condition, `sure (...)` is the part that matches whatever the conditions say. `dnat` and `snat` are translations `to` an
address. A line that begins with `#` says nothing. `read` gives back exactly what `render` wrote.
"""

from __future__ import annotations

import json
import re
from functools import reduce
from typing import TYPE_CHECKING

from parsers.model import intervals as iv
from parsers.model.addresses import NONE, AddressSet
from parsers.model.conditions import Axis, Bounds, Condition
from parsers.model.firewall import Device, HaRole
from parsers.model.notation_reader import read, read_all
from parsers.model.rules import ALL_STATES, Call, Deny, Goto, Mark, Match, Permit, Return, Rewrite, Side, Traffic, View
from parsers.model.services import ANY_SERVICE, ICMP, ICMP6, PORTS, ServiceSet, protocol_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from parsers.model.capture import Span
    from parsers.model.firewall import Bypass, Firewall, Helper, Interface, NamedObject, Route
    from parsers.model.intervals import Intervals
    from parsers.model.rules import Do, Rule, Stage

__all__ = ["read", "read_all", "render", "render_all", "rule_text"]

_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:+-]*")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def render_all(firewalls: Iterable[Firewall]) -> str:
    """Give several firewalls in plain notation, with an empty line between them."""
    return "\n".join(map(render, firewalls))


def render(firewall: Firewall) -> str:
    """Give a firewall in plain notation, each line ended by a newline; the same firewall always gives the same text."""
    return "".join(f"{line}\n" for line in _firewall_lines(firewall))


def rule_text(rule: Rule) -> str:
    """Give one rule in plain notation."""
    return _joined(_rule_words(rule))


def _joined(words: Iterable[str]) -> str:
    return " ".join(word for word in words if word)


def _name(text: str) -> str:
    """Give a name as it is, or quoted where it holds anything but the letters of plain names."""
    return text if _BARE.fullmatch(text) and text != "none" else _quoted(text)


def _quoted(text: str) -> str:
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _names(values: Iterable[str]) -> str:
    return ",".join(map(_name, values)) or "none"


def _option(word: str, text: str) -> str:
    return f"{word} {_name(text)}" if text else ""


def _span(span: Span | None) -> str:
    if span is None:
        return ""
    lines = f"{span.first}" if span.first == span.last else f"{span.first}-{span.last}"
    return f"@{span.document}:{lines}" if span.document else f"@{lines}"


# ---------------------------------------------------------------------------------- whole firewall


def _firewall_lines(firewall: Firewall) -> Iterator[str]:
    yield _joined(("firewall", _name(firewall.platform), _option("context", firewall.context)))
    if firewall.device != Device():
        yield _device_line(firewall.device)
    yield from map(_interface_line, firewall.interfaces)
    yield from map(_route_line, firewall.routes)
    if not firewall.routes_complete:
        yield "routes incomplete"
    for item in firewall.objects:
        yield from _object_lines(item)
    yield from map(_helper_line, firewall.helpers)
    for assumption in firewall.assumptions:
        yield f"assume {_quoted(assumption.text)} because {_quoted(assumption.why)}"
    yield from map(_bypass_line, firewall.bypasses)
    for note in firewall.management:
        yield _joined(("management", _quoted(note.text), _span(note.span)))
    for stage in firewall.stages:
        yield from _stage_lines(stage)


def _device_line(device: Device) -> str:
    words = (_option(word, getattr(device, word)) for word in ("hostname", "model", "version", "serial"))
    role = f"ha {device.ha_role}" if device.ha_role is not HaRole.NONE else ""
    return _joined(("device", *words, role))


def _interface_line(interface: Interface) -> str:
    return _joined(
        (
            "interface",
            _name(interface.name),
            _option("hardware", interface.hardware),
            _option("zone", interface.zone),
            "" if interface.security_level is None else f"level {interface.security_level}",
            "" if interface.addresses == NONE else f"addresses {_addresses(interface.addresses)}",
            "" if interface.networks == NONE else f"networks {_addresses(interface.networks)}",
            "" if interface.enabled else "disabled",
            _span(interface.span),
        )
    )


def _route_line(route: Route) -> str:
    metric = f"metric {route.metric}" if route.metric else ""
    return _joined(("route", _addresses(route.destination), "via", _name(route.interface), metric, _span(route.span)))


def _object_lines(item: NamedObject) -> Iterator[str]:
    yield _joined(("object", _name(item.name), _span(item.span)))
    for bounds, span in item.members:
        yield f"  {_joined((_bounds(bounds), _span(span)))}"


def _bounds(bounds: Bounds[AddressSet] | Bounds[ServiceSet]) -> str:
    kind = "addresses" if isinstance(bounds.possible, AddressSet) else "services"
    sure, possible = (
        _addresses(side) if isinstance(side, AddressSet) else _services(side) for side in (bounds.sure, bounds.possible)
    )
    lower = "" if sure == possible else f"surely {sure}"
    return _joined((kind, possible, lower, *map(_condition, bounds.why)))


def _helper_line(helper: Helper) -> str:
    where = "" if helper.interfaces is None else f"interfaces {_names(sorted(helper.interfaces))}"
    return _joined(
        (
            "helper",
            _name(helper.protocol),
            _services(helper.services),
            where,
            _option("name", helper.name),
            _span(helper.span),
        )
    )


def _bypass_line(bypass: Bypass) -> str:
    match = Match(
        source=bypass.source,
        destination=bypass.destination,
        services=bypass.services,
        ingress=bypass.ingress,
        egress=bypass.egress,
    )
    return _joined(("bypass", _quoted(bypass.text), *_match_words(match), _span(bypass.span)))


def _stage_lines(stage: Stage) -> Iterator[str]:
    yield _joined(
        (
            "stage",
            _name(stage.name),
            _between(stage.ingress, stage.egress),
            "" if stage.traffic is Traffic.THROUGH else stage.traffic,
            "sees original" if stage.sees is View.ORIGINAL else "",
            "translates" if stage.translates else "",
            "" if stage.stateful else "stateless",
            "default",
            _decision(stage.default),
            "replies" if isinstance(stage.default, Permit) and stage.default.replies else "",
            _quoted(stage.default_name),
            _span(stage.default_span),
        )
    )
    for chain in stage.chains:
        yield f"  chain {_name(chain.name)}"
        yield from (f"    {_joined(_rule_words(rule))}" for rule in chain.rules)


# ------------------------------------------------------------------------------------------- rules


def _rule_words(rule: Rule) -> Iterator[str]:
    yield _decision(rule.do)
    yield from _match_words(rule.possible)
    if isinstance(rule.do, Rewrite):
        yield from _rewrite_words(rule.do)
    if isinstance(rule.do, Permit) and rule.do.replies:
        yield "replies"
    yield _option("name", rule.name)
    yield _span(rule.span)
    yield from map(_condition, rule.conditions)
    if rule.sure is not None:
        yield f"sure ({_joined(_match_words(rule.sure))})"


def _decision(do: Do) -> str:
    match do:
        case Call(chain=name):
            return f"call {_name(name)}"
        case Goto(chain=name):
            return f"goto {_name(name)}"
        case Mark(tag=tag):
            return f"mark {_name(tag)}"
        case Rewrite(side=side):
            return "snat" if side is Side.SOURCE else "dnat"
        case Permit():
            return "permit"
        case Deny():
            return "deny"
        case Return():
            return "return"


def _rewrite_words(do: Rewrite) -> Iterator[str]:
    if do.to is not None or do.ports is not None:
        address = "" if do.to is None else _addresses(do.to)
        yield f"to {address}{_colon((do.ports,) if do.ports else ())}"
    if do.shift:
        yield "one-to-one"
    if do.tag is not None:
        yield f"tag {_name(do.tag)}"
    if do.egress is not None:
        yield f"egress {_name(do.egress)}"


def _match_words(match: Match) -> Iterator[str]:
    groups = _service_groups(match.services)
    if len(groups) == 1:
        protocols, source_ports, ports = groups[0]
        yield _protocols(protocols)
        yield _addresses(match.source) + _colon(source_ports)
        yield f"-> {_addresses(match.destination)}{_colon(ports, icmp=_is_icmp(protocols))}"
    else:
        yield _services(match.services)
        yield f"{_addresses(match.source)} -> {_addresses(match.destination)}"
    yield _between(match.ingress, match.egress)
    if match.states != ALL_STATES:
        yield f"state {_names(sorted(match.states))}"
    if match.tags is not None:
        yield f"tags {_names(sorted(match.tags))}" if match.tags else "untagged"
    if match.objects:
        yield f"from {_names(match.objects)}"


def _between(ingress: frozenset[str] | None, egress: frozenset[str] | None) -> str:
    if ingress is None and egress is None:
        return ""
    sides = ("" if side is None else _names(sorted(side)) for side in (ingress, egress))
    return f"[{'>'.join(sides)}]"


def _condition(condition: Condition) -> str:
    axis = "" if condition.axis is Axis.WHOLE else f"/{condition.axis}"
    values = f"={','.join(map(_name, condition.values))}" if condition.values else ""
    text = f"({_quoted(condition.text)})" if condition.text else ""
    return f"?{condition.kind}{axis}{values}{text}"


# -------------------------------------------------------------------------- addresses and services


def _addresses(values: AddressSet) -> str:
    others = ~values
    if len(others.intervals) < len(values.intervals) and others:
        return f"!{_addresses(others)}"
    text = str(values)
    return f"{{{text}}}" if "," in text or ":" in text else text


_Group = tuple["Intervals", "Intervals", "Intervals"]


def _service_groups(services: ServiceSet) -> list[_Group]:
    """Give protocols, source ports and ports of few products that make up a set; every port is an empty range."""
    common = _whatever_source_port(services)
    by_axis: dict[Intervals, list[tuple[int, int]]] = {common: [PORTS]} if common else {}
    for low, high, axis in services.slabs:
        rest = iv.difference(axis, common)
        if rest:
            by_axis.setdefault(rest, []).append((low, high))
    return [group for axis, source_ports in by_axis.items() for group in _axis_groups(axis, tuple(source_ports))]


def _whatever_source_port(services: ServiceSet) -> Intervals:
    """Give the protocols and ports that a set holds with every source port."""
    if sum(high - low + 1 for low, high, _ in services.slabs) <= PORTS[1]:
        return ()
    return reduce(iv.intersection, (axis for _, _, axis in services.slabs))


def _axis_groups(axis: Intervals, source_ports: Intervals) -> Iterator[_Group]:
    ports: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for box in ServiceSet.from_axis(axis).boxes:
        ports.setdefault(box.protocols, []).append(box.ports)
    groups: dict[tuple[bool, Intervals], list[tuple[int, int]]] = {}
    for protocols, ranges in ports.items():
        every = ranges == [PORTS]
        key = (not every and _is_icmp((protocols,)), () if every else tuple(ranges))
        groups.setdefault(key, []).append(protocols)
    for (_, target), members in groups.items():
        yield tuple(members), () if source_ports == (PORTS,) else source_ports, target


def _is_icmp(protocols: Intervals) -> bool:
    return protocols[0] in {(ICMP, ICMP), (ICMP6, ICMP6)}


def _services(services: ServiceSet) -> str:
    if services == ANY_SERVICE:
        return "{ip}"
    items = []
    for protocols, source_ports, ports in _service_groups(services):
        target = _ports(ports, icmp=_is_icmp(protocols)) or "any"
        if source_ports:
            items.append(f"{_protocols(protocols)}:{_ports(source_ports)}>{target}")
        else:
            items.append(f"{_protocols(protocols)}:{target}" if ports else _protocols(protocols))
    return f"{{{' '.join(items)}}}"


def _protocols(protocols: Intervals) -> str:
    if protocols == ((0, 255),):
        return "ip"
    return ",".join(protocol_name(low) if low == high else f"{low}-{high}" for low, high in protocols)


def _colon(ports: Intervals, *, icmp: bool = False) -> str:
    return f":{_ports(ports, icmp=icmp)}" if ports else ""


def _ports(ports: Intervals, *, icmp: bool = False) -> str:
    if icmp:
        return ",".join(_types(low, high) for low, high in ports)
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)


def _types(low: int, high: int) -> str:
    """Give ICMP types and codes: `8` is every code of a type, `3/4` one code."""
    (first, start), (last, stop) = divmod(low, 256), divmod(high, 256)
    if start == 0 and stop == 255:
        return str(first) if first == last else f"{first}-{last}"
    return f"{first}/{start}" if low == high else f"{first}/{start}-{last}/{stop}"
