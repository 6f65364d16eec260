"""Reading a JSON report gives back what was written, and says what is wrong with one that is none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.export.json import render
from auditor.export.json_reader import fail_on, loads, read
from auditor.export.options import RenderOptions
from auditor.report.status import FailOn
from auditor.report.values import Box, Report
from tests.auditor.sample_report import failed, finding, firewall, report, row, sample


def written(value: Report, **options: Any) -> str:
    """Render a report as JSON."""
    return render(value, RenderOptions(**options))


@pytest.mark.parametrize("value", [sample(), report(), report(failed())], ids=["sample", "empty", "failed"])
def test_reading_undoes_writing(value: Report) -> None:
    """What was written is read as it was, whatever the report holds, and writes the same bytes again."""
    found = loads(written(value))

    assert written(found) == written(value)
    assert [item.findings for item in found.firewalls] == [item.findings for item in value.firewalls]


@pytest.mark.parametrize(
    ("ports", "pairs"),
    [("any", 1), ("2048", 1), ("768-1023", 1), ("770-1290", 3), ("768-65535", 1)],
)
def test_icmp_boxes(ports: str, pairs: int) -> None:
    """Types and codes of ICMP come back as the boxes that they were written as."""
    box = Box(source="any4", destination="192.0.2.1", protocol="icmp", source_ports="any", ports=ports, icmp=True)
    value = report(firewall(rows=(row(),), findings=(replace(finding(), traffic=(box,)),)))
    found = loads(written(value))

    assert len(found.firewalls[0].findings[0].traffic) == pairs
    assert written(found) == written(value)


def test_threshold_is_known() -> None:
    """The threshold of the run can be read, so that status and exit code stay what they were."""
    assert fail_on(written(sample(), fail_on=FailOn.HIGH)) is FailOn.HIGH


def broken(change: dict[str, Any]) -> dict[str, Any]:
    """Give the sample's JSON values with some replaced."""
    values: dict[str, Any] = json.loads(written(sample()))
    return values | change


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the report must be an object"),
        (broken({"schema": "st-audit/report/2"}), "schema is 'st-audit/report/2'"),
        (broken({"as_of": 3}), "as_of must be text"),
        (broken({"as_of": "yesterday"}), "as_of is 'yesterday'"),
        (broken({"rows": {}}), "rows must be a list"),
        (broken({"firewalls": [{}]}), r"firewalls\[0\].device is missing"),
        (broken({"rows": [{"id": "1", "title": "t", "verdict": "open", "hops": [3]}]}), r"rows\[0\].hops\[0\] must be"),
    ],
)
def test_what_is_no_report(document: object, message: str) -> None:
    """A document of another shape is refused with the path of what is wrong."""
    with pytest.raises(UsageError, match=message) as caught:
        read(document, "old.json")
    assert caught.value.file == "old.json"


def test_what_is_no_json() -> None:
    """A file that is no JSON is refused with the line."""
    with pytest.raises(UsageError, match="no JSON") as caught:
        loads('{\n"schema": nothing}', "old.json")
    assert (caught.value.file, caught.value.line) == ("old.json", 2)
