"""The entry point as a function: a command line in, exit code, stdout and stderr out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.cli.main import main

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command line ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Ran]:
    """Give a function that runs the real entry point in this process, away from the environment of whoever tests."""
    for name in ("DEPLOYMENT", "USER", "PASSWORD", "ENABLE_SECRET", "KEY_FILE", "KEY_PASSPHRASE"):
        monkeypatch.delenv(f"ST_AUDIT_{name}", raising=False)
    monkeypatch.setenv("ST_AUDIT_HISTORY", str(tmp_path / "history.sqlite"))

    def call(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    return call


@pytest.fixture
def asa() -> Path:
    """Give the folder of the ASA fixtures."""
    return FIXTURES / "cisco_asa"
