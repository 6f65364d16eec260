"""st-audit: what a firewall really enforces, and where that differs from what SecureTransport needs.

`audit_capture` audits a configuration, `load_deployment` reads the site's file, `collect_capture` fetches a
configuration over SSH, `render_report` gives a report in any format. Each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.audit import audit as audit_capture
    from auditor.collect.session import collect as collect_capture
    from auditor.deployment.load import load as load_deployment
    from auditor.export.formats import render as render_report
    from auditor.report.status import exit_code
    from auditor.report.values import Report

__all__ = ["Report", "audit_capture", "collect_capture", "exit_code", "load_deployment", "render_report"]

# Not `audit` and `collect`: a package cannot hold a function under the name of its own submodule.
_HOMES = {
    "Report": ("auditor.report.values", "Report"),
    "audit_capture": ("auditor.audit", "audit"),
    "collect_capture": ("auditor.collect.session", "collect"),
    "exit_code": ("auditor.report.status", "exit_code"),
    "load_deployment": ("auditor.deployment.load", "load"),
    "render_report": ("auditor.export.formats", "render"),
}


def __getattr__(name: str) -> object:
    """Import a public name from where it is defined."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
