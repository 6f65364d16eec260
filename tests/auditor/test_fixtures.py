"""Every audited fixture gives what was written down by hand before the code existed (`expected.txt`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from auditor.audit import audit_firewall, compose, failed
from auditor.capture.completeness import demand
from auditor.deployment.load import load
from auditor.errors import NotAssessableError
from auditor.report.status import exit_code
from auditor.report.values import Finding, FirewallReport, Kind, Line, LineRole, ProblemKind, Report
from parsers.errors import ParserError
from parsers.model.capture import Capture, Document
from parsers.registry import platform as platform_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
UNPROVEN = ("linux_", "cisco_nxos")
"""What a saved file alone cannot prove to be complete."""
UNLISTED = {Kind.NOTE, Kind.RESTRICTED}
DECIDING = {LineRole.PERMITS, LineRole.DENIES, LineRole.SHADOWS, LineRole.DEFAULT}


@dataclass(slots=True)
class Expected:
    """What a fixture's `expected.txt` says (fixtures/cisco_asa/README.md)."""

    exit_code: int | None = None
    rows: dict[str, str] = field(default_factory=dict)
    findings: list[tuple[str, ...]] = field(default_factory=list)
    roles: list[tuple[str, int]] = field(default_factory=list)
    subset: bool = False
    ignored: set[str] = field(default_factory=set)


def _expected(path: Path) -> Expected:
    expected = Expected()
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, *rest = line.split("\t")
        match word:
            case "exit":
                expected.exit_code = int(rest[0])
            case "row":
                expected.rows[rest[0]] = rest[1]
            case "finding":
                expected.findings.append(tuple(rest))
            case "role":
                expected.roles.append((rest[0], int(rest[1])))
            case "findings":
                expected.subset = True
            case "ignore":
                expected.ignored |= set(rest[0].split(","))
            case _:
                pytest.fail(f"{path}: unknown word {word!r}")
    return expected


def _report(case: Path, platform_id: str) -> Report:
    source = case / "config.txt"
    capture = Capture(documents=(Document(name=source.name, text=source.read_text()),))
    platform = platform_of(platform_id)
    deployment = load(case / "deployment.yaml")
    entry = deployment.firewalls[0]
    report: FirewallReport
    try:
        demand(platform, capture, assume_complete=platform_id.startswith(UNPROVEN))
        report = audit_firewall(capture, platform, deployment, entry)
    except NotAssessableError as error:
        report = failed(entry.name, platform_id, ProblemKind(error.kind.value), str(error))
    except ParserError as error:
        report = failed(entry.name, platform_id, ProblemKind.UNSUPPORTED, str(error))
    return compose(deployment, (report,), "2026-01-01T00:00:00Z")


def _number(line: Line) -> str:
    return "implicit" if line.line is None else str(line.line)


def _matches(wanted: tuple[str, ...], finding: Finding) -> bool:
    kind, rows, lines, between, *ports = wanted
    if kind != finding.kind.value or between != f"{finding.source_side}>{finding.destination_side}":
        return False
    if rows != "*" and set(finding.rows) != (set() if rows == "-" else set(rows.split(","))):
        return False
    found = {_number(line) for line in finding.lines if line.role in DECIDING}
    if lines != "*" and found != set(lines.split(",")):
        return False
    opened = sorted({box.ports for box in finding.traffic})
    return not ports or opened == sorted(ports[0].split(","))


def _shown(finding: Finding) -> str:
    lines = [(_number(line), line.role.value) for line in finding.lines]
    ports = sorted({box.ports for box in finding.traffic})
    between = f"{finding.source_side}>{finding.destination_side}"
    return f"{finding.kind} {','.join(finding.rows)} {between} {lines} {ports} {finding.title}"


CASES = [
    pytest.param(path.parent, path.parent.parent.name, id=f"{path.parent.parent.name}-{path.parent.name}")
    for path in sorted(FIXTURES.glob("*/*/expected.txt"))
]


@pytest.mark.parametrize(("case", "platform_id"), CASES)
def test_fixture_is_audited_as_written_down(case: Path, platform_id: str) -> None:
    """Exit code, rows, findings and roles of a fixture are exactly the expected ones."""
    expected = _expected(case / "expected.txt")

    report = _report(case, platform_id)

    (firewall,) = report.firewalls
    shown = "\n".join(_shown(item) for item in firewall.findings)
    verdicts = {row.id: row.verdict.value for row in firewall.rows}
    assert {row: verdicts.get(row) for row in expected.rows} == expected.rows, shown
    left = [item for item in firewall.findings if item.kind.value not in expected.ignored]
    for wanted in expected.findings:
        hit = next((item for item in left if _matches(wanted, item)), None)
        assert hit is not None, f"not found: {wanted}\n{shown}\n{firewall.error}"
        left.remove(hit)
    if not expected.subset:
        unlisted = [item for item in left if item.kind not in UNLISTED]
        assert not unlisted, f"not expected: {unlisted[0].kind} {unlisted[0].title}\n{shown}"
    for role, number in expected.roles:
        cited = {(line.role.value, line.line) for item in firewall.findings for line in item.lines}
        assert (role, number) in cited, shown
    blocking = [item for item in firewall.coverage.not_understood if item.blocks]
    assert exit_code(report) == expected.exit_code, f"{firewall.error}\n{blocking}\n{shown}"
