"""Collecting a firewall's configuration: connect, prepare, run the recipe, prove, redact."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from auditor.capture.completeness import demand
from auditor.capture.redaction import Redactor
from auditor.collect.credentials import Credentials
from auditor.collect.drivers import prepare
from auditor.collect.execute import execute
from auditor.collect.known_hosts import HostKeys
from auditor.collect.reader import RefusedError, Shell
from auditor.collect.ssh import Connection, Dial, connect, dial
from auditor.collect.target import Budget, Deadline, Target, describe
from auditor.collect.wire import Allowlist, Wire
from auditor.errors import BugError, CollectionError, FailureKind
from parsers.contract import Channel, Platform, Recipe
from parsers.model.capture import Capture, Document

if TYPE_CHECKING:
    import paramiko

__all__ = ["Collected", "collect"]

_LOG: Final = logging.getLogger(__name__)
# Wide and long enough that no device wraps or pages because of the terminal's size alone.
_WIDTH: Final = 511
_HEIGHT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A redacted capture, proven complete, with where it came from.

    `commands` are the lines sent, in order, login preparation included, `<secret>` in a secret's place;
    `weak_algorithms` the broken ones that the connection had to use.
    """

    capture: Capture
    address: str
    collected_at: datetime
    host_key: str
    commands: tuple[str, ...]
    weak_algorithms: tuple[str, ...] = ()


def collect(
    target: Target,
    credentials: Credentials,
    *,
    platform: Platform,
    host_keys: HostKeys,
    jump_credentials: Credentials | None = None,
    budget: Budget | None = None,
    redactor: Redactor | None = None,
    dial: Dial = dial,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Collected:
    """Fetch a platform's configuration whole, or raise CollectionError saying why not; nothing is ever written.

    A jump host gets the password only through `jump_credentials`: without them it is offered keys alone.
    """
    recipe = _recipe(platform)
    budget = budget or Budget()
    # For what a device says in an error: the secrets that we sent, and whatever looks like one.
    scrubber = Redactor(secrets=credentials.secrets())
    redactor = (redactor or Redactor()).knowing(credentials.secrets())
    deadline = Deadline(budget.total)
    try:
        with connect(
            target,
            credentials,
            jump_credentials=jump_credentials or _keys_only(credentials),
            host_keys=host_keys,
            budget=budget,
            deadline=deadline,
            dial=dial,
        ) as connection:
            collected_at = now()
            _LOG.info("connected to %s, host key %s", target.name, connection.host_key.fingerprint)
            run = _in_shell if recipe.channel is Channel.SHELL else _by_exec
            documents, commands = run(
                connection, recipe=recipe, target=target, credentials=credentials, budget=budget, deadline=deadline
            )
    except CollectionError as exc:
        raise CollectionError(
            scrubber.text(exc.message),
            kind=exc.kind,
            hint=exc.hint,
            file=exc.file,
            line=exc.line,
            key=exc.key,
            transient=exc.transient,
        ) from exc.__cause__
    capture = redactor.capture(platform, Capture(documents=documents, platform=platform.id))
    demand(platform, capture)
    return Collected(
        capture=capture,
        address=target.name,
        collected_at=collected_at,
        host_key=connection.host_key.fingerprint,
        commands=commands,
        weak_algorithms=connection.weak_algorithms,
    )


def _recipe(platform: Platform) -> Recipe:
    recipe = platform.recipe
    if recipe is None:
        raise CollectionError(
            f"{platform.title} cannot be collected over SSH",
            kind=FailureKind.UNSUPPORTED,
            hint="save the configuration on the device and audit the file: st-audit config FILE",
        )
    if recipe.channel is Channel.SHELL and not (
        recipe.driver and recipe.prompt and recipe.sentinel and recipe.refusals
    ):
        raise BugError(f"the recipe of {platform.id} lacks a driver, a prompt, a sentinel or refusals")
    allowlist = Allowlist(recipe.allowed)
    sentinel = (recipe.sentinel.replace("{nonce}", "0123456789ab"),) if recipe.sentinel else ()
    for line in (*recipe.preparation, *(command.text for command in recipe.commands), *sentinel):
        allowlist.check(line)
    return recipe


def _keys_only(credentials: Credentials) -> Credentials:
    return Credentials(
        user=credentials.user,
        key_file=credentials.key_file,
        key_passphrase=credentials.key_passphrase,
        agent=credentials.agent,
    )


def _in_shell(
    connection: Connection,
    *,
    recipe: Recipe,
    target: Target,
    credentials: Credentials,
    budget: Budget,
    deadline: Deadline,
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    import paramiko

    try:
        channel = _open_shell(connection.transport, deadline.remaining(budget.idle))
        secret = credentials.enable_secret if recipe.enable else None
        wire = Wire(channel, Allowlist(recipe.allowed), budget, deadline, secret)
        try:
            prepare(wire, recipe, target, secret=secret, budget=budget)
            shell = Shell(wire, recipe, encoding=target.encoding)
            shell.synchronise()
            if recipe.enable and secret is None and not _privileged(shell, recipe):
                secret = credentials.asked(f"Enable secret of {target.name}: ")
                if secret is not None:
                    wire.arm(secret)
                    prepare(wire, recipe, target, secret=secret, budget=budget)
                    shell.synchronise()
            _demand_privilege(shell, recipe, secret_given=secret is not None)
            for line in recipe.preparation:
                shell.tell(line)
            documents = tuple(_document(shell, recipe, index) for index in range(len(recipe.commands)))
            return documents, wire.sent
        finally:
            wire.close()
    except (paramiko.SSHException, OSError, EOFError) as exc:
        raise CollectionError(
            f"the connection broke: {describe(exc)}",
            kind=FailureKind.INCOMPLETE,
            hint="nothing was judged; collect again",
            transient=True,
        ) from exc


def _open_shell(transport: paramiko.Transport, timeout: float) -> paramiko.Channel:
    channel = transport.open_session(timeout=timeout)
    channel.settimeout(timeout)
    channel.get_pty("vt100", _WIDTH, _HEIGHT)
    channel.invoke_shell()
    return channel


def _privileged(shell: Shell, recipe: Recipe) -> bool:
    return not recipe.privilege or re.search(recipe.privilege, shell.prompt) is not None


def _demand_privilege(shell: Shell, recipe: Recipe, *, secret_given: bool) -> None:
    if not _privileged(shell, recipe):
        raise CollectionError(
            f"the device stays unprivileged (prompt {shell.prompt!r})",
            kind=FailureKind.AUTHENTICATION,
            hint="the enable secret did not lead to privileged mode"
            if secret_given
            else "set ST_AUDIT_ENABLE_SECRET, or let the account log in privileged",
        )


def _document(shell: Shell, recipe: Recipe, index: int) -> Document:
    command = recipe.commands[index]
    try:
        return Document(name=command.name, command=command.text, text=shell.run(command.text))
    except RefusedError as exc:
        if not command.optional:
            raise
        return Document(name=command.name, command=command.text, text="", stderr=exc.message)


def _by_exec(
    connection: Connection,
    *,
    recipe: Recipe,
    target: Target,
    credentials: Credentials,  # noqa: ARG001 - the same shape as _in_shell; an exec channel asks nothing
    budget: Budget,
    deadline: Deadline,
) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    documents = tuple(
        execute(
            connection.transport,
            command,
            allowlist=Allowlist(recipe.allowed),
            budget=budget,
            deadline=deadline,
            encoding=target.encoding,
        )
        for command in recipe.commands
    )
    return documents, tuple(command.text for command in recipe.commands)
