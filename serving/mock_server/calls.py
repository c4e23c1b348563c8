"""What a mock server does with a call, in the order of the specification (mock servers, "The order of a call")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import time

from understudy.serving.answers import cors
from understudy.serving.answers.answer import adapt_response, is_recoded, render_error
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.serving.answers.rate_limits import LocalRateCounts, RateCounts, check_rate_limit
from understudy.serving.answers.replies import CallCounter, PendingReply, Reply, make_reply
from understudy.serving.answers.reply_cache import BodyLookup, ReplyCache, get_inline_body, make_vary_key
from understudy.serving.answers.streams import stream_from_response
from understudy.serving.answers.url_rewriting import rewrite_for_client
from understudy.serving.http1.wire import render_head
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Headers, Request, Response
from understudy.store.model.mock_servers import Behaviour, MockServer

KEY_HEADERS = ("x-api-key", "x-understudy-key")
KEY_NEEDED = "This mock server is private: send a valid key in the x-api-key header (or x-understudy-key)."

MAX_CACHED_ERROR_BYTES = 4 * 1024  # bytes of an error that may be remembered with the request that met it
EXAMPLE_HEADER = b"X-Understudy-Example"


@dataclass(slots=True)
class LocalCallCounter:
    """A count that nobody else sees."""

    calls: int = 0

    def count(self) -> None:
        """One more call."""
        self.calls += 1


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMockServer:
    """A mock server, compiled. `keys` holds the digests of valid keys; `server_error` answers every call if set.

    `unlogged` counts calls that are not logged because its log is off; None while it is on.
    `rendered` keeps answers that do not depend on the request; it belongs to this value and its examples alone.
    """

    mock: MockServer
    answers: Answers
    keys: frozenset[str] = frozenset()
    server_error: Response | None = None
    bodies: BodyLookup = get_inline_body
    rates: RateCounts = field(default_factory=LocalRateCounts)
    calls: CallCounter = field(default_factory=LocalCallCounter)
    unlogged: CallCounter | None = None
    now: Callable[[], float] = time
    reply_cache: ReplyCache = field(default_factory=ReplyCache)


def respond(served: CompiledMockServer, request: Request, base: str) -> Reply | PendingReply:
    """The reply to a request in origin form, below the mock server's root; `base` is the URL of that root."""
    mock = served.mock
    if mock.cors and cors.is_preflight(request) and not _has_example(served, request):
        return _reply_without_example(served, request, cors.answer_preflight(request), "CORS preflight")
    if mock.private and not _has_key(served, request):
        return _reply_without_example(
            served, request, render_error(401, "invalidCredentialsError", KEY_NEEDED), "no valid key"
        )
    if served.server_error is not None:
        return _reply_without_example(served, request, served.server_error, "active server error", fixed=True)
    return _answer_match(served, request, base)


def _has_example(served: CompiledMockServer, request: Request) -> bool:
    return served.answers.index.decide(request).candidate is not None


def _has_key(served: CompiledMockServer, request: Request) -> bool:
    headers = request.headers
    given = [digest_key(key.encode("latin-1")) for name in KEY_HEADERS for key in headers.get_all(name)]
    # Every one is compared, and in constant time: how long it takes tells nothing.
    equal = [hmac.compare_digest(one, known) for one in given for known in served.keys]
    return any(equal)


def digest_key(key: bytes) -> str:
    """What is kept of a key: its SHA-256, in hex."""
    return hashlib.sha256(key).hexdigest()


def _answer_match(served: CompiledMockServer, request: Request, base: str) -> Reply | PendingReply:
    found = find_outcome(served.answers, request)
    behaviour = found.resolve_behaviour(served.mock.behaviour)
    if behaviour is not None and behaviour.rate_limit is not None:
        refused = check_rate_limit(
            behaviour.rate_limit, served.rates, found.find_limit_key(served.mock.id), served.now()
        )
        if refused is not None:
            return _reply_without_example(served, request, refused, "rate limit")
    if found.example is None:
        reply = _reply_without_example(served, request, found.render_failure(), found.summary, fixed=True)
        return reply if behaviour is None else replace(reply, behaviour=behaviour, is_cacheable=False)
    return _answer_from_example(served, request, found, behaviour, base)


def _answer_from_example(
    served: CompiledMockServer, request: Request, found: Outcome, behaviour: Behaviour | None, base: str
) -> Reply | PendingReply:
    example = found.example
    assert example is not None
    how = found.path_reason
    fixed = found.is_cacheable and (behaviour is None or behaviour.rate_limit is None)
    timing = found.resolve_timing(served.mock.behaviour)

    def render(body: Body) -> Reply:
        made = rewrite_for_client(adapt_response(request, example, body), example.request.origin, base)
        response = _add_headers(served, request, example, made, how)
        content = response.body if isinstance(response.body, bytes) else b""
        told = (example.id, example.name, found.summary)
        stream = stream_from_response(response, timing)
        return Reply(render_head(response), content, response, behaviour, fixed, served, *told, stream)

    origin = ("origin",) if served.mock.cors else ()
    key = None if found.is_filled else (id(example), base, how, behaviour, fixed, *make_vary_key(request, *origin))
    whole = is_recoded(request, example)
    return served.reply_cache.get_or_render(key, example.response.body, served.bodies, render, whole=whole)


def _add_headers(
    served: CompiledMockServer, request: Request, example: Example, response: Response, how: str
) -> Response:
    told = f'{example.id}; path="{how}"'.encode("latin-1", "replace")
    headers = Headers((*response.headers.fields, (EXAMPLE_HEADER, told)))
    if served.mock.cors:
        headers = cors.add_cors_headers(headers, request.headers.get("origin"))
    return replace(response, headers=headers)


def _reply_without_example(
    served: CompiledMockServer, request: Request, response: Response, told: str, *, fixed: bool = False
) -> Reply:
    """A reply that no example gives."""
    if served.mock.cors:
        response = replace(response, headers=cors.add_cors_headers(response.headers, request.headers.get("origin")))
    reply = make_reply(response, summary=told, server=served, head_only=request.method == "HEAD")
    return replace(reply, is_cacheable=True) if fixed and len(reply.body) <= MAX_CACHED_ERROR_BYTES else reply
