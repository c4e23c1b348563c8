"""The choice of the layer for a connection: all request forms on one listener, and no layer that calls out by itself.

mitmproxy's own NextLayer opens a raw tunnel for what is neither TLS nor HTTP, and begins TLS with an upstream before a
request asks for the upstream.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode

from understudy.addons.flows import UNRESOLVABLE_ADDRESS
from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.answer_layer import describe_connection
from understudy.addons.layers.http1_layer import Http1Layer
from understudy.addons.loop.client_limits import ClientLimits
from understudy.addons.streams.gateway_http_layer import GatewayHttpLayer
from understudy.serving.http1.waits import Awaited, ClientWait

HTTP_2_PREFACE = b"PRI * HTTP/2.0\r\n"
TLS_HANDSHAKE = b"\x16"


class LayerChooser:
    """The addon that chooses the next layer, before mitmproxy's NextLayer, which chooses where this one does not."""

    def __init__(self, settings: ForwardingSettings, limits: ClientLimits) -> None:
        self._settings = settings
        self._limits = limits

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """Choose by the first bytes of the client; wait until they have come."""
        # Empty lines before a request are to be skipped (RFC 9112, section 2.2).
        received, context = nextlayer.data_client(), nextlayer.context
        data = received.lstrip(b"\r\n")
        in_tunnel = any(isinstance(outer, HttpLayer) for outer in context.layers)
        if not (data if in_tunnel else received) or context.client.transport_protocol != "tcp":
            return
        if not in_tunnel:
            self._set_server_address(context)
        limits, client_id = self._limits, context.client.id
        if data[:1] == TLS_HANDSHAKE:
            limits.begin_handshake(client_id)
            context.server.tls = context.server.tls or in_tunnel
            nextlayer.layer = ClientTLSLayer(context)
        elif _may_become_http_2(context, data):
            nextlayer.layer = PrefaceLayer(context, partial(self._make_http_layer, in_tunnel=in_tunnel))
        # A tunnel that the client asked for may carry anything, the connection itself only HTTP.
        elif self._settings.current.active.mode.is_offline or not in_tunnel or _looks_like_http(context, data):
            nextlayer.layer = self._make_http_layer(context, data, in_tunnel=in_tunnel)
        else:
            limits.follow(client_id, lambda: ClientWait(Awaited.MOVEMENT))

    def _make_http_layer(self, context: Context, data: bytes, *, in_tunnel: bool) -> layer.Layer:
        if data.startswith(HTTP_2_PREFACE) and not context.client.tls:
            context.client.alpn = b"h2"  # by prior knowledge (RFC 9113, section 3.3)
        made: GatewayHttpLayer | Http1Layer
        if _is_http_1(context, data):
            kind = describe_connection(context, is_reverse=self._is_reverse(context), tunnel=in_tunnel)
            made = Http1Layer(context, self._settings, kind, self._make_gateway_http_layer)
        else:
            made = self._make_gateway_http_layer(context, data)
        self._limits.follow(context.client.id, made.find_wait)
        return made

    def _make_gateway_http_layer(self, context: Context, data: bytes) -> GatewayHttpLayer:
        """Make mitmproxy's HTTP layer for a connection that begins with these bytes."""
        in_tunnel = any(isinstance(outer, HttpLayer) for outer in context.layers)
        is_regular = not in_tunnel and _is_in_proxy_form(data.lstrip(b"\r\n"))
        mode = HTTPMode.regular if is_regular else HTTPMode.transparent
        return GatewayHttpLayer(context, mode, self._settings)

    def _is_reverse(self, context: Context) -> bool:
        upstream = self._settings.upstream
        return context.server.address == ((upstream.host, upstream.port) if upstream else UNRESOLVABLE_ADDRESS)

    def _set_server_address(self, context: Context) -> None:
        # A request in origin form goes to the upstream of a reverse proxy, and nowhere through a forward proxy.
        upstream = self._settings.upstream
        if upstream is None:
            context.server.address = UNRESOLVABLE_ADDRESS
        else:
            context.server.address = (upstream.host, upstream.port)
            context.server.tls = upstream.scheme == "https"
            context.server.sni = upstream.host


class PrefaceLayer(layer.Layer):
    """Waits until it is clear whether a connection begins with the preface of HTTP/2, and makes the layer for it."""

    def __init__(self, context: Context, make_layer: Callable[[Context, bytes], layer.Layer]) -> None:
        super().__init__(context)
        self._make_layer = make_layer
        self._data = b""
        self._next: layer.Layer | None = None

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        client = self.context.client
        if self._next is not None:
            yield from self._next.handle_event(event)
        elif isinstance(event, events.DataReceived):
            self._data += event.data
            data = self._data.lstrip(b"\r\n")
            if not _may_become_http_2(self.context, data):
                self._next = self._make_layer(self.context, data)
                yield from self._next.handle_event(events.Start())
                yield from self._next.handle_event(events.DataReceived(client, data))
        elif isinstance(event, events.ConnectionClosed):
            yield commands.CloseConnection(client)


def _may_become_http_2(context: Context, data: bytes) -> bool:
    # By prior knowledge without TLS (RFC 9113, section 3.3); with TLS the handshake has decided.
    return not context.client.tls and len(data) < len(HTTP_2_PREFACE) and HTTP_2_PREFACE.startswith(data)


def _is_in_proxy_form(data: bytes) -> bool:
    method, _, rest = data.partition(b" ")
    return method.upper() == b"CONNECT" or rest[:8].lower().startswith((b"http://", b"https://"))


def _is_http_1(context: Context, data: bytes) -> bool:
    # mitmproxy opens a tunnel, and asks for the layer inside it then.
    return context.client.alpn != b"h2" and data[:8].upper() != b"CONNECT "


def _looks_like_http(context: Context, data: bytes) -> bool:
    # Letters, then a space on the same line: a method and a target.
    line = data.partition(b"\n")[0]
    return context.client.alpn == b"h2" or (data[:1].isalpha() and (b" " in line or len(line) == len(data)))
