"""Tasks at once: their order, their number, and the first failure."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from auditor.cli.parallel import at_once


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_order(workers: int) -> None:
    """Results stand in the order of the tasks, however many run at once."""
    assert at_once([partial(pow, number, 2) for number in range(7)], workers) == [0, 1, 4, 9, 16, 25, 36]
    assert at_once([], workers) == []


def test_at_once() -> None:
    """So many run at the same time: each waits for the other."""
    meeting = threading.Barrier(2, timeout=10)

    assert sorted(at_once([meeting.wait, meeting.wait], 2)) == [0, 1]


def test_failure() -> None:
    """What a task raises is raised, and nobody waits for the others."""
    never = threading.Event()

    def fail() -> bool:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        at_once([never.wait, fail], 2)
    never.set()
