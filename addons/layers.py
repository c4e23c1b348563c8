"""Which layer of mitmproxy speaks on a connection: all request forms on one listener, nothing that calls out by itself.

Chosen here and not by mitmproxy's NextLayer, which opens a raw tunnel for what is neither TLS nor HTTP, and builds the
layer for an upstream's TLS before anybody asked for the upstream.
"""

from __future__ import annotations

from mitmproxy import flow as mitmproxy_flow
from mitmproxy.connection import Server
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.layers.http import DropStream, GetHttpConnection, HttpLayer, HTTPMode, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._events import RequestHeaders, ResponseData, ResponseEndOfMessage, ResponseHeaders
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook

from addons.active import Current
from addons.answer_layer import AnswerLayer, kind_of, own_address
from addons.flows import NOWHERE, new_response
from addons.gateway_site import GatewaySites, is_here
from serving.answer import error
from store.messages import Origin

TLS_HANDSHAKE = b"\x16"


class ChooseLayer:
    """Answers mitmproxy's question which layer comes next; stands before NextLayer, which takes what is left."""

    def __init__(self, current: Current, upstream: Origin | None, sites: GatewaySites) -> None:
        self._current = current
        self._upstream = upstream
        self._sites = sites

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """Decide by the first bytes of the client; before any came, wait."""
        # Empty lines before a request are to be skipped (RFC 9112, section 2.2).
        data, context = nextlayer.data_client().lstrip(b"\r\n"), nextlayer.context
        if not data or context.client.transport_protocol != "tcp":
            return
        in_tunnel = any(isinstance(outer, HttpLayer) for outer in context.layers)
        if not in_tunnel:
            self._aim(context)
        if data[:1] == TLS_HANDSHAKE:
            context.server.tls = context.server.tls or in_tunnel
            nextlayer.layer = ClientTLSLayer(context)
        elif self._current.active.mode.offline and _is_http_1(context, data):
            nextlayer.layer = self._answering(context, in_tunnel)
        elif self._current.active.mode.offline or _looks_like_http(context, data):
            nextlayer.layer = _http_layer(context, data)

    def _answering(self, context: Context, in_tunnel: bool) -> AnswerLayer:
        kind = kind_of(context, own=self._is_own(context), tunnel=in_tunnel)
        return AnswerLayer(context, self._current, self._sites, kind, _http_layer)

    def _is_own(self, context: Context) -> bool:
        upstream = self._upstream
        return context.server.address == ((upstream.host, upstream.port) if upstream else NOWHERE)

    def _aim(self, context: Context) -> None:
        # A request in origin form goes to the upstream of a reverse proxy, and nowhere through a forward proxy.
        if self._upstream is None:
            context.server.address = NOWHERE
        else:
            context.server.address = (self._upstream.host, self._upstream.port)
            context.server.tls = self._upstream.scheme == "https"
            context.server.sni = self._upstream.host


def _http_layer(context: Context, data: bytes) -> GatewayHttpLayer:
    """mitmproxy's HTTP layer for a connection that begins with these bytes."""
    in_tunnel = any(isinstance(outer, HttpLayer) for outer in context.layers)
    regular = not in_tunnel and _names_its_host(data.lstrip(b"\r\n"))
    return GatewayHttpLayer(context, HTTPMode.regular if regular else HTTPMode.transparent)


class GatewayHttpLayer(HttpLayer):
    """mitmproxy's HTTP layer with streams of ours."""

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Begin one request."""
        self.streams[stream_id] = GatewayStream(self.context.fork(), stream_id)
        yield from self.event_to_child(self.streams[stream_id], events.Start())

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> layer.CommandGenerator[None]:
        """Find or open a connection; one that failed is tried anew, where mitmproxy would repeat its error for good."""
        for connection in [one for one in self.connections if isinstance(one, Server) and _is_over(one)]:
            del self.connections[connection]
        yield from super().get_connection(event, reuse=reuse)


class GatewayStream(HttpStream):
    """One request, in whatever form, and its answer; that an upstream cannot be reached is said in JSON.

    The client's connection is kept then.
    """

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
        request = self.flow.request
        via, transport = self.flow.server_conn.via, self.flow.server_conn.transport_protocol
        wanted = GetHttpConnection((request.host, request.port), request.scheme == "https", via, transport)
        connection, reason = yield wanted
        if not reason:
            self.context.server = self.flow.server_conn = connection
            return True
        self.flow.error = mitmproxy_flow.Error(reason)
        yield HttpErrorHook(self.flow)
        if not (yield from self.check_killed(False)):
            yield from self._answer_unreachable(reason)
        return False

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


def _is_over(server: Server) -> bool:
    # Failed before it was open, or closed since: no event of it is still to come.
    return bool(server.error) and (server.timestamp_tcp_setup is None or server.timestamp_end is not None)


def _names_its_host(data: bytes) -> bool:
    method, _, rest = data.partition(b" ")
    return method.upper() == b"CONNECT" or rest[:8].lower().startswith((b"http://", b"https://"))


def _is_http_1(context: Context, data: bytes) -> bool:
    # A tunnel is opened by mitmproxy, and what comes out of it is asked about again.
    return context.client.alpn != b"h2" and not data.startswith(b"PRI ") and data[:8].upper() != b"CONNECT "


def _looks_like_http(context: Context, data: bytes) -> bool:
    # Letters, then a space on the same line: a method and a target.
    line = data.partition(b"\n")[0]
    return context.client.alpn == b"h2" or (data[:1].isalpha() and (b" " in line or len(line) == len(data)))
