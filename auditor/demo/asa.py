"""The command line of a Cisco ASA, as far as reading its configuration goes (ASA CLI 9.x)."""

from __future__ import annotations

import re
from typing import ClassVar, Final
from zlib import crc32

from auditor.demo.terminal import Terminal

__all__ = ["PRIVILEGED", "Asa"]

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
_FAILOVER = """\
Failover On
Failover unit Primary
Failover LAN Interface: folink GigabitEthernet1/8 (up)
Version: Ours 9.16(4), Mate 9.16(4)
Last Failover at: 03:05:15 UTC Nov 1 2026
        This host: {state}
                Active time: 2619565 (sec)
        Other host: Secondary - Standby Ready
                Active time: 0 (sec)
"""
_UNPRIVILEGED = "user"
PRIVILEGED: Final = "privileged"
_CONFIGURING = "configuring"


def _counted(configuration: str | bytes) -> str:
    """What `show access-list` says of a configuration: each line numbered within its list, with a count of its own.

    The counts are made up, the same for the same words; about every third line was never hit.
    """
    text = configuration if isinstance(configuration, str) else configuration.decode("utf-8", "replace")
    lists: dict[str, list[str]] = {}
    for name, words in re.findall(r"(?m)^access-list (\S+) ((?:extended|standard|remark) .*?) *$", text):
        lists.setdefault(name, []).append(words)
    lines = [
        "access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)",
        "            alert-interval 300",
    ]
    for name, entries in lists.items():
        elements = sum(not words.startswith("remark") for words in entries)
        lines.append(f"access-list {name}; {elements} elements; name hash: 0x{crc32(name.encode()):08x}")
        for number, words in enumerate(entries, start=1):
            line = f"access-list {name} line {number} {words}"
            mark = crc32(words.encode())
            count = mark % 10_000 if mark % 3 else 0
            lines.append(line if words.startswith("remark") else f"{line} (hitcnt={count}) 0x{mark:08x}")
    return "".join(f"{line}\n" for line in lines)


class Asa(Terminal):
    """A session on an ASA: unprivileged, privileged after `enable`, configuring if ever told to (which is recorded).

    What other Cisco systems say differently is in class attributes: `auditor.demo.cisco`.
    """

    more: ClassVar[str] = "<--- More --->"
    erase: ClassVar[str] = "\r              \r"
    greeting: ClassVar[str] = "Type help or '?' for a list of available commands.\n"
    invalid: ClassVar[str] = "ERROR: % Invalid input detected at '^' marker."
    unauthorized: ClassVar[str] = "\nERROR: Command authorization failed"
    try_again: ClassVar[str] = "Invalid password\n"
    no_more_tries: ClassVar[str] = "Access denied."
    paging: ClassVar[str] = r"terminal pager (?:lines )?(\d+)"
    session_only: ClassVar[str] = r"(?!)"
    mode = _UNPRIVILEGED
    _context: str | None = None

    @property
    def context(self) -> str:
        """The context that the session is in; empty in the system space, and on a device without contexts."""
        if self._context is None:
            self._context = self.device.context if self.device.contexts else ""
        return self._context

    def prompt(self) -> str:
        """`fw1> `, `fw1/admin# ` or `fw1(config)# `, each after a carriage return as the device prints it."""
        place = f"/{self.context}" if self.context else ""
        return f"\r{self.device.hostname}{place}{self.suffix()} "

    def running(self) -> str | bytes:
        """The configuration of the system space, or of the context that the session is in."""
        return dict(self.device.contexts)[self.context] if self.context else self.device.configuration

    def suffix(self) -> str:
        """What the prompt ends in, by mode."""
        if self.mode == _UNPRIVILEGED and self.device.privileged:
            self.mode = PRIVILEGED
        return {_UNPRIVILEGED: ">", PRIVILEGED: "#", _CONFIGURING: "(config)#"}[self.mode]

    async def obey(self, line: str) -> bool:
        """Answer the commands that a reader needs; whatever would change the device is recorded as a change."""
        if self.forbids(line):
            self.say(self.unauthorized)
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
        elif re.fullmatch(self.session_only, line):
            pass
        elif pages := re.fullmatch(self.paging, line):
            self.page = int(pages[1])
        elif self.mode == _UNPRIVILEGED and line not in self.open_shows():
            self._unknown(line)
        else:
            await self._carry_out(line)
        return True

    def open_shows(self) -> dict[str, str]:
        """What may be shown in any mode."""
        level, name = (15, "P_PRIV") if self.mode == PRIVILEGED else (1, "P_UNPR")
        curpriv = f"Username : {self.device.user}\nCurrent privilege level : {level}\nCurrent Mode/s : {name}"
        return {"show curpriv": curpriv}

    def shows(self) -> dict[str, str | bytes]:
        """What may be shown in privileged mode."""
        version = _VERSION.format(hostname=self.device.hostname, user=self.device.user)
        state = self.device.failover
        failover = _FAILOVER.format(state=state) if state else "Failover Off\n"
        shown: dict[str, str | bytes] = {"show version": version, "show failover": failover}
        shown["show access-list"] = _counted(self.running())
        return shown | {"show running-config": self.running(), "show run": self.running()}

    async def _carry_out(self, line: str) -> None:
        texts = self.open_shows() | self.shows() | dict(self.device.outputs)
        if line in texts:
            await self.print(texts[line])
        elif line in {"configure terminal", "conf t", "configure"}:
            self.record.changes.append(line)
            self.mode = _CONFIGURING
        elif line.startswith("changeto ") and self.device.contexts and "admin" in {self.device.context, self.context}:
            self._change(line)
        elif re.match(r"write|copy|reload|erase|clear|no ", line):
            self.record.changes.append(line)
        else:
            self._unknown(line)

    def _change(self, line: str) -> None:
        known = {f"changeto context {name}": name for name, _ in self.device.contexts} | {"changeto system": ""}
        if line in known:
            self._context = known[line]
        else:
            self.say(f"ERROR: Context {line.rpartition(' ')[2]} does not exist")

    async def _enable(self) -> None:
        if self.mode != _UNPRIVILEGED:
            return
        # Three tries, as the device gives.
        for _ in range(3):
            self.write("Password: ")
            answer = await self.line(echo=False)
            self.record.secrets_received += 1
            if answer == self.device.enable_secret:
                self.mode = PRIVILEGED
                return
            self.write(self.try_again.replace("\n", self.newline))
        self.say(self.no_more_tries)

    def _leave(self, line: str) -> bool:
        if self.mode == _CONFIGURING:
            self.mode = PRIVILEGED
            return True
        if line == "end":
            self._unknown(line)
            return True
        self.say("\nLogoff\n")
        return False

    def _unknown(self, line: str) -> None:
        caret = len(self.prompt()) - 1 + line.find(" ") + 1
        self.say(" " * caret + "^\n" + self.invalid)
