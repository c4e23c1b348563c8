"""The layer that forwards and records HTTP/1.1: bytes pass untouched, and an answer's end waits for its commit.

No flow is made and no hook runs but mitmproxy's for connections and TLS. Requests are forwarded one after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import REPLACEABLE_BYTES, REPLACEABLE_SECONDS, ForwardingSettings
from understudy.addons.layers.answer_layer import AnswerLayer
from understudy.addons.layers.commit_events import ExchangeCommitter
from understudy.addons.layers.exchange_in_flight import CommitEvent, ExchangeInFlight
from understudy.addons.layers.spy import SpyRequest
from understudy.addons.layers.upstream_connection import CommandIterator, Opened, UpstreamConnection
from understudy.addons.loop.connections import explain_disconnect
from understudy.serving.answers.answer import render_refusal
from understudy.serving.gateway import error_replies as replies
from understudy.serving.gateway.active import ActiveMode
from understudy.serving.gateway.error_replies import explain_reason
from understudy.serving.gateway.forwarded_heads import make_head_rewriter, rewrite_for_parent, rewrite_request_head
from understudy.serving.gateway.site import ConnectionKind, Route, find_client_origin, find_route
from understudy.serving.http1.exchange_reader import Destination, ExchangeReader
from understudy.serving.http1.framing import FramingError
from understudy.serving.http1.heads import (
    HEAD_END,
    PASSTHROUGH_LIMITS,
    UnsupportedRequest,
    UpstreamProtocolError,
    check_version,
    read_request,
)
from understudy.serving.http1.heads import RequestHead as Head
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.wire import CONTINUE
from understudy.store.model.exchanges import CLIENT_LEFT
from understudy.store.model.gateways import Mode, OnLoss
from understudy.store.model.messages import Headers, Origin, Response

# What a client sends while its last request is not answered.
MAX_UNREAD_BYTES = 256 * 1024
# Bytes of large bodies on their way to the store; who sends more has to wait.
MAX_PENDING_BYTES = 4 * 1024 * 1024
# Upstreams close connections that were idle; what may not be sent twice goes through a fresh one.
MAX_REUSE_IDLE_SECONDS = 1.0
# What may still come of an answer whose client closed its connection before the end, for the exchange to be complete.
MAX_LATE_SECONDS = 0.5
MAX_LATE_BYTES = 64 * 1024


class Successor(Enum):
    """Who takes a connection over between two requests."""

    ANSWERS = auto()
    MITMPROXY = auto()


class RecordLayer(layer.Layer):
    """One connection. `moved` gives it to somebody else, with the bytes that it goes on with."""

    def __init__(
        self,
        context: Context,
        shared: ForwardingSettings,
        kind: ConnectionKind,
        on_hand_over: Callable[[Successor, bytes], CommandIterator],
    ) -> None:
        super().__init__(context)
        self._shared = shared
        self._kind = kind
        self._on_hand_over = on_hand_over
        self._committer = ExchangeCommitter(shared, context.client.id, self._handle_orphan_commit)
        self._unread = b""
        self._start_time = 0.0
        self._exchange: ExchangeInFlight | None = None
        self._spy_request: SpyRequest | None = None
        self._refused: Head | None = None  # is answered, and still coming
        self._upstream: UpstreamConnection | None = None
        self._upstreams: dict[Connection, UpstreamConnection] = {}  # those too that are being closed
        self._sources: dict[commands.Command, UpstreamConnection] = {}
        self._timer: commands.RequestWakeup | None = None
        self._paused_connections: set[Connection] = set()
        self._input_closed = False  # the client sends no more
        self._output_closed = False  # nothing more is sent to it

    def owns(self, connection: Connection) -> bool:
        """Whether this connection is one of its own to an upstream."""
        return connection in self._upstreams

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.ConnectionEvent):
            if event.connection is self.context.client:
                yield from self._handle_client_event(event)
            else:
                yield from self._handle_upstream_event(event)
        elif isinstance(event, CommitEvent):
            if event.exchange is self._exchange:
                yield from self._handle_commit(event)
        elif isinstance(event, events.CommandCompleted):
            yield from self._handle_completion(event)
        turn = self._exchange
        if (
            self._paused_connections
            or len(self._unread) > MAX_UNREAD_BYTES
            or (turn is not None and turn.pending_bytes > MAX_PENDING_BYTES)
        ):
            self._apply_backpressure()

    def _handle_client_event(self, event: events.ConnectionEvent) -> CommandIterator:
        if isinstance(event, events.DataReceived):
            if not self._unread:
                self._start_time = time.time()
            self._unread = self._unread + event.data if self._unread else event.data
            yield from self._advance()
        elif isinstance(event, events.ConnectionClosed):
            yield from self._handle_client_close()

    def _handle_upstream_event(self, event: events.ConnectionEvent) -> CommandIterator:
        upstream = self._upstreams.get(event.connection)
        if upstream is not None:
            if isinstance(event, events.ConnectionClosed):
                del self._upstreams[event.connection]
            yield from self._run_upstream(upstream, upstream.handle_event(event))

    def _handle_completion(self, event: events.CommandCompleted) -> CommandIterator:
        if event.command is self._timer:
            self._timer = None
            if self._exchange is not None and not self._exchange.is_committing:
                yield from self._handle_timer(self._exchange)
        elif (upstream := self._sources.pop(event.command, None)) is not None:
            yield from self._run_upstream(upstream, upstream.handle_event(event))
        elif self._spy_request is not None:
            yield from self._spy_request.handle_event(event)
            yield from self._handle_spy_result(self._spy_request)

    # What the client sends.

    def _advance(self) -> CommandIterator:
        before = -1
        while self._unread and not self._output_closed and len(self._unread) != before:
            before = len(self._unread)
            turn, spying = self._exchange, self._spy_request
            if self._refused is not None:
                yield from self._skip_body(self._refused)
            elif turn is not None:
                if (
                    turn.reader.is_request_complete
                    or turn.is_committing
                    or self._upstream is None
                    or not self._upstream.is_open
                ):
                    return
                yield from self._pass_body(turn)
            elif spying is not None:
                if spying.is_complete:
                    return
                yield from self._collect_body(spying)
            else:
                yield from self._begin_request()

    def _begin_request(self) -> CommandIterator:
        # Empty lines before a request are to be skipped (RFC 9112, section 2.2).
        data = self._unread.lstrip(b"\r\n") if self._unread[:1] in b"\r\n" else self._unread
        active = self._shared.current.active
        if active.mode.is_offline:  # a request finishes in the mode it started in
            yield from self._hand_over(Successor.ANSWERS)
            return
        end = data.find(HEAD_END) + len(HEAD_END)
        if end < len(HEAD_END):
            yield from self._check_partial_head(data)
            return
        head = read_request(data[:end])
        if isinstance(head, MalformedRequest):
            yield from self._refuse(head)
        elif isinstance(head, UnsupportedRequest) or head.upgrade or head.method == "CONNECT":
            yield from self._hand_over(Successor.MITMPROXY)
        else:
            self._unread = data[end:]
            yield from self._accept_request(head, active)

    def _check_partial_head(self, data: bytes) -> CommandIterator:
        if len(data) > PASSTHROUGH_LIMITS.head:
            yield from self._refuse(
                MalformedRequest(431, f"a head of up to {PASSTHROUGH_LIMITS.head} bytes is read here")
            )
        elif (problem := check_version(data)) is not None:
            yield from self._refuse(problem)

    def _accept_request(self, head: Head, active: ActiveMode) -> CommandIterator:
        place = find_route(self._kind, head.target)
        refusal = self._find_refusal(place)
        if place is None or refusal is not None:
            yield from self._reply(refusal or replies.BAD_TARGET, head)
            return
        self._shared.guard.begin_request(self.context.client.id)
        if active.mode is Mode.SPY:
            self._spy_request = spying = SpyRequest(active, head, place, self._start_time, self._make_answer_layer)
            if spying.expects_continue and not self._unread:
                yield commands.SendData(self.context.client, CONTINUE)
            yield from self._collect_body(spying)
        else:
            yield from self._forward(head, place, active, self._start_time)

    def _find_refusal(self, place: Route | None) -> Response | None:
        if place is None:
            return replies.BAD_TARGET
        upstream, own = self._shared.upstream, place.is_reverse
        if upstream is None:
            return replies.NO_UPSTREAM if own else None
        return None if own or self._shared.elsewhere else replies.render_other_upstream(upstream)

    # Spy mode: first the examples, then the upstream.

    def _make_answer_layer(self, missed: Callable[[Context, bytes], layer.Layer]) -> AnswerLayer:
        return AnswerLayer(self.context.fork(), self._shared.current, self._shared.sites, self._kind, missed)

    def _collect_body(self, spying: SpyRequest) -> CommandIterator:
        try:
            end = spying.take(self._unread)
        except FramingError as problem:
            self._stop_spying()
            yield from self._refuse(MalformedRequest(400, str(problem)))
            return
        self._unread = self._unread[end:]
        if spying.head.framing.is_complete:
            yield from spying.find_answer()
            yield from self._handle_spy_result(spying)

    def _handle_spy_result(self, spying: SpyRequest) -> CommandIterator:
        if spying.has_missed:
            self._spy_request = None
            head, body = spying.rewind()
            behind, self._unread = self._unread, body
            yield from self._forward(head, spying.place, spying.active, spying.since)
            if body and self._exchange is not None:
                yield from self._pass_body(self._exchange)
            self._unread = behind
        elif spying.is_answered:
            self._stop_spying()
            if spying.has_closed_connection or not spying.head.keep_alive:
                yield from self._close_client()
            else:
                yield from self._advance()

    def _stop_spying(self) -> None:
        if self._spy_request is not None:
            self._spy_request = None
            self._shared.guard.end_request(self.context.client.id)

    # Forwarding.

    def _forward(self, head: Head, place: Route, active: ActiveMode, since: float) -> CommandIterator:
        shared, origin = self._shared, place.origin
        edit = (
            make_head_rewriter(origin, partial(self._find_client_origin, head, origin))
            if place.is_reverse and shared.urls
            else None
        )
        sent = rewrite_request_head(head, place.target, origin, reverse=place.is_reverse)
        parent = shared.parents.find_parent(origin)
        if parent is not None and origin.scheme == "http":
            sent = rewrite_for_parent(sent, origin, parent.authorization)
        keeping = shared.keeping if active.is_recording else None
        reader = ExchangeReader(head, Destination(origin, place.target), since, keeping, edit)
        self._exchange = turn = ExchangeInFlight(active, reader)
        yield from self._connect(turn, sent)

    def _find_client_origin(self, head: Head, origin: Origin) -> Origin | None:
        return find_client_origin(self._kind, Headers(head.fields).get("host"), origin)

    def _connect(self, turn: ExchangeInFlight, head: bytes) -> CommandIterator:
        upstream, origin = self._upstream, turn.reader.destination.origin
        if upstream is not None and upstream.is_open and upstream.origin == origin:
            upstream.was_used = turn.is_idempotent or time.time() - upstream.idle_since < MAX_REUSE_IDLE_SECONDS
            if upstream.was_used:
                yield from self._send_upstream(turn, head)
                return
        yield from self._drop_upstream()
        turn.note_sent(head)
        yield from self._open_upstream(origin, head)

    def _open_upstream(self, origin: Origin, first: bytes) -> CommandIterator:
        there = origin == self._kind.origin
        sni = (self.context.server.sni or self.context.client.sni) if there else None
        parent = self._shared.parents.find_parent(origin)
        self._upstream = upstream = UpstreamConnection(self.context, origin, sni or origin.host, first, parent)
        yield from self._run_upstream(upstream, upstream.start())

    def _send_upstream(self, turn: ExchangeInFlight, data: bytes) -> CommandIterator:
        turn.note_sent(data)
        if self._upstream is not None:
            yield from self._run_upstream(self._upstream, self._upstream.send(data))

    def _pass_body(self, turn: ExchangeInFlight) -> CommandIterator:
        try:
            end = turn.reader.take_request(self._unread, time.time())
        except FramingError as problem:
            self._input_closed = True  # nobody knows where the next request would begin
            turn.reply = render_refusal(MalformedRequest(400, str(problem)))
            yield from self._fail(turn, f"the request is malformed: {problem}")
            return
        data, self._unread = self._unread[:end], self._unread[end:]
        if data:
            yield from self._send_upstream(turn, data)
            self._committer.keep_pieces(turn, turn.reader.take_pieces())

    # What the upstream does.

    def _handle_upstream_open(self, upstream: UpstreamConnection, reason: str | None) -> CommandIterator:
        turn = self._exchange
        if upstream is not self._upstream:
            return
        if reason is None:
            yield from self._advance()
        elif turn is not None:
            self._upstream, reason = None, explain_reason(reason)
            turn.reply = replies.render_unreachable(upstream.origin, reason)
            yield from self._fail(turn, reason)

    def _receive_response(self, upstream: UpstreamConnection, data: bytes) -> CommandIterator:
        turn = self._exchange
        if turn is None or turn.is_committing or upstream is not self._upstream:
            yield from self._drop_upstream()  # it speaks without being asked
            return
        try:
            passed = turn.reader.take_response(data, time.time())
        except UpstreamProtocolError as problem:
            yield from self._fail(turn, f"the upstream's answer cannot be followed: {problem}")
            return
        if turn.reader.is_complete:
            if not turn.is_abandoned:
                turn.held.append(passed)
            yield from self._complete(turn)
        elif turn.is_abandoned and turn.count_late(passed) > MAX_LATE_BYTES:
            yield from self._fail(turn, CLIENT_LEFT)
        else:
            yield from self._pass_on(turn, passed)
            self._committer.keep_pieces(turn, turn.reader.take_pieces())

    def _handle_upstream_close(self, upstream: UpstreamConnection) -> CommandIterator:
        was_cut = upstream.is_cut
        yield from upstream.close()
        turn = self._exchange
        if upstream is not self._upstream:
            return
        self._upstream = None
        if turn is None or turn.is_committing:
            return
        if turn.is_abandoned and was_cut:
            yield from self._fail(turn, CLIENT_LEFT)
        elif turn.reader.handle_close(time.time()):
            yield from self._complete(turn)
        elif upstream.was_used and turn.may_be_sent_again:
            again, turn.sent = b"".join(turn.sent or []), None
            yield from self._open_upstream(upstream.origin, again)
        else:
            what = "in the middle of its answer" if turn.reader.has_response_bytes else "without an answer"
            yield from self._fail(turn, f"the upstream closed the connection {what}")

    # What the client gets.

    def _pass_on(self, turn: ExchangeInFlight, data: bytes) -> CommandIterator:
        response = turn.reader.response
        if turn.is_abandoned:
            return
        if response is None or turn.has_begun:  # interim responses are not held up
            if data:
                yield commands.SendData(self.context.client, data)
            return
        turn.held.append(data)
        may_be_replaced = turn.records and self._shared.on_loss is OnLoss.STOP
        if not may_be_replaced or sum(map(len, turn.held)) + (response.framing.remaining or 0) > REPLACEABLE_BYTES:
            yield from self._send_held(turn)
        elif self._timer is None:
            self._timer = commands.RequestWakeup(REPLACEABLE_SECONDS)
            yield self._timer

    def _handle_timer(self, turn: ExchangeInFlight) -> CommandIterator:
        yield from self._fail(turn, CLIENT_LEFT) if turn.is_abandoned else self._send_held(turn)

    def _send_held(self, turn: ExchangeInFlight) -> CommandIterator:
        if turn.held:
            data, turn.held = b"".join(turn.held), []
            turn.has_begun = True
            yield commands.SendData(self.context.client, data)

    def _complete(self, turn: ExchangeInFlight) -> CommandIterator:
        response, reader = turn.reader.response, turn.reader
        if response is None or response.ends_connection or reader.excess or not reader.is_request_complete:
            yield from self._drop_upstream()
        elif self._upstream is not None:
            self._upstream.idle_since = time.time()
        if self._committer.keep(turn):
            yield from self._finish(turn)

    def _fail(self, turn: ExchangeInFlight, reason: str) -> CommandIterator:
        turn.failure = reason
        turn.held = []
        yield from self._drop_upstream()
        if self._committer.keep(turn):
            yield from self._finish(turn)

    def _handle_commit(self, told: CommitEvent) -> CommandIterator:
        turn = told.exchange
        if self._committer.handle_commit(told):
            yield from self._finish(turn)
        elif turn.loss is not None and not turn.is_committing and self._shared.on_loss is OnLoss.STOP:
            yield from self._fail(turn, "it could not be kept")

    def _handle_orphan_commit(self, told: CommitEvent) -> None:
        for _ in self._handle_event(told):
            pass  # nobody is there to be sent anything

    def _finish(self, turn: ExchangeInFlight) -> CommandIterator:
        """The exchange is kept, or will not be: the client gets the end."""
        self._exchange = None
        turn.log()
        self._shared.guard.end_request(self.context.client.id)
        lost = turn.loss if self._shared.on_loss is OnLoss.STOP else None
        keep = turn.may_keep_connection and not self._input_closed
        if lost is None and turn.failure is None and not turn.is_abandoned:
            yield from self._send_held(turn)
        elif turn.has_begun or turn.is_abandoned:
            keep = False
            if turn.breaks_silently:
                self._shared.connections.reset(self.context.client.id)
        else:
            reply = replies.render_recording_failure(lost) if lost else turn.reply
            reply = reply or replies.render_upstream_failure(turn.reader.destination.origin, turn.failure or "")
            yield from self._reply(reply, turn.reader.request)
            return
        if keep:
            self._start_time = time.time()
            yield from self._advance()
        else:
            yield from self._close_client()

    def _reply(self, reply: Response, head: Head) -> CommandIterator:
        """Answer a request that nobody else answers; what is still to come of it is not looked at."""
        keep = head.keep_alive and not self._input_closed
        yield commands.SendData(self.context.client, replies.encode_reply(reply, head, keep=keep))
        self._start_time = time.time()
        if not head.framing.is_complete and not self._input_closed:
            self._refused = head
        elif not keep:
            yield from self._close_client()
            return
        yield from self._advance()

    def _skip_body(self, head: Head) -> CommandIterator:
        try:
            end, _ = head.framing.take(self._unread, 0)
        except FramingError:
            yield from self._close_client()
            return
        self._unread = self._unread[end:]
        if head.framing.is_complete:
            self._refused = None
            if not head.keep_alive:
                yield from self._close_client()

    # Ends.

    def _refuse(self, problem: MalformedRequest) -> CommandIterator:
        yield commands.SendData(self.context.client, replies.encode_reply(render_refusal(problem), None, keep=False))
        yield from self._close_client()

    def _handle_client_close(self) -> CommandIterator:
        self._input_closed = True
        self._stop_spying()
        turn = self._exchange
        if turn is None:
            yield from self._close_client()
        elif not turn.is_committing:
            yield from self._outlive_client(turn)

    def _outlive_client(self, turn: ExchangeInFlight) -> CommandIterator:
        # mitmproxy closes the connections to upstreams with one that is closed on both sides (ConnectionHandler).
        if turn.lacks_only_its_end and self.context.client.state is ConnectionState.CAN_WRITE:
            turn.is_abandoned, turn.held = True, []
            self._timer = commands.RequestWakeup(MAX_LATE_SECONDS)
            yield self._timer
        else:
            yield from self._fail(turn, explain_disconnect(self.context.client))

    def _close_client(self) -> CommandIterator:
        self._output_closed = True
        self._unread = b""
        yield from self._drop_upstream()
        yield commands.CloseConnection(self.context.client)

    def _drop_upstream(self) -> CommandIterator:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            self._paused_connections.discard(upstream.socket)
            yield from upstream.close()

    def _hand_over(self, to: Successor) -> CommandIterator:
        data, self._unread = self._unread, b""
        yield from self._drop_upstream()
        yield from self._on_hand_over(to, data)

    def _run_upstream(self, upstream: UpstreamConnection, made: CommandIterator) -> CommandIterator:
        """What a connection's own layers command, and what follows from its news; remembers who waits for a command."""
        for command in made:
            if command.blocking and command not in self._sources:
                self._sources[command] = upstream
            if isinstance(command, commands.OpenConnection):
                upstream.socket = command.connection
                self._upstreams[upstream.socket] = upstream
            yield command
        while upstream.pending_events:
            news = upstream.pending_events.popleft()
            if upstream.is_closed:
                continue
            if isinstance(news, bytes):
                yield from self._receive_response(upstream, news)
            elif isinstance(news, Opened):
                yield from self._handle_upstream_open(upstream, news.reason)
            else:
                yield from self._handle_upstream_close(upstream)

    def _apply_backpressure(self) -> None:
        """Take no more of either side than can go on."""
        turn, upstream = self._exchange, self._upstream
        full = turn is not None and turn.pending_bytes > MAX_PENDING_BYTES
        opening = turn is not None and upstream is not None and not upstream.is_open
        self._set_reading(self.context.client, wanted=not full and not opening and len(self._unread) < MAX_UNREAD_BYTES)
        if upstream is not None and upstream.is_open:
            self._set_reading(upstream.socket, wanted=not full)

    def _set_reading(self, connection: Connection, *, wanted: bool) -> None:
        if not wanted:
            self._paused_connections.add(connection)
            self._shared.connections.pause_reading(self.context.client.id, connection)
        elif connection in self._paused_connections:
            self._paused_connections.discard(connection)
            self._shared.connections.resume_reading(self.context.client.id, connection)
