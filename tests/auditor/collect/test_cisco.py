"""The fault matrix on Cisco's other systems: whole and byte-equal, or refused with the cause, and read-only."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from auditor.demo.asa import Asa
from auditor.demo.cisco import Ftd, Ios, IosXr, NxOs
from auditor.demo.server import serve
from auditor.demo.terminal import Device, Faults
from auditor.errors import FailureKind, NotAssessableError
from parsers.contract import Platform
from tests.auditor.collect.bed import IMPATIENT, QUICK, asa_platform, configuration, fetch

RUNNING = "show running-config"
NONCE = "show [0-9a-f]{12}"


@dataclass(frozen=True, kw_only=True)
class System:
    """An emulated operating system, the recipe for it, and what its prompt looks like."""

    terminal: type[Asa]
    prompt: str
    recipe: dict[str, object]
    before: str = ""

    @property
    def platform(self) -> Platform:
        """A platform with this system's recipe."""
        return asa_platform(**self.recipe)


def _recipe(driver: str, prompt: str, refusals: tuple[str, ...], *lines: str, **more: object) -> dict[str, object]:
    recipe: dict[str, object] = {
        "driver": driver,
        "prompt": prompt,
        "enable": False,
        "preparation": lines,
        "pager": "--More--",
        "allowed": (*lines, RUNNING, NONCE, "show version", "enable"),
        "refusals": refusals,
    }
    return recipe | more


SYSTEMS = {
    "ios": System(
        terminal=Ios,
        prompt="fw1#",
        recipe=_recipe(
            "cisco_ios", r"[\w./-]+[>#]", ("% ", "Command authorization"), "terminal length 0", "terminal width 511",
            enable=True,
        ),
    ),
    "nxos": System(
        terminal=NxOs,
        prompt="fw1# ",
        recipe=_recipe("cisco_nxos", r"[\w./-]+#", ("% ",), "terminal length 0"),
    ),
    "iosxr": System(
        terminal=IosXr,
        prompt="RP/0/RP0/CPU0:fw1#",
        recipe=_recipe("cisco_xr", r"RP/[\w./:-]+#", ("% ",), "terminal length 0"),
        before="Mon Nov  2 08:11:02.113 UTC\n",
    ),
    "ftd": System(
        terminal=Ftd,
        prompt="> ",
        recipe=_recipe(
            "cisco_ftd", ">", ("Syntax error", "You do not have permission"), pager="<--- More --->", privilege=">",
            pager_answer=" ", pager_erase=r"\r {14}\r",
        ),
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(SYSTEMS))
def system(request: pytest.FixtureRequest) -> System:
    """Each system in turn."""
    return SYSTEMS[request.param]


def _text(system: System) -> str:
    prompt = system.prompt
    return configuration(
        150,
        inside=(
            f"banner motd see {prompt}for details",
            prompt,
            f"{prompt}{RUNNING}",
            "description uplink é€漢字 \x1b[K a\rb",
            "access-list IN remark --More-- ",
        ),
    )


def test_a_hostile_text_comes_back_byte_equal_and_the_device_unchanged(system: System) -> None:
    """Prompts, pager texts, escapes and multi-byte characters across packets; nothing but allowed lines is sent."""
    text = _text(system)
    device = Device(configuration=text, banner="# # > $ Password: #\n", faults=Faults(packet=97))
    with serve(system.terminal, device) as emulator:
        collected = fetch(emulator, device, platform=system.platform)

    assert collected.capture.documents[0].text == system.before + text
    assert emulator.record.changes == []
    allowed = system.recipe["allowed"]
    assert isinstance(allowed, tuple)
    assert all(any(re.fullmatch(pattern, line) for pattern in allowed) for line in emulator.record.commands)


@pytest.mark.parametrize(
    ("faults", "cause"),
    [
        (Faults(abort=30), "connection ended within"),
        (Faults(close=3), "connection ended within"),
        (Faults(pause=(30, 3.0)), "fell silent"),
        (Faults(stop=30), "the line `: end` is missing"),
        (Faults(unauthorized=(RUNNING,)), "refused 'show running-config'"),
    ],
)
def test_a_fault_is_incomplete_with_its_cause(system: System, faults: Faults, cause: str) -> None:
    """The same faults as on an ASA, in each system's own words."""
    device = Device(configuration=_text(system), faults=faults)
    with serve(system.terminal, device) as emulator, pytest.raises(NotAssessableError, match=cause) as caught:
        fetch(emulator, device, platform=system.platform, budget=IMPATIENT if faults.pause else QUICK)

    assert caught.value.kind is FailureKind.INCOMPLETE
    assert emulator.record.changes == []


@pytest.mark.parametrize("name", ["ios", "iosxr", "nxos"])
def test_a_pager_that_cannot_be_turned_off_is_named(name: str) -> None:
    """Refused preparation ends the collection before anything is read in pages."""
    device = Device(configuration=_text(SYSTEMS[name]), faults=Faults(refused=("terminal length 0",)))
    with (
        serve(SYSTEMS[name].terminal, device) as emulator,
        pytest.raises(NotAssessableError, match="refused 'terminal length 0'"),
    ):
        fetch(emulator, device, platform=SYSTEMS[name].platform)

    assert RUNNING not in emulator.record.commands
