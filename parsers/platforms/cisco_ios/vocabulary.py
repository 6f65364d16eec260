"""Commands of IOS that are known to decide nothing about which packets pass through the router."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.platforms._cisco_acl.configuration import drops, drops_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.text.cisco_tree import Node

__all__ = ["interface_irrelevant", "irrelevant"]

_HEADS = frozenset({
    "aaa", "access-session", "alarm", "alarm-contact", "alias", "app-hosting", "archive", "arp", "authentication",
    "auto", "avb", "avc", "banner", "bba-group", "beacon", "bfd", "bfd-template", "boot", "boot-end-marker",
    "boot-start-marker", "buffers", "call-home", "ccm-manager", "cdp", "chat-script", "cisp", "class-map", "clns",
    "clock", "cns", "coap", "config-register", "configuration", "control-plane", "controller", "cts", "cwmp", "default",
    "default-value", "device-sensor", "device-tracking", "diagnostic", "dial-peer", "dialer", "dialer-list", "do",
    "domain", "dot11", "dot1x", "dspfarm", "enable", "end", "energywise", "environment", "ephone", "ephone-dn",
    "ephone-dn-template", "ephone-template", "epm", "errdisable", "esmc", "et-analytics", "ethernet", "event",
    "exception", "exit", "export", "facility-alarm", "fallback", "fhrp", "file", "flow", "flow-sampler-map",
    "frame-relay", "ftp-server", "gatekeeper", "gateway", "gnxi", "guestshell", "hostname", "hw-module", "iox",
    "ip-address", "isdn", "kerberos", "key", "kron", "l2protocol-tunnel", "l2tp-class", "l2vpn", "lacp", "ldap",
    "license", "line", "lldp", "location", "logging", "login", "mac", "mac-address-table", "macro", "macsec",
    "mediatrace", "memory", "memory-size", "menu", "metadata", "mgcp", "microcode", "mka", "mls", "mmi", "modemcap",
    "monitor", "mpls", "mta", "multilink", "mvr", "netconf", "netconf-yang", "network-clock", "network-policy", "nmsp",
    "ntp", "object", "onep", "parameter-map", "parser", "partition", "passthru-domain-list", "password", "performance",
    "platform", "pnp", "policy-map", "port-channel", "power", "priority-list", "privilege", "process",
    "process-max-time", "product-analytics", "profile", "profinet", "prompt", "pseudowire-class", "ptp", "qos",
    "queue-list", "quit", "radius", "radius-server", "redundancy", "rep", "resource", "restconf", "rmon", "rtr",
    "sampler", "sccp", "scheduler", "scripting", "sdm", "security", "segment-routing", "service", "service-group",
    "service-list", "service-template", "session", "setup", "shell", "sip-ua", "snmp", "snmp-server", "sntp",
    "software", "spanning-tree", "spd", "ssh", "stack-power", "stackwise-virtual", "standby", "stcapp", "subscriber",
    "switch", "system", "table-map", "tacacs", "tacacs-server", "tclquit", "telemetry", "telephony-service", "template",
    "terminal", "tftp-server", "track", "transceiver", "transport-map", "tunnel", "udld", "udp", "upgrade", "username",
    "utm", "version", "virtual-service", "vlan", "vmps", "voice", "voice-card", "voice-port", "vpdn", "vpdn-group",
    "vpdn-template", "vstack", "vtp", "vty-async", "wlan", "wrr-queue", "wsma", "xconnect", "xml",
})  # fmt: skip
"""First words of commands that only manage the device, its neighbours, its voice and logs, or the order of queues."""

_PAIRS = frozenset({
    ("ap", "country"), ("ap", "dot11"), ("ap", "fra"), ("ap", "group"), ("ap", "hyperlocation"),
    ("ap", "tag-source-priority"), ("card", "type"), ("device", "classifier"), ("ipc", "zone"), ("link", "state"),
    ("mab", "logging"), ("map-class", "atm"), ("map-class", "dialer"), ("map-class", "frame-relay"), ("mvrp", "global"),
    ("secure", "boot-config"), ("secure", "boot-image"), ("transport", "type"), ("trunk", "group"), ("l2", "vfi"),
    ("stack-mac", "persistent"), ("stack-mac", "update"), ("wireless", "aaa"), ("wireless", "country"),
    ("wireless", "management"), ("wireless", "mobility"), ("crypto", "ca"), ("crypto", "call"), ("crypto", "dh"),
    ("crypto", "engine"), ("crypto", "ikev2"), ("crypto", "ipsec"), ("crypto", "isakmp"), ("crypto", "key"),
    ("crypto", "keyring"), ("crypto", "logging"), ("crypto", "mib"), ("crypto", "pki"), ("crypto", "provisioning"),
    ("crypto", "ssl"), ("crypto", "vpn"), ("ip", "accounting"), ("ip", "accounting-list"),
    ("ip", "accounting-threshold"), ("ip", "address-pool"), ("ip", "admission"), ("ip", "arp"), ("ip", "as-path"),
    ("ip", "audit"), ("ip", "auth-proxy"), ("ip", "bgp-community"), ("ip", "bootp"), ("ip", "cef"), ("ip", "classless"),
    ("ip", "community-list"), ("ip", "device"), ("ip", "dhcp"), ("ip", "dhcp-client"), ("ip", "dhcp-server"),
    ("ip", "dns"), ("ip", "domain"), ("ip", "domain-list"), ("ip", "domain-lookup"), ("ip", "domain-name"),
    ("ip", "explicit-path"), ("ip", "extcommunity-list"), ("ip", "finger"), ("ip", "flow"), ("ip", "flow-cache"),
    ("ip", "flow-capture"), ("ip", "flow-export"), ("ip", "flow-top-talkers"), ("ip", "forward-protocol"),
    ("ip", "ftp"), ("ip", "gratuitous-arps"), ("ip", "host"), ("ip", "http"), ("ip", "icmp"), ("ip", "identd"),
    ("ip", "igmp"), ("ip", "ips"), ("ip", "kerberos"), ("ip", "local"), ("ip", "mfib"), ("ip", "mroute"),
    ("ip", "msdp"), ("ip", "mtu"), ("ip", "multicast"), ("ip", "multicast-routing"), ("ip", "name-server"),
    ("ip", "nbar"), ("ip", "options"), ("ip", "ospf"), ("ip", "pim"), ("ip", "prefix-list"), ("ip", "radius"),
    ("ip", "rcmd"), ("ip", "reflexive-list"), ("ip", "rip"), ("ip", "routing"), ("ip", "rsvp"), ("ip", "rtcp"),
    ("ip", "sap"), ("ip", "scp"), ("ip", "sdee"), ("ip", "sla"), ("ip", "source"), ("ip", "source-route"),
    ("ip", "spd"), ("ip", "ssh"), ("ip", "subnet-zero"), ("ip", "tacacs"), ("ip", "tcp"), ("ip", "telnet"),
    ("ip", "tftp"), ("ip", "traffic-export"), ("ip", "udp"), ("ip", "unreachables"), ("ip", "verify"),
    ("ip", "virtual-reassembly"), ("ip", "wccp"), ("ip", "default-gateway"), ("ip", "access-list"), ("ipv6", "cef"),
    ("ipv6", "destination-guard"), ("ipv6", "dhcp"), ("ipv6", "flow"), ("ipv6", "flowset"), ("ipv6", "general-prefix"),
    ("ipv6", "hop-limit"), ("ipv6", "host"), ("ipv6", "icmp"), ("ipv6", "local"), ("ipv6", "mfib"), ("ipv6", "mld"),
    ("ipv6", "multicast"), ("ipv6", "multicast-routing"), ("ipv6", "nd"), ("ipv6", "neighbor"), ("ipv6", "ospf"),
    ("ipv6", "pim"), ("ipv6", "prefix-list"), ("ipv6", "snooping"), ("ipv6", "source-guard"), ("ipv6", "source-route"),
    ("ipv6", "spd"), ("ipv6", "unicast-routing"), ("ipv6", "verify"), ("route-tag", "notation"),
    ("access-list", "compiled"), ("time-range", ""), ("ipv6", "access-list"),
})  # fmt: skip
"""First two words of such commands; the `access-list` ones that come here set how lists are logged or compiled."""

_VLANS = re.compile(r"\d[\d,-]*")
_VLAN_SETTINGS = frozenset({"access-log", "accounting", "configuration", "database", "dot1q", "group", "internal"})
"""Words behind `vlan` that filter nothing."""
_LAST_LIST = 2699
_LIST_SETTINGS = frozenset({"log-update", "logging", "persistent", "resequence", "helper"})

_INTERFACE_HEADS = frozenset({
    "access-session", "arp", "async", "asymmetric", "atm", "authentication", "auto", "autostate", "backup", "bandwidth",
    "beacon", "bfd", "carrier-delay", "cdp", "channel-group", "channel-protocol", "clns", "clock", "compress", "cts",
    "dampening", "default", "delay", "description", "device-tracking", "dialer", "dialer-group", "dot1q", "dot1x",
    "down-when-looped", "dsl", "duplex", "encapsulation", "eapol", "energywise", "eou", "ethernet", "fair-queue", "fec",
    "flow-sampler", "flowcontrol", "frame-relay", "full-duplex", "glbp", "half-duplex", "hold-queue",
    "host-reachability", "ip-address", "isdn", "invert", "isis", "keepalive", "l2protocol-tunnel", "lacp", "llc2",
    "lldp", "load-balancing", "load-interval", "location", "logging", "mab", "mac-address", "macro", "macsec",
    "max-reserved-bandwidth", "mdix", "media-type", "mka", "mls", "mop", "mpls", "mtu", "mvr", "negotiation", "nmsp",
    "ntp", "onep", "ospfv3", "pagp", "peer", "plim", "port-channel", "power", "ppp", "pppoe", "pppoe-client",
    "priority-queue", "private-vlan", "ptp", "pulse-time", "pvc", "qos", "queue-set", "random-detect", "rcv-queue",
    "rep", "rate-limit", "rmon", "scramble", "serial", "service-module", "service-policy", "sfp", "smds", "snmp",
    "source", "source-interface", "spanning-tree", "speed", "srr-queue", "stackwise-virtual", "standby",
    "storm-control", "switchport", "tcam", "traffic-shape", "transceiver", "transmit-interface", "trust", "tunnel",
    "tx-ring-limit", "udld", "vdsl", "virtual-template", "vlan-id", "vrrp", "vtp", "wavelength", "wrr-queue",
})  # fmt: skip
_INTERFACE_IP = frozenset({
    "accounting", "arp", "authentication", "bandwidth-percent", "bgp", "broadcast-address", "cef", "cgmp", "ddns",
    "device", "dhcp", "directed-broadcast", "dvmrp", "eigrp", "flow", "forward-protocol", "gratuitous-arps",
    "hello-interval", "helper-address", "hold-time", "icmp", "igmp", "information-reply", "ips", "irdp", "load-sharing",
    "local-proxy-arp", "mask-reply", "mfib", "mobile", "mrm", "mroute-cache", "mtu", "multicast", "nbar",
    "next-hop-self", "nhrp", "ospf", "pgm", "pim", "policy-list", "proxy-arp", "rarp-server", "redirects", "rgmp",
    "rip", "route-cache", "router", "rsvp", "rtp", "sap", "security", "sla", "source", "split-horizon", "sticky-arp",
    "summary-address", "tcp", "unreachables", "urd", "verify", "virtual-reassembly", "vrf", "wccp",
})  # fmt: skip
_INTERFACE_IPV6 = frozenset({
    "authentication", "bandwidth-percent", "cef", "destination-guard", "dhcp", "eigrp", "enable", "flow",
    "hello-interval", "hold-time", "mfib", "mld", "mode", "mtu", "multicast", "nd", "next-hop-self", "nhrp", "ospf",
    "pim", "redirects", "rip", "router", "rsvp", "snooping", "source-guard", "split-horizon", "summary-address", "tcp",
    "unreachables", "verify", "virtual-reassembly",
})  # fmt: skip
_INTERFACE_PAIRS = frozenset({
    ("dual-active", "fast-hello"), ("et-analytics", "enable"), ("fhrp", "delay"), ("if-state", "nhrp"),
    ("link", "debounce"), ("member", "vni"), ("nhrp", "group"), ("nhrp", "map"), ("performance", "monitor"),
    ("redundancy", "group"), ("redundancy", "rii"), ("service", "instance"), ("switch", "virtual"),
})  # fmt: skip
_INTERFACE_IPSEC = frozenset({"df-bit", "fragmentation"})
"""Commands inside an interface that decide nothing; `verify`, `rate-limit` and queues drop, and never permit.

The filters of a service instance stand below it, and are noticed there; a client of Easy VPN stands behind
`crypto ipsec` too, and is not of these.
"""


_NAT_SETTINGS = frozenset({("create",), ("log",), ("service",), ("settings",)})
"""Third words behind `no ip nat` of what the device says to be off: helpers and how translations are noted."""
_GROUP_TAGS = frozenset({("cts", "role-based", "enforcement"), ("cts", "role-based", "permissions")})
"""What filters by security group tags, with rules that a server hands out."""


def interface_irrelevant(words: Sequence[str]) -> bool:
    """Tell whether a line inside an interface decides nothing about which packets pass."""
    head, second = words[0], words[1] if len(words) > 1 else ""
    if head == "ip":
        return second in _INTERFACE_IP
    if head == "ipv6":
        return second in _INTERFACE_IPV6
    if head == "rate-limit":
        return not drops_all(words)
    if head == "crypto":
        return second == "ipsec" and "".join(words[2:3]) in _INTERFACE_IPSEC
    if tuple(words[:3]) in _GROUP_TAGS:
        return False
    return head in _INTERFACE_HEADS or (head, second) in _INTERFACE_PAIRS


def irrelevant(node: Node) -> bool:
    """Tell whether a top-level command decides nothing about which packets pass."""
    words = node.words[1:] if node.words[0] == "no" and len(node.words) > 1 else node.words
    head = words[0]
    second = words[1] if len(words) > 1 else ""
    if head == "access-list" and second.isdecimal():
        return int(second) <= _LAST_LIST  # the lists of IP are read elsewhere: these filter by MAC address, type or IPX
    if head == "mac":
        return True  # lists of MAC addresses filter frames that are not IP
    if head == "vlan":
        return _VLANS.fullmatch(second) is not None or second in _VLAN_SETTINGS
    if head == "bridge-domain":
        return _VLANS.fullmatch(second) is not None
    if second == "access-list" and head != "arp":  # that one filters ARP
        return len(words) > 2 and words[2] in _LIST_SETTINGS
    if head in {"class-map", "policy-map"}:
        return _queues(node)
    if node.words[:3] == ("no", "ip", "nat"):
        return words[2:3] in _NAT_SETTINGS
    if words[:3] == ("service-policy", "type", "control"):  # of the sessions of subscribers
        return True
    if node.words[:3] in _GROUP_TAGS or node.words[:3] == ("no", "ip", "routing"):
        return False
    return head in _HEADS or (head, second) in _PAIRS


def _queues(node: Node) -> bool:
    """Tell whether a class or policy map only orders queues: one that inspects or drops is read, or not understood."""
    if node.words[1:3] == ("type", "inspect"):
        return False
    return not drops(node)
