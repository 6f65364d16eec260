"""The JSON report: its schema, its exact bytes for small parts, and that equal reports give equal bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from auditor.export.formats import render
from auditor.export.json import schema
from auditor.export.options import RenderOptions
from auditor.export.words import icmp_types
from auditor.report.status import FailOn
from auditor.report.values import Box
from tests.auditor.sample_report import failed, finding, firewall, report, row, sample


def rendered(fail_on: FailOn = FailOn.LOW) -> Any:
    """Give the sample report as a program reads it."""
    return json.loads(render(sample(), "json", RenderOptions(fail_on=fail_on)))


def closed(value: Any) -> Any:
    """Give the schema with every object closed to keys that it does not name."""
    if isinstance(value, list):
        return [closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: closed(item) for key, item in value.items()}
    if value.get("type") == "object" and "properties" in value:
        result["unevaluatedProperties"] = False
    return result


def test_schema_is_a_schema() -> None:
    """What ships as the schema is a valid JSON Schema of draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("fail_on", list(FailOn))
def test_report_obeys_its_schema(fail_on: FailOn) -> None:
    """A report with something of everything obeys the schema."""
    jsonschema.validate(rendered(fail_on), schema(), cls=jsonschema.Draft202012Validator)


def test_schema_names_every_key() -> None:
    """No key of a report is missing from the schema."""
    whole = closed(schema())
    # A line that was not understood is LINE and more, so that LINE alone must stay open.
    del whole["$defs"]["line"]["unevaluatedProperties"]
    del whole["$defs"]["not_understood"]["allOf"][1]["unevaluatedProperties"]

    jsonschema.validate(rendered(), whole, cls=jsonschema.Draft202012Validator)


def test_schema_refuses_a_broken_report() -> None:
    """The schema is not so lax that a missing key or an unknown verdict passes."""
    validator = jsonschema.Draft202012Validator(schema())
    broken = rendered()
    broken["firewalls"][0]["rows"][0]["verdict"] = "fine"
    del broken["firewalls"][0]["findings"][0]["size"]

    assert len(list(validator.iter_errors(broken))) == 2


def test_bytes_are_stable() -> None:
    """Equal reports give equal bytes, with sorted keys, ASCII only and a newline at the end."""
    first, second = render(sample(), "json"), render(sample(), "json")

    assert isinstance(first, str)
    assert first == second
    assert first.isascii()
    assert first.endswith("}\n")
    assert json.dumps(json.loads(first), sort_keys=True, indent=2) + "\n" == first


def test_head_of_the_report() -> None:
    """Status, exit code, worst finding and summary say what the firewalls came to."""
    document = rendered()

    assert {key: document[key] for key in ("schema", "status", "exit_code", "fail_on", "worst_finding")} == {
        "schema": "st-audit/report/1",
        "status": "not-assessable",
        "exit_code": 3,
        "fail_on": "low",
        "worst_finding": "high",
    }
    assert document["summary"] == {
        "rows": {
            "not-required": 1,
            "not-applicable": 1,
            "present": 1,
            "missing": 1,
            "partial": 1,
            "not-assessable": 0,
        },
        "findings": {"critical": 0, "high": 2, "medium": 0, "low": 0, "info": 1},
        "waived": 1,
    }
    assert document["deployment"] == {"name": "acme-mft", "sha256": "2" * 64}


def test_traffic_and_packets() -> None:
    """ICMP has type and code instead of ports; translations nest; sizes are decimal strings."""
    found = rendered()["firewalls"][0]["findings"][0]

    assert found["traffic"] == [
        {
            "source": "any4",
            "destination": "198.51.100.20",
            "protocol": "tcp",
            "source_ports": "any",
            "ports": "80",
            "translated": None,
        },
        {
            "source": "203.0.113.0/24",
            "destination": "192.0.2.10",
            "protocol": "icmp",
            "type": "8",
            "code": "0",
            "translated": None,
        },
    ]
    assert found["witness"]["translated"]["destination"] == "192.0.2.10"
    assert found["size"] == "1099511627777"
    assert (found["from"], found["to"]) == ("outside", "dmz")
    assert rendered()["firewalls"][0]["rows"][3]["witness"] == {
        "source": "203.0.113.9",
        "destination": "192.0.2.10",
        "protocol": "icmp",
        "type": 8,
        "code": 0,
        "translated": None,
    }


def test_implicit_decision_has_no_line_number() -> None:
    """An implicit decision is a line whose number is null."""
    lines = rendered()["firewalls"][0]["rows"][2]["decided_by"]

    assert lines == [
        {"file": "running-config.txt", "line": None, "end_line": None, "text": "implicit deny", "role": "default"}
    ]


def test_failure_is_a_value() -> None:
    """A firewall that could not be collected stands in the report with the kind of failure."""
    document = json.loads(render(report(firewall(rows=(row(),)), failed()), "json"))

    assert document["firewalls"][1]["error"] == {
        "kind": "unreachable",
        "message": "198.51.100.2:22 does not answer",
        "hint": "check address and route",
    }
    assert [entry["status"] for entry in document["firewalls"]] == ["compliant", "not-assessable"]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ("any", [("any", "any")]),
        ("2048", [("8", "0")]),
        ("2048-2303", [("8", "any")]),
        ("768-773", [("3", "0-5")]),
        ("0-2047", [("0-7", "any")]),
        ("2049-3000", [("8", "1-255"), ("9-10", "any"), ("11", "0-184")]),
        ("2049-2560", [("8", "1-255"), ("9", "any"), ("10", "0")]),
    ],
)
def test_icmp_types_and_codes(ports: str, expected: list[tuple[str, str]]) -> None:
    """An interval of types and codes comes out as boxes that together are the interval."""
    assert list(icmp_types(ports)) == expected


def test_icmp_keeps_its_translation() -> None:
    """Each box of an ICMP interval carries the translated addresses."""
    view = Box(source="any4", destination="10.0.0.1", protocol="icmp", source_ports="any", ports="2048-2303", icmp=True)
    seen = replace(view, destination="198.51.100.1", translated=view)
    document = json.loads(
        render(report(firewall(rows=(row(),), findings=(replace(finding(), traffic=(seen,)),))), "json")
    )

    assert document["firewalls"][0]["findings"][0]["traffic"] == [
        {
            "source": "any4",
            "destination": "198.51.100.1",
            "protocol": "icmp",
            "type": "8",
            "code": "any",
            "translated": {
                "source": "any4",
                "destination": "10.0.0.1",
                "protocol": "icmp",
                "type": "8",
                "code": "any",
                "translated": None,
            },
        }
    ]
