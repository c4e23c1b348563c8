"""The messages of all WebSockets of a gateway on their way to the store."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mitmproxy.connection import Client, Connection

from understudy.addons.loop.commits import Commits
from understudy.addons.loop.reading_gate import PauseReason
from understudy.addons.loop.slow_store import ReadControl, SlowStore
from understudy.serving.websockets.frame_reader import MAX_MESSAGE_BYTES
from understudy.store.errors import StoreError
from understudy.store.history_writer import CommitResult
from understudy.store.model.exchanges import Degradation
from understudy.store.model.gateways import OnLoss
from understudy.store.model.websockets import WebSocketMessage

MESSAGE_OVERHEAD_BYTES = 1_000  # the memory that each takes beside its content
# While more than this is held of messages under way, those of more than SMALL_MESSAGE_BYTES are cut.
MAX_HELD_BYTES = 64 * 1024 * 1024
SMALL_MESSAGE_BYTES = 128 * 1024


class MessageKeeper:
    """Gives messages to the history writer. For one event loop.

    While much waits for the store, nothing more is read from those that send messages. `hang_up` closes the connection
    of a client by its id: that ends a WebSocket that cannot be kept, unless `on_loss` is to continue.
    """

    def __init__(
        self,
        commits: Commits,
        hang_up: Callable[[str], object],
        on_loss: OnLoss = OnLoss.STOP,
        read_control: ReadControl | None = None,
    ) -> None:
        self._commits = commits
        self._hang_up = hang_up
        self._on_loss = on_loss
        self._slow_store = SlowStore(read_control, PauseReason.MESSAGES)

    @property
    def room(self) -> int:
        """How many bytes of a message may be held until it is complete."""
        return MAX_MESSAGE_BYTES if self._slow_store.held_bytes < MAX_HELD_BYTES else SMALL_MESSAGE_BYTES

    def note_held(self, change: int) -> None:
        """Note that so many more bytes of messages under way are held, or fewer if it is negative."""
        self._slow_store.held_bytes += change

    def keep(self, entry: int, client: Client, sender: Connection, message: WebSocketMessage) -> None:
        """Keep a message of the WebSocket whose handshake is this entry; it has been passed on."""
        size = len(message.content) + MESSAGE_OVERHEAD_BYTES
        self._slow_store.note_pending(client.id, sender, size)
        self._commits.submit((entry, message), partial(self._handle_result, client, sender, size))

    def mark_degraded(self, entry: int, reason: str) -> None:
        """Note in history that a WebSocket is kept incompletely."""
        self._commits.submit(Degradation(entry, reason), _ignore_result)

    def report_loss(self, client: Client) -> None:
        """Count a WebSocket of which no more can be kept because of an error of ours."""
        self._commits.count_loss()
        self._end_lossy(client)

    def _handle_result(self, client: Client, sender: Connection, size: int, result: CommitResult) -> None:
        self._slow_store.note_pending(client.id, sender, -size)
        if isinstance(result, StoreError):  # the writer has counted and logged it
            self._end_lossy(client)

    def _end_lossy(self, client: Client) -> None:
        if self._on_loss is OnLoss.STOP:
            self._hang_up(client.id)


def _ignore_result(_: CommitResult) -> None:
    # The writer has logged a failure.
    return
