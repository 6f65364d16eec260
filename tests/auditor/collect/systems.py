"""The emulated systems that collection is tested on: each platform's own recipe, proof and way to begin and end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from auditor.collect.session import Collected
from auditor.collect.target import Budget
from auditor.demo.asa import Asa
from auditor.demo.cisco import Ftd, Ios, IosXr, NxOs
from auditor.demo.server import Emulator, serve
from auditor.demo.terminal import Device, Faults
from auditor.errors import CollectionError
from parsers.contract import Channel, Platform
from parsers.registry import ids, platform
from tests.auditor.collect.bed import QUICK, credentials, fetch

__all__ = ["RUNNING", "SYSTEMS", "Bench", "System", "shell_platforms"]

RUNNING = "show running-config"


@dataclass(frozen=True, kw_only=True)
class System:
    """An emulated operating system: its prompt, how a configuration of it begins and ends, and what it has.

    `stamp` is printed before each output; `pager` turns the pager off, where a session can.
    """

    terminal: type[Asa]
    prompt: str
    head: str
    tail: str
    stamp: str = ""
    pager: str = ""
    enable: bool = False

    def text(self, rules: int = 60, inside: tuple[str, ...] = ()) -> str:
        """Give a configuration that is whole, with further lines in its middle."""
        lines = [
            f"access-list IN extended permit tcp any host 192.0.2.{n % 250} eq {n % 60000 + 1}" for n in range(rules)
        ]
        half = rules // 2
        return "\n".join([self.head, *lines[:half], *inside, *lines[half:], self.tail]) + "\n"


LINA_TAIL = "Cryptochecksum:0123456789abcdef0123456789abcdef\n: end"
SYSTEMS = {
    "cisco_asa": System(
        terminal=Asa, prompt="fw1# ", head=": Saved\n:\nASA Version 9.16(4) \n!\nhostname fw1", tail=LINA_TAIL,
        pager="terminal pager 0", enable=True,
    ),
    "cisco_ftd": System(
        terminal=Ftd, prompt="> ", head=": Saved\n:\nNGFW Version 7.2.0 \n!\nhostname fw1", tail=LINA_TAIL
    ),
    "cisco_ios": System(
        terminal=Ios, prompt="fw1#", tail="end", pager="terminal length 0", enable=True,
        head="Building configuration...\n\nCurrent configuration : 4711 bytes\n!\nversion 17.3\nhostname fw1\n!",
    ),
    "cisco_iosxr": System(
        terminal=IosXr, prompt="RP/0/RP0/CPU0:fw1#", head="!! IOS XR Configuration 7.3.2\nhostname fw1\n!", tail="end",
        pager="terminal length 0", stamp="Mon Nov  2 08:11:02.113 UTC\n",
    ),
    "cisco_nxos": System(
        terminal=NxOs, prompt="fw1# ", head="!Command: show running-config\nversion 9.3(8)\nhostname fw1",
        tail="line vty", pager="terminal length 0",
    ),
}  # fmt: skip


def shell_platforms() -> list[str]:
    """Give the ids of the platforms that are collected in an interactive shell."""
    return [name for name in ids() if (recipe := platform(name).recipe) and recipe.channel is Channel.SHELL]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """One platform under test."""

    name: str
    system: System

    @property
    def platform(self) -> Platform:
        """The platform as users have it."""
        return platform(self.name)

    def fetch(self, device: Device, *, budget: Budget = QUICK, **given: Any) -> tuple[Collected, Emulator]:
        """Collect from the emulated device, and see that only allowed lines reached it and nothing was changed."""
        with serve(self.system.terminal, device) as emulator:
            try:
                own = credentials(device, **given)
                return fetch(emulator, device, platform=self.platform, budget=budget, given=own), emulator
            finally:
                recipe = self.platform.recipe
                assert recipe is not None
                assert emulator.record.changes == []
                assert all(any(re.fullmatch(p, line) for p in recipe.allowed) for line in emulator.record.commands)

    def refuse(self, device: Device, cause: str, *, budget: Budget = QUICK, **given: Any) -> CollectionError:
        """Collect from a device that must be refused with a cause."""
        with pytest.raises(CollectionError, match=cause) as caught:
            self.fetch(device, budget=budget, **given)
        assert caught.value.hint
        return caught.value

    def whole(self, text: str, faults: Faults | None = None, banner: str = "") -> Collected:
        """Collect a text and see that it is the device's own, byte by byte."""
        device = Device(configuration=text, faults=faults or Faults(), banner=banner)
        collected, _ = self.fetch(device)
        assert collected.capture.documents[0].text == self.system.stamp + text
        return collected
