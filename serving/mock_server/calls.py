"""What a mock server does with a call, in the order of the specification (mock servers, "The order of a call")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import time

from understudy.serving.answers import cors
from understudy.serving.answers.answer import answer, error, is_recoded
from understudy.serving.answers.outcomes import Answers, Outcome, outcome
from understudy.serving.answers.rate_limits import OwnRateCounts, RateCounts, limited
from understudy.serving.answers.replies import CallCounter, Pending, Reply, reply_of
from understudy.serving.answers.reply_cache import BodyAtHand, Rendered, at_hand, varying
from understudy.serving.answers.streams import stream_of
from understudy.serving.answers.url_rewriting import rewrite_for_client
from understudy.serving.http1.wire import head_of
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Headers, Request, Response
from understudy.store.model.mock_servers import Behaviour, MockServer

KEY_HEADERS = ("x-api-key", "x-understudy-key")
KEY_NEEDED = "This mock server is private: send a valid key in the x-api-key header (or x-understudy-key)."

SMALL = 4 * 1024  # bytes of an error that may be remembered with the request that met it
EXAMPLE_HEADER = b"X-Understudy-Example"


@dataclass(slots=True)
class OwnCallCounter:
    """A count that nobody else sees."""

    calls: int = 0

    def count(self) -> None:
        """One more call."""
        self.calls += 1


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A mock server, compiled. `keys` holds the digests of valid keys; `server_error` answers every call if set.

    `unlogged` counts calls that are not logged because its log is off; None while it is on.
    `rendered` keeps answers that do not depend on the request; it belongs to this value and its examples alone.
    """

    mock: MockServer
    answers: Answers
    keys: frozenset[str] = frozenset()
    server_error: Response | None = None
    bodies: BodyAtHand = at_hand
    rates: RateCounts = field(default_factory=OwnRateCounts)
    calls: CallCounter = field(default_factory=OwnCallCounter)
    unlogged: CallCounter | None = None
    now: Callable[[], float] = time
    rendered: Rendered = field(default_factory=Rendered)


def respond(served: Served, request: Request, base: str) -> Reply | Pending:
    """The reply to a request in origin form, below the mock server's root; `base` is the URL of that root."""
    mock = served.mock
    if mock.cors and cors.is_preflight(request) and not _has_example(served, request):
        return _told(served, request, cors.preflight(request), "CORS preflight")
    if mock.private and not _has_key(served, request):
        return _told(served, request, error(401, "invalidCredentialsError", KEY_NEEDED), "no valid key")
    if served.server_error is not None:
        return _told(served, request, served.server_error, "active server error", fixed=True)
    return _matched(served, request, base)


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


def _matched(served: Served, request: Request, base: str) -> Reply | Pending:
    found = outcome(served.answers, request)
    behaviour = found.behaviour(served.mock.behaviour)
    if behaviour is not None and behaviour.rate_limit is not None:
        refused = limited(behaviour.rate_limit, served.rates, found.limit_key(served.mock.id), served.now())
        if refused is not None:
            return _told(served, request, refused, "rate limit")
    if found.example is None:
        reply = _told(served, request, found.failure(), found.told, fixed=True)
        return reply if behaviour is None else replace(reply, behaviour=behaviour, fixed=False)
    return _by_example(served, request, found, behaviour, base)


def _by_example(
    served: Served, request: Request, found: Outcome, behaviour: Behaviour | None, base: str
) -> Reply | Pending:
    example = found.example
    assert example is not None
    how = found.line
    fixed = found.fixed and (behaviour is None or behaviour.rate_limit is None)
    timing = found.timing(served.mock.behaviour)

    def render(body: Body) -> Reply:
        made = rewrite_for_client(answer(request, example, body), example.request.origin, base)
        response = _dressed(served, request, example, made, how)
        content = response.body if isinstance(response.body, bytes) else b""
        told = (example.id, example.name, found.told)
        stream = stream_of(response, timing)
        return Reply(head_of(response), content, response, behaviour, fixed, served, *told, stream)

    origin = ("origin",) if served.mock.cors else ()
    key = None if found.filled else (id(example), base, how, behaviour, fixed, *varying(request, *origin))
    whole = is_recoded(request, example)
    return served.rendered.reply(key, example.response.body, served.bodies, render, whole=whole)


def _dressed(served: Served, request: Request, example: Example, response: Response, how: str) -> Response:
    told = f'{example.id}; path="{how}"'.encode("latin-1", "replace")
    headers = Headers((*response.headers.fields, (EXAMPLE_HEADER, told)))
    if served.mock.cors:
        headers = cors.cross_origin(headers, request.headers.get("origin"))
    return replace(response, headers=headers)


def _told(served: Served, request: Request, response: Response, told: str, *, fixed: bool = False) -> Reply:
    """A reply that no example gives."""
    if served.mock.cors:
        response = replace(response, headers=cors.cross_origin(response.headers, request.headers.get("origin")))
    reply = reply_of(response, told=told, served=served, head_only=request.method == "HEAD")
    return replace(reply, fixed=True) if fixed and len(reply.body) <= SMALL else reply
