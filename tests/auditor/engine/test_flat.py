"""Chains as one list: called chains stand where they are called, within what the caller matches."""

from __future__ import annotations

import pytest

from auditor.engine.flat import flat
from auditor.engine.question import Mode, Question
from parsers.model.addresses import ANY, AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Call, Chain, Deny, Goto, Mark, Match, Permit, Return, Rule, Rules, Stage, State
from parsers.model.services import TCP, ServiceSet

HOSTS, HOST = AddressSet.of("192.0.2.0/24"), AddressSet.of("192.0.2.10")
OTHERS = AddressSet.of("192.0.2.10", "198.51.100.0/24")
WEB = ServiceSet.protocol(TCP, (443, 443))
PERMIT, DENY = Permit(replies=True), Deny()


def _listed(
    *chains: list[Rule], mode: Mode = Mode.POSSIBLE
) -> list[tuple[str, int, AddressSet, ServiceSet, bool]] | None:
    """Give what `flat` makes of chains named main, a, b, ... as chain, rule, destination, services, sure."""
    named = tuple(
        Chain(name=name, rules=Rules.of(*rules)) for name, rules in zip(("main", "a", "b"), chains, strict=False)
    )
    question = Question(
        stage=Stage(name="filter", chains=named, default=DENY),
        mode=mode,
        state=State.NEW,
        ingress=frozenset({"outside"}),
        egress=frozenset({"dmz"}),
        facts={},
    )
    found = flat(question)
    if found is None:
        return None
    return [(item.chain, item.rule, item.match.destination, item.match.services, item.sure) for item in found]


def test_a_called_chain_takes_what_the_caller_matches() -> None:
    """Its rules stand between the caller's, cut to the call; what none of them takes goes on behind it."""
    main = [
        Rule(do=Call(chain="a"), possible=Match(destination=HOSTS)),
        Rule(do=DENY, possible=Match(destination=OTHERS)),
    ]
    called = [Rule(do=PERMIT, possible=Match(destination=OTHERS, services=WEB))]

    assert _listed(main, called) == [("a", 0, HOST, WEB, True), ("main", 1, OTHERS, ServiceSet.join([~WEB, WEB]), True)]


def test_a_rule_with_a_condition_stands_twice() -> None:
    """What it surely takes comes before what it perhaps takes; no part of the list is lost by that."""
    fqdn = (Condition(kind=ConditionKind.FQDN, values=("mft.example",)),)
    rule = Rule(do=PERMIT, possible=Match(destination=HOSTS), sure=Match(destination=HOST), conditions=fqdn)
    whole = ServiceSet.join([~WEB, WEB])

    assert _listed([rule, Rule(do=DENY)]) == [
        ("main", 0, HOST, whole, True),
        ("main", 0, HOSTS, whole, False),
        ("main", 1, ANY, whole, True),
    ]


def test_a_return_for_everything_ends_its_chain() -> None:
    """What stands behind it in the called chain is dead; the caller goes on."""
    main = [Rule(do=Call(chain="a")), Rule(do=PERMIT, possible=Match(destination=HOST))]
    called = [Rule(do=DENY, possible=Match(services=WEB)), Rule(do=Return()), Rule(do=DENY)]

    found = _listed(main, called)

    assert found is not None
    assert [item[:2] for item in found] == [("a", 0), ("main", 1)]


def test_rules_that_ask_for_another_interface_are_left_out() -> None:
    """Neither they nor the chains that they call are in the list."""
    main = [
        Rule(do=Call(chain="a"), possible=Match(ingress=frozenset({"inside"}))),
        Rule(do=PERMIT, possible=Match(egress=frozenset({"dmz"}))),
    ]

    assert [item[:2] for item in _listed(main, [Rule(do=DENY)]) or []] == [("main", 1)]


@pytest.mark.parametrize(
    "rules",
    [
        [Rule(do=Return(), possible=Match(destination=HOST)), Rule(do=DENY)],
        [Rule(do=Goto(chain="b")), Rule(do=DENY)],
        [Rule(do=Mark(tag="x"))],
        [Rule(do=DENY, possible=Match(tags=frozenset({"y"})))],
        [Rule(do=Call(chain="a"))],
    ],
    ids=["partial return", "goto", "mark", "tags of both", "loop"],
)
def test_what_is_no_list(rules: list[Rule]) -> None:
    """A part that returns, a chain that does not come back, marks, two demands of tags and loops need the walk."""
    main = [Rule(do=Call(chain="a"), possible=Match(tags=frozenset({"x"})))]

    assert _listed(main, rules, [Rule(do=PERMIT)]) is None


def test_each_axis_of_a_call_cuts_what_it_calls() -> None:
    """Senders and services of the caller cut those of the called chain's rules, sure parts of conditions as well."""
    senders, sender = AddressSet.of("203.0.113.0/24"), AddressSet.of("203.0.113.7")
    call = Rule(do=Call(chain="a"), possible=Match(source=senders, services=WEB))
    wide = Match(source=AddressSet.of("203.0.113.7", "198.51.100.7"), services=ServiceSet.protocol(TCP))
    unsure = (Condition(kind=ConditionKind.SCHEDULE, values=("night",)),)
    chains = (
        Chain(name="main", rules=Rules.of(call)),
        Chain(name="a", rules=Rules.of(Rule(do=PERMIT, possible=Match(), sure=wide, conditions=unsure))),
    )

    found = flat(
        Question(
            stage=Stage(name="filter", chains=chains, default=DENY),
            mode=Mode.POSSIBLE,
            state=State.NEW,
            ingress=frozenset(),
            egress=frozenset(),
            facts={},
        )
    )

    assert [(item.match.source, item.match.services, item.sure) for item in found or ()] == [
        (sender, WEB, True),
        (senders, WEB, False),
    ]
