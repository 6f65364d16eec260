"""Commands of IOS XR that are known to decide nothing about which packets pass through the router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.platforms._cisco_acl.configuration import drops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from parsers.text.cisco_tree import Node

__all__ = ["interface_irrelevant", "irrelevant"]

_HEADS = frozenset({
    "aaa", "alias", "appmgr", "arp", "as-path-set", "banner", "bfd", "boot", "bundle", "call-home", "cdp", "cef",
    "cinetd", "class-map", "cli", "clock", "commit", "community-set", "config-register", "configuration",
    "control-plane", "controller", "crypto", "dhcp", "diagnostic", "domain", "dossier", "end", "end-class-map",
    "end-global", "end-policy", "end-policy-map", "end-set", "esd", "esi-set", "etag-set", "ethernet",
    "ethernet-services", "event", "evpn", "exception", "exit", "explicit-path", "extcommunity-set", "fault", "flow",
    "forward-protocol", "fpd", "frequency", "ftp", "generic-interface-list", "grpc", "healthcheck", "hostname", "http",
    "hw-module", "icmp", "igmp", "install", "ipsla", "key", "l2vpn", "lacp", "large-community-set", "lawful-intercept",
    "li", "license", "lightspan", "line", "lldp", "load-balancing", "logging", "lpts", "mac", "mac-set",
    "macsec-policy", "mhost", "mibs", "mld", "monitor-session", "mpls", "multicast-routing", "netconf", "netconf-yang",
    "nsr", "ntp", "nv", "ospfv3-set", "password-policy", "pce", "performance-measurement", "platform", "policy-global",
    "policy-map", "pool", "power-mgmt", "prefix-set", "ptp", "radius", "radius-server", "rcc", "rcp", "rd-set",
    "redundancy", "route-policy", "rsvp", "sampler-map", "segment-routing", "selftest", "service", "snmp",
    "snmp-server", "spanning-tree", "ssh", "ssl", "subscriber", "tacacs", "tacacs-server", "tag-set", "taskgroup",
    "tcp", "telemetry", "telnet", "template", "tftp", "time-range", "tpa", "track", "udp", "usergroup", "username",
    "virtual", "vty-pool", "watchdog", "xml",
})  # fmt: skip
"""First words of commands that only manage the device, its neighbours and logs, or the order of queues."""

_PAIRS = frozenset({("bmp", "server"), ("linux", "networking")})
_UNNUMBERED = ("unnumbered", "mpls", "traffic-eng")
"""Behind `ipv4`: the source address of tunnels."""

_IP = frozenset({
    "access-list", "assembler", "conflict-policy", "hop-limit", "hw-module", "icmp", "nd", "neighbor",
    "netmask-format", "path-mtu", "prefix-list", "source-route", "tcp-mss-adjust", "unreachables", "virtual",
})  # fmt: skip
"""Second words behind `ipv4` and `ipv6` of such commands; the `access-list` ones that come here set how lists log."""

_INTERFACE_HEADS = frozenset({
    "affinity", "arp", "auto-bw", "autoroute", "backup-bw", "bandwidth", "bfd", "bundle", "carrier-delay", "cdp", "cem",
    "clock", "dampening", "description", "destination", "dhcp", "duplex", "encapsulation", "ethernet",
    "ethernet-services", "fast-reroute", "fec", "flow", "flow-control", "forward-class", "host-routing", "hsrp",
    "keepalive", "l2protocol", "l2transport", "lacp", "lldp", "load-interval", "load-share", "local-proxy-arp",
    "logging", "loopback", "mac-address", "macsec", "monitor-session", "mpls", "mtu", "mux", "negotiation",
    "overlay-encapsulation", "path-option", "path-selection", "performance-measurement", "policy-class", "pos",
    "priority", "proxy-arp", "ptp", "record-route", "rewrite", "service-policy", "signalled-bandwidth",
    "signalled-name", "soft-preemption", "source", "source-interface", "speed", "transceiver", "tunnel", "vrrp",
})  # fmt: skip
_INTERFACE_PAIRS = frozenset({("frequency", "synchronization"), ("member", "vni"), ("propagate", "remote-status")})
_NO_FLOWSPEC = ("flowspec", "disable")
_INTERFACE_IP = frozenset({
    "bgp", "directed-broadcast", "enable", "flow", "forwarding-enable", "helper-address", "mask-reply", "mtu", "nd",
    "point-to-point", "proxy-arp", "redirects", "source-based-routing", "tcp-mss", "tcp-mss-adjust", "traffic-source",
    "ttl-propagate", "unreachables", "verify",
})  # fmt: skip
"""Commands inside an interface that decide nothing; `verify` and queues drop, and never permit."""


def interface_irrelevant(words: Sequence[str]) -> bool:
    """Tell whether a line inside an interface decides nothing about which packets pass."""
    if words[0] in {"ipv4", "ipv6"}:
        return len(words) > 1 and (words[1] in _INTERFACE_IP or tuple(words[1:]) == _NO_FLOWSPEC)
    return words[0] in _INTERFACE_HEADS or tuple(words[:2]) in _INTERFACE_PAIRS


def irrelevant(node: Node) -> bool:
    """Tell whether a top-level command decides nothing about which packets pass."""
    words = node.words[1:] if node.words[0] == "no" and len(node.words) > 1 else node.words
    head = words[0]
    if head in {"ipv4", "ipv6"}:
        return len(words) > 1 and (words[1] in _IP or words[1:4] == _UNNUMBERED)
    if head in {"class-map", "policy-map"}:
        return not drops(node)
    if head == "service":
        return words[1:2] != ("cgn",)  # carrier-grade address translation
    return head in _HEADS or words[:2] in _PAIRS
