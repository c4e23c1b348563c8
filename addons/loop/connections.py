"""The connections of mitmproxy's clients, used from outside their layers: to give events, pause, wait and close."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import StreamWriter
from collections.abc import Callable
from contextlib import suppress

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, Connection, Server
from mitmproxy.proxy import events
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from understudy.addons.loop.reading_gate import PauseReason, ReadingGate
from understudy.store.model.exchanges import CLIENT_LEFT, GATEWAY_STOPPED

# Close with a TCP reset (setsockopt(2), SO_LINGER).
_RESET = struct.pack("ii", 1, 0)


def explain_disconnect(client: Client) -> str:
    """Return why an exchange failed whose client connection ended: the gateway was stopped, or the client left."""
    return GATEWAY_STOPPED if client.error == GATEWAY_STOPPED else CLIENT_LEFT


class ClientConnections:
    """The connections of clients, by the ids of the clients. For one event loop."""

    def __init__(self, servers: Proxyserver) -> None:
        self._servers = servers
        self._events: list[tuple[str, events.Event, Callable[[], None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._draining: set[asyncio.Task[None]] = set()

    def put(self, client_id: str, event: events.Event, on_gone: Callable[[], None]) -> None:
        """Give a client's layers an event soon, together with others; `on_gone` is called if the client has left."""
        self._events.append((client_id, event, on_gone))
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._deliver())

    def pause_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None:
        """Stop reading from a connection, so that its peer has to wait."""
        if (gate := self._find_gate(client_id, connection)) is not None:
            gate.pause_reading(reason)

    def resume_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None:
        """Read from a connection again, unless there is another reason not to."""
        if (gate := self._find_gate(client_id, connection)) is not None:
            gate.resume_reading(reason)

    async def drain(self, client_id: str) -> None:
        """Wait until a client has taken most of what was sent; raises OSError if it has left."""
        handler = self._find_handler(client_id)
        transport = handler.transports.get(handler.client) if handler else None
        if transport is None or transport.writer is None:
            raise ConnectionResetError("the client has left")
        await transport.writer.drain()

    def count_unsent(self, client_id: str, connection: Connection) -> int:
        """Return how many bytes a peer has not taken of what was sent to it."""
        writer = self._find_writer(client_id, connection)
        return 0 if writer is None or writer.is_closing() else writer.transport.get_write_buffer_size()

    def put_when_drained(self, client_id: str, connection: Connection, event: events.Event) -> None:
        """Give a client's layers an event when a peer has taken most of what was sent to it, or has left."""
        if (writer := self._find_writer(client_id, connection)) is not None:
            task = asyncio.get_running_loop().create_task(self._put_when_drained(writer, client_id, event))
            self._draining.add(task)
            task.add_done_callback(self._draining.discard)

    def end_sending(self, client_id: str, connection: Connection) -> None:
        """Send a connection no more than what was sent to it; its peer may go on."""
        writer = self._find_writer(client_id, connection)
        if writer is not None and not writer.is_closing() and writer.can_write_eof():
            writer.write_eof()

    def can_send(self, client_id: str, connection: Connection) -> bool:
        """Whether a connection is not lost or closed, so that its peer may receive."""
        writer = self._find_writer(client_id, connection)
        return writer is not None and not writer.is_closing()

    def hang_up(self, client_id: str, reason: str) -> None:
        """Close a client's connection; a request under way fails, see `explain_disconnect`."""
        handler = self._find_handler(client_id)
        transport = handler.transports.get(handler.client) if handler else None
        if handler and transport and transport.handler:
            handler.client.error = reason
            transport.handler.cancel(reason)

    def reset(self, client_id: str) -> None:
        """Reset a client's connection, so that the client does not take it for a regular end."""
        handler = self._find_handler(client_id)
        writer = self._find_writer(client_id, handler.client) if handler else None
        if writer is None or writer.is_closing():
            return
        if (peer := writer.get_extra_info("socket")) is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()

    async def _put_when_drained(self, writer: StreamWriter, client_id: str, event: events.Event) -> None:
        with suppress(OSError):
            await writer.drain()
        self.put(client_id, event, _ignore)

    async def _deliver(self) -> None:
        while self._events:
            batch, self._events = self._events, []
            for client_id, event, on_gone in batch:
                handler = self._find_handler(client_id)
                if handler is not None:
                    await handler.server_event(event)
                else:
                    on_gone()

    def _find_handler(self, client_id: str) -> ConnectionHandler | None:
        return self._servers.connections.get(client_id)

    def _find_io(self, client_id: str, connection: Connection) -> ConnectionIO | None:
        handler = self._find_handler(client_id)
        if handler is None:
            return None
        if isinstance(connection, Server) and connection.via is not None:  # a tunnel inside one to a parent proxy
            address = connection.via[1]
            outer = [one for one in handler.transports if isinstance(one, Server) and one.address == address]
            return handler.transports[outer[-1]] if outer else None
        return handler.transports.get(connection)

    def _find_gate(self, client_id: str, connection: Connection) -> ReadingGate | None:
        io = self._find_io(client_id, connection)
        gate = getattr(io.reader, "gate", None) if io else None  # of `patches.direct_reading.ThrottledReader`
        return gate if isinstance(gate, ReadingGate) else None

    def _find_writer(self, client_id: str, connection: Connection) -> StreamWriter | None:
        io = self._find_io(client_id, connection)
        return io.writer if io and isinstance(io.writer, StreamWriter) else None


def _ignore() -> None:
    return


class PausedReading:
    """The connections of one client, its own among them, that are not read for now, so that their senders wait."""

    def __init__(self, connections: ClientConnections, client_id: str) -> None:
        self._client_connections = connections
        self._client_id = client_id
        self.connections: set[Connection] = set()

    def set(self, connection: Connection, *, is_paused: bool) -> None:
        """Pause a connection, or resume it."""
        if is_paused:
            self.connections.add(connection)
            self._client_connections.pause_reading(self._client_id, connection, PauseReason.REQUESTS)
        elif connection in self.connections:
            self.connections.discard(connection)
            self._client_connections.resume_reading(self._client_id, connection, PauseReason.REQUESTS)

    def forget(self, connection: Connection) -> None:
        """Leave a connection as it is: it is about to be closed."""
        self.connections.discard(connection)
