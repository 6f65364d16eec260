"""The command lines of Cisco IOS, NX-OS, IOS-XR and FTD, as far as reading their configuration goes.

Their differences from an ASA are what a collector trips over: prompts, pagers and how they are erased, refusals, time
stamps before an output, a device without privileged mode.
"""

from __future__ import annotations

from typing import ClassVar

from auditor.demo.asa import PRIVILEGED, Asa

__all__ = ["Ftd", "Ios", "IosXr", "NxOs"]


class Ios(Asa):
    """IOS and IOS-XE: `R1>` and `R1#`, no blank after the prompt."""

    more: ClassVar[str] = " --More-- "
    erase: ClassVar[str] = "\b" * 9 + " " * 9 + "\b" * 9
    greeting: ClassVar[str] = "\n"
    invalid: ClassVar[str] = "% Invalid input detected at '^' marker.\n"
    unauthorized: ClassVar[str] = "Command authorization failed.\n"
    try_again: ClassVar[str] = ""
    no_more_tries: ClassVar[str] = "% Bad secrets\n"
    paging: ClassVar[str] = r"terminal length (\d+)"
    session_only: ClassVar[str] = r"terminal width \d+"
    version: ClassVar[str] = "Cisco IOS XE Software, Version 17.03.04a"

    def prompt(self) -> str:
        """The host's name and the mode."""
        return f"{self.device.hostname}{self.suffix()}"

    def open_shows(self) -> dict[str, str]:
        """What may be shown in any mode."""
        level = 1 if self.suffix() == ">" else 15
        return {"show privilege": f"Current privilege level is {level}"}

    def shows(self) -> dict[str, str | bytes]:
        """What may be shown in privileged mode."""
        version = f"{self.version}\n\n{self.device.hostname} uptime is 6 weeks, 1 day\n"
        return super().shows() | {"show version": version}


class NxOs(Ios):
    """NX-OS: privileged from the login on."""

    more: ClassVar[str] = "--More--"
    erase: ClassVar[str] = "\r\x1b[K"
    greeting: ClassVar[str] = "Cisco Nexus Operating System (NX-OS) Software\n"
    invalid: ClassVar[str] = "% Invalid command at '^' marker."
    unauthorized: ClassVar[str] = "% Permission denied for the role"
    version: ClassVar[str] = "Software\n  NXOS: version 9.3(8)"
    mode = PRIVILEGED

    def shows(self) -> dict[str, str | bytes]:
        """The running configuration has no end mark, but its lines can be counted and its last one shown."""
        running = self.device.configuration
        lines = (running if isinstance(running, str) else running.decode("latin-1")).removesuffix("\n").split("\n")
        return super().shows() | {
            "show running-config | count": str(len(lines)),
            "show running-config | last 1": lines[-1],
        }

    def prompt(self) -> str:
        """The host's name and the mode, with a blank."""
        return f"{self.device.hostname}{self.suffix()} "


class IosXr(NxOs):
    """IOS-XR: the route processor in the prompt, the time before each output."""

    more: ClassVar[str] = " --More-- "
    erase: ClassVar[str] = "\b" * 9 + " " * 9 + "\b" * 9
    greeting: ClassVar[str] = "\n\n"
    invalid: ClassVar[str] = "% Invalid input detected at '^' marker."
    unauthorized: ClassVar[str] = "% This command is not authorized"
    version: ClassVar[str] = "Cisco IOS XR Software, Version 7.3.2"

    def open_shows(self) -> dict[str, str]:
        """What the account may do; this one may read everything and nothing else."""
        tasks = ("aaa", "acl", "bgp", "bundle", "interface", "ipv4", "ipv6", "isis", "ospf", "static", "vlan")
        return {"show user tasks": "\n".join(f"Task: {task:>20}  : READ" for task in tasks)}

    def prompt(self) -> str:
        """The route processor, the host's name and the mode."""
        return f"RP/0/RP0/CPU0:{self.device.hostname}{self.suffix()}"

    async def print(self, text: str | bytes) -> None:
        """Print the time of day, then the output."""
        self.say("Mon Nov  2 08:11:02.113 UTC")
        await super().print(text)


class Ftd(Asa):
    """FTD's own command line: a bare `> `, no privileged mode."""

    greeting: ClassVar[str] = "Copyright 2004-2026, Cisco and/or its affiliates. All rights reserved.\n\n"
    invalid: ClassVar[str] = "Syntax error: Illegal parameter"
    unauthorized: ClassVar[str] = "You do not have permission to run this command"
    mode = PRIVILEGED

    def prompt(self) -> str:
        """No name at all."""
        return "> "
