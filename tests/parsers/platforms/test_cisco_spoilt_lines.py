"""Single lines of Cisco configurations, spoilt: each was, or could be, taken for something else without a word."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.fixture_cases import FIXTURES, Case
from tests.mutants import Mutant, Outcome, blocks, subject

ROUTE = "ip route 0.0.0.0 0.0.0.0 198.51.100.254"
PAIR = "zone-pair security OUT-DMZ source OUTSIDE destination DMZ"
VPN = "crypto map OUTSIDE_MAP"
DESTINATION = "nat (outside,dmz) source static any any destination static ST-VIP-PUBLIC ST-VIP service"
IFC = "access-list CSM_FW_ACL_ advanced trust tcp ifc inside 10.20.0.0 255.255.255.0 any eq 20022 rule-id 268435458"
SPOILT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cisco_asa/compliant": (
        ("access-group OUTSIDE_IN in interface outside", "access-group OUTSIDE_IN frobnicate in interface outside"),
        ("access-group OUTSIDE_IN in interface outside", "access-group OUTSIDE_IN in interface frobnicate"),
        ("access-group OUTSIDE_IN in interface outside", "frobnicate OUTSIDE_IN in interface outside"),
        (" nameif dmz", " nameif frobnicate"),
        (" nameif dmz", " nameif dmz frobnicate"),
        (" security-level 50", " security-level frobnicate"),
        (" security-level 50", " security-level 101"),
        (" ip address 192.0.2.1 255.255.255.0", " ip address frobnicate 192.0.2.1 255.255.255.0"),
        ("route outside 0.0.0.0 0.0.0.0 198.51.100.254 1", "route outside frobnicate 0.0.0.0 0.0.0.0 198.51.100.254"),
    ),
    "cisco_asa/nat-manual-destination": (
        (f"{DESTINATION} HTTPS-PUBLIC HTTPS-REAL", f"{DESTINATION} HTTPS-PUBLIC HTTPS-REAL".replace(" dest", " tsed")),
    ),
    "cisco_asa/nat-order-auto": (
        (" nat (dmz,outside) static PUBLIC-NET", " frobnicate (dmz,outside) static PUBLIC-NET"),
    ),
    "cisco_asa/tcp-state-bypass": (
        ("service-policy OUTSIDE_POLICY interface outside", "service-policy OUTSIDE_POLICY interface frobnicate"),
        (
            "  set connection advanced-options tcp-state-bypass",
            "  set connection advanced-options frobnicate",
        ),
        ("policy-map OUTSIDE_POLICY", "policy-map frobnicate"),
        ("class-map BYPASS", "class-map frobnicate"),
        (" class BYPASS", " class frobnicate"),
    ),
    "cisco_asa/vpn-remote-access": (
        (" enable outside", " frobnicate outside"),
        (" enable outside", " enable frobnicate"),
        (" enable outside", "enable outside"),
    ),
    "cisco_asa/vpn-site-to-site": (
        (f"{VPN} interface outside", f"{VPN} frobnicate outside"),
        (f"{VPN} interface outside", f"{VPN} interface OUTSIDE"),
        (f"{VPN} 10 match address VPN-SITE-B", f"{VPN} 10 match frobnicate VPN-SITE-B"),
        (f"{VPN} 10 match address VPN-SITE-B", f"{VPN} frobnicate match address VPN-SITE-B"),
    ),
    "cisco_ftd/interfaces": ((IFC, IFC.replace("inside", "frobnicate")),),
    "cisco_ios/conditions": (
        (" permit udp any host 192.0.2.12 eq 514 dscp ef", "permit udp any host 192.0.2.12 eq 514 dscp ef"),
    ),
    "cisco_ios/crypto-map": (
        (" match address VPN_TRAFFIC", " frobnicate address VPN_TRAFFIC"),
        (" match address VPN_TRAFFIC", " match frobnicate VPN_TRAFFIC"),
        (" match address VPN_TRAFFIC", "match address VPN_TRAFFIC"),
    ),
    "cisco_ios/named-extended": (
        (" permit tcp any host 192.0.2.10 eq 22 www 8443", " permit tcp any host 192.0.2.10 eq 22 www frobnicate"),
    ),
    "cisco_ios/nat": (
        (" ip access-group OUTSIDE_IN in", " ip access-group OUTSIDE_IN frobnicate in"),
        (" ip nat outside", " ip nat frobnicate"),
        (" ip address 10.1.1.1 255.255.255.0", " ip address frobnicate 10.1.1.1 255.255.255.0"),
        (
            "ip nat inside source static 10.1.1.10 192.0.2.10",
            "ip nat inside source static frobnicate 10.1.1.10 192.0.2.10",
        ),
        (ROUTE, "ip route 0.0.0.0 frobnicate 198.51.100.254"),
        (ROUTE, "ip route 0.0.0.0 0.0.0.0 frobnicate"),
        (ROUTE, "ip route 0.0.0.0 0.0.0.0 frobnicate 198.51.100.254"),
        (ROUTE, "frobnicate 0.0.0.0 0.0.0.0 198.51.100.254"),
        (ROUTE, "frobnicate"),
    ),
    "cisco_ios/nat-pools-zones": (
        (" match ip address NAT_EXT", " frobnicate ip address NAT_EXT"),
        (" zone-member security OUTSIDE", " zone-member security frobnicate"),
    ),
    "cisco_ios/numbered": (("access-list 10 deny   203.0.113.66", "access-list 99999999 deny   203.0.113.66"),),
    "cisco_ios/vrf": ((" vrf forwarding RED", " vrf forwarding frobnicate"),),
    "cisco_ios/zones-nested-self": (
        (PAIR, PAIR.replace("source", "source frobnicate")),
        (PAIR, PAIR.replace("OUTSIDE", "frobnicate")),
        ("zone-pair security OUT-SELF source OUTSIDE destination self", ""),
    ),
    "cisco_iosxr/common-list": (
        (" ipv4 access-group common COMMON ingress", " ipv4 access-group common COMMON frobnicate"),
        ("  0.0.0.0/0 198.51.100.254", "  0.0.0.0/0 frobnicate 198.51.100.254"),
        ("  0.0.0.0/0 198.51.100.254", "0.0.0.0/0 198.51.100.254"),
    ),
    "cisco_iosxr/vrfs": (("   64500:1", "   frobnicate"), ("vrf RED", "vrf frobnicate")),
    "cisco_nxos/compliant": (
        ("  no shutdown", "  no frobnicate shutdown"),
        ("  no shutdown", "  no shutdown frobnicate"),
    ),
    "cisco_nxos/port-lists": (
        ("  switchport access vlan 10", "  switchport access vlan frobnicate"),
        ("  switchport access vlan 10", "  switchport access vlan 4095"),
        ("  switchport access vlan 10", "  switchport frobnicate vlan 10"),
        ("  switchport mode trunk", "  switchport mode frobnicate"),
        ("interface Vlan10", "interface frobnicate"),
        ("interface Vlan10", "interface frobnicate Vlan10"),
        ("interface Vlan10", "interface vLAN10"),
    ),
    "cisco_nxos/router-acl": (
        ("ip route 0.0.0.0/0 198.51.100.254", "ip route 0.0.0.0/0 frobnicate frobnicate"),
        ("  30 permit tcp any host 192.0.2.10 eq 22", "30 permit tcp any host 192.0.2.10 eq 22"),
    ),
    "cisco_nxos/routes": (("  shutdown", "  shutdown frobnicate"),),
    "cisco_nxos/vlan-map": (
        ("vlan filter EDGE_MAP vlan-list 10,30-31", "vlan filter EDGE_MAP frobnicate 10,30-31"),
        ("vlan filter EDGE_MAP vlan-list 10,30-31", "vlan frobnicate EDGE_MAP vlan-list 10,30-31"),
        ("vlan access-map EDGE_MAP 10", "vlan frobnicate EDGE_MAP 10"),
    ),
}
"""By fixture: lines, and what they become."""
SAME_MEANING = frozenset({"interface vLAN10"})


@pytest.mark.parametrize(
    ("fixture", "old", "new"), [(name, old, new) for name, pairs in SPOILT.items() for old, new in pairs]
)
def test_a_spoilt_line_is_noticed(fixture: str, old: str, new: str) -> None:
    """What the line decided before is open afterwards, or the line is named as able to decide."""
    folder = FIXTURES / fixture
    item = subject(Case(platform=folder.parent.name, folder=folder))
    at = next(number for number, line in enumerate(item.lines) if line.rstrip() == old.rstrip())
    outcome, _ = item.try_on(Mutant(line=at + 1, text=new, lines=(*item.lines[:at], new, *item.lines[at + 1 :])))
    assert outcome is (Outcome.SAME if new in SAME_MEANING else Outcome.OPEN)


@pytest.mark.parametrize("fixture", ["cisco_ios/nat", "cisco_nxos/router-acl", "cisco_iosxr/common-list"])
def test_an_interface_that_loses_its_first_line(fixture: str) -> None:
    """What stood in it is not quietly taken for another interface's."""
    folder = FIXTURES / fixture
    item = subject(Case(platform=folder.parent.name, folder=folder))
    for block in blocks(item.lines):
        if item.lines[block.start].startswith("interface ") and any("address" in item.lines[at] for at in block):
            at = block.start
            found = item.parse((*item.lines[:at], *item.lines[at + 1 :]))
            assert found is not None
            assert any(remark.decides for remark in found.remarks), item.lines[at]


def test_an_interface_that_is_lost_and_bound() -> None:
    """Without an interface that an access-group names, a fixture of the ASA says what is missing."""
    folder = FIXTURES / "cisco_asa" / "compliant"
    item = subject(Case(platform="cisco_asa", folder=folder))
    lost = 0
    for block in blocks(item.lines):
        names = [item.lines[at].split()[1] for at in block if item.lines[at].startswith(" nameif ")]
        if any(line.startswith("access-group") and line.split()[-1] in names for line in item.lines):
            found = item.parse((*item.lines[: block.start], *item.lines[block.stop :]))
            assert found is not None
            assert any(remark.decides for remark in found.remarks), names
            lost += 1
    assert lost >= 2
