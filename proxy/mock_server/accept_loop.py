"""Accepts connections to mock servers on a socket for as long as a block lasts, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

from understudy.proxy.mock_server.connection import Connections

BACKLOG = 2_048
TICK_SECONDS = 1.0
DRAIN_SECONDS = 10.0


@contextlib.asynccontextmanager
async def accepting(
    listener: socket.socket,
    connections: Connections,
    *,
    tls: ssl.SSLContext | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> AsyncIterator[None]:
    """Accept in the block; at its end, requests under way have so many seconds to finish."""
    loop = asyncio.get_running_loop()
    hello = connections.limits.head_seconds if tls else None
    server = await loop.create_server(
        connections.new, sock=listener, backlog=BACKLOG, ssl=tls, ssl_handshake_timeout=hello
    )
    ticking = asyncio.ensure_future(_tick(connections))
    try:
        yield
    finally:
        server.close()
        await _drained(connections, drain_seconds)
        ticking.cancel()


async def _tick(connections: Connections) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        connections.tick()


async def _drained(connections: Connections, seconds: float) -> None:
    connections.end()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(connections.closed.wait(), seconds)
    connections.abort()
