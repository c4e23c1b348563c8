"""The thread that writes history: it commits all that is queued together, then calls the callback of each item.

It does not depend on hooks, layers or event loops: a recorder submits an exchange with a callback.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count

from understudy.store.errors import StoreError, ValueRefused
from understudy.store.model.exchanges import Degradation, Exchange
from understudy.store.model.values import replace
from understudy.store.model.websockets import WebSocketMessage
from understudy.store.redaction.log_paths import format_log_path

logger = logging.getLogger(__name__)

# A commit takes the same time for one exchange and for many; a longer batch only delays its first exchanges.
LARGEST_BATCH = 500
KEY_BITS = 31
# A store that is locked fails after a long time, and is not tried again.
QUICK_FAILURE_SECONDS = 1.0

CommitResult = int | StoreError
"""The id of the exchange (0 for other items), or the reason why it was not stored."""
DoneCallback = Callable[[CommitResult], None]
Completions = list[tuple[DoneCallback, CommitResult]]
BodyPieces = list[tuple[str, int, bytes]]
"""Pieces of large bodies: the key of the body, the position of the piece from 0, its bytes."""
ExchangeMessage = tuple[int, WebSocketMessage]
"""A message with the id of its handshake's exchange."""
WorkItem = Exchange | BodyPieces | ExchangeMessage | Degradation
QueueEntry = tuple[WorkItem, DoneCallback]


def run_callbacks(completions: Completions) -> None:
    """Call each callback with its result; log an exception of one, and go on with the others."""
    for done, result in completions:
        try:
            done(result)
        except Exception:
            logger.exception("a callback after a commit failed")


class HistoryWriter:
    """A queue and a thread that commit exchanges in groups, for recorders in any thread.

    `keep` is `History.add`, `keep_pieces` is `Bodies.add_pieces`, `keep_messages` is `History.add_messages`,
    `mark_degraded` is `History.mark_degraded`. `announce` is called in the writer's thread with the results of each
    batch; by default it runs the callbacks there.
    `kept`, `failed` and `lost` count exchanges: those stored, those stored that have failed, those not stored.

    The queue has no bound of its own. Each exchange in it belongs to a response that a client waits for, and recorders
    submit pieces and messages only when the ones before are stored.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[Exchange]], list[int]],
        keep_pieces: Callable[[BodyPieces], None] | None = None,
        keep_messages: Callable[[Sequence[ExchangeMessage]], None] | None = None,
        mark_degraded: Callable[[Sequence[Degradation]], None] | None = None,
        *,
        announce: Callable[[Completions], object] = run_callbacks,
    ) -> None:
        self._keep = keep
        self._keep_pieces = keep_pieces
        self._keep_messages = keep_messages
        self._mark_degraded = mark_degraded
        self._announce = announce
        self._queue: queue.SimpleQueue[list[QueueEntry] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="history writer", daemon=True)
        self._count_lock = threading.Lock()
        # Counted from a random number: with the time it started, the key of an exchange is that of no other gateway's.
        self._keys = count(secrets.randbits(KEY_BITS))
        self.kept = 0
        self.failed = 0
        self.lost = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, exchange: Exchange, done: DoneCallback) -> None:
        """Submit an exchange; `done` is called once, with its id when it is durable, or with a StoreError."""
        self.submit_all([(exchange, done)])

    def submit_all(self, entries: list[QueueEntry]) -> None:
        """Submit several items together, each with its callback."""
        self._queue.put(entries)

    def submit_pieces(self, pieces: BodyPieces, done: DoneCallback) -> None:
        """Submit pieces of large bodies; `done` is called once, with 0 when they are durable, or with a StoreError.

        When all pieces of a body are durable, the exchange that it belongs to can be submitted.
        """
        self.submit_all([(pieces, done)])

    def submit_message(self, message: ExchangeMessage, done: DoneCallback) -> None:
        """Submit a message; `done` is called once, with 0 when it is durable, or with a StoreError."""
        self.submit_all([(message, done)])

    def count_loss(self) -> None:
        """Count a lost exchange; recorders call it for exchanges that could not be submitted."""
        with self._count_lock:
            self.lost += 1

    def stop(self, patience: float | None = None) -> None:
        """Commit all that is queued, then end the thread; wait at most `patience` seconds, by default without limit."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(patience)
            if self._thread.is_alive():
                logger.error("the store does not respond; exchanges that are not confirmed may be lost")

    def _run(self) -> None:
        is_stopped = False
        while not is_stopped:
            batch, is_stopped = self._take_batch()
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
        completions: Completions = []
        exchanges: list[tuple[Exchange, DoneCallback]] = []
        messages: list[tuple[ExchangeMessage, DoneCallback]] = []
        for work, done in batch:
            if isinstance(work, Exchange):
                exchanges.append((replace(work, key=next(self._keys)), done))
            elif isinstance(work, tuple):
                messages.append((work, done))
            elif isinstance(work, Degradation):
                completions.append((done, self._commit_degradation(work)))
            else:
                completions.append((done, self._commit_pieces(work)))
        if messages:
            completions += self._commit_messages(messages)
        return completions + self._commit(exchanges) if exchanges else completions

    def _commit_pieces(self, pieces: BodyPieces) -> CommitResult:
        try:
            if self._keep_pieces is None:
                raise StoreError("this store takes no bodies in pieces")
            self._keep_pieces(pieces)
        except Exception as error:  # noqa: BLE001 - each callback needs a result
            return _to_store_error(error, "a body")
        return 0

    def _commit_degradation(self, degradation: Degradation) -> CommitResult:
        try:
            if self._mark_degraded is None:
                raise StoreError("this store marks no exchanges")
            self._mark_degraded([degradation])
        except Exception as error:  # noqa: BLE001 - each callback needs a result
            logger.error("not kept: entry %d is incomplete: %s: %s", degradation.exchange_id, degradation.reason, error)
            return _to_store_error(error, "the mark")
        return 0

    def _commit_messages(self, batch: list[tuple[ExchangeMessage, DoneCallback]]) -> Completions:
        try:
            if self._keep_messages is None:
                raise StoreError("this store takes no messages")
            self._keep_messages([message for message, _ in batch])
        except Exception as error:  # noqa: BLE001 - each callback needs a result
            if len(batch) > 1 and not _is_store_failure(error):
                return [completion for entry in batch for completion in self._commit_messages([entry])]
            return [(done, self._report_message_loss(message, error)) for message, done in batch]
        return [(done, 0) for _, done in batch]

    def _report_message_loss(self, message: ExchangeMessage, error: Exception) -> StoreError:
        self.count_loss()
        logger.error("not kept: a message of the WebSocket %d: %s", message[0], error)
        return _to_store_error(error, "the message")

    def _commit(self, batch: list[tuple[Exchange, DoneCallback]]) -> Completions:
        try:
            ids = self._keep_or_retry([exchange for exchange, _ in batch])
        except Exception as error:  # noqa: BLE001 - each callback needs a result
            # One exchange that cannot be stored must not prevent the others from being stored.
            if len(batch) > 1 and not _is_store_failure(error):
                return [completion for entry in batch for completion in self._commit([entry])]
            return [(done, self.report_loss(exchange, error)) for exchange, done in batch]
        self.kept += len(batch)
        self.failed += sum(exchange.has_failed for exchange, _ in batch)
        return [(done, id_) for (_, done), id_ in zip(batch, ids, strict=True)]

    def _keep_or_retry(self, exchanges: list[Exchange]) -> list[int]:
        """Store exchanges, and try again at once if the store fails quickly.

        What became of a commit that failed may be unknown. To repeat it stores nothing twice, because of the keys.
        """
        started = time.monotonic()
        try:
            return self._keep(exchanges)
        except StoreError as error:
            if not _is_store_failure(error) or time.monotonic() - started > QUICK_FAILURE_SECONDS:
                raise
        return self._keep(exchanges)

    def report_loss(self, exchange: Exchange, error: Exception) -> StoreError:
        """Count and log an exchange that was not stored; return the error as a StoreError."""
        self.count_loss()
        logger.error("not kept: %s %s: %s", exchange.request.method, format_log_path(exchange.request.target), error)
        return _to_store_error(error, "the exchange")


def _is_store_failure(error: Exception) -> bool:
    """Whether the store failed as a whole, so that single items would fail too."""
    return isinstance(error, StoreError) and not isinstance(error, ValueRefused)


def _to_store_error(error: Exception, noun: str) -> StoreError:
    return error if isinstance(error, StoreError) else StoreError(f"cannot store {noun}: {error!r}")
