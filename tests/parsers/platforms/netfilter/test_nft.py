"""nft text and nft JSON: what the real nft 1.0.6 printed, in both forms, for a rule of nearly every kind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from parsers.contract import LineState, RemarkKind
from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.platforms import linux_nftables
from parsers.platforms._netfilter.nft_capture import differences
from parsers.platforms._netfilter.nft_json import json_ruleset
from parsers.platforms._netfilter.nft_syntax import (
    AnonymousSet,
    Base,
    Element,
    MapOf,
    MarkStatement,
    Nat,
    Relation,
    RuleLine,
    Ruleset,
    Statement,
    Unread,
    Values,
    VerdictStatement,
)
from parsers.platforms._netfilter.nft_text import ruleset

HERE = Path(__file__).parent
TEXT = (HERE / "listing.nft").read_text("utf-8")
JSON = (HERE / "listing.json").read_text("utf-8")


def rule(text: str) -> tuple[Statement, ...]:
    """Read one rule."""
    found = ruleset(f"table inet t {{\n\tchain c {{\n\t\t{text}\n\t}}\n}}\n", "x")
    (line,) = found.tables[0].chains[-1].rules
    return line.statements


def unread(found: Ruleset) -> list[RuleLine]:
    """Give the rules that are not understood."""
    return [
        line
        for table in found.tables
        for chain in table.chains
        for line in chain.rules
        if any(isinstance(item, Unread) for item in line.statements)
    ]


def test_text_and_json_say_the_same() -> None:
    """Every table, chain, set and rule of the listing reads the same from text and from JSON."""
    assert differences(ruleset(TEXT, "text"), json_ruleset(JSON, "json")) == []


def test_all_but_three_statements_are_read() -> None:
    """Of 249 rules only two that overwrite a header and one whose target no text tells stay unread."""
    found = ruleset(TEXT, "text")
    lines = TEXT.split("\n")
    words = [lines[line.span.first - 1].strip().partition(" # ")[0] for line in unread(found)]
    assert words == ["tcp dport set 8080", "ip daddr set 10.0.0.1", "dnat to numgen inc mod 2 offset 3"]
    assert sum(len(chain.rules) for table in found.tables for chain in table.chains) == 249


def rule_lines() -> list[int]:
    """Give every seventh line that holds a whole rule."""
    lines = TEXT.split("\n")
    plain = [line.partition(" # handle")[0].strip() for line in lines]
    rules = [
        number
        for number, line in enumerate(lines)
        if line.startswith("\t\t") and "# handle" in line and not plain[number].endswith(("{", "}"))
    ]
    return rules[::7]


@pytest.mark.parametrize("number", rule_lines())
def test_a_missing_rule_is_a_difference(number: int) -> None:
    """A text that lacks one rule is not what the JSON says."""
    lines = TEXT.split("\n")
    cut = "\n".join([*lines[:number], *lines[number + 1 :]])
    assert differences(ruleset(cut, "text"), json_ruleset(JSON, "json")) != []


def test_spans() -> None:
    """Rules, elements and policies know their lines."""
    found = ruleset(TEXT, "text", index=3)
    lines = TEXT.split("\n")
    table = found.tables[0]
    forward = next(chain for chain in table.chains if chain.name == "chfwd")
    assert forward.base == Base(kind="filter", hook="forward", priority=10, permits=False)
    assert forward.base is not None
    assert forward.base.span is not None
    assert "policy drop" in lines[forward.base.span.first - 1]
    first = forward.rules[0]
    assert (first.span.document, lines[first.span.first - 1].strip()[:8]) == (3, "ct state")
    pairs = next(item for item in table.sets if item.name == "pairs")
    assert [lines[element.first - 1].split(" . ")[0].split()[-1] for element in pairs.elements] == [
        "192.0.2.1",
        "192.0.2.0/28",
    ]


def test_statements() -> None:
    """Statements by hand: sets, ranges, flags with a mask, concatenations, translation, marks."""
    assert rule("tcp dport { 80, 443-445 } counter accept # handle 7") == (
        Relation(left=("tcp dport",), right=AnonymousSet(elements=(Element(key=("80",)), Element(key=("443-445",))))),
        rule("counter")[0],
        VerdictStatement(kind="accept"),
    )
    assert rule("tcp flags != syn / fin,syn,rst,ack drop")[0] == Relation(
        left=("tcp flags",), right=Values.of("syn"), operator="!=", mask=("fin", "syn", "rst", "ack")
    )
    assert rule("tcp flags & (fin | syn) == syn drop")[0] == Relation(
        left=("tcp flags",), right=Values.of("syn"), mask=("fin", "syn")
    )
    assert rule("ip saddr . tcp dport { 192.0.2.1 . 80-90 } accept")[0] == Relation(
        left=("ip saddr", "tcp dport"), right=AnonymousSet(elements=(Element(key=("192.0.2.1", "80-90")),))
    )
    assert rule("dnat ip6 to [2001:db8::1]:443") == (Nat(kind="dnat", family="ip6", address="2001:db8::1", port="443"),)
    assert rule("dnat to 192.0.2.9:tcp dport map { 80 : 8080 }") == (
        Nat(
            kind="dnat",
            address="192.0.2.9",
            port=MapOf(left=("tcp dport",), data=AnonymousSet(elements=(Element(key=("80",), data=("8080",)),))),
        ),
    )
    assert rule("meta mark set meta mark & 0x000000ff ^ 0x00000010") == (
        MarkStatement(connection=False, keep=255, flip=16),
    )
    assert rule("meta mark set meta mark | 0x10") == (MarkStatement(connection=False, keep=0xFFFFFFEF, flip=16),)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("tcp dport 80 frobnicate 7 accept", "accept"),
        ("frobnicate drop", "drop"),
        ("frobnicate tcp dport vmap { 80 : accept }", "unread"),
        ("frobnicate", "unread"),
        ("frobnicate accept; drop", "accept"),
        ("frobnicate { accept } jump other", "jump"),
        ('xt target "FROB"', "unread"),
    ],
)  # fmt: skip
def test_unknown_words(text: str, verdict: str) -> None:
    """What is not understood is kept as such, with the rule's verdict only where there is just one."""
    found = ruleset(f"table inet t {{\n\tchain c {{\n\t\t{text}\n\t}}\n}}\n", "x").tables[0].chains[0].rules[0]
    statements = found.statements
    assert any(isinstance(item, Unread) for item in statements)
    last = statements[-1]
    assert isinstance(last, VerdictStatement)
    assert last.kind == verdict


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("table inet t {\n chain c {\n", 2, "too early"),
        ('table inet t {\n chain c {\n tcp dport 80 log prefix "open\n', 3, "quotation"),
        ("table inet t {\n}\n}\n", 3, "too many"),
        ('include "other"\n', 1, "included file"),
        ("table inet t {\n chain c {\n ip saddr $WHO accept\n }\n}\n", 3, "not defined"),
    ],
)
def test_refused(text: str, line: int, words: str) -> None:
    """Text that cannot be read as a whole is refused with its line, what is wrong and a hint."""
    with pytest.raises(ParserError) as caught:
        ruleset(text, "saved.nft")
    assert caught.value.line == line
    assert words in caught.value.message
    assert caught.value.document == "saved.nft"


@pytest.mark.parametrize("text", ["", "{}", '{"nftables": 5}', "[1]", '{"nftables": [{"chain": {"table": "x"}}]}'])
def test_json_refused(text: str) -> None:
    """What is not nft's JSON is refused."""
    with pytest.raises(ParserError):
        json_ruleset(text, "x")


def capture(text: str, json: str | None = None, status: int | None = None) -> Capture:
    """Make a capture of a text and its proof."""
    documents = [Document(name="nft", text=text, exit_status=status)]
    if json is not None:
        documents.append(Document(name="nft-json", text=json, exit_status=status))
    return Capture(documents=tuple(documents))


def test_models_of_both_forms_are_equal() -> None:
    """The text and the JSON give one and the same model, but for what JSON has no words for."""
    texts = TEXT.split("\n")
    start = next(number for number, line in enumerate(texts) if line.strip() == "jump {")
    plain = "\n".join([*texts[:start], *texts[start + 3 :]])
    listing = JSON.replace('"jump {\\n\\t\\t\\ttcp dport 22 accept\\n\\t\\t}"', '{"continue": null}')
    assert listing != JSON
    one = linux_nftables.PLATFORM.parse(capture(plain)).firewalls[0]
    two = linux_nftables.PLATFORM.parse(capture(listing)).firewalls[0]
    texts_of = {"nft netdev nd ing"}  # nft 1.0.6 leaves the device out of its JSON
    left = [stage for stage in one.stages if stage.name not in texts_of]
    right = [stage for stage in two.stages if stage.name not in texts_of]
    assert [stage.name for stage in left] == [stage.name for stage in right]
    for a, b in zip(left, right, strict=True):
        for chain, other in zip(a.chains, b.chains, strict=True):
            assert [(rule.do, rule.possible, rule.sure) for rule in chain.rules if rule.span] == [
                (rule.do, rule.possible, rule.sure) for rule in other.rules if rule.span
            ], a.name


def test_proof() -> None:
    """Saved text alone proves nothing; text and JSON that agree do; text and JSON that differ say where."""
    prove = linux_nftables.PLATFORM.prove
    assert not prove(capture(TEXT)).complete
    assert "no proof" in prove(capture(TEXT)).reason
    assert prove(capture(TEXT, status=0)).complete
    assert prove(capture(TEXT, JSON)).complete
    found = prove(capture(TEXT.replace("tcp dport 26 reject", "tcp dport 27 reject"), JSON))
    assert not found.complete
    assert "chain sub rule 2" in found.reason
    shorter = prove(capture(TEXT.partition("table ip nat")[0], JSON))
    assert "table ip nat" in shorter.reason
    assert not prove(capture("table inet t {")).complete


def test_json_document_alone() -> None:
    """A saved JSON listing is judged like a text; put on several lines, its rules know theirs."""
    pretty = JSON.replace('{"rule":', '\n{"rule":')
    parsed = linux_nftables.PLATFORM.parse(capture(pretty))
    assert len(parsed.ledger[0]) == pretty.count("\n")
    (stage, *_) = [item for item in parsed.firewalls[0].stages if item.name == "nft inet filter chfwd"]
    spans = [rule.span.first for chain in stage.chains for rule in chain.rules if rule.span is not None]
    assert len(set(spans)) > 100
    assert all(pretty.split("\n")[line - 1].startswith('{"rule"') for line in spans)


def test_ledger_and_remarks() -> None:
    """Lines that are not understood stay so in the ledger; other families are told, and whether they matter."""
    parsed = linux_nftables.PLATFORM.parse(capture(TEXT))
    lines = TEXT.split("\n")
    unknown = [
        lines[number].strip() for number, state in enumerate(parsed.ledger[0]) if state == LineState.NOT_UNDERSTOOD
    ]
    assert any(line.startswith("tcp dport set") for line in unknown)
    assert any(line.startswith("table bridge") for line in unknown)
    kinds = {remark.kind for remark in parsed.remarks}
    assert kinds == {RemarkKind.NOT_UNDERSTOOD}
    assert [remark.decides for remark in parsed.remarks if "family" in remark.text] == [True, True]


def test_dormant_table_and_shared_chain() -> None:
    """A dormant table is not in force, and its lines decide nothing."""
    chain = "\tchain c { # handle 1\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n"
    text = f"table inet t {{ # handle 1\n\tflags dormant\n\n{chain}}}\n"
    parsed = linux_nftables.PLATFORM.parse(capture(text))
    assert parsed.firewalls[0].stages == ()
    assert set(parsed.ledger[0]) == {LineState.IRRELEVANT}


def test_names_of_bases() -> None:
    """Priorities by name and sum, as nft prints them."""
    for words, number in (("filter - 10", -10), ("dstnat", -100), ("raw + 5", -295), ("-150", -150), ("srcnat", 100)):
        text = f"table inet t {{\n chain c {{\n type nat hook prerouting priority {words}; policy accept;\n }}\n}}\n"
        base = ruleset(text, "x").tables[0].chains[0].base
        assert base is not None
        assert base.priority == number
        assert replace(base, priority=0).kind == "nat"


_TABLE: dict[str, object] = {"table": {"family": "inet", "name": "filter"}}
_CHAIN: dict[str, object] = {"family": "inet", "table": "filter", "name": "f", "type": "filter", "hook": "forward"}


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([_TABLE, _TABLE], "table filter comes twice"),
        ([_TABLE, {"chain": _CHAIN | {"prio": 0}}, {"chain": _CHAIN | {"prio": 0}}], "comes twice"),
        ([_TABLE, {"chain": _CHAIN | {"prio": "first"}}], "not as nft writes it"),
        ([_TABLE, {"chain": _CHAIN | {"prio": 0, "policy": "reject"}}], "not as nft writes it"),
        ([_TABLE, {"chain": _CHAIN}], "not as nft writes it"),
    ],
)
def test_json_that_nft_does_not_write_is_refused(objects: list[object], message: str) -> None:
    """What comes twice, and values of another kind, are nobody's ruleset: no part of it is judged."""
    with pytest.raises(ParserError, match=message):
        json_ruleset(json.dumps({"nftables": objects}), "nft-json")
