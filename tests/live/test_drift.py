"""Drift and waivers around changes that a real `nft` makes on the live bed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from auditor.audit import audit_firewall, compose
from auditor.deployment.load import load
from auditor.drift.compare import compare
from auditor.drift.values import ChangeKind, FirewallDrift, Part, Standing
from auditor.export.waiver_entry import HEAD, Approval
from auditor.export.waiver_entry import render as entry
from auditor.report.values import Kind, Report, RowVerdictKind, WaiverWarningKind
from auditor.waivers.apply import apply
from auditor.waivers.load import loads as load_waivers
from parsers.platforms import linux
from tests.live.bed import Bed
from tests.live.test_host import DEPLOYMENT, NFT, st_audit

pytestmark = pytest.mark.netns

TELNET = "ip saddr 203.0.113.0/24 ip daddr 192.0.2.10 tcp dport 23 accept"
TELNET_FOR_MORE = "ip saddr 203.0.113.0-203.0.114.255 ip daddr 192.0.2.10 tcp dport 23 accept"
NETWORK = 256 * 65536
"""A network of 256 addresses, from any source port, to one service of one host."""
REWRITTEN = """
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
def perimeter(bed: Bed) -> Bed:
    """Give the bed with the compliant ruleset, the Server's route and the deployment."""
    bed.fw("ip", "route", "replace", "10.20.0.0/16", "via", "10.10.0.10")
    bed.fw("nft", "-f", "-", data=NFT)
    (bed.folder / "deployment.yaml").write_text(DEPLOYMENT, encoding="ascii")
    return bed


def audited(bed: Bed, day: str = "2027-01-01") -> Report:
    """Audit what is in force."""
    deployment = load(bed.folder / "deployment.yaml")
    found = audit_firewall(bed.read(), linux.PLATFORM, deployment, deployment.firewall("perimeter"))
    return compose(deployment, (found,), day)


def drift(before: Report, after: Report) -> FirewallDrift:
    """Compare two audits of the bed."""
    (found,) = compare(before, after).firewalls
    return found


def texts(parts: tuple[Part, ...]) -> list[str]:
    """Give traffic that was added or taken away, as short text."""
    return [f"{box.source} {box.destination} {box.protocol}/{box.ports}" for part in parts for box in part.traffic]


def delete(bed: Bed, words: str) -> None:
    """Take the rule with these words away, by its handle."""
    listing = bed.fw("nft", "-a", "list", "chain", "inet", "filter", "forward")
    handle = next(line for line in listing.splitlines() if words in line).rpartition(" ")[2]
    bed.fw("nft", f"delete rule inet filter forward handle {handle}")


def test_recorded_runs_around_a_change(perimeter: Bed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two runs recorded over SSH around a real `nft add rule`: `drift` names that rule's traffic and nothing else."""
    monkeypatch.setenv("ST_AUDIT_HISTORY", str(tmp_path / "history.sqlite"))
    before = st_audit(perimeter, "host", "perimeter", "--record", "--as-of", "2027-01-01")
    perimeter.fw("nft", f"add rule inet filter forward {TELNET}")
    after = st_audit(perimeter, "host", "perimeter", "--record", "--as-of", "2027-01-05")
    assert (before.returncode, after.returncode) == (0, 1), before.stderr + after.stderr
    (change,) = json.loads(_plain("drift", "-f", "json"))["firewalls"][0]["changes"]
    (part,) = change["added"]
    (box,) = part["traffic"]

    assert (change["kind"], change["after"][0]["kind"], change["grown_by"]) == ("new", "extra", str(NETWORK))
    assert (box["source"], box["destination"], box["ports"]) == ("203.0.113.0/24", "192.0.2.10", "23")
    assert TELNET in change["after"][0]["lines"][0]["text"]
    sentence = "since Friday 2027-01-01 203.0.113.0/24 may reach 192.0.2.10 on tcp/23, line "
    assert sentence in _plain("drift")


def _plain(*words: str) -> str:
    program = str(Path(sys.executable).with_name("st-audit"))
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60).stdout


def test_a_rule_comes_and_goes(perimeter: Bed) -> None:
    """What a real rule opens is new, and gone once it is deleted: exactly its traffic both times."""
    before = audited(perimeter)
    perimeter.fw("nft", f"insert rule inet filter forward {TELNET}")
    opened = audited(perimeter)
    delete(perimeter, "dport 23 ")
    (new,), (gone,) = drift(before, opened).changes, drift(opened, audited(perimeter)).changes

    assert (new.kind, texts(new.added)) == (ChangeKind.NEW, ["203.0.113.0/24 192.0.2.10 tcp/23"])
    assert (gone.kind, texts(gone.removed)) == (ChangeKind.GONE, ["203.0.113.0/24 192.0.2.10 tcp/23"])


def test_the_same_meaning_drifts_by_nothing(perimeter: Bed) -> None:
    """A ruleset written anew, with sets, jumps and another order, that means the same has not drifted."""
    perimeter.fw("nft", f"add rule inet filter forward {TELNET}")
    before = audited(perimeter)
    perimeter.fw("nft", "-f", "-", data=REWRITTEN)
    perimeter.fw("nft", f"insert rule inet filter forward {TELNET}")
    found = drift(before, audited(perimeter))

    assert before.firewalls[0].findings
    assert (found.standing, found.changes, found.rows) == (Standing.COMPARED, (), ())


def test_what_a_change_closed(perimeter: Bed) -> None:
    """A drop before the permits makes a row missing, and the drift says which traffic no longer passes."""
    before = audited(perimeter)
    perimeter.fw("nft", "insert rule inet filter forward ip daddr 192.0.2.10 tcp dport 22 drop")
    found = drift(before, audited(perimeter))

    assert [(row.before, row.after) for row in found.rows] == [(RowVerdictKind.PRESENT, RowVerdictKind.MISSING)]
    (change,) = (item for item in found.changes if item.finding.kind is Kind.MISSING)
    assert {text.rpartition(" ")[2] for text in texts(change.added)} == {"tcp/22"}


def test_grown_finding_voids_its_waiver(perimeter: Bed) -> None:
    """What was accepted for one network counts again once a real change lets a second in; the warning counts it."""
    perimeter.fw("nft", f"add rule inet filter forward {TELNET}")
    before = audited(perimeter)
    (finding,) = before.firewalls[0].findings
    approval = Approval(reason="r", owner="o", approver="a", ticket="T-1", expires=date(2030, 1, 1))
    waivers = load_waivers(HEAD + entry(before.firewalls[0], finding, approval))
    accepted = apply(before, waivers)
    delete(perimeter, "dport 23 ")
    perimeter.fw("nft", f"add rule inet filter forward {TELNET_FOR_MORE}")
    grown = apply(audited(perimeter), waivers)

    assert accepted.firewalls[0].findings == (replace(finding, waived=accepted.firewalls[0].findings[0].waived),)
    assert accepted.firewalls[0].findings[0].waived is not None
    assert [item.waived for item in grown.firewalls[0].findings] == [None]
    assert grown.waivers is not None
    (warning,) = grown.waivers.warnings
    assert (warning.kind, warning.size) == (WaiverWarningKind.GROWN, NETWORK)
    assert [box.source for box in warning.traffic] == ["203.0.114.0/24"]
    (change,) = drift(accepted, grown).changes
    assert (change.kind, change.grown_by) == (ChangeKind.GROWN, NETWORK)
