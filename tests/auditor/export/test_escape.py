"""Hostile text is harmless: to a terminal, a spreadsheet, Markdown and XML."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.export.escape import csv_cell, markdown, shortened, visible, xml_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("permit tcp any", "permit tcp any"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\tb", "a b"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("safe\u202egnp.exe", "safe\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("é漢字🔥", "é漢字🔥"),
    ],
)
def test_control_characters_are_spelt_out(text: str, expected: str) -> None:
    """Control, format and surrogate characters are spelt out, everything readable stays."""
    assert visible(text) == expected


def test_kept_characters() -> None:
    """A line break stays where the caller wants it."""
    assert visible("a\nb\x1b", keep="\n") == "a\nb\\x1b"


@given(st.text(st.characters()))
def test_nothing_unsafe_is_left(text: str) -> None:
    """Whatever the text, what is shown holds printable characters only and can be encoded."""
    shown = visible(text)
    shown.encode("utf-8")

    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "|cmd", "%x", " =1+1", "\u00a0@x", "\uff1d1+1"]
)
def test_no_cell_begins_a_formula(text: str) -> None:
    """A cell that a spreadsheet would compute begins with an apostrophe."""
    assert csv_cell(text).startswith(("'", "\\"))


@pytest.mark.parametrize("text", ["permit tcp any", "192.0.2.10", ""])
def test_plain_cells_stay(text: str) -> None:
    """A harmless cell stays as it is."""
    assert csv_cell(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "![x](https://example.com/a.png)",
        "**bold** _it_ `code` ~~gone~~",
        "a | b",
        "@everyone #123",
        "https://example.com www.example.com",
    ],
)
def test_markdown_is_inert(text: str) -> None:
    """No character of Markdown, HTML, a table, a mention or a link is left to act."""
    shown = markdown(text)

    assert not set("<>[]*_`~|@") & set(shown)
    assert "://" not in shown
    assert "www." not in shown


def test_shortened() -> None:
    """A long text says how much is left out, a short one stays."""
    assert shortened("abcdef", 4) == "abcd… (2 more characters)"
    assert shortened("abcd", 4) == "abcd"


@given(st.text(st.characters()))
def test_xml_can_hold_it(text: str) -> None:
    """Any text, once made safe, survives an XML writer and reader."""
    element = ET.Element("x")
    element.text = xml_text(text)

    assert (ET.fromstring(ET.tostring(element)).text or "") == xml_text(text)  # noqa: S314 - our own text
