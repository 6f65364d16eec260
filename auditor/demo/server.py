"""A real SSH server on loopback in front of an emulated device, in a thread of its own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from auditor.collect.known_hosts import HostKey
from auditor.demo.terminal import Device, Record, Terminal
from auditor.errors import UsageError

if TYPE_CHECKING:
    import asyncssh

__all__ = ["Emulator", "Options", "serve"]

_T = TypeVar("_T")
_LOOPBACK: Final = "127.0.0.1"
_PATIENCE: Final = 10.0

Exec = Callable[["asyncssh.SSHServerProcess[bytes]", str, Record], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the server behaves: its host key (`ssh-ed25519` and the like: a fresh one), forwarding, algorithms."""

    key: str = "ssh-ed25519"
    private_key: bytes | None = field(default=None, repr=False)
    forwarding: bool = False
    algorithms: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running server: where it listens, the key that it presents, what it was asked."""

    host: str
    port: int
    key: HostKey
    record: Record


@contextmanager
def serve(terminal: type[Terminal] | Exec, device: Device, *, options: Options | None = None) -> Iterator[Emulator]:
    """Run a device until the block is left.

    `terminal` is a class for interactive sessions, or a function that answers exec requests with an exit status.
    Raises UsageError without the extra `demo`.
    """
    ssh = _asyncssh()
    options = options or Options()
    record = Record()
    connections: list[asyncssh.SSHServerConnection] = []
    private = (
        ssh.import_private_key(options.private_key)
        if options.private_key is not None
        else ssh.generate_private_key(options.key)
    )
    with _loop() as run:

        async def listen() -> asyncssh.SSHAcceptor:
            acceptor: asyncssh.SSHAcceptor = await ssh.listen(
                _LOOPBACK,
                0,
                server_factory=_server_factory(device, record, options, connections),
                process_factory=_process_factory(terminal, device, record),
                server_host_keys=[private],
                authorized_client_keys=_authorized(device),
                line_editor=False,
                encoding=None,
                **dict(options.algorithms),
            )
            return acceptor

        acceptor = run(listen())
        algorithm, blob = private.export_public_key("openssh").decode().split()[:2]
        key = HostKey(algorithm=algorithm, blob=base64.b64decode(blob))
        try:
            yield Emulator(host=_LOOPBACK, port=acceptor.get_port(), key=key, record=record)
        finally:
            run(_stop(acceptor, connections))


def _asyncssh() -> Any:
    try:
        import asyncssh
    except ModuleNotFoundError as exc:
        raise UsageError(
            "the demonstration needs asyncssh, which is not installed", hint="pip install 'st-audit[demo]'"
        ) from exc
    return asyncssh


@contextmanager
def _loop() -> Iterator[Callable[[Coroutine[Any, Any, _T]], _T]]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="emulator", daemon=True)
    thread.start()

    def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(_PATIENCE)

    try:
        yield run
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()


async def _stop(acceptor: asyncssh.SSHAcceptor, connections: list[asyncssh.SSHServerConnection]) -> None:
    acceptor.close()
    await acceptor.wait_closed()
    for connection in connections:
        connection.abort()
    await asyncio.gather(*(connection.wait_closed() for connection in connections), return_exceptions=True)
    # Sessions may still sleep in a fault.
    current = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not current]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    # One more turn for the transports, which close their sockets from the loop.
    await asyncio.sleep(0)


def _authorized(device: Device) -> Any:
    if not device.authorized_keys:
        return None
    return _asyncssh().import_authorized_keys("\n".join(device.authorized_keys))


def _server_factory(
    device: Device, record: Record, options: Options, connections: list[asyncssh.SSHServerConnection]
) -> Callable[[], asyncssh.SSHServer]:
    ssh = _asyncssh()

    class Server(ssh.SSHServer):  # type: ignore[misc, name-defined]  # imported on demand, hence untyped here
        """Who may log in, and how; every attempt is recorded."""

        def connection_made(self, connection: asyncssh.SSHServerConnection) -> None:
            record.connections += 1
            connections.append(connection)

        def begin_auth(self, _username: str) -> bool:
            record.authentications.append(("begin", False))
            return True

        def password_auth_supported(self) -> bool:
            return "password" in device.methods

        def kbdint_auth_supported(self) -> bool:
            return "keyboard-interactive" in device.methods

        def public_key_auth_supported(self) -> bool:
            return "publickey" in device.methods

        def auth_completed(self) -> None:
            record.authentications.append(("completed", True))

        def validate_password(self, username: str, password: str) -> bool:
            return self._judge("password", username, password)

        def get_kbdint_challenge(self, _user: str, _lang: str, _methods: str) -> tuple[Any, ...]:
            return "", "", "", [("Password: ", False)]

        def validate_kbdint_response(self, username: str, responses: list[str]) -> bool:
            return self._judge("keyboard-interactive", username, *responses)

        def connection_requested(self, host: str, port: int, _origin: str, _origin_port: int) -> bool:
            record.forwarded.append((host, port))
            return options.forwarding

        def _judge(self, method: str, username: str, *answers: str) -> bool:
            accepted = username == device.user and answers == (device.password,)
            record.authentications.append((method, accepted))
            return accepted

    return Server


def _process_factory(
    terminal: type[Terminal] | Exec, device: Device, record: Record
) -> Callable[[asyncssh.SSHServerProcess[bytes]], Awaitable[None]]:
    ssh = _asyncssh()

    async def handle(process: asyncssh.SSHServerProcess[bytes]) -> None:
        status = 0
        with contextlib.suppress(EOFError, ConnectionError, ssh.Error, ssh.BreakReceived):
            if isinstance(terminal, type):
                await terminal(process, device, record).run()
            elif process.command is None:
                status = 1
            else:
                record.commands.append(process.command)
                status = await terminal(process, process.command, record)
        with contextlib.suppress(OSError, ssh.Error):
            if status >= 0:
                process.exit(status)
            else:
                process.close()

    return handle
