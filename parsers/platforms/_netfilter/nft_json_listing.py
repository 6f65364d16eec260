"""The objects of nft JSON one by one, so that a long listing is never in memory as a whole beside its text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from parsers.errors import ParserError
from parsers.model.capture import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Listed", "OtherShapeError", "one_by_one", "whole"]

Listed = tuple[Span, str, dict[str, Any]]
"""The lines, the kind and the body of an object."""
_HEAD = re.compile(r'\s*\{\s*"nftables"\s*:\s*\[\s*')
_NEXT = re.compile(r"\s*,\s*")
_END = re.compile(r"\s*\]\s*\}\s*")


class OtherShapeError(Exception):
    """The text is not shaped as nft prints it; what was given of it must be forgotten."""


def one_by_one(text: str, document: int) -> Iterator[Listed]:
    """Give the objects of a listing that is shaped as nft prints it; raises OtherShapeError, maybe after some."""
    head = _HEAD.match(text)
    if head is None:
        raise OtherShapeError
    several = "\n" in text.strip()
    decode = json.JSONDecoder().raw_decode
    counted, at, line = 0, head.end(), 1
    while True:
        try:
            item, end = decode(text, at)
            ((kind, body),) = item.items()
        except (ValueError, AttributeError) as error:
            raise OtherShapeError from error
        if several:
            line += text.count("\n", counted, at)
            counted = at
        yield (
            Span(document=document, first=line, last=line + text.count("\n", at, end) if several else line),
            kind,
            body,
        )
        following = _NEXT.match(text, end)
        if following is None:
            if _END.fullmatch(text, end) is None:
                raise OtherShapeError
            return
        at = following.end()


def whole(text: str, name: str, document: int) -> Iterator[Listed]:
    """Give the objects of any listing; raises ParserError for what is none.

    Each stands in the lines where the text has it; in a listing of one line all of them stand in line 1.
    """
    try:
        listing = [(kind, body) for item in json.loads(text)["nftables"] for kind, body in item.items()]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ParserError(
            f"not the JSON of nft: {error}", document=name, hint="collect it with: nft -js list ruleset"
        ) from error
    spans = _places(text, document) or [Span(document=document, first=1, last=1)] * len(listing)
    return ((span, kind, body) for span, (kind, body) in zip(spans, listing, strict=False))


def _places(text: str, document: int) -> list[Span]:
    if "\n" not in text.strip():
        return []
    decoder = json.JSONDecoder()
    at = text.index("[", text.index('"nftables"')) + 1
    found: list[Span] = []
    counted, line = 0, 1
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at >= len(text) or text[at] == "]":
            return found
        _, end = decoder.raw_decode(text, at)
        line += text.count("\n", counted, at)
        counted = at
        found.append(Span(document=document, first=line, last=line + text.count("\n", at, end)))
        at = end
