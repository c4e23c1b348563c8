"""Bounds on the size and the duration of a request, which protect a server from any client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request, in bytes and in number of fields, and on waiting for it, in seconds.

    `head_seconds` is for the whole head, `body_seconds` for the next piece of a body, `idle_seconds` for the next
    request on a connection, `write_seconds` for a client that does not read its answer.
    """

    target: int = 16 * 1024
    head: int = 64 * 1024
    fields: int = 200
    body: int = 64 * 1024 * 1024
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 75.0
    write_seconds: float = 60.0


DEFAULT_LIMITS = Limits()
