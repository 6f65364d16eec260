"""Captures of a Linux host made of parts."""

from __future__ import annotations

import json
from typing import Any

from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.platforms import linux

__all__ = ["Json", "capture", "firewall"]

Json = list[dict[str, Any]]


def capture(
    *,
    nft: str = "",
    iptables: str | None = None,
    ip6tables: str | None = None,
    legacy: str | None = None,
    ipset: str | None = None,
    links: Json | None = None,
    routes: Json | None = None,
    rules: Json | None = None,
    sysctls: str = "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n",
) -> Capture:
    """Give what the recipe would collect from a host with these rules; None leaves a document out."""
    texts = {
        "nft": nft,
        "iptables-save": iptables,
        "ip6tables-save": ip6tables,
        "iptables-legacy-save": legacy,
        "ipset": ipset,
        "ip-addr": json.dumps(links if links is not None else LINKS),
        "ip-route": json.dumps(routes if routes is not None else ROUTES),
        "ip-rule": json.dumps(rules if rules is not None else []),
        "sysctls": sysctls,
    }
    documents = tuple(Document(name=name, text=text, exit_status=0) for name, text in texts.items() if text is not None)
    return Capture(documents=documents, platform="linux")


def firewall(found: Capture) -> Firewall:
    """Parse a capture."""
    return linux.PLATFORM.parse(found).firewalls[0]


def _link(name: str, address: str, six: str) -> dict[str, Any]:
    return {
        "ifname": name,
        "flags": ["BROADCAST", "UP"],
        "link_type": "ether",
        "group": "default",
        "linkinfo": {"info_kind": "veth"},
        "addr_info": [
            {"family": "inet", "local": address, "prefixlen": 24, "scope": "global"},
            {"family": "inet6", "local": six, "prefixlen": 64, "scope": "global"},
        ],
    }


LINKS: Json = [
    _link("wan0", "198.51.100.1", "2001:db8:100::1"),
    _link("dmz0", "192.0.2.1", "2001:db8:2::1"),
    _link("lan0", "10.10.0.1", "2001:db8:10::1"),
]
ROUTES: Json = [{"dst": "default", "gateway": "198.51.100.10", "dev": "wan0"}]
