"""Recordings: sessions and the exchanges in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from understudy.store.model.media_types import is_grpc_type
from understudy.store.model.messages import Origin, Request, Response


@dataclass(frozen=True, slots=True)
class Session:
    """A named recording.

    `upstream` is the origin for requests in origin form; None for a forward proxy. `replay` has the lists that its
    replays use, by the names of their settings, such as `ignore_query`.
    """

    id: str
    name: str
    upstream: Origin | None
    created_at: float
    replay: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Timings(msgspec.Struct, frozen=True):
    """The times of an exchange, in seconds since the epoch; None for steps that were not reached.

    `response_end` of an exchange that its client abandoned is the time at which the client left.
    """

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
    XML = "xml"


@dataclass(frozen=True, slots=True, order=True)
class RedactedPlace:
    """A place in a message whose value was redacted.

    `name` is the name of a header field, query parameter or form field, or a JSON path such as `$.user.token`. In a
    path it is the placeholder; in other texts it is the regular expression that found the value, or "" if the value was
    recognised because it had been found before. In the request of an example the place matches any value, and its value
    is never copied into a response.
    """

    part: Part
    name: str


# The values of `Exchange.error` if the upstream did not fail.
CLIENT_LEFT = "the client closed the connection"
GATEWAY_STOPPED = "the gateway was stopped"

_CUT = "was cut after"
ANSWERED_EARLY = "the answer came before the end of the request"
_NOT_REACHED = "cannot be reached: "


def describe_unreached(reason: str) -> str:
    """Return the text of `Exchange.error` for an upstream to which no connection could be opened."""
    return _NOT_REACHED + reason


def describe_cut(noun: str, size: int) -> str:
    """Return the text of `Exchange.degraded` for a body of which `size` bytes are stored.

    `noun` names the message: "request" or "response".
    """
    return f"the body of the {noun} {_CUT} {size} bytes"


def describe_cut_message(number: int, side: str, size: int) -> str:
    """Return the text of `Exchange.degraded` for a message of a WebSocket of which `size` bytes are stored."""
    return f"message {number} of the {side} {_CUT} {size} bytes"


def describe_cut_order(count: int) -> str:
    """Return the text of `Exchange.degraded` for a gRPC call of which the order of `count` messages is stored."""
    return f"the order of the messages {_CUT} {count}"


@dataclass(frozen=True, slots=True)
class Degradation:
    """A reason why the recording of an exchange is incomplete that became known after it was stored."""

    exchange_id: int
    reason: str


class Exchange(msgspec.Struct, frozen=True):
    """One recorded request and its response.

    A failed exchange has `error` set, and an incomplete response or None. `id` is 0 until it is stored. `redacted` are
    the places of the request whose values were replaced when it was recorded. `degraded` is a short reason why the
    recording is incomplete, such as a body that was cut; "" if it is complete.

    A recorder sets the others, which the store does not return with an exchange: `key` is a number of its choice, so
    that an exchange that is added twice is stored once; the heads are those of HTTP/1 as they were received, b"" where
    only their fields are known.
    """

    session_id: str
    request: Request
    response: Response | None
    timings: Timings
    error: str | None = None
    id: int = 0
    redacted: frozenset[RedactedPlace] = frozenset()
    degraded: str = ""
    key: int | None = None
    request_head: bytes = b""
    response_head: bytes = b""

    @property
    def has_failed(self) -> bool:
        """Whether the response is missing or cut off."""
        return self.error is not None or self.response is None

    @property
    def is_abandoned(self) -> bool:
        """Whether the client left or the gateway stopped before the response was complete."""
        return self.error in (CLIENT_LEFT, GATEWAY_STOPPED)

    @property
    def unreached_reason(self) -> str | None:
        """Why no connection to the upstream could be opened; None if one was open."""
        is_unreached = self.response is None and self.error is not None and self.error.startswith(_NOT_REACHED)
        return self.error.removeprefix(_NOT_REACHED) if is_unreached and self.error else None

    @property
    def is_bidirectional(self) -> bool:
        """Whether this is a gRPC call whose server answered before the client had ended."""
        if self.response is None or not is_grpc_type(self.request.headers.get("content-type")):
            return False
        end, answered = self.timings.request_end, self.timings.response_start
        return self.request.http_version.startswith("HTTP/2") and (end is None or (answered or 0.0) < end)

    @property
    def is_answered_early(self) -> bool:
        """Whether the body of the request is only what was sent before the answer had come."""
        return ANSWERED_EARLY in self.degraded

    @property
    def is_cut(self) -> bool:
        """Whether only the beginning of a body is stored."""
        return _CUT in self.degraded
