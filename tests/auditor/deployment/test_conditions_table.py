"""Which rows are on in which deployment, by a table written from the vendor's eight pages and not from the YAML."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import pytest

from auditor.baseline.rows import Requirement
from auditor.deployment.cuts import crosses
from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.deployment.resolve import rows
from parsers.model.firewall import Firewall

GROUPS: dict[str, list[str]] = {
    "edge": ["192.0.2.11", "192.0.2.12"],
    "edge_vip": ["192.0.2.10"],
    "server": ["10.20.0.11"],
    "trusted": ["10.0.0.0/8"],
    "mail": ["198.51.100.25"],
    "snmp_masters": ["10.30.0.162"],
    "partners": ["203.0.113.0/24"],
}
FTP = {"passive_ports": "40000-40099"}
OUTER = {"outside": ["internet", "partners", "mail"], "dmz": ["edge", "edge_vip", "server", "trusted"]}
INNER = {"dmz": ["internet", "partners", "mail", "edge", "edge_vip"], "inside": ["server", "trusted", "snmp_masters"]}


def groups(*names: str, **changed: list[str]) -> dict[str, list[str]]:
    """Pick some of the usual groups, and change others."""
    return {**{name: GROUPS[name] for name in names}, **changed}


def site(**parts: Any) -> dict[str, Any]:
    """Make a deployment with an outer and an inner firewall; parts replace the usual ones."""
    whole: dict[str, Any] = {
        "version": 1,
        "name": "table",
        "baseline": ["securetransport-5.5"],
        "groups": GROUPS,
        "services": {"https": True},
        "firewalls": {
            "outer": {"platform": "cisco_asa", "sides": OUTER},
            "inner": {"platform": "cisco_asa", "sides": INNER},
        },
        **parts,
    }
    listed = {"internet", *whole["groups"]}
    whole = copy.deepcopy(whole)
    for entry in whole["firewalls"].values():
        entry["sides"] = {
            name: [
                member
                for member in members
                if not isinstance(member, str) or member in listed or set("/.") & set(member)
            ]
            for name, members in entry["sides"].items()
        }
    return whole


@dataclass(frozen=True, kw_only=True)
class Case:
    """One deployment: the ids that are required and allowed, and those of them that cross each firewall."""

    name: str
    site: dict[str, Any]
    required: str
    allowed: str = ""
    forbidden: str = "P-admin P-inwards"
    crossing: dict[str, str] = field(default_factory=dict)


CASES = [
    Case(
        name="the usual one: HTTPS only behind a load balancer",
        site=site(),
        required="5 23 27",
        allowed="28",
        crossing={"outer": "5", "inner": "23 27 28"},
    ),
    Case(
        name="no Edge: the Server takes the place of Edge and VIP, 14 and 22-28 are off",
        site=site(
            groups=groups("server", "trusted"),
            topology={"edge": "none"},
            services={"https": True, "ssh": {"outbound": [{}]}, "ftp": FTP, "admin": True},
        ),
        required="1 2 3 5 6 21 37",
        forbidden="P-admin",
        crossing={"outer": "1 2 3 5 6 37", "inner": "1 2 3 5 6 37"},
    ),
    Case(
        name="one Edge: its own address takes the VIP's place",
        site=site(groups=groups("server", "trusted", edge=["192.0.2.11"]), services={"https": True, "admin": True}),
        required="5 14 21 23 27",
        allowed="28",
        crossing={"outer": "5", "inner": "14 23 27 28"},
    ),
    Case(
        name="load balanced with every client protocol",
        site=site(
            services={
                "ftp": FTP,
                "http": True,
                "https": True,
                "ssh": True,
                "as2": {"ssl": True, "plain": True},
                "pesit": {"plain": True, "secured": True, "secured_cft": True, "ptcp": True, "ptcp_secured": True},
            }
        ),
        required="1 2 3 4 5 6 7 8 9 10 11 12 13 22 23 24 25 26 27",
        allowed="28",
        crossing={"outer": "1 2 3 4 5 6 7 8 9 10 11 12 13", "inner": "22 23 24 25 26 27 28"},
    ),
    Case(
        name="without streaming 28 falls and 22-27 stay",
        site=site(topology={"streaming": False}, services={"https": True, "ssh": {"outbound": [{}]}}),
        required="5 6 23 25 27 37",
        crossing={"outer": "5 6 37", "inner": "23 25 27"},
    ),
    Case(
        name="without streaming, Standard Cluster of one machine: 29 and 30 fall too",
        site=site(topology={"streaming": False, "cluster": "standard"}),
        required="5 23 27",
        crossing={"outer": "5", "inner": "23 27"},
    ),
    Case(
        name="Standard Cluster in one place: on, but nothing of it crosses",
        site=site(groups={**GROUPS, "server": ["10.20.0.11", "10.20.0.12"]}, topology={"cluster": "standard"}),
        required="5 23 27 29 30",
        allowed="28",
        crossing={"outer": "5", "inner": "23 27 28"},
    ),
    Case(
        name="Enterprise Cluster over two data centres: 31 crosses between them",
        site=site(
            groups={**GROUPS, "server": ["10.20.0.11", "10.21.0.11"]},
            topology={"cluster": "enterprise"},
            firewalls={
                "between": {
                    "platform": "cisco_asa",
                    "sides": {"one": ["10.20.0.0/24", "edge", "edge_vip", "internet"], "two": ["10.21.0.0/24"]},
                }
            },
        ),
        required="5 23 27 31",
        allowed="28",
        crossing={"between": "23 27 28 31"},
    ),
    Case(
        name="Standard Cluster over two data centres, group on two sides by parts",
        site=site(
            groups={**GROUPS, "server": ["10.20.0.11", "10.21.0.11"]},
            topology={"cluster": "standard"},
            firewalls={
                "between": {
                    "platform": "cisco_asa",
                    "sides": {"one": [{"server": ["10.20.0.0/24"]}], "two": [{"server": ["10.21.0.0/24"]}]},
                }
            },
        ),
        required="5 23 27 29 30",
        allowed="28",
        crossing={"between": "29 30"},
    ),
    Case(
        name="AS2 on the Server with SOCKS5: N1 is asked for between Edge and Server only",
        site=site(services={"as2": {"listener": "server", "async_mdn": True}}),
        required="7 24 27 N1-plain N1-ssl",
        allowed="28",
        crossing={"outer": "7", "inner": "24 27 28 N1-plain N1-ssl"},
    ),
    Case(
        name="AS2 on the Edge with asynchronous receipts: N1 is asked for between Edge and Internet",
        site=site(services={"as2": {"plain": True, "async_mdn": True}}),
        required="7 8 24 27 N1-plain N1-ssl",
        allowed="28",
        crossing={"outer": "7 8 N1-plain N1-ssl", "inner": "24 27 28"},
    ),
    Case(
        name="outbound AS2 switches N1 on as well, and 38 on the ports of the transfer site",
        site=site(services={"as2": {"enabled": False, "outbound": [{"to": ["partners"], "ports": [4080]}]}}),
        required="27 28 38 N1-plain N1-ssl",
        crossing={"outer": "38 N1-plain N1-ssl", "inner": "27 28"},
    ),
    Case(
        name="AS2 listener on the Server but transfers leave directly: N1 to the Internet, from the Server",
        site=site(
            topology={"outbound_via": "direct"}, services={"as2": {"listener": "server", "async_mdn": True}}
        ),
        required="7 24 27 N1-plain N1-ssl",
        crossing={"outer": "7 N1-plain N1-ssl", "inner": "24 27 N1-plain N1-ssl"},
    ),
    Case(
        name="direct outbound: the Server takes the Edge's place in 32-39",
        site=site(
            topology={"outbound_via": "direct"},
            services={
                "ftp": {**FTP, "outbound": [{"active_ports": "50000-50099"}]},
                "https": {"outbound": [{}]},
                "pesit": {"outbound": [{"ports": [17627]}]},
            },
        ),
        required="1 2 3 5 10 11 22 23 26 27 32 33 34 36 39",
        crossing={"outer": "1 2 3 5 10 11 32 33 34 36 39", "inner": "22 23 26 27 32 33 34 36 39"},
    ),
    Case(
        name="outbound through SOCKS: 28 is required, 32 allowed and never required",
        site=site(
            services={
                "ftp": {**FTP, "outbound": [{"active_ports": "50000-50099"}]},
                "http": {"outbound": [{}]},
                "ssh": {"outbound": [{"to": ["partners"], "ports": [22, 2222]}]},
            }
        ),
        required="1 2 3 4 6 22 23 25 27 28 33 34 35 37",
        allowed="32",
        crossing={"outer": "1 2 3 4 6 32 33 34 35 37", "inner": "22 23 25 27 28"},
    ),
    Case(
        name="outbound by the Edge itself: neither 28 nor a ban on 32",
        site=site(
            topology={"outbound_via": "edge"}, services={"ftp": {**FTP, "outbound": [{"active_ports": [50000]}]}}
        ),
        required="1 2 3 22 27 32 33 34",
        crossing={"outer": "1 2 3 32 33 34", "inner": "22 27"},
    ),
    Case(
        name="mail inside the secure network is allowed, outside it is required",
        site=site(
            groups={**GROUPS, "mail": ["10.30.0.25"]},
            services={"https": True, "mail": True},
            firewalls={"lan": {"platform": "cisco_asa", "sides": {"servers": ["server"], "lan": ["trusted", "mail"]}}},
        ),
        required="5 23 27",
        allowed="15 28",
        crossing={"lan": "15"},
    ),
    Case(
        name="mail in the Internet is required on both firewalls",
        site=site(services={"https": True, "mail": True}),
        required="5 15 23 27",
        allowed="28",
        crossing={"outer": "5 15", "inner": "15 23 27 28"},
    ),
    Case(
        name="HTTP off takes 4 and 35 with it, outbound or not",
        site=site(services={"https": True, "http": {"enabled": False, "outbound": [{}]}}),
        required="5 23 27 28",
        crossing={"outer": "5", "inner": "23 27 28"},
    ),
    Case(
        name="internal users log in at the Server directly",
        site=site(
            services={"https": True, "http": True, "ftp": FTP, "internal_users": {"access": "direct"}},
            firewalls={
                "users": {"platform": "cisco_asa", "sides": {"lan": ["trusted"], "servers": ["server", "edge"]}}
            },
        ),
        required="1 2 3 4 5 22 23 27 N2-http N2-https N2-ftp",
        allowed="28",
        crossing={"users": "N2-http N2-https N2-ftp"},
    ),
    Case(
        name="internal users come through a proxy",
        site=site(
            groups={**GROUPS, "proxy": ["10.40.0.8"]},
            services={"https": True, "internal_users": {"access": "proxy"}},
            firewalls={
                "users": {"platform": "cisco_asa", "sides": {"lan": ["trusted"], "servers": ["proxy", "server"]}}
            },
        ),
        required="5 23 27 N2-https",
        allowed="28",
        crossing={"users": "N2-https"},
    ),
    Case(
        name="internal users without access",
        site=site(services={"https": True, "internal_users": {"access": "none"}}),
        required="5 23 27",
        allowed="28",
    ),
    Case(
        name="SFTP from partners only",
        site=site(services={"ssh": {"from": ["partners"]}}),
        required="6 25 27",
        allowed="28",
        crossing={"outer": "6", "inner": "25 27 28"},
    ),
    Case(
        name="LDAP to two controllers",
        site=site(
            groups={**GROUPS, "dc": ["10.50.0.1", "10.50.0.2"]},
            services={"https": True, "ldap": {"to": ["dc"]}},
            firewalls={"lan": {"platform": "cisco_asa", "sides": {"servers": ["server"], "lan": ["trusted", "dc"]}}},
        ),
        required="5 20 23 27",
        allowed="28",
        crossing={"lan": "20"},
    ),
    Case(
        name="SiteMinder and SNMP",
        site=site(services={"https": True, "siteminder": True, "snmp": True}),
        required="5 16 17 18 19 23 27",
        allowed="28",
        crossing={"outer": "5", "inner": "23 27 28"},
    ),
    Case(
        name="the Administration Tool through the firewall",
        site=site(services={"https": True, "admin": True}),
        required="5 14 21 23 27",
        allowed="28",
        crossing={"outer": "5", "inner": "14 23 27 28"},
    ),
    Case(
        name="load balancer with SNAT on an audited path: derived legs to the Edge",
        site=site(
            load_balancer={"snat": ["192.0.2.5"], "edge_ports": {"6": 10022}},
            services={"https": True, "ssh": True, "ftp": FTP},
            firewalls={
                "behind": {
                    "platform": "cisco_asa",
                    "sides": {"balancer": ["192.0.2.5", "edge_vip", "internet"], "edges": ["edge", "server"]},
                }
            },
        ),
        required="1 1/lb 2 3 3/lb 5 5/lb 6 6/lb 22 23 25 27",
        allowed="28",
        crossing={"behind": "1/lb 2 3/lb 5/lb 6/lb"},
    ),
    Case(
        name="direct server return: the balancer adds no leg",
        site=site(load_balancer={"dsr": True}),
        required="5 23 27",
        allowed="28",
    ),
    Case(
        name="a host firewall on one of two Edges",
        site=site(
            services={"https": True, "ssh": True},
            firewalls={
                "host": {
                    "platform": "linux",
                    "local": ["192.0.2.11", "192.0.2.10"],
                    "sides": {"eth0": ["internet", "partners"], "eth1": ["server", "trusted"]},
                }
            },
        ),
        required="5 6 23 25 27",
        allowed="28",
        crossing={"host": "5 6 23 25 27 28"},
    ),
    Case(
        name="policy secure-only forbids the cleartext twins",
        site=site(policy="secure-only", services={"https": True, "http": True, "as2": {"plain": True}}),
        required="5 7 23 24 27",
        allowed="28",
        forbidden="4 8 9 12 35 P-admin P-inwards",
    ),
    Case(
        name="policy secure-only with FTP without TLS forbids row 1 as well",
        site=site(policy="secure-only", services={"ftp": {**FTP, "tls": "none", "active": False}}),
        required="3 22 27",
        allowed="28",
        forbidden="1 4 8 9 12 35 P-admin P-inwards",
    ),
    Case(
        name="active FTP only, and passive FTP only",
        site=site(services={"ftp": {"passive": False}}),
        required="1 2 22 27",
        allowed="28",
        crossing={"outer": "1 2", "inner": "22 27 28"},
    ),
    Case(
        name="PeSIT by sub-switch",
        site=site(services={"pesit": {"secured": False, "secured_cft": False, "ptcp_secured": True}}),
        required="13 26 27",
        allowed="28",
    ),
    Case(
        name="nothing but an Edge: 27 is always on",
        site=site(services={}),
        required="27",
        allowed="28",
        crossing={"outer": "", "inner": "27 28"},
    ),
    Case(
        name="two network zones with services of their own",
        site=site(
            groups=groups("server", "trusted", "partners"),
            services={},
            zones={
                "public": {"groups": {"edge": ["192.0.2.11"]}, "services": {"https": True}},
                "partner": {"groups": {"edge": ["198.51.100.11"]}, "services": {"ssh": {"from": ["partners"]}}},
            },
            firewalls={
                "outer": {
                    "platform": "cisco_asa",
                    "sides": {
                        "outside": ["internet", "partners"],
                        "dmz": ["public.edge"],
                        "dmz2": ["partner.edge"],
                        "inside": ["server", "trusted"],
                    },
                }
            },
        ),
        required="5 6 23 25 27",
        allowed="28",
        crossing={"outer": "5 6 23 25 27 28"},
    ),
    Case(
        name="DNS and a required database as surroundings",
        site=site(
            groups={**GROUPS, "dns": ["10.0.0.53"], "db": ["10.60.0.1"]},
            services={
                "https": True,
                "dns": {"to": ["dns"]},
                "database": {"to": ["db"], "ports": 1521, "need": "required"},
            },
        ),
        required="5 23 27 S-database",
        allowed="28 S-dns",
        crossing={"inner": "23 27 28 S-dns"},
    ),
]  # fmt: skip


def ids(found: object, requirement: Requirement) -> set[str]:
    """Pick the ids of one requirement."""
    return {row.id for row in found if row.requirement is requirement}  # type: ignore[attr-defined]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_deployment_gets_exactly_the_right_rows(case: Case) -> None:
    """Required, allowed and forbidden rows are those of the table, and every other row is off."""
    found = rows(load(case.site))

    assert ids(found, Requirement.REQUIRED) == set(case.required.split())
    assert ids(found, Requirement.ALLOWED) == set(case.allowed.split())
    assert ids(found, Requirement.FORBIDDEN) == set(case.forbidden.split())


@pytest.mark.parametrize("case", [case for case in CASES if case.crossing], ids=lambda case: case.name)
def test_each_firewall_gets_exactly_the_rows_that_cross_it(case: Case) -> None:
    """The required and allowed rows that cross each firewall are those of the table."""
    deployment = load(case.site)
    for name, expected in case.crossing.items():
        asked = question(deployment, name, Firewall(platform="cisco_asa"))
        wanted = {Requirement.REQUIRED, Requirement.ALLOWED}
        crossing = {row.id for row in asked.rows if row.requirement in wanted and crosses(row, asked)}

        assert crossing == set(expected.split()), name
