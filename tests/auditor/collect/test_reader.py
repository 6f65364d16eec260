"""The reader: whole outputs or a refusal, however the stream is cut and whatever a configuration holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collect.reader import RefusedError, Shell
from auditor.collect.target import Budget, Deadline
from auditor.collect.wire import Allowlist, Wire
from auditor.errors import CollectionError, FailureKind
from tests.auditor.collect.bed import ASA_ALLOWED, asa_platform

COMMAND = "show running-config"
PROMPT = "fw1# "
UNKNOWN = "\r\n      ^\r\nERROR: % Invalid input detected at '^' marker.\r\n\r"


class _Asa:
    """A device in memory that answers at once and is read in pieces of given sizes."""

    def __init__(self, output: bytes, sizes: list[int] | None = None, *, late: bytes = b"") -> None:
        self._output = output
        self._late = late
        self._sizes = sizes or [65536]
        self._waiting = b"\r" + PROMPT.encode()
        self._reads = 0
        self.closed = False
        self.eof_received = False

    def recv(self, nbytes: int, /) -> bytes:
        size = min(self._sizes[self._reads % len(self._sizes)], nbytes)
        self._reads += 1
        if not self._waiting:
            raise TimeoutError
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data

    def recv_ready(self) -> bool:
        return bool(self._waiting)

    def sendall(self, s: bytes, /) -> None:
        line = s.decode().rstrip("\n")
        answer = b"\r\n" + self._output if line == COMMAND else UNKNOWN.encode()
        # The device reads its input after it has printed everything, so an early line is answered late.
        self._waiting += line.encode() + answer + (b"\r" + PROMPT.encode() if line == COMMAND else PROMPT.encode())
        if line != COMMAND and self._late:
            self._waiting += self._late

    def settimeout(self, timeout: float | None, /) -> None:
        assert timeout is not None

    def close(self) -> None:
        self.closed = True


def _shell(device: _Asa, encoding: str = "utf-8") -> Shell:
    recipe = asa_platform().recipe
    assert recipe is not None
    wire = Wire(device, Allowlist(ASA_ALLOWED), Budget(idle=1), Deadline(10), None)
    shell = Shell(wire, recipe, encoding=encoding)
    assert shell.synchronise() == "fw1#"
    return shell


_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "fw1#",
                "fw1# ",
                "fw1# show running-config",
                "remark see fw1# for details",
                "description fw1#gi0/1",
                "ERROR in a remark",
                "access-list IN remark <--- More ---> ",
                "banner \u001b[2J\u001b[K",
                "remark über é€漢字 😀",
                "remark a\rb",
                "",
                ": end",
            ]
        ),
        st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=20),
    ),
    max_size=12,
)


@given(_LINES, st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_an_output_comes_back_byte_equal_however_it_is_cut(lines: list[str], sizes: list[int]) -> None:
    """Prompts, escapes and multi-byte characters in the text, and packets of any size, change nothing."""
    # Five plain lines stand first, where a refusal would be looked for.
    text = "".join(f"{line}\n" for line in [*["!"] * 5, *lines])
    shell = _shell(_Asa(text.replace("\n", "\r\n").encode(), sizes))

    assert shell.run(COMMAND) == text


@given(_LINES, st.integers(1, 40), st.data())
def test_a_text_cut_anywhere_is_never_taken_for_whole(lines: list[str], size: int, data: st.DataObject) -> None:
    """A device that falls silent before its prompt gives an error, not a part."""
    text = "".join(f"{line}\r\n" for line in [*["!"] * 5, *lines]).encode()
    cut = text[: data.draw(st.integers(0, len(text) - 1))]

    class _Silent(_Asa):
        def sendall(self, s: bytes, /) -> None:
            if s.decode().rstrip("\n") == COMMAND:
                self._waiting += COMMAND.encode() + b"\r\n" + cut
            elif not re.search(rb"[\r\n]fw1# ?\Z", COMMAND.encode() + b"\r\n" + cut):
                super().sendall(s)

    with pytest.raises(CollectionError) as caught:
        _shell(_Silent(b"", [size])).run(COMMAND)
    assert caught.value.kind is FailureKind.INCOMPLETE


def test_output_that_runs_on_after_the_sentinel_is_refused() -> None:
    """If more comes where the refusal should stand, nothing is returned."""
    device = _Asa(b"ASA Version 9.16\r\n")
    shell = _shell(device)
    device._late = b"access-list IN permit ip any any\r\n" * 100  # noqa: SLF001 - the test's own device

    def answer(s: bytes) -> None:
        line = s.decode().rstrip("\n")
        echo = line.encode() + b"\r\n"
        device._waiting += echo + (b"!\r\n\rfw1# " if line == COMMAND else device._late)  # noqa: SLF001 - as above

    device.sendall = answer  # type: ignore[method-assign]  # a device that misbehaves
    with pytest.raises(CollectionError, match="ran on after"):
        shell.run(COMMAND)


def test_a_refusal_is_told_from_an_output() -> None:
    """A refused command raises with the device's words."""
    shell = _shell(_Asa(b"\r\nERROR: Command authorization failed\r\n"))
    with pytest.raises(RefusedError, match="Command authorization failed"):
        shell.run(COMMAND)


@pytest.mark.parametrize("residue", [b"<--- More --->\r              \r", b"  <--- More --->"])
def test_pager_residue_is_refused(residue: bytes) -> None:
    """An output in which the pager stood was not printed in one piece."""
    shell = _shell(_Asa(b"line 1\r\n" + residue + b"line 2\r\n"))
    with pytest.raises(CollectionError, match="pager"):
        shell.run(COMMAND)


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    """Nothing is dropped or guessed: the line is named, and the way out."""
    output = b"hostname fw1\r\naccess-list IN remark \xfcber\r\n"
    with pytest.raises(CollectionError, match="not utf-8 in or after line") as caught:
        _shell(_Asa(output)).run(COMMAND)

    assert "latin-1" in caught.value.hint
    assert _shell(_Asa(output), "latin-1").run(COMMAND) == "hostname fw1\naccess-list IN remark über\n"


def test_a_device_that_does_not_echo_is_out_of_step() -> None:
    """Without the command's echo nobody knows what the output belongs to."""
    device = _Asa(b"ASA Version 9.16\r\n")
    shell = _shell(device)
    device._waiting = b"%ASA-5-111008: a log line\r\n"  # noqa: SLF001 - the test's own device
    with pytest.raises(CollectionError, match="out of step"):
        shell.run(COMMAND)
