"""Plain lines of nft text: what is read in columns means what reading each line as a whole gives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.model.rules import Deny, Permit
from parsers.platforms._netfilter.nft_json import json_ruleset as ruleset_of_json
from parsers.platforms._netfilter.nft_json_lines import JsonLines
from parsers.platforms._netfilter.nft_lines import NftLines
from parsers.platforms._netfilter.nft_text import ruleset
from parsers.platforms.linux_nftables import PLATFORM

if TYPE_CHECKING:
    from parsers.contract import Parsed

_ADDRESSES = (
    "192.0.2.7", "198.51.100.0/24", "10.0.0.1-10.0.0.9", "10.0.0.9-10.0.0.1", "192.0.2.300", "2001:db8::1",
    "2001:db8::/32", "!= 192.0.2.7", "{ 192.0.2.7, 192.0.2.8 }", "@known", "@unknown", "1.2.3.4 . 5", "$name",
)  # fmt: skip
_WORDS = (
    'iifname "eth0"', 'oifname "eth1"', 'iifname != "eth0"', "ct state new", "ct state established,related", "counter",
    "counter packets 3 bytes 4", 'log prefix "# handle 7"', 'log prefix "a comment "', "limit rate 3/second",
    "meta l4proto tcp", "meta mark 0x1", "meta mark set 0x1", "tcp sport != 5", "tcp dport != 7", "tcp flags syn",
    "ip saddr 10.0.0.0/9", "ip protocol udp", "icmp type echo-request", "@known", "strange words", "notrack", "; drop",
    'ct helper set "ftp"', "add @known { ip saddr }", "{", "}", "dnat to 10.0.0.1",
)  # fmt: skip
_VERDICTS = (
    "accept", "drop", "reject with tcp reset", "return", "continue", "jump custom", "goto custom", "jump nowhere",
    "jump forward", "queue", "", "accept drop", "jump { accept; }", 'accept comment "ip saddr 192.0.2.1 drop"',
    "drop # handle 12", 'accept comment "x" # handle 12', "masquerade",
)  # fmt: skip


def _optional(name: str, values: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(("", "", *(f"{name} {value}" for value in values)))


_rule = st.tuples(
    st.sampled_from(("", "", *_WORDS[:5])),
    st.one_of(_optional("ip saddr", _ADDRESSES), _optional("ip6 saddr", _ADDRESSES)),
    _optional("ip daddr", _ADDRESSES),
    st.sampled_from(("", "tcp dport 443", "udp dport 1-9", "tcp dport 9-1", "tcp dport 70000", "tcp dport ssh",
                     "tcp dport { 22, 443 }", "tcp dport vmap { 22 : accept }", "sctp dport 5")),
    st.lists(st.sampled_from(_WORDS), max_size=2).map(" ".join),
    st.sampled_from(_VERDICTS),
).map(lambda parts: " ".join(filter(None, parts)))  # fmt: skip
_line = st.one_of(
    _rule,
    _rule,
    st.sampled_from((
        "", "# a comment {", "tcp dport {", "22, 23 } accept", "ip saddr 192.0.2.7 \\", "}", "chain another {",
        "type filter hook input priority 0; policy drop;", 'comment "a chain"', "jump {",
    )),
)  # fmt: skip


def _text(lines: list[str]) -> str:
    inner = "\n".join(f"\t\t{line}" for line in lines)
    return (
        "table inet filter {\n\tset known {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.7 }\n\t}\n\n"
        "\tchain custom {\n\t\tip saddr 192.0.2.9 return\n\t}\n\n"
        "\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n"
        f"\t\tip saddr 192.0.2.9 jump custom\n{inner}\n\t}}\n}}\n"
    )


def _parsed(text: str) -> Parsed | str:
    try:
        return PLATFORM.parse(Capture(documents=(Document(name="nft", text=text),)))
    except ParserError as error:
        return str(error)


@given(st.lists(_line, min_size=1, max_size=5))
@example(['iifname "eth0" ip saddr 192.0.2.7 ip daddr 198.51.100.0/24 tcp dport 443 accept'])
@example(["meta l4proto udp ip saddr 192.0.2.7 tcp dport 443 accept"])
@example(["tcp dport {", "22 }", "ip saddr 192.0.2.7 accept"])
@example(["jump {", "ip saddr 192.0.2.7 accept", "}", "ip saddr 192.0.2.8 drop"])
@example(["ip saddr 192.0.2.7 accept", "}", "}", "chain x {", "ip saddr 192.0.2.8 drop", "}"])
@example(["tcp dport {", "22 } accept", "chain another {", "tcp dport 443 accept", "22 } accept"])
@example(['tcp dport { 22 comment "}"', "ip saddr 192.0.2.7 accept", "}"])
@example(["ip saddr 192.0.2.7 \\", "ip daddr 192.0.2.8 accept"])
def test_plain_lines_mean_what_whole_lines_mean(lines: list[str]) -> None:
    """A text read in columns gives the firewall, the ledger and the remarks, or the error, of one read by words."""
    text = _text(lines)
    fast = _parsed(text)
    with patch.object(NftLines, "_take", return_value=False):
        slow = _parsed(text)
    assert fast == slow


@pytest.mark.parametrize(
    "text",
    [
        "define x = {\nchain y {\n ip saddr 192.0.2.7 accept\n}\n}\n",
        "table ip t {\n set s {\n chain y {\n ip saddr 192.0.2.7 accept\n }\n }\n}\n",
        "table ip t {\n chain y {\n ip saddr 192.0.2.7 accept\n",
    ],
)
def test_a_plain_line_outside_a_chain_is_read_by_words(text: str) -> None:
    """What looks like a rule of a chain, and is in none, is not lost."""
    fast = _parsed(text)
    with patch.object(NftLines, "_take", return_value=False):
        slow = _parsed(text)
    assert fast == slow


def test_plain_lines_become_columns() -> None:
    """Lines that differ in addresses, ports, counts, comments and handles only share what they have in common."""
    parsed = _parsed(
        _text(
            [
                "ip saddr 192.0.2.7 tcp dport 443 counter packets 1 bytes 2 accept # handle 5",
                'ip daddr 198.51.100.0/24 tcp dport 8443 counter packets 3 bytes 4 accept comment "two" # handle 6',
                "ip saddr 192.0.2.8 ip6 daddr 2001:db8::1 udp dport 1-9 drop",
            ]
        )
    )
    assert not isinstance(parsed, str)
    stage = next(item for item in parsed.firewalls[0].stages if item.name == "nft inet filter forward")
    rules = stage.chains[0].rules
    assert not rules.matches.given
    assert [rule.do for rule in rules[1:]] == [Permit(), Permit(), Deny()]
    assert [str(rule.possible.source) for rule in rules[1:]] == ["192.0.2.7", "any", "192.0.2.8"]
    assert [str(rule.possible.destination) for rule in rules[1:]] == ["any", "198.51.100.0/24", "2001:db8::1"]
    assert [rule.possible.services.contains(17, 1024, 9) for rule in rules[1:]] == [False, False, True]
    assert set(parsed.ledger[0]) <= {1, 2}


def test_statements_of_a_plain_line_are_those_of_its_words() -> None:
    """Who asks a plain line for its statements gets what any other line of the same words gives."""
    text = _text(['iifname "eth0" ip saddr 192.0.2.7 tcp dport 443 accept comment "x" # handle 5'])
    with patch.object(NftLines, "_take", return_value=False):
        slow = ruleset(text, "nft")
    assert [line.statements for line in ruleset(text, "nft").tables[0].chains[1].rules] == [
        line.statements for line in slow.tables[0].chains[1].rules
    ]
    assert ruleset(text, "nft") == slow


def _payload(head: str, key: str, right: object, **more: object) -> dict[str, object]:
    return {"match": {"op": "==", "left": {"payload": {"protocol": head, "field": key}}, "right": right, **more}}


_EXPRESSIONS: tuple[object, ...] = (
    _payload("ip", "saddr", "192.0.2.7"),
    _payload("ip", "saddr", {"prefix": {"addr": "198.51.100.0", "len": 24}}),
    _payload("ip", "daddr", {"range": ["10.0.0.1", "10.0.0.9"]}),
    _payload("ip", "daddr", {"set": ["192.0.2.7", "192.0.2.8"]}),
    _payload("ip6", "daddr", "2001:db8::1"),
    _payload("ip", "daddr", "@known"),
    _payload("ip", "saddr", "192.0.2.8", op="!="),
    _payload("ip", "saddr", ["192.0.2.8"]),
    _payload("tcp", "dport", 443),
    _payload("udp", "dport", {"range": [1, 9]}),
    _payload("tcp", "dport", {"range": [9, 1]}),
    _payload("tcp", "dport", "ssh"),
    _payload("tcp", "sport", 5),
    {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth0"}},
    {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["new"]}},
    {"match": {"op": "==", "left": {"&": [{"payload": {"protocol": "ip", "field": "saddr"}}, 255]}, "right": 1}},
    {"counter": {"packets": 1, "bytes": 2}},
    {"counter": {"packets": 3, "bytes": 4}, "log": None},
    {"strange": None},
    {"notrack": None},
    {"mangle": {"key": {"meta": {"key": "mark"}}, "value": 1}},
    "word",
)
_ENDS: tuple[object, ...] = (
    {"accept": None}, {"drop": None}, {"jump": {"target": "custom"}}, {"goto": {"target": "nowhere"}}, {"queue": None},
)  # fmt: skip


@given(st.lists(st.tuples(st.lists(st.sampled_from(_EXPRESSIONS), max_size=4), st.sampled_from(_ENDS)), max_size=4))
@example([([_EXPRESSIONS[13], _EXPRESSIONS[1], _EXPRESSIONS[2], _EXPRESSIONS[8]], _ENDS[0])])
def test_plain_rules_of_json_mean_what_whole_rules_mean(rules: list[tuple[list[object], object]]) -> None:
    """JSON read in columns gives the firewall, the ledger and the remarks of JSON read rule by rule."""
    table = {"family": "inet", "table": "filter"}
    base = {"name": "forward", "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}
    listing: list[object] = [
        {"table": {"family": "inet", "name": "filter"}},
        {"set": {**table, "name": "known", "type": "ipv4_addr", "elem": ["192.0.2.7"]}},
        {"chain": {**table, "name": "custom"}},
        {"chain": {**table, **base}},
        *({"rule": {**table, "chain": "forward", "expr": [*looks, end]}} for looks, end in rules),
    ]
    for text in (json.dumps({"nftables": listing}), json.dumps({"nftables": listing}, indent=1)):
        fast, read = _parsed(text), ruleset_of_json(text, "nft")
        with patch.object(JsonLines, "take", return_value=None):
            assert fast == _parsed(text)
            assert read == ruleset_of_json(text, "nft")
