"""Running commands in exec channels of their own: no terminal, no prompt; the end is the channel's, with a status."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from auditor.collect.target import Budget, Deadline, describe
from auditor.collect.wire import Allowlist
from auditor.errors import CollectionError, FailureKind
from parsers.contract import Command
from parsers.model.capture import Document

if TYPE_CHECKING:
    import paramiko

__all__ = ["execute"]

_LOG: Final = logging.getLogger(__name__)
_CHUNK: Final = 1024 * 1024
_POLL: Final = 0.05
# What a shell answers for a command that is not there (POSIX: 127) or that may not be run (126).
_NOT_RUN: Final = {126, 127}


def execute(
    transport: paramiko.Transport,
    command: Command,
    *,
    allowlist: Allowlist,
    budget: Budget,
    deadline: Deadline,
    encoding: str = "utf-8",
) -> Document:
    """Run one command and give its whole output, decoded once, with stderr and exit status apart.

    Raises CollectionError (incomplete) if the output does not end with a status, is no text, or, unless the command is
    optional, if the status is not 0.
    """
    import paramiko

    allowlist.check(command.text)
    _LOG.debug("running %s", command.text)
    try:
        channel = transport.open_session(timeout=deadline.remaining(budget.idle))
        try:
            channel.exec_command(command.text)
            channel.shutdown_write()
            output, errors = _drain(channel, command, budget, deadline)
            status = channel.recv_exit_status()
        finally:
            channel.close()
    except (paramiko.SSHException, EOFError, OSError) as exc:
        raise _incomplete(f"{command.text!r} could not be run: {describe(exc)}", transient=True) from exc
    if status < 0:
        raise _incomplete(
            f"{command.text!r} was killed or cut off after {len(output)} bytes: it has no exit status", transient=True
        )
    stderr = errors.decode("utf-8", errors="replace")
    try:
        text = output.decode(encoding)
    except UnicodeDecodeError as exc:
        line = output[: exc.start].count(b"\n") + 1
        raise _incomplete(f"the output of {command.text!r} is not {encoding} in line {line}") from exc
    if status != 0 and not command.optional:
        reason = stderr.strip().splitlines()[-1:] or ["no message"]
        raise _incomplete(
            f"{command.text!r} ended with status {status}: {reason[0]}",
            hint="the command is missing or the account may not run it: see docs/accounts.md"
            if status in _NOT_RUN
            else "log in by hand and run the command: it must work for this account",
        )
    return Document(name=command.name, command=command.text, text=text, stderr=stderr, exit_status=status)


def _drain(channel: paramiko.Channel, command: Command, budget: Budget, deadline: Deadline) -> tuple[bytes, bytes]:
    parts: tuple[list[bytes], list[bytes]] = ([], [])
    size = 0
    last = time.monotonic()
    channel.settimeout(_POLL)
    while True:
        deadline.remaining(1)
        # Both windows must be emptied, or a chatty stderr would block the device's stdout for ever.
        got = _read_errors(channel, parts[1])
        try:
            data = channel.recv(_CHUNK)
        except TimeoutError:
            data = None
        if data:
            parts[0].append(data)
            got += len(data)
        elif data is not None:
            # The end of one stream is the end of both; only the status may still be on its way.
            if channel.closed or channel.exit_status_ready():
                _read_errors(channel, parts[1])
                break
            time.sleep(_POLL / 10)
        size += got
        if size > budget.size:
            raise _incomplete(f"{command.text!r} printed more than {budget.size} bytes")
        if got:
            last = time.monotonic()
        elif time.monotonic() - last > budget.idle:
            raise _incomplete(f"{command.text!r} fell silent after {sum(map(len, parts[0]))} bytes", transient=True)
    return b"".join(parts[0]), b"".join(parts[1])


def _read_errors(channel: paramiko.Channel, errors: list[bytes]) -> int:
    size = 0
    while channel.recv_stderr_ready() and (data := channel.recv_stderr(_CHUNK)):
        errors.append(data)
        size += len(data)
    return size


def _incomplete(
    message: str,
    hint: str = "nothing was judged; look at the device, then collect again",
    *,
    transient: bool = False,
) -> CollectionError:
    return CollectionError(message, kind=FailureKind.INCOMPLETE, hint=hint, transient=transient)
