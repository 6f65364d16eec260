"""Every error that st-audit raises on purpose, and the exit code that each ends a run with.

The tree::

    StAuditError
    |-- UsageError             2   the person must change a file or an option
    |   |-- DeploymentError        the deployment file
    |   |-- BaselineError          a baseline, or a row in one
    |   `-- WaiverError            the waivers file
    |-- NotAssessableError     3   a firewall cannot be judged; `kind` says why
    |   `-- CollectionError        ... because its configuration could not be fetched
    `-- BugError              70   st-audit contradicts itself: never the user's fault
        `-- EngineError            engine and interpreter disagree

Parsers are useful alone and have a tree of their own, `parsers.errors`; the audit maps it to NotAssessableError.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, ClassVar

__all__ = [
    "BaselineError",
    "BugError",
    "CollectionError",
    "DeploymentError",
    "EngineError",
    "FailureKind",
    "NotAssessableError",
    "StAuditError",
    "UsageError",
    "WaiverError",
]


class FailureKind(StrEnum):
    """Why a firewall could not be judged, as the JSON report spells it in `error.kind`."""

    UNREACHABLE = "unreachable"
    AUTHENTICATION = "authentication"
    HOST_KEY_UNKNOWN = "host-key-unknown"
    HOST_KEY_CHANGED = "host-key-changed"
    HOST_KEY_REVOKED = "host-key-revoked"
    INCOMPLETE = "incomplete"
    UNSUPPORTED = "unsupported"


class StAuditError(Exception):
    """What went wrong, where, and what to do next; `str()` gives `file:line: message` and the hint below it.

    `line` counts from 1. `key` is the dotted path of a YAML key, or the name of an option.
    """

    exit_code: ClassVar[int] = 70

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        file: str | os.PathLike[str] | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        """Keep the parts apart so that each renderer can arrange them its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = None if file is None else os.fspath(file)
        self.line = line
        self.key = key

    def __str__(self) -> str:
        """Give `file:line: message`, the key where the message does not name it, and the hint on a line below."""
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        key = self.key if self.key is not None and self.key not in self.message else None
        text = ": ".join(part for part in (where, key, self.message) if part)
        return f"{text}\n  hint: {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Callable[..., StAuditError], tuple[str]]:
        """Survive pickling whole, since a fleet's workers hand their errors back."""
        return functools.partial(type(self), **self._details()), (self.message,)

    def _details(self) -> dict[str, Any]:
        return {"hint": self.hint, "file": self.file, "line": self.line, "key": self.key}


class UsageError(StAuditError):
    """A file or an option must be changed; `others` are further errors found in the same reading, in file order."""

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        file: str | os.PathLike[str] | None = None,
        line: int | None = None,
        key: str | None = None,
        others: Sequence[UsageError] = (),
    ) -> None:
        """Take the first error and those that were found with it."""
        super().__init__(message, hint=hint, file=file, line=line, key=key)
        self.others = tuple(others)

    def __str__(self) -> str:
        """Give this error and then the others, one below the other."""
        return "\n".join([super().__str__(), *map(str, self.others)])

    def _details(self) -> dict[str, Any]:
        return super()._details() | {"others": self.others}


class DeploymentError(UsageError):
    """The deployment file, or the options that stand for it, are wrong."""


class BaselineError(UsageError):
    """A baseline is wrong, or names what its vocabulary does not have."""


class WaiverError(UsageError):
    """The waivers file is wrong."""


class NotAssessableError(StAuditError):
    """A firewall cannot be judged; `kind` says why. In a fleet it is this firewall's value, not the end of the run."""

    exit_code = 3

    def __init__(
        self,
        message: str,
        *,
        kind: FailureKind,
        hint: str = "",
        file: str | os.PathLike[str] | None = None,
        line: int | None = None,
        key: str | None = None,
    ) -> None:
        """Take the kind besides what every error has."""
        super().__init__(message, hint=hint, file=file, line=line, key=key)
        self.kind = kind

    def _details(self) -> dict[str, Any]:
        return super()._details() | {"kind": self.kind}


class CollectionError(NotAssessableError):
    """A firewall's configuration could not be fetched whole and from the right device.

    `transient` tells that a second try may do better: the network or the device was not there, or went away. A refused
    login, host key or command never is: trying again locks accounts, and changes nothing. `commands` are the lines that
    had been sent by then, `<secret>` in a secret's place.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: FailureKind,
        hint: str = "",
        file: str | os.PathLike[str] | None = None,
        line: int | None = None,
        key: str | None = None,
        transient: bool = False,
        commands: Sequence[str] = (),
    ) -> None:
        """Take whether to try again besides what every such error has; who cannot be reached may be later."""
        super().__init__(message, kind=kind, hint=hint, file=file, line=line, key=key)
        self.transient = transient or kind is FailureKind.UNREACHABLE
        self.commands = tuple(commands)

    def _details(self) -> dict[str, Any]:
        return super()._details() | {"transient": self.transient, "commands": self.commands}


class BugError(StAuditError):
    """st-audit contradicts itself; the message holds what a bug report needs."""

    exit_code = 70


class EngineError(BugError):
    """The engine's answer was not confirmed by the naive interpreter, so it is not reported."""
