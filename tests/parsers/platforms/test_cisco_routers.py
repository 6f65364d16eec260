"""Replies of stateless lists, and whole understanding of the fixtures of Cisco systems other than the ASA."""

from __future__ import annotations

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import V6
from parsers.model.capture import Capture, Document
from parsers.model.interpreter import Verdict, judge_reply
from parsers.model.rules import Traffic
from parsers.registry import platform
from tests.fixture_cases import Case, case_id, cases, judged, questions

PLATFORMS = ("cisco_ios", "cisco_nxos", "cisco_iosxr", "cisco_ftd")
CASES = [case for case in cases() if case.platform in PLATFORMS and case.supported and not case.refused]
STRANGE = ("unknown-words",)
"""Cases that hold words that no device knows."""


@pytest.mark.parametrize("case", [case for case in CASES if (case.folder / "replies.txt").exists()], ids=case_id)
def test_replies_written_by_hand(case: Case) -> None:
    """The reply to the first packet of each connection gets the verdict that stateless lists give it."""
    wrong = []
    for firewall, asked in questions(case, case.parse(), table="replies.txt"):
        first = judged(firewall, asked)
        assert first.verdict is Verdict.PERMIT, f"{asked.id}: the first packet itself gets {first.verdict}"
        moved = any(path.packet.destination != asked.packet.destination for path in first.paths)
        traffic = Traffic.THROUGH if moved else asked.traffic
        verdicts = {
            judge_reply(firewall, asked.packet, asked.ingress, path, traffic=traffic).verdict for path in first.paths
        }
        if verdicts != {asked.verdict}:
            wrong.append(f"{asked.id}: {asked.packet}: {verdicts}, not {asked.verdict}")
    assert wrong == []


@pytest.mark.parametrize("case", [case for case in CASES if case.folder.name not in STRANGE], ids=case_id)
def test_each_line_of_a_fixture_is_understood(case: Case) -> None:
    """No line of a fixture is left over, but of those that are meant to be strange."""
    found = case.parse()
    for document, states in zip(case.capture().documents, found.ledger, strict=True):
        lines = zip(document.lines(), states, strict=True)
        assert [line for line, state in lines if state == LineState.NOT_UNDERSTOOD] == []
    assert [remark for remark in found.remarks if remark.kind is RemarkKind.NOT_UNDERSTOOD] == []


def test_ipv6_that_nobody_turned_on_is_not_surely_forwarded() -> None:
    """Without `ipv6 unicast-routing` no IPv6 packet passes IOS for sure; IPv4 does as before."""
    (case,) = (item for item in CASES if item.platform == "cisco_ios" and item.folder.name == "ipv6-traffic-filter")
    text = (case.folder / "config.txt").read_text("utf-8")
    assert "ipv6 unicast-routing\n" in text
    without = Document(name="config.txt", text=text.replace("ipv6 unicast-routing\n", ""))
    found = platform("cisco_ios").parse(Capture(documents=(without,)))

    asked = [item for _, item in questions(case, found) if item.verdict == "permit" and item.packet.source >= V6]
    verdicts = {judged(found.firewalls[0], item).verdict for item in asked}
    assert verdicts == {Verdict.UNKNOWN}
