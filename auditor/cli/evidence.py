"""What an audit of the command line rests on, gathered for the formats that show it or keep it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.cli.site import file_of
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.options import Output, Site
    from auditor.deployment.load import Overrides
    from auditor.deployment.site import Deployment
    from auditor.export.evidence import Audited, Evidence, SiteFile, SiteFiles

__all__ = ["gather", "wanted"]

_SHOWING: Final = frozenset({"bundle", "html", "pdf"})
"""The formats that show or hold more than the report."""


def wanted(output: Output) -> bool:
    """Tell whether some format of a run has use for evidence."""
    return not _SHOWING.isdisjoint({output.format, *(name for name, _ in output.outputs)})


def gather(
    site: Site,
    said: Overrides,
    deployment: Deployment,
    audited: Sequence[Audited],
    *,
    waivers: Path | None = None,
    together: bool = False,
) -> Evidence:
    """Give the evidence of a run: its captures and the files that describe the site.

    `said` is what options said over the deployment file; `together` that the firewalls were asked with each other's
    models at hand. Raises UsageError for a file that went away meanwhile.
    """
    from auditor.export.evidence import Evidence

    groups = tuple((name, tuple(deployment.addresses(name).texts())) for name in deployment.group_names)
    return Evidence(audited=tuple(audited), site=_site(site, said, waivers), groups=groups, together=together)


def _site(site: Site, said: Overrides, waivers: Path | None) -> SiteFiles:
    from auditor.export.evidence import SiteFile, SiteFiles

    file = file_of(site)
    content = None if file is None else _read(file)
    names = said.baselines or _named(content, file)
    base = file.parent if file is not None else None
    return SiteFiles(
        deployment=None if file is None or content is None else SiteFile(path=file.name, content=content),
        overrides=said,
        baselines=tuple((name, _baseline(name, base)) for name in names),
        waivers=None if waivers is None else SiteFile(path=waivers.name, content=_read(waivers)),
    )


def _named(content: bytes | None, file: Path | None) -> tuple[str, ...]:
    """Give the baselines that the deployment file names; it was loaded, so that what it says is known to be right."""
    from auditor.baseline.document import decode, parse
    from auditor.deployment.schema import DEFAULT_BASELINES
    from auditor.errors import DeploymentError

    if content is None:
        return tuple(DEFAULT_BASELINES)
    document = parse(decode(content, str(file), DeploymentError), file=str(file), error=DeploymentError)
    named = document.data.get("baseline", DEFAULT_BASELINES) if isinstance(document.data, dict) else DEFAULT_BASELINES
    return (named,) if isinstance(named, str) else tuple(str(name) for name in named)


def _baseline(name: str, base: Path | None) -> tuple[SiteFile, ...]:
    from auditor.baseline.load import sources
    from auditor.export.evidence import SiteFile

    return tuple(SiteFile(path=path, content=content) for path, content in sources(name, base=base))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", file=file) from error
