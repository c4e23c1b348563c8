"""All that a port answers from at one moment, and what it remembers of whole requests it has seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from understudy.serving.answers.replies import Pending, Reply
from understudy.serving.http1.request_reader import Arrived

MOST_KNOWN = 20_000
MOST_KNOWN_BYTES = 128 * 1024 * 1024
LONGEST_KNOWN = 4 * 1024


class Known(dict[bytes, Reply]):
    """Replies by the bytes of a whole request, up to a bound."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        super().__init__()
        self._bytes = 0

    def remember(self, data: bytes, reply: Reply) -> None:
        """Keep the reply to a request that came as just these bytes, on a connection between requests."""
        plain = reply.behaviour is None or reply.delay is not None
        if reply.fixed and plain and reply.wire and len(data) <= LONGEST_KNOWN:
            if len(self) >= MOST_KNOWN or self._bytes >= MOST_KNOWN_BYTES:
                self.clear()
                self._bytes = 0
            self[data] = reply
            self._bytes += len(data) + len(reply.wire)


class Site(Protocol):
    """What a responder asks. What is `known` holds for as long as nothing changes."""

    known: Known

    def respond(self, arrived: Arrived) -> Reply | Pending | None:
        """The reply; None for a request that this site does not take."""
        ...

    def called(self, call: bytes | Arrived, reply: Reply, at: float, duration: float) -> None:
        """A call was answered: count and log it."""
        ...


Current = Callable[[], Site]
