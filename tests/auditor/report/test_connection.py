"""Weak algorithms of the connection are findings about the firewall's management."""

from __future__ import annotations

from auditor.report.connection import with_weak_algorithms
from auditor.report.status import firewall_status
from auditor.report.values import Kind, Severity, Status
from tests.auditor.sample_report import firewall, row

GOOD = firewall(rows=(row(),))


def test_each_algorithm_is_a_finding() -> None:
    """Each weak algorithm is one finding of low severity, which ends the run in 1."""
    found = with_weak_algorithms(GOOD, ("aes128-cbc", "hmac-sha1"))

    assert [(item.kind, item.severity) for item in found.findings] == [(Kind.MANAGEMENT, Severity.LOW)] * 2
    assert len({item.id for item in found.findings}) == 2
    assert found.status is firewall_status(found) is Status.FINDINGS


def test_good_connection_changes_nothing() -> None:
    """Without weak algorithms the report stays as it is."""
    assert with_weak_algorithms(GOOD, ()) is GOOD
