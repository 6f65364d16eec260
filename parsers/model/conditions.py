"""What a rule depends on that its five-tuple does not say, and bounds on what a name may stand for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Axis", "Bounds", "Condition", "ConditionKind", "Facts"]


class ConditionKind(StrEnum):
    """Kinds of condition (semantics: section 10 of the design); `unknown` is a word that was not understood."""

    FQDN = "fqdn"
    SCHEDULE = "schedule"
    USER = "user"
    SECURITY_GROUP = "security-group"
    APPLICATION = "application"
    GEOGRAPHY = "geography"
    DYNAMIC_LIST = "dynamic-list"
    RATE = "rate"
    UNKNOWN = "unknown"


class Axis(StrEnum):
    """The part of a match that a condition narrows by an unknown amount."""

    SOURCE = "source"
    DESTINATION = "destination"
    SERVICE = "service"
    WHOLE = "whole"


if TYPE_CHECKING:
    Facts = Mapping[ConditionKind, frozenset[str]]
    """What is known of the traffic asked about: per kind of condition, the values that hold; `*` stands for all."""
else:
    Facts = dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a rule: its kind, the values it names (any of them suffices), and the words it came from."""

    kind: ConditionKind
    values: tuple[str, ...] = ()
    text: str = ""
    axis: Axis = Axis.WHOLE

    def holds(self, facts: Facts) -> bool | None:
        """Tell whether the condition holds for traffic with these facts: True surely, None unknown."""
        known = facts.get(self.kind, frozenset())
        return True if "*" in known or any(value in known for value in self.values) else None


class _Set(Protocol):
    def __or__(self, other: Self, /) -> Self: ...

    def __invert__(self) -> Self: ...


T = TypeVar("T", bound=_Set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds(Generic[T]):
    """What a name stands for: surely all of `sure`, possibly all of `possible`, and why the two differ.

    A negation swaps the two sides: what is possibly in a set is not surely outside it.
    """

    sure: T
    possible: T
    why: tuple[Condition, ...] = ()

    @classmethod
    def exact(cls, value: T) -> Bounds[T]:
        """Make bounds that coincide."""
        return cls(sure=value, possible=value)

    @property
    def is_exact(self) -> bool:
        """Tell whether the two sides coincide."""
        return self.sure == self.possible

    def __or__(self, other: Bounds[T]) -> Bounds[T]:
        """Give the union, side by side."""
        why = self.why + tuple(item for item in other.why if item not in self.why)
        return Bounds(sure=self.sure | other.sure, possible=self.possible | other.possible, why=why)

    def __invert__(self) -> Bounds[T]:
        """Give the negation, with the sides swapped."""
        return Bounds(sure=~self.possible, possible=~self.sure, why=self.why)
