"""Mail against a real SMTP server: encrypted, logged in, delivered or an error."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from auditor.collect.credentials import SecretText
from auditor.errors import UsageError
from auditor.fleet.mail import Mail, Tls, send
from tests.auditor.fleet.test_webhook import sample
from tests.auditor.fleet.tls import Authority, Pair


class Mailbox:
    """Takes mail, with these answers to RCPT in turn."""

    def __init__(self, *answers: str) -> None:
        """Start empty."""
        self.messages: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self._answers = iter(answers)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - the library's
        """Answer for one recipient."""
        answer = next(self._answers, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's
        """Keep the message."""
        found = message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        self.messages.append(found)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@contextmanager
def server(box: Mailbox, tls: Pair | None = None, *, implicit: bool = False, login: bool = False) -> Iterator[int]:
    """Run an SMTP server on loopback; gives its port."""
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)

    def authenticate(_server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"audit", b"canary-mail")
        return AuthResult(success=right, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            box, hostname="localhost", loop=loop, tls_context=None if implicit else context,
            require_starttls=context is not None and not implicit, auth_require_tls=not implicit,
            authenticator=authenticate if login else None, auth_required=login,
        )  # fmt: skip

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(
        loop.create_server(protocol, "127.0.0.1", 0, ssl=context if implicit else None), loop
    ).result(10)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_closed(listening), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _closed(listening: asyncio.Server) -> None:
    listening.close()
    await listening.wait_closed()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.05)  # the transports close their sockets from the loop


def mail(port: int, tls: Tls, **values: Any) -> Mail:
    """Make a mail's settings."""
    usual: dict[str, Any] = {"to": ("noc@example.net", "sec@example.net"), "sender": "audit@example.net"}
    return Mail(**usual | values, host="localhost" if tls is not Tls.NONE else "127.0.0.1", port=port, tls=tls)


def test_message_arrives() -> None:
    """Subject, text and the JSON as an attachment reach everybody, under a name that stays the same."""
    box, told = Mailbox(), sample()
    with server(box) as port:
        send(mail(port, Tls.NONE), told)
        send(mail(port, Tls.NONE), told)
    message = box.messages[0]
    body = message.get_body(("plain",))
    attached = next(message.iter_attachments())

    assert message["Subject"] == told.subject
    assert (message["From"], message["To"]) == ("audit@example.net", "noc@example.net, sec@example.net")
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == box.messages[1]["Message-ID"] == f"<{told.id}@example.net>"
    assert box.recipients[0] == ["noc@example.net", "sec@example.net"]
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == told.text
    assert attached.get_filename() == "st-audit-notice.json"
    assert json.loads(attached.get_content())["id"] == told.id


# With TLS from the first byte the server's library does not see that there is any.
@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_encrypted_and_logged_in(tls: Tls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over TLS of either kind, with a login, to a server whose certificate is trusted and no other."""
    authority, box = Authority(tmp_path), Mailbox()
    settings = {"user": "audit", "password": SecretText("canary-mail")}
    with server(box, authority.pair("mail"), implicit=tls is Tls.IMPLICIT, login=True) as port:
        with pytest.raises(UsageError, match="CERTIFICATE_VERIFY_FAILED"):
            send(mail(port, tls, **settings), sample(), sleep=lambda _: None)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        send(mail(port, tls, **settings), sample())
        wrong = {"user": "audit", "password": SecretText("canary-wrong")}
        with pytest.raises(UsageError, match="refuses the login of 'audit'") as caught:
            send(mail(port, tls, **wrong), sample(), sleep=lambda _: pytest.fail("a second try locks the account"))

    assert len(box.messages) == 1
    assert "canary" not in str(caught.value)


def test_server_without_tls_gets_nothing() -> None:
    """STARTTLS that is not offered is an error, not a reason to go on in clear."""
    box = Mailbox()
    with server(box) as port, pytest.raises(UsageError, match="STARTTLS"):
        send(mail(port, Tls.STARTTLS), sample(), sleep=lambda _: None)
    assert box.messages == []


def test_what_may_pass_is_tried_again() -> None:
    """A greylisting server gets the message a second time; one that refuses for good does not."""
    waits: list[float] = []
    box = Mailbox("451 later", "451 later")
    with server(box) as port:
        send(mail(port, Tls.NONE), sample(), sleep=waits.append)
    assert (len(box.messages), waits) == (1, [2.0])
    box = Mailbox("550 who?", "550 who?")
    with server(box) as port, pytest.raises(UsageError, match=r"noc@example\.net, sec@example\.net"):
        send(mail(port, Tls.NONE), sample(), sleep=lambda _: pytest.fail("for good"))


def test_one_recipient_is_refused() -> None:
    """Who took it has it once; that somebody did not is an error."""
    box = Mailbox("250 OK", "550 who?")
    with server(box) as port, pytest.raises(UsageError, match=r"for sec@example\.net"):
        send(mail(port, Tls.NONE), sample(), sleep=lambda _: pytest.fail("a second copy for the other"))
    assert box.recipients == [["noc@example.net"]]


def test_nobody_there() -> None:
    """A server that is down is tried three times, then an error."""
    waits: list[float] = []
    with pytest.raises(UsageError, match="refused"):
        send(mail(1, Tls.NONE), sample(), sleep=waits.append)
    assert len(waits) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"to": ("noc",)},
        {"to": ("noc@example.net\nBcc: x@example.net",)},
        {"sender": ""},
        {"host": "mail.example.net", "tls": Tls.NONE},
        {"host": "-oProxy", "tls": Tls.STARTTLS},
        {"tls": Tls.NONE, "password": SecretText("x"), "user": "u"},
    ],
)
def test_settings_that_are_refused(values: dict[str, Any]) -> None:
    """No address, a message in clear over the network, a password in clear: refused before anything is audited."""
    usual: dict[str, Any] = {"to": ("noc@example.net",), "sender": "audit@example.net"}
    with pytest.raises(UsageError):
        Mail(**usual | values)
