"""Any report whatever survives being written and read."""

from __future__ import annotations

import json

from hypothesis import given, settings

from auditor.export.json import render
from auditor.export.json_reader import loads
from auditor.export.options import RenderOptions
from auditor.report.values import Report
from tests.auditor.report_strategies import reports
from tests.auditor.sample_report import sample


def written(value: Report) -> str:
    """Give a report's JSON text."""
    return render(value, RenderOptions())


@given(reports)
@settings(max_examples=60)
def test_round_trip(value: Report) -> None:
    """Any report is read back as the same values, and is then written as the same bytes."""
    text = written(value)
    found = loads(text)

    assert found == value
    assert written(found) == text


def test_later_keys_are_passed_over() -> None:
    """A report of a later minor version, with more keys, is read."""
    document = json.loads(written(sample()))
    document["new"] = document["firewalls"][0]["findings"][0]["new"] = {"some": "thing"}

    assert loads(json.dumps(document)) == loads(written(sample()))


def test_report_of_before_waivers() -> None:
    """A report without the key `waivers` had none."""
    document = json.loads(written(sample()))
    del document["waivers"]

    assert loads(json.dumps(document)).waivers is None
