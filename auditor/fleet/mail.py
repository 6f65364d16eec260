"""A notice by mail: one message over SMTP, encrypted unless it stays within this machine."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from enum import StrEnum
from typing import Final

from auditor.collect.credentials import SecretText
from auditor.collect.target import Hop
from auditor.errors import UsageError
from auditor.fleet.notice import Notice

__all__ = ["Mail", "Tls", "send"]

_TIMEOUT: Final = 20.0
_TRIES: Final = 3
_PAUSE: Final = 2.0


class Tls(StrEnum):
    """How the connection is protected: STARTTLS (RFC 3207), TLS from the first byte (RFC 8314), not at all."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """Who is told, by whom, over which server; `user` and `password` log in, and only over TLS."""

    to: tuple[str, ...]
    sender: str
    host: str = "localhost"
    port: int = 25
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: SecretText | None = None

    def __post_init__(self) -> None:
        """Refuse what is no address, and a login in clear. Raises UsageError."""
        Hop(host=self.host, port=self.port)
        for text in (*self.to, self.sender):
            try:
                address = Address(addr_spec=text)
            except (ValueError, MessageError, IndexError) as error:
                raise UsageError(
                    f"{text!r} is no mail address", key="--mail-to", hint="write name@example.net"
                ) from error
            if not address.domain:
                raise UsageError(f"{text!r} is no mail address", key="--mail-to", hint="write name@example.net")
        if self.tls is Tls.NONE and not _local(self.host):
            raise UsageError(
                f"what is told over {self.host} would go over the network in clear",
                key="--smtp-tls",
                hint="use starttls or implicit",
            )
        if self.tls is Tls.NONE and self.password is not None:
            raise UsageError("a password would be sent in clear", key="--smtp-tls", hint="use starttls or implicit")


def send(mail: Mail, notice: Notice, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Deliver a notice to everyone; tries again what may pass. Raises UsageError saying why it was not delivered."""
    message = _message(mail, notice)
    pause, reason = _PAUSE, ""
    for number in range(_TRIES):
        if number:
            sleep(pause)
            pause *= 2
        try:
            with _connected(mail) as server:
                refused = server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            reason = f"it refuses the login of {mail.user!r} ({error.smtp_code})"
            break
        except smtplib.SMTPRecipientsRefused as error:
            reason = f"it takes nothing for {', '.join(sorted(error.recipients))}"
            if any(code >= 500 for code, _ in error.recipients.values()):
                break
        except smtplib.SMTPResponseException as error:
            reason = f"it answers {error.smtp_code}"
            if error.smtp_code >= 500:
                break
        except (smtplib.SMTPException, OSError) as error:
            reason = str(error) or type(error).__name__
            if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
                break
        else:
            if not refused:
                return
            # Some have it: to send it again would be a second copy for them.
            reason = f"it takes nothing for {', '.join(sorted(refused))}"
            break
    raise UsageError(
        f"the mail server {mail.host} did not take the message: {reason}",
        key="--mail-to",
        hint="the same is told again by the next run",
    )


@contextlib.contextmanager
def _connected(mail: Mail) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if mail.tls is Tls.IMPLICIT:
        server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT)
    with server:
        if mail.tls is Tls.STARTTLS:
            server.starttls(context=context)
        if mail.user and mail.password is not None:
            server.login(mail.user, mail.password.reveal())
        yield server


def _message(mail: Mail, notice: Notice) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.to)
    message["Subject"] = notice.subject
    message["Date"] = formatdate(localtime=False)
    # The same notice told again has the same name, so that mail programs show it once.
    message["Message-ID"] = f"<{notice.id}@{mail.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office replies
    message.set_content(notice.text)
    message.add_attachment(
        notice.json.encode(), maintype="application", subtype="json", filename="st-audit-notice.json"
    )
    return message


def _local(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(OSError):
        return socket.inet_pton(socket.AF_INET, host)[0] == 127
    return host == "::1"
