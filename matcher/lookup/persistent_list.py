"""A sorted list that never changes: a changed copy shares all but a few small pieces with the original."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, filterfalse, islice, takewhile
from typing import Any, Generic, TypeVar

T = TypeVar("T")
SortKey = Callable[[T], Any]
"""The key by which items are sorted, highest first."""

PIECE_SIZE = 256
"""Items of one piece; it is cut when it has more than twice as many."""


class PersistentList(Generic[T]):
    """An immutable list of items, sorted by a key, highest first.

    A change copies the pieces that it touches, and the tuple of all pieces.
    """

    __slots__ = ("_key", "_length", "_pieces")

    def __init__(self, key: SortKey[T], items: Iterable[T] = ()) -> None:
        self._key = key
        self._pieces = _cut(sorted(items, key=key, reverse=True))
        self._length = sum(map(len, self._pieces))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._pieces)

    def iterate_from(self, key: Any) -> Iterator[T]:
        """Return the items whose keys are not higher than this one, in order."""
        at = self._find_piece(key)
        for piece in self._pieces[at : at + 1]:
            yield from piece[_count_above(piece, key, self._key) :]
        yield from chain.from_iterable(islice(self._pieces, at + 1, None))

    def find_by_key(self, key: Any) -> Iterator[T]:
        """Return the items with this key."""
        return takewhile(lambda item: bool(self._key(item) == key), self.iterate_from(key))

    @property
    def lowest(self) -> T:
        """The last item; the list must not be empty."""
        return self._pieces[-1][-1]

    def apply_changes(self, removed_items: Collection[T], added_items: Collection[T]) -> PersistentList[T]:
        """Return a list without the `removed_items`, all of which must be in this one, and with the `added_items`."""
        if not self._pieces:
            return PersistentList(self._key, added_items)
        touched: dict[int, tuple[set[T], list[T]]] = {}
        for item in removed_items:
            touched.setdefault(self._find_piece_of(item), (set(), []))[0].add(item)
        for item in added_items:
            at = min(self._find_piece(self._key(item)), len(self._pieces) - 1)
            touched.setdefault(at, (set(), []))[1].append(item)
        pieces = list(self._pieces)
        for at in sorted(touched, reverse=True):
            dropped, added = touched[at]
            kept = filterfalse(dropped.__contains__, pieces[at])
            items = sorted((*kept, *added), key=self._key, reverse=True)
            pieces[at : at + 1] = [tuple(items)] if 0 < len(items) <= 2 * PIECE_SIZE else _cut(items)
        return self._build(pieces, len(self) - len(removed_items) + len(added_items))

    def _build(self, pieces: Sequence[tuple[T, ...]], length: int) -> PersistentList[T]:
        # Removals leave small pieces behind. All are cut anew only after at least as many items were removed as remain.
        if len(pieces) * PIECE_SIZE > 4 * (length + PIECE_SIZE):
            pieces = _cut(chain.from_iterable(pieces))
        result: PersistentList[T] = PersistentList(self._key)
        result._pieces, result._length = tuple(pieces), length
        return result

    def _find_piece(self, key: Any) -> int:
        """Return the index of the first piece that may contain the key: all items before it are higher."""
        return _count_above(self._pieces, key, lambda piece: self._key(piece[-1]))

    def _find_piece_of(self, item: T) -> int:
        at = self._find_piece(self._key(item))
        while item not in self._pieces[at]:  # equal keys may fill more than one piece
            at += 1
        return at


SortedItems = tuple[T, ...] | PersistentList[T]
"""Sorted items, highest first: a few as a plain tuple, which takes less memory."""


def update_items(
    items: SortedItems[T], removed: Collection[T], added: Collection[T], key: SortKey[T]
) -> SortedItems[T]:
    """Return the items without the `removed` ones and with the `added` ones, highest first."""
    if isinstance(items, PersistentList):
        after = items.apply_changes(removed, added)
        return after if len(after) > PIECE_SIZE else tuple(after)
    dropped = set(removed)
    kept = [*filterfalse(dropped.__contains__, items), *added]
    return tuple(sorted(kept, key=key, reverse=True)) if len(kept) <= PIECE_SIZE else PersistentList(key, kept)


def get_lowest(items: SortedItems[T]) -> T:
    """Return the item with the lowest key; `items` must not be empty."""
    return items.lowest if isinstance(items, PersistentList) else items[-1]


def _cut(items: Iterable[T]) -> tuple[tuple[T, ...], ...]:
    rest = iter(items)
    return tuple(iter(lambda: tuple(islice(rest, PIECE_SIZE)), ()))


def _count_above(items: Sequence[Any], key: Any, key_of: SortKey[Any]) -> int:
    """Return how many of the items, highest first, have a higher key."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if key_of(items[middle]) > key:
            low = middle + 1
        else:
            high = middle
    return low
