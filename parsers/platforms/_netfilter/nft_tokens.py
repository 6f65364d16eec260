"""Words of nft text: quoted strings, punctuation, line ends and comments told apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parsers.errors import ParserError

__all__ = ["Token", "tokens"]

_PATTERN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+)
      | (?P<join>\\\n)
      | (?P<line>\n)
      | (?P<comment>\#[^\n]*)
      | (?P<string>"[^"\n]*")
      | (?P<operator>==|!=|<=|>=|<<|>>)
      | (?P<mark>[{}();,=<>!&|^])
      | (?P<word>[^\s{}();,=<>!&|^"\#]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind (`word`, `string`, `mark`, `line`), its text without quotes, and its line from 1."""

    kind: str
    text: str
    line: int


def tokens(text: str, document: str) -> list[Token]:
    """Split nft text; raises ParserError for an open quotation mark."""
    found: list[Token] = []
    line, position, end = 1, 0, len(text)
    while position < end:
        part = _PATTERN.match(text, position)
        if part is None:
            raise ParserError("a quotation mark is not closed", document=document, line=line)
        kind, words = part.lastgroup, part.group()
        position = part.end()
        match kind:
            case "line":
                found.append(Token("line", "\n", line))
                line += 1
            case "join":
                line += 1
            case "string":
                found.append(Token("string", words[1:-1], line))
            case "operator" | "mark":
                found.append(Token("mark", words, line))
            case "word":
                found.append(Token("word", words, line))
            case _:
                pass  # spaces and comments
    return found
