"""The webhook against a real HTTP server: one signed POST, tried again where that may help, never redirected."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from auditor.collect.credentials import SecretText
from auditor.errors import UsageError
from auditor.fleet.news import news
from auditor.fleet.notice import Notice, notice
from auditor.fleet.webhook import Webhook, post
from auditor.report.status import FailOn
from tests.auditor.fleet.samples import extra, good, report
from tests.auditor.fleet.tls import Authority, Pair


def sample() -> Notice:
    """Make a message."""
    found = report(good("a", extra()))
    return notice(found, news(None, found), summary="one firewall", exit_code=1, fail_on=FailOn.LOW)


@dataclass(slots=True)
class Receiver:
    """A server, and what it was sent."""

    url: str
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def receiver(*statuses: int, tls: Pair | None = None) -> Iterator[Receiver]:
    """Run a server that answers with these statuses in turn, and then with the last."""
    found = Receiver(url="")
    answers = iter(statuses[:-1])

    class Handler(BaseHTTPRequestHandler):
        """Takes what is posted."""

        def do_POST(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(next(answers, statuses[-1]))
            self.send_header("Location", f"{found.url}elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.certificate, tls.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        found.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/canary-path/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


Receiving = Callable[..., AbstractContextManager[Receiver]]


def test_message_arrives_signed() -> None:
    """The body is the notice's JSON, signed with the shared secret, and named so that a repetition is seen."""
    told = sample()
    with receiver(204) as server:
        post(Webhook(url=SecretText(server.url), secret=SecretText("shared")), told)
    headers = server.headers[0]

    assert json.loads(server.bodies[0])["summary"] == "one firewall"
    expected = hmac.new(b"shared", server.bodies[0], hashlib.sha256).hexdigest()
    assert headers["x-st-audit-signature"] == f"sha256={expected}"
    assert headers["idempotency-key"] == told.id == json.loads(server.bodies[0])["id"]
    assert headers["content-type"] == "application/json"


def test_what_may_pass_is_tried_again() -> None:
    """A server that is busy twice gets the same message a third time."""
    waits: list[float] = []
    with receiver(503, 429, 200) as server:
        post(Webhook(url=SecretText(server.url)), sample(), sleep=waits.append)

    assert len(server.bodies) == 3
    assert len(set(server.bodies)) == 1
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (403, 1), (302, 1), (307, 1), (500, 3)])
def test_what_is_refused(status: int, tries: int) -> None:
    """A refusal is an error that names the host and never the rest of the URL; no redirect is followed."""
    with (
        receiver(status) as server,
        pytest.raises(UsageError, match=rf"127\.0\.0\.1 took no notice: it answers {status}") as caught,
    ):
        post(Webhook(url=SecretText(server.url)), sample(), sleep=lambda _: None)

    assert len(server.bodies) == tries
    assert "canary-path" not in str(caught.value)


def test_nobody_there() -> None:
    """A server that is down is tried three times, then an error."""
    waits: list[float] = []
    with pytest.raises(UsageError, match="refused"):
        post(Webhook(url=SecretText("http://127.0.0.1:1/x")), sample(), sleep=waits.append)
    assert len(waits) == 2


def test_https_demands_a_certificate_that_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown authority gets nothing; one that the system trusts gets the message."""
    authority = Authority(tmp_path)
    with receiver(200, tls=authority.pair("receiver")) as server:
        with pytest.raises(UsageError, match="CERTIFICATE_VERIFY_FAILED"):
            post(Webhook(url=SecretText(server.url)), sample(), sleep=lambda _: None)
        assert server.bodies == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        post(Webhook(url=SecretText(server.url)), sample())
        assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "url", ["http://hooks.example.net/x", "ftp://example.net/", "file:///etc/passwd", "hooks.example.net", "https://"]
)
def test_urls_that_are_refused(url: str) -> None:
    """In clear only within this machine, and nothing but HTTP."""
    with pytest.raises(UsageError) as caught:
        Webhook(url=SecretText(url))
    assert caught.value.key == "--webhook"
