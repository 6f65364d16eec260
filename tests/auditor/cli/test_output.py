"""Where results go: whole files or none, private, and stdout that depends on nothing but the options."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli.options import Common, Output
from auditor.cli.output import colored, deliver, emit, width, write
from auditor.errors import UsageError
from auditor.report.status import FailOn
from tests.auditor.sample_report import sample

COMMON = Common(verbose=False, quiet=False, no_color=False, log_format="text")


class Terminal(io.StringIO):
    """A stdout that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say yes."""
        return True


def test_every_file_and_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run writes each file in its format, prints the chosen one, and ends with the report's exit code."""
    output = Output(format="json", outputs=(("csv", tmp_path / "a.csv"), ("text", tmp_path / "a.txt")))
    code = deliver(sample(), output, COMMON, FailOn.LOW)

    assert code == json.loads(capsys.readouterr().out)["exit_code"] == 3
    assert (tmp_path / "a.csv").read_text("utf-8").startswith("record,firewall")
    assert (tmp_path / "a.txt").read_text("utf-8").startswith("st-audit 0.1.0")


def test_file_is_private_and_alone(tmp_path: Path) -> None:
    """A new file is readable by its owner alone, and nothing else is left beside it."""
    write(tmp_path / "report.json", "{}")

    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["report.json"]


def test_replacing_keeps_the_mode(tmp_path: Path) -> None:
    """A file that its owner opened to others stays open to them."""
    file = tmp_path / "report.json"
    file.write_text("old", "utf-8")
    file.chmod(0o644)
    write(file, b"new")

    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", 0o644)


def test_link_is_followed(tmp_path: Path) -> None:
    """A symbolic link is written through, not replaced."""
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tmp_path / "link", "x")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text("utf-8") == "x"


def test_device_is_written_into() -> None:
    """A device is never replaced by a file."""
    write(Path(os.devnull), "x")

    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where writing fails the old file stays whole and no part of the new one is left."""
    file = tmp_path / "report.json"
    file.write_text("old", "utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left on device"):
        write(file, "new")

    assert [(item.name, item.read_text("utf-8")) for item in tmp_path.iterdir()] == [("report.json", "old")]


def test_impossible_path(tmp_path: Path) -> None:
    """A folder that does not exist is the user's error and names the file."""
    with pytest.raises(UsageError) as caught:
        write(tmp_path / "nowhere" / "report.json", "{}")

    assert caught.value.file == str(tmp_path / "nowhere" / "report.json")


@pytest.mark.parametrize(
    ("environment", "no_color", "expected"),
    [({}, False, True), ({"NO_COLOR": "1"}, False, False), ({"TERM": "dumb"}, False, False), ({}, True, False)],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], no_color: bool, expected: bool) -> None:
    """A terminal gets colour unless it, the environment or the option says no."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal())

    assert colored(Common(verbose=False, quiet=False, no_color=no_color, log_format="text")) is expected


def test_pipe_has_no_colour_and_a_fixed_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is piped depends on no terminal."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setenv("COLUMNS", "33")

    assert (colored(COMMON), width()) == (False, 100)


@pytest.mark.parametrize(("said", "expected"), [("77", 77), ("", 100), ("abc", 100), ("3", 100)])
def test_columns_of_a_terminal(monkeypatch: pytest.MonkeyPatch, said: str, expected: int) -> None:
    """On a terminal COLUMNS says how wide it is; what is no width of a terminal counts for nothing."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", said)

    assert width() == expected


def test_poor_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stdout that lacks a character gets our own signs in ASCII and the others spelt out, instead of an error."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    emit("✓ a → b · ä")
    stream.flush()

    assert stream.buffer.getvalue() == b"+ a -> b - \\xe4"


def test_binary_stays_off_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes do not go to a terminal."""
    monkeypatch.setattr(sys, "stdout", Terminal())

    with pytest.raises(UsageError, match="binary"):
        emit(b"PK")


def test_stdout_that_takes_no_more() -> None:
    """Where what stdout goes to is full, the run ends in 2 and says so."""
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [sys.executable, "-c", "from auditor.cli.main import main; raise SystemExit(main())", "platforms"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (ran.returncode, ran.stderr.decode()) == (
        2, "error: cannot write to stdout: No space left on device\n  hint: is the disk full that it goes to?\n"
    )  # fmt: skip
