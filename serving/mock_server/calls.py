"""The answer of a mock server to a call, in the order of the specification (mock servers, "The order of a call")."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

from understudy.serving.answers import cors
from understudy.serving.answers.answer import adapt_response, needs_whole_body, render_error
from understudy.serving.answers.conditional import apply_conditions
from understudy.serving.answers.example_replies import (
    make_failure_reply,
    make_reply_key,
    may_cache,
    name_example,
    refuse_over_limit,
    render_example_reply,
    set_end,
)
from understudy.serving.answers.outcomes import Answers, Outcome, find_outcome
from understudy.serving.answers.rate_limits import LocalRateCounts, RateCounts
from understudy.serving.answers.replies import CallCounter, PendingReply, Reply, make_reply
from understudy.serving.answers.reply_cache import BodyLookup, ReplyCache, get_inline_body, make_vary_key
from understudy.serving.answers.rpc_ids import carry_ids
from understudy.serving.fields.body_rewriting import needs_body, rewrite_example_body
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.fields.dates import AS_NOW, Dates
from understudy.serving.fields.url_rewriting import rewrite_for_client
from understudy.serving.loose_matches import LooseMatches
from understudy.store.model.collections import Example
from understudy.store.model.messages import Body, Request, Response
from understudy.store.model.mock_servers import Behaviour, MockServer, digest_key
from understudy.store.model.naming import escape_unprintable
from understudy.store.model.values import replace
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)

KEY_HEADERS = ("x-api-key", "x-understudy-key")
KEY_NEEDED = "This mock server is private: send a valid key in the x-api-key header (or x-understudy-key)."

MAX_CACHED_ERROR_BYTES = 4 * 1024  # of an error that may be cached by the bytes of its request
_PREFLIGHT_HEADERS = ("origin", "access-control-request-method", "access-control-request-headers")


@dataclass(slots=True)
class LocalCallCounter:
    """A count of calls in this process."""

    calls: int = 0

    def count(self) -> None:
        """Add one call."""
        self.calls += 1


@dataclass(frozen=True, slots=True, eq=False)
class CompiledMockServer:
    """A mock server with all that its calls need.

    `keys` are the digests of valid keys. `server_error` answers every call if it is set. `unlogged` counts the calls
    that are not logged because the log is off; None while it is on. `reply_cache` belongs to this value alone.
    `renamed` are the cookies that the mock server renamed for its clients,
    `dates` is how recorded dates are sent. `loose_matches` are its answers by ids or by distance, for the log.
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
    renamed: RenamedCookies = field(default_factory=RenamedCookies)
    dates: Dates = AS_NOW
    loose_matches: LooseMatches = field(default_factory=LooseMatches)


def respond(server: CompiledMockServer, request: Request, base: str) -> Reply | PendingReply:
    """Return the reply to a request in origin form, relative to the root of the mock server at the URL `base`."""
    mock = server.mock
    is_preflight = mock.cors and cors.is_preflight(request)
    if is_preflight and not _has_example(server, request):
        return _reply_without_example(server, request, cors.answer_preflight(request), "CORS preflight")
    if is_preflight:  # a browser sends no key with it
        return _answer_match(server, request, base)
    if mock.private and not _has_key(server, request):
        return _reply_without_example(
            server, request, render_error(401, "invalidCredentialsError", KEY_NEEDED), "no valid key"
        )
    if server.server_error is not None:
        return _allow_caching(_reply_without_example(server, request, server.server_error, "active server error"))
    if base.startswith("http:"):
        request = server.renamed.restore_request(request)
    return _answer_match(server, request, base)


def _has_example(server: CompiledMockServer, request: Request) -> bool:
    return server.answers.index.decide(request).candidate is not None


def _has_key(server: CompiledMockServer, request: Request) -> bool:
    headers = request.headers
    digests = [digest_key(key.encode("latin-1")) for name in KEY_HEADERS for key in headers.get_all(name)]
    # All are compared, in constant time, so that the duration reveals nothing.
    equal = [hmac.compare_digest(digest, valid) for digest in digests for valid in server.keys]
    return any(equal)


def _answer_match(server: CompiledMockServer, request: Request, base: str) -> Reply | PendingReply:
    outcome = find_outcome(server.answers, request)
    behaviour = outcome.resolve_behaviour(server.mock.behaviour)
    refusal = refuse_over_limit(behaviour, outcome, server.rates, server.mock.id, server.now)
    if refusal is not None:
        return _reply_without_example(server, request, refusal, "rate limit")
    if outcome.example is None:
        failure = _add_cors_headers(server, request, outcome.render_failure())
        return _allow_caching(make_failure_reply(failure, request, outcome, behaviour, server))
    return _answer_from_example(server, request, outcome, behaviour, base)


def _answer_from_example(
    server: CompiledMockServer, request: Request, outcome: Outcome, behaviour: Behaviour | None, base: str
) -> Reply | PendingReply:
    example = outcome.example
    assert example is not None
    if loose := server.loose_matches.describe(outcome):
        name = escape_unprintable(server.mock.name)
        logger.warning("mock server %s, %s %s: %s", name, request.method, format_log_path(request.path), loose)
    reason, is_cacheable = outcome.path_reason, may_cache(outcome, behaviour)
    timing = outcome.resolve_timing(server.mock.behaviour)

    def render(body: Body) -> Reply:
        sent, body = rewrite_example_body(example, body, base) if server.mock.rewrite_bodies else (example, body)
        response = carry_ids(adapt_response(request, sent, body), outcome.new_ids)
        response = apply_conditions(response, request, outcome)
        response = server.dates.apply(response, example)
        response = rewrite_for_client(response, example.request.origin, base, server.renamed)
        response = _add_headers(server, request, example, response, reason)
        reply = render_example_reply(response, outcome, behaviour, timing, is_cacheable, server=server)
        return set_end(reply, server.dates.find_end(response, example))

    vary = make_vary_key(request, *_list_cors_headers(server, request))
    key = make_reply_key(outcome, behaviour, is_cacheable, base, reason, *vary)
    is_rewritten = server.mock.rewrite_bodies and needs_body(example)
    whole = is_rewritten or needs_whole_body(request, example, is_edited=bool(outcome.new_ids))
    return server.reply_cache.get_or_render(key, example.response.body, server.bodies, render, whole=whole)


def _list_cors_headers(server: CompiledMockServer, request: Request) -> tuple[str, ...]:
    """Return the names of the header fields of a request that CORS fields of its answer depend on."""
    if not server.mock.cors:
        return ()
    return _PREFLIGHT_HEADERS if request.method == "OPTIONS" else ("origin",)


def _add_headers(
    server: CompiledMockServer, request: Request, example: Example, response: Response, reason: str
) -> Response:
    response = name_example(response, example, reason)
    if server.mock.private and server.mock.cors and cors.is_preflight(request):
        response = replace(response, headers=cors.allow_headers(response.headers, request, KEY_HEADERS))
    return _add_cors_headers(server, request, response)


def _add_cors_headers(server: CompiledMockServer, request: Request, response: Response) -> Response:
    if not server.mock.cors:
        return response
    return replace(response, headers=cors.add_cors_headers(response.headers, request.headers.get("origin")))


def _reply_without_example(server: CompiledMockServer, request: Request, response: Response, summary: str) -> Reply:
    response = _add_cors_headers(server, request, response)
    return make_reply(response, summary=summary, server=server, method=request.method)


def _allow_caching(reply: Reply) -> Reply:
    """Let an error be kept with the request that it answers, if it is small and nothing is done to it on purpose."""
    small = len(reply.body) <= MAX_CACHED_ERROR_BYTES
    return replace(reply, is_cacheable=True) if small and reply.behaviour is None else reply
