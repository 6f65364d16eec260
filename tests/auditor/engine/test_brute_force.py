"""Verdicts and surplus are what the semantics say, packet by packet, in a world small enough to try every packet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.engine import firstmatch
from auditor.engine.boxes import apart
from auditor.engine.cells import size
from auditor.engine.holdings import hold
from auditor.engine.surplus import find_surplus
from auditor.engine.survey import Survey
from auditor.engine.verdicts import judge_rows
from auditor.report.values import Confidence
from tests.auditor.engine.naive import Naive
from tests.auditor.engine.tiny import World, firewalls, questions

if TYPE_CHECKING:
    from auditor.deployment.site import Question
    from auditor.engine.flows import Decision
    from auditor.engine.verdicts import Judged
    from parsers.model.firewall import Firewall
    from tests.auditor.engine.naive import Owner


def _owner(firewall: Firewall, decision: Decision) -> Owner:
    if decision.stage < 0:
        return ""
    stage = firewall.stages[decision.stage]
    span = None if decision.index is None else stage.chain(decision.chain).rules.span(decision.index)
    return span or stage.name


def _check(firewall: Firewall, question: Question) -> None:
    survey = Survey.of(firewall, question)
    holdings = hold(survey)
    judged = judge_rows(survey, holdings)
    naive = Naive(firewall, question)

    for answer in judged:
        _check_row(firewall, answer, naive)
    found = {}
    for item in find_surplus(survey, holdings, judged):
        between = (item.pair.source, item.pair.destination)
        key = (item.kind.value, _owner(firewall, item.owner), item.row.id if item.row is not None else "", between)
        cells = apart(part.flow.arrival for part in item.parts)
        assert key not in found, "one finding per kind, line, row and pair of sides"
        found[key] = (size(cells), item.confidence is Confidence.SURE, frozenset(item.rows))
    assert found == naive.surplus()


def _check_row(firewall: Firewall, item: Judged, naive: Naive) -> None:
    expected = naive.answer(item.row)
    assert item.verdict.value == expected.verdict, item.row.id
    cuts = {(pair.source, pair.destination): verdict.value for pair, verdict in item.cuts}
    assert cuts == expected.cuts, item.row.id
    holes = sum(size(apart(cells)) for cells in item.holes.values())
    assert holes == expected.holes, item.row.id
    restricted = {_owner(firewall, restriction.decision) for restriction in item.restrictions}
    assert restricted == expected.restricted, item.row.id


@settings(max_examples=40)
@given(firewall=firewalls(World()), question=questions())
def test_without_conditions(firewall: Firewall, question: Question) -> None:
    """Rows, holes, restrictions and surplus with its owners are exact where nothing is left open."""
    _check(firewall, question)


@settings(max_examples=40)
@given(firewall=firewalls(World(conditions=True)), question=questions())
def test_with_conditions(firewall: Firewall, question: Question) -> None:
    """What conditions leave open makes rows not assessable, and surplus possible, exactly where it does."""
    _check(firewall, question)


@settings(max_examples=30)
@given(firewall=firewalls(World(translations=True, conditions=True)), question=questions())
def test_with_a_published_address(firewall: Firewall, question: Question) -> None:
    """A host is reached by the address that is published for it, and what that address opens is surplus too."""
    _check(firewall, question)


@settings(max_examples=30)
@given(firewall=firewalls(World(stateless=True)), question=questions())
def test_where_replies_are_filtered(firewall: Firewall, question: Question) -> None:
    """Where no connection is tracked, or a permit carries no replies, a row needs its replies permitted as well."""
    _check(firewall, question)


WORLDS = st.sampled_from((World(), World(conditions=True), World(translations=True, conditions=True)))


@settings(max_examples=60)
@given(firewall=WORLDS.flatmap(firewalls), question=questions())
def test_decided_as_lists(firewall: Firewall, question: Question) -> None:
    """So it is where every stage that can be written as one list is decided as the longest ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(firstmatch, "_SHORT", 0)
        _check(firewall, question)
