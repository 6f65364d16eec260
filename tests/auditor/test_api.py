"""The Python API of the README, and the public list."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import auditor

ROOT = Path(__file__).parents[2]


def test_readme_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's Python example runs as printed, and says what the fixture is made to show."""
    block = re.search(r"<!-- python-example -->.*?```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    shutil.copytree(ROOT / "fixtures" / "cisco_asa" / "http-in-range", tmp_path / "fixtures/cisco_asa/http-in-range")
    monkeypatch.chdir(tmp_path)

    exec(compile(block[1], "README.md", "exec"), {})  # noqa: S102 - our own text

    out = capsys.readouterr().out
    assert "high tcp/80 from outside to dmz is open although row 4" in out
    assert out.splitlines()[-1] == "1"
    assert (tmp_path / "report.sarif").read_text().startswith("{")


def test_every_public_name_is_there() -> None:
    """Each name of `__all__` can be had, and no other name can."""
    assert all(getattr(auditor, name) is not None for name in auditor.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        auditor.nothing  # noqa: B018 - the access is what is tested
