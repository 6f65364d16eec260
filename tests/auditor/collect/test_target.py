"""Hosts, ports and fingerprints: nothing else gets through."""

from __future__ import annotations

import pytest

from auditor.collect.target import Deadline, Hop, Target
from auditor.errors import CollectionError, FailureKind, UsageError


@pytest.mark.parametrize(
    "host",
    [
        "",
        "-oProxyCommand=id",
        "fw1 -oProxyCommand=id",
        "fw1;id",
        "fw1\nfw2",
        "user@fw1",
        "fw1:22",
        "[192.0.2.1]:22",
        "fe80::1%eth0",
        "192.0.2",
        "0x7f.1",
        "300.1.1.1",
        "fw1..example.net",
        "fw-.example.net",
        "fö1.example.net",
        "a" * 64,
    ],
)
def test_a_hostile_or_mistaken_host_is_refused(host: str) -> None:
    """Text that is neither a host name nor an address never becomes a target."""
    with pytest.raises(UsageError, match="neither a host name nor an IP address"):
        Target(host=host)


@pytest.mark.parametrize(
    "host", ["fw1", "fw1.example.net", "fw_1.example.net.", "192.0.2.1", "2001:db8::1", "4711-fw.net"]
)
def test_host_names_and_addresses_are_accepted(host: str) -> None:
    """Ordinary names and addresses of both families are targets."""
    assert Target(host=host).host == host


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_an_impossible_port_is_refused(port: int) -> None:
    """Ports end at 65535 and begin at 1."""
    with pytest.raises(UsageError, match="not a TCP port"):
        Hop(host="fw1", port=port)


@pytest.mark.parametrize("fingerprint", ["MD5:00:11", "SHA256:short", "sha256:" + "A" * 43, "SHA256:" + "A" * 44])
def test_a_fingerprint_is_a_whole_sha256(fingerprint: str) -> None:
    """A fingerprint of another hash, or a part of one, pins nothing."""
    with pytest.raises(UsageError, match="fingerprint"):
        Hop(host="fw1", fingerprint=fingerprint)


@pytest.mark.parametrize(
    ("hop", "name"),
    [
        (Hop(host="FW1.Example.net."), "fw1.example.net"),
        (Hop(host="fw1", port=2222), "[fw1]:2222"),
        (Hop(host="2001:db8::1"), "2001:db8::1"),
        (Hop(host="2001:db8::1", port=830), "[2001:db8::1]:830"),
    ],
)
def test_a_hop_is_named_as_known_hosts_does(hop: Hop, name: str) -> None:
    """Another port than 22 is part of the name."""
    assert hop.name == name


def test_a_deadline_shortens_waits_and_then_ends_the_collection() -> None:
    """Waiting is limited by what is left, and impossible once nothing is."""
    now = 100.0
    deadline = Deadline(10, monotonic=lambda: now)

    assert deadline.remaining(3) == 3
    now = 108.0
    assert deadline.remaining(3) == 2
    now = 110.0
    with pytest.raises(CollectionError, match="longer than 10 s") as caught:
        deadline.remaining(3)
    assert caught.value.kind is FailureKind.INCOMPLETE
