"""One request and its answer inside mitmproxy's HTTP layer: HTTP/2, and what our own layers hand over."""

from __future__ import annotations

import time

from mitmproxy import flow as mitmproxy_flow
from mitmproxy.net.http import status_codes
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import DropStream, GetHttpConnection, HttpLayer, HTTPMode, HttpStream, SendHttp
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
from mitmproxy.proxy.layers.http._http2 import Http2Connection

from addons.answer_layer import BodyWantedHook, Wanted, own_address
from addons.backpressure import ClientReadyHook, Recipient
from addons.flows import new_response
from addons.gateway_site import is_here
from addons.notes import note_of
from addons.parent_choice import Way, WayWantedHook
from serving.answer import error
from serving.sending import Due, Fetch, Sending
from store.messages import Origin

# What a client of HTTP/2 has not given room for waits in memory up to here; then it is looked at so often.
MOST_WAITING = 64 * 1024
LOOK_SECONDS = 0.02


class GatewayStream(HttpStream):
    """One request, in whatever form, and its answer; that an upstream cannot be reached is said in JSON.

    The client's connection is kept then. An answer of ours that has a `sending` goes out piece by piece.
    """

    def __init__(self, context: Context, stream_id: int) -> None:
        super().__init__(context, stream_id)
        self._sending: Sending | None = None
        self._due: Due | None = None
        self._begun = 0.0

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Wakeup):
            yield from self._awake()
        else:
            yield from super()._handle_event(event)

    def state_wait_for_request_headers(self, event: RequestHeaders) -> layer.CommandGenerator[None]:
        """A request begins; outside of CONNECT each one may have another form than the one before."""
        if not any(isinstance(one, HttpStream) for one in self.context.layers if one is not self):
            request = event.request
            if is_here(own_address(self.context.client), request.host, request.port):
                self.mode, request.authority = HTTPMode.transparent, ""
            else:
                self.mode = HTTPMode.regular if request.host and not request.is_http2 else HTTPMode.transparent
        yield from super().state_wait_for_request_headers(event)

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        """Get a connection to the upstream; on failure answer 502 after the error hook."""
        wanted = yield from self._way()
        connection, reason = yield wanted
        if not reason:
            self.context.server = self.flow.server_conn = connection
            return True
        self.flow.error = mitmproxy_flow.Error(reason)
        yield HttpErrorHook(self.flow)
        if not (yield from self.check_killed(False)):
            yield from self._answer_unreachable(reason)
        return False

    def _way(self) -> layer.CommandGenerator[GetHttpConnection]:
        """The connection that leads to the upstream: its own, one to a parent proxy, or a tunnel through that."""
        request = self.flow.request
        via, transport = self.flow.server_conn.via, self.flow.server_conn.transport_protocol
        tls = request.scheme == "https"
        way = Way(Origin(request.scheme, request.host.lower(), request.port))
        yield WayWantedHook(way)
        if way.parent is None:
            return GetHttpConnection((request.host, request.port), tls, via, transport)
        if tls or request.is_http2 or "upgrade" in request.headers:
            return GetHttpConnection((request.host, request.port), tls, ("http", way.parent.address), transport)
        # A proxy is sent the whole URL (RFC 9112, section 3.2.2); many open no tunnels but to port 443.
        request.authority = way.origin.authority
        if way.parent.authorization:
            request.headers["Proxy-Authorization"] = way.parent.authorization.decode("ascii")
        return GetHttpConnection(way.parent.address, False, None, transport)

    def _answer_unreachable(self, reason: str) -> layer.CommandGenerator[None]:
        request = self.flow.request
        message = f"cannot reach {request.scheme}://{request.host}:{request.port}: {reason}"
        self.flow.response = response = new_response(self.flow, error(502, "upstreamUnreachableError", message))
        self.server_state = self.state_done
        self.flow.live = False
        yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=False), self.context.client)
        yield SendHttp(ResponseData(self.stream_id, response.raw_content or b""), self.context.client)
        yield DropStream(self.stream_id)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def send_response(self, already_streamed: bool = False) -> layer.CommandGenerator[None]:
        """Send a whole response; one of ours piece by piece, if it has a `sending`."""
        sending = note_of(self.flow).sending
        if already_streamed or sending is None:
            yield from super().send_response(already_streamed)
            return
        response = self.flow.response
        assert response
        response.timestamp_end = time.time()
        yield HttpResponseHook(self.flow)
        self.server_state = self.state_done
        if (yield from self.check_killed(False)):
            return
        yield SendHttp(ResponseHeaders(self.stream_id, response, end_stream=False), self.context.client)
        self._sending, self._begun = sending, time.monotonic()
        yield from self._send_on()

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        """A side has gone: what was to be sent is not sent any more."""
        self._sending = self._due = None
        yield from super().handle_protocol_error(event)

    def _send_on(self) -> layer.CommandGenerator[None]:
        assert self._sending
        while (step := self._sending.next()) is not None:
            if isinstance(step, Due):
                self._due = step
                yield commands.RequestWakeup(max(0.0, self._begun + step.at - time.monotonic()))
                return
            content = yield from self._fetched(step)
            if content is None:
                yield from self._break_off("the body could not be read")
                return
            self._sending.fetched(content)
        self._sending = None
        response = self.flow.response
        assert response
        if response.trailers:
            yield SendHttp(ResponseTrailers(self.stream_id, response.trailers), self.context.client)
        if self.client_state == self.state_done:
            yield from self.flow_done()

    def _fetched(self, fetch: Fetch) -> layer.CommandGenerator[bytes | None]:
        wanted = Wanted(fetch.body)
        yield BodyWantedHook(wanted)
        return wanted.content

    def _awake(self) -> layer.CommandGenerator[None]:
        if self._due is None:
            return
        recipient = Recipient(self.context.client)
        yield ClientReadyHook(recipient)
        if recipient.gone:
            yield from self._break_off("the client has gone")
        elif self._waiting_bytes() > MOST_WAITING:
            yield commands.RequestWakeup(LOOK_SECONDS)
        else:
            due, self._due = self._due, None
            yield SendHttp(ResponseData(self.stream_id, due.content), self.context.client)
            yield from self._send_on()

    def _break_off(self, why: str) -> layer.CommandGenerator[None]:
        self._sending = self._due = None
        broken = ResponseProtocolError(self.stream_id, why, status_codes.NO_RESPONSE)
        yield SendHttp(broken, self.context.client)
        self.flow.live = False
        self.client_state = self.server_state = self.state_errored
        yield DropStream(self.stream_id)

    def _waiting_bytes(self) -> int:
        # An HTTP/2 client opens its window when it has read; what does not fit waits in mitmproxy without a bound.
        outer = self.context.layers[self.context.layers.index(self) - 1]
        assert isinstance(outer, HttpLayer)
        connection = outer.connections.get(self.context.client)
        if not isinstance(connection, Http2Connection):
            return 0
        return sum(len(one.data) for one in connection.h2_conn.stream_buffers.get(self.stream_id, ()))
