"""What new keys of recorded requests change in a collection: request items are split and merged. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from understudy.store.model.collections import RequestItem
from understudy.store.model.ids import compute_order_key
from understudy.store.model.values import replace


@dataclass(frozen=True, slots=True)
class KeyedExample:
    """An example with the new key of its request; None if a person edited the request, so that it has none."""

    id: str
    key: str | None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class KeyedItem:
    """A request item with its old key, and its examples."""

    item: RequestItem
    examples: Sequence[KeyedExample] = ()

    @property
    def new_key(self) -> str:
        """The new key of its newest example that has one; without any, the key stays."""
        known = ((compute_order_key(example.id), example.key) for example in self.examples if example.key is not None)
        return max(known, default=(None, self.item.key))[1]

    def group_by_key(self) -> dict[str, list[KeyedExample]]:
        """Return its examples by key; those without a key of their own have that of the item."""
        groups: dict[str, list[KeyedExample]] = {}
        own = self.new_key
        for example in self.examples:
            groups.setdefault(own if example.key is None else example.key, []).append(example)
        return groups

    @property
    def sequence(self) -> str:
        """The sequence that the examples of its key are in, or would be in."""
        own = self.group_by_key().get(self.new_key, ())
        return next((example.sequence for example in own if example.sequence is not None), self.item.id)


@dataclass(frozen=True, slots=True)
class MovedExample:
    """An example that goes to another request item, and the sequence that it is in there."""

    id: str
    item_id: str
    sequence: str | None


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """The changes of one collection.

    `keys` are the new keys of the request items that stay, by id, and `items` new items; `moved` are the examples that
    go to another item, and `emptied` the ids of the items whose key another one has: all their examples are moved.
    """

    keys: dict[str, str] = field(default_factory=dict)
    items: list[RequestItem] = field(default_factory=list)
    moved: list[MovedExample] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)


def plan_key_changes(items: Iterable[KeyedItem], new_id: Callable[[], str]) -> KeyChanges:
    """Return what new keys change in a collection, so that each request item and each sequence has one key.

    An item takes the key of its newest example; its examples with other keys go to the items that have these keys, or
    to new ones of the same name and place. Of items with the same key the first stays, and gets the examples of all.
    The examples of a sequence stay in the order of their ids.
    """
    changes, kept = KeyChanges(), list(items)
    owners: dict[str, KeyedItem] = {}
    for each in kept:
        if owners.setdefault(each.new_key, each) is each:
            changes.keys[each.item.id] = each.new_key
        else:
            changes.emptied.append(each.item.id)
    for each in kept:
        for key, examples in each.group_by_key().items():
            if key not in owners:
                owners[key] = KeyedItem(replace(each.item, id=new_id(), key=key))
                changes.items.append(owners[key].item)
            if owners[key] is not each:
                changes.moved.extend(_move(examples, owners[key]))
    return changes


def _move(examples: Iterable[KeyedExample], owner: KeyedItem) -> Iterator[MovedExample]:
    sequence = owner.sequence
    for example in examples:
        yield MovedExample(example.id, owner.item.id, None if example.sequence is None else sequence)
