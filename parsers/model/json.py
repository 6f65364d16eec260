"""A firewall as values that JSON knows, for other programs; nothing reads it back.

Sets are sorted lists of texts, an absent restriction (any interface, any tag) is null, services are lists of boxes of
number ranges with both ends included, ICMP types and codes are ports of type * 256 + code (as in `services`), `lines`
says where a thing was written: document from 0, first and last line from 1. Each rule carries its line of plain
notation as `text`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from parsers.model.addresses import AddressSet
from parsers.model.notation import rule_text
from parsers.model.rules import Call, Deny, Goto, Mark, Permit, Return, Rewrite

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.capture import Span
    from parsers.model.conditions import Bounds, Condition
    from parsers.model.firewall import Bypass, Firewall, Helper, Interface, NamedObject, Route
    from parsers.model.rules import Do, Match, Rule, Stage
    from parsers.model.services import ServiceSet

__all__ = ["Json", "to_json"]

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"
_NAMES: dict[type[Do], str] = {
    Permit: "permit",
    Deny: "deny",
    Call: "call",
    Goto: "goto",
    Return: "return",
    Rewrite: "rewrite",
    Mark: "mark",
}


def to_json(firewall: Firewall) -> dict[str, Json]:
    """Give a firewall as dicts, lists, texts and numbers; equal firewalls give equal values."""
    device = firewall.device
    return {
        "platform": firewall.platform,
        "context": firewall.context,
        "device": {
            "hostname": device.hostname,
            "model": device.model,
            "version": device.version,
            "serial": device.serial,
            "ha_role": device.ha_role.value,
        },
        "interfaces": [_interface(item) for item in firewall.interfaces],
        "routes": [_route(item) for item in firewall.routes],
        "routes_complete": firewall.routes_complete,
        "objects": [_object(item) for item in firewall.objects],
        "helpers": [_helper(item) for item in firewall.helpers],
        "assumptions": [{"text": item.text, "why": item.why} for item in firewall.assumptions],
        "bypasses": [_bypass(item) for item in firewall.bypasses],
        "management": [{"text": item.text, "lines": _lines(item.span)} for item in firewall.management],
        "stages": [_stage(item) for item in firewall.stages],
    }


def _lines(span: Span | None) -> Json:
    return None if span is None else {"document": span.document, "first": span.first, "last": span.last}


def _texts(values: Iterable[str]) -> list[Json]:
    return list(values)


def _names(values: frozenset[str] | None) -> Json:
    return None if values is None else _texts(sorted(values))


def _addresses(values: AddressSet) -> list[Json]:
    return _texts(values.texts())


def _services(values: ServiceSet) -> list[Json]:
    return [
        {"protocols": [*box.protocols], "source_ports": [*box.source_ports], "ports": [*box.ports]}
        for box in values.boxes
    ]


def _interface(interface: Interface) -> Json:
    return {
        "name": interface.name,
        "hardware": interface.hardware,
        "zone": interface.zone,
        "addresses": _addresses(interface.addresses),
        "networks": _addresses(interface.networks),
        "enabled": interface.enabled,
        "security_level": interface.security_level,
        "lines": _lines(interface.span),
    }


def _route(route: Route) -> Json:
    return {
        "destination": _addresses(route.destination),
        "interface": route.interface,
        "metric": route.metric,
        "lines": _lines(route.span),
    }


def _object(item: NamedObject) -> Json:
    return {
        "name": item.name,
        "members": [{**_bounds(bounds), "lines": _lines(span)} for bounds, span in item.members],
        "lines": _lines(item.span),
    }


def _bounds(bounds: Bounds[AddressSet] | Bounds[ServiceSet]) -> dict[str, Json]:
    sure, possible = (
        _addresses(side) if isinstance(side, AddressSet) else _services(side) for side in (bounds.sure, bounds.possible)
    )
    kind = "addresses" if isinstance(bounds.possible, AddressSet) else "services"
    return {"kind": kind, "possible": possible, "sure": sure, "conditions": [_condition(item) for item in bounds.why]}


def _helper(helper: Helper) -> Json:
    return {
        "protocol": helper.protocol,
        "services": _services(helper.services),
        "interfaces": _names(helper.interfaces),
        "name": helper.name,
        "lines": _lines(helper.span),
    }


def _bypass(bypass: Bypass) -> Json:
    return {
        "text": bypass.text,
        "source": _addresses(bypass.source),
        "destination": _addresses(bypass.destination),
        "services": _services(bypass.services),
        "ingress": _names(bypass.ingress),
        "egress": _names(bypass.egress),
        "lines": _lines(bypass.span),
    }


def _stage(stage: Stage) -> Json:
    return {
        "name": stage.name,
        "ingress": _names(stage.ingress),
        "egress": _names(stage.egress),
        "traffic": stage.traffic.value,
        "sees": stage.sees.value,
        "translates": stage.translates,
        "stateful": stage.stateful,
        "default": {**_decision(stage.default), "name": stage.default_name, "lines": _lines(stage.default_span)},
        "chains": [
            {"name": chain.name, "rules": [_rule(index, rule) for index, rule in enumerate(chain.rules)]}
            for chain in stage.chains
        ],
    }


def _rule(index: int, rule: Rule) -> Json:
    return {
        "index": index,
        "name": rule.name,
        "text": rule_text(rule),
        **_decision(rule.do),
        "match": _match(rule.possible),
        "sure": None if rule.sure is None else _match(rule.sure),
        "conditions": [_condition(item) for item in rule.conditions],
        "lines": _lines(rule.span),
    }


def _decision(do: Do) -> dict[str, Json]:
    name: dict[str, Json] = {"do": _NAMES[type(do)]}
    match do:
        case Permit(replies=replies):
            return {**name, "replies": replies}
        case Call(chain=chain) | Goto(chain=chain):
            return {**name, "chain": chain}
        case Mark(tag=tag):
            return {**name, "tag": tag}
        case Rewrite():
            return {
                **name,
                "side": do.side.value,
                "to": None if do.to is None else _addresses(do.to),
                "one_to_one": do.shift,
                "ports": None if do.ports is None else [*do.ports],
                "tag": do.tag,
                "egress": do.egress,
            }
        case _:
            return name


def _match(match: Match) -> Json:
    return {
        "source": _addresses(match.source),
        "destination": _addresses(match.destination),
        "services": _services(match.services),
        "ingress": _names(match.ingress),
        "egress": _names(match.egress),
        "states": _texts(sorted(match.states)),
        "tags": _names(match.tags),
        "objects": _texts(match.objects),
    }


def _condition(condition: Condition) -> Json:
    return {
        "kind": condition.kind.value,
        "axis": condition.axis.value,
        "values": _texts(condition.values),
        "text": condition.text,
    }
