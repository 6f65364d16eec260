"""A ruleset that was saved without its device's interfaces is entered by those that the declared sides name."""

from __future__ import annotations

from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.engine.examine import examine
from auditor.report.values import Kind, RowVerdictKind
from parsers.model.capture import Capture, Document
from parsers.registry import platform

RULESET = """\
table inet filter {
	chain forward {
		type filter hook forward priority 0; policy accept;
	}
}
"""
SITE = {
    "version": 1,
    "groups": {
        "edge": ["192.0.2.11"],
        "edge_vip": ["192.0.2.10"],
        "server": ["10.20.0.11"],
        "trusted": ["10.20.0.0/24"],
    },
    "services": {"https": True},
    "firewalls": {"fw": {"sides": {"wan0": ["internet"], "dmz0": ["edge", "edge_vip"], "lan0": ["server", "trusted"]}}},
}


def test_policy_accept_permits_rows_and_is_surplus() -> None:
    """With nothing but `policy accept` the rows are present, and what else it opens is found."""
    capture = Capture(documents=(Document(name="fw.nft", text=RULESET),))
    parsed = platform("linux_nftables").parse(capture)
    firewall = parsed.firewalls[0]

    examined = examine(firewall, question(load(SITE), "fw", firewall), capture, parsed.remarks)

    https = next(row for row in examined.rows if row.id == "5")
    assert https.verdict in {RowVerdictKind.PRESENT, RowVerdictKind.NOT_ASSESSABLE}
    opened = {(item.source_side, item.destination_side) for item in examined.findings if item.kind is Kind.OVER_BROAD}
    assert ("wan0", "dmz0") in opened
