"""Secrets from the operating system's keyring (extra `keyring`): service `st-audit`, account `USER@HOST`.

An enable secret is kept under the service `st-audit-enable`. Put them there with the tool that comes with the extra:
`keyring set st-audit audit@fw1.example.net`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.target import Hop
from auditor.errors import UsageError

__all__ = ["from_keyring"]

_LOGIN: Final = "st-audit"
_ENABLE: Final = "st-audit-enable"


def from_keyring(credentials: Credentials, hop: Hop) -> Credentials:
    """The credentials, with password and enable secret from the keyring where they have none.

    Raises UsageError without the extra `keyring`, and where the keyring is locked or absent.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError as exc:
        raise UsageError(
            "the keyring needs a package that is not installed", hint="pip install 'st-audit[keyring]'"
        ) from exc
    account = f"{hop.user or credentials.user}@{hop.host}"
    try:
        password = credentials.password or _secret(keyring.get_password(_LOGIN, account))
        enable = credentials.enable_secret or _secret(keyring.get_password(_ENABLE, account))
    except KeyringError as exc:
        raise UsageError(
            f"the keyring gives nothing for {account}: {type(exc).__name__}", hint="unlock it, or do without --keyring"
        ) from exc
    return replace(credentials, password=password, enable_secret=enable)


def _secret(text: str | None) -> SecretText | None:
    return SecretText(text) if text else None
