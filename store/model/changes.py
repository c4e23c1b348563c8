"""Changes of a store, as its revision table keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """The kind of thing that changed."""

    COLLECTION = "collection"
    EXAMPLE = "example"
    GATEWAY = "gateway"
    ENVIRONMENT = "environment"
    SETTING = "setting"
    MOCK_SERVER = "mock_server"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the revision table.

    `collection_id` is set for collections and examples. `actor` is the name of the user or program that made the
    change; None for a change outside of `Store.transaction`.
    """

    revision: int
    subject: Subject
    subject_id: str
    collection_id: str | None = None
    actor: str | None = None
