"""Paths that differ from a request's in one segment: the look-up behind document distance.

Every path is kept under one key for each of its segments, made of all the others. They lie in two arrays, twelve bytes
a key, because only a request that nothing else fits ever asks.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from matcher.likeness import alike, letters, may_be_alike
from matcher.scores import DISTANT_PATHS

_REMEMBERED = 64  # keys whose segments are kept at hand, a tenth of a megabyte each at most

Sibling = tuple[int, str, int]  # the path's place, its segment that differs, and the letters of that


class Neighbours:
    """Normal paths, newest first, found by all their segments but one."""

    __slots__ = ("_keys", "_places", "_siblings", "_texts")

    def __init__(self, texts: Sequence[str]) -> None:
        pairs = sorted((key, place) for place, text in enumerate(texts) for key in _keys(text.split("/")))
        self._texts = tuple(texts)
        self._keys = array("q", (key for key, _ in pairs))
        self._places = array("L", (place for _, place in pairs))
        self._siblings: dict[int, list[Sibling]] = {}

    def alike(self, text: str) -> Iterator[str]:
        """The alike ones among the newest 1,000 paths with as many segments of which at most one is different."""
        segments = text.split("/")
        found = [(at, self._with(key, at)) for at, key in enumerate(_keys(segments), 1)]
        last = _last_place([[place for place, _, _ in siblings] for _, siblings in found if siblings])
        for at, siblings in found:
            segment = segments[at]
            mask, length = letters(segment), len(segment)
            for place, other, other_mask in siblings:
                if place <= last and may_be_alike(length, mask, len(other), other_mask):
                    path = self._texts[place]
                    # Two keys may be equal by chance.
                    if differ_little(path.split("/"), segments):
                        yield path

    def _with(self, key: int, at: int) -> list[Sibling]:
        """The newest 1,000 paths under a key, with their segment at this place."""
        known = self._siblings.get(key)
        if known is not None:
            return known
        start = bisect_left(self._keys, key)
        end = min(start + DISTANT_PATHS, len(self._keys))
        places = [self._places[number] for number in range(start, end) if self._keys[number] == key]
        siblings = []
        for place in places:
            segments = self._texts[place].split("/")
            segment = segments[at] if at < len(segments) else ""
            siblings.append((place, segment, letters(segment)))
        if places:
            if len(self._siblings) >= _REMEMBERED:
                self._siblings.clear()
            self._siblings[key] = siblings
        return siblings


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
