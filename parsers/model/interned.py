"""Sets by number, each made when it is first asked for: what a parser reads in bulk costs it numbers, not objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Interned", "Pair"]

Pair = tuple[int, int]
"""A closed interval."""
V = TypeVar("V")


class Interned(Generic[V]):
    """Sets by number; one that is a single interval may be held as that, and is one object from when it is asked for.

    `objects` holds, by number, the names that a set came from.
    """

    __slots__ = ("_bulk", "_later", "_make", "_parts", "objects")

    def __init__(
        self,
        make: Callable[[tuple[Pair]], V],
        parts: list[V | Pair | None] | None = None,
        bulk: Callable[[], list[Pair | None]] | None = None,
    ) -> None:
        """Take what makes a set of one interval, and the first parts; `bulk` gives what is then still None."""
        self._make = make
        self._parts: list[V | Pair | None] = [] if parts is None else parts
        self._bulk = bulk
        self._later: dict[int, Callable[[], V]] = {}
        self.objects: dict[int, tuple[str, ...]] = {}

    @property
    def parts(self) -> list[V | Pair | None]:
        """Give, by number, a set, an interval that is not made into one yet, or None for nothing."""
        if self._bulk is not None:
            bulk, self._bulk = self._bulk(), None
            self._parts[:] = [late if part is None else part for part, late in zip(self._parts, bulk, strict=True)]
        while self._later:
            number, make = self._later.popitem()
            self._parts[number] = make()
        return self._parts

    def put(self, number: int, value: V | Pair) -> None:
        """Say what a number stands for."""
        self._parts[number] = value

    def add(self, value: V | Pair) -> int:
        """Say what the next number stands for, and give that."""
        self._parts.append(value)
        return len(self._parts) - 1

    def put_later(self, number: int, make: Callable[[], V]) -> None:
        """Say how to find out what a number stands for."""
        self._later[number] = make

    def __getitem__(self, number: int) -> V:
        """Give the set of a number; raises LookupError where there is none."""
        part = self.parts[number]
        if isinstance(part, tuple):
            part = self._parts[number] = self._make((part,))
        if part is None:
            raise LookupError(number)
        return part
