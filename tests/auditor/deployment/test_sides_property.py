"""Properties of sides, for random devices and groups."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.deployment.load import load
from auditor.deployment.question import question
from parsers.model.addresses import AddressSet
from parsers.model.firewall import Firewall, Interface, Route

NAMES = ("outside", "dmz", "inside", "spare")
PREFIXES = st.builds(
    lambda a, length: str(AddressSet.of(f"10.{a}.{a}.0/{length}")), st.integers(0, 7), st.integers(8, 30)
)


@settings(max_examples=40, deadline=None)
@given(
    nets=st.lists(PREFIXES, min_size=4, max_size=4),
    routes=st.lists(st.tuples(PREFIXES, st.sampled_from(NAMES)), max_size=5),
    groups=st.lists(PREFIXES, min_size=2, max_size=2, unique=True),
)
def test_every_address_stands_on_one_side_at_most(
    nets: list[str], routes: list[tuple[str, str]], groups: list[str]
) -> None:
    """Sides are disjoint, a listed group wins over the default route, and nothing that is routed is lost."""
    device = Firewall(
        platform="cisco_asa",
        interfaces=tuple(
            Interface(name=name, networks=AddressSet.of(net)) for name, net in zip(NAMES, nets, strict=True)
        ),
        routes=(
            *(Route(destination=AddressSet.of(prefix), interface=name) for prefix, name in routes),
            Route(destination=AddressSet.of("0.0.0.0/0"), interface="outside"),
        ),
        routes_complete=False,  # else routes that lead a server elsewhere are an error
    )
    found = load({
        "version": 1,
        "groups": {"server": [groups[0]], "trusted": [groups[1]]},
        "topology": {"streaming": False},
        "firewalls": {"fw": {"sides": {"outside": ["internet"], "inside": ["server", "trusted"]}}},
    })  # fmt: skip
    asked = question(found, "fw", device)
    taken = AddressSet.of()
    for side in asked.sides:
        if len(set(nets)) == 4 and len({prefix for prefix, _ in routes} | set(nets)) == 4 + len(set(routes)):
            assert not taken & side.addresses
        taken |= side.addresses
    assert AddressSet.of("0.0.0.0/0") <= taken
    assert AddressSet.of("203.0.113.9") <= next(side.addresses for side in asked.sides if side.name == "outside")
