"""The keyring fills in what is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import keyring.backend
import keyring.errors
import pytest

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.keyrings import from_keyring
from auditor.collect.target import Target
from auditor.errors import UsageError

FW1 = Target(host="fw1.example.net")


class _Memory(keyring.backend.KeyringBackend):
    """A keyring in memory; `locked` makes it refuse."""

    priority = 1  # keyring's own way to rank backends

    def __init__(self, entries: dict[tuple[str, str], str], *, locked: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.entries = entries
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_missing_secrets_come_from_the_keyring() -> None:
    """Password and enable secret are looked up by user and host."""
    entries = {
        ("st-audit", "audit@fw1.example.net"): "login-4711",
        ("st-audit-enable", "audit@fw1.example.net"): "enable-4711",
    }
    keyring.set_keyring(_Memory(entries))

    assert from_keyring(Credentials(user="audit"), FW1).secrets() == ("login-4711", "enable-4711")
    assert from_keyring(Credentials(user="other"), FW1).secrets() == ()


def test_given_secrets_stand() -> None:
    """What the environment said is not overridden."""
    keyring.set_keyring(_Memory({("st-audit", "audit@fw1.example.net"): "from-keyring"}))
    given = Credentials(user="audit", password=SecretText("from-environment"))

    assert from_keyring(given, FW1).secrets() == ("from-environment",)


def test_a_locked_keyring_is_a_usage_error() -> None:
    """The reason and the way out are named."""
    keyring.set_keyring(_Memory({}, locked=True))
    with pytest.raises(UsageError, match="KeyringLocked") as caught:
        from_keyring(Credentials(user="audit"), FW1)
    assert "unlock" in caught.value.hint
