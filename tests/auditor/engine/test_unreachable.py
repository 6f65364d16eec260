"""Rules about protected hosts that can never match, and what shadows them."""

from __future__ import annotations

from dataclasses import replace

from auditor.engine.examine import examine
from auditor.engine.holdings import hold
from auditor.engine.survey import Survey
from auditor.engine.unreachable import MOST, find_unreachable
from auditor.report.values import Kind
from parsers.model.addresses import ANY, AddressSet
from parsers.model.capture import Capture, Document
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.firewall import Firewall
from parsers.model.rules import Call, Chain, Match, Rewrite, Rule, Rules, Side, Stage, State
from tests.auditor.engine.hand import CAPTURE, deny, firewall, line, permit, tcp
from tests.auditor.engine.tiny import EDGE, INTERFACES, PARTNER, PUBLISHED, ROUTES, SERVER, VIP, asked


def _dead(device: Firewall) -> dict[int | None, set[int | None]]:
    """Give the lines that shadow each dead line."""
    survey = Survey.of(device, asked(()))
    hold(survey)
    found, complete = find_unreachable(survey)
    assert complete
    return {line(survey, item.dead): {line(survey, shadow) for shadow in item.shadows} for item in found}


def test_shadowed_by_one() -> None:
    """A permit behind a deny of more can never match."""
    rules = [deny(1, PARTNER), permit(2, PARTNER, VIP, tcp(443))]

    assert _dead(firewall(outside=rules)) == {2: {1}}


def test_shadowed_by_several_together() -> None:
    """No single line need cover it: two halves do, and both are named; a third that adds nothing is not."""
    low, high = AddressSet.of("203.0.113.0/26"), AddressSet.of("203.0.113.64/26")
    rules = [
        permit(1, low, VIP, tcp(443)),
        deny(2, high, VIP, tcp((400, 500))),
        deny(3, low, VIP, tcp(443)),
        permit(4, low | high, VIP, tcp(443)),
    ]

    assert _dead(firewall(outside=rules)) == {3: {1}, 4: {1, 2}}


def test_partly_shadowed_is_alive() -> None:
    """One packet that gets through is enough."""
    rules = [deny(1, AddressSet.of("203.0.113.0-203.0.113.126")), permit(2, PARTNER, VIP, tcp(443))]

    assert _dead(firewall(outside=rules)) == {}


def test_what_perhaps_matches_shadows_nothing() -> None:
    """A deny that holds at times leaves the rule behind it alive."""
    rules = [deny(1, PARTNER, why=(Condition(kind=ConditionKind.SCHEDULE),)), permit(2, PARTNER, VIP, tcp(443))]

    assert _dead(firewall(outside=rules)) == {}


def test_only_rules_that_name_protected_hosts() -> None:
    """A closing `deny any any` and rules about other hosts are not reported."""
    other = AddressSet.of("192.0.2.200")
    rules = [deny(1), permit(2, PARTNER, other), deny(3)]

    assert _dead(firewall(outside=rules)) == {}


def test_rule_that_also_names_other_hosts() -> None:
    """A rule is dead only where all of it is, also what it says of hosts that nobody audits."""
    wide = AddressSet.of("192.0.2.0/24")
    rules = [deny(1, PARTNER, VIP | EDGE), permit(2, PARTNER, wide, tcp(443))]
    dead = [deny(1, PARTNER, wide), permit(2, PARTNER, wide, tcp(443))]

    assert _dead(firewall(outside=rules)) == {}
    assert _dead(firewall(outside=dead)) == {2: {1}}


def test_global_list_is_dead_where_all_of_it_is() -> None:
    """A line that several interfaces call is dead only where none of them can reach it."""
    shared = Chain(name="global", rules=Rules.of(permit(50, ANY, VIP, tcp(443))))

    def device(**lists: list[Rule]) -> Firewall:
        stages = []
        for name in ("outside", "dmz", "inside"):
            main = Chain(name="main", rules=Rules.of(Rule(do=Call(chain="list")), Rule(do=Call(chain="global"))))
            chains = (main, Chain(name="list", rules=Rules.of(*lists.get(name, []))), shared)
            stages.append(Stage(name=name, chains=chains, ingress=frozenset({name})))
        return Firewall(platform="test", interfaces=INTERFACES, routes=ROUTES, stages=tuple(stages))

    assert _dead(device(outside=[deny(1)], dmz=[deny(2)])) == {}
    assert _dead(device(outside=[deny(1)], dmz=[deny(2)], inside=[deny(3)])) == {50: {1, 2, 3}}


def test_many_dead_rules() -> None:
    """Past the stated number the others are left out, and the report says so."""
    rules = [deny(1, PARTNER), *(permit(n, PARTNER, VIP, tcp(n)) for n in range(2, MOST + 3))]
    device = firewall(outside=rules)
    survey = Survey.of(device, asked(()))
    hold(survey)

    found, complete = find_unreachable(survey)

    assert (len(found), complete) == (MOST, False)
    assert any(str(MOST) in text for text in examine(device, asked(()), _capture(MOST + 3)).not_judged)


def _capture(lines: int) -> Capture:
    return Capture(documents=(Document(name="fw.txt", text="x\n" * lines),))


def test_rules_for_established_connections() -> None:
    """A rule that no new connection can match is no dead rule."""
    old = replace(permit(2, PARTNER, VIP), possible=Match(
        source=PARTNER, destination=VIP, states=frozenset({State.ESTABLISHED})))  # fmt: skip

    assert _dead(firewall(outside=[deny(1), old])) == {}


def test_rule_for_translated_traffic() -> None:
    """A permit of what only a translation's tag lets in is alive."""
    base = firewall(outside=[permit(1, PARTNER, SERVER, tcp(443))])
    tagged = Rules.of(replace(permit(1), possible=Match(source=PARTNER, destination=VIP, tags=frozenset({"vip"}))))
    nat = Stage(
        name="nat",
        translates=True,
        chains=(
            Chain(
                name="nat",
                rules=Rules.of(
                    Rule(do=Rewrite(side=Side.DESTINATION, to=VIP, tag="vip"), possible=Match(destination=PUBLISHED))
                ),
            ),
        ),
    )
    first, *others = base.stages
    filtered = replace(first, chains=(Chain(name="list", rules=tagged),))

    assert _dead(replace(base, stages=(nat, filtered, *others))) == {}


def test_finding() -> None:
    """The finding cites the dead line and those that shadow it, with the traffic that it says."""
    rules = [deny(1, PARTNER), permit(2, PARTNER, VIP, tcp(443))]

    findings = examine(firewall(outside=rules), asked(()), CAPTURE).findings

    (finding,) = [item for item in findings if item.kind is Kind.UNREACHABLE]
    assert [(item.line, item.role.value) for item in finding.lines] == [(2, "permits"), (1, "shadows")]
    assert (finding.source_side, finding.destination_side) == ("outside", "dmz")
    assert finding.size == 128 * 65536
