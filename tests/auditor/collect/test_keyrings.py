"""The keyring fills in what is missing, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.keyrings import from_keyring
from auditor.collect.target import Target
from auditor.errors import UsageError
from tests.auditor.collect.memory_keyring import MemoryKeyring

FW1 = Target(host="fw1.example.net")


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
    keyring.set_keyring(MemoryKeyring(entries))

    assert from_keyring(Credentials(user="audit"), FW1).secrets() == ("login-4711", "enable-4711")
    assert from_keyring(Credentials(user="other"), FW1).secrets() == ()


def test_given_secrets_stand() -> None:
    """What the environment said is not overridden."""
    keyring.set_keyring(MemoryKeyring({("st-audit", "audit@fw1.example.net"): "from-keyring"}))
    given = Credentials(user="audit", password=SecretText("from-environment"))

    assert from_keyring(given, FW1).secrets() == ("from-environment",)


def test_a_locked_keyring_is_a_usage_error() -> None:
    """The reason and the way out are named."""
    keyring.set_keyring(MemoryKeyring({}, locked=True))
    with pytest.raises(UsageError, match="KeyringLocked") as caught:
        from_keyring(Credentials(user="audit"), FW1)
    assert "unlock" in caught.value.hint
