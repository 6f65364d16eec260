"""What a job has to tell since it last told something: changes of traffic, firewalls that fail, waivers that end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from auditor.drift.compare import compare
from auditor.drift.values import FirewallDrift, Standing
from auditor.report.values import FirewallReport, Report, WaiverWarning

__all__ = ["Failing", "Known", "News", "learn", "news"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A firewall that could not be assessed, and why."""

    firewall: str
    kind: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was told last: each firewall's last audit that succeeded, and which of them fail, by kind.

    `told` are the waiver warnings that were passed on, by kind, and by waiver and firewall.
    """

    report: Report
    failing: tuple[tuple[str, str], ...] = ()
    told: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What changed; `first` where nothing was known before, so that everything is new.

    `before_as_of` is the moment of what it is compared with.
    """

    first: bool
    before_as_of: str = ""
    drift: tuple[FirewallDrift, ...] = ()
    appeared: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    failing: tuple[Failing, ...] = ()
    recovered: tuple[str, ...] = ()
    warnings: tuple[WaiverWarning, ...] = ()

    @property
    def any(self) -> bool:
        """Tell whether there is something to tell."""
        return self.first or any((self.drift, self.appeared, self.gone, self.failing, self.recovered, self.warnings))


def news(known: Known | None, report: Report) -> News:
    """Give what a report says that is not known yet; raises UsageError for a known report that is none.

    A firewall that fails is told once, and again when it fails for another reason; what changes while it fails is told
    when it is back.
    """
    warnings = tuple(_warnings(known.told if known is not None else (), report))
    failed = {item.name: item for item in report.firewalls if item.error is not None}
    if known is None:
        return News(
            first=True,
            appeared=tuple(item.name for item in report.firewalls if item.error is None),
            failing=tuple(map(_failing, failed.values())),
            warnings=warnings,
        )
    before = dict(known.failing)
    compared = compare(known.report, replace(report, firewalls=_assessed(report)))
    names = {item.name for item in report.firewalls}
    return News(
        first=False,
        before_as_of=known.report.as_of,
        drift=tuple(item for item in compared.firewalls if item.changed),
        appeared=tuple(
            item.name for item in compared.firewalls if item.standing is Standing.FIRST_SEEN and item.name not in before
        ),
        gone=tuple(
            dict.fromkeys(
                item.name
                for item in compared.firewalls
                if item.standing is Standing.NOT_SEEN and item.name not in names
            )
        ),
        failing=tuple(_failing(item) for name, item in failed.items() if before.get(name) != _kind(item)),
        recovered=tuple(sorted(names.intersection(before) - failed.keys())),
        warnings=warnings,
    )


def learn(known: Known | None, report: Report) -> Known:
    """Give what is known once a report was told: a firewall that fails keeps its last good audit."""
    good = {(item.name, item.context): item for item in _assessed(report)}
    names = {item.name for item in report.firewalls}
    failing = {item.name: _kind(item) for item in report.firewalls if item.error is not None}
    kept = [
        item
        for item in (known.report.firewalls if known is not None else ())
        if item.name in failing and item.name in names and (item.name, item.context) not in good
    ]
    firewalls = sorted((*good.values(), *kept), key=lambda item: (item.name, item.context))
    warnings = report.waivers.warnings if report.waivers is not None else ()
    return Known(
        report=replace(report, firewalls=tuple(firewalls)),
        failing=tuple(sorted(failing.items())),
        told=tuple(sorted({_key(item) for item in warnings})),
    )


def _assessed(report: Report) -> tuple[FirewallReport, ...]:
    return tuple(item for item in report.firewalls if item.error is None)


def _failing(report: FirewallReport) -> Failing:
    message, hint = (report.error.message, report.error.hint) if report.error is not None else ("", "")
    return Failing(firewall=report.name, kind=_kind(report), message=message, hint=hint)


def _kind(report: FirewallReport) -> str:
    return report.error.kind.value if report.error is not None else ""


def _warnings(told: tuple[tuple[str, str], ...], report: Report) -> Iterator[WaiverWarning]:
    for item in report.waivers.warnings if report.waivers is not None else ():
        if _key(item) not in told:
            yield item


def _key(warning: WaiverWarning) -> tuple[str, str]:
    # Its text counts days, and would be new each night.
    return warning.kind.value, f"{warning.waiver} {warning.firewall}"
