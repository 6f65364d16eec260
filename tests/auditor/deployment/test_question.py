"""Who stands on which side of one firewall: declared, derived, unassigned, ignored, and the device itself."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.deployment.cuts import crosses, cuts, hops
from auditor.deployment.load import load
from auditor.deployment.question import entry_of, question
from auditor.deployment.resolve import rows
from auditor.deployment.site import Question, SideSpec
from auditor.errors import DeploymentError
from parsers.model.addresses import AddressSet, address_number
from parsers.model.firewall import Firewall, Interface, Route

GROUPS = {
    "edge": ["192.0.2.11", "192.0.2.12"],
    "edge_vip": ["192.0.2.10"],
    "server": ["10.20.0.11"],
    "trusted": ["10.0.0.0/8"],
    "partners": ["203.0.113.0/24"],
}
SIDES = {"outside": ["internet", "partners"], "dmz": ["edge", "edge_vip"], "inside": ["server", "trusted"]}


def interface(name: str, network: str, zone: str = "") -> Interface:
    """Make an interface with one connected network."""
    return Interface(name=name, zone=zone, networks=AddressSet.of(network))


def route(prefix: str, name: str, metric: int = 0) -> Route:
    """Make a route."""
    return Route(destination=AddressSet.of(prefix), interface=name, metric=metric)


DEVICE = Firewall(
    platform="cisco_asa",
    interfaces=(
        interface("outside", "198.51.100.0/24"),
        interface("dmz", "192.0.2.0/24"),
        interface("dmz2", "10.99.0.0/24"),
        interface("inside", "10.20.0.0/24"),
        interface("management", "10.255.0.0/24"),
    ),
    routes=(route("0.0.0.0/0", "outside"), route("10.0.0.0/8", "inside"), route("192.168.7.0/24", "dmz2")),
)


def ask(device: Firewall = DEVICE, entry: dict[str, Any] | None = None, **parts: Any) -> Question:
    """Put a deployment's question to a device."""
    usual = {"sides": SIDES, "ignore_interfaces": ["management"]}
    site = {"version": 1, "groups": GROUPS, "services": {"https": True}, **parts}
    found = load({**site, "firewalls": {"fw": usual if entry is None else entry}})
    return question(found, "fw", device)


def side(asked: Question, name: str) -> SideSpec:
    """Give a side by name."""
    return next(item for item in asked.sides if item.name == name)


def standing(asked: Question, address: str) -> list[str]:
    """Give the sides on which an address can stand."""
    return [item.name for item in asked.sides if address_number(address) in item.addresses]


@pytest.mark.parametrize(
    ("address", "sides"),
    [
        ("192.0.2.11", ["dmz"]),  # a declared group
        ("192.0.2.200", ["dmz"]),  # the rest of a connected network
        ("10.20.0.11", ["inside"]),
        ("10.77.0.1", ["inside"]),  # a routed network
        ("10.99.0.5", ["unassigned:dmz2"]),  # connected more specifically than the declared trusted network
        ("192.168.7.1", ["unassigned:dmz2"]),  # routed there
        ("198.51.100.9", ["outside"]),
        ("8.8.8.8", ["outside"]),  # the default route's side gets the rest
        ("203.0.113.5", ["outside"]),
        ("2001:db8::1", ["outside"]),  # the declared Internet has IPv6 too
    ],
)
def test_what_can_stand_on_a_side(address: str, sides: list[str]) -> None:
    """A side holds its groups and what the device routes there, without what stands more specifically elsewhere."""
    assert standing(ask(), address) == sides


def test_sides_are_disjoint_and_leave_out_what_is_ignored() -> None:
    """No address stands on two of these sides, and none of the management network's is taken for a host's."""
    asked = ask()
    for index, one in enumerate(asked.sides):
        for other in asked.sides[index + 1 :]:
            assert not one.addresses & other.addresses, (one.name, other.name)
    assert "management" not in [item.name for item in asked.sides]
    assert [item.name for item in asked.sides if not item.declared] == ["unassigned:dmz2"]
    assert side(asked, "dmz").interfaces == ("dmz",)


def test_the_internet_is_exact_on_a_firewall() -> None:
    """What is routed to another side, or to an ignored interface, is not the Internet; what is routed outside is."""
    device = Firewall(
        platform="cisco_asa",
        interfaces=DEVICE.interfaces,
        routes=(*DEVICE.routes, route("198.18.0.0/15", "inside"), route("198.51.101.0/24", "management")),
    )
    found = ask(device).internet

    for inside in ("8.8.8.8", "198.51.100.9", "2001:db8::1"):
        assert address_number(inside) in found
    for outside in ("198.18.0.1", "198.51.101.1", "192.0.2.200", "192.0.2.10", "203.0.113.1", "10.1.1.1"):
        assert address_number(outside) not in found


def test_allowed_internet_is_everything_on_its_side_but_protected_hosts() -> None:
    """Partners and the transfer network may come to the VIP as well; the inside may not."""
    asked = ask()
    row = next(item for item in asked.rows if item.id == "5")
    allowed = AddressSet.join(region.source for region in row.allowed)

    assert address_number("203.0.113.9") in allowed
    assert address_number("198.51.100.1") in allowed
    assert address_number("10.1.1.1") not in allowed
    assert address_number("192.0.2.11") not in allowed


def test_sources_that_cannot_be_real_are_not_judged_outside() -> None:
    """Private and multicast senders are unreal on the default-route side unless they are routed or listed there."""
    asked = ask()
    assert address_number("172.16.0.1") in asked.unreal_sources
    assert address_number("224.0.0.1") in asked.unreal_sources
    assert address_number("8.8.8.8") not in asked.unreal_sources

    device = Firewall(
        platform="cisco_asa", interfaces=DEVICE.interfaces, routes=(*DEVICE.routes, route("172.16.5.0/24", "outside"))
    )
    assert address_number("172.16.5.1") not in ask(device).unreal_sources


def test_a_prohibition_takes_what_stands_on_the_servers_side() -> None:
    """The Edge must not reach any address on the Server's side, listed or not."""
    device = Firewall(
        platform="cisco_asa", interfaces=DEVICE.interfaces, routes=(*DEVICE.routes, route("198.18.0.0/15", "inside"))
    )
    row = next(item for item in ask(device).rows if item.id == "P-inwards")
    taken = AddressSet.join(region.destination for region in row.off)

    assert address_number("198.18.0.1") in taken
    assert address_number("8.8.8.8") not in taken
    assert address_number("203.0.113.1") not in taken


def test_sides_are_derived_from_routes() -> None:
    """Without declared sides groups stand where the device routes them, and the Internet at the default route."""
    asked = ask(entry={"ignore_interfaces": ["management"]})

    assert {item.name: tuple(text.partition(":")[0] for text in item.members) for item in asked.sides} == {
        "outside": ("partners", "internet"),
        "dmz": ("edge", "edge_vip"),
        "inside": ("server", "trusted"),
        "dmz2": ("trusted",),
    }
    assert standing(asked, "192.0.2.10") == ["dmz"]
    assert standing(asked, "10.20.0.11") == ["inside"]
    assert standing(asked, "8.8.8.8") == ["outside"]
    assert side(asked, "outside").internet
    assert {row.id for row in asked.rows if row.required and crosses(row, asked)} == {"5", "23", "27"}


def test_derived_sides_know_two_uplinks_and_the_device_itself() -> None:
    """Both default routes lead to the Internet; the host's own addresses stand on no interface."""
    device = Firewall(
        platform="linux",
        interfaces=(
            interface("eth0", "198.51.100.0/25"),
            interface("eth1", "198.51.100.128/25"),
            interface("eth2", "192.0.2.0/24"),
            interface("eth3", "10.0.0.0/8"),
        ),
        routes=(route("0.0.0.0/0", "eth0"), route("0.0.0.0/0", "eth1", 200)),
    )
    asked = ask(device, {"platform": "linux", "local": ["192.0.2.11"]})

    assert [item.name for item in asked.sides if item.internet] == ["eth0", "eth1"]
    assert standing(asked, "8.8.8.8") == ["eth0", "eth1"]
    assert standing(asked, "192.0.2.11") == ["local"]
    assert side(asked, "eth2").groups == AddressSet.of("192.0.2.10", "192.0.2.12")


def test_derived_sides_are_zones_where_there_are_zones() -> None:
    """Rules of a zone-based platform name zones, so sides do too."""
    device = Firewall(
        platform="juniper_junos",
        interfaces=(
            interface("ge-0/0/0.0", "198.51.100.0/24", "untrust"),
            interface("ge-0/0/1.0", "192.0.2.0/24", "dmz"),
            interface("ge-0/0/2.0", "10.0.0.0/8", "trust"),
        ),
        routes=(route("0.0.0.0/0", "ge-0/0/0.0"),),
    )
    asked = ask(device, {})

    assert sorted(item.name for item in asked.sides) == ["dmz", "trust", "untrust"]
    assert side(asked, "dmz").interfaces == ("ge-0/0/1.0",)


def test_deriving_is_refused_where_routes_are_not_all_known() -> None:
    """Dynamic routing without a collected table ends in 2, with the YAML to paste."""
    device = Firewall(platform="cisco_asa", interfaces=DEVICE.interfaces, routes=DEVICE.routes, routes_complete=False)
    with pytest.raises(DeploymentError) as caught:
        ask(device, {})

    assert caught.value.exit_code == 2
    assert "dynamic or policy routing" in caught.value.message
    assert "sides:" in caught.value.hint
    assert "    dmz: []" in caught.value.hint
    assert ask(device).sides


def test_a_side_that_the_device_does_not_have() -> None:
    """A misspelt interface is told with the nearest name."""
    with pytest.raises(DeploymentError, match="fw has no interface or zone dmzz") as caught:
        ask(entry={"sides": {**SIDES, "dmzz": ["10.98.0.0/24"]}})
    assert "did you mean dmz" in caught.value.hint


def test_local_hosts_stand_on_the_device_itself() -> None:
    """On a host firewall the host's own addresses are a side; the other Edge stands on the interface."""
    device = Firewall(
        platform="linux",
        interfaces=(interface("eth0", "192.0.2.0/24"), interface("eth1", "10.0.0.0/8")),
        routes=(route("0.0.0.0/0", "eth0"),),
    )
    entry = {
        "platform": "linux", "local": ["192.0.2.11", "192.0.2.10"],
        "sides": {"eth0": ["internet", "partners"], "eth1": ["server", "trusted"]},
    }  # fmt: skip
    asked = ask(device, entry, services={"https": True, "admin": True})

    assert standing(asked, "192.0.2.11") == ["local"]
    assert standing(asked, "192.0.2.12") == ["eth0"]
    assert asked.local == AddressSet.of("192.0.2.10", "192.0.2.11")
    found = {
        row.id: [(cut.source, cut.destination) for cut in crosses(row, asked)] for row in asked.rows if row.required
    }
    assert found["5"] == [("eth0", "local")]
    assert sorted(found["14"]) == [("eth1", "eth0"), ("eth1", "local")]


def test_a_group_on_two_sides_stands_on_both() -> None:
    """Two Internet uplinks are both judged, and a row crosses from each."""
    device = Firewall(
        platform="cisco_asa",
        interfaces=(
            interface("isp1", "198.51.100.0/25"),
            interface("isp2", "198.51.100.128/25"),
            interface("dmz", "192.0.2.0/24"),
        ),
        routes=(route("0.0.0.0/0", "isp1"), route("0.0.0.0/0", "isp2", 200)),
    )
    asked = ask(device, {"sides": {"isp1": ["internet"], "isp2": ["internet"], "dmz": ["edge", "edge_vip"]}})
    row = next(item for item in asked.rows if item.id == "5")

    assert [(cut.source, cut.destination) for cut in cuts(row.required, asked)] == [("isp1", "dmz"), ("isp2", "dmz")]
    assert standing(asked, "8.8.8.8") == ["isp1", "isp2"]


def test_an_inner_firewall_has_the_internet_behind_its_default_route() -> None:
    """Where no side declares it, the Internet is behind the default route, so direct outbound transfers cross."""
    device = Firewall(
        platform="cisco_asa",
        interfaces=(interface("dmz", "192.0.2.0/24"), interface("inside", "10.0.0.0/8")),
        routes=(route("0.0.0.0/0", "dmz"),),
    )
    asked = ask(
        device, {"sides": {"dmz": ["edge", "edge_vip"], "inside": ["server", "trusted"]}},
        topology={"outbound_via": "direct"}, services={"ssh": {"outbound": [{}]}},
    )  # fmt: skip

    assert side(asked, "dmz").internet
    assert {row.id for row in asked.rows if row.required and crosses(row, asked)} == {"25", "27", "37"}


def test_the_firewall_that_is_meant() -> None:
    """By name, or the only one of a platform; else what there is to choose from is listed."""
    found = load({
        "version": 1,
        "groups": GROUPS,
        "firewalls": {"a": {"platform": "cisco_asa"}, "b": {"platform": "cisco_asa"}, "c": {"platform": "linux"}},
    })  # fmt: skip

    assert entry_of(found, platform="linux").name == "c"
    assert entry_of(found, "b").name == "b"
    with pytest.raises(DeploymentError, match="2 firewalls of platform cisco_asa") as caught:
        entry_of(found, platform="cisco_asa")
    assert "there are: a, b" in caught.value.hint
    with pytest.raises(DeploymentError, match="no firewall is called d"):
        entry_of(found, "d")


def test_outbound_rows_run_along_paths_backwards() -> None:
    """Paths are given from the Internet inwards; what the Server or the Edge opens meets the hops the other way."""
    found = load({
        "version": 1,
        "groups": GROUPS,
        "services": {"https": True},
        "firewalls": {"outer": {}, "inner": {}},
        "paths": [["outer", "inner"]],
    })  # fmt: skip
    by_id = {row.id: row for row in rows(found)}

    assert hops(found, by_id["5"]) == (("outer", "inner"),)
    assert hops(found, by_id["27"]) == (("inner", "outer"),)
    assert hops(found, by_id["37"]) == (("inner", "outer"),)
