"""A drift as people and programs read it: what became open or closed, since when, and by which line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from auditor.drift.compare import compare, compare_peers
from auditor.drift.values import Drift
from auditor.export.drift import DRIFT_FORMATS, SCHEMA, render
from auditor.export.options import RenderOptions
from auditor.report.values import Box, Confidence, Finding, FirewallReport, Kind, LineRole, RowVerdictKind
from tests.auditor.sample_report import HTTP_LINE, failed, finding, firewall, not_understood, report, row

HOSTILE = "\x1b[2J<script>`x`\u202e|\r\n"


def box(source: str = "10.0.0.0/8", ports: str = "80") -> Box:
    """Make a TCP box."""
    return Box(source=source, destination="192.0.2.10", protocol="tcp", source_ports="any", ports=ports)


def found(*boxes: Box, kind: Kind = Kind.EXTRA, rows: tuple[str, ...] = ("4",)) -> Finding:
    """Make a finding of line 44 over some traffic."""
    line = replace(HTTP_LINE, line=44, end_line=44)
    return replace(finding(kind, rows=rows), traffic=boxes, lines=(line,), id="extra-1")


def drift(
    before: FirewallReport, after: FirewallReport, since: str = "2026-11-17T08:00:00Z", until: str = "2026-11-20"
) -> Drift:
    """Compare two audits of a firewall."""
    return compare(replace(report(before), as_of=since), replace(report(after), as_of=until))


def text(of: Drift, **options: Any) -> str:
    """Give a drift for a terminal."""
    return render(of, "text", RenderOptions(**({"width": 160} | options)))


def test_since_tuesday() -> None:
    """What a reviewer wants to read: since when, who may reach whom on what, by which line."""
    shown = text(drift(firewall(), firewall(findings=(found(box()),))))

    assert "since Tuesday 2026-11-17 10.0.0.0/8 may reach 192.0.2.10 on tcp/80, line 44" in shown
    assert f"running-config.txt:44  {HTTP_LINE.text}" in shown
    assert "perimeter, 2026-11-17T08:00:00Z to 2026-11-20" in shown


def test_long_ago() -> None:
    """Of a day more than a week before only the date is said."""
    shown = text(drift(firewall(), firewall(findings=(found(box()),)), since="2026-10-01"))

    assert "since 2026-10-01 10.0.0.0/8 may reach" in shown


@pytest.mark.parametrize(
    ("kind", "added", "words"),
    [
        (Kind.EXTRA, False, "10.0.0.0/8 may no longer reach 192.0.2.10 on tcp/80"),
        (Kind.MISSING, True, "10.0.0.0/8 can no longer reach 192.0.2.10 on tcp/80, which row 4 needs"),
        (Kind.MISSING, False, "10.0.0.0/8 is no longer kept from 192.0.2.10 on tcp/80, which row 4 needs"),
        (Kind.NOT_ASSESSABLE, True, "nobody can tell any more whether 10.0.0.0/8 reaches 192.0.2.10 on tcp/80"),
        (Kind.NOT_ASSESSABLE, False, "it can be told again whether 10.0.0.0/8 reaches 192.0.2.10 on tcp/80"),
        (Kind.UNREACHABLE, True, "10.0.0.0/8 to 192.0.2.10 on tcp/80"),
    ],
)
def test_words(kind: Kind, *, added: bool, words: str) -> None:
    """Open, closed and undecided traffic that came and went each have their own words."""
    with_it, without = firewall(findings=(found(box(), kind=kind),)), firewall()

    assert words in text(drift(without, with_it) if added else drift(with_it, without))


def test_growth_is_counted() -> None:
    """A finding that grew says by how much, and shows only what was added."""
    shown = text(drift(firewall(findings=(found(box()),)), firewall(findings=(found(box(ports="80-81")),))))

    assert "grown  high extra outside → dmz" in shown
    assert "+ 1,099,511,627,776 combinations of addresses and services" in shown
    assert "on tcp/81, line 44" in shown
    assert "tcp/80" not in shown


def test_rows_and_facts() -> None:
    """Verdicts that changed and what explains them stand before the findings."""
    before = firewall(rows=(row("5"),))
    after = replace(firewall(rows=(row("5", RowVerdictKind.MISSING),)), version="9.18(1)")
    shown = text(drift(before, after))

    assert "row 5 HTTPS from clients: present became missing" in shown
    assert "version 9.16(2) became 9.18(1)" in shown


def test_nothing_and_nobody() -> None:
    """That nothing changed is said, and so is what could not be compared."""
    assert "nothing changed" in text(drift(firewall(), firewall()))
    assert "not assessed: 198.51.100.2:22 does not answer" in text(
        drift(firewall(), replace(failed(), name="perimeter"))
    )
    assert "there is nothing to compare" in text(Drift(firewalls=()))


@pytest.mark.parametrize("name", DRIFT_FORMATS)
def test_what_nobody_knows_is_no_quiet_night(name: str) -> None:
    """A line that is not understood any more, and a row under conditions, are told; never that nothing changed."""
    unsure = replace(row("5"), confidence=Confidence.POSSIBLE)
    blind = drift(firewall(rows=(row("5"),)), firewall(rows=(unsure,), coverage=not_understood(affects=())))
    shown = render(blind, name, RenderOptions(width=160))

    assert "policy-route frobnicate" in shown
    assert "nothing changed" not in shown.lower()
    if name == "json":
        document = json.loads(shown)
        assert (document["changed"], document["firewalls"][0]["rows"][0]["after_possible"]) == (True, True)
    else:
        assert "not understood, so that nobody knows what it changed" in shown
        assert "(possible)" in shown


def test_many_sources() -> None:
    """A source of many ranges is one line, unless all is asked for."""
    boxes = tuple(box(f"10.{number}.0.0/16") for number in range(0, 20, 2))
    of = drift(firewall(), firewall(findings=(found(*boxes),)))

    assert text(of).count("may reach") == 1
    assert "10.0.0.0/16 … 10.18.0.0/16 in 10 ranges may reach" in text(of)
    assert text(of, verbose=True).count("may reach") == 10


def test_judged_anew() -> None:
    """The same traffic with another word on it tells both words."""
    after = replace(found(box()), kind=Kind.OVER_BROAD)

    assert "(high extra sure became high over-broad sure)" in text(
        drift(firewall(findings=(found(box()),)), firewall(findings=(after,)))
    )


def test_peers() -> None:
    """Between peers there is no time, only a difference."""
    first, second = replace(firewall(), name="fw-a"), replace(firewall(findings=(found(box()),)), name="fw-b")
    shown = text(Drift(firewalls=(compare_peers(first, second, "2026-11-20"),)))

    assert "fw-a and fw-b, 2026-11-20" in shown
    assert "since" not in shown


def test_json() -> None:
    """Programs get findings, exact traffic and sizes that no reader rounds."""
    of = drift(firewall(), firewall(findings=(found(box()),)))
    document = json.loads(render(of, "json", RenderOptions()))
    (change,) = document["firewalls"][0]["changes"]

    assert (document["schema"], document["changed"]) == (SCHEMA, True)
    assert (change["kind"], change["before"], change["removed"]) == ("new", [], [])
    assert (change["grown_by"], change["shrunk_by"]) == (str(2**24 * 65536), "0")
    assert change["after"][0]["lines"][0]["line"] == 44
    assert change["added"] == [
        {
            "finding": "extra-1",
            "size": str(2**24 * 65536),
            "traffic": [
                {
                    "source": "10.0.0.0/8",
                    "destination": "192.0.2.10",
                    "protocol": "tcp",
                    "source_ports": "any",
                    "ports": "80",
                    "translated": None,
                }
            ],
        }
    ]


@pytest.mark.parametrize("name", DRIFT_FORMATS)
def test_hostile_text(name: str) -> None:
    """Nothing that a configuration holds acts on a terminal or as markup."""
    line = replace(HTTP_LINE, text=HOSTILE, role=LineRole.PERMITS)
    bad = replace(found(box()), title=HOSTILE, lines=(line,), rows=(HOSTILE,))
    shown = render(drift(firewall(), firewall(findings=(bad,))), name, RenderOptions(verbose=True))

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    if name == "markdown":
        assert "<script>" not in shown
        assert "`" not in shown
