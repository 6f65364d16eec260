"""`st-audit demo`: the built-in firewall, collected over SSH, audited and reported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.options import Common, Judging, common, judging
from auditor.cli.output import colored, emit, width, write

if TYPE_CHECKING:
    from auditor.report.values import Report

__all__ = ["command"]


@click.command("demo", short_help="Audit the built-in firewall over SSH.")
@click.option(
    "--json",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("st-audit-demo/report.json"),
    metavar="PATH",
    help="Where the JSON report goes (default: st-audit-demo/report.json).",
)
@judging
@common
def command(path: Path, judging: Judging, common: Common) -> int:
    """Start an emulated Cisco ASA on loopback, collect it over SSH, audit it, and print the report.

    The emulator is a real SSH server with a host key of its own, which is pinned; its firewall has the mistakes that
    an audit is about. Needs the extra `demo`. Ends in 0 when the demonstration ran, and prints the exit code that the
    audit itself would have given.
    """
    from auditor.cli.logs import start
    from auditor.export.formats import render
    from auditor.export.options import RenderOptions
    from auditor.report.status import FailOn, exit_code

    start(common)
    _make_folder(path)
    report = _audited(judging.as_of)
    fail_on = FailOn(judging.fail_on)
    write(path, render(report, "json", RenderOptions(fail_on=fail_on)))
    shown = RenderOptions(fail_on=fail_on, verbose=common.verbose, width=width(), color=colored(common))
    emit(render(report, "text", shown))
    emit(f"\nThe same as JSON: {path}\n")
    emit(f"This was a demonstration; the audit itself would have ended in exit code {exit_code(report, fail_on)}.\n")
    return 0


def _make_folder(path: Path) -> None:
    from auditor.errors import UsageError

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot be made: {error.strerror or error}",
            file=path.parent,
            key="--json",
            hint="name a file in a folder that may be written",
        ) from error


def _audited(as_of: str) -> Report:
    """Collect and audit the emulated firewall; nothing of the user's own (keys, known hosts, deployment) is touched."""
    import os
    from importlib.resources import as_file, files

    from auditor.audit import Origin, audit_firewall, compose
    from auditor.cli.fetching import origin
    from auditor.collect.known_hosts import HostKeys
    from auditor.collect.session import collect
    from auditor.demo.run import FIREWALL, PLATFORM
    from auditor.demo.run import start as start_demo
    from auditor.deployment.load import load
    from parsers.registry import platform

    with as_file(files("auditor.demo") / "deployment.yaml") as file:
        deployment = load(file)
    found = platform(PLATFORM)
    with start_demo() as demo:
        collected = collect(demo.target, demo.credentials, platform=found, host_keys=HostKeys(own=Path(os.devnull)))
    where = origin(collected)
    report = audit_firewall(
        collected.capture,
        found,
        deployment,
        deployment.firewall(FIREWALL),
        Origin(
            kind="ssh",
            address=where.address,
            collected_at=where.collected_at,
            host_key=where.host_key,
            commands=where.commands,
        ),
    )
    return compose(deployment, (report,), as_of)
