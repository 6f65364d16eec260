"""A throwaway OpenSSH server on loopback, for tests against the real thing."""

from __future__ import annotations

import base64
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.collect.known_hosts import HostKey

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sshd:
    """A running server, the key it presents, and the folder with its log and authorised keys."""

    host: str
    port: int
    user: str
    key: HostKey
    folder: Path

    def log(self) -> str:
        """What the server has logged (at DEBUG1)."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def authorize(self, public: str, options: str = "") -> None:
        """Let a public key in, with the options of its line."""
        (self.folder / "authorized_keys").write_text(f"{options} {public}".strip() + "\n", encoding="utf-8")


def public_key(file: Path) -> HostKey:
    """A key from a .pub file."""
    algorithm, blob = file.read_text(encoding="utf-8").split()[:2]
    return HostKey(algorithm=algorithm, blob=base64.b64decode(blob))


def generate(file: Path, *, kind: str = "ed25519", passphrase: str = "", form: str = "RFC4716") -> str:
    """Make a key pair and give the public half's line."""
    # One round of bcrypt, and the shortest RSA that is still let in: the tests are about neither.
    arguments = ["-q", "-a", "1", "-t", kind, "-N", passphrase, "-f", str(file)]
    arguments += (["-b", "2048"] if kind == "rsa" else []) + (["-m", form] if form != "RFC4716" else [])
    subprocess.run(["ssh-keygen", *arguments], check=True)
    return file.with_suffix(".pub").read_text(encoding="utf-8").strip()


@contextmanager
def sshd(folder: Path, *settings: str) -> Iterator[Sshd]:
    """Run sshd until the block is left; skips, by name, where OpenSSH is not installed."""
    program = shutil.which("sshd", path=PATH)
    if program is None or shutil.which("ssh-keygen") is None:
        pytest.skip("real sshd: OpenSSH is not installed (tests/setup.sh)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    generate(folder / "host_key")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        "AuthenticationMethods publickey",
        "PermitRootLogin prohibit-password",
        "UsePAM no",
        "StrictModes no",
        "PidFile none",
        "LogLevel DEBUG1",
        *settings,
    ]
    (folder / "sshd_config").write_text("\n".join(lines) + "\n", encoding="utf-8")
    process = subprocess.Popen([program, "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "log")])
    try:
        _wait(port, process, folder / "log")
        key = public_key(folder / "host_key.pub")
        yield Sshd(host="127.0.0.1", port=port, user=getpass.getuser(), key=key, folder=folder)
    finally:
        process.terminate()
        process.wait(5)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 5
    while time.monotonic() < end and process.poll() is None:
        if log.exists() and f"port {port}" in log.read_text(encoding="utf-8", errors="replace"):
            return
        time.sleep(0.02)
    pytest.fail(
        f"sshd did not start: {log.read_text(encoding='utf-8', errors='replace') if log.exists() else 'no log'}"
    )
