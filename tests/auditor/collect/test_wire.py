"""The wire: nothing outside the allowlist leaves, the secret only as an answer, nothing without limit arrives."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collect.credentials import SecretText
from auditor.collect.target import Budget, Deadline
from auditor.collect.wire import Allowlist, ForbiddenLineError, Wire
from auditor.errors import CollectionError, FailureKind

SECRET = "enable-secret"
PATTERNS = ("show version", "terminal pager 0", "show [0-9a-f]{12}", "enable")


class _Tape:
    """A channel that plays what a device says and keeps what it is sent."""

    def __init__(self, *says: bytes) -> None:
        self.says = list(says)
        self.heard = b""
        self.closed = False
        self.eof_received = False

    def recv(self, nbytes: int, /) -> bytes:
        if not self.says:
            raise TimeoutError
        return self.says.pop(0)[:nbytes]

    def recv_ready(self) -> bool:
        return bool(self.says)

    def sendall(self, s: bytes, /) -> None:
        self.heard += s

    def settimeout(self, timeout: float | None, /) -> None:
        assert timeout is not None

    def close(self) -> None:
        self.closed = True


def _wire(tape: _Tape, *, secret: str | None = SECRET, size: int = 1000) -> Wire:
    budget = Budget(idle=1, size=size)
    return Wire(tape, Allowlist(PATTERNS), budget, Deadline(10), SecretText(secret) if secret else None)


@pytest.mark.parametrize(
    "data",
    [
        b"configure terminal\n",
        b"show version\nconfigure terminal\n",
        b"show version ; reload\n",
        b"show version\rreload\n",
        b"show version",
        b"\x1a\n",
        b"\x03\n",
        b"show version\x00\n",
        b" show version\n",
        "show versi\u00f6n\n".encode(),
        b"login\n",
        b"write memory\n",
        b"terminal pager 0\n\nreload\r\n",
    ],
)
def test_what_is_not_allowed_never_leaves(data: bytes) -> None:
    """One forbidden line, control character or unfinished line stops the whole write."""
    tape = _Tape()
    with pytest.raises(ForbiddenLineError, match="refused to send"):
        _wire(tape).sendall(data)

    assert tape.heard == b""


@given(st.binary(max_size=60), st.sampled_from([b"", b"\n", b"\r\n"]))
def test_every_line_that_leaves_is_allowed(data: bytes, end: bytes) -> None:
    """Whatever a driver writes, the device sees lines of the allowlist and empty ones only."""
    tape = _Tape()
    try:
        _wire(tape).sendall(data + end)
    except ForbiddenLineError:
        assert tape.heard == b""
    else:
        lines = re.split(rb"\r\n|\r|\n", tape.heard)
        assert all(not line or any(re.fullmatch(p.encode(), line) for p in PATTERNS) for line in lines)


def test_the_transcript_keeps_the_lines_in_order() -> None:
    """Lines as sent, empty ones left out; a nonce is told by its name, or equal collections would differ."""
    tape = _Tape()
    wire = _wire(tape)
    wire.sendall(b"\n")
    wire.sendall(b"show version\nterminal pager 0\n")
    wire.send_line("show 0123456789ab", shown="show <nonce>")

    assert wire.sent == ("show version", "terminal pager 0", "show <nonce>")
    assert tape.heard.endswith(b"show 0123456789ab\n")


@pytest.mark.parametrize("prompt", [b"Password: ", b"enable\r\nPassword:", b"Enter PASSWORD for fw1: "])
def test_the_secret_answers_a_password_prompt_once(prompt: bytes) -> None:
    """It is sent when asked for, shown as `<secret>`, and never a second time."""
    tape = _Tape(prompt)
    wire = _wire(tape)
    wire.recv(100)
    wire.sendall(SECRET.encode() + b"\n")

    assert tape.heard == SECRET.encode() + b"\n"
    assert wire.sent == ("<secret>",)
    with pytest.raises(ForbiddenLineError, match="has not asked"):
        wire.sendall(SECRET.encode() + b"\n")


@pytest.mark.parametrize("said", [b"", b"fw1> ", b"Password: \r\nfw1> ", b"remark the password: is\r\n"])
def test_the_secret_is_not_sent_unasked(said: bytes) -> None:
    """At a prompt the device would echo it and take it for a command."""
    tape = _Tape(said)
    wire = _wire(tape)
    if said:
        wire.recv(100)
    with pytest.raises(ForbiddenLineError, match="has not asked") as caught:
        wire.sendall(SECRET.encode() + b"\n")

    assert tape.heard == b""
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("data", [f"{SECRET}\n", f"{SECRET}\r\n", f" {SECRET} \n", SECRET])
def test_a_secret_in_the_wrong_place_is_not_named(data: str) -> None:
    """However a driver writes it, the error does not repeat it."""
    tape = _Tape()
    with pytest.raises(ForbiddenLineError) as caught:
        _wire(tape).sendall(data.encode())

    assert SECRET not in str(caught.value)
    assert tape.heard == b""


def test_a_second_password_prompt_is_a_refused_secret() -> None:
    """The device asking again means no; nothing more is tried."""
    wire = _wire(_Tape(b"Password: ", b"\r\nInvalid password\r\nPassw", b"ord: "))
    wire.recv(100)
    wire.sendall(SECRET.encode() + b"\n")
    wire.recv(100)
    with pytest.raises(CollectionError, match="refused the enable secret") as caught:
        wire.recv(100)
    assert caught.value.kind is FailureKind.AUTHENTICATION


def test_a_device_that_never_stops_is_stopped() -> None:
    """More bytes than the budget end the collection."""
    wire = _wire(_Tape(b"x" * 600, b"x" * 600))
    wire.recv(1000)
    with pytest.raises(CollectionError, match="more than 1000 bytes") as caught:
        wire.recv(1000)
    assert caught.value.kind is FailureKind.INCOMPLETE


def test_out_of_time_nothing_is_sent_or_awaited() -> None:
    """After the deadline the wire does nothing more."""
    now = 0.0
    tape = _Tape(b"fw1# ")
    wire = Wire(tape, Allowlist(PATTERNS), Budget(), Deadline(5, monotonic=lambda: now), None)
    now = 6.0
    with pytest.raises(CollectionError, match="longer than 5 s"):
        wire.send_line("show version")
    with pytest.raises(CollectionError, match="longer than 5 s"):
        wire.recv(10)
    with pytest.raises(CollectionError, match="longer than 5 s"):
        wire.recv_ready()
    assert tape.heard == b""


@pytest.mark.parametrize(
    ("said", "key", "sent"),
    [
        (b"line\r\n--More-- ", " ", b" "),
        (b"line\r\n", " ", b""),
        (b"remark --More-- ", " ", b""),
        (b"line\r\n--More-- ", "\n", b""),
        (b"line\r\n--More-- ", "reload", b""),
    ],
)
def test_a_page_is_turned_only_where_the_pager_waits(said: bytes, key: str, sent: bytes) -> None:
    """One printable key, and only as the pager's answer."""
    tape = _Tape(said)
    wire = _wire(tape)
    wire.recv(100)
    if sent:
        wire.turn_page("--More-- ", key)
    else:
        with pytest.raises(ForbiddenLineError, match="no pager waits"):
            wire.turn_page("--More-- ", key)
    assert tape.heard == sent
