"""Giving exchanges to the history writer, and waiting in the event loop until they are durable."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial

from understudy.store.errors import StoreError
from understudy.store.history_writer import (
    BodyPieces,
    CommitResult,
    Completions,
    DoneCallback,
    HistoryWriter,
    QueueEntry,
    WorkItem,
    run_callbacks,
)
from understudy.store.model.exchanges import Exchange
from understudy.store.model.websockets import WebSocketMessage

logger = logging.getLogger(__name__)


class Commits:
    """Gives exchanges to the history writer, and waits for their commit. For one event loop.

    Recorders `begin` each exchange that they will give it, and `settle` it when the writer has got it or its loss was
    counted: so that none is forgotten at the end, whatever becomes of the connections.
    """

    def __init__(self, writer: HistoryWriter) -> None:
        self._writer = writer
        self._batch: list[QueueEntry] = []
        self._owed = 0
        self._is_settled = asyncio.Event()
        self._is_settled.set()

    def begin(self) -> None:
        """Note that an exchange has begun that is to be kept."""
        self._owed += 1
        self._is_settled.clear()

    def settle(self) -> None:
        """Note that an exchange that had begun is with the writer, or that its loss was counted."""
        self._owed -= 1
        if self._owed == 0:
            self._is_settled.set()

    async def settle_all(self, seconds: float) -> None:
        """Wait at most so long until all exchanges are settled, and count and log those that are not as lost."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._is_settled.wait(), seconds)
        if self._owed:
            logger.error("not kept: %d exchanges that were under way at the end", self._owed)
        for _ in range(self._owed):
            self._writer.count_loss()

    async def keep(self, exchange: Exchange) -> int:
        """Keep an exchange, and return its id once it is durable; raises StoreError if it cannot be kept."""
        return await self.put(exchange)

    def put(self, exchange: Exchange) -> asyncio.Future[int]:
        """Give the writer an exchange; the future is done with its id when it is durable, or with a StoreError."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit(exchange, partial(_resolve, future))
        return future

    def submit(self, item: WorkItem, done: DoneCallback) -> None:
        """Keep an exchange or another item; `done` is called in the event loop with the result.

        The writer gets it in the loop's next round, together with the others of this round: each time the writer wakes,
        it takes the interpreter from the loop.
        """
        if not self._batch:
            asyncio.get_running_loop().call_soon(self._submit_batch)
        self._batch.append((item, done))

    def submit_pieces(self, pieces: BodyPieces, done: DoneCallback) -> None:
        """Keep pieces of large bodies; `done` is called in the event loop with 0, or with a StoreError."""
        self._writer.submit_pieces(pieces, done)

    def keep_pieces(self, pieces: BodyPieces) -> asyncio.Future[int]:
        """Keep pieces of large bodies; the future is done when they are durable."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit_pieces(pieces, partial(_resolve, future))
        return future

    def keep_message(self, exchange_id: int, message: WebSocketMessage) -> asyncio.Future[int]:
        """Keep a message of the WebSocket that this exchange began; the future is done when it is durable."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit_message((exchange_id, message), partial(_resolve, future))
        return future

    async def keep_messages(self, exchange_id: int, messages: Sequence[WebSocketMessage]) -> None:
        """Keep messages of an exchange, and return once they are durable; raises StoreError if one cannot be kept."""
        if not messages:
            return
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        entries: list[QueueEntry] = [((exchange_id, message), partial(_reject, future)) for message in messages]
        self._writer.submit_all([*entries[:-1], (entries[-1][0], partial(_resolve, future))])
        await future

    def _submit_batch(self) -> None:
        entries, self._batch = self._batch, []
        self._writer.submit_all(entries)

    def report_loss(self, exchange: Exchange, reason: StoreError) -> None:
        """Count and log an exchange whose body could not be kept."""
        self._writer.report_loss(exchange, reason)

    def count_loss(self) -> None:
        """Count an exchange that could not even be given to the writer."""
        self._writer.count_loss()


def report_in_loop(loop: asyncio.AbstractEventLoop, outcomes: Completions) -> None:
    """Report a whole batch with one wake-up of the event loop; for `HistoryWriter(announce=...)`."""
    try:
        loop.call_soon_threadsafe(run_callbacks, outcomes)
    except RuntimeError:
        # The loop has ended, and the connections that waited have ended with it. The batch is kept all the same.
        return


def _reject(future: asyncio.Future[int], outcome: CommitResult) -> None:
    if isinstance(outcome, StoreError):
        _resolve(future, outcome)


def _resolve(future: asyncio.Future[int], outcome: CommitResult) -> None:
    if future.done():
        return  # the client has left meanwhile
    if isinstance(outcome, StoreError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
