"""A dictionary that never changes: a changed copy shares all but a few small pieces with the original."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_BITS = 5
_BRANCHES = 1 << _BITS
_MAX_DEPTH = 60 // _BITS  # keys whose hashes agree in more bits stay in one piece
LEAF_SIZE = 256
"""Entries of one piece. A change copies only the pieces it touches and the few tuples above them."""

Node = dict[K, V] | tuple["Node[K, V]", ...]  # a piece, or the branches by the next bits of the hash


class PersistentMap(Generic[K, V]):
    """An immutable dictionary, in no order; None is not a value."""

    __slots__ = ("_count", "_root")

    def __init__(self, entries: Mapping[K, V] | None = None) -> None:
        self._root: Node[K, V] = _split(dict(entries or {}), 0)
        self._count = len(entries or ())

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[K]:
        for leaf in _iterate_leaves(self._root):
            yield from leaf

    def __contains__(self, key: K) -> bool:
        return self.get(key) is not None

    def get(self, key: K) -> V | None:
        """Return the value under a key, or None."""
        node = self._root
        if type(node) is dict:
            return node.get(key)
        bits = hash(key)
        while type(node) is tuple:
            node = node[bits & _BRANCHES - 1]
            bits >>= _BITS
        return node.get(key)  # type: ignore[union-attr]  # every other node is a tuple

    def values(self) -> Iterator[V]:
        """Return an iterator over the values, in the order of the keys."""
        for leaf in _iterate_leaves(self._root):
            yield from leaf.values()

    def replace_entries(self, entries: Mapping[K, V | None]) -> PersistentMap[K, V]:
        """Return a map with these entries added or replaced; an entry whose value is None is removed."""
        if not entries:
            return self
        if not self._count:
            return PersistentMap({key: value for key, value in entries.items() if value is not None})
        result: PersistentMap[K, V] = PersistentMap()
        result._count = self._count + sum((value is not None) - (key in self) for key, value in entries.items())
        result._root = _replace_entries(self._root, entries, 0) if result._count else {}
        return result


def _replace_entries(node: Node[K, V], entries: Mapping[K, V | None], depth: int) -> Node[K, V]:
    if isinstance(node, dict):
        leaf = node.copy()
        for key, value in entries.items():
            if value is None:
                leaf.pop(key, None)
            else:
                leaf[key] = value
        return _split(leaf, depth)
    parts = _partition(entries, depth)
    return tuple(
        _replace_entries(branch, some, depth + 1) if some else branch for branch, some in zip(node, parts, strict=True)
    )


def _split(leaf: dict[K, V], depth: int) -> Node[K, V]:
    if len(leaf) <= LEAF_SIZE or depth == _MAX_DEPTH:
        return leaf
    return tuple(_split(part, depth + 1) for part in _partition(leaf, depth))


def _partition(entries: Mapping[K, V], depth: int) -> list[dict[K, V]]:
    parts: list[dict[K, V]] = [{} for _ in range(_BRANCHES)]
    shift = depth * _BITS
    for key, value in entries.items():
        parts[hash(key) >> shift & _BRANCHES - 1][key] = value
    return parts


def _iterate_leaves(node: Node[K, V]) -> Iterator[dict[K, V]]:
    if isinstance(node, dict):
        yield node
    else:
        for branch in node:
            yield from _iterate_leaves(branch)


def group_by_key(items: Iterable[T], key: Callable[[T], K | None]) -> dict[K, list[T]]:
    """Return the items grouped by key, in their order, without those whose key is None."""
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for item in items:
        item_key = key(item)
        if item_key is not None:
            groups[item_key].append(item)
    return groups


def update_by_key(
    entries: PersistentMap[K, V],
    removed: Iterable[T],
    added: Iterable[T],
    key: Callable[[T], K | None],
    update: Callable[[V | None, Collection[T], Collection[T]], V | None],
) -> PersistentMap[K, V]:
    """Return the entries after `update` was called for each key of the removed and added items."""
    removed_by_key, added_by_key = group_by_key(removed, key), group_by_key(added, key)
    if not entries and not removed_by_key:
        return entries.replace_entries({each: update(None, (), items) for each, items in added_by_key.items()})
    return entries.replace_entries(
        {
            each: update(entries.get(each), removed_by_key.get(each, ()), added_by_key.get(each, ()))
            for each in {**removed_by_key, **added_by_key}
        }
    )
