"""What a mock server is: a collection made callable, with how it matches, whom it answers, and what it does on purpose.

Standard library only, like all domain types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from understudy.store.model.messages import Response

LONGEST_DELAY = 180_000
"""Milliseconds; Postman's bound."""


class DelayKind(StrEnum):
    """How a delay varies from call to call."""

    FIXED = "fixed"
    UNIFORM = "uniform"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, slots=True)
class Delay:
    """How long an answer is held up, in milliseconds from 1 to `LONGEST_DELAY`.

    FIXED takes `millis`; UNIFORM anything from `millis` to `most`; LOGNORMAL has the median `millis` and the standard
    deviation `sigma` of its logarithm. `preset` is the name it was asked for by, such as 2G.
    """

    millis: int
    kind: DelayKind = DelayKind.FIXED
    most: int | None = None
    sigma: float | None = None
    preset: str | None = None


PRESETS = {"2G": Delay(300, preset="2G"), "3G": Delay(100, preset="3G")}
"""Postman's names for delays."""


class FaultKind(StrEnum):
    """What goes wrong with a call on purpose."""

    RESET = "reset"  # the connection is reset (TCP RST)
    EMPTY = "empty"  # the connection is closed without an answer
    GARBAGE = "garbage"  # bytes that are no HTTP, then the end of the connection
    CUT = "cut"  # the head and half of the body, then the end of the connection
    ERROR = "error"  # a 503
    UNFINISHED = "unfinished"  # all there is, more was promised, then the end of the connection: only in replays


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, and the share of calls that meet it: `percent` over 0, up to 100."""

    kind: FaultKind
    percent: float = 100.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so many calls in each window of so many seconds; the others get 429 and Retry-After."""

    calls: int
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a mock server, or one example, does to its answers on purpose; None is nothing of the kind.

    What an example says counts before what its mock server says, field by field. `bytes_per_second` slows the body.
    `timing` is what the recorded times of a streamed answer are multiplied by: 0.5 is twice as fast, 0 at once.
    """

    delay: Delay | None = None
    bytes_per_second: int | None = None
    fault: Fault | None = None
    rate_limit: RateLimit | None = None
    timing: float | None = None


PLAIN = Behaviour()
"""Nothing on purpose."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How a mock server compares (spec/matching.md, steps 4 to 6); None leaves it to what its collection usually takes.

    `query` is prefer, require or off. `headers` are the names of those that are compared.
    """

    body: bool = False
    headers: frozenset[str] = frozenset()
    query: str = "prefer"
    wildcards: bool = True
    ids: bool = True
    distance: bool | None = None
    subset: bool = False
    ignore_query: frozenset[str] = frozenset()
    ignore_headers: frozenset[str] = frozenset()
    ignore_json: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MockServer:
    """One collection made callable. The collection is chosen once; everything else can be edited.

    `slug` is its name in URLs. A `private` one answers only calls with a valid key. `server_error_id` names the saved
    server error that answers every call, if one does. `cors` adds Access-Control-* where the example has none.
    `sequences_epoch` counts how often its sequences were told to start over. `log_limit` is how many calls are kept.
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
    sequences_epoch: int = 0
    log_limit: int = 10_000


@dataclass(frozen=True, slots=True)
class ServerError:
    """A saved response with a 5xx status that a mock server can give to every call."""

    id: str
    mock_server_id: str
    name: str
    response: Response


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key to private mock servers: only its digest is kept (SHA-256, hex), and its last characters for people."""

    id: str
    name: str
    digest: str
    ending: str
    created_at: float
