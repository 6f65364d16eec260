"""Tunnels: what comes out of them skips the access lists unless `no sysopt connection permit-vpn` says otherwise.

Source: Cisco ASA Series Command Reference, `sysopt connection permit-vpn`, `crypto map`, `tunnel-group`, `vpn-filter`.
A `vpn-filter` can only narrow what a tunnel lets pass; as an upper bound it is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import ANY, AddressSet
from parsers.model.firewall import Assumption, Bypass
from parsers.model.rules import Permit
from parsers.platforms._cisco_lina.addresses import address, network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from parsers.platforms._cisco_lina.acl import AccessLists
    from parsers.platforms._cisco_lina.configuration import Configuration
    from parsers.platforms._cisco_lina.interfaces import Port
    from parsers.text.cisco_tree import Node

__all__ = ["Tunnels"]

_MODELLED = (
    ("crypto", "map"), ("crypto", "dynamic-map"), ("tunnel-group",), ("group-policy",), ("webvpn",),
    ("tunnel-group-map",), ("ip", "local", "pool"), ("ipv6", "local", "pool"), ("sysopt", "connection", "permit-vpn"),
    ("no", "sysopt", "connection", "permit-vpn"), ("tunnel-group-preference",),
)  # fmt: skip
_BLOCKS = frozenset({"tunnel-group", "group-policy", "webvpn"})
_ENTRY = frozenset({"annotate", "ikev1", "ikev2", "reverse-route", "set"})
"""Words behind a crypto map's number that say how a tunnel is made, not what comes out of it."""
_WEBVPN = frozenset({
    "anyconnect", "anyconnect-custom-attr", "anyconnect-essentials", "apcf", "application-type", "auto-signon", "cache",
    "certificate-group-map", "character-encoding", "csd", "customization", "default-idle-timeout", "default-language",
    "deny-message", "dtls", "enable", "error-recovery", "file-encoding", "hostscan", "hsts", "hsts-client",
    "hsts-server", "http-headers", "http-proxy", "https-proxy", "internal-password", "java-trustpoint", "kcd-server",
    "keepout", "memory-size", "mobile-device", "mus", "no", "onscreen-keyboard", "port", "portal-access-rule",
    "proxy-bypass", "rewrite", "saml", "smart-tunnel", "sso-server", "svc", "tunnel-group-list",
    "tunnel-group-preference", "url-list",
})  # fmt: skip
_POOLS = frozenset({"address-pool", "dhcp-server", "ipv6-address-pool"})
"""Lines of a tunnel group that say which addresses clients get."""
_GROUP = frozenset({
    "accounting-server-group", "annotation", "authenticated-session-username", "authentication",
    "authentication-attr-from-server", "authentication-server-group", "authorization-dn-attributes",
    "authorization-required", "authorization-server-group", "chain", "client-update", "customization",
    "default-group-policy", "dns-group", "external-browser", "group-alias", "group-url", "hic-fail-group-policy",
    "ikev1", "ikev2", "isakmp", "nat-assigned-to-public-ip", "nbns-server", "no", "override-account-disable",
    "override-svc-download", "password-management", "peer-id-validate", "ppp", "pre-fill-username", "pre-shared-key",
    "proxy-auth", "radius-reject-message", "radius-sdi-xauth", "radius-with-expiry", "saml", "scep-enrollment",
    "secondary-authentication-server-group", "secondary-pre-fill-username", "secondary-username-from-certificate",
    "secondary-username-from-certificate-choice", "security-group-tag", "strip-group", "strip-realm", "trust-point",
    "username-from-certificate", "username-from-certificate-choice", "without-csd",
})  # fmt: skip


class Tunnels:
    """The tunnels of a configuration."""

    def __init__(self, text: Configuration, ports: Sequence[Port], lists: AccessLists) -> None:
        """Take the words, the interfaces and the access lists that tunnels name."""
        self._text = text
        self._ports = ports
        self._lists = lists
        for head in _MODELLED:
            for node in text.find(*head):
                text.ledger.modelled(node.numbers() if node.words[0] in _BLOCKS else (node.number,))
                for strange in _strange(node):
                    text.ledger.states[strange.number - 1] = LineState.NOT_UNDERSTOOD
                    what = f"not understood: {strange.text}"
                    text.remark(RemarkKind.NOT_UNDERSTOOD, what, strange.number, decides=True)
        self._permitted = not text.find("no", "sysopt", "connection", "permit-vpn")
        self._printed = bool(text.find("sysopt", "connection", "permit-vpn"))
        self._found = tuple(self._tunnels())

    def bypasses(self) -> tuple[Bypass, ...]:
        """Give the traffic that may come out of a tunnel unfiltered."""
        return self._found if self._permitted else ()

    def assumptions(self) -> tuple[Assumption, ...]:
        """Give the default that the bypasses rest on, where the configuration does not print it."""
        if not (self._found and self._permitted) or self._printed:
            return ()
        why = "the default, which is not printed: traffic out of VPN tunnels skips the access lists"
        return (Assumption(text="sysopt connection permit-vpn is on", why=why),)

    def _tunnels(self) -> Iterator[Bypass]:
        entries = self._text.find("crypto", "map")
        for node in entries:
            if len(node.words) == 5 and node.words[3] == "interface":
                self._demand(node.words[4], node)
                yield from self._crypto_map(node.words[2], node.words[4], entries)
        yield from self._webvpn()
        for port in self._ports:
            if port.tunnel:
                yield Bypass(
                    text=f"out of the tunnel {port.interface.name}",
                    ingress=frozenset({port.interface.name}),
                    span=port.interface.span,
                )

    def _demand(self, name: str, line: Node) -> None:
        """Note a line that names an interface which is not there."""
        if name not in {port.interface.name for port in self._ports}:
            what = f"{line.text}: there is no interface {name}"
            self._text.remark(RemarkKind.UNDEFINED, what, line.number, decides=True)

    def _crypto_map(self, name: str, interface: str, entries: Sequence[Node]) -> Iterator[Bypass]:
        ingress = frozenset({interface})
        mine = [node for node in entries if len(node.words) > 4 and node.words[2] == name and node.words[3].isdecimal()]
        for node in mine:
            if node.words[4:6] == ("match", "address"):
                yield from self._matched(node, node.words[-1], ingress)
            elif node.words[4:6] == ("ipsec-isakmp", "dynamic"):
                yield from self._dynamic(node, node.words[-1], ingress)
        numbers = {node.words[3] for node in mine}
        matched = {node.words[3] for node in mine if node.words[4] in {"match", "ipsec-isakmp"}}
        for number in sorted(numbers - matched):
            first = next(node for node in mine if node.words[3] == number)
            what = f"crypto map {name} {number} has no match address: no tunnel comes up"
            self._text.remark(RemarkKind.NOTE, what, first.number)

    def _matched(self, node: Node, acl: str, ingress: frozenset[str]) -> Iterator[Bypass]:
        """Traffic out of a tunnel runs against its access list: from the list's destination to its source."""
        text = f"crypto map {node.words[2]} {node.words[3]}: out of the tunnel"
        if acl not in self._text.acls:
            self._text.remark(RemarkKind.UNDEFINED, f"access-list {acl} is not defined", node.number)
            yield Bypass(text=text, ingress=ingress, span=self._text.span(node.number))
            return
        for rule in self._lists.rules(acl, node.number):
            if isinstance(rule.do, Permit):
                yield Bypass(
                    text=text,
                    source=rule.possible.destination,
                    destination=rule.possible.source,
                    ingress=ingress,
                    span=self._text.span(node.number),
                )

    def _dynamic(self, node: Node, name: str, ingress: frozenset[str]) -> Iterator[Bypass]:
        lines = [item for item in self._text.find("crypto", "dynamic-map", name) if len(item.words) > 4]
        matched = [item for item in lines if item.words[4:6] == ("match", "address")]
        for item in matched:
            yield from self._matched(item, item.words[-1], ingress)
        if {item.words[3] for item in lines} - {item.words[3] for item in matched} or not lines:
            sites = any(True for _ in self._text.find("tunnel-group", "DefaultL2LGroup", "ipsec-attributes"))
            source = ANY if sites else self._pools()
            what = f"dynamic crypto map {name}: out of the tunnel"
            yield Bypass(text=what, source=source, ingress=ingress, span=self._text.span(node.number))

    def _webvpn(self) -> Iterator[Bypass]:
        for node in self._text.find("webvpn"):
            for line in node.find("enable"):
                if len(line.words) > 1:
                    self._demand(line.words[1], line)
                    yield Bypass(
                        text="remote access: out of the tunnel",
                        source=self._pools(),
                        ingress=frozenset({line.words[1]}),
                        span=self._text.span(line.number),
                    )

    def _pools(self) -> AddressSet:
        """Give every address that a client may get: those of the pools, or any if a server hands them out."""
        handed = any(
            child.words[0] == "dhcp-server" for node in self._text.find("tunnel-group") for child in node.children
        )
        found = [self._pool(node) for node in self._text.find("ip", "local", "pool")]
        found += [self._pool6(node) for node in self._text.find("ipv6", "local", "pool")]
        if handed or not found or None in found:
            return ANY
        return AddressSet.join(item for item in found if item is not None)

    def _pool(self, node: Node) -> AddressSet | None:
        low, _, high = (node.words[4] if len(node.words) > 4 else "").partition("-")
        first = address(low, self._text.names)
        last = address(high, self._text.names) if high else first
        return AddressSet.span(first, last) if first is not None and last is not None and first <= last else None

    def _pool6(self, node: Node) -> AddressSet | None:
        return network(node.words[4:5], self._text.names)


def _strange(node: Node) -> Iterator[Node]:
    """Give the lines of which it is not known whether they say what may come out of a tunnel."""
    words = node.words
    if words[0] == "crypto" and not _is_entry(words):
        yield node
    elif words[0] == "webvpn":
        yield from (line for line in node.children if line.words[0] not in _WEBVPN)
    elif words[0] == "tunnel-group":
        yield from (line for line in node.children if line.words[0] not in _GROUP | _POOLS)


def _is_entry(words: Sequence[str]) -> bool:
    """Tell whether a line is `crypto map|dynamic-map NAME NUMBER ...` or `crypto map NAME interface IFC`."""
    if len(words) == 5 and words[3] == "interface":
        return words[1] == "map"
    if len(words) < 5 or not words[3].isdecimal():
        return False
    if words[4:6] == ("match", "address"):
        return len(words) == 7
    if words[4:6] == ("ipsec-isakmp", "dynamic"):
        return words[1] == "map" and len(words) == 7
    return words[4] in _ENTRY
