"""The entry point: exit codes for every way to end, what it says, and what it must not import."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from auditor.cli import main as main_module
from auditor.cli.main import COMMANDS, main
from auditor.errors import (
    BaselineError,
    BugError,
    CollectionError,
    DeploymentError,
    EngineError,
    FailureKind,
    NotAssessableError,
    UsageError,
)
from auditor.version import VERSION
from parsers.errors import DetectionError, NotationError, ParserError, UnsupportedError

ST_AUDIT = Path(sys.executable).with_name("st-audit")
HEAVY = (
    "rich", "pydantic", "ruamel", "netmiko", "paramiko", "ciscoconfparse2", "sqlalchemy", "jinja2", "asyncssh", "json",
    "logging",
)  # fmt: skip


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Give a function that runs the entry point with a command that raises an error."""

    def run(error: BaseException, *options: str) -> int:
        @click.command("show")
        @click.option(
            "-v", "--verbose", is_flag=True, callback=lambda ctx, _, value: setattr(ctx.obj, "verbose", value)
        )
        def command(verbose: bool) -> None:  # noqa: ARG001
            raise error

        monkeypatch.setattr(main_module.Commands, "get_command", lambda *_: command)
        return main(["show", *options])

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("bad option"), 2),
        (DeploymentError("unknown key", file="deployment.yaml", line=3, key="edeg"), 2),
        (BaselineError("unknown row"), 2),
        (click.UsageError("no such option"), 2),
        (click.FileError("x.txt", "not there"), 2),
        (DetectionError("could be a or b", candidates=("a", "b")), 2),
        (DetectionError("no platform recognises x"), 3),
        (NotAssessableError("incomplete", kind=FailureKind.INCOMPLETE), 3),
        (CollectionError("unreachable", kind=FailureKind.UNREACHABLE), 3),
        (ParserError("reference loop", document="x.txt", line=4), 3),
        (UnsupportedError("ASA 8.2"), 3),
        (NotationError("not notation"), 3),
        (BugError("contradiction"), 70),
        (EngineError("not confirmed"), 70),
        (ValueError("boom"), 70),
        (RecursionError(), 70),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (main_module.Terminated(), 143),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_exit_codes(raising: Callable[..., int], error: BaseException, code: int) -> None:
    """Every error has the exit code of its kind."""
    assert raising(error) == code


def test_message_says_what_where_and_what_next(raising: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """The message on stderr names file, line and key, and gives the hint; nothing goes to stdout."""
    raising(DeploymentError("unknown key", file="deployment.yaml", line=3, key="edeg", hint="did you mean edge?"))
    out, err = capsys.readouterr()

    assert out == ""
    assert err == "error: deployment.yaml:3: edeg: unknown key\n  hint: did you mean edge?\n"


def test_message_is_harmless(raising: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    """A message that quotes a hostile line does not act on the terminal."""
    raising(ParserError("unknown word \x1b[2J", document="x.txt", line=4))

    assert capsys.readouterr().err == "error: x.txt:4: unknown word \\x1b[2J\n"


@pytest.mark.parametrize("options", [(), ("-v",)])
def test_bug_shows_no_value(
    raising: Callable[..., int], capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    """An unexpected error shows its kind and place, with -v the way to it, never its message (a secret?)."""
    raising(ValueError("password hunter2-canary"), *options)
    err = capsys.readouterr().err

    assert "bug: ValueError at " in err
    assert "hunter2" not in err
    assert (err.count('File "') > 1) == bool(options)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The help names each command without importing any of them."""
    assert main(["--help"]) == 0
    out = capsys.readouterr().out

    assert all(f"  {name} " in out for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command exists and explains itself."""
    assert main([name, "--help"]) == 0
    assert "Usage: st-audit " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["platforms", "--nonsense"]])
def test_usage_errors(arguments: list[str]) -> None:
    """What is no command or option ends in 2."""
    assert main(arguments) == 2


def test_similar_command(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped command is answered with the one that was meant."""
    assert main(["confg", "file.txt"]) == 2
    assert "Did you mean 'config'?" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the one that is written in one place."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"st-audit {VERSION}\n"


def test_installed_script() -> None:
    """The installed script is the same program."""
    done = subprocess.run([ST_AUDIT, "--version"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, f"st-audit {VERSION}\n")


def test_version_imports_nothing_heavy() -> None:
    """Saying the version loads no library but click."""
    code = (
        "import sys; from auditor.cli.main import main; main(['--version']);"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


DEFAULT_SIGNALS = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""A shell lets its background jobs ignore SIGINT, and what they start inherits that."""


def _until_it_waits(pid: int) -> None:
    """Wait until a process has used no processor time for a while: it sleeps in reading its standard input."""
    place, quiet, before = Path(f"/proc/{pid}/stat"), 0, ""
    for _ in range(400):
        time.sleep(0.05)
        used = " ".join(place.read_text().rpartition(")")[2].split()[11:13]) if place.exists() else ""
        quiet = quiet + 1 if used == before and used != "0 0" else 0
        before = used
        if quiet >= 15:
            return


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals(number: signal.Signals, code: int) -> None:
    """A run that is terminated or interrupted says so and ends in 143 or 130."""
    with subprocess.Popen(
        [sys.executable, "-c", DEFAULT_SIGNALS, ST_AUDIT, "show", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        _until_it_waits(process.pid)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)

        assert process.returncode == code
        assert "Traceback" not in err


def test_closed_pipe() -> None:
    """A reader that goes away is no bug and leaves no traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [ST_AUDIT, "schema", "report"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)

    assert (done.returncode, done.stderr) == (141, "")


def test_a_process_that_ends_looks_for_no_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process holds when it ends is left alone; whoever calls the program from his own keeps his collector."""
    assert gc.isenabled()
    frozen = gc.get_freeze_count()
    assert main(["platforms"]) == 0
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen

    monkeypatch.setattr(sys, "argv", ["st-audit", "platforms"])
    try:
        assert main() == 0
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
        gc.enable()
