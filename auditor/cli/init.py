"""`st-audit init`: the few questions that a deployment file answers, asked one by one, and the file with comments."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Common, common
from auditor.cli.output import emit, write
from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.baseline.language import Baseline, SetUpQuestion

__all__ = ["command"]

_DEFAULT = ("securetransport-5.5", "hygiene")


@click.command("init", short_help="Write a commented deployment file.")
@click.argument("path", metavar="[FILE]", type=click.Path(path_type=Path), default=Path("deployment.yaml"))
@click.option(
    "--baseline", "baselines", metavar="NAME|FILE", multiple=True, help="What is required (default: the shipped ones)."
)
@click.option(
    "--answer", "given", metavar="KEY=VALUE", multiple=True, help="Answer a question beforehand; may be repeated."
)
@click.option("--questions", is_flag=True, help="List the questions with their keys, and write nothing.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common
def command(
    path: Path, baselines: tuple[str, ...], given: tuple[str, ...], questions: bool, force: bool, common: Common
) -> int:
    """Ask who is who, what runs and where the firewall stands, and write FILE (default: deployment.yaml).

    The file says in comments what each answer switches on. Answers may come from a pipe, one line each, in the order
    in which the questions are asked; an empty line is no answer. `-` as FILE prints it.
    """
    from auditor.baseline.load import load
    from auditor.cli.logs import start
    from auditor.deployment.compose import FIREWALL_QUESTIONS, NAME_QUESTION, compose

    logger = start(common)
    names = baselines or _DEFAULT
    baseline = load(names, base=Path())
    if questions:
        for item in (NAME_QUESTION, *baseline.vocabulary.questions, *FIREWALL_QUESTIONS):
            emit(f"{item.key}\t{_asked(item)}\n")
        return 0
    printed = str(path) == "-"
    if path.exists() and not (force or printed):
        raise UsageError("is there already", file=path, hint="name another file, or say --force to replace it")
    answers = _answers(baseline, dict(map(_answer, given)))
    _check(compose(answers, baseline, names))
    if printed:
        emit(compose(answers, baseline, names))
        return 0
    write(path, compose(answers, baseline, [_beside(name, path.parent) for name in names]))
    logger.info("wrote %s; `st-audit baseline show` says what it asks for", path)
    return 0


def _answer(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(
            f"{text!r} is not KEY=VALUE", key="--answer", hint="`st-audit init --questions` lists the keys"
        )
    return key, value


def _answers(baseline: Baseline, given: dict[str, str]) -> dict[str, str]:
    """Ask until nothing is left; what cannot be an answer is asked again on a terminal, and an error in a pipe."""
    from auditor.deployment.compose import next_question, parse_answer

    answers: dict[str, str] = {}
    known = _known(baseline)
    for key, text in given.items():
        if key not in known:
            raise UsageError(f"there is no question {key!r}", key="--answer", hint="`st-audit init --questions`")
        parse_answer(baseline, key, text)
        answers[key] = text
    while (question := next_question(baseline, answers)) is not None:
        while True:
            text = _ask(question)
            try:
                parse_answer(baseline, question.key, text)
            except UsageError as error:
                if not sys.stdin.isatty():
                    raise
                click.echo(str(error), err=True)
                continue
            answers[question.key] = text
            break
    return answers


def _known(baseline: Baseline) -> set[str]:
    from auditor.deployment.compose import FIREWALL_QUESTIONS, NAME_QUESTION

    return {item.key for item in (NAME_QUESTION, *baseline.vocabulary.questions, *FIREWALL_QUESTIONS)}


def _ask(question: SetUpQuestion) -> str:
    """Ask on a terminal, or take the next line of a pipe; at its end the rest goes unanswered."""
    if sys.stdin.isatty():
        return str(click.prompt(_asked(question), default="", show_default=False, err=True))
    return sys.stdin.readline().strip()


def _asked(question: SetUpQuestion) -> str:
    return f"{question.ask} (such as {question.example})" if question.example else question.ask


def _beside(name: str, folder: Path) -> str:
    """Give a baseline's name as a deployment file in a folder must write it: paths are relative to the file."""
    import os

    return os.path.relpath(name, folder) if Path(name).exists() else name


def _check(text: str) -> None:
    """Refuse what `config` would refuse: answers that contradict each other, a row that lacks something."""
    from auditor.baseline.document import parse
    from auditor.deployment.load import load

    try:
        load(parse(text, file="", error=UsageError).data)
    except UsageError as error:
        raise UsageError(
            f"these answers make no deployment: {error.message}", key=error.key, hint=error.hint, others=error.others
        ) from error
