"""Paths that differ from a request's in one segment: the look-up behind document distance.

Every path is kept under one key for each of its segments, made of all the others. They lie in arrays, sixteen bytes a
key, because only a request that nothing else fits ever asks.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import attrgetter

from understudy.matcher.lookup.edit_distance import compute_allowed_edits, is_similar
from understudy.matcher.scores import MAX_DISTANT_PATHS

_MAX_CACHED = 64  # keys whose segments are kept at hand, a tenth of a megabyte each at most
_SHARD_COUNT = 256  # a change copies those of its keys


@dataclass(frozen=True, slots=True, eq=False)
class KnownPath:
    """A normal path, and the highest id among those who have it."""

    text: str
    newest_id: str


@dataclass(frozen=True, slots=True)
class Shard:
    """Keys in rising order, and beside each a path that has it; under one key, newest first."""

    keys: array[int]
    paths: tuple[KnownPath, ...]

    def find_range(self, key: int) -> tuple[int, int]:
        """Where the paths under a key begin and end."""
        start = bisect_left(self.keys, key)
        return start, bisect_right(self.keys, key, start)


EMPTY_SHARD = Shard(array("q"), ())


class SimilarPaths:
    """Normal paths, found by all their segments but one. Never changes, but for what it remembers."""

    __slots__ = ("_shards", "_siblings")

    def __init__(self) -> None:
        self._shards = (EMPTY_SHARD,) * _SHARD_COUNT
        self._siblings: dict[int, tuple[Sequence[KnownPath], SiblingSegments]] = {}

    def find_similar(self, text: str) -> Iterator[str]:
        """The alike ones among the newest 1,000 paths with as many segments of which at most one is different."""
        segments = text.split("/")
        found = [
            (at, *near) for at, key in enumerate(_hash_segments(segments), 1) if (near := self._find_siblings(key, at))
        ]
        oldest = _find_oldest([paths for _, paths, _ in found])
        for at, paths, siblings in found:
            for number in siblings.find_similar(segments[at]):
                path = paths[number]
                # Two keys may be equal by chance.
                if path.newest_id >= oldest and is_similar_path(path.text.split("/"), segments):
                    yield path.text

    def apply_changes(self, removed: Iterable[KnownPath], added: Iterable[KnownPath]) -> SimilarPaths:
        """Without the paths that are gone, each as it came, and with those that come."""
        touched: defaultdict[int, tuple[list[ShardEntry], list[ShardEntry]]] = defaultdict(lambda: ([], []))
        for side, paths in enumerate((removed, added)):
            for path in paths:
                for key in _hash_segments(path.text.split("/")):
                    touched[key % _SHARD_COUNT][side].append((key, path))
        after = SimilarPaths()
        shards = list(self._shards)
        for place, sides in touched.items():
            shards[place] = _update_shard(shards[place], *sides)
        after._shards = tuple(shards)
        after._siblings = self._siblings.copy()
        if after._siblings:
            for key in {key for sides in touched.values() for side in sides for key, _ in side}:
                after._siblings.pop(key, None)
        return after

    def _find_siblings(self, key: int, at: int) -> tuple[Sequence[KnownPath], SiblingSegments] | None:
        """The newest 1,000 paths under a key, and their segments at this place; None if there are none."""
        known = self._siblings.get(key)
        if known is not None:
            return known
        shard = self._shards[key % _SHARD_COUNT]
        start, end = shard.find_range(key)
        if start == end:
            return None
        if len(self._siblings) >= _MAX_CACHED:
            self._siblings.clear()
        paths = shard.paths[start : min(end, start + MAX_DISTANT_PATHS)]
        split = (path.text.split("/") for path in paths)
        siblings = SiblingSegments([segments[at] if at < len(segments) else "" for segments in split])
        self._siblings[key] = paths, siblings
        return paths, siblings


ShardEntry = tuple[int, KnownPath]


def is_similar_path(mine: list[str], theirs: list[str]) -> bool:
    """Whether two paths have as many segments, and differ in one that is alike."""
    if len(mine) != len(theirs):
        return False
    apart = [(one, other) for one, other in zip(mine, theirs, strict=True) if one != other]
    return len(apart) == 1 and is_similar(*apart[0])


def _update_shard(shard: Shard, gone: list[ShardEntry], come: list[ShardEntry]) -> Shard:
    if not shard.paths:
        come.sort(key=lambda entry: entry[1].newest_id, reverse=True)
        come.sort(key=lambda entry: entry[0])
        return Shard(array("q", [key for key, _ in come]), tuple([path for _, path in come]))
    keys, paths = shard.keys[:], list(shard.paths)
    for key, path in gone:
        at = _find_offset(keys, paths, key, path)
        while paths[at].text != path.text:  # two keys may be equal by chance, and ids by mistake
            at += 1
        del keys[at], paths[at]
    for key, path in come:
        at = _find_offset(keys, paths, key, path)
        keys.insert(at, key)
        paths.insert(at, path)
    return Shard(keys, tuple(paths))


def _find_offset(keys: array[int], paths: list[KnownPath], key: int, path: KnownPath) -> int:
    """The first place under a key that no newer path has."""
    low = bisect_left(keys, key)
    high = bisect_right(keys, key, low)
    while low < high:
        middle = (low + high) // 2
        if paths[middle].newest_id > path.newest_id:
            low = middle + 1
        else:
            high = middle
    return low


def _find_oldest(lists: list[Sequence[KnownPath]]) -> str:
    """The id of the 1,000th newest of all, each counted once; of fewer, one that is lower than all."""
    if sum(map(len, lists)) <= MAX_DISTANT_PATHS:
        return ""
    distinct = sorted(set(chain.from_iterable(lists)), key=attrgetter("newest_id"), reverse=True)
    return next(islice((path.newest_id for path in distinct), MAX_DISTANT_PATHS - 1, None), "")


def _hash_segments(segments: list[str]) -> list[int]:
    """One key for each segment after the first, which is empty: where it is, and what stands before and after it."""
    after, rest = [], 0
    for segment in reversed(segments):
        after.append(rest)
        rest = hash((rest, segment))
    keys, before = [], hash(segments[0])
    for at in range(1, len(segments)):
        keys.append(hash((at, before, after[-at - 1])))
        before = hash((before, segments[at]))
    return keys


_MAX_LETTERS = 32  # different letters of a segment that are looked at: more take longer than they save


_MAX_SCANNED = 32  # so many are compared one by one sooner than told apart by their other letters


class SiblingSegments:
    """Segments in a fixed order."""

    __slots__ = ("_by_length", "_by_letter")

    def __init__(self, segments: Sequence[str]) -> None:
        self._by_length: defaultdict[int, int] = defaultdict(int)
        self._by_letter: defaultdict[str, int] = defaultdict(int)
        for number, segment in enumerate(segments):
            bit = 1 << number
            self._by_length[len(segment)] |= bit
            for letter in set(segment):
                self._by_letter[letter] |= bit

    def find_similar(self, segment: str) -> Iterator[int]:
        """The numbers of the segments that may be alike, none left out that is."""
        left, edits = 0, 0
        for length, members in self._by_length.items():
            allowed = compute_allowed_edits(length, len(segment))
            if allowed is not None and abs(length - len(segment)) <= allowed:
                left |= members
                edits = max(edits, allowed)
        return _iterate_bits(self._filter_by_letters(left, set(segment), edits)) if edits else iter(())

    def _filter_by_letters(self, members: int, letters: set[str], edits: int) -> int:
        """The members that lack at most so many of the letters, and have at most so many others: each takes an edit."""
        if edits < len(letters) <= _MAX_LETTERS:
            members = _filter_by_count(members, [~self._by_letter.get(letter, 0) for letter in letters], edits)
        if members.bit_count() > _MAX_SCANNED and edits < len(self._by_letter) <= _MAX_LETTERS * 2:
            others = [having for letter, having in self._by_letter.items() if letter not in letters]
            members = _filter_by_count(members, others, edits)
        return members


def _filter_by_count(members: int, sets: Iterable[int], most: int) -> int:
    """The members that are in at most so many of the sets."""
    within = [members] + [0] * most  # by how many they are in so far
    for each in sets:
        for count in range(most, 0, -1):
            within[count] = (within[count] & ~each) | (within[count - 1] & each)
        within[0] &= ~each
    left = 0
    for members_left in within:
        left |= members_left
    return left


def _iterate_bits(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
