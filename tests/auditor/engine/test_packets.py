"""More than 100,000 packets at the edges of long rule lists: the engine's regions are the interpreter's verdicts."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from auditor.engine.holdings import hold
from auditor.engine.surplus import find_surplus
from auditor.engine.survey import Survey
from auditor.engine.verdicts import judge_rows
from auditor.report.values import RowVerdictKind
from parsers.model.lookup import Lookup
from tests.auditor.engine.lists import PROTECTED, Holder, Town, within

if TYPE_CHECKING:
    from auditor.deployment.site import SideSpec
    from parsers.model.packets import Packet

PACKETS = 17_000
TOWNS = 8
ASKED = 12_500
"""So many of a town's packets at the least are between two sides and concern a row or a protected host."""


def _standing(town: Town, number: int) -> SideSpec:
    return next(side for side in town.question.sides if number in side.addresses)


class _Engine:
    """What the engine says of a town, ready to be asked about packets."""

    def __init__(self, town: Town) -> None:
        self.survey = Survey.of(town.firewall, town.question)
        holdings = hold(self.survey)
        self.judged = judge_rows(self.survey, holdings)
        self.sure = Holder(part.forward for parts in holdings.sure.values() for part in parts)
        self.possible = Holder(part.forward for parts in holdings.possible.values() for part in parts)
        self.holes = {
            item.row.id: Holder(cell for cells in item.holes.values() for cell in cells) for item in self.judged
        }
        found = find_surplus(self.survey, holdings, self.judged)
        self.surplus = Holder(part.flow.arrival for item in found for part in item.parts)


@pytest.mark.parametrize("seed", range(TOWNS))
def test_every_packet_is_judged_as_the_interpreter_does(seed: int) -> None:
    """Sure, possible, holes of rows and surplus agree on each packet; thousands of packets are of each kind."""
    town = Town.of(seed, 120 + 50 * seed, conditions=bool(seed % 2))
    engine = _Engine(town)
    lookup = Lookup(town.firewall)
    pick = random.Random(seed)
    kinds: Counter[str] = Counter()

    for _ in range(PACKETS):
        packet = town.packet(pick)
        source, destination = _standing(town, packet.source), _standing(town, packet.destination)
        if source.name == destination.name:
            kinds["same side"] += 1
            continue
        judgement = lookup.judge(packet, source.interfaces[0])
        if not _unreachable(town, packet, source):
            _compare(town, engine, packet, sure=judgement.sure, possible=judgement.possible, kinds=kinds)
    assert kinds["asked"] >= ASKED
    assert min(kinds["sure"], kinds["dropped"], kinds["hole"], kinds["surplus"], kinds["served"]) > 0.01 * PACKETS, (
        kinds
    )


def _unreachable(town: Town, packet: Packet, source: SideSpec) -> bool:
    """Nobody on the Internet can send to a private address, and the Servers have no published one."""
    return (
        source.internet
        and packet.source in town.question.internet
        and packet.destination not in town.question.internet | town.question.sides[1].addresses
    )


def _compare(town: Town, engine: _Engine, packet: Packet, *, sure: bool, possible: bool, kinds: Counter[str]) -> None:
    regions = [(item, region) for item in engine.judged for region in item.row.required if within(packet, region)]
    protected = packet.source in PROTECTED or packet.destination in PROTECTED
    if not protected and not regions:
        return
    kinds["asked"] += 1
    assert (engine.sure.holds(packet), engine.possible.holds(packet)) == (sure, possible), str(packet)
    kinds["sure" if sure else "possible" if possible else "dropped"] += 1
    for item, _ in regions:
        if item.verdict in {RowVerdictKind.MISSING, RowVerdictKind.PARTIAL}:
            assert engine.holes[item.row.id].holds(packet) is not possible, str(packet)
            kinds["served" if possible else "hole"] += 1
        elif item.verdict is RowVerdictKind.NOT_ASSESSABLE:
            assert possible, str(packet)
            assert engine.holes[item.row.id].holds(packet) is not sure, str(packet)
            kinds["open"] += 1
        else:
            assert sure or item.restrictions, str(packet)
            kinds["served"] += 1
    real = packet.source not in town.question.unreal_sources
    allowed = any(within(packet, region) for row in town.question.rows for region in row.allowed)
    surplus = possible and protected and real and not allowed
    assert engine.surplus.holds(packet) is surplus, str(packet)
    kinds["surplus"] += surplus
