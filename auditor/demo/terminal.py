"""A device's command line as SSH shows it: characters in, echo and pages out, with faults on request.

One class per operating system says its prompts and commands; everything else is here.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    import asyncssh

__all__ = ["Device", "Faults", "Record", "Terminal"]

_ENOUGH: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong on purpose; line numbers count the lines of `show running-config` from 1.

    `pause` stops printing after a line for some seconds, `stop` ends the output there and prompts, `abort` drops the
    TCP connection, `close` ends the session in good order. `refused` commands answer as unknown ones, `unauthorized`
    ones as forbidden; `packet` sends the output in pieces of that many bytes.
    """

    pause: tuple[int, float] | None = None
    stop: int | None = None
    abort: int | None = None
    close: int | None = None
    refused: tuple[str, ...] = ()
    unauthorized: tuple[str, ...] = ()
    packet: int | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What an emulated device is: its name, its accounts, its configuration, its faults.

    `contexts` are names and configurations of an ASA's contexts, whose system space `configuration` then is; a session
    begins in `context`, and leaves it only if that is `admin`. `failover` is what `show failover` says of this unit.
    """

    hostname: str = "fw1"
    user: str = "audit"
    password: str = field(default="login-password", repr=False)
    enable_secret: str = field(default="enable-secret", repr=False)
    privileged: bool = False
    configuration: str | bytes = ""
    banner: str = ""
    methods: tuple[str, ...] = ("password",)
    authorized_keys: tuple[str, ...] = ()
    faults: Faults = Faults()
    outputs: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    context: str = "admin"
    failover: str = ""


class Record:
    """What a device was asked and told, in order; secrets are counted, never kept.

    It grows while the device runs: its server writes it, whoever runs the server reads it.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.connections = 0
        self.authentications: list[tuple[str, bool]] = []
        self.commands: list[str] = []
        self.changes: list[str] = []
        self.secrets_received = 0
        self.forwarded: list[tuple[str, int]] = []

    def __repr__(self) -> str:
        return f"Record({vars(self)})"


class Terminal:
    """One session; subclasses give `prompt`, `obey` and the texts."""

    newline: ClassVar[str] = "\r\n"
    more: ClassVar[str] = "--More--"
    erase: ClassVar[str] = "\r        \r"
    greeting: ClassVar[str] = ""
    page: int = 24

    def __init__(self, process: asyncssh.SSHServerProcess[bytes], device: Device, record: Record) -> None:
        """Take the session's process, which reads and writes bytes."""
        self._process = process
        self._typed = ""
        self.device = device
        self.record = record

    def prompt(self) -> str:
        """The prompt of the mode that the session is in."""
        raise NotImplementedError

    async def obey(self, line: str) -> bool:
        """Carry out a command line that is not empty; False ends the session."""
        raise NotImplementedError

    def running(self) -> str | bytes:
        """The running configuration, as the session sees it from where it is."""
        return self.device.configuration

    async def run(self) -> None:
        """Greet, then read and obey until the other side or the device has had enough."""
        self.write(self.device.banner.replace("\n", self.newline) + self.greeting.replace("\n", self.newline))
        while True:
            self.write(self.prompt())
            line = (await self.line()).strip()
            if not line:
                continue
            self.record.commands.append(line)
            if self.device.faults.delay:
                await asyncio.sleep(self.device.faults.delay)
            if not await self.obey(line):
                return

    def write(self, text: str) -> None:
        """Print a text as it is."""
        self._process.stdout.write(text.encode())

    def say(self, text: str) -> None:
        """Print lines, unpaged."""
        self.write(text.replace("\n", self.newline) + self.newline)

    async def line(self, *, echo: bool = True) -> str:
        """Read a line as a terminal does: echoed key by key, erased by backspace."""
        typed = ""
        while True:
            key = await self._key()
            if key in "\r\n":
                if key == "\r" and self._typed.startswith("\n"):
                    self._typed = self._typed[1:]
                self.write(self.newline)
                # Keys are bytes here; what they spell is UTF-8.
                return typed.encode("latin-1").decode("utf-8", errors="replace")
            if key in "\x08\x7f":
                typed = typed[:-1]
            elif key == "\x03":
                self.write("^C" + self.newline)
                return ""
            else:
                typed += key
                if echo:
                    self._process.stdout.write(key.encode("latin-1"))

    async def print(self, text: str | bytes) -> None:
        """Print a command's output page by page; the running configuration with the faults of this device."""
        data = text.encode() if isinstance(text, str) else text
        lines = data.removesuffix(b"\n").split(b"\n")
        faults = self.device.faults if text is self.running() else Faults()
        pending, shown = b"", 0
        for number, line in enumerate(lines, 1):
            pending += line + self.newline.encode()
            shown += 1
            if number in {faults.abort, faults.close} or (faults.pause is not None and number == faults.pause[0]):
                await self._flush(pending)
                pending = b""
                await self._misbehave(number)
            if number == faults.stop:
                break
            if self.page and shown >= self.page - 1 and number < len(lines):
                await self._flush(pending + self.more.encode())
                pending, key = b"", await self._key()
                self.write(self.erase)
                if key in "qQ\x03":
                    return
                shown = self.page - 2 if key in "\r\n" else 0
            elif len(pending) > 32768:
                await self._flush(pending)
                pending = b""
        await self._flush(pending)

    async def _misbehave(self, number: int) -> None:
        faults = self.device.faults
        if number == faults.abort:
            self._process.channel.get_connection().abort()
            raise EOFError
        if number == faults.close:
            raise EOFError
        if faults.pause is not None:
            await asyncio.sleep(faults.pause[1])

    async def _flush(self, data: bytes) -> None:
        size = self.device.faults.packet or len(data) or 1
        for start in range(0, len(data), size):
            self._process.stdout.write(data[start : start + size])
            if self.device.faults.packet:
                # A packet of its own: the reader gets to see the stream cut here.
                await self._process.stdout.drain()
                await asyncio.sleep(0)
        await self._process.stdout.drain()

    async def _key(self) -> str:
        while not self._typed:
            data = await self._process.stdin.read(_ENOUGH)
            if not data:
                raise EOFError
            self._typed += data.decode("latin-1")
        key, self._typed = self._typed[0], self._typed[1:]
        return key

    def refuses(self, line: str) -> bool:
        """Whether this device was told to answer a command as an unknown one."""
        return any(re.fullmatch(pattern, line) for pattern in self.device.faults.refused)

    def forbids(self, line: str) -> bool:
        """Whether this device was told that the account may not give a command."""
        return any(re.fullmatch(pattern, line) for pattern in self.device.faults.unauthorized)
