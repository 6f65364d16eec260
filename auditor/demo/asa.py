"""The command line of a Cisco ASA, as far as reading its configuration goes (ASA CLI 9.x)."""

from __future__ import annotations

import re
from typing import ClassVar

from auditor.demo.terminal import Terminal

__all__ = ["Asa"]

_VERSION = """
Cisco Adaptive Security Appliance Software Version 9.16(4)
Device Manager Version 7.16(1)

Compiled on Tue 26-Jul-22 20:58 GMT by builders
System image file is "disk0:/asa9-16-4-lfbff-k8.SPA"
Config file at boot was "startup-config"

{hostname} up 41 days 3 hours

Hardware:   ASA5516, 8192 MB RAM, CPU Atom C2000 series 2416 MHz, 1 CPU (8 cores)

Serial Number: JAD00000000
Configuration last modified by {user} at 08:11:02.113 UTC Mon Nov 2 2026
"""
_UNPRIVILEGED = "user"
_PRIVILEGED = "privileged"
_CONFIGURING = "configuring"


class Asa(Terminal):
    """A session on an ASA: unprivileged, privileged after `enable`, configuring if ever told to (which is recorded)."""

    more: ClassVar[str] = "<--- More --->"
    erase: ClassVar[str] = "\r              \r"
    greeting: ClassVar[str] = "Type help or '?' for a list of available commands.\n"
    mode = _UNPRIVILEGED

    def prompt(self) -> str:
        """`fw1> `, `fw1# ` or `fw1(config)# `, each after a carriage return as the device prints it."""
        if self.mode == _UNPRIVILEGED and self.device.privileged:
            self.mode = _PRIVILEGED
        suffix = {_UNPRIVILEGED: ">", _PRIVILEGED: "#", _CONFIGURING: "(config)#"}[self.mode]
        return f"\r{self.device.hostname}{suffix} "

    async def obey(self, line: str) -> bool:
        """Answer the commands that a reader needs; whatever would change the device is recorded as a change."""
        if self.forbids(line):
            self.say("\nERROR: Command authorization failed")
        elif self.refuses(line):
            self._unknown(line)
        elif line in {"exit", "quit", "logout", "end"}:
            return self._leave(line)
        elif self.mode == _CONFIGURING:
            self.record.changes.append(line)
        elif line in {"enable", "en"}:
            await self._enable()
        elif line == "login":
            self.record.changes.append(line)
            self._unknown(line)
        else:
            await self._show(line)
        return True

    async def _show(self, line: str) -> None:
        device = self.device
        if line == "show curpriv":
            level, name = (15, "P_PRIV") if self.mode == _PRIVILEGED else (1, "P_UNPR")
            self.say(f"Username : {device.user}\nCurrent privilege level : {level}\nCurrent Mode/s : {name}")
        elif self.mode == _UNPRIVILEGED:
            self._unknown(line)
        elif pages := re.fullmatch(r"terminal pager (?:lines )?(\d+)", line):
            self.page = int(pages[1])
        elif line in {"configure terminal", "conf t"}:
            self.record.changes.append(line)
            self.mode = _CONFIGURING
        elif line == "show version":
            await self.print(_VERSION.format(hostname=device.hostname, user=device.user))
        elif line in {"show running-config", "show run"}:
            await self.print(device.configuration)
        elif (text := dict(device.outputs).get(line)) is not None:
            await self.print(text)
        elif re.match(r"write|copy|reload|erase|clear|no ", line):
            self.record.changes.append(line)
        else:
            self._unknown(line)

    async def _enable(self) -> None:
        if self.mode != _UNPRIVILEGED:
            return
        # Three tries, as the device gives.
        for _ in range(3):
            self.write("Password: ")
            answer = await self.line(echo=False)
            self.record.secrets_received += 1
            if answer == self.device.enable_secret:
                self.mode = _PRIVILEGED
                return
            self.say("Invalid password")
        self.say("Access denied.")

    def _leave(self, line: str) -> bool:
        if self.mode == _CONFIGURING:
            self.mode = _PRIVILEGED
            return True
        if line == "end":
            self._unknown(line)
            return True
        self.say("\nLogoff\n")
        return False

    def _unknown(self, line: str) -> None:
        caret = len(self.prompt()) - 1 + line.find(" ") + 1
        self.say(" " * caret + "^\nERROR: % Invalid input detected at '^' marker.")
