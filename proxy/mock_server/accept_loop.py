"""Accept connections to mock servers on a socket while a block lasts, and end them in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from functools import partial

from understudy.proxy.mock_server.connection import MockConnection
from understudy.proxy.mock_server.open_connections import OpenConnections

BACKLOG = 2_048
TICK_SECONDS = 0.5
DRAIN_SECONDS = 10.0


@contextlib.asynccontextmanager
async def accept_connections(
    listener: socket.socket,
    connections: OpenConnections,
    *,
    tls: ssl.SSLContext | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> AsyncIterator[None]:
    """Accept connections in the block; at its end, requests under way have `drain_seconds` to finish."""
    loop = asyncio.get_running_loop()
    handshake_seconds = connections.limits.handshake_seconds if tls else None
    server = await loop.create_server(
        partial(MockConnection, connections),
        sock=listener,
        backlog=BACKLOG,
        ssl=tls,
        ssl_handshake_timeout=handshake_seconds,
    )
    ticking = asyncio.ensure_future(_tick(connections))
    try:
        yield
    finally:
        server.close()
        await _drain(connections, drain_seconds)
        ticking.cancel()


async def _tick(connections: OpenConnections) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        connections.tick()


async def _drain(connections: OpenConnections, seconds: float) -> None:
    connections.end()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connections.all_closed.wait(), seconds)
    connections.abort()
