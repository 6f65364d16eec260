"""The table of formats, and that each says the same: read back by a reader that is not ours where there is one."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from collections import Counter
from dataclasses import replace
from typing import Any

import junitparser
import pytest
from markdown_it import MarkdownIt

from auditor.deployment.load import Overrides
from auditor.errors import UsageError
from auditor.export.bundle.archive import unpack
from auditor.export.evidence import Audited, Evidence, SiteFile, SiteFiles
from auditor.export.formats import FORMATS, render
from auditor.export.options import RenderOptions
from auditor.report.status import FailOn
from auditor.report.values import (
    Coverage,
    DocumentSource,
    Kind,
    Line,
    LineRole,
    PathRow,
    Report,
    RowVerdictKind,
    Severity,
    SideView,
    Source,
    UnderstoodNot,
    Waived,
)
from tests.auditor.export.readers import cells, inflated, page, text_of
from tests.auditor.sample_report import failed, finding, firewall, not_understood, report, row, sample

HOSTILE = [
    "\x1b[2J\x1b]0;x\x07",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "]]>&\"'<!--",
    "[x](javascript:alert(1)) ![](https://example.com/x.png)",
    "```\n# heading\n```",
    "| a | b |",
    "\ud800\u202e\x00\ufffe",
]
SITE = SiteFiles(deployment=None, overrides=Overrides(), baselines=(("x", (SiteFile(path="x.yaml", content=b"x"),)),))
EVIDENCE = Evidence(site=SITE)
WITH_EVIDENCE = RenderOptions(evidence=EVIDENCE)
WAIVER_FIELDS = ("reason", "owner", "approver", "ticket", "expires")


def text(name: str, **options: Any) -> str:
    """Render the sample in a format of text."""
    rendered = render(sample(), name, RenderOptions(**options))
    assert isinstance(rendered, str)
    return rendered


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_has_its_module(name: str) -> None:
    """Each entry of the table names a module that renders, and renders twice alike."""
    assert callable(importlib.import_module(FORMATS[name]).render)
    assert render(sample(), name, WITH_EVIDENCE) == render(sample(), name, WITH_EVIDENCE)


def test_unknown_format() -> None:
    """A format that there is not is the user's error, and lists those that there are."""
    with pytest.raises(UsageError, match="there is no format 'docx'") as caught:
        render(sample(), "docx")
    assert "json" in caught.value.hint


def test_a_bundle_needs_evidence() -> None:
    """A report alone makes no bundle, and the message says where one is to be had."""
    with pytest.raises(UsageError, match="a bundle needs the configurations") as caught:
        render(sample(), "bundle")
    assert "config" in caught.value.hint


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_names_every_finding(name: str) -> None:
    """No format drops a finding: each is found by its title or id."""
    findings = tuple(
        replace(finding(kind), id=f"id-{kind.value}", title=f"title of {kind.value}", rows=(), waived=None)
        for kind in Kind
    )
    plain = text_of(name, render(report(firewall(rows=(row(),), findings=findings)), name, WITH_EVIDENCE))

    for kind in Kind:
        assert f"title of {kind.value}" in plain or f"id-{kind.value}" in plain


def test_csv_records() -> None:
    """A standard reader finds a record per firewall, row and finding, each with every column."""
    records = list(csv.DictReader(io.StringIO(text("csv"), newline="")))

    assert Counter(record["record"] for record in records) == {"firewall": 2, "row": 5, "finding": 4}
    assert all(None not in record and None not in record.values() for record in records)
    assert records[0]["verdict"] == "findings"
    assert records[-1]["because"] == "unreachable: 198.51.100.2:22 does not answer"


def test_junit_is_read_by_junitparser() -> None:
    """A case per row and other finding: failures differ, errors cannot be told, the rest is skipped or passes."""
    suites = list(junitparser.JUnitXml.fromstring(text("junit").encode()))
    outcomes = {case.name: [type(result).__name__ for result in case.result] for suite in suites for case in suite}

    assert [suite.name for suite in suites] == ["perimeter", "inner"]
    assert outcomes == {
        "row 4 HTTPS from clients": ["Skipped"],
        "row 5 HTTPS from clients": [],
        "row 6 HTTPS from clients": ["Failure"],
        "row 20 HTTPS from clients": ["Failure"],
        "row 28 HTTPS from clients": ["Skipped"],
        "extra fw-extra-4 HTTP is open although http is off": ["Failure"],
        "over-broad fw-over-broad- HTTP is open although http is off": ["Skipped"],
        "note fw-note- HTTP is open although http is off": [],
        "assessment": ["Error"],
    }
    assert (suites[0].tests, suites[0].failures, suites[0].skipped) == (8, 3, 3)


def test_junit_follows_the_threshold() -> None:
    """Below --fail-on a finding passes; under `never` the cases still say what differs."""

    def failures(fail_on: FailOn) -> int:
        rendered = render(
            report(firewall(rows=(row(),), findings=(finding(),))), "junit", RenderOptions(fail_on=fail_on)
        )
        assert isinstance(rendered, str)
        return int(next(iter(junitparser.JUnitXml.fromstring(rendered.encode()))).failures)

    assert [failures(level) for level in (FailOn.CRITICAL, FailOn.HIGH, FailOn.NEVER)] == [0, 1, 1]


def test_junit_says_what_was_not_understood() -> None:
    """A line that keeps the firewall from being assessed is an error of its own."""
    rendered = render(report(firewall(rows=(row(),), coverage=not_understood())), "junit")

    assert 'name="line running-config.txt:77"' in rendered


def sarif(**options: Any) -> Any:
    """Give the sample as SARIF values."""
    return json.loads(text("sarif", **options))


def test_sarif_results() -> None:
    """Each finding is a result with level, fingerprint and place; a waived one is suppressed, not left out."""
    run = sarif()["runs"][0]
    results = run["results"]

    assert [result["level"] for result in results] == ["error", "error", "warning", "note"]
    assert [result["partialFingerprints"]["stAuditFinding/v1"] for result in results] == [
        "fw-extra-4",
        "fw-missing-6",
        "fw-over-broad-",
        "fw-note-",
    ]
    assert [bool(result.get("suppressions")) for result in results] == [False, False, True, False]
    assert results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "running-config.txt"
    assert results[0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 41
    for result in results:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_results_have_a_place() -> None:
    """Code scanning drops a result without one: what no line decides is of the whole configuration."""
    lineless = replace(finding(Kind.MISSING), lines=())
    rendered = render(report(firewall(rows=(row(),), findings=(lineless,))), "sarif")
    place = json.loads(rendered)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert place == {"artifactLocation": {"uri": "running-config.txt"}}


def test_sarif_tells_failure() -> None:
    """A firewall that could not be collected did not execute successfully, and says why."""
    runs = sarif()["runs"]

    assert [run["invocations"][0]["executionSuccessful"] for run in runs] == [True, False]
    assert "does not answer" in runs[1]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_not_assessable_is_open() -> None:
    """A finding that cannot be told is an open result without a level, as the standard wants it."""
    unsure = finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM)
    rendered = render(report(firewall(rows=(row(),), findings=(unsure,))), "sarif")
    result = json.loads(rendered)["runs"][0]["results"][0]

    assert (result["kind"], result["level"]) == ("open", "none")


@pytest.mark.parametrize("name", ["/etc/passwd", "javascript:alert(1)", "a b\x1b.txt", "../../x", "\ud800"])
def test_sarif_uris_are_relative(name: str) -> None:
    """No file name becomes an absolute URI or a scheme."""
    line = Line(file=name, line=1, end_line=1, text="x", role=LineRole.PERMITS)
    rendered = render(report(firewall(rows=(row(),), findings=(replace(finding(), lines=(line,)),))), "sarif")
    result = json.loads(rendered)["runs"][0]["results"][0]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]

    assert re.fullmatch(r"[A-Za-z0-9%._-][A-Za-z0-9%._/-]*", uri)


def hostile(texts: list[str]) -> Report:
    """Make a report with a firewall per text, which stands wherever text can stand."""
    attack = " ".join(HOSTILE)
    first = replace(failed(), name="\x1b[31m<b>")
    entries = []
    for number, text in enumerate(texts):
        line = Line(file=text, line=3, end_line=4, text=f"{text}\n{text}", role=LineRole.PERMITS)
        dead = replace(line, line=None, end_line=None, role=LineRole.DEFAULT)
        bad = replace(finding(), title=text, lines=(line, dead), source_side=text, remedy=text, id=f"{text}{number}")
        waived = replace(bad, id=f"waived {text}", waived=Waived(**dict.fromkeys(WAIVER_FIELDS, text)))
        judged = replace(row(verdict=RowVerdictKind.MISSING), id=text, title=text, because=text, decided_by=(line,))
        entries.append(
            replace(
                firewall(rows=(judged, replace(judged, source=text, citation=text)), findings=(bad, waived)),
                name=text,
                context=text,
                hostname=text,
                model=text,
                not_judged=(text,),
                assumptions=((text, text),),
                sides=(SideView(name=text, members=(text, "edge")), SideView(name="dmz", members=("server",))),
                source=Source(kind="ssh", address=text, host_key=text, commands=(text,), documents=(
                    DocumentSource(name=text, command=text, sha256="0" * 64, lines=3),)),
                coverage=Coverage(
                    lines=3, not_understood=(UnderstoodNot(line=line, reason=text, affects=(text,), blocks=True),)
                ),
            )
        )  # fmt: skip
    paths = tuple(PathRow(id=text, title=text, verdict="open", hops=()) for text in HOSTILE)
    return replace(report(first, *entries), deployment=(attack, "2" * 64), baselines=((attack, attack),), rows=paths)


@pytest.mark.parametrize("name", list(FORMATS))
def test_hostile_text_is_harmless(name: str) -> None:
    """Whatever names, lines and messages hold, each format stays what it is and acts on nothing."""
    # Paper takes its time: one firewall with all of it must do.
    texts = [" ".join(HOSTILE) + " " + "A" * 1_000_000] if name == "pdf" else [*HOSTILE, "A" * 1_000_000]
    value = hostile(texts)
    basis = replace(
        EVIDENCE, audited=tuple(Audited(firewall=item.name, platform="cisco_asa") for item in value.firewalls)
    )
    rendered = render(value, name, RenderOptions(verbose=True, evidence=basis))
    check_harmless(name, rendered)
    if isinstance(rendered, str):
        assert not set(rendered) & {"\x1b", "\x07", "\x00", "\u202e", "\ud800", "\ufffe"}
        rendered.encode("utf-8")
    # A megabyte is shortened wherever it is for people; programs get it whole.
    assert name in {"json", "bundle"} or len(rendered) < 3_000_000


def check_harmless(name: str, rendered: str | bytes) -> None:
    """Let the format's own reader find nothing that acts."""
    if isinstance(rendered, bytes):
        if name == "xlsx":
            assert {cell.data_type for cell in cells(rendered)} <= {"s", "n"}
            assert not any(cell.hyperlink for cell in cells(rendered))
        elif name == "bundle":
            _, files = unpack(rendered)
            json.loads(files["report.json"])
        else:
            assert name == "pdf"
            assert not re.search(
                rb"/(JavaScript|JS|Launch|URI|SubmitForm|EmbeddedFile|OpenAction)\b", inflated(rendered)
            )
        return
    match name:
        case "json" | "sarif" | "oscal" | "ocsf":
            json.loads(rendered)
        case "junit":
            assert len(junitparser.JUnitXml.fromstring(rendered.encode())) == len(HOSTILE) + 2
        case "csv":
            found = [cell for record in csv.reader(io.StringIO(rendered, newline="")) for cell in record]
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in found)
        case "markdown":
            html = MarkdownIt("commonmark").enable("table").render(rendered)
            assert not re.search(r"<(script|img|a)\b", html)
            assert html.count("<h1>") == 1
        case "html":
            document = page(rendered)
            tags = Counter(tag for tag, _ in document.tags)
            assert (tags["script"], tags["style"], tags["img"], tags["b"] - tags["figcaption"]) == (1, 1, 0, 1)
            attributes = [(key, value or "") for _, values in document.tags for key, value in values.items()]
            assert not [key for key, _ in attributes if key.startswith("on") or key == "style"]
            assert all(value.startswith("#") for key, value in attributes if key == "href")
            assert all(value not in {"html", "csv"} for key, value in attributes if key == "src")
        case _:
            assert name == "text"


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in {"bundle", "pdf"}])
def test_every_format_names_a_line_that_hides_something(name: str) -> None:
    """Where all rows are present, a line that could open anything is told, or the firewall would read as clean."""
    blind = report(firewall(rows=(row(),), coverage=not_understood(affects=())))
    plain = text_of(name, render(blind, name))

    assert "policy-route frobnicate" in plain or "unknown word: frobnicate" in plain
    assert "running-config.txt:77" in plain or "line 77" in plain or name in {"json", "sarif", "text", "html", "xlsx"}


@pytest.mark.parametrize("name", ["ocsf", "oscal"])
def test_what_nobody_can_tell_never_passes_alone(name: str) -> None:
    """A reader that counts what does not pass finds a firewall that failed, or was not understood, among it."""
    for item in (failed(), firewall(rows=(row(),), coverage=not_understood(affects=()))):
        document = json.loads(render(report(item), name))
        if name == "ocsf":
            states = [event["compliance"]["status"] for event in document]
        else:
            (result,) = document["assessment-results"]["results"]
            states = [finding["target"]["status"]["state"] for finding in result["findings"]]
        assert set(states) & {"Warning", "not-satisfied"}


def test_a_finding_of_a_row_that_is_present_is_not_lost() -> None:
    """Where a row passes, what names it all the same speaks for itself."""
    doubt = replace(finding(Kind.NOT_ASSESSABLE, Severity.MEDIUM, rows=("5",)), title="nobody can tell")
    value = report(firewall(rows=(row("5"),), findings=(doubt,)))
    suites = junitparser.JUnitXml.fromstring(str(render(value, "junit")).encode())

    assert sum(suite.errors for suite in suites) == 1
    assert "nobody can tell" in {event["finding_info"]["title"] for event in json.loads(render(value, "ocsf"))}
    assert "nobody can tell" in str(render(value, "oscal"))


def test_nothing_audited_is_an_event() -> None:
    """A firewall without a row to judge is there, and has not passed."""
    value = report(firewall(rows=(row("5", RowVerdictKind.NOT_APPLICABLE),)))

    assert [event["compliance"]["status"] for event in json.loads(render(value, "ocsf"))] == ["Warning"]
    assert "nothing-audited" in str(render(value, "junit"))
