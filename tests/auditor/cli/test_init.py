"""`init`: answers from a pipe or from options make a file that `config` accepts, with comments."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.auditor.cli.conftest import Ran

Run = Callable[..., Ran]
ANSWERS = {
    "name": "acme",
    "groups.server": "10.20.0.11",
    "groups.edge": "192.0.2.11, 192.0.2.12",
    "groups.edge_vip": "192.0.2.10",
    "groups.trusted": "10.20.0.0/24",
    "topology.streaming": "yes",
    "services.https": "yes",
    "services.ssh": "yes",
    "firewall.name": "perimeter",
    "firewall.platform": "cisco_asa",
    "firewall.sides": "outside=internet dmz=edge,edge_vip inside=server,trusted",
}


def words(answers: dict[str, str]) -> list[str]:
    """Give answers as options."""
    return [word for key, value in answers.items() for word in ("--answer", f"{key}={value}")]


@pytest.fixture(autouse=True)
def _silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer nothing beyond the options."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))


def test_answers_make_a_file_that_config_accepts(run: Run, asa: Path, tmp_path: Path) -> None:
    """A file from answers judges a firewall as one that was written by hand."""
    file = tmp_path / "deployment.yaml"
    ran = run("init", file, *words(ANSWERS))

    assert ran.code == 0, ran.err
    assert "# HTTPS: row 5, and row 23 with an Edge" in file.read_text("utf-8")
    assert run("config", asa / "compliant" / "config.txt", "--deployment", file).code == 0


def test_answers_from_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of a pipe answer the questions in order; where they end the rest goes unanswered."""
    monkeypatch.setattr("sys.stdin", io.StringIO("acme\n10.20.0.11\n\n10.20.0.0/24\nyes\n"))
    ran = run("init", "-")

    assert ran.code == 0, ran.err
    assert "name: acme\n" in ran.out
    assert "server: [10.20.0.11]\n" in ran.out
    assert "https: true\n" in ran.out
    assert "  edge:" not in ran.out


def test_questions_are_listed(run: Run) -> None:
    """A script learns the keys of the questions."""
    keys = [line.split("\t")[0] for line in run("init", "--questions").out.splitlines()]

    assert set(ANSWERS) <= set(keys)
    assert keys[0] == "name"


def test_a_file_is_not_replaced_unasked(run: Run, tmp_path: Path) -> None:
    """A file that is there stays, unless --force is said."""
    file = tmp_path / "deployment.yaml"
    file.write_text("mine", "utf-8")
    refused = run("init", file, *words(ANSWERS))

    assert (refused.code, file.read_text("utf-8")) == (2, "mine")
    assert run("init", file, "--force", *words(ANSWERS)).code == 0
    assert "name: acme" in file.read_text("utf-8")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"groups.servre": "10.0.0.1"}, "there is no question 'groups.servre'"),
        ({"groups.server": "ten"}, "ten is not an address"),
        ({"services.https": "perhaps"}, "neither yes nor no"),
        ({"firewall.name": "a", "firewall.platform": "nokia"}, "no platform is called nokia"),
        ({"services.https": "yes"}, "these answers make no deployment"),
    ],
)
def test_impossible_answers(run: Run, tmp_path: Path, answers: dict[str, str], message: str) -> None:
    """An answer that cannot be ends in 2 and writes nothing."""
    file = tmp_path / "deployment.yaml"
    ran = run("init", file, *words(answers))

    assert ran.code == 2
    assert message in ran.err
    assert not file.exists()


def test_own_baseline_is_named_from_the_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A baseline given by path stands in the file as seen from the file's own folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.yaml").write_text(
        "version: 1\nid: site\ntitle: Site\nrows:\n"
        "  - {id: S1, title: DNS, source: server, destination: [10.20.0.2], protocol: udp, ports: 53}\n",
        "utf-8",
    )
    (tmp_path / "sub").mkdir()
    baselines = ("--baseline", "securetransport-5.5", "--baseline", "rows.yaml")
    ran = run("init", "sub/deployment.yaml", *baselines, *words(ANSWERS))

    assert ran.code == 0, ran.err
    assert "baseline: [securetransport-5.5, ../rows.yaml]" in (tmp_path / "sub" / "deployment.yaml").read_text("utf-8")
    assert run("baseline", "show", "S1", "--deployment", "sub/deployment.yaml").code == 0
