"""Guards: what the expressions of one netfilter rule demand together, exactly or between two bounds.

A rule's expressions are a conjunction. Each is a union of boxes (a Match is a box), or everything but some boxes. What
no union of few boxes can say stays as `excluded` boxes: the chain builder lets packets in them pass the rule by.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from parsers.model.addresses import AddressSet
from parsers.model.conditions import Axis, Condition, ConditionKind
from parsers.model.rules import ANYTHING, Match, State
from parsers.model.services import ServiceSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["EVERYTHING", "EXOTIC", "NOTHING", "Guard", "but", "compact", "exotic", "meet", "perhaps", "unknown"]

S = TypeVar("S", AddressSet, ServiceSet, frozenset[State])
BOX_LIMIT = 2048
"""More boxes than this for one rule are not multiplied out: the rest of the rule becomes a condition."""


_WHOLE = (ANYTHING,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Packets in some box of `possible` and in no box of `excluded`.

    With conditions that is an upper bound, and `sure` holds the boxes that match whatever the conditions say.
    """

    possible: tuple[Match, ...] = _WHOLE
    sure: tuple[Match, ...] = _WHOLE
    excluded: tuple[Match, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, *boxes: Match) -> Guard:
        """Make an exact guard of boxes."""
        kept = compact(boxes)
        return cls(possible=kept, sure=kept)

    @property
    def never(self) -> bool:
        """Tell whether no packet can match."""
        return not self.possible

    def __and__(self, other: Guard) -> Guard:
        """Give the conjunction; one that has too many boxes keeps the left side as an upper bound."""
        if len(self.possible) * len(other.possible) > BOX_LIMIT:
            text = f"{len(self.possible)} x {len(other.possible)} combinations"
            return self & unknown(text)
        try:
            possible = _product(self.possible, other.possible)
            exact = self.sure is self.possible and other.sure is other.possible
            sure = possible if exact else _product(self.sure, other.sure)
        except _TagsError as error:
            return self & unknown(str(error))
        more = tuple(item for item in other.conditions if item not in self.conditions)
        return Guard(
            possible=possible,
            sure=sure,
            excluded=tuple(dict.fromkeys((*self.excluded, *other.excluded))),
            conditions=self.conditions + more,
        )


EVERYTHING = Guard()
NOTHING = Guard(possible=(), sure=())


class _TagsError(Exception):
    """Two demands on tags that no single set of tags can say."""


def meet(left: Match, right: Match) -> Match | None:
    """Give the intersection of two boxes, None where it is empty."""
    if left is ANYTHING:
        return right
    if right is ANYTHING:
        return left
    source = _both(left.source, right.source, ANYTHING.source)
    destination = _both(left.destination, right.destination, ANYTHING.destination)
    services = _both(left.services, right.services, ANYTHING.services)
    states = _both(left.states, right.states, ANYTHING.states)
    ingress = _names(left.ingress, right.ingress)
    egress = _names(left.egress, right.egress)
    if not (source and destination and services and states) or frozenset() in {ingress, egress}:
        return None
    return Match(
        source=source,
        destination=destination,
        services=services,
        ingress=ingress,
        egress=egress,
        states=states,
        tags=_tags(left.tags, right.tags),
        objects=left.objects + tuple(item for item in right.objects if item not in left.objects),
    )


def _both(left: S, right: S, whole: S) -> S:
    """Give the intersection; most parts of most rules are whole, and whole is one and the same value."""
    if left is whole:
        return right
    return left if right is whole else left & right


def _names(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    if left is None or right is None:
        return right if left is None else left
    return left & right


def _tags(left: frozenset[str] | None, right: frozenset[str] | None) -> frozenset[str] | None:
    if left is None or right is None:
        return right if left is None else left
    if left <= right:
        return left
    if right <= left:
        return right
    raise _TagsError(f"both of {', '.join(sorted(left))} and {', '.join(sorted(right))}")


def _product(left: tuple[Match, ...], right: tuple[Match, ...]) -> tuple[Match, ...]:
    if len(left) == len(right) == 1:
        only = meet(left[0], right[0])
        return () if only is None else (only,)
    boxes = (meet(a, b) for a in left for b in right)
    return compact(box for box in boxes if box is not None)


_JOINS: dict[str, Callable[[list[Match]], dict[str, Any]]] = {
    "destination": lambda boxes: {"destination": AddressSet.join(box.destination for box in boxes)},
    "source": lambda boxes: {"source": AddressSet.join(box.source for box in boxes)},
    "services": lambda boxes: {"services": ServiceSet.join(box.services for box in boxes)},
    "ingress": lambda boxes: {"ingress": frozenset[str]().union(*(box.ingress or () for box in boxes))},
    "egress": lambda boxes: {"egress": frozenset[str]().union(*(box.egress or () for box in boxes))},
    "states": lambda boxes: {"states": frozenset[str]().union(*(box.states for box in boxes))},
}
_FIELDS = tuple(item.name for item in fields(Match) if item.name != "objects")


def compact(boxes: Iterable[Match]) -> tuple[Match, ...]:
    """Join boxes that differ in one part only, so that a rule becomes few model rules."""
    given = tuple(boxes)
    if len(given) < 2:
        return given
    kept = list(dict.fromkeys(given))
    for name, join in _JOINS.items():
        if len(kept) < 2:
            break
        groups: dict[tuple[object, ...], list[Match]] = {}
        for box in kept:
            rest = tuple(getattr(box, field) for field in _FIELDS if field != name)
            limited = getattr(box, name) is not None
            groups.setdefault((*rest, limited), []).append(box)
        kept = [group[0] if len(group) == 1 else _joined(group, join(group)) for group in groups.values()]
    return tuple(kept)


def _joined(group: list[Match], change: dict[str, Any]) -> Match:
    objects = tuple(dict.fromkeys(name for box in group for name in box.objects))
    return replace(group[0], **change, objects=objects)


def but(domain: Match, boxes: tuple[Match, ...], names: frozenset[str] | None = None) -> Guard:
    """Give the packets of a domain that are in none of some boxes.

    `names` are all interfaces that there are, None where they are not known.
    """
    if not boxes:
        return Guard.of(domain)
    if domain in boxes:
        return NOTHING
    differing = {name for box in boxes for name in _FIELDS if getattr(box, name) != getattr(domain, name)}
    if len(differing) == 1:
        (name,) = differing
        joined = compact(boxes)
        if len(joined) == 1 and name != "tags":
            rest = _rest(domain, joined[0], name, names)
            if rest is not None:
                return Guard.of(*rest)
    return Guard(possible=(domain,), sure=(domain,), excluded=boxes)


def _rest(domain: Match, box: Match, name: str, names: frozenset[str] | None) -> tuple[Match, ...] | None:
    if name in {"ingress", "egress"}:
        if names is None:
            return None
        left: object = names - (getattr(box, name) or frozenset())
    else:
        left = getattr(domain, name) - getattr(box, name)
    change: dict[str, Any] = {name: left, "objects": box.objects}
    return (replace(domain, **change),) if left else ()


def perhaps(
    guard: Guard, kind: ConditionKind, text: str, values: tuple[str, ...] = (), axis: Axis = Axis.WHOLE
) -> Guard:
    """Make a guard an upper bound of which nothing is sure; `axis` is what a list of addresses narrows."""
    condition = Condition(kind=kind, values=values, text=text, axis=axis)
    return replace(guard, sure=(), conditions=(*guard.conditions, condition))


EXOTIC = "extension"
"""The value of a condition that only packets with IP options, extension headers or fragments meet."""


def exotic(text: str) -> Guard:
    """Give the guard of an expression that no ordinary packet meets; it may open something, but it denies nothing."""
    return perhaps(EVERYTHING, ConditionKind.UNKNOWN, text, (EXOTIC,))


def unknown(text: str) -> Guard:
    """Give the guard of an expression whose value the capture cannot tell."""
    return perhaps(EVERYTHING, ConditionKind.UNKNOWN, text)
