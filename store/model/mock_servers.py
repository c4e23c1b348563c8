"""Mock servers, which make a collection callable: their matching, behaviour, server errors and API keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from understudy.store.model.messages import Response

LONGEST_DELAY = 180_000
"""The longest delay in milliseconds, which is Postman's."""


class DelayKind(StrEnum):
    """The distribution of a delay over calls."""

    FIXED = "fixed"
    UNIFORM = "uniform"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True)
class Delay:
    """The delay of a response, in milliseconds from 1 to `LONGEST_DELAY`.

    FIXED is always `millis`; UNIFORM is between `millis` and `most`; LOGNORMAL has the median `millis` and the standard
    deviation `sigma` of its logarithm. `preset` is the name of the preset it was set by, such as 2G.
    """

    millis: int
    kind: DelayKind = DelayKind.FIXED
    most: int | None = None
    sigma: float | None = None
    preset: str | None = None


PRESETS = {"2G": Delay(300, preset="2G"), "3G": Delay(100, preset="3G")}
"""Postman's names for delays."""


class FaultKind(StrEnum):
    """A fault that a call meets on purpose."""

    RESET = "reset"  # the connection is reset (TCP RST)
    EMPTY = "empty"  # the connection is closed without a response
    GARBAGE = "garbage"  # bytes that are not HTTP, then the end of the connection
    CUT = "cut"  # the head and half of the body, then the end of the connection
    ERROR = "error"  # a 503
    UNFINISHED = "unfinished"  # an incomplete recorded response, then the end of the connection: only in replays


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the share of calls that meet it: `percent` is more than 0 and at most 100."""

    kind: FaultKind
    percent: float = 100.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The number of calls in each window of `seconds`; further calls get 429 and Retry-After."""

    calls: int
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a mock server or an example changes in its responses; each field is None if it changes nothing.

    A field of an example overrides that of its mock server. `bytes_per_second` slows the body down. `timing` is the
    factor for the recorded times of a streamed response: 0.5 sends it twice as fast, 0 at once.
    """

    delay: Delay | None = None
    bytes_per_second: int | None = None
    fault: Fault | None = None
    rate_limit: RateLimit | None = None
    timing: float | None = None


PLAIN = Behaviour()
"""The behaviour that changes nothing."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The matching settings of a mock server (docs/matching.md: path, query, headers and body).

    `query` and `body` are "prefer", "require" or "off". `headers` are the names of the header fields that are compared,
    as the `header_rule` says: "prefer", "require" or "off". `ids` and `distance` decide for all examples; with None,
    the default, each example decides by how it was made.
    """

    body: str = "prefer"
    headers: frozenset[str] = frozenset()
    header_rule: str = "require"
    query: str = "prefer"
    wildcards: bool = True
    ids: bool | None = None
    distance: bool | None = None
    subset: bool = False
    ignore_query: frozenset[str] = frozenset()
    ignore_headers: frozenset[str] = frozenset()
    ignore_body: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MockServer:
    """A collection made callable. All fields except the collection can be edited.

    `slug` is its name in URLs. A `private` mock server answers only calls with a valid key. `server_error_id` is the id
    of the saved server error that answers all calls, or None. `cors` adds Access-Control-* fields to responses of
    examples that have no such fields. `rewrite_bodies` leads URLs of the recorded origin in JSON and HTML bodies to the
    mock server. `sequences_epoch` counts the restarts of its sequences. `log_limit` is the number
    of calls that its log keeps.
    """

    id: str
    name: str
    slug: str
    collection_id: str
    created_at: float
    updated_at: float
    environment_id: str | None = None
    private: bool = False
    behaviour: Behaviour = PLAIN
    matching: Matching = field(default_factory=Matching)
    server_error_id: str | None = None
    cors: bool = True
    rewrite_bodies: bool = False
    sequences_epoch: int = 0
    log_limit: int = 10_000


@dataclass(frozen=True, slots=True)
class ServerError:
    """A saved response with a 5xx status, with which a mock server can answer all calls."""

    id: str
    mock_server_id: str
    name: str
    response: Response


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key to private mock servers, stored as its digest (SHA-256, hex).

    `ending` holds its last characters, for display.
    """

    id: str
    name: str
    digest: str
    ending: str
    created_at: float


def digest_key(key: bytes) -> str:
    """Return the digest of a key that is stored in its place: SHA-256, in hex."""
    return hashlib.sha256(key).hexdigest()
