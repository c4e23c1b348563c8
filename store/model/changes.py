"""What changed in a store, as a revision table keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Subject(StrEnum):
    """What a change in the revision table is about."""

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

    `collection_id` is set for collections and examples. `actor` is the name of the person or program that made the
    change; None where it was made outside of `Store.transaction`.
    """

    revision: int
    subject: Subject
    subject_id: str
    collection_id: str | None = None
    actor: str | None = None
