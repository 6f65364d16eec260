"""The JSON form of a firewall: plain values, the same each time, saying all that the model holds."""

from __future__ import annotations

import json

from hypothesis import given, settings

from parsers.model.addresses import AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.firewall import Firewall, Interface, NamedObject
from parsers.model.json import to_json
from parsers.model.rules import Chain, Match, Permit, Rewrite, Rule, Rules, Side, Stage
from parsers.model.services import TCP, ServiceSet
from tests import strategies


@settings(max_examples=25)
@given(strategies.documented_firewalls, strategies.documented_firewalls)
def test_plain_and_deterministic(one: Firewall, other: Firewall) -> None:
    """JSON gives the values back as they are, and firewalls that differ differ in them."""
    values = to_json(one)
    assert json.loads(json.dumps(values)) == values
    assert json.dumps(to_json(one)) == json.dumps(values)
    assert one == other or to_json(other) != values


def test_shape() -> None:
    """Programs find sets as sorted texts, services as ranges, and lines with their document."""
    match = Match(
        source=AddressSet.of("203.0.113.0/24", "192.0.2.1"),
        services=ServiceSet.protocol(TCP, (443, 443)),
        ingress=frozenset({"outside", "dmz"}),
        tags=frozenset(),
    )
    why = Condition(kind=ConditionKind.FQDN, values=("a.example.com",), text="fqdn a.example.com")
    rules = Rules.of(
        Rule(do=Permit(replies=True), possible=match, conditions=(why,), name="1", span=Span(first=3, last=4)),
        Rule(do=Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.1"), ports=(1024, 65535))),
    )
    bounds = Bounds(sure=AddressSet(()), possible=AddressSet.of("192.0.2.0/24"), why=(why,))
    firewall = Firewall(
        platform="test",
        interfaces=(Interface(name="outside", networks=AddressSet.of("192.0.2.0/24")),),
        stages=(Stage(name="filter", chains=(Chain(name="main", rules=rules),)),),
        objects=(NamedObject(name="o", members=((bounds, Span(document=1, first=7, last=7)),)),),
    )
    values = json.loads(json.dumps(to_json(firewall)))
    condition = {"axis": "whole", "kind": "fqdn", "text": "fqdn a.example.com", "values": ["a.example.com"]}
    assert values["interfaces"][0]["networks"] == ["192.0.2.0/24"]
    assert values["objects"][0]["members"] == [
        {
            "kind": "addresses",
            "possible": ["192.0.2.0/24"],
            "sure": [],
            "conditions": [condition],
            "lines": {"document": 1, "first": 7, "last": 7},
        }
    ]
    stage = values["stages"][0]
    assert stage["default"] == {"do": "deny", "name": "implicit deny", "lines": None}
    first, second = stage["chains"][0]["rules"]
    assert first == {
        "index": 0,
        "name": "1",
        "text": "permit tcp {192.0.2.1,203.0.113.0/24} -> any:443 [dmz,outside>] untagged replies name 1 @3-4 "
        '?fqdn=a.example.com("fqdn a.example.com")',
        "do": "permit",
        "replies": True,
        "match": {
            "source": ["192.0.2.1", "203.0.113.0/24"],
            "destination": ["0.0.0.0/0", "::/0"],
            "services": [{"protocols": [6, 6], "source_ports": [0, 65535], "ports": [443, 443]}],
            "ingress": ["dmz", "outside"],
            "egress": None,
            "states": ["established", "new", "related"],
            "tags": [],
            "objects": [],
        },
        "sure": None,
        "conditions": [condition],
        "lines": {"document": 0, "first": 3, "last": 4},
    }
    assert {key: second[key] for key in ("do", "side", "to", "one_to_one", "ports", "tag", "egress")} == {
        "do": "rewrite",
        "side": "source",
        "to": ["198.51.100.1"],
        "one_to_one": False,
        "ports": [1024, 65535],
        "tag": None,
        "egress": None,
    }
