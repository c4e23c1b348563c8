"""What a gateway's layer answers from: the value that is active, for one kind of connection."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial

from understudy.serving.answers.answer import is_recoded
from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.replies import Pending, Reply, Speak, reply_of
from understudy.serving.answers.reply_cache import BodyAtHand, varying
from understudy.serving.answers.streams import interim_heads, stream_of
from understudy.serving.gateway import respond
from understudy.serving.gateway.active import Active
from understudy.serving.http1.request_reader import Arrived
from understudy.serving.http1.targets import in_origin_form
from understudy.serving.http1.wire import head_of
from understudy.serving.site_protocol import Known
from understudy.serving.websockets.handshake import asks_for_websocket, handshake
from understudy.store.model.collections import Example
from understudy.store.model.fast_init import quick
from understudy.store.model.gateways import Mode
from understudy.store.model.messages import Body, Headers, Origin, Request
from understudy.store.model.mock_servers import Behaviour

MOST_KINDS = 256
_SCHEME_AND_HOST = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@dataclass(frozen=True, slots=True)
class Kind:
    """Connections that are answered alike.

    `place` is where requests in origin form go to; `own` whether the client takes the gateway for the API itself there,
    `tunnel` whether it asked for that place by CONNECT. `tls` is about the client's side. `here` is the gateway's own
    address: who has it for a proxy and for the API asks it for itself.
    """

    place: Origin
    own: bool
    tunnel: bool
    tls: bool
    here: tuple[str, int] | None = None


@quick
@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes to, its target in origin form, and whether the client takes us for the API there."""

    origin: Origin
    target: bytes
    own: bool


class GatewaySite:
    """See `serving.site_protocol.Site`: takes requests that examples answer, and that the responder can answer whole.

    WebSockets of a replay, too, if it `speaks`.
    """

    speaks = True

    __slots__ = ("_active", "_bodies", "_kind", "known")

    def __init__(self, active: Active, kind: Kind, bodies: BodyAtHand) -> None:
        self.known = Known()
        self._active = active
        self._kind = kind
        self._bodies = bodies

    def respond(self, arrived: Arrived) -> Reply | Pending | None:
        """The reply; None for what belongs to mitmproxy: CONNECT, upgrades, and what is forwarded."""
        active = self._active
        if not active.has_answers or arrived.method == "CONNECT" or (_upgrades(arrived) and not self._speaks(arrived)):
            return None
        place = placed(self._kind, arrived.request())
        if place is None:
            return None
        request, reverse = place
        request = respond.asked(active, request, reverse=reverse)
        what = respond.found(active, request, reverse=reverse)
        if not what.answered and active.mode is Mode.SPY:
            return None
        respond.log(active, request.method, request.path, what)
        return self._reply(request, what, self._client(place[0]) if reverse else None)

    def called(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None:
        """Gateways keep no call log."""

    def _speaks(self, arrived: Arrived) -> bool:
        asked = asks_for_websocket(Headers(arrived.fields))
        return self.speaks and self._active.mode is Mode.REPLAY and asked and arrived.method == "GET"

    def _client(self, request: Request) -> Origin | None:
        return client_of(self._kind, request.headers.get("host"), request.origin or self._kind.place)

    def _reply(self, request: Request, what: Outcome, client: Origin | None) -> Reply | Pending:
        behaviour = respond.behaviour(self._active, what)
        limit = respond.refused(self._active, what, behaviour)
        if limit is not None:
            return reply_of(limit, told="rate limit", head_only=request.method == "HEAD")
        if what.example is None:
            reply = reply_of(respond.failure(self._active, what), told=what.told, head_only=request.method == "HEAD")
            return reply if behaviour is None else replace(reply, behaviour=behaviour)
        if what.example.response.status == 101:
            return self._speaking(request, what, what.example)
        return self._by_example(request, what, what.example, client, behaviour)

    def _speaking(self, request: Request, what: Outcome, example: Example) -> Reply:
        answer = handshake(request, example.response)
        reply = replace(reply_of(answer, told=what.told), example_id=example.id, example_name=example.name)
        replay = self._active.replay
        spoken = replay.websockets.get(example.id)
        if answer.status != 101 or spoken is None:
            return reply
        diverged = partial(respond.diverged, self._active, request, spoken.exchange_id)
        timing, redactor = what.timing(self._active.behaviour), replay.tally.redactor
        return replace(reply, speak=Speak(reply.head, spoken.exchange_id, spoken.began, timing, diverged, redactor))

    def _by_example(
        self, request: Request, what: Outcome, example: Example, client: Origin | None, behaviour: Behaviour | None
    ) -> Reply | Pending:
        # A hit that is logged is logged each time.
        fixed = what.fixed and (behaviour is None or behaviour.rate_limit is None) and not respond.logs_hits()
        timing = what.timing(self._active.behaviour)

        def render(body: Body) -> Reply:
            made = respond.response(request, example, body, client)
            content = made.body if isinstance(made.body, bytes) else b""
            told = (example.id, example.name, what.told)
            # A mock has other clients than those that were seen to take such a response.
            interim = interim_heads(made) if self._active.mode is Mode.REPLAY else b""
            return Reply(head_of(made), content, made, behaviour, fixed, None, *told, stream_of(made, timing), interim)

        key = None if what.filled else (id(example), client, behaviour, fixed, *varying(request))
        whole = is_recoded(request, example)
        return self._active.rendered.reply(key, example.response.body, self._bodies, render, whole=whole)


class GatewaySites:
    """The sites of a gateway: one for each kind of connection, as long as the same value is active."""

    def __init__(self, bodies: BodyAtHand) -> None:
        self._bodies = bodies
        self._active: Active | None = None
        self._sites: dict[Kind, GatewaySite] = {}

    def site(self, active: Active, kind: Kind) -> GatewaySite:
        """The site for a connection of this kind."""
        if active is not self._active or len(self._sites) >= MOST_KINDS:
            self._active = active
            self._sites = {}
        found = self._sites.get(kind)
        if found is None:
            found = self._sites[kind] = GatewaySite(active, kind, self._bodies)
        return found


def is_here(here: tuple[str, int] | None, host: str, port: int) -> bool:
    """Whether a request names the gateway itself, whose own address is `here`."""
    return here is not None and port == here[1] and host in (here[0], "localhost")


def placed(kind: Kind, request: Request) -> tuple[Request, bool] | None:
    """The request in origin form with where it goes to, and whether the client takes us for the API there."""
    place = place_of(kind, request.target)
    return (replace(request, target=place.target, origin=place.origin), place.own) if place else None


def place_of(kind: Kind, target: bytes) -> Place | None:
    """Where a request of this target goes to; None if it names no place that it could go to."""
    if target.startswith(b"/") or target == b"*":
        return Place(kind.place, target, kind.own)
    named = _SCHEME_AND_HOST.match(target)
    if named is None or kind.tunnel:
        return None
    try:
        origin = Origin.parse(named[0].decode("latin-1"))
    except ValueError:
        return None
    target = in_origin_form(Request("", target))[0].target
    if is_here(kind.here, origin.host, origin.port):
        return Place(kind.place, target, kind.own)
    own = kind.own and (origin.host, origin.port) == (kind.place.host, kind.place.port)
    return Place(origin, target, own)


def client_of(kind: Kind, host: str | None, origin: Origin) -> Origin | None:
    """Where a client believes to be talking to: its own Host, else the origin's, by the scheme of its connection."""
    try:
        return Origin.parse(f"{'https' if kind.tls else 'http'}://{host or origin.authority}")
    except ValueError:
        return None


def _upgrades(arrived: Arrived) -> bool:
    return any(name.lower() == b"upgrade" for name, _ in arrived.fields)
