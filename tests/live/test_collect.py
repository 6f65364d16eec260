"""Collecting a real Linux host as users do: its kernel, its sshd, the documented wrapper, the recipe and its proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.collect.credentials import Credentials
from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import Collected, collect
from auditor.collect.target import Budget, Target
from auditor.errors import CollectionError, FailureKind
from parsers.contract import Completeness, Platform
from parsers.platforms import linux
from tests.auditor.collect.openssh import public_key
from tests.live.bed import SSH_PORT, Bed

pytestmark = [pytest.mark.netns]

LINES = 10_100
RULES = """\
table inet filter {
    set hosts { type ipv4_addr; elements = { 192.0.2.10, 192.0.2.11 } }
    chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ip daddr @hosts tcp dport 443 accept comment "root@fw:~# nft list ruleset"
    }
}
"""
FLOOD = (
    "table inet filter {\nchain forward {\ntype filter hook forward priority 0; policy drop;\n"
    + "".join(
        f'ip saddr 198.51.{n // 250 % 250}.{n % 250} tcp dport {n} accept comment "root@host:~# é€漢字 {n}"\n'
        for n in range(1, LINES + 1)
    )
    + "}\n}\n"
)


def listing_only() -> Platform:
    """Give the platform with its first command alone, and nothing to prove."""
    assert linux.PLATFORM.recipe is not None
    recipe = replace(linux.PLATFORM.recipe, commands=linux.PLATFORM.recipe.commands[:1])
    return replace(linux.PLATFORM, recipe=recipe, prove=lambda _: Completeness(complete=True))


@pytest.fixture
def fetch(bed: Bed) -> Callable[[Platform], Collected]:
    """Give a function that collects the bed's firewall over SSH."""
    bed.connect()
    target = Target(host="10.10.0.1", port=SSH_PORT, fingerprint=public_key(bed.folder / "host.pub").fingerprint)

    def call(platform: Platform) -> Collected:
        return collect(
            target,
            Credentials(user="root", key_file=bed.folder / "user"),
            platform=platform,
            host_keys=HostKeys(own=Path("/nonexistent")),
            budget=Budget(idle=20, total=60),
            dial=lambda _host, _port, _timeout: bed.socket(),
        )

    return call


@pytest.fixture
def meddling(bed: Bed) -> Iterator[Callable[[int], None]]:
    """Give a function that lets somebody add a rule just before the ruleset is listed as JSON, so many times."""
    bed.connect()
    wrapper, count = bed.folder / "wrapper", bed.folder / "meddled"
    documented = wrapper.read_text("ascii")
    meddle = (
        f'if [ "$SSH_ORIGINAL_COMMAND" = "nft -js list ruleset" ] && [ "$(cat {count})" -gt 0 ]; then\n'
        f"    echo $(($(cat {count}) - 1)) > {count}\n    nft add rule inet filter forward tcp dport 80 accept\nfi\n"
    )

    def start(times: int) -> None:
        count.write_text(f"{times}\n", "ascii")
        head, line, rest = documented.partition("export PATH\n")
        wrapper.write_text(head + line + meddle + rest, "ascii")

    yield start
    wrapper.write_text(documented, "ascii")


def test_a_host_is_collected_whole(bed: Bed, fetch: Callable[[Platform], Collected]) -> None:
    """Over SSH every document is what the same command prints there; the recipe's own proof holds."""
    bed.fw("nft", "-f", "-", data=RULES)
    collected = fetch(linux.PLATFORM)
    there = bed.read()

    assert linux.PLATFORM.recipe is not None
    assert collected.commands == tuple(command.text for command in linux.PLATFORM.recipe.commands)
    for ours, theirs in zip(collected.capture.documents, there.documents, strict=True):
        assert (ours.name, ours.exit_status) == (theirs.name, theirs.exit_status)
        if not ours.name.endswith(("-save", "-counters")):  # they print the time and what moves
            assert ours.text == theirs.text
    assert linux.PLATFORM.prove(collected.capture).complete


def test_ten_thousand_lines_come_whole_every_time(bed: Bed, fetch: Callable[[Platform], Collected]) -> None:
    """A kernel's ruleset with a prompt and wide characters in every comment is byte-equal five times of five."""
    bed.fw("nft", "-f", "-", data=FLOOD)
    listed = bed.fw("nft", "-as", "list", "ruleset")

    assert listed.count("root@host:~#") == LINES
    assert [fetch(listing_only()).capture.documents[0].text == listed for _ in range(5)] == [True] * 5


def test_a_ruleset_that_changed_meanwhile_is_read_once_more(
    bed: Bed, fetch: Callable[[Platform], Collected], meddling: Callable[[int], None]
) -> None:
    """One change between two commands costs a second reading, which is whole."""
    bed.fw("nft", "-f", "-", data=RULES)
    meddling(1)
    collected = fetch(linux.PLATFORM)

    assert linux.PLATFORM.prove(collected.capture).complete
    assert collected.commands.count("nft -js list ruleset") == 2
    assert "dport 80 accept" in collected.capture.documents[0].text


def test_a_ruleset_that_keeps_changing_is_refused(
    bed: Bed, fetch: Callable[[Platform], Collected], meddling: Callable[[int], None]
) -> None:
    """A change in the second reading too ends the collection, with the cause."""
    bed.fw("nft", "-f", "-", data=RULES)
    meddling(2)
    with pytest.raises(CollectionError, match="text and JSON of the ruleset differ") as caught:
        fetch(linux.PLATFORM)

    assert caught.value.kind is FailureKind.INCOMPLETE
    assert caught.value.commands.count("nft -js list ruleset") == 2
