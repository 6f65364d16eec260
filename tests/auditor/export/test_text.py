"""The terminal report: what it says first, that it fits, and that nothing in it acts on the terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rich.cells import cell_len

from auditor.export.formats import render
from auditor.export.options import RenderOptions
from auditor.report.values import (
    Confidence,
    HitCount,
    Kind,
    Line,
    LineRole,
    Report,
    RowVerdictKind,
    Severity,
    WaiverUse,
    WaiverWarning,
    WaiverWarningKind,
)
from tests.auditor.sample_report import failed, finding, firewall, not_understood, report, row, sample

GOOD = report(firewall(rows=(row("5"), row("6"), row("4", RowVerdictKind.NOT_REQUIRED))))
HOSTILE = "\x1b[2J\x1b]8;;https://example.com\x07[bold]x[/bold]\u202e\r\n"


def shown(of: Report, **options: bool | int) -> str:
    """Render as for a terminal, without colour unless asked for."""
    text = render(of, "text", RenderOptions(**options))  # type: ignore[arg-type]
    assert isinstance(text, str)
    return text


def test_compliant_fits_one_screen() -> None:
    """The common case is one screen, and says in its first lines that all is well."""
    text = shown(GOOD)

    assert len(text.splitlines()) <= 24
    assert re.search(r"COMPLIANT +no findings +\(exit code 0\)", text)
    assert "over SSH from 198.51.100.1" in text


def test_summary_comes_first() -> None:
    """What does not work and what is open stand before rows and findings."""
    text = shown(sample())

    places = [text.index(word) for word in ("FINDINGS", "does not work", "open, not needed", "rows", "findings\n")]
    assert places == sorted(places)
    assert "row 20 HTTPS from clients in part" in text


def test_finding_shows_its_lines_packet_source_and_remedy() -> None:
    """A finding names severity, kind, title, sides, rows, lines, packet, citation and what to do."""
    row_four = replace(row("4", RowVerdictKind.NOT_REQUIRED), citation="SecureTransport 5.5, Protocol rules, row 4")
    text = shown(report(firewall(rows=(row(), row_four), findings=(finding(),))), verbose=True)

    for words in (
        "HIGH extra  HTTP is open although http is off",
        "outside → dmz · row 4",
        "41  access-list OUTSIDE extended permit tcp any host 192.0.2.10 eq www",
        "implicit deny",
        "any4 → 198.51.100.20 tcp/80",
        "tcp 203.0.113.9:40000 → 198.51.100.20:80 (translated: ",
        "in use: 17 hits of its rule, the last at 2026-11-01T10:00:00Z",
        "SecureTransport 5.5, Protocol rules, row 4",
        "delete line 41, or turn http on",
    ):
        assert words in text


def test_possible_is_said() -> None:
    """A finding that is only possible says so."""
    unsure = replace(finding(), confidence=type(finding().confidence).POSSIBLE)

    assert "possible, not sure" in shown(report(firewall(rows=(row(),), findings=(unsure,))))


def test_verbose_shows_all() -> None:
    """Rows that ask nothing here, sizes, ids and hashes come with -v, and only then."""
    words = ("SSH over the moon", "1,099,511,627,777", "fw-extra-4", "0" * 64)
    first, *rest = sample().firewalls
    off = replace(row("28", RowVerdictKind.NOT_APPLICABLE), title="SSH over the moon")
    whole_report = replace(sample(), firewalls=(replace(first, rows=(*first.rows, off)), *rest))
    brief, whole = shown(whole_report, width=120), shown(whole_report, width=120, verbose=True)

    assert [word in brief for word in words] == [False] * len(words)
    assert [word in whole for word in words] == [True] * len(words)


def test_waived_findings_stay_visible() -> None:
    """A waived finding is shown in short, with who accepted it, until when and why."""
    text = shown(sample(), width=140)

    assert "medium over-broad  HTTP is open although http is off" in text
    assert "until 2027-03-31 by ciso for mft-team: migration until spring (SEC-1)" in text


def test_waivers_to_look_at() -> None:
    """What is to be said about waivers closes the report, with the traffic that is too much."""
    warning = WaiverWarning(
        kind=WaiverWarningKind.GROWN, waiver="SEC-1", line=3, firewall="perimeter", text="reaches beyond",
        traffic=finding().traffic[:1], size=5,
    )  # fmt: skip
    found = shown(replace(sample(), waivers=WaiverUse(sha256="3" * 64, warnings=(warning,))))

    assert "SEC-1 (line 3, perimeter) grown: reaches beyond" in found
    assert "any4 → 198.51.100.20 tcp/80" in found.partition("\nwaivers\n")[2]


def test_open_and_never_used() -> None:
    """A rule without a single hit is told apart from one in use."""
    idle = replace(finding(), hits=HitCount(count=0))

    assert "never used: 0 hits" in shown(report(firewall(rows=(row(),), findings=(idle,))))


def test_many_findings_are_counted() -> None:
    """A hundred findings do not scroll the summary away, and none is dropped in silence."""
    many = tuple(replace(finding(), id=str(number), title=f"finding {number}") for number in range(100))
    text = shown(report(firewall(rows=(row(),), findings=many)))

    assert "and 75 more (-v lists them)" in text
    assert "finding 99" in shown(report(firewall(rows=(row(),), findings=many)), verbose=True)


def test_failure_says_what_to_do() -> None:
    """A firewall that could not be collected shows the reason and the hint."""
    text = shown(report(failed()))

    assert "NOT ASSESSABLE" in text
    assert "198.51.100.2:22 does not answer" in text
    assert "hint: check address and route" in text


def test_not_understood_lines_are_named() -> None:
    """A line that was not understood stands in the report with the rows that it could change."""
    text = shown(report(firewall(rows=(row(),), coverage=not_understood())))

    assert "77  policy-route frobnicate" in text
    assert "could change row 5" in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_fits_the_width(width: int) -> None:
    """No line is wider than the terminal, and none ends in blanks."""
    for line in shown(sample(), width=width, verbose=True).splitlines():
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_colour_only_when_asked_for() -> None:
    """Without colour there is no escape sequence; with it the text is the same."""
    plain, colored = shown(sample()), shown(sample(), color=True)

    assert "\x1b" not in plain
    assert "\x1b[" in colored
    assert [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", colored).splitlines()] == plain.splitlines()


def test_hostile_text_is_harmless() -> None:
    """Escape sequences, markup and line breaks in names, lines and messages are shown, not obeyed."""
    line = Line(file=HOSTILE, line=1, end_line=1, text=HOSTILE + "x" * 1_000_000, role=LineRole.PERMITS)
    bad = replace(finding(), title=HOSTILE, lines=(line,), source_side=HOSTILE, remedy=HOSTILE, id=HOSTILE)
    entry = replace(
        firewall(rows=(replace(row(), title=HOSTILE, because=HOSTILE),), findings=(bad,)),
        name=HOSTILE,
        hostname=HOSTILE,
        version=HOSTILE,
        not_judged=(HOSTILE,),
        assumptions=((HOSTILE, HOSTILE),),
    )
    text = shown(report(entry), verbose=True)

    assert not set(text) & {"\x1b", "\x07", "\r", "\u202e"}
    assert "[bold]x[/bold]" in text
    assert "\\x1b[2J" in text
    assert len(text) < 50_000


def test_severity_orders_findings() -> None:
    """The worst finding comes first, whatever the order in the report."""
    low = finding(Kind.UNREACHABLE, Severity.LOW)
    critical = finding(Kind.FORBIDDEN, Severity.CRITICAL)
    text = shown(report(firewall(rows=(row(),), findings=(low, critical))))

    assert text.index("CRITICAL forbidden") < text.index("LOW unreachable")


def test_alike_boxes_are_gathered() -> None:
    """Boxes that differ in their sources alone are one line, each of them with -v."""
    ranges = ("1.0.0.0-9.255.255.255", "11.0.0.0-100.63.255.255", "128.0.0.0/2", "192.169.0.0-223.255.255.255")
    boxes = tuple(replace(finding().traffic[0], source=source, ports="443") for source in ranges)
    found = report(firewall(rows=(row(),), findings=(replace(finding(), traffic=boxes),)))

    assert "1.0.0.0 … 223.255.255.255 in 4 ranges → 198.51.100.20 tcp/443" in shown(found)
    assert all(source in shown(found, verbose=True) for source in ranges)


def test_alike_destinations_are_gathered() -> None:
    """What goes out to all the Internet is one line too."""
    ranges = ("1.0.0.0-9.255.255.255", "11.0.0.0-100.63.255.255", "192.169.0.0-223.255.255.255")
    box = replace(finding().traffic[0], source="192.0.2.11", ports="443", translated=None)
    boxes = tuple(replace(box, destination=destination) for destination in ranges)
    found = report(firewall(rows=(row(),), findings=(replace(finding(), traffic=boxes),)))

    assert "192.0.2.11 → 1.0.0.0 … 223.255.255.255 in 3 ranges tcp/443" in shown(found)


def test_many_services_are_one_line() -> None:
    """Nearly any service is told by what most people ask for first; a protocol without a name is said to be one."""
    box = replace(finding().traffic[0], source="192.0.2.11", destination="10.0.0.1", translated=None)
    services = (("0", "any"), ("4-5", "any"), ("udp", "any"), ("tcp", "1-442"), ("tcp", "444-65535"))
    boxes = tuple(replace(box, protocol=protocol, ports=ports) for protocol, ports in services)
    text = shown(report(firewall(rows=(row(),), findings=(replace(finding(), traffic=boxes),))))
    alone = shown(report(firewall(rows=(row(),), findings=(replace(finding(), traffic=boxes[:1]),))))

    assert "192.0.2.11 → 10.0.0.1 tcp/1-442, tcp/444-65535, udp and 2 more services" in text
    assert "192.0.2.11 → 10.0.0.1 protocol 0\n" in alone


def test_deciding_lines_of_a_row() -> None:
    """A present row names its written lines, one that is missing the implicit denial too."""
    written, implicit = row().decided_by[0], replace(row("6", RowVerdictKind.MISSING).decided_by[0], text="implicit x")
    present = replace(row(), decided_by=(implicit, written))
    text = shown(report(firewall(rows=(present,))), width=120, verbose=True)
    alone = report(firewall(rows=(replace(present, decided_by=(implicit,)),)))

    assert "line 40" in text
    assert "implicit x" not in text
    assert "implicit x" in shown(alone, width=120, verbose=True)


def test_rows_that_work_are_folded() -> None:
    """By default a row that is surely present is a number in a line; one that is only possible stands out."""
    possible = replace(row("7"), confidence=Confidence.POSSIBLE)
    text = shown(report(firewall(rows=(row("5"), row("6"), possible))))

    assert "present  5, 6\n" in text
    assert "present?" in text
    assert text.count("HTTPS from clients") == 1
