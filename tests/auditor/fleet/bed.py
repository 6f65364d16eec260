"""A fleet on loopback: emulated ASAs over real SSH, and the deployment file that lists them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.demo.asa import Asa
from auditor.demo.server import Emulator, serve
from auditor.demo.terminal import Device, Faults

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "cisco_asa"
CONFIGURATION = (FIXTURES / "http-open-while-off" / "config.txt").read_text("utf-8")
COMPLIANT = (FIXTURES / "compliant" / "config.txt").read_text("utf-8")
PASSWORD, ENABLE = "canary-fleet-4711", "canary-enable-0815"
USER = "audit"
SIDES = "{outside: [internet], dmz: [edge, edge_vip], inside: [server, trusted]}"
DEAD_PORT = 1
"""A port of loopback on which nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Running emulators by name, and the deployment that names them and the firewalls that are down."""

    emulators: Mapping[str, Emulator]
    deployment: Path

    @property
    def names(self) -> list[str]:
        """The names of the firewalls that answer."""
        return sorted(self.emulators)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One device of a fleet: what it runs, and what is wrong with it."""

    name: str
    configuration: str = CONFIGURATION
    password: str = PASSWORD
    faults: Faults = field(default_factory=Faults)
    fingerprint: str | None = None
    down: bool = False


def boxes(count: int) -> list[Box]:
    """Make devices that are all well."""
    return [Box(name=f"fw-{number:03}") for number in range(count)]


@contextmanager
def fleet(devices: Sequence[Box], folder: Path, *, more: str = "") -> Iterator[Site]:
    """Run emulators until the block is left, and write the deployment file; `more` is added to it."""
    running: dict[str, Emulator] = {}
    with ExitStack() as stack:
        for box in devices:
            if not box.down:
                device = Device(
                    hostname="mft-fw1",
                    user=USER,
                    password=box.password,
                    enable_secret=ENABLE,
                    configuration=box.configuration,
                    faults=box.faults,
                )
                running[box.name] = stack.enter_context(serve(Asa, device))
        file = folder / "deployment.yaml"
        file.write_text(deployment(devices, running) + more, "utf-8")
        yield Site(emulators=running, deployment=file)


def deployment(devices: Sequence[Box], running: Mapping[str, Emulator]) -> str:
    """Write the fixture's deployment with these firewalls in place of its own."""
    text = (FIXTURES / "http-open-while-off" / "deployment.yaml").read_text("utf-8")
    head, _, _ = text.partition("firewalls:\n")
    entries = []
    for box in devices:
        emulator = running.get(box.name)
        port = DEAD_PORT if emulator is None else emulator.port
        key = box.fingerprint or ("" if emulator is None else emulator.key.fingerprint)
        pin = f', fingerprint: "{key}"' if key else ""
        entries.append(
            f"  {box.name}:\n    platform: cisco_asa\n    address: 127.0.0.1\n"
            f"    ssh: {{port: {port}{pin}}}\n    sides: {SIDES}\n"
        )
    return head + "firewalls:\n" + "".join(entries)


def environment(home: Path) -> dict[str, str]:
    """Give the environment of a job: its login, and a home of its own."""
    return {
        "ST_AUDIT_USER": USER,
        "ST_AUDIT_PASSWORD": PASSWORD,
        "ST_AUDIT_ENABLE_SECRET": ENABLE,
        "ST_AUDIT_HISTORY": str(home / "history.sqlite"),
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DATA_HOME": str(home / "data"),
    }


def timeless(report: Mapping[str, Any]) -> dict[str, Any]:
    """Give a JSON report without when each firewall was collected."""
    found = copy.deepcopy(dict(report))
    for firewall in found["firewalls"]:
        if firewall["source"] is not None:
            firewall["source"]["collected_at"] = None
    return found


def read(file: Path) -> dict[str, Any]:
    """Read a JSON file."""
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded
