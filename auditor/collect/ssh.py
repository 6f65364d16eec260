"""The SSH connection: TCP, key exchange, host key, and only then authentication. paramiko's errors are mapped here.

No byte of a secret is sent before the host key is accepted: the check stands between key exchange and authentication,
for every jump host as for the firewall itself.
"""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from auditor.collect.authentication import authenticate
from auditor.collect.credentials import Credentials
from auditor.collect.known_hosts import HostKey, HostKeys
from auditor.collect.target import Budget, Deadline, Hop, Target, describe
from auditor.errors import CollectionError, FailureKind

if TYPE_CHECKING:
    import paramiko

__all__ = ["Connection", "Dial", "connect", "dial", "present"]

Dial = Callable[[str, int, float], socket.socket]

# paramiko 5 still offers these; SHA-1 key exchanges and signatures it has dropped by itself.
WEAK: Final = {
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"),
    "macs": ("hmac-md5", "hmac-md5-96", "hmac-sha1", "hmac-sha1-96"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An authenticated connection to a firewall, with what the report tells of it."""

    transport: paramiko.Transport
    host_key: HostKey
    weak_algorithms: tuple[str, ...]


def dial(host: str, port: int, timeout: float) -> socket.socket:
    """Open a TCP connection."""
    return socket.create_connection((host, port), timeout=timeout)


@contextmanager
def connect(
    target: Target,
    credentials: Credentials,
    *,
    jump_credentials: Sequence[Credentials],
    host_keys: HostKeys,
    budget: Budget,
    deadline: Deadline,
    dial: Dial = dial,
) -> Iterator[Connection]:
    """Connect and log in, over the target's jump hosts; everything is closed at the end.

    `jump_credentials` has one entry for each of them. Raises CollectionError: unreachable, host-key-unknown, -changed
    or -revoked, authentication, or unsupported where the two sides share no algorithm.
    """
    with ExitStack() as stack:
        way = _Way(host_keys, budget, deadline, dial, stack)
        way.pass_through(target.jumps, jump_credentials)
        transport, key = way.enter(target, credentials, weak=target.legacy)
        yield Connection(transport=transport, host_key=key, weak_algorithms=_weak_in_use(transport))


def present(
    target: Target,
    *,
    jump_credentials: Sequence[Credentials],
    host_keys: HostKeys,
    budget: Budget,
    deadline: Deadline,
    dial: Dial = dial,
) -> HostKey:
    """Give the key that a server presents, without authenticating to it; its jump hosts are checked and logged in to.

    Raises CollectionError as `connect` does.
    """
    with ExitStack() as stack:
        way = _Way(host_keys, budget, deadline, dial, stack)
        way.pass_through(target.jumps, jump_credentials)
        return way.shake_hands(target, weak=True)[1]


class _Way:
    """The way to a target: each server is reached through the one before, once that has been checked and entered."""

    def __init__(self, host_keys: HostKeys, budget: Budget, deadline: Deadline, dial: Dial, stack: ExitStack) -> None:
        self._host_keys = host_keys
        self._budget = budget
        self._deadline = deadline
        self._dial = dial
        self._stack = stack
        self._last: paramiko.Transport | None = None
        self._passed: list[Hop] = []

    def pass_through(self, jumps: Sequence[Hop], credentials: Sequence[Credentials]) -> None:
        for hop, own in zip(jumps, credentials, strict=True):
            self._last, _ = self.enter(hop, own, weak=False)
            self._passed.append(hop)

    def enter(self, hop: Hop, credentials: Credentials, *, weak: bool) -> tuple[paramiko.Transport, HostKey]:
        transport, key = self.shake_hands(hop, weak=weak)
        self._host_keys.check(hop, key, via=self._passed)
        authenticate(transport, hop, credentials, timeout=self._deadline.remaining(self._budget.authentication))
        return transport, key

    def shake_hands(self, hop: Hop, *, weak: bool) -> tuple[paramiko.Transport, HostKey]:
        limit = self._deadline.remaining(self._budget.connect)
        channel: Any = _tcp(hop, self._dial, limit) if self._last is None else _through(self._last, hop, limit)
        self._stack.callback(channel.close)
        return _handshake(
            channel, hop, self._host_keys, weak=weak, budget=self._budget, deadline=self._deadline, stack=self._stack
        )


def _tcp(hop: Hop, dial: Dial, timeout: float) -> socket.socket:
    try:
        return dial(hop.host, hop.port, timeout)
    except socket.gaierror as exc:
        raise CollectionError(
            f"{hop.host} cannot be resolved: {exc.strerror}",
            kind=FailureKind.UNREACHABLE,
            hint="check the name, or write the address",
        ) from exc
    except OSError as exc:
        reason = "no answer in time" if isinstance(exc, TimeoutError) else exc.strerror or str(exc)
        raise CollectionError(
            f"{hop.host} port {hop.port} cannot be reached: {reason}",
            kind=FailureKind.UNREACHABLE,
            hint="check address and port, and whether SSH is permitted from this machine",
        ) from exc


def _through(transport: paramiko.Transport, hop: Hop, timeout: float) -> paramiko.Channel:
    import paramiko

    try:
        return transport.open_channel("direct-tcpip", (hop.host, hop.port), ("127.0.0.1", 0), timeout=timeout)
    except (paramiko.SSHException, OSError, EOFError) as exc:
        raise CollectionError(
            f"the jump host cannot reach {hop.host} port {hop.port}: {exc}",
            kind=FailureKind.UNREACHABLE,
            hint="check that the jump host allows TCP forwarding and reaches the device",
        ) from exc


def _handshake(
    channel: Any,
    hop: Hop,
    host_keys: HostKeys,
    *,
    weak: bool,
    budget: Budget,
    deadline: Deadline,
    stack: ExitStack,
) -> tuple[paramiko.Transport, HostKey]:
    import paramiko

    from auditor.collect.transport import ClientTransport

    # paramiko logs every failure with a traceback; ours say it better, and once.
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    disabled = None if weak else {kind: list(names) for kind, names in WEAK.items()}
    try:
        transport = ClientTransport(channel, disabled_algorithms=disabled)
        stack.callback(transport.close)
        transport.banner_timeout = transport.handshake_timeout = budget.handshake
        _prefer(transport, host_keys.algorithms(hop))
        transport.start_client(timeout=deadline.remaining(budget.handshake))
        presented = transport.get_remote_server_key()
    except paramiko.ssh_exception.IncompatiblePeer as exc:
        raise CollectionError(
            f"{hop.name} and st-audit share no SSH algorithm: {exc}",
            kind=FailureKind.UNSUPPORTED,
            hint=_remedy(str(exc), weak=weak),
        ) from exc
    except (paramiko.SSHException, OSError, EOFError) as exc:
        raise CollectionError(
            f"{hop.host} port {hop.port} answers, but the SSH handshake failed: {describe(exc)}",
            kind=FailureKind.UNREACHABLE,
            hint="is this the SSH port of the device? does it limit who may connect?",
        ) from exc
    return transport, HostKey(algorithm=presented.get_name(), blob=presented.asbytes())


def _remedy(reason: str, *, weak: bool) -> str:
    # Of what is broken only ciphers and MACs can be had: paramiko has no SHA-1 key exchange or signature any more.
    if weak or not re.search("cipher|mac", reason, re.IGNORECASE):
        return "update the device's SSH server: what it offers is broken and not supported at all"
    return "update the device's SSH server, or set `ssh: {legacy: true}` for this firewall and see it reported"


def _prefer(transport: paramiko.Transport, known: Sequence[str]) -> None:
    # A server with several keys must show the one that we know; else it would look unknown or changed.
    options = transport.get_security_options()
    wanted = {name for algorithm in known for name in _signatures(algorithm)}
    options.key_types = sorted(options.key_types, key=lambda name: name not in wanted)


def _signatures(algorithm: str) -> tuple[str, ...]:
    # An RSA key signs under several names (RFC 8332).
    return ("rsa-sha2-512", "rsa-sha2-256") if algorithm == "ssh-rsa" else (algorithm,)


def _weak_in_use(transport: paramiko.Transport) -> tuple[str, ...]:
    # paramiko's types do not know what it publishes after the key exchange.
    names = [str(getattr(transport, name)) for name in ("remote_cipher", "remote_mac")]
    weak = {name for group in WEAK.values() for name in group}
    return tuple(name for name in dict.fromkeys(names) if name in weak)
