"""paramiko's transport with two faults of its authentication repaired (seen in paramiko 5.1).

Import it where it is used: paramiko costs 0.14 s.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import paramiko
from paramiko.auth_handler import AuthOnlyHandler
from paramiko.transport import ServiceRequestingTransport

__all__ = ["ClientTransport"]

_POLL: Final = 0.02


class _AuthHandler(AuthOnlyHandler):
    """Hears an answer that comes at once.

    The parent sends the request and only then makes the event that the answer sets: under load the answer comes first,
    and the login waits until its time is up.
    """

    _answered: threading.Event | None = None

    @property
    def auth_event(self) -> threading.Event | None:
        """The event that this request's answer sets."""
        return self._answered

    @auth_event.setter
    def auth_event(self, _too_late: threading.Event | None) -> None:
        """Keep the event that was there when the request was sent."""

    def send_auth_request(self, *args: Any, **kwargs: Any) -> Any:
        """Send a request and wait for its answer."""
        self._answered = threading.Event()
        return super().send_auth_request(*args, **kwargs)


class ClientTransport(ServiceRequestingTransport):
    """A client's side of an SSH connection.

    It asks for the authentication service once, as RFC 4252 means it; paramiko's plain Transport asks again before each
    method, for which some servers hang up.
    """

    # What the published types leave out of the parent.
    _service_userauth_accepted: bool
    if TYPE_CHECKING:

        def _send_message(self, data: paramiko.Message) -> None: ...

    def get_auth_handler(self) -> AuthOnlyHandler:
        """Give our handler."""
        return _AuthHandler(self)

    def ensure_session(self) -> None:
        """Wait for the service, but not for ever: the parent goes on waiting after the connection has died."""
        if self._granted():
            return
        if self.auth_handler is None and self.is_active():
            request = paramiko.Message()
            request.add_byte(paramiko.common.cMSG_SERVICE_REQUEST)
            request.add_string("ssh-userauth")
            self._send_message(request)
        end = time.monotonic() + (self.auth_timeout or 30)
        while not self._granted():
            if not self.is_active():
                raise self.get_exception() or paramiko.SSHException("the connection ended")
            if time.monotonic() > end:
                raise paramiko.AuthenticationException("Authentication timeout.")
            time.sleep(_POLL)
        self.auth_handler = self.get_auth_handler()

    def _granted(self) -> bool:
        return self._service_userauth_accepted
