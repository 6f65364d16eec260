"""The audit of one firewall: a capture is parsed, held against a deployment, and reported.

Pure: what was collected or read comes in as values, and the time as text.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from auditor.engine.examine import examine
from auditor.engine.paths import asked, end_to_end
from auditor.errors import FailureKind, NotAssessableError, UsageError
from auditor.report.deciders import with_deciders
from auditor.report.hits import with_hits
from auditor.report.ids import distinct
from auditor.report.remedy import remedied
from auditor.report.status import firewall_status
from auditor.report.values import (
    Coverage,
    DocumentSource,
    FirewallReport,
    HitCount,
    Problem,
    ProblemKind,
    Report,
    SideView,
    Source,
    Status,
    UnderstoodNot,
)
from auditor.version import VERSION
from parsers.contract import LineState
from parsers.errors import ParserError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.deployment.site import Deployment, FirewallEntry, Question
    from parsers.contract import Parsed, Platform
    from parsers.model.capture import Capture
    from parsers.model.firewall import Firewall

__all__ = ["Origin", "audit", "audit_firewall", "compose", "failed", "models"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a capture came from: `kind` is `ssh` or `file`; `assumed` says what the user answers for."""

    kind: str = "file"
    address: str | None = None
    collected_at: str | None = None
    host_key: str | None = None
    commands: tuple[str, ...] = ()
    assumed: tuple[tuple[str, str], ...] = field(default=())


def audit_firewall(
    capture: Capture,
    platform: Platform,
    deployment: Deployment,
    entry: FirewallEntry,
    origin: Origin | None = None,
    *,
    others: Mapping[str, Firewall] | None = None,
) -> FirewallReport:
    """Audit one firewall of a deployment from its (redacted, complete) capture.

    `others` are the models of other firewalls of the deployment (see `models`): on a path, a row is asked in the
    addresses that the hops before send.

    A capture that the platform refuses gives a report with an error. Raises UsageError (the deployment does not fit
    the firewall) and EngineError.
    """
    from auditor.deployment.question import question

    where = origin or Origin()
    source = _source(capture, where)
    try:
        parsed = platform.parse(capture)
    except ParserError as error:
        return failed(entry.name, platform.id, ProblemKind.UNSUPPORTED, str(error), error.hint, source)
    try:
        firewall = _choose(parsed, entry)
        _recognise(firewall, entry)
    except NotAssessableError as error:
        return failed(entry.name, platform.id, ProblemKind(error.kind.value), error.message, error.hint, source)
    own = question(deployment, entry.name, firewall)
    if others and deployment.paths:
        known = {}
        for name, model in others.items():
            # One whose own audit ends in this error is, for the others, a hop that nobody audited.
            with contextlib.suppress(UsageError):
                known[name] = (model, question(deployment, name, model))
        own = asked(deployment, entry.name, own, known)
    examined = examine(firewall, own, capture, parsed.remarks)
    report = FirewallReport(
        name=entry.name,
        platform=platform.id,
        context=firewall.context,
        status=Status.COMPLIANT,
        hostname=firewall.device.hostname,
        model=firewall.device.model,
        version=firewall.device.version,
        serial=firewall.device.serial,
        ha_role=firewall.device.ha_role.value,
        source=source,
        sides=_sides(own),
        assumptions=(
            *((item.text, item.why) for item in firewall.assumptions),
            *examined.assumptions,
            *where.assumed,
            *_stated(entry, where),
        ),
        not_judged=(*examined.not_judged, *_elsewhere(parsed, firewall)),
        coverage=_coverage(parsed, capture, platform, examined.not_understood),
        rows=with_deciders(examined.rows, examined.findings),
        findings=with_hits(remedied(distinct(examined.findings), examined.rows), _hits(parsed, capture)),
    )
    return replace(report, status=firewall_status(report))


def audit(
    capture: Capture, deployment: Deployment, firewall: str = "", *, as_of: str, assume_complete: bool = False
) -> Report:
    """Audit a capture as one firewall of a deployment, by name or, without one, the only one of its platform.

    The capture is recognised, redacted and must prove complete (or `assume_complete`, which the report says). `as_of`
    is the moment of the audit, ISO 8601 in UTC. What cannot be assessed is a report with an error, never an exception;
    raises DetectionError (no platform or several), UsageError and EngineError.
    """
    from auditor.capture.completeness import demand
    from auditor.capture.redaction import redact
    from auditor.deployment.question import entry_of
    from parsers.registry import detect

    platform = detect(capture)
    entry = entry_of(deployment, firewall, platform.id)
    clean = redact(platform, capture)
    try:
        assumed = demand(platform, clean, assume_complete=assume_complete)
    except NotAssessableError as error:
        found = failed(entry.name, platform.id, ProblemKind(error.kind.value), error.message, error.hint)
    else:
        origin = Origin(assumed=((assumed, "assume_complete"),) if assumed else ())
        found = audit_firewall(clean, platform, deployment, entry, origin)
    return compose(deployment, (found,), as_of)


def models(captures: Mapping[str, tuple[Capture, Platform]], deployment: Deployment) -> dict[str, Firewall]:
    """Give the models of several firewalls of a deployment by name, without those that cannot be parsed."""
    found: dict[str, Firewall] = {}
    for name, (capture, platform) in captures.items():
        try:
            found[name] = _choose(platform.parse(capture), deployment.firewall(name))
        except (ParserError, NotAssessableError, UsageError):
            continue  # its own audit says why
    return found


def failed(  # noqa: PLR0917 - the parts of a failure
    name: str, platform: str, kind: ProblemKind, message: str, hint: str = "", source: Source | None = None
) -> FirewallReport:
    """Give the report of a firewall that could not be assessed at all."""
    return FirewallReport(
        name=name,
        platform=platform,
        status=Status.NOT_ASSESSABLE,
        error=Problem(kind=kind, message=message, hint=hint),
        source=source,
    )


def compose(deployment: Deployment, firewalls: tuple[FirewallReport, ...], as_of: str) -> Report:
    """Put the audits of firewalls of one deployment together; `as_of` is ISO 8601 in UTC."""
    from auditor.deployment.resolve import rows

    return Report(
        as_of=as_of,
        tool_version=VERSION,
        baselines=deployment.baseline.parts,
        deployment=(deployment.name, deployment.sha256),
        firewalls=firewalls,
        rows=end_to_end(deployment, rows(deployment), firewalls),
    )


def _choose(parsed: Parsed, entry: FirewallEntry) -> Firewall:
    if entry.context:
        for firewall in parsed.firewalls:
            if firewall.context == entry.context:
                return firewall
        raise NotAssessableError(
            f"the capture has no context {entry.context!r}",
            kind=FailureKind.INCOMPLETE,
            hint="collect that context, or correct `context` of the firewall in the deployment",
        )
    if len(parsed.firewalls) == 1:
        return parsed.firewalls[0]
    if not parsed.firewalls:
        raise NotAssessableError(
            "the capture holds no firewall context",
            kind=FailureKind.INCOMPLETE,
            hint="collect the contexts, not only the system configuration",
        )
    names = ", ".join(firewall.context for firewall in parsed.firewalls)
    raise UsageError(
        f"the capture holds several contexts: {names}",
        hint="give the firewall a `context` in the deployment, one entry a context",
    )


def _source(capture: Capture, origin: Origin) -> Source:
    return Source(
        kind=origin.kind,
        address=origin.address,
        collected_at=origin.collected_at,
        host_key=origin.host_key,
        commands=origin.commands,
        documents=tuple(
            DocumentSource(
                name=document.name,
                command=document.command,
                sha256=hashlib.sha256(document.text.encode()).hexdigest(),
                lines=document.line_count(),
            )
            for document in capture.documents
        ),
    )


def _hits(parsed: Parsed, capture: Capture) -> Iterator[tuple[str, int, HitCount]]:
    for use in parsed.uses:
        name = capture.documents[use.span.document].name
        yield name, use.span.first, HitCount(count=use.count, last=use.last)


def _sides(question: Question) -> tuple[SideView, ...]:
    return tuple(
        SideView(name=side.name, members=side.members or tuple(side.addresses.texts())[:8]) for side in question.sides
    )


def _recognise(firewall: Firewall, entry: FirewallEntry) -> None:
    """Raise NotAssessableError where the device says another name than the site expects; who says none is no proof."""
    said = firewall.device.hostname
    if entry.hostname and said and said.lower() != entry.hostname.lower():
        raise NotAssessableError(
            f"this is the configuration of {said!r}, not of {entry.hostname!r}",
            kind=FailureKind.INCOMPLETE,
            hint=f"another device answers there, or the file is another firewall's; else correct "
            f"`hostname` of firewalls.{entry.name} in the deployment",
        )


def _stated(entry: FirewallEntry, where: Origin) -> Iterator[tuple[str, str]]:
    """Give what the site answers for by switches of its own, so that it stays in the report."""
    if where.kind == "ssh" and entry.ssh.legacy:
        yield "broken SSH algorithms (CBC ciphers, SHA-1 MACs) were allowed on the connection", "ssh: {legacy: true}"


def _elsewhere(parsed: Parsed, firewall: Firewall) -> Iterator[str]:
    names = [other.context for other in parsed.firewalls if other.context != firewall.context]
    if names:
        yield f"other contexts of the same device, each a firewall of its own: {', '.join(names)}"


def _coverage(
    parsed: Parsed, capture: Capture, platform: Platform, not_understood: tuple[UnderstoodNot, ...]
) -> Coverage:
    commands = platform.recipe.commands if platform.recipe is not None else ()
    beside = {command.name for command in commands if command.beside}
    states = b"".join(
        ledger
        for document, ledger in zip(capture.documents, parsed.ledger, strict=True)
        if document.name.partition("/")[0] not in beside
    )
    return Coverage(
        lines=len(states),
        modelled=states.count(bytes([LineState.MODELLED])),
        irrelevant=states.count(bytes([LineState.IRRELEVANT])),
        not_understood=not_understood,
    )
