"""Blocks of a Cisco configuration: which line lies in which, whatever the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.text.cisco_tree import Node, tree

LINES = (
    "interface x",
    " nameif a",
    "  deep",
    "!",
    " !",
    "quit",
    "   macro name foo",
    "banner motd ^C",
    "\tq",
    "{",
    "^C",
)


def numbered(*lines: str) -> list[tuple[int, str]]:
    """Number lines from 1."""
    return list(enumerate(lines, 1))


def test_blocks_hold_what_is_indented_below_them() -> None:
    """A line lies in the last line above it that is less indented."""
    policy, route = tree(
        numbered("policy-map P", " class C", "  inspect ftp", "  inspect dns  preset", " class D", "route x"), "asa"
    )
    assert policy == Node(
        1,
        ("policy-map", "P"),
        (
            Node(2, ("class", "C"), (Node(3, ("inspect", "ftp")), Node(4, ("inspect", "dns", "preset")))),
            Node(5, ("class", "D")),
        ),
    )
    assert route == Node(6, ("route", "x"))
    assert (policy.last, policy.children[0].last, list(policy.numbers())) == (5, 4, [1, 2, 3, 4, 5])
    assert [item.number for item in policy.find("class")] == [2, 5]


def test_nothing_gives_no_tree() -> None:
    """No line gives no node."""
    assert tree([], "asa") == ()


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=14))
def test_every_line_comes_back_once(lines: list[str]) -> None:
    """Each line is in the tree once, and a line that is not indented lies in no other."""
    found = tree(numbered(*lines), "asa")
    assert sorted(number for node in found for number in node.numbers()) == list(range(1, len(lines) + 1))
    top = {node.number for node in found}
    assert {number for number, line in numbered(*lines) if line[0] not in " \t"} <= top


def test_bottomless_indentation_ends() -> None:
    """An indentation that no device prints does not nest without end."""
    found = tree([(n + 1, " " * n + "x") for n in range(2000)], "asa")
    assert sum(1 for node in found for _ in node.numbers()) == 2000
