"""Forwarding of one request after the other: bytes pass untouched, and the end of a response waits for its commit."""

from __future__ import annotations

import time
from collections.abc import Callable

from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context

from understudy.addons.forwarding_settings import REPLACEABLE_BYTES, REPLACEABLE_SECONDS, ForwardingSettings
from understudy.addons.layers.accepted_request import (
    AcceptedRequest,
    make_body_rewriter,
    make_response_rewriter,
    render_upstream_head,
)
from understudy.addons.layers.commit_events import ExchangeCommitter
from understudy.addons.layers.exchange_in_flight import CommitEvent, ExchangeInFlight
from understudy.addons.layers.record_states import Delivery, Progress
from understudy.addons.layers.upstream_connection import CommandIterator, UpstreamConnection
from understudy.addons.layers.upstream_pool import UpstreamPool
from understudy.addons.loop.connections import PausedReading, explain_disconnect
from understudy.serving.answers.answer import render_refusal
from understudy.serving.gateway.error_replies import explain_reason, render_unreachable
from understudy.serving.gateway.site import ConnectionKind
from understudy.serving.http1.exchange_reader import Destination, ExchangeReader
from understudy.serving.http1.heads import UpstreamProtocolError
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.waits import Awaited
from understudy.store.model.exchanges import CLIENT_LEFT, describe_unreached
from understudy.store.model.gateways import OnLoss
from understudy.store.model.messages import Origin

# What may still come of a response whose client left before its end, for the exchange to be complete.
MAX_LATE_SECONDS = 0.5
MAX_LATE_BYTES = 64 * 1024


class ExchangeForwarder:
    """Forwards one request at a time, for one client's connection; the states are those of `record_states`.

    `on_open` is called when more of the request can go to the upstream; `on_finish` when the exchange is over, kept or
    lost, with the end of the response still held.
    """

    def __init__(
        self,
        context: Context,
        settings: ForwardingSettings,
        kind: ConnectionKind,
        paused: PausedReading,
        on_open: Callable[[], CommandIterator],
        on_finish: Callable[[ExchangeInFlight], CommandIterator],
    ) -> None:
        self._client = context.client
        self._settings = settings
        self._kind = kind
        self._on_open = on_open
        self._on_finish = on_finish
        self.committer = ExchangeCommitter(settings, context.client.id, self._handle_orphan_commit)
        self._upstreams = UpstreamPool(context, kind, settings.parents, paused, self)
        self._exchange: ExchangeInFlight | None = None
        self._timer: commands.RequestWakeup | None = None

    # Events.

    def owns(self, connection: Connection) -> bool:
        """Whether this is a connection to an upstream of this client."""
        return self._upstreams.owns(connection)

    def owns_command(self, command: commands.Command) -> bool:
        """Whether the completion of this command is for the forwarder."""
        return command is self._timer or self._upstreams.owns_command(command)

    def handle_upstream_event(self, event: events.ConnectionEvent) -> CommandIterator:
        """Take an event of a connection to an upstream."""
        return self._upstreams.handle_event(event)

    def handle_completion(self, event: events.CommandCompleted) -> CommandIterator:
        """Take the completion of a command that the forwarder `owns`."""
        if event.command is self._timer:
            return self._handle_timer()
        return self._upstreams.handle_completion(event)

    def handle_commit(self, event: CommitEvent) -> CommandIterator:
        """Take what became of an exchange, or of pieces of its bodies."""
        exchange = event.exchange
        if exchange is not self._exchange:
            return iter(())
        if self.committer.handle_commit(event):
            return self._finish(exchange)
        if exchange.loss is not None and exchange.is_running and self._settings.on_loss is OnLoss.STOP:
            return self._fail(exchange, "it could not be kept")
        return iter(())

    def handle_client_close(self) -> CommandIterator:
        """Fail the exchange, unless nothing more comes, or only the end of the response is outstanding.

        mitmproxy closes the connections to upstreams with one that is closed on both sides: no end comes then.
        """
        exchange = self._exchange
        if exchange is None or not exchange.is_running:
            return
        exchange.left = time.time()
        if exchange.lacks_only_its_end and self._client.state is ConnectionState.CAN_WRITE:
            exchange.abandon()
            self._timer = commands.RequestWakeup(MAX_LATE_SECONDS)
            yield self._timer
        else:
            yield from self._fail(exchange, explain_disconnect(self._client))

    # The request.

    def forward(self, request: AcceptedRequest) -> CommandIterator:
        """Begin an exchange: send the head of a request to its upstream."""
        settings, origin = self._settings, request.route.origin
        recorded = settings.keeping if request.active.is_recording else None
        rewriter = make_response_rewriter(settings, self._kind, request)
        destination = Destination(origin, request.route.target)
        make_body = make_body_rewriter(settings, self._kind, request)
        reader = ExchangeReader(request.head, destination, request.started, recorded, rewriter, make_body)
        self._exchange = exchange = ExchangeInFlight(request.active, reader)
        self.committer.begin(exchange)
        sent = render_upstream_head(settings, request)
        exchange.note_sent(sent)
        if self._upstreams.can_reuse(origin, is_idempotent=exchange.is_idempotent):
            return self._upstreams.send(sent)
        return self._reopen(origin, sent)

    def _reopen(self, origin: Origin, first: bytes) -> CommandIterator:
        yield from self._upstreams.drop()
        yield from self._upstreams.open(origin, first)

    @property
    def can_take_body(self) -> bool:
        """Whether more of the request can go to the upstream."""
        exchange = self._exchange
        return (
            exchange is not None
            and not exchange.reader.is_request_complete
            and exchange.is_running
            and self._upstreams.is_open
        )

    @property
    def awaited(self) -> Awaited:
        """What is awaited from the client: the rest of its request, unless it is being answered already."""
        exchange = self._exchange
        if not self.can_take_body or exchange is None:
            return Awaited.NOTHING
        return Awaited.BODY if exchange.reader.response is None else Awaited.MOVEMENT

    def read_body(self, data: bytes) -> int:
        """Return how many of these bytes belong to the request. Raises FramingError."""
        return self._exchange.reader.take_request(data, time.time()) if self._exchange else 0

    def send_body(self, data: bytes) -> CommandIterator:
        """Send bytes that were read to the upstream."""
        exchange = self._exchange
        if exchange is not None:
            exchange.note_sent(data)
            yield from self._upstreams.send(data)
            self.committer.keep_pieces(exchange, exchange.reader.take_pieces())

    def refuse_body(self, problem: MalformedRequest) -> CommandIterator:
        """Fail the exchange because of the body of its request."""
        exchange = self._exchange
        if exchange is not None:
            exchange.reply = render_refusal(problem)
            reason = "the request is malformed: " if problem.status == 400 else ""
            yield from self._fail(exchange, f"{reason}{problem.message}")

    # What the upstream does: the methods of `UpstreamUser`.

    def handle_open(self, upstream: UpstreamConnection, reason: str | None) -> CommandIterator:
        """Go on with the request, or fail the exchange for this reason."""
        exchange = self._exchange
        if reason is None:
            yield from self._on_open()
        elif exchange is not None:
            reason = explain_reason(reason)
            exchange.reply = render_unreachable(upstream.origin, reason)
            yield from self._fail(exchange, describe_unreached(reason))

    def receive(self, data: bytes) -> CommandIterator:
        """Read on in the response, and pass it to the client."""
        exchange = self._exchange
        if exchange is None or exchange.progress is not Progress.RUNNING:
            return self._upstreams.drop()  # no request is open that this could answer
        try:
            passed = exchange.reader.take_response(data, time.time())
        except UpstreamProtocolError as problem:
            return self._fail(exchange, f"the upstream's answer cannot be followed: {problem}")
        if exchange.delivery is Delivery.ABANDONED:
            return self._count_late(exchange, len(passed))
        if exchange.reader.is_complete:
            exchange.held.append(passed)
            return self._complete(exchange)
        return self._pass_on_and_keep(exchange, passed)

    def handle_close(self, upstream: UpstreamConnection, *, is_cut: bool) -> CommandIterator:
        """Take the end of the connection for that of the response, send the request again, or fail the exchange."""
        exchange = self._exchange
        if exchange is None or not exchange.is_running:
            return
        if exchange.is_abandoned and is_cut:
            yield from self._fail(exchange, CLIENT_LEFT)
        elif exchange.reader.handle_close(time.time()):
            yield from self._complete_by_close(exchange)
        elif upstream.was_used and exchange.may_be_sent_again:
            again, exchange.sent = b"".join(exchange.sent or []), None
            yield from self._upstreams.open(upstream.origin, again)
        else:
            when = "in the middle of its answer" if exchange.reader.has_response_bytes else "without an answer"
            yield from self._fail(exchange, f"the upstream closed the connection {when}")

    def _complete_by_close(self, exchange: ExchangeInFlight) -> CommandIterator:
        try:
            end = exchange.reader.take_end()
        except UpstreamProtocolError as problem:
            yield from self._fail(exchange, f"the upstream's answer cannot be followed: {problem}")
            return
        if end:
            exchange.held.append(end)
        yield from self._complete(exchange)

    # What the client gets.

    def _pass_on_and_keep(self, exchange: ExchangeInFlight, data: bytes) -> CommandIterator:
        yield from self._pass_on(exchange, data)
        self.committer.keep_pieces(exchange, exchange.reader.take_pieces())

    def _pass_on(self, exchange: ExchangeInFlight, data: bytes) -> CommandIterator:
        response = exchange.reader.response
        if response is None or exchange.delivery is Delivery.BEGUN:  # interim responses are never held
            if data:
                yield commands.SendData(self._client, data)
            return
        exchange.held.append(data)
        may_be_replaced = exchange.is_recorded and self._settings.on_loss is OnLoss.STOP
        size = sum(map(len, exchange.held)) + (response.framing.remaining or 0)
        if not may_be_replaced or size > REPLACEABLE_BYTES:
            yield from self._send_held(exchange)
        elif self._timer is None:
            self._timer = commands.RequestWakeup(REPLACEABLE_SECONDS)
            yield self._timer

    def _send_held(self, exchange: ExchangeInFlight) -> CommandIterator:
        if data := exchange.take_held():
            yield commands.SendData(self._client, data)

    def _count_late(self, exchange: ExchangeInFlight, size: int) -> CommandIterator:
        exchange.late_bytes += size
        if exchange.reader.is_complete:
            yield from self._complete(exchange)
        elif exchange.late_bytes > MAX_LATE_BYTES:
            yield from self._fail(exchange, CLIENT_LEFT)
        else:
            self.committer.keep_pieces(exchange, exchange.reader.take_pieces())

    def _handle_timer(self) -> CommandIterator:
        """Begin a response that was held back until now, or give up one whose client has left."""
        self._timer = None
        exchange = self._exchange
        if exchange is None or not exchange.is_running:
            return
        yield from self._fail(exchange, CLIENT_LEFT) if exchange.is_abandoned else self._send_held(exchange)

    # The end.

    def _complete(self, exchange: ExchangeInFlight) -> CommandIterator:
        response, reader = exchange.reader.response, exchange.reader
        if response is None or response.ends_connection or reader.excess or not reader.is_request_complete:
            return self._drop_and_keep(exchange)
        self._upstreams.mark_idle()
        return self._finish(exchange) if self.committer.keep(exchange) else iter(())

    def _drop_and_keep(self, exchange: ExchangeInFlight) -> CommandIterator:
        yield from self._upstreams.drop()
        if self.committer.keep(exchange):
            yield from self._finish(exchange)

    def _fail(self, exchange: ExchangeInFlight, reason: str) -> CommandIterator:
        exchange.failure = reason
        exchange.held = []
        return self._drop_and_keep(exchange)

    def _finish(self, exchange: ExchangeInFlight) -> CommandIterator:
        self._exchange = None
        exchange.log()
        if self._settings.watch is not None:
            self._settings.watch.note_call(exchange.see(time.time()))
        return self._on_finish(exchange)

    def _handle_orphan_commit(self, event: CommitEvent) -> None:
        for _ in self.handle_commit(event):
            pass  # the client has left, and mitmproxy's handler with it: no command can be carried out

    def drop_upstream(self) -> CommandIterator:
        """Close the connection to the upstream."""
        return self._upstreams.drop()

    # Backpressure.

    def throttle(self) -> bool:
        """Pause or resume the reading from the upstream; return whether the client has to wait, too."""
        is_behind = self.committer.is_behind
        self._upstreams.set_paused(is_paused=is_behind)
        return is_behind or (self._exchange is not None and self._upstreams.is_opening)
