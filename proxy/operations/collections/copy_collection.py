"""Copies of collections: with all that is in them, and independent of them."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from understudy.store.model.collections import Collection, Example, Folder, RequestItem
from understudy.store.model.ids import compute_order_key, new_id
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store
from understudy.store.write_pieces import PieceSize

ROWS_AT_FIRST = 100

CopiedPart = TypeVar("CopiedPart")


def copy_collection(
    store: Store, collection: str, new_name: str, *, actor: str, step: Callable[[], None] = lambda: None
) -> Collection:
    """Copy a collection with its variables, folders, requests and examples, and return the copy.

    The copy has ids of its own, knows which exchanges were promoted to the original, and shares its bodies. It is
    written in pieces, so that gateways can record meanwhile; `step` is called after each. If it fails, what was written
    is deleted. Raises NotFound, Conflict for a name that is taken, UserError for one that cannot be a name.
    """
    source = store.collections.find(collection)
    with store.act_as(actor):
        copy = store.collections.create(new_name, source.variables)
        try:
            _write_copy(store, source, copy, step)
        except BaseException:
            store.collections.delete(copy.id)
            raise
    return copy


def _write_copy(store: Store, source: Collection, copy: Collection, step: Callable[[], None]) -> None:
    ids: defaultdict[str, str] = defaultdict(new_id)
    for folder in _order_by_depth(store.collections.list_folders(source.id)):
        store.collections.add_folder(_copy_folder(folder, copy, ids))
    items = [_copy_item(item, copy, ids) for item in store.collections.list_items(source.id)]
    examples = sorted(store.collections.list_examples(source.id), key=lambda one: compute_order_key(one.id))
    example_ids = {example.id: new_id() for example in examples}  # in the order of the old ones, by which turns go
    promoted = store.collections.find_promoted(source.id).items()
    copies = [_copy_example(one, copy, ids, example_ids) for one in examples]
    marks = [(exchange_id, old and example_ids.get(old)) for exchange_id, old in promoted]
    _write_pieces(store, copy, items, lambda piece: CollectionUpdate(items=piece), step)
    _write_pieces(store, copy, copies, lambda piece: CollectionUpdate(examples=piece), step)
    _write_pieces(store, copy, marks, lambda piece: CollectionUpdate(marks=piece), step)


def _write_pieces(
    store: Store,
    copy: Collection,
    rows: Sequence[CopiedPart],
    make_update: Callable[[Sequence[CopiedPart]], CollectionUpdate],
    step: Callable[[], None],
) -> None:
    size, begin = PieceSize(ROWS_AT_FIRST), 0
    while begin < len(rows):
        piece = rows[begin : begin + size.rows]
        started = time.monotonic()
        store.collections.update(copy.id, make_update(piece))
        begin += len(piece)
        if begin < len(rows):
            size.note(time.monotonic() - started)
        step()


def _order_by_depth(folders: Sequence[Folder]) -> list[Folder]:
    """Return folders with parents before their children."""
    children: defaultdict[str | None, list[Folder]] = defaultdict(list)
    for folder in folders:
        children[folder.parent_id].append(folder)
    ordered, waiting = list[Folder](), list(children[None])
    while waiting:
        folder = waiting.pop()
        ordered.append(folder)
        waiting += children[folder.id]
    return ordered


def _copy_folder(folder: Folder, copy: Collection, ids: Mapping[str, str]) -> Folder:
    parent = folder.parent_id and ids[folder.parent_id]
    return replace(folder, id=ids[folder.id], collection_id=copy.id, parent_id=parent)


def _copy_item(item: RequestItem, copy: Collection, ids: Mapping[str, str]) -> RequestItem:
    return replace(item, id=ids[item.id], collection_id=copy.id, folder_id=item.folder_id and ids[item.folder_id])


def _copy_example(example: Example, copy: Collection, ids: Mapping[str, str], own: Mapping[str, str]) -> Example:
    return replace(
        example,
        id=own[example.id],
        collection_id=copy.id,
        item_id=ids[example.item_id],
        sequence=example.sequence and ids[example.sequence],
    )
