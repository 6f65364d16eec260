"""How far a fleet's run is: a bar on a terminal, a line per firewall elsewhere, an object per firewall in JSON logs."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from auditor.report.status import SEVERITIES, firewall_status

if TYPE_CHECKING:
    from auditor.cli.options import Common
    from auditor.fleet.job import Outcome
    from auditor.report.status import FailOn

__all__ = ["progress"]


@contextlib.contextmanager
def progress(
    total: int, common: Common, fail_on: FailOn, logger: logging.Logger
) -> Iterator[Callable[[Outcome], None]]:
    """Give what is to be called with each outcome; on a terminal a bar tells of all, and lines of failures alone."""
    count = 0
    wide = len(str(total))

    def say(outcome: Outcome, level: int) -> None:
        logger.log(
            level, "[%*d/%d] %s", wide, count, total, _words(outcome, fail_on),
            extra={"fields": _fields(outcome, fail_on, count, total)},
        )  # fmt: skip

    if not total or common.quiet or common.log_format == "json" or not sys.stderr.isatty():

        def plain(outcome: Outcome) -> None:
            nonlocal count
            count += 1
            say(outcome, logging.INFO if outcome.problem_kind is None else logging.ERROR)

        yield plain
        return

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=common.no_color or None)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("collecting", total=total)
        found: Counter[str] = Counter()

        def live(outcome: Outcome) -> None:
            nonlocal count
            count += 1
            found[firewall_status(outcome.report, fail_on).value] += 1
            told = ", ".join(f"{number} {status}" for status, number in sorted(found.items()))
            bar.update(task, advance=1, description=told)
            if outcome.problem_kind is not None:
                # Through stderr as it is now, which the bar has taken over: the line stands above it.
                say(outcome, logging.ERROR)

        yield live


def _words(outcome: Outcome, fail_on: FailOn) -> str:
    error = outcome.report.error
    if error is not None:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        return f"{outcome.name}: {error.kind.value}: {error.message}{hint}"
    counts = _findings(outcome)
    told = ", ".join(f"{number} {severity}" for severity, number in counts.items() if number) or "no findings"
    return f"{outcome.name}: {firewall_status(outcome.report, fail_on).value} ({told}), {outcome.seconds:.1f} s"


def _fields(outcome: Outcome, fail_on: FailOn, count: int, total: int) -> dict[str, object]:
    return {
        "event": "firewall",
        "firewall": outcome.name,
        "status": firewall_status(outcome.report, fail_on).value,
        "problem": None if outcome.problem_kind is None else outcome.problem_kind.value,
        "findings": _findings(outcome),
        "seconds": round(outcome.seconds, 3),
        "attempts": outcome.attempts,
        "done": count,
        "total": total,
    }


def _findings(outcome: Outcome) -> dict[str, int]:
    found = Counter(finding.severity for finding in outcome.report.findings if finding.waived is None)
    return {severity.value: found[severity] for severity in SEVERITIES}
