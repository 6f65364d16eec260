"""The error tree: what an error says, and how it ends a run."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from auditor.errors import (
    BaselineError,
    BugError,
    CollectionError,
    DeploymentError,
    EngineError,
    FailureKind,
    NotAssessableError,
    StAuditError,
    UsageError,
    WaiverError,
)


class TestText:
    """What a person reads."""

    def test_place_message_and_hint(self) -> None:
        """The text is `file:line: message` with the hint on a line below."""
        error = UsageError("unknown key `edgee`", file=Path("deployment.yaml"), line=7, hint="write `edge`")

        assert str(error) == "deployment.yaml:7: unknown key `edgee`\n  hint: write `edge`"

    def test_the_key_is_named_once(self) -> None:
        """A key is put before the message only where the message does not name it itself."""
        silent = DeploymentError("must be a number", file="d.yaml", line=3, key="services.ssh.ports")
        naming = DeploymentError("services.ssh.ports must be a number", file="d.yaml", line=3, key="services.ssh.ports")

        assert str(silent) == "d.yaml:3: services.ssh.ports: must be a number"
        assert str(naming) == "d.yaml:3: services.ssh.ports must be a number"

    def test_unknown_places_are_left_out(self) -> None:
        """Without file and line only the message is there."""
        assert str(BugError("impossible")) == "impossible"

    def test_errors_of_one_reading_are_all_told(self) -> None:
        """Further errors of the same file follow the first, one a line."""
        second = BaselineError("row 7: no port", file="b.yaml", line=9)
        error = BaselineError("row 3: no port", file="b.yaml", line=4, others=[second])

        assert str(error) == "b.yaml:4: row 3: no port\nb.yaml:9: row 7: no port"


class TestExitCodes:
    """How each error ends a run."""

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            (UsageError("x"), 2),
            (DeploymentError("x"), 2),
            (BaselineError("x"), 2),
            (WaiverError("x"), 2),
            (NotAssessableError("x", kind=FailureKind.INCOMPLETE), 3),
            (CollectionError("x", kind=FailureKind.HOST_KEY_CHANGED), 3),
            (BugError("x"), 70),
            (EngineError("x"), 70),
            (StAuditError("x"), 70),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
    )
    def test_exit_code(self, error: StAuditError, code: int) -> None:
        """The person's mistakes end in 2, what cannot be judged in 3, our own in 70."""
        assert error.exit_code == code


@pytest.mark.parametrize(
    "error",
    [
        UsageError("m", hint="h", file="f", line=1, key="k", others=(UsageError("n"),)),
        CollectionError("m", kind=FailureKind.UNREACHABLE, hint="h"),
        EngineError("m"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_survive_pickling(error: StAuditError) -> None:
    """An error that comes back from a worker has lost nothing."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy).keys() == vars(error).keys()
    assert getattr(copy, "kind", None) == getattr(error, "kind", None)
