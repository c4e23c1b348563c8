"""What the store promises of collections and environments; see `store.repositories.store`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from understudy.store.model.collections import Collection, Environment, Example, Folder, RequestItem


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection with its numbers of request items and examples."""

    collection: Collection
    items: int
    examples: int


@dataclass(frozen=True, slots=True)
class CollectionUpdate:
    """What is added to a collection, kept in one transaction.

    `marks` remember (exchange id, example id or None) as promoted; `dropped` are ids of examples to take out.
    """

    items: Sequence[RequestItem] = ()
    examples: Sequence[Example] = ()
    marks: Sequence[tuple[int, str | None]] = ()
    dropped: Sequence[str] = ()


class Collections(Protocol):
    """Collections with their folders, request items and examples. Every change is written to the revision table."""

    def create(self, name: str, variables: Mapping[str, str] | None = None) -> Collection:
        """A new collection; raises UserError when the name is taken or empty."""
        ...

    def find(self, text: str) -> Collection:
        """The collection of this name or id; raises NotFound."""
        ...

    def list_summaries(self) -> list[CollectionSummary]:
        """All collections by name."""
        ...

    def set_variables(self, collection_id: str, variables: Mapping[str, str]) -> None:
        """Give a collection these variables in the place of its own; raises NotFound."""
        ...

    def delete(self, collection_id: str) -> None:
        """Delete a collection with all that is in it, and the bodies that nothing else uses.

        Raises NotFound, and UserError that lists the mock servers that use it.
        """
        ...

    def add_folder(self, folder: Folder) -> None:
        """Keep a folder."""
        ...

    def list_folders(self, collection_id: str) -> list[Folder]:
        """The folders by position."""
        ...

    def list_items(self, collection_id: str) -> list[RequestItem]:
        """The request items by position."""
        ...

    def list_bare_items(self, collection_id: str) -> list[RequestItem]:
        """The request items that were typed in and have no example, by position."""
        ...

    def list_examples(self, collection_id: str) -> list[Example]:
        """The examples by id, bodies as references."""
        ...

    def get_examples(self, ids: Sequence[str]) -> list[Example]:
        """Those examples among `ids` that there are, by id, bodies as references: for who follows changes."""
        ...

    def get_example(self, example_id: str) -> Example:
        """One example, bodies as references; raises NotFound."""
        ...

    def find_example(self, text: str, collection_id: str | None = None) -> Example:
        """The example of this id, end of an id (4 characters or more) or name.

        Raises NotFound when there is none, UserError when there are several.
        """
        ...

    def find_promoted(self, collection_id: str) -> dict[int, str | None]:
        """The exchanges promoted to this collection so far, with their example; None where that was deleted."""
        ...

    def update(self, collection_id: str, update: CollectionUpdate) -> None:
        """Keep what a promotion or a person adds, all or none.

        The change it makes is one of each example if these are few, else one of the collection.
        """
        ...

    def save_example(self, example: Example) -> None:
        """Replace an example by its edited form; raises NotFound when it is gone."""
        ...

    def delete_example(self, example_id: str) -> None:
        """Delete an example, its request item too when that has no other; raises NotFound."""
        ...


class Environments(Protocol):
    """Named variables."""

    def save(self, environment: Environment) -> None:
        """Keep a new environment or replace it; raises UserError when the name belongs to another."""
        ...

    def find(self, text: str) -> Environment:
        """The environment of this name or id; raises NotFound."""
        ...

    def list(self) -> Sequence[Environment]:
        """All environments by name."""
        ...

    def delete(self, environment_id: str) -> None:
        """Delete an environment; raises NotFound, and UserError that lists the mock servers that use it."""
        ...
