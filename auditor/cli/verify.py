"""`st-audit verify`: an evidence bundle audited again, offline, and held against its own report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from auditor.cli.options import Common, common
from auditor.cli.output import emit
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.export.bundle.verify import Verified

__all__ = ["command"]

_MOST: Final = 20
_LIMIT: Final = 160


@click.command("verify", short_help="Replay an evidence bundle and compare.")
@click.argument("bundle", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("-f", "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print.")
@common
def command(common: Common, bundle: Path, form: str) -> int:
    """Audit the captures of BUNDLE again, without a network, and compare with the report that it holds.

    Ends in 0 where every file is what it was and the same report comes out, to the byte, in 1 where something differs,
    in what the manifests claim and in the archive's own bytes too (one that was zipped anew is another one).
    A bundle is not signed: keep its SHA-256, which is printed, where nobody can change it.
    """
    from auditor.cli.logs import start
    from auditor.export.bundle.verify import verify

    start(common)
    try:
        content = bundle.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", file=bundle, hint="name a bundle") from error
    found = verify(content, str(bundle))
    if form == "json":
        emit(_json(found))
    else:
        emit("".join(f"{line}\n" for line in _text(found, most=10**9 if common.verbose else _MOST)))
    return 0 if found.same else 1


def _json(found: Verified) -> str:
    document = {
        "schema": "st-audit/verification/1",
        "same": found.same,
        "sha256": found.sha256,
        "written_by": found.written_by,
        "version": found.version,
        "damage": list(found.damage),
        "not_replayed": list(found.not_replayed),
        "differences": [
            {"place": item.place, "stored": item.stored, "replayed": item.replayed} for item in found.differences
        ],
    }
    return json.dumps(document, sort_keys=True, indent=2) + "\n"


def _text(found: Verified, *, most: int) -> Iterator[str]:
    from auditor.export.escape import shortened, visible

    def safe(text: str | None) -> str:
        return "nothing" if text is None else visible(shortened(text, _LIMIT))

    yield f"sha256 {found.sha256}"
    if found.written_by and found.written_by != found.version:
        yield f"written by st-audit {safe(found.written_by)}, replayed by {found.version}"
    yield from (f"damaged: {safe(item)}" for item in found.damage)
    yield from (f"not replayed, since it could not be collected: {safe(item)}" for item in found.not_replayed)
    for item in found.differences[:most]:
        yield f"differs: {safe(item.place)}"
        yield f"  stored    {safe(item.stored)}"
        yield f"  replayed  {safe(item.replayed)}"
    if len(found.differences) > most:
        yield f"and {len(found.differences) - most} more differences (-v lists them)"
    yield "SAME: the files are unharmed and the same report comes out" if found.same else "DIFFERENT"
