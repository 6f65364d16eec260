"""The scaffolder lays out a platform that loads, judges nothing, and fails its tests until it is written."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import parsers.platforms
from parsers.model.notation import read_all, render_all
from tests import fixture_cases
from tests.fixture_cases import Case, judged, questions
from tests.new_platform import ROOT, main

FILES = [
    "fixtures/acme_wall/example/config.txt",
    "fixtures/acme_wall/example/verdicts.txt",
    "parsers/platforms/acme_wall.py",
    "tests/parsers/platforms/test_acme_wall.py",
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, with the platform that was laid out in it."""
    assert main(["acme_wall", "--title", "Acme Wall", "--root", str(tmp_path)]) == 0
    monkeypatch.setattr(parsers.platforms, "__path__", [str(tmp_path / "parsers" / "platforms")])
    monkeypatch.setattr(fixture_cases, "FIXTURES", tmp_path / "fixtures")
    monkeypatch.delitem(sys.modules, "parsers.platforms.acme_wall", raising=False)
    importlib.invalidate_caches()
    return tmp_path


def test_files(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parser, fixture and tests are written, named, and clean by the rules of the house."""
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()) == FILES
    assert main(["acme_gate", "--root", str(root)]) == 0
    written = capsys.readouterr().out.replace("acme_gate", "acme_wall").splitlines()
    assert sorted(written[:-1]) == FILES
    assert written[-1].startswith("next: ")
    python = [str(root / name) for name in FILES if name.endswith(".py")]
    for command in (["check", "--ignore", "INP001"], ["format", "--check"]):
        run = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
        # Outside the project, the rules for its folder `tests` (assert is allowed) do not apply by themselves.
        more = ["--per-file-ignores", f"{root}/tests/**:S101"] if command[0] == "check" else []
        done = subprocess.run([*run, *more, *python], capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_it_judges_nothing_and_its_tests_fail(root: Path) -> None:
    """The platform is found and parses its example into a model on which no verdict rests; its own test fails."""
    case = Case(platform="acme_wall", folder=root / "fixtures" / "acme_wall" / "example")
    found = case.parse()
    assert [len(states) for states in found.ledger] == [3]
    assert read_all(render_all(found.firewalls)) == found.firewalls
    assert [(asked.verdict, str(judged(firewall, asked).verdict)) for firewall, asked in questions(case, found)] == [
        ("permit", "unknown"),
        ("deny", "unknown"),
    ]
    module = ModuleType("test_acme_wall")
    source = (root / "tests" / "parsers" / "platforms" / "test_acme_wall.py").read_text("utf-8")
    exec(compile(source, "test_acme_wall.py", "exec"), module.__dict__)  # noqa: S102 - the file that was laid out
    with pytest.raises(AssertionError):
        module.test_each_line_of_the_example_is_understood()


@pytest.mark.parametrize(
    ("name", "message"),
    [("Acme", "is no platform id"), ("acme-wall", "is no platform id"), ("acme_wall", "exists already")],
)
def test_refused(root: Path, name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no module name, and a platform that is there, are refused."""
    with pytest.raises(SystemExit):
        main([name, "--root", str(root)])
    assert message in capsys.readouterr().err
