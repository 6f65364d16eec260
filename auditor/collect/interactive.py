"""Running a recipe in an interactive shell: login, privilege, rights, preparation, every context's commands."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from auditor.collect.credentials import Credentials
from auditor.collect.drivers import prepare
from auditor.collect.reader import RefusedError, Shell
from auditor.collect.ssh import Connection
from auditor.collect.target import Budget, Deadline, Target, describe
from auditor.collect.wire import Allowlist, Wire
from auditor.errors import CollectionError, FailureKind
from parsers.contract import Command, Contexts, Recipe
from parsers.model.capture import Document

if TYPE_CHECKING:
    import paramiko

__all__ = ["shell"]

_LOG: Final = logging.getLogger(__name__)
# Wide and long enough that no device wraps or pages because of the terminal's size alone.
_WIDTH: Final = 511
_HEIGHT: Final = 1000


@contextmanager
def shell(
    connection: Connection,
    *,
    recipe: Recipe,
    target: Target,
    credentials: Credentials,
    budget: Budget,
    deadline: Deadline,
    sent: list[str],
) -> Iterator[Callable[[], tuple[Document, ...]]]:
    """Open a prepared shell and give a function that runs the recipe's commands in it, as often as it is called.

    Every line that leaves is added to `sent`. Raises CollectionError: authentication where the privilege is not
    reached, incomplete for everything else.
    """
    import paramiko

    try:
        channel = _open(connection.transport, deadline.remaining(budget.idle))
        secret = credentials.enable_secret if recipe.enable else None
        wire = Wire(channel, Allowlist(recipe.allowed), budget, deadline, secret, sent=sent)
        try:
            prepare(wire, recipe, target, secret=secret, budget=budget)
            opened = Shell(wire, recipe, encoding=target.encoding)
            opened.synchronise()
            if recipe.enable and secret is None and not _privileged(opened, recipe):
                secret = credentials.asked(f"Enable secret of {target.name}: ")
                if secret is not None:
                    wire.arm(secret)
                    prepare(wire, recipe, target, secret=secret, budget=budget)
                    opened.synchronise()
            _demand_privilege(opened, recipe, secret_given=secret is not None)
            for line in recipe.preparation:
                opened.tell(line)
            _demand_rights(opened, recipe)
            yield lambda: _read(opened, recipe)
        finally:
            wire.close()
    except (paramiko.SSHException, OSError, EOFError) as exc:
        raise CollectionError(
            f"the connection broke: {describe(exc)}",
            kind=FailureKind.INCOMPLETE,
            hint="nothing was judged; collect again",
            transient=True,
        ) from exc


def _open(transport: paramiko.Transport, timeout: float) -> paramiko.Channel:
    channel = transport.open_session(timeout=timeout)
    channel.settimeout(timeout)
    channel.get_pty("vt100", _WIDTH, _HEIGHT)
    channel.invoke_shell()
    return channel


def _privileged(opened: Shell, recipe: Recipe) -> bool:
    return not recipe.privilege or re.search(recipe.privilege, opened.prompt) is not None


def _demand_privilege(opened: Shell, recipe: Recipe, *, secret_given: bool) -> None:
    if not _privileged(opened, recipe):
        raise CollectionError(
            f"the device stays unprivileged (prompt {opened.prompt!r})",
            kind=FailureKind.AUTHENTICATION,
            hint="the enable secret did not lead to privileged mode"
            if secret_given
            else "set ST_AUDIT_ENABLE_SECRET, or let the account log in privileged",
        )


def _demand_rights(opened: Shell, recipe: Recipe) -> None:
    for right in recipe.rights:
        text = opened.run(right.command)
        missing = [name for name, pattern in right.needed if re.search(pattern, text, re.MULTILINE) is None]
        if missing:
            raise CollectionError(
                f"the account lacks {', '.join(missing)} ({right.command!r} does not show it): the device would leave "
                "out of its configuration, without a word, what the account may not see",
                kind=FailureKind.INCOMPLETE,
                hint="give the account what is missing: docs/accounts.md",
            )


def _read(opened: Shell, recipe: Recipe) -> tuple[Document, ...]:
    """Run every command, and those of the configuration in each context that the device lists."""
    first, *others = recipe.commands
    start = _document(opened, first)
    names: tuple[str, ...] = ()
    if recipe.contexts is not None:
        start = _outside(opened, recipe.contexts, first, start)
        names = _names(recipe.contexts, start.text)
    documents = [start, *(_document(opened, command) for command in others)]
    for name in names:
        if recipe.contexts is not None and _enter(opened, recipe.contexts.enter.replace("{name}", name)):
            documents += [_document(opened, command, name) for command in recipe.commands if not command.once]
        else:
            # The platform's parser names each context that is listed and whose configuration is not there.
            _LOG.warning("context %s could not be entered; what it lets pass is not judged", name)
    return tuple(documents)


def _outside(opened: Shell, contexts: Contexts, command: Command, start: Document) -> Document:
    """Give the system space's answer where the login led into a context, or the context's own with its name."""
    if re.search(contexts.inside, start.text, re.MULTILINE) is None:
        return start
    if _enter(opened, contexts.leave):
        return _document(opened, command)
    own = re.search(contexts.own, opened.prompt)
    return start if own is None else replace(start, name=f"{start.name}/{own['name']}")


def _names(contexts: Contexts, text: str) -> tuple[str, ...]:
    if re.search(contexts.outside, text, re.MULTILINE) is None:
        return ()
    return tuple(dict.fromkeys(match["name"] for match in re.finditer(contexts.names, text, re.MULTILINE)))


def _enter(opened: Shell, line: str) -> bool:
    try:
        opened.enter(line)
    except RefusedError:
        return False
    return True


def _document(opened: Shell, command: Command, context: str = "") -> Document:
    name = f"{command.name}/{context}" if context else command.name
    try:
        return Document(name=name, command=command.text, text=opened.run(command.text))
    except RefusedError as exc:
        if not command.optional:
            raise
        return Document(name=name, command=command.text, text="", stderr=exc.message)
