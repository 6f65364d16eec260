"""Reports made by hand for the tests of status, formats and commands; no audit is needed to have one."""

from __future__ import annotations

from dataclasses import replace

from auditor.report.values import (
    Box,
    Confidence,
    Coverage,
    Cut,
    DocumentSource,
    Finding,
    FirewallReport,
    HitCount,
    Hop,
    Kind,
    Line,
    LineRole,
    PacketView,
    PathRow,
    Problem,
    ProblemKind,
    Report,
    RowVerdict,
    RowVerdictKind,
    Severity,
    SideView,
    Source,
    Status,
    UnderstoodNot,
    Waived,
)

FILE = "running-config.txt"
HTTP_LINE = Line(
    file=FILE,
    line=41,
    end_line=41,
    text="access-list OUTSIDE extended permit tcp any host 192.0.2.10 eq www",
    role=LineRole.PERMITS,
)
IMPLICIT = Line(file=FILE, line=None, end_line=None, text="implicit deny", role=LineRole.DEFAULT)
PACKET = PacketView(
    source="203.0.113.9",
    destination="198.51.100.20",
    protocol="tcp",
    source_port=40000,
    destination_port=80,
    translated=PacketView(
        source="203.0.113.9", destination="192.0.2.10", protocol="tcp", source_port=40000, destination_port=80
    ),
)
PING = PacketView(source="203.0.113.9", destination="192.0.2.10", protocol="icmp", icmp_type=8, icmp_code=0)
WAIVED = Waived(
    reason="migration until spring", owner="mft-team", approver="ciso", ticket="SEC-1", expires="2027-03-31"
)


def row(number: str = "5", verdict: RowVerdictKind = RowVerdictKind.PRESENT) -> RowVerdict:
    """Make a row with a verdict."""
    return RowVerdict(
        id=number,
        title="HTTPS from clients",
        source="internet",
        destination="edge_vip",
        protocol="tcp",
        ports="443",
        verdict=verdict,
        cuts=(Cut(source_side="outside", destination_side="dmz", verdict=verdict),),
        decided_by=(IMPLICIT,) if verdict is RowVerdictKind.MISSING else (replace(HTTP_LINE, line=40, end_line=40),),
        citation="SecureTransport 5.5, Protocol rules, row 5",
    )


def finding(
    kind: Kind = Kind.EXTRA, severity: Severity = Severity.HIGH, *, waived: bool = False, rows: tuple[str, ...] = ("4",)
) -> Finding:
    """Make a finding of a kind and severity."""
    return Finding(
        id=f"fw-{kind.value}-{'-'.join(rows)}",
        kind=kind,
        severity=severity,
        confidence=Confidence.SURE,
        title="HTTP is open although http is off",
        rows=rows,
        source_side="outside",
        destination_side="dmz",
        lines=(HTTP_LINE, replace(IMPLICIT, role=LineRole.ALSO)),
        traffic=(
            Box(source="any4", destination="198.51.100.20", protocol="tcp", source_ports="any", ports="80"),
            Box(
                source="203.0.113.0/24",
                destination="192.0.2.10",
                protocol="icmp",
                source_ports="any",
                ports="2048",
                icmp=True,
            ),
        ),
        size=2**40 + 1,
        witness=PACKET,
        hits=HitCount(count=17, last="2026-11-01T10:00:00Z"),
        waived=WAIVED if waived else None,
        remedy="delete line 41, or turn http on",
    )


def firewall(
    *, rows: tuple[RowVerdict, ...] = (), findings: tuple[Finding, ...] = (), coverage: Coverage | None = None
) -> FirewallReport:
    """Make the audit of one firewall."""
    return FirewallReport(
        name="perimeter",
        platform="cisco_asa",
        status=Status.COMPLIANT,
        hostname="asa1",
        model="ASAv",
        version="9.16(2)",
        source=Source(
            kind="ssh",
            address="198.51.100.1",
            collected_at="2026-11-24T10:00:00Z",
            host_key="SHA256:abc",
            commands=("show running-config",),
            documents=(DocumentSource(name=FILE, command="show running-config", sha256="0" * 64, lines=310),),
        ),
        sides=(SideView(name="outside", members=("internet",)), SideView(name="dmz", members=("edge", "edge_vip"))),
        assumptions=(("sysopt connection permit-vpn is on", "the default, which the configuration does not print"),),
        not_judged=("management access to the firewall itself",),
        coverage=coverage or Coverage(lines=310, modelled=250, irrelevant=60),
        rows=rows,
        findings=findings,
    )


def failed(kind: ProblemKind = ProblemKind.UNREACHABLE) -> FirewallReport:
    """Make the entry of a firewall that could not be collected."""
    return FirewallReport(
        name="inner",
        platform="cisco_asa",
        status=Status.NOT_ASSESSABLE,
        error=Problem(kind=kind, message="198.51.100.2:22 does not answer", hint="check address and route"),
    )


def not_understood(*, affects: tuple[str, ...] = ("5",), blocks: bool = True) -> Coverage:
    """Make a coverage with one line that was not understood."""
    item = UnderstoodNot(
        line=replace(HTTP_LINE, line=77, end_line=77, text="policy-route frobnicate"),
        reason="unknown word: frobnicate",
        affects=affects,
        blocks=blocks,
    )
    return Coverage(lines=310, modelled=249, irrelevant=60, not_understood=(item,))


def report(*firewalls: FirewallReport) -> Report:
    """Make a report over firewalls."""
    return Report(
        as_of="2026-11-24T10:00:00Z",
        tool_version="0.1.0",
        baselines=(("securetransport-5.5", "1" * 64),),
        deployment=("acme-mft", "2" * 64),
        firewalls=firewalls,
        rows=(
            PathRow(
                id="5", title="HTTPS from clients", verdict="open", hops=(Hop(firewall="perimeter", verdict="open"),)
            ),
        ),
    )


def sample() -> Report:
    """Make a report that has something of everything."""
    return report(
        firewall(
            rows=(
                row("4", RowVerdictKind.NOT_REQUIRED),
                row("5"),
                row("6", RowVerdictKind.MISSING),
                replace(row("20", RowVerdictKind.PARTIAL), blocked_direction="return", witness=PING),
                row("28", RowVerdictKind.NOT_APPLICABLE),
            ),
            findings=(
                finding(),
                finding(Kind.MISSING, Severity.HIGH, rows=("6",)),
                finding(Kind.OVER_BROAD, Severity.MEDIUM, waived=True, rows=()),
                finding(Kind.NOTE, Severity.INFO, rows=()),
            ),
            coverage=not_understood(affects=(), blocks=False),
        ),
        failed(),
    )
