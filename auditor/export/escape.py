"""Untrusted text made harmless: names, remarks and lines of a configuration may hold anything.

A terminal obeys escape sequences, a spreadsheet runs formulas, a ticket system renders Markdown, and invisible or
right-to-left characters make a text read as what it is not.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["csv_cell", "markdown", "shortened", "visible", "xml_text"]

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")  # noqa: RUF001 - Excel takes the wide ones too
_MARKDOWN: Final = re.compile(
    r"[\\`*\[\]<>#|~$@&]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # within a word it is no emphasis
    r"|!(?=\[)|^[-+=](?=[ \t])|(?<=^\d)[.)](?=[ \t])"
    r"|(?<=:)/(?=/)|(?<=www)\."  # what would be made a link
)
_PLAIN: Final = re.compile(r"[ -~]*\Z")


def visible(text: str, *, keep: str = "") -> str:
    r"""Give the text with each control, format, surrogate or unassigned character spelt out (`\x1b`, `\u202e`).

    Tabs become a space; characters in `keep` stay as they are.
    """
    if _PLAIN.match(text):
        return text
    return "".join(
        character
        if character in keep
        else " "
        if character == "\t"
        else _spelt(ord(character))
        if unicodedata.category(character) in _UNSAFE
        else character
        for character in text
    )


def _spelt(number: int) -> str:
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def shortened(text: str, limit: int) -> str:
    """Give the text, or its beginning and how much is left out where it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text) - limit} more characters)"


def csv_cell(text: str) -> str:
    """Give the text so that no spreadsheet takes it for a formula: a leading apostrophe where it would."""
    safe = visible(text)
    # What is typed or pasted with blanks before it is a formula all the same.
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA) else safe


def markdown(text: str) -> str:
    """Give the text as Markdown that renders as the same text: markup, tables, HTML, links and mentions are inert."""
    # An entity works where a backslash does not (autolinks, mentions, cells of tables).
    return _MARKDOWN.sub(lambda match: f"&#{ord(match[0])};", visible(text))


def xml_text(text: str) -> str:
    """Give the text without characters that XML 1.0 cannot hold; markup is the XML writer's business."""
    return visible(text)
