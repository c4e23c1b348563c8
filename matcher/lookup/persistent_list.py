"""A sorted sequence that never changes: a changed one shares all but a few small pieces with the one before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, filterfalse, islice, takewhile
from typing import Any, Generic, TypeVar

T = TypeVar("T")
SortKey = Callable[[T], Any]
"""What items are sorted by, highest first."""

PIECE_SIZE = 256
"""Items of one piece, up to twice as many before it is cut."""


class PersistentList(Generic[T]):
    """Items by a key, highest first. A change copies the pieces that it touches, and the tuple of all pieces."""

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
        """The items whose keys are not higher than this one."""
        at = self._find_piece(key)
        for piece in self._pieces[at : at + 1]:
            yield from piece[_count_above(piece, key, self._key) :]
        yield from chain.from_iterable(islice(self._pieces, at + 1, None))

    def find_by_key(self, key: Any) -> Iterator[T]:
        """The items with this key."""
        return takewhile(lambda item: bool(self._key(item) == key), self.iterate_from(key))

    @property
    def lowest(self) -> T:
        """The last item; there must be one."""
        return self._pieces[-1][-1]

    def apply_changes(self, removed_items: Collection[T], added_items: Collection[T]) -> PersistentList[T]:
        """The items without those that are gone, all of which are here, and with those that come."""
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
        # Removals leave small pieces behind. Before all are cut anew, as many items have gone as are left.
        if len(pieces) * PIECE_SIZE > 4 * (length + PIECE_SIZE):
            pieces = _cut(chain.from_iterable(pieces))
        one: PersistentList[T] = PersistentList(self._key)
        one._pieces, one._length = tuple(pieces), length
        return one

    def _find_piece(self, key: Any) -> int:
        """The first piece in which the key may be: what is in those before it is higher."""
        return _count_above(self._pieces, key, lambda piece: self._key(piece[-1]))

    def _find_piece_of(self, item: T) -> int:
        at = self._find_piece(self._key(item))
        while item not in self._pieces[at]:  # equal keys may fill more than one piece
            at += 1
        return at


SortedItems = tuple[T, ...] | PersistentList[T]
"""Few items are a plain tuple, which takes less memory."""


def update_items(
    items: SortedItems[T], removed: Collection[T], added: Collection[T], key: SortKey[T]
) -> SortedItems[T]:
    """The items without those that are gone and with those that come, highest first."""
    if isinstance(items, PersistentList):
        after = items.apply_changes(removed, added)
        return after if len(after) > PIECE_SIZE else tuple(after)
    dropped = set(removed)
    kept = [*filterfalse(dropped.__contains__, items), *added]
    return tuple(sorted(kept, key=key, reverse=True)) if len(kept) <= PIECE_SIZE else PersistentList(key, kept)


def get_lowest(items: SortedItems[T]) -> T:
    """The item with the lowest key; there must be one."""
    return items.lowest if isinstance(items, PersistentList) else items[-1]


def _cut(items: Iterable[T]) -> tuple[tuple[T, ...], ...]:
    rest = iter(items)
    return tuple(iter(lambda: tuple(islice(rest, PIECE_SIZE)), ()))


def _count_above(items: Sequence[Any], key: Any, key_of: SortKey[Any]) -> int:
    """How many of the items, highest first, have a higher key."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if key_of(items[middle]) > key:
            low = middle + 1
        else:
            high = middle
    return low
