"""Lays out a new platform: `python -m tests.new_platform ID` writes its parser, an example fixture and failing tests.

The parser that it writes judges nothing: every line is not understood, and its model lets everything pass only
perhaps. The tests fail until the vendor's language is read.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

__all__ = ["main", "scaffold"]

ROOT = Path(__file__).resolve().parent.parent

PARSER = '''\
"""$title.

Source: name the vendor's documents that the meaning below rests on.
"""

from __future__ import annotations

import re

from parsers.contract import LineState, Parsed, Platform, Remark, RemarkKind
from parsers.model.capture import Capture, Document, Span
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Firewall
from parsers.model.rules import Chain, Permit, Rule, Rules, Stage

__all__ = ["PLATFORM"]

_MARK = re.compile(r"^! $id example$$", re.MULTILINE)
"""What only this platform's configurations hold."""


def _recognises(capture: Capture) -> bool:
    return any(_MARK.search(document.text) for document in capture.documents)


def _parse(capture: Capture) -> Parsed:
    words = [_extract(document) for document in capture.documents]
    remarks = tuple(
        Remark(
            kind=RemarkKind.NOT_UNDERSTOOD,
            text=" ".join(line),
            span=Span(document=number, first=at, last=at),
            decides=True,
        )
        for number, lines in enumerate(words)
        for at, line in enumerate(lines, start=1)
        if line
    )
    ledger = tuple(bytes([LineState.NOT_UNDERSTOOD] * len(lines)) for lines in words)
    return Parsed(firewalls=(_convert(remarks),), ledger=ledger, remarks=remarks)


def _extract(document: Document) -> list[list[str]]:
    """Keep the vendor's words, line by line."""
    return [line.split() for line in document.lines()]


def _convert(remarks: tuple[Remark, ...]) -> Firewall:
    """Give the words their meaning; what is not understood permits perhaps, so that no verdict rests on it."""
    rules = (
        Rule(
            do=Permit(),
            conditions=(Condition(kind=ConditionKind.UNKNOWN, text=remark.text),),
            span=remark.span,
        )
        for remark in remarks
    )
    stage = Stage(name="filter", chains=(Chain(name="main", rules=Rules.of(*rules)),))
    return Firewall(platform="$id", routes_complete=False, stages=(stage,))


PLATFORM = Platform(id="$id", title="$title", recognises=_recognises, parse=_parse)
'''

CONFIG = """\
! $id example
permit tcp any host 192.0.2.10 eq 443
deny ip any any
"""

VERDICTS = """\
id\tsrc\tdst\tproto\tsport\tdport\tin\tout\tverdict\trule
p1\t203.0.113.7\t192.0.2.10\ttcp\t40000\t443\t\t\tpermit\tname the vendor's rule that this rests on
p2\t203.0.113.7\t192.0.2.10\ttcp\t40000\t80\t\t\tdeny\tname the vendor's rule that this rests on
"""

TESTS = '''\
"""$title: what the fixtures do not say."""

from __future__ import annotations

from parsers.contract import LineState
from tests.fixture_cases import FIXTURES, Case


def test_each_line_of_the_example_is_understood() -> None:
    """No line of the example is left over."""
    case = Case(platform="$id", folder=FIXTURES / "$id" / "example")
    lines = case.capture().documents[0].lines()
    states = case.parse().ledger[0]
    left = [line for line, state in zip(lines, states, strict=True) if state == LineState.NOT_UNDERSTOOD]
    assert left == []
'''


def scaffold(name: str, title: str, root: Path = ROOT) -> list[Path]:
    """Write the files of a new platform and give their paths; raises ValueError for a bad name or one that exists."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise ValueError(f"{name!r} is no platform id: lower-case words with underscores between, vendor first")
    files = {
        root / "parsers" / "platforms" / f"{name}.py": PARSER,
        root / "fixtures" / name / "example" / "config.txt": CONFIG,
        root / "fixtures" / name / "example" / "verdicts.txt": VERDICTS,
        root / "tests" / "parsers" / "platforms" / f"test_{name}.py": TESTS,
    }
    taken = [path for path in (*files, root / "parsers" / "platforms" / name) if path.exists()]
    if taken:
        raise ValueError(f"{taken[0].relative_to(root)} exists already")
    return [_write(path, text, {"id": name, "title": title}) for path, text in files.items()]


def _write(path: Path, text: str, values: Mapping[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(text).substitute(values), "utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and lay the platform out; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.new_platform", description="Lay out a new platform.")
    parser.add_argument("id", help="its id, such as cisco_asa: vendor and system, as its module will be named")
    parser.add_argument("--title", help="its name for people (default: made of the id)")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: this one)")
    options = parser.parse_args(arguments)
    try:
        written = scaffold(options.id, options.title or options.id.replace("_", " ").title(), options.root)
    except ValueError as error:
        parser.error(str(error))
    lines = [str(path.relative_to(options.root)) for path in written]
    steps = f"next: write _extract and _convert until `pytest tests/parsers/platforms -k {options.id}` passes"
    sys.stdout.write("\n".join([*lines, steps]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
