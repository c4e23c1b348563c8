"""The look-up behind document distance: paths that differ from a request's path in one segment.

Every path has one key for each of its segments, made of all the other segments. The keys lie in arrays, at sixteen
bytes a key, because only a request that nothing else fits needs them.
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
from understudy.store.model.ids import OrderKey, compute_order_key

_MAX_CACHED = 64  # keys whose segments are cached, at most a tenth of a megabyte each
_LOWEST = compute_order_key("")
_SHARD_COUNT = 256  # a change copies only the shards of its keys


@dataclass(frozen=True, slots=True, eq=False)
class KnownPath:
    """A normal path, and the order key of the highest id among its candidates."""

    text: str
    newest: OrderKey


@dataclass(frozen=True, slots=True)
class Shard:
    """Keys in rising order, and beside each a path that has it; under one key, newest first."""

    keys: array[int]
    paths: tuple[KnownPath, ...]

    def find_range(self, key: int) -> tuple[int, int]:
        """Return the start and end offsets of the paths under a key."""
        start = bisect_left(self.keys, key)
        return start, bisect_right(self.keys, key, start)


EMPTY_SHARD = Shard(array("q"), ())


class SimilarPaths:
    """Normal paths, found by all their segments but one. Immutable, but for its cache."""

    __slots__ = ("_shards", "_siblings")

    def __init__(self) -> None:
        self._shards = (EMPTY_SHARD,) * _SHARD_COUNT
        self._siblings: dict[int, tuple[Sequence[KnownPath], SiblingSegments]] = {}

    def find_similar(self, text: str) -> Iterator[str]:
        """Yield the similar paths among the newest 1,000 with as many segments, at most one of them different."""
        segments = text.split("/")
        found = [
            (at, *near) for at, key in enumerate(_hash_segments(segments), 1) if (near := self._find_siblings(key, at))
        ]
        oldest = _find_oldest([paths for _, paths, _ in found])
        for at, paths, siblings in found:
            for number in siblings.find_similar(segments[at]):
                path = paths[number]
                # Different paths may have equal keys by chance.
                if path.newest >= oldest and is_similar_path(path.text.split("/"), segments):
                    yield path.text

    def apply_changes(self, removed: Iterable[KnownPath], added: Iterable[KnownPath]) -> SimilarPaths:
        """Return the look-up without the `removed` paths, each as it was added, and with the `added` ones."""
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
        """Return the newest 1,000 paths under a key, and their segments at this place; None if the key is unknown."""
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
    """Return whether two paths have as many segments, and differ in exactly one, which is similar."""
    if len(mine) != len(theirs):
        return False
    apart = [(one, other) for one, other in zip(mine, theirs, strict=True) if one != other]
    return len(apart) == 1 and is_similar(*apart[0])


def _update_shard(shard: Shard, removed: list[ShardEntry], added: list[ShardEntry]) -> Shard:
    if not shard.paths:
        added.sort(key=lambda entry: entry[1].newest, reverse=True)
        added.sort(key=lambda entry: entry[0])
        return Shard(array("q", [key for key, _ in added]), tuple([path for _, path in added]))
    keys, paths = shard.keys[:], list(shard.paths)
    for key, path in removed:
        at = _find_offset(keys, paths, key, path)
        while paths[at].text != path.text:  # keys may be equal by chance, ids by mistake
            at += 1
        del keys[at], paths[at]
    for key, path in added:
        at = _find_offset(keys, paths, key, path)
        keys.insert(at, key)
        paths.insert(at, path)
    return Shard(keys, tuple(paths))


def _find_offset(keys: array[int], paths: list[KnownPath], key: int, path: KnownPath) -> int:
    """Return the first offset under a key at which the path is not older than the one there."""
    low = bisect_left(keys, key)
    high = bisect_right(keys, key, low)
    while low < high:
        middle = (low + high) // 2
        if paths[middle].newest > path.newest:
            low = middle + 1
        else:
            high = middle
    return low


def _find_oldest(lists: list[Sequence[KnownPath]]) -> OrderKey:
    """Return the order key of the 1,000th newest path of all, each counted once; the lowest if there are fewer."""
    if sum(map(len, lists)) <= MAX_DISTANT_PATHS:
        return _LOWEST
    distinct = sorted(set(chain.from_iterable(lists)), key=attrgetter("newest"), reverse=True)
    return next(islice((path.newest for path in distinct), MAX_DISTANT_PATHS - 1, None), _LOWEST)


def _hash_segments(segments: list[str]) -> list[int]:
    """Return one key for each segment after the first (which is empty): of its place and the segments around it."""
    after, rest = [], 0
    for segment in reversed(segments):
        after.append(rest)
        rest = hash((rest, segment))
    keys, before = [], hash(segments[0])
    for at in range(1, len(segments)):
        keys.append(hash((at, before, after[-at - 1])))
        before = hash((before, segments[at]))
    return keys


_MAX_LETTERS = 32  # different letters of a segment up to which they are used as a filter: more cost more than they save
_MAX_SCANNED = 32  # segments up to which comparing one by one is faster than filtering by their other letters


class SiblingSegments:
    """Segments in a fixed order, with bit sets of those of each length and with each letter."""

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
        """Return an iterator over the numbers of all segments that may be similar, perhaps with others."""
        left, edits = 0, 0
        for length, members in self._by_length.items():
            allowed = compute_allowed_edits(length, len(segment))
            if allowed is not None and abs(length - len(segment)) <= allowed:
                left |= members
                edits = max(edits, allowed)
        return _iterate_bits(self._filter_by_letters(left, set(segment), edits)) if edits else iter(())

    def _filter_by_letters(self, members: int, letters: set[str], edits: int) -> int:
        """Return the members that lack at most `edits` of the letters, and have at most `edits` others.

        Each such letter takes an edit.
        """
        if edits < len(letters) <= _MAX_LETTERS:
            members = _filter_by_count(members, [~self._by_letter.get(letter, 0) for letter in letters], edits)
        if members.bit_count() > _MAX_SCANNED and edits < len(self._by_letter) <= _MAX_LETTERS * 2:
            others = [having for letter, having in self._by_letter.items() if letter not in letters]
            members = _filter_by_count(members, others, edits)
        return members


def _filter_by_count(members: int, sets: Iterable[int], most: int) -> int:
    """Return the members that are in at most `most` of the sets."""
    within = [members] + [0] * most  # the members by the number of sets that contain them so far
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
