"""Logging in: keys first, the password once, never a second try that could lock the account."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.target import Hop, describe
from auditor.errors import CollectionError, FailureKind, UsageError

if TYPE_CHECKING:
    import paramiko

__all__ = ["authenticate"]


def authenticate(transport: paramiko.Transport, hop: Hop, credentials: Credentials, *, timeout: float) -> None:
    """Log in on a connection whose host key has been accepted.

    Tries the agent's keys (on request), the key file, then the password, as `password` or, where the server wants it,
    as `keyboard-interactive` with a single hidden question. Raises CollectionError (authentication or unreachable).
    """
    import paramiko

    user = hop.user or credentials.user
    transport.auth_timeout = timeout
    offered: list[str] = []
    try:
        for name, key in _keys(credentials):
            offered.append(name)
            try:
                # Not empty: the key was accepted, and the server wants something more (RFC 4252 section 5.1).
                further = transport.auth_publickey(user, key)
            except paramiko.AuthenticationException as exc:
                if not transport.is_active():
                    raise _refused(hop, user, offered) from exc
                continue
            if not further:
                return
            break
        password = credentials.password
        if password is None and not offered:
            password = credentials.asked(f"Password of {user} on {hop.name}: ")
        if password is not None:
            offered.append("password")
            if _password(transport, user, password):
                return
    except paramiko.AuthenticationException as exc:
        # paramiko has no type of its own for it.
        if str(exc).startswith("Authentication timeout"):
            raise CollectionError(
                f"{hop.name} did not answer the login of {user!r} within {timeout:g} s",
                kind=FailureKind.AUTHENTICATION,
                hint="its RADIUS or TACACS server may be down; raise --timeout if it is only slow",
            ) from exc
        raise _refused(hop, user, offered) from exc
    except (paramiko.SSHException, OSError, EOFError) as exc:
        raise CollectionError(
            f"{hop.name} ended the connection during authentication: {describe(exc)}",
            kind=FailureKind.AUTHENTICATION,
            hint="the device may have locked the account or limit its sessions; look at its log",
        ) from exc
    raise _refused(hop, user, offered)


def _refused(hop: Hop, user: str, offered: Sequence[str]) -> CollectionError:
    tried = ", ".join(offered) if offered else "nothing: no key, no password"
    return CollectionError(
        f"{hop.name} refused {user!r} (tried {tried})",
        kind=FailureKind.AUTHENTICATION,
        hint="check --user and ST_AUDIT_PASSWORD, --key-file or --agent",
    )


def _keys(credentials: Credentials) -> Iterator[tuple[str, paramiko.PKey]]:
    import paramiko

    if credentials.agent:
        with contextlib.closing(paramiko.Agent()) as agent:
            for number, key in enumerate(agent.get_keys(), 1):
                yield f"agent key {number}", key
    if credentials.key_file is not None:
        yield f"key {credentials.key_file}", _load(credentials, credentials.key_file)


def _load(credentials: Credentials, file: Path) -> paramiko.PKey:
    passphrase = credentials.key_passphrase
    try:
        key, locked = _read_key(file, passphrase)
        if key is None and locked:
            passphrase = credentials.asked(f"Passphrase of {file}: ")
            if passphrase is None:
                raise UsageError("the private key needs a passphrase", file=file, hint="set ST_AUDIT_KEY_PASSPHRASE")
            key, _ = _read_key(file, passphrase)
    except FileNotFoundError as exc:
        raise UsageError("no such private key", file=file, hint="name it with --key-file") from exc
    except OSError as exc:
        raise UsageError(
            f"the private key cannot be read: {exc.strerror}", file=file, hint="check its owner and mode"
        ) from exc
    if key is not None:
        return key
    if passphrase is not None:
        raise UsageError(
            "the passphrase does not open the private key", file=file, hint="try it with: ssh-keygen -y -f FILE"
        )
    raise UsageError(
        "not a private key that can be used",
        file=file,
        hint="Ed25519, ECDSA and RSA keys in OpenSSH's own form are; ssh-keygen -p -f FILE converts to it",
    )


def _read_key(file: Path, passphrase: SecretText | None) -> tuple[paramiko.PKey | None, bool]:
    """Give the key, or None and whether it is a passphrase that is missing."""
    import paramiko

    # PKey.from_path of paramiko 5.1 opens no key that has a passphrase, so each kind is tried in turn. The login's
    # password never stands in for a passphrase.
    password = passphrase.reveal() if passphrase is not None else None
    locked = False
    kinds: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
    for kind in kinds:
        try:
            return kind.from_private_key_file(str(file), password=password), False
        except paramiko.PasswordRequiredException:
            locked = True
        except (paramiko.SSHException, ValueError, TypeError, IndexError):
            # Another kind of key, or none at all.
            continue
    return None, locked


def _password(transport: paramiko.Transport, user: str, password: SecretText) -> bool:
    """Send the password once, in the way that the server takes; True if that was all it wanted."""
    import paramiko

    try:
        return not transport.auth_password(user, password.reveal(), fallback=False)
    except paramiko.BadAuthenticationType as exc:
        if "keyboard-interactive" not in exc.allowed_types:
            raise
    answered = False

    def answer(_title: str, _instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        nonlocal answered
        if not prompts:
            return []
        # Only one hidden question, once: anything else (a new password, a one-time code) is not ours to answer.
        if answered or len(prompts) != 1 or prompts[0][1]:
            raise paramiko.AuthenticationException("the server asks for more than the password")
        answered = True
        return [password.reveal()]

    return not transport.auth_interactive(user, answer)
