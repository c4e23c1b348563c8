"""Paths that differ from a request's in one segment: the look-up behind document distance.

Every path is kept under one key for each of its segments, made of all the others. They lie in two arrays, twelve bytes
a key, because only a request that nothing else fits ever asks.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from matcher.likeness import alike
from matcher.scores import DISTANT_PATHS
from matcher.siblings import Siblings

_REMEMBERED = 64  # keys whose segments are kept at hand, a tenth of a megabyte each at most


class Neighbours:
    """Normal paths, newest first, found by all their segments but one."""

    __slots__ = ("_keys", "_places", "_siblings", "_texts")

    def __init__(self, texts: Sequence[str]) -> None:
        pairs = sorted((key, place) for place, text in enumerate(texts) for key in _keys(text.split("/")))
        self._texts = tuple(texts)
        self._keys = array("q", (key for key, _ in pairs))
        self._places = array("L", (place for _, place in pairs))
        self._siblings: dict[int, tuple[list[int], Siblings]] = {}

    def alike(self, text: str) -> Iterator[str]:
        """The alike ones among the newest 1,000 paths with as many segments of which at most one is different."""
        segments = text.split("/")
        found = [(at, *near) for at, key in enumerate(_keys(segments), 1) if (near := self._with(key, at))]
        last = _last_place([places for _, places, _ in found])
        for at, places, siblings in found:
            for number in siblings.near(segments[at]):
                path = self._texts[places[number]]
                # Two keys may be equal by chance.
                if places[number] <= last and differ_little(path.split("/"), segments):
                    yield path

    def _with(self, key: int, at: int) -> tuple[list[int], Siblings] | None:
        """The places of the newest 1,000 paths under a key, and their segments at this one; None if there are none."""
        known = self._siblings.get(key)
        if known is not None:
            return known
        start = bisect_left(self._keys, key)
        end = bisect_right(self._keys, key, start)
        places = list(self._places[start : min(end, start + DISTANT_PATHS)])
        if not places:
            return None
        if len(self._siblings) >= _REMEMBERED:
            self._siblings.clear()
        paths = (self._texts[place].split("/") for place in places)
        siblings = Siblings([segments[at] if at < len(segments) else "" for segments in paths])
        self._siblings[key] = places, siblings
        return places, siblings


def differ_little(mine: list[str], theirs: list[str]) -> bool:
    """Whether two paths have as many segments, and differ in one that is alike."""
    if len(mine) != len(theirs):
        return False
    apart = [(one, other) for one, other in zip(mine, theirs, strict=True) if one != other]
    return len(apart) == 1 and alike(*apart[0])


def _last_place(places: list[list[int]]) -> int:
    """The place of the 1,000th newest of all, each counted once; the last one's of fewer."""
    if len(places) < 2:
        return places[0][-1] if places else -1  # no merging for the usual one key
    distinct = (place for place, _ in groupby(heapq.merge(*places)))
    return max(islice(distinct, DISTANT_PATHS))


def _keys(segments: list[str]) -> list[int]:
    """One key for each segment after the first, which is empty: where it is, and what stands before and after it."""
    before, after = [0], [0]
    for segment in segments:
        before.append(hash((before[-1], segment)))
    for segment in reversed(segments):
        after.append(hash((after[-1], segment)))
    count = len(segments)
    return [hash((at, before[at], after[count - at - 1])) for at in range(1, count)]
