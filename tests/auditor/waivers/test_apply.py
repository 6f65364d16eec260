"""Waivers held against findings, on a day that the test chooses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from auditor.engine.boxes import arriving
from auditor.engine.cells import size
from auditor.report.status import exit_code, status, worst_finding
from auditor.report.values import (
    Box,
    Finding,
    Kind,
    ProblemKind,
    Report,
    RowVerdictKind,
    Severity,
    Status,
    WaiverWarning,
    WaiverWarningKind,
)
from auditor.waivers.apply import apply, day_of
from auditor.waivers.values import OPEN_KINDS, WITHOUT_TRAFFIC, Waiver, Waivers
from tests.auditor.sample_report import failed, finding, firewall, not_understood, report, row

LAST = date(2027, 3, 31)
LONG = date(2030, 1, 1)


def box(source: str = "any4", ports: str = "80", destination: str = "192.0.2.10") -> Box:
    """Make a TCP box."""
    return Box(source=source, destination=destination, protocol="tcp", source_ports="any", ports=ports)


def open_(*boxes: Box, kind: Kind = Kind.EXTRA, rows: tuple[str, ...] = ("4",), name: str = "extra-1") -> Finding:
    """Make a finding over some traffic."""
    return replace(finding(kind, rows=rows), id=name, traffic=boxes, size=size(arriving(boxes)))


def waiver(
    *boxes: Box,
    expires: date = LONG,
    kinds: frozenset[Kind] = OPEN_KINDS,
    rows: frozenset[str] | None = None,
    firewalls: tuple[str, ...] = ("perimeter",),
    context: str | None = None,
    named: str | None = None,
    ticket: str = "SEC-1",
    line: int = 3,
) -> Waiver:
    """Make a waiver of some traffic, or of a finding by its id."""
    return Waiver(
        firewalls=firewalls, context=context, kinds=kinds, rows=rows, traffic=boxes, finding=named,
        reason="partners move by spring", owner="mft-team", approver="ciso", ticket=ticket, expires=expires, line=line,
    )  # fmt: skip


def applied(
    findings: tuple[Finding, ...], waivers: tuple[Waiver, ...], as_of: str = "2027-01-01", soon: int = 30
) -> Report:
    """Apply waivers to an audit of one firewall with these findings."""
    made = replace(report(firewall(rows=(row("4"),), findings=findings)), as_of=as_of)
    return apply(made, Waivers(entries=waivers, sha256="3" * 64), soon=soon)


def warnings(found: Report) -> list[WaiverWarning]:
    """Give the warnings of a report."""
    assert found.waivers is not None
    return list(found.waivers.warnings)


def kinds(found: Report) -> list[WaiverWarningKind]:
    """Give the kinds of a report's warnings."""
    return [item.kind for item in warnings(found)]


def waived(found: Report) -> list[bool]:
    """Tell of each finding whether it is waived."""
    return [item.waived is not None for item in found.firewalls[0].findings]


def test_exactly_its_traffic() -> None:
    """A finding whose traffic was accepted stays visible, says who accepted it, and does not count."""
    found = applied((open_(box()),), (waiver(box(), rows=frozenset({"4"}), kinds=frozenset({Kind.EXTRA})),))
    (item,) = found.firewalls[0].findings

    assert item.waived is not None
    assert (item.waived.ticket, item.waived.approver, item.waived.expires) == ("SEC-1", "ciso", "2030-01-01")
    assert (item.severity, worst_finding(found), exit_code(found)) == (Severity.HIGH, None, 0)
    assert found.firewalls[0].status is Status.COMPLIANT
    assert warnings(found) == []
    assert found.waivers is not None
    assert found.waivers.sha256 == "3" * 64


def test_line_numbers_do_not_matter() -> None:
    """The same traffic by another line, cut into other boxes, is still accepted."""
    split = replace(open_(box("0.0.0.0/1"), box("128.0.0.0/1")), lines=(), id="extra-9")

    assert waived(applied((split,), (waiver(box()),))) == [True]


# -- until when -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "holds"),
    [
        ("2027-03-30", True),
        ("2027-03-31", True),
        ("2027-03-31T00:00:00Z", True),
        ("2027-03-31T23:59:59Z", True),
        ("2027-04-01", False),
        ("2027-04-01T00:00:00Z", False),
        ("2027-04-01T01:30:00+02:00", True),
        ("2027-03-31T23:30:00-01:00", False),
    ],
)
def test_last_day_is_included(as_of: str, *, holds: bool) -> None:
    """It holds to the end of its last day in UTC, wherever the clock stands, and counts again a second later."""
    found = applied((open_(box()),), (waiver(box(), expires=LAST),), as_of)

    assert waived(found) == [holds]
    assert exit_code(found) == (0 if holds else 1)


def test_leap_day() -> None:
    """A waiver to 29 February holds on that day and not on 1 March."""
    leap = waiver(box(), expires=date(2028, 2, 29))

    assert waived(applied((open_(box()),), (leap,), "2028-02-29T23:59:59Z")) == [True]
    after = applied((open_(box()),), (leap,), "2028-03-01")
    assert waived(after) == [False]
    assert "expired with 2028-02-29 (UTC), 1 day ago: 1 finding counts again" in warnings(after)[0].text


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2027-02-28", None),
        ("2027-03-01", "expires in 30 days, with the end of 2027-03-31 (UTC)"),
        ("2027-03-30", "expires in 1 day,"),
        ("2027-03-31", "expires today,"),
    ],
)
def test_expiring(as_of: str, words: str | None) -> None:
    """From so many days before its end on, it is said to expire, counted in whole days of UTC."""
    found = warnings(applied((open_(box()),), (waiver(box(), expires=LAST),), as_of))

    assert [item.kind for item in found] == ([] if words is None else [WaiverWarningKind.EXPIRING])
    assert all(words is not None and item.text.startswith(words) for item in found)


def test_expiring_within_other_days() -> None:
    """How early that is said is the caller's choice."""
    assert kinds(applied((open_(box()),), (waiver(box(), expires=LAST),), "2027-03-30", soon=0)) == []
    assert kinds(applied((open_(box()),), (waiver(box(), expires=LAST),), "2027-01-01", soon=89)) == [
        WaiverWarningKind.EXPIRING
    ]


def test_expired_and_of_no_use() -> None:
    """One that expired and that nothing needs any more is to be taken out; it is not called unused as well."""
    (warning,) = warnings(applied((), (waiver(box(), expires=LAST),), "2027-04-02"))

    assert warning.kind is WaiverWarningKind.EXPIRED
    assert warning.text == "expired with 2027-03-31 (UTC), 2 days ago, and nothing needs it any more: take it out"


def test_day_of() -> None:
    """A date stands for itself, a moment for its day in UTC."""
    assert day_of("2027-01-31") == date(2027, 1, 31)
    assert day_of("2027-01-31T23:30:00-01:00") == date(2027, 2, 1)
    assert day_of("2027-01-31T12:00:00") == date(2027, 1, 31)


# -- how much -------------------------------------------------------------------------------------------------------


def test_grown() -> None:
    """A finding that reaches beyond what was accepted counts again, whole, and the warning says by how much."""
    found = applied((open_(box(ports="80-81")),), (waiver(box()),))
    (warning,) = warnings(found)

    assert waived(found) == [False]
    assert exit_code(found) == 1
    assert warning.kind is WaiverWarningKind.GROWN
    assert warning.traffic == (box(ports="81"),)
    assert warning.size == 2**32 * 65536
    assert "beyond what was accepted by 281,474,976,710,656 combinations" in warning.text
    assert (warning.waiver, warning.line, warning.firewall) == ("SEC-1", 3, "perimeter")


def test_grown_by_one_address() -> None:
    """One address more is enough."""
    found = applied((open_(box("10.0.0.0-10.0.0.1")),), (waiver(box("10.0.0.0")),))

    assert waived(found) == [False]
    assert warnings(found)[0].size == 65536


def test_shrunk() -> None:
    """A finding that became smaller stays waived; the waiver is now wider than what it covers."""
    found = applied((open_(box("10.0.0.0/9")),), (waiver(box("10.0.0.0/8")),))
    (warning,) = warnings(found)

    assert waived(found) == [True]
    assert warning.kind is WaiverWarningKind.WIDER
    assert (warning.traffic, warning.size) == ((box("10.128.0.0/9"),), 2**23 * 65536)


def test_several_findings_use_one() -> None:
    """What a waiver covers is what all its findings have together."""
    findings = (open_(box("10.0.0.0/9")), open_(box("10.128.0.0/9"), name="extra-2"))
    found = applied(findings, (waiver(box("10.0.0.0/8")),))

    assert waived(found) == [True, True]
    assert warnings(found) == []


def test_unused() -> None:
    """A waiver that no finding needs is to be taken out."""
    found = applied((open_(box(ports="22")),), (waiver(box()),))

    assert kinds(found) == [WaiverWarningKind.UNUSED]
    assert waived(found) == [False]


def test_unused_is_not_said_of_what_was_not_audited() -> None:
    """A waiver of a firewall that the run did not audit, or could not, may well be needed."""
    elsewhere = waiver(box(), firewalls=("elsewhere",))
    both = waiver(box(), firewalls=("perimeter", "elsewhere"))
    unreached = apply(report(failed()), Waivers(entries=(waiver(box(), firewalls=("inner",)),)))

    assert kinds(applied((), (elsewhere,))) == kinds(applied((), (both,))) == kinds(unreached) == []


def test_overlapping() -> None:
    """Of two that accept the same, the one that holds longer is shown, and their overlap is told."""
    short, long_ = waiver(box(), expires=LAST, ticket="SEC-1", line=3), waiver(box(), ticket="SEC-2", line=14)
    found = applied((open_(box()),), (short, long_))
    (item,) = found.firewalls[0].findings
    (warning,) = warnings(found)

    assert item.waived is not None
    assert (item.waived.ticket, item.waived.expires) == ("SEC-2", "2030-01-01")
    assert (warning.kind, warning.waiver) == (WaiverWarningKind.OVERLAPPING, "SEC-2")
    assert "what SEC-1 (line 3) accepts" in warning.text


def test_two_halves() -> None:
    """Two waivers that only together take a finding waive it until the first of them ends."""
    halves = (waiver(box("10.0.0.0/9"), ticket="A"), waiver(box("10.128.0.0/9"), ticket="B", expires=LAST))
    found = applied((open_(box("10.0.0.0/8")),), halves)
    (item,) = found.firewalls[0].findings

    assert item.waived is not None
    assert (item.waived.ticket, item.waived.expires) == ("A, B", "2027-03-31")
    assert waived(applied((open_(box("10.0.0.0/8")),), halves, "2027-04-01")) == [False]


def test_expired_half_is_growth_of_the_other() -> None:
    """When one of two halves has ended, the other no longer takes the finding whole."""
    halves = (waiver(box("10.0.0.0/9"), ticket="A"), waiver(box("10.128.0.0/9"), ticket="B", expires=LAST))
    found = applied((open_(box("10.0.0.0/8")),), halves, "2027-04-01")

    assert kinds(found) == [WaiverWarningKind.EXPIRED, WaiverWarningKind.GROWN]


# -- bound to what --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "holds"),
    [
        (waiver(box(), firewalls=("inner",)), False),
        (waiver(box(), firewalls=("inner", "perimeter")), True),
        (waiver(box(), context="dmz"), False),
        (waiver(box(), context=""), True),
        (waiver(box(), kinds=frozenset({Kind.OVER_BROAD})), False),
        (waiver(box(), rows=frozenset({"5"})), False),
        (waiver(box(), rows=frozenset({"4", "5"})), True),
        (waiver(box(), kinds=WITHOUT_TRAFFIC, named="extra-1"), False),
    ],
)
def test_bound(entry: Waiver, *, holds: bool) -> None:
    """Firewall, context, kind and rows must fit besides the traffic."""
    assert waived(applied((open_(box()),), (entry,))) == [holds]


def test_open_is_not_closed() -> None:
    """A waiver of open traffic does not accept that the same traffic is missing; one that says so does."""
    missing = open_(box(ports="443"), kind=Kind.MISSING, rows=("5",))

    assert waived(applied((missing,), (waiver(box(ports="443")),))) == [False]
    assert waived(applied((missing,), (waiver(box(ports="443"), kinds=frozenset({Kind.MISSING})),))) == [True]


def test_rows_of_a_finding_without_rows() -> None:
    """A waiver of some rows does not accept a finding of no row."""
    assert waived(applied((open_(box(), rows=()),), (waiver(box(), rows=frozenset({"4"})),))) == [False]


def test_finding_without_traffic() -> None:
    """A management finding is accepted by its id, which renumbering leaves alone."""
    weak = replace(finding(Kind.MANAGEMENT, Severity.LOW, rows=()), id="management-1", traffic=(), size=0)
    entry = waiver(kinds=WITHOUT_TRAFFIC, named="management-1")

    assert waived(applied((weak,), (entry,))) == [True]
    assert waived(applied((replace(weak, id="management-2"),), (entry,))) == [False]


def test_translation() -> None:
    """A waiver that names the host behind a published address ends where the address leads elsewhere."""
    inside = box()
    outer = replace(box(destination="198.51.100.20"), translated=inside)
    moved = replace(outer, translated=box(destination="192.0.2.99"))

    assert waived(applied((open_(outer),), (waiver(outer),))) == [True]
    assert waived(applied((open_(moved),), (waiver(outer),))) == [False]
    assert waived(applied((open_(moved),), (waiver(replace(outer, translated=None)),))) == [True]


def test_waived_before() -> None:
    """What another waivers file accepted does not count."""
    before = replace(open_(box()), waived=finding(waived=True).waived)

    assert waived(applied((before,), ())) == [False]


# -- never ----------------------------------------------------------------------------------------------------------

EVERYTHING = Box(source="any", destination="any", protocol="any", source_ports="any", ports="any")
ALL = frozenset(Kind)


def test_not_assessable_row() -> None:
    """A row that cannot be assessed is accepted like any other finding, and the run can then be compliant."""
    undecided = open_(box(ports="443"), kind=Kind.NOT_ASSESSABLE, rows=("5",))
    made = replace(
        report(
            firewall(
                rows=(row("5", RowVerdictKind.NOT_ASSESSABLE),),
                findings=(undecided,),
                coverage=not_understood(affects=("5",)),
            )
        ),
        as_of="2027-01-01",
    )
    entry = waiver(box(ports="443"), kinds=frozenset({Kind.NOT_ASSESSABLE}), rows=frozenset({"5"}))

    assert status(made) is Status.NOT_ASSESSABLE
    assert status(apply(made, Waivers(entries=(entry,)))) is Status.COMPLIANT


def test_incomplete_collection() -> None:
    """No waiver reaches a firewall that was not collected whole, and one that tries is told so."""
    made = replace(report(replace(failed(ProblemKind.INCOMPLETE), name="perimeter")), as_of="2027-01-01")
    found = apply(made, Waivers(entries=(waiver(EVERYTHING, kinds=ALL),)))

    assert exit_code(found) == 3
    assert kinds(found) == [WaiverWarningKind.REFUSED]


def test_unread_context() -> None:
    """No waiver reaches something unread that could change everything."""
    made = replace(report(firewall(rows=(row("5"),), coverage=not_understood(affects=()))), as_of="2027-01-01")
    found = apply(made, Waivers(entries=(waiver(EVERYTHING, kinds=ALL),)))

    assert exit_code(found) == 3
    refused = next(item for item in warnings(found) if item.kind is WaiverWarningKind.REFUSED)
    assert "cannot be waived: unknown word: frobnicate" in refused.text


def test_bug_stays_a_bug() -> None:
    """A firewall whose audit met a bug keeps its status whatever is waived."""
    made = report(replace(firewall(findings=(open_(box()),)), status=Status.ERROR))

    assert apply(made, Waivers(entries=(waiver(box()),))).firewalls[0].status is Status.ERROR
