"""The layer of a WebSocket that passes: bytes go on as they came, and a tap reads the messages beside them.

mitmproxy's own layer reads frames and sends new ones: cut and compressed otherwise, with a mask of its own, and pings
before the messages that they followed. It answers a close itself, and queues all that comes while a hook runs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum, auto

from mitmproxy import http
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.websocket import WebsocketStartHook

from understudy.addons.flow_notes import get_note
from understudy.addons.loop.connections import ClientConnections

# How long the other side of a WebSocket that has ended on one side may send nothing.
HALF_CLOSED_SECONDS = 30.0
# How often it is looked at whether the side that has ended still receives.
CHECK_SECONDS = 1.0


@dataclass
class HalfClose:
    """One side of a client's WebSocket sends no more (`ended`), while `other` may go on.

    `is_lost` is set if the side that has ended receives nothing any more.
    """

    client_id: str
    ended: Connection
    other: Connection
    is_lost: bool = False


@dataclass
class HalfCloseHook(commands.StartHook):
    """The hook of a layer that ends what the other side is sent; see `HalfCloser`."""

    half_close: HalfClose


class HalfCloser:
    """The addon that ends connections of clients in one direction: mitmproxy's HTTP layers end both."""

    def __init__(self, connections: ClientConnections) -> None:
        self._connections = connections

    def half_close(self, half_close: HalfClose) -> None:
        """End one direction; look whether the other one is still open."""
        half_close.is_lost = not self._connections.can_send(half_close.client_id, half_close.ended)
        if not half_close.is_lost:
            self._connections.end_sending(half_close.client_id, half_close.other)


class RelayState(Enum):
    """How much of a WebSocket's connections is open."""

    OPEN = auto()
    HALF_CLOSED = auto()
    CLOSED = auto()


class RelayLayer(layer.Layer):
    """One WebSocket, from the response to its handshake on."""

    def __init__(self, context: Context, flow: http.HTTPFlow) -> None:
        super().__init__(context)
        self._flow = flow
        self._state = RelayState.OPEN
        self._ended: Connection | None = None  # the side that has ended first
        self._last_data = 0.0
        self._timer: commands.RequestWakeup | None = None

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.Start):
            yield WebsocketStartHook(self._flow)
        elif self._state is RelayState.CLOSED:
            return
        elif isinstance(event, events.DataReceived):
            yield from self._pass_on(event)
        elif isinstance(event, events.ConnectionClosed):
            yield from self._handle_end(event.connection)
        elif isinstance(event, events.Wakeup) and event.command is self._timer:
            yield from self._check_other_side()

    def _pass_on(self, event: events.DataReceived) -> layer.CommandGenerator[None]:
        yield commands.SendData(self._find_other(event.connection), event.data)
        self._last_data = time.monotonic()
        if (tap := get_note(self._flow).message_tap) is not None:
            tap.take(event.data, from_client=event.connection == self.context.client)

    def _handle_end(self, side: Connection) -> layer.CommandGenerator[None]:
        if self._state is RelayState.HALF_CLOSED or side.state is ConnectionState.CLOSED:
            yield from self._close(self._ended or side)
            return
        self._state, self._ended, self._last_data = RelayState.HALF_CLOSED, side, time.monotonic()
        yield from self._check_other_side()

    def _check_other_side(self) -> layer.CommandGenerator[None]:
        assert self._ended
        half_close = HalfClose(self.context.client.id, self._ended, self._find_other(self._ended))
        yield HalfCloseHook(half_close)
        if half_close.is_lost or time.monotonic() - self._last_data > HALF_CLOSED_SECONDS:
            yield from self._close(self._ended)
            return
        self._timer = commands.RequestWakeup(CHECK_SECONDS)
        yield self._timer

    def _close(self, ended: Connection) -> layer.CommandGenerator[None]:
        self._state = RelayState.CLOSED
        if (tap := get_note(self._flow).message_tap) is not None:
            tap.end(by_client=ended == self.context.client)
        for side in (self.context.server, self.context.client):
            yield commands.CloseConnection(side)
        self._flow.live = False

    def _find_other(self, side: Connection) -> Connection:
        return self.context.server if side == self.context.client else self.context.client
