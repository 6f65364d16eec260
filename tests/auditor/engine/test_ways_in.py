"""A side of several interfaces: a sender comes in by the one that is the way to it, and by no other."""

from __future__ import annotations

import pytest

from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.engine.examine import examine
from auditor.report.values import RowVerdictKind
from parsers.model.addresses import AddressSet
from parsers.model.firewall import Firewall, Interface, Route
from parsers.model.rules import Chain, Deny, Permit, Rules, Stage
from tests.auditor.engine.hand import CAPTURE

SITE = {
    "version": 1,
    "groups": {"edge": ["192.0.2.11"], "server": ["10.20.0.11"]},
    "topology": {"edge": "single", "streaming": False},
    "services": {"https": True},
    "ipv6": "none",
    "firewalls": {"fw": {"sides": {"OUT": ["internet"], "dmz": ["edge", "server"]}}},
}
ANYWHERE = AddressSet.of("0.0.0.0/0")


def _verdict(closed: str, *, complete: bool = True) -> RowVerdictKind:
    """Judge HTTPS from the Internet: `a` leads to all of it but 198.18.0.0/15, which is behind `b`; one is closed."""
    stages = tuple(
        Stage(
            name=f"in {name}",
            chains=(Chain(name="list", rules=Rules.of()),),
            default=Deny() if name == closed else Permit(replies=True),
            ingress=frozenset({name}),
        )
        for name in ("a", "b", "dmz")
    )
    device = Firewall(
        platform="test",
        interfaces=(
            Interface(name="a", zone="OUT", networks=AddressSet.of("198.51.100.0/24")),
            Interface(name="b", zone="OUT", networks=AddressSet.of("198.18.0.0/15")),
            Interface(name="dmz", networks=AddressSet.of("192.0.2.0/24", "10.20.0.0/24")),
        ),
        routes=(Route(destination=ANYWHERE, interface="a"),),
        routes_complete=complete,
        stages=stages,
    )
    rows = examine(device, question(load(SITE), "fw", device), CAPTURE).rows
    return next(row.verdict for row in rows if row.id == "5")


@pytest.mark.parametrize(
    ("closed", "verdict"),
    [("", RowVerdictKind.PRESENT), ("a", RowVerdictKind.PARTIAL), ("b", RowVerdictKind.PARTIAL)],
)
def test_each_way_in_must_be_open(closed: str, verdict: RowVerdictKind) -> None:
    """What the interface of the default route drops does not come in by the other one, nor the reverse."""
    assert _verdict(closed) is verdict


@pytest.mark.parametrize(
    ("closed", "verdict"),
    [
        ("", RowVerdictKind.PRESENT),
        ("a", RowVerdictKind.PARTIAL),
        ("b", RowVerdictKind.PARTIAL),
    ],
)
def test_where_routes_are_not_all_known_the_networks_of_the_interfaces_are(
    closed: str, verdict: RowVerdictKind
) -> None:
    """What is in the network of a closed interface surely does not come in; of the rest nothing is sure."""
    assert _verdict(closed, complete=False) is verdict
