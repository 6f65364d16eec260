"""Reports of parts of one fleet put together as if one run had audited it: shards, or hosts one by one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.report.values import Hop, PathRow, Report, WaiverUse, WaiverWarning, WaiverWarningKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["merge", "path_verdict"]


def merge(reports: Sequence[Report]) -> Report:
    """Give one report of several over different firewalls of one deployment, whatever their order.

    Firewalls are sorted by name and context; the latest `as_of` stands. A waiver that spans parts was seen whole by
    none of them: that it is unused, or wider than needed, is not said here, but where the waivers are applied to the
    whole again (auditor.waivers.apply). Raises UsageError for no report at all, for
    reports that do not belong together, and for a firewall that two of them audited.
    """
    if not reports:
        raise UsageError("there is no report to merge", hint="name the shards' JSON reports")
    first = reports[0]
    for report in reports[1:]:
        _belongs(first, report)
    firewalls = sorted(
        (firewall for report in reports for firewall in report.firewalls), key=lambda item: (item.name, item.context)
    )
    for one, two in pairwise(firewalls):
        if (one.name, one.context) == (two.name, two.context):
            raise UsageError(
                f"two reports audited {one.name}{f' ({one.context})' if one.context else ''}",
                hint="merge the parts of one run: the shards 1/N to N/N",
            )
    return replace(
        first,
        as_of=max(report.as_of for report in reports),
        firewalls=tuple(firewalls),
        rows=_rows(reports),
        waivers=_waivers(reports),
    )


def path_verdict(verdicts: Iterable[str]) -> str:
    """Give what a row comes to end to end from its hops' verdicts: one that blocks decides, then one not known."""
    words = set(verdicts) - {"not-applicable"}
    return next((word for word in ("blocked", "unknown", "open") if word in words), "not-required")


def _belongs(first: Report, other: Report) -> None:
    pairs = (
        ("st-audit's version", first.tool_version, other.tool_version),
        ("the baselines", first.baselines, other.baselines),
        ("the deployment", first.deployment, other.deployment),
        ("the waivers", first.waivers and first.waivers.sha256, other.waivers and other.waivers.sha256),
    )
    for what, one, two in pairs:
        if one != two:
            raise UsageError(
                f"the reports do not belong together: {what} of one is not that of another",
                hint="merge the parts of one run",
            )


def _rows(reports: Sequence[Report]) -> tuple[PathRow, ...]:
    """Give each row end to end with what every part knows of its hops."""
    rows: dict[str, list[tuple[Report, PathRow]]] = {}
    for report in sorted(reports, key=lambda item: [firewall.name for firewall in item.firewalls]):
        for row in report.rows:
            rows.setdefault(row.id, []).append((report, row))
    names = sorted({firewall.name for report in reports for firewall in report.firewalls})
    failed = {firewall.name for report in reports for firewall in report.firewalls if firewall.error is not None}
    out = []
    for found in rows.values():
        hops: dict[str, Hop] = {}
        for report, row in found:
            own = {firewall.name for firewall in report.firewalls}
            for hop in row.hops:
                # On a declared path a part names the hops of others too, and knows nothing of them.
                if hop.firewall in own or hop.firewall not in hops:
                    hops[hop.firewall] = hop
        if not _declared(found):
            # Every firewall of the run is a hop; a part in which none could be assessed had no rows.
            for name in failed:
                hops.setdefault(name, Hop(firewall=name, verdict="unknown"))
            hops = {name: hops.get(name, Hop(firewall=name, verdict="not-applicable")) for name in names}
        row = found[0][1]
        out.append(replace(row, verdict=path_verdict(hop.verdict for hop in hops.values()), hops=tuple(hops.values())))
    return tuple(out)


def _declared(found: list[tuple[Report, PathRow]]) -> bool:
    """Tell whether a row's hops are a declared path rather than just the firewalls of each part."""
    return any(
        tuple(hop.firewall for hop in row.hops) != tuple(firewall.name for firewall in report.firewalls)
        for report, row in found
    )


def _waivers(reports: Sequence[Report]) -> WaiverUse | None:
    used = [report.waivers for report in reports if report.waivers is not None]
    if not used:
        return None
    kinds = list(WaiverWarningKind)
    # The same is said in every part of a waiver that expires, or of two that overlap.
    warnings: dict[WaiverWarning, None] = dict.fromkeys(warning for use in used for warning in use.warnings)
    ordered = sorted(warnings, key=lambda item: (item.line or 0, kinds.index(item.kind), item.text))
    return replace(used[0], warnings=tuple(ordered))
