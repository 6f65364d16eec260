r"""Reading a command's whole output from an interactive shell, or refusing it.

A prompt is only text: a remark or a banner may hold it. So the end of an output is proven instead of guessed:

1. After the device's echo of the command, wait until what was received ends in the prompt at a line's start.
2. Send the *sentinel*: a line with a nonce that the device is sure to refuse.
3. The output ended where the prompt is followed by the echo of the sentinel, its refusal and the prompt again.

Nobody who writes into the configuration can know the nonce. A line of it that equals the prompt merely makes step 2
come early; the device reads the sentinel after it has printed everything, and step 3 still finds the true end.
"""

from __future__ import annotations

import codecs
import re
import secrets
from collections.abc import Callable
from typing import Final

from auditor.collect.wire import Wire
from auditor.errors import CollectionError, FailureKind
from parsers.contract import Recipe

__all__ = ["RefusedError", "Shell"]

_CHUNK: Final = 65536
_HEAD_LINES: Final = 5
_SENTINEL_ANSWER: Final = 2048
_PAGER_SIZE: Final = 120
_PROMPT_SIZE: Final = 200


class RefusedError(CollectionError):
    """The device answered a command with one of the platform's refusals."""


class Shell:
    """A prepared interactive session that gives whole outputs only."""

    def __init__(
        self, wire: Wire, recipe: Recipe, *, encoding: str, nonce: Callable[[int], str] = secrets.token_hex
    ) -> None:
        """Take a wire that waits at a prompt; `nonce(6)` gives 12 hexadecimal digits."""
        self._wire = wire
        self._recipe = recipe
        self._encoding = encoding
        self._nonce = nonce
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._refusals = tuple(re.compile(rf"[ \t]*(?:{pattern})") for pattern in recipe.refusals)
        self._prompt_form = re.compile(rf"(?:\A|[\r\n])(?P<prompt>{recipe.prompt}) ?\Z")
        self._pager = re.compile(rf"(?:\A|[\r\n])[ ]*(?:{recipe.pager})") if recipe.pager else None
        self._page = re.compile(rf"(?:\A|[\r\n])[ ]*(?:{recipe.pager})\Z") if recipe.pager_answer else None
        self._turned = re.compile(rf"(?<=[\r\n])[ ]*(?:{recipe.pager})(?:{recipe.pager_erase})")
        self.prompt = ""

    def synchronise(self) -> str:
        """Bring reader and device into step and give the prompt, whatever was printed before."""
        line = self._sentinel()
        self._send_sentinel(line)
        stream = _Stream()
        while True:
            at = stream.find(line)
            if at >= 0:
                answer = stream.after(at + len(line))
                found = self._prompt_form.search(answer)
                if found is not None and self._refused(answer) is not None:
                    self.prompt = found["prompt"]
                    return self.prompt
                if len(answer) > _SENTINEL_ANSWER:
                    raise _incomplete("the device does not answer an unknown command with a refusal and its prompt")
            self._receive(stream, "the prompt")

    def enter(self, line: str) -> None:
        """Send a line that may change the prompt, and learn the new one; raises as `run` does."""
        self._wire.send_line(line)
        sentinel = self._sentinel()
        stream = _Stream()
        sent = False
        while True:
            if not sent and self._prompt_form.search(stream.tail(_PROMPT_SIZE)):
                self._send_sentinel(sentinel)
                sent = True
            elif sent and (at := stream.find(sentinel)) >= 0:
                answer = stream.after(at + len(sentinel))
                found = self._prompt_form.search(answer)
                if found is not None and self._refused(answer) is not None:
                    before = stream.after(0)[:at]
                    self._output(line, before[: max(before.rfind("\n"), before.rfind("\r")) + 1])
                    self.prompt = found["prompt"]
                    return
                if len(answer) > _SENTINEL_ANSWER:
                    raise _incomplete(f"the answer to {line!r} ran on after the device had echoed the sentinel")
            self._receive(stream, f"the answer to {line!r}")

    def tell(self, line: str) -> None:
        """Send a line whose answer does not matter unless it is a refusal; raises as `run` does.

        There is no sentinel here: an answer that is taken for whole too early makes the next echo stand in a wrong
        place, which is refused.
        """
        self._wire.send_line(line)
        at_prompt = re.compile(rf"[\r\n]{re.escape(self.prompt)} ?\Z")
        stream = _Stream()
        while not at_prompt.search(stream.tail(len(self.prompt) + 2)):
            self._receive(stream, f"the answer to {line!r}")
        text = stream.after(0)
        self._output(line, text[: text.rindex(self.prompt)])

    def run(self, command: str) -> str:
        """Give a command's whole output, lines ended by a newline.

        Raises RefusedError if the device did not carry it out, CollectionError (incomplete) if the end is not proven.
        """
        self._wire.send_line(command)
        sentinel = self._sentinel()
        prompt = re.escape(self.prompt)
        at_prompt = re.compile(rf"[\r\n]{prompt} ?\Z")
        proof = re.compile(rf"[\r\n]{prompt} ?{re.escape(sentinel)}(?=\s)")
        stream = _Stream()
        sent = False
        pages = 0
        while True:
            if self._page is not None and not sent and self._page.search(stream.tail(_PAGER_SIZE)):
                self._wire.turn_page(self._recipe.pager, self._recipe.pager_answer)
                pages += 1
            elif not sent and at_prompt.search(stream.tail(len(self.prompt) + 2)):
                self._send_sentinel(sentinel)
                sent = True
            elif sent and (at := stream.find(sentinel)) >= 0:
                start = max(at - len(self.prompt) - 2, 0)
                match = proof.search(stream.after(start))
                answer = stream.after(at + len(sentinel))
                if match is not None and self._refused(answer) is not None and at_prompt.search(answer):
                    text = stream.after(0)[: start + match.start() + 1]
                    return self._output(command, self._whole(text, pages))
                if len(answer) > _SENTINEL_ANSWER:
                    raise _incomplete(f"the output of {command!r} ran on after the device had echoed the sentinel")
            self._receive(stream, f"the output of {command!r}")

    def _whole(self, text: str, pages: int) -> str:
        """Take out the pager's text, as often as we have answered it and no more."""
        if not pages:
            return text
        whole, found = self._turned.subn("", text)
        if found != pages:
            raise _incomplete(f"{pages} pages were asked for, and {found} came")
        return whole

    def _output(self, command: str, text: str) -> str:
        echo, separator, rest = re.sub(r"\r*\n", "\n", text).partition("\n")
        if not separator or echo.strip() != command:
            raise _incomplete(f"the device did not echo {command!r} first: reader and device are out of step")
        output = rest.rstrip("\r")
        if (refusal := self._refused(output)) is not None:
            raise RefusedError(
                f"the device refused {command!r}: {refusal}",
                kind=FailureKind.INCOMPLETE,
                hint=f"give the account the right to run {command!r} (docs/accounts.md), or the enable secret",
            )
        if self._pager is not None and self._pager.search(output) is not None:
            raise _incomplete(f"the output of {command!r} holds the device's pager: it was not printed in one piece")
        return output

    def _refused(self, text: str) -> str | None:
        """Give the refusal among the first lines of an output, if one is there."""
        for line in text.lstrip("\r\n").splitlines()[:_HEAD_LINES]:
            if any(pattern.match(line) for pattern in self._refusals):
                return line.strip()
        return None

    def _send_sentinel(self, sentinel: str) -> None:
        # What is told of it is the same in every run, so that equal collections have equal reports.
        self._wire.send_line(sentinel, shown=self._recipe.sentinel.replace("{nonce}", "<nonce>"))

    def _sentinel(self) -> str:
        return self._recipe.sentinel.replace("{nonce}", self._nonce(6))

    def _receive(self, stream: _Stream, what: str) -> None:
        try:
            data = self._wire.recv(_CHUNK)
        except TimeoutError as exc:
            if self._pager is not None and self._pager.search(stream.tail(_PAGER_SIZE)) is not None:
                message = f"the device holds {what} back with its pager after {stream.lines} lines"
            else:
                message = f"the device fell silent within {what}, after {stream.lines} lines"
            raise _incomplete(message, transient=True) from exc
        if not data:
            raise _incomplete(f"the connection ended within {what}, after {stream.lines} lines", transient=True)
        try:
            stream.add(self._decoder.decode(data))
        except UnicodeDecodeError as exc:
            raise CollectionError(
                f"{what} is not {self._encoding} in or after line {stream.lines + 1}",
                kind=FailureKind.INCOMPLETE,
                hint="if the device writes another encoding, say so: --encoding latin-1",
            ) from exc


class _Stream:
    """What was received so far, in pieces: joined only at the end, searched only where it is new."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._searched = 0
        self.lines = 0

    def add(self, text: str) -> None:
        self._parts.append(text)
        self._size += len(text)
        self.lines += text.count("\n")

    def tail(self, size: int) -> str:
        """Give the last `size` characters, or what there is."""
        result: list[str] = []
        missing = min(size, self._size)
        for part in reversed(self._parts):
            if missing <= 0:
                break
            result.append(part[-missing:])
            missing -= len(part)
        return "".join(reversed(result))

    def after(self, start: int) -> str:
        return self.tail(self._size - start)

    def find(self, needle: str) -> int:
        """Give where `needle` first stands, or -1; every call of one stream looks for the same needle."""
        at = self.after(self._searched).find(needle)
        if at >= 0:
            return self._searched + at
        self._searched = max(self._size - len(needle), 0)
        return -1


def _incomplete(message: str, *, transient: bool = False) -> CollectionError:
    return CollectionError(
        message,
        kind=FailureKind.INCOMPLETE,
        hint="nothing was judged; look at the device, then collect again",
        transient=transient,
    )
