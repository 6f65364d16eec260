"""Collecting from a fleet of emulated firewalls beside bare netmiko: `python -m tests.bench.collection`.

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

from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import collect
from auditor.collect.target import Target
from auditor.demo.asa import Asa
from auditor.demo.server import serve
from auditor.demo.terminal import Device, Faults
from tests.auditor.collect.bed import asa_platform, configuration, credentials

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


def main() -> int:
    """Print both times and their ratio; 1 if ours costs more than the limit or fails anywhere."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    with _fleet() as devices:
        ours, failures = measure(_ours, devices)
        bare, bare_failures = measure(_bare, devices)
    sys.stdout.write(
        f"collect {DEVICES} devices, {WORKERS} workers, {DELAY} s a command: "
        f"st-audit {ours:.1f} s ({failures} failed), "
        f"bare netmiko {bare:.1f} s ({bare_failures} failed), ratio {ours / bare:.2f} (limit {LIMIT})\n"
    )
    return int(failures > 0 or ours > LIMIT * bare)


if __name__ == "__main__":
    sys.exit(main())
