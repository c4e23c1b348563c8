"""Collections, their folders, request items and examples, and environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from understudy.store.model.exchanges import RedactedPlace
from understudy.store.model.messages import Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of request items and their examples, with variables."""

    id: str
    name: str
    created_at: float
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a collection, inside the folder `parent_id` or at the top; `position` orders siblings."""

    id: str
    collection_id: str
    name: str
    parent_id: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class RequestItem:
    """One request of a collection, the parent of its examples.

    Recorded requests with the same `key` are one item. It is "" for items that were typed in, which have a `method` and
    a `path` instead. These may contain `{{name}}` and `:name`, and let a miss explain which item has no example.
    """

    id: str
    collection_id: str
    name: str
    key: str = ""
    folder_id: str | None = None
    position: int = 0
    method: str = ""
    path: str = ""


class EditablePart(StrEnum):
    """The parts of an example's request that a person edits one by one; each header field is a part of its own."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    BODY = "body"

    def name_part(self, header: str = "") -> str:
        """Return the name of this part in `Example.unedited`; `header` is the name of the field, in any case."""
        return f"{self} {header.lower()}" if self is EditablePart.HEADER else str(self)


class Example(msgspec.Struct, frozen=True):
    """A saved response with the request it answers. Ids sort by time.

    `literal`: the request was recorded and not edited since, so that `{{x}}` and `:x` in it are plain text.
    `unedited`: the parts of a recorded request that are still as they were recorded, although other parts were edited:
    the names that `EditablePart.name_part` returns. It is empty where `literal` is true, and for typed-in examples.
    `sequence`: examples with the same value answer one request in turn, in the order of their ids; None for an example
    outside of sequences.
    `templates`: the response contains templates, which are filled in for each call.
    `fingerprint` identifies the recorded response without its volatile fields, and survives edits.
    `behaviour` holds its delays and faults.
    `entry` is the id of its exchange while a session is replayed; in a collection it is None.
    """

    id: str
    collection_id: str
    item_id: str
    name: str
    request: Request
    response: Response
    redacted: frozenset[RedactedPlace] = frozenset()
    literal: bool = True
    sequence: str | None = None
    templates: bool = False
    edited: bool = False
    fingerprint: str = ""
    behaviour: Behaviour = PLAIN
    entry: int | None = None
    unedited: frozenset[str] = frozenset()

    def is_literal(self, part: EditablePart, header: str = "") -> bool:
        """Return whether a part of the request is as it was recorded, so that `{{x}}` and `:x` in it are plain text.

        `header` is the name of the field for `EditablePart.HEADER`.
        """
        return self.literal or (bool(self.unedited) and part.name_part(header) in self.unedited)


@dataclass(frozen=True, slots=True)
class Environment:
    """Named variables, which override those of a collection."""

    id: str
    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
