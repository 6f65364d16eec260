"""Host keys: OpenSSH's known_hosts format (sshd(8)), and what a presented key is worth against it.

Own parsing, since paramiko's knows neither `@revoked` nor negated patterns. Certificate authorities are not followed:
a host that is known only by `@cert-authority` is unknown here.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fnmatch
import hashlib
import hmac
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditor.collect.target import Hop
from auditor.errors import CollectionError, FailureKind, UsageError

__all__ = ["HostKey", "HostKeys", "default_file", "pin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """A server's public key: its algorithm's name and its blob (RFC 4253 section 6.6)."""

    algorithm: str
    blob: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """`SHA256:` and the digest in base64 without padding, as ssh-keygen -l prints it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    def __str__(self) -> str:
        return f"{self.algorithm.removeprefix('ssh-')} {self.fingerprint}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    file: Path
    line: int
    marker: str
    hosts: str
    key: HostKey

    def names(self, name: str) -> bool:
        """Whether the entry is about `name` (`host` or `[host]:port`)."""
        if self.hosts.startswith("|1|"):
            return _hashed(self.hosts, name)
        found = False
        for pattern in self.hosts.lower().split(","):
            negated = pattern.startswith("!")
            # Brackets are literal here (`[host]:22`), so only * and ? may be wild.
            wild = re.sub(r"\[", "[[]", pattern.removeprefix("!"))
            if fnmatch.fnmatchcase(name, wild):
                if negated:
                    return False
                found = True
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKeys:
    """The keys that may be trusted: our own file's, and the system's files where asked for (`system`).

    `named` tells that our own file is not the usual one, so that the command that pins a key must name it.
    """

    own: Path
    system: tuple[Path, ...] = ()
    named: bool = False

    def algorithms(self, hop: Hop) -> tuple[str, ...]:
        """Give the key algorithms that a host is known by, so that the server is asked for these first."""
        return tuple(dict.fromkeys(entry.key.algorithm for entry in self._about(hop) if not entry.marker))

    def check(self, hop: Hop, key: HostKey, *, via: Sequence[Hop] = ()) -> None:
        """Return if the key may be trusted; raise CollectionError telling unknown, changed and revoked apart.

        `via` are the jump hosts on the way, which the command that pins the key must pass as well.
        """
        entries = list(self._about(hop))
        for entry in entries:
            if entry.marker == "@revoked" and entry.key == key:
                raise CollectionError(
                    f"the host key of {hop.name} ({key}) is revoked by {entry.file}:{entry.line}",
                    kind=FailureKind.HOST_KEY_REVOKED,
                    hint="do not connect: someone may hold the private key; give the device a new one",
                )
        if hop.fingerprint is not None:
            if not hmac.compare_digest(hop.fingerprint, key.fingerprint):
                raise _changed(hop, key, f"the pinned fingerprint is {hop.fingerprint}", self._command(hop, via))
            return
        known = [entry for entry in entries if not entry.marker]
        if any(entry.key == key for entry in known):
            return
        if known:
            expected = ", ".join(f"{entry.key} in {entry.file}:{entry.line}" for entry in known)
            raise _changed(hop, key, f"expected {expected}", self._command(hop, via))
        raise CollectionError(
            f"the host key of {hop.name} is unknown: {key}",
            kind=FailureKind.HOST_KEY_UNKNOWN,
            hint=f"compare the fingerprint with the device's own, then run: {self._command(hop, via)}",
        )

    def _command(self, hop: Hop, via: Sequence[Hop]) -> str:
        words = ["st-audit", "trust", hop.host] + ([] if hop.port == 22 else ["--port", str(hop.port)])
        words += [word for jump in via for word in ("--jump", _jump(jump))]
        return shlex.join(words + (["--known-hosts", str(self.own)] if self.named else []))

    def _about(self, hop: Hop) -> Iterator[_Entry]:
        for file in (self.own, *self.system):
            yield from (entry for entry in _read(file, strict=file == self.own) if entry.names(hop.name))


def default_file(environ: Mapping[str, str]) -> Path:
    """Our own known_hosts: `$XDG_DATA_HOME/st-audit/known_hosts` (XDG Base Directory Specification)."""
    base = environ.get("XDG_DATA_HOME", "")
    # The specification: a relative path there is to be ignored.
    home = Path(base) if base.startswith("/") else Path(environ.get("HOME") or "~").expanduser() / ".local" / "share"
    return home / "st-audit" / "known_hosts"


def pin(file: Path, hop: Hop, key: HostKey, *, replace: bool = False) -> None:
    """Write a host's key into our known_hosts atomically (file 0600, folder 0700).

    Raises CollectionError if the key is revoked, or if another key is known and `replace` is not said.
    """
    own = HostKeys(own=file)
    try:
        own.check(Hop(host=hop.host, port=hop.port), key)
    except CollectionError as exc:
        if exc.kind is FailureKind.HOST_KEY_REVOKED or (exc.kind is FailureKind.HOST_KEY_CHANGED and not replace):
            raise
    else:
        return
    old = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    # An entry for several names, or a pattern, is not ours to take apart: it is left, and refused as changed.
    stale = {e.line for e in _read(file, strict=True) if not e.marker and e.names(hop.name)} if replace else set[int]()
    lines = [line for number, line in enumerate(old, 1) if number not in stale]
    lines.append(f"{hop.name} {key.algorithm} {base64.b64encode(key.blob).decode()}")
    _write_private(file, "\n".join(lines) + "\n")


def _changed(hop: Hop, key: HostKey, expectation: str, command: str) -> CollectionError:
    return CollectionError(
        f"the host key of {hop.name} has changed: it presents {key}, {expectation}",
        kind=FailureKind.HOST_KEY_CHANGED,
        hint="someone may be in between; if the device was given a new key and you have compared the fingerprint, "
        f"run: {command} --replace",
    )


def _jump(hop: Hop) -> str:
    host = f"[{hop.host}]" if ":" in hop.host else hop.host
    return (f"{hop.user}@" if hop.user else "") + host + ("" if hop.port == 22 else f":{hop.port}")


def _hashed(field_text: str, name: str) -> bool:
    parts = field_text.split("|")
    if len(parts) != 4:
        return False
    try:
        salt, digest = base64.b64decode(parts[2]), base64.b64decode(parts[3])
    except binascii.Error:
        return False
    return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)


def _read(file: Path, *, strict: bool) -> list[_Entry]:
    """Read a known_hosts file; a missing one is empty.

    A line that cannot be read is an error in our own file and where it revokes; elsewhere OpenSSH skips it, and so do
    we: to skip an entry can only make a host unknown.
    """
    try:
        text = file.read_text(encoding="utf-8", errors="strict" if strict else "replace")
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise UsageError(f"known_hosts cannot be read: {exc.strerror}", file=file, hint="make it readable") from exc
    except UnicodeDecodeError as exc:
        raise UsageError("known_hosts is not UTF-8", file=file, hint="remove what is no host key") from exc
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        marker = words.pop(0) if words[0].startswith("@") else ""
        key = _key(words[1], words[2]) if len(words) >= 3 else None
        if key is not None and marker in {"", "@revoked"}:
            entries.append(_Entry(file=file, line=number, marker=marker, hosts=words[0], key=key))
        elif marker != "@cert-authority" and (strict or marker == "@revoked"):
            raise UsageError(
                "not a known_hosts line (HOSTS ALGORITHM KEY)", file=file, line=number, hint="repair or remove it"
            )
    return entries


def _key(algorithm: str, text: str) -> HostKey | None:
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    # The blob starts with the algorithm's name as an RFC 4251 string: a line that contradicts itself is no key.
    name = algorithm.encode()
    if blob[:4] != len(name).to_bytes(4, "big") or blob[4 : 4 + len(name)] != name:
        return None
    return HostKey(algorithm=algorithm, blob=blob)


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
