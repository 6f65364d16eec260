"""Spoilt rulesets of every Linux fixture: nothing that is spoilt turns into a verdict that the plain ruleset lacks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.registry import platform
from tests.fixture_cases import FIXTURES, Case, case_id, cases
from tests.mutants import WORD, Mutant, Outcome, Subject, put, spoilt, spread, subject

CASES = [case for case in cases() if case.platform in {"linux_nftables", "linux_iptables"} and not case.refused]
HOSTS = [case for case in cases() if case.platform == "linux"]
NAMES = frozenset({"-i", "-o", "chain", "iif", "iifname", "inet", "ip", "ip6", "netdev", "oif", "oifname"})
"""Words before a name that may as well be another: an interface, a chain, a table."""


def hold(item: Subject, mutants: Iterable[Mutant]) -> Counter[Outcome]:
    """Try mutants on and count what came of them; none may be wrong."""
    found: Counter[Outcome] = Counter()
    wrong = []
    for mutant in mutants:
        outcome, _ = item.try_on(mutant)
        found[outcome] += 1
        if outcome is Outcome.WRONG:
            wrong.append(f"line {mutant.line}: {mutant.text.strip()}")
    assert wrong == []
    return found


def plain_lines(item: Subject) -> Iterator[tuple[int, list[str]]]:
    """Give the index and the words of each line, without comments."""
    for at, line in enumerate(item.lines):
        words = line.split()
        if words and words[0][0] != "#":
            yield at, words[: words.index("#")] if "#" in words else words


def test_every_fixture_is_mutated() -> None:
    """No folder on the disk is left out but those that a parser must refuse."""
    for name in ("linux_nftables", "linux_iptables"):
        folders = {path.parent for path in FIXTURES.glob(f"{name}/*/config.txt")}
        assert folders == {case.folder for case in cases() if case.platform == name}
        assert {path for path in folders if not path.name.startswith("refused")} <= {case.folder for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_made_up_word_anywhere(case: Case) -> None:
    """A made-up word anywhere leaves each verdict as it was, or open; never a permit that was none, nor a deny."""
    item = subject(case)
    places = [(at, words, place) for at, words in plain_lines(item) for place in range(len(words) + 1)]
    some = spread(places, 25, case_id(case))
    found = hold(item, (put(item.lines, at, [*words[:k], WORD, *words[k:]]) for at, words, k in some))
    assert found[Outcome.OPEN] + found[Outcome.REFUSED] > 0


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_word_spoilt_anywhere(case: Case) -> None:
    """So does a word, an address, a port or a mask that is corrupted; names that may be other names are left alone."""
    item = subject(case)
    places = [
        (at, words, place)
        for at, words in plain_lines(item)
        for place, word in enumerate(words)
        if '"' not in word and not (place and words[place - 1] in NAMES and not word.startswith(("daddr", "saddr")))
    ]
    some = spread(places, 25, case_id(case))
    found = hold(item, (put(item.lines, at, [*words[:k], spoilt(words[k]), *words[k + 1 :]]) for at, words, k in some))
    assert found[Outcome.OPEN] + found[Outcome.REFUSED] > 0


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_line_that_is_another(case: Case) -> None:
    """So does a line of which nothing is left but a word that nobody knows: a rule, a hook, a set, a brace."""
    item = subject(case)
    lines = spread([at for at, _ in plain_lines(item)], 12, case_id(case))
    found = hold(item, (put(item.lines, at, [WORD]) for at in lines))
    assert found[Outcome.OPEN] + found[Outcome.REFUSED] > 0


@pytest.mark.parametrize(
    ("fixture", "old", "new"),
    [
        ("linux_iptables/compliant", "*filter", "*filter frobnicate"),
        ("linux_iptables/compliant", ":FORWARD DROP [0:0]", ""),
        ("linux_iptables/compliant", 'edge 1\\"" -j ACCEPT', 'edge 1\\"" frobnicate ACCEPT'),
        ("linux_iptables/conditions", "--dport 8 ! -f", "--dport 8 frobnicate -f"),
        ("linux_iptables/published-by-translation", "--dport 443 -j DNAT", "--dport 443 frobnicate DNAT"),
        ("linux_iptables/two-negated-ports", "! --sport 1000", "! --sport frobnicate"),
        ("linux_nftables/audit-compliant", "type filter hook forward", "type frobnicate filter hook forward"),
        ("linux_nftables/audit-compliant", "type filter hook forward", "type filter hook frobnicate"),
        ("linux_nftables/audit-compliant", "type filter hook forward priority filter; policy drop;", "frobnicate"),
        ("linux_nftables/host-firewall", 'iifname "eth0" tcp dport 80', 'iifname frobnicate "eth0" tcp dport 80'),
        ("linux_nftables/interfaces", 'iifname { "eth0", "eth2" }', 'iifname { frobnicate "eth0", "eth2" }'),
        ("linux_nftables/marks", "ct mark set 0x00000001", "ct frobnicate set 0x00000001"),
        ("linux_nftables/published-by-translation", "tcp dport 443 dnat to", "tcp dport 443 frobnicate to"),
        ("linux_nftables/published-by-translation", "192.0.2.11 . 22", "192.0.2.11 frobnicate 22"),
        ("linux_nftables/audit-published", "dnat to 10.1.1.10:443", "dnat to frobnicate"),
        ("linux_nftables/sets", "elements = {", "frobnicate = {"),
        ("linux_nftables/two-negated-fields", "tcp dport != 2000", "tcp frobnicate != 2000"),
        ("linux_nftables/written-by-hand", "define web = 443", "define web frobnicate 443"),
    ],
)
def test_a_spoilt_line_is_noticed(fixture: str, old: str, new: str) -> None:
    """Each of these was once taken for something else without a word: it is open now, named as deciding, or refused."""
    folder = FIXTURES / fixture
    item = subject(Case(platform=folder.parent.name, folder=folder))
    at = next(number for number, line in enumerate(item.lines) if old in line)
    text = item.lines[at].replace(old, new, 1)
    outcome, _ = item.try_on(Mutant(line=at + 1, text=text, lines=(*item.lines[:at], text, *item.lines[at + 1 :])))
    assert outcome in {Outcome.OPEN, Outcome.REFUSED}


@pytest.mark.parametrize("case", HOSTS, ids=case_id)
@pytest.mark.parametrize("name", ["nft", "iptables-save"])
def test_a_rule_lost_from_a_host_shows(case: Case, name: str) -> None:
    """A rule, a hook or a set's elements that one of a host's listings lacks is missed in the other."""
    whole = case.capture()
    found = {document.name: document for document in whole.documents}
    assert platform("linux").prove(whole).complete
    if name not in found or "-A " not in found[name].text + "-A " * (name == "nft"):
        assert name == "iptables-save"  # a host whose rules are none of iptables
        return
    lines = found[name].lines()
    pattern = r"-A |:" if name == "iptables-save" else r"\t\t[a-z].* # handle|\t\ttype |\t\telements"
    rules = [at for at, line in enumerate(lines) if re.match(pattern, line)]
    assert rules
    for at in spread(rules, 6, case_id(case)):
        text = "\n".join([*lines[:at], "", *lines[at + 1 :]]) + "\n"
        changed = tuple(replace(item, text=text) if item.name == name else item for item in whole.documents)
        mutant = replace(whole, documents=changed)
        if platform("linux").prove(mutant).complete:  # an empty chain: it accepts, or what calls it is open
            assert re.match(r":\S+ (ACCEPT|-) ", lines[at])
            open_now = any(remark.decides for remark in platform("linux").parse(mutant).remarks)
            assert open_now or " ACCEPT " in lines[at]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_block_gone(case: Case) -> None:
    """A set, map or chain that is gone while rules name it is refused, or opens what it decided."""
    item = subject(case)
    text = item.documents[0].text
    pattern = r"(?m)^:.*\n" if case.platform == "linux_iptables" else r"(?m)^\t(set|map) [^}]*\}?[^}]*\n\t\}\n"
    spoilt_texts = [text[: match.start()] + text[match.end() :] for match in re.finditer(pattern, text)]
    assert spoilt_texts or not re.search(r"(?m)^\t(set|map) |^:", text)
    mutants = [Mutant(line=1, text=other, lines=tuple(other.split("\n")[:-1])) for other in spoilt_texts]
    hold(item, mutants)


@pytest.mark.corpus
@pytest.mark.parametrize("suffix", ["iptables", "nft"])
def test_corpus(corpus: object, suffix: str) -> None:
    """Rulesets that nobody of this project wrote are read, or refused with a reason; most lines are understood."""
    assert isinstance(corpus, Path)
    patterns = ("*.iptables", "*iptables-save*", "*.v4") if suffix == "iptables" else ("*.nft",)
    files = [file for pattern in patterns for file in sorted(corpus.rglob(pattern)) if file.is_file()]
    assert files
    name = "linux_iptables" if suffix == "iptables" else "linux_nftables"
    lines = unread = 0
    for file in files:
        text = file.read_text("utf-8", errors="replace")
        try:
            parsed = platform(name).parse(Capture(documents=(Document(name=file.name, text=text),)))
        except ParserError as error:
            assert error.message  # noqa: PT017 - a refusal is an answer, if it says why
            continue
        lines += len(parsed.ledger[0])
        unread += sum(state == 0 for state in parsed.ledger[0])
    assert unread < lines // 20, f"{unread} of {lines} lines"
