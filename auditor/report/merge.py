"""Reports of parts of one fleet put together as if one run had audited it: shards, or hosts one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from auditor.errors import UsageError
from auditor.report.status import firewall_status
from auditor.report.values import FirewallReport, Hop, PathRow, Report, WaiverUse, WaiverWarning, WaiverWarningKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["merge", "path_verdict"]

_ONE_RUN = timedelta(hours=12)
"""So far apart may the moments of one run's parts be; the run of the night before is further."""


def merge(reports: Sequence[Report]) -> Report:
    """Give one report of several over different firewalls of one deployment, whatever their order.

    Firewalls are sorted by name and context; the latest `as_of` stands, and what was waived to a day before it counts.
    A waiver that spans parts was seen whole by none of them: that it is unused, or wider than needed, is not said here,
    but where the waivers are applied to the whole again (auditor.waivers.apply). Raises UsageError for no report at
    all, for reports that do not belong together, for a firewall that two of them audited, and for parts of a fleet
    (`Report.part`) that are not all there or not of one run.
    """
    if not reports:
        raise UsageError("there is no report to merge", hint="name the shards' JSON reports")
    first = reports[0]
    for report in reports[1:]:
        _belongs(first, report)
    _whole(reports)
    as_of = max(report.as_of for report in reports)
    firewalls = sorted(
        (_today(firewall, as_of) for report in reports for firewall in report.firewalls),
        key=lambda item: (item.name, item.context),
    )
    for one, two in pairwise(firewalls):
        if (one.name, one.context) == (two.name, two.context):
            raise UsageError(
                f"two reports audited {one.name}{f' ({one.context})' if one.context else ''}",
                hint="merge the parts of one run: the shards 1/N to N/N",
            )
    return replace(
        first,
        as_of=as_of,
        firewalls=tuple(firewalls),
        rows=_rows(reports),
        waivers=_waivers(reports),
        part=first.part if len(reports) == 1 else "",
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


def _whole(reports: Sequence[Report]) -> None:
    """Raise UsageError where parts of a fleet are not its parts 1/N to N/N, each once and all of one run."""
    if len(reports) == 1 or not any(report.part for report in reports):
        return
    found: dict[int, Report] = {}
    count = 0
    for report in reports:
        index, _, total = report.part.partition("/")
        if not (index.isdecimal() and total.isdecimal() and int(total)) or count not in {0, int(total)}:
            raise UsageError(
                f"one report is part {report.part or 'of nothing'}, another is part {reports[0].part or 'of nothing'}",
                hint="merge the parts of one run: the shards 1/N to N/N",
            )
        count = int(total)
        # 0/N to N-1/N are the same parts as 1/N to N/N.
        if found.setdefault(int(index) % count, report) is not report:
            raise UsageError(f"two reports are part {report.part}", hint="name each part once")
    if missing := [number for number in range(1, count + 1) if number % count not in found]:
        raise UsageError(
            f"part {', '.join(f'{number}/{count}' for number in missing)} is not there: its firewalls would be lost",
            hint=f"run it again (st-audit fleet --shard {missing[0]}/{count}), and name all parts",
        )
    moments = sorted((_moment(report.as_of), report.part) for report in reports)
    (first, oldest), (last, latest) = moments[0], moments[-1]
    if last - first > _ONE_RUN:
        raise UsageError(
            f"part {oldest} is as of {first:%Y-%m-%d %H:%M}, part {latest} as of {last:%Y-%m-%d %H:%M} (UTC): "
            "they are not of one run",
            hint="run the older part again; the file of a part that fails stays the one of the run before",
        )


def _moment(as_of: str) -> datetime:
    found = datetime.fromisoformat(as_of)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _today(firewall: FirewallReport, as_of: str) -> FirewallReport:
    """Give a firewall's report without the waivers that ended before the day of the whole."""
    day = _moment(as_of).date().isoformat()
    findings = tuple(
        replace(finding, waived=None) if finding.waived is not None and finding.waived.expires < day else finding
        for finding in firewall.findings
    )
    if findings == firewall.findings:
        return firewall
    changed = replace(firewall, findings=findings)
    return replace(changed, status=firewall_status(changed))


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
