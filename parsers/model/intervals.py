"""Canonical sets of whole numbers as sorted, disjoint, non-adjacent closed intervals."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Intervals",
    "complement",
    "contains",
    "difference",
    "intersection",
    "normalise",
    "overlap",
    "size",
    "subset",
    "union",
]

Intervals = tuple[tuple[int, int], ...]
"""Sorted, disjoint, non-adjacent closed intervals; two equal sets are equal tuples."""
_LOPSIDED = 12
_BEYOND = 1 << 200
"""Above every number on any axis."""


def normalise(pairs: Iterable[tuple[int, int]]) -> Intervals:
    """Give the canonical form of any intervals; empty ones (low above high) vanish."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if low > high:
            continue
        if out and low <= out[-1][1] + 1:
            if high > out[-1][1]:
                out[-1] = (out[-1][0], high)
        else:
            out.append((low, high))
    return tuple(out)


def union(left: Intervals, right: Intervals) -> Intervals:
    """Give the union of two canonical sets."""
    if not left:
        return right
    if not right:
        return left
    return normalise((*left, *right))


def intersection(left: Intervals, right: Intervals) -> Intervals:
    """Give the intersection of two canonical sets: in linear time, or by bisection where one is much the shorter."""
    if len(left) > len(right):
        left, right = right, left
    out: list[tuple[int, int]] = []
    if len(left) * _LOPSIDED < len(right):
        for low, high in left:
            place = max(bisect_right(right, (low, _BEYOND)) - 1, 0)
            while place < len(right) and right[place][0] <= high:
                first, last = right[place]
                if last >= low:
                    out.append((max(first, low), min(last, high)))
                place += 1
        return tuple(out)
    i = j = 0
    while i < len(left) and j < len(right):
        low = max(left[i][0], right[j][0])
        high = min(left[i][1], right[j][1])
        if low <= high:
            out.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


def overlap(left: Intervals, right: Intervals) -> bool:
    """Tell whether two canonical sets have a number in common, without making the intersection."""
    if len(left) > len(right):
        left, right = right, left
    for low, high in left:
        place = bisect_right(right, (high, _BEYOND))
        if place and right[place - 1][1] >= low:
            return True
    return False


def complement(values: Intervals, low: int, high: int) -> Intervals:
    """Give what of low..high is not in a canonical set."""
    out: list[tuple[int, int]] = []
    start = low
    for first, last in values:
        if last < start:
            continue
        if first > high:
            break
        if first > start:
            out.append((start, first - 1))
        start = last + 1
    if start <= high:
        out.append((start, high))
    return tuple(out)


def difference(left: Intervals, right: Intervals) -> Intervals:
    """Give what of the left canonical set is not in the right one."""
    if not left or not right:
        return left
    return intersection(left, complement(right, left[0][0], left[-1][1]))


def subset(left: Intervals, right: Intervals) -> bool:
    """Tell whether each number of the left set is in the right one."""
    return not difference(left, right)


def contains(values: Intervals, number: int) -> bool:
    """Tell whether a number is in a canonical set."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        first, last = values[middle]
        if number < first:
            high = middle
        elif number > last:
            low = middle + 1
        else:
            return True
    return False


def size(values: Intervals) -> int:
    """Count the numbers in a canonical set, exactly."""
    return sum(high - low + 1 for low, high in values)
