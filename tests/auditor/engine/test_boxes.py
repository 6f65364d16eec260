"""Boxes of a report read back into cells: the same packets as were written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.engine.boxes import arriving, cell_of, own
from auditor.engine.cells import EVERYTHING, Cell, subtract
from auditor.engine.cite import cell_boxes
from auditor.errors import UsageError
from auditor.report.values import Box
from parsers.model.addresses import AddressSet
from parsers.model.services import Service, ServiceSet
from tests.strategies import ADDRESSES

addresses = st.lists(st.sampled_from(ADDRESSES), min_size=1, max_size=3).map(
    lambda numbers: AddressSet.join(AddressSet.span(number, number) for number in numbers)
)
services = st.builds(
    lambda protocol, low, high, source: Service(
        protocols=(protocol, protocol), ports=(min(low, high), max(low, high)), source_ports=source
    ),
    st.sampled_from((1, 6, 17, 47, 58, 200)),
    st.integers(0, 65535),
    st.integers(0, 65535),
    st.sampled_from(((0, 65535), (20, 20), (1024, 65535))),
)
cells = st.builds(
    Cell, addresses, addresses, st.lists(services, min_size=1, max_size=3).map(lambda x: ServiceSet.of(*x))
)


@given(st.lists(cells, max_size=3))
def test_reading_undoes_writing(written: list[Cell]) -> None:
    """Cells written as boxes and read back have the same packets, and share none among them."""
    found = arriving(cell_boxes(written))

    assert subtract(found, written) == subtract(written, found) == []
    assert all(not (one & other) for number, one in enumerate(found) for other in found[:number])


def test_everything() -> None:
    """The box of everything is every packet."""
    assert arriving(cell_boxes([EVERYTHING])) == [EVERYTHING]


def test_own_view() -> None:
    """Behind a translation stand the hosts' own addresses."""
    inner = Box(source="any4", destination="10.0.0.5", protocol="tcp", source_ports="any", ports="8080")
    outer = Box(
        source="any4", destination="192.0.2.1", protocol="tcp", source_ports="any", ports="80", translated=inner
    )

    assert own([outer]) == [cell_of(inner)]
    assert arriving([outer]) == [cell_of(replace(outer, translated=None))]


@pytest.mark.parametrize(
    ("field", "value"),
    [("source", "192.0.2.300"), ("destination", "a-b"), ("protocol", "quic"), ("ports", "90-80"), ("ports", "65536")],
)
def test_no_traffic(field: str, value: str) -> None:
    """Text that is no traffic is refused by name, not taken for something else."""
    fine = Box(source="any", destination="any", protocol="tcp", source_ports="any", ports="80")
    change: dict[str, Any] = {field: value}

    with pytest.raises(UsageError, match="is no traffic"):
        cell_of(replace(fine, **change))
