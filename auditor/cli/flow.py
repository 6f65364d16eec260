"""`st-audit flow`: one connection, or a table of packets, through the rules of a configuration."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from auditor.cli.options import Collecting, Common, Site, collecting, common, platform, site
from auditor.cli.output import colored, emit
from auditor.cli.reading import context, encoding, host
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.answering import Answer, Answering
    from auditor.cli.packets import Asked
    from auditor.cli.walking import Walking
    from parsers.model.interpreter import Judgement

__all__ = ["command"]

_CODES = {"permit": 0, "deny": 1, "unknown": 3}


@click.command("flow", short_help="Follow one connection stage by stage to the lines that decide.")
@click.argument("words", metavar="[FILE|DIR|-] [SRC DST PROTO[/PORT]]", nargs=-1)
@host
@click.option(
    "--packets", type=click.Path(path_type=Path), metavar="FILE", help="Judge a table of packets (- is stdin)."
)
@click.option("--in", "arrives", metavar="NAME", help="The interface or zone it arrives on (default: by the routes).")
@click.option("--out", "leaves", metavar="NAME", help="The interface or zone it leaves by (default: by the routes).")
@click.option("--source-port", type=click.IntRange(0, 65535), help="The client's port (default: 50000).")
@click.option("--established", is_flag=True, help="Ask about the first reply of the connection.")
@platform
@context
@encoding
@click.option(
    "-f", "--format", "form", type=click.Choice(["text", "json", "tsv"]), default="text", help="How to print."
)
@site
@collecting
@common
def command(
    common: Common,
    host: str | None,
    words: tuple[str, ...],
    packets: Path | None,
    arrives: str | None,
    leaves: str | None,
    source_port: int | None,
    established: bool,
    platform: str | None,
    context: str | None,
    encoding: str,
    form: str,
    site: Site,
    collecting: Collecting,
) -> int:
    """Judge a new connection's first packet, and name every line that decides.

    The configuration is a file, a folder that --save-config wrote, standard input (-), or collected from --host.
    SRC and DST are addresses; PROTO/PORT is tcp/443, udp/53, icmp/8 (a type), esp. Ends in 0 for permit, 1 for deny,
    3 where it cannot be told; with --packets always in 0.

    The table of --packets is tab separated with a header line: id src dst proto sport dport [in out].
    """
    from auditor.cli.answering import Answering
    from auditor.cli.logs import start
    from auditor.cli.packets import from_words
    from auditor.cli.reading import obtain, one_firewall, warn_incomplete
    from auditor.cli.walking import Walking

    place, words = (None, words) if host is not None else (next(iter(words), None), words[1:])
    if packets is None and len(words) != 3:
        raise click.UsageError("name SRC, DST and PROTO[/PORT], or a table with --packets")
    if packets is not None and (words or arrives or leaves or source_port is not None):
        raise click.UsageError(
            "a table says all about its packets: no SRC, DST, --in, --out or --source-port beside it"
        )
    logger = start(common)
    found = obtain(place, host, platform, encoding, site, collecting)
    warn_incomplete(found, logger)
    firewall = one_firewall(found.parse(), context)
    answering = Answering(firewall)
    walking = Walking(firewall, found.capture)
    if packets is not None:
        _table(packets, answering, walking, form, established=established)
        return 0
    question = (words[0], words[1], words[2])
    asked = from_words(question, answering.interfaces, source_port=source_port, arrives=arrives, leaves=leaves)
    answer = answering.answer(asked, established=established)
    _one(asked, answer, walking, form, common)
    return _CODES[answer.asked_for.verdict.value]


def _one(asked: Asked, answer: Answer, walking: Walking, form: str, common: Common) -> None:
    judgement = answer.asked_for
    if form == "json":
        emit(json.dumps([walking.values(asked, judgement)], sort_keys=True, indent=2) + "\n")
    elif form == "tsv":
        emit(f"id\tverdict\n{asked.id}\t{judgement.verdict.value}\n")
    else:
        story = "\n".join(_story(asked, answer, walking)) + "\n"
        emit(_painted(story) if colored(common) else story)


def _painted(story: str) -> str:
    """Give the story with its decisions in colour; everything of the configuration was made harmless before."""
    colours = {"permits": 32, "DENIES": 31, "translates": 36, "PERMIT": 32, "DENY": 31, "UNKNOWN": 33}

    def paint(match: re.Match[str]) -> str:
        return f"{match[1]}\x1b[1;{colours[match[2]]}m{match[2]}\x1b[0m"

    painted = re.sub(r"(?m)^(\s*\d+  .*?  )(permits|DENIES|translates)(?= )", paint, story)
    return re.sub(r"(?m)^((?:the reply: )?)(PERMIT|DENY|UNKNOWN)$", paint, painted)


def _story(asked: Asked, answer: Answer, walking: Walking) -> Iterator[str]:
    yield from walking.walk(asked, answer.judgement)
    if answer.why:
        yield f"     {answer.why}"
    for path, judgement in answer.replies:
        yield from walking.reply(path, judgement)
    yield ""
    subject = "" if answer.reply is None else "the reply: "
    yield f"{subject}{answer.asked_for.verdict.value.upper()}"


def _table(packets: Path, answering: Answering, walking: Walking, form: str, *, established: bool) -> None:
    from auditor.cli.packets import from_table

    with _opened(packets) as lines:
        judged = (
            (asked, answering.answer(asked, established=established).asked_for)
            for asked in from_table(iter(lines), str(packets), answering.interfaces)
        )
        if form == "json":
            entries = [walking.values(asked, judgement) for asked, judgement in judged]
            emit(json.dumps(entries, sort_keys=True, indent=2) + "\n")
        elif form == "tsv":
            emit("id\tverdict\n" + "".join(f"{asked.id}\t{judgement.verdict.value}\n" for asked, judgement in judged))
        else:
            emit("".join(_brief(asked, judgement, walking) for asked, judgement in judged))


def _brief(asked: Asked, judgement: Judgement, walking: Walking) -> str:
    from auditor.export.escape import shortened, visible
    from auditor.export.words import place

    lines = walking.deciding_lines(judgement)
    last = lines[-1] if lines else None
    where = "" if last is None else last.text if last.line is None else f"{place(last)} {last.text.split(chr(10))[0]}"
    text = f"{asked.id}  {judgement.verdict.value:<7}  {asked.packet}  {shortened(where, 200)}"
    return visible(text.rstrip()) + "\n"


def _opened(packets: Path) -> TextIO:
    if str(packets) == "-":
        return sys.stdin
    try:
        return packets.open(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", file=packets, key="--packets") from error
