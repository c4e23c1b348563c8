"""Reading from sockets without a buffer and a task between: received bytes go to the layers at once.

Events go past the layers that have chosen another one, and only pass events on to it.

A side is read no faster than the other side takes its bytes. mitmproxy waits for both sides before it reads from
either: two peers that send much to each other at the same time then wait for ever.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio import StreamReader, StreamReaderProtocol, StreamWriter, WriteTransport
from typing import cast

from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, Connection, ConnectionState
from mitmproxy.proxy import events
from mitmproxy.proxy.layer import Layer
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from understudy.addons.loop.reading_gate import ReadingGate

# A client is read on while this many bytes of its own responses are unsent, such as a mock's to pipelined requests.
MAX_UNSENT_BYTES = 1024 * 1024
# The windows of HTTP/2 bound what may be unsent there; this bounds the confirmations for a peer that reads none.
MAX_UNSENT_HTTP_2 = 32 * 1024 * 1024
# A connection that has ended is aborted if its peer takes nothing of the rest for this long.
STALLED_SECONDS = 10.0


class DirectReading:
    """The addon that sets up direct reading for each connection of mitmproxy's servers."""

    def __init__(self, servers: Proxyserver) -> None:
        self._servers = servers
        self._transports: dict[Connection, WriteTransport] = {}

    def client_connected(self, client: Client) -> None:
        """Read directly from a client that has connected."""
        self._install(client.id, client)

    def client_disconnected(self, client: Client) -> None:
        """Release a client's connection, which may still have bytes to send."""
        self._release(client)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """Read directly from an upstream that was connected to; the layers above have made their choice by then."""
        self._install(data.client.id, data.server)
        if (handler := self._servers.connections.get(data.client.id)) is not None:
            handler.layer = find_working_layer(handler.layer)

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        """Release an upstream's connection, which may still have bytes to send."""
        self._release(data.server)

    def _install(self, client_id: str, connection: Connection) -> None:
        handler = self._servers.connections.get(client_id)
        io = handler.transports.get(connection) if handler else None
        if handler and io and isinstance(io.writer, StreamWriter) and isinstance(io.reader, StreamReader):
            transport = cast("asyncio.Transport", io.writer.transport)  # typed as one that only writes
            gate = ReadingGate(transport)
            io.reader._transport = gate  # type: ignore[attr-defined]
            reader = ThrottledReader(io.reader, OutputBuffers(handler, connection), gate)
            streams = cast("StreamReaderProtocol", transport.get_protocol())
            transport.set_protocol(DirectProtocol(handler, connection, reader, streams))
            io.reader = cast("StreamReader", reader)
            handler.drain_writers = _skip_drain  # type: ignore[method-assign]  # of this one handler
            self._transports[connection] = io.writer.transport

    def _release(self, connection: Connection) -> None:
        transport = self._transports.pop(connection, None)
        if transport is not None and (unsent := transport.get_write_buffer_size()):
            asyncio.get_running_loop().call_later(STALLED_SECONDS, _abort_stalled, transport, unsent)


def find_working_layer(top: Layer) -> Layer:
    """Return the first layer that does something itself, from this one inwards."""
    while (inner := _find_successor(top)) is not None:
        top = inner
    return top


def _find_successor(top: Layer) -> Layer | None:
    """Return the layer that has taken the place of this one: its `handle_event` is the other's `_handle_event`."""
    handle = vars(top).get("_handle_event")
    inner = getattr(handle, "__self__", None)
    if top._paused or top.debug is not None or not isinstance(inner, Layer) or inner is top:
        return None
    return inner if getattr(handle, "__name__", "") == "handle_event" else None


class OutputBuffers:
    """The buffers that bytes of one connection may go to: those of its client's other connections, and its own.

    With a client of HTTP/2 only its own count: one stream whose receiver stands still must not stop the others. There
    `GatewayHttpLayer` limits what is read.
    """

    def __init__(self, handler: ConnectionHandler, connection: Connection) -> None:
        self._handler = handler
        self._connection = connection

    @property
    def has_room(self) -> bool:
        """Whether more may go out without waiting."""
        return not any(self._is_full(other, _count_unsent(io)) for other, io in self._handler.transports.items())

    async def wait_for_room(self) -> None:
        """Wait until more may go out; end a connection that is lost meanwhile."""
        for other, io in list(self._handler.transports.items()):
            if io.writer is not None and self._has_to_wait(other, io):
                try:
                    await io.writer.drain()
                except OSError as error:
                    if io.handler is not None:
                        io.handler.cancel(f"Error sending data: {error}")

    def _has_to_wait(self, other: Connection, io: ConnectionIO) -> bool:
        if other is not self._connection:
            return not self._has_windows
        return self._is_full(other, _count_unsent(io))

    @property
    def _has_windows(self) -> bool:
        return self._handler.client.alpn == b"h2"

    def _is_full(self, other: Connection, unsent: int) -> bool:
        if other is not self._connection:
            return unsent > 0 and not self._has_windows
        if self._has_windows:
            return unsent > MAX_UNSENT_HTTP_2
        # The gateway sends an upstream nothing of its own in response to what it received from it.
        return isinstance(other, Client) and unsent > MAX_UNSENT_BYTES


class ThrottledReader:
    """A stream reader that waits until its bytes can go out.

    While a read is waiting (`is_awaited`), nothing is buffered. `gate` pauses the connection.
    """

    def __init__(self, reader: StreamReader, outputs: OutputBuffers, gate: ReadingGate) -> None:
        self._reader = reader
        self.outputs = outputs
        self.gate = gate
        self.is_awaited = False

    async def read(self, max_bytes: int) -> bytes:
        """Read as `StreamReader.read` does."""
        await self.outputs.wait_for_room()
        self.is_awaited = True
        try:
            return await self._reader.read(max_bytes)
        finally:
            self.is_awaited = False


class DirectProtocol(asyncio.Protocol):
    """The protocol of a connection: it gives received bytes to the layers, and the rest to the protocol of its streams.

    The streams get the bytes too while a peer does not take what it is sent: then mitmproxy's task reads, and waits.
    """

    def __init__(
        self, handler: ConnectionHandler, connection: Connection, reader: ThrottledReader, streams: StreamReaderProtocol
    ) -> None:
        self._handler = handler
        self._connection = connection
        self._reader = reader
        self._streams = streams
        self.received = 0  # bytes
        self.resumed = 0  # how often the peer took bytes again

    def data_received(self, data: bytes) -> None:
        """Pass received bytes on."""
        self.received += len(data)
        state = self._connection.state
        can_read = state is ConnectionState.OPEN or state & ConnectionState.CAN_READ
        if can_read and self._reader.is_awaited and self._reader.outputs.has_room:
            _run(self._handler, events.DataReceived(self._connection, data))
        else:
            self._reader.is_awaited = False  # until the task has read these bytes
            self._streams.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the streams: nothing more is received or sent."""
        self._streams.connection_lost(exc)

    def pause_writing(self) -> None:
        """Make writers wait: the peer does not take what it is sent."""
        self._streams.pause_writing()

    def resume_writing(self) -> None:
        """Let writers go on: the peer takes bytes again."""
        self.resumed += 1
        self._streams.resume_writing()

    def eof_received(self) -> bool | None:
        """End reading: the peer sends nothing more."""
        self._reader.is_awaited = False
        return self._streams.eof_received()


def _count_unsent(io: ConnectionIO) -> int:
    writer = io.writer
    return writer.transport.get_write_buffer_size() if isinstance(writer, StreamWriter) else 0


async def _skip_drain() -> None:
    # Each reader has waited for its own outputs already, see OutputBuffers.
    return


def _abort_stalled(transport: WriteTransport, unsent_before: int) -> None:
    unsent = transport.get_write_buffer_size()
    if unsent and unsent == unsent_before:
        transport.abort()
    elif unsent:
        asyncio.get_running_loop().call_later(STALLED_SECONDS, _abort_stalled, transport, unsent)


if sys.version_info >= (3, 12):

    def _run(handler: ConnectionHandler, event: events.Event) -> None:
        # mitmproxy's tasks are eager here: one that an event started may wait for that event's end, and runs first.
        asyncio.eager_task_factory(asyncio.get_running_loop(), handler.server_event(event))

else:

    def _run(handler: ConnectionHandler, event: events.Event) -> None:
        # This coroutine never pauses, as a comment at its definition in mitmproxy promises.
        try:
            handler.server_event(event).send(None)
        except StopIteration:
            return
        raise RuntimeError("mitmproxy's layers paused in the middle of an event")
