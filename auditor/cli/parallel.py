"""Several slow things at once, in threads that nobody waits for when the program is told to end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["at_once"]

Result = TypeVar("Result")


def at_once(tasks: Sequence[Callable[[], Result]], workers: int) -> list[Result]:
    """Give what tasks give, in their order, with so many running at once; raises what the first to fail raises."""
    if workers == 1 or len(tasks) < 2:
        return [task() for task in tasks]
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    found: dict[int, Result] = {}
    for number in range(len(tasks)):
        waiting.put(number)

    def work() -> None:
        while True:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                found[number] = tasks[number]()
            except BaseException as error:  # noqa: BLE001 - raised again where the results are waited for
                ended.put(error)
            else:
                ended.put(None)

    for _ in range(min(workers, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    for _ in tasks:
        error = ended.get()
        if error is not None:
            raise error
    return [found[number] for number in range(len(tasks))]
