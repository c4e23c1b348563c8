"""What a mock server does with a call, in the order of the specification (mock servers, "The order of a call")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import time
from typing import Protocol

from matcher.scores import PathLine
from serving import cors
from serving.answer import answer, error
from serving.outcomes import Answers, Outcome, outcome
from serving.plans import asked_to_wait, behaviour_of
from serving.rate_limits import OwnRateCounts, RateCounts, seconds_to_wait, too_many
from serving.replies import Pending, Reply, reply_of
from serving.wire import head_of
from store.entities import Example
from store.messages import Body, Headers, Request, Response
from store.mock_servers import PLAIN, Behaviour, MockServer

KEY_HEADERS = ("x-api-key", "x-understudy-key")
KEY_NEEDED = "This mock server is private: send a valid key in the x-api-key header (or x-understudy-key)."

MOST_RENDERED = 20_000
LARGEST_RENDERED = 64 * 1024
SMALL = 4 * 1024  # bytes of an error that may be remembered with the request that met it
EXAMPLE_HEADER = b"X-Understudy-Example"

BodyAtHand = Callable[[Body], bytes | None]


def at_hand(body: Body) -> bytes | None:
    """A body that is bytes; None for one in the store."""
    return body if isinstance(body, bytes) else None


class Tally(Protocol):
    """Counts the calls of a mock server in one process."""

    def count(self) -> None:
        """One more call."""
        ...


@dataclass(slots=True)
class OwnTally:
    """A count that nobody else sees."""

    calls: int = 0

    def count(self) -> None:
        """One more call."""
        self.calls += 1


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A mock server, compiled. `keys` holds the digests of valid keys; `server_error` answers every call if set.

    `rendered` keeps answers that do not depend on the request; it belongs to this value and its examples alone.
    """

    mock: MockServer
    answers: Answers
    keys: frozenset[str] = frozenset()
    server_error: Response | None = None
    bodies: BodyAtHand = at_hand
    rates: RateCounts = field(default_factory=OwnRateCounts)
    calls: Tally = field(default_factory=OwnTally)
    now: Callable[[], float] = time
    rendered: dict[tuple[object, ...], Reply] = field(default_factory=dict)


def respond(served: Served, request: Request) -> Reply | Pending:
    """The reply to a request whose target is in origin form and below the mock server's root."""
    mock = served.mock
    if mock.cors and cors.is_preflight(request) and not _has_example(served, request):
        return _told(served, request, cors.preflight(request), "CORS preflight")
    if mock.private and not _has_key(served, request):
        return _told(served, request, error(401, "invalidCredentialsError", KEY_NEEDED), "no valid key")
    if served.server_error is not None:
        return _told(served, request, served.server_error, "active server error", fixed=True)
    return _matched(served, request)


def _has_example(served: Served, request: Request) -> bool:
    return served.answers.index.decide(request).candidate is not None


def _has_key(served: Served, request: Request) -> bool:
    headers = request.headers
    given = [digest(key.encode("latin-1")) for name in KEY_HEADERS for key in headers.get_all(name)]
    # Every one is compared, and in constant time: how long it takes tells nothing.
    equal = [hmac.compare_digest(one, known) for one in given for known in served.keys]
    return any(equal)


def digest(key: bytes) -> str:
    """What is kept of a key: its SHA-256, in hex."""
    return hashlib.sha256(key).hexdigest()


def _matched(served: Served, request: Request) -> Reply | Pending:
    found = outcome(served.answers, request)
    example, mock = found.example, served.mock
    behaviour = mock.behaviour if example is None else behaviour_of(example.behaviour, mock.behaviour)
    delay = found.decision.selectors.delay
    if delay is not None:
        behaviour = asked_to_wait(behaviour, delay)
    if behaviour is not PLAIN and behaviour.rate_limit is not None:
        refused = _refused(served, behaviour, example)
        if refused is not None:
            return _told(served, request, refused, "rate limit")
    if example is None:
        reply = _told(served, request, found.failure(), found.told, fixed=True)
        return reply if behaviour == PLAIN else replace(reply, behaviour=behaviour, fixed=behaviour.rate_limit is None)
    return _example_reply(served, request, found, example, None if behaviour == PLAIN else behaviour)


def _refused(served: Served, behaviour: Behaviour, example: Example | None) -> Response | None:
    limit = behaviour.rate_limit
    assert limit is not None
    own = example is not None and example.behaviour.rate_limit is not None
    key = f"{served.mock.id} {example.id if own and example else ''}"
    seconds = seconds_to_wait(limit, served.rates, key, served.now())
    return None if seconds is None else too_many(limit, seconds)


def _example_reply(
    served: Served, request: Request, found: Outcome, example: Example, behaviour: Behaviour | None
) -> Reply | Pending:
    match = found.decision.match
    assert match is not None
    if found.filled:
        key = None
    else:
        key = (id(example), request.method, match.path_line, behaviour, found.fixed, *_varying(served, request))
        known = served.rendered.get(key)
        if known is not None:
            return known

    def finish(body: bytes) -> Reply:
        response = _dressed(served, request, example, answer(request, example, body), match.path_line)
        sent = response.body
        assert isinstance(sent, bytes)
        reply = Reply(
            head_of(response), sent, response, behaviour, found.fixed, served, example.id, example.name, found.told
        )
        if key is not None and len(sent) <= LARGEST_RENDERED:
            if len(served.rendered) >= MOST_RENDERED:
                served.rendered.clear()
            served.rendered[key] = reply
        return reply

    body = served.bodies(example.response.body)
    return Pending(example.response.body, finish) if body is None else finish(body)


def _varying(served: Served, request: Request) -> tuple[object, ...]:
    """What of a request, beside its example, its answer's bytes depend on."""
    headers = request.headers
    origin = headers.get("origin") if served.mock.cors else None
    return (origin, *headers.get_all("accept-encoding"))


def _dressed(served: Served, request: Request, example: Example, response: Response, line: PathLine | None) -> Response:
    how = "by id or name" if line is None else line.reason
    headers = Headers(
        (*response.headers.fields, (EXAMPLE_HEADER, f'{example.id}; path="{how}"'.encode("latin-1", "replace")))
    )
    if served.mock.cors:
        headers = cors.cross_origin(headers, request.headers.get("origin"))
    return replace(response, headers=headers)


def _told(served: Served, request: Request, response: Response, told: str, *, fixed: bool = False) -> Reply:
    """A reply that no example gives."""
    if served.mock.cors:
        response = replace(response, headers=cors.cross_origin(response.headers, request.headers.get("origin")))
    reply = reply_of(response, told=told, served=served, head_only=request.method == "HEAD")
    return replace(reply, fixed=True) if fixed and len(reply.body) <= SMALL else reply
