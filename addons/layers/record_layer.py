"""The layer that reads the requests of one HTTP/1.1 connection, and has them forwarded and recorded.

It makes no flow, and runs no hooks but mitmproxy's for connections and TLS. `record_states` has its states.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto

from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.accepted_request import AcceptedRequest, find_refusal
from understudy.addons.layers.exchange_forwarder import ExchangeForwarder
from understudy.addons.layers.exchange_in_flight import CommitEvent, ExchangeInFlight
from understudy.addons.layers.record_states import ClientState, Ended, Forwarding, Idle, Skipping, Spying, move
from understudy.addons.layers.spy import LookupState, SpyRequest
from understudy.addons.layers.upstream_connection import CommandIterator
from understudy.addons.loop.client_limits import TimeLimitEvent
from understudy.addons.loop.connections import PausedReading
from understudy.serving.answers.answer import read_error_message, render_refusal
from understudy.serving.gateway import error_replies as replies
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.forwarded_heads import restore_cookies
from understudy.serving.gateway.site import ConnectionKind, find_route
from understudy.serving.http1.framing import FramingError
from understudy.serving.http1.heads import (
    HEAD_END,
    RequestHead,
    UnsupportedRequest,
    check_partial_head,
    read_request,
)
from understudy.serving.http1.rules import MalformedRequest, refuse_body_size, refuse_version
from understudy.serving.http1.waits import Awaited, ClientWait
from understudy.serving.http1.wire import CONTINUE
from understudy.serving.seen_calls import NOT_READ, see_refusal
from understudy.store.errors import StoreError
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Response

# What a client may send while its last request is not answered.
MAX_UNREAD_BYTES = 256 * 1024


class Successor(Enum):
    """The layer that takes a connection over between two requests."""

    ANSWERS = auto()
    MITMPROXY = auto()


class RecordLayer(layer.Layer):
    """One connection. `on_hand_over` gives it to another layer, with the bytes that this layer has not used."""

    def __init__(
        self,
        context: Context,
        settings: ForwardingSettings,
        kind: ConnectionKind,
        on_hand_over: Callable[[Successor, bytes], CommandIterator],
    ) -> None:
        super().__init__(context)
        self._settings = settings
        self._kind = kind
        self._on_hand_over = on_hand_over
        self._state: ClientState = Idle()
        self._unread = b""
        self._unread_since = 0.0  # seconds since the epoch
        self._checked = 0  # how much of an incomplete head was checked
        self._body_bytes = 0  # what has come of the body of the request that is forwarded
        self._body_since = 0.0  # when the request was accepted, in seconds since the epoch
        self._has_last_request = False  # the client sends no other, or it cannot be found in the bytes
        self._paused_reading = PausedReading(settings.connections, context.client.id)
        self._forwarder = ExchangeForwarder(
            context, settings, kind, self._paused_reading, on_open=self._advance, on_finish=self._finish_exchange
        )

    def owns(self, connection: Connection) -> bool:
        """Whether this is a connection of the layer to an upstream."""
        return self._forwarder.owns(connection)

    def handle_event(self, event: events.Event) -> CommandIterator:  # type: ignore[override]  # it waits for no command
        """Take an event; what comes of it is done while the commands are taken."""
        yield from self._take_event(event)
        if (
            self._paused_reading.connections
            or len(self._unread) > MAX_UNREAD_BYTES
            or self._forwarder.committer.is_behind
        ):
            self._apply_backpressure()

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        yield from self.handle_event(event)

    def _take_event(self, event: events.Event) -> CommandIterator:
        # Where nothing follows what another function makes, its commands are returned: each generator takes time.
        if isinstance(event, events.ConnectionEvent):
            if event.connection is self.context.client:
                return self._handle_client_event(event)
            return self._forwarder.handle_upstream_event(event)
        if isinstance(event, CommitEvent):
            return self._forwarder.handle_commit(event)
        if isinstance(event, events.CommandCompleted):
            return self._handle_completion(event)
        return self._handle_time_limit(event) if isinstance(event, TimeLimitEvent) else iter(())

    def find_wait(self) -> ClientWait:
        """Return what is awaited from the client."""
        state = self._state
        if isinstance(state, Idle):
            return ClientWait(Awaited.HEAD, self._unread_since) if self._unread else ClientWait(Awaited.REQUEST)
        if isinstance(state, Ended):
            return ClientWait(Awaited.END)
        if isinstance(state, Forwarding):
            return ClientWait(self._forwarder.awaited, self._body_since)
        is_awaited = isinstance(state, Skipping) or (
            isinstance(state, Spying) and state.spy.state is LookupState.READING
        )
        return ClientWait(Awaited.BODY, self._body_since) if is_awaited else ClientWait(Awaited.NOTHING)

    def _handle_time_limit(self, event: TimeLimitEvent) -> CommandIterator:
        """Refuse a request that has not come in time."""
        event.is_handled = True
        state = self._state
        if isinstance(state, Forwarding):
            return self._refuse_body(event.refusal)
        if isinstance(state, Skipping):  # it has been answered
            return self._close_client()
        if isinstance(state, Spying):
            self._settings.guard.end_request(self.context.client.id)
        return self._refuse(event.refusal)

    def _handle_client_event(self, event: events.ConnectionEvent) -> CommandIterator:
        if isinstance(event, events.DataReceived):
            if not self._unread:
                self._unread_since = time.time()
            self._unread = self._unread + event.data if self._unread else event.data
            return self._advance()
        return self._handle_client_close() if isinstance(event, events.ConnectionClosed) else iter(())

    def _handle_completion(self, event: events.CommandCompleted) -> CommandIterator:
        if self._forwarder.owns_command(event.command):
            yield from self._forwarder.handle_completion(event)
        elif isinstance(self._state, Spying):
            yield from self._state.spy.handle_event(event)
            yield from self._follow_lookup(self._state.spy)

    def _apply_backpressure(self) -> None:
        # An incomplete head has a limit of its own, and nothing else would make room.
        is_full = len(self._unread) >= MAX_UNREAD_BYTES and not isinstance(self._state, Idle)
        has_to_wait = self._forwarder.throttle() or is_full
        self._paused_reading.set(self.context.client, is_paused=has_to_wait)

    # What the client sends.

    def _advance(self) -> CommandIterator:
        """Use what the client has sent, as far as the state allows."""
        before = -1
        while self._unread and len(self._unread) != before:
            before = len(self._unread)
            state = self._state
            if isinstance(state, Idle):
                yield from self._begin_request()
            elif isinstance(state, Forwarding):
                yield from self._forward_body()
            elif isinstance(state, Spying):
                yield from self._read_for_lookup(state.spy)
            elif isinstance(state, Skipping):
                yield from self._skip_body(state.head)

    def _begin_request(self) -> CommandIterator:
        active = self._settings.current.active
        if active.mode.is_offline:  # a request finishes in the mode it started in
            return self._hand_over(Successor.ANSWERS)
        if self._unread[:1] in b"\r\n":  # empty lines before a request are to be skipped (RFC 9112, section 2.2)
            begun = self._unread.lstrip(b"\r\n")
            self._unread = begun or self._unread[-1:]
            if not begun:
                return iter(())
        data, limits = self._unread, self._settings.limits.forwarding
        end = data.find(HEAD_END, max(0, self._checked - 3)) + len(HEAD_END)
        if end < len(HEAD_END):
            problem = check_partial_head(data, self._checked, limits)
            self._checked = len(data)
            return iter(()) if problem is None else self._refuse(problem)
        self._checked = 0
        head = read_request(data[:end], limits)
        if isinstance(head, MalformedRequest):
            return self._refuse(head)
        if isinstance(head, UnsupportedRequest):
            return self._refuse(refuse_version("2"))
        if head.upgrade or head.method == "CONNECT":
            return self._hand_over(Successor.MITMPROXY)
        self._unread = data[end:]
        return self._accept_request(head, active)

    def _accept_request(self, head: RequestHead, active: ActiveMode) -> CommandIterator:
        route = find_route(self._kind, head.target)
        refusal = replies.BAD_TARGET if route is None else find_refusal(self._settings, route)
        if route is None or refusal is not None:
            self._show_refusal(refusal or replies.BAD_TARGET, head)
            return self._reply(refusal or replies.BAD_TARGET, head)
        if route.is_reverse and not self._kind.tls:
            head = restore_cookies(head, self._settings.sites.renamed)
        self._settings.guard.begin_request(self.context.client.id)
        self._body_since = self._unread_since
        active = active.for_origin(route.origin)
        request = AcceptedRequest(active, head, route, self._unread_since)
        if active.mode is Mode.SPY:
            return self._begin_lookup(request)
        self._state = move(self._state, Forwarding())
        self._body_bytes = 0
        return self._forwarder.forward(request)

    def _forward_body(self) -> CommandIterator:
        forwarder = self._forwarder
        if not forwarder.can_take_body:
            return
        try:
            end = forwarder.read_body(self._unread)
        except FramingError as problem:
            yield from self._refuse_body(MalformedRequest(400, str(problem)))
            return
        self._body_bytes += end
        limits = self._settings.limits.forwarding
        if self._body_bytes > limits.body + limits.head:  # with sizes of chunks and trailers
            yield from self._refuse_body(refuse_body_size(limits))
            return
        data, self._unread = self._unread[:end], self._unread[end:]
        if data:
            yield from forwarder.send_body(data)

    def _refuse_body(self, problem: MalformedRequest) -> CommandIterator:
        self._has_last_request = True
        return self._forwarder.refuse_body(problem)

    def _skip_body(self, head: RequestHead) -> CommandIterator:
        try:
            end, _ = head.framing.take(self._unread, 0)
        except FramingError:
            yield from self._close_client()
            return
        self._unread = self._unread[end:]
        if head.framing.is_complete:
            self._state = move(self._state, Idle())
            if not head.keep_alive:
                yield from self._close_client()

    # Spy mode: the examples are asked first, then the upstream.

    def _begin_lookup(self, request: AcceptedRequest) -> CommandIterator:
        spy = SpyRequest(self.context, self._settings, self._kind, request)
        self._state = move(self._state, Spying(spy))
        if spy.expects_continue and not self._unread:
            yield commands.SendData(self.context.client, CONTINUE)
        yield from self._read_for_lookup(spy)

    def _read_for_lookup(self, spy: SpyRequest) -> CommandIterator:
        if spy.state is not LookupState.READING:
            return
        try:
            end = spy.read_body(self._unread)
        except FramingError as problem:
            self._settings.guard.end_request(self.context.client.id)
            yield from self._refuse(MalformedRequest(400, str(problem)))
            return
        self._unread = self._unread[end:]
        yield from spy.look_up()
        yield from self._follow_lookup(spy)

    def _follow_lookup(self, spy: SpyRequest) -> CommandIterator:
        state = spy.state
        if state is LookupState.MISSED:
            request, body = spy.rewind()
            self._unread = body + self._unread
            self._state = move(self._state, Forwarding())
            yield from self._forwarder.forward(request)
            yield from self._advance()
        elif state in (LookupState.ANSWERED, LookupState.ANSWERED_LAST):
            self._settings.guard.end_request(self.context.client.id)
            if state is LookupState.ANSWERED_LAST or not spy.request.head.keep_alive:
                yield from self._close_client()
            else:
                self._state = move(self._state, Idle())
                yield from self._advance()

    # Answers and ends.

    def _finish_exchange(self, exchange: ExchangeInFlight) -> CommandIterator:
        """Give the client the end of a response, or an error: its exchange is over, kept or lost."""
        self._state = move(self._state, Idle())
        self._settings.guard.end_request(self.context.client.id)
        loss = exchange.loss if self._settings.on_loss is OnLoss.STOP else None
        is_whole = loss is None and exchange.failure is None and not exchange.is_abandoned
        if is_whole and (data := exchange.take_held()):
            yield commands.SendData(self.context.client, data)
        if not is_whole:
            yield from self._replace_response(exchange, loss)
        elif self._has_last_request or not exchange.may_keep_connection:
            yield from self._close_client()
        else:
            self._unread_since = time.time()
            if self._unread:
                yield from self._advance()

    def _replace_response(self, exchange: ExchangeInFlight, loss: StoreError | None) -> CommandIterator:
        """Send an error for a response that has not begun; break one off that has."""
        if exchange.is_withheld:
            yield from self._reply(exchange.render_error(loss), exchange.reader.request)
            return
        if exchange.breaks_silently:
            self._settings.connections.reset(self.context.client.id)
        yield from self._close_client()

    def _reply(self, reply: Response, head: RequestHead) -> CommandIterator:
        """Answer a request with a reply of the gateway's own; what is still to come of the request is skipped."""
        keep = head.keep_alive and not self._has_last_request
        yield commands.SendData(self.context.client, replies.encode_reply(reply, head, keep=keep))
        self._unread_since = time.time()
        if not head.framing.is_complete and not self._has_last_request:
            self._state = move(self._state, Skipping(head))
        elif not keep:
            yield from self._close_client(unread=not head.framing.is_complete)
            return
        yield from self._advance()

    def _show_refusal(self, refusal: Response, head: RequestHead | None = None) -> None:
        if self._settings.watch is not None:
            method, target = (head.method, head.target) if head else (NOT_READ, None)
            why = read_error_message(refusal)
            self._settings.watch.note_call(see_refusal(refusal.status, why, time.time(), method, target))

    def _refuse(self, problem: MalformedRequest) -> CommandIterator:
        self._show_refusal(render_refusal(problem))
        yield commands.SendData(self.context.client, replies.encode_reply(render_refusal(problem), None, keep=False))
        yield from self._close_client(unread=True)

    def _handle_client_close(self) -> CommandIterator:
        self._has_last_request = True
        if isinstance(self._state, Forwarding):
            yield from self._forwarder.handle_client_close()
            return
        if isinstance(self._state, Spying):
            self._settings.guard.end_request(self.context.client.id)
        if not isinstance(self._state, Ended):
            yield from self._close_client()

    def _close_client(self, *, unread: bool = False) -> CommandIterator:
        """Close the connection; with `unread` the client may still be sending."""
        self._state = move(self._state, Ended())
        self._unread = b""
        yield from self._forwarder.drop_upstream()
        if unread:
            # To close with unread bytes would reset the connection, and the client might lose the answer
            # (RFC 9112, section 9.6).
            self._paused_reading.set(self.context.client, is_paused=False)
            yield commands.CloseTcpConnection(self.context.client, half_close=True)
        else:
            yield commands.CloseConnection(self.context.client)

    def _hand_over(self, successor: Successor) -> CommandIterator:
        data, self._unread = self._unread, b""
        yield from self._forwarder.drop_upstream()
        yield from self._on_hand_over(successor, data)
