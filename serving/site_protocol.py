"""What a responder needs of a site, and the cache of replies by the bytes of their requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from understudy.serving.answers.replies import PendingReply, Reply
from understudy.serving.http1.request_reader import RawRequest
from understudy.serving.http1.rules import MalformedRequest

MAX_WIRE_CACHE_ENTRIES = 20_000
MAX_WIRE_CACHE_BYTES = 128 * 1024 * 1024
MAX_CACHED_REQUEST_BYTES = 4 * 1024


class WireCache(dict[bytes, Reply]):
    """A bounded cache of replies by the bytes of a whole request; a reply may be sent until its `end`."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def remember(self, data: bytes, reply: Reply) -> None:
        """Keep the reply to a request of these bytes, if it can be sent again; they began between two requests."""
        is_plain = reply.behaviour is None or reply.delay is not None
        if reply.is_cacheable and is_plain and reply.wire and len(data) <= MAX_CACHED_REQUEST_BYTES:
            if len(self) >= MAX_WIRE_CACHE_ENTRIES or self._bytes >= MAX_WIRE_CACHE_BYTES:
                self.clear()
                self._bytes = 0
            previous = self.get(data)
            self._bytes += len(data) + len(reply.wire) - (len(data) + len(previous.wire) if previous else 0)
            self[data] = reply


class Site(Protocol):
    """The mock servers or the mode that a connection answers from, at one moment.

    It is replaced as a whole when something is edited, so its `wire_cache` is never out of date.
    """

    wire_cache: WireCache

    def respond(self, raw_request: RawRequest) -> Reply | PendingReply | None:
        """Return the reply; None for a request that this site does not answer."""
        ...

    def log_call(self, call: bytes | RawRequest, reply: Reply, at: float, duration: float) -> None:
        """Count and log a call that was answered; `at` is its start in seconds since the epoch."""
        ...

    def log_refusal(self, problem: MalformedRequest, at: float) -> None:
        """Show a request that was refused because it is malformed or too large."""
        ...


CurrentSite = Callable[[], Site]
