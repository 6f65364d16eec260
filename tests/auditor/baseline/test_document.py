"""YAML that people write: strict, with lines, and its traps told in their own words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import baselines
from auditor.baseline.document import Problems, decode, dotted, nearest, parse, parse_shipped
from auditor.errors import DeploymentError

SHIPPED = sorted(Path(baselines.__path__[0]).rglob("*.yaml"))


def read(text: str) -> object:
    """Read a text as a deployment would be read."""
    return parse(text, file="site.yaml", error=DeploymentError).data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: on", {"a": "on"}),
        ("a: true", {"a": True}),
        ("a: '6'", {"a": "6"}),
        ("6: x", {"6": "x"}),
        ("a: 022", {"a": 22}),
        ("a: 0x10", {"a": "0x10"}),
        ("a: 10.1", {"a": "10.1"}),
        ("a: 2026-01-01", {"a": "2026-01-01"}),
        ("a: ~", {"a": None}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: [2001:db8::/32]", {"a": ["2001:db8::/32"]}),
    ],
)
def test_values_are_plain(text: str, data: object) -> None:
    """Only integers, true, false and null are more than text, and keys are always text."""
    assert read(text) == data


def test_every_key_and_item_has_its_line() -> None:
    """Lines count from 1, for keys and for list items."""
    document = parse("a:\n  b: 1\nc:\n  - x\n  - y\n", file="site.yaml", error=DeploymentError)

    assert document.line(("a", "b")) == 2
    assert document.line(("c", 1)) == 5
    assert document.line(("c", 7)) == 3
    assert document.line(("nowhere",)) == 1


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key a stands in line 1 already", "keep one"),
        ('6: [1]\n"6": [2]\n', 2, '6 and "6" are the same key', "keep one"),
        ("a: 1\nedge: 2001:db8::\n", 2, "2001:db8:: ends in a colon", 'write it in quotes: "2001:db8::"'),
        ("a:\n\tb: 1\n", 2, "a tab indents this line", "spaces only"),
        ("a: !foo x\n", 1, "the tag !foo is not allowed", "plain value"),
        ("a: !!python/name:os.system x\n", 1, "the tag !!python/name:os.system is not allowed", "plain value"),
        ("- &a [*a]\n", 1, "aliases make this text endless", "write it out"),
        ("a: [1, 2\n", 2, "not YAML", ""),
        ("", 1, "the file is empty", "init"),
        ("a: 1\n---\nb: 1\n", 2, "not YAML", ""),
        ("? [a, b]\n: 1\n", 1, "a key must be a plain word", ""),
    ],
)
def test_what_is_no_good_yaml_is_told_with_its_line(text: str, line: int, message: str, hint: str) -> None:
    """Each trap has a message of its own that says what to write instead."""
    with pytest.raises(DeploymentError) as caught:
        read(text)

    assert (caught.value.file, caught.value.line) == ("site.yaml", line)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_bomb_of_aliases_is_refused() -> None:
    """Nested aliases do not expand beyond a budget."""
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )

    with pytest.raises(DeploymentError, match="endless or far too large"):
        read(text)


def test_all_errors_come_at_once_in_file_order() -> None:
    """The first error of the file is raised, and the others stand in it."""
    with pytest.raises(DeploymentError) as caught:
        read("a: 1\na: 2\nb: 1\nb: 2\n")

    assert [caught.value.line, *(error.line for error in caught.value.others)] == [2, 4]
    assert str(caught.value).count("stands in line") == 2


def test_one_error_is_noted_once() -> None:
    """The same error at the same place is not repeated."""
    problems = Problems(document=parse("a: 1", file="x", error=DeploymentError), error=DeploymentError)
    problems.add(("a",), "wrong")
    problems.add(("a",), "wrong")

    assert len(problems.found) == 1


def test_text_that_is_not_utf8_is_refused() -> None:
    """The line of the first wrong byte is named."""
    with pytest.raises(DeploymentError) as caught:
        decode(b"a: 1\nb: \xff\n", "site.yaml", DeploymentError)

    assert caught.value.line == 2


def test_nearest_and_dotted() -> None:
    """Paths are written as people do, and a near miss names the right spelling."""
    assert dotted(("services", "ssh", "from", 0)) == "services.ssh.from[0]"
    assert nearest("htps", ["http", "https", "ssh"]) == "did you mean https?"
    assert nearest("zzz", ["a", "b"]) == "known here: a, b"


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_what_ships_reads_the_same_by_libyaml(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers give the same values of the same types, and the same lines; without libyaml one of them does."""
    text = file.read_text("utf-8")
    strictly = parse(text, file=file.name, error=DeploymentError)
    assert repr(parse_shipped(text, file=file.name, error=DeploymentError)) == repr(strictly)

    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    assert repr(parse_shipped(text, file=file.name, error=DeploymentError)) == repr(strictly)
