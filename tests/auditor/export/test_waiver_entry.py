"""An entry written from a finding accepts that finding, whole, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings

from auditor.engine.boxes import arriving
from auditor.errors import UsageError
from auditor.export.waiver_entry import HEAD, Approval, render
from auditor.report.values import Box, Finding, Kind, Severity
from auditor.waivers.apply import apply
from auditor.waivers.load import loads
from tests.auditor.report_strategies import findings
from tests.auditor.sample_report import finding, firewall, report

APPROVAL = Approval(
    reason='"quoted": # and\nodd', owner="mft-team", approver="ciso", ticket="SEC-1", expires=date(2030, 1, 1)
)


@given(findings)
@settings(max_examples=80)
def test_accepts_exactly_the_finding(found: Finding) -> None:
    """Whatever the finding, its entry is a right one that waives it and is not wider than it."""
    assume(arriving(found.traffic))
    found = replace(found, waived=None, rows=("4", "20a") if found.rows else ())
    made = replace(report(firewall(findings=(found,))), as_of="2027-01-01")
    waivers = loads(HEAD + render(made.firewalls[0], found, APPROVAL))
    after = apply(made, waivers)

    assert after.waivers is not None
    assert after.waivers.warnings == ()
    waived = after.firewalls[0].findings[0].waived
    assert waived is not None
    assert (waived.reason, waived.expires) == (APPROVAL.reason, "2030-01-01")


def test_as_people_read_it() -> None:
    """Boxes that differ in their sources only are one; the host behind a translation is said."""
    inner = Box(source="10.0.0.0/8", destination="10.9.9.9", protocol="tcp", source_ports="any", ports="8080")
    outer = Box(
        source="10.0.0.0/8", destination="192.0.2.10", protocol="tcp", source_ports="any", ports="80", translated=inner
    )
    other = replace(outer, source="172.16.0.0/12", translated=replace(inner, source="172.16.0.0/12"))
    text = render(firewall(), replace(finding(), traffic=(outer, other)), replace(APPROVAL, reason="until spring"))

    view = "translated: {source: any, destination: 10.9.9.9, protocol: tcp, ports: 8080}"
    assert text.splitlines() == [
        "  - firewall: perimeter",
        "    kind: extra",
        "    rows: ['4']",
        "    traffic:",
        f"      - {{source: [10.0.0.0/8, 172.16.0.0/12], destination: 192.0.2.10, protocol: tcp, ports: 80, {view}}}",
        "    reason: until spring",
        "    owner: mft-team",
        "    approver: ciso",
        "    ticket: SEC-1",
        "    expires: '2030-01-01'",
    ]


def test_finding_without_traffic() -> None:
    """A management finding is named by its id."""
    weak = replace(finding(Kind.MANAGEMENT, Severity.LOW, rows=()), id="management-1", traffic=())
    made = replace(report(firewall(findings=(weak,))), as_of="2027-01-01")
    after = apply(made, loads(HEAD + render(made.firewalls[0], weak, APPROVAL)))

    assert after.firewalls[0].findings[0].waived is not None


def test_what_nobody_could_assess() -> None:
    """A finding that is bound to nothing cannot be waived."""
    with pytest.raises(UsageError, match="cannot be waived"):
        render(firewall(), replace(finding(Kind.NOT_ASSESSABLE), traffic=()), APPROVAL)


@pytest.mark.parametrize("name", ["reason", "owner", "approver", "ticket"])
def test_nothing_left_empty(name: str) -> None:
    """Why, whose, who approved and the ticket are never blank."""
    with pytest.raises(UsageError) as caught:
        replace(APPROVAL, **{name: " "})  # type: ignore[arg-type]  # a text for a text
    assert caught.value.key == f"--{name}"
