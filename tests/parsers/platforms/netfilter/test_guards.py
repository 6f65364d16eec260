"""Guards and marks against the plain meaning of what they stand for, packet by packet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.model.addresses import AddressSet
from parsers.model.conditions import ConditionKind
from parsers.model.interpreter import matches
from parsers.model.packets import Packet
from parsers.model.rules import Match, State
from parsers.model.services import ServiceSet
from parsers.platforms._netfilter.expressions import negate
from parsers.platforms._netfilter.guards import EVERYTHING, NOTHING, Guard, but, compact, perhaps
from parsers.platforms._netfilter.marks import Mark, MarkChange, Marks

NAMES = frozenset({"a", "b", "c"})
small = st.integers(0, 7)
spans = st.tuples(small, small).map(lambda pair: AddressSet.span(*sorted(pair)))
services = st.tuples(st.sampled_from([6, 17]), small, small).map(
    lambda item: ServiceSet.protocol(item[0], (min(item[1:]), max(item[1:])))
)
names = st.none() | st.frozensets(st.sampled_from(sorted(NAMES)), min_size=1)
states = st.frozensets(st.sampled_from(list(State)), min_size=1)
boxes = st.builds(Match, source=spans, destination=spans, services=services, ingress=names, egress=names, states=states)
packets = st.builds(
    Packet, source=small, destination=small, protocol=st.sampled_from([6, 17]), port=small, state=st.sampled_from(State)
)
places = st.tuples(st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(NAMES)))


def passes(guard: Guard, packet: Packet, place: tuple[str, str], tags: frozenset[str] = frozenset()) -> bool | None:
    """Tell whether a packet passes a guard: surely, surely not, perhaps."""

    def inside(items: tuple[Match, ...]) -> bool:
        return any(matches(box, packet, frozenset({place[0]}), frozenset({place[1]}), tags) for box in items)

    if inside(guard.excluded) or not inside(guard.possible):
        return False
    return True if not guard.conditions or inside(guard.sure) else None


def conjunction(left: bool | None, right: bool | None) -> bool | None:
    """Give what two answers say together."""
    if left is False or right is False:
        return False
    return True if left and right else None


def opposite(answer: bool | None) -> bool | None:
    """Give the other answer."""
    return None if answer is None else not answer


unions = st.lists(boxes, max_size=3).map(lambda items: Guard.of(*items) if items else NOTHING)
bounded = st.tuples(st.lists(boxes, min_size=1, max_size=2), st.lists(boxes, max_size=1)).map(
    lambda item: Guard(
        possible=(*item[0], *item[1]),
        sure=tuple(item[1]),
        conditions=perhaps(EVERYTHING, ConditionKind.UNKNOWN, "x").conditions,
    )
)
guards = unions | bounded


@given(guards, guards, packets, places)
def test_conjunction(left: Guard, right: Guard, packet: Packet, place: tuple[str, str]) -> None:
    """A conjunction passes what both sides pass, and knows it where both know."""
    assert passes(left & right, packet, place) == conjunction(passes(left, packet, place), passes(right, packet, place))


@given(guards, packets, places, st.booleans())
def test_negation(guard: Guard, packet: Packet, place: tuple[str, str], known: bool) -> None:
    """A negation passes what the guard does not; where it cannot say so exactly, it says perhaps."""
    answer = passes(negate(guard, names=NAMES if known else None), packet, place)
    expected = opposite(passes(guard, packet, place))
    assert answer in {expected, None} if guard.conditions else answer == expected


@given(st.lists(boxes, max_size=5), packets, places)
def test_compact(items: list[Match], packet: Packet, place: tuple[str, str]) -> None:
    """Boxes that are joined hold the same packets, and are no more than before."""
    joined = compact(items)
    assert len(joined) <= len(items)
    assert passes(Guard(possible=joined, sure=joined), packet, place) == passes(
        Guard(possible=tuple(items), sure=tuple(items)), packet, place
    )


@given(boxes, st.lists(boxes, max_size=3), packets, places)
def test_but(domain: Match, items: list[Match], packet: Packet, place: tuple[str, str]) -> None:
    """A domain without some boxes holds what is in the domain and in none of them."""
    inside = passes(Guard(possible=(domain,), sure=(domain,)), packet, place)
    taken = passes(Guard(possible=tuple(items), sure=tuple(items)), packet, place)
    assert passes(but(domain, tuple(items), NAMES), packet, place) == (inside and not taken)


def test_tags_of_two_kinds() -> None:
    """Two demands on tags that no one set of tags can say stay an upper bound of the first."""
    one, two = (Guard.of(Match(tags=frozenset({tag}))) for tag in ("dnat", "mark 0x1"))
    both = one & two
    assert both.conditions
    assert both.possible == one.possible
    assert both.sure == ()
    same = one & Guard.of(Match(tags=frozenset({"dnat", "snat"})))
    assert same == one


def test_too_many_boxes() -> None:
    """A product beyond the limit keeps the left side as an upper bound and says why."""
    left = Guard(possible=tuple(Match(source=AddressSet.span(n * 2, n * 2)) for n in range(100)), sure=())
    right = Guard(possible=tuple(Match(destination=AddressSet.span(n * 2, n * 2)) for n in range(100)), sure=())
    both = left & right
    assert both.possible == compact(left.possible)
    assert "100 x 100" in both.conditions[0].text


marks = st.integers(0, 15)
changes = st.tuples(marks, marks).map(lambda item: MarkChange.from_bits(Mark.PACKET, 0xFFFFFFF0 | item[0], item[1]))


@given(st.lists(changes, max_size=3), st.lists(st.booleans(), max_size=6), marks, marks)
def test_marks(items: list[MarkChange], executed: list[bool], value: int, mask: int) -> None:
    """Whatever changes a packet went through, the test of its mark is bounded by what the tags say, both ways."""
    known = Marks(changes=set(items))
    mark, tags = 0, set[str]()
    for number, happens in enumerate(executed):
        if not items or not happens:
            continue
        item = items[number % len(items)]
        tags.add(item.tag)
        mark = value if item.value is None else (mark & ~item.mask) | item.value  # None: any value at all
    packet = Packet(source=1, destination=2, protocol=6)
    for test, truth in (
        (known.test(Mark.PACKET, value, mask), mark & mask == value),
        (known.negated(Mark.PACKET, value, mask), mark & mask != value),
    ):
        answer = passes(test, packet, ("a", "b"), frozenset(tags))
        assert answer in {truth, None}


def test_marks_that_are_exact() -> None:
    """A mark with one value, bits set apart, and a mark that nothing sets are told exactly."""
    one = MarkChange(mark=Mark.PACKET, value=0x10)
    known = Marks(changes={one})
    assert known.test(Mark.PACKET, 0x10) == Guard.of(Match(tags=frozenset({one.tag})))
    assert known.test(Mark.PACKET, 0x11) == NOTHING
    assert known.test(Mark.PACKET, 0x0).excluded == (Match(tags=frozenset({one.tag})),)
    assert known.negated(Mark.PACKET, 0x0) == Guard.of(Match(tags=frozenset({one.tag})))
    assert known.test(Mark.PACKET, 0, 0xF00) == EVERYTHING
    assert Marks().test(Mark.PACKET, 1) == NOTHING
    assert Marks().test(Mark.CONNECTION, 0) == EVERYTHING
    assert Marks(changes={MarkChange(mark=Mark.PACKET)}).test(Mark.PACKET, 0).conditions
    assert MarkChange.from_bits(Mark.PACKET, 0xFFFFFFFF, 1).value is None
