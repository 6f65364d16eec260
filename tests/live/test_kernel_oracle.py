"""The kernel has the last word: random rulesets are loaded, collected, parsed, and judged packet by packet.

200 rulesets and 200,000 packets in all, 40 of the rulesets collected over the real sshd. Every disagreement in a
verdict, a translation, a deciding rule's counter or a reply is a failure; a verdict that the model leaves open is one.
"""

from __future__ import annotations

import pytest

from tests.live.bed import Bed
from tests.live.kernel import Comparison, compare
from tests.live.prober import Prober
from tests.live.probes import Edges, packets
from tests.live.rulesets import IptablesRuleset, NftRuleset

pytestmark = pytest.mark.netns

PACKETS = 1000
NFT, IPTABLES, LEGACY, BOTH = 100, 50, 20, 30
OVER_SSH = 5
"""Of every batch of ten rulesets, so many are collected over SSH in the batches that do it at all."""
BATCH = 10


def batches(count: int) -> list[int]:
    """Give the first seeds of batches."""
    return list(range(0, count, BATCH))


def load_nft(bed: Bed, seed: int, edges: Edges, *, nat: bool = True) -> None:
    """Load the nft ruleset of a seed."""
    ruleset = NftRuleset(seed, nat=nat)
    bed.fw("nft", "-f", "-", data=ruleset.text)
    edges.update(ruleset.edges)


def load_iptables(bed: Bed, seed: int, edges: Edges, *, legacy: bool = False, nat: bool = True) -> None:
    """Load the iptables rules of a seed, IPv4 and IPv6."""
    for six in (False, True):
        rules = IptablesRuleset(seed, six=six, nat=nat)
        if rules.ipsets:
            bed.fw("ipset", "restore", data="\n".join(rules.ipsets) + "\n")
        command = f"{'ip6' if six else 'ip'}tables{'-legacy' if legacy else ''}-restore"
        bed.fw(command, data=rules.text)
        edges.update(rules.edges)


def judge(bed: Bed, prober: Prober, seed: int, edges: Edges, *, ssh: bool) -> Comparison:
    """Collect what is in force and hold it against packets on its edges."""
    capture = bed.collect() if ssh else bed.read()
    return compare(bed, prober, capture, packets(edges, seed, PACKETS))


def settle(found: Comparison, seeds: int) -> None:
    """Demand that everything was asked and nothing disagreed."""
    assert found.mismatches == []
    assert found.packets >= seeds * PACKETS
    assert found.permitted > found.packets // 20
    assert found.taken > found.packets // 100
    assert found.replies == found.permitted
    assert found.rules > seeds * 5


@pytest.mark.parametrize("first", batches(NFT))
def test_nft(bed: Bed, prober: Prober, first: int) -> None:
    """Rules of nftables: sets, intervals, concatenations, maps, jumps, negation, marks, translation."""
    found = Comparison()
    for seed in range(first, first + BATCH):
        bed.flush()
        edges = Edges()
        load_nft(bed, seed, edges)
        found += judge(bed, prober, seed, edges, ssh=first < 50 and seed % BATCH < OVER_SSH)
    settle(found, BATCH)


@pytest.mark.parametrize("first", batches(IPTABLES))
def test_iptables_over_nf_tables(bed: Bed, prober: Prober, first: int) -> None:
    """Rules of iptables and ip6tables over nf_tables: they come from iptables-save, nft's listing is only counted."""
    found = Comparison()
    for seed in range(first, first + BATCH):
        bed.flush()
        edges = Edges()
        load_iptables(bed, seed, edges)
        found += judge(bed, prober, seed, edges, ssh=first == 0 and seed % BATCH < OVER_SSH)
    settle(found, BATCH)


@pytest.mark.parametrize("first", batches(LEGACY))
def test_iptables_legacy(bed: Bed, prober: Prober, first: int) -> None:
    """Rules of iptables-legacy: neither nft nor iptables-save shows them."""
    found = Comparison()
    for seed in range(1000 + first, 1000 + first + BATCH):
        bed.flush()
        edges = Edges()
        load_iptables(bed, seed, edges, legacy=True)
        found += judge(bed, prober, seed, edges, ssh=first == 0 and seed % BATCH < OVER_SSH)
    settle(found, BATCH)


@pytest.mark.parametrize("first", batches(BOTH))
def test_all_back_ends_at_once(bed: Bed, prober: Prober, first: int) -> None:
    """Rules of nftables beside iptables: a packet must pass both, and a translation of one is what the other sees."""
    found = Comparison()
    for seed in range(2000 + first, 2000 + first + BATCH):
        bed.flush()
        edges = Edges()
        load_nft(bed, seed, edges, nat=seed % 2 == 0)
        load_iptables(bed, seed, edges, nat=seed % 2 == 1, legacy=seed % 5 == 0)
        found += judge(bed, prober, seed, edges, ssh=first == 0 and seed % BATCH < OVER_SSH)
    settle(found, BATCH)
