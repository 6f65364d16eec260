"""Searching suspect lines only: the same redaction, to the byte, as searching all."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.capture.redaction import Redactor
from auditor.capture.suspects import Suspects, only
from parsers.contract import Platform, Secret
from parsers.model.capture import Capture, Document
from parsers.registry import ids, platform
from tests.auditor.canaries import planted
from tests.fixture_cases import cases

SECRETS = {secret.pattern.pattern: secret for name in ids() for secret in platform(name).secrets}
KEY = "-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----\n"


def _everywhere(of: Platform) -> Platform:
    """Give a platform that names no words for one of its secrets, so that every line is searched."""
    return replace(of, secrets=(*of.secrets, Secret(name="none", pattern=re.compile(r"(?!)(?P<secret>)"))))


def _same(of: Platform, *texts: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Give the texts without secrets, once it is sure that searching every line gives the same."""
    capture = Capture(documents=tuple(Document(name="x", text=text, stderr=text[:90]) for text in texts))
    redactor = Redactor(secrets=known)
    clean = redactor.capture(of, capture)
    assert clean == redactor.capture(_everywhere(of), capture)
    return tuple(document.text for document in clean.documents)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=lambda secret: secret.name)
@settings(max_examples=12)
@given(data=st.data())
def test_a_platforms_words_are_in_every_match_of_its_pattern(secret: Secret, data: st.DataObject) -> None:
    """What the pattern finds lies within one line, and in that line stands one of the words."""
    text = data.draw(st.from_regex(secret.pattern))
    assert secret.words
    for match in secret.pattern.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.end()]
        assert "\n" not in match[0]
        assert any(word in line.lower() for word in secret.words)


@pytest.mark.parametrize("name", ids())
def test_fixtures_lose_the_same_secrets(name: str) -> None:
    """In all configurations, with secrets planted into them, what is replaced is what a search of every line finds."""
    found = platform(name)
    for case in cases():
        if case.platform == name:
            texts = [document.text for document in case.capture().documents]
            clean = _same(found, *(planted(name, text) for text in texts), known=("GigabitEthernet0", "nameif outside"))
            assert [text.count("\n") for text in clean] == [planted(name, text).count("\n") for text in texts]


_BULK = st.sampled_from([
    "access-list OUT extended permit tcp host 192.0.2.1 any eq 443\n", " network-object host 192.0.2.7\n", "!\n", "\n",
    "access-list secret extended permit ip any any\n", "access-list key-string remark password is x\n",
])  # fmt: skip
_PIECES = st.one_of(
    _BULK,
    st.sampled_from([
        "password ", "Secret ", " key ", "\n", "$1$ab$cd", "x", " ", '"', "<key>", "</key>", "://a:b@", "ENC ", "}",
        "7 ", "<redacted:3>", "username a ", "pre-shared-key ", "snmp-server ", "community ", "aut\u212a", "\u017f",
        "auth md5 ", "priv ", "PaSSword 0 ", "\u212aey ", "license 0123456789abcdef0123456789abcdef", "Tr0ub4dor",
        "authentication ", "-----BEGIN PRIVATE KEY-----\n", "-----END", "MIIabc\n", "\r\n", "hunter22hunter",
        "activation Key: 0x1 ", "\ud800", "wccp ", "neighbor a ", "enable ",
    ]),
    st.text(st.characters(), max_size=6),
)  # fmt: skip


@given(
    texts=st.lists(st.lists(_PIECES, max_size=30).map("".join), min_size=1, max_size=2),
    name=st.sampled_from(ids()),
    known=st.sampled_from(
        [(), ("Tr0ub4dor",), ("hunter22hunter", "redacted", "12345678"), ("MIIabc\nMIIabc",), ("\ud800" * 8,)]
    ),
)
def test_any_text_loses_the_same_secrets(texts: list[str], name: str, known: tuple[str, ...]) -> None:
    """Whatever is in a capture, and whatever secrets are known, searching every line gives the same."""
    _same(platform(name), *texts, known=known)


@pytest.mark.parametrize("lines", [1, 300, 700])
def test_a_private_key_is_searched_to_its_end(lines: int) -> None:
    """A key goes on over lines that hold no word at all; one too long to be a key is left by both searches."""
    text = "hostname a\n" * 20_000 + KEY.format(
        "MIIabcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz\n" * lines
    )
    clean = _same(platform("cisco_asa"), text + "hostname b\n" * 20_000)[0]

    assert ("MIIabc" in clean) == (lines > 300)


def test_a_long_configuration_is_searched_block_by_block() -> None:
    """A secret is found wherever a block of the text begins or ends, and the bulk around it stays as it is."""
    bulk = "access-list OUT extended permit tcp host 192.0.2.1 host 198.51.100.7 eq 443\n" * 3000
    text = "".join(f"{bulk[: 76 * count]}username u{count} password S3cret{count}\n" for count in range(0, 3000, 300))
    clean = _same(platform("cisco_asa"), text)[0]

    assert clean == re.sub(r"S3cret\d+", lambda match: f"<redacted:{int(match[0][6:]) // 300 + 1}>", text)


def test_a_password_that_is_a_part_of_tokens_ends() -> None:
    """Somebody's password may be the very word that tokens are made of."""
    assert _same(platform("cisco_asa"), "banner redacted\npassword x\n", known=("redacted",)) == (
        "banner <redacted:1>\npassword <redacted:2>\n",
    )


@given(st.text(st.sampled_from("ab\n"), max_size=40), st.integers(min_value=1, max_value=5))
def test_suspect_lines_are_whole_lines(text: str, reach: int) -> None:
    """Lines with a word are found, and those that its reach comes to; only they are given to be changed."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:index])) for index in range(len(lines) + 1)]
    wanted = set()
    for index, line in enumerate(lines):
        if "aa" in line:
            wanted.add(index)
        if "bb" in line:
            end = starts[index + 1] + reach
            wanted.update(other for other in range(index, len(lines)) if starts[other] <= end)
    spans = Suspects(["aa"], [("bb", reach)]).spans(text)

    assert "".join(text[start:end] for start, end in spans) == "".join(lines[index] for index in sorted(wanted))
    changed = "".join(line.upper() if index in wanted else line for index, line in enumerate(lines))
    assert only(text, spans, str.upper) == changed
    assert only(text, spans, lambda part: part) is text
