"""The look-up behind document distance: paths that differ from a request's path in one segment.

Every path has one key for each of its segments without wildcard, made of all the other segments, without case; in the
place of a wildcard its literals are in the key. The keys lie in arrays, at sixteen bytes a key, because only a request
that nothing else fits needs them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import attrgetter

from understudy.matcher.lookup.edit_distance import compute_allowed_edits, measure_similarity
from understudy.matcher.normal_forms import Wildcard, decode_folded, fold, get_trailing_slashes
from understudy.matcher.parts.paths import PathPattern, Shape
from understudy.matcher.scores import MAX_DISTANT_PATHS
from understudy.store.model.ids import OrderKey, compute_order_key

_MAX_CACHED = 64  # keys whose segments are cached, at most a tenth of a megabyte each
_LOWEST = compute_order_key("")
_SHARD_COUNT = 256  # a change copies only the shards of its keys


WildSegments = tuple[str | Wildcard, ...]  # literals without case and escapes, and wildcards without names


@dataclass(frozen=True, slots=True, eq=False)
class KnownPath:
    """A normal path, and the order key of the highest id among its candidates.

    A path with wildcards has no text but `wild`, its segments.
    """

    text: str
    newest: OrderKey
    wild: WildSegments = ()

    @property
    def segments(self) -> Sequence[str | Wildcard]:
        """The segments as they are compared."""
        return self.wild or _split(self.text)

    @property
    def shape(self) -> Shape:
        """The places of the wildcards, with their literals."""
        return tuple((place, each) for place, each in enumerate(self.wild) if isinstance(each, Wildcard))


class RequestedPath:
    """The segments of a request's path: `folded` without case, `segments` without escapes too."""

    __slots__ = ("folded", "segments")

    def __init__(self, text: str) -> None:
        self.folded = fold(text).split("/")
        self.segments = [decode_folded(segment) for segment in self.folded] if "%" in text else self.folded

    def measure_similarity(self, theirs: Sequence[str | Wildcard]) -> float | None:
        """Return how much alike the one segment is that differs from another path's; None if that is not similar."""
        if len(theirs) != len(self.segments):
            return None
        apart: list[tuple[str, str]] = []
        for folded, mine, other in zip(self.folded, self.segments, theirs, strict=True):
            if isinstance(other, Wildcard):
                if not other.fits(folded):
                    return None
            elif mine != other:
                apart.append((mine, other))
        return measure_similarity(*apart[0]) if len(apart) == 1 else None

    def list_keys(self, shapes: Iterable[Shape]) -> list[tuple[int, int]]:
        """Return place and key of each segment that may differ, for paths without wildcards and for each shape."""
        keys = _hash_segments(self.segments)
        for shape in shapes:
            if all(wildcard.fits(self.folded[place]) for place, wildcard in shape):
                keys += _hash_segments(self.segments, shape)
        return keys


def list_wild_segments(path: PathPattern) -> WildSegments:
    """Return the segments of a path with wildcards as they are compared by distance; () without wildcards."""
    if not path.wild:
        return ()
    segments = (
        Wildcard("", each.prefix, each.suffix) if isinstance(each, Wildcard) else decode_folded(each)
        for each in path.wild
    )
    return (*segments, *("" for _ in get_trailing_slashes(path.text)))


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

    __slots__ = ("_shapes", "_shards", "_siblings")

    def __init__(self) -> None:
        self._shards = (EMPTY_SHARD,) * _SHARD_COUNT
        self._siblings: dict[int, tuple[Sequence[KnownPath], SiblingSegments]] = {}
        self._shapes: Mapping[int, Mapping[Shape, int]] = {}

    def find_similar(self, text: str) -> Iterator[tuple[KnownPath, float]]:
        """Yield the similar paths among the newest 1,000 with at most one other segment, and how much alike that is."""
        mine = RequestedPath(text)
        keys = mine.list_keys(self._shapes.get(len(mine.segments), ()))
        found = [(at, *near) for at, key in keys if (near := self._find_siblings(key, at))]
        oldest = _find_oldest([paths for _, paths, _ in found])
        for at, paths, siblings in found:
            for number in siblings.find_similar(mine.segments[at]):
                path = paths[number]
                # Different paths may have equal keys by chance.
                similarity = mine.measure_similarity(path.segments) if path.newest >= oldest else None
                if similarity is not None:
                    yield path, similarity

    def apply_changes(self, removed: Collection[KnownPath], added: Collection[KnownPath]) -> SimilarPaths:
        """Return the look-up without the `removed` paths, each as it was added, and with the `added` ones."""
        touched: defaultdict[int, tuple[list[ShardEntry], list[ShardEntry]]] = defaultdict(lambda: ([], []))
        for side, paths in enumerate((removed, added)):
            for path in paths:
                for _, key in _hash_segments(path.segments, path.shape):
                    touched[key % _SHARD_COUNT][side].append((key, path))
        after = SimilarPaths()
        shards = list(self._shards)
        for place, sides in touched.items():
            shards[place] = _update_shard(shards[place], *sides)
        after._shards = tuple(shards)
        after._shapes = _count_shapes(self._shapes, removed, added)
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
        siblings = SiblingSegments([_get_literal(path.segments, at) for path in paths])
        self._siblings[key] = paths, siblings
        return paths, siblings


def _get_literal(segments: Sequence[str | Wildcard], at: int) -> str:
    """Return a segment; "" where a path, whose key is equal by chance, has no literal."""
    segment = segments[at] if at < len(segments) else ""
    return segment if isinstance(segment, str) else ""


def _count_shapes(
    known: Mapping[int, Mapping[Shape, int]], removed: Iterable[KnownPath], added: Iterable[KnownPath]
) -> Mapping[int, Mapping[Shape, int]]:
    """Return the numbers of paths by the number of their segments and their shape, without paths without wildcards."""
    changes: defaultdict[int, defaultdict[Shape, int]] = defaultdict(lambda: defaultdict(int))
    for step, paths in ((-1, removed), (1, added)):
        for path in paths:
            if path.wild:
                changes[len(path.wild)][path.shape] += step
    if not changes:
        return known
    after = dict(known)
    for length, shapes in changes.items():
        counts = dict(known.get(length, {}))
        for shape, change in shapes.items():
            counts[shape] = counts.get(shape, 0) + change
        after[length] = {shape: count for shape, count in counts.items() if count}
    return after


ShardEntry = tuple[int, KnownPath]


def is_similar_path(path: PathPattern, text: str) -> bool:
    """Return whether a request's path differs from an example's in exactly one segment, which is similar."""
    theirs = list_wild_segments(path) or _split(path.text)
    return RequestedPath(text).measure_similarity(theirs) is not None


def _split(text: str) -> list[str]:
    return RequestedPath(text).segments


def _update_shard(shard: Shard, removed: list[ShardEntry], added: list[ShardEntry]) -> Shard:
    if not shard.paths:
        added.sort(key=lambda entry: entry[1].newest, reverse=True)
        added.sort(key=lambda entry: entry[0])
        return Shard(array("q", [key for key, _ in added]), tuple([path for _, path in added]))
    keys, paths = shard.keys[:], list(shard.paths)
    for key, path in removed:
        at = _find_offset(keys, paths, key, path)
        while (paths[at].text, paths[at].wild) != (path.text, path.wild):  # keys may be equal by chance, ids by mistake
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


def _hash_segments(segments: Sequence[str | Wildcard], shape: Shape = ()) -> list[tuple[int, int]]:
    """Return place and key of each segment after the first (which is empty): of its place and the segments around it.

    The segments of a `shape` are wildcards, which have no key of their own and are the same in all other keys.
    """
    opened = dict(shape)
    others = [opened.get(at, segment) for at, segment in enumerate(segments)] if opened else segments
    after, rest = [], 0
    for segment in reversed(others):
        after.append(rest)
        rest = hash((rest, segment))
    keys, before = [], hash(others[0])
    for at in range(1, len(others)):
        if at not in opened:
            keys.append((at, hash((at, before, after[-at - 1]))))
        before = hash((before, others[at]))
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
