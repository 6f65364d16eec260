"""Commands that are known to decide nothing about which packets pass through the firewall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import LineState, RemarkKind
from parsers.text.cisco_tree import is_echo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.text.cisco_tree import Node

__all__ = ["settle", "unbound"]

_IRRELEVANT = frozenset({
    "aaa-server", "alarm", "anyconnect-custom-data", "app-agent", "arp", "arp-inspection", "as-path", "asdm", "asp",
    "auth-prompt", "auto-update", "banner", "bfd-template", "boot", "call-home", "checkheaps", "clock", "cluster",
    "command-alias", "community-list", "compression", "config-register", "configure", "console", "coredump", "cpu",
    "crashinfo", "Cryptochecksum", "ctl-file", "ctl-provider", "cts", "ddns", "dhcp", "dhcp-client", "dhcpd",
    "dhcprelay", "digitalPKI", "dns", "dns-group", "dns-guard", "domain-name", "dp-tcp-proxy",
    "dynamic-access-policy-record", "dynamic-filter", "event", "exit", "extcommunity-list", "file", "fips",
    "flow-export", "flow-offload", "flow-offload-dtls", "flow-offload-ipsec", "fragment", "ftp", "gdb",
    "group-delimiter", "hardware-bypass", "hostname", "hpm", "http", "hw-module", "icmp", "igmp", "imap4s", "ip-client",
    "ipv6-vpn-addr-assign", "jumbo-frame", "kerberos", "key", "keypair", "lacp", "ldap", "license", "license-server",
    "lldp", "logging", "login-history", "mac-address", "mac-address-table", "mac-learn", "mac-list", "mail-relay",
    "management-access", "media-termination", "mfib", "migration", "monitor-interface", "mount", "mroute", "mtu",
    "multicast-routing", "ntp", "nve", "object-group-search", "onscreen-keyboard", "pager", "passwd",
    "password-history", "password-policy", "password-storage", "phone-proxy", "pim", "policy-list", "pop3s",
    "power-supply", "prefix-list", "priority-queue", "privilege", "prompt", "quit", "quota", "regex", "rest-api",
    "route-map", "scansafe", "sctp-map", "service", "service-module", "sla", "smtp-server", "smtps", "snmp", "snmp-map",
    "snmp-server", "ssh", "ssl", "strong-encryption-disable", "subject-name-default", "sunrpc-server", "tcp-map",
    "telnet", "terminal", "tftp-server", "threat-detection", "timeout", "tls-proxy", "track", "uc-ime", "url-block",
    "url-cache", "url-list", "url-server", "user-identity", "user-statistics", "username", "vpdn", "vpn",
    "vpn-addr-assign", "vpn-sessiondb", "vpnsetup", "wccp", "xdmcp", "xlate", "zonelabs-integrity",
})  # fmt: skip
"""First words of commands that only manage the device, its neighbours or its logs.

`wccp` and the inspection limits can redirect or drop, never permit; what they take away is not judged.
"""

_IRRELEVANT_PAIRS = frozenset({
    ("aaa", "accounting"), ("aaa", "authentication"), ("aaa", "authorization"), ("aaa", "kerberos"), ("aaa", "local"),
    ("aaa", "mac-exempt"), ("aaa", "proxy-limit"), ("access-list", "alert-interval"), ("access-list", "deny-flow-max"),
    ("bfd", "map"), ("bfd", "slow-timers"), ("crypto", "ca"), ("crypto", "engine"), ("crypto", "ikev1"),
    ("crypto", "ikev2"), ("crypto", "ipsec"), ("crypto", "isakmp"), ("crypto", "key"), ("enable", "password"),
    ("filter", "activex"), ("filter", "java"), ("fxos", "https"), ("fxos", "mode"), ("fxos", "permit"),
    ("fxos", "snmp"), ("fxos", "ssh"), ("ip", "audit"), ("ip", "verify"), ("ipv6", "dhcp"), ("ipv6", "dhcprelay"),
    ("ipv6", "icmp"), ("ipv6", "local"), ("ipv6", "neighbor"), ("ipv6", "prefix-list"), ("l2tp", "tunnel"),
    ("management-interface", "convergence"), ("memory", "caller-address"), ("memory", "delayed-free-poisoner"),
    ("memory", "logging"), ("memory", "profile"), ("memory", "tracking"),
    ("remote-access", "threshold"), ("sysopt", "connection"), ("sysopt", "noproxyarp"), ("sysopt", "radius"),
    ("sysopt", "nodnsalias"), ("sysopt", "traffic"), ("sysopt", "uauth"), ("vxlan", "port"),
})  # fmt: skip
"""First two words of such commands; `filter java` takes applets out of pages, other filters ask whether to permit."""

_DEFAULTS = frozenset({
    ("no", "tunnel-group-map", "enable", "ike-id"), ("no", "tunnel-group-map", "enable", "ou"),
    ("no", "tunnel-group-map", "enable", "peer-ip"), ("no", "tunnel-group-map", "enable", "rules"),
    ("no", "vpnclient", "enable"),
})  # fmt: skip
"""Whole lines with which `show running-config all` says that something is off."""

_CUT_THROUGH = frozenset({"exclude", "include", "match"})
"""Behind `aaa authentication` and `aaa authorization`: users must log in before their traffic passes."""

_ELSEWHERE = frozenset({
    "access-group", "access-list", "class-map", "group-object", "icmp-object", "nameif", "nat", "network-object",
    "port-object", "protocol-object", "security-level", "service-object", "subnet",
})  # fmt: skip
"""First words of lines that stand below no other command than an interface or an object, or below none at all."""


def settle(text: Configuration) -> None:
    """Account for what no part of the model took: irrelevant commands, and everything that was not understood.

    Nobody knows what a command does that is not known: each can change a verdict.
    """
    states = text.ledger.states
    for node in text.nodes:
        if states[node.number - 1] == LineState.NOT_UNDERSTOOD and _is_idle(text, node):
            text.ledger.irrelevant(node.numbers())
        if node.words[0] != "interface":
            for orphan in _lost(node):
                states[orphan.number - 1] = LineState.NOT_UNDERSTOOD
                what = f"the block that it belongs to is missing: {orphan.text}"
                text.remark(RemarkKind.NOT_UNDERSTOOD, what, orphan.number, decides=True)
    noted = {
        number
        for remark in text.remarks
        if remark.kind is RemarkKind.NOT_UNDERSTOOD and remark.span is not None
        for number in range(remark.span.first, remark.span.last + 1)
    }
    for node in text.nodes:
        for number in node.numbers():
            if states[number - 1] == LineState.NOT_UNDERSTOOD and number not in noted:
                line = text.lines[number - 1].strip()
                text.remark(RemarkKind.NOT_UNDERSTOOD, f"not understood: {line}", number, decides=True)


def unbound(text: Configuration) -> None:
    """Note each access list that nothing names: it filters nothing."""
    named = {word for node in text.nodes for word in _every_word(node)}
    for name, numbers in text.acls.items():
        if name not in named:
            text.remark(RemarkKind.UNBOUND, f"access-list {name} is bound to nothing", numbers[0])


def _every_word(node: Node) -> Iterator[str]:
    yield from node.words[1:]
    for child in node.children:
        yield from _every_word(child)


def _lost(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.words[0] in _ELSEWHERE or child.words[:2] == ("ip", "address"):
            yield child
        yield from _lost(child)


def _is_idle(text: Configuration, node: Node) -> bool:
    idle = _irrelevant(node) or is_echo(node) or node.words in _DEFAULTS
    return idle or _closes_nothing(text, node) or _clears_nothing(text, node)


def _closes_nothing(text: Configuration, node: Node) -> bool:
    """Tell whether a line is the printed default of a gate that no other line opens."""
    return node.words[:2] == ("no", "same-security-traffic") and not text.find(*node.words[1:])


def _clears_nothing(text: Configuration, node: Node) -> bool:
    """Tell whether a line removes an access list of which nothing stands above, as what generators write does."""
    if node.words[:3] != ("clear", "configure", "access-list") or len(node.words) != 4:
        return False
    entries = text.acls.get(node.words[3])
    return entries is None or entries[0] > node.number


def _irrelevant(node: Node) -> bool:
    words = node.words[1:] if node.words[0] == "no" else node.words
    head = words[0] if words else ""
    second = words[1] if len(words) > 1 else ""
    if head == "aaa" and second != "accounting" and words[2:3] and words[2] in _CUT_THROUGH:
        return False
    if head == "password":  # `encryption` stands between: it looks like a password, and may come redacted
        return words[2:] == ("aes",)
    return head in _IRRELEVANT or head.startswith("Cryptochecksum:") or (head, second) in _IRRELEVANT_PAIRS
