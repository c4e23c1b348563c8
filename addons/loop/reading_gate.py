"""Pausing the reading from a connection, for several reasons at the same time."""

from __future__ import annotations

from asyncio import ReadTransport
from enum import Enum, auto


class PauseReason(Enum):
    """Why nothing is read from a connection. Each is set and removed by one party only."""

    UNREAD_BYTES = auto()
    """asyncio's StreamReader holds bytes that mitmproxy has not read."""
    REQUESTS = auto()
    """What has come of a request or a response cannot go on: `PausedReading`."""
    BODIES = auto()
    """Pieces of bodies wait for the store: `SlowStore`."""
    MESSAGES = auto()
    """Messages of WebSockets wait for the store."""


class ReadingGate:
    """Pauses a transport while there is any reason to, and resumes it when none is left.

    Two parties that pause and resume the transport themselves undo what the other did. asyncio's StreamReader then goes
    on receiving while it believes to have paused, and its buffer grows without a bound. To a StreamReader this stands
    in for its transport.
    """

    def __init__(self, transport: ReadTransport) -> None:
        self._transport = transport
        self._reasons: set[PauseReason] = set() if transport.is_reading() else {PauseReason.UNREAD_BYTES}

    def pause_reading(self, reason: PauseReason = PauseReason.UNREAD_BYTES) -> None:
        """Read nothing for this reason, among others."""
        if not self._reasons:
            self._transport.pause_reading()
        self._reasons.add(reason)

    def resume_reading(self, reason: PauseReason = PauseReason.UNREAD_BYTES) -> None:
        """Drop a reason, which need not be set; read again if it was the last one."""
        if reason in self._reasons:
            self._reasons.discard(reason)
            if not self._reasons:
                self._transport.resume_reading()
