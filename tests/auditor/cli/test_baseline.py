"""`baseline`: list, show, explain and check, with and without a deployment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.cli.main import main
from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]


@pytest.mark.parametrize("name", ["list", "show", "explain", "check"])
def test_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each part of the command explains itself."""
    assert main(["baseline", name, "--help"]) == 0
    assert f"Usage: st-audit baseline {name}" in capsys.readouterr().out


def test_list(run: Run) -> None:
    """What ships is listed with its hash."""
    found = {entry["id"]: entry for entry in json.loads(run("baseline", "list", "-f", "json").out)}

    assert {"securetransport-5.5", "hygiene"} <= set(found)
    assert len(found["securetransport-5.5"]["sha256"]) == 64
    assert "securetransport-5.5" in run("baseline", "list").out


def test_show_as_printed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a deployment every row comes with the vendor's ports."""
    monkeypatch.chdir(tmp_path)
    rows = {row["id"]: row for row in json.loads(run("baseline", "show", "-f", "json").out)}

    assert set(map(str, range(1, 40))) <= set(rows)
    assert (rows["27"]["protocol"], rows["27"]["ports"]) == ("tcp", "20444")
    assert "HTTPS from clients" in run("baseline", "show", "5").out


def test_show_for_a_deployment(run: Run, asa: Path) -> None:
    """With a deployment each row says whether it is required here, and why."""
    deployment = asa / "compliant" / "deployment.yaml"
    rows = {row["id"]: row for row in json.loads(run("baseline", "show", "--deployment", deployment, "-f", "json").out)}
    text = run("baseline", "show", "--deployment", deployment).out

    assert {name: rows[name]["requirement"] for name in ("4", "5", "6", "20")} == {
        "4": "off",
        "5": "required",
        "6": "required",
        "20": "off",
    }
    assert rows["4"]["because"]
    assert "rows are off (-v lists them)" in text
    assert "Internet: 1.0.0.0-9.255.255.255" in text


def test_show_for_a_firewall(run: Run, asa: Path) -> None:
    """For a firewall only what crosses it comes, with the sides that it goes between."""
    words = ("baseline", "show", "--deployment", asa / "compliant" / "deployment.yaml", "--firewall", "perimeter")
    rows = {row["id"]: row for row in json.loads(run(*words, "-f", "json").out)}

    assert rows["5"]["crosses"] == "outside → dmz"
    assert rows["25"]["crosses"] == "inside → dmz"
    assert "21" not in rows


@pytest.mark.parametrize("row", ["2", "3", "10", "14", "27", "32", "35", "38"])
def test_explain(run: Run, asa: Path, row: str) -> None:
    """The rows whose source is odd say so in plain words, each with its citation."""
    ran = run("baseline", "explain", row, "--deployment", asa / "compliant" / "deployment.yaml")

    assert ran.code == 0
    assert ran.out.startswith(f"{row}  ")
    for word in ("Source: SecureTransport 5.5", "Oddity: ", "Here: "):
        assert word in ran.out


def test_explain_on_a_firewall(run: Run, asa: Path) -> None:
    """On a firewall the row says between which sides it crosses, or that it does not."""
    words = ("--deployment", asa / "compliant" / "deployment.yaml", "--firewall", "perimeter")

    assert "Crosses perimeter between outside → dmz." in run("baseline", "explain", "5", *words).out
    assert "Crosses perimeter nowhere" in run("baseline", "explain", "21", *words).out


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "99"),
        ("show", "99"),
        ("show", "--baseline", "securetransport-5.6"),
        ("show", "--firewall", "perimeter"),
        ("check", "nowhere.yaml"),
        ("check",),
        (),
    ],
)
def test_usage_errors(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    """What is not there ends in 2."""
    monkeypatch.chdir(tmp_path)

    assert run("baseline", *words).code == 2


def test_check(run: Run, asa: Path, tmp_path: Path) -> None:
    """A baseline of one's own is checked: what is wrong comes with file and line, what is right with its size."""
    site = asa / "production-perimeter"
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(
        "version: 1\nid: site\ntitle: Site\nrows:\n"
        "  - {id: S1, title: DNS, source: server, destination: [10.0.0.2], protocol: udp, ports: 53}\n",
        "utf-8",
    )
    bad.write_text("version: 1\nid: site\ntitel: Site\n", "utf-8")
    wrong = run("baseline", "check", bad)

    assert run("baseline", "check", good).code == 0
    assert run("baseline", "check", site / "site-rows.yaml").code == 2
    assert run("baseline", "check", site / "site-rows.yaml", "--deployment", site / "deployment.yaml").code == 0
    assert wrong.code == 2
    assert f"{bad}:3" in wrong.err
