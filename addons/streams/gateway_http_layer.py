"""mitmproxy's HTTP layer with the streams of the gateway; what comes from one side waits for the other."""

from __future__ import annotations

from mitmproxy.connection import Connection, Server
from mitmproxy.proxy import events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import GetHttpConnection, HttpLayer, HTTPMode

from understudy.addons.forwarding_settings import ForwardingSettings
from understudy.addons.layers.exchange_in_flight import CommitEvent
from understudy.addons.loop.client_holds import ReleaseEvent
from understudy.addons.loop.client_limits import TimeLimitEvent
from understudy.addons.loop.connections import PausedReading
from understudy.addons.patches.http2_windows import MAX_STREAMS, OpenWindow, Side
from understudy.addons.patches.strict_heads import find_http1_wait, refuse
from understudy.addons.streams.gateway_stream import GatewayStream
from understudy.addons.streams.room import MAX_WAITING, Room, RoomEvent
from understudy.serving.http1.waits import Awaited, ClientWait

# Requests that their client gave up may still wait for the store or an upstream. While they are many, no more are read
# from the client (CVE-2023-44487).
MOST_UNFINISHED = 2 * MAX_STREAMS

# The bounds on what the streams of one connection hold: of requests until they are complete, and of recorded bodies.
# Beyond the first, the oldest request alone goes on; beyond the second, the store gets the bodies earlier.
MAX_COLLECTED = 64 * 1024 * 1024
MAX_RECORDED = 16 * 1024 * 1024
FEW_STREAMS = 8  # fewer do not record more


class GatewayHttpLayer(HttpLayer):
    """The HTTP layer of one client's connection, or of what is inside its CONNECT tunnel.

    The window of an HTTP/2 stream is opened for what has gone on to the other side. An HTTP/1.1 upstream of a client of
    HTTP/2 is not read while its response waits.
    """

    def __init__(self, context: Context, mode: HTTPMode, settings: ForwardingSettings) -> None:
        super().__init__(context, mode)
        connections = settings.connections
        client_id = context.client.id
        self.max_answered_body = settings.limits.answering.body
        self.sides: dict[Connection, Side] = {}
        self.room = Room(connections, client_id, self.sides, self._find_carriers)
        self._waiting: dict[int, None] = {}  # streams of the gateway's own responses
        self._paused_reading = PausedReading(connections, client_id)
        self._made = 0

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, CommitEvent | ReleaseEvent | RoomEvent):
            if isinstance(event, RoomEvent):
                self.room.note(event)
            # For a layer inside CONNECT, or for a stream that is held.
            for stream in list(self.streams.values()):
                yield from self.event_to_child(stream, event)
        elif isinstance(event, TimeLimitEvent):
            yield from self._handle_time_limit(event)
        elif isinstance(event, events.CommandCompleted) and event.command not in self.command_sources:
            return  # such as a timer of the layer that has handed the connection over
        else:
            yield from super()._handle_event(event)
        if self.sides or self._waiting:
            yield from self._let_go_on(event)

    def find_wait(self) -> ClientWait:
        """Return what is awaited from the client."""
        wait = find_http1_wait(self.connections.get(self.context.client))
        return wait or ClientWait(Awaited.NOTHING if self.streams else Awaited.REQUEST)

    def _handle_time_limit(self, event: TimeLimitEvent) -> layer.CommandGenerator[None]:
        server = self.connections.get(self.context.client)
        wait = find_http1_wait(server)
        if wait is not None and wait.kind is Awaited.HEAD:
            event.is_handled = True
            yield from refuse(server, event.refusal)
        elif wait is not None and wait.kind is Awaited.MOVEMENT:  # for a layer inside CONNECT
            for stream in list(self.streams.values()):
                yield from self.event_to_child(stream, event)

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        """Begin a request."""
        self.streams[stream_id] = GatewayStream(self.context.fork(), stream_id)
        self._made += 1
        if self._made % MAX_STREAMS == 0:
            for side in self.sides.values():
                side.forget_streams(self.streams)
        yield from self.event_to_child(self.streams[stream_id], events.Start())

    def get_connection(self, event: GetHttpConnection, *, reuse: bool = True) -> layer.CommandGenerator[None]:
        """Find or open a connection; try one that failed again, where mitmproxy would repeat its error for ever."""
        for connection in [each for each in self.connections if isinstance(each, Server) and _is_over(each)]:
            del self.connections[connection]
            self.sides.pop(connection, None)
        yield from super().get_connection(event, reuse=reuse)

    # Flow control.

    def wait_for_room(self, stream_id: int) -> None:
        """Send a stream a RoomEvent once there is room for more of its response."""
        self._waiting[stream_id] = None

    def _find_carriers(self, peer: Connection) -> list[Connection]:
        # A connection through a parent proxy is carried by that to the proxy.
        handler = self.connections.get(peer)
        return [one for one, other in self.connections.items() if other is handler] or [peer]

    def _let_go_on(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Let those go on that waited for room: the gateway's own responses, and the senders on either side."""
        for stream_id in list(self._waiting):
            if stream_id not in self.streams:
                del self._waiting[stream_id]
            elif self.room.is_there(self.context.client, stream_id):
                del self._waiting[stream_id]
                yield from self.event_to_child(self.streams[stream_id], RoomEvent(self.context.client))
        for side in list(self.sides.values()):
            for own_id in list(side.due):
                stream_id = side.to_outer(own_id)
                if self._has_gone_on(side.conn, stream_id, side.get_window(own_id) // 2):
                    yield from self.event_to_child(self.connections[side.conn], OpenWindow(stream_id))
        self._throttle(event)
        if isinstance(event, events.DataReceived) and len(self.streams) >= FEW_STREAMS:
            self._release_recorded()

    def _release_recorded(self) -> None:
        streams = self._list_streams()
        if sum(stream.count_recorded() for stream in streams) > MAX_RECORDED:
            for stream in streams:
                stream.release_recorded()

    def _list_streams(self) -> list[GatewayStream]:
        return [stream for stream in self.streams.values() if isinstance(stream, GatewayStream)]

    def _may_collect(self, stream: GatewayStream) -> bool:
        """Whether more of a request may come that is held until it is complete: of the oldest it always may."""
        if not stream.count_collected():
            return True
        collecting = [one for one in self._list_streams() if one.count_collected()]
        return collecting[0] is stream or sum(one.count_collected() for one in collecting) <= MAX_COLLECTED

    def _has_gone_on(self, sender: Connection, stream_id: int, most: int = MAX_WAITING) -> bool:
        stream = self.streams.get(stream_id)
        if not isinstance(stream, GatewayStream):
            return True
        if stream.count_queued() > 0:
            return False
        is_from_client = sender is self.context.client
        if is_from_client and not self._may_collect(stream):
            return False
        receiver = stream.context.server if is_from_client else self.context.client
        return receiver not in self.connections or self.room.is_there(receiver, stream_id, most)

    def _throttle(self, event: events.Event) -> None:
        """Read from no HTTP/1.1 upstream whose response waits, nor from a client whose given up requests are many."""
        client, paused = self.context.client, self._paused_reading
        unfinished = len(self.streams)
        if unfinished >= MOST_UNFINISHED or client in paused.connections:
            paused.set(client, is_paused=unfinished >= MOST_UNFINISHED * 3 // 4)
        senders = {one for one in paused.connections if one is not client}
        if isinstance(event, events.DataReceived) and event.connection is not client:
            senders.add(event.connection)
        for sender in senders:
            if sender not in self.sides:
                self._throttle_upstream(sender)

    def _throttle_upstream(self, sender: Connection) -> None:
        handler = self.connections.get(sender)
        served = [
            stream_id for stream_id, one in self.streams.items() if self.connections.get(one.context.server) is handler
        ]
        is_stuck = handler is not None and not all(self._has_gone_on(sender, stream_id) for stream_id in served)
        if handler is not None and any(one in self.sides for one in self._find_carriers(sender)):
            return
        self._paused_reading.set(sender, is_paused=is_stuck)


def _is_over(server: Server) -> bool:
    # It failed before it was open, or has been closed: no more events come from it.
    return bool(server.error) and (server.timestamp_tcp_setup is None or server.timestamp_end is not None)
