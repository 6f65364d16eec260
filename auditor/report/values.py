"""The values of a report, in the shape that programs see (interface contract, JSON report version 1).

Pure data: no severity rule, no rendering. `auditor.report.severity` and `auditor.report.status` judge it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Box", "Confidence", "Coverage", "Cut", "DocumentSource", "Finding", "FirewallReport", "HitCount", "Hop", "Kind",
    "Line", "LineRole", "PacketView", "PathRow", "Problem", "ProblemKind", "Report", "RowVerdict", "RowVerdictKind",
    "Severity", "SideView", "Source", "Status", "UnderstoodNot", "Waived", "WaiverUse", "WaiverWarning",
    "WaiverWarningKind",
]  # fmt: skip


class RowVerdictKind(StrEnum):
    """What a row's verdict on one firewall can be (semantics: section 2)."""

    NOT_REQUIRED = "not-required"
    NOT_APPLICABLE = "not-applicable"
    PRESENT = "present"
    MISSING = "missing"
    PARTIAL = "partial"
    NOT_ASSESSABLE = "not-assessable"


class Kind(StrEnum):
    """What a finding says (semantics: section 3)."""

    FORBIDDEN = "forbidden"
    EXTRA = "extra"
    OVER_BROAD = "over-broad"
    MISSING = "missing"
    PARTIAL = "partial"
    NOT_ASSESSABLE = "not-assessable"
    UNREACHABLE = "unreachable"
    RESTRICTED = "restricted"
    NOTE = "note"
    MANAGEMENT = "management"


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Confidence(StrEnum):
    """Whether the sure permit reaches it, or only the possible one."""

    SURE = "sure"
    POSSIBLE = "possible"


class LineRole(StrEnum):
    """What a cited line has to do with a verdict."""

    PERMITS = "permits"
    ALSO = "also"
    DENIES = "denies"
    SHADOWS = "shadows"
    OBJECT = "object"
    BINDS = "binds"
    TRANSLATES = "translates"
    DEFAULT = "default"


class Status(StrEnum):
    """What an audit came to."""

    COMPLIANT = "compliant"
    FINDINGS = "findings"
    NOT_ASSESSABLE = "not-assessable"
    NOTHING_AUDITED = "nothing-audited"
    ERROR = "error"


class ProblemKind(StrEnum):
    """Why a firewall could not be assessed."""

    UNREACHABLE = "unreachable"
    AUTHENTICATION = "authentication"
    HOST_KEY_UNKNOWN = "host-key-unknown"
    HOST_KEY_CHANGED = "host-key-changed"
    HOST_KEY_REVOKED = "host-key-revoked"
    INCOMPLETE = "incomplete"
    UNSUPPORTED = "unsupported"


class WaiverWarningKind(StrEnum):
    """What is wrong with a waiver, although its file is right."""

    EXPIRED = "expired"
    EXPIRING = "expiring"
    GROWN = "grown"
    WIDER = "wider"
    UNUSED = "unused"
    OVERLAPPING = "overlapping"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A cited place: `line` and `end_line` are None for an implicit decision, whose words are `text`."""

    file: str
    line: int | None
    end_line: int | None
    text: str
    role: LineRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One box of traffic as text, as it arrives at the ingress; `translated` is the other view where it differs."""

    source: str
    destination: str
    protocol: str
    source_ports: str
    ports: str
    translated: Box | None = None
    icmp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketView:
    """One concrete packet as text and numbers, as it arrives at the ingress; ICMP has type and code, not ports."""

    source: str
    destination: str
    protocol: str
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    translated: PacketView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A row between one ordered pair of sides."""

    source_side: str
    destination_side: str
    verdict: RowVerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RowVerdict:
    """A baseline row on one firewall."""

    id: str
    title: str
    source: str
    destination: str
    protocol: str
    ports: str
    verdict: RowVerdictKind
    confidence: Confidence = Confidence.SURE
    because: str = ""
    blocked_direction: str | None = None
    cuts: tuple[Cut, ...] = ()
    decided_by: tuple[Line, ...] = ()
    witness: PacketView | None = None
    citation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCount:
    """How often the device says that a rule matched, and when it last did (ISO 8601), if it says."""

    count: int
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """The waiver that accepts a finding."""

    reason: str
    owner: str
    approver: str
    ticket: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference, with the lines that cause it and a packet that proves it.

    `size` counts source address x destination address x service combinations, exactly.
    """

    id: str
    kind: Kind
    severity: Severity
    confidence: Confidence
    title: str
    rows: tuple[str, ...] = ()
    source_side: str | None = None
    destination_side: str | None = None
    lines: tuple[Line, ...] = ()
    traffic: tuple[Box, ...] = ()
    size: int = 0
    witness: PacketView | None = None
    hits: HitCount | None = None
    waived: Waived | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodNot:
    """A line that was not understood, why, and the rows that it could change."""

    line: Line
    reason: str
    affects: tuple[str, ...] = ()
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many lines there are, and what became of them."""

    lines: int = 0
    modelled: int = 0
    irrelevant: int = 0
    not_understood: tuple[UnderstoodNot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSource:
    """One collected document; the hash is of the redacted text."""

    name: str
    command: str
    sha256: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a configuration came from: `kind` is `ssh` or `file`."""

    kind: str
    address: str | None = None
    collected_at: str | None = None
    host_key: str | None = None
    commands: tuple[str, ...] = ()
    documents: tuple[DocumentSource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a firewall could not be assessed at all."""

    kind: ProblemKind
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """A side and what stands on it, as text."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallReport:
    """The audit of one firewall (context, VDOM, vsys)."""

    name: str
    platform: str
    context: str = ""
    status: Status
    error: Problem | None = None
    hostname: str = ""
    model: str = ""
    version: str = ""
    serial: str = ""
    ha_role: str = "none"
    source: Source | None = None
    sides: tuple[SideView, ...] = ()
    assumptions: tuple[tuple[str, str], ...] = ()
    not_judged: tuple[str, ...] = ()
    coverage: Coverage = field(default_factory=Coverage)
    rows: tuple[RowVerdict, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One firewall's word on an end-to-end row: open, blocked, unknown, not-required, not-applicable."""

    firewall: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRow:
    """A row end to end over the deployment: open, blocked, unknown or not-required."""

    id: str
    title: str
    verdict: str
    hops: tuple[Hop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverWarning:
    """A waiver that somebody must look at: `waiver` is its ticket, `line` its place in the waivers file.

    `traffic` and `size` are the traffic that is too much: what a finding grew by, or what nothing needs waived.
    """

    kind: WaiverWarningKind
    waiver: str
    line: int | None
    firewall: str
    text: str
    traffic: tuple[Box, ...] = ()
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverUse:
    """The waivers file that a report was made with, and what is to be said about its waivers."""

    sha256: str
    warnings: tuple[WaiverWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An audit of one or more firewalls; `status` and exit code are functions of it (auditor.report.status)."""

    as_of: str
    tool_version: str
    baselines: tuple[tuple[str, str], ...]
    """Each baseline's id and SHA-256."""
    deployment: tuple[str, str] | None
    """The deployment's name and SHA-256."""
    firewalls: tuple[FirewallReport, ...]
    rows: tuple[PathRow, ...] = ()
    waivers: WaiverUse | None = None
    """None: no waivers were asked for."""
    part: str = ""
    """Which part of a fleet it is, as `--shard` writes it (`2/4`); empty for the whole of what was asked."""
