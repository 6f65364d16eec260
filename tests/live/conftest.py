"""One bed and one prober for all tests against the real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.bed import Bed
from tests.live.prober import Prober


@pytest.fixture(scope="session")
def standing_bed() -> Iterator[Bed]:
    """Give the namespaces, removed at the end whatever happened."""
    with Bed() as bed:
        yield bed


@pytest.fixture
def bed(standing_bed: Bed) -> Iterator[Bed]:
    """Give the bed without any rule."""
    standing_bed.flush()
    yield standing_bed
    standing_bed.flush()


@pytest.fixture(scope="session")
def prober(standing_bed: Bed) -> Iterator[Prober]:
    """Give the prober of the bed."""
    found = Prober(standing_bed)
    yield found
    found.close()
