"""`st-audit baseline`: what is required, by whom, why, and where it is written."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import Adhoc, Common, Site, adhoc, common, site
from auditor.cli.output import emit
from auditor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.baseline.explain import TableLine
    from auditor.baseline.language import Baseline
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
    from auditor.baseline.explain import listing
    from auditor.cli.tables import table

    found = listing()
    if form == "json":
        entries = [{"id": item.name, "title": item.title, "rows": item.rows, "sha256": item.sha256} for item in found]
        emit(json.dumps(entries, sort_keys=True, indent=2) + "\n")
        return 0
    lines = [(item.name, str(item.rows), item.title) for item in found]
    emit(table(("baseline", "rows", "title"), lines, common, wide=("title",)))
    return 0


@command.command("check", short_help="Check a baseline of your own.")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--baseline",
    "beside",
    metavar="NAME|FILE",
    multiple=True,
    help="Read after these, whose words it uses (default: securetransport-5.5, unless it has a vocabulary).",
)
@click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Let the rows name the groups of this deployment too.",
)
@common
def check(common: Common, file: Path, beside: tuple[str, ...], deployment: Path | None) -> int:  # noqa: ARG001
    """Check a baseline of your own; what is wrong comes with file, line and key, and ends in 2."""
    from auditor.baseline.explain import check_file
    from auditor.deployment.load import Overrides, load

    before = beside or (_DEFAULT[:1] if _adds_rows(file) else ())
    if deployment is not None:
        # Whatever is wrong between the two is said here; a group that only the deployment lists is then known.
        names = (*(_named(name) for name in before), str(file.absolute()))
        baseline = load(deployment, Overrides(baselines=names)).baseline
        emit(f"{baseline.titles[-1]} ({baseline.parts[-1][0]}) is in order with {deployment}\n")
        return 0
    emit("".join(f"{line}\n" for line in check_file(file, [_named(name) for name in before]).lines()))
    return 0


def _named(name: str) -> str:
    """Give a baseline as a loader names it: a file by its whole path, what ships by its name."""
    return str(Path(name).absolute()) if Path(name).exists() else name


def _adds_rows(file: Path) -> bool:
    """Tell whether a file declares no vocabulary of its own."""
    from auditor.baseline.document import decode, parse
    from auditor.errors import BaselineError

    if not file.is_file():
        return False
    text = decode(file.read_bytes(), str(file), BaselineError)
    data = parse(text, file=str(file), error=BaselineError).data
    return isinstance(data, dict) and "vocabulary" not in data


@command.command("show", short_help="Show the rows as the deployment makes them.")
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


@command.command("explain", short_help="Explain one row and its source.")
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
        emit(_explained(_baseline(site), row, (), None))
        return 0
    deployment = open_site(site, adhoc, firewall=firewall)
    question = _question(deployment, firewall) if firewall is not None else None
    emit(_explained(deployment.baseline, row, _rows(deployment, question), question))
    return 0


def _baseline(site: Site) -> Baseline:
    from auditor.baseline.load import load

    return load(site.baselines or _DEFAULT, base=Path())


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


def _values(line: TableLine) -> dict[str, Any]:
    return {key: value for key, value in asdict(line).items() if value or key not in {"requirement", "because", "when"}}


def _show_printed(baseline: Baseline, wanted: tuple[str, ...], form: str, common: Common) -> None:
    from auditor.baseline.explain import printed
    from auditor.cli.tables import table

    lines = printed(baseline)
    chosen = _chosen([line.id for line in lines], wanted)
    lines = tuple(line for line in lines if line.id in chosen)
    if form == "json":
        emit(json.dumps([_values(line) for line in lines], sort_keys=True, indent=2) + "\n")
        return
    cells = [
        (line.id, line.title, f"{line.source} → {line.destination}", f"{line.protocol} {line.ports}", line.when)
        for line in lines
    ]
    wide = ("title", "between", "service", "switched")
    emit(table(("row", "title", "between", "service", "switched"), cells, common, wide=wide))


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
        emit(json.dumps(_resolved_values(shown, question), sort_keys=True, indent=2) + "\n")
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


def _resolved_values(rows: Sequence[ResolvedRow], question: Question | None) -> list[dict[str, Any]]:
    from auditor.baseline.explain import table

    values = [
        _values(line) | {"citation": row.citation, "cleartext": row.cleartext, "administration": row.administration}
        for row, line in zip(rows, table(rows), strict=True)
    ]
    if question is None:
        return values
    return [value | {"crosses": _crossing(row, question)} for row, value in zip(rows, values, strict=True)]


def _explained(baseline: Baseline, row_id: str, resolved: Sequence[ResolvedRow], question: Question | None) -> str:
    """Tell all about a row in plain words, and where it crosses a firewall."""
    import textwrap

    from auditor.baseline.explain import explain
    from auditor.export.escape import visible

    head, *paragraphs = explain(baseline, row_id, resolved).lines()
    here = next((row for row in resolved if row.id == row_id), None)
    if question is not None and here is not None:
        crossing = _crossing(here, question)
        where = f"between {crossing}" if crossing else "nowhere: it concerns other firewalls"
        paragraphs.append(f"Crosses {question.firewall.name} {where}.")
    wrapped = [line for text in paragraphs for line in textwrap.wrap(text, width=96, subsequent_indent="  ")]
    return visible("\n".join([head, *(f"  {line}" for line in wrapped)]), keep="\n") + "\n"
