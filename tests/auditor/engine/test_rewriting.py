"""The same policy written in another way is the same policy: verdicts and findings do not change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engine.examine import Examined, examine
from auditor.report.values import Kind
from parsers.model.addresses import AddressSet
from parsers.model.capture import Capture, Document, Span
from parsers.model.rules import Call, Chain, Goto, Match, Return, Rule, Rules
from parsers.model.services import Service, ServiceSet
from tests.auditor.engine.tiny import World, firewalls, questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from auditor.deployment.site import Question
    from parsers.model.firewall import Firewall

CAPTURE = Capture(documents=(Document(name="fw.txt", text="\n".join(f"rule {n}" for n in range(1, 400))),))
WORLDS = st.sampled_from((World(), World(conditions=True), World(translations=True)))
inputs = WORLDS.flatmap(firewalls)


def _judged(firewall: Firewall, question: Question) -> Examined:
    return examine(firewall, question, CAPTURE)


def _rows(examined: Examined) -> list[tuple[object, ...]]:
    return [(row.id, row.verdict, row.confidence, row.blocked_direction, row.cuts) for row in examined.rows]


def _findings(examined: Examined, *, shift: int = 0, ids: bool = True) -> list[str]:
    """Give what each finding says, in an order of its own; without ids what hangs on how a match is written is out."""
    return sorted(
        str((
            item.id if ids else "", item.kind.value, item.severity.value, item.confidence.value, item.rows,
            item.source_side, item.destination_side, item.traffic if ids else "", item.size,
            sorted({(line.line - shift, line.role.value) for line in item.lines if line.line is not None}),
        ))
        for item in examined.findings
        if ids or item.kind is not Kind.UNREACHABLE
    )  # fmt: skip


def _each_chain(
    firewall: Firewall, change: Callable[[Rules], Iterable[Rule]], *, translations: bool = False
) -> Firewall:
    return replace(
        firewall,
        stages=tuple(
            replace(
                stage,
                chains=tuple(Chain(name=chain.name, rules=Rules.of(*change(chain.rules))) for chain in stage.chains),
            )
            if translations or not stage.translates
            else stage
            for stage in firewall.stages
        ),
    )


@settings(max_examples=25)
@given(firewall=inputs, question=questions())
def test_renumbering(firewall: Firewall, question: Question) -> None:
    """Lines that move down by 100 change no verdict, no finding and no finding's id."""

    def lower(rules: Rules) -> Iterable[Rule]:
        for rule in rules:
            assert rule.span is not None
            yield replace(rule, span=Span(first=rule.span.first + 100, last=rule.span.last + 100))

    before = _judged(firewall, question)
    after = _judged(_each_chain(firewall, lower, translations=True), question)

    assert _rows(after) == _rows(before)
    assert _findings(after, shift=100) == _findings(before)


@settings(max_examples=25)
@given(firewall=inputs, question=questions())
def test_expanded_groups(firewall: Firewall, question: Question) -> None:
    """A line whose group is written out, one rule a member, is the same line."""
    before = _judged(firewall, question)
    after = _judged(_each_chain(firewall, lambda rules: (part for rule in rules for part in _members(rule))), question)

    assert _rows(after) == _rows(before)
    assert _findings(after, ids=False) == _findings(before, ids=False)


def _members(rule: Rule) -> list[Rule]:
    """Give a rule for each interval of an unconditional rule's source and destination."""
    if rule.conditions or isinstance(rule.do, Call | Goto | Return):
        return [rule]
    match = rule.possible
    return [
        replace(rule, possible=replace(match, source=AddressSet((source,)), destination=AddressSet((destination,))))
        for source in match.source.intervals
        for destination in match.destination.intervals
    ]


@settings(max_examples=25)
@given(firewall=inputs, question=questions(), at=st.sampled_from((0, 1, 79, 80, 443, 30000)))
def test_split_ranges(firewall: Firewall, question: Question, at: int) -> None:
    """A line whose range of ports is written as two is the same line."""
    before = _judged(firewall, question)
    after = _judged(
        _each_chain(firewall, lambda rules: (part for rule in rules for part in _halves(rule, at))), question
    )

    assert _rows(after) == _rows(before)
    assert _findings(after, ids=False) == _findings(before, ids=False)


def _halves(rule: Rule, at: int) -> list[Rule]:
    if rule.conditions or isinstance(rule.do, Call | Goto | Return):
        return [rule]
    services = rule.possible.services
    low = services & ServiceSet.of(Service(protocols=(0, 255), ports=(0, at)))
    return [replace(rule, possible=replace(rule.possible, services=part)) for part in (low, services - low) if part]


@settings(max_examples=40)
@given(firewall=inputs, question=questions())
def test_disjoint_rules_in_another_order(firewall: Firewall, question: Question) -> None:
    """Neighbours that share no packet may change places."""
    before = _judged(firewall, question)
    after = _judged(_each_chain(firewall, _swapped), question)

    assert _rows(after) == _rows(before)
    assert _findings(after) == _findings(before)


def _swapped(rules: Rules) -> list[Rule]:
    out = list(rules)
    for index in range(len(out) - 1):
        if not _meet(out[index].possible, out[index + 1].possible):
            out[index], out[index + 1] = out[index + 1], out[index]
    return out


def _meet(one: Match, other: Match) -> bool:
    return bool(one.source & other.source and one.destination & other.destination and one.services & other.services)


@settings(max_examples=40)
@given(firewall=inputs, question=questions(), ends=st.tuples(st.integers(0, 5), st.integers(0, 5)))
def test_rules_moved_into_a_called_chain(firewall: Firewall, question: Question, ends: tuple[int, int]) -> None:
    """Rules that move into a chain of their own, called where they stood, decide as they did."""
    low, high = sorted(ends)
    before = _judged(firewall, question)
    after = _judged(_called(firewall, low, high), question)

    assert _rows(after) == _rows(before)
    assert _findings(after) == _findings(before)


def _called(firewall: Firewall, low: int, high: int) -> Firewall:
    stages = []
    for stage in firewall.stages:
        first, *others = stage.chains
        rules = list(first.rules)
        moved = rules[low:high]
        if stage.translates or any(isinstance(rule.do, Return | Goto) for rule in moved):
            stages.append(stage)
            continue
        kept = [*rules[:low], Rule(do=Call(chain="moved")), *rules[high:]]
        chains = (
            Chain(name=first.name, rules=Rules.of(*kept)),
            *others,
            Chain(name="moved", rules=Rules.of(*moved)),
        )
        stages.append(replace(stage, chains=chains))
    return replace(firewall, stages=tuple(stages))
