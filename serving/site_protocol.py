"""All that a port answers from at one moment, and what it remembers of whole requests it has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from understudy.serving.answers.replies import PendingReply, Reply
from understudy.serving.http1.request_reader import RawRequest

MAX_WIRE_CACHE_ENTRIES = 20_000
MAX_WIRE_CACHE_BYTES = 128 * 1024 * 1024
MAX_CACHED_REQUEST_BYTES = 4 * 1024


class WireCache(dict[bytes, Reply]):
    """Replies by the bytes of a whole request, up to a bound."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def remember(self, data: bytes, reply: Reply) -> None:
        """Keep the reply to a request that came as just these bytes, on a connection between requests."""
        plain = reply.behaviour is None or reply.delay is not None
        if reply.is_cacheable and plain and reply.wire and len(data) <= MAX_CACHED_REQUEST_BYTES:
            if len(self) >= MAX_WIRE_CACHE_ENTRIES or self._bytes >= MAX_WIRE_CACHE_BYTES:
                self.clear()
                self._bytes = 0
            self[data] = reply
            self._bytes += len(data) + len(reply.wire)


class Site(Protocol):
    """What a responder asks. What is `known` holds for as long as nothing changes."""

    wire_cache: WireCache

    def respond(self, raw_request: RawRequest) -> Reply | PendingReply | None:
        """The reply; None for a request that this site does not take."""
        ...

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """A call was answered: count and log it."""
        ...


CurrentSite = Callable[[], Site]
