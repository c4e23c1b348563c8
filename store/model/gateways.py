"""What is kept: exchanges in sessions, examples in collections, environments, gateways. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from understudy.store.model.fast_init import quick
from understudy.store.model.messages import Origin, Request, Response
from understudy.store.model.mock_servers import PLAIN, Behaviour


class Mode(StrEnum):
    """What a gateway does with a request; the table is in docs/gateway.md."""

    PASS = "pass"
    RECORD = "record"
    MOCK = "mock"
    SPY = "spy"
    REPLAY = "replay"

    @property
    def offline(self) -> bool:
        """Whether this mode promises that no upstream is ever called."""
        return self in (Mode.MOCK, Mode.REPLAY)


@dataclass(frozen=True, slots=True)
class Session:
    """A named recording. `upstream` is the origin that origin-form requests went to; None for a forward proxy."""

    id: str
    name: str
    upstream: Origin | None
    created_at: float


@quick
@dataclass(frozen=True, slots=True)
class Timings:
    """When an exchange happened, in seconds since the epoch; None for what was not reached."""

    started: float
    request_end: float | None = None
    response_start: float | None = None
    response_end: float | None = None


class Part(StrEnum):
    """The parts of a message in which a value can be redacted."""

    HEADER = "header"
    QUERY = "query"
    FORM = "form"
    JSON = "json"
    PATH = "path"
    TEXT = "text"


@dataclass(frozen=True, slots=True, order=True)
class Redacted:
    """A place whose value was taken out: a header, query or form name, or a JSON path such as `$.user.token`.

    In a path it is the text that stands there now; in any other text the regular expression that found the value, ""
    if it was recognised because it had been found before. In an example's request it matches any value, and its value
    is never put into a response.
    """

    part: Part
    name: str


# What `Exchange.error` says where it was not the upstream that failed.
CLIENT_LEFT = "the client closed the connection"
GATEWAY_STOPPED = "the gateway was stopped"

_CUT = "was cut after"


def cut_after(whose: str, size: int) -> str:
    """What `Exchange.degraded` says where no more than so many bytes of a body are kept; `whose`: the message's."""
    return f"the body of the {whose} {_CUT} {size} bytes"


@quick
@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and its response.

    A failed exchange has `error` set, and no response or only what came of it. `id` is 0 until it is kept. `redacted`
    are the places of the request whose values were replaced when it was recorded. `degraded` says, in a few words, why
    what is kept is not all that came ("" if it is): a body that was cut, a message that could not be followed.
    """

    session_id: str
    request: Request
    response: Response | None
    timings: Timings
    error: str | None = None
    id: int = 0
    redacted: frozenset[Redacted] = frozenset()
    degraded: str = ""

    @property
    def failed(self) -> bool:
        """Whether the response is missing or cut off."""
        return self.error is not None or self.response is None

    @property
    def given_up(self) -> bool:
        """Whether its client or the gateway went away before the response was complete."""
        return self.error in (CLIENT_LEFT, GATEWAY_STOPPED)

    @property
    def cut(self) -> bool:
        """Whether a body came that was longer than what is kept of it."""
        return _CUT in self.degraded


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


@quick
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
    redacted: frozenset[Redacted] = frozenset()
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


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What a gateway should be doing: its mode, and the collection or session that the mode needs.

    With `mock_server_id` it answers as that mock server does, from its collection, which is named too.
    """

    mode: Mode
    collection_id: str | None = None
    session_id: str | None = None
    mock_server_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway: `wanted` is what it was told, `seen_revision` the last change it acts upon.

    `heartbeat` in seconds since the epoch; `lost` counts exchanges that could not be kept.
    """

    id: str
    name: str
    pid: int
    listen: str
    upstream: Origin | None
    wanted: GatewayState
    started_at: float
    heartbeat: float
    seen_revision: int = 0
    lost: int = 0


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
    """One row of the revision table. `collection_id` is set for collections and examples."""

    revision: int
    subject: Subject
    subject_id: str
    collection_id: str | None = None
