"""Where results go: stdout, and files that are whole or not there at all."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.export.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.cli.options import Common, Output
    from auditor.export.evidence import Evidence
    from auditor.export.options import RenderOptions
    from auditor.report.status import FailOn
    from auditor.report.values import Report

__all__ = ["colored", "deliver", "emit", "width", "write"]

_WIDTH = 100
"""Columns where nobody looks: reports in files and pipes do not depend on the terminal."""
_NARROWEST, _WIDEST = 20, 1_000
_PLAIN = str.maketrans({
    "·": "-", "─": "-", "→": "->", "…": "...", "✓": "+", "✗": "x",
    **{bar: str(height) for height, bar in enumerate("▁▂▃▄▅▆▇█", start=1)},
})  # fmt: skip
"""Our own signs in ASCII, for a stdout whose encoding lacks them."""


def deliver(
    report: Report,
    output: Output,
    common: Common,
    fail_on: FailOn,
    evidence: Callable[[], Evidence] | None = None,
    *,
    options: RenderOptions | None = None,
    failed: Callable[[UsageError], None] | None = None,
) -> int:
    """Write a report's files, then its stdout form, and give the run's exit code.

    `evidence` is asked for only where a format has use for it; `options` are those of a caller who has it at hand. A
    file that cannot be written ends this with UsageError, or is told to `failed` and the rest is written all the same.
    """
    from auditor.cli.evidence import wanted
    from auditor.export.formats import render
    from auditor.export.options import DEFAULT
    from auditor.report.status import exit_code

    basis = evidence() if evidence is not None and wanted(output) else None
    known = options or replace(DEFAULT, fail_on=fail_on, evidence=basis)
    plain = replace(known, verbose=common.verbose, width=_WIDTH)
    for name, path in output.outputs:
        try:
            write(path, render(report, name, plain))
        except UsageError as error:
            if failed is None:
                raise
            failed(error)
    shown = replace(plain, width=width(), color=colored(common))
    emit(render(report, output.format, shown))
    return exit_code(report, fail_on)


def colored(common: Common) -> bool:
    """Tell whether stdout gets colours: only a terminal, not against NO_COLOR (no-color.org) or TERM=dumb."""
    return (
        not common.no_color
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
        and sys.stdout.isatty()
    )


def width() -> int:
    """Give the columns of the terminal that stdout is (COLUMNS, if it says so), or 100 where it is none."""
    if not sys.stdout.isatty():
        return _WIDTH
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and _NARROWEST <= int(said) <= _WIDEST:
        return int(said)
    with contextlib.suppress(OSError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or _WIDTH
    return _WIDTH


def emit(content: str | bytes) -> None:
    """Write to stdout; signs that its encoding lacks become ASCII, other characters are spelt out.

    Raises UsageError where it takes no more.
    """
    if isinstance(content, bytes) and sys.stdout.isatty():
        raise UsageError("this format is binary and stdout is a terminal", hint="write a file: -o FORMAT=PATH")
    try:
        if isinstance(content, bytes):
            sys.stdout.buffer.write(content)
        else:
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(_encodable(content, encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still buffered must not fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise UsageError(
            f"cannot write to stdout: {error.strerror or error}", hint="is the disk full that it goes to?"
        ) from error


def _encodable(content: str, encoding: str) -> str:
    try:
        content.encode(encoding)
    except UnicodeEncodeError:
        return content.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return content


def write(path: Path, content: str | bytes) -> None:
    """Write a file atomically (its owner's alone, if it is new); raises UsageError where that is impossible."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    target = path.resolve()
    try:
        if target.exists() and not target.is_file():
            # /dev/stderr and pipes are written into, never replaced.
            with target.open("wb") as stream:
                stream.write(data)
            return
        write_whole(target, data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"cannot write: {reason}", file=path, hint="name a file in a folder that exists") from error
