"""The JSON Schema of a deployment file, read by another validator than ours."""

from __future__ import annotations

import copy
from typing import Any

import jsonschema
import pytest

from auditor.baseline.load import load
from auditor.deployment.schema import json_schema

SITE: dict[str, Any] = {
    "version": 1,
    "baseline": ["securetransport-5.5"],
    "groups": {"edge": ["192.0.2.11"], "server": "10.20.0.11", "free": ["fqdn:sftp.example.com"]},
    "topology": {"edge": "single", "streaming": True},
    "services": {
        "ftp": {"enabled": True, "passive_ports": "40000-40099", "active_source_port": "any"},
        "http": False,
        "ssh": {"from": ["partners"], "outbound": [{"to": ["partners"], "ports": [22, "2200-2201"]}]},
    },
    "ports": {"5": [8443]},
    "firewalls": {"a": {"platform": "cisco_asa", "peer": "198.51.100.2", "sides": {"outside": ["internet"]}}},
}


@pytest.fixture(scope="module")
def validator() -> Any:
    """Make a validator of the schema, which must be one itself."""
    schema = json_schema(load(["securetransport-5.5"]).vocabulary)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_good_file_validates(validator: Any) -> None:
    """Short and long forms are both good."""
    assert list(validator.iter_errors(SITE)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("topologie",), {}),
        (("services", "sssh"), True),
        (("services", "http"), "on"),
        (("services", "ftp", "tls"), "some"),
        (("topology", "edge"), "double"),
        (("services", "ssh", "outbound"), [{"too": ["x"]}]),
        (("version",), 2),
        (("firewalls", "a", "plattform"), "x"),
    ],
)
def test_a_wrong_file_does_not(validator: Any, path: tuple[str, ...], value: Any) -> None:
    """What the reader refuses, an editor marks."""
    site = copy.deepcopy(SITE)
    place = site
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value

    assert list(validator.iter_errors(site))
