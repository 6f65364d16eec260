"""Whether a capture is the whole configuration: the platform proves it, or the user answers for it."""

from __future__ import annotations

from dataclasses import replace

from auditor.errors import FailureKind, NotAssessableError
from parsers.contract import Completeness, Platform
from parsers.model.capture import Capture

__all__ = ["demand", "prove"]


def prove(platform: Platform, capture: Capture, *, assume_complete: bool = False) -> Completeness:
    """The platform's own proof; with `assume_complete` a missing one is accepted and `reason` still says what it is."""
    completeness = platform.prove(capture)
    if not completeness.complete and assume_complete:
        return replace(completeness, complete=True)
    return completeness


def demand(
    platform: Platform, capture: Capture, *, assume_complete: bool = False, proof: Completeness | None = None
) -> str | None:
    """Return what had to be assumed (None: nothing); raise NotAssessableError (incomplete) where proof is wanting.

    `proof` is the platform's, where it was asked for already.
    """
    completeness = proof or prove(platform, capture, assume_complete=assume_complete)
    if not completeness.complete:
        files = [document.name for document in capture.documents]
        raise NotAssessableError(
            f"no proof that the configuration is complete: {completeness.reason}",
            kind=FailureKind.INCOMPLETE,
            hint=completeness.hint or "save it whole; if you know that it is, say --assume-complete",
            file=files[0] if len(files) == 1 else None,
        )
    return f"the configuration is complete, although {completeness.reason}" if completeness.reason else None
