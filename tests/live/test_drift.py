"""Drift and waivers around changes that a real `nft` makes on the live bed, collected over a real sshd."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.live.bed import Bed
from tests.live.test_host import DEPLOYMENT, NFT, st_audit

pytestmark = pytest.mark.netns

TELNET = "ip saddr 203.0.113.0/24 ip daddr 192.0.2.10 tcp dport 23 accept"
SSH = "ip daddr 192.0.2.10 tcp dport 22 accept"
REORDERED = """
flush ruleset
table inet other { chain unused { counter accept; }; }
table inet filter {
    set servers { type ipv4_addr; elements = { 10.20.0.11 }; }
    chain from_wan { tcp dport 443 ip daddr 192.0.2.10 accept; tcp dport 22 ip daddr 192.0.2.10 accept; }
    chain forward {
        type filter hook forward priority filter; policy drop;
        iifname "lan0" ip saddr @servers ip daddr { 192.0.2.11, 192.0.2.12 } tcp dport { 20022, 20080, 20444 } accept
        ct state established,related accept
        iifname "wan0" oifname "dmz0" jump from_wan
    }
}
"""


@pytest.fixture
def perimeter(bed: Bed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bed:
    """Give the bed with the compliant ruleset, the deployment, and a history of its own."""
    monkeypatch.setenv("ST_AUDIT_HISTORY", str(tmp_path / "history.sqlite"))
    bed.fw("ip", "route", "replace", "10.20.0.0/16", "via", "10.10.0.10")
    bed.fw("nft", "-f", "-", data=NFT)
    (bed.folder / "deployment.yaml").write_text(DEPLOYMENT, encoding="ascii")
    return bed


def recorded(bed: Bed, *words: str) -> int:
    """Audit the bed over SSH, record it, and give the exit code."""
    ran = st_audit(bed, "host", "perimeter", "--record", *words)
    assert ran.returncode in {0, 1}, ran.stdout + ran.stderr
    return ran.returncode


def drift(bed: Bed, *words: str) -> dict[str, Any]:
    """Give what `drift` says of the only firewall."""
    ran = plain(bed, "drift", "-f", "json", *words)
    (firewall,) = json.loads(ran)["firewalls"]
    assert isinstance(firewall, dict)
    return firewall


def plain(bed: Bed, *words: str) -> str:
    """Run a command that opens no connection, and give what it prints."""
    import subprocess
    import sys

    program = str(Path(sys.executable).with_name("st-audit"))
    ran = subprocess.run(
        [program, *words], capture_output=True, text=True, check=False, timeout=60, cwd=bed.folder, env=os.environ
    )
    assert ran.returncode in {0, 1}, ran.stderr
    return ran.stdout


def boxes(change: dict[str, Any], side: str) -> list[str]:
    """Give the traffic that a change added or removed, as short text."""
    return [
        f"{box['source']} {box['destination']} {box['protocol']}/{box['ports']}"
        for part in change[side]
        for box in part["traffic"]
    ]


def test_drift_names_exactly_what_a_change_opened(perimeter: Bed) -> None:
    """After a real `nft add rule` the drift is that rule's traffic and nothing else; after its deletion it is gone."""
    assert recorded(perimeter) == 0
    perimeter.fw("nft", f"add rule inet filter forward {TELNET}")
    assert recorded(perimeter) == 1
    (change,) = drift(perimeter)["changes"]

    assert (change["kind"], change["after"][0]["kind"]) == ("new", "extra")
    assert boxes(change, "added") == ["203.0.113.0/24 192.0.2.10 tcp/23"]
    assert change["grown_by"] == str(256 * 65536)
    assert TELNET in change["after"][0]["lines"][0]["text"]
    shown = plain(perimeter, "drift")
    assert "203.0.113.0/24 may reach 192.0.2.10 on tcp/23, line " in shown

    listing = perimeter.fw("nft", "-a", "list", "chain", "inet", "filter", "forward")
    handle = next(line for line in listing.splitlines() if "dport 23 " in line).rpartition(" ")[2]
    perimeter.fw("nft", f"delete rule inet filter forward handle {handle}")
    assert recorded(perimeter) == 0
    (change,) = drift(perimeter)["changes"]
    assert (change["kind"], boxes(change, "removed")) == ("gone", ["203.0.113.0/24 192.0.2.10 tcp/23"])


def test_the_same_meaning_drifts_by_nothing(perimeter: Bed) -> None:
    """A ruleset written anew, with sets, jumps and another order, that means the same has not drifted."""
    assert recorded(perimeter) == 0
    perimeter.fw("nft", "-f", "-", data=REORDERED)
    assert recorded(perimeter) == 0
    found = drift(perimeter)

    assert (found["standing"], found["changes"], found["rows"]) == ("compared", [], [])


def test_what_a_change_closed(perimeter: Bed) -> None:
    """A drop before the permits makes a row missing, and the drift says which traffic no longer passes."""
    assert recorded(perimeter) == 0
    perimeter.fw("nft", "insert rule inet filter forward ip daddr 192.0.2.10 tcp dport 22 drop")
    assert recorded(perimeter) == 1
    found = drift(perimeter)

    assert [(row["before"], row["after"]) for row in found["rows"]] == [("present", "missing")]
    (change,) = [item for item in found["changes"] if item["after"][0]["kind"] == "missing"]
    assert {box.rpartition(" ")[2] for box in boxes(change, "added")} == {"tcp/22"}


def test_grown_finding_voids_its_waiver(perimeter: Bed) -> None:
    """What was accepted for one network counts again when a real change lets a second one in; the warning counts it."""
    perimeter.fw("nft", f"add rule inet filter forward {TELNET}")
    assert recorded(perimeter) == 1
    shown = json.loads(plain(perimeter, "history", "show", "-f", "json"))
    (finding,) = shown["firewalls"][0]["findings"]
    approval = ("--reason", "r", "--owner", "o", "--approver", "a", "--ticket", "T-1", "--expires", "2099-12-31")
    plain(perimeter, "waivers", "new", finding["id"], *approval, "--append", str(perimeter.folder / "waivers.yaml"))
    assert recorded(perimeter, "--waivers", "waivers.yaml") == 0

    perimeter.fw("nft", f"add rule inet filter forward {TELNET.replace('203.0.113.0/24', '203.0.113.0-203.0.114.255')}")
    grown = st_audit(perimeter, "host", "perimeter", "--waivers", "waivers.yaml", "--record", "-f", "json")
    document = json.loads(grown.stdout)
    kinds = {item["kind"]: item for item in document["waivers"]["warnings"]}

    # The second rule's surplus is a finding of its own, beside the accepted one.
    assert grown.returncode == 1
    assert [item["waived"] is not None for item in document["firewalls"][0]["findings"]] == [True, False]
    assert kinds == {}

    listing = perimeter.fw("nft", "-a", "list", "chain", "inet", "filter", "forward")
    handle = next(line for line in listing.splitlines() if "203.0.113.0/24" in line).rpartition(" ")[2]
    perimeter.fw("nft", f"delete rule inet filter forward handle {handle}")
    grown = st_audit(perimeter, "host", "perimeter", "--waivers", "waivers.yaml", "-f", "json")
    (warning,) = json.loads(grown.stdout)["waivers"]["warnings"]
    assert grown.returncode == 1
    assert (warning["kind"], warning["size"]) == ("grown", str(256 * 65536))
    assert f"{256 * 65536:,} combinations" in grown.stderr
