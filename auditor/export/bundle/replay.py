"""An audit done again from its evidence: offline, with the same files and the same moment, so with the same report."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from auditor.audit import Origin, audit_firewall, compose, failed, models
from auditor.capture.completeness import demand
from auditor.deployment.load import from_options, load
from auditor.deployment.site import Deployment
from auditor.errors import NotAssessableError, UsageError
from auditor.export.evidence import Audited, Evidence, SiteFiles
from auditor.report.connection import with_weak_algorithms
from auditor.report.values import FirewallReport, ProblemKind, Report
from auditor.waivers.apply import apply
from auditor.waivers.load import loads as load_waivers
from parsers.model.firewall import Firewall
from parsers.registry import platform

__all__ = ["groups_of", "replay"]


def replay(evidence: Evidence, stored: Report) -> Report:
    """Audit again as of the stored report's moment; a firewall without a capture is taken from the stored report.

    Raises UsageError for a site that cannot be loaded, and EngineError.
    """
    site = evidence.site
    if site is None:
        raise UsageError("the evidence has no site", hint="name a bundle that `-o bundle=FILE` wrote")
    deployment = _deployment(site)
    others: dict[str, Firewall] = {}
    if evidence.together:
        captures = {item.firewall: (item.capture, platform(item.platform)) for item in evidence.audited if item.capture}
        others = models(captures, deployment)
    firewalls = tuple(_again(item, deployment, stored, others) for item in evidence.audited)
    report = replace(compose(deployment, firewalls, stored.as_of), part=stored.part)
    if site.waivers is not None:
        waivers = load_waivers(site.waivers.content.decode(), site.waivers.path)
        report = apply(report, waivers)
    return report


def groups_of(site: SiteFiles) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the groups of the site that its files describe, as text; raises UsageError as `replay` does."""
    deployment = _deployment(site)
    return tuple((name, tuple(deployment.addresses(name).texts())) for name in deployment.group_names)


def _deployment(site: SiteFiles) -> Deployment:
    """Load the site as it was: its baselines are the bundle's own, whatever ships with this st-audit."""
    if not site.baselines or not all(sources for _, sources in site.baselines):
        raise UsageError("the evidence has no baseline", hint="name a bundle that is whole")
    with tempfile.TemporaryDirectory(prefix="st-audit-") as folder:
        root = Path(folder)
        names = []
        for number, (name, sources) in enumerate(site.baselines, start=1):
            place = root / f"{number}"
            place.mkdir()
            for source in sources:
                (place / source.path).parent.mkdir(parents=True, exist_ok=True)
                (place / source.path).write_bytes(source.content)
            stem = Path(name).name
            # A file's own name is its id where it does not say another.
            names.append(f"./{number}/{sources[0].path}" if len(sources) == 1 else _folder(root, place, number, stem))
        overrides = replace(site.overrides, baselines=tuple(names))
        if site.deployment is None:
            return from_options(
                groups=dict(overrides.groups), services=overrides.services, sets=overrides.sets,
                sides=overrides.sides, baselines=tuple(str(root / name) for name in names),
                firewall=overrides.firewall, platform=overrides.platform, address=overrides.address,
            )  # fmt: skip
        file = root / "deployment.yaml"
        file.write_bytes(site.deployment.content)
        return load(file, overrides)


def _folder(root: Path, place: Path, number: int, stem: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", stem).strip("-.") or "baseline"
    goal = root / f"folder-{number}" / safe
    goal.parent.mkdir()
    place.rename(goal)
    return f"./folder-{number}/{safe}"


def _again(item: Audited, deployment: Deployment, stored: Report, others: dict[str, Firewall]) -> FirewallReport:
    if item.capture is None:
        for firewall in stored.firewalls:
            if firewall.name == item.firewall:
                return firewall
        raise UsageError(f"the report has no firewall {item.firewall}", hint="name a bundle that is whole")
    found = platform(item.platform)
    try:
        entry = deployment.firewall(item.firewall)
    except KeyError:
        raise UsageError(
            f"the deployment has no firewall {item.firewall}", hint="name a bundle that is whole"
        ) from None
    origin = item.origin
    where = Origin(
        kind=item.kind,
        address=origin.address if origin else None,
        collected_at=origin.collected_at if origin else None,
        host_key=origin.host_key if origin else None,
        commands=origin.commands if origin else (),
    )
    try:
        assumed = demand(found, item.capture, assume_complete=item.assume_complete)
    except NotAssessableError as error:
        return failed(item.firewall, item.platform, ProblemKind(error.kind.value), error.message, error.hint)
    if assumed is not None:
        where = replace(where, assumed=((assumed, "--assume-complete"),))
    rest = {name: model for name, model in others.items() if name != item.firewall}
    report = audit_firewall(item.capture, found, deployment, entry, where, others=rest or None)
    return with_weak_algorithms(report, item.weak_algorithms)
