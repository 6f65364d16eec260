"""Commands of NX-OS that are known to decide nothing about which packets pass through the switch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.platforms._cisco_acl.configuration import drops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.text.cisco_tree import Node

__all__ = ["interface_irrelevant", "irrelevant"]

_HEADS = frozenset({
    "aaa", "alias", "apply", "archive", "arp", "banner", "bfd", "boot", "callhome", "catena", "cdp", "cfs", "class-map",
    "cli", "clock", "control-plane", "copp", "crypto", "cts", "device-alias", "diagnostic", "dot1x", "end",
    "errdisable", "event", "evpn", "exit", "fabric", "fabricpath", "fcalias", "fcdomain", "fcid-allocation", "fcns",
    "fcoe", "fctimer", "feature", "feature-set", "fex", "fips", "flow", "fspf", "glbp", "grpc", "guestshell",
    "hardware", "hostname", "hsrp", "icam", "in-place", "install", "ipqos", "kernel", "key", "l2rib", "l2vpn", "lacp",
    "ldap", "ldap-server", "license", "limit-resource", "line", "lldp", "locator-led", "logging", "mac",
    "maximum-paths", "mka", "monitor", "mpls", "nbm", "ngoam", "no-more", "ntp", "nv", "nve", "nxapi", "nxsdk",
    "openflow", "password", "poap", "policy-map", "port-channel", "power", "poweroff", "priority-flow-control", "ptp",
    "qos", "radius-server", "rate-limiter", "rmon", "role", "rule", "sampler", "scheduler", "segment-routing",
    "service", "sflow", "slot", "snmp-server", "spanning-tree", "ssh", "ssl", "switchname", "system", "tacacs-server",
    "tag", "telemetry", "telnet", "terminal", "track", "tunnel-encryption", "udld", "username", "userpassphrase", "vdc",
    "version", "virtual-service", "vlan", "vpc", "vsan", "vtp", "xml", "zone", "zone-based", "zoneset",
})  # fmt: skip
"""First words of commands that only manage the device, its neighbours and logs, or the order of queues."""

_PAIRS = frozenset({
    ("advertise", "evpn"), ("allow", "feature-set"), ("hw-module", "logging"), ("layer-2", "multicast"),
    ("macsec", "policy"), ("vxlan", "udp"),
})  # fmt: skip
"""First two words of such commands."""

_VLANS = re.compile(r"\d[\d,-]*")
_VLAN_SETTINGS = frozenset({"configuration", "database", "dot1Q", "dot1q", "group", "internal"})
"""Words behind `vlan` that filter nothing."""
_IP = frozenset({
    "adjacency", "amt", "arp", "as-path", "auto-discard", "community-list", "default-gateway", "dhcp", "dns",
    "domain", "domain-list", "domain-lookup", "domain-name", "extcommunity-list", "ftp", "host", "http", "icmp",
    "igmp", "internal", "large-community-list", "load-sharing", "mfwd", "mroute", "msdp", "multicast", "name-server",
    "netstack", "pim", "prefix-list", "radius", "routing", "scp", "sla", "source", "source-route", "ssh", "tacacs",
    "tcp", "telnet", "tftp", "verify", "wccp",
})  # fmt: skip
_IPV6 = frozenset({
    "dhcp", "host", "icmp", "load-sharing", "mld", "mroute", "multicast", "nd", "neighbor", "netstack", "pim",
    "prefix-list", "routing", "snooping", "switch-packets", "verify",
})  # fmt: skip

_INTERFACE_HEADS = frozenset({
    "arp", "authentication", "autostate", "bandwidth", "beacon", "bfd", "buffer-boost", "carrier-delay", "cdp",
    "channel-group", "cts", "dampening", "delay", "description", "dot1q", "dot1x", "duplex", "encapsulation",
    "ethernet", "ethernet-segment", "evpn", "fabric", "fabricpath", "fec", "fex", "flowcontrol", "glbp", "hardware",
    "host-reachability", "hsrp", "ingress-replication", "inherit", "isis", "lacp", "link", "lldp", "load-interval",
    "logging", "mac", "mac-address", "macsec", "management", "mcast-group", "mdix", "medium", "member", "mpls", "mtu",
    "multicast", "multisite", "negotiate", "ospfv3", "packet", "peer", "port-channel", "priority-flow-control", "ptp",
    "qos", "rate-limit", "rate-mode", "service-policy", "shutdown", "snmp", "source-interface", "spanning-tree",
    "speed", "speed-group", "storm-control", "switchport", "ttag", "ttag-strip", "tunnel", "udld", "unidirectional",
    "virtual-rmac", "vpc", "vrrp", "vrrpv3", "vtp",
})  # fmt: skip
_INTERFACE_PAIRS = frozenset({
    ("advertise", "virtual-rmac"), ("global", "ingress-replication"), ("global", "mcast-group"),
    ("global", "suppress-arp"), ("private-vlan", "mapping"),
})  # fmt: skip
_INTERFACE_IP = frozenset({
    "arp", "authentication", "bandwidth", "delay", "dhcp", "directed-broadcast", "distribute-list", "dynamic",
    "eigrp", "flow", "forward", "hello-interval", "hold-time", "icmp-errors", "igmp", "load-sharing",
    "local-proxy-arp", "mtu", "multicast", "ospf", "passive-interface", "pim", "port-unreachable", "proxy-arp",
    "redirects", "rip", "router", "rsvp", "source", "split-horizon", "sticky-arp", "summary-address", "tcp",
    "unreachables", "verify", "wccp",
})  # fmt: skip
_INTERFACE_IPV6 = frozenset({
    "dhcp", "eigrp", "enable", "flow", "forward", "link-local", "mld", "mtu", "multicast", "nd", "neighbor", "ospfv3",
    "pim", "redirects", "router", "unreachables", "verify",
})  # fmt: skip
"""Commands inside an interface that decide nothing; `verify`, `rate-limit` and queues drop, and never permit."""


_GROUP_TAGS = frozenset({("cts", "role-based", "enforcement"), ("cts", "role-based", "access-list")})
"""What filters by security group tags, with rules that a server may hand out."""


_MAC_LISTS_FILTER_IP = ("mac", "packet-classify")
"""Inside an interface: lists of MAC addresses see every frame; without it, only those that are not IP."""


def interface_irrelevant(words: Sequence[str]) -> bool:
    """Tell whether a line inside an interface decides nothing about which packets pass."""
    head, second = words[0], words[1] if len(words) > 1 else ""
    if head == "ip":
        return second in _INTERFACE_IP
    if head == "ipv6":
        return second in _INTERFACE_IPV6
    if tuple(words[:3]) in _GROUP_TAGS or (head, second) == _MAC_LISTS_FILTER_IP:
        return False
    return head in _INTERFACE_HEADS or (head, second) in _INTERFACE_PAIRS


def irrelevant(node: Node) -> bool:
    """Tell whether a top-level command decides nothing about which packets pass."""
    words = node.words[1:] if node.words[0] in {"default", "no"} and len(node.words) > 1 else node.words
    head = words[0]
    second = words[1] if len(words) > 1 else ""
    if head in {"ip", "ipv6"}:
        return second in (_IP if head == "ip" else _IPV6)
    if head == "vlan":
        return _VLANS.fullmatch(second) is not None or second in _VLAN_SETTINGS
    if head in {"class-map", "policy-map"}:
        return node.words[1:3] == ("type", "control-plane") or not drops(node)
    if node.words[:3] in _GROUP_TAGS:
        return False
    return head in _HEADS or (head, second) in _PAIRS
