"""Stored reports with what they rest on: JSON files, bundles, folders of unpacked bundles, and runs of the history."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.options import Site
    from auditor.export.evidence import Audited, Evidence
    from auditor.history.store import History
    from auditor.report.status import FailOn
    from auditor.report.values import FirewallReport, Report

__all__ = ["Stored", "joined", "stored", "with_site"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored report, where it is from, the threshold that it was written with, and its evidence where it has some."""

    place: str
    report: Report
    fail_on: FailOn
    evidence: Evidence | None = None


def stored(place: str) -> Stored:
    """Read a report from a file, a folder, standard input (`-`) or the history; raises UsageError."""
    from auditor.cli.stored import is_file, opened
    from auditor.export.bundle.archive import is_bundle, read_folder, unpack

    path = Path(place)
    if path.is_dir():
        manifest, files = read_folder(path)
        return _from_bundle(manifest, files, place)
    if not is_file(place):
        with opened() as history:
            return _from_run(history, place)
    content = _content(place)
    if is_bundle(content):
        manifest, files = unpack(content, place)
        return _from_bundle(manifest, files, place)
    return _from_text(content, place, None)


def _content(place: str) -> bytes:
    if place == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", file=place, hint="name a stored report, a bundle or a run"
        ) from error


def _from_bundle(manifest: dict[str, object], files: dict[str, bytes], place: str) -> Stored:
    from auditor.export.bundle.contents import REPORT, evidence_of

    return _from_text(files.get(REPORT, b""), place, evidence_of(manifest, files, place))


def _from_text(content: bytes, place: str, evidence: Evidence | None) -> Stored:
    from auditor.export.json_reader import fail_on, loads

    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            "this is neither a report nor a bundle", file=place, hint="name what -o json= or -o bundle= wrote"
        ) from error
    return Stored(place=place, report=loads(text, place), fail_on=fail_on(text, place), evidence=evidence)


def _from_run(history: History, name: str) -> Stored:
    from auditor.cli.stored import found
    from auditor.export.evidence import Evidence

    run = found(history, name)
    report = history.report(run.number)
    audited = tuple(_audited(history, run.number, firewall) for firewall in report.firewalls)
    return Stored(place=f"run {run.number}", report=report, fail_on=run.fail_on, evidence=Evidence(audited=audited))


def _audited(history: History, run: int, firewall: FirewallReport) -> Audited:
    from auditor.capture.manifest import Origin
    from auditor.export.evidence import Audited

    try:
        capture = history.capture(run, firewall.name, firewall.context)
    except UsageError:
        capture = None  # it could not be collected, and its report says why
    source = firewall.source
    origin = None
    if source is not None and (source.kind == "ssh" or source.collected_at):
        origin = Origin(
            address=source.address, collected_at=source.collected_at, host_key=source.host_key, commands=source.commands
        )
    return Audited(
        firewall=firewall.name,
        platform=firewall.platform,
        capture=capture,
        kind=source.kind if source is not None else "file",
        origin=origin,
        assume_complete=any(why == "--assume-complete" for _, why in firewall.assumptions),
    )


def joined(found: list[Stored]) -> Evidence | None:
    """Give the evidence of the parts of one run as one; their sites are the same, or merging was refused."""
    evidence = [item.evidence for item in found if item.evidence is not None]
    if not evidence:
        return None
    if len(evidence) == 1:
        return evidence[0]
    # In the order of the merged report's firewalls.
    audited = tuple(sorted((item for one in evidence for item in one.audited), key=lambda item: item.firewall))
    first = next((one for one in evidence if one.site is not None), evidence[0])
    return replace(first, audited=audited, together=any(item.together for item in evidence))


def with_site(evidence: Evidence, report: Report, fail_on: FailOn, site: Site, waivers: Path | None) -> Evidence:
    """Give evidence its site: the files of today, if they are those of the run, which a replay proves.

    Raises UsageError where a file is another one, or the same report does not come out.
    """
    from auditor.cli.evidence import gather
    from auditor.cli.options import Adhoc
    from auditor.cli.site import file_of, open_site, overrides
    from auditor.cli.waiving import accepted
    from auditor.export.bundle.replay import replay
    from auditor.export.bundle.verify import differences

    none = Adhoc(sides=(), groups=(), services=(), settings=())
    file = file_of(site)
    deployment = open_site(site, none)
    accepting = accepted(waivers)
    for what, own, there, place in (
        ("deployment", report.deployment, (deployment.name, deployment.sha256), file),
        ("baselines", report.baselines, deployment.baseline.parts, file),
        ("waivers", report.waivers and report.waivers.sha256, accepting and accepting.sha256, waivers),
    ):
        if own != there:
            raise UsageError(
                f"the run was judged by other {what} than this",
                file=place,
                key="--bundle",
                hint=f"name the {what} of the run with --deployment, --baseline and --waivers, from version control",
            )
    found: tuple[object, ...] = ()
    for together in (False, True) if len(evidence.audited) > 1 else (False,):
        whole = gather(site, overrides(site, none), deployment, evidence.audited, waivers=waivers, together=together)
        found = differences(report, replay(whole, report), fail_on)
        if not found:
            return whole
    raise UsageError(
        f"the run does not come out again from these files: {found[0]}",
        key="--bundle",
        hint="was it made with options over the deployment file? Then write the bundle with the run: -o bundle=FILE",
    )
