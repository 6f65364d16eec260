"""Firewalls of one path, live: `host A B`, `fleet` and the bundle of a run come to the same report."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from auditor.demo.asa import Asa
from auditor.demo.server import serve
from auditor.demo.terminal import Device
from tests.auditor.cli.conftest import Ran
from tests.auditor.fleet.bed import ENABLE, PASSWORD, USER, environment, timeless

Run = Callable[..., Ran]

HEAD = ": Saved\nASA Version 9.16(4)\nhostname fw\n"
TAIL = f"Cryptochecksum:{'0' * 32}\n: end\n"
MIDDLE = """\
interface GigabitEthernet0/0
 nameif dmz
 security-level 0
 ip address 192.0.2.2 255.255.255.0
interface GigabitEthernet0/1
 nameif core
 security-level 50
 ip address 10.30.0.1 255.255.255.0
access-list CORE_IN extended permit tcp host 10.30.0.11 host 192.0.2.11 eq 20080
access-list CORE_IN extended permit tcp host 10.30.0.11 host 192.0.2.11 eq 20444
access-list CORE_IN extended deny ip any any
access-list DMZ_IN extended deny ip any any
access-group CORE_IN in interface core
access-group DMZ_IN in interface dmz
route dmz 0.0.0.0 0.0.0.0 192.0.2.254 1
route core 10.0.0.0 255.0.0.0 10.30.0.254 1
"""
INNER = """\
interface GigabitEthernet0/0
 nameif core
 security-level 50
 ip address 10.30.0.2 255.255.255.0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
 ip address 10.20.0.1 255.255.255.0
object network SERVER
 host 10.20.0.11
access-list INSIDE_IN extended permit tcp host 10.20.0.11 host 192.0.2.11 eq 20080
access-list INSIDE_IN extended permit tcp host 10.20.0.11 host 192.0.2.11 eq 20444
access-list INSIDE_IN extended deny ip any any
access-group INSIDE_IN in interface inside
route core 0.0.0.0 0.0.0.0 10.30.0.1 1
object network SERVER
 nat (inside,core) static 10.30.0.11
"""
SITE = """\
version: 1
name: two
groups:
  edge: [192.0.2.11]
  server: [10.20.0.11]
  trusted: [10.20.0.0/24]
internal: [10.0.0.0/8]
topology: {edge: single, streaming: true}
services: {https: true, internal_users: {access: none}}
paths: [[middle, inner]]
firewalls:
"""
ENTRY = "  {name}: {{platform: cisco_asa, address: 127.0.0.1, ssh: {{port: {port}, fingerprint: '{key}'}}, {sides}}}\n"
SIDES = {
    "middle": "sides: {dmz: [edge], core: [server, trusted]}",
    "inner": "sides: {core: [edge], inside: [server, trusted]}",
}


def test_translated_addresses_are_asked_however_it_is_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The hop behind a translation is asked in the addresses that it sees, by `host`, by `fleet` and from a bundle."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    site, text = tmp_path / "deployment.yaml", SITE
    with ExitStack() as stack:
        for name, configuration in (("middle", MIDDLE), ("inner", INNER)):
            device = Device(
                hostname="fw", user=USER, password=PASSWORD, enable_secret=ENABLE,
                configuration=HEAD + configuration + TAIL,
            )  # fmt: skip
            emulator = stack.enter_context(serve(Asa, device))
            text += ENTRY.format(name=name, port=emulator.port, key=emulator.key.fingerprint, sides=SIDES[name])
        site.write_text(text, "utf-8")
        common = ("--deployment", site, "-f", "json", "--as-of", "2026-11-24")
        fleet = run("fleet", *common, "--no-record")
        bundle = tmp_path / "run.bundle"
        host = run("host", "inner", "middle", *common, "-j", "2", "-o", f"bundle={bundle}")
        alone = run("host", "middle", *common)
    found = timeless(json.loads(fleet.out))
    rows = {row["id"]: row["verdict"] for row in found["rows"]}
    (lone,) = json.loads(alone.out)["firewalls"]

    assert (rows["23"], rows["27"]) == ("open", "open"), fleet.err
    assert found["firewalls"] == timeless(json.loads(host.out))["firewalls"]
    assert run("verify", bundle).code == 0
    # Without the hop before, nobody knows what it sends.
    assert {row["id"]: row["verdict"] for row in lone["rows"]}["23"] == "missing"
