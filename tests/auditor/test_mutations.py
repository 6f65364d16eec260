"""Mutated configurations never turn into a pass that the naive interpreter does not confirm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.audit import audit_firewall
from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.deployment.site import Deployment, Question
from auditor.engine.survey import Survey, published_to
from auditor.errors import DeploymentError
from auditor.report.status import firewall_status
from auditor.report.values import Confidence, FirewallReport, RowVerdictKind, Status
from parsers.model.addresses import AddressSet
from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.model.interpreter import judge
from parsers.model.packets import Packet
from parsers.model.services import Service
from parsers.registry import platform

FIXTURES = Path(__file__).parents[2] / "fixtures" / "cisco_asa"
CASES = ("compliant", "vip-object-nat", "nested-object-groups", "global-continues-interface")
ASA = platform("cisco_asa")
POLICY = ("access-list", "object", "network-object", "port-object", "group-object", "service-object", "host", "subnet")


def _capture(lines: list[str]) -> Capture:
    return Capture(documents=(Document(name="config.txt", text="\n".join(lines) + "\n"),))


def _mutants(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Give a configuration with each policy line deleted, and with a made-up word in each rule."""
    for number, line in enumerate(lines):
        words = line.split()
        if not words or words[0] not in {*POLICY, "nat", "access-group", "route", "object-group"}:
            continue
        yield f"without line {number + 1}: {line.strip()}", lines[:number] + lines[number + 1 :]
        if words[:1] == ["access-list"] and "extended" in words:
            changed = line.rstrip() + " quarantine"
            yield f"quarantine in line {number + 1}: {line.strip()}", [*lines[:number], changed, *lines[number + 1 :]]


def _corners(addresses: AddressSet) -> set[int]:
    return {addresses.intervals[0][0], addresses.intervals[-1][1]}


def _confirmed(model: Firewall, asked: Question, report: FirewallReport) -> Iterator[str]:
    """Give each row that is called present although some corner of its required traffic is not permitted."""
    survey = Survey.of(model, asked)
    rows = {row.id: row for row in asked.rows}
    restricted = {row for item in report.findings if item.kind.value == "restricted" for row in item.rows}
    for verdict in report.rows:
        row = rows[verdict.id]
        if verdict.verdict is not RowVerdictKind.PRESENT or row.alternatives or verdict.id in restricted:
            continue
        for pair, cells in survey.cuts(row.required):
            entry = next(side for side in asked.sides if side.name == pair.source).interfaces[0]
            for cell in cells:
                for packet, arrivals in _packets(model, cell.source, cell.destination, cell.services.boxes[0]):
                    judged = [judge(model, item, entry, table=survey.table) for item in arrivals]
                    sure = any(item.sure for item in judged)
                    possible = any(item.possible for item in judged)
                    if not (sure or (possible and verdict.confidence is Confidence.POSSIBLE)):
                        yield f"row {row.id}: {packet}"


def _packets(
    model: Firewall, sources: AddressSet, destinations: AddressSet, box: Service
) -> Iterator[tuple[Packet, list[Packet]]]:

    for source in _corners(sources):
        for destination in _corners(destinations):
            own = Packet(
                source=source,
                destination=destination,
                protocol=box.protocols[0],
                source_port=box.source_ports[0],
                port=box.ports[0],
            )
            published = published_to(model, AddressSet.span(destination, destination))
            arrivals = [own]
            for low, _ in published.intervals:
                arrivals.append(
                    Packet(
                        source=source,
                        destination=low,
                        protocol=own.protocol,
                        source_port=own.source_port,
                        port=own.port,
                    )
                )
            yield own, arrivals


def _audit(capture: Capture, deployment: Deployment) -> tuple[FirewallReport, Firewall, Question]:
    entry = deployment.firewalls[0]
    report = audit_firewall(capture, ASA, deployment, entry)
    model = ASA.parse(capture).firewalls[0]
    return report, model, question(deployment, entry.name, model)


@pytest.mark.parametrize("case", CASES)
def test_no_mutant_passes_unconfirmed(case: str) -> None:
    """Each present row of each mutant is permitted, at its corners, by the interpreter; a made-up word is noticed."""
    deployment = load(FIXTURES / case / "deployment.yaml")
    lines = (FIXTURES / case / "config.txt").read_text().splitlines()

    for name, mutant in _mutants(lines):
        try:
            report, model, asked = _audit(_capture(mutant), deployment)
        except DeploymentError:
            assert any(line.startswith("route ") for line in set(lines) - set(mutant)), name
            continue

        assert list(_confirmed(model, asked, report)) == [], name
        if name.startswith("quarantine"):
            assert report.coverage.not_understood, name
            compliant = firewall_status(report) is Status.COMPLIANT
            assert not compliant or not any(item.blocks for item in report.coverage.not_understood), name


def test_dangling_references_are_never_a_pass() -> None:
    """With an object that a required permit names gone, its row is not assessable."""
    case = FIXTURES / "nested-object-groups"
    deployment = load(case / "deployment.yaml")
    lines = (case / "config.txt").read_text().splitlines()
    blocks = [number for number, line in enumerate(lines) if line.startswith(("object ", "object-group "))]
    missed = []
    for start in blocks:
        stop = next(n for n in range(start + 1, len(lines)) if not lines[n].startswith(" "))
        report, _, _ = _audit(_capture(lines[:start] + lines[stop:]), deployment)
        if firewall_status(report) is Status.COMPLIANT and any(item.blocks for item in report.coverage.not_understood):
            missed.append(lines[start])

    assert missed == []
