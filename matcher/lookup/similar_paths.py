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

from understudy.matcher.lookup.edit_distance import alike, allowed_edits
from understudy.matcher.scores import DISTANT_PATHS

_REMEMBERED = 64  # keys whose segments are kept at hand, a tenth of a megabyte each at most
_SHARDS = 256  # a change copies those of its keys


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A normal path, and the highest id among those who have it."""

    text: str
    newest: str


@dataclass(frozen=True, slots=True)
class Shard:
    """Keys in rising order, and beside each a path that has it; under one key, newest first."""

    keys: array[int]
    paths: tuple[Known, ...]

    def having(self, key: int) -> tuple[int, int]:
        """Where the paths under a key begin and end."""
        start = bisect_left(self.keys, key)
        return start, bisect_right(self.keys, key, start)


EMPTY = Shard(array("q"), ())


class Neighbours:
    """Normal paths, found by all their segments but one. Never changes, but for what it remembers."""

    __slots__ = ("_shards", "_siblings")

    def __init__(self) -> None:
        self._shards = (EMPTY,) * _SHARDS
        self._siblings: dict[int, tuple[Sequence[Known], Siblings]] = {}

    def alike(self, text: str) -> Iterator[str]:
        """The alike ones among the newest 1,000 paths with as many segments of which at most one is different."""
        segments = text.split("/")
        found = [(at, *near) for at, key in enumerate(_keys(segments), 1) if (near := self._with(key, at))]
        oldest = _oldest([paths for _, paths, _ in found])
        for at, paths, siblings in found:
            for number in siblings.near(segments[at]):
                path = paths[number]
                # Two keys may be equal by chance.
                if path.newest >= oldest and differ_little(path.text.split("/"), segments):
                    yield path.text

    def changed(self, gone: Iterable[Known], come: Iterable[Known]) -> Neighbours:
        """Without the paths that are gone, each as it came, and with those that come."""
        touched: defaultdict[int, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
        for side, paths in enumerate((gone, come)):
            for path in paths:
                for key in _keys(path.text.split("/")):
                    touched[key % _SHARDS][side].append((key, path))
        after = Neighbours()
        shards = list(self._shards)
        for place, sides in touched.items():
            shards[place] = _changed(shards[place], *sides)
        after._shards = tuple(shards)
        after._siblings = self._siblings.copy()
        if after._siblings:
            for key in {key for sides in touched.values() for side in sides for key, _ in side}:
                after._siblings.pop(key, None)
        return after

    def _with(self, key: int, at: int) -> tuple[Sequence[Known], Siblings] | None:
        """The newest 1,000 paths under a key, and their segments at this place; None if there are none."""
        known = self._siblings.get(key)
        if known is not None:
            return known
        shard = self._shards[key % _SHARDS]
        start, end = shard.having(key)
        if start == end:
            return None
        if len(self._siblings) >= _REMEMBERED:
            self._siblings.clear()
        paths = shard.paths[start : min(end, start + DISTANT_PATHS)]
        split = (path.text.split("/") for path in paths)
        siblings = Siblings([segments[at] if at < len(segments) else "" for segments in split])
        self._siblings[key] = paths, siblings
        return paths, siblings


Entry = tuple[int, Known]


def differ_little(mine: list[str], theirs: list[str]) -> bool:
    """Whether two paths have as many segments, and differ in one that is alike."""
    if len(mine) != len(theirs):
        return False
    apart = [(one, other) for one, other in zip(mine, theirs, strict=True) if one != other]
    return len(apart) == 1 and alike(*apart[0])


def _changed(shard: Shard, gone: list[Entry], come: list[Entry]) -> Shard:
    if not shard.paths:
        come.sort(key=lambda entry: entry[1].newest, reverse=True)
        come.sort(key=lambda entry: entry[0])
        return Shard(array("q", [key for key, _ in come]), tuple([path for _, path in come]))
    keys, paths = shard.keys[:], list(shard.paths)
    for key, path in gone:
        at = _place(keys, paths, key, path)
        while paths[at].text != path.text:  # two keys may be equal by chance, and ids by mistake
            at += 1
        del keys[at], paths[at]
    for key, path in come:
        at = _place(keys, paths, key, path)
        keys.insert(at, key)
        paths.insert(at, path)
    return Shard(keys, tuple(paths))


def _place(keys: array[int], paths: list[Known], key: int, path: Known) -> int:
    """The first place under a key that no newer path has."""
    low = bisect_left(keys, key)
    high = bisect_right(keys, key, low)
    while low < high:
        middle = (low + high) // 2
        if paths[middle].newest > path.newest:
            low = middle + 1
        else:
            high = middle
    return low


def _oldest(lists: list[Sequence[Known]]) -> str:
    """The id of the 1,000th newest of all, each counted once; of fewer, one that is lower than all."""
    if sum(map(len, lists)) <= DISTANT_PATHS:
        return ""
    distinct = sorted(set(chain.from_iterable(lists)), key=attrgetter("newest"), reverse=True)
    return next(islice((path.newest for path in distinct), DISTANT_PATHS - 1, None), "")


def _keys(segments: list[str]) -> list[int]:
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


_MOST_LETTERS = 32  # different letters of a segment that are looked at: more take longer than they save


_MANY = 32  # so many are compared one by one sooner than told apart by their other letters


class Siblings:
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

    def near(self, segment: str) -> Iterator[int]:
        """The numbers of the segments that may be alike, none left out that is."""
        left, edits = 0, 0
        for length, members in self._by_length.items():
            allowed = allowed_edits(length, len(segment))
            if allowed is not None and abs(length - len(segment)) <= allowed:
                left |= members
                edits = max(edits, allowed)
        return _numbers(self._sharing_letters(left, set(segment), edits)) if edits else iter(())

    def _sharing_letters(self, members: int, letters: set[str], edits: int) -> int:
        """The members that lack at most so many of the letters, and have at most so many others: each takes an edit."""
        if edits < len(letters) <= _MOST_LETTERS:
            members = _in_few(members, [~self._by_letter.get(letter, 0) for letter in letters], edits)
        if members.bit_count() > _MANY and edits < len(self._by_letter) <= _MOST_LETTERS * 2:
            others = [having for letter, having in self._by_letter.items() if letter not in letters]
            members = _in_few(members, others, edits)
        return members


def _in_few(members: int, sets: Iterable[int], most: int) -> int:
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


def _numbers(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
