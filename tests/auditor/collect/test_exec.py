"""Exec channels: whole output, stderr and status apart, or a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncssh
import pytest

from auditor.collect.session import Collected
from auditor.collect.target import Budget
from auditor.demo.server import Emulator, serve
from auditor.demo.terminal import Device, Record
from auditor.errors import BugError, CollectionError, FailureKind
from parsers.contract import Channel, Command, Completeness, Parsed, Platform, Recipe
from parsers.model.capture import Capture
from tests.auditor.collect.bed import IMPATIENT, QUICK, credentials, fetch

DEVICE = Device(hostname="edge1", user="audit")
RULES = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
BIG = "".join(
    f"-A INPUT -s 192.0.2.{n % 250} -m comment --comment 'root@edge1:~# {n}' -j DROP\n" for n in range(20_000)
)


async def _answer(process: asyncssh.SSHServerProcess[bytes], command: str, _record: Record) -> int:
    match command:
        case "iptables-save":
            process.stdout.write(RULES.encode())
            process.stderr.write(b"# Warning: iptables-legacy tables present\n")
            return 0
        case "big":
            process.stderr.write(b"w" * 3_000_000)
            process.stdout.write(BIG.encode())
            process.stderr.write(b"w" * 3_000_000)
            return 0
        case "drip":
            for byte in "漢字é\n".encode():
                process.stdout.write(bytes([byte]))
                await process.stdout.drain()
                await asyncio.sleep(0.01)
            return 0
        case "denied":
            process.stderr.write(b"Operation not permitted (you must be root)\n")
            return 4
        case "binary":
            process.stdout.write(b"one\ntwo \xff\n")
            return 0
        case "killed":
            process.stdout.write(b"half of i")
            return -1
        case "silent":
            process.stdout.write(b"half of i")
            await asyncio.sleep(5)
            return 0
        case _:
            process.stderr.write(f"sh: {command}: not found\n".encode())
            return 127


def _no_parse(_: Capture) -> Parsed:
    raise NotImplementedError


def _platform(*commands: Command, allowed: tuple[str, ...] = (r"[a-z-]+",)) -> Platform:
    return Platform(
        id="linux",
        title="Linux",
        recognises=lambda _: True,
        parse=_no_parse,
        prove=lambda _: Completeness(complete=True),
        recipe=Recipe(channel=Channel.EXEC, commands=commands, allowed=allowed),
    )


def _command(text: str, *, optional: bool = False) -> Command:
    return Command(text=text, name=text, optional=optional)


@contextmanager
def _edge() -> Iterator[Emulator]:
    with serve(_answer, DEVICE) as emulator:
        yield emulator


def _fetch(emulator: Emulator, *commands: Command, budget: Budget = QUICK) -> Collected:
    return fetch(emulator, DEVICE, platform=_platform(*commands), budget=budget)


def test_output_errors_and_status_come_apart() -> None:
    """Each command is a document; what it says on stderr and its status are kept beside its text."""
    with _edge() as emulator:
        collected = _fetch(emulator, _command("iptables-save"), _command("missing", optional=True))

    saved, missing = collected.capture.documents
    assert (saved.text, saved.exit_status) == (RULES, 0)
    assert saved.stderr == "# Warning: iptables-legacy tables present\n"
    assert (missing.text, missing.exit_status) == ("", 127)
    assert collected.commands == ("iptables-save", "missing")
    assert emulator.record.commands == ["iptables-save", "missing"]
    assert emulator.record.connections == 1


def test_megabytes_on_both_streams_come_whole() -> None:
    """A flood on stderr does not block stdout, and prompts in comments mean nothing here."""
    with _edge() as emulator:
        document = _fetch(emulator, _command("big")).capture.documents[0]

    assert document.text == BIG
    assert len(document.stderr) == 6_000_000


def test_characters_cut_across_packets_come_whole() -> None:
    """Bytes are decoded once, at the end."""
    with _edge() as emulator:
        assert _fetch(emulator, _command("drip")).capture.documents[0].text == "漢字é\n"


@pytest.mark.parametrize(
    ("command", "cause"),
    [
        ("denied", "ended with status 4: Operation not permitted"),
        ("missing", "ended with status 127: sh: missing: not found"),
        ("binary", "not utf-8 in line 2"),
        ("killed", "no exit status"),
        ("silent", "fell silent after 9 bytes"),
    ],
)
def test_a_failed_command_is_incomplete_with_its_cause(command: str, cause: str) -> None:
    """A status other than 0, none at all, silence or bytes that are no text end the collection."""
    with _edge() as emulator, pytest.raises(CollectionError, match=cause) as caught:
        _fetch(emulator, _command(command), budget=IMPATIENT)

    assert caught.value.kind is FailureKind.INCOMPLETE
    assert caught.value.hint


@pytest.mark.parametrize("command", ["killed", "silent", "binary"])
def test_optional_excuses_a_status_and_nothing_else(command: str) -> None:
    """An optional command may be missing; cut or garbled output is refused all the same."""
    with _edge() as emulator, pytest.raises(CollectionError):
        _fetch(emulator, _command(command, optional=True), budget=IMPATIENT)


def test_size_and_time_are_limited() -> None:
    """The byte budget and the deadline hold for exec channels too."""
    with _edge() as emulator:
        with pytest.raises(CollectionError, match="more than 100000 bytes"):
            _fetch(emulator, _command("big"), budget=Budget(size=100_000))
        with pytest.raises(CollectionError, match="longer than 1 s"):
            _fetch(emulator, _command("silent"), budget=Budget(total=1))


def test_a_command_outside_the_allowlist_is_not_sent() -> None:
    """The allowlist holds for exec channels, before a connection is opened."""
    platform = _platform(_command("rm -rf /"), allowed=("iptables-save",))
    with _edge() as emulator, pytest.raises(BugError, match="refused to send"):
        fetch(emulator, DEVICE, platform=platform, given=credentials(DEVICE))

    assert emulator.record.connections == 0
