"""The limits on the clients of a gateway: one look at all connections from time to time ends those that exceed one.

A timer for each request would cost more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from asyncio import StreamWriter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast, runtime_checkable

from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.proxy import events
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO

from understudy.addons.loop.connections import ClientConnections
from understudy.serving.http1.limits import Limits
from understudy.serving.http1.rules import MalformedRequest
from understudy.serving.http1.waits import Awaited, ClientClock, ClientWait, OutputClock, refuse_slow

logger = logging.getLogger(__name__)

# Between two looks: a limit is exceeded by at most a second.
LOOK_SECONDS = 0.5
# mitmproxy's own limit on idle connections counts while a request is under way, too.
NO_TIMEOUT_SECONDS = 10 * 365 * 24 * 60 * 60

FindWait = Callable[[], ClientWait]


@dataclass
class TimeLimitEvent(events.Event):
    """The layers of a client have waited for too long. One that answers with the refusal sets `is_handled`."""

    refusal: MalformedRequest
    is_handled: bool = False


@runtime_checkable
class CountingProtocol(Protocol):
    """The protocol of a connection that counts what comes in: bytes, and how often its peer took bytes again."""

    received: int
    resumed: int


@runtime_checkable
class WaitsForClient(Protocol):
    """A layer that knows what it waits for. Of any other layer all traffic counts, in both directions."""

    def find_wait(self) -> ClientWait:
        """Return what is awaited from the client."""
        ...


@dataclass(slots=True)
class _Watch:
    """One client: what its layers wait for, if they are known, and since when."""

    find_wait: FindWait | None = None
    in_handshake: bool = False
    received_before: int = 0  # bytes of the client, before the present layers were chosen
    clock: ClientClock = field(default_factory=ClientClock)
    output: OutputClock = field(default_factory=OutputClock)


class ClientLimits:
    """The addon that enforces limits on clients. `now` returns seconds."""

    def __init__(
        self,
        servers: Proxyserver,
        connections: ClientConnections,
        limits: Limits,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._servers = servers
        self._connections = connections
        self._limits = limits
        self._now = now
        self._watches: dict[str, _Watch] = {}
        self._task: asyncio.Task[None] | None = None

    def running(self) -> None:
        """Begin to look at connections."""
        self._task = asyncio.get_running_loop().create_task(self._look_for_ever())

    def done(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()

    def client_connected(self, client: Client) -> None:
        """Watch a client that has connected."""
        self._watches[client.id] = _Watch()
        if (handler := self._servers.connections.get(client.id)) is not None:
            handler.timeout_watchdog.timeout = NO_TIMEOUT_SECONDS

    def client_disconnected(self, client: Client) -> None:
        """Forget a client."""
        self._watches.pop(client.id, None)

    def http_connected(self, flow: http.HTTPFlow) -> None:
        """Wait for the first bytes inside a tunnel."""
        self._restart(flow.client_conn.id, in_handshake=False)

    def begin_handshake(self, client_id: str) -> None:
        """Wait for a handshake of TLS with a client."""
        self._restart(client_id, in_handshake=True)

    def end_handshake(self, client_id: str) -> None:
        """Wait for the first bytes inside TLS."""
        self._restart(client_id, in_handshake=False)

    def follow(self, client_id: str, find_wait: FindWait) -> None:
        """Ask this function from now on what is awaited."""
        if (watch := self._watches.get(client_id)) is not None:
            watch.find_wait = find_wait

    async def look(self) -> None:
        """End the connections that exceed a limit."""
        now = self._now()
        for client_id, watch in list(self._watches.items()):
            handler = self._servers.connections.get(client_id)
            if handler is not None:
                try:
                    await self._look_at(client_id, handler, watch, now)
                except Exception:  # a bug of Understudy, which must not end the limits on others
                    logger.exception("limits on a client could not be enforced")

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    def _restart(self, client_id: str, *, in_handshake: bool) -> None:
        if (watch := self._watches.get(client_id)) is not None:
            watch.find_wait, watch.in_handshake = None, in_handshake
            handler = self._servers.connections.get(client_id)
            watch.received_before = _count_received(handler.transports.get(handler.client)) if handler else 0

    async def _look_at(self, client_id: str, handler: ConnectionHandler, watch: _Watch, now: float) -> None:
        io = handler.transports.get(handler.client)
        protocol = _find_protocol(io)
        if io is None or protocol is None or not isinstance(io.writer, StreamWriter):
            return
        watch.output.look(io.writer.transport.get_write_buffer_size(), protocol.resumed, now)
        if watch.output.is_over(self._limits, now):
            io.writer.transport.abort()
            return
        wait = self._find_wait(watch, protocol.received)
        received = protocol.received
        if wait.kind is Awaited.MOVEMENT:
            received = sum(map(_count_received, handler.transports.values()))
        elif watch.output.unsent:
            wait = ClientWait(Awaited.NOTHING)  # the client has an answer to read
        watch.clock.look(wait, received, now, is_paused=_is_paused(io))
        if watch.clock.is_over(self._limits, now):
            await self._end(client_id, handler, wait)

    def _find_wait(self, watch: _Watch, received: int) -> ClientWait:
        if watch.find_wait is not None:
            return watch.find_wait()
        if watch.in_handshake:
            return ClientWait(Awaited.HANDSHAKE)
        return ClientWait(Awaited.HEAD if received > watch.received_before else Awaited.REQUEST)

    async def _end(self, client_id: str, handler: ConnectionHandler, wait: ClientWait) -> None:
        if wait.kind in (Awaited.HEAD, Awaited.BODY):
            event = TimeLimitEvent(refuse_slow(self._limits, wait.kind))
            await handler.server_event(event)
            if event.is_handled:
                return
        self._connections.hang_up(client_id, f"it waited for the client for too long ({wait.kind.name.lower()})")


def _find_protocol(io: ConnectionIO | None) -> CountingProtocol | None:
    if io is None or not isinstance(io.writer, StreamWriter):
        return None
    protocol = cast("asyncio.Transport", io.writer.transport).get_protocol()
    return protocol if isinstance(protocol, CountingProtocol) else None


def _count_received(io: ConnectionIO | None) -> int:
    protocol = _find_protocol(io)
    return 0 if protocol is None else protocol.received


def _is_paused(io: ConnectionIO) -> bool:
    """Return whether the gateway does not read what the client may have sent."""
    if not isinstance(io.writer, StreamWriter):
        return False
    transport = cast("asyncio.Transport", io.writer.transport)
    return not getattr(io.reader, "is_awaited", True) or not transport.is_reading()
