"""A deployment and a device's own routes that cannot both be right."""

from __future__ import annotations

import pytest

from auditor.deployment.load import load
from auditor.deployment.places import carved
from auditor.deployment.question import question
from auditor.errors import DeploymentError
from parsers.model.addresses import AddressSet
from parsers.model.firewall import Firewall, Interface, Route

GROUPS = {"edge": ["192.0.2.11", "192.0.2.12"], "edge_vip": ["192.0.2.10"], "server": ["10.20.0.11"]}
SIDES = {"outside": ["internet"], "dmz": ["edge", "edge_vip"], "inside": ["server"]}


def interface(name: str, network: str) -> Interface:
    """Make an interface with one connected network."""
    return Interface(name=name, networks=AddressSet.of(network))


def route(prefix: str, name: str) -> Route:
    """Make a route."""
    return Route(destination=AddressSet.of(prefix), interface=name)


PORTS = (interface("outside", "198.51.100.0/24"), interface("dmz", "192.0.2.0/24"), interface("inside", "10.20.0.0/16"))
DEFAULT = route("0.0.0.0/0", "outside")


def _asked(interfaces: tuple[Interface, ...] = PORTS, *routes: Route, complete: bool = True) -> None:
    device = Firewall(platform="cisco_asa", interfaces=interfaces, routes=routes, routes_complete=complete)
    site = {"version": 1, "groups": GROUPS, "services": {"https": True}, "firewalls": {"fw": {"sides": SIDES}}}
    question(load(site), "fw", device)


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ((DEFAULT, route("192.0.2.10/32", "inside")), "192.0.2.10 stands on dmz, and fw routes it by inside"),
        ((DEFAULT, route("192.0.2.10/32", "null0")), "192.0.2.10 stands on dmz, and fw routes it by null0"),
        ((), "the Internet stands on outside, and fw has no route to it there"),
        ((route("0.0.0.0/0", "inside"),), "the Internet stands on outside, and fw has no route to it there"),
    ],
)
def test_routes_that_lead_elsewhere_are_told(routes: tuple[Route, ...], message: str) -> None:
    """A protected host that is routed to another side, and an Internet to which nothing is routed."""
    with pytest.raises(DeploymentError, match=message):
        _asked(PORTS, *routes)


def test_a_host_behind_no_interface_is_told() -> None:
    """Without its network, the virtual address goes by the default route."""
    smaller = (PORTS[0], interface("dmz", "192.0.2.0/29"), PORTS[2])

    with pytest.raises(DeploymentError, match="stands on dmz, and fw routes it by outside"):
        _asked(smaller, DEFAULT)


@pytest.mark.parametrize(("trusted", "told"), [("10.50.0.0/16", True), ("10.0.0.0/8", False), ("10.20.7.0/24", False)])
def test_a_group_of_which_nothing_is_routed_to_its_side_is_told(trusted: str, told: bool) -> None:
    """Of a group that is routed in part nothing is said: who is not there sends nothing."""
    site = {
        "version": 1,
        "groups": GROUPS | {"trusted": [trusted]},
        "firewalls": {"fw": {"sides": SIDES | {"inside": ["server", "trusted"]}}},
    }
    device = Firewall(platform="cisco_asa", interfaces=PORTS, routes=(DEFAULT,))

    if told:
        with pytest.raises(DeploymentError, match="stands on inside, and fw routes it by outside"):
            question(load(site), "fw", device)
    else:
        question(load(site), "fw", device)


def test_a_host_that_is_the_firewall_itself_is_told() -> None:
    """What is sent to an address of its own the firewall forwards to nobody."""
    own = Interface(name="dmz", addresses=AddressSet.of("192.0.2.11"), networks=AddressSet.of("192.0.2.0/24"))

    with pytest.raises(DeploymentError, match=r"192\.0\.2\.11 is an address of fw itself, on dmz"):
        _asked((PORTS[0], own, PORTS[2]), DEFAULT)


def test_an_address_of_the_firewall_within_a_network_of_hosts_is_no_host() -> None:
    """A site that lists its hosts' whole network lists the firewall's own address with it."""
    own = Interface(name="inside", addresses=AddressSet.of("10.20.0.1"), networks=AddressSet.of("10.20.0.0/16"))
    site = {
        "version": 1,
        "groups": GROUPS | {"server": ["10.20.0.0/24"]},
        "topology": {"cluster": "standard"},
        "firewalls": {"fw": {"sides": SIDES}},
    }

    question(load(site), "fw", Firewall(platform="cisco_asa", interfaces=(*PORTS[:2], own), routes=(DEFAULT,)))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"internal": ["0.0.0.0/0"]}, "internal"),
        ({"internal": ["0.0.0.0/1", "128.0.0.0/2"]}, "internal"),
        ({"groups": GROUPS | {"trusted": ["0.0.0.0/0"]}}, "internal"),
        ({"groups": GROUPS | {"crew": ["10.8.0.0/15"], "a": ["10.8.0.0/16"], "b": ["10.9.0.0/16"]}}, "groups.crew"),
    ],
)
def test_a_site_that_leaves_nobody_to_ask_for_is_told(changes: dict[str, object], key: str) -> None:
    """Groups or internal addresses that swallow the Internet, and groups that swallow another."""
    site = {"version": 1, "groups": GROUPS, "firewalls": {"fw": {"sides": SIDES}}}

    with pytest.raises(DeploymentError, match="leave") as caught:
        load(site | changes)

    assert caught.value.key == key


def test_a_name_for_some_hosts_leaves_them_hosts() -> None:
    """Groups of the site's own inside a protected group take nothing from what its rows ask for."""
    groups = GROUPS | {"edge_vip": ["192.0.2.10", "192.0.2.20"], "first": ["192.0.2.10"], "second": ["192.0.2.20"]}
    site = load({"version": 1, "groups": groups, "firewalls": {"fw": {"sides": SIDES}}})

    (vip,) = (group for group in site.variants[0].groups if group.name == "edge_vip")
    assert carved(vip, site) == AddressSet.of("192.0.2.10", "192.0.2.20")


def test_routes_that_fit_or_are_not_all_known_are_no_contradiction() -> None:
    """Nor is a side whose interface is down: its rows are missing, and say so."""
    down = Interface(name="dmz", networks=AddressSet.of("192.0.2.0/24"), enabled=False)

    _asked(PORTS, DEFAULT)
    _asked(PORTS, complete=False)
    _asked((PORTS[0], down, PORTS[2]), DEFAULT)
