"""Rulesets that real generators make of a few commands: nothing not understood, and the kernel agrees packet by packet.

Both run in namespaces of their own, on copies of their configuration.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.model.addresses import address_number
from parsers.platforms import linux
from tests.live.bed import Bed, namespace
from tests.live.kernel import compare
from tests.live.prober import Prober
from tests.live.probes import Edges, packets

pytestmark = pytest.mark.netns

UFW_COMMANDS = (
    "default deny incoming",
    "default deny routed",
    "allow in on lan0",
    "allow 22/tcp",
    "allow from 203.0.113.0/24 to any port 8000:8100 proto tcp",
    "deny from 203.0.113.128/25 to any port 22 proto tcp",
    "route allow in on wan0 out on dmz0 to 192.0.2.10 port 443 proto tcp",
    "route allow in on wan0 out on dmz0 to 192.0.2.64/26 port 53",
    "route reject in on wan0 to 192.0.2.12 port 80 proto tcp",
    "route allow in on wan0 to 2001:db8:2::10 port 443 proto tcp",
    "logging on",
)
FIREWALLD_COMMANDS = (
    "--zone=external --change-interface=wan0",
    "--zone=dmz --change-interface=dmz0",
    "--zone=trusted --change-interface=lan0",
    "--zone=external --add-service=http",
    "--zone=external --add-forward-port=port=8443:proto=tcp:toport=443:toaddr=192.0.2.10",
    "--permanent --new-policy todmz",
    "--permanent --policy=todmz --add-ingress-zone=external",
    "--permanent --policy=todmz --add-egress-zone=dmz",
    "--permanent --policy=todmz --set-target=REJECT",
    "--runtime-to-permanent",
    "--reload",
)
RICH_RULES = (
    (
        "--zone=external",
        'rule family="ipv4" source address="203.0.113.0/24" port port="8000-8010" protocol="tcp" accept',
    ),
    ("--zone=external", 'rule family="ipv4" source address="203.0.113.128/25" drop'),
    ("--policy=todmz", 'rule family="ipv4" destination address="192.0.2.64/26" port port="443" protocol="tcp" accept'),
)
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth><policy context="default">
<allow user="*"/><allow own="*"/><allow send_destination="*"/><allow send_type="method_call"/>
<allow send_type="signal"/><allow receive_type="method_call"/><allow receive_type="signal"/><allow eavesdrop="true"/>
</policy></busconfig>
"""


def need(*programs: str) -> None:
    """Skip, by name, without a program; in CI all of them must be there."""
    missing = [name for name in programs if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"not installed: {', '.join(missing)} (tests/setup.sh)")
    assert missing == []


def edges() -> Edges:
    """Give the edges of what the commands above name."""
    found = Edges()
    for axis, low, high in (
        ("saddr", "203.0.113.0", "203.0.113.255"),
        ("saddr", "203.0.113.128", "203.0.113.255"),
        ("daddr", "192.0.2.10", "192.0.2.10"),
        ("daddr", "192.0.2.12", "192.0.2.12"),
        ("daddr", "192.0.2.64", "192.0.2.127"),
        ("daddr", "2001:db8:2::10", "2001:db8:2::10"),
    ):
        found.address(axis, address_number(low), address_number(high))
    for first, last in ((22, 22), (80, 80), (443, 443), (53, 53), (8000, 8010), (8100, 8100), (8443, 8443)):
        found.port("dport", first, last)
    return found


def hold(bed: Bed, prober: Prober) -> None:
    """Demand that every line is understood and that the kernel agrees."""
    capture = bed.read()
    parsed = linux.PLATFORM.parse(capture)
    unread = [
        f"{document.name}:{number}"
        for document, states in zip(capture.documents, parsed.ledger, strict=True)
        for number, state in enumerate(states, 1)
        if state == LineState.NOT_UNDERSTOOD
    ]
    assert unread == []
    assert [item for item in parsed.remarks if item.kind is not RemarkKind.NOTE] == []
    found = compare(bed, prober, capture, packets(edges(), 1, 2000))
    assert found.mismatches == []
    assert found.permitted > 50
    assert found.taken > 20


def test_ufw(bed: Bed, prober: Prober) -> None:
    """A ruleset of the real ufw, IPv4 and IPv6."""
    need("ufw", "unshare")
    folder = bed.folder / "ufw"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    script = "\n".join([
        "set -e",
        "mount --make-rprivate /",
        f"cp -a /etc/ufw {folder}/etc && cp -a /etc/default/ufw {folder}/default",
        f"mount --bind {folder}/etc /etc/ufw",
        f"mount --bind {folder}/default /etc/default/ufw",
        *(f"ufw {command}" for command in UFW_COMMANDS),
        "ufw --force enable",
    ])  # fmt: skip
    with namespace(bed.name("fw")):
        done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    hold(bed, prober)


@contextlib.contextmanager
def firewalld(bed: Bed) -> Iterator[Mapping[str, str]]:
    """Run a firewalld inside the firewall, with a bus and a configuration of its own; give its environment."""
    folder = bed.folder / "firewalld"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "config").mkdir(parents=True)
    address = f"unix:path={folder / 'bus'}"
    (folder / "bus.conf").write_text(BUS.format(address=address), encoding="ascii")
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": address}
    started: list[subprocess.Popen[bytes]] = []
    with (folder / "log").open("wb") as log:
        try:
            for words in (
                ("dbus-daemon", "--nofork", "--nopidfile", f"--config-file={folder / 'bus.conf'}"),
                ("firewalld", "--nofork", "--nopid", f"--system-config={folder / 'config'}"),
            ):
                with namespace(bed.name("fw")):
                    started.append(subprocess.Popen(words, env=environment, stdout=log, stderr=log))
                wait_for(folder / "bus")
            yield environment
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(timeout=20)


def wait_for(path: os.PathLike[str]) -> None:
    """Wait until a file is there."""
    for _ in range(200):
        if os.path.exists(path):  # noqa: PTH110 - a socket, asked for until it is there
            return
        time.sleep(0.02)
    raise RuntimeError(f"{path} did not appear")


def test_firewalld(bed: Bed, prober: Prober) -> None:
    """Zones, a policy, rich rules and a forwarded port of the real firewalld."""
    need("firewalld", "firewall-cmd", "dbus-daemon")
    with firewalld(bed) as environment:

        def say(*words: str) -> subprocess.CompletedProcess[str]:
            with namespace(bed.name("fw")):
                return subprocess.run(
                    ["firewall-cmd", *words], env=environment, capture_output=True, text=True, check=False, timeout=20
                )

        for _ in range(100):
            if say("--state").returncode == 0:
                break
            time.sleep(0.1)
        for command in FIREWALLD_COMMANDS:
            done = say(*command.split())
            assert done.returncode == 0, f"{command}: {done.stderr}"
        for place, rule in RICH_RULES:
            done = say(place, f"--add-rich-rule={rule}")
            assert done.returncode == 0, f"{rule}: {done.stderr}"
        hold(bed, prober)
