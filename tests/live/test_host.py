"""`st-audit host` and `flow` on a real firewall over a real sshd, and what makes a collection incomplete."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.model.addresses import address_text
from parsers.model.capture import Capture, Document
from parsers.model.packets import Packet
from parsers.model.services import protocol_name
from parsers.platforms import linux
from tests.live.bed import SSH_PORT, Bed, namespace
from tests.live.prober import Prober
from tests.live.probes import Edges, packets

pytestmark = pytest.mark.netns

NFT = """
table inet filter {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport { 22, 443 } accept
        iifname "lan0" ip saddr 10.20.0.11 ip daddr 192.0.2.11-192.0.2.12 tcp dport { 20022, 20080, 20444 } accept
    }
}
"""
TRANSLATING_NFT = """
table inet nat {
    chain prerouting {
        type nat hook prerouting priority dstnat; policy accept;
        ip daddr 198.51.100.1 tcp dport 8443 dnat ip to 192.0.2.10:443
        ip daddr 198.51.100.1 udp dport 53 dnat ip to 192.0.2.11
    }
}
table inet filter {
    chain forward {
        type filter hook forward priority filter; policy drop;
        ip saddr 203.0.113.128/25 drop
        ct status dnat tcp dport 443 accept
        ip daddr 192.0.2.11 udp dport 53 accept
    }
    chain input {
        type filter hook input priority filter; policy drop;
        iifname "lan0" accept
        tcp dport 22 accept
    }
}
"""
TRANSLATING_IPTABLES = """*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -d 198.51.100.1/32 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 192.0.2.10:443
-A PREROUTING -d 198.51.100.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 192.0.2.11
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lan0 -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A FORWARD -s 203.0.113.128/25 -j DROP
-A FORWARD -p tcp -m conntrack --ctstate DNAT -m tcp --dport 443 -j ACCEPT
-A FORWARD -d 192.0.2.11/32 -p udp -m udp --dport 53 -j ACCEPT
COMMIT
"""
DEPLOYMENT = """version: 1
name: bed
baseline: securetransport-5.5
groups:
  edge: [192.0.2.11, 192.0.2.12]
  edge_vip: [192.0.2.10]
  server: [10.20.0.11]
  trusted: [10.10.0.0/24]
internal: [10.0.0.0/8]
topology: {edge: load-balanced, streaming: true, outbound_via: edge}
services: {https: true, http: false, ssh: true}
ipv6: none
firewalls:
  perimeter:
    platform: linux
    address: 10.10.0.1
    ssh: {port: 2222, user: root}
    sides: {wan0: [internet], dmz0: [edge, edge_vip], lan0: [server, trusted]}
"""


def st_audit(bed: Bed, *words: str, data: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program from the trusted network."""
    bed.connect()
    known = ("--key-file", str(bed.folder / "user"), "--known-hosts", str(bed.folder / "known_hosts"))
    with namespace(bed.name("trusted")):
        return subprocess.run(
            [str(Path(sys.executable).parent / "st-audit"), words[0], *known, *words[1:]],
            input=data,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=bed.folder,
        )


@pytest.fixture
def perimeter(bed: Bed) -> Bed:
    """Give the bed with the compliant ruleset, the Server's route and the deployment."""
    bed.fw("ip", "route", "replace", "10.20.0.0/16", "via", "10.10.0.10")
    bed.fw("nft", "-f", "-", data=NFT)
    (bed.folder / "deployment.yaml").write_text(DEPLOYMENT, encoding="ascii")
    return bed


def test_an_opened_port_is_found_and_gone(perimeter: Bed) -> None:
    """HTTP 80 opened by a real `nft add rule` is reported with that rule's text, and gone after `nft delete rule`."""
    before = st_audit(perimeter, "host", "perimeter")
    assert before.returncode == 0, before.stdout + before.stderr
    perimeter.fw("nft", "add rule inet filter forward ip daddr 192.0.2.10 tcp dport 80 accept")
    opened = st_audit(perimeter, "host", "perimeter")
    assert opened.returncode == 1
    assert "ip daddr 192.0.2.10 tcp dport 80 accept" in opened.stdout
    assert "HTTP from clients" in opened.stdout
    listing = perimeter.fw("nft", "-a", "list", "chain", "inet", "filter", "forward")
    handle = next(line for line in listing.splitlines() if "dport 80 " in line).rpartition(" ")[2]
    perimeter.fw("nft", f"delete rule inet filter forward handle {handle}")
    assert st_audit(perimeter, "host", "perimeter").returncode == 0


def test_iptables_hides_nothing_from_nft(perimeter: Bed) -> None:
    """A drop that only iptables-legacy holds makes required traffic missing, although nft permits it."""
    perimeter.fw("iptables-legacy", "-A", "FORWARD", "-p", "tcp", "--dport", "443", "-j", "DROP")
    found = st_audit(perimeter, "host", "perimeter")
    assert found.returncode == 1
    assert "-A FORWARD -p tcp -m tcp --dport 443 -j DROP" in found.stdout


def table_of(asked: list[Packet]) -> str:
    """Write packets as `flow --packets` takes them."""
    lines = ["id\tsrc\tdst\tproto\tsport\tdport\tin\tout"]
    for number, packet in enumerate(asked):
        port = packet.port if packet.protocol in {6, 17} else packet.port // 256
        name = {1: "icmp", 58: "icmp6"}.get(packet.protocol, protocol_name(packet.protocol))
        source, target = address_text(packet.source), address_text(packet.destination)
        lines.append(f"{number}\t{source}\t{target}\t{name}\t{packet.source_port}\t{port}\twan0\t")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("back_end", ["nft", "iptables"])
def test_flow_agrees_with_real_packets(bed: Bed, prober: Prober, back_end: str) -> None:
    """`flow --packets -f tsv` over SSH says what real packets meet, DNAT present."""
    if back_end == "nft":
        bed.fw("nft", "-f", "-", data=TRANSLATING_NFT)
    else:
        bed.fw("iptables-restore", data=TRANSLATING_IPTABLES)
    edges = Edges()
    for low, high in ((22, 22), (53, 53), (443, 443), (8443, 8443)):
        edges.port("dport", low, high)
    edges.address("saddr", 0xCB007180, 0xCB0071FF)  # 203.0.113.128/25
    edges.address("daddr", 0xC000020A, 0xC000020B)  # 192.0.2.10 and .11
    asked = [packet for packet in packets(edges, 7, 400) if packet.source < 1 << 32]
    bed.forget()
    outcome = prober.send(asked)
    assert outcome.lost == 0
    words = ("flow", "--host", "10.10.0.1", "--port", str(SSH_PORT), "--user", "root", "--platform", "linux")
    answer = st_audit(bed, *words, "--packets", "-", "-f", "tsv", data=table_of(asked))
    assert answer.returncode == 0, answer.stderr
    rows = list(csv.DictReader(io.StringIO(answer.stdout), delimiter="\t"))
    assert len(rows) == len(asked)
    wrong = []
    for row in rows:
        number = int(row["id"])
        real = number in outcome.passed or number in outcome.taken
        if row["verdict"] != ("permit" if real else "deny"):
            wrong.append(f"{asked[number]}: {row['verdict']}, really {'permit' if real else 'deny'}")
    assert wrong == []
    assert any(number in outcome.passed and asked[number].port == 8443 for number in range(len(asked)))


# -- collecting ---------------------------------------------------------------------------------------------


def without(capture: Capture, *names: str) -> Capture:
    """Leave documents out."""
    return Capture(documents=tuple(item for item in capture.documents if item.name not in names), platform="linux")


def replaced(capture: Capture, name: str, other: Document) -> Capture:
    """Put another document in the place of one."""
    return Capture(
        documents=tuple(other if item.name == name else item for item in capture.documents), platform="linux"
    )


def document(capture: Capture, name: str) -> Document:
    """Give a document by name."""
    return next(item for item in capture.documents if item.name == name)


def test_the_wrapper_runs_nothing_else(bed: Bed) -> None:
    """The documented forced command runs the recipe's commands and refuses any other, with a word that is a refusal."""
    transport = bed.connect().get_transport()
    assert transport is not None
    for command in (
        "id",
        "nft list ruleset; id",
        "nft -f /etc/nftables.conf",
        "",
        "iptables-save -M id",
        "nft -a list ruleset; id",
    ):
        channel = transport.open_session(timeout=10)
        if command:
            channel.exec_command(command)
        else:
            channel.invoke_shell()
        complaint = channel.makefile_stderr("rb").read().decode("utf-8")
        assert channel.recv_exit_status() == 126
        assert "st-audit-wrapper: not allowed" in complaint
    assert linux.PLATFORM.prove(bed.collect()).complete


def test_collected_over_ssh_is_what_is_there(perimeter: Bed) -> None:
    """What exec channels bring is byte for byte what the commands print on the host (but for counters and clocks)."""
    over_ssh, there = (
        [
            (item.name, item.text)
            for item in capture.documents
            if "legacy" not in item.name and not item.name.endswith("-counters")
        ]
        for capture in (perimeter.collect(), perimeter.read())
    )
    assert over_ssh == there


COUNTED_NFT = """\
table inet st {
  chain forward {
    type filter hook forward priority 0;
    tcp dport 443 counter packets 17 bytes 1020 accept
    tcp dport 22 accept
  }
}
"""
COUNTED_IPTABLES = """\
*filter
:FORWARD ACCEPT [0:0]
[5:300] -A FORWARD -p tcp --dport 80 -j DROP
COMMIT
"""


def test_counts_are_collected_beside(bed: Bed) -> None:
    """What the kernel counted stands on the rules that are judged, of both back ends, and in no listing of these."""
    bed.fw("nft", "-f", "-", data=COUNTED_NFT)
    bed.fw("iptables-restore", "-c", data=COUNTED_IPTABLES)
    capture = bed.collect()
    counted = {}
    for use in linux.PLATFORM.parse(capture).uses:
        place = capture.documents[use.span.document]
        counted[place.name, use.count] = place.lines()[use.span.first - 1].strip()

    assert counted["nft", 17].startswith("tcp dport 443 counter accept")
    assert counted["iptables-save", 5].startswith("-A FORWARD -p tcp")


def test_without_permission(bed: Bed) -> None:
    """An account that may not list gets an incomplete collection that names the wrapper and its page."""
    bed.fw("nft", "-f", "-", data=NFT)
    documents = []
    with namespace(bed.name("fw")):
        for item in linux.PLATFORM.recipe.commands if linux.PLATFORM.recipe else ():
            done = subprocess.run(
                ["/bin/sh", "-c", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec {item.text}"],
                capture_output=True,
                text=True,
                check=False,
                user=65534,
                group=65534,
                extra_groups=[],
                env={**os.environ, "HOME": "/"},
            )
            documents.append(
                Document(
                    name=item.name,
                    command=item.text,
                    text=done.stdout,
                    stderr=done.stderr,
                    exit_status=done.returncode,
                )
            )
    found = linux.PLATFORM.prove(Capture(documents=tuple(documents), platform="linux"))
    assert not found.complete
    assert "no permission for nft -as list ruleset" in found.reason
    assert "docs/accounts.md" in found.hint


def test_changed_between_two_commands(perimeter: Bed) -> None:
    """A rule that was added between the text and its proof makes the collection incomplete, to be done again."""
    earlier = perimeter.read()
    perimeter.fw("nft", "add rule inet filter forward tcp dport 80 accept")
    later = perimeter.read()
    mixed = replaced(later, "nft", document(earlier, "nft"))
    found = linux.PLATFORM.prove(mixed)
    assert not found.complete
    assert "differ" in found.reason
    assert "collect it again" in found.hint


def test_rule_of_iptables_added_between(bed: Bed) -> None:
    """The same where the rule is one of iptables, which nft and iptables-save count."""
    bed.fw("iptables-restore", data=TRANSLATING_IPTABLES)
    earlier = bed.read()
    bed.fw("iptables", "-A", "FORWARD", "-p", "tcp", "--dport", "80", "-j", "ACCEPT")
    mixed = replaced(bed.read(), "iptables-save", document(earlier, "iptables-save"))
    found = linux.PLATFORM.prove(mixed)
    assert not found.complete
    assert "chain FORWARD" in found.reason


def test_legacy_tables_that_were_not_collected(bed: Bed) -> None:
    """A warning of legacy tables without these tables is incomplete; with them it is not."""
    bed.fw("iptables-legacy", "-A", "FORWARD", "-j", "DROP")
    capture = bed.read()
    assert "legacy tables present" in document(capture, "iptables-save").stderr
    assert linux.PLATFORM.prove(capture).complete
    found = linux.PLATFORM.prove(without(capture, "iptables-legacy-save"))
    assert not found.complete
    assert "legacy" in found.reason


def test_an_extension_that_nothing_explains(bed: Bed) -> None:
    """An `xt` expression without iptables-save is never taken for a match of everything."""
    bed.fw(
        "iptables-restore",
        data="*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp -m string --string x --algo bm -j ACCEPT\nCOMMIT\n",
    )
    capture = bed.read()
    assert linux.PLATFORM.prove(capture).complete
    failed = replace(document(capture, "iptables-save"), text="", stderr="not found", exit_status=127)
    found = linux.PLATFORM.prove(replaced(capture, "iptables-save", failed))
    assert not found.complete
    assert "iptables extension" in found.reason


def test_nothing_stays_behind() -> None:
    """A bed that fails while it is used leaves no namespace."""
    bed = Bed()

    def fail() -> None:
        with bed:
            assert Path("/run/netns", bed.name("fw")).exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Path("/run/netns", bed.name("fw")).exists()
    assert not bed.folder.exists()
