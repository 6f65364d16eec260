"""`st-audit export`: stored reports and bundles in any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Common, Output, common, output
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.export.evidence import Evidence

__all__ = ["command"]


@click.command("export", short_help="Render stored reports in any format.")
@click.argument("places", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--bundle", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the evidence bundle."
)
@click.option(
    "--trend",
    type=click.Path(path_type=Path),
    metavar="FILE",
    multiple=True,
    help="An earlier run's report, for the course that HTML draws; may be repeated.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "high", "medium", "low", "never"]),
    help="Another threshold for status and exit code in the output (default: that of the stored report).",
)
@output
@common
def command(
    common: Common,
    places: tuple[str, ...],
    bundle: Path | None,
    trend: tuple[Path, ...],
    fail_on: str | None,
    output: Output,
) -> int:
    """Render stored reports: JSON reports (-o json=FILE), bundles, folders of unpacked bundles, or - for stdin.

    Several are the parts of one run and become one report. Only a bundle has the evidence for another bundle and for
    configuration lines in context. Ends in 0 once everything is written, whatever the report says.
    """
    from auditor.cli.logs import start
    from auditor.cli.output import deliver, write
    from auditor.export.formats import render
    from auditor.export.json_reader import fail_on as stored_threshold
    from auditor.export.json_reader import loads
    from auditor.export.merge import course, merged
    from auditor.export.options import RenderOptions
    from auditor.report.status import FailOn

    start(common)
    texts, evidence = [], []
    for place in places:
        text, found = _read(place)
        texts.append((place, text))
        evidence.append(found)
    reports = [(place, loads(text, place)) for place, text in texts]
    report = merged(reports)
    threshold = FailOn(fail_on) if fail_on else stored_threshold(texts[0][1], texts[0][0])
    basis = _joined([item for item in evidence if item is not None])
    earlier = [loads(_read(str(path))[0], str(path)) for path in trend]
    options = RenderOptions(fail_on=threshold, evidence=basis, trend=course([*earlier, report]) if earlier else ())
    if bundle is not None:
        if basis is None or len(basis.audited) != len(report.firewalls):
            raise UsageError(
                "a bundle needs bundles, not reports alone", key="--bundle", hint="name the bundles of the run"
            )
        write(bundle, render(report, "bundle", options))
        if output.format == "text" and not output.outputs:
            return 0
    deliver(report, output, common, threshold, options=options)
    return 0


def _read(place: str) -> tuple[str, Evidence | None]:
    """Give a report's text, and its evidence where the place is a bundle."""
    import sys

    from auditor.export.bundle.archive import is_bundle, read_folder, unpack
    from auditor.export.bundle.contents import REPORT, evidence_of

    path = Path(place)
    if place == "-":
        content = sys.stdin.buffer.read()
    elif path.is_dir():
        manifest, files = read_folder(path)
        return _text(files.get(REPORT, b""), place), evidence_of(manifest, files, place)
    else:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", file=place, hint="name a stored report or bundle"
            ) from error
    if not is_bundle(content):
        return _text(content, place), None
    manifest, files = unpack(content, place)
    return _text(files.get(REPORT, b""), place), evidence_of(manifest, files, place)


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            "this is neither a report nor a bundle", file=place, hint="name what -o json= or -o bundle= wrote"
        ) from error


def _joined(found: list[Evidence]) -> Evidence | None:
    """Give the evidence of several bundles of one run as one; their sites are the same, or merging was refused."""
    from dataclasses import replace

    if not found:
        return None
    if len(found) == 1:
        return found[0]
    # In the order of the merged report's firewalls.
    audited = tuple(sorted((item for one in found for item in one.audited), key=lambda item: item.firewall))
    return replace(found[0], audited=audited, together=any(item.together for item in found))
