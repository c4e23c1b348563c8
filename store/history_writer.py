"""The one thread that writes history: takes what is queued, commits it together, then tells each who waits.

It knows nothing of hooks, layers or event loops: whoever records hands an exchange over and is called when it is kept.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence

from understudy.store.errors import StoreError, ValueRefused
from understudy.store.model.exchanges import Exchange
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)

# A commit costs the same for one exchange and for many; beyond this a batch only makes the first ones wait.
LARGEST_BATCH = 500

CommitResult = int | StoreError
DoneCallback = Callable[[CommitResult], None]
Completions = list[tuple[DoneCallback, CommitResult]]
BodyPieces = list[tuple[str, int, bytes]]
ExchangeMessage = tuple[int, WebSocketMessage]  # with the id of its handshake's exchange
WorkItem = Exchange | BodyPieces | ExchangeMessage
QueueEntry = tuple[WorkItem, DoneCallback]


def run_callbacks(completions: Completions) -> None:
    """Call each who waits with the id of the exchange, or with the reason why it was not kept."""
    for done, outcome in completions:
        try:
            done(outcome)
        except Exception:  # one who fails to listen must not keep the others from hearing
            logger.exception("could not tell who waits for a commit")


class HistoryWriter:
    """Group commit for recorders in any thread.

    `keep` is `History.add`, `keep_pieces` is `Bodies.add_pieces`, `keep_messages` is `History.add_messages`. `announce`
    gets the outcomes of a batch in the writer's thread; the default tells them there.
    The queue needs no bound: each exchange in it is a response that a client waits for, so clients bound it; and who
    submits pieces or messages waits until they are kept before many more.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[Exchange]], list[int]],
        keep_pieces: Callable[[BodyPieces], None] | None = None,
        keep_messages: Callable[[Sequence[ExchangeMessage]], None] | None = None,
        *,
        announce: Callable[[Completions], object] = run_callbacks,
    ) -> None:
        self._keep = keep
        self._keep_pieces = keep_pieces
        self._keep_messages = keep_messages
        self._announce = announce
        self._queue: queue.SimpleQueue[list[QueueEntry] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="history writer", daemon=True)
        self._counting = threading.Lock()
        self.kept = 0
        self.failed = 0  # of those kept
        self.lost = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, exchange: Exchange, done: DoneCallback) -> None:
        """Hand an exchange over; `done` is called once, with its id when it is durable, or with a StoreError."""
        self.submit_all([(exchange, done)])

    def submit_all(self, entries: list[QueueEntry]) -> None:
        """Hand several over together, as the methods beside this one do with one."""
        self._queue.put(entries)

    def submit_pieces(self, pieces: BodyPieces, done: DoneCallback) -> None:
        """Hand pieces of large bodies over; `done` is called once, with 0 when they are durable, or with a StoreError.

        Who has heard so of every piece may submit the exchange that they belong to.
        """
        self.submit_all([(pieces, done)])

    def submit_message(self, message: ExchangeMessage, done: DoneCallback) -> None:
        """Hand a message over; `done` is called once, with 0 when it is durable, or with a StoreError."""
        self.submit_all([(message, done)])

    def count_loss(self) -> None:
        """Count an exchange that is lost; for what could not be handed over, too."""
        with self._counting:
            self.lost += 1

    def stop(self, patience: float | None = None) -> None:
        """Commit what is queued, then end the thread; wait for that so many seconds, or as long as it takes."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(patience)
            if self._thread.is_alive():
                logger.error("the store does not answer; what nobody was told to be kept may be lost")

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._take_batch()
            if batch:
                self._announce(self._write(batch))

    def _take_batch(self) -> tuple[list[QueueEntry], bool]:
        batch: list[QueueEntry] = []
        entries = self._queue.get()
        while entries is not None:
            batch += entries
            if len(batch) >= LARGEST_BATCH or self._queue.empty():
                return batch, False
            entries = self._queue.get()
        return batch, True

    def _write(self, batch: list[QueueEntry]) -> Completions:
        told: Completions = []
        exchanges: list[tuple[Exchange, DoneCallback]] = []
        messages: list[tuple[ExchangeMessage, DoneCallback]] = []
        for work, done in batch:
            if isinstance(work, Exchange):
                exchanges.append((work, done))
            elif isinstance(work, tuple):
                messages.append((work, done))
            else:
                told.append((done, self._commit_pieces(work)))
        if messages:
            told += self._commit_messages(messages)
        return told + self._commit(exchanges) if exchanges else told

    def _commit_pieces(self, pieces: BodyPieces) -> CommitResult:
        try:
            if self._keep_pieces is None:
                raise StoreError("this store takes no bodies in pieces")
            self._keep_pieces(pieces)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, who waits must hear of it
            return error if isinstance(error, StoreError) else StoreError(f"cannot keep a body: {error!r}")
        return 0

    def _commit_messages(self, batch: list[tuple[ExchangeMessage, DoneCallback]]) -> Completions:
        try:
            if self._keep_messages is None:
                raise StoreError("this store takes no messages")
            self._keep_messages([message for message, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever went wrong, who waits must hear of it
            if len(batch) > 1 and not _is_store_failure(error):
                return [told for entry in batch for told in self._commit_messages([entry])]
            return [(done, self._report_message_loss(message, error)) for message, done in batch]
        return [(done, 0) for _, done in batch]

    def _report_message_loss(self, message: ExchangeMessage, error: Exception) -> StoreError:
        self.count_loss()
        logger.error("not kept: a message of the WebSocket %d: %s", message[0], error)
        return error if isinstance(error, StoreError) else StoreError(f"cannot keep the message: {error!r}")

    def _commit(self, batch: list[tuple[Exchange, DoneCallback]]) -> Completions:
        try:
            ids = self._keep([exchange for exchange, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever went wrong, those who wait must hear of it
            if len(batch) > 1 and not _is_store_failure(
                error
            ):  # one that cannot be kept must not take the others along
                return [told for entry in batch for told in self._commit([entry])]
            return [(done, self.report_loss(exchange, error)) for exchange, done in batch]
        self.kept += len(batch)
        self.failed += sum(exchange.has_failed for exchange, _ in batch)
        return [(done, number) for (_, done), number in zip(batch, ids, strict=True)]

    def report_loss(self, exchange: Exchange, error: Exception) -> StoreError:
        """Count and log an exchange that cannot be kept; returns the error as a StoreError."""
        self.count_loss()
        logger.error("not kept: %s %s: %s", exchange.request.method, format_log_path(exchange.request.target), error)
        return error if isinstance(error, StoreError) else StoreError(f"cannot keep the exchange: {error!r}")


def _is_store_failure(error: Exception) -> bool:
    # The store, not one value.
    return isinstance(error, StoreError) and not isinstance(error, ValueRefused)
