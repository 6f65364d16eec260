"""The HTML report on paper, by WeasyPrint (extra `pdf`): the same page with its print style, nothing fetched."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NoReturn

from auditor.errors import UsageError
from auditor.export.html.page import document

if TYPE_CHECKING:
    from auditor.export.options import RenderOptions
    from auditor.report.values import Report

__all__ = ["render"]


def render(report: Report, options: RenderOptions) -> bytes:
    """Give the report as PDF; raises UsageError where the extra `pdf` is not installed."""
    try:
        from weasyprint import HTML
    except (ImportError, OSError) as error:
        raise UsageError(
            f"PDF needs WeasyPrint, which does not load: {error}",
            key="pdf",
            hint="pip install 'st-audit[pdf]', or print the HTML report in a browser",
        ) from error
    html = document(report, options, paper=True)
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    # The identifier is derived, and dates come from the page, so that the same report gives the same bytes.
    made: bytes = HTML(string=html, url_fetcher=_refuse).write_pdf(pdf_identifier=identifier, pdf_tags=True)
    return made


def _refuse(url: str, *_: Any, **__: Any) -> NoReturn:
    raise ValueError(f"a report refers to nothing outside itself, yet asked for {url[:80]!r}")
