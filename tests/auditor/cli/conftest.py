"""The entry point as a function: a command line in, exit code, stdout and stderr out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.cli.main import main

if TYPE_CHECKING:
    from tests.auditor.cli.bed import Bed

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
    for name in [name for name in os.environ if name.startswith("ST_AUDIT_")]:
        monkeypatch.delenv(name)
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


@pytest.fixture
def bed(
    run: Callable[..., Ran],  # noqa: ARG001 - it clears the environment first
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bed]:
    """Run the emulated ASA, with its login in the environment and its key not pinned yet."""
    from auditor.demo.asa import Asa
    from auditor.demo.run import deployment
    from auditor.demo.server import serve
    from tests.auditor.cli.bed import DEVICE, ENABLE, PASSWORD, Bed

    monkeypatch.setenv("ST_AUDIT_USER", "audit")
    monkeypatch.setenv("ST_AUDIT_PASSWORD", PASSWORD)
    monkeypatch.setenv("ST_AUDIT_ENABLE_SECRET", ENABLE)
    file = tmp_path / "deployment.yaml"
    file.write_text(deployment().replace("198.51.100.1", "127.0.0.1"), "utf-8")
    known_hosts = tmp_path / "known" / "known_hosts"
    known_hosts.parent.mkdir()
    known_hosts.touch()
    with serve(Asa, DEVICE) as emulator:
        yield Bed(emulator=emulator, deployment=file, known_hosts=known_hosts)


@pytest.fixture
def trusted(bed: Bed, run: Callable[..., Ran]) -> Bed:
    """Pin the emulator's key."""
    assert run(*bed.words("trust", "--fingerprint", bed.emulator.key.fingerprint)).code == 0
    return bed
