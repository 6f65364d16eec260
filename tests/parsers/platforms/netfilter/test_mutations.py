"""Spoilt rulesets: nothing that is spoilt turns into a verdict that the plain ruleset does not have."""

from __future__ import annotations

import re

import pytest

from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.model.interpreter import Verdict
from parsers.registry import platform
from tests.fixture_cases import Case, case_id, cases, judged, questions

CASES = [
    case
    for case in cases()
    if case.platform in {"linux_nftables", "linux_iptables"}
    and not case.refused
    and (case.folder / "verdicts.txt").exists()
]


def rule_lines(case: Case, text: str) -> list[int]:
    """Give the lines that hold one rule each."""
    pattern = (
        r"-A " if case.platform == "linux_iptables" else r"\t\t(?!type |flags|elements|policy|auto|timeout|comment)\S"
    )
    lines = text.split("\n")
    return [number for number, line in enumerate(lines) if re.match(pattern, line) and "}" not in line.strip()[:1]]


def mutant(case: Case, text: str) -> list[tuple[str, Verdict]]:
    """Give the case's packets with the verdicts of another text."""
    capture = Capture(documents=(Document(name="config.txt", text=text),))
    parsed = platform(case.platform).parse(capture)
    return [(asked.id, judged(firewall, asked).verdict) for firewall, asked in questions(case, parsed)]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_a_made_up_word_in_each_rule(case: Case) -> None:
    """A made-up word in a rule leaves each verdict as it was, or open; never a permit that was none, nor a deny."""
    text = case.capture().documents[0].text
    plain = mutant(case, text)
    word = "--frobnicate" if case.platform == "linux_iptables" else "frobnicate"
    wrong: list[str] = []
    for number in rule_lines(case, text):
        lines = text.split("\n")
        head, target, tail = _split(case, lines[number])
        lines[number] = f"{head} {word} {target}{tail}"
        for (name, before), (_, after) in zip(plain, mutant(case, "\n".join(lines)), strict=True):
            if after not in {before, Verdict.UNKNOWN}:
                wrong.append(f"line {number + 1}, {name}: {before} became {after}: {lines[number].strip()}")
    assert wrong == []


def _split(case: Case, line: str) -> tuple[str, str, str]:
    """Split a rule before its target or verdict."""
    if case.platform == "linux_iptables":
        head, target, tail = line.partition(" -j ")
        return (head, target.strip() + " ", tail) if target else (line, "", "")
    words = line.rstrip().split(" ")
    place = max(1, len(words) - 1)
    indent = re.match(r"\s*", line)
    assert indent is not None
    if place >= len(words):
        return indent[0].rstrip(" "), line.strip(), ""
    return " ".join(words[:place]), " ".join(words[place:]), ""


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_each_block_gone(case: Case) -> None:
    """A set, map or chain that is gone while rules name it is an error, or opens nothing: permit only where it was."""
    text = case.capture().documents[0].text
    plain = dict(mutant(case, text))
    if case.platform == "linux_iptables":
        blocks = [
            (match.start(), match.end())
            for match in re.finditer(r"(?m)^:(?!INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING).*\n", text)
        ]
    else:
        blocks = [
            (match.start(), match.end()) for match in re.finditer(r"(?m)^\t(set|map) [^}]*\}?[^}]*\n\t\}\n", text)
        ]
    for start, end in blocks:
        spoilt = text[:start] + text[end:]
        try:
            found = mutant(case, spoilt)
        except ParserError:
            continue
        opened = [name for name, verdict in found if verdict is Verdict.PERMIT and plain[name] is Verdict.DENY]
        assert opened == [], text[start:end]


@pytest.mark.corpus
@pytest.mark.parametrize("suffix", ["iptables", "nft"])
def test_corpus(corpus: object, suffix: str) -> None:
    """Rulesets that nobody of this project wrote are read, or refused with a reason; most lines are understood."""
    from pathlib import Path

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
