"""The emulated ASA against another client: echo, pager, enable, modes, and what it records."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import paramiko
import pytest

from auditor.demo.asa import Asa
from auditor.demo.server import Emulator, serve
from auditor.demo.terminal import Device

LINES = "".join(f"line {number}\n" for number in range(1, 61))
DEVICE = Device(configuration=LINES, password="login-4711", enable_secret="enable-4711")


@contextmanager
def _session(device: Device = DEVICE) -> Iterator[tuple[paramiko.Channel, Emulator]]:
    with serve(Asa, device) as emulator:
        transport = paramiko.Transport((emulator.host, emulator.port))
        try:
            transport.start_client(timeout=10)
            transport.auth_password(device.user, device.password)
            channel = transport.open_session()
            channel.settimeout(10)
            channel.get_pty()
            channel.invoke_shell()
            yield channel, emulator
        finally:
            transport.close()


def _until(channel: paramiko.Channel, pattern: str) -> str:
    text = ""
    end = time.monotonic() + 10
    while re.search(pattern, text) is None:
        assert time.monotonic() < end, text
        text += channel.recv(4096).decode()
    return text


def _enable(channel: paramiko.Channel) -> None:
    _until(channel, r"fw1> \Z")
    channel.sendall(b"enable\n")
    _until(channel, r"Password: \Z")
    channel.sendall(f"{DEVICE.enable_secret}\n".encode())
    assert DEVICE.enable_secret not in _until(channel, r"fw1# \Z")


def test_keys_are_echoed_and_backspace_erases() -> None:
    """The terminal echoes key by key and carries out the line that remains."""
    with _session() as (channel, emulator):
        _until(channel, r"fw1> \Z")
        channel.sendall(b"show curprix\x7fv\r\n")

        text = _until(channel, r"fw1> \Z")
        assert text.startswith("show curprixv\r\n")
        assert "Current privilege level : 1\r\n" in text
    assert emulator.record.commands == ["show curpriv"]


def test_the_pager_stops_after_a_page_and_knows_its_keys() -> None:
    """Space gives a page, enter a line, q ends the output."""
    with _session() as (channel, _):
        _enable(channel)
        channel.sendall(b"show running-config\n")
        first = _until(channel, r"<--- More --->\Z")
        channel.sendall(b"\n")
        second = _until(channel, r"<--- More --->\Z")
        channel.sendall(b" ")
        third = _until(channel, r"<--- More --->\Z")
        channel.sendall(b"q")
        _until(channel, r"fw1# \Z")

    assert first.count("\r\nline") == 23
    assert second == "\r              \rline 24\r\n<--- More --->"
    assert third.count("\r\nline") + third.count("\rline") == 23


def test_without_a_pager_everything_is_printed() -> None:
    """`terminal pager 0` turns it off for the session."""
    with _session() as (channel, _):
        _enable(channel)
        channel.sendall(b"terminal pager 0\n")
        _until(channel, r"fw1# \Z")
        channel.sendall(b"show running-config\n")

        assert _until(channel, r"fw1# \Z") == "show running-config\r\n" + LINES.replace("\n", "\r\n") + "\rfw1# "


def test_enable_gives_three_tries() -> None:
    """After three wrong secrets the device stays unprivileged; none of them is kept."""
    with _session() as (channel, emulator):
        _until(channel, r"fw1> \Z")
        channel.sendall(b"enable\n")
        for _ in range(3):
            _until(channel, r"Password: \Z")
            channel.sendall(b"wrong-4711\n")

        assert "Access denied." in _until(channel, r"fw1> \Z")
    assert emulator.record.secrets_received == 3
    assert "4711" not in repr(emulator.record)


@pytest.mark.parametrize("command", ["write memory", "no access-list IN", "clear xlate", "reload", "copy a b"])
def test_what_would_change_the_device_is_recorded(command: str) -> None:
    """A collector that writes is caught."""
    with _session() as (channel, emulator):
        _enable(channel)
        channel.sendall(f"{command}\n".encode())
        _until(channel, r"fw1# \Z")
    assert emulator.record.changes == [command]


def test_configuration_mode_is_entered_recorded_and_left() -> None:
    """What netmiko does by default (`configure terminal`, `terminal width 511`, `end`) leaves its traces."""
    with _session() as (channel, emulator):
        _enable(channel)
        channel.sendall(b"configure terminal\n")
        _until(channel, r"fw1\(config\)# \Z")
        channel.sendall(b"terminal width 511\n")
        _until(channel, r"fw1\(config\)# \Z")
        channel.sendall(b"end\n")
        _until(channel, r"fw1# \Z")
    assert emulator.record.changes == ["configure terminal", "terminal width 511"]


def test_an_unknown_command_is_answered_as_the_device_does() -> None:
    """A caret under the word, then the error."""
    with _session() as (channel, _):
        _enable(channel)
        channel.sendall(b"show 0123456789ab\n")
        lines = _until(channel, r"fw1# \Z").split("\r\n")

    assert re.fullmatch(r" +\^", lines[1])
    assert lines[2] == "ERROR: % Invalid input detected at '^' marker."
