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

from matcher.likeness import alike
from matcher.scores import DISTANT_PATHS


class Neighbours:
    """Normal paths, newest first, found by all their segments but one."""

    __slots__ = ("_keys", "_places", "_texts")

    def __init__(self, texts: Sequence[str]) -> None:
        pairs = sorted((key, place) for place, text in enumerate(texts) for key in _keys(text.split("/")))
        self._texts = tuple(texts)
        self._keys = array("q", (key for key, _ in pairs))
        self._places = array("L", (place for _, place in pairs))

    def alike(self, text: str) -> Iterator[str]:
        """The alike ones among the newest 1,000 paths with as many segments of which at most one is different."""
        segments = text.split("/")
        places = heapq.merge(*(self._under(key) for key in _keys(segments)))
        newest = islice((self._texts[place] for place, _ in groupby(places)), DISTANT_PATHS)
        return (found for found in newest if differ_little(found.split("/"), segments))

    def _under(self, key: int) -> Iterator[int]:
        at = bisect_left(self._keys, key)
        while at < len(self._keys) and self._keys[at] == key:
            yield self._places[at]
            at += 1


def differ_little(mine: list[str], theirs: list[str]) -> bool:
    """Whether two paths have as many segments, and differ in one that is alike."""
    if len(mine) != len(theirs):
        return False  # two keys may be equal by chance
    apart = [(one, other) for one, other in zip(mine, theirs, strict=True) if one != other]
    return len(apart) == 1 and alike(*apart[0])


def _keys(segments: list[str]) -> list[int]:
    """One key for each segment after the first, which is empty: where it is, and what stands before and after it."""
    before, after = [0], [0]
    for segment in segments:
        before.append(hash((before[-1], segment)))
    for segment in reversed(segments):
        after.append(hash((after[-1], segment)))
    count = len(segments)
    return [hash((at, before[at], after[count - at - 1])) for at in range(1, count)]
