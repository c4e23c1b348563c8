"""The layer that answers HTTP/1.1 in mock and replay, with the responder that mock servers have, too.

It makes no flow and runs no hooks of HTTP. A connection that it cannot read goes to another layer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import time

from mitmproxy.connection import Client
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.backpressure import wait_for_client
from understudy.addons.current import CurrentMode
from understudy.addons.flows import UNRESOLVABLE_ADDRESS
from understudy.addons.loop.body_reader import BodyReader
from understudy.addons.loop.client_holds import ClientHolder, ReleaseEvent
from understudy.addons.loop.client_limits import TimeLimitEvent, WaitsForClient
from understudy.addons.loop.turns import PIECE_BYTES
from understudy.addons.websockets.replay_layer import ConversationLayer
from understudy.serving.answers.body_schedule import Fetch
from understudy.serving.answers.replies import Hold, Upgrade
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.site import ConnectionKind, GatewaySite, GatewaySites
from understudy.serving.http1.limits import DEFAULT_GATEWAY_LIMITS, Limits
from understudy.serving.http1.waits import Awaited, ClientWait
from understudy.serving.responder import Responder
from understudy.serving.steps import Close, HandOver, Step, Wait
from understudy.store.model.messages import Body, Origin

logger = logging.getLogger(__name__)


@dataclass
class BodyFetch:
    """A body, or its piece at a position, that a layer waits for; `content` stays None if it cannot be read."""

    body: Body
    position: int | None = None
    content: bytes | None = None


@dataclass
class FetchBodyHook(commands.StartHook):
    """A layer waits for a body from the store; `BodyFetcher` reads it."""

    fetch: BodyFetch


class BodyFetcher:
    """The addon that reads bodies for layers."""

    def __init__(self, bodies: BodyReader) -> None:
        self._bodies = bodies

    async def fetch_body(self, fetch: BodyFetch) -> None:
        """Read the body; the layer goes on when this is done."""
        try:
            fetch.content = await self._bodies.read_part(fetch.body, fetch.position)
        except Exception as error:  # noqa: BLE001 - the layer sends the client an error
            logger.warning("could not read a body: %s", error)


class AnswerLayer(layer.Layer):
    """One connection. `make_next_layer` makes the layer that takes it over, for the bytes that it goes on with.

    `holder` holds a request of it open.
    """

    def __init__(
        self,
        context: Context,
        current: CurrentMode,
        sites: GatewaySites,
        kind: ConnectionKind,
        holder: ClientHolder,
        make_next_layer: Callable[[Context, bytes], layer.Layer],
        limits: Limits = DEFAULT_GATEWAY_LIMITS.answering,
    ) -> None:
        super().__init__(context)
        self._current = current
        self._sites = sites
        self._kind = kind
        self._holder = holder
        self._make_next_layer = make_next_layer
        self._active: ActiveMode = current.active
        self._responder = Responder(self._get_site, limits, hands_over=True)
        self._waiting: commands.Command | None = None
        self._next: layer.Layer | None = None
        self._is_closed = False

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self._next is not None:
            yield from self._next.handle_event(event)
        elif isinstance(event, events.DataReceived):
            yield from self._receive(event.data)
        elif isinstance(event, events.Wakeup):
            if event.command is self._waiting:
                yield from self._wake()
        elif isinstance(event, TimeLimitEvent):
            event.is_handled = True
            self._responder.refuse(event.refusal)
            yield from self._advance()
        elif isinstance(event, ReleaseEvent) and event.holder is self._holder:
            yield from self._end_hold()
        elif isinstance(event, events.ConnectionClosed) and event.connection is self.context.client:
            self._responder.end_input()
            yield from self._end_hold()
            if self._waiting is None:
                yield from self._advance()

    def find_wait(self) -> ClientWait:
        """Return what is awaited from the client."""
        if self._next is not None:
            return self._next.find_wait() if isinstance(self._next, WaitsForClient) else ClientWait(Awaited.MOVEMENT)
        if self._is_closed:
            return ClientWait(Awaited.END)
        is_busy = self._holder.is_holding or self._waiting is not None
        return ClientWait(Awaited.NOTHING) if is_busy else self._responder.find_wait()

    @property
    def is_idle(self) -> bool:
        """Whether every request is answered."""
        return self._responder.is_idle and self._waiting is None

    @property
    def is_closed(self) -> bool:
        """Whether it has closed the connection."""
        return self._is_closed

    def answer_request(self, active: ActiveMode, request: bytes) -> layer.CommandGenerator[None]:
        """Answer one complete request in the mode that it began in."""
        self._active = active
        self._responder.receive(request)
        yield from self._advance()

    def _get_site(self) -> GatewaySite:
        return self._sites.get_site(self._active, self._kind)

    def _receive(self, data: bytes) -> layer.CommandGenerator[None]:
        responder = self._responder
        if self._holder.is_holding:  # the connection ends with the hold
            return
        if not responder.is_busy and not responder.reader.is_in_body:  # a request finishes in the mode it started in
            self._active = self._current.active
        if responder.is_idle:
            site, at = self._get_site(), time()
            reply = site.wire_cache.get(data)
            if reply is not None and reply.behaviour is None and at < reply.end:
                yield commands.SendData(self.context.client, reply.wire)
                site.log_call(data, reply, at, time() - at)
                return
        responder.receive(data)
        if self._waiting is None:
            yield from self._advance()

    def _wake(self) -> layer.CommandGenerator[None]:
        is_there = yield from wait_for_client(self.context.client)
        self._waiting = None
        if is_there:
            yield from self._advance()
        else:
            yield commands.CloseConnection(self.context.client)

    def _advance(self) -> layer.CommandGenerator[None]:
        while self._waiting is None and self._next is None:
            step = self._responder.next()
            if step is None:
                return
            yield from self._perform(step)

    def _perform(self, step: Step) -> layer.CommandGenerator[None]:
        match step:
            case bytes():
                yield from self._send(step)
            case Wait():
                self._waiting = commands.RequestWakeup(step.seconds)
                yield self._waiting
            case Hold():
                if not self._holder.begin(step):
                    self._responder.release()
            case Fetch():
                fetch = BodyFetch(step.body, step.position)
                yield FetchBodyHook(fetch)
                self._responder.receive_body(fetch.content)
            case Close(unread=True):
                # To close with unread bytes would reset the connection, and the client might lose the answer
                # (RFC 9112, section 9.6).
                self._is_closed = True
                yield commands.CloseTcpConnection(self.context.client, half_close=True)
            case Close():
                self._is_closed = True
                yield commands.CloseConnection(self.context.client)
            case HandOver():
                yield from self._hand_over(step.data)
            case Upgrade():
                self._next = ConversationLayer(self.context, step)
                yield from self._next.handle_event(events.Start())

    def _send(self, data: bytes) -> layer.CommandGenerator[None]:
        """Send bytes: many in pieces, each as soon as the client takes it and the other clients have had their turn."""
        for start in range(0, len(data), PIECE_BYTES):
            if start and not (yield from wait_for_client(self.context.client, PIECE_BYTES)):
                self._responder.end_input()
                yield commands.CloseConnection(self.context.client)
                return
            yield commands.SendData(self.context.client, data[start : start + PIECE_BYTES])

    def _end_hold(self) -> layer.CommandGenerator[None]:
        if self._holder.is_holding:
            self._holder.end()
            self._responder.release()
            yield from self._advance()

    def _hand_over(self, data: bytes) -> layer.CommandGenerator[None]:
        self._next = self._make_next_layer(self.context, data)
        yield from self._next.handle_event(events.Start())
        yield from self._next.handle_event(events.DataReceived(self.context.client, data))


def get_gateway_address(client: Client) -> tuple[str, int]:
    """Return the address of the gateway that this client connected to."""
    host, port, *_ = client.sockname
    return host, port


def describe_connection(context: Context, *, is_reverse: bool, tunnel: bool) -> ConnectionKind:
    """Return the kind of a connection whose server address is set."""
    host, port = context.server.address or UNRESOLVABLE_ADDRESS
    scheme = "https" if context.server.tls else "http"
    return ConnectionKind(
        Origin(scheme, host.lower(), port),
        is_reverse,
        tunnel,
        bool(context.client.tls),
        get_gateway_address(context.client),
    )
