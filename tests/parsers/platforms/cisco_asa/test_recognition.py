"""What a configuration is, how it begins and ends: told from little of it, and the same as from all of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.model.capture import Capture, Document
from parsers.platforms._cisco_lina.ends import begins, ends
from parsers.platforms._cisco_lina.recognition import is_asa, is_threat_defense

SUM = "Cryptochecksum:" + "0123456789abcdef" * 2
PIECES = st.lists(
    st.sampled_from([
        "\n", " ", "\r\n", "\x0b", "\x1c", "\u2028", "\xa0", "!", ": Saved", ": end", ": Serial Number",
        "NGFW Version 7", SUM, f"{SUM}\n: end\n", "Cryptochecksum:", "ASA Version 9.16(4)",
        "access-list a extended permit ip any any",
        "access-list a advanced permit ip any any", "access-list a advanced trust ", "description advanced permit",
        ": Hardware:  ASA5516", "hostname advanced ", "x" * 70,
    ]),
    max_size=12,
).map("".join)  # fmt: skip
MARKS = (": Saved", ": Serial Number", "ASA Version ")


def capture(text: str) -> Capture:
    """Give a capture of one text."""
    return Capture(documents=(Document(name="x", text=text),))


@given(PIECES)
def test_the_first_line_that_says_anything_tells_how_it_begins(text: str) -> None:
    """Blank lines before it do not count, a blank before its mark does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    assert begins(text, MARKS) == first.startswith(MARKS)


@given(PIECES)
def test_the_checksum_and_the_end_must_be_the_last_thing(text: str) -> None:
    """Whatever comes before, and however often it came before."""
    whole = re.search(r"^Cryptochecksum:[0-9a-f]{32}\s*\n: end\s*\Z", text, re.MULTILINE)
    assert ends(text) == (whole is not None)


@given(PIECES)
def test_threat_defense_is_told_from_an_asa_by_lines_that_only_it_writes(text: str) -> None:
    """A line of its own in any place makes it Threat Defense; without one, an ASA's lines make it an ASA."""
    lines = re.split("\n", text)
    other = any(re.match(r"NGFW Version |access-list \S+ advanced (?:permit|deny|trust) ", line) for line in lines)
    own = any(
        re.match(r"ASA Version |access-list \S+ extended (?:permit|deny) |: Hardware: +ASA", line) for line in lines
    )
    assert is_threat_defense(capture(text)) == other
    assert is_asa(capture(text)) == (own and not other)


@pytest.mark.parametrize("head", [0, 200_000])
def test_one_line_of_the_other_language_decides_wherever_it_stands(head: int) -> None:
    """A single rule of Threat Defense after any number of an ASA's tells what wrote it."""
    text = "access-list a extended permit ip any any\n" * (head // 40) + "access-list b advanced permit ip any any\n"
    assert is_threat_defense(capture(text))
    assert not is_asa(capture(text))
