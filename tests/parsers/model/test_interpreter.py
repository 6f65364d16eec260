"""What holds of the interpreter's verdicts whatever the firewall is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.model.addresses import AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Firewall
from parsers.model.interpreter import Verdict, judge, judge_reply
from parsers.model.packets import Packet
from parsers.model.rules import Call, Chain, Deny, Match, Permit, Rewrite, Rule, Rules, Side, Stage, State
from parsers.model.services import UDP, ServiceSet
from tests import strategies
from tests.tryouts import ROUTES, chain, firewall, match, nat, packet, rule

RATE = Condition(kind=ConditionKind.RATE, values=("limit",))
ingresses = st.sampled_from(strategies.INTERFACES)
questions = st.lists(st.tuples(strategies.packets(states=tuple(State)), ingresses), min_size=1, max_size=12)


@settings(max_examples=60)
@given(strategies.firewalls(loops=True), questions)
def test_sure_implies_possible(some: Firewall, asked: list[tuple[Packet, str]]) -> None:
    """What is surely permitted is possibly permitted, and the verdict says which of the two holds."""
    for question, ingress in asked:
        judgement = judge(some, question, ingress)
        assert judgement.possible or not judgement.sure
        assert (
            judgement.verdict
            is {
                (True, True): Verdict.PERMIT,
                (False, False): Verdict.DENY,
                (False, True): Verdict.UNKNOWN,
            }[(judgement.sure, judgement.possible)]
        )


@settings(max_examples=60)
@given(strategies.firewalls(), questions, st.data())
def test_a_condition_never_flips_a_verdict(
    some: Firewall, asked: list[tuple[Packet, str]], data: st.DataObject
) -> None:
    """A rule that gets one more condition may make a verdict unknown, but turns no permit into a deny, or back."""
    places = [
        (number, at, index)
        for number, stage in enumerate(some.stages)
        for at, part in enumerate(stage.chains)
        for index in range(len(part.rules))
    ]
    if not places:
        return
    changed = with_condition(some, *data.draw(st.sampled_from(places)))
    for question, ingress in asked:
        before, after = judge(some, question, ingress).verdict, judge(changed, question, ingress).verdict
        assert after in {before, Verdict.UNKNOWN}


def with_condition(some: Firewall, number: int, at: int, index: int) -> Firewall:
    """Add a condition to one rule."""
    stage = some.stages[number]
    rules = list(stage.chains[at].rules)
    rules[index] = replace(rules[index], conditions=(*rules[index].conditions, RATE))
    chains = list(stage.chains)
    chains[at] = replace(chains[at], rules=Rules.of(*rules))
    stages = list(some.stages)
    stages[number] = replace(stage, chains=tuple(chains))
    return replace(some, stages=tuple(stages))


@settings(max_examples=60)
@given(strategies.firewalls(), questions)
def test_replies_of_stateless_firewalls_are_judged(some: Firewall, asked: list[tuple[Packet, str]]) -> None:
    """A reply has a verdict for every way that a packet can take, and leaves for the packet's own client."""
    for question, ingress in asked:
        for path in judge(some, question, ingress).paths[:4]:
            if path.permitted and path.egress is not None:
                reply = judge_reply(some, question, ingress, path)
                assert reply.paths or not reply.complete
                assert all(item.packet.destination == question.source for item in reply.paths if item.permitted)


def test_thousands_of_conditional_rules() -> None:
    """A rule base of conditional rules is walked without a deep stack, up to a budget of worlds."""
    rules = [rule(f"app {n}", Permit(), match(tcp=443), RATE) for n in range(3000)]
    question = packet("tcp 203.0.113.9:40000 > 10.1.1.10:443")
    judgement = judge(firewall("test", Stage(name="policy", chains=(chain("main", *rules),))), question, "outside")
    assert (judgement.verdict, judgement.complete, len(judgement.paths)) == (Verdict.UNKNOWN, True, 3001)
    stages = (Stage(name="policy", chains=(chain("main", *rules),)),) * 2
    judgement = judge(firewall("test", *stages), question, "outside")
    assert (judgement.verdict, judgement.complete) == (Verdict.UNKNOWN, False)


def test_calls_without_number_end_in_unknown() -> None:
    """Chains that call the next one twice end in unknown after a budget of jumps, not in hours."""
    chains = [Chain(name=f"c{n}", rules=Rules.of(*[Rule(do=Call(chain=f"c{n + 1}"))] * 2)) for n in range(40)]
    last = Chain(name="c40", rules=Rules.of())
    judgement = judge(
        firewall("test", Stage(name="filter", chains=(*chains, last))),
        packet("tcp 203.0.113.9:40000 > 10.1.1.10:443"),
        "outside",
    )
    assert (judgement.verdict, judgement.complete) == (Verdict.UNKNOWN, False)


def test_missing_chain_is_an_error() -> None:
    """A jump to a chain that the stage does not have is a bug of a parser, and is not passed over."""
    broken = firewall("test", Stage(name="filter", chains=(chain("main", rule("", Call(chain="gone"))),)))
    with pytest.raises(KeyError):
        judge(broken, packet("tcp 203.0.113.9:40000 > 10.1.1.10:443"), "outside")


@pytest.mark.parametrize(
    ("do", "possible", "text", "became"),
    [
        (
            Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.16/28"), shift=True),
            match(dst="198.51.100.0/28"),
            "tcp 203.0.113.9:40000 > 198.51.100.3:443",
            "tcp 203.0.113.9:40000 -> 10.1.1.19:443",
        ),
        (
            Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.10"), ports=(9000, 9009)),
            Match(services=ServiceSet.protocol(UDP, (100, 109))),
            "udp 203.0.113.9:40000 > 198.51.100.3:104",
            "udp 203.0.113.9:40000 -> 10.1.1.10:9004",
        ),
        (
            Rewrite(side=Side.DESTINATION, ports=(9000, 9000)),
            Match(),
            "tcp 203.0.113.9:40000 > 10.1.1.10:104",
            "tcp 203.0.113.9:40000 -> 10.1.1.10:9000",
        ),
        (
            Rewrite(side=Side.DESTINATION, ports=(9000, 9000)),
            Match(),
            "icmp 203.0.113.9 > 10.1.1.10:8",
            "icmp 203.0.113.9 -> 10.1.1.10 type 8 code 0",
        ),
        (
            Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.1"), ports=(1024, 65535)),
            Match(),
            "tcp 10.2.0.5:900 > 10.1.1.10:443",
            "tcp 198.51.100.1:1024 -> 10.1.1.10:443",
        ),
    ],
)
def test_translation(do: Rewrite, possible: Match, text: str, became: str) -> None:
    """Networks and port ranges of equal size map in order, one port takes all, and ICMP types stay."""
    judgement = judge(firewall("test", nat("nat", rule("", do, possible))), packet(text), "outside")
    assert [str(path.packet) for path in judgement.paths] == [became]


@pytest.mark.parametrize(
    "do",
    [
        Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.0/29"), shift=True),
        Rewrite(side=Side.DESTINATION, to=AddressSet(())),
    ],
)
def test_translation_that_does_not_fit_is_unknown(do: Rewrite) -> None:
    """A one-to-one translation of unequal networks, or one to nothing, is never taken for a permit or a deny."""
    some = firewall("test", nat("nat", rule("", do, match(dst="198.51.100.0/28"))))
    judgement = judge(some, packet("tcp 203.0.113.9:40000 > 198.51.100.3:443"), "outside")
    assert (judgement.verdict, judgement.sure, judgement.complete) == (Verdict.UNKNOWN, False, False)


def test_every_piece_of_a_pool_is_tried() -> None:
    """An address that a pool may give, and a later rule denies, makes the verdict unknown."""
    some = firewall(
        "test",
        nat("pool", rule("", Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.0-198.51.100.9")), Match())),
        Stage(name="out", chains=(chain("main", rule("odd", Deny(), match(src="198.51.100.5"))),), default=Permit()),
    )
    question = packet("tcp 10.2.0.5:900 > 203.0.113.9:443")
    judgement = judge(some, question, "inside")
    assert judgement.verdict is Verdict.UNKNOWN
    assert [path.permitted for path in judgement.paths] == [True, False, True]
    assert judge(replace(some, routes=ROUTES[:0]), question, "inside").verdict is Verdict.DENY


def test_egress_of_a_translation() -> None:
    """A translation sends the packet where its new destination is routed, or where it says itself (ASA un-NAT)."""
    question = packet("tcp 203.0.113.9:40000 > 198.51.100.10:443")
    routed = Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.10"))
    for do, forced, egress in (
        (routed, None, "dmz"),
        (replace(routed, egress="inside"), None, "inside"),
        (replace(routed, egress="inside"), "outside", "outside"),
        (replace(routed, side=Side.SOURCE), None, "outside"),
    ):
        judgement = judge(firewall("test", nat("nat", rule("", do))), question, "outside", egress=forced)
        assert [path.egress for path in judgement.paths] == [egress]
