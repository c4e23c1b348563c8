"""Senders that are faster than the store have to wait: nothing is read from them while much waits to be written."""

from __future__ import annotations

from typing import Protocol

from mitmproxy.connection import Connection

from understudy.addons.loop.reading_gate import PauseReason

# While more bytes than this wait for the store, nothing more is read from those that send them.
MAX_PENDING_BYTES = 4 * 1024 * 1024


class ReadControl(Protocol):
    """Pauses and resumes reading from a client's connections: `addons.loop.connections.ClientConnections`."""

    def pause_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None: ...

    def resume_reading(self, client_id: str, connection: Connection, reason: PauseReason) -> None: ...


class SlowStore:
    """Counts what waits for the store, and pauses senders. For one event loop.

    Without `read_control`, as in stock mitmproxy, senders are not paused. `reason` is that of their pauses. What
    is held beside (`held_bytes`) counts too, but no sender is paused for that alone: it waits for its sender.
    """

    def __init__(self, read_control: ReadControl | None = None, reason: PauseReason = PauseReason.BODIES) -> None:
        self._read_control = read_control
        self._reason = reason
        self.held_bytes = 0
        self._paused: set[tuple[str, Connection]] = set()
        self._pending_bytes = 0

    def note_pending(self, client_id: str, sender: Connection, size: int) -> None:
        """Note that so many more bytes of a sender wait, or that so many fewer do if the size is negative."""
        self._pending_bytes += size
        if self._read_control is None:
            return
        is_behind = self._pending_bytes + self.held_bytes > MAX_PENDING_BYTES
        if size > 0 and is_behind and (client_id, sender) not in self._paused:
            self._paused.add((client_id, sender))
            self._read_control.pause_reading(client_id, sender, self._reason)
        elif self._paused and self._pending_bytes < MAX_PENDING_BYTES // 2:
            paused, self._paused = self._paused, set()
            for paused_id, connection in paused:
                self._read_control.resume_reading(paused_id, connection, self._reason)
