"""Measuring: whole processes with their time and peak memory, and pieces of work taken in turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = ["Command", "Run", "Series", "in_turns", "run", "timed"]

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of ru_maxrss (getrusage(2))."""
_MEGABYTE = 1_000_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to be measured, and the exit codes that mean that it did its work."""

    name: str
    argv: tuple[str, ...]
    cwd: Path
    accepts: frozenset[int] = frozenset({0})


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One finished process: wall time and processor time in seconds, peak memory in megabytes (10**6 bytes)."""

    seconds: float
    processor: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Series:
    """Several measurements of one thing."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Give the middle one."""
        return median(self.values)

    @property
    def low(self) -> float:
        """Give the least."""
        return min(self.values)

    @property
    def high(self) -> float:
        """Give the greatest."""
        return max(self.values)


def run(command: Command) -> Run:
    """Run a process to its end; raises RuntimeError with what it said where it did not do its work."""
    start = time.perf_counter()
    with subprocess.Popen(
        command.argv, cwd=command.cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in command.accepts:
        raise RuntimeError(f"{command.name} ended in {process.returncode}: {said.decode(errors='replace')[-2000:]}")
    return Run(
        seconds=seconds,
        processor=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss * _UNIT / _MEGABYTE,
    )


def in_turns(times: int, commands: Sequence[Command]) -> list[list[Run]]:
    """Run commands one after the other, `times` rounds after an uncounted one; gives the runs of each command."""
    for command in commands:
        run(command)
    rounds = [[run(command) for command in commands] for _ in range(times)]
    return [list(column) for column in zip(*rounds, strict=True)]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Give the seconds that some work took, and what it gave."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result
