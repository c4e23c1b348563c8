"""One exchange in mitmproxy's HTTP layer, for HTTP/2 and for connections that the gateway's own layers hand over."""

from __future__ import annotations

import re
import time
from typing import Any

from mitmproxy import flow as mitmproxy_flow
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import (
    DropStream,
    GetHttpConnection,
    HTTPMode,
    HttpStream,
    SendHttp,
    _events,
)
from mitmproxy.proxy.layers.http._events import (
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook, HttpResponseHook

from understudy.addons.flow_notes import get_note
from understudy.addons.flows import is_grpc_call, parse_content_length
from understudy.addons.forwarding_settings import REPLACEABLE_BYTES, REPLACEABLE_SECONDS
from understudy.addons.layers.answer_layer import BodyFetch, FetchBodyHook, get_gateway_address
from understudy.addons.loop.client_holds import ReleaseEvent
from understudy.addons.loop.connections import explain_disconnect
from understudy.addons.parent_proxy import ChooseRouteHook, UpstreamRoute
from understudy.addons.streams.call_stream import KILLED
from understudy.addons.streams.collecting_stream import CollectingStream
from understudy.addons.websockets.relay_layer import RelayLayer
from understudy.serving.answers.body_schedule import BodySchedule, DueChunk, Fetch
from understudy.serving.gateway.error_replies import explain_reason, render_unreachable
from understudy.serving.gateway.site import is_own_address
from understudy.serving.grpc.grpc_errors import render_grpc_error
from understudy.serving.http1.heads import UpstreamProtocolError
from understudy.store.model.exchanges import describe_unreached
from understudy.store.model.messages import Origin

# An error of the upstream: a 502 if nothing was sent.
UPSTREAM_FAILED: Any = (
    _events.ErrorCode.GENERIC_SERVER_ERROR if hasattr(_events, "ErrorCode") else status_codes.BAD_GATEWAY
)
BROKE_OFF = "it broke off when it was recorded"
NO_HTTP_2 = "the upstream does not speak HTTP/2 over TLS, which gRPC needs"
# mitmproxy's messages for a peer that left: its connection, one stream of HTTP/2, all streams of a connection.
_DISCONNECTED = re.compile("Client disconnected|stream reset by client|peer closed connection|HTTP/2 connection closed")


class GatewayStream(CollectingStream):
    """One request, in any form, and its response.

    If the upstream cannot be reached, the client gets a JSON error and keeps its connection. A response of the gateway
    with a body schedule goes out piece by piece. A recorded response passes as it comes; but its beginning waits a
    moment, in which an error can replace it, and its last piece waits until the exchange is kept.
    """

    def __init__(self, context: Context, stream_id: int) -> None:
        super().__init__(context, stream_id)
        self._schedule: BodySchedule | None = None
        self._due_chunk: DueChunk | None = None
        self._schedule_start = 0.0
        self._withheld: list[bytes] | None = None  # the pieces of a response that has not begun
        self._last_piece: bytes | None = None  # the piece that completes the response
        self._timer: commands.RequestWakeup | None = None
        self._passed_size = 0
        self._is_rewritten = False
        self._is_relaying = False  # a WebSocket

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if self._is_relaying:
            yield from self.passthrough(event)
        elif isinstance(event, events.Wakeup):
            if event.command is self._timer:
                yield from self._send_withheld()
            else:
                yield from self._send_due_chunk()
                yield from super()._handle_event(event)
        elif isinstance(event, ReleaseEvent):
            if event.holder is get_note(self.flow).holder:
                yield from self._break_off(BROKE_OFF)
        else:
            yield from super()._handle_event(event)

    def state_wait_for_request_headers(self, event: RequestHeaders) -> layer.CommandGenerator[None]:
        """Begin a request; outside of CONNECT each one may have another form than the one before."""
        if not any(isinstance(each, HttpStream) for each in self.context.layers if each is not self):
            request = event.request
            if request.method != "CONNECT" and is_own_address(
                get_gateway_address(self.context.client), request.host, request.port
            ):
                self.mode, request.authority = HTTPMode.transparent, ""
            else:
                self.mode = HTTPMode.regular if request.host and not request.is_http2 else HTTPMode.transparent
        yield from super().state_wait_for_request_headers(event)

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Get a connection to the upstream; on failure answer 502 after the error hook."""
        command = yield from self._choose_connection()
        connection, reason = yield command
        if not reason:
            self.context.server = self.flow.server_conn = connection
            if connection.alpn == b"h2" or not is_grpc_call(self.flow.request):
                return True
            yield from self._refuse_call()
            return False
        reason = explain_reason(reason)
        self.flow.error = mitmproxy_flow.Error(describe_unreached(reason))
        yield HttpErrorHook(self.flow)
        if not (yield from self.check_killed(False)):
            yield from self._answer_unreachable(reason)
        return False

    def _choose_connection(self) -> layer.CommandGenerator[GetHttpConnection]:
        """Choose the connection to the upstream: its own, one to a parent proxy, or a tunnel through that proxy."""
        request = self.flow.request
        via, transport = self.flow.server_conn.via, self.flow.server_conn.transport_protocol
        tls = request.scheme == "https"
        route = UpstreamRoute(Origin(request.scheme, request.host.lower(), request.port))
        yield ChooseRouteHook(route)
        if route.parent is None:
            return GetHttpConnection((request.host, request.port), tls, via, transport)
        if tls or request.is_http2 or "upgrade" in request.headers:
            return GetHttpConnection((request.host, request.port), tls, ("http", route.parent.address), transport)
        # A proxy is sent the whole URL (RFC 9112, section 3.2.2); many open no tunnels but to port 443.
        request.authority = route.origin.authority
        if route.parent.authorization:
            request.headers["Proxy-Authorization"] = route.parent.authorization.decode("ascii")
        return GetHttpConnection(route.parent.address, False, None, transport)

    def _refuse_call(self) -> layer.CommandGenerator[None]:
        self.flow.error = mitmproxy_flow.Error(NO_HTTP_2)
        yield HttpErrorHook(self.flow)
        if not (yield from self.check_killed(False)):
            yield from self.answer_in_place(render_grpc_error(NO_HTTP_2))

    def _answer_unreachable(self, reason: str) -> layer.CommandGenerator[None]:
        request = self.flow.request
        yield from self.answer_in_place(render_unreachable(Origin(request.scheme, request.host, request.port), reason))

    # Responses of the upstream.

    def start_response_stream(self) -> layer.CommandGenerator[None]:
        """Begin to pass a response on; a recorded one after a moment."""
        note = get_note(self.flow)
        # A client of gRPC may wait for the head.
        if (note.response_tap is None and note.rewriting is None) or is_grpc_call(self.flow.request):
            yield from super().start_response_stream()
            return
        self._withheld = []
        self._timer = commands.RequestWakeup(REPLACEABLE_SECONDS)
        yield self._timer
        self.server_state = self.state_stream_response_body

    def state_stream_response_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Take a piece of the response, or its end."""
        note, response = get_note(self.flow), self.flow.response
        tap = note.response_tap
        assert response
        if tap is None and note.rewriting is None:
            yield from super().state_stream_response_body(event)
        elif isinstance(event, ResponseData):
            if callable(response.stream):
                response.stream(event.data)
            yield from self._rewrite_and_pass_on(event.data)
        elif isinstance(event, ResponseEndOfMessage) and note.rewriting is not None and not self._is_rewritten:
            if (yield from self._rewrite_and_pass_on(None)):
                yield from self.state_stream_response_body(event)
        elif isinstance(event, ResponseEndOfMessage) and self._withheld is not None:
            response.data.content, self._withheld = b"".join(self._withheld), None
            yield from self.send_response()
        else:
            yield from super().state_stream_response_body(event)

    def _rewrite_and_pass_on(self, data: bytes | None) -> layer.CommandGenerator[bool]:
        """Pass a piece on, None at the end of the body; return False if it could not be rewritten."""
        rewriting = get_note(self.flow).rewriting
        try:
            if rewriting is not None:
                self._is_rewritten = data is None
                data = rewriting.finish() if data is None else rewriting.take(data)
        except UpstreamProtocolError as problem:
            yield from self.handle_protocol_error(ResponseProtocolError(self.stream_id, str(problem), UPSTREAM_FAILED))
            return False
        yield from self._pass_on(data or b"")
        return True

    def _pass_on(self, data: bytes) -> layer.CommandGenerator[None]:
        if self._withheld is not None:
            self._withheld.append(data)
            if sum(map(len, self._withheld)) > REPLACEABLE_BYTES:
                yield from self._send_withheld()
            return
        if not data:  # a frame that only ends the stream
            return
        self._passed_size += len(data)
        length = parse_content_length(self.flow.response) if self.flow.response else None
        if length is not None and self._passed_size >= length:
            self._last_piece = data
        else:
            yield SendHttp(ResponseData(self.stream_id, data), self.context.client)

    def _send_withheld(self) -> layer.CommandGenerator[None]:
        withheld, self._withheld, self._timer = self._withheld, None, None
        if withheld is None or self.server_state != self.state_stream_response_body:
            return
        assert self.flow.response
        yield SendHttp(ResponseHeaders(self.stream_id, self.flow.response, end_stream=False), self.context.client)
        for data in withheld:
            yield from self._pass_on(data)

    def send_response(self, already_streamed: bool = False) -> layer.CommandGenerator[None]:
        """Send a complete response, or the end of one that was passed on."""
        assert self.flow.response
        if not already_streamed:
            self.flow.response.stream = False
        if already_streamed or get_note(self.flow).sending is None:
            yield from self._adapt_commands(super().send_response(already_streamed))
        else:
            yield from self._send_own_response()

    def flow_done(self) -> layer.CommandGenerator[None]:
        """End the exchange; a WebSocket that it has begun passes by a layer of our own."""
        if not self.flow.websocket:
            yield from super().flow_done()
            return
        self.child_layer = RelayLayer(self.context, self.flow)
        self._is_relaying = True
        yield from self.child_layer.handle_event(events.Start())
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _adapt_commands(self, steps: layer.CommandGenerator[None]) -> layer.CommandGenerator[None]:
        """Yield mitmproxy's own commands, and the last piece as soon as the hook has run."""
        reply = None
        while True:
            try:
                command = steps.send(reply)
            except StopIteration:
                break
            sent = command.event if isinstance(command, SendHttp) else None
            if sent is not None and not isinstance(sent, ResponseProtocolError):
                yield from self._send_last_piece()
            if isinstance(sent, ResponseTrailers) and not self._is_http_2:
                continue  # mitmproxy's HTTP/1 side cannot send them
            reply = yield command
        if self.server_state != self.state_errored:
            yield from self._send_last_piece()

    def _send_last_piece(self) -> layer.CommandGenerator[None]:
        data, self._last_piece = self._last_piece, None
        if data is not None:
            yield SendHttp(ResponseData(self.stream_id, data), self.context.client)

    @property
    def _is_http_2(self) -> bool:
        return self.context.client.alpn == b"h2"

    # Responses of the gateway.

    def _send_own_response(self) -> layer.CommandGenerator[None]:
        schedule, response = get_note(self.flow).sending, self.flow.response
        assert response
        response.timestamp_end = time.time()
        yield HttpResponseHook(self.flow)
        self.server_state = self.state_done
        if (yield from self.check_killed(False)):
            return
        if not self._is_held_in_silence:
            yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=False), self.context.client)
        self._schedule, self._schedule_start = schedule, time.monotonic()
        yield from self._continue_sending()

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        """Stop sending, because a side has gone, and keep what came of a response."""
        self._end_hold()
        self._schedule = self._due_chunk = self._last_piece = self._withheld = None
        if self.flow.response is not None and self.response_body_buf:
            self.flow.response.data.content = bytes(self.response_body_buf)
        # mitmproxy's message for a stream that is reset names the client; only the class of the event shows the side.
        # When a client has left, its connections to upstreams are closed too.
        has_left = not self.context.client.connected or isinstance(event, RequestProtocolError)
        if has_left and _DISCONNECTED.match(event.message):
            event.message = explain_disconnect(self.context.client)
        elif isinstance(event, ResponseProtocolError):
            event.message = event.message.replace("reset by client", "reset by the upstream")
        if isinstance(event, RequestProtocolError) and self._leaves_upstream_open():
            yield SendHttp(event, self.context.server)
        yield from super().handle_protocol_error(event)

    def _leaves_upstream_open(self) -> bool:
        """Whether the upstream has answered and still reads: mitmproxy does not reset its stream."""
        is_sending = bool(self.flow.request.stream) and self.flow.request.timestamp_end is None
        is_answered = self.server_state in (self.state_done, self.state_errored)
        return is_sending and is_answered and self.context.server in self.http_layer.connections

    def _continue_sending(self) -> layer.CommandGenerator[None]:
        assert self._schedule
        while (step := self._schedule.next()) is not None:
            if isinstance(step, DueChunk):
                self._due_chunk = step
                yield commands.RequestWakeup(max(0.0, self._schedule_start + step.at - time.monotonic()))
                return
            content = yield from self._fetch_body(step)
            if content is None:
                yield from self._break_off("the body could not be read")
                return
            self._schedule.add_piece(content)
        self._schedule = None
        if get_note(self.flow).breaks_off or self._is_held_in_silence:
            if not self._begin_hold():
                yield from self._break_off(BROKE_OFF)
            return
        response = self.flow.response
        assert response
        if response.trailers:
            yield SendHttp(ResponseTrailers(self.stream_id, response.trailers), self.context.client)
        if self.client_state == self.state_done:
            yield from self.flow_done()

    def _fetch_body(self, fetch: Fetch) -> layer.CommandGenerator[bytes | None]:
        body_fetch = BodyFetch(fetch.body, fetch.position)
        yield FetchBodyHook(body_fetch)
        return body_fetch.content

    def _send_due_chunk(self) -> layer.CommandGenerator[None]:
        """Send the piece that is due, if the client has taken most of what was sent before."""
        if self._due_chunk is None:
            return
        self._wait_unless_room()
        if not self._waits_for_room:
            chunk, self._due_chunk = self._due_chunk, None
            yield SendHttp(ResponseData(self.stream_id, chunk.content), self.context.client)
            yield from self._continue_sending()

    def _go_on(self) -> layer.CommandGenerator[None]:
        yield from self._send_due_chunk()
        yield from super()._go_on()

    @property
    def _is_held_in_silence(self) -> bool:
        note = get_note(self.flow)
        return note.hold is not None and not note.breaks_off

    def _begin_hold(self) -> bool:
        note = get_note(self.flow)
        return note.hold is not None and note.holder is not None and note.holder.begin(note.hold)

    def _end_hold(self) -> None:
        if (holder := get_note(self.flow).holder) is not None:
            holder.end()

    def _break_off(self, reason: str) -> layer.CommandGenerator[None]:
        self._end_hold()
        self._schedule = self._due_chunk = None
        yield SendHttp(ResponseProtocolError(self.stream_id, reason, KILLED), self.context.client)
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield DropStream(self.stream_id)
