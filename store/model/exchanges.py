"""What a recording keeps: sessions and the exchanges in them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from understudy.store.model.fast_init import fast_init
from understudy.store.model.messages import Origin, Request, Response


@dataclass(frozen=True, slots=True)
class Session:
    """A named recording. `upstream` is the origin that origin-form requests went to; None for a forward proxy."""

    id: str
    name: str
    upstream: Origin | None
    created_at: float


@fast_init
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
class RedactedPlace:
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


def describe_cut(noun: str, size: int) -> str:
    """What `Exchange.degraded` says where no more than so many bytes of a body are kept; `whose`: the message's."""
    return f"the body of the {noun} {_CUT} {size} bytes"


@fast_init
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
    redacted: frozenset[RedactedPlace] = frozenset()
    degraded: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the response is missing or cut off."""
        return self.error is not None or self.response is None

    @property
    def is_abandoned(self) -> bool:
        """Whether its client or the gateway went away before the response was complete."""
        return self.error in (CLIENT_LEFT, GATEWAY_STOPPED)

    @property
    def is_cut(self) -> bool:
        """Whether a body came that was longer than what is kept of it."""
        return _CUT in self.degraded
