"""What network objects and groups stand for: kept member by member, and worked out when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from parsers.model.addresses import AddressSet
from parsers.model.conditions import Bounds
from parsers.model.intervals import normalise
from parsers.platforms._cisco_lina.addresses import DOTTED, LITERAL, NETMASK, literals

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parsers.model.interned import Pair
    from parsers.platforms._cisco_lina.configuration import Definition

    AddressBounds = Bounds[AddressSet]

__all__ = ["Literals", "Network"]

_VALUE = re.compile(rf"^(?:host {DOTTED}|subnet {DOTTED} {NETMASK})$", re.MULTILINE)
"""The value of an object."""
_MEMBER = re.compile(rf"^network-object (?:{LITERAL})$", re.MULTILINE)
"""A member of a group."""
_DEEPEST = 20
"""What is nested deeper is worked out at once, so that it does not take a deep recursion later."""
_PREFIXES = {"object": (_VALUE, "subnet "), "object-group": (_MEMBER, "network-object ")}


class Literals:
    """The member lines of some definitions that are one plain host or network each; read at once, when first asked."""

    def __init__(self, keyword: str, definitions: Iterable[Definition]) -> None:
        """Find them among the lines of network objects (`object`) or groups (`object-group`)."""
        pattern, self._prefix = _PREFIXES[keyword]
        found = pattern.findall("\n".join("\n".join(item.lines) for item in definitions if item.kind == "network"))
        self.lines: dict[str, str | Network] = dict(zip(found, found, strict=True))
        self._found: list[str] = found
        self._known: dict[str, Pair] = {}

    def __getitem__(self, line: str) -> Pair:
        """Give the bounds of a line; raises KeyError."""
        if self._found:
            pairs = literals([item.removeprefix(self._prefix) for item in self._found])
            self._known = {item: pair for item, pair in zip(self._found, pairs, strict=True) if pair is not None}
            self._found = []
        return self._known[line]


class Network(Sequence["Pair | AddressBounds"]):
    """The members of a network object or group, and what they stand for together.

    `exact` tells whether what it surely and what it possibly stands for coincide, `depth` how deeply what is still
    to be worked out is nested.
    """

    __slots__ = ("_bounds", "_literals", "_values", "depth", "exact")

    def __init__(self, values: Sequence[str | Network], source: Literals) -> None:
        """Take the members: lines of `source`, or others worked out already."""
        self._values = values
        self._literals = source
        self._bounds: AddressBounds | None = None
        nested = [value for value in values if not isinstance(value, str)]
        self.exact: bool = all(value.exact for value in nested)
        self.depth: int = max((value.depth for value in nested), default=0) + 1
        if self.depth > _DEEPEST:
            self._bounds = self._union()
            self.depth = 0

    @classmethod
    def of(cls, bounds: AddressBounds, source: Literals) -> Network:
        """Make what has no members of its own."""
        made = cls((), source)
        made._bounds = bounds
        made.exact = not bounds.why
        return made

    @property
    def bounds(self) -> AddressBounds:
        """Give what the members stand for together."""
        if self._bounds is None:
            self._bounds = self._union()
        return self._bounds

    def sure(self) -> AddressSet:
        """Give what the members surely stand for."""
        return self.bounds.sure

    def __len__(self) -> int:
        """Count the members."""
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> Pair | AddressBounds: ...

    @overload
    def __getitem__(self, index: slice) -> list[Pair | AddressBounds]: ...

    def __getitem__(self, index: int | slice) -> Pair | AddressBounds | list[Pair | AddressBounds]:
        """Give what a member stands for: one interval, or bounds."""
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        value = self._values[index]
        return self._literals[value] if isinstance(value, str) else value.bounds

    def _union(self) -> AddressBounds:
        values = list(self)
        if self.exact and len(values) > 1:
            pairs: list[Pair] = []
            for value in values:
                pairs += (value,) if isinstance(value, tuple) else value.sure.intervals
            return Bounds.exact(AddressSet(normalise(pairs)))
        parts = [Bounds.exact(AddressSet((value,))) if isinstance(value, tuple) else value for value in values]
        if len(parts) == 1:
            return parts[0]
        why = tuple(dict.fromkeys(item for part in parts for item in part.why))
        return Bounds(
            sure=AddressSet.join(part.sure for part in parts),
            possible=AddressSet.join(part.possible for part in parts),
            why=why,
        )
