"""The demonstration: an emulated ASA on loopback, its key pinned, with a login that exists for its lifetime only."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.target import Target
from auditor.demo.asa import Asa
from auditor.demo.server import Emulator, serve
from auditor.demo.terminal import Device

__all__ = ["FIREWALL", "PLATFORM", "Demo", "configuration", "deployment", "start"]

FIREWALL: Final = "perimeter"
PLATFORM: Final = "cisco_asa"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What to collect from, with what; `target` pins the host key, so that no known_hosts file is touched."""

    target: Target
    credentials: Credentials
    emulator: Emulator


def configuration() -> str:
    """The emulated firewall's running configuration, with the mistakes that the demonstration is about."""
    return _text("asa.txt")


def deployment() -> str:
    """The deployment file (YAML) of the demonstration's site."""
    return _text("deployment.yaml")


@contextmanager
def start(*, configuration: str | None = None) -> Iterator[Demo]:
    """Run the emulated ASA until the block is left; raises UsageError without the extra `demo`."""
    password, secret = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    device = Device(
        hostname="acme-fw1",
        user="audit",
        password=password,
        enable_secret=secret,
        configuration=_text("asa.txt") if configuration is None else configuration,
        banner="Authorised use only.\n",
    )
    with serve(Asa, device) as emulator:
        yield Demo(
            target=Target(host=emulator.host, port=emulator.port, fingerprint=emulator.key.fingerprint),
            credentials=Credentials(user=device.user, password=SecretText(password), enable_secret=SecretText(secret)),
            emulator=emulator,
        )


def _text(name: str) -> str:
    return (files("auditor.demo") / name).read_text(encoding="utf-8")
