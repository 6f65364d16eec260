"""The repaired transport: an answer that comes at once is heard, a connection that dies is noticed."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import asyncssh
import paramiko
import pytest

from auditor.collect.transport import ClientTransport
from auditor.demo.asa import Asa
from auditor.demo.server import Emulator, serve
from auditor.demo.terminal import Device

DEVICE = Device(methods=("password", "keyboard-interactive"))


class _Dawdling(ClientTransport):
    """Comes back from sending only when the answer is there: the race, always lost."""

    def _send_message(self, data: paramiko.Message) -> None:
        super()._send_message(data)
        if self.initial_kex_done:
            time.sleep(0.2)


@contextmanager
def _connected(kind: type[ClientTransport], emulator: Emulator) -> Iterator[ClientTransport]:
    with closing(socket.create_connection((emulator.host, emulator.port), timeout=10)) as connection:
        transport = kind(connection)
        try:
            transport.start_client(timeout=20)
            transport.auth_timeout = 10
            yield transport
        finally:
            transport.close()


def test_an_answer_that_comes_before_we_wait_is_heard() -> None:
    """Success and refusal are both noticed at once, however late the waiting begins."""
    with serve(Asa, DEVICE) as emulator:
        started = time.monotonic()
        with _connected(_Dawdling, emulator) as transport:
            with pytest.raises(paramiko.AuthenticationException, match="Authentication failed"):
                transport.auth_password(DEVICE.user, "wrong")
            assert transport.auth_password(DEVICE.user, DEVICE.password) == []
            assert transport.is_authenticated()
        assert time.monotonic() - started < 8


def test_a_connection_that_dies_before_the_service_is_granted_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait ends with the connection, not with the program."""

    def hang_up(self: asyncssh.SSHServerConnection, *_: object) -> None:
        self.abort()

    handlers = dict(asyncssh.connection.SSHConnection._packet_handlers)  # noqa: SLF001 - the server's dispatch table
    handlers[asyncssh.constants.MSG_SERVICE_REQUEST] = hang_up
    monkeypatch.setattr(asyncssh.connection.SSHConnection, "_packet_handlers", handlers)
    with serve(Asa, DEVICE) as emulator, _connected(ClientTransport, emulator) as transport:
        started = time.monotonic()
        with pytest.raises((paramiko.SSHException, EOFError)):
            transport.auth_password(DEVICE.user, DEVICE.password)
        assert time.monotonic() - started < 8
