"""Hypothesis strategies for whole reports: any text anywhere, every word of every vocabulary."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from auditor.report.status import firewall_status
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
    WaiverUse,
    WaiverWarning,
    WaiverWarningKind,
)

texts = st.text(max_size=8)
maybe = st.none() | texts
some_texts = st.lists(texts, max_size=2).map(tuple)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
numbers = st.integers(0, 2**31)
sizes = st.integers(0, 2**300)

lines = st.builds(
    Line, file=texts, line=st.none() | numbers, end_line=st.none() | numbers, text=texts, role=st.sampled_from(LineRole)
)
some_lines = st.lists(lines, max_size=2).map(tuple)
_PLACES = ("any", "any4", "192.0.2.10", "10.0.0.0/8", "203.0.113.1-203.0.113.9", "2001:db8::/32")
# Each of these is one box in JSON too; what is not comes back as several (tests of the ICMP types).
_TYPES = ("any", "2048", "2048-2303", "768-773", "0-2047")
plain_boxes = st.builds(
    Box,
    source=st.sampled_from(_PLACES),
    destination=st.sampled_from(_PLACES),
    protocol=st.sampled_from(("tcp", "udp", "esp", "any", "100-120")),
    source_ports=st.sampled_from(("any", "20", "1024-65535")),
    ports=st.sampled_from(("any", "80", "8088-8093")),
)


def _translated(box: Box) -> st.SearchStrategy[Box]:
    return st.sampled_from(_PLACES).map(
        lambda place: replace(box, destination="198.51.100.7", translated=replace(box, destination=place))
    )


icmp_boxes = st.builds(
    lambda box, ports: replace(box, protocol="icmp", source_ports="any", ports=ports, icmp=True),
    plain_boxes,
    st.sampled_from(_TYPES),
)
boxes = (plain_boxes | icmp_boxes).flatmap(lambda box: st.just(box) | _translated(box))
traffic = st.lists(boxes, max_size=2).map(tuple)
packets = st.recursive(
    st.builds(PacketView, source=texts, destination=texts, protocol=texts, source_port=st.none() | numbers)
    | st.builds(PacketView, source=texts, destination=texts, protocol=texts, icmp_type=numbers, icmp_code=numbers),
    lambda inner: st.builds(
        PacketView, source=texts, destination=texts, protocol=texts, destination_port=numbers, translated=inner
    ),
    max_leaves=2,
)
rows = st.builds(
    RowVerdict,
    id=texts,
    title=texts,
    source=texts,
    destination=texts,
    protocol=texts,
    ports=texts,
    verdict=st.sampled_from(RowVerdictKind),
    confidence=st.sampled_from(Confidence),
    because=texts,
    blocked_direction=st.sampled_from((None, "forward", "return")),
    cuts=st.lists(
        st.builds(Cut, source_side=texts, destination_side=texts, verdict=st.sampled_from(RowVerdictKind)), max_size=2
    ).map(tuple),
    decided_by=some_lines,
    witness=st.none() | packets,
    citation=texts,
)
findings = st.builds(
    Finding,
    id=texts,
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    confidence=st.sampled_from(Confidence),
    title=texts,
    rows=some_texts,
    source_side=maybe,
    destination_side=maybe,
    lines=some_lines,
    traffic=traffic,
    size=sizes,
    witness=st.none() | packets,
    hits=st.none() | st.builds(HitCount, count=numbers, last=maybe),
    waived=st.none() | st.builds(Waived, reason=texts, owner=texts, approver=texts, ticket=texts, expires=texts),
    remedy=maybe,
)
firewalls = st.builds(
    FirewallReport,
    name=texts,
    platform=texts,
    context=texts,
    status=st.sampled_from(Status),
    error=st.none() | st.builds(Problem, kind=st.sampled_from(ProblemKind), message=texts, hint=texts),
    hostname=texts,
    model=texts,
    version=texts,
    serial=texts,
    ha_role=texts,
    source=st.none()
    | st.builds(
        Source,
        kind=st.sampled_from(("ssh", "file")),
        address=maybe,
        collected_at=maybe,
        host_key=maybe,
        commands=some_texts,
        documents=st.lists(
            st.builds(DocumentSource, name=texts, command=texts, sha256=digests, lines=numbers), max_size=2
        ).map(tuple),
    ),
    sides=st.lists(st.builds(SideView, name=texts, members=some_texts), max_size=2).map(tuple),
    assumptions=st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    not_judged=some_texts,
    coverage=st.builds(
        Coverage,
        lines=numbers,
        modelled=numbers,
        irrelevant=numbers,
        not_understood=st.lists(
            st.builds(UnderstoodNot, line=lines, reason=texts, affects=some_texts, blocks=st.booleans()), max_size=2
        ).map(tuple),
    ),
    rows=st.lists(rows, max_size=3).map(tuple),
    findings=st.lists(findings, max_size=3).map(tuple),
).map(lambda found: replace(found, status=firewall_status(found)))
reports = st.builds(
    Report,
    as_of=st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat()),
    tool_version=texts,
    baselines=st.lists(st.tuples(texts, digests), max_size=2).map(tuple),
    deployment=st.none() | st.tuples(texts, digests),
    firewalls=st.lists(firewalls, max_size=2).map(tuple),
    rows=st.lists(
        st.builds(
            PathRow,
            id=texts,
            title=texts,
            verdict=st.sampled_from(("open", "blocked", "unknown", "not-required")),
            hops=st.lists(st.builds(Hop, firewall=texts, verdict=texts), max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    part=st.sampled_from(("", "2/4")),
    waivers=st.none()
    | st.builds(
        WaiverUse,
        sha256=digests,
        warnings=st.lists(
            st.builds(
                WaiverWarning,
                kind=st.sampled_from(WaiverWarningKind),
                waiver=texts,
                line=st.none() | numbers,
                firewall=texts,
                text=texts,
                traffic=traffic,
                size=sizes,
            ),
            max_size=2,
        ).map(tuple),
    ),
)
