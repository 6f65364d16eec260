"""Seeded random rulesets for nft and iptables, with every edge of what they name, for the packets that test them.

The generator keeps off what no listing tells. Two negated ports in one rule are compiled to "not this pair" and listed
as they were written. Of two comparisons in one rule, `ip daddr >= a` before `ip saddr <= b`, nft 1.0.6 lists the range
`ip saddr a-b`. Limits depend on time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from tests.live.bed import ADDRESSES
from tests.live.probes import Edges, number

__all__ = ["IptablesRuleset", "NftRuleset"]

_SOURCES4 = ("203.0.113.0/24", "198.18.0.0/15", "100.100.64.0/18")
_TARGETS4 = "192.0.2.0/24"
_SOURCES6 = ("2001:db8:f00::/40", "2001:db8:abc::/48")
_TARGETS6 = "2001:db8:2::/112"
_PORTS = (20, 21, 22, 25, 53, 80, 123, 443, 1024, 8000, 8443, 40000, 65535)


@dataclass(slots=True)
class _Words:
    """Random words of rules, their edges kept."""

    random: random.Random
    edges: Edges = field(default_factory=Edges)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, *choices: str) -> str:
        return self.random.choice(choices)

    def network(self, axis: str, six: bool) -> IPv4Network | IPv6Network:
        within = self.random.choice(_SOURCES6 if six else _SOURCES4) if axis == "saddr" else (
            _TARGETS6 if six else _TARGETS4
        )  # fmt: skip
        outer = ip_network(within)
        inside = ip_address(int(outer.network_address) + self.random.randrange(outer.num_addresses))
        length = self.random.randint(outer.prefixlen + 1, outer.max_prefixlen)
        found = ip_network(f"{inside}/{length}", strict=False)
        self.edges.address(axis, number(found.network_address), number(found.broadcast_address))
        return found

    def span(self, axis: str, six: bool) -> tuple[str, str]:
        network = self.network(axis, six)
        picks = sorted(self.random.randrange(network.num_addresses) for _ in range(2))
        low, high = (ip_address(int(network.network_address) + pick) for pick in picks)
        self.edges.address(axis, number(low), number(high))
        return str(low), str(high)

    def ports(self, side: str) -> tuple[int, int]:
        low = self.random.choice(_PORTS) if self.chance(0.6) else self.random.randint(1, 65000)
        high = low if self.chance(0.5) else min(65535, low + self.random.randint(1, 3000))
        self.edges.port(side, low, high)
        return low, high


class NftRuleset(_Words):
    """A ruleset of one `inet` table: base chains, user chains, sets, maps, marks, translation."""

    def __init__(self, seed: int, *, name: str = "t", nat: bool = True) -> None:
        """Write the ruleset of a seed."""
        super().__init__(random.Random(seed))
        self.table = name
        self.sets: list[str] = []
        self.named: dict[str, list[str]] = {}
        self.compared = False
        self.users = [f"user{number}" for number in range(self.random.randint(1, 3))]
        chains = [self._user(number) for number in range(len(self.users))]
        chains.append(self._base("forward", "filter hook forward priority filter", 6, 14))
        chains.append(self._base("input", "filter hook input priority filter", 2, 6, first=_MANAGEMENT))
        if self.chance(0.4):
            chains.append(self._marking())
        if nat and self.chance(0.5):
            chains.append(self._nat())
        body = "\n".join([*self.sets, *chains])
        self.text = f"table inet {name} {{\n{body}\n}}\n"

    def _base(self, name: str, kind: str, low: int, high: int, first: str = "") -> str:
        policy = self.one("accept", "drop", "drop")
        rules = [self._rule(base=True) for _ in range(self.random.randint(low, high))]
        if self.chance(0.5):
            rules.insert(self.random.randrange(len(rules) + 1), "ct state established,related counter accept")
        if self.chance(0.3):
            rules.insert(
                self.random.randrange(len(rules) + 1), "ct state vmap { established : accept, related : accept }"
            )
        lines = "\n".join(f"\t\t{rule}" for rule in (first, *rules) if rule)
        return f"\tchain {name} {{\n\t\ttype {kind}; policy {policy};\n{lines}\n\t}}"

    def _user(self, number: int) -> str:
        deeper = self.users[:number]
        rules = [self._rule(base=False, jumps=deeper) for _ in range(self.random.randint(1, 5))]
        lines = "\n".join(f"\t\t{rule}" for rule in rules)
        return f"\tchain {self.users[number]} {{\n{lines}\n\t}}"

    def _marking(self) -> str:
        rules = [f"{self._matches()} meta mark set 0x1 counter"]
        self.named["mark"] = ["meta mark 0x1", "meta mark != 0x1", "meta mark & 0x3 == 0x1", "meta mark 0x0"]
        lines = "\n".join(f"\t\t{rule}" for rule in rules)
        return f"\tchain pre {{\n\t\ttype filter hook prerouting priority mangle; policy accept;\n{lines}\n\t}}"

    def _nat(self) -> str:
        rules: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            six = self.chance(0.3)
            target = (
                f"2001:db8:2::{self.random.randint(2, 0xFE):x}" if six else f"192.0.2.{self.random.randint(2, 254)}"
            )
            own = ADDRESSES["wan0"][six]
            family, low = ("ip6" if six else "ip"), self.ports("dport")[0]
            port = self.random.choice(_PORTS)
            self.edges.port("dport", port, port)
            self.edges.published.add(low)
            written = f"[{target}]:{port}" if six else f"{target}:{port}"
            kind = self.random.randrange(4)
            if kind == 0:
                rules.append(f"{family} daddr {own} tcp dport {low} counter dnat {family} to {written}")
            elif kind == 1:
                rules.append(f"{family} daddr {own} udp dport {low} counter dnat {family} to {target}")
            elif kind == 2 and not six:
                other = (low % 65000) + 1
                self.edges.port("dport", other, other)
                rules.append(
                    f"ip daddr {own} counter dnat ip to tcp dport map {{ {low} : {target}, {other} : 192.0.2.99 }}"
                )
            else:
                rules.append(f'iifname "wan0" tcp dport {low} counter redirect to :{port}')
        lines = "\n".join(f"\t\t{rule}" for rule in rules)
        return f"\tchain natpre {{\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n{lines}\n\t}}"

    def _rule(self, *, base: bool, jumps: list[str] | None = None) -> str:
        chains = self.users if jumps is None else jumps
        if self.chance(0.12):
            return self._verdict_map(chains)
        verdicts = ["accept", "accept", "drop", "reject", "reject with icmpx admin-prohibited"]
        if not base:
            verdicts.append("return")
        verdict = self.one(*verdicts)
        if chains and self.chance(0.3):
            verdict = f"{self.one('jump', 'jump', 'goto')} {self.one(*chains)}"
        return f"{self._matches()} counter {verdict}"

    def _verdict_map(self, chains: list[str]) -> str:
        verdicts = ["accept", "drop", *(f"jump {name}" for name in chains)]
        low, high = self.ports("dport")
        other = high + 7 if high < 65000 else low - 7
        self.edges.port("dport", other, other)
        kind = self.random.randrange(3)
        if kind == 0:
            return f"tcp dport vmap {{ {_range(low, high)} : {self.one(*verdicts)}, {other} : {self.one(*verdicts)} }}"
        if kind == 1:
            return f"meta l4proto vmap {{ tcp : {self.one(*verdicts)}, udp : {self.one(*verdicts)} }}"
        network = self.network("saddr", six=False)
        return (
            f"ip saddr . tcp dport vmap {{ {network} . {_range(low, high)} : {self.one(*verdicts)}, "
            f"{network.network_address} . {other} : {self.one(*verdicts)} }}"
        )

    # -- matches ---------------------------------------------------------------------------------

    def _matches(self) -> str:
        six = self.chance(0.35)
        self.compared = False
        parts: list[str] = []
        if self.chance(0.55):
            parts.append(self._address("saddr", six))
        if self.chance(0.55):
            parts.append(self._address("daddr", six))
        paired = self.chance(0.08)
        if paired:
            parts.append(self._pair(six))
        elif self.chance(0.75):
            parts.append(self._service(six))
        if self.chance(0.2):
            parts.append(self.one('iifname "wan0"', 'oifname "dmz0"', 'iifname != "lan0"', 'iifname "wan*"',
                                  'oifname { "dmz0", "lan0" }', 'iif "wan0"', 'oifname != "dmz*"'))  # fmt: skip
        if self.chance(0.15):
            states = ["ct state new", "ct state { new, established }", "ct state != new", "ct status dnat",
                      "ct state new,related", "ct state invalid"]  # fmt: skip
            if not parts:
                states += ["meta nfproto ipv4", "meta nfproto != ipv4", "tcp flags syn / fin,syn,rst,ack"]
            parts.append(self.one(*states))
        if "mark" in self.named and self.chance(0.3):
            parts.append(self.one(*self.named["mark"]))
        self.random.shuffle(parts)
        return " ".join(parts)

    def _address(self, axis: str, six: bool) -> str:
        family = "ip6" if six else "ip"
        no = "!= " if self.chance(0.15) else ""
        kind = self.random.randrange(5)
        if kind == 0:
            return f"{family} {axis} {no}{self.network(axis, six)}"
        if kind == 1:
            low, high = self.span(axis, six)
            return f"{family} {axis} {no}{low}-{high}" if low != high else f"{family} {axis} {no}{low}"
        if kind == 2:
            return f"{family} {axis} {no}{{ {self._some_networks(axis, six)} }}"
        if kind == 3:
            return f"{family} {axis} {no}@{self._named_set(axis, six)}"
        return f"{family} {axis} {self._comparison()}{self.network(axis, six).network_address}"

    def _comparison(self) -> str:
        """Give a comparison for one selector of a rule; nft may list two of them as one range."""
        if self.compared:
            return ""
        self.compared = True
        return f"{self.one('>', '<', '>=', '<=')} "

    def _some_networks(self, axis: str, six: bool) -> str:
        found: list[IPv4Network | IPv6Network] = []
        for _ in range(self.random.randint(1, 4)):
            network = self.network(axis, six)
            if not any(network.overlaps(other) for other in found):
                found.append(network)
        return ", ".join(map(str, found))

    def _named_set(self, axis: str, six: bool) -> str:
        key = f"{axis}{6 if six else 4}"
        if key not in self.named or self.chance(0.3):
            name = f"{key}_{len(self.sets)}"
            kind = "ipv6_addr" if six else "ipv4_addr"
            elements = self._some_networks(axis, six)
            self.sets.append(f"\tset {name} {{ type {kind}; flags interval; elements = {{ {elements} }}; }}")
            self.named.setdefault(key, []).append(name)
        return self.one(*self.named[key])

    def _service(self, six: bool) -> str:
        kind = self.random.randrange(7)
        if kind == 0:
            return f"{'icmpv6' if six else 'icmp'} type {self.one('echo-request', '{ echo-request, echo-reply }')}"
        if kind == 1:
            return f"meta l4proto {self.one('tcp', 'udp', '!= tcp', '{ tcp, udp }', 'icmp', 'ipv6-icmp')}"
        protocol = self.one("tcp", "tcp", "udp")
        if kind == 2:
            return f"meta l4proto {{ tcp, udp }} th dport {self._port_value('dport')}"
        if kind == 3:
            return f"{protocol} sport {self._port_value('sport')} {protocol} dport {_range(*self.ports('dport'))}"
        if kind == 4:
            return f"{protocol} dport {self._port_set()}"
        return f"{protocol} dport {self._port_value('dport')}"

    def _port_value(self, side: str) -> str:
        no = "!= " if self.chance(0.15) else ""
        if self.chance(0.15):
            return f"{self._comparison()}{self.ports(side)[0]}"
        return no + _range(*self.ports(side))

    def _port_set(self) -> str:
        low, high = self.ports("dport")
        other = high + 5 if high < 65000 else low - 5
        self.edges.port("dport", other, other)
        no = "!= " if self.chance(0.2) else ""
        if self.chance(0.5):
            return f"{no}{{ {_range(low, high)}, {other} }}"
        name = f"ports_{len(self.sets)}"
        self.sets.append(
            f"\tset {name} {{ type inet_service; flags interval; elements = {{ {_range(low, high)}, {other} }}; }}"
        )
        return f"{no}@{name}"

    def _pair(self, six: bool) -> str:
        family, kind = ("ip6", "ipv6_addr") if six else ("ip", "ipv4_addr")
        element = f"{self.network('daddr', six)} . {_range(*self.ports('dport'))}"
        no = "!= " if self.chance(0.3) else ""
        if self.chance(0.5):
            return f"{family} daddr . tcp dport {no}{{ {element} }}"
        name = f"pairs_{len(self.sets)}"
        self.sets.append(f"\tset {name} {{ type {kind} . inet_service; flags interval; elements = {{ {element} }}; }}")
        return f"{family} daddr . tcp dport {no}@{name}"


_MANAGEMENT = 'iifname "lan0" accept'


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"


class IptablesRuleset(_Words):
    """Rules for iptables-restore and ip6tables-restore, with ipsets."""

    def __init__(self, seed: int, *, six: bool = False, nat: bool = True, sets: bool = True) -> None:
        """Write the rules of a seed for one IP version."""
        super().__init__(random.Random(seed * 2 + six))
        self.six = six
        self.use_sets = sets
        self.ipsets: list[str] = []
        self.marks = self.chance(0.3)
        users = ["ALPHA", "BETA"]
        filter_rules = [self._rule("ALPHA", []) for _ in range(self.random.randint(1, 4))]
        filter_rules += [self._rule("BETA", users[:1]) for _ in range(self.random.randint(1, 4))]
        filter_rules.append("-A INPUT -i lan0 -j ACCEPT")
        if self.chance(0.6):
            filter_rules.append("-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        filter_rules += [self._rule("FORWARD", users) for _ in range(self.random.randint(5, 12))]
        filter_rules += [self._rule("INPUT", users) for _ in range(self.random.randint(2, 5))]
        policies = [f":{name} {self.one('ACCEPT', 'DROP')} [0:0]" for name in ("INPUT", "FORWARD")]
        tables = ["*filter", *policies, ":OUTPUT ACCEPT [0:0]", *(f":{name} - [0:0]" for name in users), *filter_rules]
        tables.append("COMMIT")
        if self.marks:
            tables += [
                "*mangle",
                ":PREROUTING ACCEPT [0:0]",
                f"-A PREROUTING {self._matches(ports=True)} -j MARK --set-mark 0x1",
                "COMMIT",
            ]
        if nat and self.chance(0.5):
            tables += self._nat()
        self.text = "\n".join(tables) + "\n"

    def _nat(self) -> list[str]:
        own = ADDRESSES["wan0"][self.six]
        low = self.ports("dport")[0]
        port = self.random.choice(_PORTS)
        self.edges.port("dport", port, port)
        target = (
            f"2001:db8:2::{self.random.randint(2, 0xFE):x}" if self.six else f"192.0.2.{self.random.randint(2, 254)}"
        )
        written = f"[{target}]:{port}" if self.six else f"{target}:{port}"
        rules = [
            f"-A PREROUTING -d {own} -p tcp -m tcp --dport {low} -j DNAT --to-destination {written}",
            f"-A PREROUTING -i wan0 -p tcp -m tcp --dport {port} -j REDIRECT --to-ports {low}",
            f"-A PREROUTING -d {own} -p udp -m udp --dport {low} -j DNAT --to-destination {target}",
        ]
        kept = [rule for rule in rules if self.chance(0.6)]
        return ["*nat", ":PREROUTING ACCEPT [0:0]", *kept, "COMMIT"]

    def _rule(self, chain: str, jumps: list[str]) -> str:
        target = self.one("ACCEPT", "ACCEPT", "DROP", "REJECT")
        if chain in {"ALPHA", "BETA"} and self.chance(0.2):
            target = "RETURN"
        word = "-j"
        if jumps and self.chance(0.3):
            target, word = self.one(*jumps), self.one("-j", "-j", "-g")
        ports = self.chance(0.7)
        matches = self._matches(ports=ports)
        if "REJECT" in target and "-p tcp" in matches and "! -p" not in matches and self.chance(0.4):
            target += " --reject-with tcp-reset"
        return f"-A {chain} {matches} {word} {target}".replace("  ", " ")

    def _matches(self, *, ports: bool) -> str:
        parts: list[str] = []
        for axis, option in (("saddr", "-s"), ("daddr", "-d")):
            if self.chance(0.45):
                no = "! " if self.chance(0.2) else ""
                parts.append(f"{no}{option} {self.network(axis, self.six)}")
            elif self.chance(0.2):
                low, high = self.span(axis, self.six)
                no = "! " if self.chance(0.2) else ""
                parts.append(f"-m iprange {no}--{'src' if axis == 'saddr' else 'dst'}-range {low}-{high}")
        if self.chance(0.15):
            parts.append(self.one("-i wan0", "-i wan+", "! -i lan0"))
        parts.append(self._service() if ports else "")
        if self.chance(0.15):
            parts.append(self.one("-m conntrack --ctstate NEW", "-m conntrack ! --ctstate ESTABLISHED",
                                  "-m state --state NEW,RELATED", "-m conntrack --ctstate DNAT",
                                  "-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL"))  # fmt: skip
        if self.marks and self.chance(0.3):
            parts.append(self.one("-m mark --mark 0x1", "-m mark ! --mark 0x1", "-m mark --mark 0x0/0x1"))
        if self.use_sets and self.chance(0.15):
            parts.append(self._ipset())
        return " ".join(part for part in parts if part)

    def _service(self) -> str:
        kind = self.random.randrange(6)
        protocol = self.one("tcp", "tcp", "udp")
        no = "! " if self.chance(0.15) else ""
        if kind == 0:
            return "-p ipv6-icmp -m icmp6 --icmpv6-type 128" if self.six else "-p icmp -m icmp --icmp-type 8"
        if kind == 1:
            return f"{no}-p {protocol}"
        if kind == 2:
            ranges = [self.ports("dport") for _ in range(self.random.randint(1, 3))]
            words = ",".join(str(low) if low == high else f"{low}:{high}" for low, high in ranges)
            return f"-p {protocol} -m multiport {no}--dports {words}"
        if kind == 3:
            low, high = self.ports("sport")
            return f"-p {protocol} -m {protocol} {no}--sport {low}:{high} --dport {self.ports('dport')[0]}"
        if kind == 4 and protocol == "tcp":
            return f"-p tcp -m tcp --dport {self.ports('dport')[0]} {no}--syn"
        low, high = self.ports("dport")
        return f"-p {protocol} -m {protocol} {no}--dport {low}:{high}"

    def _ipset(self) -> str:
        name = f"s{len(self.ipsets)}v{6 if self.six else 4}"
        family = " family inet6" if self.six else ""
        no = "! " if self.chance(0.2) else ""
        if self.chance(0.5):
            axis = self.one("saddr", "daddr")
            lines = [f"create {name} hash:net{family}"]
            lines += [f"add {name} {self.network(axis, self.six)}" for _ in range(3)]
            direction = "src" if axis == "saddr" else "dst"
        else:
            lines = [f"create {name} hash:net,port{family}"]
            lines += [f"add {name} {self.network('daddr', self.six)},tcp:{self.ports('dport')[0]}" for _ in range(2)]
            direction, no = "dst,dst", ""
        self.ipsets.append("\n".join(dict.fromkeys(lines)))
        return f"-m set {no}--match-set {name} {direction}"
