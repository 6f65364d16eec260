"""One ruleset for each feature that random rulesets seldom hit, held against the kernel packet by packet."""

from __future__ import annotations

import pytest

from parsers.model.addresses import address_number
from tests.live.bed import Bed
from tests.live.kernel import compare
from tests.live.prober import Prober
from tests.live.probes import Edges, packets

pytestmark = pytest.mark.netns

ESTABLISHED = "ct state established,related accept"
NFT = {
    "source translation": """
        chain post { type nat hook postrouting priority srcnat; policy accept;
            oifname "dmz0" tcp dport { 80, 443 } snat ip to 192.0.2.1
            oifname "dmz0" meta nfproto ipv6 udp dport 53 masquerade
            oifname "dmz0" ip daddr 192.0.2.64/26 masquerade
        }
        chain late { type filter hook postrouting priority srcnat + 10; policy accept;
            ip saddr 192.0.2.1 tcp dport 80 ip daddr 192.0.2.0/27 drop
        }
        chain forward { type filter hook forward priority filter; policy drop;
            ct state established,related accept
            ip saddr 192.0.2.1 drop
            tcp dport { 80, 443 } accept
            udp dport 53 accept
        }""",
    "masquerade without an established rule": """
        chain post { type nat hook postrouting priority srcnat; policy accept; oifname "dmz0" masquerade; }
        chain forward { type filter hook forward priority filter; policy drop;
            iifname "wan0" tcp dport 443 accept
            iifname "dmz0" ip saddr 192.0.2.0/25 tcp sport 443 accept
        }""",
    "prefix translation": """
        chain pre { type nat hook prerouting priority dstnat; policy accept;
            ip daddr 192.0.2.128/26 dnat ip prefix to 192.0.2.64/26
            ip daddr 192.0.2.192/27 dnat ip prefix to ip daddr map { 192.0.2.192/28 : 192.0.2.32/28 }
        }
        chain forward { type filter hook forward priority filter; policy drop;
            ct state established,related accept
            ip daddr 192.0.2.64-192.0.2.80 accept
            ip daddr 192.0.2.40 tcp dport 443 accept
            ct status dnat udp dport 53 accept
        }""",
    "translation after translation": """
        chain first { type nat hook prerouting priority dstnat; policy accept;
            ip daddr 198.51.100.1 tcp dport 8443 dnat ip to 192.0.2.10:443
        }
        chain second { type nat hook prerouting priority dstnat + 5; policy accept;
            ip daddr 192.0.2.10 tcp dport 443 dnat ip to 192.0.2.99
            ip daddr 198.51.100.1 tcp dport 80 dnat ip to 192.0.2.11
        }
        chain forward { type filter hook forward priority filter; policy drop;
            ct state established,related accept
            ip daddr 192.0.2.10 tcp dport 443 accept
            ip daddr 192.0.2.99 drop
            ip daddr 192.0.2.11 accept
        }""",
    "reverse path": """
        chain pre { type filter hook prerouting priority raw; policy accept;
            fib saddr . iif oif missing counter drop
            fib daddr type { multicast, broadcast } counter drop
        }
        chain forward { type filter hook forward priority filter; policy accept;
            fib saddr oif exists ip saddr 203.0.113.0/25 counter drop
        }
        chain input { type filter hook input priority filter; policy drop;
            iifname "lan0" accept
            fib daddr . iif type local tcp dport { 22, 443 } accept
            fib daddr type != local counter drop
        }""",
    "interfaces by group and kind": """
        chain forward { type filter hook forward priority filter; policy drop;
            iifgroup default meta oifkind "veth" tcp dport 443 counter accept
            meta iifkind != "veth" counter accept
            iiftype loopback counter accept
            iif . oif { "wan0" . "dmz0" } udp dport 53 counter accept
        }""",
    "tcp flags": """
        chain forward { type filter hook forward priority filter; policy drop;
            tcp flags != syn / fin,syn,rst,ack ct state new counter drop
            tcp flags syn / fin,syn,rst,ack tcp dport 443 counter accept
            tcp flags { syn, fin | ack } tcp dport 80 counter accept
            tcp flags & (fin | syn) == (fin | syn) counter accept
            tcp sport { 80, 443 } tcp flags != syn / fin,syn,rst,ack counter accept
        }""",
    "two tables and return": """
        chain sub { tcp dport 80 return; tcp dport { 80, 443 } accept; goto last; }
        chain last { udp dport 53 accept; return; }
        chain forward { type filter hook forward priority filter - 1; policy accept;
            ip daddr 192.0.2.0/27 jump sub
            ip daddr 192.0.2.0/26 tcp dport 80 reject
            ip daddr 192.0.2.0/25 goto sub
            drop
        }
        chain later { type filter hook forward priority filter + 1; policy drop;
            tcp dport 80-443 accept
            udp dport 53 accept
        }""",
    "marks": """
        chain pre { type filter hook prerouting priority mangle; policy accept;
            ip saddr 203.0.113.0/25 meta mark set meta mark | 0x1
            tcp dport 443 meta mark set meta mark | 0x10
            udp dport 53 ct mark set 0x7
        }
        chain forward { type filter hook forward priority filter; policy drop;
            meta mark & 0x1 == 0x1 tcp dport { 80, 443 } counter accept
            meta mark & 0x10 == 0x10 ip daddr 192.0.2.64/26 counter accept
            meta mark 0 ip daddr 192.0.2.10 counter accept
        }""",
    "ingress hook of a device": """
        chain forward { type filter hook forward priority filter; policy accept; }
    }
    table netdev early {
        chain ingress { type filter hook ingress device "wan0" priority 0; policy accept;
            ip saddr 203.0.113.128/25 tcp dport 443 counter drop
            ip6 daddr 2001:db8:2::40-2001:db8:2::7f counter drop
        }""",
    "protocols, options and fragments": """
        chain forward { type filter hook forward priority filter; policy drop;
            exthdr frag exists counter drop
            ip frag-off & 0x1fff != 0 counter drop
            ip option lsrr exists counter drop
            meta l4proto != { tcp, udp } counter accept
            ip protocol udp udp dport { 53, 80 } counter accept
            th dport 443 counter accept
        }""",
}  # fmt: skip
IPTABLES = {
    "one to one": """*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 192.0.2.128/26 -j NETMAP --to 192.0.2.64/26
-A POSTROUTING -o dmz0 -p tcp -m tcp --dport 443 -j SNAT --to-source 192.0.2.1
-A POSTROUTING -o dmz0 -p udp -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -d 192.0.2.64/27 -m conntrack --ctstate DNAT -j ACCEPT
-A FORWARD -d 192.0.2.0/26 -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -p udp -m udp --dport 53 -j ACCEPT
COMMIT
""",
    "reverse path and types": """*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -m rpfilter --invert -j DROP
COMMIT
*filter
:FORWARD DROP [0:0]
:INPUT DROP [0:0]
-A INPUT -i lan0 -j ACCEPT
-A INPUT -m addrtype --dst-type LOCAL -p tcp -m tcp --dport 443 -j ACCEPT
-A FORWARD -m addrtype ! --dst-type LOCAL -m pkttype --pkt-type unicast -p tcp -m multiport --ports 80,443 -j ACCEPT
-A FORWARD -m addrtype --src-type UNICAST -p udp -m udp --dport 53 -j ACCEPT
COMMIT
""",
    "marks of connections": """*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -s 203.0.113.0/25 -j MARK --set-xmark 0x1/0x1
-A PREROUTING -p tcp -m tcp --dport 443 -j MARK --or-mark 0x10
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m mark --mark 0x1/0x1 -p tcp -j ACCEPT
-A FORWARD -m mark --mark 0x10/0x10 -d 192.0.2.64/26 -j ACCEPT
-A FORWARD -m mark ! --mark 0x0/0x10 -d 192.0.2.10/32 -j ACCEPT
-A FORWARD -m mark --mark 0x0 -p udp -j ACCEPT
COMMIT
""",
}


def edges() -> Edges:
    """Give the edges of all of them."""
    found = Edges()
    for axis, low, high in (
        ("saddr", "203.0.113.0", "203.0.113.127"),
        ("saddr", "203.0.113.128", "203.0.113.255"),
        ("daddr", "192.0.2.10", "192.0.2.11"),
        ("daddr", "192.0.2.32", "192.0.2.47"),
        ("daddr", "192.0.2.40", "192.0.2.40"),
        ("daddr", "192.0.2.64", "192.0.2.80"),
        ("daddr", "192.0.2.99", "192.0.2.127"),
        ("daddr", "192.0.2.128", "192.0.2.191"),
        ("daddr", "192.0.2.192", "192.0.2.207"),
        ("daddr", "2001:db8:2::40", "2001:db8:2::7f"),
    ):
        found.address(axis, address_number(low), address_number(high))
    for number in (22, 53, 80, 443, 8443):
        found.port("dport", number, number)
        found.port("sport", number, number)
    return found


def hold(bed: Bed, prober: Prober, *, side: str = "internet", count: int = 600) -> None:
    """Demand that the kernel agrees, replies included."""
    found = compare(bed, prober, bed.read(), packets(edges(), 11, count, side=side), side=side)
    assert found.mismatches == []
    assert found.packets > count // 2


@pytest.mark.parametrize("name", list(NFT))
def test_nft(bed: Bed, prober: Prober, name: str) -> None:
    """Features of nft, from the Internet's side."""
    bed.fw("nft", "-f", "-", data=f"table inet t {{{NFT[name]}\n}}\n".replace("; }", ";\n}"))
    hold(bed, prober)


@pytest.mark.parametrize("back_end", ["iptables-restore", "iptables-legacy-restore"])
@pytest.mark.parametrize("name", list(IPTABLES))
def test_iptables(bed: Bed, prober: Prober, name: str, back_end: str) -> None:
    """Features of iptables, over nf_tables and legacy."""
    bed.fw(back_end, data=IPTABLES[name])
    hold(bed, prober)


@pytest.mark.parametrize("mode", ["1", "2"])
def test_reverse_path_filter_of_the_kernel(bed: Bed, prober: Prober, mode: str) -> None:
    """rp_filter strict and loose, without any rule."""
    bed.fw("sysctl", "-qw", f"net.ipv4.conf.wan0.rp_filter={mode}")
    try:
        hold(bed, prober)
    finally:
        bed.fw("sysctl", "-qw", "net.ipv4.conf.wan0.rp_filter=0")


def test_from_the_other_side(bed: Bed, prober: Prober) -> None:
    """Outbound through masquerading, and what the DMZ may not reach."""
    bed.fw(
        "nft",
        "-f",
        "-",
        data="""table inet t {
        chain post { type nat hook postrouting priority srcnat; policy accept; oifname "wan0" masquerade
        }
        chain forward { type filter hook forward priority filter; policy drop;
            ct state established,related accept
            iifname "dmz0" oifname "wan0" ip daddr 203.0.113.0/25 tcp dport { 80, 443 } accept
            iifname "dmz0" oifname "wan0" ip6 daddr 2001:db8:f00::/40 udp dport 53 accept
        }
        }""",
    )
    hold(bed, prober, side="dmz")


def test_exempt_from_tracking(bed: Bed, prober: Prober) -> None:
    """Packets without a state pass `untracked` only; whether their answers come back is never surely yes."""
    bed.fw(
        "nft",
        "-f",
        "-",
        data="""table inet t {
        chain raw { type filter hook prerouting priority raw; policy accept;
            udp dport 53 notrack
            udp sport 53 notrack
            tcp dport 443 ip daddr 192.0.2.64/26 notrack
        }
        chain forward { type filter hook forward priority filter; policy drop;
            ct state established,related accept
            ct state new tcp dport { 80, 443 } counter accept
            ct state untracked udp dport 53 counter accept
            ct state untracked udp sport 53 counter accept
            ct state untracked tcp dport 443 ip daddr 192.0.2.64-192.0.2.80 counter accept
        }
        }""",
    )
    capture = bed.read()
    found = compare(bed, prober, capture, packets(edges(), 11, 600))
    wrong = [item for item in found.mismatches if not (item.startswith("the reply") and "unknown" in item)]
    assert wrong == []
    assert any("the reply" in item and "did not come back" in item for item in found.mismatches)
