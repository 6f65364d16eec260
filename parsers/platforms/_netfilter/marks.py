"""Packet marks and connection marks as tags.

The model knows tags that a rule gives and never takes away. A test of a mark is exact where every statement that can
change the tested bits gives them the same value: then the bits are that value or, untouched, zero. Otherwise the test
is a condition. Packets are taken to arrive unmarked.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from parsers.model.conditions import ConditionKind
from parsers.model.rules import ANYTHING, Match, State
from parsers.platforms._netfilter.guards import EVERYTHING, NOTHING, Guard, but, perhaps

__all__ = ["Mark", "MarkChange", "Marks"]

_ALL = 0xFFFFFFFF


class Mark(StrEnum):
    """Which mark."""

    PACKET = "mark"
    CONNECTION = "ct mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkChange:
    """A statement that sets the bits `mask` of a mark to `value`; None for a value that the text does not tell."""

    mark: Mark
    mask: int = _ALL
    value: int | None = None

    @property
    def tag(self) -> str:
        """Give the tag that the change leaves."""
        if self.value is None:
            return f"{self.mark} set"
        return f"{self.mark} {self.value:#x}" + ("" if self.mask == _ALL else f"/{self.mask:#x}")

    @classmethod
    def from_bits(cls, mark: Mark, keep: int, flip: int) -> MarkChange:
        """Make `mark = (mark & keep) ^ flip`, as the kernel computes it; unknown where it toggles bits it keeps."""
        if keep & flip:
            return cls(mark=mark)
        return cls(mark=mark, mask=_ALL & ~keep, value=flip)


@dataclass(slots=True)
class Marks:
    """Every change of a mark that any rule in force may make."""

    changes: set[MarkChange] = field(default_factory=set)

    def test(self, mark: Mark, value: int, mask: int = _ALL, *, text: str = "") -> Guard:
        """Give the packets with `mark & mask == value`."""
        changes = [item for item in self.changes if item.mark is mark]
        words = text or f"{mark} {value:#x}/{mask:#x}"
        if any(item.value is None for item in changes):
            return perhaps(EVERYTHING, ConditionKind.UNKNOWN, f"{words}: the mark is set to a value that is not told")
        relevant = [item for item in changes if item.mask & mask]
        results = {(item.value or 0) & mask for item in relevant}
        if value & ~mask:
            return NOTHING
        if results <= {0}:
            return EVERYTHING if value == 0 else NOTHING
        if len(results) == 1:
            tagged = Match(tags=frozenset(item.tag for item in relevant))
            found = Guard.of(tagged) if {value} == results else NOTHING if value else but(ANYTHING, (tagged,))
        elif not value and 0 not in results and not _clearing(relevant, mask):
            found = but(ANYTHING, (Match(tags=frozenset(item.tag for item in relevant)),))
        elif value and value not in results:
            return perhaps(EVERYTHING, ConditionKind.UNKNOWN, f"{words}: marks are combined")
        else:
            fitting = frozenset(item.tag for item in relevant if (item.value or 0) & mask == value)
            boxes = (Match(tags=fitting),) if value else (ANYTHING,)
            found = perhaps(Guard.of(*boxes), ConditionKind.UNKNOWN, f"{words}: a later rule may set it anew")
        return _of_new_connections(found, words) if mark is Mark.CONNECTION else found

    def negated(self, mark: Mark, value: int, mask: int = _ALL, *, text: str = "") -> Guard:
        """Give the packets with `mark & mask != value`."""
        plain = self.test(mark, value, mask, text=text)
        if plain.conditions:
            return perhaps(EVERYTHING, ConditionKind.UNKNOWN, plain.conditions[0].text)
        if plain.excluded:
            return Guard.of(*plain.excluded)
        return NOTHING if plain == EVERYTHING else but(ANYTHING, plain.possible)


def _clearing(changes: list[MarkChange], mask: int) -> bool:
    """Tell whether some change takes away a bit that another one sets."""
    return any((one.value or 0) & mask & other.mask & ~(other.value or 0) for one in changes for other in changes)


def _of_new_connections(guard: Guard, text: str) -> Guard:
    """Weaken a test of a connection's mark for established packets: an earlier packet may have set it."""
    fresh = Match(states=frozenset({State.NEW}))
    later = Match(states=frozenset({State.ESTABLISHED, State.RELATED}))
    new = guard & Guard.of(fresh)
    weak = perhaps(Guard.of(later), ConditionKind.UNKNOWN, f"{text}: an earlier packet may have set it")
    return replace(
        new,
        possible=new.possible + weak.possible,
        excluded=(),
        sure=() if new.excluded else new.sure,
        conditions=new.conditions + weak.conditions,
    )
