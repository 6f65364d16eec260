"""Commands of real Cisco devices that cannot change what passes, and their neighbours that can."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from parsers.contract import LineState, Parsed
from parsers.model.capture import Capture, Document
from parsers.registry import platform

BASE: Mapping[str, str] = {
    "cisco_asa": """\
ASA Version 9.18(2)
hostname fw
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
""",
    "cisco_ftd": """\
NGFW Version 7.4.1
hostname fw
interface GigabitEthernet0/0
 nameif outside
 security-level 0
 ip address 198.51.100.1 255.255.255.0
""",
    "cisco_ios": """\
version 17.9
hostname router
interface GigabitEthernet0/0/0
 ip address 198.51.100.1 255.255.255.0
""",
    "cisco_nxos": """\
version 10.3(4a)
hostname switch
interface Ethernet1/1
  no switchport
  ip address 198.51.100.1/24
""",
    "cisco_iosxr": """\
!! IOS XR Configuration 7.5.2
hostname router
interface Bundle-Ether1
 ipv4 address 198.51.100.1 255.255.255.0
""",
}
"""The least that each device prints, ending with an interface."""

ROUTED = (
    "router static\n address-family ipv4 unicast\n"
    "  203.0.113.0/24 198.51.100.9 bfd fast-detect minimum-interval 100 multiplier 3"
)

INSIDE: Mapping[str, tuple[str, ...]] = {
    "cisco_asa": (
        "no management-only", "policy-route cost 0", "policy-route path-monitoring auto", "switchport", "no switchport",
        "switchport access vlan 2", "switchport mode access", "switchport mode trunk", "switchport protected",
        "switchport trunk allowed vlan 1-10", "switchport trunk native vlan 5",
        "negotiate-auto",
    ),
    "cisco_ftd": ("no management-only", "policy-route cost 1"),
    "cisco_ios": (
        "async mode interactive", "no autostate", "crypto ipsec df-bit clear",
        "crypto ipsec fragmentation after-encryption",
        "dual-active fast-hello", "et-analytics enable", "host-reachability protocol bgp",
        "ip local-proxy-arp", "ip sticky-arp ignore", "ipv6 destination-guard attach-policy P", "ipv6 snooping",
        "ipv6 source-guard attach-policy P", "load-balancing flow", "mab", "mab eap",
        "member vni 10010 mcast-group 239.0.0.1", "performance monitor context C profile application-experience",
        "pulse-time 1", "service instance 10 ethernet\n  encapsulation dot1q 10\n  bridge-domain 10",
        "source-interface Loopback0",
        "eapol eth-type 876F", "fhrp delay minimum 10", "if-state nhrp", "invert txclock",
        "no ip next-hop-self eigrp 1", "ipv6 authentication mode eigrp 1 md5", "ipv6 bandwidth-percent eigrp 1 50",
        "link debounce time 100", "location civic-location-id 1", "nhrp group G",
        "nhrp map group G service-policy output P", "pagp port-priority 1", "rcv-queue bandwidth 1 2",
        "redundancy group 1 ip 198.51.100.3 exclusive", "redundancy rii 1", "rep segment 1", "switch virtual link 1",
        "traffic-shape rate 64000",
        "port-channel min-links 1", "no port-channel standalone-disable",
    ),
    "cisco_nxos": (
        "advertise virtual-rmac", "buffer-boost", "no buffer-boost",
        "ethernet-segment 1\n    system-mac 0000.0000.0001",
        "global ingress-replication protocol bgp", "global mcast-group 239.0.0.1 L2", "global suppress-arp",
        "ipv6 address use-link-local-only", "multisite border-gateway interface loopback100",
        "private-vlan mapping 20", "rate-mode dedicated", "ttag", "ttag-strip", "virtual-rmac 0000.0000.0001",
        "fabricpath isis metric 100",
    ),
    "cisco_iosxr": (
        "auto-bw\n  bw-limit min 1 max 2", "backup-bw 100", "fast-reroute",
        "frequency synchronization\n  selection input",
        "host-routing", "ipv4 flowspec disable", "ipv6 flowspec disable", "l2protocol cpsv tunnel", "load-share 1",
        "member vni 1\n  host-reachability protocol bgp", "overlay-encapsulation vxlan", "path-selection\n  metric te",
        "policy-class 1", "propagate remote-status", "soft-preemption", "source-interface Loopback0",
    ),
}  # fmt: skip
"""Lines of an interface, and the blocks that they open."""

OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "cisco_asa": (
        "alarm facility temperature primary high 92", "filter activex 80 0 0 0 0", "filter java 80 0 0 0 0",
        "flow-offload-dtls egress-optimization", "no flow-offload-ipsec egress-optimization", "fxos mode appliance",
        "fxos permit https management", "fxos https port 3443", "fxos snmp port 3061", "fxos ssh port 3022",
        "l2tp tunnel hello 60", "memory caller-address 0x1 0x2", "memory delayed-free-poisoner enable",
        "memory logging 1024", "memory profile enable", "memory tracking enable", "password encryption aes",
        "password <redacted:1> aes",
        "power-supply dual", "remote-access threshold session-threshold-exceeded 10",
        "no same-security-traffic permit inter-interface", "no same-security-traffic permit intra-interface",
        "strong-encryption-disable", "sysopt uauth allow-http-cache", "no tunnel-group-map enable ike-id",
        "no tunnel-group-map enable ou", "no tunnel-group-map enable peer-ip", "no tunnel-group-map enable rules",
        "no vpnclient enable", "vxlan port 4789", "webvpn\n hsts\n  enable", "webvpn\n kcd-server K username u",
        "webvpn\n application-type citrix default tunnel-group T", "webvpn\n mobile-device portal",
        "tunnel-group T general-attributes\n authenticated-session-username primary",
        "tunnel-group T general-attributes\n username-from-certificate-choice second-certificate",
        "tunnel-group T general-attributes\n secondary-username-from-certificate-choice second-certificate",
        "aaa accounting include http inside 0 0 0 0 T", "aaa accounting match A inside T",
        "aaa kerberos import-keytab k", "anyconnect-custom-data T N example.com", "auth-prompt prompt hello",
        "bfd map ipv4 192.0.2.0/24 198.51.100.0/24 T", "bfd slow-timers 2000",
        "failover group 1\n primary\n preempt 30", "ipv6 prefix-list P seq 5 permit ::/0",
        "ipv6 router ospf 1\n router-id 192.0.2.9", "webvpn\n anyconnect-custom-attr T description d",
    ),
    "cisco_ftd": ("management-interface convergence", "strong-encryption-disable", "flow-offload-ipsec"),
    "cisco_ios": (
        "ap country US", "ap dot11 24ghz cleanair", "ap fra", "ap group default-group", "ap hyperlocation ble-beacon 0",
        "ap tag-source-priority 2 source filter", "bridge-domain 10\n member GigabitEthernet0/0/0 service-instance 10",
        "card type t1 0 1", "ccm-manager mgcp", "cisp enable", "coap http enable",
        "dial-peer voice 1 voip\n destination-pattern .T\n session target ipv4:192.0.2.9", "ephone 1", "ephone-dn 1",
        "ephone-dn-template 1", "ephone-template 1", "et-analytics\n inactive-timeout 15",
        "flow-sampler-map S\n mode random",
        "gatekeeper\n shutdown", "gnxi\ngnxi server", "ip sdee events 500", "ipv6 destination-guard policy P",
        "ipv6 source-guard policy P", "l2 vfi V manual\n vpn id 1", "menu M title x", "segment-routing mpls",
        "stack-mac persistent timer 0", "stack-mac update force", "telephony-service\n max-ephones 1",
        "voice service voip\n ip address trusted list\n  ipv4 192.0.2.0 255.255.255.0",
        "wireless aaa policy P", "wireless country US", "wireless management interface Vlan10",
        "wireless mobility controller",
        "alarm profile defaultPort\n alarm not-operating", "alarm-contact 1 description d",
        "arp access-list A\n permit ip host 192.0.2.9 mac any", "device classifier", "ip address-pool local",
        "ip audit po max-events 100", "ip dhcp-server 192.0.2.9", "ip ospf name-lookup",
        "ipc zone default\n association 1", "ipv6 inspect name N tcp", "link state group 1 upstream",
        "link state track 1", "macro name M\nswitchport access vlan 5\nip nat inside\n description a@b\n@",
        "map-class atm M", "map-class dialer M", "map-class frame-relay M", "microcode reload", "mvrp global",
        "priority-list 1 default low", "product-analytics", "profinet", "queue-list 1 default 1", "secure boot-config",
        "secure boot-image", "stack-power stack S\n mode redundant", "transport type persistent webui input W",
        "transport-map type persistent webui W\n server", "trunk group T", "virtual-service csr_mgmt\n activate",
        "mab logging verbose", "onep\n transport type tls disable-remotecert-validation\n service set vty",
        "service-policy type control subscriber S",
        "no ip nat create flow-entries", "no ip nat service sip udp port 5060",
    ),
    "cisco_nxos": (
        "advertise evpn multicast", "allow feature-set fex", "hw-module logging onboard",
        "l2rib dup-host-mac-detection 5 180", "layer-2 multicast lookup mac", "no locator-led chassis",
        "macsec policy P\n  cipher-suite GCM-AES-256", "vxlan udp port 4789",
        "ip route 203.0.113.0/24 198.51.100.9 name N tag 5",
        "device-alias database\n  device-alias name D pwwn 20:00:00:00:00:00:00:01", "fabricpath switch-id 10",
        "fcalias name A vsan 10", "fcid-allocation area company-id 1", "fcns no-auto-poll", "fcoe fcmap 0x1",
        "fctimer d_s_tov 5000 vsan 10", "fspf config vsan 10", "vsan database\n  vsan 10 name V",
        "zone smart-zoning enable vsan 10", "zone name Z vsan 10\n  member pwwn 20:00:00:00:00:00:00:01",
        "zoneset activate name S vsan 10",
    ),
    "cisco_iosxr": (
        "appmgr\n application A", "bmp server 1\n host 192.0.2.9 port 5000", "healthcheck\n cadence 60",
        "ipv4 unnumbered mpls traffic-eng Loopback0", "lawful-intercept disable", "linux networking\n vrf default",
        "pce\n address ipv4 192.0.2.9", "power-mgmt redundancy-num-pms 1", "radius source-interface Loopback0",
        "watchdog threshold memory minor 20", "vrf RED\n evpn-route-sync 1",
        ROUTED,
        "diagnostic monitor location 0/0/CPU0 test T", "esi-set E\nend-set", "etag-set E\nend-set",
        "mac-set M\nend-set", "mhost ipv4 default-interface Loopback0", "policy-global\n name 'value'\nend-global",
    ),
}  # fmt: skip
"""Commands of their own, and the blocks that they open."""

DECIDE: Mapping[str, tuple[str, ...]] = {
    "cisco_asa": (
        " policy-route route-map R", " zone-member Z", " switchport frobnicate", " bridge-group 1", " management-onl",
        "zone Z", "filter url http 0 0 0 0", "filter ftp 21 0 0 0 0", "established tcp 4000 0", "fxos frobnicate",
        "same-security-traffic permit inter-interface\nno same-security-traffic permit inter-interface",
        "vpnclient enable", "memory frobnicate", "umbrella-global", "virtual telnet 192.0.2.9", "no nat (a,b) dynamic",
        "tunnel-group T ipsec-attributes\n virtual-template 1", "aaa authentication match A outside LOCAL",
        "aaa authorization match A outside T", "ipv6 access-list A permit ip any any", "anyconnect-frobnicate",
        "bfd frobnicate", "failover frobnicate group 1\n frobnicate",
    ),
    "cisco_ftd": ("inline-set I\n interface-pair outside dmz", "zone Z ecmp", "management-interface frobnicate"),
    "cisco_ios": (
        " crypto ipsec client ezvpn E", " cts role-based enforcement", " umbrella out", " utd enable", " nat64 enable",
        " service instance 10 ethernet\n  ip access-group X in", " member frobnicate", " bridge-group 1", "bridge irb",
        "cts role-based enforcement", "sdwan", "pfr master", "utd engine standard", "l2 frobnicate", "ip urlfilter x",
        "wireless profile policy P\n ipv4 acl X", "bridge-domain frobnicate", "voice service voip\n ip address x",
        " service instance 10 ethernet\n  mac access-group X in", " redundancy asymmetric-routing enable",
        " link frobnicate", "macro name M\nip nat inside", "banner motd ^C\nip nat inside",
        "identity policy P\n access-group X", "nat64 v6v4", "link frobnicate", "arp-frobnicate access-list A",
        "service-policy frobnicate S",
        "no ip nat inside source list 1 interface GigabitEthernet0/0/0 overload",
    ),
    "cisco_nxos": (
        " ip nat inside", " inherit-frobnicate", " global frobnicate", " private-vlan frobnicate", "itd I", "vxlan x",
        "port-profile type ethernet P\n  ip access-group X in", "vrf context RED\n  shutdown", "macsec frobnicate",
        " ipv6 address use-link-local-only frobnicate",
        " mac packet-classify",
    ),
    "cisco_iosxr": (
        " ipv4 flowspec enable", " frequency frobnicate", "flowspec\n local-install interface-all", "service cgn C",
        "group G\n interface 'Bundle.*'\n  mtu 9000\nend-group", "apply-group G", "linux frobnicate", "bmp frobnicate",
        "ipv4 unnumbered frobnicate", "service-layer",
        "router static\n address-family ipv4 unicast\n  203.0.113.0/24 198.51.100.9 bfd frobnicate",
    ),
}  # fmt: skip
"""Neighbours: lines that can change what passes, or that nobody knows; a blank in front puts one in the interface."""


def parsed(system: str, lines: str) -> Parsed:
    """Give the meaning of the least configuration with some lines more."""
    document = Document(name="config.txt", text=f"{BASE[system]}{lines}\n")
    return platform(system).parse(Capture(documents=(document,)))


def noticed(system: str, lines: str) -> bool:
    """Tell whether something in the configuration stands in the way of a verdict."""
    return any(remark.decides for remark in parsed(system, lines).remarks)


@pytest.mark.parametrize("system", BASE)
def test_idle_commands_stand_in_no_verdicts_way(system: str) -> None:
    """Each is accounted for, alone, and nothing is noted of it that can change a verdict."""
    assert not noticed(system, "")
    for lines in (*(f" {line}" for line in INSIDE[system]), *OUTSIDE[system]):
        found = parsed(system, lines)
        assert [remark.text for remark in found.remarks if remark.decides] == [], lines
        assert LineState.NOT_UNDERSTOOD not in found.ledger[0], lines


@pytest.mark.parametrize("system", BASE)
def test_their_neighbours_decide(system: str) -> None:
    """No idle command is known by so little of it that one which decides, or is unknown, is taken for it."""
    assert [lines for lines in DECIDE[system] if not noticed(system, lines)] == []


@pytest.mark.parametrize("lease", ["", "interface Cellular0/1/0\n ip address negotiated\n"])
def test_routing_of_ios_is_read_beside_a_lease(lease: str) -> None:
    """A learned address leaves routes open; protocols and policies are read nevertheless."""
    protocols = "router bgp 64500\n bgp log-neighbor-changes\nipv6 router ospf 1\n"
    assert not noticed("cisco_ios", f"{lease}{protocols}")
    assert noticed("cisco_ios", f" ip policy route-map R\n{lease}{protocols}")


PROMPTS = {"cisco_asa": "fw/act#", "cisco_ftd": ">", "cisco_ios": "router#", "cisco_nxos": "switch#"}


@pytest.mark.parametrize("system", BASE)
@pytest.mark.parametrize("show", ["show running-config", "show run", "sh run", "show running-config all"])
def test_a_terminals_log_is_read_without_its_prompts(system: str, show: str) -> None:
    """The echo of the command and the last prompt are no commands; a prompt with another command is unknown."""
    prompt = PROMPTS.get(system, "RP/0/RP0/CPU0:router#")

    def log(shown: str, behind: str = "") -> bool:
        text = f"{prompt}{shown}\n{BASE[system]}{prompt}\n{behind}"
        found = platform(system).parse(Capture(documents=(Document(name="log.txt", text=text),)))
        return any(remark.decides for remark in found.remarks)

    assert not log(show)
    assert not log(f" {show}")
    assert log(f"{show} interface Vlan1")
    assert log(show, " ip address 192.0.2.77 255.255.255.0\n")
