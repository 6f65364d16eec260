"""`st-audit baseline`: what is required, by whom, why, and where it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Adhoc, Common, Site, adhoc, common, site
from auditor.cli.output import emit
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.baseline.language import Baseline, Row
    from auditor.baseline.rows import ResolvedRow
    from auditor.deployment.site import Deployment, Question

__all__ = ["command"]

_DEFAULT = ("securetransport-5.5", "hygiene")
_form = click.option(
    "-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print."
)


@click.group("baseline", short_help="List, show, explain and check what is required.")
def command() -> None:
    """Say what is required: the baselines that ship with st-audit, and files of your own."""


@command.command("list")
@_form
@common
def list_baselines(common: Common, form: str) -> int:
    """List the baselines that ship with st-audit."""
    from auditor.baseline.load import load, shipped
    from auditor.cli.tables import table

    found = [(name, load([name])) for name in shipped()]
    if form == "json":
        entries = [
            {"id": name, "title": baseline.titles[0], "rows": len(baseline.rows), "sha256": baseline.parts[0][1]}
            for name, baseline in found
        ]
        emit(json.dumps(entries, sort_keys=True, indent=2) + "\n")
        return 0
    rows = [(name, str(len(baseline.rows)), baseline.titles[0]) for name, baseline in found]
    emit(table(("baseline", "rows", "title"), rows, common, wide=("title",)))
    return 0


@command.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Let the rows name the groups of this deployment too.",
)
@common
def check(common: Common, files: tuple[Path, ...], deployment: Path | None) -> int:  # noqa: ARG001 - taken everywhere
    """Check a baseline of your own; what is wrong comes with file, line and key, and ends in 2.

    A file without a vocabulary adds rows to securetransport-5.5, or to the baselines that are named before it.
    """
    from auditor.baseline.load import load
    from auditor.deployment.load import Overrides
    from auditor.deployment.load import load as load_deployment

    names = [_named(file) for file in files]
    if len(files) == 1 and _adds_rows(files[0]):
        names = [_DEFAULT[0], *names]
    if deployment is None:
        baseline = load(names)
    else:
        baseline = load_deployment(deployment, Overrides(baselines=tuple(names))).baseline
    emit(f"{', '.join(name for name, _ in baseline.parts)}: {len(baseline.rows)} rows, nothing wrong\n")
    return 0


def _named(file: Path) -> str:
    """Give a baseline as a loader names it: a file by its whole path, what ships by its name."""
    return str(file.absolute()) if file.exists() else str(file)


def _adds_rows(file: Path) -> bool:
    """Tell whether a file declares no vocabulary of its own."""
    from auditor.baseline.document import decode, parse
    from auditor.errors import BaselineError

    if not file.is_file():
        return False
    text = decode(file.read_bytes(), str(file), BaselineError)
    data = parse(text, file=str(file), error=BaselineError).data
    return isinstance(data, dict) and "vocabulary" not in data


@command.command("show")
@click.argument("wanted", metavar="[ROW...]", nargs=-1)
@site
@adhoc
@click.option("--firewall", metavar="NAME", help="Only what crosses this firewall of the deployment, and where.")
@_form
@common
def show(wanted: tuple[str, ...], site: Site, adhoc: Adhoc, firewall: str | None, form: str, common: Common) -> int:
    """Show the rows as the deployment makes them: required, allowed, off (with -v) or prohibited, and why.

    Without a deployment the rows come as the vendor prints them.
    """
    from auditor.cli.site import file_of, open_site

    if file_of(site) is None and not adhoc.groups:
        if firewall is not None:
            raise click.UsageError("--firewall needs a deployment, which says where it stands")
        _show_printed(_baseline(site), wanted, form, common)
        return 0
    deployment = open_site(site, adhoc, firewall=firewall)
    question = _question(deployment, firewall) if firewall is not None else None
    _show_resolved(deployment, question, wanted, form, common)
    return 0


@command.command("explain")
@click.argument("row", metavar="ROW")
@site
@adhoc
@click.option("--firewall", metavar="NAME", help="As this firewall of the deployment meets it.")
@common
def explain(row: str, site: Site, adhoc: Adhoc, firewall: str | None, common: Common) -> int:  # noqa: ARG001
    """Explain one row: what it means, who opens it, why it is required, off or elsewhere, and what the source says.

    Without a deployment the row comes as the vendor prints it.
    """
    from auditor.cli.site import file_of, open_site

    if file_of(site) is None and not adhoc.groups:
        if firewall is not None:
            raise click.UsageError("--firewall needs a deployment, which says where it stands")
        emit(_explained(_row(_baseline(site), row), None, None))
        return 0
    deployment = open_site(site, adhoc, firewall=firewall)
    question = _question(deployment, firewall) if firewall is not None else None
    resolved = {item.id: item for item in _rows(deployment, question)}
    emit(_explained(_row(deployment.baseline, row), resolved.get(row), question))
    return 0


def _baseline(site: Site) -> Baseline:
    from auditor.baseline.load import load

    return load(site.baselines or _DEFAULT, base=Path())


def _row(baseline: Baseline, name: str) -> Row:
    from auditor.baseline.document import nearest

    found = baseline.row(name)
    if found is None:
        raise UsageError(f"there is no row {name!r}", hint=nearest(name, [row.id for row in baseline.rows]))
    return found


def _question(deployment: Deployment, name: str) -> Question:
    """Put the deployment's question to a firewall that was not read: its interfaces are the sides that are declared."""
    from auditor.cli.site import named
    from auditor.deployment.question import question
    from parsers.model.firewall import Firewall, Interface

    entry = named(deployment, name)
    if not entry.sides:
        raise UsageError(
            f"the deployment declares no sides for {name}, they follow from its configuration",
            file=deployment.file or None,
            line=entry.line,
            key=f"firewalls.{name}.sides",
            hint="declare them, or audit it: the report lists what crosses it",
        )
    model = Firewall(platform=entry.platform, interfaces=tuple(Interface(name=side.name) for side in entry.sides))
    return question(deployment, name, model)


def _rows(deployment: Deployment, question: Question | None) -> tuple[ResolvedRow, ...]:
    from auditor.deployment.resolve import rows

    return rows(deployment) if question is None else question.rows


def _crossing(row: ResolvedRow, question: Question) -> str:
    from auditor.deployment.cuts import crosses

    return ", ".join(dict.fromkeys(f"{cut.source} → {cut.destination}" for cut in crosses(row, question)))


def _chosen(ids: list[str], wanted: tuple[str, ...]) -> frozenset[str]:
    """Give the rows to show; raises UsageError for one that there is not."""
    from auditor.baseline.document import nearest

    for name in wanted:
        if name not in ids:
            raise UsageError(f"there is no row {name!r}", hint=nearest(name, ids))
    return frozenset(wanted or ids)


def _show_printed(baseline: Baseline, wanted: tuple[str, ...], form: str, common: Common) -> None:
    from auditor.cli.tables import table

    chosen = _chosen([row.id for row in baseline.rows], wanted)
    rows = [row for row in baseline.rows if row.id in chosen]
    if form == "json":
        emit(json.dumps([_printed_values(row) for row in rows], sort_keys=True, indent=2) + "\n")
        return
    lines = [
        (row.id, row.title, f"{_ends(row, 'source')} → {_ends(row, 'destination')}", " ".join(_services(row)))
        for row in rows
    ]
    emit(table(("row", "title", "between", "service"), lines, common, wide=("title", "between", "service")))


def _printed_values(row: Row) -> dict[str, Any]:
    protocol, ports = _services(row)
    return {
        "id": row.id,
        "title": row.title,
        "source": _ends(row, "source"),
        "destination": _ends(row, "destination"),
        "protocol": protocol,
        "ports": ports,
        "citation": row.citation,
    }


def _ends(row: Row, end: str) -> str:
    from auditor.baseline.language import Use

    regions = [region for region in row.regions if region.use is Use.REQUIRED] or list(row.regions)
    return ", ".join(dict.fromkeys(name for region in regions for name in getattr(region, end).defaults)) or "per site"


def _services(row: Row) -> tuple[str, str]:
    from auditor.baseline.language import Use

    regions = [region for region in row.regions if region.use is Use.REQUIRED] or list(row.regions)
    pairs = dict.fromkeys(pair for region in regions for term in region.ports for pair in term.default)
    words = [str(low) if low == high else f"{low}-{high}" for low, high in pairs]
    ports = ", ".join(words or [str(number) for number in row.icmp]) or "per site"
    return "/".join(row.protocols) or "any", ports


def _show_resolved(
    deployment: Deployment, question: Question | None, wanted: tuple[str, ...], form: str, common: Common
) -> None:
    from auditor.baseline.rows import Requirement

    rows = _rows(deployment, question)
    chosen = _chosen([row.id for row in rows], wanted)
    shown = [row for row in rows if row.id in chosen]
    if question is not None and not wanted:
        shown = [row for row in shown if _crossing(row, question)]
    if form == "json":
        emit(json.dumps([_resolved_values(row, question) for row in shown], sort_keys=True, indent=2) + "\n")
        return
    if not wanted:
        emit(_head(deployment, question))
    titles = {
        Requirement.REQUIRED: "required",
        Requirement.ALLOWED: "allowed: never missing, never too much",
        Requirement.FORBIDDEN: "prohibited",
        Requirement.OFF: "off: neither required nor allowed",
    }
    for requirement, title in titles.items():
        part = [row for row in shown if row.requirement is requirement]
        if not part:
            continue
        if requirement is Requirement.OFF and not (common.verbose or wanted):
            emit(f"\n{len(part)} rows are off (-v lists them)\n")
            continue
        emit(f"\n{title}\n{_resolved_table(part, question, common)}")


def _head(deployment: Deployment, question: Question | None) -> str:
    from auditor.deployment.internet import INTERNET_BASE

    baselines = ", ".join(name for name, _ in deployment.baseline.parts)
    if question is None:
        return f"{deployment.name}: {baselines}\nInternet: {INTERNET_BASE}, minus every other group and `internal`\n"
    sides = "".join(f"  {side.name}: {', '.join(side.members)}\n" for side in question.sides)
    return f"{deployment.name}, {question.firewall.name}: {baselines}\nInternet: {question.internet}\nsides:\n{sides}"


def _resolved_table(rows: list[ResolvedRow], question: Question | None, common: Common) -> str:
    from auditor.cli.tables import table

    crossing = () if question is None else ("crosses",)
    lines = [
        (row.id, row.title, f"{row.source} → {row.destination}", f"{row.protocol} {row.ports}",
         *(() if question is None else (_crossing(row, question) or "no",)), row.because)
        for row in rows
    ]  # fmt: skip
    wide = ("title", "between", "service", "crosses", "because")
    return table(("row", "title", "between", "service", *crossing, "because"), lines, common, wide=wide)


def _resolved_values(row: ResolvedRow, question: Question | None) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": row.id,
        "title": row.title,
        "requirement": row.requirement.value,
        "because": row.because,
        "source": row.source,
        "destination": row.destination,
        "protocol": row.protocol,
        "ports": row.ports,
        "cleartext": row.cleartext,
        "administration": row.administration,
        "citation": row.citation,
    }
    return values if question is None else values | {"crosses": _crossing(row, question)}


def _explained(row: Row, resolved: ResolvedRow | None, question: Question | None) -> str:
    """Tell all about a row, in plain words."""
    import textwrap

    from auditor.export.escape import visible

    protocol, ports = _services(row)
    source, destination = _ends(row, "source"), _ends(row, "destination")
    facts = [("", row.meaning), ("opened by", row.opener)]
    if resolved is None:
        facts += [("traffic", f"{source} → {destination}, {protocol} {ports}")]
    else:
        facts += [
            ("traffic", f"{resolved.source} → {resolved.destination}, {resolved.protocol} {resolved.ports}"),
            ("here", f"{resolved.requirement.value}: {resolved.because}"),
            *(("note", note) for note in resolved.notes),
        ]
    if resolved is not None and question is not None:
        crossing = _crossing(resolved, question)
        facts.append((question.firewall.name, f"crosses {crossing}" if crossing else "does not cross this firewall"))
    facts += [
        ("printed as", row.printed),
        ("source", row.citation),
        *(("oddity", text) for text in row.oddities),
    ]
    lines = [f"row {row.id}: {row.title}"]
    for label, text in facts:
        if text:
            words = f"{label}: {text}" if label else text
            lines += ["", *textwrap.wrap(words, width=96, initial_indent="  ", subsequent_indent="    ")]
    return visible("\n".join(lines), keep="\n") + "\n"
