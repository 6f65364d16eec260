"""Sets of traffic through the pipeline agree with the naive interpreter, packet by packet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engine.cells import EVERYTHING, Cell
from auditor.engine.question import Budget, BudgetError, Mode
from auditor.engine.walk import Walk
from parsers.model.addresses import ANY, AddressSet
from parsers.model.firewall import Firewall
from parsers.model.interpreter import judge, judge_reply
from parsers.model.packets import Packet
from parsers.model.rules import Chain, Deny, Match, Permit, Rewrite, Rule, Rules, Side, Stage
from parsers.model.services import ServiceSet
from tests.strategies import INTERFACES, every_packet, firewalls

PACKETS = every_packet()
INGRESS = st.sampled_from(INTERFACES)


def _passed(firewall: Firewall, ingress: str, mode: Mode) -> list[Cell]:
    walk = Walk(firewall=firewall, table=firewall.egress_table(), mode=mode, budget=Budget(200_000))
    return [outcome.flow.arrival for outcome in walk.run(ingress, [EVERYTHING])]


def _holds(cells: list[Cell], packet: Packet) -> bool:
    return any(
        packet.source in cell.source
        and packet.destination in cell.destination
        and cell.services.contains(packet.protocol, packet.source_port, packet.port)
        for cell in cells
    )


def _certain(firewall: Firewall) -> Firewall:
    """Give the firewall with every condition dropped."""
    stages = tuple(
        replace(
            stage,
            chains=tuple(
                Chain(
                    name=chain.name,
                    rules=Rules.of(*(replace(rule, conditions=(), sure=None) for rule in chain.rules)),
                )
                for chain in stage.chains
            ),
        )
        for stage in firewall.stages
    )
    return replace(firewall, stages=stages, bypasses=())


@settings(max_examples=150)
@given(firewall=firewalls(translations=False), ingress=INGRESS)
def test_filters_without_conditions_agree_exactly(firewall: Firewall, ingress: str) -> None:
    """Without conditions and translations both bounds are the interpreter's verdict on every packet."""
    firewall = replace(_certain(firewall), routes_complete=True)
    sure = _passed(firewall, ingress, Mode.SURE)
    possible = _passed(firewall, ingress, Mode.POSSIBLE)
    table = firewall.egress_table()

    for packet in PACKETS:
        expected = judge(firewall, packet, ingress, table=table).sure
        assert (_holds(sure, packet), _holds(possible, packet)) == (expected, expected), str(packet)


@settings(max_examples=150)
@given(firewall=firewalls(), ingress=INGRESS)
def test_bounds_enclose_the_interpreter(firewall: Firewall, ingress: str) -> None:
    """What is sure, every world permits; what some world permits, is possible; and sure lies in possible."""
    try:
        sure = _passed(firewall, ingress, Mode.SURE)
        possible = _passed(firewall, ingress, Mode.POSSIBLE)
    except BudgetError:
        return
    table = firewall.egress_table()

    for packet in PACKETS[::3]:
        judgement = judge(firewall, packet, ingress, table=table)
        if not judgement.complete:
            continue
        is_sure, is_possible = _holds(sure, packet), _holds(possible, packet)
        assert judgement.sure or not is_sure, f"{packet} is not sure"
        assert is_possible or not judgement.possible, f"{packet} is possible"
        assert is_possible or not is_sure, f"{packet} is sure and not possible"


@settings(max_examples=40)
@given(firewall=firewalls(translations=False), ingress=INGRESS)
def test_replies_agree_with_the_interpreter(firewall: Firewall, ingress: str) -> None:
    """Without conditions and translations, a packet's replies pass where the interpreter lets the first reply pass."""
    firewall = replace(_certain(firewall), routes_complete=True)
    table = firewall.egress_table()
    walk = Walk(firewall=firewall, table=table, mode=Mode.SURE)
    answered = [cell for outcome in walk.run(ingress, [EVERYTHING]) for cell in walk.replies(ingress, outcome.flow)]

    for packet in PACKETS[::5]:
        judgement = judge(firewall, packet, ingress, table=table)
        if judgement.sure:
            reply = judge_reply(firewall, packet, ingress, judgement.paths[0])
            assert _holds(answered, packet) == reply.sure, str(packet)


def test_port_forward_keeps_source_ports_apart() -> None:
    """Ports that map onto one keep the source ports that each was matched with."""
    low = Match(services=ServiceSet.protocol(6, (443, 443), source_ports=(0, 1023)))
    forward = Match(destination=AddressSet.of("198.51.100.10"), services=ServiceSet.protocol(6, (443, 444)))
    firewall = Firewall(
        platform="test",
        stages=(
            Stage(
                name="nat",
                translates=True,
                default=Permit(),
                chains=(
                    Chain(
                        name="main",
                        rules=Rules.of(
                            Rule(do=Permit(), possible=low),
                            Rule(
                                do=Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.10"), ports=(8443, 8443)),
                                possible=forward,
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
    walk = Walk(firewall=firewall, table=((ANY, "dmz"),), mode=Mode.SURE)
    asked = Cell(AddressSet.of("203.0.113.9"), AddressSet.of("198.51.100.10"), forward.services)

    moved = [outcome.flow for outcome in walk.run("outside", [asked]) if outcome.flow.translated]

    arrived = [(slab[0], slab[1], slab[2]) for flow in moved for slab in flow.arrival.services.slabs]
    assert sorted(arrived) == [
        (0, 1023, ((6 * 65536 + 444, 6 * 65536 + 444),)),
        (1024, 65535, ((6 * 65536 + 443, 6 * 65536 + 444),)),
    ]


def test_budget_ends_the_walk() -> None:
    """A walk that would cost more than its budget says so instead of going on."""
    rules = [
        Rule(do=Deny(), possible=Match(source=AddressSet.of(f"203.0.113.{n}"), services=ServiceSet.protocol(6, (n, n))))
        for n in range(1, 60)
    ]
    firewall = Firewall(
        platform="test", stages=(Stage(name="in", chains=(Chain(name="main", rules=Rules.of(*rules)),)),)
    )

    with pytest.raises(BudgetError):
        Walk(firewall=firewall, table=((ANY, "dmz"),), mode=Mode.SURE, budget=Budget(40)).run("outside", [EVERYTHING])


def test_source_port_that_a_translation_gives_is_seen_by_later_stages() -> None:
    """A filter behind a source translation sees the new source ports: possible where one fits, never sure."""
    services = ServiceSet.protocol(6, (443, 443))
    high = ServiceSet.protocol(6, (443, 443), source_ports=(2000, 2000))
    nat = Rules.of(Rule(do=Rewrite(side=Side.SOURCE, ports=(1024, 4095)), possible=Match()))
    guard = Rules.of(Rule(do=Permit(), possible=Match(services=high)))
    firewall = Firewall(
        platform="test",
        stages=(
            Stage(name="nat", translates=True, default=Permit(), chains=(Chain(name="main", rules=nat),)),
            Stage(name="out", chains=(Chain(name="main", rules=guard),)),
        ),
    )
    asked = Cell(AddressSet.of("10.20.0.11"), AddressSet.of("198.51.100.10"), services)

    possible = Walk(firewall=firewall, table=((ANY, "dmz"),), mode=Mode.POSSIBLE).run("inside", [asked])
    sure = Walk(firewall=firewall, table=((ANY, "dmz"),), mode=Mode.SURE).run("inside", [asked])

    assert [outcome.flow.arrival for outcome in possible] == [asked]
    assert [outcome.flow.own for outcome in possible] == [asked]
    assert sure == []
