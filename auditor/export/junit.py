"""JUnit XML, as CI systems read it: a suite per firewall, a case per row and one per finding that is no row's."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # for writing only; nothing is parsed here

from auditor.export.escape import shortened, xml_text
from auditor.export.words import direction, gathered, listed, packet_text, place, row_traffic
from auditor.report.status import JUDGED, SEVERITIES, FailOn, firewall_status
from auditor.report.values import Kind, RowVerdictKind, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.export.options import RenderOptions
    from auditor.report.values import Finding, FirewallReport, Report, RowVerdict

__all__ = ["render"]

_LIMIT = 10_000
_OF_A_ROW = frozenset({Kind.MISSING, Kind.PARTIAL, Kind.NOT_ASSESSABLE})


def render(report: Report, options: RenderOptions) -> str:
    """Give the report as JUnit XML: failure for what differs, error for what cannot be told, skipped for the rest."""
    root = ET.Element("testsuites", {"name": "st-audit"})
    for firewall in report.firewalls:
        _suite(root, firewall, report.as_of, options.fail_on)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, firewall: FirewallReport, as_of: str, fail_on: FailOn) -> None:
    name = f"{firewall.name}/{firewall.context}" if firewall.context else firewall.name
    suite = ET.SubElement(root, "testsuite", {"name": _name(name), "timestamp": as_of.removesuffix("Z")})
    if firewall.error is not None:
        case = _case(suite, name, "assessment")
        _outcome(case, "error", firewall.error.kind.value, f"{firewall.error.message}\n{firewall.error.hint}".rstrip())
    elif firewall_status(firewall, fail_on) is Status.NOTHING_AUDITED:
        words = "nothing was audited: the baseline has no row for this firewall"
        _outcome(_case(suite, name, "assessment"), "skipped", Status.NOTHING_AUDITED.value, words)
    for row in firewall.rows:
        mine = [finding for finding in firewall.findings if finding.kind in _OF_A_ROW and row.id in finding.rows]
        _row(_case(suite, name, f"row {row.id} {row.title}"), row, mine, fail_on)
    # A row that is present passes: a finding that names it all the same is a case of its own.
    covered = {row.id for row in firewall.rows if row.verdict in JUDGED and row.verdict is not RowVerdictKind.PRESENT}
    for finding in firewall.findings:
        if finding.kind not in _OF_A_ROW or not covered.intersection(finding.rows):
            _finding(_case(suite, name, f"{finding.kind.value} {finding.id} {finding.title}"), finding, fail_on)
    for item in firewall.coverage.not_understood:
        if item.blocks:
            _outcome(_case(suite, name, f"line {place(item.line)}"), "error", "not-understood", item.reason)
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite)))


def _case(suite: ET.Element, firewall: str, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", {"classname": _name(firewall), "name": _name(name)})


def _name(text: str) -> str:
    return xml_text(shortened(text, 500))


def _outcome(case: ET.Element, tag: str, kind: str, text: str) -> None:
    first, _, _ = text.partition("\n")
    safe = shortened(text, _LIMIT)
    element = ET.SubElement(case, tag, {"type": kind, "message": _name(first)})
    element.text = "\n".join(xml_text(line) for line in safe.split("\n"))


def _row(case: ET.Element, row: RowVerdict, findings: list[Finding], fail_on: FailOn) -> None:
    where = ", ".join(line.text if line.line is None else place(line) for line in row.decided_by)
    text = "\n".join(part for part in (f"{row_traffic(row)}: {row.verdict.value}", where, row.because) if part)
    details = "\n".join([text, *(line for finding in findings for line in _lines(finding))])
    if row.verdict not in JUDGED:
        _outcome(case, "skipped", row.verdict.value, row.because or row.verdict.value)
    elif row.verdict is not RowVerdictKind.PRESENT and findings and all(item.waived is not None for item in findings):
        _outcome(case, "skipped", "waived", _waiver(findings[0]))
    elif row.verdict is RowVerdictKind.NOT_ASSESSABLE:
        _outcome(case, "error", row.verdict.value, details)
    elif row.verdict is not RowVerdictKind.PRESENT and _fails(findings, fail_on):
        _outcome(case, "failure", row.verdict.value, details)
    else:
        ET.SubElement(case, "system-out").text = "\n".join(xml_text(line) for line in details.split("\n"))


def _finding(case: ET.Element, finding: Finding, fail_on: FailOn) -> None:
    text = "\n".join([f"{finding.severity.value} {finding.kind.value}: {finding.title}", *_lines(finding)])
    if finding.waived is not None:
        _outcome(case, "skipped", "waived", _waiver(finding))
    elif finding.kind is Kind.NOT_ASSESSABLE:
        _outcome(case, "error", finding.kind.value, text)
    elif _fails([finding], fail_on):
        _outcome(case, "failure", finding.kind.value, text)
    else:
        ET.SubElement(case, "system-out").text = "\n".join(xml_text(line) for line in text.split("\n"))


def _lines(finding: Finding) -> Iterator[str]:
    if direction(finding):
        yield direction(finding)
    yield from (f"{place(line)}: {line.text} ({line.role.value})" for line in finding.lines)
    yield from listed(gathered(finding.traffic), 20)
    if finding.witness is not None:
        yield f"packet: {packet_text(finding.witness)}"
    if finding.remedy:
        yield f"remedy: {finding.remedy}"


def _waiver(finding: Finding) -> str:
    waived = finding.waived
    return f"waived until {waived.expires} by {waived.approver}: {waived.reason}" if waived else ""


def _fails(findings: list[Finding], fail_on: FailOn) -> bool:
    # `never` keeps the run from failing, not the cases from saying what differs.
    least = SEVERITIES.index(Severity.LOW if fail_on is FailOn.NEVER else Severity(fail_on.value))
    return not findings or any(SEVERITIES.index(finding.severity) <= least for finding in findings)
