"""Collecting: a fleet of emulated firewalls beside bare netmiko, and a real kernel's long ruleset again and again.

The devices run in a process of their own and take 0.5 s for each command, as a busy firewall does.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import netmiko

from auditor.collect.credentials import Credentials
from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import collect
from auditor.collect.target import Target
from auditor.demo.asa import Asa
from auditor.demo.server import serve
from auditor.demo.terminal import Device, Faults
from tests.auditor.collect.bed import asa_platform, configuration, credentials
from tests.auditor.collect.openssh import public_key
from tests.bench.figures import Bench, Figure
from tests.bench.measure import Series

__all__ = ["fleet", "flood", "servers"]

DEVICES, SERVERS, WORKERS, DELAY = 200, 50, 50, 0.5
LIMIT = 1.2
DEVICE = Device(configuration=configuration(300), faults=Faults(delay=DELAY))


def servers() -> None:
    """Run the devices until standard input ends; says their ports and fingerprints as JSON."""
    with ExitStack() as stack:
        running = [stack.enter_context(serve(Asa, DEVICE)) for _ in range(SERVERS)]
        sys.stdout.write(json.dumps([(one.port, one.key.fingerprint) for one in running]) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


@contextmanager
def _fleet() -> Iterator[list[tuple[int, str]]]:
    command = [sys.executable, "-c", "from tests.bench.collection import servers; servers()"]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=root
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield [(port, key) for port, key in json.loads(process.stdout.readline())]
        process.stdin.close()


def _ours(port: int, fingerprint: str) -> int:
    collected = collect(
        Target(host="127.0.0.1", port=port, fingerprint=fingerprint),
        credentials(DEVICE),
        platform=asa_platform(),
        host_keys=HostKeys(own=Path("/nonexistent")),
    )
    return collected.capture.documents[0].text.count("\n")


def _bare(port: int, _fingerprint: str) -> int:
    connection = netmiko.ConnectHandler(
        device_type="cisco_asa",
        host="127.0.0.1",
        port=port,
        username=DEVICE.user,
        password=DEVICE.password,
        secret=DEVICE.enable_secret,
    )
    output = connection.send_command("show running-config", read_timeout=120)
    connection.disconnect()
    return str(output).count("\n")


def measure(way: Callable[[int, str], int], devices: list[tuple[int, str]]) -> tuple[float, int]:
    """Give the seconds and the failures of collecting from all devices in one pool."""
    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        runs = [pool.submit(way, *devices[number % len(devices)]) for number in range(DEVICES)]
    return time.perf_counter() - started, sum(run.exception() is not None for run in runs)


def fleet(_: Bench) -> Iterator[Figure]:
    """Collecting a fleet beside bare netmiko in the same pool; a device that fails fails the figure."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    with _fleet() as devices:
        ours, failures = measure(_ours, devices)
        bare, bare_failures = measure(_bare, devices)
    if failures:
        raise RuntimeError(f"{failures} of {DEVICES} devices could not be collected")
    yield Figure(
        number=10,
        title=f"Collecting {DEVICES} emulated devices, {WORKERS} workers, {DELAY} s a command",
        unit="s",
        ours=Series((ours,)),
        theirs=Series((bare,)),
        peer="bare netmiko, whatever it returns",
        judged=ours / bare,
        limit=LIMIT,
        note=f"0 failures of ours, {bare_failures} of the peer's",
    )


def flood(bench: Bench) -> Iterator[Figure]:
    """A kernel's ruleset of ten thousand lines with a prompt in each comment, over a real sshd, time after time."""
    # Root and Linux are needed only here.
    from tests.live.bed import SSH_PORT, Bed
    from tests.live.test_collect import FLOOD, listing_only

    times = 5 if bench.times < 5 else 20
    seconds, whole = [], 0
    with Bed() as bed:
        bed.connect()
        bed.fw("nft", "-f", "-", data=FLOOD)
        listed = bed.fw("nft", "-as", "list", "ruleset")
        key = public_key(bed.folder / "host.pub").fingerprint
        for _ in range(times):
            started = time.perf_counter()
            collected = collect(
                Target(host="10.10.0.1", port=SSH_PORT, fingerprint=key),
                Credentials(user="root", key_file=bed.folder / "user"),
                platform=listing_only(),
                host_keys=HostKeys(own=Path("/nonexistent")),
                dial=lambda _host, _port, _timeout: bed.socket(),
            )
            seconds.append(time.perf_counter() - started)
            whole += collected.capture.documents[0].text == listed
    yield Figure(
        number=10,
        title=f"A ruleset of {listed.count(chr(10)):,} lines from a real kernel and sshd, fetched {times} times",
        unit="s",
        ours=Series(tuple(seconds)),
        theirs=None,
        peer="",
        judged=whole,
        limit=times,
        at_most=False,
        note="times whole and byte-equal",
    )
