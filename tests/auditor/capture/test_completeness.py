"""The proof of completeness: the platform's word, or the user's, and the report says which."""

from __future__ import annotations

import pytest

from auditor.capture.completeness import demand, prove
from auditor.errors import FailureKind, NotAssessableError
from parsers.contract import Completeness, Parsed, Platform
from parsers.model.capture import Capture, Document


def _no_parse(_: Capture) -> Parsed:
    raise NotImplementedError


def _prove(capture: Capture) -> Completeness:
    complete = capture.documents[0].text.endswith(": end\n")
    return Completeness(complete=complete, reason="" if complete else "the line `: end` is missing", hint="")


PLATFORM = Platform(id="x", title="X", recognises=lambda _: True, parse=_no_parse, prove=_prove)
WHOLE = Capture(documents=(Document(name="fw1.cfg", text="a\n: end\n"),))
CUT = Capture(documents=(Document(name="fw1.cfg", text="a\n"),))


def test_a_proven_capture_needs_no_assumption() -> None:
    """Where the platform proves it, nothing has to be assumed, even if it were allowed."""
    assert demand(PLATFORM, WHOLE) is None
    assert demand(PLATFORM, WHOLE, assume_complete=True) is None


def test_an_unproven_capture_is_refused_with_reason_and_way_out() -> None:
    """The missing proof, the file and --assume-complete are named."""
    with pytest.raises(NotAssessableError, match="the line `: end` is missing") as caught:
        demand(PLATFORM, CUT)

    assert (caught.value.kind, caught.value.file) == (FailureKind.INCOMPLETE, "fw1.cfg")
    assert "--assume-complete" in caught.value.hint


def test_an_assumption_is_made_on_request_and_can_be_reported() -> None:
    """With --assume-complete the text is accepted, and the sentence for the report names what is missing."""
    assert prove(PLATFORM, CUT, assume_complete=True).complete
    assert demand(PLATFORM, CUT, assume_complete=True) == (
        "the configuration is complete, although the line `: end` is missing"
    )
