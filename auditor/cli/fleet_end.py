"""The end of a fleet's run: stored, written, told, counted. What fails is in the exit code, and the rest is done."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import StAuditError

if TYPE_CHECKING:
    from auditor.cli.fleet_options import Asked
    from auditor.deployment.site import Deployment
    from auditor.fleet.job import Outcome
    from auditor.fleet.notice import Notice
    from auditor.fleet.state import Place
    from auditor.report.status import FailOn
    from auditor.report.values import Report
    from auditor.waivers.values import Waivers

__all__ = ["Ended", "finish"]

Failed = Callable[[StAuditError], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run whose firewalls are all audited; `began` is of the monotonic clock."""

    deployment: Deployment
    outcomes: tuple[Outcome, ...]
    waived: Waivers | None
    left_out: int
    began: float


def finish(asked: Asked, files: Place, logger: logging.Logger, ended: Ended) -> int:
    """Do all that comes after the audits, in the order of what must not be lost, and give the run's exit code."""
    from auditor.cli.recording import keep
    from auditor.cli.waiving import waive
    from auditor.fleet.run import report_of
    from auditor.fleet.summary import fields, line
    from auditor.report.status import FailOn, exit_code, worst_exit_code

    fail_on = FailOn(asked.judging.fail_on)
    shard = asked.choice.shard
    whole = report_of(ended.deployment, ended.outcomes, asked.judging.as_of)
    report = waive(replace(whole, part=str(shard) if shard.count > 1 else ""), ended.waived, logger)
    codes = [exit_code(report, fail_on), *(outcome.exit_code for outcome in ended.outcomes)]

    def failed(error: StAuditError) -> None:
        logger.error("%s", error)
        codes.append(error.exit_code)

    def attempt(step: Callable[[], object]) -> None:
        try:
            step()
        except StAuditError as error:
            failed(error)

    if asked.save_config is not None:
        _save(asked.save_config, ended.outcomes, failed)
    if asked.record and ended.outcomes:
        audited = [outcome.evidence for outcome in ended.outcomes]
        attempt(lambda: keep(report, audited, command="fleet", fail_on=fail_on, logger=logger))
    attempt(lambda: _write(asked, report, ended, fail_on, failed))
    seconds = time.monotonic() - ended.began
    if ended.outcomes:
        said = line(report, ended.outcomes, fail_on, exit_code=worst_exit_code(codes), seconds=seconds)
        attempt(lambda: _tell(asked, files, report, said, worst_exit_code(codes), logger))
    if asked.keeping.metrics is not None:
        attempt(lambda: _measure(asked, report, ended, fail_on, worst_exit_code(codes), seconds))
    code = worst_exit_code(codes)
    logger.info(
        "%s", line(report, ended.outcomes, fail_on, exit_code=code, seconds=seconds),
        extra={"fields": fields(report, ended.outcomes, fail_on, exit_code=code, seconds=seconds)},
    )  # fmt: skip
    return code


def _save(folder: Path, outcomes: tuple[Outcome, ...], failed: Failed) -> None:
    from auditor.capture.writing import write
    from auditor.cli.fetching import folder_of
    from parsers.registry import platform

    for outcome in outcomes:
        basis = outcome.evidence
        if basis.capture is None:
            continue
        try:
            place = folder_of(folder, basis.firewall)
            write(place, platform(basis.platform), basis.capture, firewall=basis.firewall, origin=basis.origin)
        except StAuditError as error:
            failed(error)


def _write(asked: Asked, report: Report, ended: Ended, fail_on: FailOn, failed: Failed) -> None:
    from auditor.cli.evidence import gather
    from auditor.cli.output import deliver
    from auditor.cli.site import overrides

    said = overrides(asked.site, asked.adhoc)
    audited = tuple(outcome.evidence for outcome in ended.outcomes)
    deliver(
        report, asked.output, asked.common, fail_on,
        lambda: gather(
            asked.site, said, ended.deployment, audited, waivers=asked.waivers, together=bool(ended.deployment.paths)
        ),
        failed=failed,
    )  # fmt: skip


def _tell(asked: Asked, files: Place, report: Report, summary: str, code: int, logger: logging.Logger) -> None:
    """Tell what changed since what was told last, and remember it only when everybody took it."""
    from auditor.fleet.news import learn, news
    from auditor.fleet.notice import notice
    from auditor.fleet.shard import WHOLE
    from auditor.fleet.state import load, save
    from auditor.report.status import FailOn

    known = load(files.memory)
    if known is not None and known.report.as_of > report.as_of:
        logger.warning(
            "what was told last is of %s, later than this run's %s: was the clock set back?",
            known.report.as_of, report.as_of,
        )  # fmt: skip
    found = news(known, report)
    if found.any:
        shard = asked.choice.shard
        told = notice(
            report, found, summary=summary, exit_code=code, fail_on=FailOn(asked.judging.fail_on),
            part="" if shard == WHOLE else f"shard {shard}",
        )  # fmt: skip
        logger.info("%s", told.subject, extra={"fields": {"event": "news", "id": told.id}})
        _deliver(asked, told, logger)
    save(files.memory, learn(known, report))


def _deliver(asked: Asked, told: Notice, logger: logging.Logger) -> None:
    """Give a notice to everybody; raises the first failure once all were tried."""
    from auditor.fleet.mail import send
    from auditor.fleet.webhook import post

    failures: list[StAuditError] = []
    webhook = asked.telling.webhook_of(os.environ)
    mail = asked.telling.mail_of(os.environ)
    if webhook is not None:
        try:
            post(webhook, told)
        except StAuditError as error:
            failures.append(error)
    if mail is not None:
        try:
            send(mail, told)
        except StAuditError as error:
            failures.append(error)
    for failure in failures[1:]:
        logger.error("%s", failure)
    if failures:
        raise failures[0]


def _measure(asked: Asked, report: Report, ended: Ended, fail_on: FailOn, code: int, seconds: float) -> None:
    from auditor.fleet.metrics import Run, write

    if asked.keeping.metrics is not None:
        run = Run(
            report=report, outcomes=ended.outcomes, fail_on=fail_on, exit_code=code, seconds=seconds,
            ended=time.time(), left_out=ended.left_out,
        )  # fmt: skip
        write(asked.keeping.metrics, run)
