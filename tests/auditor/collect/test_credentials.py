"""Credentials: where they come from, and that they show themselves nowhere."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path

import pytest

from auditor.collect.credentials import Credentials, SecretText, for_jump, from_environment, from_file, jump_from_file
from auditor.errors import UsageError

CANARY = "Canary-4711-secret"


def _file(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    file = tmp_path / "credentials.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def test_a_secret_shows_itself_in_no_rendering() -> None:
    """Neither repr, str, format, a log record nor the credentials around it give the secret away."""
    secret = SecretText(CANARY)
    given = Credentials(user="audit", password=secret, enable_secret=secret, key_passphrase=secret)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s %r", (given, secret), None)

    assert CANARY not in f"{secret!r} {secret} {secret!s:>40} {given!r} {record.getMessage()}"
    assert given.secrets() == (CANARY, CANARY, CANARY)


def test_a_secret_cannot_be_pickled() -> None:
    """A secret does not travel to another process."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Credentials(user="audit", password=SecretText(CANARY)))


@pytest.mark.parametrize("text", ["", "two\nlines", "carriage\rreturn"])
def test_a_secret_is_one_line(text: str) -> None:
    """A line break in a secret would send a second line to the device."""
    with pytest.raises(UsageError, match="empty or holds a line break"):
        SecretText(text)


def test_the_environment_names_user_secrets_and_key() -> None:
    """Each variable of the contract is read; the option for the user wins."""
    given = from_environment(
        {
            "ST_AUDIT_USER": "env-user",
            "ST_AUDIT_PASSWORD": "p",
            "ST_AUDIT_ENABLE_SECRET": "e",
            "ST_AUDIT_KEY_FILE": "/keys/id",
            "ST_AUDIT_KEY_PASSPHRASE": "k",
        },
        user="option-user",
    )

    assert (given.user, given.secrets(), given.key_file) == ("option-user", ("p", "e", "k"), Path("/keys/id"))
    assert not given.agent


def test_a_missing_user_is_a_usage_error() -> None:
    """Nobody is logged in as whoever runs the program."""
    with pytest.raises(UsageError, match="no user name"):
        from_environment({})


def test_a_private_file_gives_each_firewall_its_own(tmp_path: Path) -> None:
    """Top-level keys hold for all, a firewall's table overrides them."""
    file = _file(
        tmp_path, 'user = "audit"\npassword = "common"\n[firewall.edge]\npassword = "own"\nenable_secret = "more"\n'
    )

    assert from_file(file).secrets() == ("common",)
    assert from_file(file, "edge").secrets() == ("own", "more")
    assert from_environment({}, base=from_file(file, "edge")).user == "audit"


def test_a_jump_host_is_given_its_own_and_never_the_firewalls_password(tmp_path: Path) -> None:
    """Environment, then the jump host's table, then an OpenSSH configuration's key; of the firewall's only its keys."""
    file = _file(tmp_path, 'password = "firewall"\n[jump."bastion.example.net"]\nuser = "ops"\npassword = "jump"\n')
    firewall = from_environment({"ST_AUDIT_KEY_FILE": "/keys/id", "ST_AUDIT_KEY_PASSPHRASE": "k"}, user="audit",
                                base=from_file(file))  # fmt: skip

    alone = for_jump({}, firewall)
    assert (alone.user, alone.secrets(), alone.key_file) == ("audit", ("k",), Path("/keys/id"))
    listed = for_jump({}, firewall, base=jump_from_file(file, "bastion.example.net"), key_file=Path("/keys/jump"))
    assert (listed.user, listed.secrets(), listed.key_file) == ("ops", ("jump",), Path("/keys/jump"))
    environ = {"ST_AUDIT_JUMP_USER": "me", "ST_AUDIT_JUMP_PASSWORD": "p", "ST_AUDIT_JUMP_KEY_PASSPHRASE": "q"}
    said = for_jump(environ, firewall, base=jump_from_file(file, "bastion.example.net"))
    assert (said.user, said.secrets(), said.key_file) == ("me", ("p", "q"), Path("/keys/id"))
    assert for_jump({}, firewall, base=jump_from_file(file, "other")).secrets() == ("k",)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A credentials file is its owner's alone."""
    file = _file(tmp_path, 'user = "audit"\n', mode)
    with pytest.raises(UsageError, match="others may read") as caught:
        from_file(file)
    assert "chmod 600" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'pasword = "{CANARY}"\n', "unknown key"),
        (f"password = {CANARY}\n", "not a TOML file"),
        ("password = 4711\n", "not a text in quotes"),
        (f'[firewall.other]\npasword = "{CANARY}"\n', "unknown key"),
        (f'[firewall]\npassword = "{CANARY}"\n', "not tables by name"),
        ('[firewalls.edge]\nuser = "a"\n', "not a text in quotes"),
        (f'password = "{CANARY}\n', "not a TOML file"),
    ],
)
def test_a_mistake_in_the_file_names_the_place_and_leaks_nothing(tmp_path: Path, text: str, message: str) -> None:
    """The message and the traceback hold the file's name, and no secret."""
    file = _file(tmp_path, text)
    with pytest.raises(UsageError, match=message) as caught:
        from_file(file)

    shown = "".join(traceback.format_exception(caught.value))
    assert str(file) in shown
    assert CANARY not in shown


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path that leads nowhere is a usage error."""
    with pytest.raises(UsageError, match="cannot be read"):
        from_file(tmp_path / "absent.toml")
