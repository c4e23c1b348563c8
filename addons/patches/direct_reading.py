"""What a socket brings goes to the layers at once, not through a buffer and a task that is woken to read from it.

Neither side is read faster than the other takes it. mitmproxy waits for both before it reads from either, and two peers
that send much to each other at once wait for ever then.
"""

from __future__ import annotations

import asyncio
import math
import sys
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter, WriteTransport
from typing import Protocol, cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.proxy import events
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

# What a client may have unsent of answers to itself, such as a mock's to pipelined requests, while it is read on.
MAX_UNSENT_BYTES = 1024 * 1024
# A peer that takes nothing of what is left for it, so long after the connection ended, gets no more.
STALLED_SECONDS = 10.0


class DirectReading:
    """Sets it up for each connection that mitmproxy's servers make."""

    def __init__(self, servers: Proxyserver) -> None:
        self._servers = servers
        self._transports: dict[Connection, WriteTransport] = {}

    def client_connected(self, client: Client) -> None:
        """A client has come."""
        self._install(client.id, client)

    def client_disconnected(self, client: Client) -> None:
        """It is gone, or to be sent its last bytes."""
        self._release(client)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """An upstream has been reached."""
        self._install(data.client.id, data.server)

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        """It is gone, or to be sent its last bytes."""
        self._release(data.server)

    def _install(self, client_id: str, connection: Connection) -> None:
        handler = self._servers.connections.get(client_id)
        found = handler.transports.get(connection) if handler else None
        if handler and found and isinstance(found.writer, StreamWriter) and isinstance(found.reader, StreamReader):
            reader = ThrottledReader(found.reader, OutputBuffers(handler, connection))
            transport = cast("_SwitchableTransport", found.writer.transport)
            transport.set_protocol(DirectProtocol(handler, connection, reader, transport.get_protocol()))
            found.reader = cast("StreamReader", reader)
            handler.drain_writers = _skip_drain  # type: ignore[method-assign]  # its readers wait, see Outlets
            self._transports[connection] = found.writer.transport

    def _release(self, connection: Connection) -> None:
        transport = self._transports.pop(connection, None)
        if transport is not None and (left := transport.get_write_buffer_size()):
            asyncio.get_running_loop().call_later(STALLED_SECONDS, _abort_stalled, transport, left)


class OutputBuffers:
    """Where what a connection brings goes to: the other connections of its client, and it itself."""

    def __init__(self, handler: ConnectionHandler, connection: Connection) -> None:
        self._handler = handler
        self._connection = connection
        # An upstream is sent nothing of ours in answer to what it says.
        self._most_unsent = MAX_UNSENT_BYTES if isinstance(connection, Client) else math.inf

    @property
    def has_room(self) -> bool:
        """Whether nothing has to be waited for."""
        return not any(
            _count_unsent(io) > (self._most_unsent if of is self._connection else 0)
            for of, io in self._handler.transports.items()
        )

    async def wait_for_room(self) -> None:
        """Wait until more may go out; a connection that is lost is ended."""
        for of, io in list(self._handler.transports.items()):
            if io.writer is not None and (of is not self._connection or _count_unsent(io) > self._most_unsent):
                try:
                    await io.writer.drain()
                except OSError as error:
                    if io.handler is not None:
                        io.handler.cancel(f"Error sending data: {error}")


class ThrottledReader:
    """A reader that waits until what it reads can go on.

    It knows whether somebody waits for it: nothing is buffered then.
    """

    def __init__(self, reader: StreamReader, outlets: OutputBuffers) -> None:
        self._reader = reader
        self.outputs = outlets
        self.is_awaited = False

    async def read(self, most: int) -> bytes:
        """As `StreamReader.read`."""
        await self.outputs.wait_for_room()
        self.is_awaited = True
        try:
            return await self._reader.read(most)
        finally:
            self.is_awaited = False


class DirectProtocol(asyncio.Protocol):
    """Stands before the protocol of a connection's streams, which does all but take what comes.

    It takes that too as long as a peer does not read what it is sent: then mitmproxy's task reads, and waits for it.
    """

    def __init__(
        self, handler: ConnectionHandler, connection: Connection, reader: ThrottledReader, streams: StreamReaderProtocol
    ) -> None:
        self._handler = handler
        self._connection = connection
        self._reader = reader
        self._streams = streams

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if (
            self._reader.is_awaited
            and self._connection.state & ConnectionState.CAN_READ
            and self._reader.outputs.has_room
        ):
            _run(self._handler, events.DataReceived(self._connection, data))
        else:
            self._reader.is_awaited = False  # until it has got this
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
        self._reader.is_awaited = False
        return self._streams.eof_received()


def _count_unsent(io: ConnectionIO) -> int:
    return io.writer.transport.get_write_buffer_size() if isinstance(io.writer, StreamWriter) else 0


async def _skip_drain() -> None:
    # Each reader has waited before.
    return


def _abort_stalled(transport: WriteTransport, before: int) -> None:
    left = transport.get_write_buffer_size()
    if left and left == before:
        transport.abort()
    elif left:
        asyncio.get_running_loop().call_later(STALLED_SECONDS, _abort_stalled, transport, left)


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


class _SwitchableTransport(Protocol):
    """A transport of asyncio, whose protocol can be another."""

    def get_protocol(self) -> StreamReaderProtocol: ...

    def set_protocol(self, protocol: asyncio.Protocol) -> None: ...
