"""The sites of a gateway: the active mode, for one kind of connection each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import msgspec

from understudy.serving.answers.example_replies import (
    make_failure_reply,
    make_reply_key,
    may_cache,
    render_example_reply,
    set_end,
)
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.replies import PendingReply, Reply, Upgrade, make_reply
from understudy.serving.answers.reply_cache import BodyLookup, make_vary_key
from understudy.serving.answers.streams import render_interim_heads
from understudy.serving.fields.cookie_rewriting import RenamedCookies
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.targets import to_origin_form
from understudy.serving.seen_calls import CallWatch, see_refusal
from understudy.serving.site_protocol import WireCache
from understudy.serving.websockets.handshake import answer_handshake, is_websocket_request
from understudy.store.model.collections import Example
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Headers, Origin, Request
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.values import replace

MOST_KINDS = 256
_SCHEME_AND_HOST = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@dataclass(frozen=True, slots=True)
class ConnectionKind:
    """The properties of a connection that its answers depend on.

    `origin` is the origin of requests in origin form. `is_reverse`: the client takes the gateway for that origin;
    `tunnel`: it asked for that origin by CONNECT. `tls` is that of the client's side. `own_address` is the address of
    the gateway: a client that uses it both as proxy and as API sends requests for that address to that address.
    """

    origin: Origin
    is_reverse: bool
    tunnel: bool
    tls: bool
    own_address: tuple[str, int] | None = None


class Route(msgspec.Struct, frozen=True):
    """The origin of a request, its target in origin form, and whether the client takes the gateway for that origin."""

    origin: Origin
    target: bytes
    is_reverse: bool


class GatewaySite:
    """The `Site` of a gateway: it answers the requests that examples answer, except CONNECT and upgrades.

    Of upgrades it answers replayed WebSockets, unless `can_replay_websockets` is off.
    """

    can_replay_websockets = True

    __slots__ = ("_active", "_bodies", "_kind", "_renamed", "_watch", "wire_cache")

    def __init__(
        self,
        active: ActiveMode,
        kind: ConnectionKind,
        bodies: BodyLookup,
        renamed: RenamedCookies | None = None,
        watch: CallWatch | None = None,
    ) -> None:
        self._watch = watch
        self.wire_cache = WireCache()
        self._renamed = RenamedCookies() if renamed is None else renamed
        self._active = active
        self._kind = kind
        self._bodies = bodies

    def respond(self, raw_request: RawRequest) -> Reply | PendingReply | None:
        """Return the reply; None for what mitmproxy handles: CONNECT, upgrades, and requests that are forwarded."""
        active = self._active
        if (
            not active.has_answers
            or raw_request.method == "CONNECT"
            or (_has_upgrade(raw_request) and not self._is_replayed_websocket(raw_request))
        ):
            return None
        routed = route_request(self._kind, raw_request.to_request())
        if routed is None:
            return None
        request, reverse = routed
        client = self._find_client(request) if reverse else None
        request = respond.assign_origin(active, request, reverse=reverse)
        if reverse and not self._kind.tls:
            request = self._renamed.restore_request(request)
        outcome = respond.decide_outcome(active, request, reverse=reverse)
        if not outcome.has_answer and active.mode is Mode.SPY:
            return None
        respond.log_outcome(active, request.method, request.path, outcome)
        return self._reply(request, outcome, client)

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Show a call; gateways have no call log."""
        if self._watch is not None:
            self._watch.note_reply(call, reply, at, duration)

    def log_refusal(self, problem: MalformedRequest, at: float) -> None:
        """Show a request that was refused."""
        if self._watch is not None:
            self._watch.note_call(see_refusal(problem.status, problem.message, at))

    def _is_replayed_websocket(self, raw_request: RawRequest) -> bool:
        if not self.can_replay_websockets or self._active.mode is not Mode.REPLAY or raw_request.method != "GET":
            return False
        return is_websocket_request(Headers(raw_request.fields))

    def _find_client(self, request: Request) -> Origin | None:
        return find_client_origin(self._kind, request.headers.get("host"), request.origin or self._kind.origin)

    def _reply(self, request: Request, outcome: Outcome, client: Origin | None) -> Reply | PendingReply:
        behaviour = respond.resolve_behaviour(self._active, outcome)
        refusal = respond.refuse_over_limit(self._active, outcome, behaviour)
        if refusal is not None:
            return make_reply(refusal, summary="rate limit", method=request.method)
        if outcome.example is None:
            failure = respond.render_failure(self._active, outcome)
            miss = respond.explain_miss(self._active, outcome)
            return make_failure_reply(failure, request, outcome, behaviour, miss=miss)
        if outcome.example.response.status == 101:
            return self._upgrade(request, outcome, outcome.example)
        return self._answer_from_example(request, outcome, outcome.example, client, behaviour)

    def _upgrade(self, request: Request, outcome: Outcome, example: Example) -> Reply:
        answer = answer_handshake(request, example.response)
        reply = replace(make_reply(answer, summary=outcome.summary), example_id=example.id, example_name=example.name)
        replay = self._active.replay
        recorded = replay.websockets.get(example.id)
        if answer.status != 101 or recorded is None:
            return reply
        on_divergence = partial(respond.report_divergence, self._active, request, recorded.exchange_id)
        timing, redactor = outcome.resolve_timing(self._active.behaviour), replay.tally.redactor
        entry, began, ignored = recorded.exchange_id, recorded.began, replay.ignored_in_messages
        return replace(reply, upgrade=Upgrade(reply.head, entry, began, timing, on_divergence, redactor, ignored))

    def _answer_from_example(
        self, request: Request, outcome: Outcome, example: Example, client: Origin | None, behaviour: Behaviour | None
    ) -> Reply | PendingReply:
        active = self._active
        # A cached reply is not logged, and with such a log level each hit is logged.
        is_cacheable = may_cache(outcome, behaviour) and not respond.is_logging_hits()
        timing = outcome.resolve_timing(active.behaviour)

        def render(body: Body) -> Reply:
            response = respond.build_response(active, request, outcome, body, client, self._renamed)
            # The clients of a mock are others than the recorded one, and may not know informational responses.
            interim = render_interim_heads(response) if active.mode is Mode.REPLAY else b""
            reply = render_example_reply(response, outcome, behaviour, timing, is_cacheable, interim=interim)
            hold = active.replay.find_hold(request, example)
            return set_end(
                reply if hold is None else replace(reply, hold=hold), active.dates.find_end(response, example)
            )

        reason = outcome.path_reason if active.explains else ""
        key = make_reply_key(outcome, behaviour, is_cacheable, client, reason, *make_vary_key(request))
        whole = respond.needs_whole_body(active, request, outcome, reverse=client is not None)
        return active.reply_cache.get_or_render(key, example.response.body, self._bodies, render, whole=whole)


class GatewaySites:
    """The sites of a gateway: one for each kind of connection, as long as the same mode is active.

    `renamed` are the cookies that the gateway renamed for its clients, in whatever mode. `watch` gets the calls.
    """

    def __init__(
        self, bodies: BodyLookup, renamed: RenamedCookies | None = None, watch: CallWatch | None = None
    ) -> None:
        self.renamed = RenamedCookies() if renamed is None else renamed
        self._watch = watch
        self._bodies = bodies
        self._active: ActiveMode | None = None
        self._sites: dict[ConnectionKind, GatewaySite] = {}

    def get_site(self, active: ActiveMode, kind: ConnectionKind) -> GatewaySite:
        """Return the site for a connection of this kind."""
        if active is not self._active or len(self._sites) >= MOST_KINDS:
            self._active = active
            self._sites = {}
        site = self._sites.get(kind)
        if site is None:
            site = self._sites[kind] = GatewaySite(active, kind, self._bodies, self.renamed, self._watch)
        return site


def is_own_address(own_address: tuple[str, int] | None, host: str, port: int) -> bool:
    """Return whether host and port are those of the gateway itself."""
    return own_address is not None and port == own_address[1] and host in (own_address[0], "localhost")


def route_request(kind: ConnectionKind, request: Request) -> tuple[Request, bool] | None:
    """Return the request in origin form with its origin, and whether the client takes the gateway for that origin."""
    route = find_route(kind, request.target)
    return (replace(request, target=route.target, origin=route.origin), route.is_reverse) if route else None


def find_route(kind: ConnectionKind, target: bytes) -> Route | None:
    """Return the route of a request with this target; None if the target names no valid origin."""
    if target.startswith(b"/") or target == b"*":
        return Route(kind.origin, target, kind.is_reverse)
    prefix = _SCHEME_AND_HOST.match(target)
    if prefix is None or kind.tunnel:
        return None
    try:
        origin = Origin.parse(prefix[0].decode("latin-1"))
    except ValueError:
        return None
    target = to_origin_form(Request("", target))[0].target
    if is_own_address(kind.own_address, origin.host, origin.port):
        return Route(kind.origin, target, kind.is_reverse)
    is_reverse = kind.is_reverse and (origin.normal.host, origin.port) == (kind.origin.normal.host, kind.origin.port)
    return Route(origin, target, is_reverse)


def find_client_origin(kind: ConnectionKind, host: str | None, origin: Origin) -> Origin | None:
    """Return the origin that a client of a reverse proxy calls: by its Host, else the gateway's own address.

    Without either it is that of `origin`.
    """
    address = kind.own_address and f"{kind.own_address[0]}:{kind.own_address[1]}"
    try:
        return Origin.parse(f"{'https' if kind.tls else 'http'}://{host or address or origin.authority}")
    except ValueError:
        return None


def _has_upgrade(raw_request: RawRequest) -> bool:
    return any(name.lower() == b"upgrade" for name, _ in raw_request.fields)
