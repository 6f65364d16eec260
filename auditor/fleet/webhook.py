"""A notice by HTTP: one POST of JSON, signed where a secret is known, delivered or an error."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from auditor.collect.credentials import SecretText
from auditor.errors import UsageError
from auditor.fleet.notice import Notice
from auditor.version import VERSION

__all__ = ["Webhook", "post"]

_TIMEOUT: Final = 15.0
_TRIES: Final = 3
_PAUSE: Final = 1.0
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may pass (RFC 9110 section 15, RFC 6585 section 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where notices go; the URL itself is a secret in many systems. `secret` signs the body (HMAC-SHA256)."""

    url: SecretText
    secret: SecretText | None = None

    def __post_init__(self) -> None:
        """Refuse what is no HTTPS URL; plain HTTP only within this machine. Raises UsageError."""
        parts = urlsplit(self.url.reveal())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError("this is no HTTP URL", key="--webhook", hint="write https://HOST/PATH")
        if parts.scheme == "http" and not _loopback(parts.hostname):
            raise UsageError(
                f"what is told to {parts.hostname} would go over the network in clear",
                key="--webhook",
                hint="use https://",
            )

    @property
    def host(self) -> str:
        """The receiver's name, which may be told; the rest of the URL may not."""
        return urlsplit(self.url.reveal()).hostname or ""


def _opener() -> urllib.request.OpenerDirector:
    """Make an opener that follows no redirect: it would carry the message, and the URL's secret, to somebody else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def post(webhook: Webhook, notice: Notice, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Deliver a notice; tries again what may pass. Raises UsageError naming the host and never the URL."""
    body = notice.json.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"st-audit/{VERSION}",
        "Idempotency-Key": notice.id,
    }
    if webhook.secret is not None:
        digest = hmac.new(webhook.secret.reveal().encode(), body, hashlib.sha256).hexdigest()
        headers["X-St-Audit-Signature"] = f"sha256={digest}"
    opener = _opener()
    pause, reason = _PAUSE, ""
    for number in range(_TRIES):
        if number:
            sleep(pause)
            pause *= 2
        request = urllib.request.Request(webhook.url.reveal(), data=body, headers=headers, method="POST")  # noqa: S310 - http(s) alone, checked above
        try:
            with opener.open(request, timeout=_TIMEOUT):
                return
        except urllib.error.HTTPError as error:
            error.close()
            reason = f"it answers {error.code}"
            if error.code not in _AGAIN:
                break
        except (OSError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            reason = str(cause) or type(cause).__name__
    raise UsageError(
        f"the webhook at {webhook.host} took no notice: {reason}",
        key="--webhook",
        hint="the same is told again by the next run",
    )


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
