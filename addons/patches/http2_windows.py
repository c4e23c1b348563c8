"""The sides of HTTP/2 connections whose windows open only for what has gone on (RFC 9113, section 5.2).

mitmproxy opens a window as soon as data has come: a sender that is faster than the receiver fills the memory. Here the
layer in between opens the window of a stream; that of the connection is always open, so that a stream that stands still
does not stop the others. The bound is the window of a stream times the number of streams.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import h2.events
from h2.stream import StreamState as H2State
from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as mitmproxy_http
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import RequestData, RequestProtocolError
from mitmproxy.proxy.layers.http._http2 import Http2Client, Http2Connection, Http2Server, StreamState

from understudy.addons.patches.http2_output import JOINED_BYTES, PacedH2Connection
from understudy.addons.patches.replace import replace

# What a sender may have on its way to a receiver that takes nothing, per stream.
STREAM_WINDOW = 256 * 1024
# A distant sender needs more: the window of a stream that moves grows to this, those of a connection together by that.
LARGEST_STREAM_WINDOW = 4 * 1024 * 1024
MOST_GROWTH = 8 * 1024 * 1024
# The bound on the streams of a connection that are open at a time.
MAX_STREAMS = 100
# How much more than is due is opened at once for the connection.
_CONNECTION_CREDIT = 1024 * 1024


@dataclass
class OpenWindow(HttpEvent):
    """The layer asks to open the window of a stream for what came of it."""


class MeteringLayer(Protocol):
    """The layer between the sides of a request: it gets `sides` by their connections, and sends them `OpenWindow`."""

    sides: dict[Connection, Side]


class Side(Http2Connection):
    """One HTTP/2 connection, of a client or to an upstream. `due` are its streams whose windows are to be opened."""

    due: dict[int, None]

    def set_up(self, context: Context) -> None:
        """Take the place of mitmproxy's connection, if a layer of ours opens the windows."""
        self.due = {}
        self._unopened: dict[int, int] = {}  # bytes that came, by stream
        self._unopened_all = 0
        self._growth: dict[int, int] = {}  # by stream
        metering = next((one for one in reversed(context.layers) if hasattr(one, "sides")), None)
        if metering is None:
            return
        metering.sides[self.conn] = self
        self.h2_conn = PacedH2Connection(self.h2_conf, STREAM_WINDOW, MAX_STREAMS)
        self.h2_conn.acknowledge_received_data = self._note_received

    def _note_received(self, acknowledged_size: int, stream_id: int) -> None:
        self._unopened_all += acknowledged_size
        if self._unopened_all >= _CONNECTION_CREDIT:
            self.h2_conn.increment_flow_control_window(self._unopened_all)
            self._unopened_all = 0
        self._unopened[stream_id] = size = self._unopened.get(stream_id, 0) + acknowledged_size
        if size >= self.get_window(stream_id) // 4:  # each time costs a frame, and a turn of the sender
            self.due[stream_id] = None

    def open_window(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Open the window of a stream for what came of it."""
        self.due.pop(stream_id, None)
        size = self._unopened.pop(stream_id, 0)
        if size and not self.is_closed(stream_id) and not self._has_ended(stream_id):
            self.h2_conn.increment_flow_control_window(size + self._grow(stream_id, size), stream_id)
            yield commands.SendData(self.conn, self.h2_conn.data_to_send())

    def get_window(self, stream_id: int) -> int:
        """Return the size of a stream's window when nothing is under way."""
        return STREAM_WINDOW + self._growth.get(stream_id, 0)

    def _grow(self, stream_id: int, size: int) -> int:
        """Return by how much the window of a stream grows, of which so much has gone on."""
        for over in [one for one in self._growth if self.is_closed(one)]:
            del self._growth[over]
        left = MOST_GROWTH - sum(self._growth.values())
        more = max(0, min(size, LARGEST_STREAM_WINDOW - self.get_window(stream_id), left))
        self._growth[stream_id] = self._growth.get(stream_id, 0) + more
        return more

    def _has_ended(self, stream_id: int) -> bool:
        return bool(self.h2_conn.streams[stream_id].state_machine.state is H2State.HALF_CLOSED_REMOTE)

    def to_outer(self, own_id: int) -> int:
        """Return the number that the layers know a stream by."""
        return own_id

    def count_waiting(self, stream_id: int) -> int:
        """Return how many bytes for this stream its receiver has given no room for."""
        return self.h2_conn.count_waiting(stream_id) if isinstance(self.h2_conn, PacedH2Connection) else 0

    def forget_streams(self, known: Any) -> None:
        """Forget the streams that are over and not `known` to the layer any more; mitmproxy remembers them for ever."""
        for stream_id in [one for one in self.streams if self.to_outer(one) not in known and self.is_closed(one)]:
            del self.streams[stream_id]
        for stream_id in [one for one in self._unopened if self.is_closed(one)]:
            del self._unopened[stream_id]
            self.due.pop(stream_id, None)


class ClientSide(Side, Http2Server):
    """The connection of a client."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_up(context)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, OpenWindow):
            yield from self.open_window(event.stream_id)
        else:
            yield from super()._handle_event(event)

    def handle_h2_event(self, event: h2.events.Event) -> layer.CommandGenerator[bool]:
        """Take an event; mitmproxy ignores the reset of a request whose end came in the same bytes."""
        if isinstance(event, h2.events.StreamReset):
            self.streams.setdefault(event.stream_id, StreamState.HEADERS_RECEIVED)
        return (yield from super().handle_h2_event(event))


class UpstreamSide(Side, Http2Client):
    """A connection to an upstream, which may have other numbers for its streams than the client."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.set_up(context)

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, OpenWindow):
            yield from self.open_window(self.our_stream_id.get(event.stream_id, 0))
        elif isinstance(event, RequestProtocolError) and event.stream_id in self.stream_queue:
            del self.stream_queue[event.stream_id]  # the upstream has not seen this request
        else:
            yield from super()._handle_event(event)
            if isinstance(event, RequestData) and event.stream_id in self.stream_queue:
                _join_last(self.stream_queue[event.stream_id])

    def to_outer(self, own_id: int) -> int:
        """Return the number that the layers know a stream by."""
        return self.their_stream_id.get(own_id, own_id)

    def count_waiting(self, stream_id: int) -> int:
        """Return how many bytes for this stream its receiver has given no room for, or that wait for a stream."""
        if (queue := self.stream_queue.get(stream_id)) is not None:
            return sum(len(one.data) for one in queue if isinstance(one, RequestData))
        return super().count_waiting(self.our_stream_id.get(stream_id, 0))

    def forget_streams(self, known: Any) -> None:
        """Forget the streams that are over."""
        super().forget_streams(known)
        over = [one for one, own in self.our_stream_id.items() if one not in known and self.is_closed(own)]
        for stream_id in over:
            self.their_stream_id.pop(self.our_stream_id.pop(stream_id))


def _join_last(queue: list[events.Event]) -> None:
    """Join the last two pieces that wait, if they are small."""
    match queue[-2:]:
        case [RequestData() as before, RequestData() as last] if len(before.data) + len(last.data) <= JOINED_BYTES:
            before.data += last.data
            queue.pop()


def install_flow_control() -> None:
    """Have mitmproxy use these connections in this process; raises UnsupportedMitmproxy."""
    replace(mitmproxy_http, "Http2Server", ClientSide)
    replace(mitmproxy_http, "Http2Client", UpstreamSide)
