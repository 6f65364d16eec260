"""What a rendering may depend on besides the report."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.export.evidence import Evidence, Trend
from auditor.report.status import FailOn

__all__ = ["DEFAULT", "RenderOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What a rendering takes besides the report.

    `fail_on` decides status and exit code; width (columns), colour and verbosity concern the terminal alone. Where
    `evidence` is known, HTML shows configuration lines in context; the bundle consists of it. `trend` are earlier
    runs, oldest first, which HTML draws.
    """

    fail_on: FailOn = FailOn.LOW
    width: int = 100
    color: bool = False
    verbose: bool = False
    evidence: Evidence | None = None
    trend: tuple[Trend, ...] = ()


DEFAULT = RenderOptions()
