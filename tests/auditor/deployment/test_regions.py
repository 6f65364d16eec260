"""What a row's regions hold: carved groups, client ports, alternatives, translations in front, balancer legs."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.baseline.rows import Region, Requirement, ResolvedRow
from auditor.deployment.load import load
from auditor.deployment.resolve import rows
from parsers.model.addresses import AddressSet, address_number
from parsers.model.conditions import ConditionKind

GROUPS = {
    "edge": ["192.0.2.11", "192.0.2.12"],
    "edge_vip": ["192.0.2.10"],
    "server": ["10.20.0.11"],
    "trusted": ["10.0.0.0/8"],
    "partners": ["203.0.113.0/24"],
}


def site(**parts: Any) -> dict[str, ResolvedRow]:
    """Load a deployment and give its rows by id."""
    found = load({"version": 1, "baseline": ["securetransport-5.5", "hygiene"], "groups": GROUPS, **parts})
    return {row.id: row for row in rows(found)}


def holds(
    regions: tuple[Region, ...], source: str, destination: str, source_port: int, port: int, proto: int = 6
) -> bool:
    """Tell whether one packet is in regions."""
    near, far = address_number(source), address_number(destination)
    return any(
        near in region.source and far in region.destination and region.services.contains(proto, source_port, port)
        for region in regions
    )


def test_a_client_row_asks_for_client_ports_and_allows_any() -> None:
    """Required source ports are 1024-65535, allowed ones are all."""
    row = site(services={"https": True})["5"]

    assert holds(row.required, "8.8.8.8", "192.0.2.10", 1024, 443)
    assert not holds(row.required, "8.8.8.8", "192.0.2.10", 1023, 443)
    assert holds(row.allowed, "8.8.8.8", "192.0.2.10", 1, 443)
    assert not holds(row.required, "8.8.8.8", "192.0.2.11", 50000, 443)
    assert not holds(row.allowed, "8.8.8.8", "192.0.2.10", 50000, 80)


def test_a_required_group_is_carved_and_an_allowed_one_is_not() -> None:
    """A group's more specific neighbours are not asked for, but trusted as written."""
    row = site(services={"admin": True})["14"]

    assert holds(row.required, "10.9.9.9", "192.0.2.11", 50000, 444)
    assert not holds(row.required, "10.20.0.11", "192.0.2.11", 50000, 444)
    assert holds(row.allowed, "10.20.0.11", "192.0.2.11", 50000, 444)


def test_the_internet_is_exact() -> None:
    """The Internet is section 4's ranges without private ones, every other group and the internal networks."""
    found = site(services={"https": True}, internal=["10.0.0.0/8", "198.51.100.0/24"])["5"].required[0].source

    for inside in ("1.0.0.0", "223.255.255.255", "192.0.2.1", "198.18.0.1", "11.0.0.0", "2000::", "2001:db8::1"):
        assert address_number(inside) in found, inside
    for outside in (
        "0.255.255.255", "224.0.0.0", "10.1.1.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.255.255",
        "192.168.0.1", "192.0.2.10", "192.0.2.12", "203.0.113.255", "198.51.100.7", "fe80::1", "fc00::1", "4000::",
    ):  # fmt: skip
        assert address_number(outside) not in found, outside
    four = AddressSet.of("1.0.0.0-223.255.255.255").size
    taken = 1 << 24, 1 << 22, 1 << 24, 1 << 16, 1 << 20, 1 << 16, 256, 256, 3
    assert found.size == four - sum(taken) + (1 << 125)


def test_a_partner_row_names_the_partners_only() -> None:
    """`from` takes the place of the Internet, in what is required and in what is allowed."""
    row = site(services={"ssh": {"from": ["partners"], "ports": [22, "2200-2201"]}})["6"]

    assert row.source == "partners"
    assert row.ports == "22,2200-2201"
    assert holds(row.required, "203.0.113.9", "192.0.2.10", 50000, 2201)
    assert not holds(row.allowed, "8.8.8.8", "192.0.2.10", 50000, 22)


FTP = {"passive_ports": "40000-40099"}


def test_active_ftp_is_opened_by_the_edge_from_port_20() -> None:
    """Row 2 runs from the Edge to the client; the virtual address as sender is as good."""
    row = site(services={"ftp": FTP})["2"]

    assert (row.source, row.destination) == ("edge", "internet")
    assert holds(row.required, "192.0.2.12", "8.8.8.8", 20, 50000)
    assert not holds(row.required, "192.0.2.12", "8.8.8.8", 21, 50000)
    assert not holds(row.required, "192.0.2.12", "8.8.8.8", 20, 1023)
    assert [holds(option, "192.0.2.10", "8.8.8.8", 20, 50000) for option in row.alternatives] == [False, True]
    assert holds(row.allowed, "192.0.2.10", "8.8.8.8", 1, 50000)
    assert not holds(row.allowed, "8.8.8.8", "192.0.2.10", 50000, 20)


@pytest.mark.parametrize(("port", "sent"), [(2020, {2020}), ("any", {20, 8020, 50000})])
def test_the_active_source_port_is_a_parameter(port: object, sent: set[int]) -> None:
    """A number is asked for; `any` makes each usual one an alternative."""
    row = site(services={"ftp": {**FTP, "active_source_port": port}})["2"]
    options = row.alternatives or (row.required,)
    found = {number for number in (20, 2020, 8020, 50000) if any(
        holds(option, "192.0.2.11", "8.8.8.8", number, 50000) for option in options)}  # fmt: skip

    assert {number for number in found if number in sent or number != 2020} == sent


def test_inspected_ftp_is_opened_by_the_helper() -> None:
    """Rows 2 and 3 name the helper and row 1; without a stated range nothing static is allowed for row 3."""
    found = site(services={"ftp": {"data": "inspected", "tls": "none"}})

    for row_id in ("2", "3"):
        assert found[row_id].opened_by_inspection
        assert (found[row_id].control_row, found[row_id].helper) == ("1", "ftp")
        assert found[row_id].requirement is Requirement.REQUIRED
    assert found["3"].allowed == ()
    assert found["3"].required
    assert not found["1"].opened_by_inspection


def test_one_of_two_ldap_ports_suffices() -> None:
    """389 or 3268: two alternatives, both allowed."""
    row = site(services={"ldap": True})["20"]

    assert len(row.alternatives) == 2
    for option, port in zip(row.alternatives, (389, 3268), strict=True):
        assert holds(option, "10.20.0.11", "10.9.9.9", 50000, port)
        assert not holds(option, "10.20.0.11", "10.9.9.9", 50000, 3657 - port)
        assert holds(row.allowed, "10.20.0.11", "10.9.9.9", 50000, port)
    assert row.required == row.alternatives[0]
    assert site(services={"ldap": {"ports": [636]}})["20"].alternatives == ()


def test_the_non_root_preset_moves_listeners_only() -> None:
    """8000 is added to SecureTransport's own ports below 1024, not to those of others."""
    found = site(
        preset="non-root",
        groups={**GROUPS, "mail": ["198.51.100.25"]},
        services={
            "ftp": FTP, "http": True, "https": {"outbound": [{}]}, "ssh": {"ports": [2022]}, "admin": True,
            "mail": True, "as2": True,
        },
    )  # fmt: skip

    assert {name: found[name].ports for name in ("1", "4", "5", "6", "7", "14", "21", "30", "15", "36", "23")} == {
        "1": "8021", "4": "8080", "5": "8443", "6": "2022", "7": "10443", "14": "8444", "21": "8444", "30": "8444",
        "15": "25", "36": "443", "23": "20080",
    }  # fmt: skip
    assert holds(found["P-admin"].off, "8.8.8.8", "192.0.2.10", 50000, 8444)


def test_a_services_ports_win_over_the_rows() -> None:
    """services.*.ports, then ports by row id, then the preset, then the default."""
    found = site(
        preset="non-root",
        ports={"5": [9443], "6": [9022], "8": [9080]},
        services={"https": {"ports": [10443]}, "ssh": True, "as2": {"plain": True}},
    )

    assert [found[name].ports for name in ("5", "6", "8")] == ["10443", "9022", "9080"]


def test_n2_takes_the_ports_of_the_rows_that_it_repeats() -> None:
    """Internal users use the same ports as clients, data range included."""
    found = site(services={"ftp": FTP, "https": True, "internal_users": True}, ports={"5": [8443]})

    assert found["N2-ftp"].ports == "21,40000-40099"
    assert found["N2-https"].ports == "8443"
    assert holds(found["N2-ftp"].required, "10.9.9.9", "10.20.0.11", 50000, 40050)


def test_published_traffic_arrives_on_its_inside_port() -> None:
    """Outside port 22 arrives as 10022 for what comes from outside the internal networks, and as itself from inside."""
    found = site(
        services={"ssh": {"from": ["internet", "trusted"]}, "https": True},
        published=[{"address": "198.51.100.20", "host": "192.0.2.10", "ports": {22: 10022}, "at": "isp-router"}],
    )
    row = found["6"]

    assert row.ports == "22"
    assert holds(row.required, "8.8.8.8", "192.0.2.10", 50000, 10022)
    assert not holds(row.required, "8.8.8.8", "192.0.2.10", 50000, 22)
    assert holds(row.required, "10.9.9.9", "192.0.2.10", 50000, 22)
    assert not holds(row.allowed, "8.8.8.8", "192.0.2.10", 50000, 22)
    assert holds(found["5"].required, "8.8.8.8", "192.0.2.10", 50000, 443)


def test_a_balancer_adds_legs_from_its_own_addresses() -> None:
    """Row N/lb goes from snat (or the row's source) to the Edge, on the Edge's own port where it differs."""
    parts: dict[str, Any] = {"services": {"ssh": True, "https": True, "http": False}}
    found = site(load_balancer={"snat": ["192.0.2.5"], "edge_ports": {6: 10022}}, **parts)
    plain = site(load_balancer={}, **parts)

    assert (found["6/lb"].source, found["6/lb"].destination, found["6/lb"].ports) == ("192.0.2.5", "edge", "10022")
    assert found["6/lb"].leg_of == "6"
    assert holds(found["6/lb"].required, "192.0.2.5", "192.0.2.12", 50000, 10022)
    assert holds(found["5/lb"].required, "192.0.2.5", "192.0.2.12", 50000, 443)
    assert found["4/lb"].requirement is Requirement.OFF
    assert holds(plain["6/lb"].required, "8.8.8.8", "192.0.2.12", 50000, 22)
    assert not {"2/lb", "14/lb", "27/lb"} & set(found)


def test_a_row_that_is_off_says_what_it_would_open() -> None:
    """The default port is known; a range that the far side or the site chooses is not."""
    found = site(services={})

    assert holds(found["4"].off, "8.8.8.8", "192.0.2.10", 50000, 80)
    assert holds(found["2"].off, "192.0.2.11", "8.8.8.8", 20, 50000)
    assert not holds(found["2"].off, "192.0.2.11", "8.8.8.8", 50000, 50000)
    assert [found[name].off for name in ("3", "32", "33", "38", "39")] == [()] * 5
    assert all(not row.required and not row.allowed for row in found.values() if row.requirement is Requirement.OFF)


def test_the_edge_opens_nothing_inwards() -> None:
    """The prohibition takes every port and protocol from the Edge to internal, Server and trusted addresses."""
    row = site(services={}, internal=["172.16.0.0/12"])["P-inwards"]

    for target in ("172.16.1.1", "10.20.0.11", "10.200.0.1"):
        assert holds(row.off, "192.0.2.11", target, 1, 1, proto=17)
    assert not holds(row.off, "192.0.2.11", "8.8.8.8", 1, 1)


def test_hygiene_allows_icmp_both_ways() -> None:
    """Echo, unreachable and time exceeded to and from protected hosts, and neighbour discovery."""
    found = site()

    for kind in (0, 3, 8, 11):
        assert holds(found["H-icmp"].allowed, "8.8.8.8", "192.0.2.10", 0, kind * 256, proto=1)
        assert holds(found["H-icmp"].allowed, "10.20.0.11", "10.1.1.1", 0, kind * 256 + 1, proto=1)
    assert not holds(found["H-icmp"].allowed, "8.8.8.8", "192.0.2.10", 0, 5 * 256, proto=1)
    assert not holds(found["H-icmp"].allowed, "8.8.8.8", "198.51.100.9", 0, 8 * 256, proto=1)


def test_zones_join_in_one_row() -> None:
    """A row that is on in two zones holds both; one that is on in one of them keeps the other's region shut."""
    shared = {name: GROUPS[name] for name in ("server", "trusted", "partners")}
    found = site(
        groups=shared,
        zones={
            "public": {"groups": {"edge": ["192.0.2.11"]}, "services": {"https": True, "ssh": True}},
            "partner": {
                "groups": {"edge": ["198.51.100.11"]}, "services": {"ssh": {"from": ["partners"]}},
                "ports": {"25": [30022]},
            },
        },
    )  # fmt: skip

    assert holds(found["6"].required, "8.8.8.8", "192.0.2.11", 50000, 22)
    assert holds(found["6"].required, "203.0.113.1", "198.51.100.11", 50000, 22)
    assert not holds(found["6"].allowed, "8.8.8.8", "198.51.100.11", 50000, 22)
    assert holds(found["5"].required, "8.8.8.8", "192.0.2.11", 50000, 443)
    assert holds(found["5"].off, "8.8.8.8", "198.51.100.11", 50000, 443)
    assert holds(found["25"].required, "10.20.0.11", "192.0.2.11", 50000, 20022)
    assert holds(found["25"].required, "10.20.0.11", "198.51.100.11", 50000, 30022)
    assert "zone public" in found["5"].because


def test_a_name_group_is_the_firewalls_object_of_that_name() -> None:
    """An FQDN has no addresses here: its region carries the name, and only a rule that names it is meant."""
    row = site(groups={**GROUPS, "partner_a": ["fqdn:sftp.example.com"]}, services={"ssh": {"from": ["partner_a"]}})[
        "6"
    ]

    assert [region.names for region in row.required] == [frozenset({"sftp.example.com"})]
    assert row.required[0].destination == AddressSet.of("192.0.2.10")


def test_a_group_in_the_place_of_a_protected_one_is_protected() -> None:
    """A virtual address of its own for SFTP is judged for surplus as the usual one is."""
    found = load({
        "version": 1,
        "groups": {**GROUPS, "sftp_vip": ["192.0.2.99"]},
        "services": {"ssh": {"to": ["sftp_vip"]}},
    })  # fmt: skip
    from auditor.deployment.places import protected

    assert address_number("192.0.2.99") in protected(found)
    assert address_number("203.0.113.1") not in protected(found)


def test_applications_are_facts_of_a_platform() -> None:
    """A row knows what PAN-OS and Junos call its traffic."""
    row = site(services={"ssh": True})["6"]

    assert row.facts_on("paloalto_panos") == {ConditionKind.APPLICATION: frozenset({"ssh"})}
    assert row.facts_on("cisco_asa") == {}


def test_notes_tell_the_traps() -> None:
    """Active FTP through a proxy and outbound HTTP while HTTP is off are told."""
    services: dict[str, Any] = {
        "ftp": {**FTP, "outbound": [{"active_ports": [50000]}]},
        "http": {"enabled": False, "outbound": [{}]},
    }
    found = site(services=services)

    assert "does not work through the Edge's SOCKS proxy" in found["32"].notes[0]
    assert "row 35 is off with row 4" in found["35"].notes[0]
    assert found["35"].because == "http is off, and without row 4 there is no row 35"


def test_a_wider_group_allows_nothing_that_is_prohibited_to_an_edge() -> None:
    """A trusted 10.0.0.0/8 holds the Edge's own private address: row 21 lets the others administer the Server."""
    groups = {"edge": ["10.1.1.11"], "server": ["10.20.0.11"], "trusted": ["10.0.0.0/8"]}
    row = site(groups=groups, topology={"edge": "single"}, services={"admin": True})["21"]

    assert [region.source for region in row.allowed] == [AddressSet.of("10.0.0.0/8") - AddressSet.of("10.1.1.11")]
