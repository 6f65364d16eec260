"""Learning to trust a host: look at its key without logging in, and pin it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.collect.credentials import Credentials
from auditor.collect.known_hosts import HostKey, HostKeys, pin
from auditor.collect.ssh import Dial, dial, present
from auditor.collect.target import Budget, Deadline, Hop, Target
from auditor.errors import CollectionError, FailureKind

__all__ = ["fetch_key", "trust"]


def fetch_key(
    hop: Hop,
    *,
    host_keys: HostKeys,
    jump_credentials: Sequence[Credentials] = (),
    budget: Budget | None = None,
    dial: Dial = dial,
) -> HostKey:
    """Give the key that a host presents, without authenticating to it.

    A server that has several keys is asked first for the kind that is known. The jump hosts of a Target must be trusted
    already and are logged in to, with one of `jump_credentials` each. Raises CollectionError.
    """
    budget = budget or Budget()
    target = hop if isinstance(hop, Target) else Target(host=hop.host, port=hop.port)
    return present(
        target,
        jump_credentials=jump_credentials,
        host_keys=host_keys,
        budget=budget,
        deadline=Deadline(budget.total),
        dial=dial,
    )


def trust(hop: Hop, key: HostKey, file: Path, *, replace: bool = False) -> None:
    """Pin a host's key in our known_hosts file, atomically.

    `hop.fingerprint`, where given, must be the key's. Raises CollectionError (host-key-changed) if it is not, or if
    another key is known and `replace` is not said, and (host-key-revoked) for a revoked key.
    """
    if hop.fingerprint is not None and hop.fingerprint != key.fingerprint:
        raise CollectionError(
            f"{hop.name} presents {key}, not {hop.fingerprint}",
            kind=FailureKind.HOST_KEY_CHANGED,
            hint="do not trust it before you know why: someone may be in between",
        )
    pin(file, hop, key, replace=replace)
