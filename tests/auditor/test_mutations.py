"""Mutated configurations of audited fixtures never turn into a pass that the naive interpreter does not confirm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from auditor.audit import audit_firewall
from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.deployment.site import Deployment, Question
from auditor.engine.survey import Survey, published_to
from auditor.errors import UsageError
from auditor.report.status import firewall_status
from auditor.report.values import Confidence, FirewallReport, RowVerdictKind, Status
from parsers.contract import LineState
from parsers.errors import ParserError
from parsers.model.addresses import AddressSet
from parsers.model.capture import Capture, Document
from parsers.model.firewall import Firewall
from parsers.model.interpreter import judge
from parsers.model.packets import Packet
from parsers.model.services import Service
from parsers.registry import platform
from tests.mutants import WORD, Mutant, blocks, put, spoilt, spread

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAMES = frozenset({"-i", "-o", "access-list", "iif", "iifname", "oif", "oifname"})
"""Words before a name that may as well be another."""
CASES = [
    pytest.param(path.parent, id=f"{path.parent.parent.name}-{path.parent.name}")
    for path in sorted(FIXTURES.glob("*/*/deployment.yaml"))
    if not path.parent.name.startswith("refused")
]
COMPLIANT = [
    pytest.param(FIXTURES / name, id=name)
    for name in (
        "cisco_asa/compliant", "cisco_asa/vip-object-nat", "cisco_asa/nested-object-groups",
        "cisco_asa/global-continues-interface", "cisco_ftd/compliant", "cisco_ios/compliant", "cisco_iosxr/compliant",
        "cisco_nxos/compliant", "linux_iptables/audit-compliant", "linux_nftables/audit-compliant",
    )
]  # fmt: skip
"""One of each platform at least, and those with translations, groups and several lists."""


def _capture(lines: Sequence[str]) -> Capture:
    return Capture(documents=(Document(name="config.txt", text="".join(f"{line}\n" for line in lines)),))


@cache
def _site(case: Path) -> tuple[Deployment, tuple[str, ...]]:
    return load(case / "deployment.yaml"), tuple((case / "config.txt").read_text("utf-8").splitlines())


def _audit(case: Path, lines: Sequence[str]) -> FirewallReport:
    deployment, _ = _site(case)
    return audit_firewall(_capture(lines), platform(case.parent.name), deployment, deployment.firewalls[0])


@cache
def _before(case: Path) -> FirewallReport:
    return _audit(case, _site(case)[1])


def _modelled(case: Path) -> list[int]:
    """Give the indices of the lines that mean something."""
    lines = _site(case)[1]
    states = platform(case.parent.name).parse(_capture(lines)).ledger[0]
    return [at for at, state in enumerate(states) if state == LineState.MODELLED and lines[at].strip()]


def _spoilt(case: Path) -> Iterator[Mutant]:
    """Give the configuration with a made-up word too much, and with a word corrupted, at each place."""
    lines = _site(case)[1]
    for at in _modelled(case):
        words = lines[at].split()
        for place in range(len(words) + 1):
            yield put(lines, at, [*words[:place], WORD, *words[place:]])
            if place < len(words) and not (place and words[place - 1] in NAMES):
                yield put(lines, at, [*words[:place], spoilt(words[place]), *words[place + 1 :]])


def _without(case: Path) -> Iterator[Mutant]:
    """Give the configuration without each block that defines a group or object."""
    lines = _site(case)[1]
    for block in blocks(lines):
        if lines[block.start].startswith(("object", "class-map", "time-range")):
            text = f"without {lines[block.start]}"
            yield Mutant(line=block.start + 1, text=text, lines=(*lines[: block.start], *lines[block.stop :]))


@pytest.mark.parametrize("case", CASES)
def test_what_is_spoilt_never_passes(case: Path) -> None:
    """Where a word is not understood, or a name is gone, no finding and nothing not assessable turns into a pass."""
    before = _before(case)
    rows = {row.id: row.verdict for row in before.rows}
    wrong = []
    for mutant in (*spread(list(_spoilt(case)), 3, case.name), *spread(list(_without(case)), 1, case.name)):
        try:
            after = _audit(case, mutant.lines)
        except UsageError:
            continue  # the deployment does not fit any more: exit 2
        status = firewall_status(after)
        if status is Status.COMPLIANT and firewall_status(before) is not Status.COMPLIANT:
            wrong.append(f"{mutant.text.strip()}: a pass")
        if status is not Status.NOT_ASSESSABLE:
            wrong += [
                f"{mutant.text.strip()}: row {row.id} was {rows[row.id]}"
                for row in after.rows
                if row.verdict is RowVerdictKind.PRESENT and rows[row.id] is not RowVerdictKind.PRESENT
            ]
    assert wrong == []


@pytest.mark.parametrize("case", COMPLIANT)
def test_no_mutant_passes_unconfirmed(case: Path) -> None:
    """Each present row of each mutant is permitted, at its corners, by the interpreter; lines gone are mutants too."""
    deployment, lines = _site(case)
    assert firewall_status(_before(case)) is Status.COMPLIANT
    gone = [
        Mutant(line=at + 1, text=f"without {lines[at]}", lines=(*lines[:at], *lines[at + 1 :]))
        for at in _modelled(case)
    ]
    judged = 0
    for mutant in (*spread(gone, 6, case.name), *spread(list(_spoilt(case)), 6, case.name)):
        try:
            report = _audit(case, mutant.lines)
            model = platform(case.parent.name).parse(_capture(mutant.lines)).firewalls[0]
            asked = question(deployment, deployment.firewalls[0].name, model)
        except (UsageError, ParserError):
            continue
        assert list(_confirmed(model, asked, report)) == [], mutant.text
        judged += 1
    assert judged >= 4


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
            leave = next(side for side in asked.sides if side.name == pair.destination).interfaces[0]
            egress = None if model.interfaces else leave
            for cell in cells:
                for packet, arrivals in _packets(model, cell.source, cell.destination, cell.services.boxes[0]):
                    judged = [judge(model, item, entry, egress=egress, table=survey.table) for item in arrivals]
                    sure = any(item.sure for item in judged)
                    possible = any(item.possible for item in judged)
                    if not (sure or (possible and verdict.confidence is Confidence.POSSIBLE)):
                        yield f"row {row.id}: {packet}"


def _packets(
    model: Firewall, sources: AddressSet, destinations: AddressSet, box: Service
) -> Iterator[tuple[Packet, list[Packet]]]:
    for source in _corners(sources):
        for destination in _corners(destinations):
            published = published_to(model, AddressSet.span(destination, destination))
            arrivals = [
                Packet(
                    source=source,
                    destination=address,
                    protocol=box.protocols[0],
                    source_port=box.source_ports[0],
                    port=box.ports[0],
                )
                for address in (destination, *(low for low, _ in published.intervals))
            ]
            yield arrivals[0], arrivals
