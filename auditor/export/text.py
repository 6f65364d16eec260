"""The terminal report: what a busy person must know first, then the rows, then the findings with their lines.

Nothing of a configuration reaches the terminal unescaped, and no markup is parsed. Colour comes only when asked for.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from auditor.export.escape import shortened, visible
from auditor.export.words import (
    citations,
    counted,
    decision,
    direction,
    gathered,
    listed,
    packet_text,
    place,
    ports_text,
    row_traffic,
    several_files,
    source_text,
    traffic_text,
    use_text,
    waived_text,
    warning_text,
)
from auditor.report.status import JUDGED, SEVERITIES, exit_code, firewall_status, status
from auditor.report.values import (
    Confidence,
    Finding,
    FirewallReport,
    Kind,
    LineRole,
    Report,
    RowVerdict,
    RowVerdictKind,
    Severity,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from auditor.export.options import RenderOptions
    from auditor.report.values import Line

__all__ = ["render"]

_STATUS: Final = {
    Status.COMPLIANT: ("COMPLIANT", "bold black on green"),
    Status.FINDINGS: ("FINDINGS", "bold white on red"),
    Status.NOT_ASSESSABLE: ("NOT ASSESSABLE", "bold black on yellow"),
    Status.NOTHING_AUDITED: ("NOTHING AUDITED", "bold black on yellow"),
    Status.ERROR: ("ERROR", "bold white on red"),
}
_SEVERITY: Final = {
    Severity.CRITICAL: "bold white on red",
    Severity.HIGH: "bold red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
_VERDICT: Final = {
    RowVerdictKind.PRESENT: ("✓", "green"),
    RowVerdictKind.MISSING: ("✗", "bold red"),
    RowVerdictKind.PARTIAL: ("~", "yellow"),
    RowVerdictKind.NOT_ASSESSABLE: ("?", "yellow"),
    RowVerdictKind.NOT_REQUIRED: ("·", "dim"),
    RowVerdictKind.NOT_APPLICABLE: ("·", "dim"),
}
_PATH: Final = {"open": ("✓", "green"), "blocked": ("✗", "bold red"), "unknown": ("?", "yellow")}
_ROLE: Final = {LineRole.PERMITS: "green", LineRole.ALSO: "green", LineRole.DENIES: "red", LineRole.SHADOWS: "yellow"}
_SURPLUS: Final = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.OVER_BROAD})
_LINE_LIMIT: Final = 400
_NARROW: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class _Amount:
    """How much of a long list is shown."""

    findings: int
    boxes: int
    lines: int
    not_understood: int

    @classmethod
    def of(cls, options: RenderOptions) -> _Amount:
        most = 10**9
        if options.verbose:
            return cls(findings=most, boxes=most, lines=most, not_understood=most)
        return cls(findings=25, boxes=3, lines=8, not_understood=5)


def render(report: Report, options: RenderOptions) -> str:
    """Give the report for a terminal of `options.width` columns, with ANSI colours if `options.color`."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(options.width, 40),
        force_terminal=options.color,
        color_system="standard" if options.color else None,
        no_color=not options.color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    for part in _report(report, options):
        console.print(part)
    # A padded line must not end in blanks where the report goes into a file.
    return "".join(f"{text.rstrip()}\n" for text in out.getvalue().splitlines())


def _safe(text: str, style: str = "") -> Text:
    return Text(visible(shortened(text, _LINE_LIMIT)), style=style)


def _join(parts: Iterable[str | Text], separator: str = " · ") -> Text:
    kept = [part if isinstance(part, Text) else _safe(part) for part in parts if part]
    return Text(separator).join(kept)


def _report(report: Report, options: RenderOptions) -> Iterator[RenderableType]:
    baselines = ", ".join(name for name, _ in report.baselines)
    deployment = f"deployment {report.deployment[0]}" if report.deployment and report.deployment[0] else ""
    head = _join([f"st-audit {report.tool_version}", baselines, deployment, f"as of {report.as_of}"])
    head.stylize("dim")
    yield head
    if len(report.firewalls) != 1:
        yield Text()
        yield _badge(status(report, options.fail_on), exit_code(report, options.fail_on), _run_counts(report))
        yield from _path_rows(report, options)
    for firewall in report.firewalls:
        code = exit_code(report, options.fail_on) if len(report.firewalls) == 1 else None
        yield from _firewall(firewall, options, code)
    if report.waivers is not None and report.waivers.warnings:
        yield Text("\nwaivers", style="bold yellow")
        for warning in report.waivers.warnings:
            yield Padding(_safe(warning_text(warning)), (0, 0, 0, 2))
            traffic = gathered(warning.traffic)
            yield from (Padding(_safe(text, "dim"), (0, 0, 0, 4)) for text in traffic[: _Amount.of(options).boxes])


def _badge(came_to: Status, code: int | None, rest: str) -> Text:
    word, style = _STATUS[came_to]
    text = Text.assemble((f" {word} ", style), "  ", rest)
    if code is not None:
        text.append(f"  (exit code {code})", style="dim")
    return text


def _run_counts(report: Report) -> str:
    if not report.firewalls:
        return "no firewall falls to this part of the fleet"
    findings = [finding for firewall in report.firewalls for finding in firewall.findings]
    return f"{counted(len(report.firewalls), 'firewall')}: {_counts(findings)}"


def _counts(findings: Iterable[Finding]) -> str:
    found = list(findings)
    standing = [finding for finding in found if finding.waived is None]
    parts = [
        f"{number} {severity.value}"
        for severity in SEVERITIES
        if (number := sum(finding.severity is severity for finding in standing))
    ]
    waived = len(found) - len(standing)
    text = ", ".join(parts) or "no findings"
    return f"{text}, {waived} waived" if waived else text


def _path_rows(report: Report, options: RenderOptions) -> Iterator[RenderableType]:
    shown = [row for row in report.rows if options.verbose or row.verdict != "not-required"]
    if not shown:
        return
    table = Table(box=None, padding=(0, 1), show_header=False)
    for row in shown:
        mark, style = _PATH.get(row.verdict, ("·", "dim"))
        hops = ", ".join(f"{hop.firewall}: {hop.verdict}" for hop in row.hops)
        table.add_row(Text(mark, style), _safe(row.id), _safe(row.title), Text(row.verdict, style), _safe(hops, "dim"))
    yield Text("\nend to end", style="bold")
    yield table


def _firewall(firewall: FirewallReport, options: RenderOptions, code: int | None) -> Iterator[RenderableType]:
    amount = _Amount.of(options)
    name = f"{firewall.name} / {firewall.context}" if firewall.context else firewall.name
    yield Text()
    yield Rule(_safe(name, "bold"), align="left", style="dim")
    yield _badge(firewall_status(firewall, options.fail_on), code, _counts(firewall.findings))
    product = f"{firewall.model} {firewall.version}".strip()
    serial = f"serial {firewall.serial}" if firewall.serial and options.verbose else ""
    role = f"HA {firewall.ha_role}" if firewall.ha_role not in {"", "none"} else ""
    identity = [firewall.hostname, firewall.platform, product, serial, role, source_text(firewall)]
    yield _safe(visible(" · ".join(part for part in identity if part)), "dim")
    if firewall.error is not None:
        yield Text.assemble(("\nnot assessed: ", "bold yellow"), _safe(firewall.error.message))
        if firewall.error.hint:
            yield Text.assemble(("  hint: ", "bold"), _safe(firewall.error.hint))
    yield from _summary(firewall)
    yield from _rows(firewall, options)
    yield from _findings(firewall, options, amount)
    yield from _coverage(firewall, amount)
    yield from _small_print(firewall, options)


def _summary(firewall: FirewallReport) -> Iterator[RenderableType]:
    """Say in a few lines what does not work, what is open without need, and what nobody can tell."""
    standing = [finding for finding in firewall.findings if finding.waived is None]
    surplus = sorted(
        (finding for finding in standing if finding.kind in _SURPLUS),
        key=lambda finding: SEVERITIES.index(finding.severity),
    )
    broken = [row for row in firewall.rows if row.verdict in {RowVerdictKind.MISSING, RowVerdictKind.PARTIAL}]
    unknown = [row for row in firewall.rows if row.verdict is RowVerdictKind.NOT_ASSESSABLE]
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    if broken:
        table.add_row(Text("does not work", "bold red"), _join(listed([_row_word(row) for row in broken]), ", "))
    if surplus:
        table.add_row(Text("open, not needed", "bold red"), _join(listed([_surplus_word(x) for x in surplus]), ", "))
    if unknown:
        table.add_row(Text("cannot be told", "bold yellow"), _join(listed([_row_word(row) for row in unknown]), ", "))
    if table.row_count:
        yield Text()
        yield table


def _row_word(row: RowVerdict) -> str:
    part = " in part" if row.verdict is RowVerdictKind.PARTIAL else ""
    return f"row {row.id} {row.title}{part}"


def _surplus_word(finding: Finding) -> str:
    services = list(dict.fromkeys(ports_text(box) for box in finding.traffic))
    what = " ".join(services[:2]) + (" …" if len(services) > 2 else "") if services else finding.title
    where = next((place(line, with_file=False) for line in finding.lines if line.line is not None), "")
    return f"{what} {direction(finding)}".rstrip() + (f" (line {where})" if where else "")


def _rows(firewall: FirewallReport, options: RenderOptions) -> Iterator[RenderableType]:
    """Show the rows that call for a look; those that simply work are named in a line, so that a screen holds it all."""
    if not firewall.rows:
        return
    shown = list(firewall.rows) if options.verbose else [row for row in firewall.rows if _remarkable(row)]
    folded = [row.id for row in firewall.rows if row.verdict is RowVerdictKind.PRESENT and row not in shown]
    counts = {kind: sum(row.verdict is kind for row in firewall.rows) for kind in RowVerdictKind}
    words = ", ".join(f"{number} {kind.value}" for kind, number in counts.items() if number and kind in JUDGED)
    yield Text.assemble(("\nrows", "bold"), f"  {words or 'none to judge here'}")
    if shown:
        yield _row_table(firewall, shown, options.width)
    if folded:
        mark, style = _VERDICT[RowVerdictKind.PRESENT]
        table = Table(box=None, padding=(0, 1), show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        table.add_row(Text(mark, style), Text.assemble(("present  ", style), _safe(", ".join(folded))))
        yield table
    rest = [f"{counts[kind]} {kind.value}" for kind in RowVerdictKind if kind not in JUDGED and counts[kind]]
    if not options.verbose and (rest or folded):
        yield Text(f"  {', '.join([*rest, '-v lists every row'])}", style="dim")


def _remarkable(row: RowVerdict) -> bool:
    return row.verdict in JUDGED and (
        row.verdict is not RowVerdictKind.PRESENT or row.confidence is Confidence.POSSIBLE
    )


def _row_table(firewall: FirewallReport, rows: Sequence[RowVerdict], width: int) -> Table:
    wide = width >= _NARROW
    with_file = several_files(firewall)
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=3, overflow="fold")
    if wide:
        table.add_column(ratio=3, overflow="fold")
    table.add_column(no_wrap=True)
    if wide:
        table.add_column(ratio=2, overflow="fold")
    for row in rows:
        mark, style = _VERDICT[row.verdict]
        possible = "?" if row.confidence is Confidence.POSSIBLE and row.verdict in JUDGED else ""
        verdict = Text(f"{row.verdict.value}{possible}", style)
        cells = [Text(mark, style), _safe(row.id), _safe(row.title)]
        if wide:
            cells.append(_safe(row_traffic(row), "dim"))
        cells.append(verdict)
        if wide:
            cells.append(_safe(decision(row, with_file=with_file), "dim"))
        table.add_row(*cells)
    return table


def _findings(firewall: FirewallReport, options: RenderOptions, amount: _Amount) -> Iterator[RenderableType]:
    ordered = sorted(firewall.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    shown = [finding for finding in ordered if finding.waived is None or options.verbose]
    if shown:
        yield Text("\nfindings", style="bold")
    for number, finding in enumerate(shown[: amount.findings], start=1):
        if number > 1 and (options.verbose or finding.kind not in {Kind.NOTE, Kind.RESTRICTED}):
            yield Text()
        yield Padding(_finding(firewall, finding, number, options, amount), (0, 0, 0, 1))
    if len(shown) > amount.findings:
        yield Text(f"  and {len(shown) - amount.findings} more (-v lists them)", style="dim")
    waived = [finding for finding in ordered if finding.waived is not None and not options.verbose]
    if waived:
        yield Text("\nwaived", style="bold")
        yield from (Padding(_waived(finding), (0, 0, 0, 1)) for finding in waived[: amount.findings])
    if len(waived) > amount.findings:
        yield Text(f"  and {len(waived) - amount.findings} more (-v lists them)", style="dim")


def _waived(finding: Finding) -> RenderableType:
    """Show a waived finding in short: what it is, and who accepted it until when."""
    words = Text.assemble((f"{finding.severity.value} {finding.kind.value}  ", "dim"), _safe(finding.title))
    told = _safe(waived_text(finding.waived), "dim") if finding.waived is not None else Text()
    return Group(words, Padding(told, (0, 0, 0, 2)))


def _finding(
    firewall: FirewallReport, finding: Finding, number: int, options: RenderOptions, amount: _Amount
) -> RenderableType:
    words = Text.assemble(
        (finding.severity.value.upper(), _SEVERITY[finding.severity]),
        (f" {finding.kind.value}  ", "dim"),
        _safe(finding.title, "bold"),
    )
    if finding.confidence is Confidence.POSSIBLE and finding.kind is not Kind.NOT_ASSESSABLE:
        words.append("  possible, not sure", style="yellow")
    head = Table.grid(padding=(0, 1))
    head.add_column(no_wrap=True, style="dim")
    head.add_column(overflow="fold")
    head.add_row(f"{number:>2}", words)
    rows = f"row{'s' if len(finding.rows) > 1 else ''} {', '.join(finding.rows)}" if finding.rows else ""
    context = _join([direction(finding), rows])
    context.stylize("dim")
    if finding.kind in {Kind.NOTE, Kind.RESTRICTED} and not options.verbose:
        lines = listed([place(line) for line in finding.lines if line.line is not None], 3)
        return Group(head, Padding(_join([context, ", ".join(lines)]), (0, 0, 0, 3))) if context or lines else head
    body = Table(box=None, padding=(0, 1), show_header=False)
    body.add_column(no_wrap=True, style="dim")
    body.add_column(overflow="fold")
    for label, text in _details(firewall, finding, options, amount):
        body.add_row(label, text)
    parts: list[RenderableType] = [head]
    if context:
        parts.append(Padding(context, (0, 0, 0, 3)))
    parts += [Padding(item, (0, 0, 0, 3)) for item in (_cited(firewall, finding.lines, amount), body) if item.row_count]
    return Group(*parts)


def _cited(firewall: FirewallReport, lines: Sequence[Line], amount: _Amount) -> Table:
    """Show cited lines as they stand in the configuration, numbered, with what each has to do with it."""
    with_file = several_files(firewall)
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for line in lines[: amount.lines]:
        role = Text(line.role.value, _ROLE.get(line.role, "dim"))
        first = line.line
        if first is None:
            table.add_row(_safe(line.file if with_file else "", "dim"), _safe(line.text, "italic"), role)
            continue
        texts = line.text.split("\n")
        for offset, text in enumerate(texts[: amount.lines]):
            number = f"{line.file}:{first + offset}" if with_file else str(first + offset)
            table.add_row(_safe(number), _safe(text), role if offset == 0 else "")
        if len(texts) > amount.lines:
            table.add_row("", Text(f"… {counted(len(texts) - amount.lines, 'more line')}", "dim"), "")
    if len(lines) > amount.lines:
        table.add_row("", Text(f"… {counted(len(lines) - amount.lines, 'more place')} (-v)", "dim"), "")
    return table


def _details(
    firewall: FirewallReport, finding: Finding, options: RenderOptions, amount: _Amount
) -> Iterator[tuple[str, Text]]:
    label = "opens" if finding.kind in _SURPLUS else "traffic"
    traffic = [traffic_text(box) for box in finding.traffic] if options.verbose else gathered(finding.traffic)
    for text in traffic[: amount.boxes]:
        yield label, _safe(text)
        label = ""
    if len(traffic) > amount.boxes:
        yield "", Text(f"… {counted(len(traffic) - amount.boxes, 'more box', 'more boxes')} (-v)", "dim")
    if finding.size and options.verbose:
        yield "size", Text(f"{finding.size:,} combinations of addresses and services")
    if finding.witness is not None:
        yield "packet", _safe(packet_text(finding.witness))
    if finding.hits is not None:
        yield "hits", _safe(use_text(finding))
    for text in citations(finding, firewall.rows) if options.verbose else ():
        yield "source", _safe(text)
    if finding.remedy:
        yield "remedy", _safe(finding.remedy)
    if finding.waived is not None:
        yield "waived", _safe(waived_text(finding.waived))
    if options.verbose:
        yield "id", _safe(finding.id)


def _coverage(firewall: FirewallReport, amount: _Amount) -> Iterator[RenderableType]:
    coverage = firewall.coverage
    if not coverage.lines:
        return
    missed = coverage.not_understood
    words = f"{coverage.modelled:,} modelled, {coverage.irrelevant:,} irrelevant, {len(missed):,} not understood"
    yield Text.assemble(("\ncoverage", "bold"), f"  {counted(coverage.lines, 'line')}: {words}")
    if not missed:
        return
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(justify="right", no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    with_file = several_files(firewall)
    # What can change a verdict comes first.
    for item in sorted(missed, key=lambda item: not (item.blocks or item.affects))[: amount.not_understood]:
        effect = f"could change row {', '.join(item.affects)}" if item.affects else ""
        if item.blocks and not effect:
            effect = "could change the result"
        # A reason that only repeats the line says no more than that it was not understood.
        why = item.reason.removesuffix(item.line.text.strip()).removesuffix(": ") or item.reason
        reason = _join([why, _safe(effect, "yellow")], "; ")
        table.add_row(_safe(place(item.line, with_file=with_file)), _safe(item.line.text), reason)
    yield table
    if len(missed) > amount.not_understood:
        yield Text(f"  and {len(missed) - amount.not_understood} more (-v lists them)", style="dim")


def _small_print(firewall: FirewallReport, options: RenderOptions) -> Iterator[RenderableType]:
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold", style="dim")
    for index, (text, why) in enumerate(firewall.assumptions):
        table.add_row("assumed" if index == 0 else "", _safe(f"{text} ({why})" if why else text))
    for index, text in enumerate(firewall.not_judged):
        table.add_row("not judged" if index == 0 else "", _safe(text))
    if options.verbose:
        for index, side in enumerate(firewall.sides):
            members = f"{side.name} = {', '.join(side.members) or 'nobody'}"
            table.add_row("sides" if index == 0 else "", _safe(members))
        if firewall.source is not None:
            for index, document in enumerate(firewall.source.documents):
                text = f"{document.name}: {counted(document.lines, 'line')}, sha256 {document.sha256}"
                table.add_row("read" if index == 0 else "", _safe(text))
            if firewall.source.host_key:
                table.add_row("host key", _safe(firewall.source.host_key))
    if table.row_count:
        yield Text()
        yield table
