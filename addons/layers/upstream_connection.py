"""One connection to an upstream: plain bytes for its user, above mitmproxy's layers for TLS and tunnels."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from mitmproxy.connection import ConnectionState, Server
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import ServerTLSLayer
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy
from mitmproxy.proxy.tunnel import LayerStack

from understudy.serving.gateway.parent_proxies import ParentProxy
from understudy.store.model.messages import Origin

CommandIterator = Iterator[commands.Command]


@dataclass(frozen=True, slots=True)
class Opened:
    """The connection is open, or cannot be opened for this reason."""

    reason: str | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The upstream sends no more."""


UpstreamEvent = bytes | Opened | Closed


class UpstreamConnection:
    """A connection to an origin. `sni` is the server name for TLS, `first` what is sent as soon as it is open.

    With a `parent` it goes through that proxy: in a tunnel for https, else to the proxy itself. `socket` is the
    connection that mitmproxy opens, `is_plain` means that no layer changes its bytes. `was_used`: a request went
    through it before the present one. `idle_since` is when the last response ended, in seconds since the epoch.

    The owner passes it the events of `socket`, and the completions of its commands. What came of them is then in
    `pending_events`. It is not reported from inside an event: a command that is made there passes through the layers
    beneath, and TLS would encrypt it once more.
    """

    def __init__(
        self, context: Context, origin: Origin, sni: str, first: bytes, parent: ParentProxy | None = None
    ) -> None:
        self.origin = origin
        self.was_used = False
        self.idle_since = 0.0
        self.is_open = False
        self.is_closed = False
        self.pending_events: deque[UpstreamEvent] = deque()
        self._waiting = [first]
        inner = context.fork()
        secure = origin.scheme == "https"
        address = (origin.host, origin.port) if parent is None or secure else parent.address
        self.server = self.socket = inner.server = Server(address=address)
        stack = LayerStack()
        if parent is not None and secure:
            inner.server.via = ("http", parent.address)
            stack /= HttpUpstreamProxy.make(inner, send_connect=True)
        if secure:
            inner.server.sni = sni
            # A client of HTTP/1.1 gets the response of an HTTP/1.1 connection.
            inner.server.alpn_offers = (b"http/1.1",)
            stack /= ServerTLSLayer(inner)
        stack /= _InnermostLayer(inner, self)
        self._top = stack[0]
        self.is_plain = not secure

    @property
    def is_cut(self) -> bool:
        """Whether mitmproxy closed it, because the client's connection has ended, and not the upstream."""
        return self.socket.state is ConnectionState.CLOSED

    def start(self) -> CommandIterator:
        """Open the connection."""
        return self.handle_event(events.Start())

    def handle_event(self, event: events.Event) -> CommandIterator:
        """Pass an event to the layers beneath."""
        return self._top.handle_event(event)

    def send(self, data: bytes) -> CommandIterator:
        """Send bytes; if the connection is not open yet, as soon as it is."""
        if self.is_open:
            return (
                iter((commands.SendData(self.server, data),))
                if self.is_plain
                else self._top.handle_event(_SendBytes(data))
            )
        self._waiting.append(data)
        return iter(())

    def close(self) -> CommandIterator:
        """Close the connection; later events have no effect."""
        self.is_closed = True
        yield commands.CloseConnection(self.socket)

    def take_waiting(self) -> bytes:
        """Return what was to be sent before the connection was open, once."""
        data, self._waiting = b"".join(self._waiting), []
        return data


@dataclass
class _SendBytes(events.Event):
    """Bytes for the upstream, on their way through the layers beneath."""

    data: bytes


class _InnermostLayer(layer.Layer):
    """The innermost layer: where the plain bytes are."""

    def __init__(self, context: Context, upstream: UpstreamConnection) -> None:
        super().__init__(context)
        self._upstream = upstream

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        upstream = self._upstream
        if isinstance(event, _SendBytes):
            yield commands.SendData(upstream.server, event.data)
        elif isinstance(event, events.DataReceived):
            upstream.pending_events.append(event.data)
        elif isinstance(event, events.Start):
            reason = yield commands.OpenConnection(upstream.server)
            upstream.is_open = reason is None
            if reason is None and (data := upstream.take_waiting()):
                yield commands.SendData(upstream.server, data)
            upstream.pending_events.append(Opened(reason))
        elif isinstance(event, events.ConnectionClosed):
            upstream.is_open = False
            upstream.pending_events.append(Closed())
