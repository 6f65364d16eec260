"""What the tests of live commands share: an emulated ASA, the deployment that names it, and its reports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from auditor.collect.target import Hop
from auditor.collect.trust import trust
from auditor.demo.run import configuration
from auditor.demo.server import Emulator
from auditor.demo.terminal import Device
from auditor.export.json import schema
from tests.auditor.cli.conftest import Ran

__all__ = ["AS_OF", "DEVICE", "ENABLE", "PASSWORD", "Bed", "document"]

PASSWORD, ENABLE = "canary-login-4711", "canary-enable-0815"
DEVICE = Device(
    hostname="acme-fw1", user="audit", password=PASSWORD, enable_secret=ENABLE, configuration=configuration()
)
AS_OF = ("--as-of", "2026-11-24")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """An emulator, the deployment file that names it, and where its key may be pinned."""

    emulator: Emulator
    deployment: Path
    known_hosts: Path

    def words(self, command: str, *more: str | Path) -> list[str | Path]:
        """Give a command line for the firewall of the deployment."""
        reach = ("--port", str(self.emulator.port), "--known-hosts", self.known_hosts)
        return [command, "perimeter", "--deployment", self.deployment, *reach, *more]

    def pin(self, emulator: Emulator | None = None) -> None:
        """Pin the key of this bed's emulator, or of another one."""
        other = emulator or self.emulator
        trust(Hop(host=other.host, port=other.port), other.key, self.known_hosts)

    def describe(self, *lines: str) -> None:
        """Add lines to what the deployment says of the firewall."""
        text = self.deployment.read_text("utf-8")
        more = "".join(f"    {line}\n" for line in lines)
        self.deployment.write_text(
            text.replace("    platform: cisco_asa\n", f"    platform: cisco_asa\n{more}"), "utf-8"
        )


def document(ran: Ran) -> Any:
    """Read a JSON report, which must obey its schema."""
    found = json.loads(ran.out)
    jsonschema.validate(found, schema(), cls=jsonschema.Draft202012Validator)
    return found
