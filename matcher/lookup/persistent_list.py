"""A sorted sequence that never changes: a changed one shares all but a few small pieces with the one before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, filterfalse, islice, takewhile
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Key = Callable[[T], Any]
"""What items are sorted by, highest first."""

PIECE = 256
"""Items of one piece, up to twice as many before it is cut."""


class Ordered(Generic[T]):
    """Items by a key, highest first. A change copies the pieces that it touches, and the tuple of all pieces."""

    __slots__ = ("_key", "_length", "_pieces")

    def __init__(self, key: Key[T], items: Iterable[T] = ()) -> None:
        self._key = key
        self._pieces = _cut(sorted(items, key=key, reverse=True))
        self._length = sum(map(len, self._pieces))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable(self._pieces)

    def down_from(self, key: Any) -> Iterator[T]:
        """The items whose keys are not higher than this one."""
        at = self._place(key)
        for piece in self._pieces[at : at + 1]:
            yield from piece[_above(piece, key, self._key) :]
        yield from chain.from_iterable(islice(self._pieces, at + 1, None))

    def having(self, key: Any) -> Iterator[T]:
        """The items with this key."""
        return takewhile(lambda item: bool(self._key(item) == key), self.down_from(key))

    @property
    def lowest(self) -> T:
        """The last item; there must be one."""
        return self._pieces[-1][-1]

    def changed(self, gone: Collection[T], come: Collection[T]) -> Ordered[T]:
        """The items without those that are gone, all of which are here, and with those that come."""
        if not self._pieces:
            return Ordered(self._key, come)
        touched: dict[int, tuple[set[T], list[T]]] = {}
        for item in gone:
            touched.setdefault(self._place_of(item), (set(), []))[0].add(item)
        for item in come:
            at = min(self._place(self._key(item)), len(self._pieces) - 1)
            touched.setdefault(at, (set(), []))[1].append(item)
        pieces = list(self._pieces)
        for at in sorted(touched, reverse=True):
            dropped, added = touched[at]
            kept = filterfalse(dropped.__contains__, pieces[at])
            items = sorted((*kept, *added), key=self._key, reverse=True)
            pieces[at : at + 1] = [tuple(items)] if 0 < len(items) <= 2 * PIECE else _cut(items)
        return self._made_of(pieces, len(self) - len(gone) + len(come))

    def _made_of(self, pieces: Sequence[tuple[T, ...]], length: int) -> Ordered[T]:
        # Removals leave small pieces behind. Before all are cut anew, as many items have gone as are left.
        if len(pieces) * PIECE > 4 * (length + PIECE):
            pieces = _cut(chain.from_iterable(pieces))
        one: Ordered[T] = Ordered(self._key)
        one._pieces, one._length = tuple(pieces), length
        return one

    def _place(self, key: Any) -> int:
        """The first piece in which the key may be: what is in those before it is higher."""
        return _above(self._pieces, key, lambda piece: self._key(piece[-1]))

    def _place_of(self, item: T) -> int:
        at = self._place(self._key(item))
        while item not in self._pieces[at]:  # equal keys may fill more than one piece
            at += 1
        return at


Sorted = tuple[T, ...] | Ordered[T]
"""Few items are a plain tuple, which takes less memory."""


def changed(items: Sorted[T], gone: Collection[T], come: Collection[T], key: Key[T]) -> Sorted[T]:
    """The items without those that are gone and with those that come, highest first."""
    if isinstance(items, Ordered):
        after = items.changed(gone, come)
        return after if len(after) > PIECE else tuple(after)
    dropped = set(gone)
    kept = [*filterfalse(dropped.__contains__, items), *come]
    return tuple(sorted(kept, key=key, reverse=True)) if len(kept) <= PIECE else Ordered(key, kept)


def lowest(items: Sorted[T]) -> T:
    """The item with the lowest key; there must be one."""
    return items.lowest if isinstance(items, Ordered) else items[-1]


def _cut(items: Iterable[T]) -> tuple[tuple[T, ...], ...]:
    rest = iter(items)
    return tuple(iter(lambda: tuple(islice(rest, PIECE)), ()))


def _above(items: Sequence[Any], key: Any, key_of: Key[Any]) -> int:
    """How many of the items, highest first, have a higher key."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if key_of(items[middle]) > key:
            low = middle + 1
        else:
            high = middle
    return low
