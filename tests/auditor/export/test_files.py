"""Files that are whole or not there, and what killed writers leave."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from auditor.export.files import sweep, write_whole


def names(folder: Path) -> list[str]:
    """List a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_new_file_is_private_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    """A new report is its owner's alone; who opened one to others keeps it open."""
    file = tmp_path / "report.json"
    write_whole(file, b"one")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"one", 0o600)
    file.chmod(0o640)
    write_whole(file, b"two")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"two", 0o640)
    assert names(tmp_path) == ["report.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """A disk that refuses leaves the old file and nothing beside it."""
    file = tmp_path / "report.json"
    write_whole(file, b"old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"auditor.export.files.os.{step}", refuse)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["report.json"]


def test_sweep_takes_the_dead_and_leaves_the_living(tmp_path: Path) -> None:
    """A temporary file that somebody writes stays; one of another file, too; one that nobody holds goes."""
    target = tmp_path / "a[1]*.json"
    dead = tmp_path / ".a[1]*.json.x.st-audit-tmp"
    living = tmp_path / ".a[1]*.json.y.st-audit-tmp"
    other = tmp_path / ".a1b.json.z.st-audit-tmp"
    for path in (dead, living, other):
        path.touch()
    with living.open("rb") as stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
        assert sweep(target) == 1
    assert names(tmp_path) == sorted([living.name, other.name])
    assert sweep(target) == 1
