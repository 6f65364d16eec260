"""Who logs in, and with what: from the environment, a file that only its owner can read, or by asking.

A secret is a `SecretText`: it shows itself nowhere and is revealed only where it is sent. It cannot be pickled, so it
cannot leave the process by way of a worker's queue either.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NoReturn

from auditor.errors import UsageError

__all__ = ["Credentials", "SecretText", "for_jump", "from_environment", "from_file", "jump_from_file"]

_TEXT_KEYS: Final = ("user", "key_file")
_SECRET_KEYS: Final = ("password", "enable_secret", "key_passphrase")


class SecretText:
    """A text that is shown nowhere; `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        """Take the text itself."""
        if not text or "\n" in text or "\r" in text:
            raise UsageError("a secret is empty or holds a line break", hint="give it again, on one line")
        self._text = text

    def reveal(self) -> str:
        """Give the text; call it where it is sent and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled; let the worker resolve the credentials itself")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a login may use. Keys are tried first: the agent's only with `agent`, then `key_file`, then the password.

    `ask` is called with a question when a secret is needed that is not given; it returns the answer, or "" for none.
    """

    user: str
    password: SecretText | None = None
    enable_secret: SecretText | None = None
    key_file: Path | None = None
    key_passphrase: SecretText | None = None
    agent: bool = False
    ask: Callable[[str], str] | None = field(default=None, repr=False)

    def asked(self, question: str) -> SecretText | None:
        """Give the answer to a question as a secret, or None where nobody can be asked or nothing is said."""
        answer = self.ask(question) if self.ask is not None else ""
        return SecretText(answer) if answer else None

    def secrets(self) -> tuple[str, ...]:
        """Give every secret in clear, for whoever must take them out of a text."""
        given = (self.password, self.enable_secret, self.key_passphrase)
        return tuple(secret.reveal() for secret in given if secret is not None)


def from_environment(
    environ: Mapping[str, str],
    *,
    user: str | None = None,
    key_file: Path | None = None,
    agent: bool = False,
    ask: Callable[[str], str] | None = None,
    base: Credentials | None = None,
) -> Credentials:
    """Credentials from `ST_AUDIT_USER, _PASSWORD, _ENABLE_SECRET, _KEY_FILE, _KEY_PASSPHRASE`; options win over them.

    `base` (a credentials file's) fills what neither says. Raises UsageError where no user is named.
    """

    def secret(name: str, fallback: SecretText | None) -> SecretText | None:
        text = environ.get(f"ST_AUDIT_{name}")
        return SecretText(text) if text else fallback

    named = user or environ.get("ST_AUDIT_USER") or (base.user if base is not None else "")
    if not named:
        raise UsageError("no user name to log in with", hint="give --user NAME or set ST_AUDIT_USER")
    file = key_file or (Path(text) if (text := environ.get("ST_AUDIT_KEY_FILE")) else base.key_file if base else None)
    return Credentials(
        user=named,
        password=secret("PASSWORD", base.password if base else None),
        enable_secret=secret("ENABLE_SECRET", base.enable_secret if base else None),
        key_file=file.expanduser() if file is not None else None,
        key_passphrase=secret("KEY_PASSPHRASE", base.key_passphrase if base else None),
        agent=agent,
        ask=ask,
    )


def for_jump(
    environ: Mapping[str, str], firewall: Credentials, *, base: Credentials | None = None, key_file: Path | None = None
) -> Credentials:
    """Credentials of a jump host from `ST_AUDIT_JUMP_USER, _PASSWORD, _KEY_FILE, _KEY_PASSPHRASE`, then from `base`.

    What neither says: `key_file` (an OpenSSH configuration's), then the firewall's user and keys. Never its password.
    """
    own = {name: text for name in ("USER", "PASSWORD", "KEY_FILE", "KEY_PASSPHRASE")
           if (text := environ.get(f"ST_AUDIT_JUMP_{name}"))}  # fmt: skip
    base = base or Credentials(user="")
    file = Path(own["KEY_FILE"]).expanduser() if "KEY_FILE" in own else base.key_file or key_file
    passphrase = SecretText(own["KEY_PASSPHRASE"]) if "KEY_PASSPHRASE" in own else base.key_passphrase
    return Credentials(
        user=own.get("USER") or base.user or firewall.user,
        password=SecretText(own["PASSWORD"]) if "PASSWORD" in own else base.password,
        key_file=file or firewall.key_file,
        key_passphrase=passphrase or (firewall.key_passphrase if file is None else None),
        agent=firewall.agent,
        ask=firewall.ask,
    )


def from_file(path: Path, firewall: str | None = None) -> Credentials:
    """Credentials of one firewall from a TOML file: top-level keys for all firewalls, `[firewall.NAME]` for one.

    Keys: user, password, enable_secret, key_file, key_passphrase. Raises UsageError unless the file belongs to us and
    nobody else may read or write it, and for unknown keys, wherever they stand.
    """
    common, tables = _read(path)
    own = tables["firewall"].get(firewall, {}) if firewall is not None else {}
    credentials = _from_table(path, common, Credentials(user=""), "")
    return _from_table(path, own, credentials, f"firewall.{firewall}.")


def jump_from_file(path: Path, host: str) -> Credentials:
    """Credentials of one jump host from its table `[jump."HOST"]`; a firewall's are none of its. Raises as above."""
    _, tables = _read(path)
    return _from_table(path, tables["jump"].get(host, {}), Credentials(user=""), f"jump.{host}.")


def _read(path: Path) -> tuple[dict[str, object], dict[str, dict[str, dict[str, object]]]]:
    """Give the keys for all firewalls and the tables by kind and name, every one of them checked."""
    try:
        document = tomllib.loads(_private_text(path))
    except tomllib.TOMLDecodeError as exc:
        # The parser's message may quote the line, and with it a secret.
        raise UsageError("not a TOML file", file=path, hint='lines such as password = "..." (in quotes)') from _bare(
            exc
        )
    tables: dict[str, dict[str, dict[str, object]]] = {}
    for kind in ("firewall", "jump"):
        named = document.pop(kind, {})
        if not isinstance(named, dict) or not all(isinstance(table, dict) for table in named.values()):
            raise UsageError(
                "not tables by name", file=path, key=kind, hint=f'write [{kind}."NAME"] on a line of its own'
            )
        tables[kind] = named
        for name, table in named.items():
            _from_table(path, table, Credentials(user=""), f"{kind}.{name}.")
    return document, tables


def _from_table(path: Path, table: Mapping[str, object], base: Credentials, prefix: str) -> Credentials:
    result = base
    for key, value in table.items():
        if key not in (*_TEXT_KEYS, *_SECRET_KEYS) or not isinstance(value, str):
            raise UsageError(
                "unknown key" if isinstance(value, str) else "not a text in quotes",
                file=path,
                key=prefix + key,
                hint=f"keys are {', '.join((*_TEXT_KEYS, *_SECRET_KEYS))}; tables [firewall.NAME] and [jump.NAME]",
            )
        match key:
            case "user":
                result = replace(result, user=value)
            case "key_file":
                result = replace(result, key_file=Path(value).expanduser())
            case "password":
                result = replace(result, password=SecretText(value))
            case "enable_secret":
                result = replace(result, enable_secret=SecretText(value))
            case _:
                result = replace(result, key_passphrase=SecretText(value))
    return result


def _private_text(path: Path) -> str:
    try:
        # Checked on the open file, so that it cannot be exchanged between the check and the reading.
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError("not a regular file", file=path, hint="keep the credentials in a file with mode 0600")
            if status.st_mode & 0o077 or status.st_uid not in {os.geteuid(), 0}:
                raise UsageError(
                    f"others may read this credentials file (mode {status.st_mode & 0o777:04o})",
                    file=path,
                    hint=f"chown it to yourself and: chmod 600 {path}",
                )
            return stream.read().decode("utf-8")
    except OSError as exc:
        raise UsageError(f"cannot be read: {exc.strerror}", file=path, hint="name a readable file") from exc
    except UnicodeDecodeError as exc:
        raise UsageError("not UTF-8", file=path, hint="save the file as UTF-8") from _bare(exc)


def _bare(exc: Exception) -> Exception:
    # An exception that holds the text it stumbled over would carry secrets into a traceback.
    return ValueError(type(exc).__name__)
