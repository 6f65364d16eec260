"""A firewall host between three networks, in namespaces of its own: made, commanded over real SSH, and removed.

Everything lives in namespaces with a prefix that no other run has, so that two runs do not meet; `close` removes them
whatever happened. Host addresses: internet 198.51.100.10, dmz 192.0.2.10, trusted 10.10.0.10; the firewall has .1.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import paramiko

from parsers.model.capture import Capture, Document
from parsers.platforms import linux

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

__all__ = ["ADDRESSES", "Bed", "namespace"]

_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_NETWORKS = (
    ("internet", "wan0", "198.51.100", "2001:db8:100"),
    ("dmz", "dmz0", "192.0.2", "2001:db8:2"),
    ("trusted", "lan0", "10.10.0", "2001:db8:10"),
)
ADDRESSES = {device: (f"{four}.1", f"{six}::1") for _, device, four, six in _NETWORKS}
"""The firewall's own addresses by interface."""
SSH_PORT = 2222
_WRAPPER = Path(__file__).parent.parent.parent / "docs" / "accounts.md"
_SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.ipv6.conf.all.forwarding": "1",
    "net.ipv4.conf.all.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.icmp_ratelimit": "0",
    "net.ipv4.icmp_msgs_per_sec": "1000000",
    "net.ipv4.icmp_msgs_burst": "100000",
    "net.ipv6.icmp.ratelimit": "0",
}


_EMPTY = "".join(
    f"*{table}\n{''.join(f':{chain} ACCEPT [0:0]{chr(10)}' for chain in chains)}COMMIT\n"
    for table, chains in {
        "raw": ("PREROUTING", "OUTPUT"),
        "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
        "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
        "filter": ("INPUT", "FORWARD", "OUTPUT"),
    }.items()
)
"""Every table of iptables-legacy without a rule."""


def run(*words: str, data: str | None = None, check: bool = True) -> str:
    """Run a program and give what it prints; raises RuntimeError with its complaint."""
    done = subprocess.run(words, input=data, text=True, capture_output=True, check=False, timeout=60)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout


@contextlib.contextmanager
def namespace(name: str) -> Iterator[None]:
    """Enter a network namespace with the current thread: what it makes there (sockets, processes) stays there."""
    old = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    new = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if _LIBC.setns(new, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {name}")
        yield
    finally:
        if _LIBC.setns(old, _CLONE_NEWNET):
            os._exit(70)  # this thread would go on in the wrong namespace
        os.close(old)
        os.close(new)


@dataclass(slots=True)
class Bed:
    """The namespaces, the sshd inside the firewall and one SSH connection to it; a context manager.

    `legacy` registers the empty tables of iptables-legacy first of all, so that their place is known.
    """

    prefix: str = field(default_factory=lambda: f"sa{os.getpid():x}{secrets.token_hex(2)}")
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="st-audit-bed-")))
    legacy: bool = True
    client: paramiko.SSHClient | None = None
    sshd: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Make the namespaces, links, addresses and routes."""
        try:
            self._make()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove everything."""
        self.close()

    def name(self, part: str) -> str:
        """Give the name of the namespace of `internet`, `fw`, `dmz` or `trusted`."""
        return f"{self.prefix}-{part}"

    def _make(self) -> None:
        for part in ("fw", *(item[0] for item in _NETWORKS)):
            run("ip", "netns", "add", self.name(part))
            run("ip", "-n", self.name(part), "link", "set", "lo", "up")
            with namespace(self.name(part)):
                for key in ("router_solicitations", "dad_transmits", "accept_ra"):
                    Path("/proc/sys/net/ipv6/conf/default", key).write_text("0", encoding="ascii")
        with namespace(self.name("fw")):
            for key, value in _SYSCTLS.items():
                Path("/proc/sys", *key.split(".")).write_text(value, encoding="ascii")
        for part, device, four, six in _NETWORKS:
            far, near = self.name(part), self.name("fw")
            run("ip", "-n", near, "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", far)
            for space, link, host in ((near, device, "1"), (far, "eth0", "10")):
                run("ip", "-n", space, "link", "set", link, "addrgenmode", "none")  # a host without chatter of its own
                run("ip", "-n", space, "addr", "add", f"{four}.{host}/24", "dev", link)
                run("ip", "-n", space, "addr", "add", f"{six}::{host}/64", "dev", link, "nodad")
                run("ip", "-n", space, "link", "set", link, "up")
            run("ip", "-n", far, "route", "add", "default", "via", f"{four}.1")
            run("ip", "-n", far, "-6", "route", "add", "default", "via", f"{six}::1")
        run("ip", "-n", self.name("fw"), "route", "add", "default", "via", "198.51.100.10")
        run("ip", "-n", self.name("fw"), "-6", "route", "add", "default", "via", "2001:db8:100::10")
        for command in ("iptables-legacy-restore", "ip6tables-legacy-restore") if self.legacy else ():
            self.fw(command, data=_EMPTY)
        for device in ("wan0", "dmz0"):  # every address of these networks is taken without asking who has it
            run("ip", "-n", self.name("fw"), "link", "set", device, "arp", "off")

    def close(self) -> None:
        """Stop the sshd and remove the namespaces; what is already gone is no error."""
        if self.client is not None:
            self.client.close()
            self.client = None
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait(timeout=10)
            self.sshd = None
        for part in ("fw", *(item[0] for item in _NETWORKS)):
            for pid in run("ip", "netns", "pids", self.name(part), check=False).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), 15)
            run("ip", "netns", "del", self.name(part), check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the firewall ----------------------------------------------------------------------------

    def fw(self, *words: str, data: str | None = None, check: bool = True) -> str:
        """Run a program inside the firewall's namespace."""
        with namespace(self.name("fw")):
            return run(*words, data=data, check=check)

    def flush(self) -> None:
        """Take every rule, set and tracked connection away."""
        self.fw("nft", "flush", "ruleset")
        for command in ("iptables-legacy-restore", "ip6tables-legacy-restore") if self.legacy else ():
            self.fw(command, data=_EMPTY)
        self.fw("ipset", "destroy", check=False)
        self.forget()

    def forget(self) -> None:
        """Take every tracked connection away."""
        self.fw("conntrack", "-F", check=False)

    # -- collecting ------------------------------------------------------------------------------

    def serve(self) -> None:
        """Start an sshd inside the firewall that knows one key, which runs the documented wrapper only."""
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for name in ("host", "user"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name))
        wrapper = self.folder / "wrapper"
        wrapper.write_text(_documented_wrapper(), encoding="ascii")
        wrapper.chmod(0o755)
        key = (self.folder / "user.pub").read_text(encoding="ascii")
        (self.folder / "authorized").write_text(f'restrict,command="{wrapper}" {key}', encoding="ascii")
        options = [
            f"HostKey {self.folder / 'host'}",
            f"Port {SSH_PORT}",
            "ListenAddress 10.10.0.1",
            f"PidFile {self.folder / 'sshd.pid'}",
            f"AuthorizedKeysFile {self.folder / 'authorized'}",
            "AuthenticationMethods publickey",
            "PermitRootLogin yes",
            "UsePAM no",
            "StrictModes no",
            "MaxSessions 20",
            "SetEnv SHLVL=2",  # or bash reads the tester's ~/.bashrc for every command
        ]
        (self.folder / "sshd_config").write_text("\n".join(options) + "\n", encoding="ascii")
        sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin") or "/usr/sbin/sshd"
        with namespace(self.name("fw")):
            self.sshd = subprocess.Popen([
                sshd, "-D", "-f", str(self.folder / "sshd_config"), "-E", str(self.folder / "sshd.log"),
            ])  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        for _ in range(100):
            with contextlib.suppress(OSError):
                self.socket().close()
                return
            time.sleep(0.05)
        raise RuntimeError(f"sshd does not answer: {(self.folder / 'sshd.log').read_text(encoding='ascii')}")

    def socket(self) -> socket.socket:
        """Connect to the sshd from the trusted network: a socket stays in the namespace that it was born in."""
        with namespace(self.name("trusted")):
            return socket.create_connection(("10.10.0.1", SSH_PORT), timeout=5)

    def host_key(self) -> str:
        """Give the sshd's public key, as a known_hosts file has it."""
        kind, key, *_ = (self.folder / "host.pub").read_text(encoding="ascii").split()
        return f"[10.10.0.1]:{SSH_PORT} {kind} {key}\n"

    def connect(self) -> paramiko.SSHClient:
        """Give the one SSH connection, with the host key checked."""
        if self.client is None:
            if self.sshd is None:
                self.serve()
            known = self.folder / "known_hosts"
            known.write_text(self.host_key(), encoding="ascii")
            client = paramiko.SSHClient()
            client.load_host_keys(str(known))
            client.set_missing_host_key_policy(paramiko.RejectPolicy())
            client.connect(
                "10.10.0.1",
                port=SSH_PORT,
                username="root",
                pkey=paramiko.Ed25519Key.from_private_key_file(str(self.folder / "user")),
                sock=self.socket(),
                allow_agent=False,
                look_for_keys=False,
            )
            self.client = client
        return self.client

    def collect(self) -> Capture:
        """Run the recipe's commands over SSH, each in an exec channel of its own."""
        recipe = linux.PLATFORM.recipe
        assert recipe is not None
        client = self.connect()
        transport = client.get_transport()
        assert transport is not None
        channels = []
        for command in recipe.commands:
            channel = transport.open_session(timeout=10)
            channel.settimeout(30)
            channel.exec_command(command.text)
            channels.append((command, channel))
        documents: list[Document] = []
        for command, channel in channels:
            text = channel.makefile("rb").read().decode("utf-8")
            complaint = channel.makefile_stderr("rb").read().decode("utf-8")
            documents.append(
                Document(
                    name=command.name,
                    command=command.text,
                    text=text,
                    stderr=complaint,
                    exit_status=channel.recv_exit_status(),
                )
            )
            channel.close()
        return Capture(documents=tuple(documents), platform="linux")

    def read(self) -> Capture:
        """Run the recipe's commands inside the firewall's namespace, without SSH: quicker, the same documents."""
        recipe = linux.PLATFORM.recipe
        assert recipe is not None
        documents: list[Document] = []
        with namespace(self.name("fw")):
            for command in recipe.commands:
                done = subprocess.run(
                    ["/bin/sh", "-c", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin; exec {command.text}"],
                    text=True,
                    capture_output=True,
                    check=False,
                    timeout=60,
                )
                documents.append(
                    Document(
                        name=command.name,
                        command=command.text,
                        text=done.stdout,
                        stderr=done.stderr,
                        exit_status=done.returncode,
                    )
                )
        return Capture(documents=tuple(documents), platform="linux")


def _documented_wrapper() -> str:
    """Take the wrapper out of the page that recommends it."""
    text = _WRAPPER.read_text(encoding="utf-8")
    return text.partition("```sh\n")[2].partition("```")[0]
