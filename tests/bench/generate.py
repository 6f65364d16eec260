"""Seeded ASA configurations of any size, for benchmarks.

`real`: 2 % of the rules touch the audited hosts. `hard`: 30 %, wide ranges, many denies. `fixed`: the same 400 rules
touch them, whatever the size. `mixed`: NAT, global and outgoing access lists, source ports and IPv6 among the rules.
`checkerboard`: interleaved denies of ports and permits of hosts.

Addresses are private and documentation ones. The audited site is the same in all: four virtual IPs and Edges, eight
Servers, whose rows the deployment of `site` asks for.
"""

from __future__ import annotations

import random
import sys
from ipaddress import IPv4Address
from pathlib import Path

__all__ = ["EDGES", "MODES", "SERVERS", "TOUCHING", "VIPS", "VIPS6", "checkerboard", "estate", "site"]

MODES = {"real": (0.02, 0.1), "hard": (0.30, 0.35), "fixed": (0.0, 0.1), "mixed": (0.05, 0.2)}
"""By mode: the share of rules that touch the audited hosts, and the share of denies."""
TOUCHING = 400
"""So many rules touch the audited hosts in `fixed`."""

VIPS = tuple(f"192.0.2.{n}" for n in range(10, 14))
EDGES = tuple(f"192.0.2.{n}" for n in range(21, 25))
VIPS6 = tuple(f"2001:db8:1::{n}" for n in range(10, 14))
SERVERS = tuple(f"10.20.0.{n}" for n in range(11, 19))
_HOSTS = (*VIPS, *EDGES, *SERVERS)
_ELSEWHERE = int(IPv4Address("10.64.0.0"))
_PORTS = (22, 25, 53, 80, 88, 123, 389, 443, 445, 636, 1521, 1433, 3306, 8080, 8443)
_INTERFACES = (("outside", 0, "198.51.100.1"), ("dmz", 50, "192.0.2.1"), ("inside", 100, "10.20.0.1"))
_INTERFACES6 = {"outside": "2001:db8:f::1", "dmz": "2001:db8:1::1", "inside": "2001:db8:20::1"}


def _head(*, ipv6: bool = False) -> list[str]:
    lines = [": Saved", ":", "ASA Version 9.16(4)", "!", "hostname bench-fw1"]
    for number, (name, level, address) in enumerate(_INTERFACES):
        lines += [
            f"interface GigabitEthernet0/{number}",
            f" nameif {name}",
            f" security-level {level}",
            f" ip address {address} 255.255.255.0",
            *([f" ipv6 address {_INTERFACES6[name]}/64"] if ipv6 else []),
            "!",
        ]
    return lines


def _translations() -> list[str]:
    """Give a published address for each virtual one, and a pool for what goes out."""
    lines = []
    for number, vip in enumerate(VIPS):
        lines += [f"object network P{number}", f" host {vip}", f" nat (dmz,outside) static 198.51.100.{10 + number}"]
    lines += ["object network PAT", " subnet 10.20.0.0 255.255.255.0", " nat (inside,outside) dynamic interface"]
    return lines


def _mixed_tail() -> list[str]:
    return [
        "access-list DMZ_OUT extended permit ip any any",
        *_translations(),
        "access-group GLOBAL global",
        "access-group DMZ_OUT out interface dmz",
        "ipv6 route outside ::/0 2001:db8:f::ff",
    ]


def _tail() -> list[str]:
    return [
        "access-group OUTSIDE_IN in interface outside",
        "access-group INSIDE_IN in interface inside",
        "access-group DMZ_IN in interface dmz",
        "route outside 0.0.0.0 0.0.0.0 198.51.100.254 1",
        "route inside 10.0.0.0 255.0.0.0 10.20.0.254 1",
        "Cryptochecksum:0123456789abcdef0123456789abcdef",
        ": end",
    ]


def _needed(*, ipv6: bool = False) -> list[str]:
    """Give the permits that the site's rows ask for."""
    lines = [
        f"access-list OUTSIDE_IN extended permit tcp any host {vip} eq {port}"
        for vip in (*VIPS, *(VIPS6 if ipv6 else ()))
        for port in ("https", "ssh")
    ]
    lines += [
        f"access-list INSIDE_IN extended permit tcp host {server} host {edge} eq {port}"
        for server in SERVERS
        for edge in EDGES
        for port in (20080, 20022, 20444)
    ]
    lines.append("access-list DMZ_IN extended deny ip any any")
    return lines


def _mask(bits: int) -> str:
    return str(IPv4Address((0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF))


def _network(address: int, bits: int) -> str:
    return f"{IPv4Address(address & (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF)} {_mask(bits)}"


class _Estate:
    """The objects and rules of one random estate."""

    def __init__(self, rules: int, mode: str, seed: int) -> None:
        self.random = random.Random(seed)
        self.rules = rules
        self.mode = mode
        self.share, self.denies = MODES[mode]
        self.wide = mode == "hard"
        self.groups = min(2000, max(40, rules // 20))
        self.services = min(200, max(10, rules // 100))
        self.wides = min(600, max(20, rules // 50)) if self.wide else 10
        self.protocols: list[str] = []

    def elsewhere(self) -> int:
        return _ELSEWHERE + self.random.randrange(1 << 22)

    def objects(self) -> list[str]:
        pick, lines = self.random, list[str]()
        for number in range(self.groups):
            lines.append(f"object network O{number}")
            kind, base = pick.random(), self.elsewhere()
            if kind < 0.6:
                lines.append(f" host {IPv4Address(base)}")
            elif kind < 0.9:
                lines.append(f" subnet {_network(base, pick.choice((24, 25, 26, 27, 28)))}")
            else:
                lines.append(f" range {IPv4Address(base)} {IPv4Address(base + pick.randrange(1, 200))}")
        for number in range(self.wides):
            host = int(IPv4Address(pick.choice(_HOSTS)))
            low = max(1, host - pick.randrange(1 << pick.randrange(2, 24)))
            high = host + pick.randrange(1 << pick.randrange(2, 24))
            lines += [f"object network W{number}", f" range {IPv4Address(low)} {IPv4Address(high)}"]
        for number in range(self.groups):
            lines.append(f"object-group network G{number}")
            for _ in range(pick.randrange(2, 16)):
                kind = pick.random()
                if kind < 0.4:
                    lines.append(f" network-object host {IPv4Address(self.elsewhere())}")
                elif kind < 0.7:
                    lines.append(f" network-object {_network(self.elsewhere(), pick.choice((22, 24, 26, 28)))}")
                elif kind < 0.95 or not number:
                    lines.append(f" network-object object O{pick.randrange(self.groups)}")
                else:
                    lines.append(f" group-object G{pick.randrange(number)}")
        for number in range(self.services):
            protocol = pick.choice(("tcp", "tcp", "tcp", "udp", "tcp-udp"))
            self.protocols.append(protocol)
            lines.append(f"object-group service S{number} {protocol}")
            for _ in range(pick.randrange(1, 6)):
                low = pick.randrange(1024, 60000)
                lines.append(
                    f" port-object eq {pick.choice(_PORTS)}"
                    if pick.random() < 0.75
                    else f" port-object range {low} {low + pick.randrange(1, 5000)}"
                )
        return lines

    def other(self) -> str:
        pick, kind = self.random, self.random.random()
        if kind < 0.45:
            return f"object-group G{pick.randrange(self.groups)}"
        if kind < 0.70:
            return f"host {IPv4Address(self.elsewhere())}"
        if kind < 0.85:
            return f"object O{pick.randrange(self.groups)}"
        return _network(self.elsewhere(), pick.choice((16, 20, 22, 24, 26)))

    def audited(self) -> str:
        pick = self.random
        if self.wide and pick.random() < 0.5:
            return f"object W{pick.randrange(self.wides)}"
        return f"host {pick.choice(_HOSTS)}"

    def service(self) -> tuple[str, str]:
        pick, kind = self.random, self.random.random()
        if kind < 0.45:
            number = pick.randrange(self.services)
            protocol = self.protocols[number]
            return ("tcp" if protocol == "tcp-udp" else protocol), f" object-group S{number}"
        if kind < 0.9:
            port = pick.choice(_PORTS) if pick.random() < 0.6 else pick.randrange(1, 65536)
            return pick.choice(("tcp", "tcp", "udp")), f" eq {port}"
        if self.wide and kind < 0.95:
            return "tcp", f" range {pick.randrange(1, 30000)} {pick.randrange(30000, 65536)}"
        if kind < 0.97:
            return pick.choice(("icmp", "tcp")), ""
        low = pick.randrange(1024, 60000)
        return pick.choice(("tcp", "udp")), f" range {low} {low + pick.randrange(1, 3000)}"

    def rule(self) -> str:
        pick = self.random
        protocol, service = self.service()
        source, destination = self.other(), self.other()
        if pick.random() < self.share:
            if pick.random() < 0.7:
                destination = self.audited()
            else:
                source = self.audited()
        action = "deny" if pick.random() < self.denies else "permit"
        name = "INSIDE_IN" if pick.random() < 0.3 else "OUTSIDE_IN"
        if self.mode == "mixed":
            name = pick.choice((name, name, name, "GLOBAL", "DMZ_OUT"))
            if protocol in {"tcp", "udp"} and pick.random() < 0.15:
                source += pick.choice((" gt 1023", " eq 20", " range 1024 65535"))
            elif pick.random() < 0.1:
                source = f"2001:db8:{pick.randrange(0x100, 0x200):x}::/{pick.choice((48, 64))}"
                destination = f"host {pick.choice(VIPS6)}"
        return f"access-list {name} extended {action} {protocol} {source} {destination}{service}"

    def lines(self) -> list[str]:
        out = self.objects()
        spread = _needed(ipv6=self.mode == "mixed") + (_touching() if self.mode == "fixed" else [])
        rows = iter(spread)
        step = max(1, self.rules // (len(spread) + 1))
        for number in range(self.rules):
            if number % step == step - 1:
                out += [row for row in [next(rows, "")] if row]
            out.append(self.rule())
        return out + list(rows)


def _touching() -> list[str]:
    """Give the rules about the audited hosts that stay the same whatever the size, without objects."""
    pick = random.Random(7)
    lines = []
    for _ in range(TOUCHING):
        peer = _network(_ELSEWHERE + pick.randrange(1 << 22), pick.choice((24, 26, 28, 32)))
        ends = (peer, f"host {pick.choice(_HOSTS)}")
        source, destination = ends if pick.random() < 0.7 else ends[::-1]
        action = "deny" if pick.random() < 0.1 else "permit"
        name = pick.choice(("INSIDE_IN", "OUTSIDE_IN"))
        lines.append(f"access-list {name} extended {action} tcp {source} {destination} eq {pick.choice(_PORTS)}")
    return lines


def estate(rules: int, mode: str, seed: int = 1) -> str:
    """Give a configuration of about `rules` access list entries; `mode` is one of MODES."""
    mixed = mode == "mixed"
    tail = [*(_mixed_tail() if mixed else []), *_tail()]
    return "\n".join([*_head(ipv6=mixed), *_Estate(rules, mode, seed).lines(), *tail]) + "\n"


def checkerboard(rules: int) -> str:
    """Give interleaved denies of one port each and permits of one host each: rules squared over four visible parts."""
    lines = []
    for number in range(rules // 2):
        host = IPv4Address(int(IPv4Address("172.16.0.0")) + 2 * number)
        lines.append(f"access-list OUTSIDE_IN extended deny tcp any host {VIPS[0]} eq {1024 + 2 * number}")
        lines.append(f"access-list OUTSIDE_IN extended permit tcp host {host} host {VIPS[0]}")
    return "\n".join([*_head(), *lines, *_needed(), *_tail()]) + "\n"


def site(*, ipv6: bool = False) -> str:
    """Give the deployment file of the audited site; `mixed` has IPv6."""
    vips = (*VIPS, *(VIPS6 if ipv6 else ()))
    return f"""version: 1
name: bench
baseline: [securetransport-5.5, hygiene]
groups:
  edge: [{", ".join(EDGES)}]
  edge_vip: [{", ".join(f'"{vip}"' for vip in vips)}]
  server: [{", ".join(SERVERS)}]
  trusted: [10.20.0.0/24]
internal: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
topology: {{edge: load-balanced, streaming: true, cluster: standard, outbound_via: socks}}
services:
  https: true
  ssh: true
  internal_users: {{access: none}}
firewalls:
  bench:
    platform: cisco_asa
    sides: {{outside: [internet], dmz: [edge, edge_vip], inside: [server, trusted]}}
"""


if __name__ == "__main__":
    chosen, count, target = sys.argv[1:]
    made = checkerboard(int(count)) if chosen == "checkerboard" else estate(int(count), chosen)
    Path(target).write_text(made)
