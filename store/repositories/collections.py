"""The protocols of collections and environments; `store.repositories.store` has the rules for all repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from understudy.store.model.collections import Collection, Environment, Example, Folder, RequestItem
from understudy.store.repositories.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection with the numbers of its request items and examples."""

    collection: Collection
    items: int
    examples: int


class SiblingPosition(NamedTuple):
    """The place of a folder or request item in the list of those of its collection: its position, then its id."""

    position: int
    id: str

    @classmethod
    def of(cls, sibling: Folder | RequestItem) -> SiblingPosition:
        """Return the place of a folder or request item."""
        return cls(sibling.position, sibling.id)


@dataclass(frozen=True, slots=True)
class CollectionUpdate:
    """What a promotion or a user changes in a collection, in one transaction.

    `marks` are pairs of the id of a promoted exchange and the id of its example, or None. `dropped` are the ids of
    examples to delete.
    """

    items: Sequence[RequestItem] = ()
    examples: Sequence[Example] = ()
    marks: Sequence[tuple[int, str | None]] = ()
    dropped: Sequence[str] = ()


class Collections(Protocol):
    """Collections with their folders, request items and examples. Each change is written to the revision table."""

    def create(self, name: str, variables: Mapping[str, str] | None = None) -> Collection:
        """Create a collection; raise Conflict if the name is taken, UserError if it is not a usable name."""
        ...

    def find(self, text: str) -> Collection:
        """Return the collection with this name, id or end of an id, in this order.

        Raises NotFound that lists some names, UserError for an end of several ids.
        """
        ...

    def list_summaries(self) -> list[CollectionSummary]:
        """Return all collections by name."""
        ...

    def read_summary_page(self, request: PageRequest[str]) -> Page[CollectionSummary, str]:
        """Return a page of the collections by name."""
        ...

    def rename(self, collection_id: str, name: str) -> None:
        """Give a collection another name; raise NotFound, Conflict if it is taken, UserError if it is not usable."""
        ...

    def set_variables(self, collection_id: str, variables: Mapping[str, str]) -> None:
        """Replace the variables of a collection; raise NotFound."""
        ...

    def delete(self, collection_id: str) -> None:
        """Delete a collection with all it contains, and the bodies that nothing else uses.

        Raises NotFound, and Conflict that lists the mock servers that use it. It takes several transactions: if it is
        interrupted, or a mock server is made of the collection meanwhile, what was deleted by then stays deleted.
        """
        ...

    def add_folder(self, folder: Folder) -> None:
        """Add a folder to its collection; raise StoreError if the collection or the parent does not exist."""
        ...

    def list_folders(self, collection_id: str) -> list[Folder]:
        """Return the folders of a collection by position."""
        ...

    def read_folder_page(
        self, collection_id: str, request: PageRequest[SiblingPosition]
    ) -> Page[Folder, SiblingPosition]:
        """Return a page of the folders of a collection by position."""
        ...

    def list_items(self, collection_id: str) -> list[RequestItem]:
        """Return the request items of a collection by position."""
        ...

    def read_item_page(
        self, collection_id: str, request: PageRequest[SiblingPosition]
    ) -> Page[RequestItem, SiblingPosition]:
        """Return a page of the request items of a collection by position."""
        ...

    def list_item_names(self, collection_id: str, ids: Sequence[str] | None = None) -> dict[str, str]:
        """Return the names of the request items of a collection by id: of all, or of those with these ids."""
        ...

    def list_bare_items(self, collection_id: str) -> list[RequestItem]:
        """Return the request items that were typed in and have no example, by position."""
        ...

    def list_examples(self, collection_id: str) -> list[Example]:
        """Return the examples of a collection by id, their bodies as references."""
        ...

    def read_example_page(self, collection_id: str, request: PageRequest[str]) -> Page[Example, str]:
        """Return a page of the examples of a collection by id, their bodies as references; others are not read."""
        ...

    def get_examples(self, collection_id: str, ids: Sequence[str]) -> list[Example]:
        """Return the existing examples of a collection among `ids` by id, their bodies as references.

        Unknown ids are ignored.

        Programs that follow the revision table use it.
        """
        ...

    def get_example(self, collection_id: str, example_id: str) -> Example:
        """Return one example, its bodies as references; raise NotFound."""
        ...

    def find_example(self, text: str, collection_id: str | None = None) -> Example:
        """Return the example with this id, name or end of an id (4 characters or more), in this order.

        `collection_id` restricts the search. Raises NotFound, and UserError if several examples fit: it lists their
        ids, or the collections that have the one id.
        """
        ...

    def list_named_examples(self, collection_id: str, name: str) -> list[Example]:
        """Return the examples of a collection that have this name by id, their bodies as references."""
        ...

    def find_promoted(self, collection_id: str) -> dict[int, str | None]:
        """Return the ids of the exchanges promoted to this collection, with the id of their example.

        The example is None if it was deleted, or if a newer one replaced it.
        """
        ...

    def update(self, collection_id: str, update: CollectionUpdate) -> None:
        """Apply an update, all or nothing.

        It writes one change for each example if these are few, else one change of the collection.
        """
        ...

    def save_example(self, example: Example) -> None:
        """Replace an example by its edited form; raise NotFound if it was deleted."""
        ...

    def delete_example(self, collection_id: str, example_id: str) -> None:
        """Delete an example, and its request item if it has no other example; raise NotFound."""
        ...


class Environments(Protocol):
    """Environments, which are named variables. Each change is written to the revision table."""

    def save(self, environment: Environment) -> None:
        """Add an environment, or replace the one with its id.

        Raises Conflict if another environment has the name, UserError if it is not a usable name.
        """
        ...

    def find(self, text: str) -> Environment:
        """Return the environment with this name, id or end of an id, in this order.

        Raises NotFound that lists some names, UserError for an end of several ids.
        """
        ...

    def list(self) -> Sequence[Environment]:
        """Return all environments by name."""
        ...

    def read_page(self, request: PageRequest[str]) -> Page[Environment, str]:
        """Return a page of the environments by name."""
        ...

    def delete(self, environment_id: str) -> None:
        """Delete an environment; raise NotFound, and Conflict that lists the mock servers that use it."""
        ...
