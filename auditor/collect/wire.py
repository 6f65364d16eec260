"""The channel to a device with a gate in it: nothing that is not allowed leaves, and what leaves is written down.

It stands below netmiko's driver and below our own reader alike, so neither can send a line that the recipe does not
allow, and a secret only as the answer to a password prompt, once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Final, Protocol

from auditor.collect.credentials import SecretText
from auditor.collect.target import Budget, Deadline
from auditor.errors import BugError, CollectionError, FailureKind

__all__ = ["Allowlist", "ByteChannel", "ForbiddenLineError", "Wire"]

_LOG: Final = logging.getLogger(__name__)
_PASSWORD_PROMPT: Final = re.compile(rb"(?i)(?:password|passcode|passphrase|secret)[^\r\n]{0,40}:[ \t]*\Z")
_TAIL: Final = 256
SECRET_LINE: Final = "<secret>"  # noqa: S105 - what the transcript shows in a secret's place


class ForbiddenLineError(BugError):
    """A line outside the recipe's allowlist was about to be sent; it was not."""


class ByteChannel(Protocol):
    """What we use of paramiko's Channel."""

    closed: bool

    @property
    def eof_received(self) -> bool | int:
        """Whether the other side has said that it sends nothing more."""

    def recv(self, nbytes: int, /) -> bytes:
        """Read at most `nbytes`, waiting for one; b"" at the end."""

    def recv_ready(self) -> bool:
        """Whether bytes wait to be read."""

    def sendall(self, s: bytes, /) -> None:
        """Send everything."""

    def settimeout(self, timeout: float | None, /) -> None:
        """Limit the waiting of `recv` and `sendall`, in seconds."""

    def close(self) -> None:
        """Close the channel."""


class Allowlist:
    """The lines that may be sent: regular expressions that match a whole line."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Compile the patterns; the empty line is always allowed, since it does nothing but make a prompt appear."""
        self._patterns = tuple(re.compile(pattern) for pattern in patterns)

    def check(self, line: str) -> None:
        """Raise ForbiddenLineError unless the line may be sent."""
        if not line:
            return
        if not line.isascii() or not line.isprintable() or not any(p.fullmatch(line) for p in self._patterns):
            raise ForbiddenLineError(
                f"refused to send {line!r}: the platform's recipe does not allow it, and st-audit only reads",
                hint="this is a defect in the recipe or in the driver; nothing was sent",
            )


class Wire:
    """A device's channel, as netmiko's driver and our reader see it."""

    def __init__(
        self,
        channel: ByteChannel,
        allowlist: Allowlist,
        budget: Budget,
        deadline: Deadline,
        secret: SecretText | None,
        *,
        sent: list[str] | None = None,
    ) -> None:
        """Take an open channel; `secret` is the enable secret, or None; every line that leaves is added to `sent`."""
        self._channel = channel
        self._allowlist = allowlist
        self._budget = budget
        self._deadline = deadline
        self._secret = secret
        self._secret_sent = False
        self._received = 0
        self._tail = b""
        self._sent: list[str] = sent if sent is not None else []

    @property
    def sent(self) -> tuple[str, ...]:
        """Every line sent so far, empty ones left out, secrets as `<secret>`, nonces as `<nonce>`."""
        return tuple(self._sent)

    @property
    def secret_sent(self) -> bool:
        """Whether the enable secret has been sent."""
        return self._secret_sent

    def arm(self, secret: SecretText) -> None:
        """Take the enable secret after all: it was asked for only when the device turned out to want one."""
        self._secret = secret

    def send_line(self, line: str, *, shown: str | None = None) -> None:
        """Send one line of the recipe; `shown` is what `sent` tells of it, where that is not the line itself."""
        self.sendall(line.encode() + b"\n")
        if shown is not None:
            self._sent[-1] = shown

    def sendall(self, data: bytes) -> None:
        """Send whole lines after checking every one of them; raises ForbiddenLineError before a byte leaves."""
        text = data.decode("utf-8", errors="replace")
        # Drivers strip a line's blanks, those of a secret too.
        if self._secret is not None and text.strip() == self._secret.reveal().strip():
            self._answer_password(self._secret)
            return
        if not text.endswith("\n"):
            raise ForbiddenLineError(
                "refused to send an unfinished line", hint="this is a defect in the driver; nothing was sent"
            )
        lines = re.split(r"\r\n|\r|\n", text)[:-1]
        for line in lines:
            self._allowlist.check(line)
        self._deadline.remaining(1)
        for line in lines:
            if line:
                _LOG.debug("sending %s", line)
        # Before the bytes: of a write that breaks off, some may have left.
        self._sent.extend(line for line in lines if line)
        self._channel.sendall(data)

    def turn_page(self, pager: str, key: str) -> None:
        """Answer the pager (a regular expression) with one key; raises ForbiddenLineError if it is not there."""
        shown = re.search(rf"(?:\A|[\r\n])[ ]*(?:{pager})\Z".encode(), self._tail)
        if shown is None or len(key) != 1 or not key.isascii() or not key.isprintable():
            raise ForbiddenLineError(
                "refused to send a key: no pager waits for it", hint="this is a defect in the recipe; nothing was sent"
            )
        self._deadline.remaining(1)
        self._channel.sendall(key.encode())

    def recv_ready(self) -> bool:
        """Whether reading gives something at once, the end of the stream too; raises CollectionError out of time."""
        self._deadline.remaining(1)
        return self._channel.recv_ready() or self._channel.closed or bool(self._channel.eof_received)

    def recv(self, size: int) -> bytes:
        """Read at most `size` bytes, b"" at the end of the stream.

        Raises CollectionError (incomplete) after the longest silence or when the device sends more than the budget,
        (authentication) when it asks for the enable secret a second time.
        """
        self._channel.settimeout(self._deadline.remaining(self._budget.idle))
        try:
            data = self._channel.recv(size)
        except TimeoutError:
            self._deadline.remaining(1)
            raise
        self._received += len(data)
        if self._received > self._budget.size:
            raise CollectionError(
                f"the device sent more than {self._budget.size} bytes",
                kind=FailureKind.INCOMPLETE,
                hint="no configuration is that long: something on the device does not stop printing",
            )
        self._tail = (self._tail + data)[-_TAIL:]
        if self._secret_sent and self._asks_for_password():
            raise CollectionError(
                "the device refused the enable secret",
                kind=FailureKind.AUTHENTICATION,
                hint="check ST_AUDIT_ENABLE_SECRET, or the secret of this firewall in the credentials file",
            )
        return data

    def close(self) -> None:
        """Close the channel; the session ends with it."""
        self._channel.close()

    def _asks_for_password(self) -> bool:
        return _PASSWORD_PROMPT.search(self._tail) is not None

    def _answer_password(self, secret: SecretText) -> None:
        # Anywhere else the device would echo the secret and take it for a command.
        if self._secret_sent or not self._asks_for_password():
            raise ForbiddenLineError(
                "refused to send the enable secret: the device has not asked for it",
                hint="this is a defect in the driver; nothing was sent",
            )
        self._secret_sent = True
        self._tail = b""
        _LOG.debug("sending the enable secret")
        self._sent.append(SECRET_LINE)
        self._channel.sendall(secret.reveal().encode() + b"\n")
