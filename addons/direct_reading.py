"""What a socket brings goes to the layers at once, not through a buffer and a task that is woken to read from it."""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter
from typing import Protocol, cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.proxy import events
from mitmproxy.proxy.server import ConnectionHandler
from mitmproxy.proxy.server_hooks import ServerConnectionHookData


class DirectReading:
    """Sets it up for each connection that mitmproxy's servers make."""

    def __init__(self, servers: Proxyserver) -> None:
        self._servers = servers

    def client_connected(self, client: Client) -> None:
        """A client has come."""
        self._read_directly(client.id, client)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """An upstream has been reached."""
        self._read_directly(data.client.id, data.server)

    def _read_directly(self, client_id: str, connection: Connection) -> None:
        handler = self._servers.connections.get(client_id)
        found = handler.transports.get(connection) if handler else None
        if handler and found and isinstance(found.writer, StreamWriter) and isinstance(found.reader, StreamReader):
            reader = WatchedReader(found.reader)
            transport = cast("_Switchable", found.writer.transport)
            transport.set_protocol(DirectProtocol(handler, connection, reader, transport.get_protocol()))
            found.reader = cast("StreamReader", reader)


class WatchedReader:
    """A reader that knows whether somebody waits for it: nothing is buffered then."""

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader
        self.awaited = False

    async def read(self, most: int) -> bytes:
        """As `StreamReader.read`."""
        self.awaited = True
        try:
            return await self._reader.read(most)
        finally:
            self.awaited = False


class DirectProtocol(asyncio.Protocol):
    """Stands before the protocol of a connection's streams, which does all but take what comes.

    It takes that too as long as a peer does not read what it is sent: then mitmproxy's task reads, and waits for it.
    """

    def __init__(
        self, handler: ConnectionHandler, connection: Connection, reader: WatchedReader, streams: StreamReaderProtocol
    ) -> None:
        self._handler = handler
        self._connection = connection
        self._reader = reader
        self._streams = streams

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._reader.awaited and self._connection.state & ConnectionState.CAN_READ and self._all_sent():
            _run(self._handler, events.DataReceived(self._connection, data))
        else:
            self._reader.awaited = False  # until it has got this
            self._streams.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more will come, nor go."""
        self._streams.connection_lost(exc)

    def pause_writing(self) -> None:
        """The peer does not read what it is sent."""
        self._streams.pause_writing()

    def resume_writing(self) -> None:
        """It does again."""
        self._streams.resume_writing()

    def eof_received(self) -> bool | None:
        """No more will come."""
        self._reader.awaited = False
        return self._streams.eof_received()

    def _all_sent(self) -> bool:
        transports = self._handler.transports.values()
        return not any(
            isinstance(io.writer, StreamWriter) and io.writer.transport.get_write_buffer_size() for io in transports
        )


if sys.version_info >= (3, 12):

    def _run(handler: ConnectionHandler, event: events.Event) -> None:
        # mitmproxy's tasks are eager there: one that an event began may wait for this event's end, and goes first then.
        asyncio.eager_task_factory(asyncio.get_running_loop(), handler.server_event(event))

else:

    def _run(handler: ConnectionHandler, event: events.Event) -> None:
        # A coroutine that never pauses: mitmproxy says so where it is defined.
        try:
            handler.server_event(event).send(None)
        except StopIteration:
            return
        raise RuntimeError("mitmproxy's layers paused in the middle of an event")


class _Switchable(Protocol):
    """A transport of asyncio, whose protocol can be another."""

    def get_protocol(self) -> StreamReaderProtocol: ...

    def set_protocol(self, protocol: asyncio.Protocol) -> None: ...
