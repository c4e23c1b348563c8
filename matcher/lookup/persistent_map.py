"""A dictionary that never changes: a changed one shares all but a few small pieces with the one before it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

_BITS = 5
_BRANCHES = 1 << _BITS
_MAX_DEPTH = 60 // _BITS  # keys whose hashes have more equal bits than that stay together
LEAF_SIZE = 256
"""Entries of one piece. A change copies the pieces it touches and the few tuples above them, whatever the size."""

Node = dict[K, V] | tuple["Node[K, V]", ...]  # a piece, or branches by the next bits of the hash


class PersistentMap(Generic[K, V]):
    """Entries by key, in no order; None is no value."""

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
        """The value under a key, or None."""
        node = self._root
        if type(node) is dict:
            return node.get(key)
        bits = hash(key)
        while type(node) is tuple:
            node = node[bits & _BRANCHES - 1]
            bits >>= _BITS
        return node.get(key)  # type: ignore[union-attr]  # only the last one is a dictionary

    def values(self) -> Iterator[V]:
        """The values, in the order of the keys."""
        for leaf in _iterate_leaves(self._root):
            yield from leaf.values()

    def replace_entries(self, entries: Mapping[K, V | None]) -> PersistentMap[K, V]:
        """A map with these entries in the place of those under the same keys; those that are None are out."""
        if not entries:
            return self
        if not self._count:
            return PersistentMap({key: value for key, value in entries.items() if value is not None})
        one: PersistentMap[K, V] = PersistentMap()
        one._count = self._count + sum((value is not None) - (key in self) for key, value in entries.items())
        one._root = _replace_entries(self._root, entries, 0) if one._count else {}
        return one


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
    """The items by what is made of them, in their order, without those of which nothing is."""
    found: defaultdict[K, list[T]] = defaultdict(list)
    for item in items:
        under = key(item)
        if under is not None:
            found[under].append(item)
    return found


def update_by_key(
    entries: PersistentMap[K, V],
    removed: Iterable[T],
    added: Iterable[T],
    key: Callable[[T], K | None],
    update: Callable[[V | None, Collection[T], Collection[T]], V | None],
) -> PersistentMap[K, V]:
    """What is filed under each key, after items under it are gone and others have come."""
    out, into = group_by_key(removed, key), group_by_key(added, key)
    if not entries and not out:
        return entries.replace_entries({each: update(None, (), items) for each, items in into.items()})
    return entries.replace_entries(
        {each: update(entries.get(each), out.get(each, ()), into.get(each, ())) for each in {**out, **into}}
    )
