"""Collections, their folders, request items and examples, and environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from understudy.store.model.exchanges import RedactedPlace
from understudy.store.model.fast_init import fast_init
from understudy.store.model.messages import Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour


@dataclass(frozen=True, slots=True)
class Collection:
    """Named request items and their examples, with variables."""

    id: str
    name: str
    created_at: float
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of a collection, within `parent_id` or at the top; `position` orders siblings."""

    id: str
    collection_id: str
    name: str
    parent_id: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class RequestItem:
    """One request of a collection, the parent of its examples.

    `key` says which requests are the same: equal keys, one item. It is "" for items that were typed in; those have a
    `method` and a `path` of their own, which may hold `{{name}}` and `:name`, so that a miss can say what they need.
    """

    id: str
    collection_id: str
    name: str
    key: str = ""
    folder_id: str | None = None
    position: int = 0
    method: str = ""
    path: str = ""


@fast_init
@dataclass(frozen=True, slots=True)
class Example:
    """A saved response with the request it answers.

    `literal`: the request was recorded and not edited since, so `{{x}}` and `:x` in it are plain text.
    `sequence`: examples of one sequence answer one request in turn, in the order of their ids; None stands alone.
    `fingerprint` names the recorded answer, volatile headers aside, and survives edits. Ids sort by time. `behaviour`
    is what it does on purpose: delays and faults. `entry` is the id of the exchange that it is while a session is
    replayed; in a collection it is None.
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


@dataclass(frozen=True, slots=True)
class Environment:
    """Named variables that beat those of a collection."""

    id: str
    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
