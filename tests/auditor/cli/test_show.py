"""`show`, `platforms` and `schema`: what they print, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema

from parsers.registry import ids
from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]


def test_show_prints_plain_notation(run: Run, asa: Path) -> None:
    """Rules come out in the plain notation, with their lines."""
    ran = run("show", asa / "compliant" / "config.txt")

    assert ran.code == 0
    assert ran.out.startswith("firewall cisco_asa\n")
    assert "permit tcp any -> 192.0.2.10:443 replies @32\n" in ran.out


def test_show_reads_back(run: Run, asa: Path) -> None:
    """What show prints is the model: the notation's own reader gives the same rules."""
    from parsers.model.notation import render_all
    from parsers.model.notation_reader import read_all

    out = run("show", asa / "nested-object-groups" / "config.txt").out

    assert render_all(read_all(out)) == out


def test_show_as_json(run: Run, asa: Path) -> None:
    """The JSON form lists the firewalls of the capture."""
    ran = run("show", asa / "compliant" / "config.txt", "-f", "json")

    assert [firewall["platform"] for firewall in json.loads(ran.out)] == ["cisco_asa"]


def test_show_only_warns_of_a_truncated_file(run: Run, asa: Path) -> None:
    """A configuration without proof of completeness is shown, with a warning on stderr that --quiet silences."""
    ran = run("show", asa / "truncated" / "config.txt")
    quiet = run("show", asa / "truncated" / "config.txt", "--quiet")

    assert (ran.code, quiet.code) == (0, 0)
    assert ran.err.startswith("warning: no proof that the configuration is complete: ")
    assert quiet.err == ""


def test_logs_as_json(run: Run, asa: Path) -> None:
    """With --log-format json each message on stderr is one JSON object."""
    ran = run("show", asa / "truncated" / "config.txt", "--log-format", "json")
    entries = [json.loads(line) for line in ran.err.splitlines()]

    assert [(entry["level"], entry["logger"]) for entry in entries] == [("warning", "auditor.cli")]


def test_platforms_lists_all(run: Run) -> None:
    """Each platform is listed with its id, as text and as JSON."""
    text, values = run("platforms"), run("platforms", "-f", "json")

    assert [line.split()[0] for line in text.out.splitlines()] == list(ids())
    assert [entry["id"] for entry in json.loads(values.out)] == list(ids())


def test_unknown_platform(run: Run, asa: Path) -> None:
    """A platform that there is not ends in 2 and lists those that there are."""
    ran = run("show", asa / "compliant" / "config.txt", "--platform", "cisco_asaa")

    assert ran.code == 2
    assert "cisco_asa" in ran.err


def test_schema_of_the_report(run: Run) -> None:
    """The report's schema is printed as a valid JSON Schema."""
    ran = run("schema", "report")

    jsonschema.Draft202012Validator.check_schema(json.loads(ran.out))
