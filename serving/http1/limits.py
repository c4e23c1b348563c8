"""Bounds on the size and the duration of what clients send and read, which protect a server from any client."""

from __future__ import annotations

from dataclasses import dataclass

# No body is as large: a bound that is none.
ANY_SIZE = 2**63


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request, in bytes and in number of fields, and on waiting for a client, in seconds.

    `handshake_seconds` is for a whole handshake of TLS, `head_seconds` for a whole head, `body_seconds` for the next
    piece of a body, and for all of it beyond the time that it takes at `body_rate` bytes a second (0: at any rate).
    `idle_seconds` is for the next request on a connection, `write_seconds` for a client that does not read its answer,
    `tunnel_seconds` for a WebSocket or tunnel in which nothing moves.
    """

    target: int = 64 * 1024
    head: int = 256 * 1024
    fields: int = 1_000
    body: int = 64 * 1024 * 1024
    handshake_seconds: float = 10.0
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    body_rate: int = 100
    idle_seconds: float = 75.0
    write_seconds: float = 60.0
    tunnel_seconds: float = 3600.0


DEFAULT_LIMITS = Limits()
"""Those of mock servers."""


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """The limits of a gateway, which differ in the size of a body.

    Where the gateway answers, in mock and replay, it holds a body in memory, and takes those of large recordings; where
    it forwards, a body passes as it comes.
    """

    answering: Limits = Limits(body=1024 * 1024 * 1024)
    forwarding: Limits = Limits(body=ANY_SIZE)


DEFAULT_GATEWAY_LIMITS = GatewayLimits()
