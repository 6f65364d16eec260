"""The table of formats, and the one way to render a report in any of them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, Protocol, cast

from auditor.errors import UsageError
from auditor.export.options import DEFAULT, RenderOptions

if TYPE_CHECKING:
    from auditor.report.values import Report

__all__ = ["FORMATS", "render"]

FORMATS: Final = {
    "text": "auditor.export.text",
    "json": "auditor.export.json",
    "csv": "auditor.export.csv",
    "markdown": "auditor.export.markdown",
    "junit": "auditor.export.junit",
    "sarif": "auditor.export.sarif",
    "oscal": "auditor.export.oscal",
    "ocsf": "auditor.export.ocsf",
    "xlsx": "auditor.export.xlsx",
    "html": "auditor.export.html.page",
    "pdf": "auditor.export.pdf",
    "bundle": "auditor.export.bundle.contents",
}
"""Each format's name and the module whose `render` writes it; a module is imported when its format is asked for."""


class _Format(Protocol):
    def render(self, report: Report, options: RenderOptions) -> str | bytes: ...


def render(report: Report, name: str, options: RenderOptions = DEFAULT) -> str | bytes:
    """Render a report in a format of FORMATS, as text or, for binary formats, bytes; raises UsageError otherwise."""
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}", hint=f"one of: {', '.join(FORMATS)}", key="--format")
    module = cast("_Format", importlib.import_module(FORMATS[name]))
    return module.render(report, options)
