"""Collections: list, read, create, change their variables, delete."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy.proxy.operations.collections.variables import change_variables, note_variables
from understudy.proxy.operations.deleting import Deleted, delete_thing
from understudy.proxy.operations.in_use import check_not_in_use
from understudy.store.model.collections import Collection, Example, RequestItem
from understudy.store.model.values import replace
from understudy.store.repositories.collections import CollectionSummary
from understudy.store.repositories.paging import Page, PageRequest
from understudy.store.repositories.store import Store


@dataclass(frozen=True, slots=True)
class CollectionContents:
    """A collection with its request items by position and its examples by id, bodies as references."""

    collection: Collection
    items: Sequence[RequestItem]
    examples: Sequence[Example]

    @property
    def summary(self) -> CollectionSummary:
        """The collection with its numbers of request items and examples."""
        return CollectionSummary(self.collection, len(self.items), len(self.examples))


def read_collection_page(store: Store, request: PageRequest[str]) -> Page[CollectionSummary, str]:
    """Return a page of the collections by name."""
    return store.collections.read_summary_page(request)


def read_collection(store: Store, collection: str) -> CollectionContents:
    """Return the collection of this name or id with all that is in it; raises NotFound."""
    found = store.collections.find(collection)
    items, examples = store.collections.list_items(found.id), store.collections.list_examples(found.id)
    return CollectionContents(found, items, examples)


def summarize_collection(store: Store, collection: Collection) -> CollectionSummary:
    """Return a collection with its numbers of request items and examples."""
    return next(one for one in store.collections.list_summaries() if one.collection.id == collection.id)


def create_collection(store: Store, name: str, variables: Mapping[str, str], *, actor: str) -> Collection:
    """Create an empty collection; raises UserError when the name is taken or cannot be a name."""
    with store.transaction(actor):
        return store.collections.create(name, change_variables({}, variables))


def set_collection_variables(
    store: Store, collection: str, new: Mapping[str, str], removed: Names[str] = (), *, actor: str
) -> Collection:
    """Set and remove variables of a collection, and return it; raises NotFound for it or a variable to remove."""
    with store.transaction(actor):
        found = store.collections.find(collection)
        variables = change_variables(found.variables, new, removed)
        store.collections.set_variables(found.id, variables)
        note_variables(store, "collection", found, removed)
    return replace(found, variables=variables)


def rename_collection(store: Store, collection: str, new_name: str, *, actor: str) -> Collection:
    """Give a collection another name, and return it; mock servers and gateways that use it go on.

    Raises NotFound, Conflict for a name that is taken, UserError for one that cannot be a name.
    """
    with store.transaction(actor):
        found = store.collections.find(collection)
        store.collections.rename(found.id, new_name)
    return replace(found, name=new_name)


def delete_collection(store: Store, collection: str, *, forever: bool = False, actor: str) -> Deleted[Collection]:
    """Delete a collection with its examples, and return what it was; history stays.

    Raises NotFound, and Conflict or UserError while a running gateway or a mock server uses it. It takes several
    transactions; a deletion that was interrupted goes on with the next.
    """
    with store.act_as(actor):
        found = store.collections.find(collection)
        check_not_in_use(store, collection_id=found.id, what="collection", which=found.name)
        return delete_thing(store, found, lambda: store.trash.put_collection(found.id), forever=forever)
