"""Every platform's own recipe against the emulated device, with the platform's own fixtures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.capture.completeness import demand
from auditor.capture.redaction import redact
from auditor.demo.asa import Asa
from auditor.demo.cisco import Ftd, Ios, IosXr, NxOs
from auditor.demo.server import serve
from auditor.demo.terminal import Device, Faults
from auditor.errors import FailureKind, NotAssessableError
from parsers.contract import Channel
from parsers.model.capture import Capture, Document
from parsers.registry import ids, platform
from tests.auditor.collect.bed import fetch

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures"
DEVICES: dict[str, type[Asa]] = {
    "cisco_asa": Asa,
    "cisco_ftd": Ftd,
    "cisco_ios": Ios,
    "cisco_iosxr": IosXr,
    "cisco_nxos": NxOs,
}


def _interactive(name: str) -> bool:
    recipe = platform(name).recipe
    return recipe is not None and recipe.channel is Channel.SHELL


NAMES = [name for name in ids() if _interactive(name)]


def _largest_fixture(name: str) -> str:
    whole = [
        text
        for text in (path.read_text(encoding="utf-8") for path in sorted((FIXTURES / name).glob("*/config.txt")))
        if name in {"cisco_nxos", "cisco_ftd"} or platform(name).prove(_capture(text)).complete
    ]
    return max(whole, key=len)


def _capture(text: str) -> Capture:
    return Capture(documents=(Document(name="config", text=text),))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_collects_its_device_whole_and_changes_nothing(name: str) -> None:
    """The platform's largest fixture comes back, proven complete by the platform, over lines of the allowlist only."""
    found = platform(name)
    assert found.recipe is not None
    text = _largest_fixture(name)
    device = Device(configuration=text, hostname="fw1")
    with serve(DEVICES[name], device) as emulator:
        collected = fetch(emulator, device, platform=found)

    running = collected.capture.documents[0].text
    stamp = "Mon Nov  2 08:11:02.113 UTC\n" if name == "cisco_iosxr" else ""
    assert running == stamp + redact(found, _capture(text)).documents[0].text
    assert demand(found, collected.capture) is None
    assert emulator.record.changes == []
    assert all(any(re.fullmatch(p, line) for p in found.recipe.allowed) for line in emulator.record.commands)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["stop", "unauthorized"])
def test_a_recipe_refuses_what_is_not_whole(name: str, kind: str) -> None:
    """A device that stops early, or forbids the command in its own words, is incomplete."""
    faults = Faults(stop=12) if kind == "stop" else Faults(unauthorized=("show running-config",))
    device = Device(configuration=_largest_fixture(name), faults=faults)
    with serve(DEVICES[name], device) as emulator, pytest.raises(NotAssessableError) as caught:
        fetch(emulator, device, platform=platform(name))

    assert caught.value.kind is FailureKind.INCOMPLETE
    assert ("refused" in caught.value.message) is (kind == "unauthorized")
