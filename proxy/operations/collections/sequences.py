"""Sequences that a person makes: examples of one request that answer in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from understudy.proxy.operations.collections.examples import read_example
from understudy.store.errors import UserError
from understudy.store.model.collections import Example
from understudy.store.model.ids import compute_order_key, new_id
from understudy.store.model.messages import Body
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionUpdate
from understudy.store.repositories.store import Store


def make_sequence(store: Store, examples: Sequence[str], collection: str | None = None, *, actor: str) -> list[Example]:
    """Let examples answer one request in turn, in this order, and return them.

    The order of a sequence is that of its ids: examples in another order get new ids. Examples that are in a sequence
    with one of them, and not among them, leave it. Raises NotFound, and UserError for less than two examples, for
    several collections, and for examples that answer different requests.
    """
    with store.transaction(actor):
        found = _find_examples(store, examples, collection)
        _check_alike(found)
        leaving = _list_leaving(store, found)
        is_ordered = found == sorted(found, key=lambda one: compute_order_key(one.id))
        name = found[0].item_id
        chosen = [replace(one, sequence=name, edited=True) for one in found]
        if is_ordered:
            for one in chosen:
                store.collections.save_example(one)
        else:
            chosen = _save_in_order(store, chosen)
        for one in leaving:
            store.collections.save_example(replace(one, sequence=None))
    return chosen


def dissolve_sequence(
    store: Store, examples: Sequence[str], collection: str | None = None, *, actor: str
) -> list[Example]:
    """Take examples, and those that answer in turn with them, out of their sequences; return them.

    Raises NotFound, and UserError for no example.
    """
    with store.transaction(actor):
        found = _find_examples(store, examples, collection)
        if not found:
            raise UserError("takes one example or more", what="example", field="example")
        members = {one.id: one for one in [*found, *_list_leaving(store, found)]}
        changed = [replace(one, sequence=None) for _, one in sorted(members.items())]
        for one in changed:
            store.collections.save_example(one)
    return changed


def _find_examples(store: Store, examples: Sequence[str], collection: str | None) -> list[Example]:
    found = {one.id: one for text in examples for one in [read_example(store, text, collection).example]}
    return list(found.values())


def _list_leaving(store: Store, found: Sequence[Example]) -> list[Example]:
    """Return the other examples of the sequences that these are in."""
    names, ids = {one.sequence for one in found if one.sequence}, {one.id for one in found}
    if not names:
        return []
    others = store.collections.list_examples(found[0].collection_id)
    return [one for one in others if one.sequence in names and one.id not in ids]


def _check_alike(found: Sequence[Example]) -> None:
    if len(found) < 2:
        raise UserError("a sequence takes two examples or more, in their order", what="example")
    first = found[0]
    for other in found[1:]:
        if other.collection_id != first.collection_id:
            raise UserError(f"{first.name} and {other.name} are of two collections", what="example", which=other.name)
        if _describe_request(other) != _describe_request(first):
            message = f"{first.name} and {other.name} answer different requests, so they cannot answer in turn"
            raise UserError(message, what="example", which=other.name)


def _describe_request(example: Example) -> tuple[str, bytes, str]:
    return example.request.method, example.request.target, _digest(example.request.body)


def _digest(body: Body) -> str:
    return (hashlib.sha256(body).hexdigest() if body else "") if isinstance(body, bytes) else body.digest


def _save_in_order(store: Store, chosen: Sequence[Example]) -> list[Example]:
    """Write examples under new ids, in their order, and what was promoted to them too; return them."""
    collection_id, ids = chosen[0].collection_id, {one.id: new_id() for one in chosen}
    promoted = store.collections.find_promoted(collection_id).items()
    marks = [(exchange_id, ids[old]) for exchange_id, old in promoted if old in ids]
    renewed = [replace(one, id=ids[one.id]) for one in chosen]
    store.collections.update(collection_id, CollectionUpdate(examples=renewed, marks=marks, dropped=list(ids)))
    return renewed
