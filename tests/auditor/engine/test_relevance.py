"""Which rules matter for some traffic: never too few, and seldom too many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.cells import EVERYTHING, Cell
from auditor.engine.relevance import Scope, Windows, cover
from parsers.model.addresses import ANY, NONE, AddressSet
from parsers.model.conditions import Condition, ConditionKind
from parsers.model.rules import Chain, Deny, Match, Permit, Rule, Rules, Stage
from parsers.model.services import ANY_SERVICE, TCP, ServiceSet
from tests.strategies import address_sets, matches, service_sets

PEER, VIP, OTHER = AddressSet.of("203.0.113.0/24"), AddressSet.of("192.0.2.10"), AddressSet.of("192.0.2.99")
HTTPS = ServiceSet.protocol(TCP, (443, 443))


def test_one_window_must_be_met_on_every_axis() -> None:
    """A match that meets one window's source and another's destination meets neither."""
    windows = Windows([Cell(PEER, VIP, ANY_SERVICE), Cell(VIP, OTHER, ANY_SERVICE)])

    assert windows.meet(Match(source=PEER, destination=VIP))
    assert windows.meet(Match(source=VIP, destination=OTHER))
    assert not windows.meet(Match(source=PEER, destination=OTHER))


def test_services_count() -> None:
    """A window of one port is not met by a match of another, nor by a match of nothing."""
    windows = Windows([Cell(PEER, VIP, HTTPS)])

    assert windows.meet(Match(destination=VIP, services=ServiceSet.protocol(TCP, (1, 1024))))
    assert not windows.meet(Match(destination=VIP, services=ServiceSet.protocol(TCP, (80, 80))))
    assert not windows.meet(Match(source=NONE))


def test_nothing_meets_no_windows() -> None:
    """Empty cells are no windows."""
    windows = Windows([Cell(NONE, ANY, ANY_SERVICE)])

    assert not windows.meet(Match())


cells = st.lists(st.builds(Cell, address_sets, address_sets, service_sets), max_size=30)


@given(given_cells=cells, found=st.lists(matches, min_size=1, max_size=4))
def test_no_match_that_matters_is_left_out(given_cells: list[Cell], found: list[Match]) -> None:
    """A match that takes any of the traffic is relevant, also where windows are so many that they are joined."""
    windows = Windows(given_cells)

    for match in found:
        whole = Cell(match.source, match.destination, match.services)
        if any(whole & cell for cell in given_cells):
            assert windows.meet(match)


@given(given_cells=cells)
def test_cover_holds_every_cell(given_cells: list[Cell]) -> None:
    """The cover of cells leaves none of them out."""
    if given_cells:
        whole = cover(given_cells)
        assert all(not part.minus(whole) for part in given_cells if part)


def test_scope() -> None:
    """The rules that matter keep their indices, by stage and chain, and the stages keep only them."""
    condition = (Condition(kind=ConditionKind.SCHEDULE),)
    rules = Rules.of(
        Rule(do=Permit(), possible=Match(destination=OTHER)),
        Rule(do=Deny(), possible=Match(destination=VIP)),
        Rule(do=Permit(), possible=Match(destination=ANY - VIP), sure=Match(destination=OTHER), conditions=condition),
        Rule(do=Permit()),
    )
    stage = Stage(name="in", chains=(Chain(name="main", rules=rules), Chain(name="empty", rules=Rules.of())))

    scope = Scope([stage], [Cell(PEER, VIP, ANY_SERVICE)])

    assert scope.indices(0, "main") == [1, 3]
    assert scope.indices(0, "empty") == []
    (narrowed,) = scope.stages([stage])
    assert narrowed.chain("main").rules == Rules.of(rules[1], rules[3])
    assert Scope([stage], [EVERYTHING]).indices(0, "main") == [0, 1, 2, 3]
