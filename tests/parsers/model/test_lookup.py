"""The classifier gives the interpreter's judgements, only sooner."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.model import lookup
from parsers.model.addresses import ANY, AddressSet
from parsers.model.conditions import ConditionKind
from parsers.model.firewall import Firewall
from parsers.model.interpreter import judge
from parsers.model.lookup import Lookup, Question, judge_many
from parsers.model.packets import Packet
from parsers.model.rules import Chain, Deny, Match, Permit, Rule, Rules, Stage, State, Traffic
from parsers.model.services import TCP, ServiceSet
from tests import strategies
from tests.tryouts import firewall

questions = st.builds(
    Question,
    packet=strategies.packets(states=tuple(State)),
    ingress=st.sampled_from(strategies.INTERFACES),
    egress=st.sampled_from((None, None, *strategies.INTERFACES)),
    facts=st.sampled_from(({}, {ConditionKind.APPLICATION: frozenset({"*"})})),
    traffic=st.sampled_from((Traffic.THROUGH, Traffic.THROUGH, Traffic.TO_DEVICE)),
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chains of a few rules get vectors too, in several blocks."""
    monkeypatch.setattr(lookup, "_FEW", 0)
    monkeypatch.setattr(lookup, "_RARE", 2)
    monkeypatch.setattr(lookup, "_BLOCK", 2)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.firewalls(loops=True), st.lists(questions, min_size=1, max_size=20))
def test_equals_the_interpreter(some: Firewall, asked: list[Question]) -> None:
    """Each judgement, with all of its paths and steps, is the one that visiting every rule gives."""
    plain = [
        judge(some, item.packet, item.ingress, egress=item.egress, facts=item.facts, traffic=item.traffic)
        for item in asked
    ]
    assert judge_many(some, asked) == plain


def large(count: int, seed: int) -> tuple[Firewall, list[Packet]]:
    """Make a firewall of many random rules, and packets that lie on the edges of their sets."""
    draw = random.Random(seed)
    rules = []
    for _ in range(count):
        low = draw.randrange(1 << 32) & ~255
        port = draw.randrange(1, 65536)
        match = Match(
            source=draw.choice((ANY, AddressSet.span(low, low + draw.choice((0, 255))))),
            destination=AddressSet.span(low ^ 1024, (low ^ 1024) + draw.choice((0, 255))),
            services=ServiceSet.protocol(TCP, (port, min(port + draw.choice((0, 999)), 65535))),
        )
        rules.append(Rule(do=draw.choice((Permit(), Deny())), possible=match))
    packets = []
    for _ in range(count):
        match = draw.choice(rules).possible
        packets.append(
            Packet(
                source=draw.choice(match.source.intervals[0]) % (1 << 32),
                destination=draw.choice(match.destination.intervals[0]),
                protocol=TCP,
                source_port=40000,
                port=draw.choice(match.services.boxes).ports[draw.randrange(2)],
            )
        )
    chain = Chain(name="main", rules=Rules.of(*rules))
    return firewall("test", Stage(name="filter", chains=(chain,), default=Deny())), packets


def test_equals_the_interpreter_on_many_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of rules in blocks of their real size decide as they do one by one."""
    monkeypatch.setattr(lookup, "_BLOCK", 256)
    some, packets = large(600, seed=1)
    found = Lookup(some)
    judged = [found.judge(packet, "outside") for packet in packets]
    assert judged == [judge(some, packet, "outside") for packet in packets]
    assert len({judgement.verdict for judgement in judged}) == 2


def test_many_packets_are_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for a packet does not grow with the rules: ten times the rules cost less than five times the time."""
    monkeypatch.undo()
    spent = []
    for count in (1000, 10_000):
        some, packets = large(count, seed=2)
        found = Lookup(some)
        for packet in packets[:9]:
            found.judge(packet, "outside")
        start = time.process_time()
        for packet in packets[:1000]:
            found.judge(packet, "outside")
        spent.append(time.process_time() - start)
    assert spent[1] < 5 * spent[0]
