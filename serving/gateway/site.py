"""What a gateway's layer answers from: the value that is active, for one kind of connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial

from understudy.serving.answers.answer import is_recoded
from understudy.serving.answers.example_replies import (
    make_failure_reply,
    make_reply_key,
    may_cache,
    render_example_reply,
)
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.replies import PendingReply, Reply, Upgrade, make_reply
from understudy.serving.answers.reply_cache import BodyLookup, make_vary_key
from understudy.serving.answers.streams import render_interim_heads
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.http1.targets import to_origin_form
from understudy.serving.site_protocol import WireCache
from understudy.serving.websockets.handshake import answer_handshake, is_websocket_request
from understudy.store.model.collections import Example
from understudy.store.model.fast_init import fast_init
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Headers, Origin, Request
from understudy.store.model.mock_servers import Behaviour

MOST_KINDS = 256
_SCHEME_AND_HOST = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@dataclass(frozen=True, slots=True)
class ConnectionKind:
    """Connections that are answered alike.

    `place` is where requests in origin form go to; `own` whether the client takes the gateway for the API itself there,
    `tunnel` whether it asked for that place by CONNECT. `tls` is about the client's side. `here` is the gateway's own
    address: who has it for a proxy and for the API asks it for itself.
    """

    origin: Origin
    is_reverse: bool
    tunnel: bool
    tls: bool
    own_address: tuple[str, int] | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes to, its target in origin form, and whether the client takes us for the API there."""

    origin: Origin
    target: bytes
    is_reverse: bool


class GatewaySite:
    """See `serving.site_protocol.Site`: takes requests that examples answer, and that the responder can answer whole.

    WebSockets of a replay, too, if it `speaks`.
    """

    can_replay_websockets = True

    __slots__ = ("_active", "_bodies", "_kind", "wire_cache")

    def __init__(self, active: ActiveMode, kind: ConnectionKind, bodies: BodyLookup) -> None:
        self.wire_cache = WireCache()
        self._active = active
        self._kind = kind
        self._bodies = bodies

    def respond(self, raw_request: RawRequest) -> Reply | PendingReply | None:
        """The reply; None for what belongs to mitmproxy: CONNECT, upgrades, and what is forwarded."""
        active = self._active
        if (
            not active.has_answers
            or raw_request.method == "CONNECT"
            or (_has_upgrade(raw_request) and not self._is_replayed_websocket(raw_request))
        ):
            return None
        place = route_request(self._kind, raw_request.to_request())
        if place is None:
            return None
        request, reverse = place
        request = respond.assign_origin(active, request, reverse=reverse)
        what = respond.decide_outcome(active, request, reverse=reverse)
        if not what.has_answer and active.mode is Mode.SPY:
            return None
        respond.log_outcome(active, request.method, request.path, what)
        return self._reply(request, what, self._find_client(place[0]) if reverse else None)

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Gateways keep no call log."""

    def _is_replayed_websocket(self, arrived: RawRequest) -> bool:
        asked = is_websocket_request(Headers(arrived.fields))
        return self.can_replay_websockets and self._active.mode is Mode.REPLAY and asked and arrived.method == "GET"

    def _find_client(self, request: Request) -> Origin | None:
        return find_client_origin(self._kind, request.headers.get("host"), request.origin or self._kind.origin)

    def _reply(self, request: Request, outcome: Outcome, client: Origin | None) -> Reply | PendingReply:
        behaviour = respond.resolve_behaviour(self._active, outcome)
        refusal = respond.refuse_over_limit(self._active, outcome, behaviour)
        if refusal is not None:
            return make_reply(refusal, summary="rate limit", method=request.method)
        if outcome.example is None:
            failure = respond.render_failure(self._active, outcome)
            return make_failure_reply(failure, request, outcome.summary, behaviour)
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
        return replace(
            reply, upgrade=Upgrade(reply.head, recorded.exchange_id, recorded.began, timing, on_divergence, redactor)
        )

    def _answer_from_example(
        self, request: Request, outcome: Outcome, example: Example, client: Origin | None, behaviour: Behaviour | None
    ) -> Reply | PendingReply:
        active = self._active
        # A cached reply is not logged, and with such a log level each hit is logged.
        is_cacheable = may_cache(outcome, behaviour) and not respond.is_logging_hits()
        timing = outcome.resolve_timing(active.behaviour)

        def render(body: Body) -> Reply:
            response = respond.build_response(request, example, body, client)
            # The clients of a mock are others than the recorded one, and may not know informational responses.
            interim = render_interim_heads(response) if active.mode is Mode.REPLAY else b""
            return render_example_reply(response, outcome, behaviour, timing, is_cacheable, interim=interim)

        key = make_reply_key(outcome, behaviour, is_cacheable, client, *make_vary_key(request))
        whole = is_recoded(request, example)
        return active.reply_cache.get_or_render(key, example.response.body, self._bodies, render, whole=whole)


class GatewaySites:
    """The sites of a gateway: one for each kind of connection, as long as the same value is active."""

    def __init__(self, bodies: BodyLookup) -> None:
        self._bodies = bodies
        self._active: ActiveMode | None = None
        self._sites: dict[ConnectionKind, GatewaySite] = {}

    def get_site(self, active: ActiveMode, kind: ConnectionKind) -> GatewaySite:
        """The site for a connection of this kind."""
        if active is not self._active or len(self._sites) >= MOST_KINDS:
            self._active = active
            self._sites = {}
        found = self._sites.get(kind)
        if found is None:
            found = self._sites[kind] = GatewaySite(active, kind, self._bodies)
        return found


def is_own_address(own_address: tuple[str, int] | None, host: str, port: int) -> bool:
    """Whether a request names the gateway itself, whose own address is `here`."""
    return own_address is not None and port == own_address[1] and host in (own_address[0], "localhost")


def route_request(kind: ConnectionKind, request: Request) -> tuple[Request, bool] | None:
    """The request in origin form with where it goes to, and whether the client takes us for the API there."""
    place = find_route(kind, request.target)
    return (replace(request, target=place.target, origin=place.origin), place.is_reverse) if place else None


def find_route(kind: ConnectionKind, target: bytes) -> Route | None:
    """Where a request of this target goes to; None if it names no place that it could go to."""
    if target.startswith(b"/") or target == b"*":
        return Route(kind.origin, target, kind.is_reverse)
    named = _SCHEME_AND_HOST.match(target)
    if named is None or kind.tunnel:
        return None
    try:
        origin = Origin.parse(named[0].decode("latin-1"))
    except ValueError:
        return None
    target = to_origin_form(Request("", target))[0].target
    if is_own_address(kind.own_address, origin.host, origin.port):
        return Route(kind.origin, target, kind.is_reverse)
    own = kind.is_reverse and (origin.host, origin.port) == (kind.origin.host, kind.origin.port)
    return Route(origin, target, own)


def find_client_origin(kind: ConnectionKind, host: str | None, origin: Origin) -> Origin | None:
    """Where a client believes to be talking to: its own Host, else the origin's, by the scheme of its connection."""
    try:
        return Origin.parse(f"{'https' if kind.tls else 'http'}://{host or origin.authority}")
    except ValueError:
        return None


def _has_upgrade(arrived: RawRequest) -> bool:
    return any(name.lower() == b"upgrade" for name, _ in arrived.fields)
