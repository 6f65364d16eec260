"""Drift: exactly the traffic that changed, whatever lines, kinds and names it was written with."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.drift.compare import compare, compare_firewalls, compare_peers
from auditor.drift.values import Change, ChangeKind, FirewallDrift, Standing
from auditor.engine.boxes import arriving, cell_of
from auditor.engine.cells import Cell, size, subtract
from auditor.engine.cite import cell_boxes
from auditor.report.values import (
    Box,
    Confidence,
    Finding,
    FirewallReport,
    Kind,
    RowVerdictKind,
    Severity,
    SideView,
)
from parsers.model.addresses import address_number
from tests.auditor.sample_report import HTTP_LINE, failed, finding, firewall, not_understood, report, row, sample


def box(source: str, ports: str, destination: str = "192.0.2.10", translated: str = "") -> Box:
    """Make a TCP box, with another destination behind a translation."""
    made = Box(source=source, destination=destination, protocol="tcp", source_ports="any", ports=ports)
    return replace(made, translated=replace(made, destination=translated)) if translated else made


def found(*boxes: Box, kind: Kind = Kind.EXTRA, name: str = "extra-1", line: int = 41) -> Finding:
    """Make a finding over some traffic."""
    return replace(
        finding(kind),
        id=name,
        traffic=boxes,
        size=size(arriving(boxes)),
        lines=(replace(HTTP_LINE, line=line, end_line=line),),
    )


def drift(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> FirewallDrift:
    """Compare two audits of a firewall that have these findings."""
    return compare_firewalls(firewall(findings=before), firewall(findings=after))


def only(result: FirewallDrift) -> Change:
    """Give the one change that there is."""
    (change,) = result.changes
    return change


def texts(boxes: tuple[Box, ...]) -> list[str]:
    """Give boxes as short text."""
    return [f"{item.source} {item.destination} {item.ports}" for item in boxes]


def test_same_report() -> None:
    """A report has not drifted from itself."""
    result = compare(sample(), sample())

    assert not result.changed
    assert [item.standing for item in result.firewalls] == [Standing.COMPARED, Standing.NOT_ASSESSED]


def test_renumbered_lines() -> None:
    """The same traffic by another line, with another id, is no change."""
    before, after = found(box("any4", "80"), line=41), found(box("any4", "80"), line=7, name="extra-2")

    assert drift((before,), (after,)).changes == ()


def test_rule_split_in_two() -> None:
    """A rule rewritten as two with the same traffic in sum is no change."""
    before = found(box("10.0.0.0/8", "80-90"))
    after = (found(box("10.0.0.0/8", "80-85")), found(box("10.0.0.0/8", "86-90"), name="extra-2", line=42))

    assert drift((before,), after).changes == ()


def test_new() -> None:
    """A finding about traffic that no earlier one had is new, with its line and exact size."""
    change = only(drift((), (found(box("10.0.0.0/8", "80"), line=44),)))

    assert change.kind is ChangeKind.NEW
    assert change.added[0].finding.lines[0].line == 44
    assert texts(change.added[0].traffic) == ["10.0.0.0/8 192.0.2.10 80"]
    assert (change.grown_by, change.shrunk_by) == (2**24 * 65536, 0)


def test_gone() -> None:
    """A finding whose traffic nobody opens any more is gone."""
    change = only(drift((found(box("10.0.0.0/8", "80")),), ()))

    assert change.kind is ChangeKind.GONE
    assert (change.grown_by, change.shrunk_by) == (0, 2**24 * 65536)


def test_grown_and_shrunk() -> None:
    """Of a finding that grew, exactly what was added is told; read the other way it shrank by it."""
    small, large = found(box("10.0.0.0/9", "80")), found(box("10.0.0.0/8", "80-81"))
    grown, shrunk = only(drift((small,), (large,))), only(drift((large,), (small,)))

    assert grown.kind is ChangeKind.GROWN
    assert texts(grown.added[0].traffic) == ["10.128.0.0/9 192.0.2.10 80", "10.0.0.0/8 192.0.2.10 81"]
    assert grown.grown_by == (2**23 + 2 * 2**23) * 65536
    assert (shrunk.kind, shrunk.shrunk_by) == (ChangeKind.SHRUNK, grown.grown_by)


def test_moved() -> None:
    """A finding that grew in one place and shrank in another says both."""
    change = only(drift((found(box("10.0.0.0/8", "80-81")),), (found(box("10.0.0.0/8", "81-82")),)))

    assert change.kind is ChangeKind.MOVED
    assert texts(change.added[0].traffic) == ["10.0.0.0/8 192.0.2.10 82"]
    assert texts(change.removed[0].traffic) == ["10.0.0.0/8 192.0.2.10 80"]


def test_kind_is_how_it_was_cut() -> None:
    """The same traffic cut as another kind of surplus is judged anew, not opened anew."""
    change = only(drift((found(box("any4", "80")),), (found(box("any4", "80"), kind=Kind.OVER_BROAD),)))

    assert change.kind is ChangeKind.REJUDGED
    assert (change.added, change.removed) == ((), ())


def test_severity_and_confidence_are_said() -> None:
    """The same traffic that became sure, or worse, is a change without traffic."""
    before = found(box("any4", "80"))

    for after in (replace(before, confidence=Confidence.POSSIBLE), replace(before, severity=Severity.CRITICAL)):
        assert only(drift((before,), (after,))).kind is ChangeKind.REJUDGED


def test_other_pair_of_sides_is_other_traffic() -> None:
    """Traffic that was open from one side and now is from another as well is new there."""
    before = found(box("any4", "80"))
    after = replace(before, source_side="outside2")

    assert only(drift((before,), (before, after))).kind is ChangeKind.NEW


def test_renamed_side() -> None:
    """An interface that got another name with the same networks behind it has not drifted."""
    before = firewall(findings=(found(box("any4", "80")),))
    sides = (SideView(name="wan", members=("internet",)), before.sides[1])
    after = replace(before, sides=sides, findings=(replace(before.findings[0], source_side="wan"),))

    assert compare_firewalls(before, after).changes == ()


def test_translation_to_another_host() -> None:
    """The same packets that now reach another host are a change, in the hosts' own addresses."""
    before = found(box("any4", "80", "198.51.100.20", translated="192.0.2.10"))
    after = found(box("any4", "80", "198.51.100.20", translated="192.0.2.99"))
    change = only(drift((before,), (after,)))

    assert change.kind is ChangeKind.RETRANSLATED
    assert texts(change.added[0].traffic) == ["any4 192.0.2.99 80"]
    assert texts(change.removed[0].traffic) == ["any4 192.0.2.10 80"]


def test_added_traffic_keeps_its_translation() -> None:
    """What was added tells the host behind the published address."""
    before = found(box("10.0.0.0/9", "80", "198.51.100.20", translated="192.0.2.10"))
    wider = box("10.0.0.0/8", "80", "198.51.100.20", translated="192.0.2.10")
    (part,) = only(drift((before,), (found(wider),))).added

    assert texts(part.traffic) == ["10.128.0.0/9 198.51.100.20 80"]
    assert part.traffic[0].translated == box("10.128.0.0/9", "80")


def test_missing_is_paired_within_its_row() -> None:
    """Rows that need the same traffic are told apart, and a hole that became partial shrank."""
    five = replace(found(box("any4", "443"), kind=Kind.MISSING, name="m5"), rows=("5",))
    six = replace(found(box("any4", "443"), kind=Kind.MISSING, name="m6"), rows=("6",))
    part = replace(found(box("10.0.0.0/8", "443"), kind=Kind.PARTIAL, name="p5"), rows=("5",))
    changes = drift((five,), (part, six)).changes

    assert [(change.kind, change.finding.id) for change in changes] == [
        (ChangeKind.SHRUNK, "p5"),
        (ChangeKind.NEW, "m6"),
    ]


def test_two_dead_rules_behind_one() -> None:
    """Rules that can never match are paired by their words: of two with common traffic, the one taken away is gone."""
    wide = found(box("10.0.0.0/8", "80-90"), kind=Kind.UNREACHABLE, name="u-wide")
    narrow = found(box("10.0.0.0/8", "80"), kind=Kind.UNREACHABLE, name="u-narrow")
    change = only(drift((wide, narrow), (replace(wide, lines=()),)))

    assert (change.kind, change.before) == (ChangeKind.GONE, (narrow,))


def test_finding_without_traffic() -> None:
    """Notes are paired by their id."""
    note = replace(found(kind=Kind.NOTE, name="note-1"), size=0)
    other = replace(note, id="note-2")
    changes = drift((note,), (other,)).changes

    assert [(change.kind, change.finding.id) for change in changes] == [
        (ChangeKind.NEW, "note-2"),
        (ChangeKind.GONE, "note-1"),
    ]
    assert drift((note,), (note,)).changes == ()


def test_rows() -> None:
    """Verdicts that changed are told per row, with rows that came and went."""
    before = firewall(rows=(row("5"), row("6"), row("7")))
    after = firewall(rows=(row("5"), row("6", RowVerdictKind.MISSING), row("8")))
    changes = [(item.id, item.before, item.after) for item in compare_firewalls(before, after).rows]

    assert changes == [
        ("6", RowVerdictKind.PRESENT, RowVerdictKind.MISSING),
        ("7", RowVerdictKind.PRESENT, None),
        ("8", None, RowVerdictKind.PRESENT),
    ]


def test_failure_compares_nothing() -> None:
    """A firewall that could not be assessed has not drifted: nobody knows, and the reason is told."""
    inner = replace(failed(), name="perimeter")
    result = compare(report(firewall(findings=(finding(),))), report(inner))

    assert not result.changed
    assert result.firewalls[0].standing is Standing.NOT_ASSESSED
    assert result.firewalls[0].reason == "198.51.100.2:22 does not answer"


def test_firewalls_that_come_and_go() -> None:
    """A firewall that only one of the runs audited is named as that."""
    one, other = firewall(), replace(firewall(), name="inner")
    standings = {item.name: item.standing for item in compare(report(one), report(other)).firewalls}

    assert standings == {"inner": Standing.FIRST_SEEN, "perimeter": Standing.NOT_SEEN}


def test_facts() -> None:
    """What explains a drift without being one is told beside it."""
    before = report(firewall())
    after = replace(
        report(replace(firewall(), version="9.18(1)")), tool_version="0.2.0", deployment=("acme-mft", "3" * 64)
    )

    assert compare(before, after).firewalls[0].facts == (
        "the deployment file changed",
        "st-audit 0.1.0 became 0.2.0",
        "version 9.16(2) became 9.18(1)",
    )


def test_peers() -> None:
    """Two peers differ by traffic, not by name or serial number."""
    first = replace(firewall(findings=(found(box("any4", "80")),)), name="fw-a", serial="A")
    second = replace(first, name="fw-b", serial="B", hostname="asa2", ha_role="standby")
    same = compare_peers(first, second)
    apart = compare_peers(first, replace(second, findings=(), version="9.18(1)"))

    assert (same.changes, same.facts) == ((), ())
    assert (apart.name, only(apart).kind) == ("fw-a and fw-b", ChangeKind.GONE)
    assert apart.facts == ("fw-a runs 9.16(2), fw-b 9.18(1)",)


def test_what_is_not_known_any_more() -> None:
    """A line that could change something and was not there is a change of its own, and between peers on either."""
    blind = firewall(coverage=not_understood(affects=()))
    new = compare(report(firewall()), report(blind))
    words = ("line 77, policy-route frobnicate: unknown word: frobnicate",)

    assert (new.firewalls[0].undecided, new.changed) == (words, True)
    assert not compare(report(blind), report(blind)).changed
    assert compare_peers(blind, firewall()).undecided == compare_peers(firewall(), blind).undecided == words


def test_what_the_audits_rest_on() -> None:
    """Another platform, assumption, side, coverage or thing not judged is told, between peers too."""
    before = firewall(coverage=not_understood(affects=(), blocks=False))
    (item,) = before.coverage.not_understood
    other = replace(item, line=replace(item.line, text="policy-route other"))
    after = replace(
        before,
        platform="cisco_ios",
        assumptions=(("fqdn counts as met", "accept: [fqdn]"),),
        not_judged=("IPv6",),
        sides=(SideView(name="outside", members=("internet", "partners")), SideView(name="lan", members=("edge",))),
        coverage=replace(before.coverage, not_understood=(other,)),
    )
    facts = (
        "platform cisco_asa became cisco_ios",
        "side outside was internet, is internet, partners",
        "side dmz is no more",
        "side lan is new: edge",
        "other lines are not understood than before",
        "not assumed any more: sysopt connection permit-vpn is on",
        "assumed now: fqdn counts as met",
        "judged now: management access to the firewall itself",
        "not judged any more: IPv6",
    )

    assert compare_firewalls(before, after).facts == facts
    assert compare_peers(before, replace(after, name="peer", platform="cisco_asa")).facts == facts[1:]


def test_rows_under_conditions() -> None:
    """A row that is present only under conditions now has another verdict."""
    unsure = replace(row("5"), confidence=Confidence.POSSIBLE)
    (change,) = compare_firewalls(firewall(rows=(row("5"),)), firewall(rows=(unsure,))).rows

    assert (change.before, change.after) == (RowVerdictKind.PRESENT, RowVerdictKind.PRESENT)
    assert (change.before_possible, change.after_possible) == (False, True)


def test_words_that_changed_places() -> None:
    """Two findings of one change that swap their severity are judged anew, although the words are the same."""
    mild, grave = found(box("any4", "80-84")), replace(found(box("any4", "85-89"), name="b"), severity=Severity.LOW)
    after = (
        replace(found(box("any4", "80-83")), severity=Severity.LOW),
        found(box("any4", "84-89"), name="b"),
    )

    assert only(drift((mild, grave), after)).kind is ChangeKind.REJUDGED
    assert drift((mild, grave), (grave, mild)).changes == ()


# -- against every packet of a small universe ---------------------------------------------------------------------

SOURCES = ("10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3")
PORTS = (80, 81, 82, 83)
small = st.builds(
    lambda low, high, first, last: box(
        SOURCES[low] if low >= high else f"{SOURCES[low]}-{SOURCES[high]}",
        str(PORTS[first]) if first >= last else f"{PORTS[first]}-{PORTS[last]}",
    ),
    *(st.integers(0, 3) for _ in range(4)),
)
audits = st.lists(st.lists(small, min_size=1, max_size=2), max_size=3)


def packets(boxes: tuple[Box, ...]) -> set[tuple[str, int]]:
    """Give the packets of the universe that lie in some boxes, one by one."""
    cells = [cell_of(item) for item in boxes]
    return {
        (source, port)
        for source, port in product(SOURCES, PORTS)
        if any(address_number(source) in cell.source and cell.services.contains(6, 1, port) for cell in cells)
    }


def audited(groups: list[list[Box]]) -> FirewallReport:
    """Make an audit with a finding for each group, cut once as the engine does."""
    taken: list[Cell] = []
    findings = []
    for number, group in enumerate(groups):
        cells = subtract(arriving(group), taken)
        taken += cells
        if cells:
            findings.append(found(*cell_boxes(cells), name=str(number)))
    return firewall(findings=tuple(findings))


def all_packets(parts: list[tuple[Box, ...]]) -> list[tuple[str, int]]:
    """Give the packets of parts, a packet as often as a part has it."""
    return [packet for part in parts for packet in packets(part)]


@given(audits, audits)
@settings(max_examples=80)
def test_exactly_what_changed(before: list[list[Box]], after: list[list[Box]]) -> None:
    """Added and removed traffic is, packet by packet and without doubles, the difference of the two audits."""
    old, new = (packets(tuple(item for group in audit for item in group)) for audit in (before, after))
    changes = compare_firewalls(audited(before), audited(after)).changes
    added = all_packets([part.traffic for change in changes for part in change.added])
    removed = all_packets([part.traffic for change in changes for part in change.removed])

    assert sorted(added) == sorted(new - old)
    assert sorted(removed) == sorted(old - new)
    assert sum(change.grown_by for change in changes) == len(new - old) * 65536
    assert {change.kind for change in changes} <= set(ChangeKind) - {ChangeKind.REJUDGED, ChangeKind.RETRANSLATED}
