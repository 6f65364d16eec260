"""The objects of nft JSON, given one by one and as a whole."""

from __future__ import annotations

import json

import pytest

from parsers.errors import ParserError
from parsers.model.capture import Span
from parsers.platforms._netfilter.nft_json_listing import OtherShapeError, one_by_one, whole

_OBJECTS = [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "ip", "name": "a, ] }"}}, {"set": {"elem": [1]}}]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("around", ["{}", "\n{}\n", " {} "])
def test_one_by_one_is_the_whole(around: str, indent: int | None) -> None:
    """Both readings give the same objects with the same lines, in one line and in many."""
    text = around.format(json.dumps({"nftables": _OBJECTS}, indent=indent))
    assert list(one_by_one(text, 2)) == list(whole(text, "nft-json", 2))


def test_lines_of_objects() -> None:
    """An object has the lines where it is written; all of a listing in one line has line 1."""
    text = '{"nftables": [\n{"a": {}},\n\n{"b": {\n}}\n]}\n'
    assert [span for span, _, _ in one_by_one(text, 0)] == [
        Span(document=0, first=2, last=2),
        Span(document=0, first=4, last=5),
    ]
    assert [span for span, _, _ in one_by_one('\n{"nftables": [{"a": {}}, {"b": {}}]}', 0)] == [
        Span(document=0, first=1, last=1)
    ] * 2


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", '{"other": []}', '{"nftables": []}', '{"nftables": [{"a": {}}], "nftables": []}',
        '{"nftables": [{"a": {}}]', '{"nftables": [{"a": {}} {"b": {}}]}', '{"nftables": [1]}',
        '{"nftables": [{"a": {}, "b": {}}]}', '{"nftables": [{"a": {}},]}', '{"nftables": [{"a": {}}]}{}',
    ],
)  # fmt: skip
def test_another_shape_is_left_to_the_whole_reading(text: str) -> None:
    """Whatever is not as nft prints it is refused here, even after some objects."""
    with pytest.raises(OtherShapeError):
        list(one_by_one(text, 0))


def test_no_json_is_refused() -> None:
    """A text that ends too early is an error with what to do."""
    with pytest.raises(ParserError, match="not the JSON of nft"):
        whole('{"nftables": [{"a": {}}', "nft-json", 0)
