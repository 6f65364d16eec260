"""What the collection tests share: a platform of their own, configurations, and one call that collects."""

from __future__ import annotations

import re
from pathlib import Path

from auditor.collect.credentials import Credentials, SecretText
from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import Collected, collect
from auditor.collect.target import Budget, Target
from auditor.demo.server import Emulator
from auditor.demo.terminal import Device
from parsers.contract import Channel, Command, Completeness, Parsed, Platform, Recipe
from parsers.model.capture import Capture

ASA_ALLOWED = (
    "show curpriv",
    "enable",
    "terminal pager 0",
    "show running-config",
    "show version",
    "show names",
    "show [0-9a-f]{12}",
)
# Generous where success is expected, since the machine is shared; short where the device is going to be silent.
QUICK = Budget(connect=10, handshake=20, authentication=20, idle=10, total=40)
IMPATIENT = Budget(connect=10, handshake=20, authentication=20, idle=1.0, total=40)


def _no_parse(_: Capture) -> Parsed:
    raise NotImplementedError


def _ends(capture: Capture) -> Completeness:
    complete = re.search(r"\n: end\n\Z", capture.documents[0].text) is not None
    return Completeness(complete=complete, reason="" if complete else "the line `: end` is missing")


def asa_platform(*commands: Command, **changes: object) -> Platform:
    """An ASA as its recipe describes it, with the given commands (the running configuration by default)."""
    recipe = {
        "channel": Channel.SHELL,
        "driver": "cisco_asa",
        "prompt": r"[\w./-]+[>#]",
        "enable": True,
        "privilege": "#$",
        "preparation": ("terminal pager 0",),
        "sentinel": "show {nonce}",
        "pager": "<--- More --->",
        "allowed": ASA_ALLOWED,
        "refusals": ("ERROR:",),
        "commands": commands or (Command(text="show running-config", name="running-config"),),
    } | changes
    return Platform(
        id="cisco_asa",
        title="Cisco ASA",
        recognises=lambda _: True,
        parse=_no_parse,
        prove=_ends,
        recipe=Recipe(**recipe),  # type: ignore[arg-type]  # the table is typed by its fields' values
    )


def configuration(rules: int = 40, *, inside: tuple[str, ...] = ()) -> str:
    """An ASA's running configuration of some rules, with further lines in its middle."""
    head = [": Saved", ":", "ASA Version 9.16(4) ", "!", "hostname fw1"]
    lines = [f"access-list IN extended permit tcp any host 192.0.2.{n % 250} eq {n % 60000 + 1}" for n in range(rules)]
    middle = rules // 2
    tail = ["Cryptochecksum:0123456789abcdef0123456789abcdef", ": end"]
    return "\n".join([*head, *lines[:middle], *inside, *lines[middle:], *tail]) + "\n"


def credentials(device: Device, **changes: object) -> Credentials:
    """The credentials that a device accepts."""
    fields = {
        "user": device.user,
        "password": SecretText(device.password),
        "enable_secret": SecretText(device.enable_secret),
    } | changes
    return Credentials(**fields)  # type: ignore[arg-type]  # as above


def fetch(
    emulator: Emulator,
    device: Device,
    *,
    platform: Platform | None = None,
    target: Target | None = None,
    given: Credentials | None = None,
    own: Path | None = None,
    budget: Budget = QUICK,
) -> Collected:
    """Collect from an emulator; its key is pinned unless a known_hosts file of our own is given."""
    pinned = emulator.key.fingerprint if own is None else None
    return collect(
        target or Target(host=emulator.host, port=emulator.port, fingerprint=pinned),
        given or credentials(device),
        platform=platform or asa_platform(),
        host_keys=HostKeys(own=own or Path("/nonexistent/known_hosts")),
        budget=budget,
    )
