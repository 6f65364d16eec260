"""What a rendering may depend on besides the report."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report.status import FailOn

__all__ = ["RenderOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """`fail_on` decides status and exit code; width (columns), colour and verbosity concern the terminal alone."""

    fail_on: FailOn = FailOn.LOW
    width: int = 100
    color: bool = False
    verbose: bool = False


DEFAULT = RenderOptions()
