"""Collecting a firewall's configuration: connect, run the recipe, redact, prove."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from auditor.capture.completeness import demand
from auditor.capture.manifest import Origin
from auditor.capture.redaction import Redactor
from auditor.collect.credentials import Credentials
from auditor.collect.execute import execute
from auditor.collect.interactive import shell
from auditor.collect.known_hosts import HostKeys
from auditor.collect.ssh import Connection, Dial, connect, dial
from auditor.collect.target import Budget, Deadline, Target
from auditor.collect.wire import Allowlist
from auditor.errors import BugError, CollectionError, FailureKind, NotAssessableError
from parsers.contract import Channel, Completeness, Platform, Recipe
from parsers.model.capture import Capture, Document

__all__ = ["Collected", "collect"]

_LOG: Final = logging.getLogger(__name__)


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

    @property
    def origin(self) -> Origin:
        """Where the capture came from, as its folder's manifest says it."""
        return Origin(
            address=self.address,
            collected_at=self.collected_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            host_key=self.host_key,
            commands=self.commands,
        )


def collect(
    target: Target,
    credentials: Credentials,
    *,
    platform: Platform,
    host_keys: HostKeys,
    jump_credentials: Sequence[Credentials] = (),
    budget: Budget | None = None,
    redactor: Redactor | None = None,
    dial: Dial = dial,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Collected:
    """Fetch a platform's configuration whole, or raise CollectionError saying why not; nothing is ever written.

    `jump_credentials` has one entry for each of the target's jump hosts; without any they are offered the firewall's
    keys, and never its password. A device that was changed while it was read is read once more.
    """
    recipe = _recipe(platform)
    budget = budget or Budget()
    jumps = tuple(jump_credentials) or (_keys_only(credentials),) * len(target.jumps)
    ours = [secret for given in (credentials, *jumps) for secret in given.secrets()]
    redactor = (redactor or Redactor()).knowing(ours)
    deadline = Deadline(budget.total)
    sent: list[str] = []
    try:
        with connect(
            target,
            credentials,
            jump_credentials=jumps,
            host_keys=host_keys,
            budget=budget,
            deadline=deadline,
            dial=dial,
        ) as connection:
            collected_at = now()
            _LOG.info("connected to %s, host key %s", target.name, connection.host_key.fingerprint)
            run = shell if recipe.channel is Channel.SHELL else _exec_channels
            with run(
                connection,
                recipe=recipe,
                target=target,
                credentials=credentials,
                budget=budget,
                deadline=deadline,
                sent=sent,
            ) as read:
                capture, proof = _settled(lambda: redactor.capture(platform, Capture(documents=read())), platform)
        demand(platform, capture, proof=proof)
    except NotAssessableError as exc:
        # What a device says in an error may hold the secrets that we sent, and what looks like one.
        raise CollectionError(
            Redactor(secrets=tuple(ours)).text(exc.message),
            kind=exc.kind,
            hint=exc.hint,
            file=exc.file,
            line=exc.line,
            key=exc.key,
            transient=isinstance(exc, CollectionError) and exc.transient,
            commands=sent,
        ) from exc.__cause__
    return Collected(
        capture=capture,
        address=target.name,
        collected_at=collected_at,
        host_key=connection.host_key.fingerprint,
        commands=tuple(sent),
        weak_algorithms=connection.weak_algorithms,
    )


def _settled(read: Callable[[], Capture], platform: Platform) -> tuple[Capture, Completeness]:
    """Read, and once more where the parts contradict each other because the device was changed meanwhile."""
    capture = replace(read(), platform=platform.id)
    proof = platform.prove(capture)
    if proof.changed:
        _LOG.info("the device was changed while it was read (%s): reading it once more", proof.reason)
        capture = replace(read(), platform=platform.id)
        proof = platform.prove(capture)
    return capture, proof


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
    for line in _lines(recipe):
        allowlist.check(line)
    return recipe


def _lines(recipe: Recipe) -> Iterator[str]:
    """Give every line that the recipe itself would have sent, with an example in the place of what is put in."""
    yield from recipe.preparation
    yield from (command.text for command in recipe.commands)
    yield from (right.command for right in recipe.rights)
    if recipe.sentinel:
        yield recipe.sentinel.replace("{nonce}", "0123456789ab")
    if recipe.contexts is not None:
        yield recipe.contexts.leave
        yield recipe.contexts.enter.replace("{name}", "admin")


def _keys_only(credentials: Credentials) -> Credentials:
    return Credentials(
        user=credentials.user,
        key_file=credentials.key_file,
        key_passphrase=credentials.key_passphrase,
        agent=credentials.agent,
        ask=credentials.ask if credentials.key_file is not None else None,
    )


@contextmanager
def _exec_channels(
    connection: Connection,
    *,
    recipe: Recipe,
    target: Target,
    credentials: Credentials,  # noqa: ARG001 - the same shape as a shell's; an exec channel asks nothing
    budget: Budget,
    deadline: Deadline,
    sent: list[str],
) -> Iterator[Callable[[], tuple[Document, ...]]]:
    allowlist = Allowlist(recipe.allowed)

    def read() -> tuple[Document, ...]:
        documents = []
        for command in recipe.commands:
            sent.append(command.text)
            documents.append(
                execute(
                    connection.transport,
                    command,
                    allowlist=allowlist,
                    budget=budget,
                    deadline=deadline,
                    encoding=target.encoding,
                )
            )
        return tuple(documents)

    yield read
