"""Handing exchanges to the history writer, and hearing in the event loop that they are durable."""

from __future__ import annotations

import asyncio
from functools import partial

from understudy.store.errors import StoreError
from understudy.store.history_writer import Done, Entry, HistoryWriter, Outcome, Pieces, Told, tell
from understudy.store.model.exchanges import Exchange
from understudy.store.model.websockets import WebSocketMessage


class Commits:
    """Hands exchanges to the history writer and awaits their commit. For one event loop."""

    def __init__(self, writer: HistoryWriter) -> None:
        self._writer = writer
        self._together: list[Entry] = []

    async def keep(self, exchange: Exchange) -> int:
        """Keep an exchange; returns its id once it is durable. Raises StoreError when it cannot be kept."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit(exchange, partial(_settle, future))
        return await future

    def submit(self, exchange: Exchange, done: Done) -> None:
        """Keep an exchange; `done` is called in the event loop with its id, or with a StoreError.

        The writer gets it in the loop's next round, with others of this one: each time that it is woken, it takes the
        interpreter away from the loop.
        """
        if not self._together:
            asyncio.get_running_loop().call_soon(self._hand_over)
        self._together.append((exchange, done))

    def submit_pieces(self, pieces: Pieces, done: Done) -> None:
        """Keep pieces of large bodies; `done` is called in the event loop with 0, or with a StoreError."""
        self._writer.submit_pieces(pieces, done)

    def keep_pieces(self, pieces: Pieces) -> asyncio.Future[int]:
        """Keep pieces of large bodies; the result is there when they are durable."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit_pieces(pieces, partial(_settle, future))
        return future

    def keep_message(self, exchange_id: int, message: WebSocketMessage) -> asyncio.Future[int]:
        """Keep a message of the WebSocket that this exchange began; the result is there when it is durable."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._writer.submit_message((exchange_id, message), partial(_settle, future))
        return future

    def _hand_over(self) -> None:
        entries, self._together = self._together, []
        self._writer.submit_all(entries)

    def lose(self, exchange: Exchange, reason: StoreError) -> None:
        """Count and log an exchange whose body could not be kept."""
        self._writer.lose(exchange, reason)

    def count_loss(self) -> None:
        """Count an exchange that could not even be handed over."""
        self._writer.count_loss()


def announce_in(loop: asyncio.AbstractEventLoop, told: Told) -> None:
    """Tell a whole batch with one wake-up of the event loop; for `HistoryWriter(announce=...)`."""
    try:
        loop.call_soon_threadsafe(tell, told)
    except RuntimeError:
        # The loop has ended, and with it the connections of those who waited. The batch is kept all the same.
        return


def _settle(future: asyncio.Future[int], outcome: Outcome) -> None:
    if future.done():
        return  # the client has gone meanwhile
    if isinstance(outcome, StoreError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
