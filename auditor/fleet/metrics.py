"""A run as Prometheus metrics, for the node exporter's textfile collector: gauges in one file, replaced at once.

What a run cannot say (when it last succeeded, when a firewall was last assessed) is carried over from the file of the
run before, so that a job that fails is seen by the age of its success.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from auditor.errors import UsageError
from auditor.export.files import sweep, write_whole
from auditor.fleet.job import Outcome
from auditor.report.status import SEVERITIES, FailOn, firewall_status
from auditor.report.values import (
    FirewallReport,
    ProblemKind,
    Report,
    RowVerdictKind,
    Severity,
    Status,
    WaiverWarningKind,
)

__all__ = ["Run", "write", "write_failure"]

_PREFIX: Final = "st_audit_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run was: its report, how it was collected, how it ended and when (seconds since 1970, UTC)."""

    report: Report
    outcomes: tuple[Outcome, ...]
    fail_on: FailOn
    exit_code: int
    seconds: float
    ended: float
    left_out: int = 0


def write(file: Path, run: Run) -> None:
    """Write a run's metrics; raises UsageError where that is impossible, and then the file is as it was."""
    _put(file, _Families([*_overall(run, _earlier(file)), *_by_firewall(run, _earlier(file))]))


def write_failure(file: Path, *, exit_code: int, ended: float) -> None:
    """Write that a run could not begin, or not end: the file's other metrics stay. Raises UsageError."""
    said = [
        _gauge("last_run_timestamp_seconds", "When the last run ended, however it did.", ended),
        _gauge("exit_code", "What the last run ended in.", exit_code),
    ]
    names = {family.name for family in said}
    kept = [family for family in _earlier(file).values() if family.name not in names]
    _put(file, _Families([*said, *kept]))


class _Families(Collector):
    """Metrics that are there already, as what the client library writes down."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _put(file: Path, families: _Families) -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(families)
    try:
        sweep(file)
        write_whole(file.resolve(), generate_latest(registry))
        # The node exporter runs as somebody else, and there is nothing secret in numbers.
        file.chmod(0o644)
    except OSError as error:
        raise UsageError(
            f"the metrics cannot be written: {error.strerror or error}",
            file=file,
            key="--metrics",
            hint="name a file in a folder that exists and is yours",
        ) from error


def _earlier(file: Path) -> dict[str, Metric]:
    """Give our metrics in a file, none where there is no file or it is not Prometheus' text."""
    try:
        text = file.read_text("utf-8")
        families = {family.name: family for family in text_string_to_metric_families(text)}
    except (OSError, ValueError, KeyError, IndexError):
        return {}
    return {name: family for name, family in families.items() if name.startswith(_PREFIX)}


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(_PREFIX + name, words, value=value)


def _labelled(
    name: str, words: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(_PREFIX + name, words, labels=list(labels))
    for texts, value in values:
        family.add_metric(list(texts), value)
    return family


def _overall(run: Run, earlier: Mapping[str, Metric]) -> Iterator[Metric]:
    report = run.report
    assessed = all(item.error is None for item in report.firewalls) and run.exit_code in {0, 1, 4}
    last = run.ended if assessed else _value(earlier.get(f"{_PREFIX}last_success_timestamp_seconds"))
    yield _gauge("last_run_timestamp_seconds", "When the last run ended, however it did.", run.ended)
    if last is not None:
        yield _gauge(
            "last_success_timestamp_seconds", "When a run last assessed every firewall and told all it had to.", last
        )
    yield _gauge("exit_code", "What the last run ended in.", run.exit_code)
    yield _gauge("run_seconds", "How long the last run took.", run.seconds)
    yield _gauge("firewalls", "Firewalls of the last run.", len(report.firewalls))
    yield _gauge("left_out", "Hosts of the inventory that are not audited.", run.left_out)
    states = Counter(firewall_status(item, run.fail_on) for item in report.firewalls)
    yield _labelled(
        "firewalls_by_status", "Firewalls of the last run by what became of them.", ["status"],
        (([status.value], states[status]) for status in Status),
    )  # fmt: skip
    problems = Counter(item.error.kind for item in report.firewalls if item.error is not None)
    yield _labelled(
        "not_assessable", "Firewalls that could not be assessed, by why.", ["kind"],
        (([kind.value], problems[kind]) for kind in ProblemKind),
    )  # fmt: skip
    kinds = Counter(item.kind for item in report.waivers.warnings) if report.waivers is not None else Counter()
    yield _labelled(
        "waiver_warnings", "Waivers that somebody must look at, by why (expiring, expired, grown, ...).", ["kind"],
        (([kind.value], kinds[kind]) for kind in WaiverWarningKind),
    )  # fmt: skip


def _by_firewall(run: Run, earlier: Mapping[str, Metric]) -> Iterator[Metric]:
    firewalls = run.report.firewalls
    # One that could not be assessed has no findings to count: 0 would read as clean.
    judged = [(_name(item), item) for item in firewalls if item.error is None]
    yield _labelled(
        "findings", "Findings that no waiver accepts.", ["firewall", "severity"],
        (
            ([name, severity.value], number)
            for name, found in judged for severity in SEVERITIES
            if (number := _standing(found, severity)) or _assessed(found)
        ),
    )  # fmt: skip
    yield _labelled(
        "findings_waived", "Findings that a waiver accepts.", ["firewall"],
        (([name], sum(item.waived is not None for item in found.findings)) for name, found in judged),
    )  # fmt: skip
    yield _labelled(
        "rows", "Rows of the baseline by their verdict.", ["firewall", "verdict"],
        (
            ([name, verdict.value], sum(row.verdict is verdict for row in found.rows))
            for name, found in judged for verdict in RowVerdictKind
        ),
    )  # fmt: skip
    yield _labelled(
        "assessed", "Whether the firewall could be assessed, whole.", ["firewall"],
        (([name], float(_assessed(found))) for name, found in _named(firewalls)),
    )  # fmt: skip
    before = _values(earlier.get(f"{_PREFIX}assessed_timestamp_seconds"))
    moments = {name: run.ended if _assessed(found) else before.get(name) for name, found in _named(firewalls)}
    yield _labelled(
        "assessed_timestamp_seconds", "When the firewall was last assessed.", ["firewall"],
        (([name], moment) for name, moment in moments.items() if moment is not None),
    )  # fmt: skip
    yield _labelled(
        "collection_seconds", "How long the firewall's collection took, over all tries.", ["firewall"],
        (([_name(item.report)], item.seconds) for item in run.outcomes),
    )  # fmt: skip
    yield _labelled(
        "collection_attempts", "How often the firewall's collection was tried.", ["firewall"],
        (([_name(item.report)], item.attempts) for item in run.outcomes),
    )  # fmt: skip


def _assessed(firewall: FirewallReport) -> bool:
    # A row that nobody can tell, or a line that could hide anything, is no assessment either.
    return firewall_status(firewall) not in {Status.NOT_ASSESSABLE, Status.ERROR}


def _standing(firewall: FirewallReport, severity: Severity) -> int:
    return sum(item.severity is severity and item.waived is None for item in firewall.findings)


def _named(firewalls: Iterable[FirewallReport]) -> Iterator[tuple[str, FirewallReport]]:
    return ((_name(item), item) for item in firewalls)


def _name(firewall: FirewallReport) -> str:
    return f"{firewall.name}/{firewall.context}" if firewall.context else firewall.name


def _value(family: Metric | None) -> float | None:
    return family.samples[0].value if family is not None and family.samples else None


def _values(family: Metric | None) -> dict[str, float]:
    return {item.labels.get("firewall", ""): item.value for item in family.samples} if family is not None else {}
