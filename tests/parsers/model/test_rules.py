"""Packed rules are the rules that went in, and each value of the model can be shared and hashed."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.model.addresses import AddressSet
from parsers.model.capture import Capture, Document, Lines, Span
from parsers.model.conditions import Bounds, Condition, ConditionKind
from parsers.model.firewall import Firewall, Members
from parsers.model.interned import Interned, Pair
from parsers.model.rules import Chain, Deny, Match, Permit, Return, Rule, Rules, RulesBuilder, Stage
from parsers.model.services import ServiceSet
from tests import strategies

some_rules = st.lists(strategies.rules(), max_size=5)


@given(some_rules)
def test_packing_keeps_every_rule(given_rules: list[Rule]) -> None:
    """Rules come out of the arrays as they went in, lines and objects included."""
    packed = Rules.of(*given_rules)
    assert list(packed) == given_rules
    assert [rule.span for rule in packed] == [rule.span for rule in given_rules]
    assert [rule.possible.objects for rule in packed] == [rule.possible.objects for rule in given_rules]
    assert [packed.possible(index) for index in range(len(packed))] == [rule.possible for rule in given_rules]
    assert [packed.name(index) for index in range(len(packed))] == [rule.name for rule in given_rules]
    assert [packed.span(index) for index in range(len(packed))] == [rule.span for rule in given_rules]
    assert packed.conditional() == {
        index: (rule.sure, rule.conditions) for index, rule in enumerate(given_rules) if rule.conditions
    }


@given(some_rules, st.slices(5))
def test_rules_are_a_sequence(given_rules: list[Rule], part: slice) -> None:
    """Slices, negative indices, equality and hashes are those of a tuple of rules."""
    packed = Rules.of(*given_rules)
    assert list(packed[part]) == given_rules[part]
    assert packed == Rules.of(*packed)
    assert hash(packed) == hash(Rules.of(*packed))
    assert packed != given_rules
    assert repr(packed).startswith("Rules.of(")
    if given_rules:
        assert packed[-1] == given_rules[-1]
        assert packed[:-1] != packed
    with pytest.raises(IndexError):
        packed[len(given_rules)]


def test_interned_ids_make_the_same_rules() -> None:
    """The quick way of appending, by interned ids, equals the slow one."""
    match = Match(destination=AddressSet.of("192.0.2.1"))
    builder = RulesBuilder()
    builder.add(builder.intern_decision(Deny()), builder.intern(match), 1, 7, 9)
    builder.add(builder.intern_decision(Deny()), builder.intern(match), 0, 0, 0)
    packed = builder.build()
    assert packed == Rules.of(Rule(do=Deny(), possible=match), Rule(do=Deny(), possible=match))
    assert [packed.span(0), packed.span(1)] == [Span(document=1, first=7, last=9), None]
    assert (len(packed.matches), len(packed.decisions)) == (1, 1)


def test_columns_make_the_same_rules() -> None:
    """Rules put in as columns are those put in one by one, on sets that are made once, whatever is asked for first."""
    hosts: Interned[AddressSet] = Interned(AddressSet, [(7, 7), None], bulk=lambda: [None, (8, 9)])
    hosts.objects[1] = ("web",)
    services: Interned[ServiceSet] = Interned(ServiceSet.from_axis, [ServiceSet.protocol(6)])
    builder = RulesBuilder(hosts, services)
    deny = builder.intern_decision(Deny())
    columns = array("i", (0, 1)), array("i", (1, 1)), array("i", (0, 0))
    builder.add(deny, builder.intern(Match()), 0, 1, 1)
    builder.extend(array("i", (deny, deny)), columns, 3, array("i", (4, 6)))
    packed = builder.build()
    first, second = AddressSet(((7, 7),)), AddressSet(((8, 9),))
    assert [rule.possible for rule in packed] == [
        Match(),
        Match(source=first, destination=second, services=ServiceSet.protocol(6)),
        Match(source=second, destination=second, services=ServiceSet.protocol(6)),
    ]
    assert [rule.possible.objects for rule in packed] == [(), ("web",), ("web", "web")]
    assert [packed.span(index) for index in (0, 2)] == [Span(first=1, last=1), Span(document=3, first=6, last=6)]
    assert packed.matches[1] is packed[1].possible
    assert packed.matches[1].destination is packed.matches[-1].source
    assert packed.matches[1:] == (packed.matches[1], packed.matches[2])
    with pytest.raises(IndexError):
        packed.matches[3]
    with pytest.raises(LookupError):
        Interned(AddressSet, [None])[0]


def test_members_are_a_tuple_of_members() -> None:
    """Packed member lines equal, hash and show like the bounds and places that they stand for."""
    exact = Bounds.exact(AddressSet.of("192.0.2.1"))
    plain: object = tuple((exact, Span(document=2, first=line, last=line)) for line in (5, 6))
    values: list[Pair | Bounds[AddressSet]] = [exact.sure.intervals[0], exact]
    packed = Members(2, [5, 6], values)
    assert packed == plain
    assert (hash(packed), repr(packed)) == (hash(plain), repr(plain))
    assert packed == Members(2, [5, 6], values[::-1])
    assert packed != packed[:1]
    assert (len(packed), packed[1:]) == (2, (packed[-1],))


def test_equal_matches_of_different_objects_stay_apart() -> None:
    """A rule names its own objects, even where another rule's resolve to the same addresses."""
    named, literal = Match(objects=("web",)), Match()
    packed = Rules.of(Rule(do=Permit(), possible=named), Rule(do=Permit(), possible=literal))
    assert [rule.possible.objects for rule in packed] == [("web",), ()]


def test_sure_match_needs_every_condition() -> None:
    """A rule is exact for traffic whose facts fulfil all of its conditions; otherwise only its sure part is."""
    sure = Match(destination=AddressSet.of("192.0.2.1"))
    ssl = Condition(kind=ConditionKind.APPLICATION, values=("ssl", "ssh"))
    user = Condition(kind=ConditionKind.USER, values=("staff",))
    rule = Rule(do=Permit(), sure=sure, conditions=(ssl, user))
    facts = {ConditionKind.APPLICATION: frozenset({"ssl"})}
    assert rule.sure_match(facts) == sure
    assert rule.sure_match({**facts, ConditionKind.USER: frozenset({"*"})}) == rule.possible
    assert replace(rule, sure=None).sure_match({}) is None
    assert replace(rule, conditions=()).sure_match({}) == rule.possible
    assert ssl.holds({ConditionKind.APPLICATION: frozenset({"ftp"})}) is None


def test_stage_finds_its_chains() -> None:
    """A stage gives its chain by name and refuses a name that it does not have."""
    stage = Stage(name="filter", chains=(Chain(name="main", rules=Rules.of(Rule(do=Return()))),))
    assert stage.chain("main").rules[0].do == Return()
    with pytest.raises(KeyError):
        stage.chain("other")


@settings(max_examples=25)
@given(strategies.documented_firewalls)
def test_values_hash(firewall: Firewall) -> None:
    """A whole firewall is hashable, so every value in it is."""
    assert hash(firewall) == hash(replace(firewall))


@given(st.lists(st.sampled_from(["", "x", "line", "y" * 5000, "z" * 9000]), max_size=12), st.booleans(), st.data())
def test_lines_are_cut_as_if_all_were_kept(lines: list[str], ended: bool, data: st.DataObject) -> None:
    """Any lines of any text come out as they stand, and what lies behind the text is nothing."""
    text = "\n".join(lines) + ("\n" if ended and lines else "")
    document = Document(name="a", text=text)
    assert document.line_count() == len(document.lines())
    cutter = Lines(text)
    for _ in range(4):
        first = data.draw(st.integers(min_value=1, max_value=15))
        last = data.draw(st.integers(min_value=first, max_value=16))
        assert cutter.cut(first, last) == "\n".join(document.lines()[first - 1 : last])


def test_capture_slices_its_documents() -> None:
    """A span cuts lines out of its own document, however that document ends."""
    capture = Capture(documents=(Document(name="a", text="x"), Document(name="b", text="one\ntwo\nthree\n")))
    assert capture.slice(Span(document=1, first=2, last=3)) == "two\nthree"
    assert [len(item.lines()) for item in capture.documents] == [1, 3]
    assert Document(name="c", text="").lines() == []
